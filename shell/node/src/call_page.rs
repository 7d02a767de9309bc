//! What a page says of a call besides its messages: for somebody outside, who may see what was decided of it
//! and not who else was weighed, at what price.

use ladder::{Content, Mark, Page, Section, Verdict};
use serde_json::Value;

use crate::ladders;
use crate::verbs::{exactly, record};

/// Whose ladder it is.
pub fn heading(call: &Value) -> String {
    format!("Call {}", word(call, "id"))
}

/// All that its record says, as far as there is one.
pub fn page(call: &Value) -> Page {
    let media = Content::Table { head: MEDIA.map(|(head, _)| head.to_owned()).to_vec(), rows: media(call) };
    let tried = Content::Table { head: TRIED.map(|(head, _)| head.to_owned()).to_vec(), rows: tried(call) };
    let steps = ["Step", "Found", "Why"].map(str::to_owned).to_vec();
    let sections = [
        ("Who called whom", Content::Facts(facts(call))),
        ("Who was tried", tried),
        ("What happened", Content::Lines(record::happened(call, exactly))),
        ("Media, as the house counted it", media),
        ("Decided, and why", Content::Table { head: steps, rows: trail(call) }),
    ];
    let is_said = |content: &Content| match content {
        Content::Facts(facts) => !facts.is_empty(),
        Content::Lines(lines) => !lines.is_empty(),
        Content::Table { rows, .. } => !rows.is_empty(),
    };
    let section = |(heading, content): (&str, Content)| Section { heading: heading.to_owned(), content };
    let version = env!("CARGO_PKG_VERSION");
    Page {
        heading: heading(call),
        verdict: verdict(call),
        sections: sections.into_iter().filter(|(_, content)| is_said(content)).map(section).collect(),
        foot: vec![
            format!("Written by Tandem {version}. Times are UTC, by the clock of the house."),
            "Secrets and key presses are blotted out by as many asterisks.".to_owned(),
        ],
    }
}

fn verdict(call: &Value) -> Option<Verdict> {
    let mark = match word(call, "outcome") {
        "answered" => Mark::Good,
        "refused" | "failed" => Mark::Bad,
        _ if call["event"] == "turned_away" => Mark::Bad,
        _ => Mark::Plain,
    };
    let (code, words) = ladders::verdict(call)?;
    let help = record::help_of(code).map(str::to_owned);
    Some(Verdict { mark, code: code.to_owned(), words: words.to_owned(), help })
}

fn facts(call: &Value) -> Vec<(String, String)> {
    let text = |key: &str| call[key].as_str().map(str::to_owned);
    // Of a caller who was turned away there is no more.
    let fact =
        |key: &str| call["facts"][key].as_str().map(str::to_owned).filter(|_| call["event"].is_string());
    let moment = |key: &str| call[key].as_i64().map(exactly);
    let seconds = |key: &str| call[key].as_u64().map(|ms| format!("{:.3} s", ms as f64 / 1e3));
    let sessions = call["sessions"].as_array().into_iter().flatten();
    let sessions: Vec<String> =
        sessions.map(|pair| format!("{};remote={}", word(pair, "caller"), word(pair, "callee"))).collect();
    let rows = [
        ("Caller", text("calling")),
        ("Said to be", text("from_dialled").or_else(|| fact("from_uri"))),
        ("Came from", text("source").or_else(|| fact("source"))),
        ("Called", text("to_e164").or_else(|| text("called"))),
        ("Asked for", text("to_dialled").or_else(|| fact("request_uri"))),
        ("Direction", text("direction")),
        ("Began", moment("started").or_else(|| moment("at"))),
        ("Rang", moment("rang")),
        ("Answered", moment("answered")),
        ("Ended", moment("ended")),
        ("Set up within", seconds("setup_ms")),
        ("Talked for", seconds("talk_ms").filter(|_| call["answered"].is_i64())),
        ("Ended by", record::ended_by(call).map(str::to_owned)),
        ("Stage", text("stage")),
        ("Call-ID", text("call_id").filter(|_| call["event"] != "unknown")),
        ("Session-ID", Some(sessions.join(", ")).filter(|names| !names.is_empty())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A column: its head, and what stands in it.
type Column = (&'static str, fn(&Value) -> String);

const TRIED: [Column; 7] = [
    ("Who", |attempt| word(attempt, "callee").to_owned()),
    ("At", |attempt| attempt["remote"].as_str().unwrap_or(word(attempt, "target")).to_owned()),
    ("From", |attempt| attempt["started"].as_i64().map(exactly).unwrap_or_default()),
    ("Until", |attempt| attempt["ended"].as_i64().map(exactly).unwrap_or_default()),
    ("Became", |attempt| {
        let status = attempt["sip_code"].as_u64().map(|status| format!("{status} ")).unwrap_or_default();
        format!("{status}{}", word(attempt, "cause"))
    }),
    ("Shown as", |attempt| format!("{} to {}", word(attempt, "sent_from"), word(attempt, "sent_to"))),
    ("Call-ID", |attempt| word(attempt, "call_id").to_owned()),
];

fn tried(call: &Value) -> Vec<Vec<String>> {
    let attempts = call["attempts"].as_array().into_iter().flatten();
    attempts.map(|attempt| TRIED.iter().map(|(_, cell)| cell(attempt)).collect()).collect()
}

const MEDIA: [Column; 9] = [
    ("Side", |row| word(row, "side").to_owned()),
    ("Packets from it", |row| figure(&row["packets_in"])),
    ("Lost", |row| figure(&row["lost"])),
    ("Too late", |row| figure(&row["late"])),
    ("Jitter", |row| milliseconds(&row["jitter_us"])),
    ("Opinion (MOS)", |row| figure(&row["mos_in"])),
    ("Packets to it", |row| figure(&row["packets_out"])),
    ("Lost, by its reports", |row| figure(&row["heard"]["lost"])),
    ("Opinion (MOS) of what it heard", |row| figure(&row["mos_out"])),
];

fn media(call: &Value) -> Vec<Vec<String>> {
    let sides = ["caller", "callee"].into_iter().filter(|side| call["media"][side].is_object());
    let row = |side: &str| {
        let mut row = call["media"][side].clone();
        row["side"] = side.into();
        MEDIA.iter().map(|(_, cell)| cell(&row)).collect()
    };
    sides.map(row).collect()
}

/// What is not known is not nought.
fn figure(value: &Value) -> String {
    if value.is_number() { value.to_string() } else { "–".to_owned() }
}

fn milliseconds(value: &Value) -> String {
    value.as_u64().map_or("–".to_owned(), |us| format!("{:.1} ms", us as f64 / 1e3))
}

fn trail(call: &Value) -> Vec<Vec<String>> {
    let steps = call["trail"]["steps"].as_array().into_iter().flatten();
    steps.map(|step| ["name", "verdict", "says"].map(|key| word(step, key).to_owned()).to_vec()).collect()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
