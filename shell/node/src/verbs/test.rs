//! `tandem test`: the stored calls of a directory, planned and compared.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use policy::TestResult;
use serde_json::json;

use crate::directory;
use crate::verbs::Form;

pub fn run(dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let policy = match directory::load(dir, None)? {
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
        results.iter().for_each(|result| print(result, palette));
        println!("{} stored tests, {failed} failed", results.len());
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Bad })
}

fn print(result: &TestResult, palette: Palette) {
    let TestResult { name, location, failures, trail } = result;
    if result.is_passed() {
        println!("{} {name}", palette.paint(Paint::Good, "✔"));
        return;
    }
    println!("{} {name}  {}", palette.paint(Paint::Bad, "✘"), palette.paint(Paint::Quiet, location));
    failures.iter().for_each(|failure| println!("    {failure}"));
    trail.to_string().lines().for_each(|line| println!("    {line}"));
}
