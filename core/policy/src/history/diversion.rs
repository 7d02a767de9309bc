//! The values of Diversion (RFC 5806), last diverter first.

use std::fmt::Write;

use sip_message::{NameAddr, unquote};

use super::{Address, Diversion, History, Reason, Shown};
use crate::address::name_addr;

/// A cause of History-Info that tells of a service number and no diversion (RFC 8119).
const SERVICE_NUMBER: u16 = 380;

pub(super) fn read(values: &[String]) -> History {
    let mut history = History::default();
    for value in values.iter().rev() {
        match NameAddr::parse(value) {
            Ok(address) => history.hops.push(hop(&address)),
            Err(_) => history.unreadable.push(value.clone()),
        }
    }
    history
}

fn hop(address: &NameAddr<'_>) -> Diversion {
    let mut hop = Diversion {
        by: Address::of(address),
        reason: Reason::Unknown,
        cause: None,
        counter: None,
        privacy: None,
        others: String::new(),
    };
    for param in address.params {
        let value = param.value.map(unquote).unwrap_or_default();
        let counter = value.parse().ok().filter(|counter| *counter > 0);
        match param.name.to_ascii_lowercase().as_str() {
            "reason" => hop.reason = Reason::of_word(&value),
            "counter" if counter.is_some() => hop.counter = counter,
            "privacy" if Shown::of_word(&value).is_some() => hop.privacy = Shown::of_word(&value),
            _ => match param.value {
                Some(value) => drop(write!(hop.others, ";{}={value}", param.name)),
                None => drop(write!(hop.others, ";{}", param.name)),
            },
        }
    }
    hop
}

pub(super) fn write(hops: &[Diversion]) -> Vec<String> {
    hops.iter().rev().filter(|hop| hop.cause != Some(SERVICE_NUMBER)).map(written).collect()
}

fn written(hop: &Diversion) -> String {
    let mut value = name_addr(hop.by.display.as_deref(), &[&hop.by.uri]);
    let word = hop.reason.to_string();
    match is_token(&word) {
        true => drop(write!(value, ";reason={word}")),
        false => drop(write!(value, ";reason=\"{}\"", plain(&word))),
    }
    if let Some(privacy) = hop.privacy {
        let _ = write!(value, ";privacy={}", privacy.word());
    }
    let _ = write!(value, ";counter={}", hop.counter.unwrap_or(1));
    value.push_str(&hop.others);
    value
}

fn is_token(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte))
}

/// Text that cannot break out of its quotes.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_control() && !matches!(letter, '"' | '\\')).collect()
}

impl Shown {
    fn of_word(word: &str) -> Option<Shown> {
        const ALL: [Shown; 4] = [Shown::All, Shown::NotTheName, Shown::NotTheUri, Shown::Nothing];
        ALL.into_iter().find(|shown| shown.word().eq_ignore_ascii_case(word))
    }

    fn word(self) -> &'static str {
        match self {
            Shown::All => "off",
            Shown::NotTheName => "name",
            Shown::NotTheUri => "uri",
            Shown::Nothing => "full",
        }
    }
}
