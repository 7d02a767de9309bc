//! What is known of a call to a conference.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use media::{MeetingKey, Muted, Played, Press, Seat};
use policy::Conference;

/// Who types another PIN so often is not asked again.
const TRIES_MAX: u8 = 3;
/// What keys are called, by their events (RFC 4733, 3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// Turns the own voice off and on.
const MUTE: [char; 2] = ['*', '6'];

/// A party of a conference.
pub(crate) struct Meets {
    pub conference: Arc<Conference>,
    /// It has yet to say that it may enter.
    pub door: Option<Door>,
    pub voice: Muted,
    /// The key that was pressed before.
    before: Option<char>,
    /// What the party has offered us is answered; what we have offered is answered in the ACK.
    pub offer: Offer,
    /// How often the party had described itself when it took its seat; never, where it is to take another.
    pub described: Option<u32>,
    pub seat: Option<Box<Seat>>,
}

/// Where a party types the PIN.
pub(crate) struct Door {
    pin: Box<str>,
    typed: String,
    tries: u8,
    pub until: Instant,
    pub prompt: Played,
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Nothing,
    Entered,
    Refused,
    /// Its voice is heard no more, or again.
    Voice(Muted),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    Answered,
    Made,
}

/// Names the meeting that is held in a conference.
pub(crate) fn meeting_of(conference: &Conference) -> MeetingKey {
    let mut hasher = DefaultHasher::new();
    conference.name().hash(&mut hasher);
    MeetingKey(hasher.finish())
}

impl Meets {
    pub fn new(conference: Arc<Conference>, door: Option<Door>, offer: Offer) -> Meets {
        Meets { conference, door, voice: Muted::No, before: None, offer, described: None, seat: None }
    }

    /// The party has pressed a key.
    pub fn types(&mut self, press: Press) -> Typed {
        let Some(key) = KEYS.get(usize::from(press.key())).map(|key| char::from(*key)) else {
            return Typed::Nothing;
        };
        let before = self.before.replace(key);
        let typed = match &mut self.door {
            Some(door) => door.types(key),
            None if [before, Some(key)] == MUTE.map(Some) => {
                self.voice = if self.voice == Muted::No { Muted::Yes } else { Muted::No };
                Typed::Voice(self.voice)
            }
            None => Typed::Nothing,
        };
        match typed {
            Typed::Entered => (self.door, self.before, self.described) = (None, None, None),
            Typed::Voice(_) => self.described = None,
            Typed::Nothing | Typed::Refused => {}
        }
        typed
    }
}

impl Door {
    pub fn new(pin: &str, prompt: Played, until: Instant) -> Door {
        Door { pin: pin.into(), typed: String::new(), tries: 0, until, prompt }
    }

    /// The last digit of the right PIN opens it, and so does a pound sign behind it.
    fn types(&mut self, key: char) -> Typed {
        match key {
            '*' => self.typed.clear(),
            '#' if self.typed.is_empty() => {}
            '#' => return self.judge(),
            key => {
                self.typed.push(key);
                if self.typed.len() >= self.pin.len() {
                    return self.judge();
                }
            }
        }
        Typed::Nothing
    }

    fn judge(&mut self) -> Typed {
        if *self.pin == *std::mem::take(&mut self.typed) {
            return Typed::Entered;
        }
        self.tries += 1;
        if self.tries >= TRIES_MAX { Typed::Refused } else { Typed::Nothing }
    }
}
