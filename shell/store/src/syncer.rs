//! Has the disk take what the kernel has, all that came within a moment at once, and tells those who wait.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::pace::Pace;
use crate::queue::{Place, Shared};
use crate::trouble::Trouble;

/// What of a file is to be on the disk.
struct Due {
    file: Arc<File>,
    to: Place,
    is_named: bool,
}

/// Until nobody writes any more, and the disk has it all or refuses.
pub fn run(shared: &Shared, directory: &Path) {
    let mut pace = Pace::new();
    while wait(shared, &mut pace) {
        let (dues, written) = {
            let queue = shared.lock();
            let files = queue.afloat.iter();
            let dues = files.filter_map(|one| {
                let to = one.batches.back()?.to;
                Some(Due { file: Arc::clone(&one.file), to, is_named: one.is_named })
            });
            (dues.collect::<Vec<Due>>(), queue.written)
        };
        let mut done = Ok(());
        let mut sunk = 0;
        for due in &dues {
            done = sync(shared, directory, due);
            if done.is_err() {
                break;
            }
            sunk += 1;
        }
        note(shared, &dues[..sunk], written, done);
    }
}

/// Until there is something to force to the disk; whether there is.
fn wait(shared: &Shared, pace: &mut Pace) -> bool {
    let mut queue = shared.lock();
    while queue.is_doubtful || !queue.is_afloat() {
        if queue.is_written_out {
            return false;
        }
        queue.syncer_sleeps = true;
        (queue, _) = shared.sleep(queue, &shared.to_syncer, shared.settings.retry_every);
    }
    queue.syncer_sleeps = false;
    // Where lines are safe before they are written the writer has gathered them.
    let (gathers, kept) = (!queue.is_stopping && !queue.is_safe_before(), queue.counts.kept);
    drop(queue);
    if gathers {
        // Those that come at the same time land together.
        thread::sleep(pace.gather(kept, Instant::now(), shared.settings.gathers()));
    }
    true
}

fn sync(shared: &Shared, directory: &Path, due: &Due) -> io::Result<()> {
    (shared.settings.sync)(&due.file)?;
    match due.is_named {
        true => Ok(()),
        // Whoever was here before may have left no time to force its name to the disk.
        false => File::open(directory)?.sync_all(),
    }
}

fn note(shared: &Shared, sunk: &[Due], written: u64, done: io::Result<()>) {
    let mut queue = shared.lock();
    sunk.iter().for_each(|due| queue.sank(&due.file, due.to));
    queue.counts.syncs += u64::from(!sunk.is_empty());
    let told = match done {
        // Nobody knows what is on the disk behind the last sync: it is cut off and written again. To sync
        // once more would say that all is well, as the kernel forgets what it could not write.
        Err(error) => {
            queue.counts.refused_writes += 1;
            (queue.is_doubtful, queue.is_refused) = (true, true);
            let was_sick = std::mem::replace(&mut queue.is_sick, true);
            (!was_sick).then(|| Trouble::NotSynced { words: error.to_string() })
        }
        Ok(()) if queue.is_sick && !queue.is_refused => {
            queue.is_sick = false;
            Some(Trouble::Recovered { records: std::mem::take(&mut queue.recovering) })
        }
        Ok(()) => None,
    };
    let mark = queue.landing(written);
    let is_stopping = queue.is_stopping;
    drop(queue);
    if is_stopping {
        shared.to_writer.notify_all();
    }
    shared.landed(mark);
    shared.tell_all(told);
}
