//! The house by HTTP: how it stands, its calls and records, why a call would go where it goes, and figures
//! for Prometheus.
//!
//! Everything that can be asked is a row of `resources`: the router and the OpenAPI document are made of it,
//! so that neither knows of anything that the other does not. A row also says whose token is good for it, and
//! whether it changes the house: then the audit log has a line before it is done, and one after. What is
//! answered comes from a [`House`].
//!
//! Not here: what an answer says (node), the control channel of the command line (node).
//!
//! Start with `resources.rs`; `question.rs` says what a row is, `documents.rs` has those of every kind of
//! document.

mod calls;
mod code;
mod condition;
mod documents;
mod door;
mod exposition;
mod feed;
mod forms;
mod hall;
mod house;
mod listen;
mod meter;
mod notices;
mod openapi;
mod problem;
mod question;
mod resources;
mod serve;

pub use code::{CODES, Code};
pub use condition::{Condition, Tags};
pub use door::{Door, Place, Proof, Seal, place_of};
pub use feed::{Feed, Happened};
pub use forms::Form;
pub use hall::StandBack;
pub use house::{
    Answer, Became, CallWish, CertificateFigures, Change, Changed, Counted, Declined, Deed, DirectoryFigures,
    Given, House, KeptMessages, ObserverFigures, Person, Refused, Searching, Sent, Shown, Sought, Standing,
    Unacceptable, Unknown, Who, Wish,
};
pub use meter::Meter;
pub use notices::{end_of, notice_of};
pub use serve::{Fault, Server, Settings, start};
