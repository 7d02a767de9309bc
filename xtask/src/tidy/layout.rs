//! Lines, functions and files that fit a screen and a head.

use super::Finding;
use super::house::House;
use super::source::{Source, is_name_char, words_at};

const LINE_MAX: usize = 110;
const FUNCTION_MAX: usize = 70;
const FILE_MAX: usize = 800;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Words that mark work left undone. In two parts, so that this file does not find itself.
const UNDONE: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for source in &house.sources {
        lines(source, out);
        functions(source, out);
        file(source, out);
    }
}

fn lines(source: &Source, out: &mut Vec<Finding>) {
    for (at, line) in source.text.lines().enumerate() {
        let width = line.chars().count();
        if width > LINE_MAX {
            out.push(Finding {
                path: source.path.clone(),
                line: at + 1,
                what: format!("{width} characters, at most {LINE_MAX}"),
                cure: "break the line; a long string is continued with `\\` at the line's end".into(),
            });
        }
        if let Some(word) = UNDONE.iter().find(|word| line.contains(**word)) {
            out.push(Finding {
                path: source.path.clone(),
                line: at + 1,
                what: format!("{word} on main"),
                cure: "do it, or file an issue and take the line out".into(),
            });
        }
    }
}

fn functions(source: &Source, out: &mut Vec<Finding>) {
    let code = source.product_text();
    for at in words_at(code, "fn") {
        let Some(function) = function_at(code, at) else { continue };
        let line = source.line_of(at);
        if function.lines > FUNCTION_MAX {
            out.push(Finding {
                path: source.path.clone(),
                line,
                what: format!("fn {} has {} lines, at most {FUNCTION_MAX}", function.name, function.lines),
                cure: "decide in the caller, compute in the helper: push ifs up and fors down".into(),
            });
        }
        if takes_a_bool(function.parameters) {
            out.push(Finding {
                path: source.path.clone(),
                line,
                what: format!("fn {} takes a bool", function.name),
                cure: "say what it means: an enum with two names, or two functions".into(),
            });
        }
    }
}

struct Function<'a> {
    name: &'a str,
    parameters: &'a str,
    lines: usize,
}

/// The function whose keyword stands at `at`, if it has a name and a body.
fn function_at(code: &str, at: usize) -> Option<Function<'_>> {
    let rest = code[at + 2..].trim_start();
    let name = &rest[..rest.find(|c| !is_name_char(c))?];
    if name.is_empty() {
        return None;
    }
    let open = rest.find('(')?;
    let close = open + matching(&rest[open..], '(', ')')?;
    let body = close + rest[close..].find(['{', ';'])?;
    if rest[body..].starts_with(';') {
        return None;
    }
    let end = body + matching(&rest[body..], '{', '}')?;
    let lines = rest[..=end].lines().count();
    Some(Function { name, parameters: &rest[open..=close], lines })
}

/// Where the bracket that opens a text is closed.
fn matching(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

fn takes_a_bool(parameters: &str) -> bool {
    // A bool inside a closure's type or a tuple is somebody else's signature.
    words_at(parameters, "bool").any(|at| {
        let before = parameters[..at].trim_end();
        let after = parameters[at + 4..].trim_start();
        before.ends_with(':') && (after.starts_with(',') || after == ")")
    })
}

fn file(source: &Source, out: &mut Vec<Finding>) {
    let count = source.product_line_count();
    if count > FILE_MAX && !LONG_FILES.iter().any(|(path, _)| *path == source.path) {
        out.push(Finding {
            path: source.path.clone(),
            line: 1,
            what: format!("{count} lines without tests, at most {FILE_MAX}"),
            cure: "split it by concern; a table goes into LONG_FILES of xtask/src/tidy/layout.rs".into(),
        });
    }
}
