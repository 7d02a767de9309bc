//! What a request is known by when it is done.

use media::PortIndex;

/// Fits into the 64 bits that the system hands back: what it is in the upper two, then a port's generation,
/// then its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Somebody rang.
    Bell,
    /// Packets that reach a port. The generation tells the port's users apart: what is done late for one
    /// that is gone touches none that came after it.
    Arrival { port: PortIndex, generation: Generation },
    /// A packet that leaves, in the buffer of that number.
    Departure { buffer: u16 },
    /// Something is to be given up; what comes of that is told by what is given up.
    Cancel,
}

/// Counts the users of a port, from 0 and round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation(u32);

const KIND: u32 = 62;
const GENERATION: u32 = 32;
const GENERATIONS: u32 = 1 << (KIND - GENERATION);

impl Generation {
    pub fn next(self) -> Generation {
        Generation((self.0 + 1) % GENERATIONS)
    }
}

impl Token {
    pub fn to_bits(self) -> u64 {
        match self {
            Token::Bell => 0,
            Token::Arrival { port, generation: Generation(generation) } => {
                1 << KIND | u64::from(generation) << GENERATION | u64::from(port.0)
            }
            Token::Departure { buffer } => 2 << KIND | u64::from(buffer),
            Token::Cancel => 3 << KIND,
        }
    }

    pub fn of(bits: u64) -> Token {
        match bits >> KIND {
            0 => Token::Bell,
            1 => Token::Arrival {
                port: PortIndex(bits as u32),
                generation: Generation((bits >> GENERATION) as u32 % GENERATIONS),
            },
            2 => Token::Departure { buffer: bits as u16 },
            _ => Token::Cancel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was_given() {
        let last = Generation(GENERATIONS - 1);
        let tokens = [
            Token::Bell,
            Token::Arrival { port: PortIndex(0), generation: Generation(0) },
            Token::Arrival { port: PortIndex(u32::MAX), generation: last },
            Token::Departure { buffer: u16::MAX },
            Token::Cancel,
        ];
        for token in tokens {
            assert_eq!(Token::of(token.to_bits()), token);
        }
        assert_eq!(last.next(), Generation(0));
    }
}
