//! The configuration directory: its files, its price lists, its secrets, and the policy they compile to.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use model::{Documents, Problem, SecretRef, Secrets, SourceFile};
use policy::Policy;
use store::{Content, List};

/// Where documents are written that come from a directory of people.
pub const BY_DIRECTORY: &str = "by-directory";

/// Whose folder is read for a house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Its own, where it writes what comes from directories of people.
    Own,
    Another,
}

/// A directory that was read and found good.
pub struct Loaded {
    pub documents: Documents,
    pub policy: Policy,
}

/// What somebody wrote: documents, and the price lists that they name.
pub struct Written {
    files: Vec<SourceFile>,
    lists: Vec<List>,
    /// Taken apart already, to learn which lists they name.
    documents: Option<Result<Documents, Vec<Problem>>>,
    digest: OnceCell<String>,
    /// A file of passwords that is not on the disk yet, and what it will hold.
    secrets: Option<(String, String)>,
}

impl Written {
    pub fn new(files: Vec<SourceFile>, lists: Vec<List>) -> Written {
        Written { files, lists, documents: None, digest: OnceCell::new(), secrets: None }
    }

    /// What is in force with another document in it: its lists are those in force, and new ones are read.
    pub fn with_lists(files: Vec<SourceFile>, kept: Vec<List>, directory: &Path) -> Written {
        let documents = model::load(&files);
        let lists = documents.as_ref().map(|documents| known_or_read(documents, kept, directory));
        let lists = lists.unwrap_or_default();
        Written { documents: Some(documents), ..Written::new(files, lists) }
    }

    /// The same beside a file of passwords that is about to be written.
    pub fn with_secrets(self, file: &str, text: &str) -> Written {
        Written { secrets: Some((file.to_owned(), text.to_owned())), ..self }
    }

    /// Reads a directory. Files that were taken apart before need not be again to know which lists they name.
    pub fn read(directory: &Path, known: &[&Documents]) -> Result<Written> {
        Ok(Written::of(read(directory)?, directory, known))
    }

    /// Reads a folder for a house, to which users of directories belong: as long as the folder names their
    /// directory they stay as they are in force.
    pub fn read_for_house(
        directory: &Path,
        folder: Folder,
        known: &[&Documents],
        in_force: impl FnOnce() -> Vec<SourceFile>,
    ) -> Result<Written> {
        let mut files = read(directory)?;
        keep_people(&mut files, folder, in_force);
        Ok(Written::of(files, directory, known))
    }

    fn of(files: Vec<SourceFile>, directory: &Path, known: &[&Documents]) -> Written {
        if let Some(known) = known.iter().find(|known| is_same(&known.files, &files)) {
            return Written::new(files, lists_of(known, directory));
        }
        let documents = model::load(&files);
        let lists = documents.as_ref().map(|documents| lists_of(documents, directory)).unwrap_or_default();
        Written { documents: Some(documents), ..Written::new(files, lists) }
    }

    /// Tells it from everything else that could stand there.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| store::digest(self.texts(), &self.lists))
    }

    /// Names and texts of the documents.
    pub fn texts(&self) -> Vec<(&str, &str)> {
        self.files.iter().map(|file| (&*file.name, &*file.text)).collect()
    }

    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// Compiles it; files of secrets are looked for from `base`.
    pub fn compile(&mut self, base: &Path, older: Option<&Policy>) -> Result<Loaded, Vec<Problem>> {
        let mut documents = self.documents.take().unwrap_or_else(|| model::load(&self.files))?;
        fill(&mut documents, &self.lists);
        let mut secrets = secrets_of(&documents, base, self.secrets.as_ref());
        await_directories(&mut secrets, &documents, older);
        let policy = match older {
            Some(older) => policy::compile_after(older, &documents, &secrets)?,
            None => policy::compile(&documents, &secrets)?,
        };
        // A list of a million prices is in the policy now, in a tenth of the room; so is sound.
        empty(&mut documents);
        Ok(Loaded { documents, policy })
    }
}

impl From<Content> for Written {
    fn from(content: Content) -> Written {
        let Content { documents, lists } = content;
        let file = |(name, text): (String, String)| SourceFile::new(name, text);
        Written::new(documents.into_iter().map(file).collect(), lists)
    }
}

/// The documents of a directory, for who may not read its secrets.
pub fn documents(directory: &Path) -> Result<Result<Documents, Vec<Problem>>> {
    Ok(model::load(&read(directory)?))
}

/// Reads and compiles a directory. The inner error is everything that is wrong with what stands there.
pub fn load(directory: &Path) -> Result<Result<Loaded, Vec<Problem>>> {
    Ok(Written::read(directory, &[])?.compile(directory, None))
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

/// Whether documents come from a directory of people.
pub fn is_of_people(file: &str) -> bool {
    Path::new(file).starts_with(BY_DIRECTORY)
}

/// Those of them that do.
pub fn of_people(files: &[SourceFile]) -> Vec<SourceFile> {
    files.iter().filter(|file| is_of_people(&file.name)).cloned().collect()
}

/// Users of directories as a revision has them; none, where it cannot be read.
pub fn people_of(content: io::Result<Content>) -> Vec<SourceFile> {
    let documents = content.map(|content| content.documents).unwrap_or_default();
    let files: Vec<SourceFile> =
        documents.into_iter().map(|(name, text)| SourceFile::new(name, text)).collect();
    of_people(&files)
}

/// Of users that come from directories, the house's own folder may lack what is in force; another one can
/// only have them as they were on some day.
fn keep_people(files: &mut Vec<SourceFile>, folder: Folder, in_force: impl FnOnce() -> Vec<SourceFile>) {
    let mut written = files.clone();
    written.retain(|file| !is_of_people(&file.name) && may_name_directories(&file.text));
    if written.is_empty() {
        return;
    }
    let named = model::documents_of(&written, "directory");
    let mut meant: BTreeSet<String> =
        named.iter().map(|directory| format!("{BY_DIRECTORY}/{}.toml", directory.name)).collect();
    if folder == Folder::Own {
        meant.retain(|name| !files.iter().any(|file| *file.name == **name));
    }
    if meant.is_empty() {
        return;
    }
    let mut kept = in_force();
    kept.retain(|file| meant.contains(&*file.name));
    files.retain(|file| !kept.iter().any(|other| other.name == file.name));
    files.extend(kept);
    files.sort_by(|one, other| Path::new(&*one.name).cmp(Path::new(&*other.name)));
}

/// To take a house of a hundred thousand users apart for nothing takes a second.
fn may_name_directories(text: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches([' ', '\t', '[', '"', '\'']).starts_with("directory"))
}

fn is_same(one: &[SourceFile], other: &[SourceFile]) -> bool {
    let is_same = |(one, other): (&SourceFile, &SourceFile)| one.name == other.name && one.text == other.text;
    one.len() == other.len() && one.iter().zip(other).all(is_same)
}

/// Gives documents what the files hold that they name.
pub fn fill(documents: &mut Documents, lists: &[List]) {
    let priced: BTreeSet<&str> = documents.deck.values().map(|deck| deck.file.as_str()).collect();
    let texts = lists.iter().filter(|list| priced.contains(&*list.name));
    let texts = texts.filter_map(|list| Some((list.name.clone(), list.text()?.into()))).collect();
    let heard: BTreeSet<&str> = documents.sound_files().collect();
    let sounds = lists.iter().filter(|list| heard.contains(&*list.name));
    let sounds = sounds.map(|list| (list.name.clone(), Arc::clone(&list.bytes))).collect();
    (documents.lists, documents.sounds) = (texts, sounds);
}

/// Takes it from them again.
pub fn empty(documents: &mut Documents) {
    documents.lists.clear();
    documents.sounds.clear();
}

/// Reads the price lists and the files of sound. A file that cannot be read is left out: the compiler says
/// where it is missed.
fn lists_of(documents: &Documents, directory: &Path) -> Vec<List> {
    known_or_read(documents, Vec::new(), directory)
}

fn known_or_read(documents: &Documents, known: Vec<List>, directory: &Path) -> Vec<List> {
    let lists = documents.deck.values().map(|deck| deck.file.as_str());
    let files: BTreeSet<&str> = lists.chain(documents.sound_files()).collect();
    let read = |file: &str| match known.iter().find(|list| *list.name == *file) {
        Some(list) => Some(list.clone()),
        None => Some(List::new(file, bounded(&directory.join(file))?)),
    };
    files.into_iter().filter_map(read).collect()
}

/// A file's content, unless it is larger than anything that could be meant.
fn bounded(path: &Path) -> Option<Vec<u8>> {
    const BYTES_MAX: u64 = 256 * 1024 * 1024;
    let is_small = fs::metadata(path).is_ok_and(|about| about.len() <= BYTES_MAX);
    is_small.then(|| fs::read(path).ok()).flatten()
}

/// Reads what the documents refer to. What has no value is left out: the compiler says where it is missed.
fn secrets_of(documents: &Documents, base: &Path, beside: Option<&(String, String)>) -> Secrets {
    let mut secrets = Secrets::new();
    let mut shared = SharedFiles::default();
    if let Some((file, text)) = beside {
        shared.0.insert(file.clone(), lines_of(text));
    }
    for place in documents.secret_refs() {
        let value = secret_at(place, base).or_else(|| match place {
            SecretRef::File(path) => shared.line(base, path),
            SecretRef::Env(_) | SecretRef::Plain(_) => None,
        });
        if let Some(value) = value {
            secrets.insert(place.clone(), value);
        }
    }
    secrets
}

/// Passwords that a directory brings again keep no house from starting. While it runs none is lost that it
/// knows: what would take one away is refused, as any other secret without a value is.
fn await_directories(secrets: &mut Secrets, documents: &Documents, running: Option<&Policy>) {
    for user in documents.user.values() {
        let Some(place) = user.password.as_ref().map(|place| &place.value) else { continue };
        let is_brought = matches!(place, SecretRef::File(path) if is_of_people(path));
        let is_lost = running.is_some_and(|running| !running.awaits_password(&user.name));
        if is_brought && !is_lost && secrets.value(place).is_none() {
            secrets.await_value(place.clone());
        }
    }
}

/// What is kept in one place; what stands in a document is known already.
pub fn secret_at(place: &SecretRef, base: &Path) -> Option<String> {
    let value = match place {
        SecretRef::Env(name) => std::env::var(name).ok(),
        SecretRef::File(path) => fs::read_to_string(base.join(path)).ok(),
        SecretRef::Plain(_) => None,
    };
    value.map(|value| value.trim_end_matches(['\r', '\n']).to_owned())
}

/// Files with the secrets of many, each on a line behind a name: `FILE#NAME`.
#[derive(Default)]
struct SharedFiles(BTreeMap<String, BTreeMap<String, String>>);

impl SharedFiles {
    fn line(&mut self, base: &Path, path: &str) -> Option<String> {
        let (file, name) = path.rsplit_once('#')?;
        let read = || fs::read_to_string(base.join(file)).map(|text| lines_of(&text)).unwrap_or_default();
        self.0.entry(file.to_owned()).or_insert_with(read).get(name).cloned()
    }
}

fn lines_of(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(name, secret)| (name.to_owned(), secret.to_owned())).collect()
}
