//! The pages that must keep up with the tree.

use std::fs;

use super::Finding;
use super::house::House;
use super::source::words_at;

const MAP: &str = "docs/ARCHITECTURE.md";
const EXPECTED: [&str; 5] = ["README.md", "CHANGELOG.md", "LICENSE", "docs/GLOSSARY.md", "docs/STYLE.md"];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    let map = fs::read_to_string(house.root.join(MAP)).unwrap_or_default();
    for owner in &house.crates {
        let folder_name = owner.folder.rsplit('/').next().unwrap_or_default();
        if words_at(&map, folder_name).next().is_none() {
            out.push(Finding {
                path: MAP.into(),
                line: 1,
                what: format!("{} is not on the map", owner.folder),
                cure: "say in one line of the tree what it is for".into(),
            });
        }
    }
    for path in EXPECTED.iter().filter(|path| !house.root.join(path).is_file()) {
        out.push(Finding {
            path: (*path).into(),
            line: 1,
            what: "this page is missing".into(),
            cure: "write it".into(),
        });
    }
}
