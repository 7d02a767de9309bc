//! Phones that watch people: lamps and presence follow what is so, whatever the network does.

use std::time::Duration;

use actors::{Deed, Note, Stage};
use pidf::Activity;
use switch::{Command, MOBILE, Notice, Reply, Says};
use world::{ActorHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const SECOND: Duration = Duration::from_secs(1);
const HANA: &str = "sip:0100@10.20.0.1";

/// Hana's mobile is the number that "east" calls from.
fn house() -> String {
    TWO_PROVIDERS.replacen("extension = \"0100\"", "extension = \"0100\"\nmobile = \"+12065550142\"", 1)
}

fn watches(watcher: &ActorHandle, uri: &str, package: &'static str, seconds: u32) {
    watcher.says_outside(Deed::Watch { uri: uri.to_owned(), package, seconds });
}

/// The states and bodies that a watcher was shown, in order.
fn shown(watcher: &ActorHandle, of: &str, wanted: &str) -> Vec<(String, String)> {
    let seen = |note| match note {
        Note::Shown { uri, package, state, body, .. } if uri == of && package == wanted => {
            Some((state, body))
        }
        _ => None,
    };
    watcher.notes().into_iter().filter_map(seen).collect()
}

/// How the lamp stands: the states of all dialogs, in order.
fn lamp(watcher: &ActorHandle, of: &str) -> Vec<String> {
    let (_, body) = shown(watcher, of, "dialog").pop().unwrap_or_default();
    let states = body.split("<state>").skip(1).filter_map(|rest| rest.split('<').next());
    states.map(str::to_owned).collect()
}

fn newest(watcher: &ActorHandle, of: &str) -> String {
    shown(watcher, of, "presence").pop().unwrap_or_default().1
}

#[test]
fn l6_a_lamp_follows_ring_answer_and_end() {
    let mut world = World::from_toml(seed(), &house());
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    hana.answers_after(Duration::from_secs(3));
    watches(&minsu, HANA, "dialog", 600);
    world.run_for(SECOND);
    assert_eq!(shown(&minsu, HANA, "dialog").len(), 1);
    assert!(lamp(&minsu, HANA).is_empty());

    let call = lobby.dials("0100");
    world.run_for(2 * SECOND);
    assert_eq!(lamp(&minsu, HANA), ["early"]);
    world.run_for(3 * SECOND);
    assert!(call.is_up_with(&hana));
    assert_eq!(lamp(&minsu, HANA), ["confirmed"]);
    call.hangs_up();
    world.run_for(SECOND);
    assert!(lamp(&minsu, HANA).is_empty());

    let out = hana.dials("0102");
    world.run_for(5 * SECOND);
    assert_eq!(lamp(&minsu, HANA), ["confirmed"]);
    out.hangs_up();
    world.run_for(Duration::from_secs(3000));
    let states = shown(&minsu, HANA, "dialog");
    assert!(states.iter().all(|(state, _)| state.starts_with("active")), "it was refreshed in time");
    watches(&minsu, HANA, "dialog", 0);
    world.run_for(SECOND);
    assert_eq!(shown(&minsu, HANA, "dialog").pop().unwrap().0, "terminated;reason=timeout");
    world.finish();
}

/// Losses, copies, overtaking: when it is quiet again, the last NOTIFY is the true state; the phone itself
/// objects to any that shows yesterday.
#[test]
fn l6_the_last_notify_is_the_true_state_through_loss_copies_and_reordering() {
    let mut lit = 0;
    for seed in seed()..seed() + 25 {
        let mut world = World::from_toml(seed, &house());
        let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
        hana.answers_after(Duration::from_millis(100 + 150 * (seed % 7)));
        watches(&minsu, HANA, "dialog", 3600);
        world.run_for(SECOND);
        world.links(&minsu, Link::rough(350));

        for turn in 0..6 {
            let call = if turn % 2 == 0 { lobby.dials("0100") } else { hana.dials("0102") };
            world.run_for(Duration::from_millis(300 + 400 * (seed % 5)));
            call.hangs_up();
            world.run_for(Duration::from_millis(50 + 90 * (seed % 4)));
        }
        let last = (seed % 2 == 0).then(|| lobby.dials("0100"));
        world.run_for(Duration::from_secs(40));

        let up = hana.legs().iter().filter(|leg| leg.stage == Stage::Up).count();
        assert_eq!(lamp(&minsu, HANA), vec!["confirmed"; up], "seed {seed}");
        assert_eq!(up, usize::from(last.is_some()), "seed {seed}");
        lit += up;
        world.finish();
    }
    assert!(lit > 5);
}

/// A call that the house carries from the mobile, and one to it; at the other end is somebody else.
#[test]
fn req_c10_a_call_of_the_mobile_is_seen_within_a_second_and_gone_after() {
    for is_inbound in [true, false] {
        let mut world = World::from_toml(seed(), &house());
        let (minsu, lobby, east) = (world.user("minsu"), world.user("lobby"), world.provider("east"));
        watches(&minsu, HANA, "presence", 600);
        world.run_for(SECOND);
        assert!(!newest(&minsu, HANA).contains("on-the-phone"));

        let call = if is_inbound { east.dials("+1 425 555 0102") } else { lobby.dials("+1 206 555 0142") };
        while !call.is_up() {
            world.run_for(Duration::from_millis(20));
            assert!(world.elapsed() < Duration::from_secs(20));
        }
        world.run_for(SECOND);
        let told = newest(&minsu, HANA);
        assert!(told.contains("<rpid:on-the-phone/>"), "inbound {is_inbound}: {told}");
        assert!(told.contains("<dm:note>on a call (mobile)</dm:note>"), "{told}");
        call.hangs_up();
        world.run_for(SECOND);
        assert!(!newest(&minsu, HANA).contains("on-the-phone"));
        world.finish();
    }
}

/// What the carrier of a mobile says of it is a call like any other, though the house carries nothing of it:
/// seen within a second, gone when the carrier says so, and gone by itself when it says nothing more.
#[test]
fn req_c10_what_a_carrier_notices_is_seen_within_a_second_and_gone_after() {
    for is_forgotten in [false, true] {
        let mut world = World::from_toml(seed(), &house());
        let minsu = world.user("minsu");
        watches(&minsu, HANA, "presence", 3600);
        watches(&minsu, HANA, "dialog", 3600);
        world.run_for(SECOND);
        let notices = |world: &mut World, program: &str, activity: Option<Activity>, note: Option<&str>| {
            let lasts = Duration::from_secs(600);
            let says = activity.map(|one| Says { activities: vec![one], note: note.map(Into::into), lasts });
            let notice = Notice { of: "+12065550142".into(), program: program.into(), says };
            let noticed = world.commands(Command::Notice { shard: 0, notice });
            assert_eq!(noticed, Some(Reply::Noticed(Ok("hana".into()))));
            world.run_for(SECOND);
        };

        notices(&mut world, "calendar", Some(Activity::Meeting), Some("budget, until 3"));
        notices(&mut world, MOBILE, Some(Activity::OnThePhone), None);
        let told = newest(&minsu, HANA);
        for words in [
            "<rpid:on-the-phone/>",
            "<dm:note>on a call (mobile)</dm:note>",
            "<rpid:meeting/>",
            "<dm:note>budget, until 3</dm:note>",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert_eq!(lamp(&minsu, HANA), ["confirmed"]);

        match is_forgotten {
            false => notices(&mut world, MOBILE, None, None),
            true => world.run_for(Duration::from_secs(602)),
        }
        let told = newest(&minsu, HANA);
        assert!(!told.contains("on-the-phone") && !told.contains("(mobile)"), "{told}");
        assert_eq!(told.contains("meeting"), !is_forgotten, "{told}");
        assert!(lamp(&minsu, HANA).is_empty());
        world.finish();
    }
}

/// Who is transferred away is in no call any more; who takes over is.
#[test]
fn l6_lamps_follow_a_transfer() {
    let mut world = World::from_toml(seed(), &house());
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    let east = world.provider("east");
    watches(&minsu, HANA, "dialog", 600);
    watches(&minsu, "sip:0102@10.20.0.1", "dialog", 600);
    let call = east.calls_with("+14255550100", "P-Asserted-Identity", "<sip:+12065550177@x.example>");
    world.run_for(6 * SECOND);
    assert!(call.is_up_with(&hana));
    assert!(!lamp(&minsu, HANA).is_empty() && lamp(&minsu, "sip:0102@10.20.0.1").is_empty());

    hana.newest().transfers_to("0102");
    world.run_for(10 * SECOND);
    assert_eq!(lobby.calls_now(), 1);
    assert_eq!(lamp(&minsu, "sip:0102@10.20.0.1"), ["confirmed"]);
    assert_eq!(hana.calls_now(), 0);
    call.hangs_up();
    world.run_for(2 * SECOND);
    assert!(lamp(&minsu, "sip:0102@10.20.0.1").is_empty());
    world.finish();
}

/// A phone that dies watches nothing, and harms nobody; when it returns, its lamp is right again before the
/// hour is over.
#[test]
fn pain_20_a_watcher_that_was_away_sees_what_is_so_when_it_returns() {
    let mut world = World::from_toml(seed(), &house());
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    watches(&minsu, HANA, "dialog", 3600);
    world.run_for(SECOND);
    minsu.dies();
    let call = lobby.dials("0100");
    world.run_for(Duration::from_secs(50));
    assert!(call.is_up_with(&hana) && lamp(&minsu, HANA).is_empty());
    minsu.returns();
    world.run_for(Duration::from_secs(70));
    assert_eq!(lamp(&minsu, HANA), ["confirmed"]);
    call.hangs_up();
    world.run_for(SECOND);
    assert!(lamp(&minsu, HANA).is_empty());
    world.finish();
}

/// RFC 5359 2.16: what the lamp says of a ringing call is enough to pick it up; whoever is in no pickup group
/// with the one who is called sees the lamp alone.
#[test]
fn l6_a_call_is_picked_up_by_what_its_lamp_says() {
    let in_group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"desk\"\n"), 1)
    };
    let both = ["hana", "minsu"].into_iter().fold(house(), in_group);
    for (text, may) in [(both, true), (in_group(house(), "hana"), false)] {
        let mut world = World::from_toml(seed(), &text);
        let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
        hana.has_habit(actors::Habit::RingsForever);
        watches(&minsu, HANA, "dialog", 600);
        world.run_for(SECOND);
        let call = lobby.dials("0100");
        world.run_for(2 * SECOND);
        assert_eq!(lamp(&minsu, HANA), ["early"]);
        let (_, body) = shown(&minsu, HANA, "dialog").pop().unwrap();
        assert_eq!(body.contains("call-id="), may, "{body}");
        if !may {
            call.hangs_up();
            world.finish();
            continue;
        }

        let said = |name: &str| body.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        let (call_id, local, remote) = (said("call-id"), said("local-tag"), said("remote-tag"));
        // RFC 3891 3: the to-tag is that of whoever is asked, which is the far end of the ringing phone.
        let names = format!("{call_id};to-tag={remote};from-tag={local};early-only");
        let taking = minsu.calls_with("0100", "Replaces", &names);
        world.run_for(3 * SECOND);
        assert!(taking.is_up() && call.is_up());
        assert_eq!(hana.calls_now(), 0);
        assert!(lamp(&minsu, HANA).is_empty());
        call.hangs_up();
        world.run_for(SECOND);
        world.finish();
    }
}

/// A trunk that is believed says what waits, unasked; one that is not is not heard.
#[test]
fn l7_a_phone_shows_within_two_seconds_what_waits_in_the_voicemail() {
    let from = "accept = { sources = [\"198.51.100.10\"] }";
    assert!(house().contains(from));
    let believed = "accept = { sources = [\"198.51.100.10\"], message_waiting = true }";
    for is_believed in [true, false] {
        let text = if is_believed { house().replacen(from, believed, 1) } else { house() };
        let mut world = World::from_toml(seed(), &text);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        watches(&hana, HANA, "message-summary", 3600);
        world.run_for(SECOND);
        let waiting = || shown(&hana, HANA, "message-summary").pop().unwrap().1;
        assert_eq!(waiting(), "Messages-Waiting: no\r\n");
        world.links_all(Link::rough(50));

        for count in [1, 2, 0] {
            let status = if count == 0 { "no" } else { "yes" };
            let body = format!(
                "Messages-Waiting: {status}\r\nMessage-Account: sip:0100@vmail.example\r\n\
                 Voice-Message: {count}/3\r\n"
            );
            let headers = vec![
                ("Event".to_owned(), "message-summary".to_owned()),
                ("Subscription-State".to_owned(), "active".to_owned()),
            ];
            east.says_outside(Deed::Say {
                leg: None,
                method: "NOTIFY",
                headers,
                body: Some(("application/simple-message-summary".to_owned(), body.clone())),
            });
            world.run_for(2 * SECOND);
            let seen = if is_believed { body } else { "Messages-Waiting: no\r\n".to_owned() };
            assert_eq!(waiting(), seen);
        }
        world.finish();
    }
}
