//! Any datagrams at a port whose media is keyed by a handshake, in either role, before it and in the midst of it:
//! nothing panics, nothing crosses that was not sealed, and what is sent in answer is bounded.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::{
    Act, Aim, Certificate, Door, Handshake, Order, Outbox, Packet, PortIndex, PortPair, Relay, Reports, Role,
    Senders, Sending, SessionKey, Side, Turn, Verdict,
};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const TO_CALLER: PortIndex = PortIndex(0);
/// A try is a flight and its repetitions, and there are eight.
const SENT_MAX: usize = 8 * 64;

static OURS: LazyLock<Arc<Certificate>> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    let shown = rcgen::CertificateParams::new(Vec::new()).and_then(|shown| shown.self_signed(&key));
    Arc::new(Certificate::new(shown.expect("a certificate").der().to_vec(), key.serialize_der()))
});

// The first byte chooses the role; then datagrams, each with its length in two bytes and a tenth of a second
// between them.
fuzz_target!(|bytes: &[u8]| {
    let Some((role, mut rest)) = bytes.split_first() else { return };
    let role = if role % 2 == 0 { Role::Client } else { Role::Server };
    let (mut now, mut out, mut relay) = (Instant::now(), Outbox::new(), Relay::new());
    let peer: SocketAddr = ([192, 0, 2, 1], 4000).into();
    open(&mut relay, now, role, peer, &mut out);

    while rest.len() > 2 {
        let length = usize::from(u16::from_be_bytes([rest[0], rest[1]])).min(rest.len() - 2).min(2000);
        let (datagram, after) = rest[2..].split_at(length);
        rest = after;
        let mut buffer = [0; 2048];
        buffer[..length].copy_from_slice(datagram);
        let mut packet = Packet::new(&mut buffer, length);
        let verdict = relay.receive(now, TO_CALLER, peer, &mut packet, &mut out);
        assert!(matches!(verdict, Verdict::Drop(_)), "nobody has keys");
        now += Duration::from_millis(100);
        relay.wake(now, &mut out);
    }
    let sent = out.iter().filter(|act| matches!(act, Act::Send { .. })).count();
    assert!(sent <= SENT_MAX + bytes.len(), "{sent}");
});

fn open(relay: &mut Relay, now: Instant, role: Role, peer: SocketAddr, out: &mut Outbox) {
    let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
    relay.order(now, Order::Open { session: CALL, stream: 0, ports }, out);
    let handshake = Handshake { role, theirs: vec![[7; 32]], ours: Arc::clone(&OURS) };
    for (side, rtp, handshake) in
        [(Side::Caller, peer, Some(handshake)), (Side::Callee, ([192, 0, 2, 2], 5000).into(), None)]
    {
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Muxed,
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8000,
            protection: None,
            door: Some(Arc::new(Door { checks: None, handshake })),
        };
        relay.order(now, Order::Aim { session: CALL, stream: 0, side, aim }, out);
    }
}
