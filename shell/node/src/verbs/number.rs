//! `tandem number`: whose a number is, and how each trunk would send it. Nothing is sent.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Number, Paint, Palette};
use policy::{AboutNumber, Block, NumberLine, Policy};
use serde_json::json;

use crate::directory;
use crate::verbs::Form;

pub fn run(verb: &Number, palette: Palette) -> Result<Exit> {
    let form = |as_json: &bool| if *as_json { Form::Json } else { Form::Text };
    match verb {
        Number::Show { number, dir, json } => with(dir, |policy| show(policy, number, form(json), palette)),
        Number::List { dir, json } => with(dir, |policy| list(policy, form(json))),
    }
}

fn with(dir: &Path, verb: impl FnOnce(&Policy) -> Exit) -> Result<Exit> {
    match directory::load(dir)? {
        Ok(loaded) => Ok(verb(&loaded.policy)),
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            Ok(Exit::Bad)
        }
    }
}

fn show(policy: &Policy, number: &str, form: Form, palette: Palette) -> Exit {
    let Some(about) = policy::about_number(policy, number) else {
        eprintln!("tandem: \"{number}\" is no number");
        return Exit::Bad;
    };
    match form {
        Form::Json => println!("{:#}", json!(about)),
        Form::Text => print(&about, palette),
    }
    Exit::Done
}

fn print(about: &AboutNumber, palette: Palette) {
    let AboutNumber { number, country, kind, owner, is_private, block, trunks } = about;
    let country = country.as_deref().unwrap_or("no country");
    println!(
        "Number   {}  {}, {country}",
        palette.paint(Paint::Strong, number),
        kind.unwrap_or("of no known kind")
    );
    match owner {
        Some(user) if *is_private => println!("Owner    {user}, who is never shown by it"),
        Some(user) => println!("Owner    {user}"),
        None => println!("Owner    nobody"),
    }
    if let Some(block) = block {
        println!("Block    {}", written(block));
    }
    println!("\n{:16} {:18} {:18} {:18} {:18} Diversion", "Trunk", "Request-URI", "To", "From", "Asserted");
    for trunk in trunks {
        let name = &trunk.trunk;
        println!(
            "{name:16} {:18} {:18} {:18} {:18} {}",
            trunk.request, trunk.to, trunk.from, trunk.asserted, trunk.diversion
        );
    }
}

fn written(block: &Block) -> String {
    let Block { name, trunk, unowned, at } = block;
    format!("{name}, given by {trunk}; without owner: {unowned}  ({at})")
}

fn list(policy: &Policy, form: Form) -> Exit {
    let lines = policy::numbers(policy);
    if form == Form::Json {
        println!("{:#}", json!(lines));
        return Exit::Done;
    }
    for NumberLine { first, last, block, user } in &lines {
        let numbers = if first == last { first.clone() } else { format!("{first} – {last}") };
        let owner = block.as_ref().map(written).or_else(|| user.as_ref().map(|user| format!("  {user}")));
        println!("{numbers:36} {}", owner.unwrap_or_default());
    }
    println!("{} lines", lines.len());
    Exit::Done
}
