//! `tandem trunk`: how trunks stand, in words.

use anyhow::Result;
use cli::{Exit, Paint, Palette, Trunk};
use model::nearest;
use serde_json::{Value, json};

use crate::control::Request;
use crate::verbs::{Form, ask};

pub fn run(verb: &Trunk, palette: Palette) -> Result<Exit> {
    let (house, json) = match verb {
        Trunk::List { house, json } | Trunk::Show { house, json, .. } => (house, *json),
    };
    let mut status = match ask(&house.data(), &Request::Status {})? {
        Ok(status) => status,
        Err(exit) => return Ok(exit),
    };
    let form = if json { Form::Json } else { Form::Text };
    let trunks = status["trunks"].take();
    match verb {
        Trunk::List { .. } => list(&trunks, form, palette),
        Trunk::Show { name, .. } => return Ok(show(&trunks, name, form, palette)),
    }
    Ok(Exit::Done)
}

fn list(trunks: &Value, form: Form, palette: Palette) {
    match form {
        Form::Json => println!("{:#}", json!({ "trunks": trunks })),
        Form::Text => {
            for trunk in trunks.as_array().into_iter().flatten() {
                println!("{}", line(trunk, palette));
            }
        }
    }
}

/// There is no such trunk, and which was likely meant.
pub fn missing<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known).map(|near| format!("; did you mean \"{near}\"?"));
    format!("there is no trunk \"{name}\"{}", near.unwrap_or_default())
}

fn show(trunks: &Value, name: &str, form: Form, palette: Palette) -> Exit {
    let known = || trunks.as_array().into_iter().flatten();
    let Some(trunk) = known().find(|trunk| trunk["name"] == name) else {
        let names = known().filter_map(|trunk| trunk["name"].as_str());
        eprintln!("tandem: {}", missing(name, names));
        return Exit::Usage;
    };
    match form {
        Form::Json => println!("{trunk:#}"),
        Form::Text => {
            println!("{}", line(trunk, palette));
            if let Some(registration) = trunk.get("registration") {
                println!("  {}", registration_line(registration, palette));
            }
            for target in trunk["targets"].as_array().into_iter().flatten() {
                println!("  {}", target_line(target, palette));
            }
        }
    }
    Exit::Done
}

/// One trunk in one line.
pub fn line(trunk: &Value, palette: Palette) -> String {
    let calls = match trunk.get("limit") {
        Some(limit) => format!("{} of {} calls", limit["used"], limit["ceiling"]),
        None => format!("{} calls", trunk["calls"]),
    };
    let targets = || trunk["targets"].as_array().into_iter().flatten();
    let down: Vec<_> = targets()
        .filter(|target| matches!(target["state"].as_str(), Some("down" | "resting" | "dns")))
        .collect();
    let standing = match (targets().count(), down.len()) {
        (_, 0) => palette.paint(Paint::Good, "up".to_owned()),
        (all, down) if down == all => palette.paint(Paint::Bad, "down".to_owned()),
        (all, down) => palette.paint(Paint::Note, format!("{down} of {all} far ends down")),
    };
    let name = trunk["name"].as_str().unwrap_or_default();
    let registration = match trunk.get("registration").and_then(|one| one["state"].as_str()) {
        None => String::new(),
        Some("registered") => format!(", {}", palette.paint(Paint::Good, "registered".to_owned())),
        Some(other) => format!(", {}", palette.paint(Paint::Bad, other.to_owned())),
    };
    format!("{name:16} {calls:18} {standing}{registration}")
}

/// How a trunk is registered, and what its provider said where it isn't.
fn registration_line(registration: &Value, palette: Palette) -> String {
    let text = |name: &str| registration[name].as_str();
    let words = match (text("state"), text("why")) {
        (Some("registered"), _) => palette.paint(Paint::Good, "registered".to_owned()),
        (state, Some(why)) => {
            palette.paint(Paint::Bad, format!("{}: {why}", state.unwrap_or("not registered")))
        }
        (state, None) => palette.paint(Paint::Note, state.unwrap_or("not registered").to_owned()),
    };
    let seconds = |name: &str, before: &str| {
        registration[name].as_u64().map(|left| format!(", {before} {left} s")).unwrap_or_default()
    };
    let with = text("with").map(|with| format!(", with {with}")).unwrap_or_default();
    let (bound, again) = (seconds("bound_seconds", "known for"), seconds("retry_seconds", "again in"));
    format!("{:40} {words}{with}{bound}{again}", text("identity").unwrap_or_default())
}

fn target_line(target: &Value, palette: Palette) -> String {
    let (paint, words) = match target["state"].as_str() {
        Some("up") => (Paint::Good, "up"),
        Some("down") => (Paint::Bad, "down"),
        Some("dns") => (Paint::Bad, "no address"),
        Some("not_probed") => (Paint::Quiet, "not probed, taken to be up"),
        Some(other) => (Paint::Note, other),
        None => (Paint::Note, "unknown"),
    };
    let text = |key: &str| target[key].as_str().unwrap_or_default();
    let words = if text("words").is_empty() { words } else { text("words") };
    format!("{:40} {:28} {}", text("name"), text("address"), palette.paint(paint, words))
}
