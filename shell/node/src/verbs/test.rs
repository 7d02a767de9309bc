//! `tandem test`: the stored calls of a directory or of the revision that runs, planned and compared.

use anyhow::Result;
use cli::{Exit, Palette, Test};
use serde_json::{Value, json};

use crate::control::Request;
use crate::directory;
use crate::stored_tests::{chosen, in_words};
use crate::verbs::ask;

pub fn run(test: &Test, palette: Palette) -> Result<Exit> {
    if test.running {
        return of_running(test);
    }
    let policy = match directory::load(&test.dir)? {
        Ok(loaded) => loaded.policy,
        Err(problems) if test.json => {
            println!("{:#}", json!({ "problems": problems }));
            return Ok(Exit::Bad);
        }
        Err(problems) => {
            problems.iter().for_each(|problem| println!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let results = match chosen(&policy, &test.only) {
        Ok(results) => results,
        Err(missing) => {
            eprintln!("tandem: {missing}");
            return Ok(Exit::Bad);
        }
    };
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    if test.json {
        println!("{:#}", json!({ "tests": results, "failed": failed }));
    } else {
        results.iter().for_each(|result| println!("{}", in_words(result, palette)));
        println!("{} stored tests, {failed} failed", results.len());
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Bad })
}

/// The same of the policy that is in force.
fn of_running(test: &Test) -> Result<Exit> {
    let data = test.data.clone().unwrap_or_else(|| test.dir.join("data"));
    let mut answer = match ask(&data, &Request::Test { only: test.only.clone() })? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let words = answer.as_object_mut().and_then(|answer| answer.remove("words")).unwrap_or_default();
    let (failed, revision) = (answer["failed"].as_u64().unwrap_or_default(), &answer["revision"]);
    if test.json {
        println!("{answer:#}");
    } else {
        let lines = words.as_array().map_or(&[][..], Vec::as_slice);
        lines.iter().filter_map(Value::as_str).for_each(|line| println!("{line}"));
        println!("{} stored tests of revision {revision}, {failed} failed", lines.len());
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Bad })
}
