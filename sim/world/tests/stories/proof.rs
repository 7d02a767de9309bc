//! Who is who.

use actors::{Credentials, Ended, Habit};
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_phone_proves_who_it_is() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_until_quiet();

    assert!(call.is_up_with(&minsu));
    world.finish();
}

#[test]
fn a_wrong_password_leads_nowhere() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    let wrong = Credentials { user: "hana".to_owned(), password: "guessed".to_owned() };
    hana.with(|profile| profile.credentials = Some(wrong));

    let call = hana.dials("0101");
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Refused(401)));
    assert_eq!(minsu.was_called(), 0);
    assert!(world.records().is_empty());
    world.finish();
}

#[test]
fn a_stranger_is_turned_away_without_a_record() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (stranger, east) = (world.stranger("mallory", "192.0.2.66:5060"), world.provider("east"));

    let call = stranger.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Refused(403)));
    assert_eq!(east.was_called(), 0);
    assert!(world.records().is_empty());
    world.finish();
}

#[test]
fn the_house_proves_to_a_provider_who_it_is() {
    let with_account = TWO_PROVIDERS.replace(
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]",
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]\n\
         auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }",
    );
    let mut world = World::from_toml(seed(), &with_account);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Challenges);

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}
