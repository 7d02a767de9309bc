//! Addresses that reach one phone of a user and no other (RFC 5627).

use std::time::Duration;

use actors::{Credentials, Deed, Ended, Note, Transport};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);
const PASSWORD: &str = "a password of the story";
/// Where the house is, for those inside.
const HOUSE: &str = "10.20.0.1";

/// Hana's devices say where they are; her calls are sent on to Minsu whatever happens.
fn house(more: &str) -> String {
    let devices = "devices = [{ contact = \"sip:hana@10.20.0.31:5060\" }]\n";
    assert!(TWO_PROVIDERS.contains(devices));
    TWO_PROVIDERS.replace(devices, more)
}

/// A phone of Hana's that wants to be reached by itself; its public and its temporary address.
fn phone(world: &mut World, name: &str, at: &str) -> (ActorHandle, String, String) {
    let phone = world.stranger(name, at);
    phone.with(|profile| {
        profile.user = "hana".to_owned();
        // The address of the house, so that its addresses of phones lead to a place.
        profile.domain = HOUSE.to_owned();
        profile.transport = Transport::Udp;
        profile.credentials = Some(Credentials { user: "hana".to_owned(), password: PASSWORD.to_owned() });
    });
    registers(&phone, name, at, "");
    world.run_for(Duration::from_secs(2));
    let (public, temporary) = told(&phone, name);
    (phone, public, temporary)
}

fn registers(phone: &ActorHandle, name: &str, at: &str, more: &str) {
    let contact = format!("<sip:hana@{at}>;+sip.instance=\"<urn:x:{name}>\"{more}");
    let headers = vec![("Supported".to_owned(), "gruu".to_owned())];
    phone.says_outside(Deed::Register { contact, headers });
}

fn told(phone: &ActorHandle, name: &str) -> (String, String) {
    let own = |note: Note| match note {
        Note::Registered { status: 200, contacts } => {
            contacts.into_iter().find(|one| one.contains(&format!("<urn:x:{name}>")))
        }
        _ => None,
    };
    let contact = phone.notes().into_iter().filter_map(own).next_back().unwrap();
    let part = |param: &str| {
        let said = contact.split(&format!(";{param}=\"")).nth(1).unwrap();
        said.split('"').next().unwrap().to_owned()
    };
    (part("pub-gruu"), part("temp-gruu"))
}

/// Who is transferred to the address of one of two phones speaks with that one; the other never rings, and
/// no forward counts. So it is with the address that tells whose it is, and with the one that doesn't.
#[test]
fn d5_refer_to_a_gruu_reaches_the_exact_device() {
    let forward = "forward = { always = { user = \"minsu\" } }\n";
    let mut world = World::from_toml(seed(), &house(forward));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    let (desk, of_desk, _) = phone(&mut world, "desk", "10.20.0.77:5060");
    let (soft, _, of_soft) = phone(&mut world, "soft", "10.20.0.78:5060");
    assert!(of_desk.starts_with("sip:hana@10.20.0.1;gr=") && !of_soft.contains("hana"), "{of_soft}");

    for (uri, meant, calls) in [(&of_desk, &desk, (1, 0)), (&of_soft, &soft, (1, 1))] {
        let call = east.dials("+1 425 555 0101");
        world.run_for(WHILE);
        assert!(call.is_up_with(&minsu));

        let transferor = minsu.newest();
        transferor.refers_to(&format!("<{uri}>"));
        world.run_for(WHILE);

        assert_eq!(transferor.replied("REFER"), Some(202));
        assert_eq!(transferor.notified(), [100, 180, 200], "{uri}");
        assert_eq!((desk.was_called(), soft.was_called()), calls, "{uri}");
        let leg = meant.newest();
        let before = leg.packets_heard();
        world.run_for(WHILE);
        assert!(leg.packets_heard() > before + 5, "{uri}");
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(leg.ended(), Some(Ended::ByPeer));
    }
    assert_eq!(minsu.was_called(), 2, "nothing was sent on");
    world.finish();
}

/// Whom nobody reaches is 480 while the phone may come back, and 404 where there is no such phone; those who
/// don't want to be disturbed are not.
#[test]
fn d5_a_gruu_whose_phone_is_gone_is_480_and_one_that_never_was_is_404() {
    let mut world = World::from_toml(seed(), &house(""));
    let minsu = world.user("minsu");
    let (desk, public, temporary) = phone(&mut world, "desk", "10.20.0.77:5060");
    let calls = |world: &mut World, uri: &str| {
        let call = minsu.calls(uri);
        world.run_for(WHILE);
        let is_up = call.is_up_with(&desk);
        call.hangs_up();
        world.run_for(WHILE);
        (is_up, world.records().last().map(|record| record.sip_code))
    };

    assert_eq!(calls(&mut world, &public), (true, Some(200)));
    assert_eq!(calls(&mut world, &temporary), (true, Some(200)));
    let other = public.replace("urn:x:desk", "urn:x:lamp");
    assert_eq!(calls(&mut world, &other), (false, Some(404)));
    assert_eq!(calls(&mut world, "sip:tgruu.0000@10.20.0.1;gr"), (false, Some(404)));

    registers(&desk, "desk", "10.20.0.77:5060", ";expires=0");
    world.run_for(Duration::from_secs(2));
    assert_eq!(calls(&mut world, &public), (false, Some(480)));
    assert_eq!(calls(&mut world, &temporary), (false, Some(404)));
    world.finish();
}

/// A phone that says in its calls to be at its own address: what is sent there would come to us. It is told
/// where it registered, whoever called, and after it has said so again.
#[test]
fn d5_a_phone_that_says_to_be_at_its_gruu_is_in_its_calls_where_it_registered() {
    let mut world = World::from_toml(seed(), &house(""));
    let east = world.provider("east");
    let (desk, public, temporary) = phone(&mut world, "desk", "10.20.0.77:5060");

    for said in [public, temporary] {
        desk.with(|profile| profile.says_to_be = Some(said.clone()));

        let call = east.dials("+1 425 555 0100");
        world.run_for(WHILE);
        assert!(call.is_up_with(&desk));
        let leg = desk.newest();
        leg.holds();
        world.run_for(WHILE);
        call.hangs_up();
        world.run_for(WHILE);
        assert_eq!(leg.ended(), Some(Ended::ByPeer), "{said}");

        let call = desk.dials("+1 206 555 0142");
        world.run_for(WHILE);
        assert!(call.is_up_with(&east));
        east.newest().hangs_up();
        world.run_for(WHILE);
        assert_eq!(call.ended(), Some(Ended::ByPeer), "{said}");
    }
    world.finish();
}
