//! What an operator does to a running house without changing its documents: ends a call, holds off new ones.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::Form;
use model::Captured;
use observers::{Observers, Wanted};
use policy::Refusal;
use serde_json::{Value, json};
use sip_stack::Token;
use switch::{CaptureWish, Capturing, Command, HungUp, MakeCall, NoCapture, Notice, Reply, Unnoticed};
use switch_io::Asker;
use tracing::{info, warn};

use crate::control::{Board, Stage};
use crate::drained_trunks::{DrainedTrunks, Names, Service};
use crate::handed_on::handed_on;
use crate::made_calls::{MadeCalls, OtherCall};
use crate::recorder::FlightRecorder;
use crate::seen::Seen;
use crate::sight;
use crate::verbs::messages;

/// How long a shard may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    NoSuchCall(String),
    NoSuchTrunk(String),
    /// A user is named so who is none.
    Nobody(String),
    /// So many programs say something of the user that there is room for none more.
    TooManyPrograms(Arc<str>),
    /// Nobody ends a call for help but its parties.
    ForHelp(String),
    /// Its rules allow no such capture, and why.
    NotCaptured(String),
    /// Nothing of the call is kept.
    NothingKept(String),
    /// It may be done later, and why not now.
    NotNow(String),
    Stopping,
    /// The house declines the call, as it would have declined whoever dialled it.
    Declined(Refusal),
    /// It was asked for under a key that another call has.
    OtherCall(String),
    /// The disk does not take it.
    NotKept(String),
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
            NotDone::Nobody(name) => write!(f, "{name} is none of the users, nor the number of one"),
            NotDone::TooManyPrograms(user) => write!(f, "as many programs say something of {user} as may"),
            NotDone::Declined(refusal) => write!(f, "{refusal}"),
            NotDone::OtherCall(key) => write!(f, "the key {key} was that of another call"),
            NotDone::NoSuchTrunk(words)
            | NotDone::NotCaptured(words)
            | NotDone::NothingKept(words)
            | NotDone::NotNow(words) => f.write_str(words),
            NotDone::NotKept(why) => write!(f, "it cannot be kept, and so was not done: {why}"),
            NotDone::Stopping => f.write_str("the house is about to stop"),
            NotDone::Silent => f.write_str("a shard does not answer: it may be done in part; ask again"),
        }
    }
}

/// Whoever carries an operator's wishes to the shards.
pub struct Operator {
    pub asker: Asker,
    pub board: Arc<Board>,
    pub drained: DrainedTrunks,
    pub made: MadeCalls,
    /// Messages of calls, and where all else is that is kept of them.
    pub flight: FlightRecorder,
    pub observers: Arc<Observers>,
    pub data: PathBuf,
}

impl Operator {
    /// Ends a call in progress, by the name that its record will have.
    pub fn hang_up(&self, id: &str) -> Result<Value, NotDone> {
        let said = |reply| match reply {
            Reply::HungUp(became) if became != HungUp::Unknown => Some(became),
            _ => None,
        };
        match self.tell_call(id, |token| Command::HangUp { token }, said)? {
            HungUp::Ends => Ok(json!({ "call": id, "what": "ends" })),
            HungUp::ForHelp => Err(NotDone::ForHelp(id.to_owned())),
            HungUp::Unknown => Err(NotDone::NoSuchCall(id.to_owned())),
        }
    }

    /// What the shard of a call has to say to a command; the others know nothing of it.
    fn tell_call<T>(
        &self,
        id: &str,
        command: impl FnOnce(Token) -> Command,
        said: impl Fn(Reply) -> Option<T>,
    ) -> Result<T, NotDone> {
        let missing = || NotDone::NoSuchCall(id.to_owned());
        sight::call(&self.asker, id).ok_or_else(missing)?;
        let token = sight::token_of(id).ok_or_else(missing)?;
        let replies = self.asker.command(command(token), PATIENCE);
        let is_whole = replies.len() == usize::from(self.asker.shards());
        let became = replies.into_iter().find_map(said);
        became.ok_or_else(|| if is_whole { missing() } else { NotDone::Silent })
    }

    /// Rings a user's phones for a call of theirs; under a key once, however often it is asked.
    pub fn make_call(&self, wish: &MakeCall, key: Option<&str>) -> Result<Value, NotDone> {
        let other = |OtherCall| NotDone::OtherCall(key.unwrap_or_default().to_owned());
        let id = self.made.once(wish, key, || self.ring(wish)).map_err(other)??;
        Ok(json!({ "call": id, "what": "rings" }))
    }

    fn ring(&self, wish: &MakeCall) -> Result<String, NotDone> {
        let shard = self.made.next_of(self.asker.shards());
        let replies = self.asker.command(Command::MakeCall { shard, wish: wish.clone() }, PATIENCE);
        let made = replies.into_iter().find_map(|reply| match reply {
            Reply::Made(made) => Some(made),
            _ => None,
        });
        made.ok_or(NotDone::Silent)?.map_err(NotDone::Declined)
    }

    /// Takes what a program says of a user. One shard has it, and tells the others.
    pub fn notice(&self, notice: &Notice) -> Result<Value, NotDone> {
        let replies = self.asker.command(Command::Notice { shard: 0, notice: notice.clone() }, PATIENCE);
        let noticed = replies.into_iter().find_map(|reply| match reply {
            Reply::Noticed(noticed) => Some(noticed),
            _ => None,
        });
        let user = noticed.ok_or(NotDone::Silent)?.map_err(|fault| match fault {
            Unnoticed::Nobody => NotDone::Nobody(notice.of.to_string()),
            Unnoticed::TooMany => NotDone::TooManyPrograms(notice.of.as_ref().into()),
        })?;
        let seconds = notice.says.as_ref().map(|says| says.lasts.as_secs());
        Ok(json!({ "user": user, "program": notice.program, "seconds": seconds }))
    }

    /// Keeps the packets of a call in progress from now on.
    pub fn capture(&self, id: &str, media: Captured, seconds: Option<u32>) -> Result<Value, NotDone> {
        let said = |reply| match reply {
            Reply::Capturing(became) if became != Capturing::Unknown => Some(became),
            _ => None,
        };
        let command = |token| Command::Capture { token, wish: CaptureWish { media, seconds } };
        match self.tell_call(id, command, said)? {
            Capturing::Begins { file, seconds } => {
                info!(call = id, media = media.word(), seconds, "an operator captures a call");
                let (what, media) = ("captured", media.word());
                Ok(json!({ "call": id, "what": what, "media": media, "seconds": seconds, "file": file }))
            }
            Capturing::Refused(why) => Err(not_captured(why)),
            Capturing::Unknown => Err(NotDone::NoSuchCall(id.to_owned())),
        }
    }

    /// What is kept of a call's messages, by its record or as it is in progress.
    pub fn messages(&self, call: &Value, form: Form) -> Result<Vec<u8>, NotDone> {
        let (call_ids, sessions) = (messages::call_ids(call), messages::sessions(call));
        let id = call["id"].as_str().unwrap_or_default();
        let wanted = Wanted { call: id, call_ids: &call_ids, sessions: &sessions };
        let seen = Seen::of(wanted, &self.flight, &self.observers);
        let file = handed_on(call, &seen, &self.data, form);
        let nothing = || NotDone::NothingKept(format!("nothing of call {} is kept any more", call["id"]));
        file.map_err(|fault| NotDone::NotNow(format!("its packets cannot be read: {fault}")))?
            .ok_or_else(nothing)
    }

    /// Takes no new call that has nothing to do with help; what is in progress goes on.
    pub fn drain(&self) -> Result<Value, NotDone> {
        self.turn(Command::Drain, Stage::Draining)?;
        let words = "the house takes no new calls but those for help; tandem resume takes them again";
        self.board.alarm("draining", vec![words.to_owned()]);
        info!("an operator lets the house take no new calls");
        let calls = sight::held(&self.asker).ok_or(NotDone::Silent)?.calls;
        Ok(json!({ "what": "draining", "calls": calls }))
    }

    /// Takes calls as before.
    pub fn resume(&self) -> Result<Value, NotDone> {
        self.turn(Command::Resume, Stage::Running)?;
        self.board.alarm("draining", Vec::new());
        info!("the house takes new calls again");
        Ok(json!({ "what": "running" }))
    }

    /// Lets a trunk take no new calls, or again; it holds over a restart.
    pub fn serve_trunk(&self, name: &str, service: Service) -> Result<Value, NotDone> {
        let trunks = sight::status(&self.asker, self.board.read()).ok_or(NotDone::Silent)?.trunks;
        let Some(trunk) = trunks.iter().find(|trunk| *trunk.name == *name) else {
            return Err(NotDone::NoSuchTrunk(sight::no_such_trunk(
                name,
                trunks.iter().map(|trunk| &*trunk.name),
            )));
        };
        let drained =
            self.drained.change(name, service).map_err(|fault| NotDone::NotKept(fault.to_string()))?;
        self.tell(drained)?;
        info!(trunk = name, ?service, "an operator decided about a trunk");
        let what = if service == Service::Drained { "drained" } else { "running" };
        Ok(json!({ "trunk": name, "what": what, "calls": trunk.calls }))
    }

    /// What was decided of trunks before the start still holds.
    pub fn tell_drained(&self) {
        let drained = self.drained.names();
        if !drained.is_empty() && self.tell(drained).is_err() {
            warn!("a shard has not heard of the trunks that take no new calls");
        }
    }

    fn tell(&self, drained: Names) -> Result<(), NotDone> {
        let says = |name: &Arc<str>| format!("trunk {name} takes no new calls: tandem trunk resume {name}");
        self.board.alarm("drained trunks", drained.iter().map(says).collect());
        self.all(Command::DrainTrunks(drained))
    }

    /// Has every shard turn; a house that is about to stop turns no more.
    fn turn(&self, command: Command, to: Stage) -> Result<(), NotDone> {
        if self.board.turn(to) == Stage::Stopping {
            return Err(NotDone::Stopping);
        }
        self.all(command)
    }

    fn all(&self, command: Command) -> Result<(), NotDone> {
        let replies = self.asker.command(command, PATIENCE);
        if replies.len() < usize::from(self.asker.shards()) { Err(NotDone::Silent) } else { Ok(()) }
    }
}

fn not_captured(why: NoCapture) -> NotDone {
    let allows = |media: Captured| match media {
        Captured::None => "nothing of its media",
        Captured::Headers => "the headers of its media alone",
        Captured::Sound => "all of its media",
    };
    match why {
        NoCapture::Rules(media) => {
            let allowed = allows(media);
            NotDone::NotCaptured(format!("the rules of its parties allow {allowed} to be captured (TD-A015)"))
        }
        NoCapture::ForHelp(media) => {
            let allowed = allows(media);
            NotDone::NotCaptured(format!("of a call for help {allowed} may be captured (TD-A015)"))
        }
        NoCapture::Direct => {
            NotDone::NotCaptured("its media does not pass the house: path = \"direct\" (TD-A015)".to_owned())
        }
        NoCapture::Busy => {
            NotDone::NotNow("as many calls as may be are captured; wait for one to end".to_owned())
        }
    }
}
