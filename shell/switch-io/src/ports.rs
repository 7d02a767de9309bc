//! Where a shard's outputs go. The node connects them.

use std::time::Instant;

use media::Order;
use sip_stack::Flow;
use switch::{AskId, Event, Help, Kept, KeptMessage, KeptPresence, Question, Record, Wake};

/// The other threads, as a shard sees them. Called on the shard's thread, so none may wait.
pub struct Ports {
    /// Takes records, and says whether it is awaited that the disk has them. The shard that asks is told by
    /// `Mail::landed`; what tells others of them waits for it, but not for ever.
    pub keep: Keep,
    /// The same for where users' phones are; nothing is on its way to the disk before `write_phones`.
    pub keep_phones: KeepPhones,
    /// Has what was taken of phones written: until then it is gathered.
    pub write_phones: WritePhones,
    /// And for who watches whom.
    pub keep_presence: KeepPresence,
    /// And for messages that wait.
    pub keep_messages: KeepMessages,
    /// And for who calls for help.
    pub keep_helps: KeepHelps,
    pub order: Box<dyn Fn(Order) + Send + Sync>,
    /// The shard that asks, its question, and the name under which it waits for the answer.
    pub ask: Box<dyn Fn(u8, AskId, Question) + Send + Sync>,
    pub tell: Box<dyn Fn(Event) + Send + Sync>,
    /// Has a phone woken that sleeps.
    pub wake: Box<dyn Fn(Wake) + Send + Sync>,
    /// A defect of ours that cost one input: the words of the panic.
    pub fault: Fault,
    pub tap: Option<Tap>,
}

/// What is known of things that were kept: on the disk as well as they will ever be, or awaited there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    Done,
    Awaited(Mark),
}

/// Things that were kept together, or before; later ones have a higher mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u64);

/// What is kept in order of marks of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    Records,
    Phones,
    Messages,
}

pub const SHELVES: usize = 3;

/// Takes where users' phones are.
pub type KeepPhones = Box<dyn Fn(u8, &[Kept]) -> Receipt + Send + Sync>;
/// Is told that what was taken of phones is to be written.
pub type WritePhones = Box<dyn Fn() + Send + Sync>;
/// Takes who watches whom.
pub type KeepPresence = Box<dyn Fn(&[KeptPresence]) + Send + Sync>;
/// Takes who calls for help.
pub type KeepHelps = Box<dyn Fn(&[Help]) + Send + Sync>;
/// Takes messages that wait.
pub type KeepMessages = Box<dyn Fn(u8, &[KeptMessage]) -> Receipt + Send + Sync>;
/// Takes records of calls, and which shard they come from.
pub type Keep = Box<dyn Fn(u8, &[Record]) -> Receipt + Send + Sync>;
/// Takes the number of a shard, and the words of its panic.
pub type Fault = Box<dyn Fn(u8, &str) + Send + Sync>;
/// Sees every message as it is received or sent.
pub type Tap = Box<dyn Fn(Tapped<'_>) + Send + Sync>;

/// A message on the wire, as somebody sees it who listens in.
#[derive(Clone, Copy, Debug)]
pub struct Tapped<'a> {
    pub at: Instant,
    pub flow: Flow,
    pub way: Way,
    pub bytes: &'a [u8],
}

/// Which way a tapped message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Received,
    Sent,
}
