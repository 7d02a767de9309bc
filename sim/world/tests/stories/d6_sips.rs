//! `sips`: whoever calls by it wants nobody on the way to read it, and is told if that can't be.

use std::time::Duration;

use actors::{Credentials, Deed, Ended, Note, Transport};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const PASSWORD: &str = "a password of the story";
const SEALED: &str = "10.20.0.1:5061";

/// The house speaks TLS on both sides; "west" is written as sips and "east" is not.
fn house() -> String {
    let tls = "tls = 5061\ntls_certificate = \"c.pem\"\ntls_key = \"c.key\"\n";
    TWO_PROVIDERS
        .replace("side = \"inside\"\n", &format!("side = \"inside\"\n{tls}"))
        .replace("side = \"outside\"\n", &format!("side = \"outside\"\n{tls}"))
        .replace("sip:203.0.113.20:5060", "sips:203.0.113.20:5061")
}

/// A phone of a user's, by TLS.
fn phone(world: &mut World, user: &str, at: &str) -> ActorHandle {
    let phone = world.stranger(&format!("{user}-sealed"), at);
    phone.with(|profile| {
        profile.user = user.to_owned();
        profile.domain = "contoso.example".to_owned();
        profile.transport = Transport::Tcp;
        profile.house = SEALED.parse().unwrap();
        profile.credentials = Some(Credentials { user: user.to_owned(), password: PASSWORD.to_owned() });
    });
    phone
}

fn registers(phone: &ActorHandle, contact: &str) {
    phone.says_outside(Deed::Register { contact: contact.to_owned(), headers: Vec::new() });
}

fn registered(phone: &ActorHandle) -> Vec<u16> {
    let status = |note| if let Note::Registered { status, .. } = note { Some(status) } else { None };
    phone.notes().into_iter().filter_map(status).collect()
}

/// All requests and answers that a far end was sent for calls, that have a Contact.
fn contacts(world: &World, to: &ActorHandle) -> Vec<String> {
    let of_call = |text: &&String| !text.contains(" REGISTER\r\n");
    let captured = world.captured(to);
    let lines = captured.iter().filter(of_call).flat_map(|text| text.lines());
    lines.filter(|line| line.starts_with("Contact: ")).map(str::to_owned).collect()
}

/// From one end to the other nothing of it is said in the clear, and both ends see that it is so; a sip call
/// to the same phone stays one. What is sent where, the judge of the wire watches in every story.
#[test]
fn d6_a_sips_call_is_sips_to_whoever_registered_by_sips() {
    let mut world = World::from_toml(seed(), &house());
    let hana = phone(&mut world, "hana", "10.20.0.61:5061");
    let minsu = phone(&mut world, "minsu", "10.20.0.62:5061");
    world.user("minsu").dies();
    registers(&minsu, "<sips:minsu@10.20.0.62:5061>");
    world.run_for(Duration::from_secs(2));
    assert_eq!(registered(&minsu), [200]);
    world.captures();

    let call = hana.calls("sips:0101@contoso.example");
    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&minsu), "{:?}", call.notes());
    assert_eq!(minsu.was_called_as(), ["sips:minsu@10.20.0.62:5061"]);
    assert_eq!(world.user("minsu").was_called(), 0, "its other phone is no sips address");
    for end in [&hana, &minsu] {
        let shown = contacts(&world, end);
        assert!(!shown.is_empty() && shown.iter().all(|one| one.starts_with("Contact: <sips:")), "{shown:?}");
    }
    call.holds();
    world.run_for(Duration::from_secs(2));
    let invites = world.captured(&minsu).into_iter().filter(|text| text.starts_with("INVITE "));
    assert_eq!(invites.count(), 2, "what follows takes the same way");
    call.hangs_up();
    world.run_for(Duration::from_secs(3));

    let call = hana.calls("sip:0101@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert!(call.is_up_with(&minsu), "{:?}", call.notes());
    assert_eq!(minsu.was_called_as()[1..], ["sip:minsu@10.20.0.62:5061"]);
    call.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// Out of the house it goes by servers that are written as sips; where there is none, the caller is told.
#[test]
fn d6_a_sips_call_leaves_by_sips_or_not_at_all() {
    let mut world = World::from_toml(seed(), &house());
    let (east, west) = (world.provider("east"), world.provider("west"));
    let hana = phone(&mut world, "hana", "10.20.0.61:5061");
    world.captures();

    let call = hana.calls("sips:+12065550142@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert!(call.is_up_with(&west), "{:?}", call.notes());
    assert_eq!((east.was_called(), west.was_called()), (0, 1));
    assert!(west.was_called_as()[0].starts_with("sips:"), "{:?}", west.was_called_as());
    call.hangs_up();
    world.run_for(Duration::from_secs(3));

    let inside = hana.calls("sips:0101@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert_eq!(inside.ended(), Some(Ended::Refused(480)), "{:?}", inside.notes());
    let refused = world.captured(&hana).into_iter().find(|text| text.starts_with("SIP/2.0 480")).unwrap();
    assert!(refused.contains("\r\nWarning: 380 "), "{refused}");
    let record = world.records().last().unwrap();
    assert_eq!((record.sip_code, world.user("minsu").was_called()), (480, 0));

    world.adopts(&house().replace("sips:203.0.113.20:5061", "sip:203.0.113.20:5060"));
    let outside = hana.calls("sips:+12065550142@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert_eq!(outside.ended(), Some(Ended::Refused(480)), "{:?}", outside.notes());
    assert_eq!((east.was_called(), west.was_called()), (0, 1), "nobody else was asked");
    world.finish();
}

/// Who calls a sips address in the clear has let everybody read it: nothing is done as if it were sealed. A
/// call for help is made all the same.
#[test]
fn d6_a_sips_address_is_not_called_in_the_clear_but_for_help() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.calls("sips:+12065550142@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert_eq!(call.ended(), Some(Ended::Refused(403)), "{:?}", call.notes());
    assert_eq!(east.was_called(), 0);

    let help = hana.calls("sips:911@contoso.example");
    world.run_for(Duration::from_secs(6));
    assert!(help.is_up_with(&east), "{:?}", help.notes());
    help.hangs_up();
    world.run_for(Duration::from_secs(3));
    world.finish();
}

/// A phone whose way is open cannot say to be a sips address; nor has it another way that is.
#[test]
fn d6_a_sips_contact_is_registered_by_a_sealed_way_alone() {
    let mut world = World::from_toml(seed(), &house());
    let open = phone(&mut world, "minsu", "10.20.0.62:5060");
    open.with(|profile| profile.house = "10.20.0.1:5060".parse().unwrap());
    let sealed = phone(&mut world, "hana", "10.20.0.61:5061");

    registers(&open, "<sips:minsu@10.20.0.62:5060>");
    registers(&sealed, "<sips:hana@10.20.0.61:5061;transport=tcp>");
    world.run_for(Duration::from_secs(2));
    assert_eq!((registered(&open), registered(&sealed)), (vec![400], vec![200]));

    // Nobody could prove to be that phone where it were called anew: it is reached on its connection or not.
    world.user("hana").dies();
    sealed.loses_its_connections();
    world.run_for(Duration::from_secs(1));
    let call = world.user("lobby").dials("0100");
    world.run_for(Duration::from_secs(10));
    assert!(!call.is_up());
    assert_eq!(sealed.was_called(), 0);
    world.run_for(Duration::from_secs(30));
    world.finish();
}
