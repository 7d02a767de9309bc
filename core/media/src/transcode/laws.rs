//! G.711 by one law becomes the other byte by byte: whoever carries a direction elsewhere can do that too,
//! from where it was here, and it goes on here from where it came to there.

use sound::Law;

use super::{NOISE, Transcoder};
use crate::carried::{self, Kept, LawChange, Tally};
use crate::encoder::Encoder;
use crate::observe::Source;
use crate::spoken::{Codec, Keys};

impl Transcoder {
    /// What is made of packets of these types that follow the last one; none where that is more than one law
    /// of the other, or key presses or a fax are listened for in the sound.
    pub fn law_change(&self, last: &Source, types: [u64; 2]) -> Option<LawChange> {
        let Encoder::Law(to) = self.encoder else { return None };
        if self.pressing.is_some() || self.silence.is_some() || !self.ready.is_empty() || self.has_rest() {
            return None;
        }
        let mut said = self.from.codecs.iter().filter(|(payload_type, _)| carried::has(types, *payload_type));
        let (Some((comes, codec)), None) = (said.next(), said.next()) else { return None };
        if !matches!((codec, to), (Codec::Pcmu, Law::A) | (Codec::Pcma, Law::Mu)) {
            return None;
        }
        let keys = match (self.from.keys, self.to.keys) {
            (Keys::Events(from), Keys::Events(to)) if from.clock == to.clock => {
                Some((from.payload_type, to.payload_type))
            }
            _ => None,
        };
        let noise = self.to.noise.map(|leaves| (self.from.noise.unwrap_or(NOISE), leaves));
        let (number_off, time_off) = self.times.offsets(last.ssrc, last.highest)?;
        Some(LawChange { to, sound: (*comes, self.target.0), keys, noise, number_off, time_off })
    }

    /// What has left nothing where it was carried elsewhere.
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// It was carried elsewhere until that; what of it left nothing that nobody knew of yet.
    pub fn went_on(&mut self, tally: &Tally) -> Kept {
        let Source { ssrc, highest, timestamp, .. } = tally.source;
        self.times.went_on(ssrc, highest, timestamp);
        let kept = tally.kept.since(self.kept);
        self.kept = tally.kept;
        kept
    }
}
