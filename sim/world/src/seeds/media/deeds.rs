//! What is done to calls while their media flows: lawful changes, one at a time for each call.

use std::time::Duration;

use actors::{Chance, Deed, Ended, Habit, LegId, LegView, Stage};

use super::go_on;
use super::judge::Judge;
use super::ports::Ports;
use crate::attackers::Zeal;
use crate::handle::{ActorHandle, CallHandle};
use crate::world::World;

/// Calls at a time, at most.
const AT_ONCE: usize = 5;
/// A call rings and is answered within this.
const ANSWERED: Duration = Duration::from_millis(1_200);
/// What was asked for by signalling has been done, and what was on its way has arrived: a stream is judged
/// again.
const SETTLED: Duration = Duration::from_secs(1);
/// Whoever comes from another port without a word is believed when the former one is silent.
const FOUND_AGAIN: Duration = Duration::from_millis(2_500);
/// Who is found by checks alone may have left its place so long before it is believed elsewhere.
const CHECKED_AGAIN: Duration = Duration::from_secs(9);

const CALLS: [(&str, &str, &str); 8] = [
    ("hana", "+12065550142", "east"),
    ("minsu", "+12125550142", "west"),
    ("joon", "+12065550143", "east"),
    ("east", "+14255550101", "minsu"),
    ("west", "+14255550100", "hana"),
    ("east", "+14255550102", "joon"),
    ("hana", "0101", "minsu"),
    ("joon", "0100", "hana"),
];

/// One call, the caller's leg first.
struct Pair {
    legs: [CallHandle; 2],
    is_held: Option<usize>,
    takes: [usize; 2],
}

/// How long calls stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Calm,
    /// Several end at once, and as many begin.
    Brisk,
}

pub(super) struct Calls {
    zeal: Zeal,
    pace: Pace,
    ports: Ports,
    up: Vec<Pair>,
    count: u64,
}

impl Calls {
    pub(super) fn beside(zeal: Zeal, pace: Pace, ports: Ports) -> Calls {
        Calls { zeal, pace, ports, up: Vec::new(), count: 0 }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Does one thing, with a new call or an old one.
    pub(super) fn one_more(&mut self, world: &mut World, judge: &mut Judge, chance: &mut Chance) {
        let is_up = |pair: &Pair| pair.legs.iter().all(|leg| leg.stage() == Stage::Up);
        let now = world.clock.now().instant;
        self.up.iter().filter(|pair| !is_up(pair)).for_each(|pair| self.ports.leave(now, pair.takes));
        self.up.retain(is_up);
        if self.up.len() < 2 || (self.up.len() < AT_ONCE && chance.happens(300)) {
            return self.dial(1, world, judge, chance);
        }
        if self.pace == Pace::Brisk && chance.happens(120) {
            return self.turn_over(world, judge, chance);
        }
        let at = chance.below(self.up.len() as u64) as usize;
        let pair = &mut self.up[at];
        if !pair.legs.iter().all(|leg| judge.is_settled(world, leg)) {
            return;
        }
        if chance.happens(100) {
            return pair.end(judge, chance);
        }
        let side = chance.below(2) as usize;
        let span = pair.change((side, self.zeal), world, chance);
        judge.counts.changes += 1;
        pair.legs.iter().for_each(|leg| judge.unsettle(world, leg, span));
    }

    /// Some calls end, and others begin while those who were in them still speak.
    fn turn_over(&mut self, world: &mut World, judge: &mut Judge, chance: &mut Chance) {
        let count = 1 + chance.below(self.up.len() as u64) as usize;
        let now = world.clock.now().instant;
        for pair in self.up.drain(..count) {
            pair.end(judge, chance);
            self.ports.leave(now, pair.takes);
        }
        go_on(world, judge, Duration::from_millis(20 + chance.below(180)));
        self.dial(count, world, judge, chance);
    }

    /// Dials some calls at once, for different callees.
    fn dial(&mut self, count: usize, world: &mut World, judge: &mut Judge, chance: &mut Chance) {
        let mut dialled: Vec<(CallHandle, ActorHandle, Vec<LegId>)> = Vec::new();
        for _ in 0..count {
            let (caller, number, callee) = *chance.one_of(&CALLS);
            let (caller, callee) = (world.actor(caller), world.actor(callee));
            if dialled.iter().any(|(_, other, _)| other.index == callee.index) {
                continue;
            }
            let before = callee.legs().iter().map(|leg| leg.id).collect();
            self.ports.take(Ports::between(&caller, &callee));
            dialled.push((caller.dials(number), callee, before));
        }
        let may_be_out = self.ports.may_be_out(world.clock.now().instant);
        go_on(world, judge, ANSWERED);
        let now = world.clock.now().instant;
        for (call, callee, before) in dialled {
            let takes = Ports::between(&call.owner, &callee);
            let mut legs = callee.legs().into_iter();
            let is_it = |leg: &LegView| leg.id.0 >= LegId::INCOMING && !before.contains(&leg.id);
            let called = legs.find(|leg| is_it(leg) && leg.stage == Stage::Up);
            let Some(called) = called.filter(|_| call.is_up()) else {
                self.ports.leave(now, takes);
                if may_be_out && call.ended() == Some(Ended::Refused(503)) {
                    judge.counts.declined += 1;
                } else {
                    judge.says(
                        world,
                        format!("{} could not call {}: {:?}", call.owner.name(), callee.name(), call.ended()),
                    );
                }
                continue;
            };
            self.count += 1;
            let legs = [call, CallHandle { owner: callee, leg: called.id }];
            judge.meet(world, &legs, SETTLED);
            self.up.push(Pair { legs, is_held: None, takes });
        }
    }
}

impl Pair {
    fn end(&self, judge: &mut Judge, chance: &mut Chance) {
        self.legs.iter().for_each(|leg| judge.over(leg));
        chance.one_of(&self.legs).hangs_up();
    }

    /// Changes something about one leg; after which time it has to be in effect.
    fn change(&mut self, (side, zeal): (usize, Zeal), world: &mut World, chance: &mut Chance) -> Duration {
        let leg = &self.legs[side];
        if let Some(side) = self.is_held.take() {
            self.legs[side].resumes();
            return SETTLED;
        }
        let deed = chance.below(10);
        if world.is_told() {
            eprintln!("          {} of {}: change {deed}", leg.owner.name(), leg.call_id());
        }
        match deed {
            0 | 1 => {
                leg.holds();
                self.is_held = Some(side);
            }
            2 => leg.reinvites(),
            3 => leg.reinvites_without_offer(),
            4 => leg.updates(),
            5 | 6 => leg.wish(Deed::Rekey(leg.leg)),
            7 => {
                leg.wish(Deed::MoveMedia(leg.leg));
                return if leg.owner.has(Habit::Checks) { CHECKED_AGAIN } else { SETTLED };
            }
            // As announcements and music of a provider do, one after the other.
            8 => (0..=chance.below(6)).for_each(|_| {
                leg.wish(Deed::ChangeSource(leg.leg));
                world.run_for(Duration::from_millis(60));
            }),
            // Who moves without a word cannot be told from who sends from its host instead, nor found as long
            // as somebody is heard from where it was.
            _ if zeal.is_neighbour || zeal.forges && !is_sealed(leg) => {}
            _ => return move_unsaid(leg, world, chance),
        }
        SETTLED
    }
}

fn is_sealed(leg: &CallHandle) -> bool {
    leg.owner.legs().iter().any(|one| one.id == leg.leg && one.media.is_sealed)
}

/// A NAT gives a leg's media another port, and says nothing of it.
fn move_unsaid(leg: &CallHandle, world: &mut World, chance: &mut Chance) -> Duration {
    let view = leg.owner.legs().into_iter().find(|one| one.id == leg.leg);
    let is_checked = leg.owner.has(Habit::Checks);
    if let (Some(view), Some(street)) = (view, &mut world.street) {
        let inside = view.media.local;
        street.show_anew(inside, 50_000 + chance.below(10_000) as u16);
    }
    if is_checked { CHECKED_AGAIN } else { FOUND_AGAIN }
}
