//! Answers find their way back through NATs.
#![allow(clippy::unwrap_used)]

mod scene;

use std::net::SocketAddr;

use scene::{Scene, asked, tcp, udp};
use sip_stack::{ConnectionId, Flow, Heard};

/// Whatever a request's Via says of itself, every answer goes to where it came from, and says so: with and
/// without rport, behind a NAT or not, over IPv4 and IPv6.
#[test]
fn d3_answers_go_back_where_requests_came_from() {
    let ends = ["10.0.0.5:5060", "192.0.2.9:5060", "192.0.2.9:41000", "[2001:db8::9]:5061"];
    for source in ends.map(|end| end.parse::<SocketAddr>().unwrap()) {
        for rport in ["", ";rport", ";rport=7", ";received=203.0.113.1;rport"] {
            for sent_by in ["10.0.0.5:5060", "10.0.0.5", "phone.invalid:5070", "[2001:db8::5]:5060"] {
                let mut scene = Scene::new();
                let text = asked("INVITE", "z9hG4bKa").replacen(
                    "10.0.0.5:5060;branch=z9hG4bKa",
                    &format!("{sent_by};branch=z9hG4bKa{rport}"),
                    1,
                );
                assert!(text.contains(&format!("{sent_by};branch")));
                let flow = Flow { remote: source, ..udp() };

                let server = scene.server(flow, &text);
                scene.respond(server, 180);
                scene.respond(server, 486);

                assert_eq!(scene.out.len(), 3);
                assert!(scene.out.iter().all(|send| send.flow == flow));
                let stamp = format!(";received={};rport={}", source.ip(), source.port());
                for answer in scene.sent() {
                    let via = answer.lines().find(|line| line.starts_with("Via: ")).unwrap();
                    assert!(via.ends_with(&stamp) && via.matches("rport").count() == 1, "{via}");
                    assert_eq!(via.matches("received").count(), 1, "{via}");
                }
            }
        }
    }
}

/// An answer whose connection has closed goes on a new one, to the port that the Via names; other requests
/// stay where they were (RFC 3261 18.2.2).
#[test]
fn d1_an_answer_outlives_its_connection() {
    let mut scene = Scene::new();
    let server = scene.server(tcp(), &asked("INVITE", "z9hG4bKa"));
    let other = Flow { connection: ConnectionId(8), ..tcp() };
    let untouched = scene.server(other, &asked("OPTIONS", "z9hG4bKb").replace("call-of-theirs", "another"));
    scene.sent();

    scene.stack.flow_failed(scene.now, tcp(), &mut Vec::new());
    scene.respond(server, 486);
    scene.respond(untouched, 200);

    assert_eq!(scene.out[0].flow.connection, ConnectionId::NONE);
    assert_eq!(scene.out[0].flow.remote, "192.0.2.9:5060".parse().unwrap());
    assert_eq!(scene.out[1].flow, other);
}

/// Who asks by STUN at the port of SIP is told how it looks from here, veiled (RFC 5626 8, RFC 5389 15.2).
#[test]
fn d4_a_phone_learns_by_stun_how_it_looks_from_here() {
    for remote in ["192.0.2.1:32853", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"] {
        let flow = Flow { remote: remote.parse().unwrap(), ..udp() };
        let answers = heard_as_stun(flow, &binding_request(&[]));

        // The veiled values of RFC 5769 2.2 and 2.3, whose transaction this is.
        let seen: &[u8] = match flow.remote.is_ipv4() {
            true => &[0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43],
            false => &[
                0, 2, 0xA1, 0x47, 0x01, 0x13, 0xA9, 0xFA, 0xA5, 0xD3, 0xF1, 0x79, 0xBC, 0x25, 0xF4, 0xB5,
                0xBE, 0xD2, 0xB9, 0xD9,
            ],
        };
        let head =
            [&[1, 1, 0, 4 + seen.len() as u8][..], &binding_request(&[])[4..20], &[0, 0x20, 0]].concat();
        assert_eq!(answers, [[&head[..], &[seen.len() as u8], seen].concat()]);
    }
}

/// What has to be understood and isn't is refused by name; what may be passed over is; what is no Binding
/// request, or is torn, gets nothing at all.
#[test]
fn d4_stun_that_asks_for_more_is_told_what_is_not_understood() {
    let priority = [0, 0x24, 0, 4, 0x6E, 0, 1, 0xFF];
    let software = [0x80, 0x22, 0, 3, b'm', b'a', b'd', 0];
    let refused = heard_as_stun(udp(), &binding_request(&priority));
    assert_eq!(refused[0][..2], [1, 0x11]);
    assert_eq!(refused[0][refused[0].len() - 8..], [0, 0x0A, 0, 2, 0, 0x24, 0, 0]);
    assert_eq!(heard_as_stun(udp(), &binding_request(&software))[0][..2], [1, 1]);

    let whole = binding_request(&software);
    let indication = [&[0, 0x11], &whole[2..]].concat();
    let torn = [&whole[..23], &[200], &whole[24..]].concat();
    for bytes in [&whole[..whole.len() - 1], &indication, &torn] {
        assert_eq!(heard_as_stun(udp(), bytes), Vec::<Vec<u8>>::new());
    }
}

/// A Binding request with the transaction of RFC 5769.
fn binding_request(attributes: &[u8]) -> Vec<u8> {
    let transaction = [0xB7, 0xE7, 0xA7, 0x01, 0xBC, 0x34, 0xD6, 0x86, 0xFA, 0x87, 0xDF, 0xAE];
    let head = [0, 1, 0, attributes.len() as u8, 0x21, 0x12, 0xA4, 0x42];
    [&head[..], &transaction, attributes].concat()
}

fn heard_as_stun(flow: Flow, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut scene = Scene::new();
    assert!(matches!(scene.stack.receive(scene.now, flow, bytes, &mut scene.out), Heard::Nothing));
    assert!(scene.out.iter().all(|send| send.flow == flow));
    scene.out.iter().map(|send| send.wire.bytes().to_vec()).collect()
}
