//! The call flows of RFC 3665 and RFC 5359, figure by figure, with the house where the figures have proxies.
//!
//! A figure is what passed between the house and each far end, in order: `hana -> INVITE sendrecv` went from
//! Hana's phone to the house, `hana <- 180 INVITE` the other way. The house is party to both sides of a call,
//! so that a figure of the document appears on either of its sides.
#![allow(clippy::unwrap_used)]

mod basic;
mod registration;
mod services;

use world::World;

/// Two users, two providers, one of which is the other's backup.
const HOUSE: &str = include_str!("../../src/seeds/house.toml");

/// The world of a figure: nothing is lost in it, and all that passes is kept.
fn world_of(house: &str) -> World {
    let mut world = World::from_toml(4, house);
    world.captures();
    world
}

/// Compares what passed with the figure, line by line.
fn expect(world: &World, figure: &str) {
    let passed = world.ladder();
    let drawn: Vec<&str> = figure.lines().collect();
    assert_eq!(passed, drawn, "what passed:\n{}", passed.join("\n"));
}
