//! G1: what becomes of whoever sends to the ports of others' calls.

use std::time::Duration;

use actors::Habit;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const MALLORY: &str = "192.0.2.66";
const PACKET: Duration = Duration::from_millis(20);

/// From the first ring to the end somebody sends to every open port, quicker than those who speak.
fn sprayed(toml: &str) -> (u64, World) {
    let mut world = World::from_toml(seed(), toml);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(2));
    let call = hana.dials("+1 206 555 0142");
    let mut open = 0;
    for _ in 0..500 {
        open = open.max(world.sprays(&format!("{MALLORY}:5555")));
        world.run_for(PACKET);
    }

    assert_eq!(open, 4, "RTP and RTCP of both sides");
    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > 20 && east.legs()[0].packets_heard > 20);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    (world.gone_astray(MALLORY), world)
}

/// RTP bleed and RTP inject: who sprays ports is sent nothing, and is not heard.
#[test]
fn g1_who_sprays_ports_hears_nothing_of_a_call() {
    let (heard, world) = sprayed(TWO_PROVIDERS);
    assert_eq!(heard, 0);
    let media = world.records()[0].media.as_ref().unwrap();
    assert_eq!((media.caller.strangers > 300, media.callee.strangers > 300), (true, true));
    world.finish();
}

/// Who believes anybody is at the mercy of whoever is quicker: what the default is for.
#[test]
fn g1_who_believes_anybody_is_overheard() {
    let open = "media = { senders = \"anywhere\" }\n";
    let house = TWO_PROVIDERS
        .replacen("[system]\n", &format!("[system]\n{open}"), 1)
        .replace("[trunk.east]\n", &format!("[trunk.east]\n{open}"));
    let (heard, world) = sprayed(&house);
    assert!(heard > 0, "the sprayer was quicker than the phone, once");
    world.finish();
}

/// A call for help is carried for whoever can be heard at all.
#[test]
fn g1_a_call_for_help_is_heard_from_anywhere() {
    let strict = TWO_PROVIDERS.replacen("[system]\n", "[system]\nmedia = { senders = \"signalled\" }\n", 1);
    let mut world = World::from_toml(seed(), &strict);
    let lobby = world.user("lobby");
    let help = lobby.dials("911");
    world.run_for(PACKET);
    world.sprays(&format!("{MALLORY}:5555"));
    world.run_for(Duration::from_secs(10));
    assert!(help.is_up() && help.packets_heard() > 10);
    world.finish();
}
