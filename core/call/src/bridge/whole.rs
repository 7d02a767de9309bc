//! Sound of a fax or a modem: both sides speak G.711, and what one says the other hears bit by bit.

use std::sync::Arc;

use media::{Codec as Sound, Keys, Order, Side, Spoken};
use policy::MediaPlan;
use sdp::{Codecs, Formats, Session};

use super::{Bridge, Dress, NoMedia, number};
use crate::{Room, speech};

const LAWS: [Sound; 2] = [Sound::Pcmu, Sound::Pcma];

impl Bridge {
    /// Whether a side speaks another codec than G.711 on a line of sound.
    pub(crate) fn speaks_otherwise(&self, side: Side) -> bool {
        let port = &self.sides[side as usize];
        let agreed = speech::agreed(&port.heard, &port.told);
        agreed.into_iter().flatten().any(|(_, sound)| !sound.is_some_and(is_law))
    }

    /// Writes what a side is told of the other, as if that spoke G.711 alone: in its law, where it does.
    pub(crate) fn offer_g711(
        &mut self,
        room: &mut Room<'_>,
        to: Side,
        plan: &MediaPlan,
    ) -> Result<(), NoMedia> {
        self.is_whole = true;
        let other = &self.sides[to.other() as usize];
        let first = speech::agreed(&other.heard, &other.told).into_iter().flatten().find_map(|(_, law)| law);
        let mut laws = LAWS;
        laws.sort_by_key(|law| Some(*law) != first);
        // What crosses by the plan is said of the callee; of what a caller speaks, it is made.
        let may_be_offered = |law: &Sound| to == Side::Caller || names(&plan.codecs, *law);
        let laws: Vec<Sound> = laws.into_iter().filter(may_be_offered).collect();
        if laws.is_empty() {
            return Err(NoMedia::Incompatible("G.711 is not among the codecs".to_owned()));
        }
        let theirs = Arc::clone(&other.heard);
        let session = Session::parse(&theirs).map_err(|error| NoMedia::Malformed(error.to_string()))?;
        let chance = room.stack.chance();
        let covers = self.keys[to as usize].offer(chance, &session).map_err(NoMedia::Unprotected)?;
        let ways = self.ways[to as usize].offer(chance, &covers);
        let formats = session.media.iter().map(|media| match media.kind == "audio" && media.is_rtp() {
            true => Formats::Instead(laws.iter().filter_map(|law| speech::format(*law, media)).collect()),
            false => Formats::Theirs,
        });
        let open = self.chats[to.other() as usize].open();
        let chats = self.chats[to as usize].offer(chance, &open);
        let dress = Dress { covers, ways, formats: formats.collect(), chats };
        self.describe(to, &session, &Codecs::only(std::iter::empty()), (&dress, None)).map(drop)
    }

    /// A side may speak G.711 from when it is offered that, before its answer is here (RFC 3264, 5.1). It is
    /// sent what it spoke before until then.
    pub(crate) fn expect_g711(&self, room: &mut Room<'_>, side: Side) {
        let Ok(told) = Session::parse(self.told(side)) else { return };
        for (stream, media) in told.media.iter().enumerate().take(self.sides[0].pairs.len()) {
            let laws = media.codecs().into_iter();
            let laws = laws.filter_map(|codec| Some((codec.payload_type, speech::sound_of(&codec)?)));
            let codecs = laws.filter(|(_, sound)| is_law(*sound)).collect();
            let (session, stream) = (self.session(), number(stream));
            room.orders.push(Order::Expect { session, stream, side, codecs });
        }
    }

    /// From now on nothing is made of what either side says, as both speak G.711. One law becomes the other,
    /// as it does at every border of the telephone network.
    pub(crate) fn leave_sound(&mut self, room: &mut Room<'_>) {
        self.is_whole = true;
        let [caller, callee] = self.sides.each_ref().map(|port| speech::agreed(&port.heard, &port.told));
        let spoken = caller.into_iter().zip(callee).map(|(caller, callee)| {
            let both = [caller?, callee?].map(|(payload_type, sound)| {
                let codecs = sound.into_iter().map(|sound| (payload_type, sound)).collect();
                Spoken { codecs, keys: Keys::Unheard, noise: None }
            });
            Some(both)
        });
        let spoken = spoken.collect();
        self.transcode(room, Side::Callee, spoken);
    }

    /// Sound may be made into whatever the sides understand, again.
    pub(crate) fn may_change_sound(&mut self) {
        self.is_whole = false;
    }

    /// What is left of a plan while sound is to cross untouched.
    pub(super) fn narrowed(&self, plan: &MediaPlan) -> MediaPlan {
        let is_law = |word: &&Arc<str>| LAWS.iter().any(|law| word.eq_ignore_ascii_case(law.name()));
        let of = |words: &[Arc<str>]| words.iter().filter(is_law).cloned().collect::<Arc<[Arc<str>]>>();
        let codecs = match plan.codecs.is_empty() {
            true => LAWS.iter().map(|law| Arc::from(law.name())).collect(),
            false => of(&plan.codecs),
        };
        if !self.is_whole || codecs.is_empty() {
            return plan.clone();
        }
        MediaPlan { path: plan.path, codecs, also: of(&plan.also) }
    }

    /// What is still to be made of sound, while that is to cross untouched.
    pub(super) fn made(&self, spoken: Option<[Spoken; 2]>) -> Option<[Spoken; 2]> {
        if !self.is_whole {
            return spoken;
        }
        let both = spoken?.map(|spoken| Spoken { keys: Keys::Unheard, ..spoken });
        let [one, other] = both.each_ref().map(|spoken| spoken.codecs.first());
        (one != other).then_some(both)
    }
}

fn is_law(sound: Sound) -> bool {
    LAWS.contains(&sound)
}

/// Whether a list of codecs has that one; an empty list has all.
fn names(codecs: &[Arc<str>], sound: Sound) -> bool {
    codecs.is_empty() || codecs.iter().any(|word| word.eq_ignore_ascii_case(sound.name()))
}
