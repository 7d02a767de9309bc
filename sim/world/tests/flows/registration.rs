//! RFC 3665 section 2: phones say where they are. In the figures of 2.2 to 2.4 the phone proves itself by a
//! nonce that it has; these phones ask for a new one each time, so that 401 and a second REGISTER come
//! first.

use std::time::Duration;

use actors::{Credentials, Deed, Note};
use world::{ActorHandle, World};

use crate::{HOUSE, expect, world_of};

const MOMENT: Duration = Duration::from_secs(2);
const DESK: &str = "<sip:hana@10.20.0.77:5060>";
const SOFT: &str = "<sip:hana@10.20.0.78:5060>";

/// A phone of Hana's, with this password.
fn phone(world: &mut World, password: &str) -> ActorHandle {
    let phone = world.stranger("desk", "10.20.0.77:5060");
    phone.with(|profile| {
        profile.user = "hana".to_owned();
        profile.domain = "contoso.example".to_owned();
        profile.credentials = Some(Credentials { user: "hana".to_owned(), password: password.to_owned() });
    });
    phone
}

fn registered() -> (World, ActorHandle) {
    let mut world = world_of(HOUSE);
    let desk = phone(&mut world, "a password of the story");
    registers(&desk, DESK, &[]);
    world.run_for(MOMENT);
    (world, desk)
}

fn registers(desk: &ActorHandle, contact: &str, headers: &[(&str, &str)]) {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    desk.says_outside(Deed::Register { contact: contact.to_owned(), headers });
}

/// What the last final answer was, and the contacts in it, without their parameters.
fn told(desk: &ActorHandle) -> (u16, Vec<String>) {
    let notes = desk.notes().into_iter().rev();
    let mut told = notes.filter_map(|note| match note {
        Note::Registered { status, contacts } => Some((status, contacts)),
        _ => None,
    });
    let (status, contacts) = told.next().unwrap();
    let bare = |contact: String| contact.split('>').next().map(|uri| format!("{uri}>")).unwrap_or_default();
    let mut contacts: Vec<String> = contacts.into_iter().map(bare).collect();
    contacts.sort();
    (status, contacts)
}

/// RFC 3665 2.1: a phone registers, once it has proved whose it is.
#[test]
fn c19_rfc_3665_2_1_a_new_registration() {
    let (world, desk) = registered();

    assert_eq!(told(&desk), (200, vec![DESK.to_owned()]));
    expect(&world, include_str!("figures/3665-2.1.txt"));
    world.finish();
}

/// RFC 3665 2.2: a second place is added to the first.
#[test]
fn c19_rfc_3665_2_2_the_list_of_contacts_is_updated() {
    let (mut world, desk) = registered();

    registers(&desk, SOFT, &[]);
    world.run_for(MOMENT);

    assert_eq!(told(&desk), (200, vec![DESK.to_owned(), SOFT.to_owned()]));
    expect(&world, include_str!("figures/3665-2.2.txt"));
    world.finish();
}

/// RFC 3665 2.3: a REGISTER without a contact changes nothing, and is told of all.
#[test]
fn c19_rfc_3665_2_3_the_list_of_contacts_is_asked_for() {
    let (mut world, desk) = registered();

    desk.says_outside(Deed::AskWhatIsRegistered);
    world.run_for(MOMENT);

    assert_eq!(told(&desk), (200, vec![DESK.to_owned()]));
    expect(&world, include_str!("figures/3665-2.3.txt"));
    world.finish();
}

/// RFC 3665 2.4: all is taken back, and nobody is there to be called.
#[test]
fn c19_rfc_3665_2_4_a_registration_is_cancelled() {
    let (mut world, desk) = registered();

    registers(&desk, "*", &[("Expires", "0")]);
    world.run_for(MOMENT);

    assert_eq!(told(&desk), (200, Vec::new()));
    expect(&world, include_str!("figures/3665-2.4.txt"));
    world.finish();
}

/// RFC 3665 2.5: a phone with the wrong password isn't registered.
#[test]
fn c19_rfc_3665_2_5_a_registration_fails() {
    let mut world = world_of(HOUSE);
    let desk = phone(&mut world, "not the password");

    registers(&desk, DESK, &[]);
    world.run_for(MOMENT);

    assert_eq!(told(&desk), (401, Vec::new()));
    expect(&world, include_str!("figures/3665-2.5.txt"));
    world.finish();
}
