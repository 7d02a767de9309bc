//! The switch of this shard, and what it has left to carry out. A panic costs one input, not the house.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sip_stack::Flow;
use switch::{Input, Now, Outbox, Received, Switch, WallTime};

use crate::counters::Counters;
use crate::mail::{Letter, Mail};
use crate::ports::{Ports, Tapped, Way};

pub struct House {
    pub shard: u8,
    pub switch: Switch,
    pub out: Outbox,
    /// Which of its sends tell somebody of what is kept with them.
    pub telling: Vec<Range<usize>>,
}

impl House {
    pub fn handle(&mut self, now: Now, input: Input<'_>, ports: &Ports, counters: &Counters) {
        let House { switch, out, telling, .. } = self;
        let (kept, said) = (Outlook::of(out), out.sends.len());
        // The switch takes the call it works on out of its table, so that what a panic leaves is consistent.
        let handled = catch_unwind(AssertUnwindSafe(|| switch.handle(now, input, out)));
        if let Err(panic) = handled {
            counters.faults.add(1);
            (ports.fault)(self.shard, words_of(&*panic));
        }
        let is_urgent = out.keep[kept.records..].iter().any(|record| record.emergency);
        if Outlook::of(out) != kept && !is_urgent && out.sends.len() > said {
            telling.push(said..out.sends.len());
        }
    }

    /// A message arrived here: it is handled, or brought to the shard that owns it.
    pub fn received(
        &mut self,
        now: Now,
        (flow, bytes): (Flow, &[u8]),
        (ports, mail, counters): (&Ports, &Mail, &Counters),
    ) {
        if let Some(tap) = &ports.tap {
            tap(Tapped { at: now.instant, flow, way: Way::Received, bytes });
        }
        let owner = match mail.shards() {
            1 => self.shard,
            shards => sip_stack::steer(bytes, shards),
        };
        if owner == self.shard {
            counters.received.add(1);
            return self.handle(now, Input::Received(Received { flow, bytes }), ports, counters);
        }
        counters.steered.add(1);
        if mail.post(owner, Letter::Steered { flow, bytes: bytes.into() }).is_err() {
            counters.overrun.add(1);
        }
    }
}

/// How much is to be kept before anybody is told of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Outlook {
    records: usize,
    phones: usize,
    messages: usize,
}

impl Outlook {
    fn of(out: &Outbox) -> Outlook {
        Outlook { records: out.keep.len(), phones: out.bindings.len(), messages: out.messages.len() }
    }
}

/// Monotonic and wall time, read once for a batch.
pub fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { instant: Instant::now(), wall: WallTime(since.as_millis() as _) }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}
