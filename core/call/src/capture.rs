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
        self.excerpt = Some(Box::new(Excerpt { name, media: wish.media, until, ordered: None }));
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
            let lines: Vec<_> = said.iter().flatten().filter_map(|session| session.media.get(at)).collect();
            wholes(&lines)
        };
        (0..count).map(|at| [of(&caller, at), of(&callee, at)]).collect()
    }
}

/// What may be kept whole of a stream, as both descriptions of it allow: what one of them says is keys, is,
/// and as long as one of them says RTP, keys may come.
fn wholes(lines: &[&sdp::Media<'_>]) -> Wholes {
    let bits = |is_wanted: fn(&sdp::Codec<'_>) -> bool| {
        let codecs = lines.iter().flat_map(|line| line.codecs()).filter(is_wanted);
        codecs.fold(0, |bits: u128, codec| bits | 1 << (codec.payload_type & 0x7f))
    };
    let barred = bits(|codec| WRAPPED.iter().any(|name| codec.is(name)));
    let is_opaque = !lines.is_empty() && lines.iter().all(|line| !line.is_rtp());
    let opaque = if is_opaque { Opaque::Whole } else { Opaque::Cut };
    Wholes { types: bits(|_| true) & !barred, opaque }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    const FAX: &str = "m=image 4000 udptl t38\r\n";

    fn kept(lines: &[&str]) -> Wholes {
        let text = |line: &&str| {
            format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{line}")
        };
        let texts: Vec<String> = lines.iter().map(text).collect();
        let sessions: Vec<_> =
            texts.iter().map(|text| Session::parse(text.as_bytes()).expect("a description")).collect();
        wholes(&sessions.iter().map(|session| &session.media[0]).collect::<Vec<_>>())
    }

    /// While sound becomes a fax keys may still come by the old description.
    #[test]
    fn keys_are_cut_as_long_as_either_description_has_them() {
        for lines in [[SOUND, FAX], [FAX, SOUND]] {
            assert_eq!(kept(&lines), Wholes { types: 1, opaque: Opaque::Cut });
        }
        assert_eq!(kept(&[FAX, FAX]), Wholes { types: 0, opaque: Opaque::Whole });
        assert_eq!(kept(&[SOUND]), Wholes { types: 1, opaque: Opaque::Cut });
        assert_eq!(kept(&[]), Wholes::default());
    }
}
