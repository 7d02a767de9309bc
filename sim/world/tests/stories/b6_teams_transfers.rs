//! Transfers by Teams: a REFER whose words mean something to Teams alone comes back to it as an INVITE.

use std::time::Duration;

use actors::Ended;
use world::{CallHandle, World};

use crate::providers::{world_of, world_with};

const WHILE: Duration = Duration::from_secs(6);

/// Whom Teams names: nobody that has a number.
const TARGET: &str = concat!(
    "sip:sip.pstnhub.microsoft.com:5061;transport=tls;",
    "x-m=8:orgid:dfcba638-4ecd-4382-8095-6160fb18aa16;x-t=4dcafc31-d434-426b-a0bb-c376fb36061a",
);

/// Who transfers, and, in `x-tt`, which call of its own the new one takes the place of.
const REFERRED_BY: &str = concat!(
    "<sip:sip.pstnhub.microsoft.com:5061;x-m=8:orgid:fa273707-89ea-4085-9903-ddf4ab23636b;",
    "x-t=4dcafc31-d434-426b-a0bb-c376fb36061a;x-ti=b712d12c-77e8-4017-b50d-6d321507aa28;",
    "x-tt=aHR0cHM6Ly9hcGktZHUuZXhhbXBsZS92MS9jYWxsP2RjaT02ZmE4MTA0Y2Y0%3D>",
);

/// A PBX beside Teams.
const GATEWAY: &str = r#"
[trunk.gateway]
kind = "pbx"
servers = [{ uri = "sip:198.51.100.77:5060" }]
accept = { sources = ["198.51.100.77"], did = "any" }
health = { options = "off" }
identity.format = "+e164"
[route.to-teams]
order = 1
to = "+4420…"
from = { trunk = "gateway" }
use = [{ trunk = "far" }]
"#;

/// The INVITEs that reached Teams, but for those inside of a call.
fn invites(world: &World) -> Vec<String> {
    let begins = |message: &String| {
        let to = line_of(message, "To");
        message.starts_with("INVITE ") && to.is_some_and(|to| !to.contains(";tag="))
    };
    world.captured(&world.provider("far")).into_iter().filter(begins).collect()
}

fn line_of<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let mut lines = message.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(Duration::from_secs(3));
    one.packets_heard() > before.0 + 5 && other.packets_heard() > before.1 + 5
}

/// Teams transfers, and hangs up 0.3 s after it has heard 202; the new party answers 1.2 s after that.
fn transfers(world: &mut World, theirs: &CallHandle, headers: &[(&str, &str)]) {
    world.provider("far").answers_after(Duration::from_millis(1500));
    theirs.refers_saying(&format!("<{TARGET}>"), headers);
    world.run_for(Duration::from_millis(300));
    assert_eq!(theirs.replied("REFER"), Some(202));
    theirs.hangs_up();
    world.run_for(WHILE);
}

/// Blind and consultative look the same: what differs stands in Referred-By. Request-URI, To and Referred-By
/// of the INVITE are byte for byte what the REFER said, From is whoever stays, and both hear each other.
#[test]
fn b6_a_refer_of_teams_goes_back_to_teams_as_it_came() {
    let mut world = world_of("teams-direct-routing");
    let (hana, far) = (world.user("hana"), world.provider("far"));
    world.run_for(Duration::from_secs(3));
    let call = hana.dials("+44 20 7946 0123");
    world.run_for(WHILE);
    assert!(call.is_up_with(&far));
    let theirs = far.newest();
    world.captures();

    transfers(&mut world, &theirs, &[("Referred-By", REFERRED_BY)]);

    let invites = invites(&world);
    let [invite] = invites.as_slice() else { panic!("{} INVITEs", invites.len()) };
    assert_eq!(invite.lines().next(), Some(&*format!("INVITE {TARGET} SIP/2.0")));
    assert_eq!(line_of(invite, "To"), Some(&*format!("<{TARGET}>")));
    assert_eq!(line_of(invite, "Referred-By"), Some(REFERRED_BY));
    assert!(line_of(invite, "From").unwrap().contains("sip:+14255550100@"), "{invite}");
    assert_eq!(theirs.ended(), Some(Ended::ByUs));
    assert!(talk(&mut world, &call, &far.newest()));
    call.hangs_up();
    world.run_for(WHILE);
    let record = world.records().last().unwrap();
    assert_eq!((record.attempts.len(), record.transferred_by.as_deref()), (1, Some("far")));
    assert!(record.trail.to_string().contains("sent back to it, as they came"));
    world.finish();
}

/// Somebody outside who is in a call with Teams is transferred: Teams sees that number, not the transferor's;
/// it hears of the progress as long as it listens, and is let go by the house.
#[test]
fn b6_teams_sees_who_is_transferred_and_hears_how_it_goes() {
    let mut world = world_with("teams-direct-routing", GATEWAY);
    let (outside, far) = (world.provider("gateway"), world.provider("far"));
    outside.with(|profile| profile.user = "+12065550142".to_owned());
    world.run_for(Duration::from_secs(3));
    let call = outside.dials("+442079460123");
    world.run_for(WHILE);
    assert!(call.is_up_with(&far), "{:?}", call.notes());
    let theirs = far.newest();
    world.captures();

    theirs.refers_saying("<sip:+14255550199@sip.pstnhub.microsoft.com:5061;user=phone;x-k=A%20b>", &[]);
    world.run_for(WHILE);

    let invites = invites(&world);
    assert_eq!(
        invites[0].lines().next(),
        Some("INVITE sip:+14255550199@sip.pstnhub.microsoft.com:5061;user=phone;x-k=A%20b SIP/2.0")
    );
    assert!(line_of(&invites[0], "From").unwrap().contains("sip:+12065550142@"), "{}", invites[0]);
    assert_eq!(line_of(&invites[0], "Referred-By"), None);
    assert_eq!(theirs.notified(), [100, 180, 200]);
    assert_eq!(theirs.ended(), Some(Ended::ByPeer));
    assert!(talk(&mut world, &call, &far.newest()));
    world.finish();
}

/// Nobody takes it at Teams, which has not hung up: it hears so, and both speak as before.
#[test]
fn b6_a_transfer_that_teams_does_not_take_leaves_the_call_as_it_was() {
    let mut world = world_of("teams-direct-routing");
    let (hana, far) = (world.user("hana"), world.provider("far"));
    world.run_for(Duration::from_secs(3));
    let call = hana.dials("+44 20 7946 0123");
    world.run_for(WHILE);
    let theirs = far.newest();
    far.answers_every_invite_with(486);

    theirs.refers_saying(&format!("<{TARGET}>"), &[("Referred-By", REFERRED_BY)]);
    world.run_for(WHILE);

    assert_eq!(theirs.notified(), [100, 486]);
    assert!(talk(&mut world, &call, &theirs));
    world.finish();
}

/// Help is called for by whoever can; where Teams alone is there, Teams is asked.
#[test]
fn b6_a_transfer_to_help_is_a_call_for_help() {
    for more in ["", GATEWAY] {
        let mut world = world_with("teams-direct-routing", more);
        let (hana, far) = (world.user("hana"), world.provider("far"));
        world.run_for(Duration::from_secs(3));
        let call = hana.dials("+44 20 7946 0123");
        world.run_for(WHILE);
        let theirs = far.newest();
        assert!(call.is_up_with(&far));

        theirs.refers_to("<sip:911@sip.pstnhub.microsoft.com:5061;user=phone>");
        world.run_for(WHILE);

        let helper = if more.is_empty() { far } else { world.provider("gateway") };
        assert_eq!(theirs.notified().last(), Some(&200));
        assert!(talk(&mut world, &call, &helper.newest()));
        world.finish();
    }
}
