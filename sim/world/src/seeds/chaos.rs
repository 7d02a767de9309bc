//! An hour of chaos: servers die and return, DNS falls silent, fails, denies and changes, registrars refuse,
//! and calls go out and come in all the time. Then all is mended, and has to come back.
//!
//! Two laws. A call may fail only if nobody lived all the time who could have taken it. And what is asked
//! again and again is asked by its schedule: not sooner, and never forgotten.

mod cast;
mod probes;
mod registers;
mod truth;

#[cfg(test)]
mod bite;

use std::time::Duration;

use actors::{Chance, Ended};

use crate::chronicle::Chronicle;
use crate::handle::CallHandle;
use crate::judges::Speech;
use crate::world::World;
use cast::{Cast, PHONES};
use probes::Probes;
use registers::Registers;
use truth::{Bars, Kind, Shut, Wanted};

/// By then everything must be back: the longest wait in the documents, and what leads there.
const HEALING: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);
/// A call that has used up all its time may fail, and none is older while it is set up.
const SET_UP_MAX: Duration = Duration::from_secs(179);
/// Whoever lives so long must have been found alive again.
const FOUND_AFTER: Duration = Duration::from_secs(150);

/// What an hour came to.
#[derive(Default)]
pub(crate) struct Hour {
    pub calls: u64,
    pub answered: u64,
    /// Calls that failed while nobody lived who could have taken them.
    pub hopeless: u64,
    /// Calls that rang at somebody who died then.
    pub rung: u64,
    pub speeches: Vec<Speech>,
}

/// How long chaos lasts, and the time after it.
#[derive(Clone, Copy)]
pub(crate) struct Hours {
    chaos: Duration,
    healing: Duration,
}

/// `lasts` for so long, and then everything comes back.
pub(crate) fn live(seed: u64, lasts: Duration, chronicle: Chronicle) -> Hour {
    live_in(cast::HOUSE, Hours { chaos: lasts, healing: HEALING }, seed, chronicle)
}

fn live_in(house: &str, hours: Hours, seed: u64, chronicle: Chronicle) -> Hour {
    let mut life = Life::begin(house, seed, chronicle);
    while life.now() < hours.chaos {
        if life.chance.happens(life.happens) {
            life.cast.something_happens(&mut life.world, &mut life.chance);
        }
        life.somebody_calls();
        life.second_passes();
    }
    life.cast.heal(&mut life.world);
    while life.now() < hours.chaos + hours.healing {
        life.somebody_calls();
        life.second_passes();
    }
    life.end()
}

/// A world, what is true of it, and what is wanted of it.
struct Life {
    world: World,
    chance: Chance,
    cast: Cast,
    /// Something happens in so many of a thousand seconds.
    happens: u32,
    probes: Probes,
    registers: Registers,
    shut: Shut,
    trying: Vec<Trying>,
    hour: Hour,
}

/// A call that is being set up.
struct Trying {
    call: CallHandle,
    began: Duration,
    way: Way,
}

enum Way {
    Out(Wanted),
    /// From this far end.
    In(usize),
}

impl Life {
    fn begin(house: &str, seed: u64, chronicle: Chronicle) -> Life {
        let mut world = World::from_toml(seed, house);
        world.chronicles(chronicle);
        world.overhears();
        let mut chance = Chance::new(seed ^ 0xc4a0_5000);
        // On some days hardly anybody is there: then it counts who is asked.
        let cast = Cast::enter(&mut world, *chance.one_of(&[400, 600, 800, 900]));
        let happens = *chance.one_of(&[80, 200]);
        Life {
            world,
            chance,
            cast,
            happens,
            probes: Probes::default(),
            registers: Registers::default(),
            shut: Shut::default(),
            trying: Vec::new(),
            hour: Hour::default(),
        }
    }

    fn now(&self) -> Duration {
        self.world.elapsed()
    }

    fn somebody_calls(&mut self) {
        if !self.chance.happens(250) {
            return;
        }
        let began = self.now();
        self.hour.calls += 1;
        let at = self.chance.below(self.cast.targets.len() as u64) as usize;
        let (call, way) = if self.chance.happens(300) && self.cast.can_call(at) {
            let number = *self.chance.one_of(&["+14255550100", "+14255550101", "+14255550102"]);
            (self.cast.targets[at].actor.dials(number), Way::In(at))
        } else {
            let number = *self.chance.one_of(&["+12065550142", "+442079460123", "+12065550199", "911"]);
            let kind = if number == "911" { Kind::Help } else { Kind::Out };
            let phone: &str = self.chance.one_of::<&str>(&PHONES);
            let phone = self.world.user(phone);
            (phone.dials(number), Way::Out(Wanted { began, kind, bars: self.bars() }))
        };
        self.trying.push(Trying { call, began, way });
    }

    /// What the documents and far ends forbid at this moment.
    fn bars(&self) -> Bars {
        let soon = self.now() + SECOND;
        let is_stopped = |account: &str| self.registers.is_stopped(account);
        let mut shut = Vec::new();
        shut.extend(is_stopped(cast::SOUTH).then_some("south"));
        let is_known = self.registers.bound_until(cast::COAST) > soon;
        shut.extend((is_stopped(cast::COAST) || !is_known).then_some("coast"));
        Bars { rests: self.probes.rests.clone(), shut }
    }

    fn second_passes(&mut self) {
        self.world.run_for(SECOND);
        let now = self.now();
        for one in self.world.overheard() {
            self.probes.hear(&one);
            self.registers.hear(&one);
        }
        self.cast.look(now);
        for target in self.cast.targets.iter().filter(|target| target.trunk != "north") {
            if let Some(since) = target.known_since() {
                self.probes.look(now, target.sip, since);
            }
        }
        for (account, trunk) in [(cast::SOUTH, "south"), (cast::COAST, "coast")] {
            self.registers.look(now, account, self.cast.findable(trunk));
        }
        let bars = self.bars();
        for one in &mut self.trying {
            if let Way::Out(wanted) = &mut one.way
                && now < one.began + SECOND * 2
            {
                wanted.bars.shut.extend(&bars.shut);
            }
        }
        self.shut.sees(now, &bars.shut);
        self.judge_rests(&bars);
        let mut trying = std::mem::take(&mut self.trying);
        trying.retain(|one| self.is_undecided(one));
        self.trying = trying;
        let faults = self.probes.take_faults().into_iter().chain(self.registers.take_faults());
        self.hour.speeches.extend(faults.map(|words| Speech { judge: "schedule", words }));
    }

    /// Who had bidden us wait is called only if nobody else has been there for long. A call keeps the plan it
    /// began with: a trunk that was shut then is not in it.
    fn judge_rests(&mut self, bars: &Bars) {
        for probes::Breach { at, far } in self.probes.take_breaches() {
            let Some(before) = at.checked_sub(FOUND_AFTER) else { continue };
            let shut = self.shut.since(at.saturating_sub(SET_UP_MAX));
            let bars = Bars { rests: bars.rests.clone(), shut };
            let wanted = Wanted { began: before, kind: Kind::Out, bars };
            if let Some(other) = wanted.takers(&self.cast.targets).find(|other| other.sip != far) {
                let name = other.actor.name();
                let words = format!("{at:?}: {far} was called, and had bidden us wait; {name} was there");
                self.hour.speeches.push(Speech { judge: "schedule", words });
            }
        }
    }

    /// Looks what became of a call; whether nothing did yet.
    fn is_undecided(&mut self, one: &Trying) -> bool {
        let Trying { call, began, way } = one;
        let ended = if call.is_up() { None } else { call.ended() };
        let failed = match ended {
            Some(failed @ (Ended::Refused(_) | Ended::TimedOut)) => failed,
            None if !call.is_up() => return true,
            _ => {
                self.hour.answered += 1;
                return false;
            }
        };
        let took = self.now() - *began;
        let has_rung = call.progress().iter().any(|status| *status > 100);
        let taker = match way {
            Way::Out(wanted) if wanted.kind == Kind::Out && has_rung => {
                self.hour.rung += 1;
                return false;
            }
            Way::Out(wanted) => wanted.takers(&self.cast.targets).next(),
            Way::In(at) => Some(&self.cast.targets[*at]).filter(|target| target.is_there_since(*began)),
        };
        match taker.filter(|_| took < SET_UP_MAX) {
            None => self.hour.hopeless += 1,
            Some(taker) => {
                let (name, kind) = (taker.actor.name(), way.word());
                let words =
                    format!("{kind} of {began:?} ended with {failed:?}; {name} was there all the time");
                self.hour.speeches.push(Speech { judge: "chaos", words });
            }
        }
        false
    }

    fn end(mut self) -> Hour {
        let words = self.cast.who_is_not_back(&self.world);
        self.hour.speeches.extend(words.into_iter().map(|words| Speech { judge: "return", words }));
        for account in [cast::SOUTH, cast::COAST] {
            if self.registers.bound_until(account) <= self.now() {
                let words = format!("{account} is not registered again");
                self.hour.speeches.push(Speech { judge: "return", words });
            }
        }
        for target in self.cast.targets.iter().filter(|target| target.trunk == "north") {
            if self.probes.has_probed(target.sip) {
                let words = format!("{} was probed against its documents", target.sip);
                self.hour.speeches.push(Speech { judge: "schedule", words });
            }
        }
        let Life { world, mut hour, .. } = self;
        hour.speeches.extend(world.verdicts());
        hour
    }
}

impl Way {
    fn word(&self) -> &'static str {
        match self {
            Way::Out(Wanted { kind: Kind::Help, .. }) => "a call for help",
            Way::Out(_) => "a call",
            Way::In(_) => "a call from outside",
        }
    }
}
