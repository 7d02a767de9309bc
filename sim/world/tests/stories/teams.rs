//! Teams whose turns go round, or that ring whoever has been idle for longest.

use std::time::Duration;

use world::{CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(4);
const NAMES: [&str; 3] = ["minsu", "hana", "lobby"];

/// Minsu, hana and the lobby are the team.
fn team(ring: &str) -> World {
    let also = NAMES.map(|name| format!("{{ user = \"{name}\" }}")).join(", ");
    let team = format!("\n[user.team]\nnumber = \"+14255550110\"\nring = \"{ring}\"\nalso = [{also}]\n");
    World::from_toml(seed(), &format!("{TWO_PROVIDERS}{team}"))
}

/// Somebody outside calls the team; who answered.
fn call(world: &mut World) -> (CallHandle, &'static str) {
    let call = world.provider("east").dials("+1 425 555 0110");
    world.run_for(WHILE);
    let taker = NAMES.into_iter().find(|name| call.is_up_with(&world.user(name)));
    (call, taker.unwrap_or("nobody"))
}

fn hang_up(world: &mut World, call: &CallHandle) {
    call.hangs_up();
    world.run_for(WHILE);
}

/// Each call begins behind whoever rang last; who is busy is passed over, and has had their turn.
#[test]
fn req_f52_a_team_goes_round() {
    let mut world = team("round-robin");

    let mut takers = Vec::new();
    for at in 0..5 {
        if at == 3 {
            world.user("minsu").answers_every_invite_with(486);
        }
        let (call, taker) = call(&mut world);
        takers.push(taker);
        hang_up(&mut world, &call);
    }

    assert_eq!(takers, ["minsu", "hana", "lobby", "hana", "lobby"]);
    let record = &world.records()[3];
    let callees: Vec<&str> = record.attempts.iter().map(|attempt| attempt.callee.as_str()).collect();
    assert_eq!(callees, ["user minsu", "user hana"]);
    let trail = record.trail.to_string();
    assert!(trail.contains("lobby rang last for team; minsu begins"), "{trail}");
    world.finish();
}

/// Who was in no call yet rings first, then whoever has been out of a call for longest; who talks comes last.
#[test]
fn req_f52_a_team_rings_whoever_has_been_idle_for_longest() {
    let mut world = team("longest-idle");

    let (first, one) = call(&mut world);
    let (second, two) = call(&mut world);
    assert_eq!((one, two), ("minsu", "hana"));
    hang_up(&mut world, &second);
    hang_up(&mut world, &first);
    let own = world.user("lobby").dials("+1 206 555 0199");
    world.run_for(WHILE);

    let (third, taker) = call(&mut world);
    assert_eq!(taker, "hana");
    let (fourth, taker) = call(&mut world);
    assert_eq!(taker, "minsu");
    hang_up(&mut world, &own);
    hang_up(&mut world, &third);
    hang_up(&mut world, &fourth);
    let (fifth, taker) = call(&mut world);

    assert_eq!(taker, "lobby");
    hang_up(&mut world, &fifth);
    let record = world.records().last().unwrap();
    let trail = record.trail.to_string();
    assert!(trail.contains("lobby idle since"), "{trail}");
    world.finish();
}

/// Turns survive a change of the documents, and a member that has gone is no hindrance.
#[test]
fn req_f52_a_team_goes_round_whoever_leaves_it() {
    let mut world = team("round-robin");
    let (first, _) = call(&mut world);
    hang_up(&mut world, &first);
    let (second, taker) = call(&mut world);
    hang_up(&mut world, &second);
    assert_eq!(taker, "hana");

    let also = "also = [{ user = \"lobby\" }, { user = \"minsu\" }]";
    let team = format!("\n[user.team]\nnumber = \"+14255550110\"\nring = \"round-robin\"\n{also}\n");
    world.adopts(&format!("{TWO_PROVIDERS}{team}"));
    let (third, taker) = call(&mut world);

    assert_eq!(taker, "lobby");
    hang_up(&mut world, &third);
    world.finish();
}
