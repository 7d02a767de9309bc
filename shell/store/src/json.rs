//! A record as JSON, byte for byte as `serde_json` says it, with less work: nearly all of it is text in which
//! nothing needs an escape, and that is found out sixteen letters at a time.

use std::fmt::{self, Display, Write};

use serde::Serialize;
use serde::ser::{self, Error as _};
use serde_json::Error;

/// Appends a value to a text of JSON.
pub(crate) fn append(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    value.serialize(&mut Json(out))
}

struct Json<'o>(&'o mut Vec<u8>);

/// The inside of an array or an object.
struct Members<'j, 'o> {
    json: &'j mut Json<'o>,
    is_first: bool,
    end: &'static [u8],
}

impl Json<'_> {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut left = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[at..]);
    }

    fn signed(&mut self, number: i64) {
        if number < 0 {
            self.0.push(b'-');
        }
        self.number(number.unsigned_abs());
    }

    /// Text between quotes.
    fn escaped(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        loop {
            let plain = plain(rest);
            self.0.extend_from_slice(&rest[..plain]);
            let Some((byte, behind)) = rest[plain..].split_first() else { return };
            self.escape(*byte);
            rest = behind;
        }
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                let letters = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                self.put("\\u00");
                return self.0.extend_from_slice(&letters);
            }
        };
        self.0.extend_from_slice(&[b'\\', short]);
    }

    /// What serde does not say of itself goes the usual way.
    fn usual(&mut self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.0, value)
    }
}

/// How many bytes stand before the first that needs an escape.
fn plain(bytes: &[u8]) -> usize {
    let needs_escape = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    let mut at = 0;
    // Sixteen together, without branches: the compiler makes one comparison of them.
    while let Some(chunk) = bytes[at..].first_chunk::<16>()
        && !chunk.iter().fold(false, |found, byte| found | needs_escape(byte))
    {
        at += chunk.len();
    }
    if let Some(chunk) = bytes[at..].first_chunk::<8>()
        && !chunk.iter().fold(false, |found, byte| found | needs_escape(byte))
    {
        at += chunk.len();
    }
    at + bytes[at..].iter().position(needs_escape).unwrap_or(bytes.len() - at)
}

impl Write for Json<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escaped(text);
        Ok(())
    }
}

impl<'j, 'o> Members<'j, 'o> {
    fn begin(json: &'j mut Json<'o>, begin: &str, end: &'static [u8]) -> Members<'j, 'o> {
        json.put(begin);
        Members { json, is_first: true, end }
    }

    /// The object or array that is the only member of an object: `{"variant":[`.
    fn of_variant(json: &'j mut Json<'o>, variant: &str, begin: &str, end: &'static [u8]) -> Self {
        json.put("{\"");
        json.escaped(variant);
        json.put("\":");
        Members::begin(json, begin, end)
    }

    fn gap(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.json.0.push(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.gap();
        value.serialize(&mut *self.json)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.gap();
        self.json.0.push(b'"');
        self.json.escaped(key);
        self.json.put("\":");
        value.serialize(&mut *self.json)
    }

    /// The key of a map: what is no text is quoted.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.gap();
        let at = self.json.0.len();
        key.serialize(&mut *self.json)?;
        match self.json.0.get(at) {
            Some(b'"') => {}
            Some(b'0'..=b'9' | b'-' | b't' | b'f') => {
                self.json.0.insert(at, b'"');
                self.json.0.push(b'"');
            }
            _ => return Err(Error::custom("key must be a string")),
        }
        self.json.0.push(b':');
        Ok(())
    }

    fn close(self) {
        self.json.0.extend_from_slice(self.end);
    }
}

impl<'j, 'o> ser::Serializer for &'j mut Json<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'j, 'o>;
    type SerializeTuple = Members<'j, 'o>;
    type SerializeTupleStruct = Members<'j, 'o>;
    type SerializeTupleVariant = Members<'j, 'o>;
    type SerializeMap = Members<'j, 'o>;
    type SerializeStruct = Members<'j, 'o>;
    type SerializeStructVariant = Members<'j, 'o>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.put(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.signed(value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        self.usual(&value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        self.usual(&value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.usual(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.usual(&value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.0.push(b'"');
        self.escaped(value);
        self.0.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.put("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut only = Members::begin(self, "{", b"}");
        only.field(variant, value)?;
        only.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::begin(self, "[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::begin(self, "[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::begin(self, "[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::of_variant(self, variant, "[", b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::begin(self, "{", b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::begin(self, "{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'j, 'o>, Error> {
        Ok(Members::of_variant(self, variant, "{", b"}}"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.0.push(b'"');
        write!(self, "{value}").map_err(|_| Error::custom("it cannot be said"))?;
        self.0.push(b'"');
        Ok(())
    }
}

macro_rules! members {
    ($trait:ident, $verb:ident) => {
        impl ser::$trait for Members<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $verb<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    };
}

members!(SerializeSeq, serialize_element);
members!(SerializeTuple, serialize_element);
members!(SerializeTupleStruct, serialize_field);
members!(SerializeTupleVariant, serialize_field);

macro_rules! fields {
    ($trait:ident) => {
        impl ser::$trait for Members<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    };
}

fields!(SerializeStruct);
fields!(SerializeStructVariant);

impl ser::SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.json)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Plain,
        Of(i32),
        Both(u8, char),
        Named { at: i64 },
    }

    #[derive(Serialize)]
    struct Nothing;

    #[derive(Serialize)]
    struct Wrapped(u16);

    #[derive(Serialize)]
    struct Everything<'t> {
        text: &'t str,
        kinds: Vec<Kind>,
        numbers: (u64, i64, f64, u128),
        maybe: [Option<bool>; 3],
        by_name: BTreeMap<&'t str, Wrapped>,
        by_number: BTreeMap<i16, ()>,
        nothing: Nothing,
        empty: Vec<u8>,
    }

    fn same(value: &impl Serialize) {
        let mut ours = b"before".to_vec();
        append(&mut ours, value).expect("it is said");
        let usual = serde_json::to_string(value).expect("it is said");

        assert_eq!(String::from_utf8_lossy(&ours), format!("before{usual}"));
    }

    #[test]
    fn everything_is_said_as_serde_json_says_it() {
        same(&Everything {
            text: "\"Hana\" <sip:+14255550100@example.net>\\\r\n\t\u{8}\u{c}\u{1}\u{7f} Zoë 花子 🙂",
            kinds: vec![Kind::Plain, Kind::Of(-7), Kind::Both(255, '"'), Kind::Named { at: i64::MIN }],
            numbers: (u64::MAX, i64::MIN, 0.1, u128::MAX),
            maybe: [None, Some(true), Some(false)],
            by_name: BTreeMap::from([("a\"b", Wrapped(0)), ("c", Wrapped(u16::MAX))]),
            by_number: BTreeMap::from([(-1, ()), (10, ())]),
            nothing: Nothing,
            empty: Vec::new(),
        });
    }

    #[test]
    fn every_letter_is_escaped_wherever_it_stands() {
        for letter in (0..0x180).filter_map(char::from_u32) {
            for at in 0..40 {
                let before = "x".repeat(at);
                same(&format!("{before}{letter}{before}{letter}"));
            }
        }
    }

    #[test]
    fn what_is_displayed_is_escaped_in_all_its_pieces() {
        struct Shown;
        impl Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"a\"")?;
                f.write_str(" says ")?;
                write!(f, "{:?}", "b\n")
            }
        }
        impl Serialize for Shown {
            fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        same(&Shown);
    }

    #[test]
    fn a_key_that_is_no_text_and_no_number_is_refused() {
        let map = BTreeMap::from([((1, 2), 3)]);
        assert!(append(&mut Vec::new(), &map).is_err());
    }
}
