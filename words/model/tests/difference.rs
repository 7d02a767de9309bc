//! What changes from one set of documents to another.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use model::{Changed, Documents, SourceFile, difference, load};

const SYSTEM: &str = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\ndemo = true\n";

fn documents(text: &str) -> Documents {
    let plans = SourceFile::new("world.plans", text.len().to_string());
    load(&[SourceFile::new("a.toml", format!("{SYSTEM}{text}"))])
        .map(|mut documents| {
            documents.files.push(plans);
            documents
        })
        .unwrap()
}

/// Each object that differs is named with its place and the keys that differ; a secret is never shown.
#[test]
fn req_f25_a_difference_names_objects_places_and_keys() {
    let old = documents(
        "[site.a]\n[user.hana]\nname = \"Hana\"\npassword = { plain = \"old\" }\n[user.wei]\n\
password = { plain = \"old\" }\n",
    );
    let new = documents(
        "[site.b]\n[user.hana]\nname = \"Hanna\"\npassword = { plain = \"old\" }\n[user.wei]\n\
password = { plain = \"new!\" }\n",
    );

    let changes = difference(&old, &new);

    let named: Vec<_> = changes.iter().map(|change| (&*change.kind, &*change.name, change.what)).collect();
    assert_eq!(
        named,
        [
            ("site", "a", Changed::Removed),
            ("site", "b", Changed::Added),
            ("user", "hana", Changed::Changed),
            ("user", "wei", Changed::Changed),
            ("file", "world.plans", Changed::Changed),
        ]
    );
    assert_eq!(changes[2].at, "a.toml:7");
    assert_eq!(changes[2].keys.len(), 1);
    assert_eq!(changes[2].keys[0].is.as_deref(), Some("\"Hanna\""));
    assert_eq!(changes[3].keys[0].key, "a secret");
    assert!(!format!("{changes:?}").contains("new!"));
    assert!(difference(&new, &new).is_empty());
}
