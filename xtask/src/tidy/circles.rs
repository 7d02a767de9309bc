//! No circle between the files of a crate: if two files need each other, they are one concern or three.
//!
//! An edge is a path that begins with `crate::` or `super::`. Three kinds of edges do not count: those of
//! the maps (`lib.rs`, `main.rs`; what they re-export is followed to its file); those between a file and the
//! folder of its name, which are one concern in several files; and that of a file which adds verbs to a type
//! of another file (`impl Call` in `cancel.rs`) to that file.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::house::{Crate, House};
use super::source::{Source, is_name_char, words_at};

/// A module by its path from the crate's root: `["steps", "screen"]`.
type Module = Vec<String>;

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for owner in &house.crates {
        for circle in circles_of(house, owner) {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            out.push(Finding {
                path: format!("{}/src/{}.rs", owner.folder, circle[0].join("/")),
                line: 1,
                what: format!("a circle of files: {} -> {}", names.join(" -> "), names[0]),
                cure: "move what both need into a file below them, or make them one".into(),
            });
        }
    }
}

fn circles_of(house: &House, owner: &Crate) -> Vec<Vec<Module>> {
    let files: BTreeMap<Module, &Source> =
        house.sources_of(owner).filter_map(|source| Some((module_of(owner, source)?, source))).collect();
    let exports = files.get(&Vec::new()).map(|map| exports_of(map.product_text())).unwrap_or_default();
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, source) in files.iter().filter(|(module, _)| !module.is_empty()) {
        let given_verbs = types_given_verbs(source.product_text());
        for path in paths_in(module, source.product_text()) {
            let Some(used) = file_of(&files, &exports, &path) else { continue };
            let gives_verbs = path.last().is_some_and(|name| given_verbs.contains(&name.as_str()));
            if !used.is_empty() && !gives_verbs && !is_family(used, module) {
                edges.entry(module).or_default().insert(used);
            }
        }
    }
    find_circles(&edges)
}

/// The types with an `impl` of their own in a file: `impl Call {`, not `impl Display for Call {`.
fn types_given_verbs(code: &str) -> Vec<&str> {
    let heads = code.lines().filter_map(|line| line.strip_prefix("impl")?.strip_suffix('{'));
    let own = heads.filter(|head| !head.contains(" for "));
    own.filter_map(|head| {
        let after_generics =
            head.trim_start().strip_prefix('<').map_or(Some(head), |rest| Some(rest.split_once("> ")?.1))?;
        after_generics.trim().split(['<', ' ']).next()
    })
    .collect()
}

/// One is the other's parent.
fn is_family(a: &Module, b: &Module) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

fn module_of(owner: &Crate, source: &Source) -> Option<Module> {
    let path = source.path.strip_prefix(&owner.folder)?.strip_prefix("/src/")?.strip_suffix(".rs")?;
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        parts.pop();
    }
    Some(parts)
}

/// What the map re-exports: name -> path.
fn exports_of(code: &str) -> BTreeMap<String, Module> {
    let mut exports = BTreeMap::new();
    for at in words_at(code, "pub use") {
        let tree = code[at + 7..].split(';').next().unwrap_or_default();
        for path in flatten(tree) {
            if let Some(name) = path.last() {
                exports.insert(name.clone(), path.clone());
            }
        }
    }
    exports
}

/// Every path of a file that begins at the crate's root or above, made absolute.
fn paths_in(module: &Module, code: &str) -> Vec<Module> {
    let mut paths = Vec::new();
    for (start, up) in [("crate::", None), ("super::", Some(1))] {
        for at in words_at(code, start) {
            if code[..at].ends_with("::") {
                continue;
            }
            let mut rest = &code[at + start.len()..];
            let mut up = up;
            while let Some(further) = rest.strip_prefix("super::") {
                (rest, up) = (further, up.map(|up: usize| up + 1));
            }
            let base = up.map_or(&[][..], |up| &module[..module.len().saturating_sub(up)]);
            for path in flatten(tree_at(rest)) {
                paths.push(base.iter().cloned().chain(path).collect());
            }
        }
    }
    paths
}

/// The `a::{b, c::d}` that a text begins with.
fn tree_at(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' if depth > 0 || text[..at].ends_with("::") => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return &text[..=at];
                }
            }
            _ if depth > 0 || is_name_char(c) || c == ':' => {}
            _ => return &text[..at],
        }
    }
    text
}

/// The single paths of a use tree.
fn flatten(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some(brace) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![
            path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
        ];
    };
    let base: Module =
        tree[..brace].split("::").map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect();
    let inside = tree[brace + 1..].strip_suffix('}').unwrap_or(&tree[brace + 1..]);
    let mut paths = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                for rest in flatten(&inside[start..at]) {
                    paths.push(base.iter().cloned().chain(rest).collect());
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The file that a path leads into.
fn file_of<'a>(
    files: &'a BTreeMap<Module, &Source>,
    exports: &BTreeMap<String, Module>,
    path: &Module,
) -> Option<&'a Module> {
    let followed = match path.first().and_then(|first| exports.get(first)) {
        Some(exported) if !files.contains_key(&path[..1].to_vec()) => exported,
        _ => path,
    };
    (0..=followed.len())
        .rev()
        .find_map(|length| files.get_key_value(&followed[..length].to_vec()))
        .map(|(module, _)| module)
}

/// One circle for each file that can reach itself and is not part of a circle already found.
fn find_circles(edges: &BTreeMap<&Module, BTreeSet<&Module>>) -> Vec<Vec<Module>> {
    let mut found: Vec<Vec<Module>> = Vec::new();
    for start in edges.keys() {
        if found.iter().any(|circle| circle.contains(start)) {
            continue;
        }
        if let Some(circle) = way_back(edges, start) {
            found.push(circle.into_iter().cloned().collect());
        }
    }
    found
}

/// The shortest way from a file back to itself.
fn way_back<'a>(
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    start: &'a Module,
) -> Option<Vec<&'a Module>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = *way.last()?;
            for next in edges.get(last).into_iter().flatten() {
                if *next == start {
                    return Some(way);
                }
                if seen.insert(*next) {
                    longer.push(way.iter().copied().chain([*next]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}
