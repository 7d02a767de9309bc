//! What is made of what a side's peer says, for the other side: another codec, key presses told in another
//! way, noise where nothing is said.

use std::net::SocketAddr;
use std::time::Instant;

use sound::signals::Signal;

use super::{Pair, split};
use crate::order::Side;
use crate::packet::Packet;
use crate::pressing::Press;
use crate::spoken::{Codec, Spoken};
use crate::transcode::Transcoder;
use crate::verdict::Half;

impl Pair {
    /// Makes the codec of each side of the other's, where they differ; goes on where they did already.
    pub fn transcode(&mut self, spoken: Option<&[Spoken; 2]>) {
        let [caller, callee] = &mut self.sides;
        let Some([of_caller, of_callee]) = spoken else {
            (caller.transcoder, callee.transcoder) = (None, None);
            return;
        };
        for (side, from, to) in [(caller, of_caller, of_callee), (callee, of_callee, of_caller)] {
            if side.transcoder.as_ref().is_none_or(|before| !before.is_between(from, to)) {
                let (before, made) = (side.transcoder.take(), Transcoder::new(from, to));
                let go_on = |made: Transcoder| before.iter().fold(made, |made, before| made.after(before));
                side.transcoder = made.map(go_on).map(Box::new);
                side.readiness.begin_anew();
            }
        }
    }

    /// A side's peer may speak these codecs besides its own, where something is made of what it says.
    pub fn expect(&mut self, side: Side, codecs: &[(u8, Codec)]) {
        if let Some(transcoder) = &mut self.sides[side as usize].transcoder {
            transcoder.expect(codecs);
        }
    }

    /// A side's peer pressed a key, and said so elsewhere.
    pub fn press(&mut self, side: Side, press: Press) {
        if let Some(transcoder) = &mut self.sides[side as usize].transcoder {
            transcoder.press(press);
        }
    }

    /// Whether something is made here of what a side's peer says.
    #[inline]
    pub fn is_transcoded(&self, side: Side) -> bool {
        self.sides[side as usize].transcoder.is_some()
    }

    /// What a side's peer pressed, where the other side hears of it elsewhere.
    pub fn pressed(&mut self, side: Side) -> Option<Press> {
        self.sides[side as usize].transcoder.as_mut()?.pressed()
    }

    /// What a side's peer has said of being a fax or a modem, where its sound is listened to.
    pub fn signal(&mut self, side: Side) -> Option<Signal> {
        self.sides[side as usize].transcoder.as_mut()?.signal()
    }

    /// Whether a side's peer has just said that it says nothing, to somebody who is to hear noise.
    pub fn fell_silent(&mut self, side: Side) -> bool {
        self.sides[side as usize].transcoder.as_mut().is_some_and(|transcoder| transcoder.fell_silent())
    }

    /// Whether the other side hears noise in place of a side's peer.
    pub fn is_silent(&self, side: Side) -> bool {
        self.sides[side as usize].transcoder.as_ref().is_some_and(|transcoder| transcoder.is_silent())
    }

    /// A side is to hear noise in place of who says nothing: where the packet goes, if there is one.
    pub fn next_noise(
        &mut self,
        now: Instant,
        side: Side,
        turn: u64,
        packet: &mut Packet<'_>,
    ) -> Option<SocketAddr> {
        let changed = self.changed;
        let (there, here) = split(&mut self.sides, side);
        let to = there.way(now, changed, here.sending).ok()?;
        here.transcoder.as_mut()?.fill(turn, packet)?;
        there.seal(packet, Half::Rtp).ok()?;
        there.counted.packets_out += 1;
        there.counted.bytes_out += packet.length() as u64;
        Some(to)
    }
}
