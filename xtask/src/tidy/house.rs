//! The tree as the rules see it: crates with their manifests, sources, pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::source::Source;

/// The folders that hold crates, in the order of the floors.
pub const GROUPS: [&str; 4] = ["words", "core", "shell", "sim"];

pub struct House {
    pub root: PathBuf,
    pub crates: Vec<Crate>,
    pub sources: Vec<Source>,
}

/// One crate of ours.
pub struct Crate {
    /// The name of its package.
    pub name: String,
    /// `words`, `core`, `shell`, `sim`, or empty for `xtask`.
    pub group: String,
    /// Relative to the root: `core/call`.
    pub folder: String,
    pub manifest: toml::Table,
}

impl House {
    pub fn read(root: &Path) -> io::Result<House> {
        let mut house = House { root: root.to_path_buf(), crates: Vec::new(), sources: Vec::new() };
        for group in GROUPS {
            for folder in folders_in(&root.join(group))? {
                house.add_crate(group, &folder)?;
            }
        }
        house.add_crate("", &root.join("xtask"))?;
        Ok(house)
    }

    pub fn sources_of<'a>(&'a self, owner: &'a Crate) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(|source| {
            source.path.strip_prefix(&owner.folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    fn add_crate(&mut self, group: &str, folder: &Path) -> io::Result<()> {
        let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else { return Ok(()) };
        let manifest: toml::Table = text
            .parse()
            .map_err(|error| io::Error::other(format!("{}/Cargo.toml: {error}", folder.display())))?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(|name| name.as_str())
            .unwrap_or_default()
            .to_owned();
        self.crates.push(Crate { name, group: group.to_owned(), folder: self.relative(folder), manifest });
        self.add_sources(folder)
    }

    fn add_sources(&mut self, folder: &Path) -> io::Result<()> {
        for entry in sorted(folder)? {
            if entry.is_dir() && !entry.ends_with("target") {
                self.add_sources(&entry)?;
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&entry)?;
                self.sources.push(Source::new(self.relative(&entry), text));
            }
        }
        Ok(())
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

impl Crate {
    /// The names of the crates it uses, whatever for.
    pub fn uses(&self) -> impl Iterator<Item = &str> {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(|section| self.manifest.get(section)?.as_table())
            .flat_map(|table| table.keys().map(String::as_str))
    }
}

fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Ok(sorted(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
