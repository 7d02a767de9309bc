//! `tandem config check`: every problem with its place and its cure.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use model::Problem;
use serde_json::json;

use crate::directory;
use crate::revisions::TestsRun;
use crate::stored_tests::in_words;
use crate::verbs::Form;

pub fn run(dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let (problems, policy) = match directory::load(dir)? {
        Ok(loaded) => (Vec::new(), Some(loaded.policy)),
        Err(problems) => (problems, None),
    };
    let tests = policy.as_ref().map(TestsRun::of).unwrap_or_default();
    let warnings = policy.as_ref().map_or(&[][..], |policy| policy.warnings());
    if form == Form::Json {
        println!("{:#}", json!({ "problems": problems, "warnings": warnings, "tests": tests }));
        return Ok(exit(&problems, &tests));
    }
    warnings.iter().for_each(|warning| println!("{warning}\n"));
    if let Some(policy) = &policy {
        let (trunks, users) = (policy.trunks().count(), policy.users().count());
        for test in &tests.failed {
            println!("{}\n", in_words(test, palette));
        }
        let (good, bad) = (palette.paint(Paint::Good, "✔"), palette.paint(Paint::Bad, "✘"));
        let mark = if tests.failed.is_empty() { good } else { bad };
        let (passed, failed) = (tests.passed, tests.failed.len());
        let (trunks, users) = (counted(trunks, "trunk"), counted(users, "user"));
        let stored = format!("{}, {failed} failed", counted(passed + failed, "stored test"));
        println!("{mark} {}: {trunks}, {users}, {stored}", dir.display());
    } else {
        problems.iter().for_each(|problem| println!("{problem}\n"));
        let bad = palette.paint(Paint::Bad, "✘");
        println!("{bad} {}: problems: {}", dir.display(), problems.len());
    }
    Ok(exit(&problems, &tests))
}

fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

fn exit(problems: &[Problem], tests: &TestsRun) -> Exit {
    if problems.is_empty() && tests.failed.is_empty() { Exit::Done } else { Exit::Bad }
}
