//! `tandem directory`: how the directories stand that users come from, and having one read now.

use anyhow::Result;
use cli::{Directory, DirectorySync, Exit, Paint, Palette};
use serde_json::Value;

use crate::control::Request;
use crate::verbs::{ask, when};

/// Names that are listed one by one.
const LISTED_MAX: usize = 40;

pub fn run(verb: &Directory, palette: Palette) -> Result<Exit> {
    match verb {
        Directory::Show { name, house, json } => {
            let answer = match ask(&house.data(), &Request::Directories {})? {
                Ok(answer) => answer,
                Err(exit) => return Ok(exit),
            };
            let all = answer["directories"].as_array().cloned().unwrap_or_default();
            let is_meant = |one: &Value| name.as_deref().is_none_or(|name| one["name"] == name);
            let shown: Vec<Value> = all.into_iter().filter(is_meant).collect();
            if *json {
                println!("{:#}", Value::from(shown));
                return Ok(Exit::Done);
            }
            if let (Some(name), true) = (name, shown.is_empty()) {
                eprintln!("tandem: there is no [directory.{name}]");
                return Ok(Exit::Bad);
            }
            shown.iter().for_each(|one| show(one, palette));
            Ok(Exit::Done)
        }
        Directory::Sync(sync) => self::sync(sync, palette),
    }
}

fn sync(sync: &DirectorySync, palette: Palette) -> Result<Exit> {
    let request = Request::Directory {
        name: sync.name.clone(),
        dry_run: sync.dry_run,
        accept_leavers: sync.accept_leavers,
        for_whom: std::env::var("SUDO_USER").ok(),
    };
    let answer = match ask(&sync.house.data(), &request)? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let exit = if answer["what"] == "held" { Exit::Bad } else { Exit::Done };
    if sync.json {
        println!("{answer:#}");
        return Ok(exit);
    }
    for (key, sign) in [("came", "+"), ("changed", "~"), ("left", "-")] {
        let names: Vec<&str> =
            answer[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.iter().take(LISTED_MAX).for_each(|name| println!("  {sign} {name}"));
        if names.len() > LISTED_MAX {
            println!("  {sign} {} more", names.len() - LISTED_MAX);
        }
    }
    left_out(&answer);
    let good = palette.paint(Paint::Good, "✔");
    let (users, revision) = (&answer["users"], &answer["revision"]);
    match answer["what"].as_str().unwrap_or_default() {
        "held" => {
            why(&answer, palette);
            println!("nothing was changed; revision {revision} runs on");
        }
        "dry_run" => println!("{good} it can be put in force; this was a dry run: {users} users"),
        "unchanged" => println!("{good} {users} users are as they were; revision {revision} runs on"),
        _ => println!("{good} {users} users are as the directory says; revision {revision} is in force"),
    }
    Ok(exit)
}

fn show(one: &Value, palette: Palette) {
    let text = |key: &str| one[key].as_str().unwrap_or_default();
    let at = |key: &str| one[key].as_i64().map_or_else(|| "never".to_owned(), when);
    let paint = if text("state") == "current" { Paint::Good } else { Paint::Note };
    let state = palette.paint(paint, text("state").replace('_', " "));
    println!("{}  {}  {state}, {} users", text("name"), text("url"), one["users"]);
    println!("  as the directory says since {}, asked last {}", at("current_ms"), at("asked_ms"));
    why(one, palette);
    left_out(one);
}

fn why(of: &Value, palette: Palette) {
    for words in of["why"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        println!("{} {words}", palette.paint(Paint::Bad, "✘"));
    }
}

fn left_out(of: &Value) {
    for one in of["left_out"].as_array().into_iter().flatten() {
        let text = |key: &str| one[key].as_str().unwrap_or_default();
        println!("  left out {}: {} {}", text("entry"), text("code"), text("words"));
    }
}
