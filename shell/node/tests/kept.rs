#![allow(clippy::unwrap_used)]
//! What a house keeps is copied while it runs, made into another house, and shown to be as it was written.

mod house;

use std::fs;
use std::path::Path;

use house::{Directory, Running, free_port, house, tandem};
use serde_json::{Value, json};
use store::{Settings, Store};

fn asked(words: &[&str]) -> (Option<i32>, Value) {
    let output = tandem(words);
    let text = String::from_utf8(output.stdout).unwrap();
    let said = serde_json::from_str(&text);
    (output.status.code(), said.unwrap_or_else(|_| panic!("{text} {:?}", String::from_utf8(output.stderr))))
}

fn keep(data: &Path, calls: u64) {
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    for call in 0..calls {
        store.keep(&[json!({ "id": format!("c{call}"), "started": call, "talk_ms": 1_000 })]);
    }
    store.stop();
}

#[test]
fn a_house_at_work_is_copied_and_another_begins_with_the_copy() {
    let directory = Directory::new("kept-backup");
    fs::write(directory.path().join("tandem.toml"), house(free_port())).unwrap();
    keep(&directory.path().join("data"), 5);
    let mut first = Running::start(directory.text(), &[]);
    first.wait_for("records");
    let (copy, other) = (directory.path().join("copy"), directory.path().join("other"));
    let (copy, other) = (copy.to_str().unwrap(), other.to_str().unwrap());

    let (code, said) = asked(&["store", "backup", copy, "--dir", directory.text(), "--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said["files"].as_u64() >= Some(3), "{said}");
    assert_eq!(tandem(&["store", "backup", copy, "--dir", directory.text()]).status.code(), Some(2));
    first.kill();
    let (code, restored) = asked(&["store", "restore", copy, "--data", other, "--json"]);
    assert_eq!((code, &restored["bytes"]), (Some(0), &said["bytes"]));

    let mut second = Running::start(directory.text(), &["--data", other]);
    second.wait_for("records");
    let (code, chained) = asked(&["cdr", "verify", "--data", other, "--json"]);
    assert_eq!((code, &chained["records"]), (Some(0), &json!(5)), "{chained}");
    let (_, revisions) = asked(&["revisions", "--data", other, "--json"]);
    assert_eq!(revisions["revisions"].as_array().map(Vec::len), Some(1), "{revisions}");
    second.stop();
}

#[test]
fn a_record_that_somebody_changed_is_named_with_its_place() {
    let directory = Directory::new("kept-changed");
    let data = directory.path().join("data");
    keep(&data, 4);
    let (_, whole) = asked(&["cdr", "verify", "--dir", directory.text(), "--json"]);
    let newest = whole["newest"].as_str().unwrap();
    let verify = |more: &[&str]| {
        let output = tandem(&[&["cdr", "verify", "--dir", directory.text()], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = verify(&["--newest", newest]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("4 records in 1 files; number 4 is "), "{text}");
    let file = fs::read_dir(data.join("records")).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let written = fs::read_to_string(&file).unwrap();

    fs::write(&file, written.replacen("\"talk_ms\":1000", "\"talk_ms\":9000", 3)).unwrap();
    let (code, text) = verify(&[]);
    assert_eq!(code, Some(1));
    assert!(text.contains(":2, number 2, call c1: it, or the one before it, is not"), "{text}");
    let cut: Vec<&str> = written.lines().take(3).collect();
    fs::write(&file, cut.join("\n") + "\n").unwrap();
    assert_eq!(verify(&[]).0, Some(0), "the chain does not say that its end is gone");
    let (code, text) = verify(&["--newest", newest]);
    assert_eq!(code, Some(1));
    assert!(text.contains("records are gone"), "{text}");
}
