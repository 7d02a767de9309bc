//! What the caller was told before the answer, and whether it has said that it heard so (RFC 3262).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use policy::Line;
use sip_message::{Header, Message};
use sip_stack::{Dialog, Wire};

use crate::time::T1;

/// So many words wait for the PRACK of an earlier one; of further ones only the last counts.
const WAITING_MAX: usize = 4;

/// The provisional answers of the caller's INVITE.
pub(crate) struct Told {
    pub way: Way,
    /// Whether the caller understands P-Early-Media.
    pub knows_leave: bool,
    pub rseq: u32,
    /// Sent reliably, and not acknowledged; after the final answer it is no longer repeated.
    pub sent: Option<Box<Pending>>,
    pub waiting: VecDeque<Word>,
    /// What the caller's present dialog was told of media.
    pub described: Option<Described>,
    /// Earlier dialogs of the same INVITE: each description that differs has one of its own.
    pub former: Vec<Dialog>,
    /// A 2xx that waits for a PRACK, with its description.
    pub held: Option<Vec<u8>>,
    /// Headers of the callee's latest answer that rules hand on.
    pub passed: Vec<Line>,
}

/// How provisional answers are sent to this caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Reliable,
}

/// One thing to tell the caller.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub status: u16,
    pub description: Option<Vec<u8>>,
    /// The value of P-Early-Media.
    pub leave: Option<Box<str>>,
}

/// A description that the caller has.
pub(crate) struct Described {
    pub text: Vec<u8>,
    /// Whether it was acknowledged: the 2xx must not say it again.
    pub is_settled: bool,
}

/// A reliable answer without its PRACK.
pub(crate) struct Pending {
    pub rseq: u32,
    pub wire: Wire,
    pub about: About,
    repeat: Option<Repeat>,
}

/// What a reliable answer was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Status,
    /// It held a description.
    Media,
}

struct Repeat {
    at: Instant,
    gap: Duration,
    give_up_at: Instant,
}

/// What is due of a reliable answer.
pub(crate) enum Due {
    Nothing,
    Copy(Wire),
    GiveUp,
}

impl Word {
    /// A status, and nothing about media.
    pub fn plain(status: u16) -> Word {
        Word { status, description: None, leave: None }
    }
}

impl Told {
    pub fn new(way: Way, message: &Message<'_>, lot: u32) -> Told {
        Told {
            way,
            knows_leave: message.has_token(Header::PEarlyMedia, "supported"),
            rseq: (lot >> 4) + 1,
            sent: None,
            waiting: VecDeque::new(),
            described: None,
            former: Vec::new(),
            held: None,
            passed: Vec::new(),
        }
    }

    /// Of a call that nobody sent an INVITE for.
    pub fn nothing() -> Told {
        Told {
            way: Way::Plain,
            knows_leave: false,
            rseq: 0,
            sent: None,
            waiting: VecDeque::new(),
            described: None,
            former: Vec::new(),
            held: None,
            passed: Vec::new(),
        }
    }

    /// Puts a word off until the earlier one is acknowledged.
    pub fn put_off(&mut self, word: Word) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_back();
        }
        self.waiting.push_back(word);
    }

    /// Whether a 2xx has to wait (RFC 3262 3).
    pub fn holds_back_the_answer(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.about == About::Media)
    }

    /// The final answer goes out: nothing is repeated or said any more.
    pub fn rest(&mut self) {
        self.waiting.clear();
        self.held = None;
        if let Some(sent) = &mut self.sent {
            sent.repeat = None;
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let repeat = self.sent.as_ref()?.repeat.as_ref()?;
        Some(repeat.at.min(repeat.give_up_at))
    }

    /// What is due now. The pauses double without an upper bound.
    pub fn due(&mut self, now: Instant) -> Due {
        let Some(sent) = &mut self.sent else { return Due::Nothing };
        let Some(repeat) = &mut sent.repeat else { return Due::Nothing };
        if repeat.give_up_at <= now {
            sent.repeat = None;
            return Due::GiveUp;
        }
        if repeat.at > now {
            return Due::Nothing;
        }
        repeat.gap *= 2;
        repeat.at = now + repeat.gap;
        Due::Copy(sent.wire.clone())
    }

    /// Takes the pending answer that a PRACK acknowledges.
    pub fn acknowledged(&mut self, rack: Option<(u32, u32)>, invite_cseq: u32) -> Option<Box<Pending>> {
        self.sent.take_if(|sent| rack == Some((sent.rseq, invite_cseq)))
    }
}

impl Pending {
    pub fn new(now: Instant, rseq: u32, wire: Wire, about: About) -> Pending {
        let repeat = Repeat { at: now + T1, gap: T1, give_up_at: now + 64 * T1 };
        Pending { rseq, wire, about, repeat: Some(repeat) }
    }
}

/// The RSeq and the CSeq that a PRACK names, if they are of an INVITE.
pub(crate) fn rack_of(message: &Message<'_>) -> Option<(u32, u32)> {
    let mut words = message.line(Header::RAck)?.split_ascii_whitespace();
    let numbers = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next()? == "INVITE").then_some(numbers)
}
