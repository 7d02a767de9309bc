//! `tandem call hangup`, `tandem drain`, `tandem resume`, and those two of a trunk.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use cli::{Capture, Drain, Exit, OneTrunk, Resume};
use model::Captured;
use serde_json::{Value, json};

use crate::control::Request;
use crate::drained_trunks::Service;
use crate::verbs::{Form, ask};

const LOOK_EVERY: Duration = Duration::from_secs(1);

pub fn hang_up(id: &str, data: &Path, form: Form) -> Result<Exit> {
    let request = Request::HangUp { id: id.to_owned(), for_whom: for_whom() };
    say(ask(data, &request)?, form, |_| format!("call {id} ends; tandem call show {id} says how it went"))
}

pub fn capture(verb: &Capture) -> Result<Exit> {
    let media = if verb.sound { Captured::Sound } else { Captured::Headers };
    let (id, seconds) = (verb.id.clone(), verb.seconds);
    let request = Request::Capture { id, media, seconds, for_whom: for_whom() };
    let form = if verb.json { Form::Json } else { Form::Text };
    say(ask(&verb.house.data(), &request)?, form, |answer| {
        let (id, media, seconds) = (&verb.id, media.word(), &answer["seconds"]);
        format!(
            "call {id} is captured for {seconds} s, {media} of its media; write it by\n  \
                 tandem call export {id} --pcapng call.pcapng"
        )
    })
}

pub fn drain(verb: &Drain) -> Result<Exit> {
    let data = verb.house.data();
    let answer = match ask(&data, &Request::Drain { for_whom: for_whom() })? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    let form = if verb.json { Form::Json } else { Form::Text };
    if !verb.wait {
        return say(Ok(answer), form, |answer| {
            format!("no new calls are taken but those for help; {} in progress", calls_in(&answer["calls"]))
        });
    }
    wait_for_the_last(&data, form)
}

pub fn resume(verb: &Resume) -> Result<Exit> {
    let form = if verb.json { Form::Json } else { Form::Text };
    let answer = ask(&verb.house.data(), &Request::Resume { for_whom: for_whom() })?;
    say(answer, form, |_| "calls are taken again".to_owned())
}

pub fn serve_trunk(verb: &OneTrunk, service: Service) -> Result<Exit> {
    let (name, for_whom) = (verb.name.clone(), for_whom());
    let (request, words) = match service {
        Service::Drained => (Request::DrainTrunk { name, for_whom }, "takes no new calls"),
        Service::Usual => (Request::ResumeTrunk { name, for_whom }, "takes calls again"),
    };
    let form = if verb.json { Form::Json } else { Form::Text };
    say(ask(&verb.house.data(), &request)?, form, |answer| {
        format!("trunk {} {words}; {} in progress", verb.name, calls_in(&answer["calls"]))
    })
}

/// Looks until no call is left; how many there are is said where somebody looks, or when it changes.
fn wait_for_the_last(data: &Path, form: Form) -> Result<Exit> {
    let mut before = None;
    loop {
        let status = match ask(data, &Request::Status {})? {
            Ok(status) => status,
            Err(exit) => return Ok(exit),
        };
        if status["state"] == "running" {
            eprintln!("tandem: somebody has resumed: calls are taken again");
            return Ok(Exit::Bad);
        }
        let calls = &status["held"]["calls"];
        if calls == 0 {
            let done = json!({ "what": "drained", "calls": 0 });
            return say(Ok(done), form, |_| "no call is left".to_owned());
        }
        if before.as_ref() != Some(calls) {
            tell(&format!("{} in progress", calls_in(calls)));
            before = Some(calls.clone());
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// A line that takes the place of the one before, where somebody looks.
pub fn tell(words: &str) {
    let mut to = std::io::stderr();
    let (before, after) = if to.is_terminal() { ("\r\u{1b}[K", "") } else { ("", "\n") };
    // Whoever has closed it does not look.
    let _ = write!(to, "{before}{words}{after}").and_then(|()| to.flush());
}

fn calls_in(calls: &Value) -> String {
    match calls.as_u64().unwrap_or(0) {
        1 => "1 call".to_owned(),
        calls => format!("{calls} calls"),
    }
}

fn say(answer: Result<Value, Exit>, form: Form, words: impl FnOnce(&Value) -> String) -> Result<Exit> {
    match (answer, form) {
        (Err(exit), _) => return Ok(exit),
        (Ok(answer), Form::Json) => println!("{answer:#}"),
        (Ok(answer), Form::Text) => println!("{}", words(&answer)),
    }
    Ok(Exit::Done)
}

/// Who asks, where that is not the user of this process.
pub fn for_whom() -> Option<String> {
    std::env::var("SUDO_USER").ok()
}
