//! Every timer of RFC 3261 and RFC 6026, on a clock set by hand.
#![allow(clippy::unwrap_used)]

mod scene;

use scene::{Got, OWNER, Scene, answer, asked, ms, tcp, udp, with_to_tag};
use sip_message::Method;
use sip_stack::Late;

#[test]
fn timer_a_doubles_the_pauses_of_an_invite_without_end() {
    let mut scene = Scene::new();
    scene.ask(udp(), Method::Invite);

    let moments = scene.pass(ms(31_999));

    assert_eq!(moments, [500, 1500, 3500, 7500, 15_500, 31_500]);
}

#[test]
fn timer_b_gives_an_invite_up_after_64_t1() {
    let mut scene = Scene::new();
    let (client, _) = scene.ask(udp(), Method::Invite);

    scene.pass(ms(31_999));
    assert!(scene.late.is_empty());
    scene.pass(ms(1));

    assert_eq!(scene.late, [Late::Timeout { client, owner: OWNER }]);
    scene.pass(ms(32_000));
    assert_eq!(scene.late.len(), 1, "it is given up once");
    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn who_rings_after_timer_b_is_cancelled() {
    let mut scene = Scene::new();
    let (_, invite) = scene.ask(udp(), Method::Invite);
    scene.pass(ms(32_000));
    scene.sent();

    scene.hear(udp(), &answer(&invite, 180));

    assert!(scene.sent().iter().any(|sent| sent.starts_with("CANCEL ")));
}

#[test]
fn an_invite_is_not_repeated_on_a_stream_but_given_up_all_the_same() {
    let mut scene = Scene::new();
    let (client, _) = scene.ask(tcp(), Method::Invite);

    let moments = scene.pass(ms(32_000));

    assert!(moments.is_empty());
    assert_eq!(scene.late, [Late::Timeout { client, owner: OWNER }]);
}

#[test]
fn an_invite_that_was_heard_waits_for_ever() {
    let mut scene = Scene::new();
    let (_, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 180));

    let moments = scene.pass(ms(600_000));

    assert!(moments.is_empty() && scene.late.is_empty());
    assert_eq!(scene.stack.transactions(), 1);
}

#[test]
fn timer_c_is_the_calls_own_but_a_cancelled_invite_ends_after_64_t1() {
    let mut scene = Scene::new();
    let (client, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 180));
    scene.stack.cancel(scene.now, client, None, &mut scene.out);

    scene.pass(ms(32_000));

    assert_eq!(scene.late, [Late::Timeout { client, owner: OWNER }]);
    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_d_keeps_the_ack_of_a_failure_for_its_copies() {
    let mut scene = Scene::new();
    let (_, invite) = scene.ask(udp(), Method::Invite);
    scene.hear(udp(), &answer(&invite, 486));
    let ack = scene.sent();

    scene.pass(ms(31_999));
    assert_eq!(scene.hear(udp(), &answer(&invite, 486)), Got::Nothing);
    assert_eq!(scene.sent(), ack);
    scene.pass(ms(1));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_d_is_zero_on_a_stream() {
    let mut scene = Scene::new();
    let (_, invite) = scene.ask(tcp(), Method::Invite);

    scene.hear(tcp(), &answer(&invite, 486));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_e_doubles_up_to_t2_and_timer_f_gives_up() {
    let mut scene = Scene::new();
    let (client, _) = scene.ask(udp(), Method::Options);

    let moments = scene.pass(ms(40_000));

    assert_eq!(moments, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(scene.late, [Late::Timeout { client, owner: OWNER }]);
    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_e_runs_at_t2_once_a_provisional_came() {
    let mut scene = Scene::new();
    let (_, options) = scene.ask(udp(), Method::Options);
    scene.hear(udp(), &answer(&options, 100));

    let moments = scene.pass(ms(12_000));

    assert_eq!(moments, [4000, 8000, 12_000]);
}

#[test]
fn timer_f_runs_on_a_stream_too() {
    let mut scene = Scene::new();
    let (client, _) = scene.ask(tcp(), Method::Options);

    let moments = scene.pass(ms(32_000));

    assert!(moments.is_empty());
    assert_eq!(scene.late, [Late::Timeout { client, owner: OWNER }]);
}

#[test]
fn timer_g_repeats_a_failure_and_timer_h_misses_its_ack() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.stack.own(server, OWNER);
    scene.respond(server, 486);

    let moments = scene.pass(ms(32_000));

    assert_eq!(moments, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(scene.late, [Late::NoAck { server, owner: Some(OWNER) }]);
    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_g_does_not_run_on_a_stream_but_timer_h_does() {
    let mut scene = Scene::new();
    let server = scene.server(tcp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(server, 486);

    let moments = scene.pass(ms(32_000));

    assert!(moments.is_empty());
    assert_eq!(scene.late, [Late::NoAck { server, owner: None }]);
}

#[test]
fn timer_i_swallows_late_acks_for_t4() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(server, 486);
    let ack = with_to_tag(&asked("ACK", "z9hG4bKa"), "ours");

    assert_eq!(scene.hear(udp(), &ack), Got::Nothing);
    scene.pass(ms(4999));
    assert_eq!(scene.hear(udp(), &ack), Got::Nothing);
    assert_eq!(scene.stack.transactions(), 1);
    scene.pass(ms(1));

    assert_eq!(scene.stack.transactions(), 0);
    assert!(scene.late.is_empty());
}

#[test]
fn timer_i_is_zero_on_a_stream() {
    let mut scene = Scene::new();
    let server = scene.server(tcp(), &asked("INVITE", "z9hG4bKa"));
    scene.respond(server, 486);

    scene.hear(tcp(), &with_to_tag(&asked("ACK", "z9hG4bKa"), "ours"));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_j_answers_copies_of_a_request_for_64_t1() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("OPTIONS", "z9hG4bKa"));
    scene.respond(server, 200);
    let answered = scene.sent();

    scene.pass(ms(31_999));
    assert_eq!(scene.hear(udp(), &asked("OPTIONS", "z9hG4bKa")), Got::Nothing);
    assert_eq!(scene.sent(), answered);
    scene.pass(ms(1));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_j_is_zero_on_a_stream() {
    let mut scene = Scene::new();
    let server = scene.server(tcp(), &asked("OPTIONS", "z9hG4bKa"));

    scene.respond(server, 200);

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_k_swallows_copies_of_an_answer_for_t4() {
    let mut scene = Scene::new();
    let (client, options) = scene.ask(udp(), Method::Options);
    assert_eq!(scene.hear(udp(), &answer(&options, 200)), Got::Response(client, 200));

    scene.pass(ms(4999));
    assert_eq!(scene.hear(udp(), &answer(&options, 200)), Got::Nothing);
    assert_eq!(scene.stack.counters().strays, 0);
    scene.pass(ms(1));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_k_is_zero_on_a_stream() {
    let mut scene = Scene::new();
    let (_, options) = scene.ask(tcp(), Method::Options);

    scene.hear(tcp(), &answer(&options, 200));

    assert_eq!(scene.stack.transactions(), 0);
}

#[test]
fn timer_l_swallows_copies_of_an_accepted_invite_for_64_t1() {
    for flow in [udp(), tcp()] {
        let mut scene = Scene::new();
        let server = scene.server(flow, &asked("INVITE", "z9hG4bKa"));
        scene.respond(server, 200).unwrap();
        scene.sent();

        assert!(scene.pass(ms(31_999)).is_empty(), "the call repeats its 2xx, not the transaction");
        assert_eq!(scene.hear(flow, &asked("INVITE", "z9hG4bKa")), Got::Nothing);
        assert!(scene.sent().is_empty());
        assert_eq!(scene.stack.transactions(), 1);
        scene.pass(ms(1));

        assert_eq!(scene.stack.transactions(), 0);
        assert!(scene.late.is_empty());
    }
}

#[test]
fn timer_m_shows_every_2xx_to_the_owner_for_64_t1() {
    for flow in [udp(), tcp()] {
        let mut scene = Scene::new();
        let (client, invite) = scene.ask(flow, Method::Invite);
        assert_eq!(scene.hear(flow, &answer(&invite, 200)), Got::Response(client, 200));

        scene.pass(ms(31_999));
        let fork = scene::answer_tagged(&invite, 200, "fork");
        assert_eq!(scene.hear(flow, &fork), Got::Response(client, 200));
        scene.pass(ms(1));

        assert_eq!(scene.stack.transactions(), 0);
        assert_eq!(scene.hear(flow, &fork), Got::Nothing);
        assert_eq!(scene.stack.counters().strays, 1);
    }
}

#[test]
fn a_100_answers_a_slow_non_invite_only_when_timer_e_has_reached_t2() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("OPTIONS", "z9hG4bKa"));

    assert!(scene.respond(server, 100).is_none());
    let moments = scene.pass(ms(10_000));

    assert_eq!(moments, [3500]);
    assert_eq!(scene.sent_lines(), ["SIP/2.0 100 Trying"]);
}

#[test]
fn a_request_that_nobody_answers_is_forgotten() {
    let mut scene = Scene::new();
    scene.server(udp(), &asked("OPTIONS", "z9hG4bKa"));

    assert_eq!(scene.end(), 32_000);
}

#[test]
fn what_is_answered_at_once_is_looked_at_when_it_is_forgotten_and_not_before() {
    let mut scene = Scene::new();
    let server = scene.server(udp(), &asked("OPTIONS", "z9hG4bKsoon"));
    let unanswered = scene.stack.deadline().unwrap();

    scene.respond(server, 200);
    scene.server(udp(), &asked("OPTIONS", "z9hG4bKlate").replace("CSeq: 8", "CSeq: 9"));
    let (next, later) = (scene.stack.deadline().unwrap(), scene.now + ms(32_000));

    assert_eq!(next, unanswered, "that of the one that waits for its answer");
    let mut alone = Scene::new();
    let server = alone.server(udp(), &asked("OPTIONS", "z9hG4bKsoon"));
    alone.respond(server, 200);
    assert_eq!(alone.stack.deadline().unwrap() - alone.now, later - scene.now);
}
