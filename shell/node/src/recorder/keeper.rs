//! Reads along with the recorder, and writes what it notes to the disk, without secrets. No call waits for
//! it: where the disk is too slow, or takes nothing, memory goes on as if there were none.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use store::ReelWriter;
use telemetry::{Flight, Noted};
use tracing::{error, warn};

use super::Tally;
use crate::control::Board;

/// What comes within this time is written together: a process that is killed loses no more.
const TURN: Duration = Duration::from_millis(250);
/// Calls come first.
const NICE: i32 = 10;

pub(super) struct Keeper {
    flight: Flight,
    writer: ReelWriter,
    /// How many messages were noted before the first that is not written.
    at: u64,
    is_mended: bool,
    tally: Arc<Tally>,
    board: Arc<Board>,
}

impl Keeper {
    pub fn new(flight: Flight, writer: ReelWriter, tally: Arc<Tally>, board: Arc<Board>) -> Keeper {
        Keeper { flight, writer, at: 0, is_mended: false, tally, board }
    }

    /// Until nobody wants it to go on.
    pub fn run(mut self, ended: &Receiver<()>) {
        // Where that is refused it runs like everything else.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
        loop {
            let is_last = ended.recv_timeout(TURN) == Err(RecvTimeoutError::Disconnected);
            let kept = self.keep(SystemTime::now());
            self.tell(kept);
            if is_last {
                let closed = self.writer.close();
                return self.tell(closed);
            }
        }
    }

    fn keep(&mut self, now: SystemTime) -> io::Result<()> {
        let first = self.writer.begin(now)?;
        if !std::mem::replace(&mut self.is_mended, true) {
            // Without names of its own a reel is read whole.
            let _ = self.writer.mend();
        }
        let until = self.flight.noted();
        if !self.writer.has_room() {
            self.at = until;
        }
        while let Some(batch) = self.flight.next(self.at..until) {
            let mut written = 0;
            for Noted { number, call_id, seen } in batch.messages().filter(Noted::is_of_a_call) {
                self.writer.put((first + number, seen.at_us), &[call_id], |out| seen.write(out));
                written += 1;
            }
            if let Err(fault) = self.writer.write(now) {
                // They are taken from memory again, as long as they are there.
                self.writer.drop_waiting();
                return Err(fault);
            }
            self.tally.written.fetch_add(written, Relaxed);
            self.tally.missed.fetch_add(batch.missed, Relaxed);
            self.at += batch.count();
        }
        // Days go by, too, when nothing comes.
        self.writer.write(now)
    }

    /// Says what is wrong, and that it is well again; what goes on is said once.
    fn tell(&self, kept: io::Result<()>) {
        let trouble = kept.err().map(|fault| fault.to_string());
        let mut known = self.tally.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == trouble {
            return;
        }
        match &trouble {
            Some(words) if known.is_none() => {
                error!("messages of calls are kept in memory alone: {words}");
            }
            Some(_) => {}
            None => warn!("messages of calls are written to the disk again"),
        }
        let alarm = |words: &String| format!("messages of calls are kept in memory alone: {words}");
        self.board.alarm("recorder", trouble.iter().map(alarm).collect());
        *known = trouble;
    }
}
