//! Transfers: blind, attended, while it rings; with the rights of whoever transfers, and of nobody else.

use std::time::Duration;

use actors::{Deed, Ended, Habit, Note};
use call::Outcome;
use world::{ActorHandle, CallHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);

/// Packets that both hear within a while.
fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(Duration::from_secs(3));
    one.packets_heard() > before.0 + 5 && other.packets_heard() > before.1 + 5
}

/// East calls minsu, who answers.
fn called(seed: u64, house: &str) -> (World, CallHandle, CallHandle) {
    let mut world = World::from_toml(seed, house);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&minsu));
    let leg = minsu.newest();
    (world, call, leg)
}

fn verdicts(world: &World) -> Vec<&str> {
    world.records().iter().map(|record| record.verdict.as_str()).collect()
}

/// Blind, by whoever was called: the caller speaks with the new party, the transferor is told and let go.
#[test]
fn a18_blind_by_the_callee() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert_eq!(minsu.replied("REFER"), Some(202));
    assert_eq!(minsu.notified(), [100, 180, 200]);
    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &call, &hana.newest()));
    assert_eq!(verdicts(&world), ["TD-E003"]);
    call.hangs_up();
    world.run_for(WHILE);
    let (first, second) = (&world.records()[0], &world.records()[1]);
    assert_eq!(second.parents, std::slice::from_ref(&first.id));
    assert_eq!((&*second.calling, second.transferred_by.as_deref()), ("minsu", Some("minsu")));
    assert_eq!(second.outcome, Outcome::Answered);
    world.finish();
}

/// Blind, by whoever called.
#[test]
fn a18_blind_by_the_caller() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, minsu) = (world.user("hana"), world.provider("east"), world.user("minsu"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    let stays = east.newest();

    call.transfers_to("0101");
    world.run_for(WHILE);

    assert_eq!(call.notified(), [100, 180, 200]);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &stays, &minsu.newest()));
    minsu.newest().hangs_up();
    world.run_for(WHILE);
    assert_eq!(stays.ended(), Some(Ended::ByPeer));
    world.finish();
}

/// To a number outside: by the transferor's own trunk and number.
#[test]
fn req_f12_a_user_transfers_a_call_back_over_the_trunk() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let east = world.provider("east");

    minsu.transfers_to("+1 206 555 0199");
    world.run_for(WHILE);

    assert!(east.was_called_as().last().unwrap().contains("+12065550199"));
    assert!(talk(&mut world, &call, &east.newest()));
    world.finish();
}

/// The transferor hangs up as soon as it hears 202: the call goes on, and becomes the new one.
#[test]
fn a18_a_bye_right_after_the_202_keeps_the_call() {
    for seed in seed()..seed() + 6 {
        let (mut world, call, minsu) = called(seed, TWO_PROVIDERS);
        let (hana, phone) = (world.user("hana"), world.user("minsu"));
        phone.has_habit(Habit::LeavesAfterRefer);

        minsu.transfers_to("0100");
        world.run_for(WHILE);

        assert_eq!(minsu.ended(), Some(Ended::ByUs), "seed {seed}");
        assert!(talk(&mut world, &call, &hana.newest()), "seed {seed}");
        world.finish();
    }
}

/// The same where the new party is busy: nobody is left to speak with, and the record says so.
#[test]
fn a18_a_failed_transfer_whose_asker_has_left_ends_the_call() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    world.user("minsu").has_habit(Habit::LeavesAfterRefer);
    world.user("hana").answers_every_invite_with(486);

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert!(verdicts(&world).contains(&"TD-E206"));
    world.finish();
}

/// The new party is busy: the transferor hears so, and speaks with its party as before.
#[test]
fn a18_a_failed_transfer_leaves_the_call_as_it_was() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    world.user("hana").answers_every_invite_with(486);

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert_eq!(minsu.notified(), [100, 486]);
    assert!(talk(&mut world, &call, &minsu));
    world.finish();
}

/// The transferor had its party on hold: the new party and the held one hear each other.
#[test]
fn a18_a_held_party_is_transferred_and_heard() {
    for hold in [Deed::Hold as fn(actors::LegId) -> Deed, Deed::HoldByZero] {
        let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
        let (phone, hana) = (world.user("minsu"), world.user("hana"));
        phone.does(hold);
        world.run_for(WHILE);

        minsu.transfers_to("0100");
        world.run_for(WHILE);

        assert!(talk(&mut world, &call, &hana.newest()));
        world.finish();
    }
}

/// East calls minsu, who holds it and calls hana.
fn consulted(seed: u64) -> (World, CallHandle, CallHandle, CallHandle) {
    let (mut world, call, first) = called(seed, TWO_PROVIDERS);
    let minsu = world.user("minsu");
    first.holds();
    world.run_for(WHILE);
    let second = minsu.dials("0100");
    (world, call, first, second)
}

/// Attended: both calls of the transferor become one.
#[test]
fn a18_attended() {
    for seed in seed()..seed() + 4 {
        let (mut world, call, first, second) = consulted(seed);
        let hana = world.user("hana");
        world.run_for(WHILE);
        assert!(second.is_up_with(&hana));

        first.transfers_with(&second);
        world.run_for(WHILE);

        assert_eq!(first.notified(), [100, 200]);
        assert_eq!((first.ended(), second.ended()), (Some(Ended::ByPeer), Some(Ended::ByPeer)));
        assert!(talk(&mut world, &call, &hana.newest()), "seed {seed}");
        call.hangs_up();
        world.run_for(WHILE);
        let (first, second) = (&world.records()[0], &world.records()[1]);
        assert_eq!(second.parents, std::slice::from_ref(&first.id));
        world.finish();
    }
}

/// Attended the other way round: the REFER is sent in the second call, and names the first.
#[test]
fn a18_attended_by_a_refer_in_the_second_call() {
    let (mut world, call, first, second) = consulted(seed());
    let hana = world.user("hana");
    world.run_for(WHILE);

    second.transfers_with(&first);
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &hana.newest()));
    world.finish();
}

/// Attended while the new party still rings.
#[test]
fn a18_attended_while_it_rings() {
    let (mut world, call, first, second) = consulted(seed());
    let hana = world.user("hana");
    hana.answers_after(Duration::from_secs(10));
    world.run_for(Duration::from_secs(4));
    assert_eq!(second.progress(), [180]);

    first.transfers_with(&second);
    world.run_for(Duration::from_secs(20));

    assert_eq!(second.ended(), Some(Ended::Cancelled));
    assert_eq!(first.notified().last(), Some(&200));
    assert!(talk(&mut world, &call, &hana.newest()));
    world.finish();
}

/// Transferred, and transferred again by the new party.
#[test]
fn a18_a_party_may_be_transferred_again_and_again() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let (hana, lobby, phone) = (world.user("hana"), world.user("lobby"), world.user("minsu"));
    minsu.transfers_to("0100");
    world.run_for(WHILE);

    hana.newest().transfers_to("0102");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &lobby.newest()));
    lobby.newest().transfers_to("0101");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &phone.newest()));
    call.holds();
    world.run_for(WHILE);
    call.resumes();
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &phone.newest()));
    call.hangs_up();
    world.run_for(WHILE);
    assert_eq!(world.records().iter().filter(|record| !record.parents.is_empty()).count(), 3);
    assert_eq!(world.held(), switch::Held { transactions: world.held().transactions, ..Default::default() });
    world.finish();
}

/// The party that is transferred hangs up while the new one rings: nobody is left ringing.
#[test]
fn a18_the_party_leaves_while_the_new_one_rings() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");
    hana.has_habit(Habit::RingsForever);
    minsu.transfers_to("0100");
    world.run_for(Duration::from_secs(2));

    call.hangs_up();
    world.run_for(WHILE);

    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert!(hana.legs().iter().all(|leg| leg.stage == actors::Stage::Over));
    world.finish();
}

/// Transfers over a lossy network, blind and attended.
#[test]
fn a18_transfers_over_a_lossy_network() {
    for seed in 0..8 {
        let (mut world, call, minsu) = called(seed, TWO_PROVIDERS);
        let hana = world.user("hana");
        world.links_all(Link::rough(80));

        minsu.transfers_to("0100");
        world.run_for(Duration::from_secs(40));

        assert!(talk(&mut world, &call, &hana.newest()), "seed {seed}");
        world.finish();
    }
}

/// norefersub: who doesn't want to be told isn't.
#[test]
fn a18_nobody_is_told_who_does_not_want_to_be() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");

    minsu.transfers_saying("0100", &[("Refer-Sub", "false"), ("Supported", "norefersub")]);
    world.run_for(WHILE);

    assert!(minsu.notified().is_empty());
    assert!(talk(&mut world, &call, &hana.newest()));
    world.finish();
}

/// Minsu may not call abroad: nor may a transfer of his, whoever is transferred.
#[test]
fn pain_19_a_transfer_has_the_rights_of_whoever_transfers() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let east = world.provider("east");

    minsu.transfers_to("011 82 2 5550 1234");
    world.run_for(WHILE);

    assert_eq!(minsu.replied("REFER"), Some(403));
    assert_eq!(east.was_called(), 0);
    assert!(talk(&mut world, &call, &minsu));
    call.hangs_up();
    world.run_for(WHILE);
    assert!(world.records()[0].words.contains("TD-R301"), "{}", world.records()[0].words);
    world.finish();
}

/// A provider that asks for a transfer is refused, unless its trunk may.
#[test]
fn pain_19_a_trunk_does_not_transfer_unless_it_may() {
    for (rule, status) in [("refuse", 603), ("inside", 202)] {
        let trunk = format!("[trunk.east]\ncall = {{ transfer = \"{rule}\" }}");
        let (mut world, call, minsu) = called(seed(), &TWO_PROVIDERS.replace("[trunk.east]", &trunk));
        let hana = world.user("hana");

        call.transfers_to("+1 425 555 0100");
        world.run_for(WHILE);

        assert_eq!(call.replied("REFER"), Some(status));
        if status == 202 {
            assert!(talk(&mut world, &minsu, &hana.newest()));
        } else {
            assert!(talk(&mut world, &call, &minsu));
        }
        world.finish();
    }
}

/// A trunk that may transfer still has a trunk's rights: it leads nowhere outside by our trunks.
#[test]
fn pain_19_a_trunk_that_may_transfer_calls_nobody_outside() {
    let trunk = "[trunk.east]\ncall = { transfer = \"inside\" }";
    let (mut world, call, minsu) = called(seed(), &TWO_PROVIDERS.replace("[trunk.east]", trunk));

    call.transfers_to("+1 900 555 0100");
    world.run_for(WHILE);

    assert_eq!(call.replied("REFER"), Some(404));
    assert!(talk(&mut world, &call, &minsu));
    world.finish();
}

/// A call for help stays with who answered it; a transfer to 911 is made as for anybody.
#[test]
fn pain_19_help_is_reached_by_transfer_and_never_transferred_away() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let help = hana.dials("911");
    world.run_for(WHILE);

    help.transfers_to("0102");
    minsu.transfers_to("911");
    world.run_for(WHILE);

    assert_eq!(help.replied("REFER"), Some(403));
    assert!(help.is_up_with(&east));
    assert_eq!(minsu.notified().last(), Some(&200));
    assert!(talk(&mut world, &call, &east.newest()));
    world.finish();
}

/// An attended transfer that names a call of other people, or none, is refused.
#[test]
fn pain_19_nobody_takes_over_a_call_of_others() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let (hana, lobby) = (world.user("hana"), world.user("lobby"));
    let other = lobby.dials("0100");
    world.run_for(WHILE);
    let theirs = view(&lobby, &other);

    for (to_tag, status) in [(theirs.1.as_str(), 403), ("t000000000000", 404)] {
        let house = "10.20.0.1:5060";
        let target = format!(
            "<sip:0100@{house}?Replaces={}%3Bto-tag%3D{to_tag}%3Bfrom-tag%3D{}>",
            theirs.0.replace('@', "%40"),
            theirs.2
        );
        minsu.refers_to(&target);
        world.run_for(WHILE);
        assert_eq!(minsu.replied("REFER"), Some(status), "{to_tag}");
    }

    assert!(talk(&mut world, &call, &minsu));
    assert!(other.is_up_with(&hana));
    world.finish();
}

/// Call-ID, the house's tag and the phone's.
fn view(who: &ActorHandle, call: &CallHandle) -> (String, String, String) {
    let leg = who.legs().into_iter().find(|leg| leg.call_id == call.call_id()).unwrap();
    (leg.call_id, leg.remote_tag.unwrap(), leg.local_tag)
}

/// With `transfer = "pass"` the provider carries it out: it hears of the new party at its own address.
#[test]
fn a18_a_trunk_that_wants_refer_gets_it() {
    let trunk = "[trunk.east]\ncall = { transfer = \"pass\" }";
    let (mut world, call, minsu) = called(seed(), &TWO_PROVIDERS.replace("[trunk.east]", trunk));

    minsu.transfers_to("+1 206 555 0199");
    world.run_for(WHILE);

    assert_eq!(minsu.replied("REFER"), Some(202));
    let told = call.notes().into_iter().find_map(|note| match note {
        Note::Told { body } => Some(body),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("REFER <sip:+12065550199@198.51.100.10:5060>"));
    call.says_of_a_transfer("SIP/2.0 200 OK\r\n");
    world.run_for(WHILE);
    assert_eq!(minsu.notified(), [200]);
    world.finish();
}

/// Hana and Minsu pick up for each other; the lobby is in no group.
fn grouped() -> String {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"sales\"\n"), 1)
    };
    ["hana", "minsu"].into_iter().fold(TWO_PROVIDERS.to_owned(), group)
}

/// Another phone takes a user's place in a call: pick-up by an INVITE with Replaces.
#[test]
fn a18_a_phone_takes_the_place_of_another() {
    let (mut world, call, minsu) = called(seed(), &grouped());
    let (phone, hana) = (world.user("minsu"), world.user("hana"));
    let (call_id, to_tag, from_tag) = view(&phone, &minsu);

    let taking =
        hana.calls_with("0101", "Replaces", &format!("{call_id};to-tag={to_tag};from-tag={from_tag}"));
    world.run_for(WHILE);

    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &call, &taking));
    taking.hangs_up();
    world.run_for(WHILE);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E003", "TD-E001"]);
    world.finish();
}

/// A Replaces that names nothing, a party outside or a call for help, and a Join, are refused.
#[test]
fn pain_19_places_are_taken_only_where_they_may_be() {
    let (mut world, call, minsu) = called(seed(), &grouped());
    let (phone, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    let east = world.provider("east");
    let help = lobby.dials("911");
    world.run_for(WHILE);
    let outside = view(&east, &call);
    let inside = view(&phone, &minsu);
    let helped = view(&lobby, &help);
    east.has_habit(Habit::RingsForever);
    let ringing = phone.dials("+1 206 555 0142");
    world.run_for(WHILE);
    let calling = view(&phone, &ringing);
    let named = |(call_id, to_tag, from_tag): &(String, String, String)| {
        format!("{call_id};to-tag={to_tag};from-tag={from_tag}")
    };

    let cases = [
        ("Replaces", "nothing;to-tag=a;from-tag=b".to_owned(), 481),
        ("Replaces", named(&inside) + ";early-only", 486),
        ("Replaces", named(&calling), 481),
        ("Replaces", named(&outside), 403),
        ("Replaces", named(&helped), 403),
        ("Join", named(&inside), 403),
    ];
    for (header, value, status) in cases {
        let taking = hana.calls_with("0101", header, &value);
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::Refused(status)), "{header}: {value}");
    }

    assert!(talk(&mut world, &call, &minsu));
    assert!(help.is_up_with(&east));
    world.finish();
}

/// Who knows the tags of a dialog has no right to it (RFC 3891 8): whoever is in no group with the user is
/// refused, with the reason. Who was in the call before may come back to it.
#[test]
fn pain_19_a_place_is_taken_by_its_group_and_by_who_was_in_the_call() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let (phone, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    let named = |(call_id, to_tag, from_tag): (String, String, String)| {
        format!("{call_id};to-tag={to_tag};from-tag={from_tag}")
    };

    let taking = lobby.calls_with("0101", "Replaces", &named(view(&phone, &minsu)));
    world.run_for(WHILE);
    assert_eq!(taking.ended(), Some(Ended::Refused(403)));
    assert!(talk(&mut world, &call, &minsu));
    let record = world.records().last().unwrap();
    let words = "lobby is in no pickup group with minsu, and was in no call that this one came from";
    assert!(record.words.contains(words), "{}", record.words);

    minsu.transfers_to("0100");
    world.run_for(WHILE);
    let theirs = hana.newest();
    assert!(talk(&mut world, &call, &theirs));
    let refused = lobby.calls_with("0100", "Replaces", &named(view(&hana, &theirs)));
    let back = phone.calls_with("0100", "Replaces", &named(view(&hana, &theirs)));
    world.run_for(WHILE);
    assert_eq!(refused.ended(), Some(Ended::Refused(403)));
    assert_eq!(theirs.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &call, &back));
    back.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// What the party that stays asks while the transferor leaves is not answered in its words: 481 would end the
/// call. It may be asked again, and goes to the new party then.
#[test]
fn a18_who_asks_while_the_transferor_leaves_may_ask_again() {
    for seed in seed()..seed() + 12 {
        let (mut world, call, minsu) = called(seed, TWO_PROVIDERS);
        let (phone, hana) = (world.user("minsu"), world.user("hana"));
        hana.answers_after(Duration::from_secs(5));
        minsu.transfers_to("0100");
        world.run_for(Duration::from_secs(2));
        world.links(&phone, Link { jitter: Duration::from_millis(60), ..Link::default() });

        minsu.hangs_up();
        call.presses("5");
        world.run_for(WHILE);

        assert!(matches!(call.replied("INFO"), Some(200 | 500)), "{seed}: {:?}", call.notes());
        assert!(talk(&mut world, &call, &hana.newest()), "seed {seed}");
        call.presses("6");
        world.run_for(WHILE);
        assert_eq!(call.replied("INFO"), Some(200), "seed {seed}");
        world.finish();
    }
}

/// Whoever refuses the re-INVITE that would join it to the new party stays with the transferor, who is told.
#[test]
fn a18_who_refuses_to_be_joined_is_not_lost() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    let (east, hana) = (world.provider("east"), world.user("hana"));
    east.has_habit(Habit::RefusesChanges);

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert_eq!(minsu.notified(), [100, 180, 488]);
    assert!(talk(&mut world, &call, &minsu));
    assert_eq!(hana.calls_now(), 0);
    east.loses_its_habits();
    minsu.transfers_to("0100");
    world.run_for(WHILE);
    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &call, &hana.newest()));
    world.finish();
}

/// The same where the transferor did not wait for it: nobody is left for the party that refuses.
#[test]
fn a18_who_refuses_to_be_joined_is_let_go_where_the_transferor_has_left() {
    let (mut world, call, minsu) = called(seed(), TWO_PROVIDERS);
    world.provider("east").has_habit(Habit::RefusesChanges);
    world.user("minsu").has_habit(Habit::LeavesAfterRefer);

    minsu.transfers_to("0100");
    world.run_for(WHILE);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(world.user("hana").calls_now(), 0);
    assert_eq!(verdicts(&world), ["TD-E207", "TD-E206"]);
    world.finish();
}

/// Attended, whichever of both parties refuses: the one that was to move is with the transferor as before.
#[test]
fn a18_attended_and_refused_by_either_party() {
    for refuses in ["east", "hana"] {
        let (mut world, call, first, second) = consulted(seed());
        world.run_for(WHILE);
        first.resumes();
        world.run_for(WHILE);
        world.actor(refuses).has_habit(Habit::RefusesChanges);

        first.transfers_with(&second);
        world.run_for(WHILE);

        assert_eq!(first.notified(), [100, 488], "{refuses}");
        assert!(talk(&mut world, &call, &first), "{refuses}");
        assert_eq!(world.user("hana").calls_now(), 0, "{refuses}");
        world.actor(refuses).loses_its_habits();
        first.holds();
        world.run_for(WHILE);
        first.resumes();
        world.run_for(WHILE);
        assert!(talk(&mut world, &call, &first), "{refuses}");
        world.finish();
    }
}

/// A phone that can't have another's place leaves the call as it was (RFC 3891, 3).
#[test]
fn a18_a_place_that_the_other_party_does_not_give_stays_taken() {
    let (mut world, call, minsu) = called(seed(), &grouped());
    let (phone, hana) = (world.user("minsu"), world.user("hana"));
    world.provider("east").has_habit(Habit::RefusesChanges);
    let (call_id, to_tag, from_tag) = view(&phone, &minsu);

    let taking =
        hana.calls_with("0101", "Replaces", &format!("{call_id};to-tag={to_tag};from-tag={from_tag}"));
    world.run_for(WHILE);

    assert_eq!(taking.ended(), Some(Ended::Refused(480)));
    assert!(talk(&mut world, &call, &minsu));
    minsu.hangs_up();
    world.run_for(WHILE);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    world.finish();
}

/// The party that is to be joined has vanished: the transferor hears so.
#[test]
fn a18_who_vanishes_while_it_is_joined_is_gone() {
    let (mut world, _, minsu) = called(seed(), TWO_PROVIDERS);
    let east = world.provider("east");
    east.dies();

    minsu.transfers_to("0100");
    world.run_for(Duration::from_secs(60));

    assert_eq!(minsu.notified().last(), Some(&480));
    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert_eq!(world.user("hana").calls_now(), 0);
    world.finish();
}

/// The transferor leaves while it is asked something. Its answer comes after its BYE: it hears an ACK. Or it
/// says that it is in no call before its BYE is here: the transfer goes on.
#[test]
fn a18_who_leaves_while_it_answers_is_acknowledged() {
    for seed in seed()..seed() + 12 {
        let (mut world, call, minsu) = called(seed, TWO_PROVIDERS);
        let (phone, hana) = (world.user("minsu"), world.user("hana"));
        hana.answers_after(Duration::from_secs(5));
        minsu.transfers_to("0100");
        world.run_for(Duration::from_secs(2));
        world.links(&phone, Link { jitter: Duration::from_millis(60), ..Link::default() });

        call.reinvites();
        world.run_for(Duration::from_millis(50));
        minsu.hangs_up();
        world.run_for(2 * WHILE);

        assert!(talk(&mut world, &call, &hana.newest()), "seed {seed}");
        world.finish();
    }
}

/// The transferor called without an offer, and its ACK with the answer never comes: whoever it called is
/// acknowledged all the same, and speaks with the newcomer.
#[test]
fn a18_who_leaves_without_an_ack_leaves_nobody_unacknowledged() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, minsu) = (world.user("hana"), world.provider("east"), world.user("minsu"));
    hana.has_habit(Habit::OffersLate);
    hana.has_habit(Habit::NeverAcks);
    hana.has_habit(Habit::LeavesAfterRefer);
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));
    let theirs = east.newest();

    call.transfers_to("0101");
    world.run_for(2 * WHILE);

    assert!(theirs.notes().contains(&Note::Acknowledged));
    assert!(talk(&mut world, &theirs, &minsu.newest()));
    world.finish();
}
