//! GRUUs: addresses that reach one device of a user (RFC 5627). Which device one names stands in it, sealed:
//! nothing of them is kept but the key, and with each binding the series of its temporary ones.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use sip_message::Uri;

/// What the user part of a temporary one begins with.
const TEMPORARY: &str = "tgruu.";
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Of a seal, what is shown: nobody guesses 80 bits.
const SHOWN: usize = 10;
const LOT: usize = 12;
const SERIES: usize = 8;

/// What makes one temporary address another than all before it.
pub(crate) type Lot = [u8; LOT];

/// Makes GRUUs, and reads those that it made.
pub(crate) struct Seal(Hmac<Sha256>);

/// What a GRUU of ours names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// A device of a user, registered or not.
    Public { user: String, instance: String },
    /// The device whose binding has this series, if there still is one.
    Temporary { series: u64 },
}

/// What a seal is about: none is good for the other.
#[derive(Clone, Copy)]
enum About {
    Public = 0,
    Mask = 1,
    Temporary = 2,
}

impl Seal {
    pub fn new(key: &[u8; 32]) -> Seal {
        Seal(Hmac::new_from_slice(key).expect("a key of HMAC may have any length"))
    }

    /// The address of a device that tells whose it is: the same as long as the key is.
    pub fn public(&self, address: &str, user: &str, instance: &str) -> String {
        let shown = self.sum(About::Public, &[user.as_bytes(), &[0], instance.as_bytes()]);
        let mut text = format!("{address};gr=");
        push_escaped(&mut text, instance);
        text.push('.');
        push_letters(&mut text, &shown);
        text
    }

    /// The address of a device that tells nobody whose it is, nor whether another one is the same device's.
    pub fn temporary(&self, address: &str, series: u64, lot: &Lot) -> String {
        let (scheme, rest) = address.split_once(':').unwrap_or(("sip", address));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let hidden = (series ^ self.mask(lot)).to_be_bytes();
        let shown = self.sum(About::Temporary, &[lot, &hidden]);
        let mut text = format!("{scheme}:{TEMPORARY}");
        push_letters(&mut text, &[&lot[..], &hidden, &shown].concat());
        text.push('@');
        text.push_str(host);
        text.push_str(";gr");
        text
    }

    /// What a URI names; nothing where it is no GRUU, or none that was ever made with this key.
    pub fn read(&self, uri: &str) -> Option<Sealed> {
        let uri = Uri::parse(uri).ok()?;
        let said = uri.param("gr")?;
        let user = uri.user_decoded()?;
        let beginning = user.get(..TEMPORARY.len()).unwrap_or_default();
        if beginning.eq_ignore_ascii_case(TEMPORARY) {
            return self.series_in(&user[TEMPORARY.len()..]);
        }
        let (instance, letters) = said?.rsplit_once('.')?;
        let instance = unescaped(instance)?;
        let shown = bytes_of(letters)?;
        let made = self.sum(About::Public, &[user.as_bytes(), &[0], instance.as_bytes()]);
        is_same(&made, &shown).then(|| Sealed::Public { user: user.into_owned(), instance })
    }

    fn series_in(&self, letters: &str) -> Option<Sealed> {
        let bytes = bytes_of(letters).filter(|bytes| bytes.len() == LOT + SERIES + SHOWN)?;
        let (lot, rest) = bytes.split_at(LOT);
        let (hidden, shown) = rest.split_at(SERIES);
        if !is_same(&self.sum(About::Temporary, &[lot, hidden]), shown) {
            return None;
        }
        let hidden = hidden.try_into().map(u64::from_be_bytes).ok()?;
        Some(Sealed::Temporary { series: hidden ^ self.mask(lot) })
    }

    fn mask(&self, lot: &[u8]) -> u64 {
        let sum = self.sum(About::Mask, &[lot]);
        sum[..SERIES].try_into().map(u64::from_be_bytes).expect("a sum is longer than a series")
    }

    fn sum(&self, about: About, parts: &[&[u8]]) -> [u8; SHOWN] {
        let mut mac = self.0.clone();
        mac.update(&[about as u8]);
        parts.iter().for_each(|part| mac.update(part));
        let sum = mac.finalize().into_bytes();
        sum[..SHOWN].try_into().expect("a sum of SHA-256 is longer")
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// Whether a URI says to be a GRUU, of whomever.
pub(crate) fn says_gruu(uri: &str) -> bool {
    let mut pieces = uri.split(';').skip(1);
    pieces.any(|piece| piece.get(..2).is_some_and(|name| name.eq_ignore_ascii_case("gr")))
}

/// Takes as long whatever differs.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other));
    one.len() == other.len() && differs == 0
}

/// Five bytes are eight letters: it is called with whole fives.
fn push_letters(text: &mut String, bytes: &[u8]) {
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = (0..8).rev().map(|place| LETTERS[(bits >> (5 * place) & 31) as usize]);
        text.extend(letters.map(char::from));
    }
}

fn bytes_of(letters: &str) -> Option<Vec<u8>> {
    let letters = letters.as_bytes();
    if letters.is_empty() || !letters.len().is_multiple_of(8) || letters.len() > 64 {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 8 * 5);
    for eight in letters.chunks_exact(8) {
        let mut bits = 0u64;
        for letter in eight {
            let letter = letter.to_ascii_lowercase();
            let value = LETTERS.iter().position(|known| *known == letter)?;
            bits = bits << 5 | value as u64;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// What may stand in a parameter of a URI as it is (RFC 3261 25.1).
fn stands(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$".contains(&byte)
}

fn push_escaped(text: &mut String, instance: &str) {
    for byte in instance.bytes() {
        match stands(byte) {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, others) = others.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|two| !two.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = others;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "sip:anna@house.example:5070";
    const INSTANCE: &str = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    fn seal() -> Seal {
        Seal::new(&[7; 32])
    }

    #[test]
    fn what_is_sealed_is_read_again_by_the_same_key_alone() {
        let (user, odd) = ("anna".to_owned(), "urn:x:a \"b\"%;é");

        for instance in [INSTANCE, odd] {
            let public = seal().public(ADDRESS, "anna", instance);
            assert!(public.starts_with("sip:anna@house.example:5070;gr=urn:"), "{public}");
            assert!(says_gruu(&public));
            let expected = Sealed::Public { user: user.clone(), instance: instance.to_owned() };
            assert_eq!(seal().read(&public), Some(expected));
            assert_eq!(Seal::new(&[8; 32]).read(&public), None);
        }
        let temporary = seal().temporary(ADDRESS, 0x0123_4567_89ab_cdef, &[9; LOT]);
        assert!(temporary.starts_with("sip:tgruu.") && temporary.ends_with("@house.example:5070;gr"));
        assert!(!temporary.contains("anna") && says_gruu(&temporary));
        let expected = Some(Sealed::Temporary { series: 0x0123_4567_89ab_cdef });
        assert_eq!(seal().read(&temporary), expected);
        assert_eq!(seal().read(&temporary.to_uppercase().replace("SIP:", "sip:")), expected);
        assert_eq!(Seal::new(&[8; 32]).read(&temporary), None);
    }

    #[test]
    fn whoever_changes_a_letter_has_nothing() {
        let public = seal().public(ADDRESS, "anna", INSTANCE);
        let temporary = seal().temporary(ADDRESS, 4711, &[1; LOT]);

        assert_eq!(seal().read(&public.replace("anna", "otto")), None);
        assert_eq!(seal().read(&public.replace("f81d", "f81e")), None);
        assert_eq!(seal().read(ADDRESS), None);
        let sealed = temporary.find("tgruu.").map_or(0, |at| at + TEMPORARY.len());
        for at in sealed..temporary.find('@').unwrap_or_default() {
            let other = if temporary.as_bytes()[at] == b'0' { "1" } else { "0" };
            let mut torn = temporary.clone();
            torn.replace_range(at..=at, other);
            assert_eq!(seal().read(&torn), None, "{torn}");
        }
    }

    #[test]
    fn temporary_ones_of_one_series_have_nothing_in_common() {
        let (one, other) =
            (seal().temporary(ADDRESS, 4711, &[1; LOT]), seal().temporary(ADDRESS, 4711, &[2; LOT]));

        let (one, other) = (&one["sip:tgruu.".len() + 20..], &other["sip:tgruu.".len() + 20..]);
        let same = one.bytes().zip(other.bytes()).take(28).filter(|(one, other)| one == other).count();
        assert!(same < 8, "{one} {other}");
    }

    #[test]
    fn anything_may_be_asked() {
        for uri in
            ["", "sip:a;gr", "sip:é@b;gr=%", "sip:a@b;gr=%+1.00000000", "sip:tgruu.é@b;gr", "tel:+1;gr=x"]
        {
            assert_eq!(seal().read(uri), None, "{uri}");
        }
    }
}
