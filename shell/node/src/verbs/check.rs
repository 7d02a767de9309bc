//! `tandem config check`: every problem with its place and its cure.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use model::Problem;
use serde_json::json;

use crate::directory;
use crate::verbs::Form;

pub fn run(dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let (problems, policy) = match directory::load(dir, None)? {
        Ok(loaded) => (Vec::new(), Some(loaded.policy)),
        Err(problems) => (problems, None),
    };
    let warnings = policy.as_ref().map_or(&[][..], |policy| policy.warnings());
    if form == Form::Json {
        println!("{:#}", json!({ "problems": problems, "warnings": warnings }));
        return Ok(exit(&problems));
    }
    warnings.iter().for_each(|warning| println!("{warning}\n"));
    if let Some(policy) = &policy {
        let (trunks, users) = (policy.trunks().count(), policy.users().count());
        let tests = policy.tests().len();
        let good = palette.paint(Paint::Good, "✔");
        println!("{good} {}: {trunks} trunks, {users} users, {tests} stored tests", dir.display());
    } else {
        problems.iter().for_each(|problem| println!("{problem}\n"));
        let bad = palette.paint(Paint::Bad, "✘");
        println!("{bad} {}: problems: {}", dir.display(), problems.len());
    }
    Ok(exit(&problems))
}

fn exit(problems: &[Problem]) -> Exit {
    if problems.is_empty() { Exit::Done } else { Exit::Bad }
}
