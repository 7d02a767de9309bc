//! `tandem call ladder` and `call export`: what a call said, drawn or as a file.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use api::Form;
use cli::{Drawing, Exit, ExportTo, Exporting, Ladder, Paint, Palette};
use ladder::Hand;
use serde_json::{Value, json};

use crate::control::Request;
use crate::handed_on::{handed_on, in_json, in_letters, shown};
use crate::ladders;
use crate::seen::Seen;
use crate::verbs::when;

/// Draws a call's messages.
pub fn ladder(call: &Value, data: &Path, verb: &Ladder, palette: Palette) -> Result<Exit> {
    let seen = match seen(call, data)? {
        Ok(seen) => seen,
        Err(exit) => return Ok(exit),
    };
    let (call, drawing) = (&shown(call), verb.drawing());
    // Whoever reads JSON sees by it that there is nothing.
    if seen.is_empty() && drawing != Drawing::Json {
        return Ok(gone(call, data, &seen));
    }
    let form = match drawing {
        Drawing::Svg => Form::Svg,
        Drawing::Html => Form::Html,
        Drawing::Json | Drawing::Text | Drawing::Ascii => Form::Text,
    };
    let drawn = match drawing {
        Drawing::Json => format!("{:#}\n", in_json(call, &seen)).into_bytes(),
        Drawing::Text | Drawing::Ascii => letters(call, &seen, verb, palette).into_bytes(),
        Drawing::Svg | Drawing::Html => handed_on(call, &seen, data, form)?.unwrap_or_default(),
    };
    match &verb.output {
        Some(file) => written(file, &drawn)?,
        None => io::stdout().write_all(&drawn).context("standard output")?,
    }
    Ok(Exit::Done)
}

fn letters(call: &Value, seen: &Seen, verb: &Ladder, palette: Palette) -> String {
    let is_ascii = verb.drawing() == Drawing::Ascii
        || verb.output.is_none()
            && io::stdout().is_terminal()
            && !has_unicode(|name| std::env::var(name).ok());
    let hand = if is_ascii { Hand::Ascii } else { Hand::Unicode };
    let text = in_letters(call, &ladders::ladder(call, seen), hand);
    let (id, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let palette = if verb.output.is_some() { Palette::Plain } else { palette };
    format!("{}\n{rest}", palette.paint(Paint::Strong, id))
}

/// Whether the locale has letters beyond ASCII: the first of these that is set says so (POSIX 8.2). Where
/// none is, terminals of today have them.
fn has_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let said =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|is| !is.is_empty()));
    said.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Writes a call's messages into a file that others read.
pub fn export(call: &Value, data: &Path, to: &ExportTo) -> Result<Exit> {
    let seen = match seen(call, data)? {
        Ok(seen) => seen,
        Err(exit) => return Ok(exit),
    };
    let (what, file) = to.file().context("no file is named")?;
    let form = match what {
        Exporting::Pcapng => Form::Pcapng,
        Exporting::Hep => Form::Hep,
        Exporting::Html => Form::Html,
        Exporting::Svg => Form::Svg,
    };
    let Some(bytes) = handed_on(call, &seen, data, form).context("its packets")? else {
        return Ok(gone(call, data, &seen));
    };
    written(file, &bytes)?;
    let (messages, length, name) = (seen.in_order().len(), bytes.len(), file.display());
    match form {
        Form::Pcapng => {
            let packets = store::pcapng::packets(&bytes).count().saturating_sub(messages);
            eprintln!("{name}: {messages} messages, {packets} packets, {length} bytes");
        }
        _ => eprintln!("{name}: {messages} messages, {length} bytes"),
    }
    Ok(Exit::Done)
}

fn written(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(file, bytes).with_context(|| file.display().to_string())
}

fn gone(call: &Value, data: &Path, seen: &Seen) -> Exit {
    if call["event"] == "unknown" {
        eprintln!("tandem: no call {} has ended in {}", call["id"], data.display());
        return Exit::Bad;
    }
    let since = seen.own.since_us.map_or("nothing is kept yet".to_owned(), |at_us| {
        format!("the recorder goes back to {}", when(at_us / 1_000))
    });
    eprintln!("tandem: no message of call {} is kept any more: {since}", call["id"]);
    Exit::Bad
}

/// Stands for a record where there is none: of a call that others alone have seen. It is found by the Call-ID
/// of one of its legs.
pub fn unknown(id: &str) -> Value {
    json!({ "id": id, "call_id": id, "event": "unknown" })
}

fn seen(record: &Value, data: &Path) -> Result<Result<Seen, Exit>> {
    let call = record["id"].as_str().unwrap_or_default().to_owned();
    let request = Request::Messages { call, call_ids: call_ids(record), sessions: sessions(record) };
    Ok(match crate::verbs::ask(data, &request)? {
        Ok(answer) => Ok(serde_json::from_value(answer).context("the house's answer")?),
        Err(exit) => Err(exit),
    })
}

/// The caller's dialog, and those of the attempts.
pub fn call_ids(record: &Value) -> Vec<String> {
    // A call in progress says them.
    if let Some(ids) = record["call_ids"].as_array() {
        return ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let attempts = record["attempts"].as_array().into_iter().flatten();
    let ids = std::iter::once(&record["call_id"]).chain(attempts.map(|attempt| &attempt["call_id"]));
    ids.filter_map(|id| id.as_str()).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// What the ends of the call are called (RFC 7989).
pub fn sessions(record: &Value) -> Vec<String> {
    let pairs = record["sessions"].as_array().into_iter().flatten();
    let names = pairs.flat_map(|pair| [&pair["caller"], &pair["callee"]]).filter_map(Value::as_str);
    let is_known = |name: &&str| name.bytes().any(|digit| digit != b'0');
    names.filter(is_known).map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::has_unicode;

    #[test]
    fn the_locale_says_which_letters_a_terminal_has() {
        let of = |set: &[(&str, &str)]| {
            has_unicode(|name| set.iter().find(|(known, _)| *known == name).map(|(_, is)| (*is).to_owned()))
        };

        assert!(of(&[]) && of(&[("LANG", "de_DE.UTF-8")]) && of(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!of(&[("LANG", "C")]) && !of(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.UTF-8")]));
        assert!(of(&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]) && !of(&[("LANG", "de_DE.ISO-8859-1")]));
    }
}
