//! The only randomness of the core: one cryptographic generator, seeded by the shell.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Draws tags, branches, nonces and lots; the same seed draws the same again.
#[derive(Clone, Debug)]
pub struct Chance(ChaCha12Rng);

impl Chance {
    pub fn from_seed(seed: [u8; 32]) -> Chance {
        Chance(ChaCha12Rng::from_seed(seed))
    }

    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number below `bound`, each as likely as the other; `bound` is at least 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.u32()) * u64::from(bound)) >> 32) as u32
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// Random letters and digits, fit for a tag or a cnonce.
    pub fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(self.letter())).collect()
    }

    /// The same that `text` draws, where nobody keeps it.
    pub fn letters<const LENGTH: usize>(&mut self) -> Drawn<LENGTH> {
        Drawn([(); LENGTH].map(|()| self.letter()))
    }

    fn letter(&mut self) -> u8 {
        LETTERS[(self.u32() & 31) as usize]
    }
}

/// So many random letters and digits.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<const LENGTH: usize>([u8; LENGTH]);

impl<const LENGTH: usize> Drawn<LENGTH> {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_nobody_keeps_are_those_that_text_draws() {
        let [mut one, mut other] = [[7; 32]; 2].map(Chance::from_seed);

        assert_eq!(one.letters::<12>().text(), other.text(12));
        assert_eq!(one.u32(), other.u32());
    }
}
