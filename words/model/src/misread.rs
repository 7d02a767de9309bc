//! What the TOML reader and serde say, in our words and with our codes.

use std::ops::Range;

use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::source::SourceFile;
use crate::suggest::nearest;

/// A file that is not TOML, or that says one thing twice. What follows from it in the same file is not told.
pub(crate) fn syntax(file: &SourceFile, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let message = error.message().lines().next().unwrap_or_default();
    if message.contains("duplicate key") {
        let fault = Fault::new(Code::TWICE, "the same name stands twice in this file");
        return file.problem(span, fault.suggest("remove or rename one"));
    }
    let looks_unquoted = ["must be quoted", "invalid float", "invalid boolean", "leading zero"];
    if looks_unquoted.iter().any(|known| message.contains(known)) {
        let word = word_at(&file.text, span.start);
        let suggestion = format!("add quotes: \"{}\"", &file.text[word.clone()]);
        return file.problem(word, Fault::new(Code::UNQUOTED, "text is quoted").suggest(suggestion));
    }
    file.problem(span, Fault::new(Code::SYNTAX, message))
}

fn word_at(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let ends_word = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | '#');
    start..start + rest.find(ends_word).unwrap_or(rest.len())
}

/// Whether an error only says that a key is missing which was set aside because its value is wrong.
pub(crate) fn misses_one_of<K: AsRef<str>>(error: &toml::de::Error, set_aside: &[K]) -> bool {
    let missing = error.message().lines().next().and_then(|text| text.strip_prefix("missing field "));
    missing.is_some_and(|key| set_aside.iter().any(|aside| aside.as_ref() == key.trim_matches('`')))
}

/// A value that does not fit its place.
pub(crate) fn problem(file: &SourceFile, span: Range<usize>, error: &toml::de::Error) -> Problem {
    let text = error.message().lines().next().unwrap_or_default();
    let (file, span) = file.at(span);
    let written = file.text.get(span.clone()).unwrap_or_default();
    let mut fault = Fault::from_error_text(text).unwrap_or_else(|| in_our_words(text));
    if fault.code == Code::UNQUOTED {
        fault = fault.suggest(format!("add quotes: \"{}\"", written.trim()));
    }
    file.problem(span, fault)
}

fn in_our_words(text: &str) -> Fault {
    if let Some((word, expected)) = unknown(text, "unknown field ") {
        let fault = Fault::new(Code::UNKNOWN_KEY, format!("there is no key \"{word}\" here"));
        return did_you_mean(fault, word, expected);
    }
    if let Some((word, expected)) = unknown(text, "unknown variant ") {
        let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{word}\" cannot stand here"));
        return did_you_mean(fault, word, expected);
    }
    if let Some(key) = text.strip_prefix("missing field ") {
        let key = key.trim_matches('`');
        return Fault::new(Code::MISSING_KEY, format!("the key \"{key}\" is missing"))
            .suggest(format!("add {key} = …"));
    }
    let is_figure = text.starts_with("invalid type: integer") || text.starts_with("invalid type: floating");
    if is_figure && text.ends_with("a string") {
        return Fault::new(Code::UNQUOTED, "this is text, and text is quoted");
    }
    if let Some(rest) = text.strip_prefix("invalid value: integer ") {
        let (figure, kind) = rest.split_once(", expected ").unwrap_or((rest, ""));
        let most = match kind {
            "u8" => ", from 0 to 255",
            "u16" => ", from 0 to 65535",
            "u32" | "u64" => ", 0 or more",
            _ => "",
        };
        let message = format!("{} is outside what can stand here{most}", figure.trim_matches('`'));
        return Fault::new(Code::OUT_OF_RANGE, message);
    }
    match text.strip_prefix("invalid type: ") {
        Some(rest) => {
            let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
            let found = found.split(' ').next().unwrap_or("this");
            Fault::new(
                Code::WRONG_TYPE,
                format!("{} is wanted, and this is {}", plain(wanted), article(found)),
            )
        }
        None => Fault::new(Code::WRONG_TYPE, text),
    }
}

/// Rust's words for a type, in the operator's.
fn plain(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list [ … ]",
        "a map" => "a table { … }",
        "a string" => "text",
        "a boolean" => "true or false",
        wanted if wanted.starts_with("struct ") => "a table { … }",
        "u8" | "u16" | "u32" | "u64" => "a figure",
        wanted => wanted,
    }
}

fn article(found: &str) -> &str {
    match found {
        "string" => "text",
        "integer" => "a figure",
        "floating" => "a figure with a point",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "a table",
        found => found,
    }
}

/// Takes serde's list of what may stand somewhere apart.
fn unknown<'t>(text: &'t str, prefix: &str) -> Option<(&'t str, Vec<&'t str>)> {
    let mut quoted = text.strip_prefix(prefix)?.split('`').skip(1).step_by(2);
    let word = quoted.next()?;
    Some((word, quoted.collect()))
}

pub(crate) fn did_you_mean<'a>(fault: Fault, word: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
        None => fault.suggest(format!("known here: {}", known.join(", "))),
    }
}

/// Names are lower case, digits and hyphens, because they are ids of the API too.
pub(crate) fn bad_name(name: &str) -> Option<Fault> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(fits) && !name.starts_with('-') && !name.ends_with('-') {
        return None;
    }
    let better: String = name.to_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let better = better.trim_matches('-');
    let fault =
        Fault::new(Code::NAME, format!("\"{name}\" is not a name: small letters, digits and hyphens are"));
    Some(if better.is_empty() { fault } else { fault.suggest(format!("did you mean \"{better}\"?")) })
}
