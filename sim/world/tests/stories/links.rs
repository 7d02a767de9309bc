//! Lines that calls cross: where one is full, calls take another way; help takes what it needs.

use std::time::Duration;

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);

/// East and west each on a line that carries one call of the dearest codec, and a bit.
fn house() -> String {
    let one = "[link.one]\nkind = \"private\"\nkbps = 100\n";
    let other = "[link.other]\nkind = \"vpn\"\nkbps = 100\n";
    let east = format!("{one}{other}[trunk.east]\nlink = \"one\"\n");
    let text = TWO_PROVIDERS.replace("[trunk.east]\n", &east);
    text.replace("[trunk.west]\n", "[trunk.west]\nlink = \"other\"\n")
}

/// The second call finds the line full and leaves by the other one; the third finds both full and is told
/// so, and the records say why. Who hangs up makes room.
#[test]
fn req_f40_a_full_line_sends_calls_another_way() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let (east, west) = (world.provider("east"), world.provider("west"));

    let first = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    let second = minsu.dials("+1 206 555 0143");
    world.run_for(WHILE);
    let third = lobby.dials("+1 206 555 0144");
    world.run_for(WHILE);

    assert!(first.is_up_with(&east) && second.is_up_with(&west));
    assert_eq!(third.ended(), Some(Ended::Refused(503)));
    first.hangs_up();
    world.run_for(WHILE);
    let fourth = lobby.dials("+1 206 555 0144");
    world.run_for(WHILE);
    assert!(fourth.is_up_with(&east));
    fourth.hangs_up();
    second.hangs_up();
    world.run_for(WHILE);
    let said = |words: &str| world.records().iter().any(|record| format!("{record:?}").contains(words));
    assert!(said("97 of 100 kbps of link one (97 for this call)"));
    world.finish();
}

/// Both lines are full, and a call for help goes out all the same.
#[test]
fn req_f40_a_call_for_help_takes_what_it_needs() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let first = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    let second = minsu.dials("+1 206 555 0143");
    world.run_for(WHILE);

    let help = lobby.dials("911");
    world.run_for(WHILE);

    assert!(help.is_up_with(&east));
    for call in [first, second, help] {
        call.hangs_up();
    }
    world.run_for(WHILE);
    world.finish();
}
