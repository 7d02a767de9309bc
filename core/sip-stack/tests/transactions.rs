//! Who gets what: matching, CANCEL, ACK, merged requests, limits, broken flows.
#![allow(clippy::unwrap_used)]

mod scene;

use std::sync::Arc;

use scene::{Got, OWNER, Scene, answer, answer_tagged, asked, ms, request, tcp, udp, with_to_tag};
use sip_message::{Header, Message, Method};
use sip_stack::{Chance, ConnectionId, Heard, Late, Limits, Reply, Request, Stack, Token, Weight};

#[test]
fn an_invite_hears_a_100_at_once_and_its_copies_hear_it_again() {
    let mut scene = Scene::new();
    scene.server(udp(), &asked("INVITE", "z9hG4bKa"));

    assert_eq!(scene.hear(udp(), &asked("INVITE", "z9hG4bKa")), Got::Nothing);

    assert_eq!(scene.sent_lines(), ["SIP/2.0 100 Trying", "SIP/2.0 100 Trying"]);
}

#[test]
fn a_copy_hears_the_latest_provisional() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(server, 180);
    scene.sent();

    scene.hear(udp(), &asked("INVITE", "z9hG4bKa"));

    assert_eq!(scene.sent_lines(), ["SIP/2.0 180 Ringing"]);
}

#[test]
fn a_reply_repeats_what_it_must_and_tells_the_sender_where_it_was_heard() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.sent();
    let reply = Reply {
        to_tag: Some("ours"),
        contact: Some("<sip:198.51.100.1>"),
        headers: &[("Supported", "timer")],
        body: Some(("application/sdp", b"v=0\r\n")),
        ..Reply::plain(200)
    };

    scene.stack.respond(scene.now, server, &reply, &mut scene.out);

    assert_eq!(
        scene.sent().pop().unwrap(),
        "SIP/2.0 200 OK\r\n\
         Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKa;received=192.0.2.9;rport=5088\r\n\
         Via: SIP/2.0/UDP 10.0.0.4;branch=z9hG4bKinner\r\nRecord-Route: <sip:10.0.0.5;lr>\r\n\
         From: <sip:100@10.0.0.5>;tag=theirs\r\nTo: <sip:200@198.51.100.1>;tag=ours\r\n\
         Call-ID: call-of-theirs\r\nCSeq: 8 INVITE\r\nContact: <sip:198.51.100.1>\r\n\
         Server: Tandem/0.1.0\r\nSupported: timer\r\nContent-Type: application/sdp\r\n\
         Content-Length: 5\r\n\r\nv=0\r\n"
    );
}

#[test]
fn vias_on_one_line_are_stamped_at_the_top_one_only() {
    let mut scene = Scene::new();
    let text = asked("OPTIONS", "z9hG4bKa;x=\"a;b,c\"").replace(";rport\r\nVia: ", ", ");

    let server = scene.server(udp(), &text);
    scene.respond(server, 200);

    let expected = "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKa;x=\"a;b,c\";received=192.0.2.9;\
                    rport=5088, \
                    SIP/2.0/UDP 10.0.0.4;branch=z9hG4bKinner\r\n";
    let sent = scene.sent().pop().unwrap();
    assert!(sent.contains(expected), "{sent}");
}

#[test]
fn a_failure_bears_no_record_route() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));

    scene.respond(server, 486);

    assert!(!scene.sent().pop().unwrap().contains("Record-Route"));
}

#[test]
fn a_tag_of_our_minting_stays_the_same_through_all_replies() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.sent();
    for status in [180, 486] {
        scene.stack.respond(scene.now, server, &Reply::plain(status), &mut scene.out);
    }

    let sent = scene.sent();

    let tags: Vec<_> = sent
        .iter()
        .map(|text| Message::parse(text.as_bytes()).unwrap().to().tag().unwrap().to_owned())
        .collect();
    assert_eq!(tags[0], tags[1]);
}

#[test]
fn a_405_says_what_is_allowed() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("FROBNICATE", "z9hG4bKa"));

    scene.respond(server, 405);

    assert!(scene.sent().pop().unwrap().contains("\r\nAllow: INVITE, ACK"));
}

#[test]
fn a_reply_that_smuggles_lines_stays_on_its_own() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("OPTIONS", "z9hG4bKa"));
    let headers = [("Warning", "399 x \"a\r\nEvil: yes\"")];

    let reply = Reply { headers: &headers, reason: Some("Fine\r\nEvil: yes"), ..Reply::plain(200) };
    scene.stack.respond(scene.now, server, &reply, &mut scene.out);

    assert!(!scene.sent().pop().unwrap().contains("\nEvil:"));
}

#[test]
fn the_ack_of_a_failure_ends_there_and_the_ack_of_a_2xx_reaches_the_house() {
    let mut scene = Scene::new();
    let refused = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(refused, 486);
    let accepted = scene.server(udp(), &asked("INVITE", "z9hG4bKb").replace("CSeq: 8", "CSeq: 9"));
    scene.respond(accepted, 200);

    assert_eq!(scene.hear(udp(), &with_to_tag(&asked("ACK", "z9hG4bKa"), "ours")), Got::Nothing);
    assert_eq!(scene.hear(udp(), &with_to_tag(&asked("ACK", "z9hG4bKnew"), "ours")), Got::Ack);
    assert_eq!(
        scene.hear(udp(), &with_to_tag(&asked("ACK", "z9hG4bKb"), "ours")),
        Got::Ack,
        "a sloppy branch"
    );
}

#[test]
fn a_final_answer_is_given_once() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));

    assert!(scene.respond(server, 200).is_some());
    assert!(scene.respond(server, 486).is_none());
}

#[test]
fn a_408_never_answers_a_non_invite() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("OPTIONS", "z9hG4bKa"));

    assert!(scene.respond(server, 408).is_none());
    assert!(scene.sent().is_empty());
}

#[test]
fn a_cancel_is_answered_and_names_the_invite_and_its_owner() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.stack.own(server, OWNER);
    scene.respond(server, 180);
    scene.sent();

    assert_eq!(scene.hear(udp(), &asked("CANCEL", "z9hG4bKa")), Got::Cancelled(server, Some(OWNER)));
    assert_eq!(scene.hear(udp(), &asked("CANCEL", "z9hG4bKa")), Got::Nothing, "a copy");
    scene.respond(server, 487);

    let sent = scene.sent();
    assert!(sent[0].starts_with("SIP/2.0 200 OK") && sent[0].contains("CSeq: 8 CANCEL"));
    assert!(sent[0].contains(";tag=ours"), "the CANCEL is answered with the tag of its INVITE");
    assert_eq!(sent[1], sent[0]);
    assert!(sent[2].starts_with("SIP/2.0 487") && sent[2].contains("CSeq: 8 INVITE"));
}

#[test]
fn a_cancel_that_comes_too_late_changes_nothing() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(server, 200);
    scene.sent();

    assert_eq!(scene.hear(udp(), &asked("CANCEL", "z9hG4bKa")), Got::Nothing);
    assert_eq!(scene.sent_lines(), ["SIP/2.0 200 OK"]);
}

#[test]
fn a_cancel_of_nothing_we_know_gets_a_481() {
    let mut scene = Scene::new();

    assert_eq!(scene.hear(udp(), &asked("CANCEL", "z9hG4bKa")), Got::Nothing);

    assert_eq!(scene.sent_lines(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    assert_eq!(scene.stack.transactions(), 0, "a flood of them fills no table");
}

#[test]
fn the_same_request_by_two_ways_is_taken_once() {
    let mut scene = Scene::new();
    scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.sent();

    assert_eq!(scene.hear(udp(), &asked("INVITE", "z9hG4bKb")), Got::Nothing);

    assert_eq!(scene.sent_lines().pop().unwrap(), "SIP/2.0 482 Loop Detected");
    assert_eq!(scene.stack.counters().merged, 1);
}

#[test]
fn a_request_may_be_tried_again_once_it_has_failed() {
    let mut scene = Scene::new();
    let first = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(first, 503);

    assert!(matches!(scene.hear(udp(), &asked("INVITE", "z9hG4bKb")), Got::Request(_)));
}

#[test]
fn a_request_without_the_cookie_is_matched_by_the_older_rules() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "1"));
    scene.respond(server, 486);
    scene.sent();

    assert_eq!(scene.hear(udp(), &asked("INVITE", "1")), Got::Nothing);
    assert_eq!(scene.sent_lines(), ["SIP/2.0 486 Busy Here"]);
    assert_eq!(scene.hear(udp(), &with_to_tag(&asked("ACK", "1"), "ours")), Got::Nothing);
    let other = asked("INVITE", "1").replace("call-of-theirs", "another");
    assert!(matches!(scene.hear(udp(), &other), Got::Request(_)), "the branch alone means nothing");
}

#[test]
fn past_the_limit_new_requests_are_refused_and_dialogs_go_on() {
    let mut scene = Scene::new();
    scene.stack = Stack::new(scene::settings(), Chance::from_seed([1; 32])).with_limits(Limits {
        servers_max: 1,
        servers_ceiling: 2,
        retry_after_seconds: 9,
    });
    scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.sent();
    let other = asked("INVITE", "z9hG4bKb").replace("call-of-theirs", "another");

    assert_eq!(scene.hear(udp(), &other), Got::Nothing);
    let refusal = scene.sent().pop().unwrap();
    assert!(refusal.starts_with("SIP/2.0 503") && refusal.contains("\r\nRetry-After: 9\r\n"));
    let tag = Message::parse(refusal.as_bytes()).unwrap().to().tag().unwrap().to_owned();
    let ack = with_to_tag(&asked("ACK", "z9hG4bKb").replace("call-of-theirs", "another"), &tag);
    assert_eq!(scene.hear(udp(), &ack), Got::Nothing, "the ACK of a refusal concerns nobody");

    let bye = with_to_tag(&asked("BYE", "z9hG4bKc"), "ours");
    assert!(matches!(scene.hear(udp(), &bye), Got::Request(_)));
    let forged = with_to_tag(&asked("BYE", "z9hG4bKd"), "ours");
    assert_eq!(scene.hear(udp(), &forged), Got::Nothing, "even calls in progress have a ceiling");
    assert_eq!(scene.stack.counters().dropped, 1);
}

#[test]
fn past_the_limit_a_call_for_help_is_taken() {
    let limits = Limits { servers_max: 1, servers_ceiling: 3, retry_after_seconds: 9 };
    let mut stack = Stack::new(scene::settings(), Chance::from_seed([1; 32])).with_limits(limits);
    let mut scene = Scene::new();
    let call = |branch: &str| asked("INVITE", branch).replace("call-of-theirs", branch).into_bytes();
    let mut hear = |bytes: &[u8], weight| {
        let heard = stack.receive_weighing(scene.now, udp(), bytes, |_| weight, &mut scene.out);
        matches!(heard, Heard::Request { .. })
    };

    assert!(hear(&call("z9hG4bKa"), Weight::Usual));
    assert!(!hear(&call("z9hG4bKb"), Weight::Usual));
    assert!(hear(&call("z9hG4bKc"), Weight::Urgent));
}

#[test]
fn our_request_says_what_it_was_given_and_is_found_by_its_branch() {
    let mut scene = Scene::new();
    let routes = [Box::from("<sip:203.0.113.5;lr>")];
    let request = Request {
        routes: &routes,
        body: Some(("application/sdp", b"v=0\r\n")),
        ..request(udp(), Method::Invite)
    };

    scene.stack.request(scene.now, &request, OWNER, &mut scene.out);

    let sent = scene.sent().pop().unwrap();
    let message = Message::parse(sent.as_bytes()).unwrap();
    let token = Token::find(message.via().branch().unwrap()).unwrap();
    assert_eq!(token.shard(), 3);
    assert_eq!(
        sent,
        format!(
            "INVITE sip:bob@192.0.2.9 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK{token};rport\r\n\
             Route: <sip:203.0.113.5;lr>\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@198.51.100.1>;tag=t0000000000000\r\nTo: <sip:bob@192.0.2.9>\r\n\
             Call-ID: our-call\r\nCSeq: 1 INVITE\r\nContact: <sip:198.51.100.1>\r\nSupported: 100rel\r\n\
             Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
        )
    );
}

#[test]
fn a_failure_is_acknowledged_as_the_invite_travelled() {
    let mut scene = Scene::new();
    let routes = [Box::from("<sip:203.0.113.5;lr>")];
    let request = Request { routes: &routes, ..request(udp(), Method::Invite) };
    scene.stack.request(scene.now, &request, OWNER, &mut scene.out);
    let invite = scene.sent().pop().unwrap();

    scene.hear(udp(), &answer(&invite, 486));

    let ack = scene.sent().pop().unwrap();
    let (ack, invite) = (Message::parse(ack.as_bytes()).unwrap(), Message::parse(invite.as_bytes()).unwrap());
    for header in [Header::Via, Header::Route, Header::From, Header::CallId, Header::MaxForwards] {
        assert_eq!(ack.line(header), invite.line(header), "{header:?}");
    }
    assert_eq!(ack.request_uri(), invite.request_uri());
    assert_eq!(ack.to().tag(), Some("theirs"));
    assert_eq!((ack.cseq().number, ack.cseq().method), (1, Method::Ack));
}

#[test]
fn a_cancel_waits_until_somebody_has_answered() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);

    scene.stack.cancel(scene.now, client, Some("SIP;cause=200"), &mut scene.out);
    assert!(scene.sent().is_empty());
    assert_eq!(scene.hear(udp(), &answer(&invite, 100)), Got::Response(client, 100));

    let cancel = scene.sent().pop().unwrap();
    let (cancel, invite) =
        (Message::parse(cancel.as_bytes()).unwrap(), Message::parse(invite.as_bytes()).unwrap());
    assert_eq!(cancel.method(), Some(Method::Cancel));
    assert_eq!(cancel.via().branch(), invite.via().branch());
    assert_eq!(cancel.line(Header::Reason), Some("SIP;cause=200"));
    assert_eq!(cancel.cseq().number, invite.cseq().number);
}

#[test]
fn a_cancel_is_repeated_until_it_is_answered_and_the_487_is_acknowledged() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 180));
    scene.stack.cancel(scene.now, client, None, &mut scene.out);
    let cancel = scene.sent().pop().unwrap();

    assert_eq!(scene.pass(ms(600)), [500]);
    assert_eq!(scene.sent(), std::slice::from_ref(&cancel));
    assert_eq!(scene.hear(udp(), &answer(&cancel, 200)), Got::Nothing);
    assert!(scene.pass(ms(4000)).is_empty());
    assert_eq!(scene.hear(udp(), &answer(&invite, 487)), Got::Response(client, 487));

    assert!(scene.sent().pop().unwrap().starts_with("ACK "));
    scene.end();
    assert!(scene.late.is_empty());
}

#[test]
fn a_2xx_that_crosses_the_cancel_reaches_the_owner() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 180));
    scene.stack.cancel(scene.now, client, None, &mut scene.out);

    assert_eq!(scene.hear(udp(), &answer(&invite, 200)), Got::Response(client, 200));

    scene.end();
    assert!(scene.late.is_empty());
}

#[test]
fn cancelling_twice_sends_one_cancel() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 180));

    scene.stack.cancel(scene.now, client, None, &mut scene.out);
    scene.stack.cancel(scene.now, client, None, &mut scene.out);

    assert_eq!(scene.sent().len(), 1);
}

#[test]
fn answers_of_every_fork_reach_the_owner() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);

    for (status, tag) in [(180, "one"), (180, "two"), (200, "one"), (200, "two"), (200, "one")] {
        assert_eq!(scene.hear(udp(), &answer_tagged(&invite, status, tag)), Got::Response(client, status));
    }
}

#[test]
fn a_2xx_that_follows_a_failure_reaches_the_owner() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer_tagged(&invite, 486, "one"));

    assert_eq!(scene.hear(udp(), &answer_tagged(&invite, 200, "two")), Got::Response(client, 200));
    assert_eq!(scene.hear(udp(), &answer_tagged(&invite, 486, "one")), Got::Nothing);
}

#[test]
fn nobody_is_told_of_answers_that_were_abandoned() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.stack.abandon(client);

    assert_eq!(scene.hear(udp(), &answer(&invite, 486)), Got::Nothing);

    assert!(scene.sent().pop().unwrap().starts_with("ACK "));
}

#[test]
fn what_was_abandoned_is_not_repeated_and_its_late_answer_is_no_stray() {
    let mut scene = Scene::new();
    let (client, options) = scene.ask(udp(), Method::Options);
    scene.pass(ms(4_000));
    scene.sent();
    scene.stack.abandon(client);

    scene.pass(ms(20_000));

    assert_eq!(scene.sent(), Vec::<String>::new());
    assert_eq!(scene.hear(udp(), &answer(&options, 200)), Got::Nothing);
    assert_eq!(scene.stack.counters().strays, 0);
}

#[test]
fn an_answer_to_nothing_we_asked_is_a_stray() {
    let mut scene = Scene::new();
    let (_, options) = scene.ask(udp(), Method::Options);
    let strays = [
        answer(&options, 200).replace("z9hG4bK", "z9hG4bKz"),
        answer(&options, 200).replace("198.51.100.1:5060", "198.51.100.2:5060"),
        answer(&options, 200).replace("\r\nFrom", "\r\nVia: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKx\r\nFrom"),
        answer(&options, 200).replace("OPTIONS", "INVITE"),
    ];

    for stray in &strays {
        assert_eq!(scene.hear(udp(), stray), Got::Nothing, "{stray}");
    }

    assert_eq!(scene.stack.counters().strays, 4);
}

#[test]
fn a_broken_flow_fails_what_waits_on_it_and_nothing_else() {
    let mut scene = Scene::new();
    let (waiting, _) = scene.ask(tcp(), Method::Invite);
    let (answered, invite) = scene.ask(tcp(), Method::Invite);
    scene.hear(tcp(), &answer(&invite, 200));
    let (elsewhere, _) = scene.ask(udp(), Method::Options);

    scene.stack.flow_failed(scene.now, tcp(), &mut scene.late);

    assert_eq!(scene.late, [Late::FlowFailed { client: waiting, owner: OWNER }]);
    assert_ne!((answered, elsewhere), (waiting, waiting));
    assert_eq!(scene.stack.transactions(), 2);
}

#[test]
fn a_connection_still_to_be_made_fails_by_its_address() {
    let mut scene = Scene::new();
    let wish = sip_stack::Flow { connection: ConnectionId::NONE, ..tcp() };
    let (client, _) = scene.ask(wish, Method::Options);

    scene.stack.flow_failed(scene.now, tcp(), &mut scene.late);

    assert_eq!(scene.late, [Late::FlowFailed { client, owner: OWNER }]);
}

#[test]
fn an_address_that_cannot_be_reached_says_nothing_about_a_connection_that_is_there() {
    let mut scene = Scene::new();
    scene.ask(tcp(), Method::Options);
    let wish = sip_stack::Flow { connection: ConnectionId::NONE, ..tcp() };

    scene.stack.flow_failed(scene.now, wish, &mut scene.late);

    assert!(scene.late.is_empty());
}

#[test]
fn what_follows_an_answer_uses_the_connection_it_came_on() {
    let mut scene = Scene::new();
    let wish = sip_stack::Flow { connection: ConnectionId::NONE, ..tcp() };
    let request = Request { server_name: Some(Arc::from("east.example")), ..request(wish, Method::Invite) };
    let client = scene.stack.request(scene.now, &request, OWNER, &mut scene.out);
    let invite = scene.sent().pop().unwrap();
    scene.hear(tcp(), &answer(&invite, 180));

    scene.stack.cancel(scene.now, client, None, &mut scene.out);

    assert_eq!(scene.out[0].flow.connection, ConnectionId(7));
    assert_eq!(scene.out[0].server_name.as_deref(), Some("east.example"));
}

#[test]
fn line_ends_alone_keep_a_flow_alive_and_mean_nothing() {
    let mut scene = Scene::new();

    assert_eq!(scene.hear(udp(), "\r\n\r\n"), Got::Nothing);

    assert_eq!(scene.stack.counters().keepalives, 1);
    assert_eq!(scene.stack.counters().malformed, 0);
}

#[test]
fn a_request_that_was_forgotten_is_new_when_it_comes_again() {
    for method in ["OPTIONS", "INVITE"] {
        let mut scene = Scene::new();
        let first = scene.server(udp(), &asked(method, "z9hG4bKa"));
        scene.respond(first, 200);
        scene.pass(ms(32_000));

        let again = scene.hear(udp(), &asked(method, "z9hG4bKa"));

        assert!(matches!(again, Got::Request(server) if server != first), "{again:?}");
        assert!(scene.respond(first, 200).is_none(), "the old one is gone");
    }
}
