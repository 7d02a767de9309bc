//! Streams and where they go: the relay's state machine, and the book of ports. The packet path.
//!
//! A [`Relay`] takes [`Order`]s from calls, and says of every packet where it goes on to. It has no socket
//! and no clock: whoever drives it binds the ports it asks for in its [`Outbox`] and hands in the packets.
//! Per packet there is no allocation, no hashing and no clock.
//!
//! Where the sides of a stream speak different codecs, `transcode.rs` makes one of the other; where they
//! tell key presses in different ways, `pressing.rs` does that with these. A side may hear sound of ours
//! while the other is silent: `play.rs` makes it, in the turns of `beats.rs`. How good it was: `observe.rs`
//! counts what came, `account.rs` reads what peers say that they hear, `opinion.rs` makes one figure of
//! either. What needs no more than being sent on may be carried elsewhere: `carried.rs`. What is recorded is
//! copied by `tape.rs`, and `mixdown.rs` makes sound of the copies; who listens elsewhere is sent those of
//! `copies.rs`; what somebody asked to be kept of both sides' packets is gathered by `excerpt.rs`. Checks of
//! a peer are answered by `door.rs`; where the house looks for its peers itself, `checklist.rs` says whom it
//! asks and when; servers outside (STUN, TURN) are spoken with by `scouting.rs`, before a call needs it, and
//! `outside.rs`, while it does. Sides of several streams may meet: each hears all others, mixed by
//! `meeting.rs` of what `voice.rs` makes of the packets of each.
//!
//! Not here: sockets (media-io), descriptions (sdp), which codec is allowed (policy).
//!
//! Start with `order.rs`, the words between a call and the relay, then `relay.rs`.

mod account;
mod beats;
mod carried;
mod certificate;
mod chat;
mod checklist;
mod copies;
mod copying;
mod detouring;
mod door;
mod encoder;
mod excerpt;
mod figures;
mod flight;
mod handshake;
mod latch;
mod meeting;
mod member;
mod mix;
mod mixdown;
mod moments;
mod near;
mod numbers;
mod observe;
mod opinion;
mod order;
mod outpost;
mod outside;
mod packet;
mod pair;
mod play;
mod ports;
mod pressing;
mod relay;
mod scouting;
mod scouts;
mod search;
mod seat;
mod shield;
mod side;
mod spoken;
mod standing;
mod tape;
mod times;
mod transcode;
mod verdict;
mod voice;
mod waiting;

pub use account::Account;
pub use carried::{Carriage, Kept, LawChange, Seal, SealTurn, Tally};
pub use certificate::Certificate;
pub use chat::{ChatAim, ChatCount, ChatFigures, ChatOrder, ChatPeer, Reach};
pub use copying::{Copying, Types};
pub use excerpt::{Cover, Excerpted, Excerpting, Opaque, Passed, Way, Wholes, sum_of};
pub use figures::{Figures, SideFigures};
pub use mixdown::{Mixdown, Upto};
pub use near::is_inside;
pub use numbers::BEHIND_MAX;
pub use observe::{JITTER_SECONDS_MAX, JUMP_MAX, PATIENCE_MS, PAUSE_MS, Source, USED_TO, WINDOW};
pub use opinion::{Coding, Line};
pub use order::{
    Aim, Checks, Door, Event, Handshake, Lack, Order, Protection, Reports, Role, Senders, Sending,
    SessionKey, Side, Signs, Turn,
};
pub use outpost::{
    Account as OutpostAccount, Detour, Found, Host, Outer, Outposts, Scout, Seen, Unseen, Wanted,
};
pub use packet::Packet;
pub use play::{Begins, Played, Playing};
pub use ports::{PortBook, PortPair, Purpose};
pub use pressing::Press;
pub use relay::{Act, Outbox, Relay};
pub use scouting::{LETTER_MAX, Scouting};
pub use scouts::Scouts;
pub use search::{Candidate, Chooser, Search};
pub use seat::{MeetingKey, Muted, Seat};
pub use sound::signals::Signal;
pub use spoken::{Codec, Events, Keys, Spoken};
pub use tape::{Codecs, Running, Taped, Taping};
pub use verdict::{Half, PortIndex, Reason, Verdict};
