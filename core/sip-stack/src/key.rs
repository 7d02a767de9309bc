//! How a request finds the transaction it belongs to (RFC 3261 17.2.3).

use std::hash::{BuildHasherDefault, Hash, Hasher};

use sip_message::{Host, Message, Method};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::token::BRANCH_COOKIE;

/// A keyed hash of what identifies a transaction. Nobody outside can make two of them equal.
pub type Key = u128;

/// The keys are hashes already.
pub type KeyMap<V> = hashbrown::HashMap<Key, V, BuildHasherDefault<AsIs>>;

/// Takes a key as its own hash.
#[derive(Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// Makes keys.
#[derive(Clone, Debug)]
pub struct Keys(SipHasher13);

impl Keys {
    pub fn new(secret: &[u8; 16]) -> Keys {
        Keys(SipHasher13::new_with_key(secret))
    }

    /// The transaction of `method` that this request would belong to: an ACK and a CANCEL share the branch of
    /// their INVITE. Without an RFC 3261 branch, the older rules do.
    pub fn transaction(&self, message: &Message<'_>, method: Method<'_>) -> Key {
        let mut hasher = self.0;
        let via = message.via();
        method.as_str().hash(&mut hasher);
        host(&mut hasher, via.host);
        via.port.hash(&mut hasher);
        match via.branch().filter(|branch| is_unique(branch)) {
            Some(branch) => branch.hash(&mut hasher),
            None => {
                message.request_uri().hash(&mut hasher);
                message.from().tag().hash(&mut hasher);
                message.call_id().hash(&mut hasher);
                message.cseq().number.hash(&mut hasher);
                via.branch().hash(&mut hasher);
            }
        }
        hasher.finish128().as_u128()
    }

    /// What the copies of one request have in common that came by different ways (RFC 3261 8.2.2.2).
    pub fn merged(&self, message: &Message<'_>) -> Key {
        let mut hasher = self.0;
        message.from().tag().hash(&mut hasher);
        message.call_id().hash(&mut hasher);
        let cseq = message.cseq();
        cseq.number.hash(&mut hasher);
        cseq.method.as_str().hash(&mut hasher);
        hasher.finish128().as_u128()
    }

    /// For bytes that cannot be told apart in a better way.
    pub fn of_bytes(&self, bytes: &[u8]) -> Key {
        let mut hasher = self.0;
        hasher.write(bytes);
        hasher.finish128().as_u128()
    }
}

fn host(hasher: &mut SipHasher13, host: Host<'_>) {
    match host {
        Host::Ip(address) => address.hash(hasher),
        Host::Name(name) => name.bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase())),
    }
}

/// The cookie alone promises nothing.
fn is_unique(branch: &str) -> bool {
    let cookie = BRANCH_COOKIE.len();
    branch.len() > cookie && branch.as_bytes()[..cookie].eq_ignore_ascii_case(BRANCH_COOKIE.as_bytes())
}
