//! The rules of the house that neither the compiler nor clippy keeps. Each finding names its cure.
//!
//! A rule is a function that reads the [`House`] and notes [`Finding`]s. To add one: a file below `tidy/`, a
//! line in [`RULES`], and a case in `tests/the_rules_bite.rs`.

mod circles;
mod codes;
mod dead;
mod figures;
mod floors;
mod house;
mod layout;
mod names;
mod pages;
mod purity;
mod source;
mod unsafety;

use std::fmt;
use std::path::Path;

use crate::step::Failure;
pub use house::House;
pub use source::Source;

/// One place where a rule is broken.
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub what: String,
    pub cure: String,
}

type Rule = fn(&House, &mut Vec<Finding>);

const RULES: &[(&str, Rule)] = &[
    ("layout", layout::check),
    ("names", names::check),
    ("purity", purity::check),
    ("unsafety", unsafety::check),
    ("floors", floors::check),
    ("circles", circles::check),
    ("dead files", dead::check),
    ("pages", pages::check),
    ("figures and links", figures::check),
    ("codes", codes::check),
];

/// Reads the tree below `root` and applies every rule.
pub fn run(root: &Path) -> Result<(), Failure> {
    let house = House::read(root).map_err(|error| {
        Failure::new(format!("cannot read the tree: {error}"), "run it in the repository")
    })?;
    let mut findings = Vec::new();
    for (_, rule) in RULES {
        rule(&house, &mut findings);
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!(
            "tidy: {} files, {} crates, {} rules, nothing to say",
            house.sources.len(),
            house.crates.len(),
            RULES.len()
        );
        return Ok(());
    }
    Err(Failure::new(format!("tidy: {} findings", findings.len()), "each line above says how to mend it"))
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}\n    cure: {}", self.path, self.line, self.what, self.cure)
    }
}
