//! `tandem trunk`: how trunks stand, in words.

use anyhow::Result;
use cli::{Exit, House, Paint, Palette, Trunk};
use serde_json::{Value, json};

use crate::control::Request;
use crate::drained_trunks::Service;
use crate::sight::no_such_trunk;
use crate::verbs::{Form, ask, operate};

pub fn run(verb: &Trunk, palette: Palette) -> Result<Exit> {
    match verb {
        Trunk::List { house, json } => {
            look(house, |trunks| list(trunks, if *json { Form::Json } else { Form::Text }, palette))
        }
        Trunk::Show { name, house, json } => {
            look(house, |trunks| show(trunks, name, if *json { Form::Json } else { Form::Text }, palette))
        }
        Trunk::Drain(one) => operate::serve_trunk(one, Service::Drained),
        Trunk::Resume(one) => operate::serve_trunk(one, Service::Usual),
    }
}

/// Shows the trunks as they stand.
fn look(house: &House, show: impl FnOnce(&Value) -> Exit) -> Result<Exit> {
    let status = ask(&house.data(), &Request::Status {})?;
    Ok(status.map_or_else(|exit| exit, |status| show(&status["trunks"])))
}

fn list(trunks: &Value, form: Form, palette: Palette) -> Exit {
    match form {
        Form::Json => println!("{:#}", json!({ "trunks": trunks })),
        Form::Text => {
            for trunk in trunks.as_array().into_iter().flatten() {
                println!("{}", line(trunk, palette));
            }
        }
    }
    Exit::Done
}

fn show(trunks: &Value, name: &str, form: Form, palette: Palette) -> Exit {
    let known = || trunks.as_array().into_iter().flatten();
    let Some(trunk) = known().find(|trunk| trunk["name"] == name) else {
        let names = known().filter_map(|trunk| trunk["name"].as_str());
        eprintln!("tandem: {}", no_such_trunk(name, names));
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
            for line in performance_lines(&trunk["performance"]) {
                println!("  {line}");
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
    let (paint, words) = standing(trunk);
    let standing = palette.paint(paint, words);
    let name = trunk["name"].as_str().unwrap_or_default();
    let registration = match trunk.get("registration").and_then(|one| one["state"].as_str()) {
        None => String::new(),
        Some("registered") => format!(", {}", palette.paint(Paint::Good, "registered".to_owned())),
        Some(other) => format!(", {}", palette.paint(Paint::Bad, other.to_owned())),
    };
    let drained = match trunk["drained"] == true {
        true => format!(", {}", palette.paint(Paint::Note, "drained".to_owned())),
        false => String::new(),
    };
    format!("{name:16} {calls:18} {standing}{registration}{drained}")
}

/// How its far ends stand, together.
pub fn standing(trunk: &Value) -> (Paint, String) {
    let targets = trunk["targets"].as_array().map_or(&[][..], Vec::as_slice);
    match (targets.len(), targets.iter().filter(|target| is_down(target)).count()) {
        (_, 0) => (Paint::Good, "up".to_owned()),
        (all, down) if down == all => (Paint::Bad, "down".to_owned()),
        (all, down) => (Paint::Note, format!("{down} of {all} far ends down")),
    }
}

/// Whether a far end gets no calls now.
fn is_down(target: &Value) -> bool {
    matches!(target["state"].as_str(), Some("down" | "resting" | "dns"))
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

/// How one far end stands, and why.
pub fn target_standing(target: &Value) -> (Paint, &str) {
    let (paint, words) = match target["state"].as_str() {
        Some("up") => (Paint::Good, "up"),
        Some("down") => (Paint::Bad, "down"),
        Some("dns") => (Paint::Bad, "no address"),
        Some("not_probed") => (Paint::Quiet, "not probed, taken to be up"),
        Some(other) => (Paint::Note, other),
        None => (Paint::Note, "unknown"),
    };
    (paint, target["words"].as_str().filter(|words| !words.is_empty()).unwrap_or(words))
}

fn target_line(target: &Value, palette: Palette) -> String {
    let (paint, words) = target_standing(target);
    let text = |key: &str| target[key].as_str().unwrap_or_default();
    format!("{:40} {:28} {}", text("name"), text("address"), palette.paint(paint, words))
}

/// How it has served us, in the figures of RFC 6076; nothing where there was nothing to serve.
fn performance_lines(performance: &Value) -> Vec<String> {
    let requests = &performance["session_requests"];
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let percent = |name: &str| performance[name].as_f64().map_or("-".to_owned(), |of| format!("{of:.1} %"));
    let mut lines = Vec::new();
    if count(&requests["all"]) > 0 {
        let came_to = ["established", "declined", "redirected", "ineffective", "other"];
        let came_to = came_to.map(|name| format!("{} {name}", requests[name])).join(", ");
        lines.push(format!("{:40} {came_to}", format!("{} requests for sessions", requests["all"])));
        let ratios = ["ser", "seer", "isa", "scr"];
        let ratios = ratios.map(|name| format!("{} {}", name.to_uppercase(), percent(name))).join(", ");
        lines.push(format!("{:40} {ratios}", format!("{} completed", performance["sessions_completed"])));
    }
    let registrations = &performance["registrations"];
    let means = [
        ("said something of a session that came", &performance["srd_ms"]["established"]),
        ("said something of one that did not", &performance["srd_ms"]["failed"]),
        ("took our BYE", &performance["sdd_ms"]["answered"]),
        ("registered us", &registrations["rrd_ms"]),
    ];
    for (what, mean) in means.into_iter().filter(|(_, mean)| count(&mean["count"]) > 0) {
        lines.push(format!("{what:40} after {} ms on average, {} times", mean["mean"], mean["count"]));
    }
    let silent = count(&performance["sdd_ms"]["timed_out"]["count"]);
    if silent > 0 {
        lines.push(format!("{:40} {silent} times", "said nothing to our BYE"));
    }
    if count(&registrations["ineffective"]) > 0 {
        let (bad, all) = (&registrations["ineffective"], &registrations["all"]);
        lines.push(format!(
            "{:40} {bad} of {all} (IRA {:.1} %)",
            "did not register us",
            registrations["ira"].as_f64().unwrap_or_default()
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use performance::{End, Leave, Performance};

    use super::*;

    #[test]
    fn k2_what_a_trunk_has_served_is_said_in_lines() {
        let mut east = Performance { completed: 1, ..Performance::default() };
        east.requests.count(End::Status(200), Some(80));
        east.requests.count(End::Status(486), Some(40));
        east.left(Leave::Answered, 12);
        east.registering.requests = 4;
        east.registering.ineffective = 1;

        let lines = performance_lines(&serde_json::to_value(east).expect("figures are JSON")).join("\n");

        assert!(lines.contains("1 established, 1 declined, 0 redirected"), "{lines}");
        assert!(lines.contains("SER 50.0 %, SEER 100.0 %, ISA 0.0 %, SCR 50.0 %"), "{lines}");
        assert!(lines.contains("after 80 ms on average, 1 times"), "{lines}");
        assert!(lines.contains("1 of 4 (IRA 25.0 %)"), "{lines}");
        assert!(!lines.contains("nothing to our BYE"), "{lines}");
    }

    #[test]
    fn a_trunk_that_nothing_was_asked_of_has_no_figures() {
        let idle = serde_json::to_value(Performance::default()).expect("figures are JSON");

        assert!(performance_lines(&idle).is_empty());
    }
}
