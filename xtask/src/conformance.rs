//! docs/CONFORMANCE.md: which row of the acceptance list is proven by which test. Made from the tests' names.
//!
//! `fn a7_…` proves row A7, `fn req_c09_…` row C-09, `fn pain_11_…` pain 11; what a test proves besides is
//! the last line of its comment: `/// Proves: F-50.`; an interop scenario names its rows in its first
//! comment, an oddity in its table. What is above the marker in the page is written by hand.

use std::collections::BTreeMap;
use std::fs;

use crate::interop::oddities;
use crate::step::{Failure, root};
use crate::tidy::{House, Source};

const PAGE: &str = "docs/CONFORMANCE.md";
const ROWS: &str = "docs/acceptance-rows.tsv";
const PROVES: &str = "Proves:";
const MARKER: &str = "<!-- What follows is made by `cargo xtask conformance --write`. -->";

/// A row of the acceptance list.
struct Row {
    id: String,
    topic: String,
}

/// One test, and what it proves.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    place: String,
    says: String,
}

pub fn write() -> Result<(), Failure> {
    let page = generated()?;
    fs::write(root().join(PAGE), page).map_err(|error| {
        Failure::new(format!("{PAGE}: {error}"), "is docs/ there, and may it be written?")
    })?;
    println!("{PAGE} written");
    Ok(())
}

pub fn compare() -> Result<(), Failure> {
    if kept(PAGE)? == generated()? {
        println!("{PAGE} is what the tests say");
        return Ok(());
    }
    Err(Failure::new(format!("{PAGE} is not what the tests say"), "cargo xtask conformance --write"))
}

fn kept(page: &str) -> Result<String, Failure> {
    fs::read_to_string(root().join(page))
        .map_err(|error| Failure::new(format!("{page}: {error}"), "is this the root of the repository?"))
}

fn generated() -> Result<String, Failure> {
    let house = House::read(&root())
        .map_err(|error| Failure::new(format!("the sources: {error}"), "can they be read?"))?;
    let rows = rows_in(&kept(ROWS)?);
    let by_hand = kept(PAGE)?;
    let by_hand = by_hand.split(MARKER).next().unwrap_or_default().trim_end().to_owned();
    let mut proofs: BTreeMap<String, Vec<Proof>> = BTreeMap::new();
    for (id, proof) in house.sources.iter().flat_map(proofs_in).chain(oddities()?) {
        if !rows.iter().any(|row| row.id == id) {
            let what = format!("{} proves {id}, which is no row of {ROWS}", proof.place);
            return Err(Failure::new(what, "correct the test's name"));
        }
        proofs.entry(id).or_default().push(proof);
    }
    Ok(format!("{by_hand}\n\n{MARKER}\n\n{}", tables(&rows, proofs)))
}

fn rows_in(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let (id, topic) = line.split_once('\t')?;
        Some(Row { id: id.to_owned(), topic: topic.to_owned() })
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
}

fn tables(rows: &[Row], mut proofs: BTreeMap<String, Vec<Proof>>) -> String {
    let mut page = String::from("## Rows and their tests\n\n| row | what | proven by |\n|---|---|---|\n");
    let mut missing = Vec::new();
    let mut proven = 0;
    for row in rows {
        let Some(mut found) = proofs.remove(&row.id) else {
            missing.push(row.id.as_str());
            continue;
        };
        proven += 1;
        found.sort();
        let tests: Vec<String> =
            found.iter().map(|proof| format!("{} (`{}`)", proof.says, proof.place)).collect();
        page.push_str(&format!("| {} | {} | {} |\n", row.id, row.topic, tests.join("<br>")));
    }
    page.push_str(&format!(
        "\n{proven} of {} rows have a test. Without one yet: {}.\n",
        rows.len(),
        missing.join(", ")
    ));
    page
}

/// The rows that a file proves.
fn proofs_in(source: &Source) -> Vec<(String, Proof)> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = scenario(source, &lines);
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = line.trim().strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else {
            continue;
        };
        let above = || lines[..at].iter().rev().map(|line| line.trim());
        let is_test = above()
            .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
            .any(|line| line == "#[test]");
        if !is_test {
            continue;
        }
        let comment = above()
            .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
            .filter_map(|line| line.strip_prefix("///"))
            .map(str::trim);
        let mut says: Vec<&str> = comment.collect();
        says.reverse();
        let besides: Vec<String> = says.iter().flat_map(|line| named(line)).collect();
        says.retain(|line| !line.starts_with(PROVES));
        let says = if says.is_empty() { in_words(name) } else { says.join(" ") };
        let says = says.trim_end_matches('.').replace('|', "\\|");
        let proof = || Proof { place: format!("{}::{name}", source.path), says: says.clone() };
        found.extend(id_of(name).into_iter().chain(besides).map(|id| (id, proof())));
    }
    found
}

/// The rows that oddities of the field are played for.
fn oddities() -> Result<Vec<(String, Proof)>, Failure> {
    let proof = |(id, name, says): (String, String, String)| {
        let (first, rest) = says.split_at(says.chars().next().map_or(0, char::len_utf8));
        let says = format!("{}{rest}", first.to_uppercase()).replace('|', "\\|");
        (id, Proof { place: format!("interop/sipp/oddities.toml::{name}"), says })
    };
    Ok(oddities::proofs()?.into_iter().map(proof).collect())
}

/// The rows that an interop scenario names in its first comment.
fn scenario(source: &Source, lines: &[&str]) -> Vec<(String, Proof)> {
    let head: Vec<&str> = lines.iter().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let says = head.first().unwrap_or(&"").trim_end_matches('.').to_owned();
    let ids = head.iter().flat_map(|line| named(line));
    ids.map(|id| (id, Proof { place: source.path.clone(), says: says.clone() })).collect()
}

/// The rows that a line `Proves: A1, A3.` names.
fn named(line: &str) -> Vec<String> {
    let Some(ids) = line.strip_prefix(PROVES) else { return Vec::new() };
    ids.trim_end_matches('.').split(',').map(|id| id.trim().to_owned()).collect()
}

/// `a7_…` is A7, `req_c09_…` is C-09, `pain_11_…` is pain 11.
fn id_of(name: &str) -> Option<String> {
    let mut words = name.split('_');
    let first = words.next()?;
    let second = words.next()?;
    match first {
        "req" => {
            let (letter, digits) = lettered(second)?;
            matches!(letter, 'C' | 'K' | 'F').then(|| format!("{letter}-{digits:02}"))
        }
        "pain" => Some(format!("pain {}", second.parse::<u16>().ok()?)),
        row => {
            let (letter, digits) = lettered(row)?;
            ('A'..='Q').contains(&letter).then(|| format!("{letter}{digits}"))
        }
    }
}

fn lettered(word: &str) -> Option<(char, u16)> {
    let mut characters = word.chars();
    let letter = characters.next().filter(char::is_ascii_lowercase)?;
    Some((letter.to_ascii_uppercase(), characters.as_str().parse().ok()?))
}

fn in_words(name: &str) -> String {
    name.split('_').skip(1).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_say_which_row() {
        assert_eq!(id_of("a7_moves_on").as_deref(), Some("A7"));
        assert_eq!(id_of("req_c09_cheapest").as_deref(), Some("C-09"));
        assert_eq!(id_of("pain_01_identity").as_deref(), Some("pain 1"));
        assert_eq!(id_of("a_call_is_answered"), None);
        assert_eq!(id_of("sdp_is_kept"), None);
    }

    #[test]
    fn only_tests_count() {
        let text = "/// Two servers.\n#[test]\nfn a5_second() {}\n\nfn a5_helper() {}\n";
        let found = proofs_in(&Source::new("a/tests/b.rs".into(), text.into()));

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.says, "Two servers");
    }

    #[test]
    fn a_test_may_prove_more_than_its_name_says() {
        let text = "/// From home.\n/// Proves: F-50, pain 4.\n#[test]\nfn d3_home() {}\n";
        let found = proofs_in(&Source::new("a/tests/b.rs".into(), text.into()));

        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["D3", "F-50", "pain 4"]);
        assert!(found.iter().all(|(_, proof)| proof.says == "From home"));
    }

    #[test]
    fn a_scenario_names_its_rows() {
        let text = "//! A registrar takes us.\n//!\n//! Proves: A1, A2.\n";
        let found = proofs_in(&Source::new("xtask/src/interop/b.rs".into(), text.into()));

        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["A1", "A2"]);
    }
}
