//! The four calls of the demo, and what must be true for each to have worked.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actors::{Actor, Deed, Habit, LegId, Note};
use anyhow::{Context, Result};
use ladder::Ladder;
use serde::Serialize;
use switch::{Outcome, Record};

use crate::demo::cast::{CAST, Stage};
use crate::demo::driver::{Player, Seen, Word};
use crate::demo::wire::{self, Kept};

/// How long the two speak with each other.
const TALK: Duration = Duration::from_millis(1200);
const PATIENCE: Duration = Duration::from_secs(20);
/// Hertz that a tone may be off.
const TOLERANCE: u16 = 15;
const PACKETS_MIN: u64 = 25;

/// One call of the play.
pub struct Scene {
    pub title: &'static str,
    pub caller: &'static str,
    pub dials: &'static str,
    pub callee: &'static str,
    /// Whether the provider that is usually taken answers.
    pub northwind: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Well,
    Broken,
}

pub const SCENES: [Scene; 4] = [
    Scene {
        title: "hana calls Seattle through northwind",
        caller: "hana",
        dials: "12065550142",
        callee: "northwind",
        northwind: Health::Well,
    },
    Scene {
        title: "somebody calls marco's number, which northwind brings",
        caller: "northwind",
        dials: "+14255550101",
        callee: "marco",
        northwind: Health::Well,
    },
    Scene {
        title: "northwind answers 503: wei's call moves on to fabrikam",
        caller: "wei",
        dials: "12065550143",
        callee: "fabrikam",
        northwind: Health::Broken,
    },
    Scene { title: "wei dials 911", caller: "wei", dials: "911", callee: "psap", northwind: Health::Well },
];

/// How a call went.
#[derive(Debug, Serialize)]
pub struct Outturn {
    pub title: &'static str,
    pub caller: &'static str,
    pub callee: &'static str,
    /// Everything that is not as it should be; none is a success.
    pub faults: Vec<String>,
    /// Hertz that each party heard.
    pub heard: BTreeMap<&'static str, u16>,
    pub ladder: Ladder,
    pub record: Option<Record>,
}

/// The parties, and what is seen of them.
pub struct Play {
    players: BTreeMap<&'static str, Player>,
    seen: Receiver<Seen>,
    records: Receiver<Record>,
    wire: Arc<Mutex<Vec<Kept>>>,
    edge: String,
    legs: u32,
}

/// What was seen while one call went on.
#[derive(Default)]
struct Sight {
    heard: BTreeMap<&'static str, u16>,
    answered: Vec<&'static str>,
    ended: Vec<&'static str>,
}

impl Play {
    /// Starts the cast. Their sockets are taken from the stage.
    pub fn start(stage: &mut Stage, records: Receiver<Record>, wire: Arc<Mutex<Vec<Kept>>>) -> Result<Play> {
        let (see, seen) = channel();
        let mut players = BTreeMap::new();
        for ((seed, part), sockets) in (1..).zip(CAST).zip(std::mem::take(&mut stage.sockets)) {
            let actor = Actor::new(stage.profile(part), seed);
            let player = Player::start(part.name, actor, sockets, see.clone()).context(part.name)?;
            players.insert(part.name, player);
        }
        Ok(Play { players, seen, records, wire, edge: stage.edge().to_string(), legs: 0 })
    }

    /// Makes one call from beginning to end.
    pub fn make(&mut self, scene: &Scene, stage: &Stage) -> Outturn {
        self.legs += 1;
        let leg = LegId(self.legs);
        let habits = match scene.northwind {
            Health::Well => Vec::new(),
            Health::Broken => vec![Habit::RefusesWith(503)],
        };
        self.tell("northwind", Word::Behave(habits));
        self.wire().clear();
        let to = format!("sip:{}@{}", scene.dials, self.edge);
        self.tell(scene.caller, Word::Do(Deed::Call { leg, to }));

        let mut sight = Sight::default();
        self.watch(&mut sight, PATIENCE, |sight| {
            sight.answered.contains(&scene.caller) && sight.answered.contains(&scene.callee)
                || sight.ended.contains(&scene.caller)
        });
        self.watch(&mut sight, TALK, |_| false);
        // A machine that is busy with other things is slow to speak.
        self.watch(&mut sight, PATIENCE, |sight| {
            [scene.caller, scene.callee].iter().all(|who| sight.heard.contains_key(who))
                || sight.ended.contains(&scene.caller)
        });
        self.tell(scene.caller, Word::Do(Deed::HangUp(leg)));
        let record = self.records.recv_timeout(PATIENCE).ok();
        // The last message crosses after its record is kept.
        self.watch(&mut sight, Duration::from_millis(150), |_| false);
        self.outturn(scene, sight, record, stage)
    }

    fn outturn(&self, scene: &Scene, sight: Sight, record: Option<Record>, stage: &Stage) -> Outturn {
        let mut faults = Vec::new();
        let mut ladder = Ladder::of(Vec::new());
        match &record {
            None => faults.push("no call record was made".to_owned()),
            Some(record) => {
                let callees = record.attempts.iter().map(|attempt| &*attempt.call_id);
                let call_ids: Vec<_> = std::iter::once(&*record.call_id).chain(callees).collect();
                ladder = wire::ladder(&self.wire(), &call_ids, |address| stage.name_of(address));
                faults_of(record, scene, &mut faults);
            }
        }
        for (listener, speaker) in [(scene.caller, scene.callee), (scene.callee, scene.caller)] {
            let sent = CAST.iter().find(|part| part.name == speaker).map_or(0, |part| part.hertz);
            match sight.heard.get(listener) {
                Some(hertz) if hertz.abs_diff(sent) <= TOLERANCE => {}
                Some(hertz) => faults.push(format!("{listener} heard {hertz} Hz, and {speaker} sent {sent}")),
                None => faults.push(format!("{listener} did not hear {speaker}")),
            }
        }
        Outturn {
            title: scene.title,
            caller: scene.caller,
            callee: scene.callee,
            faults,
            heard: sight.heard,
            ladder,
            record,
        }
    }

    /// Notes what the cast sees, until enough was seen or the time is over.
    fn watch(&self, sight: &mut Sight, patience: Duration, is_enough: impl Fn(&Sight) -> bool) {
        let until = Instant::now() + patience;
        while !is_enough(sight) {
            match self.seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Seen { by, noted }) => sight.note(by, &noted.what),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&self, name: &str, word: Word) {
        if let Some(player) = self.players.get(name) {
            player.tell(word);
        }
    }

    fn wire(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sight {
    fn note(&mut self, by: &'static str, what: &Note) {
        match what {
            Note::Answered => self.answered.push(by),
            Note::Ended(_) => self.ended.push(by),
            Note::HeardTone { hertz } => {
                self.heard.insert(by, *hertz);
            }
            _ => {}
        }
    }
}

fn faults_of(record: &Record, scene: &Scene, faults: &mut Vec<String>) {
    if record.outcome != Outcome::Answered {
        faults.push(format!("{}: {}", record.verdict, record.words));
    }
    // "trunk northwind" or "user marco".
    let last = record.attempts.last().map_or("nobody", |attempt| &attempt.callee);
    if last.split(' ').next_back() != Some(scene.callee) {
        faults.push(format!("{last} was reached, not {}", scene.callee));
    }
    match &record.media {
        None => faults.push("the relay has no figures".to_owned()),
        Some(sound) => {
            for (name, side) in [(scene.caller, &sound.caller), (scene.callee, &sound.callee)] {
                if side.lost > 0 || side.packets_in < PACKETS_MIN {
                    faults.push(format!("{name}: {} packets came, {} are lost", side.packets_in, side.lost));
                }
            }
        }
    }
}
