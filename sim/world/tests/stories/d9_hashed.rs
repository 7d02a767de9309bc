//! A user whose password the house does not know: only what digests make of it.

use std::time::Duration;

use actors::{Credentials, Deed, Ended, Note, Transport};
use sip_stack::auth::Algorithm;
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const PASSWORD: &str = "a password that stands nowhere";

/// Hana's password, as these algorithms make it.
fn house(algorithms: &[Algorithm]) -> String {
    let sum = |one: &Algorithm| format!(" {}={}", one.name(), one.ha1("hana", "contoso.example", PASSWORD));
    let sums: String = algorithms.iter().map(sum).collect();
    TWO_PROVIDERS.replace("name = \"edge\"\n", "name = \"edge\"\ndemo = true\n").replace(
        "{ env = \"HANA\" }",
        &format!("{{ plain = \"ha1 realm=contoso.example user=hana{sums}\" }}"),
    )
}

fn phone(world: &mut World, password: &str) -> ActorHandle {
    let phone = world.stranger("desk", "10.20.0.77:5060");
    phone.with(|profile| {
        profile.user = "hana".to_owned();
        profile.domain = "contoso.example".to_owned();
        profile.transport = Transport::Udp;
        profile.credentials = Some(Credentials { user: "hana".to_owned(), password: password.to_owned() });
    });
    phone
}

fn registered(world: &mut World, phone: &ActorHandle) -> Vec<u16> {
    let contact = "<sip:hana@10.20.0.77:5060>".to_owned();
    phone.says_outside(Deed::Register { contact, headers: Vec::new() });
    world.run_for(Duration::from_secs(3));
    let status = |note| if let Note::Registered { status, .. } = note { Some(status) } else { None };
    phone.notes().into_iter().filter_map(status).collect()
}

#[test]
fn d9_who_knows_the_password_is_known_by_what_was_kept_of_it() {
    for kept in [Algorithm::Md5, Algorithm::Sha256] {
        let word = kept.name().to_ascii_lowercase();
        let digests = format!("demo = true\ndigest = [\"{word}\"]\n");
        let mut world = World::from_toml(seed(), &house(&[kept]).replace("demo = true\n", &digests));
        let east = world.provider("east");
        let desk = phone(&mut world, PASSWORD);

        assert_eq!(registered(&mut world, &desk), [200]);
        let call = desk.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(5));

        assert!(call.is_up_with(&east), "{:?}", call.notes());
        call.hangs_up();
        world.run_for(Duration::from_secs(40));
        world.finish();
    }
}

#[test]
fn d9_who_does_not_know_it_is_nobody() {
    let all = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
    let mut world = World::from_toml(seed(), &house(&all));
    let desk = phone(&mut world, "another password");

    assert!(registered(&mut world, &desk).iter().all(|status| *status == 401));
    let call = desk.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert_eq!(call.ended(), Some(Ended::Refused(401)), "{:?}", call.notes());
    world.run_for(Duration::from_secs(40));
    world.finish();
}
