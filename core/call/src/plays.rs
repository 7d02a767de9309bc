//! What the relay plays to each side of a call, while the other side is not heard.

use media::{Begins, Codec as Sound, Order, Played, Playing, SessionKey, Side};
use sdp::Session;

use crate::{Room, speech};

/// What a side is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub what: Played,
    pub begins: Begins,
}

/// Whether a side may be told to listen while the other side neither speaks nor listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    #[default]
    Silence,
    Music,
}

/// Whether a side's peer wants to hear sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    /// It never did.
    NotYet,
    Now,
    /// It did before, and may be heard all the same.
    Holding(Begins),
}

/// What both sides hear of ours, by `Side`.
#[derive(Debug, Default)]
pub(crate) struct Plays {
    now: [Option<Box<Now>>; 2],
}

#[derive(Debug)]
struct Now {
    session: SessionKey,
    stream: u8,
    /// How often the sides had described themselves.
    described: u32,
    playing: Playing,
}

/// Where a side is played to, and what has been said of it.
pub(crate) struct Stage<'a> {
    pub session: SessionKey,
    pub described: u32,
    /// What its peer has said, and what it was told.
    pub heard: &'a [u8],
    pub told: &'a [u8],
}

impl Plays {
    pub(crate) fn is_silent(&self, side: Side) -> bool {
        self.now[side as usize].is_none()
    }

    /// Lets a side hear what it is to hear from now on, as it understands it; what it hears already goes on.
    pub(crate) fn settle(&mut self, room: &mut Room<'_>, side: Side, stage: &Stage<'_>, wish: Option<Wish>) {
        let mut now = self.now[side as usize].take().filter(|now| now.session == stage.session);
        let Some(wish) = wish else {
            return stop(room, side, now);
        };
        if let Some(same) =
            now.take_if(|now| now.described == stage.described && now.playing.what == wish.what)
        {
            self.now[side as usize] = Some(same);
            return;
        }
        let Some((stream, payload_type, codec)) = ear(stage.heard, stage.told) else {
            return stop(room, side, now);
        };
        let Wish { what, begins } = wish;
        let is_same = |now: &mut Box<Now>| {
            let playing = &now.playing;
            now.stream == stream
                && (playing.payload_type, playing.codec) == (payload_type, codec)
                && playing.what == what
        };
        if let Some(mut same) = now.take_if(is_same) {
            same.described = stage.described;
            self.now[side as usize] = Some(same);
            return;
        }
        stop(room, side, now.filter(|now| now.stream != stream));
        let playing = Playing { what, begins, ssrc: room.stack.chance().u32(), payload_type, codec };
        let order =
            Order::Play { session: stage.session, stream, side, playing: Some(Box::new(playing.clone())) };
        room.orders.push(order);
        let Stage { session, described, .. } = *stage;
        self.now[side as usize] = Some(Box::new(Now { session, stream, described, playing }));
    }
}

impl Listening {
    /// What it is after its peer has described itself.
    pub fn then(self, session: &Session<'_>) -> Listening {
        let mut targets = session.media.iter().zip(sdp::media_targets(session));
        let sound = targets.find(|(media, _)| media.kind == "audio" && media.port != 0);
        let Some((_, target)) = sound else { return Listening::NotYet };
        match (target.direction, self) {
            (direction, _) if direction.receives() && target.rtp.is_some() => Listening::Now,
            (_, Listening::NotYet) => Listening::NotYet,
            (direction, _) if direction.sends() => Listening::Holding(Begins::AfterSilence),
            _ => Listening::Holding(Begins::AtOnce),
        }
    }
}

fn stop(room: &mut Room<'_>, side: Side, now: Option<Box<Now>>) {
    if let Some(now) = now {
        let Now { session, stream, .. } = *now;
        room.orders.push(Order::Play { session, stream, side, playing: None });
    }
}

/// The line on which a side hears sound, and the first codec of ours that both it and we have named there.
pub(crate) fn ear(heard: &[u8], told: &[u8]) -> Option<(u8, u8, Sound)> {
    let (heard, told) = (Session::parse(heard).ok()?, Session::parse(told).ok()?);
    let lines = heard.media.iter().zip(&told.media).enumerate();
    let mut open =
        lines.filter(|(_, (theirs, ours))| theirs.kind == "audio" && theirs.port != 0 && ours.port != 0);
    let (stream, (theirs, ours)) = open.next()?;
    let ours = ours.codecs();
    let is_ours = |codec: &&sdp::Codec<'_>| ours.iter().any(|other| speech::is_same(codec, other));
    let codecs = theirs.codecs();
    let mut known = codecs
        .iter()
        .filter(is_ours)
        .filter_map(|codec| Some((codec.payload_type, speech::sound_of(codec)?)));
    let (payload_type, sound) = known.next()?;
    Some((u8::try_from(stream).ok()?, payload_type, sound))
}
