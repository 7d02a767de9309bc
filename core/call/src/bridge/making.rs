//! What the relay makes of what one side says before the other hears it: another codec, other key presses.

use media::{Order, Press, Side, Spoken};
use policy::Dtmf;
use sdp::Session;

use super::{Bridge, number};
use crate::{Room, speech};

impl Bridge {
    pub(super) fn settled(
        &self,
        answerer: Side,
        offer: &Session<'_>,
        answer: &Session<'_>,
    ) -> speech::Settled {
        let dtmf = self.dtmf_from(answerer.other());
        match self.transcoding.is_wished {
            true => speech::settled(offer, answer, dtmf),
            false => speech::settled_alike(offer, answer, dtmf),
        }
    }

    /// What a side speaks so far, by line; nothing, while sound is to cross untouched.
    pub(super) fn agreed_with(&self, side: Side) -> Vec<speech::Agreed> {
        let port = &self.sides[side as usize];
        if self.is_whole { Vec::new() } else { speech::agreed(&port.heard, &port.told) }
    }

    /// How the peers tell key presses: of a side first, then of the other.
    pub(super) fn dtmf_from(&self, side: Side) -> [Dtmf; 2] {
        [side, side.other()].map(|side| self.dtmf[side as usize])
    }

    /// A side's peer said by INFO that it pressed a key: whether the other side hears of that by its media.
    pub(crate) fn press(&self, room: &mut Room<'_>, side: Side, press: Press) -> Option<()> {
        let stream = self.transcoding.pressed[side as usize]?;
        room.orders.push(Order::Press { session: self.session(), stream, side, press });
        Some(())
    }

    /// What is made of what, in words.
    pub(crate) fn transcodes(&self) -> Option<&str> {
        self.transcoding.words.as_deref()
    }

    /// Lets the relay make one codec of another where an answer leaves the sides with different ones.
    pub(super) fn transcode(
        &mut self,
        room: &mut Room<'_>,
        answerer: Side,
        spoken: Vec<Option<[Spoken; 2]>>,
    ) {
        let caller_first = |[offerer, other]: [Spoken; 2]| match answerer {
            Side::Callee => [offerer, other],
            Side::Caller => [other, offerer],
        };
        let spoken = spoken.into_iter().map(|spoken| self.made(spoken).map(caller_first));
        let spoken: Vec<_> = spoken.collect();
        self.transcoding.words = spoken.iter().flatten().find_map(speech::words);
        let streams = self.sides[0].pairs.len();
        self.transcoding.pressed = [None; 2];
        for (stream, spoken) in spoken.into_iter().take(streams).enumerate() {
            let bit = 1 << stream;
            let before = self.transcoding.streams;
            if spoken.is_none() && before & bit == 0 {
                continue;
            }
            self.transcoding.streams = if spoken.is_some() { before | bit } else { before & !bit };
            let spoken = spoken.map(Box::new);
            let stream = number(stream);
            for (pressed, spoken) in
                self.transcoding.pressed.iter_mut().zip(spoken.iter().flat_map(|both| both.iter()))
            {
                *pressed = pressed.or((spoken.keys == media::Keys::Told).then_some(stream));
            }
            room.orders.push(Order::Transcode { session: self.session(), stream, spoken });
        }
    }
}
