//! Tells a shard when what it kept is on the disk, and no shard that does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use switch_io::{Mail, Mark, Receipt, Shelf};

/// One thing that is kept, and how far each shard waits for it.
pub struct Landing {
    shelf: Shelf,
    mail: Mail,
    asked: Vec<AtomicU64>,
    landed: AtomicU64,
}

impl Landing {
    pub fn new(shelf: Shelf, mail: &Mail) -> Arc<Landing> {
        let asked = (0..mail.shards()).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Landing { shelf, mail: mail.clone(), asked, landed: AtomicU64::new(0) })
    }

    /// What a shard is told of something that it kept. Either it sees here that it has landed, or `landed`
    /// sees there that it is asked for.
    pub fn receipt(&self, shard: u8, mark: Option<store::Mark>) -> Receipt {
        let Some(store::Mark(mark)) = mark else { return Receipt::Done };
        self.asked[usize::from(shard)].fetch_max(mark, Ordering::SeqCst);
        match self.landed.load(Ordering::SeqCst) >= mark {
            true => Receipt::Done,
            false => Receipt::Awaited(Mark(mark)),
        }
    }

    pub fn landed(&self, store::Mark(mark): store::Mark) {
        let before = self.landed.fetch_max(mark, Ordering::SeqCst);
        for (shard, asked) in (0..).zip(&self.asked) {
            if asked.load(Ordering::SeqCst) > before {
                // A shard that misses it, as its box is full, waits a fifth of a second.
                let _ = self.mail.landed(shard, self.shelf, Mark(mark));
            }
        }
    }
}
