//! Any datagrams at the ports of a fax: what its two parties send crosses byte for byte, to the other one, and
//! nobody else is heard or told anything.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::{
    Act, Aim, Order, Outbox, Packet, PortIndex, PortPair, Relay, Reports, Senders, Sending, SessionKey, Side,
    Turn, Verdict,
};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const PORTS: [PortIndex; 2] = [PortIndex(0), PortIndex(2)];

// Datagrams, each with a byte that chooses side, sender and pause, and its length in two bytes.
fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let (mut now, mut out, mut relay) = (Instant::now(), Outbox::new(), Relay::new());
    let parties: [SocketAddr; 2] = [([192, 0, 2, 1], 4000).into(), ([198, 51, 100, 2], 5000).into()];
    open(&mut relay, now, parties, &mut out);
    while let [choice, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len()).min(1500);
        let (datagram, others) = after.split_at(length);
        rest = others;
        let side = usize::from(choice & 1);
        let is_strange = choice & 2 != 0;
        let from = if is_strange { ([203, 0, 113, 9], 666).into() } else { parties[side] };
        let mut buffer = [0; 2048];
        buffer[..length].copy_from_slice(datagram);
        let mut packet = Packet::new(&mut buffer, length);
        match relay.receive(now, PORTS[side], from, &mut packet, &mut out) {
            Verdict::Forward { port, to } => {
                assert!(!is_strange, "nobody invited it");
                assert_eq!((port, to), (PORTS[1 - side], parties[1 - side]));
                assert_eq!(packet.bytes(), datagram);
            }
            verdict => assert!(is_strange, "{verdict:?} of {datagram:?}"),
        }
        now += Duration::from_millis(u64::from(choice >> 2) * 7);
        relay.wake(now, &mut out);
        assert!(!out.iter().any(|act| matches!(act, Act::Send { .. })), "a fax is answered by its parties");
        out.clear();
    }
});

fn open(relay: &mut Relay, now: Instant, parties: [SocketAddr; 2], out: &mut Outbox) {
    let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
    relay.order(now, Order::Open { session: CALL, stream: 0, ports }, out);
    for (side, rtp) in [Side::Caller, Side::Callee].into_iter().zip(parties) {
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Muxed,
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 0,
            protection: None,
            door: None,
        };
        relay.order(now, Order::Aim { session: CALL, stream: 0, side, aim }, out);
    }
}
