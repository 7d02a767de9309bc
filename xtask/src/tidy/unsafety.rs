//! `unsafe` only where packets meet the kernel, and never without its reason.

use super::Finding;
use super::house::House;
use super::source::{Source, words_at};

const ALLOWED: [&str; 2] = ["shell/switch-io/", "shell/media-io/"];
/// A reason stands within this many lines above.
const REASON_WITHIN: usize = 6;

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for source in &house.sources {
        let is_allowed = ALLOWED.iter().any(|folder| source.path.starts_with(folder));
        for at in words_at(&source.code, "unsafe") {
            let line = source.line_of(at);
            if !is_allowed {
                out.push(Finding {
                    path: source.path.clone(),
                    line,
                    what: "unsafe outside shell/switch-io and shell/media-io".into(),
                    cure: "use a safe crate, or move it behind a safe face into one of the two".into(),
                });
            } else if !has_reason(source, line) {
                out.push(Finding {
                    path: source.path.clone(),
                    line,
                    what: "unsafe without a reason".into(),
                    cure: "say above it, after `SAFETY:`, why it holds".into(),
                });
            }
        }
    }
}

fn has_reason(source: &Source, line: usize) -> bool {
    let first = line.saturating_sub(REASON_WITHIN + 1);
    source
        .text
        .lines()
        .skip(first)
        .take(line - first)
        .any(|line| line.contains("SAFETY") || line.contains("# Safety"))
}
