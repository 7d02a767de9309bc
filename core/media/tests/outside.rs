//! Ports that a server outside sees, and media that goes round by it (RFC 8445, 8656): the server is one that
//! reads and writes by itself, and the far end is behind a NAT that lets nobody in but the server.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Candidate, Checks, Chooser, Detour, Door, Event, Half, Order, Outbox, Outer, Packet, PortIndex,
    PortPair, Reason, Relay, Reports, Search, Seen, Senders, Sending, SessionKey, Side, Turn, Unseen,
    Verdict,
};
use rtp::{Fixed, Header};
use server::{NONCE, PASSWORD, REALM, SERVER, Server, USER};
use stun::{Message, Pass};

mod server;

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const FAR: &str = "203.0.113.5:61000";
const FAR_ANEW: &str = "203.0.113.5:62000";
const OTHER: &str = "203.0.113.77:41000";
const TRUNK: &str = "198.51.100.9:6000";
const THEIRS: &str = "theirs-is-so-long-as-well";
const OURS: &str = "ours-is-twenty-two-or-more";
const TO_PEER: PortIndex = PortIndex(0);
const REPORTS_TO_PEER: PortIndex = PortIndex(1);
const TO_TRUNK: PortIndex = PortIndex(2);
const MS: Duration = Duration::from_millis(1);

/// RFC 8445, 5.1.1.4 and 11.
#[test]
fn g2_a_server_that_sees_our_ports_hears_of_both_every_15_seconds() {
    let mut house = House::new(None);

    house.run(46_000);

    let heard = |port| house.sent.iter().filter(|sent| sent.port == port).map(|sent| sent.at_ms).collect();
    let (media, reports): (Vec<u128>, Vec<u128>) = (heard(TO_PEER), heard(REPORTS_TO_PEER));
    assert_eq!((media, reports), (vec![15_000, 30_000, 45_000], vec![15_000, 30_000, 45_000]));
    assert!(house.sent.iter().all(|sent| stun::is_indication(&sent.bytes) && sent.to == SERVER));
}

/// Nothing that is tried directly is answered: a way through the server is, and media takes it both ways.
#[test]
fn g2_a_peer_that_lets_in_the_server_alone_is_reached_through_it() {
    let mut house = House::new(Some(600));
    house.aim(&[FAR]);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable));

    house.run(2_000);

    assert_eq!(house.bound.values().map(ToString::to_string).collect::<Vec<_>>(), [FAR]);
    let (port, to, bytes) = house.media(TO_TRUNK, TRUNK).unwrap();
    assert_eq!((port, &*to), (TO_PEER, SERVER));
    let packet = packet();
    let (channel, within) = stun::channel_of(&bytes).unwrap();
    assert_eq!((house.bound[&channel].to_string(), &bytes[within]), (FAR.to_owned(), &packet[..]));
    let (port, to, bytes) = house.receive(TO_PEER, SERVER, &through(channel, &packet)).unwrap();
    assert_eq!((port, &*to, bytes), (TO_TRUNK, TRUNK, packet.clone()));
    assert_eq!(house.latched, [FAR], "people are told where it is, and not how it is called here");
    assert_eq!(house.receive(TO_PEER, FAR, &packet).unwrap_err(), Reason::Stranger);
}

/// Where a direct way is found as well, that is taken.
#[test]
fn g2_a_direct_way_is_better_than_one_through_a_server() {
    let mut house = House::new(Some(600));
    house.lets_us_in = true;
    house.aim(&[FAR]);

    house.run(2_000);

    let (_, to, bytes) = house.media(TO_TRUNK, TRUNK).unwrap();
    assert_eq!((&*to, bytes), (FAR, packet()));
}

/// Whoever the peer has not named has no way to us; who writes from another port of a named address has, as
/// the server lets him in (RFC 8656, 9): he is behind a NAT that gives each of us another port.
#[test]
fn g2_a_peer_behind_a_symmetric_nat_is_found_by_what_it_sends_through_the_server() {
    let mut house = House::new(Some(600));
    house.answers = Vec::new();
    house.aim(&[FAR]);
    house.run(1_000);
    let check = check();

    let of_other = house.server.data(OTHER.parse().unwrap(), &check);
    assert_eq!(house.receive(TO_PEER, SERVER, &of_other).unwrap_err(), Reason::Outside);
    assert_eq!(house.bound.len(), 1);
    house.answers = vec![FAR_ANEW];
    let anew = house.server.data(FAR_ANEW.parse().unwrap(), &check);
    let (port, to, answer) = house.receive(TO_PEER, SERVER, &anew).unwrap();
    assert_eq!((port, &*to), (TO_PEER, SERVER), "it is answered on the way it came");
    let (_, within) = stun::channel_of(&answer).unwrap();
    assert_eq!(Message::parse(&answer[within]).unwrap().class, stun::Class::Answer);
    house.run(2_000);

    let (_, to, bytes) = house.media(TO_TRUNK, TRUNK).unwrap();
    let (channel, _) = stun::channel_of(&bytes).unwrap();
    assert_eq!((&*to, house.bound[&channel].to_string()), (SERVER, FAR_ANEW.to_owned()));
}

/// RFC 8656, 9: a server lets in whom we name, and we name 16 at most.
#[test]
fn g1_a_description_opens_no_more_ways_than_sixteen() {
    let mut house = House::new(Some(600));
    house.answers = Vec::new();
    let named: Vec<String> = (0..16).map(|at| format!("203.0.113.5:{}", 40_000 + at)).collect();
    house.aim(&named.iter().map(|place| &**place).collect::<Vec<_>>());
    house.run(1_000);
    let anew = house.server.data(FAR_ANEW.parse().unwrap(), &check());

    assert_eq!(house.receive(TO_PEER, SERVER, &anew).unwrap_err(), Reason::Outside);
    house.run(60_000);

    assert_eq!(house.bound.len(), 16);
}

/// RFC 8656, 12 and 9: 403, 437, 508; and no answer at all.
#[test]
fn g2_where_the_server_opens_no_way_the_direct_ones_go_on() {
    for refuses in [Some(403), Some(437), Some(508), None] {
        let mut house = House::new(Some(600));
        house.server.refuses = refuses;
        house.is_silent = refuses.is_none();
        house.aim(&[FAR]);
        house.run(30_000);
        assert_eq!(house.media(TO_TRUNK, TRUNK).unwrap_err(), Reason::Undeliverable, "{refuses:?}");
        let why = refuses.map_or(Unseen::Silent, Unseen::Refused);
        assert_eq!(house.told, [why], "it is told, and once");
        assert!(house.sent.iter().all(|sent| stun::channel_of(&sent.bytes).is_none()));
        let asked = house.sent.iter().filter(|sent| sent.bytes.starts_with(&[0, 9])).count();
        assert!((1..=5).contains(&asked), "{refuses:?}: {asked}");

        house.lets_us_in = true;
        house.aim(&[FAR, OTHER]);
        house.run(2_000);

        assert_eq!(house.media(TO_TRUNK, TRUNK).unwrap().1, OTHER, "{refuses:?}");
    }
}

/// RFC 8489, 9.2.5.
#[test]
fn g1_who_does_not_know_our_password_neither_opens_a_way_nor_shuts_one() {
    let mut house = House::new(Some(600));
    house.server.is_impostor = true;
    house.aim(&[FAR]);
    house.run(2_000);
    assert_eq!(house.media(TO_TRUNK, TRUNK).unwrap_err(), Reason::Undeliverable);

    let mut house = House::new(Some(600));
    house.aim(&[FAR]);
    house.run(2_000);
    (house.server.is_impostor, house.server.refuses) = (true, Some(437));
    for _ in 0..30 {
        house.run(10_000);
        house.media(TO_TRUNK, TRUNK).unwrap();
    }
}

/// RFC 8656, 8, 9 and 12: places are asked for before they end, ways before they are shut.
#[test]
fn g2_a_place_and_its_ways_stay_ours_while_the_call_lasts() {
    let mut house = House::new(Some(600));
    house.aim(&[FAR]);
    house.run(2_000);
    house.server.stale = 1;
    house.sent.clear();

    for _ in 0..60 {
        house.run(10_000);
        assert!(house.media(TO_TRUNK, TRUNK).is_ok());
    }

    let at = |kind: [u8; 2], port| -> Vec<u128> {
        let of_kind = house.sent.iter().filter(|sent| sent.bytes.starts_with(&kind) && sent.port == port);
        of_kind.map(|sent| sent.at_ms / 1000).collect()
    };
    let binds = at([0, 9], TO_PEER);
    assert_eq!(
        (binds.len(), binds[0], binds[1]),
        (3, 240, 240),
        "once more, as the word was stale: {binds:?}"
    );
    assert_eq!(at([0, 4], TO_PEER), [480]);
    assert_eq!(at([0, 4], REPORTS_TO_PEER), [480, 480], "its own word is stale as well");
}

#[test]
fn g2_at_the_end_of_a_call_its_places_are_given_up_before_its_ports_are_closed() {
    let mut house = House::new(Some(600));
    house.aim(&[FAR]);
    house.run(2_000);
    house.sent.clear();

    let mut out = Outbox::new();
    house.relay.order(house.now, Order::Close { session: CALL }, &mut out);

    let first_unbound = out.iter().position(|act| matches!(act, Act::Unbind { .. })).unwrap();
    let last_sent = out.iter().rposition(|act| matches!(act, Act::Send { .. })).unwrap();
    assert!(last_sent < first_unbound);
    house.keep(out);
    let given_up: Vec<_> = house.sent.iter().map(|sent| (sent.port, sent.seconds)).collect();
    assert_eq!(given_up, [(TO_PEER, Some(0)), (REPORTS_TO_PEER, Some(0))]);
}

struct Sent {
    at_ms: u128,
    port: PortIndex,
    to: String,
    bytes: Vec<u8>,
    seconds: Option<u32>,
}

struct House {
    relay: Relay,
    server: Server,
    began: Instant,
    now: Instant,
    sent: Vec<Sent>,
    latched: Vec<String>,
    told: Vec<Unseen>,
    /// What is on its way to us.
    coming: VecDeque<(PortIndex, SocketAddr, Vec<u8>)>,
    bound: BTreeMap<u16, SocketAddr>,
    /// Who answers checks.
    answers: Vec<&'static str>,
    lets_us_in: bool,
    is_silent: bool,
}

impl House {
    /// A side whose ports are seen, and have places at the server that are ours for so many seconds.
    fn new(seconds: Option<u64>) -> House {
        let now = Instant::now();
        let mut house = House {
            relay: Relay::new(),
            server: Server::new(),
            began: now,
            now,
            sent: Vec::new(),
            latched: Vec::new(),
            told: Vec::new(),
            coming: VecDeque::new(),
            bound: BTreeMap::new(),
            answers: vec![FAR],
            lets_us_in: false,
            is_silent: false,
        };
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        house.order(Order::Open { session: CALL, stream: 0, ports: [pair(30_000), pair(30_002)] });
        let detour = |port: u16| {
            let place = SocketAddr::new(SERVER.parse::<SocketAddr>().unwrap().ip(), port);
            let pass = Pass::new(USER, PASSWORD, (REALM, NONCE.as_bytes()));
            seconds.map(|seconds| Detour { place, pass, until: now + Duration::from_secs(seconds) })
        };
        let halves = [50_000, 50_002].map(|port| Seen { place: FAR.parse().ok(), detour: detour(port) });
        let outer = Arc::new(Outer { server: SERVER.parse().unwrap(), halves, secret: [3; 16] });
        house.order(Order::Outside { session: CALL, stream: 0, side: Side::Caller, outer });
        let aim = aim(None, Some(TRUNK));
        house.order(Order::Aim { session: CALL, stream: 0, side: Side::Callee, aim });
        house
    }

    /// The peer names these places for its media.
    fn aim(&mut self, places: &[&str]) {
        let candidate = |(at, place): (usize, &&str)| Candidate {
            half: Half::Rtp,
            place: place.parse().unwrap(),
            priority: (100 << 24) + at as u32,
            foundation: 1,
        };
        let search = Search {
            username: "theirs:ours".into(),
            password: THEIRS.into(),
            chooser: Chooser::We,
            tie_breaker: 7,
            secret: [5; 16],
            candidates: places.iter().enumerate().map(candidate).collect(),
        };
        let checks =
            Checks { username: "ours:theirs".into(), password: OURS.into(), search: Some(Box::new(search)) };
        let door = Arc::new(Door { checks: Some(checks), handshake: None });
        let aim = aim(Some(door), Some(FAR));
        self.order(Order::Aim { session: CALL, stream: 0, side: Side::Caller, aim });
    }

    fn order(&mut self, order: Order) {
        let mut out = Outbox::new();
        self.relay.order(self.now, order, &mut out);
        self.keep(out);
    }

    fn keep(&mut self, out: Outbox) {
        for act in out {
            match act {
                Act::Send { port, to, record } => self.leaves(port, to, record.to_vec()),
                Act::Tell(Event::Latched { side: Side::Caller, from, .. }) => {
                    self.latched.push(from.to_string())
                }
                Act::Tell(Event::NoWay { why, .. }) => self.told.push(why),
                _ => {}
            }
        }
    }

    /// What becomes of what we send.
    fn leaves(&mut self, port: PortIndex, to: SocketAddr, bytes: Vec<u8>) {
        let at_ms = (self.now - self.began).as_millis();
        let mut seconds = None;
        if to.to_string() != SERVER {
            if self.lets_us_in {
                self.coming.extend(answer(&bytes).map(|answer| (port, to, answer)));
            }
        } else if let Some((channel, within)) = stun::channel_of(&bytes) {
            let peer = self.bound[&channel].to_string();
            if self.answers.contains(&&*peer) {
                let answer = answer(&bytes[within]).map(|answer| through(channel, &answer));
                self.coming.extend(answer.map(|answer| (port, to, answer)));
            }
        } else if !stun::is_indication(&bytes) {
            self.server.hears(&bytes);
            seconds = self.server.lifetime();
            let said = self.server.agrees();
            if !self.is_silent {
                if self.server.asked() == 9 && said[0] == 1 && said[1] == 9 {
                    let (channel, peer) = self.server.bound();
                    self.bound.insert(channel, peer);
                }
                self.coming.push_back((port, to, said));
            }
        }
        self.sent.push(Sent { at_ms, port, to: to.to_string(), bytes, seconds });
    }

    fn run(&mut self, ms: u32) {
        let end = self.now + MS * ms;
        loop {
            while let Some((port, from, bytes)) = self.coming.pop_front() {
                let _ = self.receive(port, &from.to_string(), &bytes);
            }
            match self.relay.next_moment().filter(|moment| *moment <= end) {
                Some(moment) => {
                    self.now = self.now.max(moment);
                    let mut out = Outbox::new();
                    self.relay.wake(self.now, &mut out);
                    self.keep(out);
                }
                None => break,
            }
        }
        self.now = end;
    }

    fn receive(
        &mut self,
        port: PortIndex,
        from: &str,
        bytes: &[u8],
    ) -> Result<(PortIndex, String, Vec<u8>), Reason> {
        let mut buffer = [0; 2048];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let mut out = Outbox::new();
        let verdict = self.relay.receive(self.now, port, from.parse().unwrap(), &mut packet, &mut out);
        let bytes = packet.bytes().to_vec();
        self.keep(out);
        match verdict {
            Verdict::Forward { port, to } => Ok((port, to.to_string(), bytes)),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!(),
        }
    }

    fn media(&mut self, port: PortIndex, from: &str) -> Result<(PortIndex, String, Vec<u8>), Reason> {
        self.receive(port, from, &packet())
    }
}

/// What a far end says to a check of ours.
fn answer(bytes: &[u8]) -> Option<Vec<u8>> {
    let asked = Message::parse(bytes).ok().filter(|asked| asked.class == stun::Class::Request)?;
    assert!(asked.is_proven(THEIRS));
    let mut buffer = [0; 256];
    let seen = "198.51.100.3:50000".parse().unwrap();
    let length = stun::answer(asked.transaction, seen, THEIRS, &mut buffer).unwrap();
    Some(buffer[..length].to_vec())
}

/// A check of the far end's.
fn check() -> Vec<u8> {
    let check =
        stun::Check { username: "ours:theirs", priority: 100, tie_breaker: 9, choice: stun::Choice::Theirs };
    let mut buffer = [0; 256];
    let length = check.write(stun::Transaction([9; 12]), OURS, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn through(channel: u16, bytes: &[u8]) -> Vec<u8> {
    [&stun::channel_head(channel, bytes.len()).unwrap()[..], bytes].concat()
}

fn packet() -> Vec<u8> {
    let fixed = Fixed { marker: false, payload_type: 0, sequence: 1, timestamp: 160, ssrc: 7 };
    let mut bytes = Vec::new();
    Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut bytes);
    bytes
}

fn aim(door: Option<Arc<Door>>, rtp: Option<&str>) -> Aim {
    Aim {
        rtp: rtp.map(|place| place.parse().unwrap()),
        reports: Reports::Apart(None),
        sending: Sending::Allowed,
        senders: Senders::Signalled,
        turn: Turn::Same,
        clock: 8000,
        protection: None,
        door,
    }
}
