//! Whoever was called for help calls back.

use std::time::Duration;

use actors::{Ended, Habit};
use switch::{Command, HungUp};
use world::World;

use crate::operator::hang_up;
use crate::{TWO_PROVIDERS, seed};

const MINUTE: Duration = Duration::from_secs(60);
const NUMBER: &str = "+1 425 555 0100";
const MARK: &str = "\r\nPriority: psap-callback\r\n";

/// Hana wants to be left alone, and Minsu has her calls meanwhile.
fn house(more: &str) -> String {
    let wish = "[user.hana]\ndo_not_disturb = true\nforward = { busy = { user = \"minsu\" } }\n";
    TWO_PROVIDERS.replacen("[user.hana]\n", wish, 1).replacen("[system]\n", &format!("[system]\n{more}"), 1)
}

/// The call for help has ended, and half an hour counts from there; whoever calls back comes by the other
/// provider. An apply in between changes nothing.
#[test]
fn m8_a_call_back_within_the_window_skips_do_not_disturb_and_forwarding() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    let (east, west) = (world.provider("east"), world.provider("west"));
    let before = west.dials(NUMBER);
    world.run_until_quiet();
    assert!(before.is_up_with(&minsu), "nobody called for help");
    before.hangs_up();
    world.run_until_quiet();

    let help = hana.dials("911");
    world.run_until_quiet();
    assert!(help.is_up_with(&east));
    world.run_for(40 * MINUTE);
    help.hangs_up();
    world.run_for(20 * MINUTE);
    world.adopts(&house("area_code = \"425\"\n").replacen("area_code = \"425\"\n", "", 1));
    world.run_for(9 * MINUTE);
    let back = west.dials(NUMBER);
    world.run_until_quiet();
    assert!(back.is_up_with(&hana));
    let told = world.captured(&hana).into_iter().rfind(|text| text.starts_with("INVITE "));
    assert!(told.is_some_and(|text| text.contains(MARK)));
    back.hangs_up();
    world.run_for(2 * MINUTE);

    let late = west.dials(NUMBER);
    world.run_until_quiet();
    assert!(late.is_up_with(&minsu), "the window is over");
    let all = world.captured(&minsu).into_iter().chain(world.captured(&east));
    assert_eq!(all.filter(|text| text.contains(MARK)).count(), 0);
    late.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// The call for help breaks off before anybody says so, and the trunk has no room but for one call: who calls
/// back gets through, and colleagues still do not.
#[test]
fn m8_a_call_back_comes_while_the_call_for_help_hangs_and_no_limit_holds_it_up() {
    let text = house("").replace("limits = { calls = 40 }", "limits = { calls = 1 }");
    let mut world = World::from_toml(seed(), &text);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let (east, west) = (world.provider("east"), world.provider("west"));
    let help = hana.dials("911");
    world.run_until_quiet();
    assert!(help.is_up_with(&east));
    let full = west.dials("+1 425 555 0102");
    world.run_until_quiet();
    assert!(full.is_up_with(&lobby));

    let back = west.dials(NUMBER);
    world.run_until_quiet();
    assert!(back.is_up_with(&hana));
    let colleague = lobby.dials("0100");
    world.run_until_quiet();
    assert!(colleague.is_up_with(&minsu), "her wish holds for colleagues");
    for call in [help, full, back, colleague] {
        call.hangs_up();
    }
    world.run_until_quiet();
    world.finish();
}

/// The house takes no calls any more, for a while and then for good: who calls back gets through, and is not
/// hung up by an operator.
#[test]
fn m8_a_call_back_gets_through_to_a_house_that_takes_no_calls() {
    for command in [Command::Drain, Command::Leave] {
        let mut world = World::from_toml(seed(), &house(""));
        let (hana, west) = (world.user("hana"), world.provider("west"));
        let help = hana.dials("911");
        world.run_until_quiet();
        help.hangs_up();
        world.run_until_quiet();

        world.commands(command.clone());
        let (back, other) = (west.dials(NUMBER), west.dials("+1 425 555 0102"));
        world.run_until_quiet();

        assert!(back.is_up_with(&hana), "{command:?}");
        assert_eq!(other.ended(), Some(Ended::Refused(503)), "{command:?}");
        assert_eq!(hang_up(&mut world, ""), HungUp::ForHelp, "{command:?}");
        back.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// Who was called back and does not answer is sent on to nobody.
#[test]
fn m8_a_call_back_that_nobody_answers_goes_to_no_mailbox() {
    let wish = "[user.hana]\nforward = { no_answer = { user = \"minsu\" }, after = \"5s\" }\n";
    let mut world = World::from_toml(seed(), &TWO_PROVIDERS.replacen("[user.hana]\n", wish, 1));
    let (hana, minsu, west) = (world.user("hana"), world.user("minsu"), world.provider("west"));
    let help = hana.dials("911");
    world.run_until_quiet();
    help.hangs_up();
    world.run_until_quiet();
    hana.has_habit(Habit::RingsForever);

    let back = west.dials(NUMBER);
    world.run_for(Duration::from_secs(30));

    assert_eq!((hana.was_called(), minsu.was_called(), back.ended()), (1, 0, None), "it rings on");
    back.hangs_up();
    world.run_until_quiet();
    world.finish();
}
