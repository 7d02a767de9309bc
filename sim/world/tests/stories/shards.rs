//! A house of several shards: what is taken by a code is taken wherever it is.

use std::time::Duration;

use actors::{Ended, Habit};
use world::{CallHandle, Link, World};

use crate::TWO_PROVIDERS;

const WHILE: Duration = Duration::from_secs(4);
const NUMBER: &str = "+14255550100";
const SEEDS: u64 = 12;

/// Hana and Minsu pick up for each other, and calls are parked at two numbers.
fn house() -> String {
    let group = |text: String, user: &str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"sales\"\n"), 1)
    };
    let house = ["hana", "minsu"].into_iter().fold(TWO_PROVIDERS.to_owned(), group);
    format!("{house}\n[orbit.front]\nnumbers = [\"701\", \"702\"]\nring_back = \"5m\"\n")
}

/// Hana is called from outside, and it rings.
fn ringing(seed: u64) -> (World, CallHandle) {
    let mut world = World::with_shards(seed, &house(), 3);
    world.user("hana").has_habit(Habit::RingsForever);
    let call = world.provider("east").dials(NUMBER);
    world.run_for(WHILE);
    assert!(call.progress().contains(&180), "seed {seed}");
    (world, call)
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(WHILE);
    one.packets_heard() > before.0 + 10 && other.packets_heard() > before.1 + 10
}

fn verdicts(world: &World) -> Vec<&str> {
    world.records().iter().map(|record| record.verdict.as_str()).collect()
}

/// Wherever the call and the INVITE for it have come to, they meet; whoever has proved to one shard who he is
/// need not do so again.
#[test]
fn req_f47_a_call_that_rings_at_another_shard_is_picked_up() {
    let mut handed_on = 0;
    for seed in 0..SEEDS {
        let (mut world, call) = ringing(seed);
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));

        let taking = minsu.dials("*8");
        world.run_for(WHILE);

        assert!(talk(&mut world, &call, &taking), "seed {seed}");
        assert_eq!(hana.calls_now(), 0, "seed {seed}");
        taking.hangs_up();
        world.run_for(WHILE);
        assert_eq!(call.ended(), Some(Ended::ByPeer), "seed {seed}");
        assert_eq!(verdicts(&world), ["TD-E005", "TD-E001"], "seed {seed}");
        handed_on += world.handed_on();
        world.finish();
    }
    assert!(handed_on > 3, "{handed_on} of {SEEDS} were at another shard");
}

/// The oldest call of all shards comes first, and each is taken once.
#[test]
fn req_f47_the_oldest_call_of_all_shards_comes_first() {
    for seed in 0..SEEDS {
        let (mut world, first) = ringing(seed);
        let (minsu, lobby) = (world.user("minsu"), world.user("lobby"));
        let second = lobby.dials("0100");
        world.run_for(WHILE);

        let one = minsu.dials("*8");
        world.run_for(WHILE);
        assert!(first.is_up() && !second.is_up() && second.ended().is_none(), "seed {seed}");
        let other = minsu.dials("*8");
        world.run_for(WHILE);

        assert!(talk(&mut world, &first, &one) && talk(&mut world, &second, &other), "seed {seed}");
        first.hangs_up();
        second.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// Two want the same call at the same time: one has it, the other is told so, and that is the end of it.
#[test]
fn req_f47_of_two_who_pick_up_at_once_at_any_shard_one_has_the_call() {
    for seed in 0..SEEDS {
        let (mut world, call) = ringing(seed);
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));

        let (one, other) = (minsu.dials("*8"), minsu.dials("*80100"));
        world.run_for(WHILE);

        let outcome = [one.ended(), other.ended()];
        let refused = outcome.iter().filter(|ended| **ended == Some(Ended::Refused(480))).count();
        assert_eq!(refused, 1, "seed {seed}: {outcome:?}");
        assert!(call.is_up() && hana.calls_now() == 0, "seed {seed}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// What the shard that has the call refuses is acknowledged there, though the ACK bears no token of its.
#[test]
fn req_f47_a_refusal_of_the_other_shard_is_acknowledged() {
    let mut handed_on = 0;
    for seed in 0..SEEDS {
        let (mut world, call) = ringing(seed);
        world.captures();
        let minsu = world.user("minsu");
        minsu.has_habit(Habit::Seals);

        let taking = minsu.dials("*8");
        world.run_for(3 * WHILE);

        assert_eq!(taking.ended(), Some(Ended::Refused(488)), "seed {seed}");
        let refusals = world.captured(&minsu).iter().filter(|text| text.starts_with("SIP/2.0 488 ")).count();
        assert_eq!(refusals, 1, "seed {seed}");
        assert!(call.ended().is_none(), "seed {seed}");
        handed_on += world.handed_on();
        world.user("hana").loses_its_habits();
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
    assert!(handed_on > 3, "{handed_on} of {SEEDS}");
}

/// On a network that loses, repeats and overtakes, copies follow the INVITE to where it went; whoever gives
/// up before the answer leaves nothing behind.
#[test]
fn req_f47_what_follows_an_invite_goes_where_it_went() {
    for seed in 0..3 * SEEDS {
        let (mut world, call) = ringing(seed);
        let minsu = world.user("minsu");
        world.links(&minsu, Link::rough(200));

        let taking = minsu.dials("*8");
        if seed % 2 == 0 {
            world.run_for(Duration::from_millis(20 * (seed % 7)));
            taking.hangs_up();
        }
        world.run_for(Duration::from_secs(60));

        let is_whole = taking.is_up() == call.is_up();
        assert!(is_whole, "seed {seed}: {:?} and {:?}", taking.stage(), call.stage());
        taking.hangs_up();
        call.hangs_up();
        world.run_for(Duration::from_secs(60));
        world.finish();
    }
}

/// Whoever dials the number of a parked call speaks with it, wherever it waits.
#[test]
fn req_f46_a_call_that_waits_at_another_shard_is_taken() {
    let mut handed_on = 0;
    for seed in 0..SEEDS {
        let mut world = World::with_shards(seed, &house(), 3);
        let call = world.provider("east").dials("+1 425 555 0101");
        world.run_for(WHILE);
        let minsu = world.user("minsu");
        assert!(call.is_up_with(&minsu), "seed {seed}");
        minsu.newest().transfers_to("701");
        world.run_for(WHILE);
        assert_eq!(minsu.calls_now(), 0, "seed {seed}");

        let taking = world.user("lobby").dials("701");
        world.run_for(WHILE);

        assert!(talk(&mut world, &call, &taking), "seed {seed}");
        let late = minsu.dials("701");
        world.run_for(WHILE);
        assert!(matches!(late.ended(), Some(Ended::Refused(_))), "seed {seed}: {:?}", late.ended());
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::ByPeer), "seed {seed}");
        handed_on += world.handed_on();
        world.finish();
    }
    assert!(handed_on > 3, "{handed_on} of {SEEDS} were at another shard");
}
