//! `tandem call make`: a user's phones ring for a call of theirs; how it goes, until it is over.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use cli::{Exit, Make, Palette};
use serde_json::{Value, json};

use crate::control::Request;
use crate::verbs::kept::ended;
use crate::verbs::{ask, operate, record};

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A record that is kept may be read a little later.
const RECORD_WITHIN: u32 = 25;

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    PhoneRings,
    PhoneAnswered,
    Connected,
    Over,
}

pub fn run(verb: &Make, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let (from, to) = (verb.from.clone(), verb.to.clone());
    let (by_itself, for_whom) = (verb.auto_answer, operate::for_whom());
    let answer = match ask(&data, &Request::MakeCall { from, to, by_itself, for_whom })? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let id = answer["call"].as_str().unwrap_or_default();
    if verb.wait {
        return wait(verb, id, &data, palette);
    }
    match verb.json {
        true => println!("{answer:#}"),
        false => println!("{id}: {}; tandem call show {id} says how it goes", words(Stage::PhoneRings, verb)),
    }
    Ok(Exit::Done)
}

fn wait(verb: &Make, id: &str, data: &Path, palette: Palette) -> Result<Exit> {
    let mut before = None;
    loop {
        let live = match ask(data, &Request::Calls { most: 1_000 })? {
            Ok(live) => live,
            Err(exit) => return Ok(exit),
        };
        let stage = stage(&live, id);
        if before != Some(stage) && stage != Stage::Over {
            operate::tell(&words(stage, verb));
        }
        before = Some(stage);
        if stage == Stage::Over {
            break;
        }
        thread::sleep(LOOK_EVERY);
    }
    let records = records(id, data)?;
    let last = records.last();
    match (verb.json, last) {
        (true, _) => println!("{:#}", json!({ "call": id, "records": records })),
        (false, Some(last)) => println!("{}", record::line(last, palette)),
        (false, None) => println!("{id} is over, and its record cannot be read yet"),
    }
    let is_reached = records.iter().any(|one| one["id"] != id && one["outcome"] == "answered");
    Ok(if is_reached { Exit::Done } else { Exit::Bad })
}

/// The call that rings the phones, and the one that comes out of it.
fn stage(live: &Value, id: &str) -> Stage {
    let calls = || live["calls"].as_array().into_iter().flatten();
    let is_out_of =
        |call: &&Value| call["parents"].as_array().is_some_and(|all| all.iter().any(|one| one == id));
    let first = calls().find(|call| call["id"] == id);
    let next = calls().find(is_out_of);
    match (first.map(|call| &call["stage"]), next.map(|call| &call["stage"])) {
        (Some(stage), _) if stage == "placing" => Stage::PhoneRings,
        (None, Some(stage)) if stage == "up" => Stage::Connected,
        (None, None) => Stage::Over,
        _ => Stage::PhoneAnswered,
    }
}

/// Both records, as soon as they are there.
fn records(id: &str, data: &Path) -> Result<Vec<Value>> {
    let is_its = |one: &Value| {
        one["id"] == id || one["parents"].as_array().is_some_and(|all| all.iter().any(|parent| parent == id))
    };
    let mut found = ended(data, 10, is_its)?;
    for _ in 0..RECORD_WITHIN {
        let first = found.iter().find(|one| one["id"] == id);
        let is_whole =
            first.is_some_and(|one| one["answered"].is_null() || found.len() > 1 || was_refused(one));
        if is_whole {
            break;
        }
        thread::sleep(LOOK_EVERY);
        found = ended(data, 10, is_its)?;
    }
    Ok(found)
}

/// Whether nothing came out of it: what was dialled was refused when the phone had answered.
fn was_refused(record: &Value) -> bool {
    record["verdict"] != "TD-E007"
}

fn words(stage: Stage, verb: &Make) -> String {
    let Make { from, to, .. } = verb;
    match stage {
        Stage::PhoneRings => format!("the phones of {from} ring"),
        Stage::PhoneAnswered => format!("{from} has answered; {to} is called"),
        Stage::Connected => format!("{from} speaks with {to}"),
        Stage::Over => format!("the call of {from} to {to} is over"),
    }
}
