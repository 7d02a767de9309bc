//! Callees that speak before the answer: each has a dialog of its own, and one of them is heard.

use std::time::{Duration, Instant};

use policy::{Connected, EarlyMedia, LegRules};
use sip_message::{Header, Message};
use sip_stack::{ClientId, Dialog};

use crate::said::Said;

/// An emergency call ends nobody; so many it remembers.
pub(crate) const REMEMBERED_MAX: usize = 64;

/// Who says that sound comes and sends none for so long leaves the caller in silence.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// The early dialogs of one INVITE.
#[derive(Default)]
pub(crate) struct Earlies {
    list: Vec<Early>,
    /// Whose sound reaches the caller.
    heard: Option<usize>,
    /// Dialogs above the limit, which were ended.
    pub ended: Vec<Dialog>,
    spoken: u32,
    pub silence: Silence,
    /// Whether a phone rings, as was said after sound had been described.
    pub rings: bool,
}

/// One early dialog.
pub(crate) struct Early {
    tag: Box<str>,
    /// None where the far end gave no tag.
    pub dialog: Option<Dialog>,
    /// The RSeq of the last reliable answer in order.
    pub rseq: Option<u32>,
    pub theirs: Option<Box<[u8]>>,
    /// Who it says to be, in a request of its own.
    pub known: Option<Connected>,
    /// Whether its description was agreed upon by a PRACK, and can't be changed by the answer.
    pub is_settled: bool,
    /// The RSeq whose PRACK waits for the caller's answer to an offer, and the caller's tag for it.
    pub owed: Option<(u32, Box<str>)>,
    /// The latest PRACK, until it is answered.
    pub prack: Option<(ClientId, Said)>,
    leave: Leave,
    /// When its description was new; a later one outdoes an earlier one.
    spoke: u32,
}

/// What the far end's P-Early-Media says of its own sound (RFC 5009).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Leave {
    Refused,
    #[default]
    Unsaid,
    Given,
}

/// Whether promised sound has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing was promised, or it has come.
    #[default]
    Over,
    /// The caller was told of sound; at this moment it has waited long enough.
    Until(Instant),
    /// The caller was told to ring by itself meanwhile.
    Bridged,
}

impl Earlies {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn find(&self, tag: &str) -> Option<usize> {
        self.list.iter().position(|early| *early.tag == *tag)
    }

    /// The dialog that a request of a callee belongs to, and whose it is.
    pub(crate) fn dialog_of(&mut self, message: &Message<'_>) -> Option<(usize, &mut Dialog)> {
        let all = self.list.iter_mut().enumerate();
        let mut dialogs = all.filter_map(|(index, early)| Some((index, early.dialog.as_mut()?)));
        dialogs.find(|(_, dialog)| dialog.is_of(message))
    }

    /// Every early dialog.
    pub(crate) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        self.list.iter().filter_map(|early| early.dialog.as_ref())
    }

    /// The early dialog whose PRACK that is.
    pub(crate) fn pracking(&self, client: ClientId) -> Option<usize> {
        self.list.iter().position(|early| early.prack.as_ref().is_some_and(|(one, _)| *one == client))
    }

    pub(crate) fn begin(&mut self, tag: &str, dialog: Option<Dialog>) -> usize {
        self.list.push(Early {
            tag: tag.into(),
            dialog,
            rseq: None,
            theirs: None,
            known: None,
            is_settled: false,
            owed: None,
            prack: None,
            leave: Leave::Unsaid,
            spoke: 0,
        });
        self.list.len() - 1
    }

    pub(crate) fn get(&self, index: usize) -> &Early {
        &self.list[index]
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> &mut Early {
        &mut self.list[index]
    }

    /// The early dialog whose offer went to the caller under this tag.
    pub(crate) fn owing(&self, caller_tag: &str) -> Option<usize> {
        self.list.iter().position(|early| early.owed.as_ref().is_some_and(|(_, tag)| **tag == *caller_tag))
    }

    pub(crate) fn heard(&self) -> Option<&Early> {
        self.heard.map(|index| &self.list[index])
    }

    pub(crate) fn heard_index(&self) -> Option<usize> {
        self.heard
    }

    pub(crate) fn is_the_heard(&self, index: usize) -> bool {
        self.heard == Some(index)
    }

    pub(crate) fn hear(&mut self, index: Option<usize>) {
        self.heard = index;
    }

    /// Takes what an answer says about sound; whether its description is new.
    pub(crate) fn learn(&mut self, index: usize, message: &Message<'_>, theirs: Option<&[u8]>) -> bool {
        let early = &mut self.list[index];
        if let Some(value) = message.line(Header::PEarlyMedia) {
            early.leave = Leave::of(value);
        }
        let Some(theirs) = theirs.filter(|theirs| early.theirs.as_deref() != Some(*theirs)) else {
            return false;
        };
        if early.is_settled {
            return false;
        }
        self.spoken += 1;
        (early.theirs, early.spoke) = (Some(theirs.into()), self.spoken);
        true
    }

    /// Whose sound the caller should hear: who has leave before who says nothing, and the latest of them.
    pub(crate) fn best(&self, rules: [&LegRules; 2]) -> Option<usize> {
        let audible = |early: &Early| {
            let passes = |rules: &LegRules| match rules.early_media {
                EarlyMedia::Pass => true,
                EarlyMedia::Gated => early.leave == Leave::Given,
                EarlyMedia::None => false,
            };
            early.theirs.is_some() && rules.into_iter().all(passes)
        };
        let audible = self.list.iter().enumerate().filter(|(_, early)| audible(early));
        audible.max_by_key(|(_, early)| (early.leave, early.spoke)).map(|(index, _)| index)
    }

    /// The caller was told of sound that must come now.
    pub(crate) fn promise(&mut self, now: Instant) {
        self.silence = Silence::Until(now + SILENCE_MAX);
    }

    pub(crate) fn silent_at(&self) -> Option<Instant> {
        match self.silence {
            Silence::Until(at) => Some(at),
            Silence::Over | Silence::Bridged => None,
        }
    }
}

impl Leave {
    fn of(value: &str) -> Leave {
        let words: Vec<&str> = value.split(',').map(str::trim).collect();
        let says = |word: &str| words.iter().any(|one| one.eq_ignore_ascii_case(word));
        match () {
            () if says("sendrecv") || says("sendonly") => Leave::Given,
            () if says("inactive") || says("recvonly") => Leave::Refused,
            () => Leave::Unsaid,
        }
    }
}
