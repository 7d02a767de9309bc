//! A storm of phones over one shard that is as fast as it is: everything takes its time, what waits at the
//! socket has little room, and REGISTERs are put off as the shell puts them off. Calls go on beside it.
//!
//! The house is the real one, with the real rule of what waits (`sip_stack::Backlog`); how long each message
//! takes is made up, so that virtual time passes as it would on a core.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{Chance, Storm, StormPlan, StormVerdict};
use sip_stack::{Backlog, ConnectionId, Flow, Fullness, ListenerId, Transport};
use switch::{Input, MediaRange, Outbox, Received, Settings, Switch};

use crate::clock::Clock;
use crate::node::{advertised, listeners};
use crate::world::Blueprint;

/// As many datagrams are read at a time.
const BATCH: usize = 32;
/// On the way from anybody to anybody.
const WAY: Duration = Duration::from_millis(1);
/// Calls go on for so long before the phones come, and the world so long after all of it should be over.
const BEFORE: Duration = Duration::from_secs(8);
const REST: Duration = Duration::from_secs(45);

/// When all of 50,000 phones are back that came at once: docs/decisions/phones-wait-in-a-storm.md says why.
pub const PROMISED: Duration = Duration::from_secs(32);

/// Whether phones are put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shaping {
    On,
    Off,
}

/// How bad it gets, and how fast the house is.
#[derive(Clone, Debug)]
pub struct Weather {
    pub phones: usize,
    /// All of them begin within this.
    pub within: Duration,
    pub calls_per_second: u32,
    /// Datagrams that wait at the socket; others are lost.
    pub room: usize,
    /// What a message of a phone takes, one of a call, and one that is put off.
    pub phone_takes: Duration,
    pub call_takes: Duration,
    pub look_takes: Duration,
    pub shaping: Shaping,
}

impl Weather {
    /// 50,000 phones that begin within a second, beside 50 calls a second: seven seconds' work for a core.
    /// A socket of 4 MiB has room for some 1,800 datagrams, as the kernel counts them.
    pub fn great() -> Weather {
        Weather {
            phones: 50_000,
            within: Duration::from_secs(1),
            calls_per_second: 50,
            room: 1_800,
            phone_takes: Duration::from_micros(70),
            call_takes: Duration::from_micros(150),
            look_takes: Duration::from_micros(2),
            shaping: Shaping::On,
        }
    }

    /// The same in short: a tenth of the phones in a tenth of the time, and fewer calls.
    pub fn short() -> Weather {
        let great = Weather::great();
        let (phones, within) = (great.phones / 10, great.within / 10);
        Weather { phones, within, calls_per_second: 20, ..great }
    }

    fn plan(&self) -> StormPlan {
        let at = |last: u8| SocketAddr::from(([10, 20, 0, last], 5060));
        StormPlan {
            house: at(1),
            phones: at(3),
            callers: at(4),
            callees: at(5),
            users: self.phones,
            calls_per_second: self.calls_per_second,
        }
    }
}

/// Calls begin; then the phones come, all at once; what became of everybody when it was over.
pub fn blow(seed: u64, weather: &Weather, lasts: Duration) -> Outcome {
    let mut place = Place::new(seed, weather);
    let now = place.clock.now().instant;
    place.storm.calls_for(now, BEFORE + lasts);
    place.run_for(BEFORE);
    let now = place.clock.now().instant;
    place.storm.breaks_loose(now, weather.within);
    place.run_for(lasts + REST);
    let held = place.switch.held();
    let (lost, put_off) = (place.lost, place.put_off);
    Outcome { verdict: place.storm.verdict(), lost, put_off, calls_left: held.calls }
}

/// What came of a storm.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: StormVerdict,
    /// Datagrams for which the socket had no room.
    pub lost: usize,
    /// Those that were left to be said again.
    pub put_off: usize,
    /// Calls that the house still has, though all are over.
    pub calls_left: usize,
}

struct Place {
    weather: Weather,
    clock: Clock,
    storm: Storm,
    switch: Switch,
    outbox: Outbox,
    /// What waits at the socket.
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
    backlog: Backlog,
    /// Until then the shard does what it has read.
    busy_until: Instant,
    coming: BTreeMap<(Instant, u64), Coming>,
    last: u64,
    lost: usize,
    put_off: usize,
}

enum Coming {
    ToHouse { from: SocketAddr, bytes: Vec<u8> },
    ToStorm { at: SocketAddr, bytes: Vec<u8> },
}

impl Place {
    fn new(seed: u64, weather: &Weather) -> Place {
        let plan = weather.plan();
        let policy = Blueprint::read(&plan.documents()).policy();
        let (clock, mut chance) = (Clock::new(), Chance::new(seed));
        let media = policy.interfaces().iter().map(|interface| MediaRange {
            interface: interface.id,
            address: interface.address,
            advertise: advertised(interface),
            ports: interface.media_ports.first..=interface.media_ports.last,
            chats: None,
        });
        let settings = Settings {
            shard: 0,
            shards: 1,
            listeners: listeners(&policy),
            media: media.collect(),
            certificate: None,
            seed: [seed as u8; 32],
            gruu_key: [0x67; 32],
            version: "Tandem/sim",
        };
        Place {
            weather: weather.clone(),
            storm: Storm::new(plan, chance.u64()),
            switch: Switch::new(settings, policy, clock.now()),
            outbox: Outbox::default(),
            waiting: VecDeque::new(),
            backlog: Backlog::default(),
            busy_until: clock.now().instant,
            clock,
            coming: BTreeMap::new(),
            last: 0,
            lost: 0,
            put_off: 0,
        }
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.clock.now().instant + span;
        while self.clock.now().instant < end {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let now = self.clock.now().instant;
            let free = |at: Instant| at.max(self.busy_until);
            let reads = (!self.waiting.is_empty()).then(|| free(now));
            let due = self.switch.deadline().map(free);
            let others = self.storm.deadline();
            let next = [coming, reads, due, others].into_iter().flatten().min().unwrap_or(end);
            self.clock.move_to(next.min(end).max(now));
            if next > end {
                return;
            }
            if coming == Some(next) {
                if let Some((_, coming)) = self.coming.pop_first() {
                    self.arrive(coming);
                }
            } else if due == Some(next) {
                self.give(Input::Deadline);
                self.leave_after(self.weather.look_takes);
            } else if reads == Some(next) {
                self.read();
            } else {
                let mut out = Vec::new();
                self.storm.expire(next, &mut out);
                self.send(out);
            }
        }
    }

    fn arrive(&mut self, coming: Coming) {
        match coming {
            Coming::ToHouse { .. } if self.waiting.len() >= self.weather.room => self.lost += 1,
            Coming::ToHouse { from, bytes } => self.waiting.push_back((from, bytes)),
            Coming::ToStorm { at, bytes } => {
                let mut out = Vec::new();
                self.storm.receive(self.clock.now().instant, at, &bytes, &mut out);
                self.send(out);
            }
        }
    }

    /// Reads one batch: what follows from it leaves when it is done.
    fn read(&mut self) {
        let count = self.waiting.len().min(BATCH);
        let batch: Vec<(SocketAddr, Vec<u8>)> = self.waiting.drain(..count).collect();
        let mut took = Duration::ZERO;
        for (remote, bytes) in &batch {
            if self.weather.shaping == Shaping::On && self.backlog.puts_off(bytes) {
                self.put_off += 1;
                took += self.weather.look_takes;
                continue;
            }
            took += match bytes.starts_with(b"REGISTER ") {
                true => self.weather.phone_takes,
                false => self.weather.call_takes,
            };
            let (connection, remote) = (ConnectionId::NONE, *remote);
            let flow = Flow { transport: Transport::Udp, listener: ListenerId(0), connection, remote };
            self.give(Input::Received(Received { flow, bytes }));
        }
        self.backlog.note(if count == BATCH { Fullness::Full } else { Fullness::Less });
        self.leave_after(took);
    }

    fn give(&mut self, input: Input<'_>) {
        self.switch.handle(self.clock.now(), input, &mut self.outbox);
    }

    /// The shard is busy for so long; then what it had to say is on its way.
    fn leave_after(&mut self, took: Duration) {
        self.busy_until = self.clock.now().instant + took;
        let at = self.busy_until + WAY;
        let sends = std::mem::take(&mut self.outbox.sends);
        for send in sends {
            let (at_whom, bytes) = (send.flow.remote, send.wire.bytes().to_vec());
            self.plan_at(at, Coming::ToStorm { at: at_whom, bytes });
        }
        self.outbox = Outbox::default();
    }

    fn send(&mut self, out: Vec<(SocketAddr, Vec<u8>)>) {
        let at = self.clock.now().instant + WAY;
        for (from, bytes) in out {
            self.plan_at(at, Coming::ToHouse { from, bytes });
        }
    }

    fn plan_at(&mut self, at: Instant, coming: Coming) {
        self.last += 1;
        self.coming.insert((at, self.last), coming);
    }
}
