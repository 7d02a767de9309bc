//! Who says nothing, and has said so: by comfort noise (RFC 3389), by Opus without a frame (RFC 6716,
//! 3.2.1), or by a description of G.729 (RFC 3551, 4.5.6). Whoever knows no noise hears some all the while,
//! in turns of our own clock: nothing at all sounds like a line that is dead.

use rtp::Fixed;
use sound::noise::{self, Noise};

use super::{Samples, Transcoded, Transcoder, make_room};
use crate::packet::Packet;
use crate::times::Reach;

/// A turn is 20 ms.
const TURNS_A_SECOND: u32 = 50;

/// From the first packet without sound to the next with some.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    noise: Box<Noise>,
    /// In the clock of who says nothing.
    since: u32,
    /// The turn in which it is heard first.
    first: Option<u64>,
}

impl Silence {
    fn new(since: u32) -> Silence {
        Silence { noise: Box::default(), since, first: None }
    }

    /// When a turn begins, in a clock of that speed.
    fn moment_of(&mut self, turn: u64, clock: u32) -> u32 {
        let turns = turn.saturating_sub(*self.first.get_or_insert(turn));
        self.since.wrapping_add((turns as u32).wrapping_mul(clock / TURNS_A_SECOND))
    }
}

impl Transcoder {
    /// A packet describes what is heard of who says nothing from now on.
    pub(super) fn carry_noise(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        let Ok(parsed) = rtp::Header::parse(packet.bytes()) else { return Transcoded::Unknown };
        if let Some(payload_type) = self.to.noise {
            return self.copy(header, payload_type, packet);
        }
        if self.falls_silent(header) {
            self.times.kept();
            self.silence.iter_mut().for_each(|silence| silence.noise.describe(parsed.payload));
        }
        Transcoded::Kept
    }

    /// Opus has stopped: what its decoder makes up is as loud as what is left out.
    pub(super) fn carry_frameless(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        let was_silent = self.silence.is_some();
        if !self.falls_silent(header) {
            return Transcoded::Kept;
        }
        if was_silent {
            self.times.kept();
            return Transcoded::Kept;
        }
        let description = self.described();
        if let Some(payload_type) = self.to.noise {
            return self.leave(header, (payload_type, header.marker), &description, packet);
        }
        self.times.kept();
        self.silence.iter_mut().for_each(|silence| silence.noise.describe(&description));
        Transcoded::Kept
    }

    /// G.729 has stopped, and says how what is left out sounds.
    pub(super) fn carry_description(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        let Ok(parsed) = rtp::Header::parse(packet.bytes()) else { return Transcoded::Unknown };
        let Some(g729) = &mut self.decoder.g729 else { return Transcoded::Unknown };
        g729.decode(parsed.payload, &mut []);
        let description = g729.noise();
        if let Some(payload_type) = self.to.noise {
            return self.leave(header, (payload_type, header.marker), &description, packet);
        }
        if self.falls_silent(header) {
            self.times.kept();
            self.silence.iter_mut().for_each(|silence| silence.noise.describe(&description));
        }
        Transcoded::Kept
    }

    /// The same at the end of a packet that was heard: nothing leaves for it alone, so that who takes comfort
    /// noise hears of it with the next description.
    pub(super) fn fall_silent_behind(&mut self) {
        let Some(g729) = self.decoder.g729.as_ref().filter(|_| self.to.noise.is_none()) else { return };
        let mut silence = Silence::new(self.times.rests());
        silence.noise.describe(&g729.noise());
        self.has_fallen_silent = true;
        self.silence = Some(silence);
    }

    fn described(&mut self) -> [u8; 1] {
        let count = (self.rates[0] / TURNS_A_SECOND) as usize;
        make_room(&mut self.decoded, count);
        let samples = &mut self.decoded[..count];
        let opus = self.decoder.opus.as_mut();
        if opus.and_then(|opus| opus.conceal(samples)).is_none() {
            samples.fill(0);
        }
        noise::described(samples)
    }

    /// From the moment of a packet on nothing is said, if it is not late.
    fn falls_silent(&mut self, header: &Fixed) -> bool {
        let before = self.times.due(header.ssrc);
        // What was filled already is not said again.
        let until = before.filter(|_| self.silence.is_some()).unwrap_or(header.timestamp);
        if self.times.reach(header, until) == Reach::Late {
            return false;
        }
        self.has_fallen_silent |= self.silence.is_none() && self.to.noise.is_none();
        let goes_on = self.silence.take().filter(|_| self.times.due(header.ssrc) == before);
        self.silence = goes_on.or_else(|| Some(Silence::new(self.times.rests())));
        true
    }

    /// Whether its peer has just fallen silent, and turns of noise are to begin; once.
    pub fn fell_silent(&mut self) -> bool {
        std::mem::take(&mut self.has_fallen_silent)
    }

    /// Whether noise stands for its peer.
    pub fn is_silent(&self) -> bool {
        self.silence.is_some() && self.to.noise.is_none()
    }

    /// Nothing is known any more of who said nothing.
    pub fn break_silence(&mut self) {
        self.silence = None;
    }

    /// The noise of a turn, if it has not been heard yet.
    pub fn fill(&mut self, turn: u64, packet: &mut Packet<'_>) -> Option<()> {
        let rate = self.rates[0];
        let count = (rate / TURNS_A_SECOND) as usize;
        let silence = self.silence.as_mut()?;
        let now = silence.moment_of(turn, self.times.clock());
        let header = self.times.goes_on(now, count, rate)?;
        make_room(&mut self.decoded, count);
        silence.noise.fill(&mut self.decoded[..count]);
        let left = match self.pressing {
            Some(_) => {
                let samples = Samples { concealed: 0, fresh: count };
                self.leave_pressed(&header, (None, samples, 0), packet)
            }
            None => {
                self.resample(count);
                self.encode(&header, packet)
            }
        };
        (left == Transcoded::Ready).then_some(())
    }
}
