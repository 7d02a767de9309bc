//! Every `TD-` code that the product can say is a row of a table that `tandem help` can explain.

use super::Finding;
use super::house::House;
use super::source::{Source, is_name_char};

/// The files whose rows hold a code together with its help text.
const TABLES: &[&str] = &[
    "core/call/src/verdict.rs",
    "core/policy/src/refusal.rs",
    "words/model/src/fault.rs",
    "words/model/src/problem.rs",
];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    let rows: Vec<String> = house
        .sources
        .iter()
        .filter(|source| TABLES.contains(&source.path.as_str()))
        .flat_map(|source| codes_in(source).into_iter().map(|(code, _)| code))
        .collect();
    for source in house.sources.iter().filter(|source| !TABLES.contains(&source.path.as_str())) {
        for (code, line) in codes_in(source) {
            if !rows.contains(&code) {
                out.push(Finding {
                    path: source.path.clone(),
                    line,
                    what: format!("{code} has no help text"),
                    cure: format!("give it a row, with what to do, in one of {}", TABLES.join(", ")),
                });
            }
        }
    }
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
