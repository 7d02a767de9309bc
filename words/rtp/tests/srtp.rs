//! Packets are sealed as the vectors say, open again, and nothing else opens.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::path::Path;

use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};
use rtp::{Fixed, Header};
use serde_json::Value;

/// Master key of RFC 3711 B.3, under which the shared packets were sealed.
const MASTER: &str = "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6";
const ROOM: usize = 1500;

#[test]
fn i1_packets_are_sealed_byte_for_byte_as_the_vectors_say() {
    let document = vectors();
    for (suite, column) in [(Suite::AesCm128HmacSha1_80, "srtp"), (Suite::AesCm128HmacSha1_32, "srtp_32")] {
        let master = MasterKey::new(suite, &bytes(MASTER)).unwrap();
        for row in document["packets_aes_cm_128_hmac_sha1_80"].as_array().unwrap() {
            let (clear, sealed) = (hex(&row["rtp"]), hex(&row[column]));
            let rolls = row["roc"].as_u64().unwrap();
            let mut sealer = Sealer::new(&master);
            let mut opener = Opener::new(&master);
            roll(&mut sealer, &mut opener, &clear, rolls);

            assert_eq!(seal(&mut sealer, &clear), Ok(sealed.clone()), "{row}");
            assert_eq!(open(&mut opener, &sealed), Ok(clear), "{row}");
            assert_eq!(open(&mut opener, &sealed), Err(Refused::Seen), "a copy: {row}");
        }
    }
}

/// Takes both ends through as many roll-overs as a vector has behind it.
fn roll(sealer: &mut Sealer, opener: &mut Opener, packet: &[u8], rolls: u64) {
    let ssrc = Fixed::of(packet).unwrap().ssrc;
    for sequence in (0..rolls).flat_map(|_| [20_000, 40_000, 60_000]) {
        let sealed = seal(sealer, &packet_of(ssrc, sequence, b"")).unwrap();
        open(opener, &sealed).unwrap();
    }
}

#[test]
fn i2_every_suite_opens_what_it_sealed_and_refuses_any_changed_byte() {
    for suite in Suite::ALL {
        let master = key(suite, 1);
        let clear = packet_of(0x1122_3344, 4711, b"one hundred and sixty bytes of speech, or nearly so");

        let sealed = seal(&mut Sealer::new(&master), &clear).unwrap();

        assert_eq!(sealed.len(), clear.len() + suite.rtp_growth(), "{suite}");
        assert_eq!(sealed[..12], clear[..12], "the header stays readable: {suite}");
        assert!(!sealed.windows(6).any(|window| window == b"speech"), "{suite}");
        assert_eq!(open(&mut Opener::new(&master), &sealed).unwrap(), clear, "{suite}");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x40;
            assert!(open(&mut Opener::new(&master), &changed).is_err(), "byte {at} under {suite}");
        }
        let stranger = open(&mut Opener::new(&key(suite, 2)), &sealed);
        assert_eq!(stranger, Err(Refused::NotGenuine), "{suite}");
    }
}

#[test]
fn reports_are_sealed_numbered_and_opened_once() {
    for suite in Suite::ALL {
        let (mut sealer, mut opener) = (Sealer::new(&key(suite, 1)), Opener::new(&key(suite, 1)));
        let report = [&[0x80, 201, 0, 1, 0, 0, 0, 9][..], b"the rest of a compound"].concat();

        let first = seal_report(&mut sealer, &report);
        let second = seal_report(&mut sealer, &report);

        assert_ne!(first, second, "each has its own number: {suite}");
        assert_eq!(open_report(&mut opener, &second).unwrap(), report, "{suite}");
        assert_eq!(open_report(&mut opener, &first).unwrap(), report, "one that was overtaken: {suite}");
        assert_eq!(open_report(&mut opener, &first), Err(Refused::Seen), "{suite}");
        let mut changed = seal_report(&mut sealer, &report);
        *changed.last_mut().unwrap() ^= 1;
        assert!(open_report(&mut opener, &changed).is_err(), "{suite}");
    }
}

#[test]
fn a_number_is_sealed_once_whatever_stands_in_the_packet() {
    let mut sealer = Sealer::new(&key(Suite::AesCm128HmacSha1_80, 1));

    assert!(seal(&mut sealer, &packet_of(1, 5, b"what was said")).is_ok());

    assert_eq!(seal(&mut sealer, &packet_of(1, 5, b"another text!")), Err(Refused::Seen));
    assert!(seal(&mut sealer, &packet_of(2, 5, b"another voice")).is_ok());
}

#[test]
fn i1_a_sender_that_loses_packets_around_the_roll_over_stays_understood() {
    let master = key(Suite::AeadAes128Gcm, 3);
    let (mut sealer, mut opener) = (Sealer::new(&master), Opener::new(&master));
    for sequence in [65_000, 65_530, 3, 65_535, 10, 5, 20_000] {
        let clear = packet_of(7, sequence, b"voice");
        let sealed = seal(&mut sealer, &clear).unwrap();
        assert_eq!(open(&mut opener, &sealed).unwrap(), clear, "{sequence}");
    }
}

#[test]
fn rubbish_and_full_buffers_are_refused() {
    let master = key(Suite::AesCm128HmacSha1_80, 1);
    let mut sealer = Sealer::new(&master);
    for length in 0..12 {
        assert!(open(&mut Opener::new(&master), &vec![0x80; length]).is_err());
        assert!(seal(&mut sealer, &vec![0x80; length]).is_err());
    }
    let clear = packet_of(1, 1, b"voice");
    let mut tight = clear.clone();

    assert_eq!(sealer.seal_rtp(&mut tight, clear.len()), Err(Refused::NoRoom));
    assert_eq!(MasterKey::new(Suite::AeadAes128Gcm, &[0; 30]), None);
    assert_eq!(format!("{master:?}"), "MasterKey(AES_CM_128_HMAC_SHA1_80, secret)");
}

fn key(suite: Suite, seed: u8) -> MasterKey {
    let bytes: Vec<u8> = (0..MasterKey::length(suite)).map(|at| at as u8 ^ seed).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

fn packet_of(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let fixed = Fixed { marker: false, payload_type: 0, sequence, timestamp: 160, ssrc };
    let mut packet = Vec::new();
    Header { payload, ..fixed.into() }.write(&mut packet);
    packet
}

fn seal(sealer: &mut Sealer, clear: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut buffer = clear.to_vec();
    buffer.resize(ROOM, 0);
    let length = sealer.seal_rtp(&mut buffer, clear.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn seal_report(sealer: &mut Sealer, clear: &[u8]) -> Vec<u8> {
    let mut buffer = clear.to_vec();
    buffer.resize(ROOM, 0);
    let length = sealer.seal_rtcp(&mut buffer, clear.len()).unwrap();
    buffer.truncate(length);
    buffer
}

fn open(opener: &mut Opener, sealed: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut packet = sealed.to_vec();
    let length = opener.open_rtp(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

fn open_report(opener: &mut Opener, sealed: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut packet = sealed.to_vec();
    let length = opener.open_rtcp(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

fn vectors() -> Value {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/srtp/srtp.json"));
    let text = fs::read(path).unwrap_or_else(|error| panic!("the shared vectors are needed: {error}"));
    serde_json::from_slice(&text).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    bytes(value.as_str().unwrap())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
