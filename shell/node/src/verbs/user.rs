//! `tandem user`: who has a phone registered, and where it is, in words; and what to keep of a password.

use std::io::BufRead;

use anyhow::{Result, bail};
use cli::{Exit, Paint, Palette, User, UserNotice};
use serde_json::{Value, json};
use sip_stack::auth::Algorithm;

use crate::control::Request;
use crate::verbs::{Form, ask, desk_phones, operate};

pub fn run(verb: &User, palette: Palette) -> Result<Exit> {
    let (house, json) = match verb {
        User::List { house, json } | User::Show { house, json, .. } => (house, *json),
        User::Secret { name, realm } => return secret(name, realm),
        User::Notice(notice) => return self::notice(notice),
        User::Phones { name, dir, json } => {
            return desk_phones::run(name.as_deref(), dir, if *json { Form::Json } else { Form::Text });
        }
    };
    let answer = match ask(&house.data(), &Request::Phones {})? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let form = if json { Form::Json } else { Form::Text };
    Ok(match verb {
        User::List { .. } => list(&answer, form, palette),
        User::Show { name, .. } => show(&answer, name, form, palette),
        User::Secret { .. } | User::Phones { .. } | User::Notice(_) => Exit::Done,
    })
}

/// Says what a program would.
fn notice(verb: &UserNotice) -> Result<Exit> {
    let mut says = json!({ "program": verb.program, "activities": verb.activities });
    says["note"] = verb.note.as_deref().map(Value::from).unwrap_or_default();
    says["seconds"] = verb.seconds.map(Value::from).unwrap_or_default();
    if let Some(members) = says.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    let (user, program) = (verb.user.clone(), verb.program.clone());
    let says = (!verb.over).then_some(says);
    let request = Request::Notice { user, program, says, for_whom: operate::for_whom() };
    let answer = match ask(&verb.house.data(), &request)? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let name = answer["user"].as_str().unwrap_or_default();
    match (verb.json, answer["seconds"].as_u64()) {
        (true, _) => println!("{answer:#}"),
        (false, Some(seconds)) => println!("watchers of {name} are told so for {seconds} s"),
        (false, None) => println!("{} says nothing of {name} any more", verb.program),
    }
    Ok(Exit::Done)
}

/// Makes of the first line of the input what a house can keep in place of the password.
fn secret(name: &str, realm: &str) -> Result<Exit> {
    if [name, realm].iter().any(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        bail!("a user and a realm are a word each");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came; give it as the first line of the input");
    }
    let all = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
    let sums = all.map(|one| format!(" {}={}", one.name(), one.ha1(name, realm, password)));
    println!("ha1 realm={realm} user={name}{}", sums.concat());
    Ok(Exit::Done)
}

fn users(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["users"].as_array().into_iter().flatten()
}

fn list(answer: &Value, form: Form, palette: Palette) -> Exit {
    if form == Form::Json {
        println!("{answer:#}");
        return Exit::Done;
    }
    let mut phones = 0;
    for user in users(answer) {
        phones += write(user, palette);
    }
    let count = |name: &str| answer["counters"][name].as_u64().unwrap_or(0);
    println!(
        "{phones} phones of {} users; REGISTERs since the start: {} done, {} challenged, {} with a wrong \
         proof, {} refused",
        users(answer).count(),
        count("accepted"),
        count("challenged"),
        count("unproven"),
        count("refused"),
    );
    Exit::Done
}

fn show(answer: &Value, name: &str, form: Form, palette: Palette) -> Exit {
    let found = users(answer).find(|user| user["user"] == name);
    let watched = answer["watched"].as_array().into_iter().flatten().find(|sight| sight["user"] == name);
    let waiting = answer["waiting"].as_array().into_iter().flatten();
    let waiting = waiting.filter(|one| one["user"] == name).filter_map(|one| one["messages"].as_u64());
    let waiting: u64 = waiting.sum();
    match (form, found) {
        (Form::Json, found) => {
            let mut shown = found.cloned().unwrap_or_else(|| json!({ "user": name, "phones": [] }));
            shown["watched"] = watched.cloned().unwrap_or(Value::Null);
            shown["messages_waiting"] = waiting.into();
            println!("{shown:#}");
        }
        (Form::Text, Some(user)) => {
            write(user, palette);
        }
        (Form::Text, None) => println!("no phone is registered as {name}"),
    }
    if let (Form::Text, Some(sight)) = (form, watched) {
        write_watched(sight);
    }
    if form == Form::Text && waiting > 0 {
        println!("  {waiting} messages wait until a phone takes them");
    }
    Exit::Done
}

/// What watchers see of a user, and who they are.
fn write_watched(sight: &Value) {
    let words = |key: &str| -> Vec<&str> {
        sight[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let calls = match sight["calls"].as_u64().unwrap_or(0) {
        0 => "in no call".to_owned(),
        1 => "in a call".to_owned(),
        some => format!("in {some} calls"),
    };
    let mut shown = vec![sight["basic"].as_str().unwrap_or_default(), calls.as_str()];
    shown.extend(words("activities").into_iter().chain(words("notes")));
    println!("  shown as {}", shown.join(", "));
    for watcher in sight["watchers"].as_array().into_iter().flatten() {
        let text = |key: &str| watcher[key].as_str().unwrap_or_default();
        let (told, left) = (watcher["told"].as_u64().unwrap_or(0), watcher["seconds"].as_u64().unwrap_or(0));
        let standing = match text("state") {
            "resting" => "does not answer, is tried again",
            "telling" => "is being told",
            "owed" => "is told next",
            "ending" => "ends",
            _ => "knows",
        };
        let sees = match text("sees") {
            "absent" => ", and sees somebody who is never there",
            "pending" => ", and waits to be allowed",
            _ => "",
        };
        println!(
            "  watched by {} ({}): {standing}{sees}; told {told} times, for {left} s more",
            text("watcher"),
            text("package")
        );
    }
}

/// A user and the phones; says how many.
fn write(user: &Value, palette: Palette) -> usize {
    println!("{}", user["user"].as_str().unwrap_or_default());
    let phones = user["phones"].as_array().map_or(&[][..], Vec::as_slice);
    for phone in phones {
        println!("  {}", line(phone, palette));
    }
    phones.len()
}

fn line(phone: &Value, palette: Palette) -> String {
    let text = |key: &str| phone[key].as_str().unwrap_or_default();
    let left = phone["seconds"].as_u64().unwrap_or(0);
    let standing = match text("reached_by") {
        "lost" if !text("woken_by").is_empty() => palette.paint(Paint::Good, "asleep".to_owned()),
        "lost" => palette.paint(Paint::Bad, "its connection has ended".to_owned()),
        "path" => palette.paint(Paint::Good, "registered, by its path".to_owned()),
        _ => palette.paint(Paint::Good, "registered".to_owned()),
    };
    let woken =
        if text("woken_by").is_empty() { String::new() } else { format!(", woken by {}", text("woken_by")) };
    let agent = if text("agent").is_empty() { String::new() } else { format!(", {}", text("agent")) };
    let from = format!("{} {}", text("transport"), text("source"));
    format!("{:44} {from:26} {standing} for {left} s more{woken}{agent}", text("contact"))
}
