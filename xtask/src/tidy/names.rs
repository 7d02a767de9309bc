//! Words that say nothing, in the names of types, functions and files.

use super::Finding;
use super::house::House;
use super::source::{Source, is_name_char, words_at};

const TYPE_WORDS: [&str; 8] = ["Manager", "Handler", "Helper", "Helpers", "Util", "Utils", "Data", "Info"];
const FUNCTION_WORDS: [&str; 2] = ["get_", "do_"];
/// Names that a standard gives, each with it.
const GIVEN: [(&str, &str); 2] = [("get_mut", "std"), ("SenderInfo", "RFC 3550, 6.4.1")];
const FILE_WORDS: [&str; 8] =
    ["util", "utils", "common", "helper", "helpers", "misc", "shared", "core_types"];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for source in &house.sources {
        files(source, out);
        for keyword in ["struct", "enum", "trait", "type"] {
            declared(source, keyword, out, |name| {
                TYPE_WORDS.iter().find(|word| name.ends_with(**word)).copied()
            });
        }
        declared(source, "fn", out, |name| {
            FUNCTION_WORDS.iter().find(|word| name.starts_with(**word)).copied()
        });
    }
}

fn files(source: &Source, out: &mut Vec<Finding>) {
    let mut parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    if let Some(word) = parts.find(|part| FILE_WORDS.contains(part)) {
        out.push(Finding {
            path: source.path.clone(),
            line: 1,
            what: format!("`{word}` says nothing of what is inside"),
            cure: "name the file after its one concern".into(),
        });
    }
}

fn declared(
    source: &Source,
    keyword: &str,
    out: &mut Vec<Finding>,
    avoid: impl Fn(&str) -> Option<&'static str>,
) {
    let code = source.product_text();
    for at in words_at(code, keyword) {
        let rest = code[at + keyword.len()..].trim_start();
        let name = &rest[..rest.find(|c| !is_name_char(c)).unwrap_or(rest.len())];
        let is_given = GIVEN.iter().any(|(given, _)| *given == name);
        if let (Some(word), false) = (avoid(name), is_given) {
            out.push(Finding {
                path: source.path.clone(),
                line: source.line_of(at),
                what: format!("{keyword} {name}: `{word}` is a word to avoid"),
                cure: "take a word of docs/GLOSSARY.md; types are nouns, functions verbs".into(),
            });
        }
    }
}
