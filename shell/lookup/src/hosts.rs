//! Names that need no server: the hosts file, read again when it changes.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

pub struct Hosts {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    changed: Option<SystemTime>,
    names: HashMap<String, Vec<IpAddr>>,
}

impl Hosts {
    pub fn new(path: PathBuf) -> Hosts {
        Hosts { path, read: Mutex::default() }
    }

    /// The addresses of a name, if the file has it.
    pub fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = fs::metadata(&self.path).and_then(|about| about.modified()).ok();
        if read.changed != changed {
            read.names = names_in(&fs::read_to_string(&self.path).unwrap_or_default());
            read.changed = changed;
        }
        read.names.get(&plain(name)).cloned()
    }
}

fn names_in(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut names: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(Ok(address)) = words.next().map(str::parse) else { continue };
        words.for_each(|name| names.entry(plain(name)).or_default().push(address));
    }
    names
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
