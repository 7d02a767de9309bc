//! The book of ports.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use media::{PortBook, Purpose};

const REST: Duration = Duration::from_secs(30);

#[test]
fn g7_pairs_are_even_and_stay_within_the_range() {
    let (mut book, now) = book(30_001, 30_008);
    let ports: Vec<_> =
        std::iter::from_fn(|| book.lease(now, Purpose::Emergency)).map(|pair| pair.port).collect();
    assert_eq!(ports, [30_002, 30_004, 30_006]);
}

#[test]
fn the_highest_port_of_all_has_a_pair() {
    let (book, _) = book(65_530, 65_535);
    assert_eq!(book.size(), 3);
}

#[test]
fn a_range_without_a_pair_leases_nothing() {
    let (mut book, now) = book(65_535, 65_535);
    assert_eq!(book.lease(now, Purpose::Emergency), None);
}

#[test]
fn g7_no_pair_is_leased_twice() {
    let (mut book, now) = book(30_000, 30_199);
    let ports: BTreeSet<_> = (0..95).map(|_| book.lease(now, Purpose::Call).unwrap().port).collect();
    assert_eq!((ports.len(), book.in_use()), (95, 95));
}

#[test]
fn g7_the_last_part_is_kept_for_emergencies() {
    let (mut book, now) = book(30_000, 30_199);
    let calls = std::iter::from_fn(|| book.lease(now, Purpose::Call)).count();
    let emergencies = std::iter::from_fn(|| book.lease(now, Purpose::Emergency)).count();
    assert_eq!((calls, emergencies), (95, 5));
}

#[test]
fn g7_a_pair_rests_before_it_is_leased_again() {
    let (mut book, now) = book(30_000, 30_003);
    let pair = book.lease(now, Purpose::Call).unwrap();
    book.give_back(now, pair);

    assert_eq!(book.lease(now + REST / 2, Purpose::Call), None);
    assert_eq!(book.lease(now + REST, Purpose::Call).map(|pair| pair.port), Some(30_002));
    assert_eq!(book.lease(now + REST, Purpose::Emergency), Some(pair));
}

#[test]
fn g7_a_pair_that_nobody_was_told_of_needs_no_rest() {
    let (mut book, now) = book(30_000, 30_005);
    let pair = book.lease(now, Purpose::Call).unwrap();
    book.take_back(pair);

    assert_eq!(book.in_use(), 0);
    assert_eq!(book.lease(now, Purpose::Call), Some(pair));
}

#[test]
fn g7_an_emergency_does_not_wait_for_a_rest() {
    let (mut book, now) = book(30_000, 30_001);
    let pair = book.lease(now, Purpose::Emergency).unwrap();
    book.give_back(now, pair);
    assert_eq!(book.lease(now, Purpose::Emergency), Some(pair));
}

#[test]
#[should_panic(expected = "a port pair is given back once")]
fn a_pair_is_given_back_once() {
    let (mut book, now) = book(30_000, 30_001);
    let pair = book.lease(now, Purpose::Emergency).unwrap();
    book.give_back(now, pair);
    book.give_back(now, pair);
}

fn book(first: u16, last: u16) -> (PortBook, Instant) {
    (PortBook::new([127, 0, 0, 1].into(), first..=last, REST), Instant::now())
}
