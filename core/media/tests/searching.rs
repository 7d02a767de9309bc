//! Peers that are looked for by checks of our own (RFC 8445, 7675): who is asked and when, who is believed,
//! and where media goes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Candidate, Checks, Chooser, Door, Event, Half, Order, Outbox, Packet, PortIndex, PortPair,
    Reason, Relay, Reports, Search, Senders, Sending, SessionKey, Side, Turn, Verdict,
};
use rtp::{Fixed, Header};
use stun::{Check, Choice, Class, Message, Transaction};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const HOST: &str = "192.0.2.5:50000";
const MAPPED: &str = "203.0.113.5:61000";
const RELAYED: &str = "198.51.100.77:41000";
const TRUNK: &str = "198.51.100.9:6000";
const STRANGER: &str = "203.0.113.66:5555";
const OURS: &str = "ours-is-twenty-two-or-more";
const THEIRS: &str = "theirs-is-so-long-as-well";
const TO_PEER: PortIndex = PortIndex(0);
const REPORTS_TO_PEER: PortIndex = PortIndex(1);
const TO_TRUNK: PortIndex = PortIndex(2);
const MS: Duration = Duration::from_millis(1);
/// The lot of ours; the peer's is greater or smaller.
const LOT: u64 = 1000;

/// A lite peer says nothing by itself: it is found because it is asked, and nothing but checks goes to where
/// nobody has answered.
#[test]
fn g2_a_peer_that_only_answers_is_found_and_told_that_it_is_chosen() {
    let mut house = House::new(Chooser::We, &[(HOST, 300), (MAPPED, 200)]);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable));

    house.run(2_000, |asked| asked.to == MAPPED);

    let to: Vec<_> = house.asked.iter().take(2).map(|asked| (&*asked.to, asked.choice)).collect();
    assert_eq!(to, [(HOST, Choice::Open), (MAPPED, Choice::Open)], "the better one first");
    assert_eq!(house.asked[1].at_ms - house.asked[0].at_ms, 50);
    let chosen: Vec<_> = house.asked.iter().filter(|asked| asked.choice == Choice::Nominated).collect();
    assert_eq!((chosen.len(), &*chosen[0].to), (1, MAPPED));
    assert!((300..500).contains(&chosen[0].at_ms), "the better one was waited for, and not for long");
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())));
    assert_eq!(house.media(TO_PEER, MAPPED), Ok((TO_TRUNK, TRUNK.to_owned())));
    assert_eq!(house.media(TO_PEER, HOST), Err(Reason::Stranger));
    assert_eq!(house.latched, [MAPPED]);
}

/// Where the best place has answered there is nothing to wait for.
#[test]
fn g2_the_best_place_is_chosen_as_soon_as_it_has_answered() {
    let mut house = House::new(Chooser::We, &[(MAPPED, 200), (HOST, 300)]);

    house.run(1_000, |_| true);

    let said: Vec<_> = house.asked.iter().map(|asked| (&*asked.to, asked.choice)).collect();
    assert_eq!(said, [(HOST, Choice::Open), (HOST, Choice::Nominated)]);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, HOST.to_owned())));
}

/// A check carries what RFC 8445, 7.1 and 7.2.2, want: their name first, their password, what our place is
/// worth that is found by it, and our part.
#[test]
fn g2_a_check_of_ours_is_made_as_the_peer_expects() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    house.run(1, |_| false);

    let asked = house.asked[0].bytes.clone();

    let message = Message::parse(&asked).unwrap();
    assert_eq!((message.class, message.username()), (Class::Request, Some("theirs:ours")));
    assert!(message.is_proven(THEIRS) && !message.is_of_controlled());
    assert_eq!(
        (message.priority(), message.tie_breaker()),
        (Some((110 << 24) | (0xffff << 8) | 255), Some(LOT))
    );
}

/// Somebody behind a NAT that gives it another place for us: it asks, is asked back there, and is believed
/// when it has answered. It chooses.
#[test]
fn g2_who_asks_from_an_unknown_place_is_asked_back_before_anything_goes_there() {
    let mut house = House::new(Chooser::They, &[(HOST, 300)]);
    house.run(1, |_| false);

    assert_eq!(house.check(MAPPED, Choice::Open), Some(Class::Answer));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable), "anybody may have been named");
    assert_eq!(house.media(TO_PEER, MAPPED), Err(Reason::Stranger));
    house.run(60, |asked| asked.to == MAPPED);
    assert_eq!((&*house.last().to, house.last().choice), (MAPPED, Choice::Theirs));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())));

    house.check(RELAYED, Choice::Nominated).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())), "until it answers");
    house.run(100, |asked| asked.to == RELAYED);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, RELAYED.to_owned())), "the peer has chosen");
    assert!(house.asked.iter().all(|asked| asked.choice == Choice::Theirs));
}

/// The peer chooses a place that has answered before: that is enough.
#[test]
fn g2_a_place_that_has_answered_is_taken_as_soon_as_the_peer_chooses_it() {
    let mut house = House::new(Chooser::They, &[(HOST, 300), (MAPPED, 200)]);
    house.run(200, |_| true);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, HOST.to_owned())));

    house.check(MAPPED, Choice::Nominated).unwrap();

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())));
}

/// Both would choose, or neither: the greater lot does (RFC 8445, 7.3.1.1).
#[test]
fn g2_of_two_with_the_same_part_the_greater_lot_chooses() {
    let rows = [
        (Chooser::We, Choice::Open, LOT - 1, Class::Refusal, Choice::Open),
        (Chooser::We, Choice::Open, LOT, Class::Refusal, Choice::Open),
        (Chooser::We, Choice::Open, LOT + 1, Class::Answer, Choice::Theirs),
        (Chooser::They, Choice::Theirs, LOT - 1, Class::Answer, Choice::Open),
        (Chooser::They, Choice::Theirs, LOT + 1, Class::Refusal, Choice::Theirs),
        (Chooser::We, Choice::Theirs, LOT + 1, Class::Answer, Choice::Open),
    ];
    for (chooser, said, lot, answered, goes_on_as) in rows {
        let mut house = House::new(chooser, &[(HOST, 300), (MAPPED, 200)]);
        house.lot = lot;

        assert_eq!(house.check(HOST, said), Some(answered), "{chooser:?} {said:?} {lot}");

        house.run(60, |_| false);
        assert_eq!(house.last().choice, goes_on_as, "{chooser:?} {said:?} {lot}");
    }
}

/// A refusal is the peer's word that it has our part: we ask again in the other, with another lot.
#[test]
fn g2_who_is_told_of_a_conflict_changes_its_part_and_its_lot() {
    for (chooser, was, is) in
        [(Chooser::We, Choice::Open, Choice::Theirs), (Chooser::They, Choice::Theirs, Choice::Open)]
    {
        let mut house = House::new(chooser, &[(HOST, 300)]);
        house.run(1, |_| false);
        assert_eq!(house.last().choice, was);

        house.refuse(487);
        house.run(60, |_| false);

        let again = house.last();
        assert_eq!((&*again.to, again.choice), (HOST, is));
        assert_ne!(Message::parse(&again.bytes).unwrap().tie_breaker(), Some(LOT));
        house.run(1_000, |_| true);
        assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, HOST.to_owned())));
    }
}

/// Nobody but who was asked can answer: neither who does not know the password, nor who guesses a name, nor
/// somebody elsewhere who has seen the check.
#[test]
fn g1_an_answer_of_anybody_else_makes_nobody_the_peer() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    house.run(1, |_| false);
    let Asked { transaction, .. } = *house.last();

    for (from, transaction, password) in [
        (HOST, transaction, "another-password-of-24"),
        (STRANGER, Transaction([3; 12]), THEIRS),
        (HOST, Transaction([3; 12]), THEIRS),
    ] {
        assert_eq!(house.answer(from, transaction, password), Err(Reason::Unproven));
    }
    assert_eq!(house.answer(STRANGER, transaction, THEIRS), Err(Reason::Checked));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable));
    assert_eq!(house.media(TO_PEER, STRANGER), Err(Reason::Stranger));
    assert!(house.latched.is_empty());
}

/// Checks are named so that nobody can answer what he has not seen; no name is used twice.
#[test]
fn g1_no_two_checks_have_one_name() {
    let mut house = House::new(Chooser::We, &[(HOST, 300), (MAPPED, 200), (RELAYED, 100)]);
    house.run(60_000, |asked| asked.to == RELAYED);

    let mut names: BTreeMap<[u8; 12], &str> = BTreeMap::new();
    for asked in &house.asked {
        let to = names.entry(asked.transaction.0).or_insert(&asked.to);
        assert_eq!(*to, asked.to, "only who is asked again is asked by the same name");
    }
    assert!(names.len() > 10);
}

/// A description of a thousand places is asked for as many as one of sixteen is, no quicker than 20 in a
/// second, and what goes to people who never asked for it comes to an end (RFC 8445, 19.5.1).
#[test]
fn g1_a_description_of_a_thousand_places_makes_no_cannon_of_us() {
    let places: Vec<String> = (0..1000).map(|at| format!("203.0.113.{}:{}", at % 250, 2000 + at)).collect();
    let named: Vec<_> = places.iter().zip(1..).map(|(place, priority)| (&**place, priority)).collect();
    let mut house = House::new(Chooser::We, &named);

    house.run(120_000, |_| false);
    for at in 0..200 {
        house.check(&format!("203.0.113.9:{}", 40_000 + at), Choice::Open).unwrap();
        house.run(100, |_| false);
    }
    house.run(120_000, |_| false);

    assert!((60..=100).contains(&house.asked.len()), "{}", house.asked.len());
    let mut begun: Vec<u64> = Vec::new();
    let mut names = Vec::new();
    for asked in &house.asked {
        if !names.contains(&asked.transaction) {
            names.push(asked.transaction);
            begun.push(asked.at_ms);
        }
    }
    assert!(begun.windows(2).all(|two| two[1] - two[0] >= 50), "{begun:?}");
    assert_eq!(house.relay.next_moment(), None, "nothing is left to do");
}

/// Who does not answer is asked five times, each pause twice the one before, and then given up.
#[test]
fn g2_who_does_not_answer_is_asked_again_ever_more_rarely() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);

    house.run(60_000, |_| false);

    let at: Vec<u64> = house.asked.iter().map(|asked| asked.at_ms).collect();
    assert_eq!(at, [0, 500, 1_500, 3_500, 7_500]);
    assert_eq!(house.relay.next_moment(), None);
}

/// All streams of a relay together begin no two checks within 5 ms (RFC 8445, 14.2).
#[test]
fn g2_many_calls_together_do_not_begin_their_checks_at_once() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    for call in 2..=100 {
        let session = SessionKey { shard: 0, call };
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        house.order(Order::Open { session, stream: 0, ports: [pair(30_000), pair(30_002)] });
        let aim = aim(Some(door(Chooser::We, &[(HOST, 300)])), None);
        house.order(Order::Aim { session, stream: 0, side: Side::Caller, aim });
    }

    house.run(499, |_| false);

    let at: Vec<u64> = house.asked.iter().map(|asked| asked.at_ms).collect();
    assert_eq!(at.len(), 100);
    assert!(at.windows(2).all(|two| two[1] - two[0] >= 5), "{at:?}");
}

/// Consent is asked for every 4 to 6 s; whatever else comes from there is none, and who has not given it for
/// 30 s is neither sent media nor asked any more (RFC 7675, 5.1).
#[test]
fn g3_who_is_sent_media_is_asked_again_and_again_whether_it_still_may_be() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    house.run(1_000, |_| true);
    let before = house.asked.len();
    house.run(60_000, |_| true);
    let at: Vec<u64> = house.asked[before - 1..].iter().map(|asked| asked.at_ms).collect();
    let pauses: Vec<u64> = at.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses.iter().all(|pause| (4_000..=6_010).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    assert!(house.media(TO_TRUNK, TRUNK).is_ok());

    for _ in 0..8 {
        house.run(4_000, |_| false);
        house.media(TO_PEER, HOST).unwrap();
    }

    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone));
    let silent = house.asked.len();
    house.run(120_000, |_| true);
    assert_eq!(house.asked.len(), silent, "nobody is asked whom nothing is sent");
}

/// It comes back: it asks, is asked, and answers.
#[test]
fn g3_who_has_lost_its_place_wins_it_back_by_a_check_that_it_answers() {
    let mut house = House::new(Chooser::They, &[(HOST, 300)]);
    house.run(1_000, |_| true);
    house.run(60_000, |_| false);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone));

    house.check(HOST, Choice::Nominated).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone), "it may have been replayed from there");
    house.run(100, |_| true);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, HOST.to_owned())));
}

/// A phone that comes by another place of its NAT is followed once its old place is silent.
#[test]
fn g3_a_peer_whose_place_falls_silent_is_followed_to_the_next() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    house.run(1_000, |_| true);
    for _ in 0..5 {
        house.check(MAPPED, Choice::Theirs).unwrap();
        house.run(2_500, |asked| asked.to == MAPPED);
    }

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())));
    assert_eq!(house.latched, [HOST, MAPPED]);
}

/// Other credentials are a restart: everything is asked anew, and media goes on meanwhile (RFC 8445, 9). The
/// same ones are not, and what they name in addition is tried too.
#[test]
fn g2_a_restart_asks_anew_and_the_same_terms_do_not() {
    let mut house = House::new(Chooser::We, &[(HOST, 300)]);
    house.run(1_000, |_| true);
    let before = house.asked.len();
    house.aim(door(Chooser::We, &[(HOST, 300)]));
    house.run(500, |_| true);
    assert_eq!(house.asked.len(), before);

    let Door { checks: Some(mut checks), .. } = Arc::unwrap_or_clone(door(Chooser::We, &[(MAPPED, 200)]))
    else {
        unreachable!()
    };
    let search = checks.search.as_mut().unwrap();
    (search.username, search.secret) = ("newer:newest".into(), [8; 16]);
    checks.username = "newest:newer".into();
    house.aim(Arc::new(Door { checks: Some(checks), handshake: None }));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, HOST.to_owned())));
    house.run(500, |asked| asked.to == MAPPED);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PEER, MAPPED.to_owned())));
}

/// Reports have a place of their own, which is asked after that of the media with the same foundation, and
/// not before it (RFC 8445, 6.1.2.6).
#[test]
fn g2_reports_go_to_the_place_that_has_answered_for_them() {
    const REPORTS: &str = "192.0.2.5:50001";
    let mut house = House::new(Chooser::We, &[]);
    let of = |half, place: &str, priority| Candidate {
        half,
        place: place.parse().unwrap(),
        priority,
        foundation: 0,
    };
    let candidates = vec![of(Half::Rtcp, REPORTS, 299), of(Half::Rtp, HOST, 300)];
    house.aim(with(candidates, Chooser::We));
    house.run(200, |_| false);
    assert_eq!(house.asked.len(), 1, "{:?}", house.asked);
    assert_eq!(house.report(TO_TRUNK, TRUNK), Err(Reason::Undeliverable));

    house.run(1_000, |_| true);

    assert_eq!(house.report(TO_TRUNK, TRUNK), Ok((REPORTS_TO_PEER, REPORTS.to_owned())));
    let of_reports: Vec<_> = house.asked.iter().filter(|asked| asked.port == REPORTS_TO_PEER).collect();
    assert!(of_reports.iter().all(|asked| asked.to == REPORTS) && of_reports.len() == 2, "{of_reports:?}");
}

/// One check of ours, as it left.
#[derive(Clone, Debug)]
struct Asked {
    at_ms: u64,
    port: PortIndex,
    to: String,
    transaction: Transaction,
    choice: Choice,
    bytes: Vec<u8>,
}

struct House {
    relay: Relay,
    began: Instant,
    now: Instant,
    latched: Vec<String>,
    asked: Vec<Asked>,
    /// Of so many it is known whether they were answered.
    judged: usize,
    /// What the peer throws in.
    lot: u64,
    checks: u32,
}

impl House {
    /// A peer that says that it could be reached there, and a trunk as ever.
    fn new(chooser: Chooser, candidates: &[(&str, u32)]) -> House {
        let now = Instant::now();
        let relay = Relay::new();
        let (latched, asked) = (Vec::new(), Vec::new());
        let mut house = House { relay, began: now, now, latched, asked, judged: 0, lot: LOT + 1, checks: 0 };
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        house.order(Order::Open { session: CALL, stream: 0, ports: [pair(30_000), pair(30_002)] });
        house.aim(door(chooser, candidates));
        let aim = aim(None, Some(TRUNK));
        house.order(Order::Aim { session: CALL, stream: 0, side: Side::Callee, aim });
        house
    }

    fn aim(&mut self, door: Arc<Door>) {
        let aim = aim(Some(door), Some(HOST));
        self.order(Order::Aim { session: CALL, stream: 0, side: Side::Caller, aim });
    }

    fn order(&mut self, order: Order) {
        let mut out = Outbox::new();
        self.relay.order(self.now, order, &mut out);
        self.keep(out);
    }

    /// Lets time pass, in which a peer answers those checks of ours.
    fn run(&mut self, ms: u64, answers: impl Fn(&Asked) -> bool) {
        let end = self.now + MS * u32::try_from(ms).unwrap();
        loop {
            while self.judged < self.asked.len() {
                let asked = self.asked[self.judged].clone();
                self.judged += 1;
                if answers(&asked) {
                    let (from, port) = (asked.to.parse().unwrap(), asked.port);
                    let mut buffer = [0; 2048];
                    let seen = "203.0.113.200:30000".parse().unwrap();
                    let length = stun::answer(asked.transaction, seen, THEIRS, &mut buffer).unwrap();
                    let bytes = buffer[..length].to_vec();
                    assert_eq!(self.send_from(port, from, &bytes).unwrap_err(), Reason::Checked);
                }
            }
            match self.relay.next_moment().filter(|moment| *moment <= end) {
                Some(moment) => self.now = self.now.max(moment),
                None => break,
            }
            let mut out = Outbox::new();
            self.relay.wake(self.now, &mut out);
            self.keep(out);
        }
        self.now = end;
    }

    fn keep(&mut self, out: Outbox) {
        for act in out {
            match act {
                Act::Send { port, to, record } => {
                    let message = Message::parse(&record).unwrap();
                    let choice = match (message.is_of_controlled(), message.nominates()) {
                        (true, _) => Choice::Theirs,
                        (false, true) => Choice::Nominated,
                        (false, false) => Choice::Open,
                    };
                    self.asked.push(Asked {
                        at_ms: u64::try_from(self.now.duration_since(self.began).as_millis()).unwrap(),
                        port,
                        to: to.to_string(),
                        transaction: message.transaction,
                        choice,
                        bytes: record.to_vec(),
                    });
                }
                Act::Tell(Event::Latched { side: Side::Caller, from, .. }) => {
                    self.latched.push(from.to_string())
                }
                _ => {}
            }
        }
    }

    fn last(&self) -> &Asked {
        self.asked.last().unwrap()
    }

    /// A check of the peer's: what it is answered.
    fn check(&mut self, from: &str, choice: Choice) -> Option<Class> {
        self.checks += 1;
        let check = Check { username: "ours:theirs", priority: 77, tie_breaker: self.lot, choice };
        let mut buffer = [0; 256];
        let mut name = [0; 12];
        name[..4].copy_from_slice(&self.checks.to_be_bytes());
        let length = check.write(Transaction(name), OURS, &mut buffer).unwrap();
        let (_, to, answer) = self.send_from(TO_PEER, from.parse().unwrap(), &buffer[..length]).ok()?;
        assert_eq!(to.to_string(), from);
        let answer = Message::parse(&answer).unwrap();
        assert!(answer.is_proven(OURS) && answer.transaction == Transaction(name));
        Some(answer.class)
    }

    fn answer(&mut self, from: &str, transaction: Transaction, password: &str) -> Result<(), Reason> {
        let mut buffer = [0; 256];
        let length = stun::answer(transaction, HOST.parse().unwrap(), password, &mut buffer).unwrap();
        self.send_from(TO_PEER, from.parse().unwrap(), &buffer[..length]).map(|_| ())
    }

    /// The peer refuses the last check.
    fn refuse(&mut self, code: u16) {
        let Asked { transaction, to, .. } = self.last().clone();
        let mut buffer = [0; 256];
        let length = stun::refuse(transaction, (code, "No"), &[], THEIRS, &mut buffer).unwrap();
        let taken = self.send_from(TO_PEER, to.parse().unwrap(), &buffer[..length]);
        assert_eq!(taken.unwrap_err(), Reason::Checked);
    }

    fn media(&mut self, port: PortIndex, from: &str) -> Result<(PortIndex, String), Reason> {
        let fixed = Fixed { marker: false, payload_type: 0, sequence: 1, timestamp: 160, ssrc: 7 };
        let mut packet = Vec::new();
        Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut packet);
        let sent = self.send_from(port, from.parse().unwrap(), &packet);
        sent.map(|(port, to, _)| (port, to.to_string()))
    }

    fn report(&mut self, port: PortIndex, from: &str) -> Result<(PortIndex, String), Reason> {
        let mut report = Vec::new();
        rtp::rtcp::write_report(1, None, &[], &mut report);
        let sent = self.send_from(PortIndex(port.0 + 1), from.parse().unwrap(), &report);
        sent.map(|(port, to, _)| (port, to.to_string()))
    }

    fn send_from(
        &mut self,
        port: PortIndex,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Result<(PortIndex, SocketAddr, Vec<u8>), Reason> {
        let mut buffer = [0; 2048];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let mut acts = Outbox::new();
        let verdict = self.relay.receive(self.now, port, from, &mut packet, &mut acts);
        let sent = packet.bytes().to_vec();
        self.keep(acts);
        match verdict {
            Verdict::Forward { port, to } => Ok((port, to, sent)),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }
}

fn aim(door: Option<Arc<Door>>, rtp: Option<&str>) -> Aim {
    Aim {
        rtp: rtp.map(|rtp| rtp.parse().unwrap()),
        reports: Reports::Apart(rtp.map(|rtp| rtp.parse().unwrap())),
        sending: Sending::Allowed,
        senders: Senders::Anywhere,
        turn: Turn::Same,
        clock: 8000,
        protection: None,
        door,
    }
}

fn door(chooser: Chooser, candidates: &[(&str, u32)]) -> Arc<Door> {
    let candidates = candidates.iter().enumerate().map(|(at, (place, priority))| Candidate {
        half: Half::Rtp,
        place: place.parse().unwrap(),
        priority: *priority,
        foundation: u8::try_from(at % 256).unwrap(),
    });
    with(candidates.collect(), chooser)
}

fn with(candidates: Vec<Candidate>, chooser: Chooser) -> Arc<Door> {
    let (username, password, secret) = ("theirs:ours".into(), THEIRS.into(), [7; 16]);
    let search = Search { username, password, chooser, tie_breaker: LOT, secret, candidates };
    let (username, password) = ("ours:theirs".into(), OURS.into());
    let checks = Checks { username, password, search: Some(Box::new(search)) };
    Arc::new(Door { checks: Some(checks), handshake: None })
}
