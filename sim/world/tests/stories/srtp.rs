//! Media that is sealed on one side, on both, or should be.

use std::time::Duration;

use actors::{Deed, Ended, Habit, Note};
use call::Sound;
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const ALLOWED: &str = "keys_in_clear = \"allowed\"";

/// Far ends of the simulation speak UDP, where keys can be read: such a house has to allow that.
fn house(trunks: &str, devices: &str) -> String {
    let system = format!("[system]\nmedia = {{ srtp = \"{devices}\", {ALLOWED} }}\n");
    let media = format!("media = {{ srtp = \"{trunks}\", {ALLOWED} }}\n");
    let text = TWO_PROVIDERS.replacen("[system]\n", &system, 1);
    text.replace("[trunk.east]\n", &format!("[trunk.east]\n{media}"))
        .replace("[trunk.west]\n", &format!("[trunk.west]\n{media}"))
}

/// Nobody has to seal anything; the phone and the provider have a habit, or none.
fn optional(phone: Option<Habit>, trunk: Option<Habit>) -> (World, ActorHandle, ActorHandle) {
    let world = World::from_toml(seed(), &house("optional", "optional"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    phone.into_iter().for_each(|habit| _ = hana.has_habit(habit));
    trunk.into_iter().for_each(|habit| _ = east.has_habit(habit));
    (world, hana, east)
}

/// How many packets the phone and the provider have heard.
fn heard(call: &CallHandle, east: &ActorHandle) -> (u64, u64) {
    (call.packets_heard(), east.legs()[0].packets_heard)
}

/// The caller hangs up; what the record says of the sound.
fn over(world: &mut World, call: &CallHandle) -> Sound {
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.records()[0].media.as_deref().copied().unwrap()
}

/// A phone in clear and a provider that takes nothing but SRTP hear each other.
#[test]
fn a20_a_clear_phone_speaks_through_a_trunk_that_requires_srtp() {
    let mut world = World::from_toml(seed(), &house("required", "optional"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Seals);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > 10 && east.legs()[0].packets_heard > 10);
    let sound = over(&mut world, &call);
    assert_eq!((sound.caller.srtp, sound.callee.srtp), (None, Some("AES_CM_128_HMAC_SHA1_80")));
    world.finish();
}

/// Both legs are sealed, each with keys of its own, through holds and re-INVITEs.
#[test]
fn a20_a_sealed_phone_and_a_sealed_trunk_hear_each_other_after_hold_and_resume() {
    let mut world = World::from_toml(seed(), &house("required", "required"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Seals);
    east.has_habit(Habit::Seals);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    call.holds();
    world.run_for(Duration::from_secs(3));
    call.resumes();
    world.run_for(Duration::from_secs(3));
    let before = heard(&call, &east);
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > before.0 + 10 && east.legs()[0].packets_heard > before.1 + 10);
    let sound = over(&mut world, &call);
    assert_eq!((sound.caller.unproven, sound.callee.unproven), (0, 0));
    world.finish();
}

/// As Teams does: the key of a sealed side is another after a re-INVITE, when the numbers of both have
/// wrapped; and a re-INVITE with the same key lets both go on counting.
#[test]
fn b7_a_new_key_in_a_re_invite_keeps_sound_after_numbers_have_wrapped() {
    let mut world = World::from_toml(seed(), &house("required", "required"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    for (far, first) in [(&hana, 65_500), (&east, 65_450)] {
        far.has_habit(Habit::Seals).has_habit(Habit::TellsEach);
        far.with(|profile| (profile.packet_every, profile.counts_from) = (Duration::from_millis(20), first));
    }
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(6));

    for deed in [Deed::Rekey, Deed::ReInvite, Deed::Rekey, Deed::Rekey] {
        east.does(deed);
        world.run_for(Duration::from_secs(2));
        let before = heard(&call, &east);
        world.run_for(Duration::from_secs(2));
        let after = heard(&call, &east);
        assert!(after.0 >= before.0 + 98 && after.1 >= before.1 + 98, "{before:?} {after:?}");
    }
    hana.does(Deed::Rekey);
    world.run_for(Duration::from_secs(2));

    assert!(call.is_up());
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let unopened = |far: &ActorHandle| far.count(|note| matches!(note, Note::Unopened));
    assert!(unopened(&hana) + unopened(&east) < 10, "but for what was on its way");
    let sound = world.records()[0].media.as_ref().unwrap();
    assert!(sound.caller.unproven + sound.callee.unproven < 20, "{sound:?}");
    world.finish();
}

/// Keys beside a line that is called clear are taken by who knows them, and passed over by who does not,
/// either way round: nobody is refused for want of SRTP (RFC 8643).
#[test]
fn e4_keys_beside_clear_media_seal_it_where_they_are_taken() {
    let (sealed, clear) = (Some("AES_CM_128_HMAC_SHA1_80"), None);
    for (phone, trunk, expected) in [
        (None, Some(Habit::SealsIfAsked), (clear, sealed)),
        (Some(Habit::SealsIfTaken), None, (sealed, clear)),
        (Some(Habit::SealsIfTaken), Some(Habit::SealsIfAsked), (sealed, sealed)),
        (None, None, (clear, clear)),
    ] {
        let (mut world, hana, east) = optional(phone, trunk);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(10));

        assert!(call.is_up_with(&east), "{expected:?}");
        assert!(call.packets_heard() > 10 && east.legs()[0].packets_heard > 10, "{expected:?}");
        let sound = over(&mut world, &call);
        assert_eq!((sound.caller.srtp, sound.callee.srtp), expected);
        assert_eq!((sound.caller.unproven, sound.callee.unproven), (0, 0));
        world.finish();
    }
}

/// What was sealed by keys beside a line that is called clear stays so through a hold, and what was not stays
/// in clear (RFC 8643).
#[test]
fn i5_keys_beside_clear_media_stay_through_a_hold_where_they_were_taken() {
    let (sealed, clear) = (Some("AES_CM_128_HMAC_SHA1_80"), None);
    for (phone, trunk, expected) in [
        (None, Some(Habit::SealsIfAsked), (clear, sealed)),
        (Some(Habit::SealsIfTaken), None, (sealed, clear)),
        (Some(Habit::SealsIfTaken), Some(Habit::SealsIfAsked), (sealed, sealed)),
    ] {
        let (mut world, hana, east) = optional(phone, trunk);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(5));
        call.holds();
        world.run_for(Duration::from_secs(5));
        call.resumes();
        world.run_for(Duration::from_secs(2));
        let before = heard(&call, &east);
        world.run_for(Duration::from_secs(5));

        let after = heard(&call, &east);
        assert!(after.0 > before.0 + 10 && after.1 > before.1 + 10, "{expected:?} {before:?} {after:?}");
        let sound = over(&mut world, &call);
        assert_eq!((sound.caller.srtp, sound.callee.srtp), expected);
        assert_eq!((sound.caller.unproven, sound.callee.unproven), (0, 0));
        world.finish();
    }
}

/// Three hours, a hold and a resume every ten minutes, and the sequence numbers begin again on the way: not a
/// packet is refused by who it is for.
#[test]
fn i1_three_hours_with_changes_of_the_session_lose_no_packet() {
    let mut world = World::from_toml(seed(), &house("required", "required"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    for one in [&hana, &east] {
        one.has_habit(Habit::Seals).with(|profile| profile.packet_every = Duration::from_millis(160));
    }

    let call = hana.dials("+1 206 555 0142");
    for _ in 0..18 {
        world.run_for(Duration::from_secs(590));
        call.holds();
        world.run_for(Duration::from_secs(10));
        call.resumes();
    }
    world.run_for(Duration::from_secs(10));

    assert!(call.is_up_with(&east));
    let sound = over(&mut world, &call);
    assert!(sound.caller.packets_in > 66_000 && sound.callee.packets_in > 66_000, "past the roll-over");
    assert_eq!((sound.caller.unproven, sound.callee.unproven), (0, 0));
    let heard = heard(&call, &east);
    assert_eq!(heard, (sound.caller.packets_out, sound.callee.packets_out));
    world.finish();
}

/// A provider that answers "required" in clear is left: 488, an alarm, and not a packet in clear.
#[test]
fn a20_a_downgrade_on_a_trunk_that_requires_srtp_is_488_and_an_alarm() {
    let mut world = World::from_toml(seed(), &house("required", "optional"));
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::AnswersInClear);
    west.has_habit(Habit::AnswersInClear);

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Refused(488)));
    assert_eq!(call.packets_heard(), 0);
    let alarms =
        world.events().iter().filter(|event| matches!(event, switch::Event::MediaUnprotected { .. }));
    assert_eq!(alarms.count(), 1, "it had rung: the other provider is not asked");
    world.finish();
}

/// Keys do not go where others can read them, unless that is allowed: over UDP "optional" stays clear, and
/// "required" is no call.
#[test]
fn a20_keys_are_not_sent_over_readable_signalling() {
    for (srtp, expected) in [("optional", None), ("required", Some(Ended::Refused(488)))] {
        let text = house(srtp, "off").replace(ALLOWED, "keys_in_clear = \"refused\"");
        let mut world = World::from_toml(seed(), &text);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::SealsIfAsked);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(10));

        assert_eq!(call.ended(), expected, "{srtp}");
        world.finish();
    }
}

/// A call for help on a trunk that requires SRTP is heard in clear rather than not at all.
#[test]
fn a20_a_call_for_help_is_not_stopped_by_missing_keys() {
    let text = house("required", "required").replace(ALLOWED, "keys_in_clear = \"refused\"");
    let mut world = World::from_toml(seed(), &text);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::AnswersInClear);

    let call = hana.dials("911");
    world.run_for(Duration::from_secs(10));

    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > 10);
    world.finish();
}
