//! What an actor says and hears.

use crate::voice::{Codec, strongest};

/// What an actor sends while it is in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Packets that name their sender, and have a number each: for judging who hears whom.
    Tagged,
    /// A sine of so many hertz as PCMU: for ears.
    Tone(u16),
    /// The same of a far end that speaks nothing but G.722.
    Wide(u16),
    /// What it hears, sent back.
    Echo,
    /// One codec and no other; each leg has a tone of its own, of those that are this far end's.
    Sung { codec: Codec, tones: u16 },
}

/// The sender that tagged audio names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    pub actor: String,
    pub call_id: String,
}

const MARK: &str = "tagged ";

impl Tag {
    /// The payload of its packet of that number.
    pub fn print(&self, number: u32) -> Vec<u8> {
        format!("{MARK}{} {} {number}", self.actor, self.call_id).into_bytes()
    }

    /// Who a payload names, and its number.
    pub fn parse(payload: &[u8]) -> Option<(Tag, u32)> {
        let text = std::str::from_utf8(payload).ok()?.strip_prefix(MARK)?;
        let (actor, rest) = text.split_once(' ')?;
        let (call_id, number) = rest.rsplit_once(' ')?;
        let tag = Tag { actor: actor.to_owned(), call_id: call_id.to_owned() };
        Some((tag, number.parse().ok()?))
    }
}

/// Samples in one look at what is heard: a fifth of a second.
const WINDOW: usize = 1600;
/// The payload type of G.722 (RFC 3551, 6).
pub(crate) const G722: u8 = 9;

/// Recognises the tone in PCMU and G.722.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ear {
    samples: Vec<i16>,
    g722: sound::g722::Decoder,
}

impl Ear {
    /// Takes a payload; after a window, says which frequency was the strongest.
    pub(crate) fn hear(&mut self, payload_type: u8, payload: &[u8]) -> Option<u16> {
        if payload_type == G722 {
            let mut wide = vec![0; 2 * payload.len()];
            self.g722.decode(payload, &mut wide);
            // Every other sample: a tone that is looked for lies far below half of the rate.
            self.samples.extend(wide.iter().step_by(2));
        } else {
            self.samples.extend(payload.iter().map(|code| sound::g711::decode_mu(*code)));
        }
        if self.samples.len() < WINDOW {
            return None;
        }
        strongest(&std::mem::take(&mut self.samples), (200..3400).step_by(5))
    }
}
