//! Desk phones that fetch their settings: what each is told, the address where it asks, and the password by
//! which it registers. Both are made of one secret of the house, the phone and its user: nothing of a user's
//! own password is in them, and nothing is kept anywhere.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac as _};
use model::{Mac, Make, PhoneTransport, Secret, Srtp};
use sha2::Sha256;

use crate::password::Password;

/// A desk phone, and what it is told.
#[derive(Debug)]
pub struct Phone {
    pub mac: Mac,
    pub make: Make,
    pub user: Arc<str>,
    /// What it shows of the user.
    pub display: Arc<str>,
    /// By this name it proves itself; nobody else's is like it.
    pub proves_as: Arc<str>,
    pub password: Password,
    /// Whoever knows it is given the settings.
    pub door: Secret<String>,
    pub server: Arc<str>,
    pub port: u16,
    pub transport: PhoneTransport,
    pub srtp: Srtp,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Phones {
    /// By the name that each proves itself by.
    pub(crate) named: BTreeMap<Arc<str>, Arc<Phone>>,
    /// By the secret in its address.
    pub(crate) doors: BTreeMap<String, Arc<Phone>>,
    /// Where they ask, as far as somebody said it.
    pub(crate) url: Option<Arc<str>>,
}

impl Phones {
    /// Whose settings are behind an address.
    pub fn behind(&self, door: &str) -> Option<&Arc<Phone>> {
        // What is looked up is a digest of what was said: how long it takes tells nothing of what would fit.
        self.doors.get(&print_of(door))
    }

    /// Each of them, in the order of their users.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Phone>> {
        self.named.values()
    }

    /// Those of a user.
    pub fn of(&self, user: &str) -> impl Iterator<Item = &Arc<Phone>> {
        // The sign after the dot ends the names that begin with the user's and a dot.
        let (first, behind): (Arc<str>, Arc<str>) = (format!("{user}.").into(), format!("{user}/").into());
        let names = (Bound::Included(first), Bound::Excluded(behind));
        self.named.range::<Arc<str>, _>(names).map(|(_, phone)| phone)
    }

    /// Where they find the house, if somebody said it.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    pub(crate) fn add(&mut self, phone: Phone) {
        let phone = Arc::new(phone);
        self.doors.insert(print_of(phone.door.reveal()), Arc::clone(&phone));
        self.named.insert(Arc::clone(&phone.proves_as), phone);
    }
}

/// A dot stands in no user's name.
pub(crate) fn proves_as(user: &str, mac: Mac) -> Arc<str> {
    format!("{user}.{mac}").into()
}

/// What is in the address of a phone's settings.
pub(crate) fn door(secret: &Secret<String>, mac: Mac, edition: u32) -> Secret<String> {
    Secret::new(derived(secret, &["door of a phone", &mac.to_string(), &edition.to_string()]))
}

/// By what it registers. It is another one where the phone becomes somebody else's.
pub(crate) fn password(secret: &Secret<String>, (user, mac): (&str, Mac), edition: u32) -> Secret<String> {
    let pieces = ["password of a phone", user, &mac.to_string(), &edition.to_string()];
    Secret::new(derived(secret, &pieces))
}

/// 160 bits that only who knows the secret can foretell, as 32 letters that every phone takes.
fn derived(secret: &Secret<String>, pieces: &[&str]) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut seal = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("a key of any length");
    for piece in pieces {
        seal.update(&(piece.len() as u64).to_be_bytes());
        seal.update(piece.as_bytes());
    }
    let letters = seal.finalize().into_bytes();
    letters.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

fn print_of(door: &str) -> String {
    use sha2::Digest;
    Sha256::digest(door.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
