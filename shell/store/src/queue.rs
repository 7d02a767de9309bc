//! Records on their way to the disk: in memory, then in the kernel, which outlives the process, then on the
//! disk, which outlives the machine. One thread brings them into the kernel, another has them forced to the
//! disk: while that stands still, the first goes on.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::chain::Chain;
use crate::landing::{Landed, Mark};
use crate::spool::{self, Spool};
use crate::trouble::Trouble;

/// Where records go, and how patient the store is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory; records are kept in `records/` below it.
    pub data: PathBuf,
    /// How long lines are gathered that are forced to the disk together.
    pub gather: Duration,
    /// The same where so many come that a sync for each moment would be most of the work.
    pub gather_max: Duration,
    /// How often what the disk refused is tried again.
    pub retry_every: Duration,
    /// What forces a file to the disk.
    pub sync: fn(&File) -> io::Result<()>,
    /// How many bytes of records wait in memory while the disk refuses them.
    pub waiting_max: usize,
    /// A folder in which what waits outlives the process.
    pub spool: Option<PathBuf>,
}

impl Settings {
    pub fn at(data: &Path) -> Settings {
        Settings {
            data: data.to_owned(),
            gather: Duration::from_millis(1),
            gather_max: Duration::from_millis(8),
            retry_every: Duration::from_secs(1),
            sync: File::sync_data,
            waiting_max: 64 * 1024 * 1024,
            spool: spool::folder(),
        }
    }
}

impl Settings {
    /// How long lines are gathered, at least and at most.
    pub fn gathers(&self) -> (Duration, Duration) {
        (self.gather, self.gather_max.max(self.gather))
    }
}

/// What the store has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub kept: u64,
    pub refused_writes: u64,
    pub lost: u64,
    pub syncs: u64,
    /// Records that are in memory alone.
    pub waiting: usize,
}

/// What all threads of a store have in common.
pub struct Shared {
    pub settings: Settings,
    pub tell: Box<dyn Fn(Trouble) + Send + Sync>,
    queue: Mutex<Queue>,
    pub to_writer: Condvar,
    pub to_syncer: Condvar,
    pub landed: OnceLock<Landed>,
}

/// What is not known to be on the disk, and how the disk is.
#[derive(Default)]
pub struct Queue {
    /// What waits, once more.
    pub spool: Option<Spool>,
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    waiting_records: usize,
    /// Records that are being written.
    in_flight: usize,
    /// What the kernel has, by its files.
    pub afloat: VecDeque<Afloat>,
    afloat_bytes: usize,
    /// How many batches were given so far, and how many of them the kernel has.
    given: u64,
    pub written: u64,
    landed: Mark,
    pub counts: Counts,
    /// The kernel did not take the last.
    pub is_refused: bool,
    /// A sync failed: what is afloat has to be written anew.
    pub is_doubtful: bool,
    /// One of both, since the last sync that went well.
    pub is_sick: bool,
    /// How many records were written first after the disk had refused some.
    pub recovering: u64,
    pub writer_sleeps: bool,
    pub syncer_sleeps: bool,
    pub is_stopping: bool,
    /// There is nobody any more who writes.
    pub is_written_out: bool,
}

/// How far a file goes, and the chain of its lines.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub length: u64,
    pub chain: Chain,
}

/// Lines of one file that the kernel has and the disk may not.
pub struct Afloat {
    pub path: PathBuf,
    pub file: Arc<File>,
    /// What is on the disk of it.
    pub from: Place,
    /// Its name is on the disk, too.
    pub is_named: bool,
    pub batches: VecDeque<Batch>,
}

/// Lines as they were handed over, and where they end in their file.
pub struct Batch {
    pub lines: Vec<u8>,
    pub to: Place,
}

/// A file that may hold lines behind this place of which nobody knows whether they are on the disk.
pub struct Doubtful {
    pub path: PathBuf,
    pub from: Place,
}

impl Shared {
    pub fn new(settings: Settings, tell: Box<dyn Fn(Trouble) + Send + Sync>) -> Shared {
        Shared {
            settings,
            tell,
            queue: Mutex::default(),
            to_writer: Condvar::new(),
            to_syncer: Condvar::new(),
            landed: OnceLock::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; whether that was in vain.
    pub fn sleep<'q>(
        &self,
        queue: MutexGuard<'q, Queue>,
        bell: &Condvar,
        most: Duration,
    ) -> (MutexGuard<'q, Queue>, bool) {
        let (queue, timeout) = bell.wait_timeout(queue, most).unwrap_or_else(PoisonError::into_inner);
        (queue, timeout.timed_out())
    }

    pub fn landed(&self, mark: Mark) {
        if let Some(landed) = self.landed.get() {
            landed(mark);
        }
    }

    pub fn tell_all(&self, troubles: impl IntoIterator<Item = Trouble>) {
        troubles.into_iter().for_each(|trouble| (self.tell)(trouble));
    }
}

impl Queue {
    /// Takes lines in. A mark, where waiting for them is of use.
    pub fn put(
        &mut self,
        lines: Vec<u8>,
        records: usize,
        settings: &Settings,
    ) -> (Option<Mark>, Option<Trouble>) {
        self.counts.kept += records as u64;
        if let Some(spool) = &mut self.spool {
            spool.add(&lines);
        }
        self.push(lines, records);
        let trouble = self.give_up_oldest(settings.waiting_max);
        self.count();
        ((!self.is_sick).then_some(Mark(self.given)), trouble)
    }

    /// What a process before has left in the spool.
    pub fn put_left(&mut self, lines: Vec<u8>) {
        let records = lines_in(&lines);
        self.push(lines, records);
        self.count();
    }

    fn push(&mut self, lines: Vec<u8>, records: usize) {
        self.waiting_bytes += lines.len();
        self.waiting_records += records;
        self.waiting.push_back(lines);
        self.given += 1;
    }

    /// Whether what comes now outlives the process before any file has it.
    pub fn is_safe_before(&self) -> bool {
        self.spool.as_ref().is_some_and(Spool::has_all)
    }

    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn take(&mut self) -> Vec<Vec<u8>> {
        (self.waiting_bytes, self.in_flight) = (0, std::mem::take(&mut self.waiting_records));
        self.waiting.drain(..).collect()
    }

    /// What the disk has not taken stands before everything that came meanwhile.
    pub fn put_back(&mut self, lines: Vec<Vec<u8>>, settings: &Settings) -> Option<Trouble> {
        self.in_flight = 0;
        for lines in lines.into_iter().rev() {
            self.waiting_bytes += lines.len();
            self.waiting_records += lines_in(&lines);
            self.waiting.push_front(lines);
        }
        let trouble = self.give_up_oldest(settings.waiting_max);
        self.written = self.given - self.waiting.len() as u64;
        if let (Some(spool), true) = (&mut self.spool, self.waiting.is_empty()) {
            spool.clear();
        }
        self.count();
        trouble
    }

    /// The kernel has them; copies stay here until the disk has them too, as far as there is room.
    pub fn float(&mut self, (path, file, from): (&Path, Arc<File>, Place), batches: Vec<Batch>, most: usize) {
        self.afloat_bytes += batches.iter().map(|batch| batch.lines.len()).sum::<usize>();
        let newest = self.afloat.back_mut().filter(|newest| Arc::ptr_eq(&newest.file, &file));
        match newest {
            Some(newest) => newest.batches.extend(batches),
            None => self.afloat.push_back(Afloat {
                path: path.to_owned(),
                file,
                from,
                is_named: false,
                batches: batches.into(),
            }),
        }
        while self.afloat_bytes > most
            && let Some(oldest) = self.afloat.iter_mut().find(|one| one.batches.len() > 1)
            && let Some(batch) = oldest.batches.pop_front()
        {
            // Should a sync fail it is left as it is.
            self.afloat_bytes -= batch.lines.len();
            oldest.from = batch.to;
        }
    }

    /// The disk has everything of this file up to here.
    pub fn sank(&mut self, file: &Arc<File>, to: Place) {
        let Some(one) = self.afloat.iter_mut().find(|one| Arc::ptr_eq(&one.file, file)) else { return };
        one.is_named = true;
        while let Some(batch) = one.batches.pop_front_if(|batch| batch.to.length <= to.length) {
            self.afloat_bytes -= batch.lines.len();
            one.from = batch.to;
        }
        while self.afloat.len() > 1 && self.afloat.front().is_some_and(|oldest| oldest.batches.is_empty()) {
            self.afloat.pop_front();
        }
    }

    pub fn is_afloat(&self) -> bool {
        self.afloat.iter().any(|one| !one.batches.is_empty())
    }

    /// After a failed sync everything that was afloat is to be written again; where it stands meanwhile.
    pub fn take_back(&mut self, settings: &Settings) -> (Vec<Doubtful>, Option<Trouble>) {
        if !std::mem::take(&mut self.is_doubtful) {
            return (Vec::new(), None);
        }
        let (mut lines, mut doubtful) = (Vec::new(), Vec::new());
        for Afloat { path, from, batches, .. } in self.afloat.drain(..) {
            if let Some(spool) = &mut self.spool {
                batches.iter().for_each(|batch| spool.add(&batch.lines));
            }
            lines.extend(batches.into_iter().map(|batch| batch.lines));
            doubtful.push(Doubtful { path, from });
        }
        self.afloat_bytes = 0;
        let trouble = self.put_back(lines, settings);
        (doubtful, trouble)
    }

    /// The newest mark that nobody has to wait for any more: while the disk is sick, nobody waits in vain.
    pub fn landing(&mut self, written: u64) -> Mark {
        let mark = if self.is_sick { self.given } else { written };
        self.landed = self.landed.max(Mark(mark));
        self.landed
    }

    fn give_up_oldest(&mut self, waiting_max: usize) -> Option<Trouble> {
        let mut records = 0_usize;
        while self.waiting_bytes > waiting_max {
            let Some(lines) = self.waiting.pop_front() else { break };
            self.waiting_bytes -= lines.len();
            records += lines_in(&lines);
        }
        self.waiting_records -= records;
        let records = records as u64;
        self.counts.lost += records;
        (records > 0).then_some(Trouble::Lost { records })
    }

    fn count(&mut self) {
        self.counts.waiting = self.waiting_records + self.in_flight;
    }
}

pub fn lines_in(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}
