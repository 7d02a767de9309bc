//! What is done to calls while their media flows: lawful changes, one at a time for each call.

use std::time::Duration;

use actors::{Chance, Deed, Habit, LegId, Stage};

use super::go_on;
use super::judge::Judge;
use crate::attackers::Zeal;
use crate::handle::CallHandle;
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
}

pub(super) struct Calls {
    zeal: Zeal,
    up: Vec<Pair>,
    count: u64,
}

impl Calls {
    pub(super) fn beside(zeal: Zeal) -> Calls {
        Calls { zeal, up: Vec::new(), count: 0 }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Does one thing, with a new call or an old one.
    pub(super) fn one_more(&mut self, world: &mut World, judge: &mut Judge, chance: &mut Chance) {
        self.up.retain(|pair| pair.legs.iter().all(|leg| leg.stage() == Stage::Up));
        if self.up.len() < 2 || (self.up.len() < AT_ONCE && chance.happens(300)) {
            return self.dial(world, judge, chance);
        }
        let at = chance.below(self.up.len() as u64) as usize;
        let pair = &mut self.up[at];
        if !pair.legs.iter().all(|leg| judge.is_settled(world, leg)) {
            return;
        }
        if chance.happens(100) {
            pair.legs.iter().for_each(|leg| judge.over(leg));
            chance.one_of(&pair.legs).hangs_up();
            return;
        }
        let side = chance.below(2) as usize;
        let span = pair.change((side, self.zeal), world, chance);
        judge.counts.changes += 1;
        pair.legs.iter().for_each(|leg| judge.unsettle(world, leg, span));
    }

    fn dial(&mut self, world: &mut World, judge: &mut Judge, chance: &mut Chance) {
        let (caller, number, callee) = *chance.one_of(&CALLS);
        let (caller, callee) = (world.actor(caller), world.actor(callee));
        let before: Vec<LegId> = callee.legs().iter().map(|leg| leg.id).collect();
        let call = caller.dials(number);
        go_on(world, judge, ANSWERED);
        self.count += 1;
        let called =
            callee.legs().into_iter().find(|leg| !before.contains(&leg.id) && leg.stage == Stage::Up);
        let Some(called) = called.filter(|_| call.is_up()) else {
            return judge.says(world, format!("{} could not call {number}", caller.name()));
        };
        let legs = [call, CallHandle { owner: callee, leg: called.id }];
        judge.meet(world, &legs, SETTLED);
        self.up.push(Pair { legs, is_held: None });
    }
}

impl Pair {
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
            8 => leg.wish(Deed::ChangeSource(leg.leg)),
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
