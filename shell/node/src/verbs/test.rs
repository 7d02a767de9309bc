//! `tandem test`: the stored calls of a directory, planned and compared.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use policy::TestResult;
use serde_json::json;

use crate::directory;
use crate::verbs::Form;

pub fn run(dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let policy = match directory::load(dir)? {
        Ok(loaded) => loaded.policy,
        Err(problems) if form == Form::Json => {
            println!("{:#}", json!({ "problems": problems }));
            return Ok(Exit::Bad);
        }
        Err(problems) => {
            problems.iter().for_each(|problem| println!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let results = policy::run_tests(&policy);
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    if form == Form::Json {
        println!("{:#}", json!({ "tests": results, "failed": failed }));
    } else {
        results.iter().for_each(|result| println!("{}", in_words(result, palette)));
        println!("{} stored tests, {failed} failed", results.len());
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Bad })
}

/// A test with what it found; of a failed one, every unmet expectation and why the call went where it went.
pub fn in_words(result: &TestResult, palette: Palette) -> String {
    let TestResult { name, location, failures, trail } = result;
    if result.is_passed() {
        return format!("{} {name}", palette.paint(Paint::Good, "✔"));
    }
    let title =
        format!("{} {name}  {}", palette.paint(Paint::Bad, "✘"), palette.paint(Paint::Quiet, location));
    let trail = trail.to_string();
    let below = failures.iter().map(String::as_str).chain(trail.lines());
    std::iter::once(title).chain(below.map(|line| format!("    {line}"))).collect::<Vec<_>>().join("\n")
}
