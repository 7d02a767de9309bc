//! A call carries out its plan: two legs, attempts, negotiations, the end, and the record.
//!
//! A B2BUA: each leg has its own dialog, built afresh; nothing of one leg's addresses reaches the other.
//! What to do was decided by `policy` before the call began; how SIP wants it done is in `sip-stack`.
//!
//! A far end that gives no sign of life ends its call (`timer.rs`, `refresh.rs`); parties move between calls
//! by errands (`errand.rs`, `run.rs`).
//!
//! Start at `table.rs`, where events find their call, then `call.rs`; each verb has its file.

mod accounts;
mod event;
mod record;
mod room;
mod time;

mod run;
mod table;

mod attempt;
mod call;
mod closing;
mod early;
mod early_update;
mod end;
mod errand;
mod excerpt;
mod exchange;
mod fax;
mod held;
mod home;
mod joining;
mod last_answer;
mod leaving;
mod made;
mod meets;
mod moving;
mod parked;
mod refusing;
mod ring;
mod round;
mod said;
mod sitting;
mod taping;
mod telling;
mod timer;
mod told;
mod unacked;

mod ack;
mod again;
mod aloud;
mod arrival;
mod askable;
mod bye;
mod cancel;
mod capture;
mod faxing;
mod handing;
mod homing;
mod identity;
mod idle;
mod in_dialog;
mod indicate;
mod info;
mod invite;
mod join;
mod length;
mod make;
mod mark;
mod meet;
mod music;
mod notify;
mod park;
mod pass_refer;
mod pickup;
mod place;
mod prack;
mod pressed;
mod progress;
mod prove;
mod queue;
mod recorder_asks;
mod redirect;
mod refer;
mod refresh;
mod reinvite;
mod release;
mod replaces;
mod ringing;
mod silence;
mod sittings;
mod stray;
mod tape;
mod transfer;

mod body;
mod bridge;
mod chats;
mod describe;
mod device;
mod draft;
mod host;
mod keys;
mod lines;
mod location;
mod offering;
mod on_offer;
mod one_way;
mod outlook;
mod part;
mod plays;
mod presses;
mod quiet;
mod scene;
mod seen;
mod session;
mod shaken;
mod sound;
mod speech;
mod stand;
mod talker;
mod tell;
mod verdict;
mod view;
mod waking;
mod way;

pub use accounts::{Accounts, Way};
pub use event::{Event, SoundReport};
pub use excerpt::{CaptureWish, Capturing, NoCapture};
pub use make::MakeCall;
pub use on_offer::{Arrival, Elsewhere, HandOn, OnOffer, Others};
pub use part::ROOM;
pub use record::{
    AnnouncedRecord, Asking, AttemptRecord, CaptureRecord, ChatRecord, ChatSide, EndedBy, MediaRecord,
    MissedSide, Outcome, Record, RecorderRecord, RecordingRecord, SessionPair, SideFigures, SilentSide,
    Sound,
};
pub use room::{ChatPlace, MediaPlace, Places, Room};
pub use seen::{Seen, SeenDialog, SeenPart, SeenStage, Sighting};
pub use table::{Calls, HungUp};
pub use time::Now;
pub use verdict::{VERDICTS, Verdict};
pub use view::{CallStage, CallView, MediaView};
