//! A report for people: columns, and bars as long as the first figure is large.

use std::fmt::Write;

use cli::{Paint, Palette};
use serde_json::Value;

use crate::verbs::when;

const BAR_MAX: u64 = 24;

/// Which table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Points,
    Rows,
}

/// Cells of one line, the name first.
type Cells = Vec<String>;

/// All of it.
pub fn shown(report: &Value, palette: Palette) -> String {
    let mut text = String::new();
    if report["points"].is_null() {
        phones(report, palette, &mut text);
        return text;
    }
    let named = |key: &str| report[key].as_str().map(|name| format!(", {key} {name}"));
    let about: String = ["site", "trunk", "user"].into_iter().filter_map(named).collect();
    let moment = |key: &str| when(report[key].as_i64().unwrap_or_default());
    let (name, by) = (word(&report["report"]), word(&report["by"]));
    let head = format!("{name} by {by}{about}, {} to {}", moment("from"), moment("until"));
    let _ = writeln!(text, "{}", palette.paint(Paint::Strong, head));
    let columns = list(&report["columns"]);
    let mut lines = vec![heads("", columns)];
    lines.extend(list(&report["points"]).iter().map(|point| cells(word(&point["at"]), point, columns)));
    let bars = bars(report, "points", leading(report));
    lines.push(cells("total", &report["total"], columns));
    laid_out(&lines, &bars, palette, &mut text);
    if !list(&report["rows"]).is_empty() {
        text.push('\n');
        rows(report, palette, &mut text);
    }
    for note in list(&report["notes"]) {
        let _ = writeln!(text, "{}", palette.paint(Paint::Quiet, word(note)));
    }
    if let Some(unreadable @ 1..) = report["unreadable"].as_u64() {
        let _ = writeln!(text, "{unreadable} lines are no records");
    }
    text
}

fn rows(report: &Value, palette: Palette, text: &mut String) {
    let columns = list(&report["row_columns"]);
    let mut lines = vec![heads(word(&report["row_of"]), columns)];
    let has_users = report["rows"][0]["users"].is_u64();
    if has_users {
        lines[0].extend(["users", "for example", "which means"].map(str::to_owned));
    }
    for row in list(&report["rows"]) {
        let mut line = cells(word(&row["name"]), row, columns);
        if has_users {
            let text = |key: &str| word(&row[key]).to_owned();
            line.extend([row["users"].to_string(), text("example"), text("words")]);
        }
        lines.push(line);
    }
    let first = columns.first().map_or("", |column| word(&column["name"]));
    laid_out(&lines, &bars(report, "rows", first), palette, text);
}

fn phones(report: &Value, palette: Palette, text: &mut String) {
    let head = format!("{} phones of {} users", report["phones"], report["users"]);
    let _ = writeln!(text, "{}", palette.paint(Paint::Strong, head));
    let mut lines = vec![["make", "transport", "phones", "users"].map(str::to_owned).to_vec()];
    for row in list(&report["rows"]) {
        let text = |key: &str| word(&row[key]).to_owned();
        lines.push(vec![
            text("make"),
            text("transport"),
            row["phones"].to_string(),
            row["users"].to_string(),
        ]);
    }
    laid_out(&lines, &bars(report, "rows", "phones"), palette, text);
}

/// With commas, for a table of others.
pub fn with_commas(report: &Value, part: Part) -> String {
    let mut text = String::new();
    let names = |columns: &Value| -> Vec<String> {
        list(columns).iter().map(|column| word(&column["name"]).to_owned()).collect()
    };
    let is_of_phones = report["points"].is_null();
    let (lines, keys) = match part {
        Part::Rows if is_of_phones => {
            (&report["rows"], ["make", "transport", "phones", "users"].map(str::to_owned).to_vec())
        }
        Part::Points => {
            let mut keys = vec!["at".to_owned(), "began".to_owned()];
            keys.extend(names(&report["columns"]));
            (&report["points"], keys)
        }
        Part::Rows => {
            let mut keys = vec!["name".to_owned()];
            keys.extend(names(&report["row_columns"]));
            if report["row_of"] == "code" {
                keys.extend(["users", "example", "words"].map(str::to_owned));
            }
            (&report["rows"], keys)
        }
    };
    let _ = writeln!(text, "{}", keys.join(","));
    for line in list(lines) {
        let cells: Vec<String> = keys.iter().map(|key| with_quotes(&line[key.as_str()])).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// As RFC 4180 wants it; and no cell begins a formula.
fn with_quotes(cell: &Value) -> String {
    let Some(text) = cell.as_str() else {
        return if cell.is_null() { String::new() } else { cell.to_string() };
    };
    let text = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// The column that bars are of: what the report is about.
fn leading(report: &Value) -> &str {
    match word(&report["report"]) {
        "failures" => "failures",
        "meetings" => "held",
        "trunks" => "tried",
        "teams" => "offered",
        _ => "calls",
    }
}

fn bars(report: &Value, lines: &str, column: &str) -> Vec<String> {
    let figures: Vec<u64> =
        list(&report[lines]).iter().map(|line| line[column].as_u64().unwrap_or(0)).collect();
    let most = figures.iter().copied().max().unwrap_or(0).max(1);
    let bar = |figure: u64| "█".repeat((figure.saturating_mul(BAR_MAX)).div_ceil(most) as usize);
    figures.into_iter().map(bar).collect()
}

fn heads(first: &str, columns: &[Value]) -> Cells {
    let heads = columns.iter().map(|column| word(&column["head"]).to_owned());
    std::iter::once(first.to_owned()).chain(heads).collect()
}

fn cells(name: &str, line: &Value, columns: &[Value]) -> Cells {
    let cell = |column: &Value| {
        let figure = line[word(&column["name"])].as_u64().unwrap_or(0);
        if column["unit"] == "milliseconds" { clock(figure) } else { figure.to_string() }
    };
    std::iter::once(name.to_owned()).chain(columns.iter().map(cell)).collect()
}

/// Hours, minutes and seconds.
fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Names and words to the left, figures to the right; behind each line its bar.
fn laid_out(lines: &[Cells], bars: &[String], palette: Palette, text: &mut String) {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let is_figure = |cell: &str| cell.starts_with(|letter: char| letter.is_ascii_digit());
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (at, line) in lines.iter().enumerate() {
        let mut shown = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let of_figures = lines.get(1).and_then(|line| line.get(column)).is_some_and(|one| is_figure(one));
            let _ = match column > 0 && of_figures {
                true => write!(shown, "{cell:>width$}  "),
                false => write!(shown, "{cell:width$}  "),
            };
        }
        let bar = at.checked_sub(1).and_then(|at| bars.get(at)).map_or("", String::as_str);
        let paint = if at == 0 { Paint::Quiet } else { Paint::Note };
        let shown =
            if at == 0 { palette.paint(paint, shown.trim_end().to_owned()).to_string() } else { shown };
        let _ = writeln!(text, "{}", format!("{shown}{}", palette.paint(Paint::Note, bar)).trim_end());
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
