//! The judges bite: each law broken once, by hand.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{Ended, Kind, LegId, Note, Noted, Profile, Tag};
use sip_stack::Transport;
use switch::Held;

use crate::judges::{Judges, Last};
use crate::sight::Sight;

const INVITE: &str = "INVITE sip:+12065550142@198.51.100.10 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKone\r\nMax-Forwards: 69\r\n\
    From: <sip:a@192.0.2.10>;tag=t1\r\nTo: <sip:b@198.51.100.10>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:192.0.2.10>\r\nContent-Length: 0\r\n\r\n";
const BUSY: &str = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKone\r\n\
    From: <sip:a@192.0.2.10>;tag=t1\r\nTo: <sip:b@198.51.100.10>;tag=t2\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\
    Content-Length: 0\r\n\r\n";

struct Court {
    judges: Judges,
    at: Instant,
    east: SocketAddr,
}

impl Court {
    fn new() -> Court {
        let [east, hana]: [SocketAddr; 2] =
            ["198.51.100.10:5060", "10.20.0.31:5060"].map(|address| address.parse().unwrap());
        let mut judges = Judges::default();
        judges.meet(&Profile::provider("east", east, east));
        judges.meet(&Profile::phone("hana", hana, east));
        Court { judges, at: Instant::now(), east }
    }

    fn house_sends(&mut self, text: &str) -> &mut Court {
        let sight = Sight::HouseSent {
            at: self.at,
            transport: Transport::Udp,
            to: self.east,
            bytes: text.as_bytes(),
        };
        self.judges.see(&sight);
        self
    }

    fn house_receives(&mut self, text: &str) -> &mut Court {
        let (at, transport, from) = (self.at, Transport::Udp, self.east);
        self.judges.see(&Sight::HouseReceived { at, transport, from, bytes: text.as_bytes() });
        self
    }

    fn hana_notes(&mut self, call_id: &str, what: Note) -> &mut Court {
        let noted = Noted { leg: LegId(1), call_id: call_id.to_owned(), what };
        self.judges.see(&Sight::Noted { at: self.at, actor: "hana", kind: Kind::Phone, noted: &noted });
        self
    }

    #[track_caller]
    fn says(&mut self, judge: &str, words: &str) {
        let last = Last { held: Held::default(), streams: 0, bound: 0, is_rough: false };
        let all = self.judges.finish(&last);
        let said = all.iter().any(|speech| speech.judge == judge && speech.words.contains(words));
        assert!(said, "no word of {words} from {judge}: {all:?}");
    }
}

#[test]
fn an_unreadable_message_is_noticed() {
    Court::new().house_sends("INVITE\r\n\r\n").says("wire", "unreadable");
}

#[test]
fn a_request_without_max_forwards_is_noticed() {
    Court::new().house_sends(&INVITE.replace("Max-Forwards: 69\r\n", "")).says("wire", "Max-Forwards");
}

#[test]
fn a_session_timer_against_the_rules_is_noticed() {
    let short = INVITE.replace("Contact:", "Session-Expires: 60\r\nSupported: timer\r\nContact:");
    let alone = INVITE.replace("Contact:", "Session-Expires: 90\r\nContact:");
    let update = INVITE.replace("INVITE", "UPDATE").replace("Contact:", "Session-Expires: 90\r\nContact:");
    let agreed = BUSY.replace("486 Busy Here", "200 OK").replace("INVITE", "UPDATE");
    let agreed = agreed.replace("Content-Length", "Session-Expires: 120;refresher=uac\r\nContent-Length");

    Court::new().house_sends(&short).says("wire", "an interval of 60 s");
    Court::new().house_sends(&alone).says("wire", "timer isn't supported");
    Court::new().house_receives(&update).house_sends(&agreed).says("wire", "without session timers");
    Court::new().house_receives(&update).house_sends(&agreed).says("wire", "nothing requires it");
    Court::new().house_receives(&update).house_sends(&agreed).says("wire", "a longer interval");
}

#[test]
fn a_405_that_allows_nothing_is_noticed() {
    let refused = BUSY.replace("486 Busy Here", "405 Method Not Allowed");

    Court::new().house_sends(&refused).says("wire", "405 without Allow");
}

#[test]
fn a_cseq_that_does_not_rise_is_noticed() {
    let again = INVITE.replace("z9hG4bKone", "z9hG4bKtwo");

    Court::new().house_sends(INVITE).house_sends(&again).says("wire", "CSeq 1 after 1");
}

#[test]
fn a_copy_of_a_request_is_no_offence() {
    let mut court = Court::new();
    let last = Last { held: Held::default(), streams: 0, bound: 0, is_rough: false };

    assert_eq!(court.house_sends(INVITE).house_sends(INVITE).judges.finish(&last), []);
}

#[test]
fn an_address_of_the_other_leg_is_noticed() {
    let leaking = INVITE.replace("<sip:a@192.0.2.10>", "<sip:a@10.20.0.31>");

    Court::new().house_sends(&leaking).says("wire", "names the address 10.20.0.31 of hana");
}

#[test]
fn a_refusal_without_ack_is_noticed() {
    Court::new().house_sends(INVITE).house_receives(BUSY).says("wire", "never acknowledged");
}

#[test]
fn an_answer_to_nothing_is_noticed() {
    Court::new().house_sends(BUSY).says("wire", "an answer to nothing");
}

#[test]
fn a_second_final_answer_is_noticed() {
    let other = BUSY.replace("486 Busy Here", "503 Service Unavailable");

    Court::new().house_receives(INVITE).house_sends(BUSY).house_sends(&other).says("wire", "503 after 486");
}

#[test]
fn a_call_that_was_never_answered_is_noticed() {
    Court::new().house_receives(INVITE).says("wire", "INVITE of c1 was never answered");
}

#[test]
fn a_408_to_a_bye_is_noticed() {
    let bye = INVITE.replace("INVITE", "BYE");
    let late = BUSY.replace("INVITE", "BYE").replace("486 Busy Here", "408 Request Timeout");

    Court::new().house_receives(&bye).house_sends(&late).says("wire", "RFC 4320");
}

#[test]
fn an_answered_call_without_a_record_is_noticed() {
    Court::new().house_receives(INVITE).house_sends(BUSY).says("records", "c1 has 0 records");
}

#[test]
fn audio_of_a_foreign_call_is_noticed() {
    let tag = Tag { actor: "east".to_owned(), call_id: "foreign".to_owned() };

    Court::new().hana_notes("c1", Note::Heard { tag }).says("crosstalk", "c1 heard foreign");
}

#[test]
fn audio_outside_of_calls_is_noticed() {
    Court::new()
        .hana_notes("", Note::HeardOutside { port: 20_000, tag: None })
        .says("crosstalk", "in no call");
}

#[test]
fn a_refused_call_for_help_is_noticed() {
    let mut court = Court::new();

    court.hana_notes("c9", Note::Dialled { to: "sip:911@10.20.0.1".to_owned() });
    court.hana_notes("c9", Note::Ended(Ended::Refused(403)));

    court.says("emergency", "called for help and got 403");
}

#[test]
fn whatever_is_held_at_the_end_is_noticed() {
    let mut judges = Judges::default();
    let held = Held { ports: 2, ..Held::default() };

    let all = judges.finish(&Last { held, streams: 1, bound: 4, is_rough: false });

    assert_eq!(all.iter().filter(|speech| speech.judge == "leaks").count(), 2);
}

#[test]
fn a_late_answer_to_a_cancelled_invite_may_be_forgotten() {
    let mut court = Court::new();
    let cancel = INVITE.replace("INVITE", "CANCEL").replace("Contact: <sip:192.0.2.10>\r\n", "");

    court.house_sends(INVITE).house_sends(&cancel);
    court.at += Duration::from_secs(33);
    court.house_receives(BUSY);

    let last = Last { held: Held::default(), streams: 0, bound: 0, is_rough: false };
    assert_eq!(court.judges.finish(&last), []);
}
