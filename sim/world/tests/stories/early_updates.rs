//! UPDATEs before the answer (RFC 3311): a session that is agreed upon may change, and who is there may too.

use std::time::Duration;

use actors::{Deed, Habit};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

/// The answers to UPDATEs that somebody was sent: status, and whether they hold a session.
fn answers(world: &World, to: &ActorHandle) -> Vec<(String, bool)> {
    let is_one = |message: &&String| message.starts_with("SIP/2.0 ") && message.contains(" UPDATE\r\n");
    let status = |message: &String| (message[8..11].to_owned(), message.contains("m=audio"));
    world.captured(to).iter().filter(is_one).map(status).collect()
}

fn is(status: &str, session: bool) -> Vec<(String, bool)> {
    vec![(status.to_owned(), session)]
}

/// What the caller was told reliably may be changed: it is answered, and both go on hearing each other.
#[test]
fn c7_a_caller_changes_an_agreed_session_before_the_answer() {
    for habits in [vec![Habit::EarlyMedia], vec![Habit::EarlyMedia, Habit::Reliable]] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        hana.has_habit(Habit::Reliable);
        for habit in habits {
            east.has_habit(habit);
        }
        east.answers_after(Duration::from_secs(6));
        world.captures();
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(2));

        call.updates();
        world.run_for(Duration::from_secs(1));

        assert_eq!(answers(&world, &hana), is("200", true));
        let before = call.packets_heard();
        world.run_for(Duration::from_secs(3));
        assert!(call.packets_heard() > before && !call.is_up());
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up_with(&east));
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
        world.finish();
    }
}

/// The caller's offer has no answer that it acknowledged: it comes again later.
#[test]
fn c7_a_caller_whose_offer_has_no_answer_is_put_off() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(6));
    world.captures();
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));

    call.updates();
    world.run_for(Duration::from_secs(1));

    assert_eq!(answers(&world, &hana), is("500", false));
    let said = world.captured(&hana);
    assert!(
        said.iter().any(|message| message.starts_with("SIP/2.0 500") && message.contains("Retry-After: "))
    );
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up_with(&east));
    world.finish();
}

/// The same of the callee; where our offer has no answer that we acknowledged, it is 491.
#[test]
fn c7_a_callee_changes_an_agreed_session_before_its_answer() {
    for (is_reliable, answer) in [(true, is("200", true)), (false, is("491", false))] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(6));
        if is_reliable {
            east.has_habit(Habit::Reliable);
        }
        world.captures();
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(2));

        east.newest().updates();
        world.run_for(Duration::from_secs(1));

        assert_eq!(answers(&world, &east), answer);
        let before = call.packets_heard();
        world.run_for(Duration::from_secs(2));
        assert!(call.packets_heard() > before && !call.is_up());
        world.run_for(Duration::from_secs(6));
        assert!(call.is_up_with(&east));
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
        world.finish();
    }
}

fn says_to_be(leg: actors::LegId, number: &str) -> Deed {
    let said = format!("<sip:{number}@198.51.100.10>");
    let headers = vec![("P-Asserted-Identity".to_owned(), said)];
    Deed::Say { leg: Some(leg), method: "UPDATE", headers, body: None }
}

/// A provider says before its answer that somebody else rings: the caller hears it with the answer.
#[test]
fn f2_a_callee_says_before_its_answer_that_somebody_else_is_there() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.answers_after(Duration::from_secs(6));
    world.captures();
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));

    east.does(|leg| says_to_be(leg, "+12065550177"));
    world.run_for(Duration::from_secs(8));

    assert_eq!(answers(&world, &east), is("200", false));
    assert!(call.is_up_with(&east));
    let said = world.captured(&hana);
    let is_told = |message: &&String| message.contains("P-Asserted-Identity: <sip:+12065550177@");
    let ok = said.iter().find(|message| message.starts_with("SIP/2.0 200") && message.contains("m=audio"));
    assert!(ok.filter(is_told).is_some(), "{said:?}");
    world.finish();
}

/// A provider says before the answer that somebody else calls: who answers hears it in an UPDATE.
#[test]
fn f2_a_caller_says_before_the_answer_that_somebody_else_is_there() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (minsu, east) = (world.user("minsu"), world.provider("east"));
    minsu
        .has_habit(Habit::Adds("Allow: INVITE, ACK, CANCEL, BYE, UPDATE"))
        .answers_after(Duration::from_secs(6));
    world.captures();
    let call = east.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(2));

    east.does(|leg| says_to_be(leg, "+12065550177"));
    world.run_for(Duration::from_secs(8));

    assert_eq!(answers(&world, &east), is("200", false));
    assert!(call.is_up_with(&minsu));
    let updates: Vec<String> =
        world.captured(&minsu).into_iter().filter(|message| message.starts_with("UPDATE ")).collect();
    assert_eq!(updates.len(), 1, "{updates:?}");
    assert!(updates[0].contains("P-Asserted-Identity: <sip:+12065550177@"), "{}", updates[0]);
    world.finish();
}

/// A callee asks for something before we have heard of it: its answer is still on its way. It may come again.
#[test]
fn c7_what_overtakes_the_first_answer_of_a_callee_may_come_again() {
    for (late_offer, method, status) in
        [(false, "UPDATE", "491"), (true, "UPDATE", "500"), (false, "INVITE", "491"), (false, "INFO", "500")]
    {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        if late_offer {
            hana.has_habit(Habit::OffersLate);
        }
        east.has_habit(Habit::NoRinging).answers_after(Duration::from_secs(3));
        world.captures();
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(2));

        let body = Some(("application/sdp".to_owned(), "v=0\r\n".to_owned()));
        east.does(|leg| Deed::Say { leg: Some(leg), method, headers: Vec::new(), body });
        world.run_for(Duration::from_millis(100));

        let is_one = |message: &&String| message.contains(&format!(" {method}\r\n"));
        let said = world.captured(&east);
        let is_final =
            |message: &&String| message.starts_with("SIP/2.0 ") && !message.starts_with("SIP/2.0 1");
        let answer = said.iter().filter(is_one).find(is_final).unwrap();
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{answer}");
        assert_eq!(answer.contains("Retry-After: "), status == "500", "{answer}");
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up_with(&east));
        east.newest().updates();
        world.run_for(Duration::from_secs(2));
        assert_eq!(answers(&world, &east).last(), is("200", true).last());
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
        world.finish();
    }
}
