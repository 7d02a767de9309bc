//! What a relay does with packets.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{
    Account, Act, Aim, Event, Figures, Order, Outbox, Packet, PortIndex, PortPair, Reason, Relay, Reports,
    Senders, Sending, SessionKey, Side, Turn, Verdict,
};
use rtp::rtcp::{self, Report, SenderInfo};
use rtp::{Fixed, Header};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const STRANGER: &str = "203.0.113.66:5555";

#[test]
fn opening_a_stream_asks_for_its_four_ports() {
    let mut house = House::new();
    let bound: Vec<_> = house.bound.iter().map(|(_, local)| local.port()).collect();
    assert_eq!(bound, [30000, 30001, 30002, 30003]);
    assert_eq!(house.close().caller.packets_in, 0);
}

#[test]
fn packets_cross_to_where_the_other_side_receives() {
    let mut house = House::aimed(Senders::Signalled);

    assert_eq!(house.rtp(Side::Caller, CALLER, 1), Ok((30002, CALLEE.to_owned())));
    assert_eq!(house.rtp(Side::Callee, CALLEE, 1), Ok((30000, CALLER.to_owned())));

    let figures = house.close();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_out), (1, 1));
    assert_eq!((figures.callee.bytes_in, figures.callee.bytes_out), (172, 172));
}

#[test]
fn nobody_is_heard_before_signalling_names_them() {
    let mut house = House::new();
    assert_eq!(house.rtp(Side::Caller, CALLER, 1), Err(Reason::Stranger));
    assert_eq!(house.close().caller.dropped_strangers, 1);
}

#[test]
fn a_strict_side_hears_the_signalled_address_only() {
    let mut house = House::aimed(Senders::Signalled);
    assert_eq!(house.rtp(Side::Caller, STRANGER, 1), Err(Reason::Stranger));
    assert_eq!(house.rtp(Side::Caller, "192.0.2.1:4002", 1), Err(Reason::Stranger));
    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok());
    assert_eq!(house.close().caller.dropped_strangers, 2);
}

#[test]
fn a_peer_behind_a_nat_is_learned_and_answered_there() {
    let mut house = House::new();
    house.aim(Side::Caller, "10.0.0.5:4000", Senders::Anywhere);
    house.aim(Side::Callee, CALLEE, Senders::Anywhere);

    assert_eq!(house.rtp(Side::Callee, CALLEE, 1), Ok((30000, "10.0.0.5:4000".to_owned())));
    assert!(house.rtp(Side::Caller, "203.0.113.1:61000", 1).is_ok());
    assert_eq!(house.rtp(Side::Callee, CALLEE, 2), Ok((30000, "203.0.113.1:61000".to_owned())));

    assert_eq!(house.rtp(Side::Caller, STRANGER, 2), Err(Reason::Stranger));
    assert_eq!(
        house.latched(),
        [(Side::Callee, CALLEE.to_owned()), (Side::Caller, "203.0.113.1:61000".to_owned())]
    );
}

#[test]
fn whoever_was_quicker_than_the_peer_is_put_out_when_the_peer_speaks() {
    let mut house = House::aimed(Senders::Anywhere);

    assert!(house.rtp(Side::Caller, STRANGER, 1).is_ok());
    assert!(house.rtp(Side::Caller, "192.0.2.1:4444", 1).is_ok());
    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok());

    assert_eq!(house.rtp(Side::Caller, STRANGER, 2), Err(Reason::Stranger));
    assert_eq!(house.rtp(Side::Caller, "192.0.2.1:4444", 2), Err(Reason::Stranger));
    assert_eq!(house.rtp(Side::Callee, CALLEE, 1), Ok((30000, CALLER.to_owned())));
}

#[test]
fn only_signalling_lets_a_peer_move() {
    let mut house = House::new();
    house.aim(Side::Caller, "10.0.0.5:4000", Senders::Anywhere);
    house.aim(Side::Callee, CALLEE, Senders::Anywhere);
    house.rtp(Side::Caller, "203.0.113.1:61000", 1).unwrap();
    assert_eq!(house.rtp(Side::Caller, "203.0.113.1:62000", 2), Err(Reason::Stranger));

    house.aim(Side::Caller, "10.0.0.5:4000", Senders::Anywhere);

    assert_eq!(house.rtp(Side::Callee, CALLEE, 1), Ok((30000, "203.0.113.1:61000".to_owned())));
    assert!(house.rtp(Side::Caller, "203.0.113.1:62000", 2).is_ok());
    assert_eq!(house.rtp(Side::Callee, CALLEE, 2), Ok((30000, "203.0.113.1:62000".to_owned())));
}

#[test]
fn a_peer_that_moves_by_signalling_is_sent_to_at_its_new_place_at_once() {
    let mut house = House::aimed(Senders::Anywhere);
    house.rtp(Side::Caller, CALLER, 1).unwrap();
    house.aim(Side::Caller, "192.0.2.77:9000", Senders::Anywhere);
    assert_eq!(house.rtp(Side::Callee, CALLEE, 1), Ok((30000, "192.0.2.77:9000".to_owned())));
}

/// Of several callees of one call only the one whose turn it is is heard: neither where an earlier one was
/// heard nor where it said to be is anybody believed any more.
#[test]
fn a12_an_earlier_peer_is_not_believed_when_another_is_expected() {
    let mut house = House::aimed(Senders::Anywhere);
    assert!(house.rtp(Side::Callee, "203.0.113.7:7000", 1).is_ok(), "the first one, behind a NAT");

    house.aim_anew(Side::Callee, "198.51.100.80:8000");

    assert_eq!(house.rtp(Side::Callee, "203.0.113.7:7000", 2), Err(Reason::Stranger));
    assert_eq!(house.rtp(Side::Callee, CALLEE, 2), Err(Reason::Stranger));
    assert!(house.rtp(Side::Callee, "203.0.113.9:9000", 1).is_ok(), "the second one, behind a NAT too");
    house.aim_anew(Side::Callee, CALLEE);
    assert!(house.rtp(Side::Callee, CALLEE, 3).is_ok(), "the first one answers after all");
    assert_eq!(house.rtp(Side::Callee, "203.0.113.9:9000", 2), Err(Reason::Stranger));
}

/// Between two attempts nobody stands at the callee's side, and nobody is heard from there.
#[test]
fn req_f10_nobody_is_heard_where_nobody_is_expected() {
    let mut house = House::aimed(Senders::Anywhere);
    house.rtp(Side::Callee, CALLEE, 1).unwrap();

    house.order_aim(Side::Callee, None, Sending::Held, (Senders::Anywhere, Turn::Another));

    assert_eq!(house.rtp(Side::Callee, CALLEE, 2), Err(Reason::Stranger));
    assert_eq!(house.rtp(Side::Callee, STRANGER, 1), Err(Reason::Stranger));
}

#[test]
fn a_peer_on_hold_gets_no_media_but_its_reports() {
    let mut house = House::aimed(Senders::Signalled);
    house.order_aim(Side::Callee, Some(CALLEE), Sending::Held, (Senders::Signalled, Turn::Same));

    assert_eq!(house.rtp(Side::Caller, CALLER, 1), Err(Reason::Undeliverable));
    assert_eq!(house.rtcp(Side::Caller, "192.0.2.1:4001"), Ok((30003, "198.51.100.9:6001".to_owned())));
    assert!(house.rtp(Side::Callee, CALLEE, 1).is_ok(), "music on hold still comes");
    assert_eq!(house.close().caller.dropped_undeliverable, 1);
}

#[test]
fn h6_who_sent_reports_and_is_silent_for_a_minute_is_sent_no_media_until_it_is_heard() {
    let mut house = House::aimed(Senders::Signalled);
    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();
    house.passes(59);
    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok());

    house.passes(1);

    assert_eq!(house.rtp(Side::Caller, CALLER, 2), Err(Reason::Gone));
    assert!(house.rtcp(Side::Caller, "192.0.2.1:4001").is_ok(), "reports find out whether it is back");
    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();
    assert!(house.rtp(Side::Caller, CALLER, 3).is_ok());
    house.passes(60);
    assert_eq!(house.rtp(Side::Caller, CALLER, 4), Err(Reason::Gone));
    house.rtp(Side::Callee, CALLEE, 1).unwrap();
    assert!(house.rtp(Side::Caller, CALLER, 5).is_ok());
    assert_eq!(house.close().callee.withheld, 2);
}

/// Who listens and says nothing may be there.
#[test]
fn h6_who_never_sent_a_report_is_sent_media_however_long_it_is_silent() {
    let mut house = House::aimed(Senders::Signalled);
    house.rtp(Side::Callee, CALLEE, 1).unwrap();
    house.passes(3_600);
    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok());

    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();
    house.aim_anew(Side::Callee, "198.51.100.10:7000");
    house.passes(3_600);

    assert!(house.rtp(Side::Caller, CALLER, 2).is_ok(), "it is another, which sent no report");
}

#[test]
fn h6_silence_on_hold_tells_nothing() {
    let mut house = House::aimed(Senders::Signalled);
    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();
    house.order_aim(Side::Caller, Some(CALLER), Sending::Held, (Senders::Signalled, Turn::Same));
    house.passes(600);
    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok(), "music of who holds");

    house.order_aim(Side::Caller, Some(CALLER), Sending::Allowed, (Senders::Signalled, Turn::Same));
    house.passes(59);

    assert!(house.rtp(Side::Caller, CALLER, 2).is_ok());
}

#[test]
fn h6_in_a_call_for_help_media_is_sent_to_who_seems_dead() {
    let mut house = House::aimed(Senders::Signalled);
    house.order_aim(Side::Callee, Some(CALLEE), Sending::Insisted, (Senders::Signalled, Turn::Same));
    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();

    house.passes(600);

    assert!(house.rtp(Side::Caller, CALLER, 1).is_ok());
}

/// The first bytes of UDPTL are a number: from 32768 on they look like RTP, some of them like a report.
/// Proves: pain 10.
#[test]
fn j1_packets_of_a_fax_cross_untouched_whatever_their_first_bytes_look_like() {
    let mut house = House::new();
    house.aim_fax(Side::Caller, CALLER, Senders::Signalled);
    house.aim_fax(Side::Callee, CALLEE, Senders::Signalled);

    for number in [0_u16, 1, 0x0101, 0x1603, 0x4000, 0x8000, 0x80c8, 0x80c9, 0x9000, 0xbfff, 0xffff] {
        for length in [5, 12, 40, 1_400] {
            let fax = [&number.to_be_bytes()[..], &[6; 3], &vec![0x7f; length]].concat();
            assert_eq!(house.carry(0, CALLER, &fax), Ok((30002, CALLEE.to_owned(), fax)), "{number:#x}");
        }
    }
    let figures = house.close();
    assert_eq!((figures.caller.packets_in, figures.callee.packets_out, figures.callee.rtcp_out), (44, 44, 0));
}

#[test]
fn j1_a_fax_behind_a_nat_is_found_by_what_it_sends_and_a_stranger_is_not_heard() {
    let mut house = House::new();
    house.aim_fax(Side::Caller, "10.0.0.5:4000", Senders::Anywhere);
    house.aim_fax(Side::Callee, CALLEE, Senders::Signalled);
    let fax = [0x80, 0xc8, 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    assert_eq!(house.receive(2, STRANGER, &fax), Err(Reason::Stranger));
    assert!(house.receive(0, CALLER, &fax).is_ok());
    assert_eq!(house.receive(0, STRANGER, &fax), Err(Reason::Stranger));

    assert_eq!(house.receive(2, CALLEE, &fax), Ok((30000, CALLER.to_owned())));
}

/// T.140 with two generations in each packet (RFC 4103), and speech with its last packet (RFC 2198).
#[test]
fn h9_text_and_h5_speech_cross_with_their_redundancy_untouched() {
    let mut house = House::aimed(Senders::Signalled);
    let text =
        [&[0x80, 99, 0, 7, 0, 0, 3, 232, 0, 0, 0, 9][..], &[98 | 0x80, 0, 0, 1, 98, 0x61, 0x62]].concat();
    let speech =
        [&[0x80, 121, 0, 8, 0, 0, 5, 0, 0, 0, 0, 9][..], &[0x80, 2, 128, 160, 0], &[0xd5; 320]].concat();

    for packet in [text, speech] {
        assert_eq!(house.carry(0, CALLER, &packet), Ok((30002, CALLEE.to_owned(), packet)));
    }
}

#[test]
fn a_peer_that_names_no_address_gets_nothing_even_if_it_was_heard() {
    let mut house = House::aimed(Senders::Anywhere);
    house.rtp(Side::Callee, CALLEE, 1).unwrap();
    house.order_aim(Side::Callee, None, Sending::Allowed, (Senders::Anywhere, Turn::Same));
    assert_eq!(house.rtp(Side::Caller, CALLER, 1), Err(Reason::Undeliverable));
}

#[test]
fn reports_are_believed_from_the_host_of_the_media_only() {
    let mut house = House::new();
    house.aim(Side::Caller, "10.0.0.5:4000", Senders::Anywhere);
    house.aim(Side::Callee, CALLEE, Senders::Anywhere);
    assert_eq!(house.rtcp(Side::Caller, "203.0.113.1:61001"), Err(Reason::Stranger));
    house.rtp(Side::Caller, "203.0.113.1:61000", 1).unwrap();

    assert!(house.rtcp(Side::Caller, "203.0.113.1:61001").is_ok());

    assert_eq!(house.rtcp(Side::Caller, STRANGER), Err(Reason::Stranger));
    assert_eq!(house.rtcp(Side::Callee, "198.51.100.9:6001"), Ok((30001, "203.0.113.1:61001".to_owned())));
}

#[test]
fn what_is_no_rtp_goes_nowhere_and_teaches_nothing() {
    let mut house = House::aimed(Senders::Anywhere);
    let stun = [0u8, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(house.receive(0, STRANGER, &stun), Err(Reason::Malformed));
    assert_eq!(house.receive(1, CALLER, &packet(1)), Err(Reason::Malformed));
    assert!(house.latched().is_empty());
    assert_eq!(house.close().caller.dropped_malformed, 2);
}

#[test]
fn a_fax_crosses_untouched_from_the_peer_only() {
    let mut house = House::aimed(Senders::Anywhere);
    let udptl = [0u8, 1, 2, 3, 4];
    assert_eq!(house.receive(0, STRANGER, &udptl), Err(Reason::Malformed));
    assert_eq!(house.receive(0, CALLER, &udptl), Ok((30002, CALLEE.to_owned())));
    let caller = house.close().caller;
    assert_eq!((caller.packets_in, caller.sources), (1, 0));
}

#[test]
fn loss_order_and_copies_are_counted() {
    let mut house = House::aimed(Senders::Signalled);
    for sequence in [65_530u16, 65_531, 65_533, 65_532, 65_533, 65_535, 2, 3, 3] {
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    let caller = house.close().caller;
    assert_eq!((caller.packets_in, caller.lost, caller.reordered, caller.duplicates), (9, 3, 1, 2));
    assert_eq!(caller.sources, 1);
}

#[test]
fn a_new_source_of_the_same_peer_is_heard_and_starts_the_count_anew() {
    let mut house = House::aimed(Senders::Anywhere);
    house.rtp(Side::Caller, CALLER, 1).unwrap();
    house.rtp(Side::Caller, CALLER, 3).unwrap();
    house.receive(0, CALLER, &rtp_packet(40_000, 9, 0)).unwrap();
    let caller = house.close().caller;
    assert_eq!((caller.lost, caller.sources), (1, 2));
}

#[test]
fn jitter_is_told_in_microseconds() {
    let mut house = House::aimed(Senders::Signalled);
    for sequence in 0..400u16 {
        // Every other packet comes 4 ms late: the spacing is 4 ms off each time.
        let late = if sequence % 2 == 0 { 0 } else { 4 };
        house.now = house.start + Duration::from_millis(20 * u64::from(sequence) + late);
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    let caller = house.close().caller;
    assert!((3_700..=4_000).contains(&caller.jitter_us), "{} µs", caller.jitter_us);
    assert_eq!(caller.last.unwrap() - caller.first.unwrap(), Duration::from_millis(399 * 20 + 4));
}

#[test]
fn closing_gives_back_every_port_and_the_figures_of_every_stream() {
    let mut house = House::new();
    house.open(1);

    let acts = house.order(Order::Close { session: CALL });

    let finished = acts.iter().filter(|act| matches!(act, Act::Tell(Event::Finished { .. }))).count();
    let unbound = acts.iter().filter(|act| matches!(act, Act::Unbind { .. })).count();
    assert_eq!((finished, unbound, house.relay.streams()), (2, 8, 0));
    assert_eq!(house.receive(0, CALLER, &packet(1)), Err(Reason::NobodyHere));
    assert_eq!(house.order(Order::Close { session: CALL }), []);
}

/// One side goes over to another interface: its ports close, others open, and nothing else of the stream is
/// begun anew.
#[test]
fn b8_one_side_goes_over_to_other_ports_and_the_other_stays() {
    let mut house = House::aimed(Senders::Signalled);
    house.rtp(Side::Caller, CALLER, 1).unwrap();
    let before = house.bound.clone();
    let ports = PortPair { address: [10, 0, 0, 1].into(), port: 31000 };

    let acts = house.order(Order::Move { session: CALL, stream: 0, side: Side::Caller, ports });

    let gone = before.iter().take(2).map(|(port, _)| Act::Unbind { port: *port });
    let come = [(before[0].0, ports.rtp()), (before[1].0, ports.rtcp())];
    let come = come.map(|(port, local)| Act::Bind { port, local });
    assert_eq!(acts, gone.chain(come).collect::<Vec<_>>());
    house.rtp(Side::Caller, CALLER, 2).unwrap();
    house.rtp(Side::Callee, CALLEE, 1).unwrap();
    let Figures { caller, callee, .. } = house.close();
    assert_eq!((caller.packets_in, callee.packets_in), (2, 1));
}

/// Nobody's stream is moved that is not open.
#[test]
fn b8_what_is_closed_goes_nowhere() {
    let mut house = House::new();
    house.close();
    let ports = PortPair { address: [10, 0, 0, 1].into(), port: 31000 };

    let acts = house.order(Order::Move { session: CALL, stream: 0, side: Side::Caller, ports });

    assert_eq!(acts, []);
}

#[test]
fn a_port_that_cannot_be_had_fails_its_stream() {
    let mut house = House::new();
    let mut out = Outbox::new();
    house.relay.bind_failed(PortIndex(2), "in use".to_owned(), &mut out);
    let failed = Event::Failed { session: CALL, stream: 0, why: "in use".to_owned() };
    assert_eq!(out.last(), Some(&Act::Tell(failed)));
    assert_eq!(house.relay.streams(), 0);
}

#[test]
fn a_stream_is_opened_once() {
    let mut house = House::new();
    let acts = house.open(0);
    assert!(matches!(acts.as_slice(), [Act::Tell(Event::Failed { .. })]));
    assert_eq!(house.relay.streams(), 1, "the first is unharmed");
}

#[test]
fn a_packet_that_was_not_sent_is_not_counted_as_sent() {
    let mut house = House::aimed(Senders::Signalled);
    house.rtp(Side::Caller, CALLER, 1).unwrap();
    house.relay.unsent(PortIndex(2));
    let callee = house.close().callee;
    assert_eq!((callee.packets_out, callee.unsent), (0, 1));
}

#[test]
fn whoever_asks_hears_when_each_side_was_heard_last() {
    let mut house = House::aimed(Senders::Signalled);
    let begun = house.now;
    house.passes(10);
    house.rtp(Side::Caller, CALLER, 1).unwrap();
    let spoke = house.now;
    house.passes(20);

    assert_eq!(house.ask(), Some([spoke, begun]));
}

#[test]
fn reports_are_a_sign_of_life_and_strangers_are_none() {
    let mut house = House::aimed(Senders::Signalled);
    let begun = house.now;
    house.passes(10);
    house.rtcp(Side::Callee, "198.51.100.9:6001").unwrap();
    let reported = house.now;
    house.passes(10);
    house.rtp(Side::Callee, STRANGER, 1).unwrap_err();
    house.rtcp(Side::Caller, STRANGER).unwrap_err();

    assert_eq!(house.ask(), Some([begun, reported]));
}

#[test]
fn a_side_that_hears_again_after_a_hold_gives_both_time_anew() {
    let mut house = House::aimed(Senders::Signalled);
    house.passes(300);
    house.order_aim(Side::Caller, Some(CALLER), Sending::Held, (Senders::Signalled, Turn::Same));
    let held = house.now;
    house.passes(300);
    house.order_aim(Side::Caller, Some(CALLER), Sending::Held, (Senders::Signalled, Turn::Same));

    assert_eq!(house.ask(), Some([held, held]), "the same again is no change");
    house.order_aim(Side::Caller, Some(CALLER), Sending::Allowed, (Senders::Signalled, Turn::Same));
    assert_eq!(house.ask(), Some([house.now, house.now]));
}

#[test]
fn any_stream_of_a_session_is_heard_and_nothing_is_said_of_one_that_is_closed() {
    let mut house = House::aimed(Senders::Signalled);
    house.passes(10);
    house.open(1);
    let opened = house.now;
    house.passes(10);

    assert_eq!(house.ask(), Some([opened, opened]));
    house.close();
    assert_eq!(house.ask(), None);
}

/// One peer has one port for all, the other a port for its reports: each hears the other's where it listens.
#[test]
fn e2_reports_cross_between_a_muxed_and_an_unmuxed_peer() {
    let mut house = House::new();
    house.aim_muxed(Side::Caller, CALLER);
    house.aim(Side::Callee, CALLEE, Senders::Signalled);

    assert_eq!(house.muxed_rtcp(Side::Caller, CALLER), Ok((30003, "198.51.100.9:6001".to_owned())));
    assert_eq!(house.rtcp(Side::Callee, "198.51.100.9:6001"), Ok((30000, CALLER.to_owned())));
    let figures = house.close();
    assert_eq!((figures.caller.rtcp_in, figures.callee.rtcp_out), (1, 1));
    assert_eq!((figures.callee.rtcp_in, figures.caller.rtcp_out), (1, 1));
}

/// The reports of a peer that multiplexes go where its media was heard, and come from nowhere else.
#[test]
fn e2_muxed_reports_go_where_the_media_of_the_peer_is() {
    let mut house = House::new();
    house.aim_muxed(Side::Caller, CALLER);
    house.aim_muxed(Side::Callee, CALLEE);
    house.rtp(Side::Caller, "203.0.113.1:61000", 1).unwrap();

    assert_eq!(house.muxed_rtcp(Side::Caller, STRANGER), Err(Reason::Stranger));
    assert_eq!(house.muxed_rtcp(Side::Caller, "203.0.113.1:61001"), Err(Reason::Stranger));
    assert_eq!(house.muxed_rtcp(Side::Caller, "203.0.113.1:61000"), Ok((30002, CALLEE.to_owned())));
    assert_eq!(house.muxed_rtcp(Side::Callee, CALLEE), Ok((30000, "203.0.113.1:61000".to_owned())));
}

/// What a peer hears is in its reports: what it misses of two sources, and how long a report is on its way.
#[test]
fn k1_a_peer_tells_what_it_hears() {
    let mut house = House::aimed(Senders::Signalled);
    assert_eq!(house.report(Side::Callee, Some(0x1234_5678_0000), &[]), Ok(()), "a report of the callee");
    house.passes(2);
    let block = Report { ssrc: 9, lost: 4, jitter: 80, ..NOTHING };
    // It has kept the callee's report for a second and a half.
    let back = Report { last_sender_report: 0x1234_5678, delay: 3 * 65_536 / 2, ..block };
    house.report(Side::Caller, None, &[back]).unwrap();
    house.report(Side::Caller, None, &[Report { ssrc: 10, lost: 3, ..block }]).unwrap();
    house
        .report(
            Side::Caller,
            None,
            &[Report { ssrc: 11, lost: 7, ..block }, Report { ssrc: 10, lost: 5, ..block }],
        )
        .unwrap();

    let [caller, callee] = house.close().accounts;
    let half = Some(Duration::from_millis(500));
    let wanted =
        Account { lost: 9, jitter_us: 10_000, round_trip: half, round_trip_max: half, opinion: None };
    assert_eq!(caller, Some(wanted));
    assert_eq!(callee, None, "a report without a word of what it hears");
}

/// A peer whose clock is coarse says that it kept a report for a little longer than it was away: that is no
/// time at all, not an unknown one.
#[test]
fn k1_a_coarse_clock_leaves_a_round_trip_of_nothing() {
    let mut house = House::aimed(Senders::Signalled);
    house.report(Side::Callee, Some(0x1234_5678_0000), &[]).unwrap();
    house.passes(2);
    let delay = 2 * 65_536 + 65_536 / 200;
    house
        .report(Side::Caller, None, &[Report { last_sender_report: 0x1234_5678, delay, ..NOTHING }])
        .unwrap();

    assert_eq!(house.close().accounts[0].and_then(|account| account.round_trip), Some(Duration::ZERO));
}

/// Times that cannot be true are no round trip: another report's, one kept for longer than it was away,
/// hours.
#[test]
fn k1_impossible_times_are_no_round_trip() {
    let mut house = House::aimed(Senders::Signalled);
    house.report(Side::Callee, Some(0x1234_5678_0000), &[]).unwrap();
    house.passes(2);
    for (last_sender_report, delay) in [(0, 0), (0x1234_5679, 0), (0x1234_5678, 3 * 65_536)] {
        house.report(Side::Caller, None, &[Report { last_sender_report, delay, ..NOTHING }]).unwrap();
    }
    house.passes(3_600);
    house.report(Side::Caller, None, &[Report { last_sender_report: 0x1234_5678, ..NOTHING }]).unwrap();

    assert_eq!(house.close().accounts[0], Some(Account::default()));
}

/// A listener waits for a packet, not for ever; one that came out of order was under way for longer than it
/// seems.
#[test]
fn k1_what_comes_too_late_is_counted() {
    let mut house = House::aimed(Senders::Signalled);
    // The sixth comes 100 ms after its time, then those behind it at once; the ninth after the thirteenth.
    let arrivals: [(u16, u64); 12] = [
        (1, 0),
        (2, 20),
        (3, 40),
        (4, 60),
        (5, 80),
        (6, 200),
        (7, 204),
        (8, 205),
        (10, 206),
        (11, 206),
        (13, 240),
        (9, 250),
    ];
    for (sequence, at) in arrivals {
        house.now = house.start + Duration::from_millis(at);
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    let Figures { caller, .. } = house.close();
    assert_eq!((caller.late, caller.reordered), (3, 1), "the sixth, the seventh and the ninth");
}

/// Clocks that run apart make nobody late: a buffer gets used to it.
#[test]
fn k1_a_slow_clock_makes_nobody_late() {
    let mut house = House::aimed(Senders::Signalled);
    for sequence in 1..=30_000_u16 {
        // A thousandth slower: after ten minutes 600 ms.
        house.now = house.start + Duration::from_micros(20_020) * u32::from(sequence);
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    assert_eq!(house.close().caller.late, 0);
}

/// Some phones stop their clock while they hold: who goes on where it stopped is not late for ever.
#[test]
fn k1_a_clock_that_stopped_for_a_hold_makes_nobody_late() {
    let mut house = House::aimed(Senders::Signalled);
    for sequence in 1..=500_u16 {
        let held = if sequence > 250 { 3_000 } else { 0 };
        house.now = house.start + Duration::from_millis(held + 20 * u64::from(sequence));
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    assert_eq!(house.close().caller.late, 0);
}

/// A stranger's account of what a peer hears is none.
#[test]
fn k1_strangers_tell_nothing() {
    let mut house = House::aimed(Senders::Signalled);
    let mut report = Vec::new();
    rtcp::write_report(1, None, &[Report { lost: 1_000, ..NOTHING }], &mut report);
    assert_eq!(house.receive(1, STRANGER, &report), Err(Reason::Stranger));

    assert_eq!(house.close().accounts, [None, None]);
}

#[test]
fn k1_losses_in_a_row_are_one_gap() {
    let mut house = House::aimed(Senders::Signalled);
    for sequence in [1, 2, 6, 7, 9, 8, 12] {
        house.rtp(Side::Caller, CALLER, sequence).unwrap();
    }
    let Figures { caller, .. } = house.close();
    assert_eq!((caller.lost, caller.gaps, caller.reordered), (5, 3, 1), "one gap closed again");
}

const NOTHING: Report =
    Report { ssrc: 1, fraction_lost: 0, lost: 0, highest: 0, jitter: 0, last_sender_report: 0, delay: 0 };

struct House {
    relay: Relay,
    start: Instant,
    now: Instant,
    bound: Vec<(PortIndex, SocketAddr)>,
    events: Vec<Event>,
}

impl House {
    fn new() -> House {
        let now = Instant::now();
        let mut house = House { relay: Relay::new(), start: now, now, bound: Vec::new(), events: Vec::new() };
        house.open(0);
        house
    }

    fn aimed(senders: Senders) -> House {
        let mut house = House::new();
        house.aim(Side::Caller, CALLER, senders);
        house.aim(Side::Callee, CALLEE, senders);
        house
    }

    fn open(&mut self, stream: u8) -> Vec<Act> {
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port: port + 4 * u16::from(stream) };
        self.order(Order::Open { session: CALL, stream, ports: [pair(30000), pair(30002)] })
    }

    fn order(&mut self, order: Order) -> Vec<Act> {
        let mut acts = Outbox::new();
        self.relay.order(self.now, order, &mut acts);
        for act in &acts {
            match act {
                Act::Bind { port, local } => self.bound.push((*port, *local)),
                Act::Unbind { .. } => {}
                Act::Tell(event) => self.events.push(event.clone()),
                Act::Send { .. } => panic!("nobody has a handshake here"),
                Act::Carry { .. } => panic!("nobody carries streams here"),
            }
        }
        acts
    }

    fn passes(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// When the caller and the callee were heard last.
    fn ask(&mut self) -> Option<[Instant; 2]> {
        let acts = self.order(Order::Ask { session: CALL });
        let heard = |act| match act {
            Act::Tell(Event::LastHeard { session: CALL, caller, callee, .. }) => Some([caller, callee]),
            _ => None,
        };
        acts.into_iter().find_map(heard)
    }

    fn aim(&mut self, side: Side, rtp: &str, senders: Senders) {
        self.order_aim(side, Some(rtp), Sending::Allowed, (senders, Turn::Same));
    }

    /// A peer that has one port for all.
    fn aim_muxed(&mut self, side: Side, rtp: &str) {
        let (sending, senders, turn) = (Sending::Allowed, Senders::Anywhere, Turn::Same);
        let (rtp, reports) = (Some(rtp.parse().unwrap()), Reports::Muxed);
        let aim = Aim { rtp, reports, sending, senders, turn, clock: 8000, protection: None, door: None };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// A report at the port for media.
    fn muxed_rtcp(&mut self, side: Side, from: &str) -> Result<(u16, String), Reason> {
        let mut report = Vec::new();
        rtcp::write_report(1, None, &[], &mut report);
        self.receive(if side == Side::Caller { 0 } else { 2 }, from, &report)
    }

    /// Another peer than before is about to speak.
    fn aim_anew(&mut self, side: Side, rtp: &str) {
        self.order_aim(side, Some(rtp), Sending::Allowed, (Senders::Anywhere, Turn::Another));
    }

    fn order_aim(&mut self, side: Side, rtp: Option<&str>, sending: Sending, believed: (Senders, Turn)) {
        let rtp: Option<SocketAddr> = rtp.map(|rtp| rtp.parse().unwrap());
        let beside = rtp.map(|rtp| SocketAddr::new(rtp.ip(), rtp.port() + 1));
        let (reports, (senders, turn)) = (Reports::Apart(beside), believed);
        let aim = Aim { rtp, reports, sending, senders, turn, clock: 8000, protection: None, door: None };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    fn rtp(&mut self, side: Side, from: &str, sequence: u16) -> Result<(u16, String), Reason> {
        self.receive(if side == Side::Caller { 0 } else { 2 }, from, &packet(sequence))
    }

    fn rtcp(&mut self, side: Side, from: &str) -> Result<(u16, String), Reason> {
        let mut report = Vec::new();
        rtcp::write_report(1, None, &[], &mut report);
        self.receive(if side == Side::Caller { 1 } else { 3 }, from, &report)
    }

    fn aim_fax(&mut self, side: Side, rtp: &str, senders: Senders) {
        let (sending, reports, turn) = (Sending::Allowed, Reports::Apart(None), Turn::Same);
        let rtp = Some(rtp.parse().unwrap());
        let aim = Aim { rtp, reports, sending, senders, turn, clock: 0, protection: None, door: None };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// The same, and what it is then.
    fn carry(&mut self, port: u32, from: &str, bytes: &[u8]) -> Result<(u16, String, Vec<u8>), Reason> {
        let mut buffer = bytes.to_vec();
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let (port, from) = (PortIndex(port), from.parse().unwrap());
        match self.relay.receive(self.now, port, from, &mut packet, &mut Outbox::new()) {
            Verdict::Forward { port, to } => {
                let (_, local) = self.bound.iter().find(|(bound, _)| *bound == port).unwrap();
                Ok((local.port(), to.to_string(), packet.bytes().to_vec()))
            }
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }

    /// Our local port that it leaves by, and where it goes.
    fn receive(&mut self, port: u32, from: &str, packet: &[u8]) -> Result<(u16, String), Reason> {
        let mut acts = Outbox::new();
        let mut buffer = packet.to_vec();
        let mut packet = Packet::new(&mut buffer, packet.len());
        let from = from.parse().unwrap();
        let verdict = self.relay.receive(self.now, PortIndex(port), from, &mut packet, &mut acts);
        for act in acts {
            let Act::Tell(event) = act else { panic!("a packet opens and closes nothing") };
            self.events.push(event);
        }
        match verdict {
            Verdict::Forward { port, to } => {
                let (_, local) = self.bound.iter().find(|(bound, _)| *bound == port).unwrap();
                Ok((local.port(), to.to_string()))
            }
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }

    /// A peer's report from the port beside its media, at that time if it sends.
    fn report(&mut self, side: Side, ntp: Option<u64>, reports: &[Report]) -> Result<(), Reason> {
        let sender = ntp.map(|ntp| SenderInfo { ntp, timestamp: 0, packets: 0, bytes: 0 });
        let mut report = Vec::new();
        rtcp::write_report(1, sender, reports, &mut report);
        let (port, from) =
            if side == Side::Caller { (1, "192.0.2.1:4001") } else { (3, "198.51.100.9:6001") };
        self.receive(port, from, &report).map(|_| ())
    }

    fn latched(&self) -> Vec<(Side, String)> {
        let side = |event: &Event| match event {
            Event::Latched { side, from, .. } => Some((*side, from.to_string())),
            Event::Failed { .. }
            | Event::Finished { .. }
            | Event::LastHeard { .. }
            | Event::Pressed { .. }
            | Event::Chatted { .. }
            | Event::Signalled { .. }
            | Event::NoWay { .. }
            | Event::Taped(_)
            | Event::Excerpted(_) => None,
        };
        self.events.iter().filter_map(side).collect()
    }

    fn close(&mut self) -> Figures {
        self.order(Order::Close { session: CALL });
        match self.events.last() {
            Some(Event::Finished { figures, .. }) => **figures,
            other => panic!("no figures, but {other:?}"),
        }
    }
}

fn packet(sequence: u16) -> Vec<u8> {
    rtp_packet(sequence, 1, u32::from(sequence) * 160)
}

fn rtp_packet(sequence: u16, ssrc: u32, timestamp: u32) -> Vec<u8> {
    let fixed = Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc };
    let mut packet = Vec::new();
    Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut packet);
    packet
}
