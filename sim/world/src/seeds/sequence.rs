//! One call, and whatever its parties may do to it in any order; a small model says what must be true in the
//! end.

mod deeds;
mod habits;
mod model;

use std::cell::RefCell;
use std::time::Duration;

use actors::{Chance, Stage};
use call::{Outcome, Record};

use crate::chronicle::Chronicle;
use crate::handle::{ActorHandle, CallHandle};
use crate::network::Link;
use crate::seeds::day::Day;
use crate::world::{Blueprint, World};
use model::Model;

const HOUSE: &str = include_str!("sequence/house.toml");

/// Deeds of one sequence, at most.
const DEEDS: u64 = 12;

/// Who calls whom, by which number; of several callees that ring at once one answers.
const CALLS: [(&str, &str, &[&str]); 8] = [
    ("hana", "0101", &["minsu"]),
    ("hana", "+12065550142", &["east"]),
    ("east", "+14255550101", &["minsu"]),
    ("minsu", "+14255550100", &["hana"]),
    ("minsu", "+12065550142", &["east"]),
    ("hana", "0104", &["twins", "twins-2"]),
    ("east", "+14255550104", &["twins", "twins-2"]),
    ("hana", "0105", &["minsu", "twins", "twins-2", "east"]),
];

thread_local! {
    /// The houses, which cost more to compile than a sequence to play.
    static COMPILED: RefCell<[Option<Blueprint>; 2]> = const { RefCell::new([None, None]) };
}

/// Plays the sequence of a seed.
pub(crate) fn live(seed: u64, shards: u8, chronicle: Chronicle) -> Day {
    let kind = usize::from(seed.is_multiple_of(2));
    let compiled = COMPILED.with_borrow_mut(|both| both[kind].take());
    let house = compiled.unwrap_or_else(|| Blueprint::read(&written(kind)));
    let day = live_in(&house, (seed, shards), chronicle);
    // A house that did wrong may hold limits for ever.
    COMPILED.with_borrow_mut(|both| both[kind] = Some(house).filter(|_| day.speeches.is_empty()));
    day
}

/// In every other house media of people at the site leaves the relay.
fn written(kind: usize) -> String {
    match kind {
        0 => HOUSE.to_owned(),
        _ => HOUSE.replacen("[site.redmond]", "[site.redmond]\nmedia = { path = \"auto\" }", 1),
    }
}

fn live_in(house: &Blueprint, (seed, shards): (u64, u8), chronicle: Chronicle) -> Day {
    let mut chance = Chance::new(seed ^ 0x5e90_e4ce);
    let mut world = World::of(seed, house, shards);
    world.chronicles(chronicle);
    if chance.happens(600) {
        world.links_all(Link::rough(*chance.one_of(&[10, 50, 80])));
    }
    let (caller, number, callees) = *chance.one_of(&CALLS);
    habits::take(&world, &mut chance);
    let caller = world.actor(caller);
    let call = caller.dials(number);
    let mut model = Model::new(caller, callees.iter().map(|name| world.actor(name)).collect(), call);
    for _ in 0..=chance.below(DEEDS) {
        // Some deeds cross on their way.
        let longest = *chance.one_of(&[10, 100, 3000, 3000, 3000, 3000]);
        world.run_for(chance.span_below(Duration::from_millis(longest)));
        let deed = deeds::draw(&mut chance);
        if chronicle == Chronicle::Told {
            eprintln!("          {deed:?}");
        }
        deeds::act(deed, &mut world, &mut chance, &mut model);
    }
    let speeches = model::settle(&mut world, &model);
    let is_answered = |record: &Record| record.outcome == Outcome::Answered;
    let was_answered = !legs_up(&world).is_empty() || world.records().iter().any(is_answered);
    let lived = world.elapsed();
    let judged = world.verdicts();
    Day {
        calls: 1,
        answered: u64::from(was_answered),
        emergencies: 0,
        lived,
        speeches: speeches.into_iter().chain(judged).collect(),
    }
}

/// Its only leg that isn't over, or the newest.
fn living(one: &ActorHandle) -> Option<CallHandle> {
    let leg = one.legs().into_iter().rfind(|leg| leg.stage != Stage::Over)?;
    Some(CallHandle { owner: one.clone(), leg: leg.id })
}

fn legs_up(world: &World) -> Vec<CallHandle> {
    let mut legs = Vec::new();
    for one in world.everybody() {
        let up = one.legs().into_iter().filter(|leg| leg.stage == Stage::Up);
        legs.extend(up.map(|leg| CallHandle { owner: one.clone(), leg: leg.id }));
    }
    legs
}
