//! RFC 5359: the services of a telephone system.
//!
//! Whoever plays music, mixes, or has a call handed over by a message is an actor of the figure: the house is
//! what stands between them. What it does otherwise than the figure, its test says.

use std::time::Duration;

use actors::{Deed, Ended, Habit, Stage};
use world::ActorHandle;

use crate::{HOUSE, expect, world_of};

const MOMENT: Duration = Duration::from_secs(4);

/// RFC 5359 2.1: hold, and back.
#[test]
fn c19_rfc_5359_2_1_call_hold() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().holds();
    world.run_for(MOMENT);
    minsu.newest().resumes();
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.1.txt"));
    world.finish();
}

/// RFC 5359 2.2: hold one, ask another, go back to the first.
#[test]
fn c19_rfc_5359_2_2_consultation_hold() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let held = minsu.newest();
    held.holds();
    world.run_for(MOMENT);
    let asked = minsu.dials("0102");
    world.run_for(MOMENT);
    assert!(asked.is_up_with(&world.user("lobby")));
    asked.hangs_up();
    world.run_for(MOMENT);
    held.resumes();
    world.run_for(MOMENT);
    let before = call.packets_heard();
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.2.txt"));
    world.finish();
}

/// These users pick up for each other.
fn grouped(users: [&str; 2]) -> String {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"all\"\n"), 1)
    };
    users.into_iter().fold(HOUSE.to_owned(), group)
}

/// The newest dialog of a phone, as a Replaces or a Join names it.
fn named(phone: &ActorHandle) -> String {
    let leg = phone.legs().into_iter().rfind(|leg| leg.stage != Stage::Over).unwrap();
    format!("{};to-tag={};from-tag={}", leg.call_id, leg.remote_tag.unwrap(), leg.local_tag)
}

/// RFC 5359 2.3: the lobby's phone is the music server. It takes the place of whoever holds by Replaces, and
/// he takes it back from it. The REFER that bids it do so (F8 to F11) does not pass the house, which refuses
/// one outside of any call (2.18): here the server knows the dialog already.
#[test]
fn c19_rfc_5359_2_3_music_on_hold() {
    let mut world = world_of(&grouped(["minsu", "lobby"]));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().holds();
    world.run_for(MOMENT);
    let silent = call.packets_heard();
    let music = lobby.calls_with("0101", "Replaces", &named(&minsu));
    world.run_for(MOMENT);
    assert!(call.packets_heard() > silent + 10);
    let back = minsu.calls_with("0102", "Replaces", &named(&lobby));
    world.run_for(MOMENT);
    assert_eq!(music.ended(), Some(Ended::ByPeer));
    let before = (call.packets_heard(), back.packets_heard());
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before.0 + 10 && back.packets_heard() > before.1 + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.3.txt"));
    world.finish();
}

/// RFC 5359 2.4: whoever transfers is let go at once.
#[test]
fn c19_rfc_5359_2_4_unattended_transfer() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let transferor = minsu.newest();
    transferor.transfers_to("0102");
    world.run_for(MOMENT);
    assert_eq!(transferor.ended(), Some(Ended::ByPeer));
    assert!(call.packets_heard() > 10 && lobby.newest().packets_heard() > 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.4.txt"));
    world.finish();
}

/// RFC 5359 2.5: whoever transfers speaks with the new party first.
#[test]
fn c19_rfc_5359_2_5_attended_transfer() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let first = minsu.newest();
    first.holds();
    world.run_for(MOMENT);
    let second = minsu.dials("0102");
    world.run_for(MOMENT);
    first.transfers_with(&second);
    world.run_for(MOMENT);
    let before = (call.packets_heard(), lobby.newest().packets_heard());
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before.0 + 10 && lobby.newest().packets_heard() > before.1 + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.5.txt"));
    world.finish();
}

/// RFC 5359 2.6: whoever was told of a dialog takes the place in it of who told her, with whom she picks up.
/// The message that tells her (F5, F6) is no part of any call: how users write is tried elsewhere.
#[test]
fn c19_rfc_5359_2_6_transfer_by_an_instant_message() {
    let mut world = world_of(&grouped(["minsu", "lobby"]));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let theirs = minsu.newest();
    let taking = lobby.calls_with("0101", "Replaces", &named(&minsu));
    world.run_for(MOMENT);
    assert_eq!(theirs.ended(), Some(Ended::ByPeer));
    let before = (call.packets_heard(), taking.packets_heard());
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before.0 + 10 && taking.packets_heard() > before.1 + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.6.txt"));
    world.finish();
}

/// The house, with this written of Minsu.
fn house(minsu: &str) -> String {
    HOUSE.replacen("[user.minsu]\n", &format!("[user.minsu]\n{minsu}\n"), 1)
}

/// RFC 5359 2.7: all calls go on, here to a number outside.
#[test]
fn c19_rfc_5359_2_7_call_forwarding_unconditional() {
    let mut world = world_of(&house("forward = { always = { number = \"+12065550142\" } }"));
    let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&east));
    assert_eq!(minsu.was_called(), 0);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.7.txt"));
    world.finish();
}

/// RFC 5359 2.8: a busy phone sends the call on. The 181 of the figure is one that may be left out.
#[test]
fn c19_rfc_5359_2_8_call_forwarding_busy() {
    let mut world = world_of(&house("forward = { busy = { user = \"lobby\" } }"));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    minsu.has_habit(Habit::RefusesWith(486));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&lobby));
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.8.txt"));
    world.finish();
}

/// RFC 5359 2.9: a phone that rings for too long is cancelled, and the call goes on.
#[test]
fn c19_rfc_5359_2_9_call_forwarding_no_answer() {
    let forward = "forward = { no_answer = { user = \"lobby\" }, after = \"5s\" }";
    let mut world = world_of(&house(forward));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    minsu.has_habit(Habit::RingsForever);

    let call = hana.dials("0101");
    world.run_for(Duration::from_secs(9));
    assert!(call.is_up_with(&lobby));
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.9.txt"));
    world.finish();
}

/// RFC 5359 2.10: Minsu's phone mixes. It changes its session with Hana and calls the lobby: to the house
/// these are two calls, and `isfocus` in a Contact stays on its own leg, as every Contact does.
#[test]
fn c19_rfc_5359_2_10_three_way_conference_third_party_is_added() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().reinvites();
    world.run_for(MOMENT);
    let added = minsu.dials("0102");
    world.run_for(MOMENT);
    assert!(added.is_up_with(&lobby) && call.is_up_with(&minsu));
    assert_eq!(minsu.calls_now(), 2);
    let before = (call.packets_heard(), added.packets_heard(), lobby.newest().packets_heard());
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before.0 + 10 && added.packets_heard() > before.1 + 10);
    assert!(lobby.newest().packets_heard() > before.2 + 10);
    added.hangs_up();
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.10.txt"));
    world.finish();
}

/// RFC 5359 2.11: who wants to join a call by herself is refused with 403; the phone that mixes adds her
/// then, as in 2.10.
#[test]
fn c19_rfc_5359_2_11_three_way_conference_third_party_joins() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let joining = lobby.calls_with("0101", "Join", &named(&minsu));
    world.run_for(MOMENT);
    assert_eq!(joining.ended(), Some(Ended::Refused(403)));
    assert!(world.records()[0].words.contains("third party"), "{}", world.records()[0].words);
    minsu.newest().reinvites();
    world.run_for(MOMENT);
    let added = minsu.dials("0102");
    world.run_for(MOMENT);
    assert!(added.is_up_with(&lobby) && call.is_up_with(&minsu));
    added.hangs_up();
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.11.txt"));
    world.finish();
}

/// RFC 5359 2.12: one place after another is tried; the first rings in vain, the second is busy.
#[test]
fn c19_rfc_5359_2_12_find_me() {
    let found = "[user.found]\nsite = \"redmond\"\nnumber = \"+14255550109\"\nextension = \"0109\"\n\
                 ring = \"in-turn\"\nallow = [\"internal\", \"national\"]\n\
                 also = [{ user = \"minsu\" }, { user = \"lobby\" }, { number = \"+12065550142\" }]\n\
                 forward = { no_answer = { user = \"hana\" }, after = \"5s\" }\n\n";
    let mut world = world_of(&HOUSE.replacen("[user.minsu]", &format!("{found}[user.minsu]"), 1));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    minsu.has_habit(Habit::RingsForever);
    lobby.has_habit(Habit::RefusesWith(486));

    let call = hana.dials("0109");
    world.run_for(Duration::from_secs(9));
    assert!(call.is_up_with(&east));
    east.newest().hangs_up();
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    expect(&world, include_str!("figures/5359-2.12.txt"));
    world.finish();
}

/// RFC 5359 2.13: who is called does not take calls of this caller, who hides: 433, where the figure has 403.
#[test]
fn c19_rfc_5359_2_13_incoming_calls_are_screened() {
    let mut world = world_of(&house("anonymous_calls = \"refused\""));
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.calls_with("0101", "Privacy", "id");
    world.run_for(MOMENT);

    assert_eq!((call.ended(), minsu.was_called()), (Some(Ended::Refused(433)), 0));
    expect(&world, include_str!("figures/5359-2.13.txt"));
    world.finish();
}

/// RFC 5359 2.14: a user who may not call abroad is told so, and nobody is called.
#[test]
fn c19_rfc_5359_2_14_outgoing_calls_are_screened() {
    let mut world = world_of(HOUSE);
    let (minsu, east) = (world.user("minsu"), world.provider("east"));
    east.has_habit(Habit::NoRinging);

    let call = minsu.dials("011 82 2 5550 1234");
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Refused(403)));
    assert_eq!(east.was_called(), 0);
    expect(&world, include_str!("figures/5359-2.14.txt"));
    world.finish();
}

/// RFC 5359 2.15: whoever parks a call transfers it to the orbit and is let go; a third phone takes it there.
/// The house is the park server of the figure: what that does by INVITE with Replaces, it does inside.
#[test]
fn c19_rfc_5359_2_15_call_park() {
    let mut world = world_of(&format!("{HOUSE}\n[orbit.front]\nnumbers = [\"701\", \"709\"]\n"));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().transfers_to("701");
    world.run_for(MOMENT);
    let taking = lobby.dials("701");
    world.run_for(MOMENT);
    assert!(call.packets_heard() > 10 && taking.packets_heard() > 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.15.txt"));
    world.finish();
}

/// RFC 5359 2.16: a call that rings is picked up by INVITE with Replaces; the phone that rings is cancelled.
#[test]
fn c19_rfc_5359_2_16_call_pickup() {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"all\"\n"), 1)
    };
    let mut world = world_of(&["minsu", "lobby"].into_iter().fold(HOUSE.to_owned(), group));
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    minsu.has_habit(Habit::RingsForever);

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let ringing = minsu.legs().pop().unwrap();
    let tags = format!("to-tag={};from-tag={}", ringing.remote_tag.unwrap(), ringing.local_tag);
    let taking = lobby.calls_with("0101", "Replaces", &format!("{};{tags};early-only", ringing.call_id));
    world.run_for(MOMENT);
    assert!(call.packets_heard() > 10 && taking.packets_heard() > 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.16.txt"));
    world.finish();
}

/// RFC 5359 2.17: a busy phone is watched, and called again when its lamp goes out.
#[test]
fn c19_rfc_5359_2_17_automatic_redial() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let other = lobby.dials("0101");
    world.run_for(MOMENT);
    minsu.has_habit(Habit::RefusesWith(486));
    let busy = hana.dials("0101");
    world.run_for(MOMENT);
    assert_eq!(busy.ended(), Some(Ended::Refused(486)));
    let uri = "sip:minsu@contoso.example".to_owned();
    hana.says_outside(Deed::Watch { uri, package: "dialog", seconds: 600 });
    world.run_for(MOMENT);
    minsu.loses_its_habits();
    other.hangs_up();
    world.run_for(MOMENT);
    let again = hana.dials("0101");
    world.run_for(MOMENT);
    assert!(again.is_up_with(&minsu));
    again.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.17.txt"));
    world.finish();
}

/// RFC 5359 2.18: a REFER outside of any call is refused: nobody is called on somebody else's word. What the
/// figure goes on with is a call that the phone makes by itself.
#[test]
fn c19_rfc_5359_2_18_click_to_dial() {
    let mut world = world_of(HOUSE);
    let (minsu, lobby) = (world.user("minsu"), world.user("lobby"));

    let headers = [("Refer-To", "<sip:0102@contoso.example>"), ("Refer-Sub", "false")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    minsu.says_outside(Deed::Say { leg: None, method: "REFER", headers, body: None });
    world.run_for(MOMENT);
    assert_eq!((lobby.was_called(), minsu.was_called()), (0, 0));
    let call = minsu.dials("0102");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&lobby));
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.18.txt"));
    world.finish();
}
