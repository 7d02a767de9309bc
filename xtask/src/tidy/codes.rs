//! Every `TD-` code that the product can say is a row of a table that `tandem help` can explain.

use super::Finding;
use super::house::House;
use super::source::{Source, is_name_char};

/// The files whose rows (`NAME 301 "title"…`, or `NAME "TD-E101" "title"…`) are codes, and their letter.
const TABLES: [(&str, char); 5] = [
    ("core/policy/src/refusal.rs", 'R'),
    ("core/call/src/verdict.rs", 'E'),
    ("words/model/src/problem.rs", 'C'),
    ("shell/api/src/code.rs", 'A'),
    ("shell/store/src/code.rs", 'S'),
];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    let letter_of =
        |source: &Source| TABLES.iter().find(|(path, _)| *path == source.path).map(|(_, letter)| *letter);
    let tables = house.sources.iter().filter_map(|source| Some((source, letter_of(source)?)));
    let rows: Vec<String> = tables.flat_map(|(source, letter)| rows_of(source, letter)).collect();
    for source in &house.sources {
        for (code, line) in codes_in(source) {
            if !rows.contains(&code) {
                out.push(Finding {
                    path: source.path.clone(),
                    line,
                    what: format!("{code} has no help text"),
                    cure: format!("give it a row in one of {}", TABLES.map(|(path, _)| path).join(", ")),
                });
            }
        }
    }
}

/// The codes that the rows of a table define.
fn rows_of(source: &Source, letter: char) -> Vec<String> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let code = words.next()?.trim_matches('"');
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        match code.parse::<u16>() {
            Ok(number) if is_name => Some(format!("TD-{letter}{number:03}")),
            Err(_) if is_name && code.starts_with("TD-") => Some(code.to_owned()),
            Ok(_) | Err(_) => None,
        }
    };
    source.text.lines().filter_map(row).collect()
}

/// The codes in the product lines of a file, with their lines.
fn codes_in(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, line) in source.text.lines().take(source.product_line_count()).enumerate() {
        for (start, _) in line.match_indices("TD-") {
            let code: String = line[start..].chars().take_while(|c| is_name_char(*c) || *c == '-').collect();
            let digits = code.get(4..).unwrap_or_default();
            if code.len() == 7 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
                found.push((code, at + 1));
            }
        }
    }
    found
}
