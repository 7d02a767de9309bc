//! Lamps by the thousand: a crowd of phones, a provider and consoles around a house of several shards, on a
//! network that loses, copies and reorders by seed. The crowd is the judge (`actors::Crowd`).
//!
//! No media flows, and nobody but the consoles has a bad link: what is measured is what lamps cost and how
//! far they lag behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::{Chance, Crowd, CrowdPlan, Leaving, Seat, Verdict};
use sip_stack::{ConnectionId, Flow, ListenerId, Transport};
use switch::{Input, MediaRange, News, Outbox, Received, Settings, Switch};

use crate::clock::Clock;
use crate::network::{Link, Network};
use crate::node::{advertised, listeners};
use crate::world::Blueprint;

/// What a shard says is with another after this.
const NEWS_WAIT: Duration = Duration::from_micros(200);
/// What is under way at the end gets so long to arrive: a lost NOTIFY is sent for half a minute.
const REST: Duration = Duration::from_secs(40);

/// How many lamps, how many calls, and how bad the network is.
#[derive(Clone, Debug)]
pub struct Lamps {
    pub users: usize,
    pub desks: usize,
    pub keys: usize,
    pub calls_per_second: u32,
    pub calls_for: Duration,
    pub shards: u8,
    /// Between the house and the consoles.
    pub link: Link,
    /// Of a thousand news between shards, so many are lost: their queues have an end.
    pub news_lost: u32,
}

impl Lamps {
    /// Ten thousand lamps and two hundred calls a second.
    pub fn many() -> Lamps {
        Lamps {
            users: 1_000,
            desks: 50,
            keys: 200,
            calls_per_second: 200,
            calls_for: Duration::from_secs(10),
            shards: 2,
            link: Link { jitter: Duration::from_millis(30), copies: 20, loss: 1, ..Link::default() },
            news_lost: 1,
        }
    }

    fn plan(&self) -> CrowdPlan {
        let at = |ip: [u8; 4]| SocketAddr::from((ip, 5060));
        CrowdPlan {
            house: at([10, 20, 0, 1]),
            provider: at([10, 20, 0, 2]),
            phones: at([10, 20, 0, 3]),
            consoles: at([10, 20, 0, 4]),
            users: self.users,
            desks: self.desks,
            keys: self.keys,
            calls_per_second: self.calls_per_second,
        }
    }
}

/// Lights all lamps, lets calls come and go, waits until it is quiet, and asks how the house did.
pub fn light(seed: u64, lamps: &Lamps) -> Verdict {
    let mut place = Place::new(seed, lamps);
    place.crowd.subscribe_within(place.clock.now().instant, Duration::from_secs(5));
    place.run_for(Duration::from_secs(8));
    place.network.set(place.plan.consoles.ip(), lamps.link);
    place.crowd.call_for(place.clock.now().instant, lamps.calls_for);
    place.run_for(lamps.calls_for + REST);
    place.crowd.verdict()
}

struct Place {
    plan: CrowdPlan,
    clock: Clock,
    network: Network,
    crowd: Crowd,
    shards: Vec<Switch>,
    outbox: Outbox,
    coming: BTreeMap<(Instant, u64), Coming>,
    last: u64,
    chance: Chance,
    news_lost: u32,
}

enum Coming {
    ToHouse { from: SocketAddr, bytes: Vec<u8> },
    ToCrowd { seat: Seat, bytes: Vec<u8> },
    News { shard: usize, news: News },
}

impl Place {
    fn new(seed: u64, lamps: &Lamps) -> Place {
        let plan = lamps.plan();
        let policy = Blueprint::read(&plan.documents()).policy();
        let (clock, mut chance) = (Clock::new(), Chance::new(seed));
        let shard = |shard: u8| {
            let interfaces = policy.interfaces().iter();
            let media = interfaces.map(|interface| MediaRange {
                interface: interface.id,
                address: interface.address,
                advertise: advertised(interface),
                ports: interface.media_ports.first..=interface.media_ports.last,
                chats: None,
            });
            let settings = Settings {
                shard,
                shards: lamps.shards,
                listeners: listeners(&policy),
                media: media.collect(),
                // All shards have one key: a challenge of one is answered to any.
                certificate: None,
                seed: [seed as u8; 32],
                gruu_key: [0x67; 32],
                version: "Tandem/sim",
            };
            Switch::new(settings, Arc::clone(&policy), clock.now())
        };
        Place {
            shards: (0..lamps.shards).map(shard).collect(),
            network: Network::new(Chance::new(chance.u64())),
            crowd: Crowd::new(plan.clone(), chance.u64(), clock.now().instant),
            plan,
            clock,
            outbox: Outbox::default(),
            coming: BTreeMap::new(),
            last: 0,
            chance,
            news_lost: lamps.news_lost,
        }
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.clock.now().instant + span;
        while self.clock.now().instant < end {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let shards = self.shards.iter().enumerate();
            let house = shards.filter_map(|(at, shard)| Some((shard.deadline()?, at))).min();
            let crowd = self.crowd.deadline();
            let next = [coming, house.map(|(at, _)| at), crowd].into_iter().flatten().min().unwrap_or(end);
            self.clock.move_to(next.min(end));
            if next > end {
                return;
            }
            if coming == Some(next) {
                if let Some((_, coming)) = self.coming.pop_first() {
                    self.arrive(coming);
                }
            } else if let Some((_, shard)) = house.filter(|(at, _)| *at == next) {
                self.give(shard, Input::Deadline);
            } else {
                let mut out = Vec::new();
                self.crowd.expire(next, &mut out);
                self.leave(out);
            }
        }
    }

    fn arrive(&mut self, coming: Coming) {
        match coming {
            Coming::ToHouse { from, bytes } => {
                let shard = usize::from(sip_stack::steer(&bytes, self.shards.len() as u8));
                let flow = Flow {
                    transport: Transport::Udp,
                    listener: ListenerId(0),
                    connection: ConnectionId::NONE,
                    remote: from,
                };
                self.give(shard, Input::Received(Received { flow, bytes: &bytes }));
            }
            Coming::ToCrowd { seat, bytes } => {
                let mut out = Vec::new();
                self.crowd.receive(self.clock.now().instant, seat, &bytes, &mut out);
                self.leave(out);
            }
            Coming::News { shard, news } => self.give(shard, Input::News(news)),
        }
    }

    /// Gives a shard one input, and carries what follows.
    fn give(&mut self, shard: usize, input: Input<'_>) {
        let mut outbox = std::mem::take(&mut self.outbox);
        self.shards[shard].handle(self.clock.now(), input, &mut outbox);
        for send in outbox.sends.drain(..) {
            let to = send.flow.remote;
            let seats = [
                (self.plan.provider, Seat::Provider),
                (self.plan.phones, Seat::Phones),
                (self.plan.consoles, Seat::Consoles),
            ];
            let seat = seats.iter().find(|(at, _)| *at == to);
            let (_, seat) = *seat.unwrap_or_else(|| panic!("nobody sits at {to}"));
            let bytes = send.wire.bytes();
            for after in self.network.datagram(to.ip(), bytes.len()) {
                self.plan(after, Coming::ToCrowd { seat, bytes: bytes.to_vec() });
            }
        }
        for news in outbox.news.drain(..) {
            for other in (0..self.shards.len()).filter(|other| *other != shard) {
                if !self.chance.happens(self.news_lost) {
                    self.plan(NEWS_WAIT, Coming::News { shard: other, news: news.clone() });
                }
            }
        }
        self.outbox = Outbox { sends: outbox.sends, news: outbox.news, ..Outbox::default() };
    }

    fn leave(&mut self, out: Vec<Leaving>) {
        for (seat, bytes) in out {
            let from = match seat {
                Seat::Provider => self.plan.provider,
                Seat::Phones => self.plan.phones,
                Seat::Consoles => self.plan.consoles,
            };
            for after in self.network.datagram(from.ip(), bytes.len()) {
                self.plan(after, Coming::ToHouse { from, bytes: bytes.clone() });
            }
        }
    }

    fn plan(&mut self, after: Duration, coming: Coming) {
        self.last += 1;
        self.coming.insert((self.clock.now().instant + after, self.last), coming);
    }
}
