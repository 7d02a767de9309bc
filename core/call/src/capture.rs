//! The packets of a call are kept where somebody asks for it, as far as the rules of its parties allow. Its
//! messages are kept anyway, by those who keep them of all calls.

use std::sync::Arc;
use std::time::Duration;

use media::{Excerpting, Opaque, Order, Side, Wholes};
use policy::{Captured, MediaPath};
use sdp::Session;
use sip_stack::Token;

use crate::Room;
use crate::bridge::Bridge;
use crate::call::{Call, State};
use crate::excerpt::{CaptureWish, Capturing, Excerpt, NoCapture};
use crate::table::Calls;

/// So many calls of a shard at once.
const AT_ONCE_MAX: usize = 32;
/// Payloads in which others are wrapped, keys that were pressed among them (RFC 2198, RFC 4733).
const WRAPPED: [&str; 2] = ["telephone-event", "red"];

impl Calls {
    /// Keeps the packets of a call from now on.
    pub fn capture(&mut self, room: &mut Room<'_>, token: Token, wish: CaptureWish) -> Capturing {
        let at_once = self.in_progress().filter(|call| call.excerpt.is_some()).count();
        let Some(mut call) = self.lend(token) else { return Capturing::Unknown };
        let capturing = match call.excerpt.is_none() && at_once >= AT_ONCE_MAX {
            true => Capturing::Refused(NoCapture::Busy),
            false => call.capture(room, wish),
        };
        self.settle(room, call);
        capturing
    }
}

impl Call {
    fn capture(&mut self, room: &Room<'_>, wish: CaptureWish) -> Capturing {
        if let Err(why) = self.may_be_captured(room, wish.media) {
            return Capturing::Refused(why);
        }
        if matches!(self.state, State::Closing(_)) || self.draft.unfinished().is_none() {
            return Capturing::Unknown;
        }
        let most = room.policy.packets().seconds();
        let seconds = wish.seconds.map_or(most, |seconds| seconds.min(most));
        let until = room.now.instant + Duration::from_secs(seconds.into());
        let name: Arc<str> = match &self.excerpt {
            Some(excerpt) => Arc::clone(&excerpt.name),
            None => {
                let (day, id) = (room.policy.day_name(room.now.wall), self.draft.id());
                format!("{day}/{id}.pcapng").into()
            }
        };
        let file = self.draft.is_captured(&name, wish.media);
        self.excerpt = Some(Excerpt { name, media: wish.media, until, ordered: None });
        Capturing::Begins { file, seconds }
    }

    fn may_be_captured(&self, room: &Room<'_>, wished: Captured) -> Result<(), NoCapture> {
        let allowed = Captured::of_both(self.ends.each_ref().map(|end| end.rules.capture));
        if wished > allowed {
            return Err(NoCapture::Rules(allowed));
        }
        let for_help = room.policy.packets().emergency();
        if (self.plan.emergency || self.plan.is_callback) && wished > for_help {
            return Err(NoCapture::ForHelp(for_help));
        }
        let is_direct = |at: usize| self.plan.attempts[at].media.path == MediaPath::Direct;
        match &self.state {
            State::Up(callee) if is_direct(callee.attempt) && !self.bridge.is_open() => {
                Err(NoCapture::Direct)
            }
            _ => Ok(()),
        }
    }

    /// Lets the relay keep packets as it stands now, and no more when the time is over.
    pub(crate) fn keep_packets(&mut self, room: &mut Room<'_>) {
        let Some(media) = self.excerpt.as_ref().map(|excerpt| excerpt.media) else { return };
        let is_allowed = self.may_be_captured(room, media).is_ok();
        let Some(excerpt) = self.excerpt.take_if(|one| !is_allowed || one.until <= room.now.instant) else {
            return self.order_excerpt(room);
        };
        if let Some((session, _)) = excerpt.ordered {
            room.orders.push(Order::Excerpt { session, excerpting: None });
        }
    }

    fn order_excerpt(&mut self, room: &mut Room<'_>) {
        let Some(excerpt) = &mut self.excerpt else { return };
        if excerpt.media == Captured::None || !self.bridge.is_open() {
            return;
        }
        let session = self.bridge.session();
        let whole = match excerpt.media {
            Captured::Sound => self.bridge.whole(),
            Captured::Headers | Captured::None => Arc::default(),
        };
        let now = (session, whole);
        if excerpt.ordered.as_ref() != Some(&now) {
            let terms = Excerpting {
                name: Arc::clone(&excerpt.name),
                until: excerpt.until,
                bytes_max: room.policy.packets().call_bytes(),
                whole: Arc::clone(&now.1),
            };
            room.orders.push(Order::Excerpt { session, excerpting: Some(Box::new(terms)) });
            excerpt.ordered = Some(now);
        }
    }

    /// Whether media has to pass us for it.
    pub(crate) fn is_captured(&self) -> bool {
        self.excerpt.as_ref().is_some_and(|excerpt| excerpt.media != Captured::None)
    }
}

impl Bridge {
    /// What may be kept whole of each stream, by the caller's side and the callee's: what both it and we have
    /// said of that, and nothing that may be keys that were pressed.
    fn whole(&self) -> Arc<[[Wholes; 2]]> {
        let said = |side| [self.told(side), self.heard(side)].map(|text| Session::parse(text).ok());
        let [caller, callee] = [Side::Caller, Side::Callee].map(said);
        let lines = |of: &[Option<Session<'_>>; 2]| {
            of.iter().flatten().map(|session| session.media.len()).max().unwrap_or_default()
        };
        let count = lines(&caller).max(lines(&callee));
        let of = |said: &[Option<Session<'_>>; 2], at: usize| {
            let lines = said.iter().flatten().filter_map(|session| session.media.get(at));
            lines.fold((Wholes::default(), 0), with).0
        };
        (0..count).map(|at| [of(&caller, at), of(&callee, at)]).collect()
    }
}

/// What a description says more of a line; what the other says is keys, is.
fn with((before, barred): (Wholes, u128), line: &sdp::Media<'_>) -> (Wholes, u128) {
    let bits = |is_wrapped: fn(&sdp::Codec<'_>) -> bool| {
        let codecs = line.codecs().into_iter().filter(is_wrapped);
        codecs.fold(0, |bits: u128, codec| bits | 1 << (codec.payload_type & 0x7f))
    };
    let barred = barred | bits(|codec| WRAPPED.iter().any(|name| codec.is(name)));
    let types = (before.types | bits(|_| true)) & !barred;
    let opaque = if line.is_rtp() { Opaque::Cut } else { Opaque::Whole };
    (Wholes { types, opaque }, barred)
}
