//! Trunks that an operator lets take no new calls, kept over a restart.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::revisions::put;

/// Whether a trunk takes new calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Drained,
    Usual,
}

/// Names of trunks.
pub type Names = Arc<BTreeSet<Arc<str>>>;

/// The file of their names, and what stands in it.
pub struct DrainedTrunks {
    file: PathBuf,
    names: Mutex<Names>,
}

impl DrainedTrunks {
    /// What the data folder says; a file that nobody can read holds no trunk back.
    pub fn open(data: &Path) -> DrainedTrunks {
        let file = data.join("drained-trunks.json");
        let names = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|fault| {
                warn!("{}: {fault}; no trunk is drained", file.display());
                BTreeSet::new()
            }),
            Err(fault) if fault.kind() == ErrorKind::NotFound => BTreeSet::new(),
            Err(fault) => {
                warn!("{}: {fault}; no trunk is drained", file.display());
                BTreeSet::new()
            }
        };
        DrainedTrunks { file, names: Mutex::new(Arc::new(names)) }
    }

    pub fn names(&self) -> Names {
        Arc::clone(&self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what was decided of a trunk; all that are drained now.
    pub fn change(&self, name: &str, service: Service) -> io::Result<Names> {
        let mut kept = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = BTreeSet::clone(&kept);
        match service {
            Service::Drained => names.insert(name.into()),
            Service::Usual => names.remove(name),
        };
        put(&self.file, Some(&serde_json::to_string(&names)?))?;
        *kept = Arc::new(names);
        Ok(Arc::clone(&kept))
    }
}
