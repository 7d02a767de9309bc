//! Offers that come late, or twice.

use actors::{Habit, Note};
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn an_invite_without_an_offer_is_offered_a_session_in_the_answer() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::OffersLate);

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn a_reinvite_without_an_offer_is_carried_across() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();
    call.reinvites_without_offer();
    world.run_until_quiet();

    assert_eq!(call.notes().iter().filter(|note| **note == Note::Renegotiated).count(), 1);
    assert_eq!(east.count(|note| *note == Note::Renegotiated), 1);
    world.finish();
}
