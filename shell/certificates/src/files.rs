//! What lies in the data folder: the key of our account, and of each certificate the file that is shown and
//! what its tries were. All of it is its owner's alone, and takes its place whole.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_RSA_SHA256, SignatureAlgorithm,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::shown::{Shown, whole};

const FOLDER: &str = "acme";
/// Files that are not in their places yet; no backup copies them.
const UNFINISHED: &str = "unfinished-";

/// Which kind of key a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    P256,
    P384,
    Rsa2048,
}

/// Why certificates cannot be kept.
#[derive(Debug)]
pub struct Fault {
    path: PathBuf,
    words: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.words)
    }
}

impl std::error::Error for Fault {}

/// All that an authority gave us, in a folder of its own: another authority is another account.
pub struct Folder(PathBuf);

/// One certificate, and its files.
#[derive(Clone, Debug)]
pub struct Kept {
    pub names: Vec<String>,
    /// The key, and the certificates from its own on.
    pub file: PathBuf,
    notes: PathBuf,
}

/// What became of the tries for a certificate, over restarts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Notes {
    /// When the authority gave the one in use; not at all where it is a stand-in.
    pub given_ms: Option<i64>,
    pub tried_ms: Option<i64>,
    #[serde(default)]
    pub failures: u32,
    pub wait_until_ms: Option<i64>,
    /// Why the last try failed.
    pub words: Option<String>,
    /// An order that is not over: what it comes to is ours, whenever we ask.
    pub order: Option<Begun>,
}

/// An order, and the key that its certificate is for.
#[derive(Clone, Serialize, Deserialize)]
pub struct Begun {
    pub url: String,
    pub key: String,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Begun").field(&self.url).finish()
    }
}

impl Folder {
    /// Makes it where it is missing.
    pub fn open(data: &Path, directory: &str) -> Result<Folder, Fault> {
        let host = directory.trim_start_matches("https://").split('/').next().unwrap_or_default();
        let path = data.join(FOLDER).join(format!("{}-{}", plain(host), mark(directory)));
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|fault| failed(&path, &fault))?;
        Ok(Folder(path))
    }

    /// The files of a certificate. On return there is one that can be shown.
    pub fn keep(&self, names: &[String], key: Key) -> Result<Kept, Fault> {
        let first = names.first().map_or("", String::as_str);
        let name = format!("{}-{}", plain(first), mark(&names.join(" ")));
        let at = |end: &str| self.0.join(format!("{name}.{end}"));
        let kept = Kept { names: names.to_vec(), file: at("pem"), notes: at("json") };
        let why = match fs::read(&kept.file).map(|bytes| whole(&String::from_utf8_lossy(&bytes))) {
            Ok(Ok(_)) => return Ok(kept),
            Ok(Err(words)) => Some(words),
            Err(fault) if fault.kind() == ErrorKind::NotFound => None,
            Err(fault) => return Err(failed(&kept.file, &fault)),
        };
        if let Some(words) = why {
            let file = kept.file.display();
            warn!(%file, "a certificate that cannot be used gives way to a stand-in: {words}");
        }
        // Whatever was given before is not there any more.
        kept.write(&Notes { given_ms: None, ..kept.notes() }).map_err(|fault| failed(&kept.notes, &fault))?;
        let text = stand_in(names, key).map_err(|words| Fault { path: kept.file.clone(), words })?;
        kept.show(&text).map_err(|fault| failed(&kept.file, &fault))?;
        Ok(kept)
    }

    /// The key of our account. It is on the disk before anybody hears of it.
    pub fn account_key(&self) -> Result<String, Fault> {
        let path = self.0.join("account.key");
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(text),
            Err(fault) if fault.kind() == ErrorKind::NotFound => {}
            Err(fault) => return Err(failed(&path, &fault)),
        }
        let text = new_key(Key::P256).map_err(|words| Fault { path: path.clone(), words })?;
        replace(&path, text.as_bytes()).map_err(|fault| failed(&path, &fault))?;
        Ok(text)
    }
}

impl Kept {
    /// What is shown now.
    pub fn shown(&self) -> Option<Shown> {
        crate::shown::look(&self.file)
    }

    /// From now on this is shown.
    pub fn show(&self, text: &str) -> io::Result<()> {
        replace(&self.file, text.as_bytes())
    }

    /// What became of the tries; nothing where that cannot be read.
    pub fn notes(&self) -> Notes {
        let read = fs::read(&self.notes).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub fn write(&self, notes: &Notes) -> io::Result<()> {
        let mut text = serde_json::to_vec(notes)?;
        text.push(b'\n');
        replace(&self.notes, &text)
    }
}

/// A new key, as a text.
pub fn new_key(key: Key) -> Result<String, String> {
    let kind: &'static SignatureAlgorithm = match key {
        Key::P256 => &PKCS_ECDSA_P256_SHA256,
        Key::P384 => &PKCS_ECDSA_P384_SHA384,
        Key::Rsa2048 => &PKCS_RSA_SHA256,
    };
    KeyPair::generate_for(kind).map(|key| key.serialize_pem()).map_err(|fault| fault.to_string())
}

/// A certificate that nobody gave us, for as long as there is no other.
fn stand_in(names: &[String], key: Key) -> Result<String, String> {
    let text = new_key(key)?;
    let key = KeyPair::from_pem(&text).map_err(|fault| fault.to_string())?;
    let mut about = CertificateParams::new(names.to_vec()).map_err(|fault| fault.to_string())?;
    about.distinguished_name = DistinguishedName::new();
    about.distinguished_name.push(DnType::CommonName, "stand-in of tandem");
    let own = about.self_signed(&key).map_err(|fault| fault.to_string())?;
    Ok(text + &own.pem())
}

/// Puts a file in the place of another, whole; on return it is on the disk.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let beside = folder.join(format!("{UNFINISHED}{}", name.to_string_lossy()));
    let write = || {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    };
    write()
}

/// What may stand in the name of a file.
fn plain(name: &str) -> String {
    let keep =
        |letter: char| if letter.is_ascii_alphanumeric() || ".-".contains(letter) { letter } else { '_' };
    let text: String = name.chars().map(keep).take(80).collect();
    text.trim_start_matches('.').to_ascii_lowercase()
}

/// Tells texts apart whose names are alike.
fn mark(text: &str) -> String {
    let digest = Sha256::digest(text.to_ascii_lowercase().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn failed(path: &Path, fault: &io::Error) -> Fault {
    Fault { path: path.to_owned(), words: fault.to_string() }
}
