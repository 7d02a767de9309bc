//! What an operator does to a running house without changing its documents: ends a call, holds off new ones.

use std::time::Duration;

use serde_json::{Value, json};
use switch::{Command, HungUp, Reply};
use switch_io::Asker;
use tracing::info;

use crate::control::{Board, Stage};
use crate::sight;

/// How long a shard may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the board is told under.
const DRAINING: &str = "draining";

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    NoSuchCall(String),
    /// Nobody ends a call for help but its parties.
    ForHelp(String),
    Stopping,
    /// A shard does not answer.
    Silent,
}

impl std::fmt::Display for NotDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotDone::NoSuchCall(id) => write!(f, "no call {id} is in progress"),
            NotDone::ForHelp(id) => {
                write!(f, "call {id} has to do with help (9-1-1): its parties end it, and nobody else")
            }
            NotDone::Stopping => f.write_str("the house is about to stop"),
            NotDone::Silent => f.write_str("a shard does not answer: it may be done in part; ask again"),
        }
    }
}

/// Ends a call in progress, by the name that its record will have.
pub fn hang_up(asker: &Asker, id: &str) -> Result<Value, NotDone> {
    let missing = || NotDone::NoSuchCall(id.to_owned());
    sight::call(asker, id).ok_or_else(missing)?;
    let token = sight::token_of(id).ok_or_else(missing)?;
    let replies = asker.command(Command::HangUp { token }, PATIENCE);
    let is_whole = replies.len() == usize::from(asker.shards());
    let mut became = replies.into_iter().filter_map(|reply| match reply {
        Reply::HungUp(HungUp::Unknown) => None,
        Reply::HungUp(became) => Some(became),
        Reply::Held(_) | Reply::View(_) | Reply::Calls(_) | Reply::Phones(_) => None,
    });
    match became.next() {
        Some(HungUp::Ends) => Ok(json!({ "call": id, "what": "ends" })),
        Some(HungUp::ForHelp) => Err(NotDone::ForHelp(id.to_owned())),
        Some(HungUp::Unknown) | None if is_whole => Err(missing()),
        Some(HungUp::Unknown) | None => Err(NotDone::Silent),
    }
}

/// Takes no new call that has nothing to do with help; what is in progress goes on.
pub fn drain(asker: &Asker, board: &Board) -> Result<Value, NotDone> {
    turn(asker, board, Command::Drain, Stage::Draining)?;
    let words = "the house takes no new calls but those for help; tandem resume takes them again";
    board.alarm(DRAINING, vec![words.to_owned()]);
    info!("an operator lets the house take no new calls");
    let calls = sight::held(asker).ok_or(NotDone::Silent)?.calls;
    Ok(json!({ "what": "draining", "calls": calls }))
}

/// Takes calls as before.
pub fn resume(asker: &Asker, board: &Board) -> Result<Value, NotDone> {
    turn(asker, board, Command::Resume, Stage::Running)?;
    board.alarm(DRAINING, Vec::new());
    info!("the house takes new calls again");
    Ok(json!({ "what": "running" }))
}

/// Has every shard turn; a house that is about to stop turns no more.
fn turn(asker: &Asker, board: &Board, command: Command, to: Stage) -> Result<(), NotDone> {
    if board.turn(to) == Stage::Stopping {
        return Err(NotDone::Stopping);
    }
    let replies = asker.command(command, PATIENCE);
    if replies.len() < usize::from(asker.shards()) { Err(NotDone::Silent) } else { Ok(()) }
}
