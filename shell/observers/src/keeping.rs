//! What an observer has told, on the disk, in a room of its own there, too: for those who ask later than
//! memory goes back, or after a start.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use policy::Observer;
use store::{ReelLimits, ReelQuestion, ReelSizes, ReelWriter, Reels};
use tracing::{error, warn};

use crate::memory::Memory;
use crate::observation::Noted;

/// So many are written together.
const TOGETHER: usize = 256;
/// A question is answered with so many from the disk, and so much of them: the newest.
const FOUND_MAX: usize = 10_000;
const ANSWER_MAX: usize = 32_000_000;

/// The room of one observer on the disk.
pub(crate) struct Keeping {
    desk: Mutex<Desk>,
    reels: Reels,
    limits: Arc<ReelLimits>,
    trouble: Mutex<Option<String>>,
}

struct Desk {
    writer: ReelWriter,
    /// How many were noted before the first that is not written.
    at: u64,
}

impl Keeping {
    pub fn open(folder: &Path, rule: &Observer) -> Keeping {
        let limits = Arc::new(ReelLimits::new(rule.disk_days, rule.disk_bytes));
        let mut writer = ReelWriter::new(folder, Arc::clone(&limits));
        // Whoever asks first finds what was before. Where that fails it is tried again, and told of.
        let _ = writer.begin(SystemTime::now()).and_then(|_| writer.mend());
        let reels = writer.reels();
        Keeping { desk: Mutex::new(Desk { writer, at: 0 }), reels, limits, trouble: Mutex::default() }
    }

    /// As the rule says from now on.
    pub fn adopt(&self, rule: &Observer) {
        self.limits.keep(rule.disk_days, rule.disk_bytes);
    }

    /// Writes what memory has and no file.
    pub fn write(&self, name: &str, memory: &Memory, now: SystemTime) {
        let trouble = self.desk().write(memory, now).err().map(|fault| fault.to_string());
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &trouble) {
            (None, Some(words)) => error!(observer = name, "what it tells is kept in memory alone: {words}"),
            (Some(_), None) => warn!(observer = name, "what it tells is written to the disk again"),
            _ => {}
        }
        *known = trouble;
    }

    /// Ends the file that is written to.
    pub fn close(&self) {
        // It can be read as it is.
        let _ = self.desk().writer.close();
    }

    /// Deletes everything: nobody names this observer any more.
    pub fn forget(&self, folder: &Path) {
        self.limits.keep(0, 0);
        let _ = self.desk().writer.write(SystemTime::now());
        // It goes with the next start otherwise.
        let _ = fs::remove_dir_all(folder);
    }

    /// What was written of those with one of these names, before memory begins.
    pub fn find(&self, names: &[&str], memory_begins: u64) -> Vec<Arc<Noted>> {
        let Some(first) = self.reels.first() else { return Vec::new() };
        let before = first + memory_begins;
        let kept = self.reels.find(ReelQuestion { names, before, most: FOUND_MAX, bytes_max: ANSWER_MAX });
        kept.iter().filter_map(|one| serde_json::from_slice(&one.payload).ok()).map(Arc::new).collect()
    }

    /// Why nothing is written.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn sizes(&self) -> ReelSizes {
        self.reels.sizes()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn write(&mut self, memory: &Memory, now: SystemTime) -> io::Result<()> {
        let first = self.writer.begin(now)?;
        loop {
            let (begins, noted) = memory.behind(self.at, TOGETHER);
            if !self.writer.has_room() || noted.is_empty() {
                self.at = begins + noted.len() as u64;
                // Days go by, too, when nothing comes.
                self.writer.write(now)?;
                if noted.is_empty() {
                    return Ok(());
                }
                continue;
            }
            for (number, one) in (first + begins..).zip(&noted) {
                let names: Vec<&[u8]> = one.names().map(str::as_bytes).collect();
                let written = serde_json::to_vec(&**one).map_err(io::Error::other)?;
                self.writer.put((number, one.seen.at_us), &names, |out| out.extend_from_slice(&written));
            }
            if let Err(fault) = self.writer.write(now) {
                self.writer.drop_waiting();
                return Err(fault);
            }
            self.at = begins + noted.len() as u64;
        }
    }
}

/// Deletes the folders of observers whom nobody names any more.
pub(crate) fn forget_others(folder: &Path, is_named: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_none_or(|name| !is_named(name)) {
            // It is tried again at the next start.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
