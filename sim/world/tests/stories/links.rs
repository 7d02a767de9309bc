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

/// Hana at one site, the lobby at another, each with a limit; so have both trunks.
fn sites() -> String {
    let seattle = "[site.seattle]\nsubnets = [\"10.20.0.40/32\"]\nmedia = { max_calls = 20 }\n[trunk.east]\n";
    let text = TWO_PROVIDERS.replace("[site.redmond]\n", "[site.redmond]\nmedia = { max_calls = 20 }\n");
    let text = text.replace("[trunk.east]\n", seattle);
    let lobby = "[user.lobby]\nallow = [\"internal\", \"national\"]\nsite = \"seattle\"\n";
    text.replace("[user.lobby]\nsite = \"redmond\"\n", lobby)
}

/// A call that was transferred takes what its two parties would take if one had called the other: nothing is
/// held for whoever has left, and what two at one site hold of it is nothing.
#[test]
fn req_f40_a_transferred_call_counts_as_one() {
    // Who calls, whom, and to whom the one who was called transfers; what each of the three calls takes.
    let cases = [
        ("east", "+1 425 555 0101", "0100", [2, 2]),
        ("east", "+1 425 555 0101", "0102", [2, 2]),
        ("east", "+1 425 555 0102", "0100", [2, 2]),
        ("hana", "0101", "0102", [0, 2]),
        ("hana", "0102", "0101", [2, 0]),
        ("lobby", "0101", "0100", [2, 2]),
        ("lobby", "0101", "+1 206 555 0142", [2, 2]),
        ("hana", "0101", "+1 206 555 0142", [0, 2]),
        ("hana", "0102", "+1 206 555 0142", [2, 2]),
    ];
    for (caller, number, target, takes) in cases {
        for is_attended in [false, true] {
            let mut world = World::from_toml(seed(), &sites());
            let caller = world.actor(caller);
            let call = caller.dials(number);
            world.run_for(WHILE);
            assert!(call.is_up(), "{number}");
            assert_eq!(world.held().permits, takes[0], "{number}");
            let transferor = world.user(if number.ends_with('1') { "minsu" } else { "lobby" });
            let leg = transferor.newest();

            if is_attended {
                let second = transferor.dials(target);
                world.run_for(WHILE);
                assert!(second.is_up(), "{target}");
                leg.transfers_with(&second);
            } else {
                leg.transfers_to(target);
            }
            world.run_for(WHILE);

            assert!(call.is_up() && transferor.calls_now() == 0, "{number} to {target}");
            let held = world.held().permits;
            assert_eq!(held, takes[1], "{number} to {target}, attended: {is_attended}");
            call.hangs_up();
            world.run_for(WHILE);
            assert_eq!(world.held().permits, 0);
            world.finish();
        }
    }
}

/// The same where a trunk transfers: nothing of it is taken when it has left.
#[test]
fn req_f40_a_trunk_that_has_transferred_a_call_takes_nothing() {
    let house = sites().replace("[trunk.east]\n", "[trunk.east]\ncall = { transfer = \"inside\" }\n");
    for (target, takes) in [("0101", 0), ("0102", 2)] {
        let mut world = World::from_toml(seed(), &house);
        let (east, hana) = (world.provider("east"), world.user("hana"));
        let call = hana.dials("+1 206 555 0142");
        world.run_for(WHILE);
        assert!(call.is_up_with(&east));
        assert_eq!(world.held().permits, 2);

        east.newest().transfers_to(target);
        world.run_for(WHILE);

        assert!(call.is_up() && east.calls_now() == 0, "{target}");
        assert_eq!(world.held().permits, takes, "{target}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// A transfer that fails gives nothing away: the call holds what it held.
#[test]
fn req_f40_a_transfer_that_fails_leaves_the_limits_as_they_were() {
    let mut world = World::from_toml(seed(), &sites());
    let call = world.provider("east").dials("+1 425 555 0101");
    world.run_for(WHILE);
    let minsu = world.user("minsu").newest();
    let before = world.held().permits;

    minsu.transfers_to("0999");
    world.run_for(WHILE);

    assert!(call.is_up() && minsu.is_up());
    assert_eq!(world.held().permits, before);
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}
