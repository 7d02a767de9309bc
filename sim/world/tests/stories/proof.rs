//! Who is who.

use std::time::Duration;

use actors::{Credentials, Deed, Ended, Habit, Note};
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

/// A provider that wants every request inside of a call proven gets the proof, whoever began the call:
/// changes by re-INVITE and UPDATE, digits by INFO, and the BYE at the end.
#[test]
fn a3_every_request_inside_of_a_call_is_proven() {
    let with_account = TWO_PROVIDERS.replace(
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]",
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]\n\
         auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }",
    );
    for is_outbound in [true, false] {
        let mut world = World::from_toml(seed(), &with_account);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::ChallengesAll);
        let call = if is_outbound { hana.dials("+1 206 555 0142") } else { east.dials("+1 425 555 0100") };
        world.run_for(Duration::from_secs(5));
        let declined = |note: &Note| matches!(note, Note::Declined { .. });

        for deed in [Deed::ReInvite, Deed::Update, Deed::Hold, Deed::Resume] {
            hana.does(deed);
            world.run_for(Duration::from_secs(5));
        }
        hana.does(|leg| Deed::SendInfo(leg, "5".to_owned()));
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up(), "outbound: {is_outbound}");
        assert_eq!(hana.count(declined), 0, "{:?}", hana.notes());
        assert_eq!(east.count(|note| matches!(note, Note::Renegotiated)), 4);
        assert_eq!(east.count(|note| matches!(note, Note::Told { .. })), 1);

        hana.does(Deed::HangUp);
        world.run_for(Duration::from_secs(5));
        assert_eq!(east.calls_now(), 0);
        assert_eq!(east.count(|note| *note == Note::Ended(Ended::ByPeer)), 1);
        world.finish();
    }
}

/// A provider that wants even the PRACK proven hears it with the proof, and the call comes about.
#[test]
fn c6_a_prack_is_proven_where_the_provider_wants_it() {
    let with_account = TWO_PROVIDERS.replace(
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]",
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]\n\
         auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }",
    );
    let mut world = World::from_toml(seed(), &with_account);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    for habit in [Habit::ChallengesAll, Habit::InsistsOnReliable, Habit::EarlyMedia] {
        east.has_habit(habit);
    }

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up_with(&east), "{:?}", hana.notes());
    assert_eq!(east.count(|note| *note == Note::Pracked { fits: true }), 1);
    world.finish();
}
