//! Whom each side hears that it speaks with: when it rings, when it is answered, when somebody takes over.

use std::time::Duration;

use actors::{Deed, Habit};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);
const PAI: &str = "P-Asserted-Identity: ";

fn house(identity: &str) -> String {
    TWO_PROVIDERS.replace("[trunk.east]\n", &format!("[trunk.east]\nidentity = {{ {identity} }}\n"))
}

fn hidden_hana(identity: &str) -> String {
    house(identity).replace("[user.hana]\n", "[user.hana]\nprivacy = \"always\"\n")
}

/// What somebody was sent that begins so.
fn sent(world: &World, to: &ActorHandle, begin: &str) -> Vec<String> {
    world.captured(to).into_iter().filter(|message| message.starts_with(begin)).collect()
}

/// The lines of a header in a message.
fn lines<'m>(message: &'m str, header: &'m str) -> Vec<&'m str> {
    message.split("\r\n").filter_map(|line| line.strip_prefix(header)).collect()
}

fn user_of(value: &str) -> String {
    value.split_once("sip:").map_or("", |(_, rest)| rest).split('@').next().unwrap_or_default().to_owned()
}

/// East calls minsu, who answers.
fn called(house: &str, habit: Option<Habit>) -> (World, CallHandle, CallHandle) {
    let mut world = World::from_toml(seed(), house);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    if let Some(habit) = habit {
        east.has_habit(habit);
    }
    world.captures();
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&minsu), "{:?}", call.notes());
    let leg = minsu.newest();
    (world, call, leg)
}

/// A trusted provider hears in 180 and 200 who is called and who answers.
#[test]
fn f2_a_trusted_caller_hears_who_rings_and_who_answers() {
    let (world, _call, _) = called(&house("trust = \"both\""), None);
    let east = world.provider("east");

    for status in ["SIP/2.0 180", "SIP/2.0 200"] {
        let answers = sent(&world, &east, status);
        let said = lines(&answers[0], PAI);
        assert_eq!(said.len(), 1, "{}", answers[0]);
        assert!(said[0].starts_with("\"Minsu Park\" <sip:+14255550101@"), "{said:?}");
    }
    world.finish();
}

/// Who is not trusted hears nothing of that; nor where the trunk says "nobody". "anybody" is told.
#[test]
fn f2_who_is_not_trusted_hears_nothing() {
    let cases = [
        ("trust = \"in\"", 0),
        ("", 0),
        ("trust = \"both\", connected = \"nobody\"", 0),
        ("connected = \"anybody\"", 1),
    ];
    for (identity, count) in cases {
        let (world, _call, _) = called(&house(identity), None);
        let east = world.provider("east");

        let answer = &sent(&world, &east, "SIP/2.0 200")[0];

        assert_eq!(lines(answer, PAI).len(), count, "{identity}: {answer}");
        assert_eq!(answer.contains("Minsu"), count > 0, "{answer}");
        world.finish();
    }
}

/// A user who hides is told to a trusted provider with Privacy: id, and to "anybody" not at all.
#[test]
fn f2_a_hidden_callee_stays_hidden() {
    for (identity, is_told) in [("trust = \"both\"", true), ("connected = \"anybody\"", false)] {
        let mut world = World::from_toml(seed(), &hidden_hana(identity));
        let (east, hana) = (world.provider("east"), world.user("hana"));
        world.captures();
        let call = east.dials("+1 425 555 0100");
        world.run_for(WHILE);
        assert!(call.is_up_with(&hana));

        let answer = &sent(&world, &east, "SIP/2.0 200")[0];

        assert_eq!(lines(answer, PAI).len(), usize::from(is_told), "{answer}");
        assert_eq!(lines(answer, "Privacy: ") == ["id"], is_told, "{answer}");
        assert!(!answer.contains("Hana"), "{answer}");
        world.finish();
    }
}

/// It stands where the trunk wants the caller, and in its form of numbers; a preference is said in requests
/// only, because nobody judges it in answers (RFC 5876 1).
#[test]
fn f2_the_trunk_says_in_which_header() {
    let cases = [
        ("remote-party-id", "Remote-Party-ID: ", true, ";party=called;screen=yes;privacy=off"),
        ("p-preferred-identity", "P-Preferred-Identity: ", false, ""),
    ];
    for (caller_id, header, in_answers, ends) in cases {
        let identity = format!("trust = \"both\", caller_id = \"{caller_id}\", format = \"e164\"");
        let (mut world, _call, minsu) = called(&house(&identity), None);
        let east = world.provider("east");
        minsu.transfers_to("0100");
        world.run_for(WHILE);

        let answer = &sent(&world, &east, "SIP/2.0 200")[0];
        assert_eq!(lines(answer, header).len(), usize::from(in_answers), "{answer}");
        let invite = sent(&world, &east, "INVITE").pop().unwrap();
        let said = lines(&invite, header)[0];
        assert!(said.starts_with("\"Hana Kim\" <sip:14255550100@") && said.ends_with(ends), "{said}");
        assert!(lines(&invite, PAI).is_empty(), "{invite}");
        world.finish();
    }
}

/// After a transfer the party that stays hears of the new one in the re-INVITE that joins them, and the new
/// one of the party that stays.
#[test]
fn f2_after_a_transfer_both_hear_of_each_other() {
    let (mut world, call, minsu) = called(&house("trust = \"both\""), None);
    let (east, hana) = (world.provider("east"), world.user("hana"));
    hana.has_habit(Habit::Adds("Allow: INVITE, ACK, CANCEL, BYE, UPDATE"));

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert!(call.is_up_with(&hana));
    let invite = sent(&world, &east, "INVITE").pop().unwrap();
    assert!(lines(&invite, PAI)[0].starts_with("\"Hana Kim\" <sip:+14255550100@"), "{invite}");
    let (first, then) = (sent(&world, &hana, "INVITE").remove(0), sent(&world, &hana, "UPDATE"));
    assert_eq!(user_of(lines(&first, "From: ")[0]), "0101", "{first}");
    assert_eq!(then.len(), 1, "{then:?}");
    let caller = user_of(lines(&sent(&world, &world.user("minsu"), "INVITE")[0], "From: ")[0]);
    assert_eq!(user_of(lines(&then[0], PAI)[0]), caller, "{}", then[0]);
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// The new party hides: a provider that is not trusted learns neither number nor name of it.
#[test]
fn f2_a_transfer_to_somebody_hidden_tells_nothing() {
    let (mut world, call, minsu) = called(&hidden_hana("connected = \"anybody\""), None);
    let (east, hana) = (world.provider("east"), world.user("hana"));

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert!(call.is_up_with(&hana));
    let invite = sent(&world, &east, "INVITE").pop().unwrap();
    assert!(!invite.contains("Hana") && !invite.contains("5550100"), "{invite}");
    world.finish();
}

/// Attended: the same, whichever call goes on.
#[test]
fn f2_after_an_attended_transfer_both_hear_of_each_other() {
    let (mut world, call, first) = called(&house("trust = \"both\""), None);
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));
    first.holds();
    world.run_for(WHILE);
    let second = minsu.dials("0100");
    world.run_for(WHILE);

    first.transfers_with(&second);
    world.run_for(WHILE);

    assert!(call.is_up_with(&hana));
    let invite = sent(&world, &east, "INVITE").pop().unwrap();
    assert!(lines(&invite, PAI)[0].starts_with("\"Hana Kim\" <sip:+14255550100@"), "{invite}");
    let told = sent(&world, &hana, "INVITE").pop().unwrap();
    let caller = user_of(lines(&sent(&world, &minsu, "INVITE")[0], "From: ")[0]);
    assert_eq!(user_of(lines(&told, PAI)[0]), caller, "{told}");
    world.finish();
}

/// A phone takes another's place: it hears whom it speaks with in the 200, and the other side who took over.
#[test]
fn f2_after_a_pick_up_both_hear_of_each_other() {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"sales\"\n"), 1)
    };
    let house = ["hana", "minsu"].into_iter().fold(house("trust = \"both\""), group);
    let (mut world, call, leg) = called(&house, None);
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));
    let view = minsu.legs().into_iter().find(|view| view.call_id == leg.call_id()).unwrap();
    let (to_tag, from_tag) = (view.remote_tag.unwrap_or_default(), view.local_tag);

    let value = format!("{};to-tag={to_tag};from-tag={from_tag}", leg.call_id());
    let taking = hana.calls_with("0101", "Replaces", &value);
    world.run_for(WHILE);

    assert!(call.is_up() && taking.is_up(), "{:?}", taking.notes());
    let invite = sent(&world, &east, "INVITE").pop().unwrap();
    assert!(lines(&invite, PAI)[0].starts_with("\"Hana Kim\" <sip:+14255550100@"), "{invite}");
    let answer = sent(&world, &hana, "SIP/2.0 200").remove(0);
    let caller = user_of(lines(&sent(&world, &minsu, "INVITE")[0], "From: ")[0]);
    assert_eq!(user_of(lines(&answer, PAI)[0]), caller, "{answer}");
    world.finish();
}

/// RFC 4916: who takes another From hears the callee in an UPDATE after its ACK (4.2), and the new party in
/// From of the re-INVITE (4.3), under the tag of the dialog; nobody else is ever shown another From.
#[test]
fn f2_from_changes_only_where_the_far_end_takes_it() {
    for takes in [true, false] {
        let habit = takes.then_some(Habit::Adds("Supported: from-change"));
        let (mut world, call, minsu) = called(&house("trust = \"both\""), habit);
        let (east, hana) = (world.provider("east"), world.user("hana"));
        let answer = sent(&world, &east, "SIP/2.0 200").remove(0);
        let to = lines(&answer, "To: ")[0].to_owned();
        let tag = to.split("tag=").nth(1).unwrap().to_owned();
        assert!(lines(&answer, "Supported: ").iter().any(|line| line.contains("from-change")), "{answer}");
        let updates = sent(&world, &east, "UPDATE");
        assert_eq!(updates.len(), usize::from(takes), "{updates:?}");

        minsu.transfers_to("0100");
        world.run_for(WHILE);
        assert!(call.is_up_with(&hana));

        let invite = sent(&world, &east, "INVITE").pop().unwrap();
        let from = lines(&invite, "From: ")[0];
        if takes {
            let update = lines(&updates[0], "From: ")[0];
            assert!(update.starts_with("\"Minsu Park\" <sip:+14255550101@"), "{update}");
            assert!(from.starts_with("\"Hana Kim\" <sip:+14255550100@"), "{from}");
            assert!(from.ends_with(&tag) && update.ends_with(&tag), "{from}");
        } else {
            assert_eq!(from, to);
        }
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// A provider says who rings: the phone hears that; where the provider isn't believed, the number it dialled.
#[test]
fn f2_a_provider_says_who_is_reached() {
    let ann = Habit::Adds("P-Asserted-Identity: \"Ann\" <sip:+12065550199@198.51.100.10>");
    for (identity, shown) in [("", "+12065550199"), ("trust = \"out\"", "+12065550142")] {
        let mut world = World::from_toml(seed(), &house(identity));
        let (east, hana) = (world.provider("east"), world.user("hana"));
        east.has_habit(ann);
        world.captures();
        let call = hana.dials("+1 206 555 0142");
        world.run_for(WHILE);
        assert!(call.is_up_with(&east));

        for status in ["SIP/2.0 180", "SIP/2.0 200"] {
            let answer = sent(&world, &hana, status).remove(0);
            assert_eq!(user_of(lines(&answer, PAI)[0]), shown, "{answer}");
            assert_eq!(answer.contains("Ann"), shown.ends_with("199"), "{answer}");
        }
        world.finish();
    }
}

/// In the middle of a call a provider says that somebody else is there now: by an UPDATE, and with an offer.
#[test]
fn f2_a_provider_says_that_somebody_else_is_there() {
    let mut world = World::from_toml(seed(), &house(""));
    let (east, hana) = (world.provider("east"), world.user("hana"));
    world.captures();
    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(call.is_up_with(&east));
    let say = |leg| Deed::Say { leg: Some(leg), method: "UPDATE", headers: Vec::new(), body: None };

    east.has_habit(Habit::Adds("P-Asserted-Identity: <sip:+12065550177@198.51.100.10>"));
    east.does(say);
    world.run_for(WHILE);
    let told = sent(&world, &hana, "UPDATE");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(user_of(lines(&told[0], PAI)[0]), "+12065550177");
    east.does(say);
    world.run_for(WHILE);
    assert_eq!(sent(&world, &hana, "UPDATE").len(), 1, "the same is not said twice");

    east.loses_its_habits().has_habit(Habit::Adds("P-Asserted-Identity: <sip:+12065550178@198.51.100.10>"));
    east.newest().updates();
    world.run_for(WHILE);
    let told = sent(&world, &hana, "UPDATE");
    assert_eq!(user_of(lines(told.last().unwrap(), PAI)[0]), "+12065550178");
    assert!(call.is_up_with(&east));
    world.finish();
}

/// Requests inside of a call say who calls as the first one did: re-INVITE, UPDATE; with Privacy, an UPDATE
/// leaves the number out, because not everybody minds a Privacy there (RFC 5876 4.5).
#[test]
fn f1_requests_inside_of_a_call_say_who_calls() {
    for (code, privacy) in [("", None), ("*67", Some("id"))] {
        let house = house("trust = \"both\"");
        let house = house.replacen("[system]\n", "[system]\nprivacy_code = \"*67\"\n", 1);
        let mut world = World::from_toml(seed(), &house);
        let (east, hana) = (world.provider("east"), world.user("hana"));
        world.captures();
        let call = hana.dials(&format!("{code} 1 206 555 0142"));
        world.run_for(WHILE);
        assert!(call.is_up_with(&east));
        call.holds();
        world.run_for(WHILE);
        call.updates();
        world.run_for(WHILE);

        let invites = sent(&world, &east, "INVITE");
        assert_eq!(invites.len(), 2);
        for invite in &invites {
            assert_eq!(lines(invite, PAI), lines(&invites[0], PAI), "{invite}");
            assert_eq!(lines(invite, "Privacy: ").first().copied(), privacy, "{invite}");
        }
        let update = sent(&world, &east, "UPDATE").remove(0);
        assert_eq!(lines(&update, PAI).len(), usize::from(privacy.is_none()), "{update}");
        assert_eq!(lines(&update, "Privacy: ").first().copied(), privacy, "{update}");
        world.finish();
    }
}

/// A REFER that goes on to a provider says who asks for it.
#[test]
fn f1_a_refer_that_is_sent_on_says_who_asks() {
    let house =
        house("trust = \"both\"").replace("[trunk.east]\n", "[trunk.east]\ncall = { transfer = \"pass\" }\n");
    let (mut world, _call, minsu) = called(&house, None);
    let east = world.provider("east");

    minsu.transfers_to("+1 206 555 0199");
    world.run_for(WHILE);

    let refer = &sent(&world, &east, "REFER")[0];
    assert!(lines(refer, PAI)[0].starts_with("\"Minsu Park\" <sip:+14255550101@"), "{refer}");
    world.finish();
}

/// What the answer has said is not said again in an UPDATE when the other side gives a sign of life.
#[test]
fn f2_what_the_answer_said_is_not_repeated() {
    let mut world = World::from_toml(seed(), &house(""));
    let (east, hana) = (world.provider("east"), world.user("hana"));
    world.captures();
    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(call.is_up_with(&east));

    east.does(|leg| Deed::Say { leg: Some(leg), method: "UPDATE", headers: Vec::new(), body: None });
    world.run_for(WHILE);

    assert!(!sent(&world, &east, "SIP/2.0 200").is_empty());
    assert_eq!(sent(&world, &hana, "UPDATE"), Vec::<String>::new());
    world.finish();
}
