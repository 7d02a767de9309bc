//! Several devices of one user: they ring together, one of them has the call, and the others hear why not.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use call::Outcome;
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(6);

/// Minsu has three phones: minsu, minsu-2, minsu-3.
fn three_phones(more: &str) -> String {
    let devices = "devices = [{ contact = \"sip:minsu@10.20.0.32:5060\" }, \
                   { contact = \"sip:minsu@10.20.0.33:5060\" }, { contact = \"sip:minsu@10.20.0.34:5060\" }]";
    let one = "devices = [{ contact = \"sip:minsu@10.20.0.32:5060\" }]";
    TWO_PROVIDERS.replacen(one, &format!("{devices}\n{more}"), 1)
}

fn phones(world: &World) -> [ActorHandle; 3] {
    ["minsu", "minsu-2", "minsu-3"].map(|name| world.user(name))
}

fn causes(world: &World) -> Vec<&str> {
    world.records()[0].attempts.iter().map(|attempt| attempt.cause.as_str()).collect()
}

/// All ring at once; the first answer has the call; the others are told that it was answered elsewhere.
#[test]
fn req_f44_the_first_of_several_phones_that_answers_has_the_call() {
    for offers_late in [false, true] {
        let mut world = World::from_toml(seed(), &three_phones(""));
        world.captures();
        let (east, [one, two, three]) = (world.provider("east"), phones(&world));
        if offers_late {
            east.has_habit(Habit::OffersLate);
        }
        one.answers_after(Duration::from_secs(9));
        two.answers_after(Duration::from_secs(2));
        three.answers_after(Duration::from_secs(9));

        let call = east.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(1));
        assert_eq!([&one, &two, &three].map(|phone| phone.was_called()), [1, 1, 1]);
        world.run_for(WHILE);

        assert!(call.is_up_with(&two), "late offer: {offers_late}");
        assert_eq!(call.progress(), [180]);
        for other in [&one, &three] {
            let cancel = world.captured(other).into_iter().find(|text| text.starts_with("CANCEL "));
            let reason = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"";
            assert!(cancel.is_some_and(|text| text.contains(reason)));
        }
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(world.records().len(), 1);
        assert_eq!(causes(&world), ["answered elsewhere", "answered", "answered elsewhere"]);
        world.finish();
    }
}

/// CANCEL with the Reason of RFC 3326: no phone shows a missed call.
#[test]
fn c9_a_phone_that_lost_is_told_that_the_call_was_answered_elsewhere() {
    let mut world = World::from_toml(seed(), &three_phones(""));
    world.captures();
    let (hana, [one, two, _]) = (world.user("hana"), phones(&world));
    two.answers_after(Duration::from_secs(9));

    let call = hana.dials("0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&one));
    let heard = world.captured(&two).concat();
    assert!(heard.contains("CANCEL sip:minsu@10.20.0.33:5060"), "{heard}");
    assert!(heard.contains("text=\"Call completed elsewhere\""), "{heard}");
    world.finish();
}

/// All answer in the same moment, or one answers although it was cancelled: one call is kept, each other
/// answer is acknowledged and ended.
#[test]
fn c2_answers_that_cross_are_acknowledged_and_ended() {
    for seed in seed()..seed() + 12 {
        let mut world = World::from_toml(seed, &three_phones(""));
        let (east, [one, two, three]) = (world.provider("east"), phones(&world));
        two.has_habit(Habit::IgnoresCancel);
        for phone in [&one, &two, &three] {
            phone.answers_after(Duration::from_secs(1));
        }

        let call = east.dials("+1 425 555 0101");
        world.run_for(WHILE);

        assert!(call.is_up(), "seed {seed}");
        let up = [&one, &two, &three].iter().filter(|phone| phone.calls_now() == 1).count();
        assert_eq!(up, 1, "seed {seed}");
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(world.records().len(), 1, "seed {seed}");
        world.finish();
    }
}

/// Phones with sound before the answer: the caller hears that it rings, and nobody, until one answers.
#[test]
fn a12_of_several_phones_nobody_is_heard_before_the_answer() {
    for reliable in [false, true] {
        let mut world = World::from_toml(seed(), &three_phones(""));
        let (east, [one, two, three]) = (world.provider("east"), phones(&world));
        for phone in [&one, &two, &three] {
            phone.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(20));
            phone.with(|phone| phone.packet_every = Duration::from_millis(20));
            if reliable {
                phone.has_habit(Habit::Reliable);
            }
        }
        three.answers_after(Duration::from_secs(4));

        let call = east.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(3));
        assert_eq!((call.progress(), call.packets_heard()), (vec![180], 0), "reliable: {reliable}");
        world.run_for(WHILE);

        assert!(call.is_up_with(&three), "reliable: {reliable}");
        let heard = |note: &Note| matches!(note, Note::Heard { tag } if tag.actor != "minsu-3");
        assert!(!call.notes().iter().any(heard));
        world.finish();
    }
}

/// The last that rings is alone: now it is heard.
#[test]
fn a12_the_last_phone_that_rings_may_be_heard_before_the_answer() {
    let mut world = World::from_toml(seed(), &three_phones(""));
    let (east, [one, two, three]) = (world.provider("east"), phones(&world));
    one.answers_every_invite_with(480);
    two.answers_every_invite_with(500);
    three.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(5));

    three.with(|phone| phone.rings_after = Duration::from_secs(1));
    let call = east.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(4));
    assert!(call.packets_heard() > 0, "{:?}", call.progress());
    world.run_for(WHILE);

    assert!(call.is_up_with(&three));
    world.finish();
}

/// Everybody refuses: what says most about the callee is what the caller hears (RFC 3261 16.7).
#[test]
fn c1_the_best_of_several_refusals_is_what_the_caller_hears() {
    for (answers, heard, outcome) in [
        ([500, 486, 480], 486, Outcome::Busy),
        ([486, 603, 486], 603, Outcome::Busy),
        ([404, 503, 480], 404, Outcome::Failed),
        ([500, 403, 404], 403, Outcome::Failed),
    ] {
        let mut world = World::from_toml(seed(), &three_phones(""));
        let east = world.provider("east");
        for (phone, answer) in phones(&world).iter().zip(answers) {
            phone.answers_every_invite_with(answer);
        }

        let call = east.dials("+1 425 555 0101");
        world.run_for(WHILE);

        assert_eq!(call.ended(), Some(Ended::Refused(heard)), "{answers:?}");
        assert_eq!(world.records()[0].outcome, outcome, "{answers:?}");
        world.finish();
    }
}

/// Whoever declines does so for all phones of theirs; one that is only busy lets the others ring on.
#[test]
fn c1_a_decline_ends_the_ringing_everywhere() {
    let mut world = World::from_toml(seed(), &three_phones(""));
    let (east, [one, two, three]) = (world.provider("east"), phones(&world));
    one.has_habit(Habit::RefusesAfterRinging(603)).answers_after(Duration::from_secs(2));
    two.has_habit(Habit::RingsForever);
    three.has_habit(Habit::RingsForever);

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert_eq!(call.ended(), Some(Ended::Refused(603)));
    assert_eq!(causes(&world)[1], "another declined for all");
    world.finish();
}

/// Nobody answers, or the caller gives up: every phone is let go, and there is one record.
#[test]
fn req_f44_no_phone_rings_on_when_the_call_is_over() {
    for gives_up in [false, true] {
        let mut world = World::from_toml(seed(), &three_phones(""));
        let (hana, phones) = (world.user("hana"), phones(&world));
        for phone in &phones {
            phone.has_habit(Habit::RingsForever);
        }

        let call = hana.dials("0101");
        world.run_for(WHILE);
        if gives_up {
            call.hangs_up();
        }
        world.run_for(Duration::from_secs(130));

        assert!(phones.iter().all(|phone| phone.legs().iter().all(|leg| leg.stage == actors::Stage::Over)));
        let verdict = if gives_up { "TD-E002" } else { "TD-E102" };
        assert_eq!(
            world.records().iter().map(|record| record.verdict.as_str()).collect::<Vec<_>>(),
            [verdict]
        );
        world.finish();
    }
}

/// A phone that is not there costs the others nothing; over lossy links nothing is left behind.
#[test]
fn req_f44_phones_that_are_gone_and_links_that_lose_leave_nothing_behind() {
    for seed in seed()..seed() + 10 {
        let mut world = World::from_toml(seed, &three_phones(""));
        let (east, [one, two, three]) = (world.provider("east"), phones(&world));
        one.dies();
        for phone in [&two, &three] {
            world.links(phone, world::Link { loss: 200, ..world::Link::default() });
            phone.answers_after(Duration::from_secs(2));
        }

        let call = east.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(15));

        assert!(call.is_up(), "seed {seed}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// Whoever wants it otherwise: one after another.
#[test]
fn req_f44_phones_may_ring_in_turn() {
    let mut world = World::from_toml(seed(), &three_phones("ring = \"in-turn\""));
    let (east, [one, two, _]) = (world.provider("east"), phones(&world));
    one.has_habit(Habit::RingsForever);

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert_eq!(two.was_called(), 0);
    world.run_for(Duration::from_secs(30));

    assert!(call.is_up_with(&two));
    world.finish();
}

/// A trunk and a site that have room for one call have room for it on all phones.
#[test]
fn req_f44_a_call_that_rings_on_several_phones_is_one_call_of_its_limits() {
    let tight = three_phones("").replacen("limits = { calls = 40 }", "limits = { calls = 1 }", 1);
    let mut world = World::from_toml(seed(), &tight);
    let (east, [one, two, three]) = (world.provider("east"), phones(&world));
    one.has_habit(Habit::RingsForever);
    two.has_habit(Habit::RingsForever);

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&three));
    assert_eq!(world.held().permits, 1);
    let second = east.dials("+1 425 555 0102");
    world.run_for(WHILE);
    assert_eq!(second.ended(), Some(Ended::Refused(503)));
    world.finish();
}

/// Who is transferred to several phones speaks with the one that answers.
#[test]
fn a18_a_transfer_to_several_phones() {
    let mut world = World::from_toml(seed(), &three_phones(""));
    let (hana, east, [one, two, _]) = (world.user("hana"), world.provider("east"), phones(&world));
    one.has_habit(Habit::RingsForever);
    let call = east.dials("+1 425 555 0100");
    world.run_for(WHILE);

    hana.newest().transfers_to("0101");
    two.answers_after(Duration::from_millis(500));
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up());
    assert_eq!(two.calls_now(), 1);
    assert_eq!(one.calls_now(), 0);
    world.finish();
}
