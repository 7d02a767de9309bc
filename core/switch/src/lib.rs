//! One shard of the house, whole: what enters is handled, what follows is left in an `Outbox`.
//!
//! It wires calls, health and the SIP stack together and decides nothing itself. It opens no socket and reads
//! no clock: the same switch runs behind real sockets and in the simulated world.
//!
//! Start at `seam.rs`, then `switch.rs`.

mod accounts;
mod handing;
mod limits;
mod phones;
mod posting;
mod reported;
mod scouting;
mod seam;
mod showing;
mod standings;
mod switch;
mod view;
mod watching;

pub use call::{
    AttemptRecord, CallStage, CallView, CaptureWish, Capturing, EndedBy, Event, HungUp, MakeCall, NoCapture,
    Now, Outcome, Record, SoundReport, VERDICTS, Verdict,
};
pub use messages::{Counters as MessageCounters, Kept as KeptMessage, Waiting};
pub use policy::{Answering, Help, WallTime};
pub use presence::{
    Counters as PresenceCounters, Kept as KeptPresence, MOBILE, Notice, Says, Sight, Unnoticed, WatcherView,
};
pub use registrar::{
    Counters as RegistrarCounters, DeviceView, Kept, KeptBinding, KeptReach, Urgency, Wake, Why,
};
pub use seam::{
    Answer, AskId, Command, CommandId, Handed, HandedAs, Input, MediaRange, News, Outbox, Question, Received,
    Reply, Settings,
};
pub use sip_stack::KeptFlow;
pub use switch::Switch;
pub use targets::{Place, Standing};
pub use view::{
    Held, LimitView, Phones, RegistrationView, SomeCalls, TargetState, TargetView, TrunkView, UserPhones,
    View,
};
