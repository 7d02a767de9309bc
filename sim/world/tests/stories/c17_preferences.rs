//! Which of a user's phones a caller would rather reach (RFC 3841), by what phones say of themselves when
//! they register (RFC 3840).

use std::time::Duration;

use actors::{Credentials, Deed, Ended};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(5);

/// Hana has a desk phone that knows sound alone, and another that knows pictures too.
fn two_phones() -> (World, ActorHandle, ActorHandle) {
    let house = TWO_PROVIDERS.replace("devices = [{ contact = \"sip:hana@10.20.0.31:5060\" }]\n", "");
    let mut world = World::from_toml(seed(), &house);
    let [desk, screen] = [("desk", "10.20.0.77", "audio"), ("screen", "10.20.0.78", "audio;video")].map(
        |(name, at, features)| {
            let phone = world.stranger(name, &format!("{at}:5060"));
            phone.with(|profile| {
                (profile.user, profile.domain) = ("hana".to_owned(), "contoso.example".to_owned());
                let password = "a password of the story".to_owned();
                profile.credentials = Some(Credentials { user: "hana".to_owned(), password });
            });
            let contact = format!("<sip:hana@{at}:5060>;{features}");
            phone.says_outside(Deed::Register { contact, headers: Vec::new() });
            phone
        },
    );
    world.run_for(WHILE);
    (world, desk, screen)
}

/// How often each of the two was called, by a call with this header, and how that ended.
fn called_with(name: &str, value: &str) -> ((usize, usize), Option<Ended>) {
    let (mut world, desk, screen) = two_phones();
    let minsu = world.user("minsu");
    let call = minsu.calls_with("0100", name, value);
    world.run_for(WHILE);
    let ended = call.ended();
    if call.is_up() {
        call.hangs_up();
        world.run_for(WHILE);
    }
    let called = (desk.was_called(), screen.was_called());
    world.finish();
    (called, ended)
}

/// Who wants pictures reaches the phone that has them, and no other.
#[test]
fn c17_accept_contact_picks_the_phone_with_pictures() {
    assert_eq!(called_with("Accept-Contact", "*;video;require;explicit"), ((0, 1), None));
    assert_eq!(called_with("a", "*;video;require;explicit"), ((0, 1), None), "in its short form");
    assert_eq!(called_with("Reject-Contact", "*;video"), ((1, 0), None));
    assert_eq!(called_with("Subject", "video"), ((1, 1), None), "both ring");
}

/// A wish that nobody has to fulfil leaves nobody out; one that nobody fulfils leaves nobody.
#[test]
fn c17_only_what_is_required_leaves_phones_out() {
    assert_eq!(called_with("Accept-Contact", "*;video"), ((1, 1), None));
    assert_eq!(
        called_with("Accept-Contact", "*;automata;require;explicit"),
        ((0, 0), Some(Ended::Refused(480)))
    );
}

/// What a phone can do outlives the process with its registration.
#[test]
fn c17_features_stay_with_the_registration() {
    let (mut world, ..) = two_phones();
    let minsu = world.user("minsu");
    let call = minsu.dials("0100");
    world.run_for(WHILE);
    call.hangs_up();
    world.run_for(WHILE);

    let devices = serde_json::to_string(&world.records()[0].facts.devices).unwrap();
    assert!(devices.contains("\"features\":\"audio;video\""), "{devices}");
    world.finish();
}
