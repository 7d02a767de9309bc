//! Calls that are sent on: always, when busy, unanswered or unreachable; numbers that ring along; and those
//! who do not want to be called.

use std::time::Duration;

use actors::{Ended, Habit};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(6);

/// The house, where minsu and hana say this of their calls.
fn house(minsu: &str, hana: &str) -> String {
    let text = TWO_PROVIDERS.replacen("[user.minsu]\n", &format!("[user.minsu]\n{minsu}\n"), 1);
    text.replacen("[user.hana]\n", &format!("[user.hana]\n{hana}\n"), 1)
}

/// The last INVITE that somebody was sent.
fn invited(world: &World, who: &ActorHandle) -> String {
    world.captured(who).into_iter().rfind(|text| text.starts_with("INVITE ")).unwrap_or_default()
}

fn lines_of(text: &str, name: &str) -> Vec<String> {
    let wanted = format!("{name}: ");
    text.lines().filter_map(|line| line.strip_prefix(&wanted)).map(str::to_owned).collect()
}

/// Every call goes to a colleague, who sees who called first, and who sent it on.
#[test]
fn req_f44_every_call_is_sent_on_to_a_colleague() {
    let mut world = World::from_toml(seed(), &house("forward = { always = { user = \"hana\" } }", ""));
    world.captures();
    let (east, minsu, hana) = (world.provider("east"), world.user("minsu"), world.user("hana"));

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&hana));
    assert_eq!(minsu.was_called(), 0);
    let invite = invited(&world, &hana);
    assert!(lines_of(&invite, "From")[0].contains("+12065550142"), "{invite}");
    let diversion = &lines_of(&invite, "Diversion")[0];
    assert!(diversion.contains("+14255550101") && diversion.contains("reason=unconditional"), "{diversion}");
    call.hangs_up();
    world.run_for(WHILE);
    assert_eq!(world.records()[0].to_e164.as_deref(), Some("+14255550101"));
    assert_eq!(world.records()[0].attempts[0].callee, "user hana");
    world.finish();
}

/// The cause of each forward, and the original caller in From, as the trunk wants to be told (RFC 7544).
#[test]
fn a11_a_forward_over_a_trunk_keeps_the_caller_and_says_why() {
    let number = "{ number = \"+12065550199\" }";
    let rows = [
        (format!("forward = {{ always = {number} }}"), None, "unconditional", 302),
        (format!("forward = {{ busy = {number} }}"), Some(Habit::RefusesWith(486)), "user-busy", 486),
        (
            format!("forward = {{ no_answer = {number}, after = \"5s\" }}"),
            Some(Habit::RingsForever),
            "no-answer",
            408,
        ),
        (format!("forward = {{ unreachable = {number} }}"), Some(Habit::Silent), "unavailable", 503),
    ];
    for (forward, habit, word, cause) in rows {
        for style in ["diversion", "history-info"] {
            let told = format!("[trunk.east]\nidentity = {{ diversion = \"{style}\" }}\n");
            let house = house(&forward, "").replacen("[trunk.east]\n", &told, 1);
            let mut world = World::from_toml(seed(), &house);
            world.captures();
            let (east, west, minsu) = (world.provider("east"), world.provider("west"), world.user("minsu"));
            if let Some(habit) = habit {
                minsu.has_habit(habit);
            }

            let call = west.dials("+1 425 555 0101");
            world.run_for(Duration::from_secs(14));

            assert!(call.is_up_with(&east), "{forward}: {:?}", call.ended());
            let invite = invited(&world, &east);
            assert!(invite.starts_with("INVITE sip:+12065550199@"), "{invite}");
            assert!(lines_of(&invite, "From")[0].contains("+12065550142"), "{invite}");
            match style {
                "diversion" => {
                    let value = &lines_of(&invite, "Diversion")[0];
                    assert!(value.contains("sip:+14255550101@"), "{value}");
                    assert!(value.contains(&format!(";reason={word}")), "{value}");
                }
                _ => {
                    let values = lines_of(&invite, "History-Info");
                    assert!(
                        values[0].contains("+14255550101") && values[0].contains("index=1"),
                        "{values:?}"
                    );
                    assert!(values[1].contains(&format!("cause={cause}")), "{values:?}");
                }
            }
            world.finish();
        }
    }
}

/// From one to the next: both stand in the history, the last one first.
#[test]
fn a11_two_hops() {
    let minsu = "forward = { busy = { user = \"hana\" } }";
    let hana = "forward = { no_answer = { number = \"+12065550199\" }, after = \"5s\" }";
    let mut world = World::from_toml(seed(), &house(minsu, hana));
    world.captures();
    let (east, west) = (world.provider("east"), world.provider("west"));
    world.user("minsu").answers_every_invite_with(486);
    world.user("hana").has_habit(Habit::RingsForever);

    let call = west.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(14));

    assert!(call.is_up_with(&east));
    let told = lines_of(&invited(&world, &east), "Diversion").join(", ");
    let (last, first) = (told.find("+14255550100").unwrap(), told.find("+14255550101").unwrap());
    assert!(last < first, "{told}");
    assert!(told.contains("no-answer") && told.contains("user-busy"), "{told}");
    call.hangs_up();
    world.run_for(WHILE);
    let record = &world.records()[0];
    let callees: Vec<&str> = record.attempts.iter().map(|attempt| attempt.callee.as_str()).collect();
    assert_eq!(callees, ["user minsu", "user hana", "trunk east"]);
    world.finish();
}

/// Forwards that lead back: the caller hears so at once, and nothing goes round.
#[test]
fn c4_forwards_that_lead_back_end_with_a_refusal() {
    let always = |to: &str| format!("forward = {{ always = {to} }}");
    let outside = "{ number = \"+12065550199\" }";
    for (minsu, hana, diverted) in [
        (always("{ user = \"hana\" }"), always("{ user = \"minsu\" }"), None),
        (always(outside), String::new(), Some("<sip:+14255550101@contoso.example>;reason=unconditional")),
    ] {
        let mut world = World::from_toml(seed(), &house(&minsu, &hana));
        let west = world.provider("west");

        let call = match diverted {
            None => west.dials("+1 425 555 0101"),
            Some(value) => west.calls_with("+14255550101", "Diversion", value),
        };
        world.run_for(WHILE);

        assert_eq!(call.ended(), Some(Ended::Refused(482)));
        assert_eq!(world.records()[0].verdict, "TD-R207");
        assert_eq!(world.provider("east").was_called(), 0);
        world.finish();
    }
}

/// A forward is a call of whoever forwards: what they may not call, nobody is sent to.
#[test]
fn req_f44_a_forward_goes_as_far_as_the_rights_of_whoever_forwards() {
    let abroad = "{ number = \"+82255501234\" }";
    for (forward, heard, verdict) in [
        (format!("forward = {{ always = {abroad} }}"), 403, "TD-R301"),
        (format!("forward = {{ busy = {abroad} }}"), 486, "TD-E101"),
    ] {
        let mut world = World::from_toml(seed(), &house(&forward, ""));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        world.user("minsu").answers_every_invite_with(486);

        let call = hana.dials("0101");
        world.run_for(WHILE);

        assert_eq!(call.ended(), Some(Ended::Refused(heard)));
        assert_eq!(world.records()[0].verdict, verdict);
        assert_eq!(east.was_called(), 0);
        world.finish();
    }
}

/// Do not disturb: nothing rings but the private number; what is sent on when busy is sent on.
/// Proves: F-71.
#[test]
fn req_f49_the_private_number_rings_through_do_not_disturb() {
    let private = "do_not_disturb = true\nprivate_number = \"+14255550191\"";
    let mut world = World::from_toml(seed(), &house(private, ""));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));

    let usual = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert_eq!((usual.ended(), minsu.was_called()), (Some(Ended::Refused(480)), 0));
    assert_eq!(world.records()[0].verdict, "TD-R205");
    let call = east.dials("+1 425 555 0191");
    world.run_for(WHILE);

    assert!(call.is_up_with(&minsu));
    call.hangs_up();
    world.run_for(WHILE);
    let private: Vec<bool> = world.records().iter().map(|record| record.private_line).collect();
    assert_eq!(private, [false, true], "the record says so");
    world.finish();

    let sent_on = "do_not_disturb = true\nforward = { busy = { user = \"hana\" } }";
    let mut world = World::from_toml(seed(), &house(sent_on, ""));
    let (east, hana) = (world.provider("east"), world.user("hana"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&hana));
    world.finish();
}

/// Who hides is not put through; who merely has no number is.
#[test]
fn c1_calls_of_people_who_hide_are_refused_where_the_user_wants_it() {
    let mut world = World::from_toml(seed(), &house("anonymous_calls = \"refused\"", ""));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));

    let hidden = east.calls_with("+14255550101", "Privacy", "id");
    world.run_for(WHILE);
    assert_eq!((hidden.ended(), minsu.was_called()), (Some(Ended::Refused(433)), 0));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&minsu));
    world.finish();
}

/// The mobile rings along with the desk phone, over the trunk: whichever answers has the call.
/// Proves: F-55.
#[test]
fn b10_a_mobile_rings_along_and_sees_who_calls() {
    for mobile_answers in [false, true] {
        let also = "also = [{ number = \"+12065550199\" }]";
        let mut world = World::from_toml(seed(), &house(also, ""));
        world.captures();
        let (east, west, minsu) = (world.provider("east"), world.provider("west"), world.user("minsu"));
        let (first, last) = if mobile_answers { (&east, &minsu) } else { (&minsu, &east) };
        first.answers_after(Duration::from_secs(2));
        last.answers_after(Duration::from_secs(20));

        let call = west.dials("+1 425 555 0101");
        world.run_for(WHILE);

        assert!(call.is_up_with(first), "the mobile: {mobile_answers}");
        assert_eq!(last.calls_now(), 0);
        let invite = invited(&world, &east);
        assert!(lines_of(&invite, "From")[0].contains("+12065550142"), "{invite}");
        assert!(lines_of(&invite, "Diversion")[0].contains("follow-me"), "{invite}");
        let cancel = world.captured(last).into_iter().find(|text| text.starts_with("CANCEL "));
        assert!(cancel.is_some_and(|text| text.contains("Call completed elsewhere")));
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(world.records().len(), 1);
        world.finish();
    }
}

/// A mobile that is off: its carrier's mailbox answers at once, before anybody could. It is let go, the desk
/// phone rings on; unanswered, the call goes where the user wants it. Who answers later is a person.
#[test]
fn req_f45_a_carriers_mailbox_is_no_answer() {
    let also = "also = [{ number = \"+12065550199\" }]\nvoicemail_escape = \"1500ms\"\n\
                forward = { no_answer = { user = \"hana\" }, after = \"10s\" }";
    for (mobile_ms, desk_s, meant) in [(300, 4, "minsu"), (300, 60, "hana"), (2_500, 4, "east")] {
        let mut world = World::from_toml(seed(), &house(also, ""));
        let (east, west, minsu) = (world.provider("east"), world.provider("west"), world.user("minsu"));
        east.answers_after(Duration::from_millis(mobile_ms));
        minsu.answers_after(Duration::from_secs(desk_s));

        let call = west.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(14));

        let who = if meant == "east" { east.clone() } else { world.user(meant) };
        assert!(call.is_up_with(&who), "{mobile_ms} ms, {desk_s} s: {:?}", call.notes());
        assert_eq!(east.calls_now(), usize::from(meant == "east"));
        call.hangs_up();
        world.run_for(WHILE);
        let record = &world.records()[0];
        let mailbox =
            record.attempts.iter().filter(|attempt| attempt.cause.contains("its carrier's mailbox"));
        assert_eq!(mailbox.count(), usize::from(mobile_ms == 300), "{:?}", record.attempts);
        world.finish();
    }
}

/// Where nothing is said of it, whoever answers has the call.
#[test]
fn req_f45_nobody_answers_too_soon_unless_somebody_says_so() {
    let mut world = World::from_toml(seed(), &house("also = [{ number = \"+12065550199\" }]", ""));
    let (east, west, minsu) = (world.provider("east"), world.provider("west"), world.user("minsu"));
    east.answers_after(Duration::from_millis(300));
    minsu.answers_after(Duration::from_secs(4));

    let call = west.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// The first way to the mobile fails: the next one takes its place, and the desk phone rings on.
#[test]
fn req_f44_what_rings_along_fails_over_by_itself() {
    let also = "also = [{ number = \"+12065550199\" }]";
    let mut world = World::from_toml(seed(), &house(also, ""));
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    world.user("minsu").has_habit(Habit::RingsForever);
    east.answers_every_invite_with(503);
    west.answers_after(Duration::from_secs(3));

    let call = hana.dials("0101");
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up_with(&west));
    assert_eq!(world.user("minsu").was_called(), 1);
    world.finish();
}

/// A delegate rings along with the boss, and the boss's forward holds if neither answers.
#[test]
fn req_f44_a_delegate_rings_along() {
    let boss = "also = [{ user = \"hana\" }]\n\
                forward = { no_answer = { user = \"lobby\" }, after = \"5s\" }";
    for somebody_answers in [true, false] {
        let mut world = World::from_toml(seed(), &house(boss, ""));
        let (east, minsu, hana) = (world.provider("east"), world.user("minsu"), world.user("hana"));
        minsu.has_habit(Habit::RingsForever);
        if !somebody_answers {
            hana.has_habit(Habit::RingsForever);
        }

        let call = east.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(9));

        let taker = if somebody_answers { hana } else { world.user("lobby") };
        assert!(call.is_up_with(&taker), "{somebody_answers}");
        world.finish();
    }
}

/// A team is a user without phones: its members ring in turn, and who is busy or not there is passed over.
#[test]
fn req_f52_a_hunt_group_goes_from_one_to_the_next() {
    for (answers, taker) in [([486, 0], "hana"), ([0, 0], "minsu"), ([486, 480], "lobby")] {
        let mut world = World::from_toml(seed(), &team("in-turn"));
        let east = world.provider("east");
        for (member, answer) in ["minsu", "hana"].iter().zip(answers) {
            if answer > 0 {
                world.user(member).answers_every_invite_with(answer);
            }
        }

        let call = east.dials("+1 425 555 0110");
        world.run_for(WHILE);

        assert!(call.is_up_with(&world.user(taker)), "{answers:?}");
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(world.records().len(), 1);
        assert_eq!(world.records()[0].to_e164.as_deref(), Some("+14255550110"));
        world.finish();
    }
}

/// Nobody of a team takes the call in time: it goes on to whoever is behind them.
#[test]
fn req_f52_a_group_overflows_after_a_time() {
    for ring in ["in-turn", "together"] {
        let mut world = World::from_toml(seed(), &team(ring));
        let (east, minsu, hana) = (world.provider("east"), world.user("minsu"), world.user("hana"));
        minsu.has_habit(Habit::RingsForever);
        hana.has_habit(Habit::RingsForever);

        let call = east.dials("+1 425 555 0110");
        world.run_for(Duration::from_secs(3));
        assert_eq!((minsu.was_called(), hana.was_called()), (1, usize::from(ring == "together")));
        world.run_for(Duration::from_secs(11));

        assert!(call.is_up_with(&world.user("lobby")), "{ring}");
        assert_eq!((minsu.was_called(), hana.was_called()), (1, 1));
        world.finish();
    }
}

/// Minsu and hana are the team; behind them is the lobby.
fn team(ring: &str) -> String {
    let behind = "{ user = \"lobby\" }";
    house("", "")
        + &format!(
            "\n[user.team]\nnumber = \"+14255550110\"\nring = \"{ring}\"\n\
             also = [{{ user = \"minsu\" }}, {{ user = \"hana\" }}]\n\
             forward = {{ busy = {behind}, no_answer = {behind}, unreachable = {behind}, after = \"5s\" }}\n"
        )
}

/// Whoever calls for help calls for help, whatever they wish about calls of others.
#[test]
fn req_f44_a_call_for_help_is_never_sent_on_or_refused() {
    let quiet = "do_not_disturb = true\nanonymous_calls = \"refused\"\n\
                 forward = { always = { user = \"hana\" } }";
    let mut world = World::from_toml(seed(), &house(quiet, ""));
    let (minsu, east) = (world.user("minsu"), world.provider("east"));

    let help = minsu.calls_with("911", "Privacy", "id");
    world.run_for(WHILE);

    assert!(help.is_up_with(&east));
    assert_eq!(world.user("hana").was_called(), 0);
    help.hangs_up();
    world.run_for(WHILE);
    assert!(world.records()[0].emergency);
    world.finish();
}

/// Whatever gets lost: one call, one record, and nobody is left ringing.
#[test]
fn req_f44_forwards_over_lossy_links_leave_nothing_behind() {
    let minsu = "also = [{ number = \"+12065550199\" }]\n\
                 forward = { no_answer = { user = \"hana\" }, after = \"5s\" }";
    for seed in seed()..seed() + 10 {
        let mut world = World::from_toml(seed, &house(minsu, ""));
        world.links_all(world::Link { loss: 150, ..world::Link::default() });
        let west = world.provider("west");
        world.user("minsu").has_habit(Habit::RingsForever);
        world.provider("east").has_habit(Habit::RingsForever);

        let call = west.dials("+1 425 555 0101");
        world.run_for(Duration::from_secs(30));
        call.hangs_up();
        world.run_for(WHILE);

        world.finish();
    }
}
