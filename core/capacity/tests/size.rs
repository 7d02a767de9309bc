//! What a house of some size needs, against reckoning by hand and what was published.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use capacity::{Addresses, Load, Sealed, Service, kbps_of, measured, size};
use model::Codec;

const PUBLISHED: &str = include_str!("../../../docs/PERFORMANCE.md");

fn load() -> Load {
    Load { users: 2_000, calls_an_hour: 4.0, hold_s: 180.0, outside: 0.6, direct: 0.4 }
}

const SERVICE: Service = Service { blocking: 0.01, headroom: 2.0 };

/// Two thousand people, four calls each, three minutes: 400 erlangs, 240 of them by trunks.
#[test]
fn req_f74_channels_ports_and_packets_follow_from_users_traffic_and_what_goes_direct() {
    let size = size(&load(), SERVICE, &measured(Sealed::Clear));

    assert_eq!(size.calls_an_hour, 8_000.0);
    assert!((size.erlangs - 400.0).abs() < 1e-9 && (size.erlangs_outside - 240.0).abs() < 1e-9);
    // Erlang B at 1 %: 400 erlangs take 426 channels, 240 take 263.
    assert_eq!((size.calls, size.channels), (426, 263));
    assert_eq!((size.direct, size.anchored), (170, 256));
    assert_eq!(size.packets_a_second, 25_600.0);
    // 2.2 calls a second on the average, and 3 deviations of chance more.
    assert_eq!(size.calls_a_second_most, 7);
    assert!(size.pairs_outside > 263 * 6 / 10 && size.pairs_outside < 263, "{}", size.pairs_outside);
    assert!(size.pairs_inside > size.anchored, "calls inside have both their sides there");
}

/// What goes direct passes no relay: no packets, no core for media, less memory.
#[test]
fn req_f74_media_that_goes_direct_costs_no_relay() {
    let all = |direct: f64| size(&Load { direct, ..load() }, SERVICE, &measured(Sealed::Clear));

    let (anchored, direct) = (all(0.0), all(1.0));

    assert_eq!((anchored.anchored, direct.anchored), (426, 0));
    assert_eq!((direct.packets_a_second, direct.media_cores), (0.0, 0.0));
    assert!(direct.memory_mb < anchored.memory_mb && direct.signalling_cores < anchored.signalling_cores);
    assert_eq!(direct.channels, anchored.channels, "providers count channels, wherever media goes");
    assert!(direct.pairs_outside > 0, "a call has ports until it is answered");
}

/// 426 calls, 42,600 packets a second at 7.0 µs: 0.3 cores, and twice that with headroom; sealed 7.4.
#[test]
fn req_f74_cores_are_reckoned_from_measured_figures_with_headroom() {
    let all = |sealed: Sealed, headroom: f64| {
        let service = Service { headroom, ..SERVICE };
        size(&Load { direct: 0.0, ..load() }, service, &measured(sealed))
    };

    let (once, twice) = (all(Sealed::Clear, 1.0), all(Sealed::Clear, 2.0));

    assert!((once.media_cores - 0.2982).abs() < 1e-9, "{}", once.media_cores);
    assert!((twice.media_cores - 2.0 * once.media_cores).abs() < 1e-9);
    assert!((all(Sealed::Srtp, 1.0).media_cores - 42_600.0 * 7.4e-6).abs() < 1e-9);
    assert!((once.signalling_cores - 8_000.0 / 3_600.0 * 1.14e-3).abs() < 1e-9);
}

/// What the planner takes for measured stands in the document of measurements, to the letter.
#[test]
fn req_f74_every_figure_stands_in_what_is_published() {
    for sealed in [Sealed::Clear, Sealed::Srtp] {
        let measured = measured(sealed);
        for words in measured.words {
            assert!(PUBLISHED.contains(words), "{words:?}");
        }
        let said = measured.words.join(" ");
        for figure in [
            measured.cpu_s_a_call_anchored * 1_000.0,
            measured.cpu_s_a_call_direct * 1_000.0,
            measured.cpu_us_a_packet,
            measured.anchored_kb,
            measured.direct_kb,
            measured.session_kb,
            measured.house_mb,
        ] {
            let is_of_tenths = ((figure * 100.0).round() as u32).is_multiple_of(10);
            let figure = if is_of_tenths { format!("{figure:.1}") } else { format!("{figure:.2}") };
            assert!(said.contains(&figure), "{figure} is not in {said}");
        }
    }
}

/// As calls take of lines: sealed, by IPv4. By IPv6 a header is 20 bytes longer, 8 kbps at 50 packets.
#[test]
fn req_f74_bandwidth_counts_the_headers_that_travel() {
    for codec in Codec::ALL {
        assert_eq!(kbps_of(codec, Addresses::Ipv4, Sealed::Srtp), codec.kbps(), "{}", codec.word());
        let (four, six) =
            (kbps_of(codec, Addresses::Ipv4, Sealed::Clear), kbps_of(codec, Addresses::Ipv6, Sealed::Clear));
        assert_eq!(six - four, 8);
    }
    // 64 and 58 bytes of headers fifty times a second, and RTCP.
    assert_eq!(kbps_of(Codec::Pcmu, Addresses::Ipv4, Sealed::Clear), 64 + 24 + 5);
}
