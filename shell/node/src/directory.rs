//! The configuration directory: its files, its secrets, and the policy they compile to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use model::{Documents, Problem, SecretRef, Secrets, SourceFile};
use policy::Policy;

/// A directory that was read and found good.
pub struct Loaded {
    pub documents: Documents,
    pub policy: Policy,
}

/// Reads and compiles a directory. The inner error is everything that is wrong with what stands there.
pub fn load(directory: &Path, older: Option<&Policy>) -> Result<Result<Loaded, Vec<Problem>>> {
    let files = read(directory)?;
    Ok(compile(&files, directory, older))
}

/// Compiles texts; files of secrets are looked for from `base`.
pub fn compile(files: &[SourceFile], base: &Path, older: Option<&Policy>) -> Result<Loaded, Vec<Problem>> {
    let mut documents = model::load(files)?;
    documents.lists = lists_of(&documents, base);
    let secrets = secrets_of(&documents, base);
    let policy = match older {
        Some(older) => policy::compile_after(older, &documents, &secrets)?,
        None => policy::compile(&documents, &secrets)?,
    };
    // A list of a million prices is in the policy now, in a tenth of the room.
    documents.lists.clear();
    Ok(Loaded { documents, policy })
}

/// Tells what stands in a directory from what stood there.
pub fn digest(files: &[SourceFile]) -> String {
    store::digest(texts(files))
}

/// Names and texts of files.
pub fn texts(files: &[SourceFile]) -> Vec<(&str, &str)> {
    files.iter().map(|file| (&*file.name, &*file.text)).collect()
}

/// Every *.toml and *.plans below a directory, in order of their names.
pub fn read(directory: &Path) -> Result<Vec<SourceFile>> {
    let mut paths = Vec::new();
    collect(directory, &mut paths)?;
    paths.sort();
    anyhow::ensure!(!paths.is_empty(), "{}: there is no *.toml in it", directory.display());
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
        Ok(SourceFile::new(name, text))
    };
    paths.into_iter().map(read).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry.with_context(|| directory.display().to_string())?;
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if path.is_dir() && store::holds_revisions(&path) {
            continue;
        } else if path.is_dir() && !is_hidden {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|end| end == "toml" || end == "plans") && !is_hidden {
            paths.push(path);
        }
    }
    Ok(())
}

/// Reads the price lists. A file that cannot be read is left out: the compiler says where it is missed.
fn lists_of(documents: &Documents, base: &Path) -> BTreeMap<Arc<str>, Arc<str>> {
    let files = documents.deck.values().map(|deck| deck.file.as_str());
    let read = |file: &str| Some((file.into(), fs::read_to_string(base.join(file)).ok()?.into()));
    files.filter_map(read).collect()
}

/// Reads what the documents refer to. What has no value is left out: the compiler says where it is missed.
fn secrets_of(documents: &Documents, base: &Path) -> Secrets {
    let mut secrets = Secrets::new();
    for place in documents.secret_refs() {
        let value = match place {
            SecretRef::Env(name) => std::env::var(name).ok(),
            SecretRef::File(path) => fs::read_to_string(base.join(path)).ok(),
            SecretRef::Plain(_) => None,
        };
        if let Some(value) = value {
            secrets.insert(place.clone(), value.trim_end_matches(['\r', '\n']).to_owned());
        }
    }
    secrets
}
