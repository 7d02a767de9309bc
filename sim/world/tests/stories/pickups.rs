//! Calls that ring at one phone and are picked up at another.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(4);
const NUMBER: &str = "+14255550100";

/// Hana and Minsu pick up for each other; the lobby is in no group.
fn house() -> String {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"sales\"\n"), 1)
    };
    ["hana", "minsu"].into_iter().fold(TWO_PROVIDERS.to_owned(), group)
}

/// Hana is called from outside, and it rings.
fn ringing(house: &str) -> (World, CallHandle) {
    let mut world = World::from_toml(seed(), house);
    world.user("hana").has_habit(Habit::RingsForever);
    let call = world.provider("east").dials(NUMBER);
    world.run_for(WHILE);
    assert!(call.progress().contains(&180));
    (world, call)
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(WHILE);
    one.packets_heard() > before.0 + 10 && other.packets_heard() > before.1 + 10
}

/// The dialog that a ringing phone has with the house, as a Replaces names it.
fn named(phone: &ActorHandle) -> String {
    let leg = phone.legs().pop().unwrap();
    format!("{};to-tag={};from-tag={}", leg.call_id, leg.remote_tag.unwrap(), leg.local_tag)
}

fn verdicts(world: &World) -> Vec<String> {
    world.records().iter().map(|record| record.verdict.clone()).collect()
}

/// The last refusal, with its sentence.
fn refused(world: &World) -> (String, String) {
    let record = world.records().last().unwrap();
    (record.verdict.clone(), record.words.clone())
}

/// The code alone takes what rings in the group: the caller speaks with the picker, the phone that rang is
/// told that the call is elsewhere, and the record of the call says who has it.
#[test]
fn req_f47_the_code_takes_what_rings_in_the_own_group() {
    let (mut world, call) = ringing(&house());
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let taking = minsu.dials("*8");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    assert_eq!(hana.calls_now(), 0);
    let reasons: Vec<Note> = hana.notes();
    assert!(format!("{reasons:?}").contains("Cancelled"), "{reasons:?}");
    taking.hangs_up();
    world.run_for(WHILE);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E005", "TD-E001"]);
    let [picking, picked] = world.records() else { panic!("two records") };
    assert_eq!(picking.parents.join(" "), picked.id);
    assert!(picked.words.contains("picked up by minsu"), "{}", picked.words);
    let callees: Vec<&str> = picked.attempts.iter().map(|attempt| attempt.callee.as_str()).collect();
    assert_eq!(callees, ["user hana", "user minsu"]);
    assert_eq!(picked.attempts[0].cause, "picked up by minsu");
    assert!(picked.answered.is_some() && picked.talk_ms > 3000);
    world.finish();
}

/// The code and an extension take what rings there and nothing else.
#[test]
fn req_f47_the_code_with_an_extension_takes_what_rings_there() {
    let (mut world, call) = ringing(&house());
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let nobody = hana.dials("*80101");
    world.run_for(WHILE);
    assert_eq!(nobody.ended(), Some(Ended::Refused(480)));
    assert_eq!(refused(&world).0, "TD-R707");
    let taking = minsu.dials("*80100");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    call.hangs_up();
    world.run_for(WHILE);
    assert_eq!(taking.ended(), Some(Ended::ByPeer));
    world.finish();
}

/// Who is in no group, or in another one, takes nothing: the phone rings on, and the refusal says why.
#[test]
fn req_f47_only_the_own_group_may() {
    let (mut world, call) = ringing(&house());
    let lobby = world.user("lobby");
    let named = named(&world.user("hana"));

    for (dialled, words) in [("*8", "lobby is in no pickup group"), ("*80100", "not in one pickup group")] {
        let taking = lobby.dials(dialled);
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::Refused(403)), "{dialled}");
        let (verdict, said) = refused(&world);
        assert_eq!(verdict, "TD-R706");
        assert!(said.contains(words), "{said}");
    }
    let taking = lobby.calls_with("0100", "Replaces", &named);
    world.run_for(WHILE);
    assert_eq!(taking.ended(), Some(Ended::Refused(403)));
    let lost = lobby.dials("*89999");
    world.run_for(WHILE);
    assert_eq!(lost.ended(), Some(Ended::Refused(404)));

    assert!(call.ended().is_none());
    world.user("hana").loses_its_habits();
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Of two calls that ring, the one that has rung for longer comes first.
#[test]
fn req_f47_the_oldest_call_comes_first() {
    let (mut world, first) = ringing(&house());
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let second = lobby.dials("0100");
    world.run_for(WHILE);
    assert_eq!(hana.was_called(), 2);

    let one = minsu.dials("*8");
    world.run_for(WHILE);
    assert!(talk(&mut world, &first, &one));
    one.hangs_up();
    world.run_for(WHILE);
    let two = minsu.dials("*8");
    world.run_for(WHILE);

    assert!(talk(&mut world, &second, &two));
    second.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A lamp picks up by Replaces, with and without early-only (RFC 3891 3).
#[test]
fn req_f47_a_ringing_call_is_picked_up_by_replaces() {
    for more in ["", ";early-only"] {
        let (mut world, call) = ringing(&house());
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));

        let taking = minsu.calls_with("0100", "Replaces", &(named(&hana) + more));
        world.run_for(WHILE);

        assert!(talk(&mut world, &call, &taking), "{more}");
        assert_eq!(hana.calls_now(), 0);
        taking.hangs_up();
        world.run_for(WHILE);
        assert_eq!(call.ended(), Some(Ended::ByPeer));
        assert_eq!(verdicts(&world), ["TD-E005", "TD-E001"]);
        world.finish();
    }
}

/// A call that was answered meanwhile stays where it is: early-only hears 486, the code finds nothing.
#[test]
fn req_f47_what_was_answered_stays() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    let call = world.provider("east").dials(NUMBER);
    world.run_for(WHILE);
    assert!(call.is_up_with(&hana));

    let taking = minsu.calls_with("0100", "Replaces", &(named(&hana) + ";early-only"));
    let dialled = minsu.dials("*8");
    world.run_for(WHILE);

    assert_eq!(taking.ended(), Some(Ended::Refused(486)));
    assert_eq!(dialled.ended(), Some(Ended::Refused(480)));
    assert!(call.is_up_with(&hana));
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// All devices that ring are told; who answers at the same moment is let go at once.
#[test]
fn req_f47_who_answers_while_another_picks_up_is_let_go() {
    for seed in seed()..seed() + 14 {
        let mut world = World::from_toml(seed, &house());
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));
        hana.answers_after(Duration::from_millis(3000));
        let call = world.provider("east").dials(NUMBER);
        world.run_for(Duration::from_millis(2900 + 16 * (seed % 14)));
        let taking = minsu.dials("*8");
        world.run_for(WHILE);

        let at = [taking.is_up(), hana.calls_now() == 1];
        assert_ne!(at[0], at[1], "seed {seed}: exactly one has it");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// The caller gives up while somebody picks the call up.
#[test]
fn req_f47_a_caller_who_gives_up_is_lost_to_the_picker() {
    for after_ms in (0..120).step_by(6) {
        let (mut world, call) = ringing(&house());
        let minsu = world.user("minsu");
        let taking = minsu.dials("*8");
        world.run_for(Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_for(WHILE);

        assert!(!taking.is_up() && call.ended().is_some(), "after {after_ms} ms");
        world.finish();
    }
}

/// Calls for help, on private lines and to a team stay where they ring.
#[test]
fn req_f47_private_lines_and_teams_are_not_picked_up() {
    let team = "\n[user.team]\nnumber = \"+14255550110\"\nalso = [{ user = \"hana\" }]\n";
    let house =
        house().replacen("[user.hana]\n", "[user.hana]\nprivate_number = \"+14255550120\"\n", 1) + team;
    for number in ["+1 425 555 0120", "+1 425 555 0110"] {
        let mut world = World::from_toml(seed(), &house);
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));
        hana.has_habit(Habit::RingsForever);
        let call = world.provider("east").dials(number);
        world.run_for(WHILE);
        assert_eq!(hana.was_called(), 1, "{number}");

        let taking = minsu.dials("*8");
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::Refused(480)), "{number}");
        let taking = minsu.calls_with("0100", "Replaces", &named(&hana));
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::Refused(403)), "{number}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// A call for help that rings cannot be named: its early dialog is at the centre.
#[test]
fn req_f47_help_is_never_picked_away() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));
    east.has_habit(Habit::RingsForever);
    let help = hana.dials("911");
    world.run_for(WHILE);

    let taking = minsu.calls_with("0100", "Replaces", &named(&east));
    let dialled = minsu.dials("*8");
    world.run_for(WHILE);

    assert_eq!(taking.ended(), Some(Ended::Refused(403)));
    assert_eq!(dialled.ended(), Some(Ended::Refused(480)));
    assert!(help.ended().is_none());
    help.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// The picker's media cannot be had: it hears 488, and the phone rings on.
#[test]
fn req_f47_a_picker_whose_media_cannot_be_had_changes_nothing() {
    let (mut world, call) = ringing(&house());
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::Seals);

    let taking = minsu.dials("*8");
    world.run_for(WHILE);

    assert_eq!(taking.ended(), Some(Ended::Refused(488)));
    assert!(call.ended().is_none());
    hana.loses_its_habits();
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A phone that seals its media picks up a call in clear, and the other way round: each leg has its own keys.
#[test]
fn req_f47_sealed_and_clear_media_meet() {
    let media = "[system]\nmedia = { srtp = \"optional\", keys_in_clear = \"allowed\" }\n";
    let mut world = World::from_toml(seed(), &house().replacen("[system]\n", media, 1));
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    hana.has_habit(Habit::RingsForever);
    minsu.has_habit(Habit::Seals);
    let call = world.provider("east").dials(NUMBER);
    world.run_for(WHILE);

    let taking = minsu.dials("*8");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    taking.hangs_up();
    world.run_for(WHILE);
    let sound = world.records().last().unwrap().media.as_ref().unwrap();
    assert_eq!((sound.caller.srtp, sound.callee.srtp), (None, Some("AES_CM_128_HMAC_SHA1_80")));
    world.finish();
}

/// A caller who heard early media of the phone that rang hears the picker, and goes on to hold and resume.
#[test]
fn req_f47_early_media_gives_way_to_the_picker() {
    for habits in [&[Habit::EarlyMedia][..], &[Habit::EarlyMedia, Habit::Reliable]] {
        let mut world = World::from_toml(seed(), &house());
        let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
        for habit in habits {
            hana.has_habit(*habit);
        }
        hana.answers_after(Duration::from_secs(60));
        lobby.has_habit(Habit::Reliable);
        let call = lobby.dials("0100");
        world.run_for(WHILE);

        let taking = minsu.dials("*8");
        world.run_for(WHILE);
        assert!(talk(&mut world, &call, &taking), "{habits:?}");
        taking.holds();
        world.run_for(WHILE);
        taking.resumes();
        world.run_for(WHILE);
        assert!(talk(&mut world, &call, &taking), "{habits:?}");
        taking.transfers_to("+1 206 555 0199");
        world.run_for(2 * WHILE);
        let newest = world.provider("east").newest();
        assert!(talk(&mut world, &call, &newest), "{habits:?}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// The caller sends its call on while the picker is in it: the picker goes along, and the record of its code
/// stands beside that of the call that it is in now; both name the one that rang.
#[test]
fn req_f47_a_picker_goes_along_when_the_caller_transfers_it() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    hana.has_habit(Habit::RingsForever);
    let call = lobby.dials("0100");
    world.run_for(WHILE);
    let taking = minsu.dials("*8");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &taking));

    call.transfers_to("+1 206 555 0199");
    world.run_for(2 * WHILE);

    let newest = world.provider("east").newest();
    assert!(talk(&mut world, &taking, &newest));
    taking.hangs_up();
    world.run_for(WHILE);
    let [picking, picked, transferred] = world.records() else { panic!("three records") };
    assert_eq!(verdicts(&world), ["TD-E005", "TD-E003", "TD-E001"]);
    assert_eq!(transferred.call_id, picking.call_id);
    assert_eq!(
        (picking.parents.join(" "), transferred.parents.join(" ")),
        (picked.id.clone(), picked.id.clone())
    );
    world.finish();
}

/// The caller changes something with the phone that rings while another one picks the call up: that dialog is
/// no more (481), and the one with the picker goes on.
#[test]
fn req_f47_what_the_caller_asked_of_the_phone_that_rang_ends_nothing() {
    let mut gone = 0;
    for after_ms in (0..120).step_by(4) {
        let mut world = World::from_toml(seed(), &house());
        let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
        hana.has_habit(Habit::EarlyMedia);
        hana.answers_after(Duration::from_secs(60));
        let call = lobby.dials("0100");
        world.run_for(WHILE);

        let taking = minsu.dials("*8");
        world.run_for(Duration::from_millis(after_ms));
        world.captures();
        call.updates();
        world.run_for(WHILE);

        gone += world.captured(&lobby).iter().filter(|text| text.starts_with("SIP/2.0 481 ")).count();
        assert!(talk(&mut world, &call, &taking), "after {after_ms} ms");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
    assert!(gone > 0, "no UPDATE was on its way");
}

/// Of several phones that ring together each hears that the call is elsewhere.
#[test]
fn req_f47_every_phone_that_rings_hears_that_the_call_is_elsewhere() {
    let devices = "devices = [{ contact = \"sip:hana@10.20.0.31:5060\" }";
    let house =
        house().replacen(devices, &format!("{devices}, {{ contact = \"sip:hana@10.20.0.39:5060\" }}"), 1);
    let mut world = World::from_toml(seed(), &house);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    let soft = world.user("hana-2");
    hana.has_habit(Habit::RingsForever);
    soft.has_habit(Habit::RingsForever);
    let call = world.provider("east").dials(NUMBER);
    world.run_for(WHILE);
    assert_eq!((hana.was_called(), soft.was_called()), (1, 1));

    let taking = minsu.dials("*8");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    assert_eq!((hana.legs().len(), soft.legs().len()), (1, 1));
    taking.hangs_up();
    world.run_for(WHILE);
    world.finish();
}
