//! Calls with media that attackers see: who is heard where, and what a packet does that is not its sender's.
//!
//! A handful of calls at a time on few ports, clear and sealed, some keyed by handshakes, some found by
//! checks, some between codecs that are made of each other; held, resumed, moved, keyed anew, with sources
//! that change and numbers that wrap, on a network that loses, copies and reorders. Signalling has a good
//! network: what crosses in it is for the sequences.

mod deeds;
mod judge;
mod ports;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use actors::{Chance, Codec, Habit, Sound};

use crate::attackers::{Attackers, Zeal};
use crate::chronicle::Chronicle;
use crate::handle::ActorHandle;
use crate::judges::Speech;
use crate::network::Link;
use crate::street::Street;
use crate::world::{Blueprint, World};
use deeds::{Calls, Pace};
use judge::{Judge, Way};
use ports::Ports;

const HOUSE: &str = include_str!("media/house.toml");
const LASTS: Duration = Duration::from_secs(40);
/// G.729 is offered to trunks alone.
const SPOKEN_OUTSIDE: &str = r#", codecs = ["opus", "g722", "pcmu", "pcma", "g729"]"#;
/// How often the judge looks.
const LOOK: Duration = Duration::from_millis(20);
/// Nothing overtakes anything.
const EVEN: Duration = Duration::from_millis(20);
/// In no network of the house, and of nobody in it.
const ATTACKER: &str = "203.0.114.66:6666";

/// What became of one seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Minute {
    pub calls: u64,
    pub counts: Counts,
    pub lived: Duration,
    pub speeches: Vec<Speech>,
}

/// What was judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Packets of far ends that had to be sent on, and were.
    pub carried: u64,
    /// Packets of attackers that had to be dropped, and were.
    pub refused: u64,
    /// Packets of attackers that nobody could tell from their forged sender's.
    pub passed: u64,
    /// What far ends heard.
    pub heard: u64,
    /// Lawful changes to streams that flowed.
    pub changes: u64,
    /// Calls for which the house had no port that had rested.
    pub declined: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Counts) {
        self.carried += other.carried;
        self.refused += other.refused;
        self.passed += other.passed;
        self.heard += other.heard;
        self.changes += other.changes;
        self.declined += other.declined;
    }
}

thread_local! {
    static COMPILED: RefCell<BTreeMap<Kind, Blueprint>> = const { RefCell::new(BTreeMap::new()) };
}

/// What houses differ by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    shards: u8,
    /// Who is offered keys by a handshake: its users, one of its providers.
    shaken: [bool; 2],
    /// Whether each far end speaks one codec, and the house makes them of each other.
    is_sung: bool,
}

impl Kind {
    fn drawn(seed: u64, shards: u8) -> Kind {
        let mut chance = Chance::new(seed ^ 0x646f_6375);
        Kind { shards, shaken: [250, 400].map(|often| chance.happens(often)), is_sung: chance.happens(300) }
    }

    /// Few ports: one shard has them lent again as soon as they have rested. Of several each has enough for
    /// all.
    fn written(self) -> String {
        let handshake = |is_shaken: bool| if is_shaken { ", keys = \"dtls\"" } else { "" };
        let house = HOUSE
            .replace("{of users}", handshake(self.shaken[0]))
            .replace("{of west}", handshake(self.shaken[1]))
            .replace("{of all}", if self.is_sung { ", transcode = \"needed\"" } else { "" })
            .replace("{of trunks}", if self.is_sung { SPOKEN_OUTSIDE } else { "" });
        if self.shards == 1 {
            return house;
        }
        house
            .replace("-30013", &format!("-{}", 30_000 + 40 * u16::from(self.shards) - 1))
            .replace("-32009", &format!("-{}", 32_000 + 40 * u16::from(self.shards) - 1))
    }

    /// Whether a far end is offered keys by a handshake.
    fn shakes(self, one: &ActorHandle) -> bool {
        let of = [one.kind() == actors::Kind::Phone, one.name() == "west"];
        self.shaken.iter().zip(of).any(|(is_shaken, is_it)| *is_shaken && is_it)
    }
}

/// Lives through the calls of a seed, in a house of so many shards.
pub(crate) fn live(seed: u64, shards: u8, chronicle: Chronicle) -> Minute {
    let kind = Kind::drawn(seed, shards);
    let compiled = COMPILED.with_borrow_mut(|all| all.remove(&kind));
    let house = compiled.unwrap_or_else(|| Blueprint::read(&kind.written()).with_certificate());
    let minute = live_in(&house, (seed, kind), chronicle);
    // A house that did wrong may hold limits for ever.
    if minute.speeches.is_empty() {
        COMPILED.with_borrow_mut(|all| all.insert(kind, house));
    }
    minute
}

/// So many pairs are for calls, inside and outside: one of each interface is kept for emergencies.
fn pairs(shards: u8) -> [usize; 2] {
    if shards == 1 { [6, 4] } else { [usize::MAX; 2] }
}

fn live_in(house: &Blueprint, (seed, kind): (u64, Kind), chronicle: Chronicle) -> Minute {
    let mut chance = Chance::new(seed ^ 0x006d_6564_6961);
    let mut world = World::of(seed, house, kind.shards);
    world.chronicles(chronicle);
    let link = link(&mut chance);
    world.network.of_media = Some(link);
    let zeal = zeal(&mut chance);
    let own: SocketAddr = ATTACKER.parse().expect("an address");
    world.street = Some(Street::new(Attackers::new(Chance::new(chance.u64()), zeal, own)));
    world.everybody().iter().for_each(|one| character(one, kind, zeal, &mut chance));

    let is_even = link.loss == 0 && link.copies == 0 && link.jitter < EVEN;
    let way = if is_even { Way::Even } else { Way::Rough };
    let mut judge = Judge::new(zeal, way, chronicle);
    let pace = if chance.happens(500) { Pace::Brisk } else { Pace::Calm };
    let mut calls = Calls::beside(zeal, pace, Ports::new(pairs(kind.shards)));
    while world.elapsed() < LASTS {
        calls.one_more(&mut world, &mut judge, &mut chance);
        go_on(&mut world, &mut judge, Duration::from_millis(200 + chance.below(1_000)));
    }
    go_on(&mut world, &mut judge, Duration::from_secs(2));
    let speeches = judge.speeches();
    let (lived, counts) = (world.elapsed(), judge.counts);
    world.street.iter_mut().for_each(|street| street.attackers.go_home());
    let judged = world.verdicts();
    let speeches = speeches.into_iter().chain(judged).collect();
    Minute { calls: calls.count(), counts, lived, speeches }
}

/// Time passes, and the judge looks.
fn go_on(world: &mut World, judge: &mut Judge, span: Duration) {
    let end = world.elapsed() + span;
    while world.elapsed() < end {
        world.run_for(LOOK);
        judge.look(world);
    }
}

fn link(chance: &mut Chance) -> Link {
    let latency = Duration::from_millis(*chance.one_of(&[1, 5, 40]));
    let jitter = Duration::from_millis(*chance.one_of(&[0, 5, 30, 60]));
    let (loss, copies) = (*chance.one_of(&[0, 0, 10, 50]), *chance.one_of(&[0, 20]));
    Link { latency, jitter, loss, copies, mtu: None }
}

fn zeal(chance: &mut Chance) -> Zeal {
    let often = *chance.one_of(&[0, 20, 60, 200]);
    Zeal { often, forges: chance.happens(500), is_neighbour: chance.happens(300) }
}

fn character(one: &ActorHandle, kind: Kind, zeal: Zeal, chance: &mut Chance) {
    let seals = [None, Some(Habit::Seals), Some(Habit::SealsIfAsked), Some(Habit::SealsIfTaken)];
    let seals = *chance.one_of(&seals);
    let seals = if kind.shakes(one) { Some(Habit::Shakes) } else { seals };
    // Who says nowhere where it is and finds nobody who answers its checks is known by its host alone.
    let checks = chance.happens(250) && !zeal.is_neighbour;
    let muxes = chance.happens(300);
    let counts_from = *chance.one_of(&[0, 0, 1_000, 65_000, 65_200, 65_400]);
    let lingers = Duration::from_millis(*chance.one_of(&[0, 0, 900, 2_000]));
    let mut spoken = vec![Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
    spoken.extend((one.kind() != actors::Kind::Phone).then_some(Codec::G729));
    let codec = *chance.one_of(&spoken);
    let sung = kind.is_sung.then_some(Sound::Sung { codec, tones: one.index as u16 });
    one.with(|profile| {
        profile.sound = sung.unwrap_or(profile.sound);
        let extra = [(checks, Habit::Checks), (checks || muxes, Habit::Muxes), (true, Habit::TellsEach)];
        profile.habits.extend(extra.iter().filter(|(has, _)| *has).map(|(_, habit)| *habit));
        profile.habits.extend(seals);
        profile.packet_every = Duration::from_millis(20);
        profile.answers_after = Duration::from_millis(200);
        profile.counts_from = counts_from;
        profile.lingers = lingers;
        profile.rtp_pairs = 4_000;
    });
}
