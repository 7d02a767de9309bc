//! The phones of a user that a caller would reach: those that registered, then those that are written down;
//! and of them those that the caller wants (RFC 3841).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Document, User};
use policy::{DeviceFact, Facts};

pub(crate) struct Phone {
    pub contact: String,
    pub address: Option<IpAddr>,
    /// Thousandths.
    preference: u16,
    features: Vec<Feature>,
}

/// A word and what is said of it.
type Feature = (String, Vec<String>);

/// All phones of a user that the caller wants.
pub(crate) fn wanted(user: &Document<User>, facts: &Facts) -> Vec<Phone> {
    let phones = phones(user, facts);
    if facts.accept_contact.is_empty() && facts.reject_contact.is_empty() {
        return phones;
    }
    let mut liked: Vec<(f64, Phone)> =
        phones.into_iter().filter_map(|phone| Some((liking(&phone, facts)?, phone))).collect();
    liked.sort_by(|(one, phone), (other, next)| {
        let by_liking = other.partial_cmp(one).unwrap_or(Ordering::Equal);
        next.preference.cmp(&phone.preference).then(by_liking)
    });
    liked.into_iter().map(|(_, phone)| phone).collect()
}

/// Who has no password, and no desk phone that has one, registers nothing.
fn phones(user: &Document<User>, facts: &Facts) -> Vec<Phone> {
    let registered = serde_json::to_value(&facts.devices).expect("facts are data");
    let mut registered: BTreeMap<String, Vec<DeviceFact>> =
        serde_json::from_value(registered).expect("facts are read as they were written");
    let may_register = user.password.is_some() || !user.phones.is_empty();
    let registered = registered.remove(&*user.name).filter(|_| may_register).unwrap_or_default();
    let mut phones: Vec<Phone> = registered
        .iter()
        .map(|fact| Phone {
            contact: fact.contact.to_string(),
            address: Some(fact.source.ip()),
            preference: fact.priority,
            features: fact.features.as_deref().map(features).unwrap_or_default(),
        })
        .collect();
    for device in &user.devices {
        let contact = device.contact.value.to_string();
        if !registered.iter().any(|fact| *fact.contact == *contact) {
            let address = device.contact.address();
            phones.push(Phone { contact, address, preference: 1000, features: Vec::new() });
        }
    }
    phones
}

/// How much the caller would like this phone; nothing, if not at all. Who says nothing of itself is liked.
fn liking(phone: &Phone, facts: &Facts) -> Option<f64> {
    if phone.features.is_empty() {
        return Some(1.0);
    }
    let behind_star =
        |value: &str| value.split_once(';').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    for value in &facts.reject_contact {
        let unwanted = features(&behind_star(value));
        let has = |one: &Feature| matches!(agrees(phone, one), Some(true));
        if !unwanted.is_empty() && unwanted.iter().all(has) {
            return None;
        }
    }
    let mut sum = 0.0;
    for value in &facts.accept_contact {
        let rest = behind_star(value);
        let says = |word: &str| rest.split(';').any(|piece| piece.trim().eq_ignore_ascii_case(word));
        let wishes = features(&rest);
        let answers: Vec<Option<bool>> = wishes.iter().map(|wish| agrees(phone, wish)).collect();
        let has = answers.iter().filter(|answer| **answer == Some(true)).count();
        let is_met = !answers.contains(&Some(false)) && (!says("explicit") || has == wishes.len());
        if is_met && !wishes.is_empty() {
            sum += has as f64 / wishes.len() as f64;
        } else if !is_met && says("require") {
            return None;
        }
    }
    Some(sum / facts.accept_contact.len().max(1) as f64)
}

/// Whether a phone is as somebody says; nothing, where it says nothing of that.
fn agrees(phone: &Phone, (word, values): &Feature) -> Option<bool> {
    let (_, own) = phone.features.iter().find(|(own, _)| own == word)?;
    Some(own.iter().any(|own| values.iter().any(|value| is_same(own, value))))
}

/// Whether something may be both: `de`, `!de`, `#>=20`.
fn is_same(one: &str, other: &str) -> bool {
    if let (Some(one), Some(other)) = (span(one), span(other)) {
        return one.0 <= other.1 && other.0 <= one.1;
    }
    if span(one).is_some() || span(other).is_some() {
        return false;
    }
    match (one.strip_prefix('!'), other.strip_prefix('!')) {
        (Some(_), Some(_)) => true,
        (Some(not), None) => not != other,
        (None, Some(not)) => not != one,
        (None, None) => one == other,
    }
}

/// The least and the most of a number.
fn span(text: &str) -> Option<(f64, f64)> {
    let text = text.strip_prefix('#')?;
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some((least, most)) = text.split_once(':') {
        return Some((number(least)?, number(most)?));
    }
    let (sign, digits) = text.split_at(text.find(|letter: char| letter.is_ascii_digit())?);
    let value = number(digits)?;
    Some(match sign {
        ">=" => (value, f64::INFINITY),
        "<=" => (f64::NEG_INFINITY, value),
        _ => (value, value),
    })
}

/// Words and what is said of them: nothing is `true`.
fn features(text: &str) -> Vec<Feature> {
    let pieces = text.split(';').map(str::trim).filter(|piece| !piece.is_empty());
    let split = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "\"TRUE\"")));
    let words = split.map(|(word, value)| {
        let values = value.trim_matches('"').split(',').map(|value| value.trim().to_lowercase());
        (word.to_lowercase(), values.collect())
    });
    words.filter(|(word, _): &Feature| word != "require" && word != "explicit").collect()
}
