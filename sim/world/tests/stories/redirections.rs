//! 3xx: whoever is called sends the call elsewhere, as far as they may.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);

fn invited(world: &World, who: &ActorHandle) -> String {
    world.captured(who).into_iter().rfind(|text| text.starts_with("INVITE ")).unwrap_or_default()
}

fn line_of(text: &str, name: &str) -> String {
    let wanted = format!("{name}: ");
    text.lines().find_map(|line| line.strip_prefix(&wanted)).unwrap_or_default().to_owned()
}

/// The house, with this in the call rules of a trunk.
fn with_rule(trunk: &str, rule: &str) -> String {
    let head = format!("[trunk.{trunk}]\n");
    TWO_PROVIDERS.replacen(&head, &format!("{head}call = {{ redirect = \"{rule}\" }}\n"), 1)
}

/// A phone's 302 is a forward of its user: the first caller is shown, and who sent it on, and why.
#[test]
fn a11_a_phones_302_is_a_forward_of_its_user() {
    let deflects = Habit::DeflectsTo("<tel:+1-206-555-0199>");
    let elsewhere = Habit::RedirectsTo(302, "<sip:912065550199@10.20.0.1>");
    let moved = Habit::RedirectsTo(301, "<sip:+12065550199@contoso.example;user=phone>;expires=60");
    for (habit, word, cause) in
        [(deflects, "deflection", 480), (elsewhere, "unconditional", 302), (moved, "unconditional", 302)]
    {
        for style in ["diversion", "history-info"] {
            let told = format!("[trunk.east]\nidentity = {{ diversion = \"{style}\" }}\n");
            let house = TWO_PROVIDERS.replacen("[trunk.east]\n", &told, 1);
            let mut world = World::from_toml(seed(), &house);
            world.captures();
            let (east, west, minsu) = (world.provider("east"), world.provider("west"), world.user("minsu"));
            minsu.has_habit(habit);

            let call = west.dials("+1 425 555 0101");
            world.run_for(WHILE);

            assert!(call.is_up_with(&east), "{habit:?}: {:?}", call.ended());
            let invite = invited(&world, &east);
            assert!(invite.starts_with("INVITE sip:+12065550199@"), "{invite}");
            assert!(line_of(&invite, "From").contains("+12065550142"), "{invite}");
            if style == "diversion" {
                let value = line_of(&invite, "Diversion");
                assert!(value.contains("sip:+14255550101@"), "{value}");
                assert!(value.contains(&format!(";reason={word}")), "{value}");
            } else {
                assert!(invite.contains("+14255550101@") && invite.contains("index=1"), "{invite}");
                assert!(invite.contains(&format!("cause={cause}")), "{invite}");
            }
            call.hangs_up();
            world.run_for(WHILE);
            let record = &world.records()[0];
            assert_eq!((world.records().len(), record.to_e164.as_deref()), (1, Some("+14255550101")));
            assert!(record.trail.to_string().contains("sent on to"), "{}", record.trail);
            world.finish();
        }
    }
}

/// What the user may not call, their phone sends nobody to: not abroad, not to 911, not to a host.
#[test]
fn req_f44_a_phones_302_goes_as_far_as_the_rights_of_its_user() {
    for contact in
        ["<sip:+82255501234@contoso.example>", "<sip:911@10.20.0.1>", "<sip:x@evil.example>", "junk"]
    {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        world.user("minsu").has_habit(Habit::RedirectsTo(302, contact));

        let call = hana.dials("0101");
        world.run_for(WHILE);

        assert_eq!(call.ended(), Some(Ended::Refused(480)), "{contact}");
        assert_eq!(east.was_called() + world.provider("west").was_called(), 0);
        let words = format!("{:?}", world.records()[0].attempts);
        assert!(words.contains("its redirection is not followed"), "{words}");
        world.finish();
    }
}

/// The house may keep phones from it; then the user's own forward holds.
#[test]
fn req_f44_a_house_may_follow_no_phone() {
    let house = TWO_PROVIDERS.replacen("[system]\n", "[system]\nredirect = \"refuse\"\n", 1).replacen(
        "[user.minsu]\n",
        "[user.minsu]\nforward = { unreachable = { user = \"lobby\" } }\n",
        1,
    );
    let mut world = World::from_toml(seed(), &house);
    let (west, east) = (world.provider("west"), world.provider("east"));
    world.user("minsu").has_habit(Habit::RedirectsTo(302, "<sip:+12065550199@contoso.example>"));

    let call = west.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&world.user("lobby")));
    assert_eq!(east.was_called(), 0);
    world.finish();
}

/// Several places: the one with the highest q first, then the next; what may not be called is left out.
#[test]
fn a11_several_places_are_tried_in_the_order_of_their_q() {
    let contacts = "<sip:0102@h>;q=0.2, <sip:+82255501234@h>;q=0.9, <sip:0100@h>;q=0.5";
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, hana, lobby) = (world.provider("east"), world.user("hana"), world.user("lobby"));
    world.user("minsu").has_habit(Habit::RedirectsTo(300, contacts));
    hana.answers_every_invite_with(480);

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&lobby), "{:?}", call.ended());
    call.hangs_up();
    world.run_for(WHILE);
    let attempts = &world.records()[0].attempts;
    let callees: Vec<&str> = attempts.iter().map(|attempt| attempt.callee.as_str()).collect();
    assert_eq!(callees, ["user minsu", "user hana", "user lobby"]);
    assert_eq!(attempts.iter().map(|one| one.redirected).collect::<Vec<_>>(), [false, true, true]);
    world.finish();
}

/// From one to the other and back, by phones or by a provider: it ends, and nobody is called twice.
#[test]
fn c4_redirections_that_lead_back_end() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, minsu, hana) = (world.provider("east"), world.user("minsu"), world.user("hana"));
    minsu.has_habit(Habit::RedirectsTo(302, "<sip:0100@h>"));
    hana.has_habit(Habit::DeflectsTo("<sip:+14255550101@h>"));

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(matches!(call.ended(), Some(Ended::Refused(480))), "{:?}", call.ended());
    assert_eq!((minsu.was_called(), hana.was_called()), (1, 1));
    world.finish();

    let mut world = World::from_toml(seed(), &with_rule("east", "inside"));
    let (east, hana) = (world.provider("east"), world.user("hana"));
    east.has_habit(Habit::RedirectsTo(302, "<sip:+12065550199@198.51.100.10>"));
    let call = hana.dials("+1 206 555 0199");
    world.run_for(WHILE);
    assert_eq!((call.ended(), east.was_called()), (Some(Ended::Refused(480)), 1));
    world.finish();
}

/// A provider's 302 leads nowhere unless its trunk says so; then by the rights of whoever called.
#[test]
fn a11_a_providers_302_is_followed_where_its_trunk_says_so() {
    let abroad = "<sip:+82255501234@198.51.100.10>";
    let near = "<sip:+14255550102@198.51.100.10>";
    for (rule, caller, contact, reaches) in [
        ("refuse", "hana", near, None),
        ("inside", "hana", near, Some("lobby")),
        ("inside", "minsu", abroad, None),
        ("inside", "hana", abroad, Some("east")),
        ("pass", "hana", near, None),
    ] {
        let mut world = World::from_toml(seed(), &with_rule("east", rule));
        let (east, user) = (world.provider("east"), world.user(caller));
        east.has_habit(Habit::RedirectsTo(302, contact));

        let call = user.dials("+1 206 555 0199");
        world.run_for(Duration::from_millis(300));
        east.loses_its_habits();
        world.run_for(WHILE);

        match reaches {
            Some("lobby") => assert!(call.is_up_with(&world.user("lobby")), "{:?}", call.ended()),
            Some(_) => {
                assert_eq!(east.was_called_as().last().unwrap(), "sip:+82255501234@198.51.100.10:5060")
            }
            None => assert_eq!(call.ended(), Some(Ended::Refused(480)), "{rule} {caller}"),
        }
        world.finish();
    }
}

/// The provider carries it out itself: it hears where the phone sends the call, if that may be.
#[test]
fn a11_a_phones_302_is_passed_to_the_provider_that_the_call_came_from() {
    let near = "<sip:912065550199@10.20.0.1>";
    for (contact, heard, verdict) in [(near, 302, "TD-E004"), ("<sip:+82255501234@h>", 480, "TD-E104")] {
        let mut world = World::from_toml(seed(), &with_rule("west", "pass"));
        world.captures();
        let (east, west) = (world.provider("east"), world.provider("west"));
        world.user("minsu").has_habit(Habit::RedirectsTo(302, contact));

        let call = west.dials("+1 425 555 0101");
        world.run_for(WHILE);

        assert_eq!(call.ended(), Some(Ended::Refused(heard)));
        assert_eq!((east.was_called(), &*world.records()[0].verdict), (0, verdict));
        if heard == 302 {
            let told =
                world.captured(&west).into_iter().find(|text| text.starts_with("SIP/2.0 302")).unwrap();
            assert_eq!(line_of(&told, "Contact"), "<sip:+12065550199@203.0.113.20:5060>");
        }
        world.finish();
    }
}

/// A call for help goes where the documents say, whatever a trunk answers.
#[test]
fn a11_a_call_for_help_follows_no_redirection() {
    for status in [300, 301, 302, 305, 380] {
        let mut world = World::from_toml(seed(), &with_rule("east", "inside"));
        let (minsu, east, west) = (world.user("minsu"), world.provider("east"), world.provider("west"));
        east.has_habit(Habit::RedirectsTo(status, "<sip:+14255550102@198.51.100.10>"));

        let help = minsu.dials("911");
        world.run_for(WHILE);

        assert!(help.is_up_with(&west), "{status}");
        assert_eq!((east.was_called(), world.user("lobby").was_called()), (1, 0));
        world.finish();
    }
}

/// One of several phones sends the call elsewhere: the others ring on, and the first that answers has it.
#[test]
fn req_f44_one_of_several_phones_redirects_and_the_others_ring_on() {
    let one = "devices = [{ contact = \"sip:minsu@10.20.0.32:5060\" }]";
    let two = "devices = [{ contact = \"sip:minsu@10.20.0.32:5060\" }, \
               { contact = \"sip:minsu@10.20.0.33:5060\" }]";
    let house = TWO_PROVIDERS.replacen(one, two, 1);
    for mobile_answers in [true, false] {
        let mut world = World::from_toml(seed(), &house);
        let (east, west) = (world.provider("east"), world.provider("west"));
        let (desk, other) = (world.user("minsu"), world.user("minsu-2"));
        desk.has_habit(Habit::RedirectsTo(302, "<sip:+12065550199@h>"));
        let (first, last) = if mobile_answers { (&east, &other) } else { (&other, &east) };
        first.answers_after(Duration::from_secs(3));
        last.answers_after(Duration::from_secs(30));

        let call = west.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(2));
        assert_eq!((other.was_called(), east.was_called()), (1, 1));
        world.run_for(WHILE);

        assert!(call.is_up_with(first), "{mobile_answers}: {:?}", call.ended());
        assert_eq!(last.calls_now(), 0);
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(world.records().len(), 1);
        world.finish();
    }
}

/// The whole team is tried where a phone sends a call to: together, with the team's own forwards.
#[test]
fn req_f44_a_phone_may_redirect_to_a_team() {
    let team = "\n[user.team]\nextension = \"0110\"\nalso = [{ user = \"hana\" }, { user = \"lobby\" }]\n";
    let mut world = World::from_toml(seed(), &format!("{TWO_PROVIDERS}{team}"));
    let (east, hana, lobby) = (world.provider("east"), world.user("hana"), world.user("lobby"));
    world.user("minsu").has_habit(Habit::DeflectsTo("<sip:0110@h>"));
    hana.has_habit(Habit::RingsForever);
    lobby.answers_after(Duration::from_secs(2));

    let call = east.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(12));

    assert!(call.is_up_with(&lobby), "{:?}", call.ended());
    assert_eq!(hana.was_called(), 1);
    assert_eq!(hana.count(|note| matches!(note, Note::Ended(Ended::Cancelled))), 1);
    world.finish();
}

/// Whatever gets lost: one call, one record, and nobody is left ringing.
#[test]
fn req_f44_redirections_over_lossy_links_leave_nothing_behind() {
    for seed in seed()..seed() + 10 {
        let mut world = World::from_toml(seed, TWO_PROVIDERS);
        world.links_all(world::Link { loss: 150, ..world::Link::default() });
        let west = world.provider("west");
        world.user("minsu").has_habit(Habit::DeflectsTo("<sip:0100@h>, <sip:0102@h>;q=0.1"));
        world.user("hana").has_habit(Habit::RedirectsTo(302, "<sip:+12065550199@h>"));
        world.provider("east").has_habit(Habit::RingsForever);

        let call = west.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(30));
        call.hangs_up();
        world.run_for(WHILE);

        world.finish();
    }
}
