//! The messages of one call, as they are drawn: between those who exchanged them, in order of time.
//!
//! A [`Ladder`] is made of arrows, and of notes between them that say what was decided meanwhile. `text`
//! draws it with letters, `svg` as a picture, and `page` as the one file in which an operator hands somebody
//! else a call: the picture, the same as a list, and each message whole.
//!
//! What stands in a message was written by anybody. Nothing of it reaches a reader before `letters` has taken
//! from it what steers a terminal, a reader of XML or the order of letters.
//!
//! Not here: which messages belong to a call, who stands at which address, and which of their secrets were
//! blotted out before (node, telemetry).

mod ladder;
mod letters;
mod page;
mod svg;
mod text;

pub use ladder::{Arrow, HOUSE, LARGE_BYTES, Ladder, Note, Sort, Whole, sort_of};
pub use page::{Content, Mark, POLICY, Page, Section, Verdict, page};
pub use svg::svg;
pub use text::{Hand, text};
