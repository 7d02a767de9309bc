//! Flows, transactions, dialogs; digest; finding servers; steering.
//!
//! A [`Stack`] takes the bytes that arrive on a flow, lets its transactions have their share, and says
//! what is left for the house. `now` comes in as a value, bytes go out as [`Send`]s; nothing here touches
//! the world. [`Dialog`], [`Framer`], [`Locate`] and the digests are values for those who own a leg, a
//! connection or a search; the stack itself does not know them.
//!
//! Not here: header text (`sip-message`), and every decision about a call (`policy`, `call`).
//!
//! Start at `stack.rs`; the four machines are one file each.

pub mod flow;
mod frame;
mod steer;
mod stun;

mod backlog;

mod client_invite;
mod client_other;
mod clients;
mod heard;
mod request;
mod server_invite;
mod server_other;
mod servers;
mod stack;

pub mod auth;
mod dialog;
mod kept;
pub mod locate;
mod prover;

mod chance;
mod head;
mod key;
mod kit;
mod slab;
mod timing;
mod token;

pub use backlog::{Backlog, Fullness};
pub use chance::Chance;
pub use dialog::{Dialog, DialogRequest, PeerFault, Sent};
pub use flow::{ConnectionId, Flow, Listener, ListenerId, Send, Transport, Wire, is_sips};
pub use frame::{Frame, FrameFault, Framer, PONG};
pub use head::{ALLOW, EXTENSIONS};
pub use heard::{ClientId, Heard, Late, Owner, ServerId};
pub use kept::{KeptDialog, KeptFlow};
pub use kit::{Counters, Limits, Settings, Weight};
pub use locate::Locate;
pub use prover::{Challenged, Prover};
pub use request::{Reply, Request};
pub use stack::Stack;
pub use steer::{alias_in, call_id_in, keeper_of, steer};
pub use token::{BRANCH_COOKIE, Token};
