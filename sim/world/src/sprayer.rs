//! Somebody who sends sound to every open port of the relay, to be sent what others should hear.

use std::net::{IpAddr, SocketAddr};

use rtp::{Fixed, Header};

use crate::attackers::{By, Face};
use crate::running::Coming;
use crate::world::World;

/// How long its packets take.
const ON_THE_WAY: std::time::Duration = std::time::Duration::from_micros(100);
/// As loud as G.711 can be: who hears it has no other sound.
const NOISE: [u8; 160] = [0x80; 160];

impl World {
    /// Sends one packet to each port that is open now; how many are open.
    pub fn sprays(&mut self, from: &str) -> usize {
        let from: SocketAddr = from.parse().expect("stories give addresses");
        let ports = self.node.ports();
        let noise = noise();
        let by = By::Attacker(Face::Own);
        for to in &ports {
            self.plan(ON_THE_WAY, Coming::Rtp { by, from, to: *to, bytes: noise.clone() });
        }
        ports.len()
    }

    /// How many datagrams the house has sent to where nobody of this story lives.
    pub fn gone_astray(&self, to: &str) -> u64 {
        let to: IpAddr = to.parse().expect("stories give addresses");
        self.astray.get(&to).copied().unwrap_or_default()
    }
}

fn noise() -> Vec<u8> {
    let fixed = Fixed { marker: true, payload_type: 0, sequence: 1, timestamp: 160, ssrc: 0xbad };
    let mut bytes = Vec::new();
    Header { payload: &NOISE, ..Header::from(fixed) }.write(&mut bytes);
    bytes
}
