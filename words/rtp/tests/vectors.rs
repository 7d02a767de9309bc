//! Packets of the shared vectors are read as they say.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::path::Path;

use rtp::{Digit, Error, Fixed, Header, Kind, TelephoneEvent};
use serde_json::Value;

#[test]
fn good_packets_are_read_and_written_back_byte_for_byte() {
    for row in rows(&vectors("rtp/rtp.json"), "good") {
        let bytes = bytes(&row["bytes"]);

        let header = Header::parse(&bytes).unwrap_or_else(|error| panic!("{row}: {error:?}"));
        let mut written = Vec::new();
        header.write(&mut written);

        let says = |key: &str, value: u64| assert!(row[key].is_null() || row[key] == value, "{key} of {row}");
        says("pt", header.fixed.payload_type.into());
        says("seq", header.fixed.sequence.into());
        says("ts", header.fixed.timestamp.into());
        says("ssrc", header.fixed.ssrc.into());
        if row["payload"].is_string() {
            assert_eq!(header.payload, self::bytes(&row["payload"]));
        }
        assert_eq!(written, bytes, "{row}");
        assert_eq!(Fixed::of(&bytes), Some(header.fixed));
    }
}

#[test]
fn bad_packets_are_refused() {
    let wanted =
        [Error::Version, Error::TooShort, Error::TooShort, Error::Extension, Error::Padding, Error::Padding];
    let document = vectors("rtp/rtp.json");
    assert_eq!(rows(&document, "bad").len(), wanted.len());
    for (row, wanted) in rows(&document, "bad").iter().zip(wanted) {
        assert_eq!(Header::parse(&bytes(&row["bytes"])), Err(wanted), "{row}");
    }
}

#[test]
fn every_first_byte_belongs_to_one_protocol() {
    for first in 0..=255u8 {
        let wanted = match first {
            0..=3 => Kind::Stun,
            16..=19 => Kind::Zrtp,
            20..=63 => Kind::Dtls,
            64..=79 => Kind::TurnChannel,
            128..=191 => Kind::Rtp,
            _ => Kind::Unknown,
        };
        assert_eq!(Kind::of(&[first, 0]), wanted, "{first}");
    }
    for second in 0..=255u8 {
        assert_eq!(Kind::of(&[0x80, second]) == Kind::Rtcp, (192..=223).contains(&second), "{second}");
    }
}

#[test]
fn key_presses_are_read_and_written() {
    for row in rows(&vectors("rtp/telephone_event.json"), "events") {
        let (start, end) = (bytes(&row["start_payload"]), bytes(&row["end_payload"]));

        let (down, up) = (TelephoneEvent::parse(&start).unwrap(), TelephoneEvent::parse(&end).unwrap());

        assert_eq!((down.end, down.volume, down.duration), (false, 10, 160));
        assert_eq!((up.end, up.volume, up.duration), (true, 10, 800));
        assert_eq!(row["event"], down.event);
        if let Some(digit) = down.digit() {
            assert_eq!(row["digit"], digit.key().to_string());
            assert_eq!(Digit::of(digit.key()).unwrap().event(), down.event);
        }
        let mut written = Vec::new();
        up.write(&mut written);
        assert_eq!(written, end);
    }
}

fn rows<'d>(document: &'d Value, name: &str) -> &'d Vec<Value> {
    document[name].as_array().unwrap_or_else(|| panic!("no list {name} in the vectors"))
}

fn vectors(file: &str) -> Value {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")).join(file);
    let text =
        fs::read(&path).unwrap_or_else(|error| panic!("the shared vectors are needed: {path:?}: {error}"));
    serde_json::from_slice(&text).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap().as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
