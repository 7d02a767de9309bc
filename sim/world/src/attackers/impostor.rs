//! Somebody who has a handshake with the house in a far end's place, with a certificate of his own.

use std::net::SocketAddr;
use std::time::Instant;

use actors::{Identity, Part, Shaker};
use rtp::Fixed;

use super::{By, Face, Shot};

/// What he says once he has keys.
const WORDS: u16 = 3;
/// The source of all that he says under keys.
pub(super) const SSRC: u32 = 0x6666_6666;
/// Nobody else shows this certificate.
const IDENTITY: u64 = 23;

pub(super) struct Impostor {
    shaker: Shaker,
    face: Face,
    /// As whom he is seen.
    pub from: SocketAddr,
    /// The port of the house.
    pub to: SocketAddr,
    sequence: u16,
}

impl Impostor {
    pub fn new(
        now: Instant,
        seed: u64,
        part: Part,
        (by, from, to): (Face, SocketAddr, SocketAddr),
    ) -> Impostor {
        // He believes whoever answers: nobody but the house does.
        let shaker = Shaker::new(now, seed, part, Identity::number(IDENTITY), Vec::new());
        Impostor { shaker, face: by, from, to, sequence: 0 }
    }

    pub fn begin(&mut self, now: Instant) -> Vec<Shot> {
        let records = self.shaker.wake(now);
        self.shots(records)
    }

    /// He takes what the house says to him, and where that ends in keys he speaks under them.
    pub fn take(&mut self, now: Instant, record: &[u8], speech: impl Fn(Fixed) -> Vec<u8>) -> Vec<Shot> {
        let mut said = self.shaker.take(now, record);
        if self.shaker.has_keys() {
            let first = self.sequence;
            self.sequence += WORDS;
            let words = (first..first + WORDS).map(|sequence| {
                let timestamp = 160 * u32::from(sequence);
                speech(Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc: SSRC })
            });
            said.extend(words.filter_map(|clear| self.shaker.seal(clear)));
        }
        self.shots(said)
    }

    fn shots(&self, said: Vec<Vec<u8>>) -> Vec<Shot> {
        let shot = |bytes| Shot {
            after: super::AT_ONCE,
            by: By::Attacker(self.face),
            from: self.from,
            to: self.to,
            bytes,
        };
        said.into_iter().map(shot).collect()
    }
}
