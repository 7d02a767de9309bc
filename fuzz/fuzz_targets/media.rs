//! Any datagrams at the ports of a call that speaks: clear, sealed by described keys, found by checks, a fax, or
//! with another codec at the other side. Nothing panics, nothing goes to anybody but the two parties and who
//! asked with our password, and what is not sealed with the key of a sealed side does not cross.
#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::{
    Aim, Candidate, Checks, Chooser, Codec, Door, Events, Half, Keys, Order, Outbox, Packet, PortIndex, PortPair, Protection, Relay,
    Reports, Search, Senders, Sending, SessionKey, Side, Spoken, Turn, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Clear,
    Sealed(Suite),
    Checked,
    /// The same where we check too.
    Searched,
    Fax,
    Transcoded,
}

// The first byte chooses what the call is; then datagrams, each with a byte that chooses port, sender and pause,
// and its length in two bytes.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, mut rest)) = bytes.split_first() else { return };
    let kind = kind_of(*kind);
    let (mut now, mut out, mut relay) = (Instant::now(), Outbox::new(), Relay::new());
    let parties: [SocketAddr; 2] = [([192, 0, 2, 1], 4000).into(), ([198, 51, 100, 2], 5000).into()];
    let key = |seed: u8, suite| MasterKey::new(suite, &vec![seed; MasterKey::length(suite)]).expect("its length");
    open(&mut relay, now, kind, parties, &key, &mut out);
    let mut sealers = match kind {
        Kind::Sealed(suite) => Some([1, 2].map(|seed| Sealer::new(&key(seed, suite)))),
        _ => None,
    };
    let mut openers = match kind {
        Kind::Sealed(suite) => Some([3, 4].map(|seed| Opener::new(&key(seed, suite)))),
        _ => None,
    };

    while let [choice, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len()).min(1500);
        let (datagram, others) = after.split_at(length);
        rest = others;
        let mut buffer = [0; 2048];
        buffer[..length].copy_from_slice(datagram);
        let port = u32::from(choice & 3);
        let side = usize::from(port > 1);
        let mut length = length;
        let is_sealed = match &mut sealers {
            Some(sealers) if choice & 8 != 0 => match sealers[side].seal_rtp(&mut buffer, length) {
                Ok(sealed) => {
                    length = sealed;
                    true
                }
                Err(_) => false,
            },
            _ => false,
        };
        let stranger = ([203, 0, 113, 9], 666).into();
        let from = if choice & 4 != 0 { stranger } else { parties[side] };
        let mut packet = Packet::new(&mut buffer, length);
        let verdict = relay.receive(now, PortIndex(port), from, &mut packet, &mut out);
        if let Verdict::Forward { port: via, to } = verdict {
            let is_answer = to == from && kind.is_found_by_checks();
            let ip = parties[1 - side].ip();
            assert!(is_answer || to.ip() == ip || kind.is_found_by_checks(), "{from} to {to}");
            assert!(is_answer || (via.0 > 1) != (port > 1), "what crosses leaves on the other side");
            if let Some(openers) = &mut openers {
                assert!(is_sealed, "nobody else has the key");
                let mut sealed = packet.bytes().to_vec();
                assert!(openers[1 - side].open_rtp(&mut sealed).is_ok(), "it is sealed for the other side");
            }
        }
        now += Duration::from_millis(u64::from(choice >> 4) * 7);
        relay.wake(now, &mut out);
        out.clear();
    }
    relay.order(now, Order::Close { session: CALL }, &mut out);
});

impl Kind {
    fn is_found_by_checks(self) -> bool {
        matches!(self, Kind::Checked | Kind::Searched)
    }
}

fn search(place: SocketAddr) -> Search {
    let candidate = |half, place| Candidate { half, place, priority: 9, foundation: 0 };
    let reports = SocketAddr::new(place.ip(), place.port() + 1);
    Search {
        username: "theirs:ours".into(),
        password: "password".into(),
        chooser: Chooser::We,
        tie_breaker: 7,
        secret: [0; 16],
        candidates: vec![candidate(Half::Rtp, place), candidate(Half::Rtcp, reports)],
    }
}

fn kind_of(byte: u8) -> Kind {
    if byte == u8::MAX {
        return Kind::Searched;
    }
    match byte % 8 {
        0 => Kind::Clear,
        1 => Kind::Checked,
        2 => Kind::Fax,
        3 => Kind::Transcoded,
        other => Kind::Sealed(Suite::ALL[usize::from(other - 4) % Suite::ALL.len()]),
    }
}

fn open(
    relay: &mut Relay,
    now: Instant,
    kind: Kind,
    parties: [SocketAddr; 2],
    key: &dyn Fn(u8, Suite) -> MasterKey,
    out: &mut Outbox,
) {
    let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
    relay.order(now, Order::Open { session: CALL, stream: 0, ports }, out);
    for (side, rtp) in [Side::Caller, Side::Callee].into_iter().zip(parties) {
        let protection = match kind {
            Kind::Sealed(suite) => {
                let at = side as u8;
                Some(Arc::new(Protection { theirs: key(1 + at, suite), ours: key(3 + at, suite) }))
            }
            _ => None,
        };
        let search = (kind == Kind::Searched).then(|| Box::new(search(parties[0])));
        let checks = Checks { username: "ours:theirs".into(), password: "password".into(), search };
        let door = Door { checks: Some(checks), handshake: None };
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Apart(Some(SocketAddr::new(rtp.ip(), rtp.port() + 1))),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: if kind == Kind::Fax { 0 } else { 8000 },
            protection,
            door: (kind.is_found_by_checks() && side == Side::Caller).then(|| Arc::new(door)),
        };
        relay.order(now, Order::Aim { session: CALL, stream: 0, side, aim }, out);
    }
    if kind == Kind::Transcoded {
        let events = Keys::Events(Events { payload_type: 101, clock: 8000 });
        let caller = Spoken { codecs: vec![(0, Codec::Pcmu), (9, Codec::G722)], keys: events, noise: Some(13) };
        let callee = Spoken { codecs: vec![(111, Codec::Opus)], keys: Keys::Tones, noise: None };
        let spoken = Some(Box::new([caller, callee]));
        relay.order(now, Order::Transcode { session: CALL, stream: 0, spoken }, out);
    }
}
