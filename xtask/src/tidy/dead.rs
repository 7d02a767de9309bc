//! No dead file: the compiler does not see a file that no `mod` line names, so nobody would notice it rot.

use super::Finding;
use super::house::{Crate, House};
use super::source::{Source, words_at};

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for owner in &house.crates {
        for source in house.sources_of(owner) {
            let Some(parents) = parents_of(owner, source) else { continue };
            let Some(name) = name_of(source) else { continue };
            let declaration = format!("mod {name}");
            let is_named = house
                .sources_of(owner)
                .filter(|other| parents.contains(&other.path))
                .any(|other| words_at(&other.code, &declaration).next().is_some());
            if !is_named {
                out.push(Finding {
                    path: source.path.clone(),
                    line: 1,
                    what: "no `mod` line names this file".into(),
                    cure: format!("add `mod {name};` to its parent, or remove the file"),
                });
            }
        }
    }
}

fn name_of(source: &Source) -> Option<&str> {
    let stem = source.path.strip_suffix(".rs")?;
    stem.strip_suffix("/mod").unwrap_or(stem).rsplit('/').next()
}

/// The files that may declare it; `None` for a root.
fn parents_of(owner: &Crate, source: &Source) -> Option<Vec<String>> {
    let inner = source.path.strip_prefix(&owner.folder)?.strip_prefix("/src/")?;
    let is_root = matches!(inner, "lib.rs" | "main.rs") || inner.starts_with("bin/");
    if is_root {
        return None;
    }
    let stem = source.path.strip_suffix(".rs")?;
    let (folder, _) = stem.strip_suffix("/mod").unwrap_or(stem).rsplit_once('/')?;
    Some(if folder == format!("{}/src", owner.folder) {
        vec![format!("{folder}/lib.rs"), format!("{folder}/main.rs")]
    } else {
        vec![format!("{folder}.rs"), format!("{folder}/mod.rs")]
    })
}
