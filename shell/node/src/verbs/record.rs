//! One call that ended, or one that was not let in, in words.

use std::fmt::Write;

use cli::{Paint, Palette};
use serde_json::Value;

use crate::verbs::when;

/// In one line.
pub fn line(record: &Value, palette: Palette) -> String {
    if record["event"] == "turned_away" {
        let facts = &record["facts"];
        let at = when(record["at"].as_i64().unwrap_or_default());
        let (id, from, to) = (word(record, "id"), word(facts, "source"), word(facts, "request_uri"));
        return format!("{id}  {at}  {from} → {to}  {}", refusal(&record["refusal"], palette));
    }
    let at = when(record["started"].as_i64().unwrap_or_default());
    let called = record["to_e164"].as_str().unwrap_or(word(record, "to_dialled"));
    let (id, calling) = (word(record, "id"), calling(record));
    format!("{id}  {at}  {calling} → {called}  {}", verdict(record, palette))
}

/// What was remarkable about its media: for whoever may read more of the record, and for others.
pub fn happened(record: &Value, when: fn(i64) -> String) -> Vec<String> {
    let rows = |key: &str| record[key].as_array().into_iter().flatten();
    let since = |row: &Value| when(row["since"].as_i64().unwrap_or_default());
    let silent = |row: &Value| format!("Not heard any more since {}: {}", since(row), word(row, "who"));
    let missed = |row: &Value| {
        let until = row["until"].as_i64().map(|until| format!(" until {}", when(until))).unwrap_or_default();
        let (who, code, words) = (word(row, "who"), word(row, "code"), word(row, "words"));
        format!("Not heard from {}{until}: {who}: {code}, {words}", since(row))
    };
    let path = |row: &Value| format!("Media {} from {}: {}", word(row, "path"), since(row), word(row, "why"));
    let mut lines: Vec<String> = faxed(record).into_iter().chain(announced(record)).collect();
    lines.extend(rows("silences").map(silent));
    lines.extend(rows("missed").map(missed));
    lines.extend(rows("paths").map(path));
    lines
}

/// In full: what became of it, every attempt, and why it went there.
pub fn in_words(record: &Value, palette: Palette) -> String {
    let mut text = line(record, palette);
    if let Some(help) = help_of(word(record, "verdict")) {
        let _ = write!(text, "\n  {}", palette.paint(Paint::Quiet, help));
    }
    if record["private_line"] == true {
        let _ = write!(text, "\n  On a private line");
    }
    if let Some(by) = ended_by(record) {
        let _ = write!(text, "\n  Ended by {by}");
    }
    let told = recorded(record).into_iter().chain(happened(record, when));
    for line in told.chain(recorded_outside(record)).chain(sound(&record["media"])) {
        let _ = write!(text, "\n  {line}");
    }
    for report in record["reports"].as_array().into_iter().flatten() {
        let _ = write!(text, "\n  {}", reported(report));
    }
    for attempt in record["attempts"].as_array().into_iter().flatten() {
        let remote = attempt["remote"].as_str().map(|remote| format!(" ({remote})")).unwrap_or_default();
        let status = attempt["sip_code"].as_u64().map(|status| format!("{status} ")).unwrap_or_default();
        let (callee, target, cause) =
            (word(attempt, "callee"), word(attempt, "target"), word(attempt, "cause"));
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {callee}: {target}{remote}  {status}{cause}");
        let _ =
            write!(text, "\n      sent as {} to {}", word(attempt, "sent_from"), word(attempt, "sent_to"));
        for note in attempt["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let _ = write!(text, "\n      {note}");
        }
    }
    for pair in record["sessions"].as_array().into_iter().flatten() {
        let _ = write!(text, "\n  Session-ID {};remote={}", word(pair, "caller"), word(pair, "callee"));
    }
    let by = record["transferred_by"].as_str().map(|by| format!(", transferred by {by}")).unwrap_or_default();
    for parent in record["parents"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let _ = write!(text, "\n  Goes on from {parent}{by}");
    }
    let _ = write!(text, "\n{}", palette.paint(Paint::Quiet, "  Decided, and why:"));
    for (number, step) in (1..).zip(record["trail"]["steps"].as_array().into_iter().flatten()) {
        let (name, verdict, says) = (word(step, "name"), word(step, "verdict"), word(step, "says"));
        let at = step["at"].as_str().map(|at| format!("  {at}")).unwrap_or_default();
        let _ = write!(text, "\n  {number:2} {name:11} {verdict:13} {says}{at}");
        for row in step["considered"].as_array().into_iter().flatten() {
            let mark = match word(row, "outcome") {
                "chosen" => '✔',
                "next" => '→',
                _ => '✘',
            };
            let _ = write!(text, "\n       {mark} {:16} {}", word(row, "name"), word(row, "why"));
        }
    }
    if let Some(revision) = record["revision"].as_u64() {
        let _ = write!(text, "\n  Planned by revision {revision}.");
    }
    text
}

/// Where it was recorded.
fn recorded(record: &Value) -> Option<String> {
    let recording = &record["recording"];
    let file = recording["file"].as_str()?;
    let opened = if recording["opened"] == true { ", in clear though the media was sealed" } else { "" };
    Some(match recording["unheard"] == true {
        true => "Not recorded: its media could not be heard here".to_owned(),
        false => format!("Recorded in {file}{opened}"),
    })
}

/// Which recorders had it, and which did not take it.
fn recorded_outside(record: &Value) -> Vec<String> {
    let recording = &record["recording"];
    let rows = recording["recorders"].as_array().into_iter().flatten().map(|row| {
        let place = format!("{} ({})", word(row, "recorder"), word(row, "server"));
        match (row.get("since"), row["why"].as_str()) {
            (Some(_), None) => format!("Recorded outside by {place}"),
            (Some(_), Some(why)) => format!("Recorded outside by {place}, until {why}"),
            (None, why) => format!("Not recorded by {place}: {}", why.unwrap_or_default()),
        }
    });
    let missed = recording["missed"].as_array().map_or(0, Vec::len);
    rows.chain((missed > 0).then(|| "For a while no recorder had it".to_owned())).collect()
}

/// What was heard of a fax, and what became of it.
fn faxed(record: &Value) -> Option<String> {
    let fax = &record["fax"];
    let signals: Vec<&str> = fax["signals"].as_array()?.iter().filter_map(Value::as_str).collect();
    let became = match (fax["spoilt"].as_str(), fax["kept"] == true) {
        (Some(why), _) => format!("its sound was not left as it was: {why}"),
        (None, true) => "from then on its sound crossed as it was, in G.711".to_owned(),
        (None, false) => "the call was over before its sound could be left alone".to_owned(),
    };
    Some(format!("A fax or a modem: {}; {became}", signals.join(", ")))
}

/// What the caller heard before a refusal.
fn announced(record: &Value) -> Option<String> {
    let what = record["announced"]["what"].as_str()?;
    let seconds = record["announced"]["ms"].as_u64().unwrap_or_default() as f64 / 1e3;
    Some(format!("The caller heard {what} for {seconds:.1} s before the refusal"))
}

/// How good the sound of each party was, and of what it heard.
fn sound(media: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for party in ["caller", "callee"] {
        let side = &media[party];
        let jitter = |of: &Value| of["jitter_us"].as_u64().unwrap_or_default() as f64 / 1e3;
        if let Some(opinion) = side["mos_in"].as_f64() {
            let lost = side["lost"].as_u64().unwrap_or_default();
            let all = lost + side["packets_in"].as_u64().unwrap_or_default();
            let jitter = jitter(side);
            lines.push(format!(
                "Sound from the {party} {opinion:.2}: {lost} of {all} packets lost, jitter {jitter:.1} ms"
            ));
        }
        if let (Some(opinion), heard) = (side["mos_out"].as_f64(), &side["heard"]) {
            let trip = heard["round_trip_ms"].as_u64().map(|ms| format!(", {ms} ms there and back"));
            let (lost, jitter) = (heard["lost"].as_u64().unwrap_or_default(), jitter(heard));
            lines.push(format!(
                "Sound to the {party} {opinion:.2}, by its own reports: {lost} lost, jitter {jitter:.1} ms{}",
                trip.unwrap_or_default()
            ));
        }
    }
    lines
}

/// What a phone reported of a call by itself.
fn reported(report: &Value) -> String {
    let heard = &report["heard"];
    let says =
        [("mos", "opinion ", ""), ("lost_percent", "", " % lost"), ("late_percent", "", " % too late")]
            .into_iter()
            .chain([("jitter_ms", "jitter ", " ms"), ("round_trip_ms", "", " ms there and back")])
            .filter_map(|(key, before, after)| Some(format!("{before}{}{after}", heard[key].as_f64()?)));
    format!("Reported by {}: {}", word(report, "who"), says.collect::<Vec<_>>().join(", "))
}

/// What a verdict or a refusal means, and what to do about it.
pub fn help_of(code: &str) -> Option<&'static str> {
    let verdict = switch::VERDICTS.iter().find(|verdict| verdict.code == code).map(|verdict| verdict.help);
    let refusal = || policy::REFUSALS.iter().find(|row| row.code.to_string() == code).map(|row| row.help);
    verdict.or_else(refusal)
}

/// Who ended a call that was answered.
pub fn ended_by(record: &Value) -> Option<&str> {
    record["answered"].as_i64()?;
    Some(match word(record, "ended_by") {
        "caller" => "the caller",
        "callee" => "the callee",
        _ => "the house",
    })
}

fn calling(record: &Value) -> &str {
    match word(record, "calling") {
        "" => word(record, "source"),
        calling => calling,
    }
}

fn verdict(record: &Value, palette: Palette) -> String {
    let paint = match word(record, "outcome") {
        "answered" => Paint::Good,
        "refused" | "failed" => Paint::Bad,
        _ => Paint::Note,
    };
    let outcome = palette.paint(paint, word(record, "outcome").replace('_', " "));
    let talk = record["talk_ms"].as_u64().filter(|talk| *talk > 0);
    let talk = talk.map(|talk| format!(", {} s", talk / 1_000)).unwrap_or_default();
    format!("{outcome}{talk}  {} {}", word(record, "verdict"), word(record, "words"))
}

/// The refusal says what comes nearest to letting the caller in.
fn refusal(refusal: &Value, palette: Palette) -> String {
    let code = palette.paint(Paint::Bad, "turned away");
    format!("{code}  {} {}", word(refusal, "code"), word(refusal, "words"))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
