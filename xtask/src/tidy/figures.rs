//! What the first page says of speed is what was measured, and its links lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Finding;
use super::house::House;

const FIRST: &str = "README.md";
const MEASURED: &str = "docs/PERFORMANCE.md";

pub fn check(house: &House, out: &mut Vec<Finding>) {
    let read = |page: &str| fs::read_to_string(house.root.join(page)).unwrap_or_default();
    let measured = read(MEASURED);
    let known: BTreeSet<&str> = measured.lines().flat_map(numbers).collect();
    for (line, row) in rows_of_figures(&read(FIRST)) {
        let cells = row.split('|').skip(2).flat_map(numbers);
        for number in cells.filter(|number| !known.contains(number)) {
            out.push(Finding {
                path: FIRST.into(),
                line,
                what: format!("the figure {number} does not stand in {MEASURED}"),
                cure: "copy the measured figure to the letter".into(),
            });
        }
    }
    for page in pages(house) {
        links(house, &page, &read(&page), out);
    }
}

/// The lines of tables below the heading of the figures, counted from 1.
fn rows_of_figures(text: &str) -> Vec<(usize, String)> {
    let lines = (1..).zip(text.lines()).skip_while(|(_, line)| *line != "## Figures").skip(1);
    let section = lines.take_while(|(_, line)| !line.starts_with("## "));
    section.filter(|(_, line)| line.starts_with('|')).map(|(at, line)| (at, line.to_owned())).collect()
}

/// Numbers as they are written: 0.439, 5,350.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','));
    let trimmed = parts.map(|part| part.trim_matches(['.', ',']));
    trimmed.filter(|part| part.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// The first page, and everything below docs.
fn pages(house: &House) -> Vec<String> {
    let mut pages = vec![FIRST.to_owned()];
    for folder in ["docs", "docs/how-to", "docs/decisions"] {
        let entries = fs::read_dir(house.root.join(folder)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        pages.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    pages.sort();
    pages
}

fn links(house: &House, page: &str, text: &str, out: &mut Vec<Finding>) {
    let folder = house.root.join(Path::new(page).parent().unwrap_or(Path::new("")));
    for (line, words) in (1..).zip(text.lines()) {
        let targets = words.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let files = targets.map(|target| target.split('#').next().unwrap_or_default());
        let inside = files.filter(|file| !file.is_empty() && !file.contains("://"));
        for file in inside.filter(|file| !folder.join(file).exists()) {
            out.push(Finding {
                path: page.into(),
                line,
                what: format!("the link to {file} leads nowhere"),
                cure: "name a page that is there".into(),
            });
        }
    }
}
