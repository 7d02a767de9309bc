//! What desk phones are given of their settings, and who tries addresses out.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use api::{Given, place_of};
use policy::Phones;
use tracing::{info, warn};

/// So many wrong addresses a minute are heard from one place: phones that were taken out ask on for a while.
const WRONG_MAX: u32 = 60;
const MINUTE_MS: i64 = 60_000;
/// So many places are watched; more guess at something that nobody can guess.
const PLACES_MAX: usize = 4_096;

#[derive(Default)]
pub struct PhoneFiles {
    wrong: Mutex<BTreeMap<IpAddr, Wrong>>,
    given: AtomicU64,
    refused: AtomicU64,
}

/// How many wrong addresses came from a place in a minute.
#[derive(Clone, Copy, Default)]
struct Wrong {
    minute: i64,
    count: u32,
}

impl PhoneFiles {
    /// What is behind an address, by the name of a file.
    pub fn ask(&self, phones: &Phones, (door, name): (&str, &str), from: SocketAddr, now_ms: i64) -> Given {
        let (place, minute) = (place_of(from), now_ms / MINUTE_MS);
        if self.counts(place, minute) >= WRONG_MAX {
            self.refused.fetch_add(1, Relaxed);
            return Given::TooOften;
        }
        let Some(phone) = phones.behind(door) else {
            self.refused.fetch_add(1, Relaxed);
            if self.count(place, minute) == WRONG_MAX {
                warn!(from = %place, "somebody tries out addresses of phones, and is not heard for a minute");
            }
            return Given::Nothing;
        };
        let Some(file) = deskphones::file(phone, name) else {
            self.refused.fetch_add(1, Relaxed);
            return Given::Nothing;
        };
        self.given.fetch_add(1, Relaxed);
        info!(user = %phone.user, mac = %phone.mac, from = %from.ip(), "a phone took its settings");
        Given::File { kind: file.kind, text: file.text }
    }

    /// How many files were given, and how many were not.
    pub fn counted(&self) -> (u64, u64) {
        (self.given.load(Relaxed), self.refused.load(Relaxed))
    }

    fn counts(&self, place: IpAddr, minute: i64) -> u32 {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(&place).filter(|wrong| wrong.minute == minute).map_or(0, |wrong| wrong.count)
    }

    fn count(&self, place: IpAddr, minute: i64) -> u32 {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PLACES_MAX && !all.contains_key(&place) {
            all.retain(|_, wrong| wrong.minute == minute);
        }
        if all.len() >= PLACES_MAX && !all.contains_key(&place) {
            return 0;
        }
        let wrong = all.entry(place).or_default();
        if wrong.minute != minute {
            *wrong = Wrong { minute, count: 0 };
        }
        wrong.count += 1;
        wrong.count
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ask(files: &PhoneFiles, from: &str, now_ms: i64) -> Given {
        files.ask(&Phones::default(), ("wrong", "805ec0123456.cfg"), from.parse().unwrap(), now_ms)
    }

    #[test]
    fn whoever_tries_addresses_out_is_not_heard_for_the_rest_of_the_minute_and_others_are() {
        let files = PhoneFiles::default();

        let heard = (0..100).filter(|_| ask(&files, "192.0.2.7:4000", 30_000) == Given::Nothing).count();

        assert_eq!(heard, 60);
        assert_eq!(ask(&files, "192.0.2.8:4000", 30_000), Given::Nothing);
        assert_eq!(ask(&files, "192.0.2.7:4001", 59_999), Given::TooOften);
        assert_eq!(ask(&files, "192.0.2.7:4000", 60_000), Given::Nothing);
        assert_eq!(files.counted(), (0, 103));
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let files = PhoneFiles::default();
        let one = |last: u32| ask(&files, &format!("[2001:db8::{last:x}]:4000"), 0);

        assert_eq!((0..100).filter(|last| one(*last) == Given::Nothing).count(), 60);
        assert_eq!(ask(&files, "[2001:db8:0:1::1]:4000", 0), Given::Nothing);
    }

    #[test]
    fn however_many_places_guess_the_house_remembers_so_many_of_them() {
        let files = PhoneFiles::default();

        for place in 0..10_000_u32 {
            ask(&files, &format!("{}:4000", std::net::Ipv4Addr::from_bits(place + 1)), 0);
        }

        assert_eq!(files.wrong.lock().unwrap().len(), PLACES_MAX);
    }
}
