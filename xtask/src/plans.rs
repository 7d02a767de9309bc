//! Makes `core/policy/data/plans.txt`, the numbering plans of the world, out of libphonenumber's metadata.
//!
//! Start at [`write`]. `territory` reads the two XML files, `language` turns their expressions into machines,
//! `beginnings` turns machines into beginnings and lengths that a person can read.

mod beginnings;
mod language;
mod territory;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::plans::beginnings::{Beginnings, PLACES, PREFIX_PLACES};
use crate::plans::territory::Territory;
use crate::step::{Failure, root};

const HEADER: &str = "\
# Numbering plans, by country. Written by `cargo xtask plans DIR`; what is wrong is mended in by-hand.txt.
# Derived from libphonenumber's PhoneNumberMetadata.xml and ShortNumberMetadata.xml, which are
# copyright The Libphonenumber Authors, under the Apache License 2.0.
# A beginning is digits, x (any digit) and [2-9]; after the slash stand the lengths of the whole number.
";

/// Kinds of numbers, the one that wins first: the element of the metadata, and our word.
const KINDS: [(&str, &str); 10] = [
    ("premiumRate", "premium"),
    ("tollFree", "toll-free"),
    ("sharedCost", "shared-cost"),
    ("voip", "internet"),
    ("personalNumber", "personal"),
    ("pager", "pager"),
    ("uan", "corporate"),
    ("voicemail", "corporate"),
    ("fixedLine", "fixed"),
    ("mobile", "mobile"),
];

/// Kinds of short numbers; texts for machines are none.
const SHORT: [(&str, &str); 5] = [
    ("smsServices", ""),
    ("carrierSpecific", ""),
    ("premiumRate", "short-premium"),
    ("tollFree", "short-free"),
    ("shortCode", "short"),
];

/// Reads the metadata in a folder and writes the plans.
pub fn write(folder: &Path) -> Result<(), Failure> {
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).map_err(|error| {
            Failure::new(format!("{name}: {error}"), "name a folder that holds libphonenumber's resources")
        })
    };
    let long = territory::all_in(&read("PhoneNumberMetadata.xml")?);
    let short = territory::all_in(&read("ShortNumberMetadata.xml")?);
    let short: BTreeMap<&str, &Territory> = short.iter().map(|one| (one.attribute("id"), one)).collect();
    let mut text = HEADER.to_owned();
    for territory in &long {
        plan(&mut text, territory, short.get(territory.attribute("id")).copied());
    }
    let path = root().join("core/policy/data/plans.txt");
    fs::write(&path, text).map_err(|error| Failure::new(error.to_string(), "is the folder there?"))?;
    println!("{} written: {} plans", path.display(), long.len());
    Ok(())
}

fn plan(text: &mut String, territory: &Territory, short: Option<&Territory>) {
    let code = territory.attribute("countryCode");
    let id = territory.attribute("id");
    line(text, "\n=", if id == "001" { code } else { id });
    line(text, "code", code);
    if territory.attribute("mainCountryForCode") == "true" {
        line(text, "main", "yes");
    }
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let international = territory.attribute("internationalPrefix");
    let preferred = territory.attribute("preferredInternationalPrefix").replace('~', "");
    let mut prefixes = if preferred.is_empty() { String::new() } else { format!("{preferred} ") };
    if is_plain(international) {
        prefixes = international.to_owned();
    } else {
        prefixes.push_str(&Beginnings::of(&[international.to_owned()], PREFIX_PLACES).of_kind(0));
    }
    line(text, "international", &prefixes);
    line(text, "national", territory.attribute("nationalPrefix"));
    let area = territory.attribute("nationalPrefixTransformRule").strip_suffix("$1").unwrap_or_default();
    if is_plain(area) && territory.attribute("nationalPrefixForParsing").contains("})$") {
        line(text, "area", area);
    }
    let leading = territory.attribute("leadingDigits");
    if !leading.is_empty() {
        line(text, "leading", &Beginnings::of(&[leading.to_owned()], PREFIX_PLACES).of_kind(0));
    }
    if let Some(short) = short {
        line(text, "emergency", &Beginnings::of(&[short.pattern("emergency")], PREFIX_PLACES).of_kind(0));
        kinds(text, short, &SHORT);
    }
    let beginnings = kinds(text, territory, &KINDS);
    line(text, "lengths", &beginnings.lengths());
}

fn kinds(text: &mut String, territory: &Territory, kinds: &[(&str, &str)]) -> Beginnings {
    let patterns: Vec<String> = kinds.iter().map(|(element, _)| territory.pattern(element)).collect();
    let beginnings = Beginnings::of(&patterns, PLACES);
    let mut rows: Vec<(&str, String)> = Vec::new();
    for (index, (_, word)) in kinds.iter().enumerate().filter(|(_, (_, word))| !word.is_empty()) {
        let says = beginnings.of_kind(index);
        match rows.iter_mut().find(|(known, _)| known == word) {
            Some((_, known)) => *known = format!("{known} {says}"),
            None => rows.push((word, says)),
        }
    }
    rows.iter().for_each(|(word, says)| line(text, word, says));
    beginnings
}

fn line(text: &mut String, word: &str, says: &str) {
    if !says.trim().is_empty() {
        writeln!(text, "{word} {}", says.trim()).expect("a String takes what is written");
    }
}
