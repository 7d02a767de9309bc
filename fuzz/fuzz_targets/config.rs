//! Any text as configuration: it compiles, or every problem says where and can be printed both ways.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Problem, Secrets, SourceFile, load};

fuzz_target!(|text: &str| {
    let documents = match load(&[SourceFile::new("tandem.toml", text)]) {
        Ok(documents) => documents,
        Err(problems) => return can_be_shown(&problems),
    };
    let mut secrets = Secrets::new();
    for place in documents.secret_refs() {
        secrets.insert(place.clone(), "secret".to_owned());
    }
    match policy::compile(&documents, &secrets) {
        Ok(policy) => {
            let _ = policy::run_tests(&policy);
        }
        Err(problems) => can_be_shown(&problems),
    }
});

fn can_be_shown(problems: &[Problem]) {
    assert!(!problems.is_empty(), "no reason given");
    for problem in problems {
        let _ = problem.to_string();
        let _ = serde_json::to_string(problem).expect("a problem is plain data");
    }
}
