//! Answers find their way back through NATs.
#![allow(clippy::unwrap_used)]

mod scene;

use std::net::SocketAddr;

use scene::{Scene, asked, tcp, udp};
use sip_stack::{ConnectionId, Flow};

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
