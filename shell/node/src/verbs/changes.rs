//! Changes and plans, in words.

use cli::{Paint, Palette};
use serde_json::Value;

/// A plan, for a person.
pub fn plan_in_words(plan: &Value, palette: Palette) -> String {
    let on = plan["base"].as_u64().map_or("nothing".to_owned(), |base| format!("revision {base}"));
    let mut lines = vec![format!("Plan     {} on {on}", plan["directory"].as_str().unwrap_or_default())];
    for problem in list(&plan["problems"]).chain(list(&plan["warnings"])) {
        lines.push(problem_line(problem, palette));
    }
    if list(&plan["problems"]).next().is_none() {
        let changes = changes_in_words(&plan["changes"], palette);
        match plan["base"].is_null() {
            true => lines.push("  the first revision".to_owned()),
            false if changes.is_empty() => lines.push("  nothing changes".to_owned()),
            false => {}
        }
        lines.extend(changes);
        section(&mut lines, "Effects", &plan["effects"]);
        section(&mut lines, "Restart", &plan["restart"]);
        lines.extend(tests_in_words(&plan["tests"], palette));
    }
    lines.join("\n")
}

/// Objects that change, each with its keys below it; then decks, each with the prices that change most.
pub fn changes_in_words(changes: &Value, palette: Palette) -> Vec<String> {
    let mut lines = objects_in_words(changes, palette);
    list(&changes["decks"]).for_each(|deck| lines.extend(deck_in_words(deck, palette)));
    for name in list(&changes["sounds"]).filter_map(Value::as_str) {
        lines.push(format!("  {} sound {name}", palette.paint(Paint::Note, "~")));
    }
    lines
}

fn objects_in_words(changes: &Value, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    for change in list(&changes["listed"]) {
        let (mark, paint) = match word(change, "what") {
            "added" => ("+", Paint::Good),
            "removed" => ("-", Paint::Bad),
            _ => ("~", Paint::Note),
        };
        let name = match (word(change, "kind"), word(change, "name")) {
            (kind, name) if kind == name => kind.to_owned(),
            (kind, name) => format!("{kind} {name}"),
        };
        let mark = palette.paint(paint, mark);
        let at = palette.paint(Paint::Quiet, word(change, "at"));
        lines.push(format!("  {mark} {name:40} {at}"));
        for key in list(&change["keys"]) {
            let value = |which: &str| key[which].as_str().unwrap_or("nothing").to_owned();
            lines.push(match (key.get("was"), key.get("is")) {
                (None, None) => format!("      {} changes", word(key, "key")),
                _ => format!("      {}  {} → {}", word(key, "key"), value("was"), value("is")),
            });
        }
    }
    if let Some(more @ 1..) = changes["left_out"].as_u64() {
        lines.push(format!("  and {more} more"));
    }
    lines
}

fn deck_in_words(deck: &Value, palette: Palette) -> Vec<String> {
    let counts = ["changed", "added", "gone"].map(|what| (what, deck[what].as_u64().unwrap_or_default()));
    let mut parts: Vec<_> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| (grouped(*count), *what)).collect();
    if let Some((count, _)) = parts.first_mut() {
        let unit = if count == "1" { " prefix" } else { " prefixes" };
        count.push_str(unit);
    }
    let parts: Vec<_> = parts.into_iter().map(|(count, what)| format!("{count} {what}")).collect();
    let largest: Vec<_> = list(&deck["largest"]).collect();
    let said = match (parts.is_empty(), largest.is_empty()) {
        (true, _) => "the list is another, and every price is as it was".to_owned(),
        (false, true) => parts.join(", "),
        (false, false) => format!("{}; the largest changes:", parts.join(", ")),
    };
    let mut lines =
        vec![format!("  {} deck {}: {said}", palette.paint(Paint::Note, "~"), word(deck, "deck"))];
    for price in largest {
        let from = price["from"].as_str().map(|day| format!("from {day}  ")).unwrap_or_default();
        let (prefix, was, is, name) =
            (word(price, "prefix"), word(price, "was"), word(price, "is"), word(price, "name"));
        lines.push(format!("      {prefix:16} {was} → {is}  {from}{name}").trim_end().to_owned());
    }
    lines
}

/// A count, with commas between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn tests_in_words(tests: &Value, palette: Palette) -> Vec<String> {
    let failed: Vec<_> = list(&tests["failed"]).collect();
    let passed = &tests["passed"];
    if failed.is_empty() {
        return vec![format!("Tests    {} {passed} passed", palette.paint(Paint::Good, "✔"))];
    }
    let count = failed.len();
    let mut lines =
        vec![format!("Tests    {} {count} failed, {passed} passed", palette.paint(Paint::Bad, "✘"))];
    for test in failed {
        lines.push(format!("  {}  {}", word(test, "name"), word(test, "location")));
        lines.extend(list(&test["failures"]).filter_map(Value::as_str).map(|words| format!("    {words}")));
    }
    lines
}

fn problem_line(problem: &Value, palette: Palette) -> String {
    let is_warning = problem["severity"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("warning"));
    let (word_of, paint) = if is_warning { ("warning", Paint::Note) } else { ("error", Paint::Bad) };
    let place = format!("{}:{}:{}", word(problem, "file"), problem["line"], problem["column"]);
    let cure = problem["suggestion"].as_str().map(|cure| format!("; {cure}")).unwrap_or_default();
    let kind = palette.paint(paint, format!("{word_of}[{}]", word(problem, "code")));
    format!("  {kind} {place}: {}{cure}", word(problem, "message"))
}

fn section(lines: &mut Vec<String>, title: &str, of: &Value) {
    for (index, words) in list(of).filter_map(Value::as_str).enumerate() {
        let title = if index == 0 { title } else { "" };
        lines.push(format!("{title:8} {words}"));
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
