//! The judges of the hour bite: each law broken once, by hand; and houses that break them are found out.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use sip_stack::Transport;

use super::probes::Probes;
use super::registers::{Findable, Registers};
use super::truth::{Bars, Kind, Wanted};
use super::{Hours, Life, cast, live_in};
use crate::chronicle::Chronicle;
use crate::sight::{Overheard, Way};
use crate::world::World;

const FAR: &str = "203.0.51.10:5060";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A request of the house: method, Call-ID and CSeq.
fn asks(at: u64, method: &str, (call_id, cseq): (&str, u32)) -> Overheard {
    let uri = if method == "INVITE" { "sip:+12065550142@east.example" } else { "sip:east.example" };
    let text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{call_id}{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:contoso@192.0.2.10>;tag=t\r\nTo: <sip:contoso@east.example>\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    );
    overheard(at, Way::FromHouse, text)
}

/// Its answer.
fn gets(at: u64, status: u16, asked: &Overheard, header: &str) -> Overheard {
    let text = String::from_utf8(asked.bytes.clone()).unwrap();
    let (_, rest) = text.split_once("\r\n").unwrap();
    let rest = rest
        .replace("Max-Forwards: 70\r\n", header)
        .replace("@east.example>\r\n", "@east.example>;tag=u\r\n");
    overheard(at, Way::ToHouse, format!("SIP/2.0 {status} So\r\n{rest}"))
}

fn overheard(at: u64, way: Way, text: String) -> Overheard {
    let (at, far) = (seconds(at), FAR.parse().unwrap());
    Overheard { at, way, transport: Transport::Udp, far, bytes: text.into_bytes() }
}

/// Probes at these moments, each answered or not.
fn probed(moments: &[(u64, bool)]) -> Probes {
    let mut probes = Probes::default();
    for (at, is_answered) in moments {
        let asked = asks(*at, "OPTIONS", (&format!("probe-{at}"), 1));
        probes.hear(&asked);
        if *is_answered {
            probes.hear(&gets(*at, 200, &asked, ""));
        }
    }
    probes
}

#[track_caller]
fn speaks(faults: &[String], words: &str) {
    assert!(faults.iter().any(|fault| fault.contains(words)), "no word of {words}: {faults:?}");
}

#[test]
fn probes_by_the_schedule_are_no_offence() {
    let steady: Vec<_> = (0..8).map(|at| (at * 30, true)).collect();
    let mut dies: Vec<_> = steady.clone();
    dies.extend([
        (240, false),
        (244, false),
        (248, false),
        (278, false),
        (308, true),
        (318, true),
        (328, true),
    ]);

    assert_eq!(probed(&steady).take_faults(), Vec::<String>::new());
    assert_eq!(probed(&dies).take_faults(), Vec::<String>::new());
}

#[test]
fn a_probe_before_its_time_is_noticed() {
    let mut steady: Vec<_> = (0..8).map(|at| (at * 30, true)).collect();
    steady.push((225, true));

    speaks(&probed(&steady).take_faults(), "after 15s, at least 30s are due");
    speaks(&probed(&[(0, true), (3, true)]).take_faults(), "after 3s, at least 10s are due");
    speaks(&probed(&[(0, false), (2, false)]).take_faults(), "after 2s, at least 4s are due");
    let down = [(0, false), (4, false), (8, false), (12, false)];
    speaks(&probed(&down).take_faults(), "after 4s, at least 30s are due");
}

#[test]
fn a_forgotten_address_is_noticed() {
    let mut probes = probed(&[(0, true), (30, true)]);

    probes.look(seconds(70), FAR.parse().unwrap(), seconds(0));
    assert_eq!(probes.take_faults(), Vec::<String>::new());

    probes.look(seconds(72), FAR.parse().unwrap(), seconds(0));
    speaks(&probes.take_faults(), "was last probed at 30s");
}

#[test]
fn whoever_bids_us_wait_is_left_alone_or_it_is_noticed() {
    let mut probes = Probes::default();
    let call = asks(0, "INVITE", ("call-1", 1));
    probes.hear(&call);
    probes.hear(&gets(0, 503, &call, "Retry-After: 60\r\n"));

    probes.hear(&asks(30, "OPTIONS", ("probe", 1)));
    probes.hear(&asks(40, "INVITE", ("call-2", 1)));
    probes.hear(&asks(61, "INVITE", ("call-3", 1)));

    speaks(&probes.take_faults(), "was probed, and had bidden us wait until 60s");
    let breaches: Vec<_> = probes.take_breaches().into_iter().map(|breach| breach.at).collect();
    assert_eq!(breaches, [seconds(40)]);
}

/// A call to east, which had bidden us wait, 500 s after the beginning, while nobody but south is there: what
/// is said of it, where south was shut for the last time at that second.
fn said_of_a_breach(south_shut_at: Option<u64>) -> Vec<String> {
    let mut life = Life::begin(cast::HOUSE, 1, Chronicle::Silent);
    life.cast.look(seconds(300));
    life.cast.targets.iter_mut().filter(|one| one.trunk != "south").for_each(|one| one.alive_since = None);
    let first = asks(450, "INVITE", ("call-1", 1));
    life.probes.hear(&first);
    life.probes.hear(&gets(450, 503, &first, "Retry-After: 90\r\n"));
    life.probes.hear(&asks(500, "INVITE", ("call-2", 1)));
    south_shut_at.into_iter().for_each(|at| life.shut.sees(seconds(at), &["south"]));
    life.judge_rests(&life.bars());
    let words = life.hour.speeches.drain(..).map(|speech| speech.words).collect();
    life.world.finish();
    words
}

/// A plan holds for a call as long as it is set up: a trunk that has come back since is not in it.
#[test]
fn a_trunk_that_was_shut_when_the_call_began_could_not_have_been_called_instead() {
    speaks(&said_of_a_breach(None), "had bidden us wait; south-at-0 was there");
    speaks(&said_of_a_breach(Some(320)), "had bidden us wait; south-at-0 was there");
    assert_eq!(said_of_a_breach(Some(499)), Vec::<String>::new());
    assert_eq!(said_of_a_breach(Some(330)), Vec::<String>::new());
}

/// REGISTERs at these moments, and what each was answered with, if it was.
fn registered(moments: &[(u64, Option<(u16, &str)>)]) -> Registers {
    let mut registers = Registers::default();
    for (cseq, (at, answer)) in (1..).zip(moments) {
        let asked = asks(*at, "REGISTER", ("account", cseq));
        registers.hear(&asked);
        if let Some((status, header)) = answer {
            registers.hear(&gets(*at, *status, &asked, header));
        }
    }
    registers
}

const BOUND: Option<(u16, &str)> = Some((200, "Expires: 120\r\n"));
const FAILS: Option<(u16, &str)> = Some((500, ""));
const REFUSES: Option<(u16, &str)> = Some((403, ""));

#[test]
fn registrations_by_the_schedule_are_no_offence() {
    let mut registers = registered(&[
        (0, Some((401, ""))),
        (0, BOUND),
        (100, FAILS),
        (118, FAILS),
        (155, None),
        (230, Some((503, "Retry-After: 90\r\n"))),
        (321, BOUND),
    ]);
    registers.look(seconds(400), "contoso", Findable::All);

    assert_eq!(registers.take_faults(), Vec::<String>::new());
    assert_eq!(registers.bound_until("contoso"), seconds(441));
}

#[test]
fn a_registration_before_its_time_is_noticed() {
    speaks(&registered(&[(0, BOUND), (50, BOUND)]).take_faults(), "90s to 133s are due");
    speaks(&registered(&[(0, FAILS), (10, FAILS)]).take_faults(), "15s to 45s are due");
    speaks(&registered(&[(0, FAILS), (16, FAILS), (36, FAILS)]).take_faults(), "30s to 65s are due");
    speaks(&registered(&[(0, FAILS), (1, FAILS)]).take_faults(), "twice in one round");
    speaks(&registered(&[(0, None), (5, None)]).take_faults(), "had not had its time");
    let bidden = registered(&[(0, Some((503, "Retry-After: 90\r\n"))), (60, BOUND)]).take_faults();
    speaks(&bidden, "90s to 115s are due");
    let refused = registered(&[(0, REFUSES), (18, REFUSES), (55, REFUSES), (200, BOUND)]).take_faults();
    speaks(&refused, "324s to 385s are due");
}

#[test]
fn a_forgotten_registration_is_noticed() {
    for (answer, forgotten_at) in [(BOUND, 134), (FAILS, 46), (None, 56)] {
        let mut registers = registered(&[(0, answer)]);
        registers.look(seconds(forgotten_at - 2), "contoso", Findable::All);
        assert_eq!(registers.take_faults(), Vec::<String>::new());

        registers.look(seconds(forgotten_at), "contoso", Findable::All);
        speaks(&registers.take_faults(), "is forgotten");
    }
}

#[test]
fn refusals_shut_a_trunk_until_it_is_registered_again() {
    let mut moments = vec![(0, REFUSES), (18, REFUSES)];
    assert!(!registered(&moments).is_stopped("contoso"));

    moments.push((55, REFUSES));
    assert!(registered(&moments).is_stopped("contoso"));

    moments.push((500, BOUND));
    assert!(!registered(&moments).is_stopped("contoso"));
}

/// Whoever lived all the time could have taken a call, unless nobody could know of it, it asked to be left
/// alone, or the documents forbid it.
#[test]
fn who_could_have_taken_a_call_is_known() {
    let mut world = World::from_toml(1, cast::HOUSE);
    let mut cast = cast::Cast::enter(&mut world, 500);
    let call = |kind, bars| Wanted { began: seconds(500), kind, bars };
    let names = |cast: &cast::Cast, wanted: &Wanted| -> Vec<&'static str> {
        let mut names: Vec<_> = wanted.takers(&cast.targets).map(|target| target.trunk).collect();
        names.dedup();
        names
    };
    cast.look(seconds(99));
    assert_eq!(names(&cast, &call(Kind::Out, Bars::default())), ["north", "pbx"], "no name is known yet");

    cast.look(seconds(400));
    let all = ["north", "pbx", "east", "west", "south", "coast"];
    assert_eq!(names(&cast, &call(Kind::Out, Bars::default())), all);
    assert_eq!(names(&cast, &call(Kind::Help, Bars::default())), ["east", "west", "south"]);
    let bars =
        Bars { shut: vec!["coast", "south"], rests: [("203.0.56.10".parse().unwrap(), seconds(501))].into() };
    assert_eq!(names(&cast, &call(Kind::Out, bars.clone())), ["north", "east", "west"]);
    assert_eq!(names(&cast, &call(Kind::Help, bars)), ["east", "west", "south"]);

    cast.targets[0].alive_since = Some(seconds(501));
    cast.targets[1].alive_since = None;
    cast.targets.iter_mut().for_each(|target| target.is_denied());
    assert_eq!(names(&cast, &call(Kind::Out, Bars::default())), ["pbx"]);
    world.finish();
}

/// Houses that do otherwise than the judges have read: each is found out within some minutes.
#[test]
fn a_house_that_breaks_a_law_is_found_out() {
    let some = Hours { chaos: seconds(900), healing: seconds(0) };
    let houses = [
        ("chaos", cast::HOUSE.replace("\nservers =", "\nfailover = { on = [\"limit\"] }\nservers =")),
        ("schedule", cast::HOUSE.replace("kind = \"pbx\"", "kind = \"pbx\"\nhealth = { options = \"90s\" }")),
    ];
    for (judge, house) in houses {
        let hour = live_in(&house, some, 1, Chronicle::Silent);
        assert!(hour.speeches.iter().any(|speech| speech.judge == judge), "{judge}: {:?}", hour.speeches);
    }
}
