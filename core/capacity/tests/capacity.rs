//! Channels for a traffic, bandwidth for channels, and offers beside each other, against published figures.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::num::NonZeroU32;

use capacity::{
    Hours, Place, Wanted, bill, blocking, calls_within, channels_for, compare, erlangs_for, formula_of_2013,
};
use model::{Amount, Codec, Offer, OfferUnit};

const HOUR: i64 = 3_600_000;

fn rounded(erlangs: f64) -> f64 {
    (erlangs * 10.0).round() / 10.0
}

/// The table of Erlang B in appendix A of "Carrier Grade Voice over IP": traffic for channels and blocking.
#[test]
fn req_c08_erlang_b_agrees_with_the_published_table() {
    const BLOCKING: [f64; 16] =
        [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0, 3.0, 4.0, 5.0];
    const TABLE: [(u32, [f64; 16]); 5] = [
        (5, [0.5, 0.6, 0.8, 0.9, 1.0, 1.1, 1.1, 1.2, 1.2, 1.3, 1.3, 1.4, 1.7, 1.9, 2.1, 2.2]),
        (6, [0.7, 1.0, 1.1, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.8, 1.9, 1.9, 2.3, 2.5, 2.8, 3.0]),
        (7, [1.1, 1.4, 1.6, 1.8, 1.9, 2.1, 2.2, 2.2, 2.3, 2.4, 2.4, 2.5, 2.9, 3.2, 3.5, 3.7]),
        (8, [1.4, 1.8, 2.1, 2.3, 2.5, 2.6, 2.7, 2.8, 2.9, 3.0, 3.1, 3.1, 3.6, 4.0, 4.3, 4.5]),
        (9, [1.8, 2.3, 2.6, 2.9, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 4.3, 4.7, 5.1, 5.4]),
    ];

    for (channels, row) in TABLE {
        for (percent, erlangs) in BLOCKING.into_iter().zip(row) {
            let found = rounded(erlangs_for(channels, percent / 100.0));
            assert_eq!(found, erlangs, "{channels} channels at {percent} %");
        }
    }
    // Of the manual of the calculator at erlang.com: 15 lines, one call in a hundred.
    assert_eq!((erlangs_for(15, 0.01) * 1_000.0).round(), 8_108.0);
}

/// Blocking as other calculators print it, and the channels that keep it.
#[test]
fn req_c08_blocking_and_channels_belong_together() {
    let printed =
        [(8.0, 12, 5.1406), (10.0, 15, 3.6497), (12.5, 18, 3.4079), (15.0, 20, 4.5593), (20.0, 26, 3.7195)];
    for (erlangs, channels, percent) in printed {
        assert_eq!((blocking(erlangs, channels) * 1_000_000.0).round() / 10_000.0, percent);
        assert_eq!(channels_for(erlangs, percent / 100.0 + 1e-6), channels);
        assert_eq!(channels_for(erlangs, percent / 100.0 - 1e-6), channels + 1);
    }
    assert_eq!((blocking(0.0, 0), channels_for(0.0, 0.01)), (1.0, 0));
    assert!(blocking(100_000.0, 100_000).is_finite() && channels_for(4_800.0, 0.01) > 4_800);
}

/// The busiest hour of the clock, and how many were at once: a channel that is given back can be taken at
/// once.
#[test]
fn req_c08_the_busy_hour_is_drawn_from_calls() {
    let mut hours = Hours::default();
    hours.add(0, HOUR / 2);
    hours.add(HOUR / 2, HOUR);
    hours.add(HOUR - 600_000, HOUR + 1_200_000);
    hours.add(HOUR + 60_000, HOUR + 120_000);
    hours.add(5, 5);

    let busiest = hours.busiest().unwrap();

    assert_eq!((busiest.began_ms, (busiest.erlangs * 1_000.0).round()), (0, 1_167.0));
    assert_eq!((hours.peak(), hours.span_ms()), (2, HOUR + 1_200_000));
    let mut both = hours.clone();
    both.extend(&hours);
    assert_eq!(both.peak(), 4);
}

fn offer(by: OfferUnit, each: &str, place: &str) -> Offer {
    let figure = |figure| NonZeroU32::new(figure);
    Offer {
        by,
        currency: "USD".parse().unwrap(),
        channels: figure(23).filter(|_| by == OfferUnit::Line),
        step_kbps: figure(1_000).filter(|_| by == OfferUnit::Bandwidth),
        each: each.parse().unwrap(),
        place: place.parse().unwrap(),
        minute: Amount(0),
        deck: None,
    }
}

/// Lines are bought whole, channels one by one, bandwidth in steps: the units decide, and tariffs are data.
#[test]
fn req_c08_units_are_bought_as_the_offer_sells_them() {
    let units = |by, channels| bill(&offer(by, "1.00", "0"), channels, Codec::Pcmu, Amount(0)).units;

    assert_eq!([1, 23, 24, 46].map(|channels| units(OfferUnit::Line, channels)), [1, 1, 2, 2]);
    assert_eq!(units(OfferUnit::Channel, 24), 24);
    assert_eq!([10, 11, 100].map(|channels| units(OfferUnit::Bandwidth, channels)), [1, 2, 10]);
    let nothing = bill(&offer(OfferUnit::Line, "400.00", "90.00"), 0, Codec::Pcmu, Amount(0));
    assert_eq!((nothing.units, nothing.total()), (0, Amount(0)));
}

/// A centre and two branches: together they need fewer channels than each alone; lines to the branches cost,
/// and decide which is cheaper.
#[test]
fn req_c08_central_and_distributed_stand_beside_each_other() {
    let place = |erlangs, minutes: &str| Place { erlangs, minutes: minutes.parse().unwrap() };
    let places = [place(20.0, "500.00"), place(5.0, "100.00"), place(5.0, "100.00")];
    let wanted = Wanted { blocking: 0.01, codec: Codec::Pcmu };
    let (pri, wan) = (offer(OfferUnit::Line, "420.00", "90.00"), offer(OfferUnit::Bandwidth, "80.00", "0"));

    let lone = compare(&pri, None, &places, wanted);
    let with_wan = compare(&pri, Some(&wan), &places, wanted);

    // At 1 %, 20 erlangs take 30 channels, 5 take 11, and 30 take 42.
    assert_eq!((lone.distributed.channels, lone.central.channels), (30 + 11 + 11, 42));
    assert_eq!((lone.distributed.units, lone.central.units), (2 + 1 + 1, 2));
    assert_eq!(lone.distributed.total(), "2650.00".parse().unwrap());
    assert_eq!(lone.central.total(), "1630.00".parse().unwrap());
    assert_eq!(with_wan.central.lines_cost, "320.00".parse().unwrap());
    assert_eq!(with_wan.distributed, lone.distributed);
}

/// A paid line is used to its end: so many calls it carries, and the formula of 2013 would promise more.
#[test]
fn req_k04_peak_bandwidth_and_the_calls_it_carries() {
    assert_eq!(calls_within(10_000, Codec::Pcmu), 103);
    assert_eq!(calls_within(10_000, Codec::G729), 243);
    assert_eq!((100 * Codec::Pcmu.kbps(), formula_of_2013(100)), (9_700, 7_200));
}
