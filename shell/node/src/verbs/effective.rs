//! `tandem config show`: a trunk as it counts, its template merged in.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use model::{Document, Documents, Trunk, nearest};
use policy::{Protection, protections};
use serde_json::{Value, json};

use crate::directory::{self, Loaded};
use crate::verbs::Form;

pub fn run(name: &str, dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let Loaded { documents, policy } = match loaded(dir)? {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let Some(trunk) = trunk(&documents, name) else { return Ok(Exit::Usage) };
    let value = serde_json::to_value(trunk)?;
    let protections = protections(&policy, name).unwrap_or_default();
    match form {
        Form::Json => {
            println!("{:#}", json!({ "trunk": name, "keys": value, "protection": protections }));
        }
        Form::Text => {
            let at = documents.location(trunk);
            println!(
                "{}",
                palette.paint(Paint::Quiet, format!("# {at}, and what its template and defaults add"))
            );
            println!("[trunk.{name}]");
            let mut lines = Vec::new();
            flatten("", &value, &mut lines);
            lines.iter().for_each(|line| println!("{line}"));
            for Protection { server, signalling, media, .. } in &protections {
                let line = format!("# {server}: signalling by {signalling}; media {}", media.says());
                println!("{}", palette.paint(Paint::Quiet, line));
            }
        }
    }
    Ok(Exit::Done)
}

/// Reads the documents of a directory, or prints what is wrong with them.
pub fn documents(dir: &Path) -> Result<Result<Documents, Exit>> {
    Ok(loaded(dir)?.map(|loaded| loaded.documents))
}

pub fn loaded(dir: &Path) -> Result<Result<Loaded, Exit>> {
    Ok(directory::load(dir)?.map_err(|problems| {
        problems.iter().for_each(|problem| eprintln!("{problem}\n"));
        Exit::Bad
    }))
}

/// A trunk by its name, or a word about the nearest.
pub fn trunk<'d>(documents: &'d Documents, name: &str) -> Option<&'d Document<Trunk>> {
    let found = documents.trunk.get(name);
    if found.is_none() {
        let near = nearest(name, documents.trunk.keys().map(|name| &**name));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        eprintln!("tandem: there is no trunk \"{name}\"{near}");
    }
    found
}

/// Every key with its value, as TOML reads it: `media.srtp = "required"`.
fn flatten(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (key, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{key}"), value, lines);
            }
        }
        Value::Array(list) if list.is_empty() => {}
        value => lines.push(format!("{path} = {}", inline(value))),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let said = object.iter().filter(|(_, value)| !value.is_null());
            let keys: Vec<String> = said.map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", keys.join(", "))
        }
        value => value.to_string(),
    }
}
