//! Users who may have so many calls: for others they are busy.

use std::time::Duration;

use actors::{Ended, Habit};
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(4);

fn house(minsu: &str) -> String {
    TWO_PROVIDERS.replacen("[user.minsu]\n", &format!("[user.minsu]\n{minsu}\n"), 1)
}

/// Whoever is in a call, or is being called, is busy; then they can be reached again.
#[test]
fn req_f44_a_user_without_call_waiting_is_busy() {
    let mut world = World::from_toml(seed(), &house("max_calls = 1"));
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));
    minsu.answers_after(Duration::from_secs(3));

    let first = east.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(1));
    let while_it_rings = hana.dials("0101");
    world.run_for(WHILE);
    assert!(first.is_up_with(&minsu));
    let while_they_talk = hana.dials("0101");
    world.run_for(WHILE);
    assert_eq!([while_it_rings.ended(), while_they_talk.ended()], [Some(Ended::Refused(486)); 2]);
    assert_eq!((minsu.was_called(), &*world.records()[0].verdict), (1, "TD-R209"));

    first.hangs_up();
    world.run_for(WHILE);
    let last = hana.dials("0101");
    world.run_for(WHILE);

    assert!(last.is_up_with(&minsu));
    last.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Calls of their own count too, and are never refused for it; who calls meanwhile is sent on.
#[test]
fn req_f44_calls_of_their_own_make_a_user_busy() {
    let forward = "max_calls = 1\nforward = { busy = { user = \"lobby\" } }";
    let mut world = World::from_toml(seed(), &house(forward));
    let (east, minsu, lobby) = (world.provider("east"), world.user("minsu"), world.user("lobby"));

    let own = minsu.dials("+1 206 555 0142");
    world.run_for(WHILE);
    let another = minsu.dials("+1 206 555 0143");
    world.run_for(WHILE);
    assert!(own.is_up() && another.is_up());
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(call.is_up_with(&lobby));
    assert_eq!(minsu.was_called(), 0);
    for call in [own, another, call] {
        call.hangs_up();
    }
    world.run_for(WHILE);
    world.finish();
}

/// Who rings in a team and doesn't answer is free again as soon as the call has gone on.
#[test]
fn req_f52_a_busy_member_is_passed_over_and_is_free_afterwards() {
    let team = "\n[user.team]\nextension = \"0110\"\nring = \"in-turn\"\n\
                also = [{ user = \"minsu\" }, { user = \"lobby\" }]\nforward = { after = \"5s\" }\n";
    let mut world = World::from_toml(seed(), &(house("max_calls = 1") + team));
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::RingsForever);

    let first = east.dials("+1 425 555 0101");
    world.run_for(Duration::from_secs(1));
    let second = hana.dials("0110");
    world.run_for(WHILE);
    assert!(second.is_up_with(&world.user("lobby")), "{:?}", second.ended());
    first.hangs_up();
    second.hangs_up();
    world.run_for(WHILE);
    let third = hana.dials("0110");
    world.run_for(Duration::from_secs(9));
    assert!(third.is_up_with(&world.user("lobby")));
    minsu.loses_its_habits();
    let last = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(last.is_up_with(&minsu), "{:?}", last.ended());
    world.finish();
}

/// A user whose calls were transferred or lost is not busy for ever.
#[test]
fn req_f44_nobody_stays_busy_after_transfers_and_losses() {
    for seed in seed()..seed() + 8 {
        let mut world = World::from_toml(seed, &house("max_calls = 1"));
        world.links_all(world::Link { loss: 100, ..world::Link::default() });
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));
        let call = minsu.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(9));
        call.transfers_to("0102");
        world.run_for(Duration::from_secs(40));
        call.hangs_up();
        world.run_for(Duration::from_secs(40));
        world.links_all(world::Link::default());

        let last = hana.dials("0101");
        world.run_for(WHILE);

        assert!(last.is_up_with(&minsu), "seed {seed}: {:?}", last.ended());
        last.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}
