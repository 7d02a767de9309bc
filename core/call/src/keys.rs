//! SRTP of one leg: which keys its peer and we offer each other, and which are agreed (RFC 4568, 8643), or by
//! which handshake they are to be had (`shaken.rs`).

use std::sync::Arc;

use media::{Certificate, Handshake, Protection};
use policy::{KeysInClear, Srtp, SrtpRules};
use rtp::srtp::{MasterKey, Suite};
use sdp::{Cover, Crypto, Feedback, Media, Session};
use sip_stack::{Chance, Flow, Transport};

use crate::shaken;

/// What we offer, in order: the cheaper first, then the one that everybody knows.
const OFFERED: [Suite; 2] = [Suite::AeadAes128Gcm, Suite::AesCm128HmacSha1_80];

/// Who may read the signalling of a leg on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Private,
    Readable,
}

impl Carrier {
    pub fn of(flow: Flow) -> Carrier {
        if flow.transport.is_sealed() { Carrier::Private } else { Carrier::Readable }
    }
}

/// What is at the other end of a leg, as far as its flow tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// A page in a browser, which has no keys but those of a handshake.
    Page,
    Other,
}

impl FarEnd {
    pub fn of(flow: Flow) -> FarEnd {
        match flow.transport {
            Transport::Ws | Transport::Wss => FarEnd::Page,
            Transport::Udp | Transport::Tcp | Transport::Tls => FarEnd::Other,
        }
    }
}

/// All streams of one leg.
pub(crate) struct Keys {
    rules: SrtpRules,
    carrier: Carrier,
    far_end: FarEnd,
    /// What we show in handshakes; without it there are none.
    certificate: Option<Arc<Certificate>>,
    streams: Vec<Stream>,
}

#[derive(Default)]
struct Stream {
    /// Made once for each suite: a key that stays lets the peer go on counting.
    ours: Vec<MasterKey>,
    agreed: Option<Agreed>,
    /// How the two spoke of keys last.
    manner: Manner,
    /// How our last offer did.
    offered: Manner,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    /// Not at all yet.
    #[default]
    Unknown,
    /// In descriptions, or in clear.
    Described,
    Shaken,
}

#[derive(Clone, Debug)]
enum Agreed {
    Described { tag: u32, form: Form, protection: Arc<Protection> },
    Shaken(Handshake),
}

/// What is agreed for all streams of a leg.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled(Vec<Option<Agreed>>);

/// Whether the line says that it is sealed, or is clear with keys beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Sealed,
    Beside,
}

impl Keys {
    pub fn new(
        rules: SrtpRules,
        carrier: Carrier,
        far_end: FarEnd,
        certificate: Option<Arc<Certificate>>,
    ) -> Keys {
        Keys { rules, carrier, far_end, certificate, streams: Vec::new() }
    }

    /// The leg of a peer that is not chosen yet.
    pub fn unknown() -> Keys {
        Keys::new(SrtpRules::default(), Carrier::Readable, FarEnd::Other, None)
    }

    /// Whether media that does not pass through us may be as described.
    pub fn let_pass(&self, session: &Session<'_>) -> Result<(), String> {
        for (_, media) in open_lines(session) {
            let is_sealed = media.is_keyed_by_sdes() || media.is_keyed_by_dtls();
            if self.rules.insists() && !is_sealed {
                return Err(format!("SRTP is required; {} was described", media.protocol));
            }
            if media.is_keyed_by_sdes() && !self.may_send_keys() {
                return Err(format!("{} brings keys that anybody on the way can read", media.protocol));
            }
        }
        Ok(())
    }

    /// The peer has spoken before, in another call or round: it is offered keys as it spoke of them then.
    pub fn goes_on(&mut self, heard: &[u8]) {
        let Ok(session) = Session::parse(heard) else { return };
        for (at, media) in open_lines(&session) {
            self.stream(at).manner =
                if media.is_keyed_by_dtls() { Manner::Shaken } else { Manner::Described };
        }
    }

    /// Whether nothing is sealed.
    pub fn are_none(&self) -> bool {
        self.streams.iter().all(|stream| stream.agreed.is_none())
    }

    /// The keys that are agreed for a stream.
    pub fn protection(&self, stream: usize) -> Option<Arc<Protection>> {
        match self.streams.get(stream)?.agreed.as_ref()? {
            Agreed::Described { protection, .. } => Some(Arc::clone(protection)),
            Agreed::Shaken(_) => None,
        }
    }

    /// The handshake that is to bring them.
    pub fn handshake(&self, stream: usize) -> Option<Handshake> {
        match self.streams.get(stream)?.agreed.as_ref()? {
            Agreed::Described { .. } => None,
            Agreed::Shaken(handshake) => Some(handshake.clone()),
        }
    }

    /// What is agreed now, before the peer offers something else.
    pub fn settled(&self) -> Settled {
        Settled(self.streams.iter().map(|stream| stream.agreed.clone()).collect())
    }

    /// The peer's offer came to nothing.
    pub fn restore(&mut self, before: Settled) {
        let settled = before.0.into_iter().chain(std::iter::repeat_with(|| None));
        for (stream, agreed) in self.streams.iter_mut().zip(settled) {
            stream.manner = match &agreed {
                Some(Agreed::Shaken(_)) => Manner::Shaken,
                Some(Agreed::Described { .. }) => Manner::Described,
                None => stream.manner,
            };
            stream.agreed = agreed;
        }
    }

    /// Reads what the peer offers, and settles what we will answer.
    pub fn take_offer(&mut self, chance: &mut Chance, theirs: &Session<'_>) -> Result<(), String> {
        for (at, media) in open_lines(theirs) {
            let is_keyed_by_dtls = media.is_keyed_by_dtls();
            let agreed = if is_keyed_by_dtls {
                Some(Agreed::Shaken(self.shake(at, theirs, media)?))
            } else {
                self.settle(chance, at, media)?
            };
            let stream = self.stream(at);
            stream.manner = if is_keyed_by_dtls { Manner::Shaken } else { Manner::Described };
            stream.agreed = agreed;
        }
        Ok(())
    }

    fn settle(
        &mut self,
        chance: &mut Chance,
        at: usize,
        media: &Media<'_>,
    ) -> Result<Option<Agreed>, String> {
        let protocol = media.protocol;
        let is_sealed = media.is_keyed_by_sdes();
        let words = match (is_sealed, self.rules.mode, self.may_send_keys()) {
            (true, Srtp::Off, _) => Some(format!("they offered {protocol}; SRTP is off here")),
            (true, _, false) => {
                Some(format!("they offered {protocol} with keys that anybody on the way can read"))
            }
            (true, _, true) => None,
            (false, Srtp::Off, _) | (false, Srtp::Optional, false) => return Ok(None),
            (false, Srtp::Required, false) if !self.rules.insists() => return Ok(None),
            (false, Srtp::Required, false) => {
                Some(format!("SRTP is required; they offered {protocol} in clear"))
            }
            (false, _, true) => None,
        };
        if let Some(words) = words {
            return Err(words);
        }
        let form = if is_sealed { Form::Sealed } else { Form::Beside };
        match self.chosen(at, &media.keys()) {
            Some((tag, theirs)) => {
                let ours = self.stream(at).key_of(chance, theirs.suite());
                let protection = Arc::new(Protection { theirs, ours });
                Ok(Some(Agreed::Described { tag, form, protection }))
            }
            None if is_sealed => Err(format!("they offered {protocol} without a key that can be used")),
            None if self.rules.insists() => {
                Err(format!("SRTP is required; they offered {protocol} without keys"))
            }
            None => Ok(None),
        }
    }

    /// What an offer of a handshake comes to.
    fn shake(&self, at: usize, theirs: &Session<'_>, media: &Media<'_>) -> Result<Handshake, String> {
        let protocol = media.protocol;
        if self.rules.mode == Srtp::Off {
            return Err(format!("they offered {protocol}; SRTP is off here"));
        }
        match &self.certificate {
            Some(ours) if media.is_shaken() => {
                shaken::of_offer(ours, (theirs, media), self.handshake(at).as_ref())
            }
            _ => Err(format!("they offered {protocol}, which cannot be had here")),
        }
    }

    /// The offered key that we take: the suite in use already, else the one that we like best.
    fn chosen(&self, at: usize, offered: &[Crypto]) -> Option<(u32, MasterKey)> {
        let in_use = self.protection(at).map(|protection| protection.theirs.suite());
        let wanted = in_use.into_iter().chain(Suite::ALL);
        wanted.into_iter().find_map(|suite| {
            let crypto = offered.iter().find(|crypto| Suite::named(&crypto.suite) == Some(suite))?;
            Some((crypto.tag, MasterKey::new(suite, &crypto.key)?))
        })
    }

    /// Reads what the peer answers to our offer.
    pub fn take_answer(&mut self, theirs: &Session<'_>) -> Result<(), String> {
        let may_send_keys = self.may_send_keys();
        let insists = self.rules.insists();
        for (at, media) in open_lines(theirs) {
            let certificate = self.certificate.as_ref().map(Arc::clone);
            let stream = self.stream(at);
            stream.manner = stream.offered;
            if let (Manner::Shaken, Some(ours)) = (stream.offered, certificate) {
                stream.agreed = Some(Agreed::Shaken(shaken::of_answer(&ours, (theirs, media))?));
                continue;
            }
            if media.is_keyed_by_dtls() {
                return Err(format!("they answered {}, which was not offered", media.protocol));
            }
            let answered = media.keys();
            let taken = answered.first().and_then(|crypto| stream.taken(crypto));
            let form = if media.is_keyed_by_sdes() { Form::Sealed } else { Form::Beside };
            stream.agreed = match taken {
                Some(protection) if may_send_keys => {
                    let (tag, protection) = (answered[0].tag, Arc::new(protection));
                    Some(Agreed::Described { tag, form, protection })
                }
                _ if insists => {
                    return Err(format!("SRTP is required; they answered {} without a key", media.protocol));
                }
                _ if media.is_keyed_by_sdes() => {
                    return Err(format!("they answered {} without a key of ours", media.protocol));
                }
                _ => None,
            };
        }
        Ok(())
    }

    /// How our offer to this leg covers each line of what the other leg's peer says.
    pub fn offer(&mut self, chance: &mut Chance, across: &Session<'_>) -> Result<Vec<Cover>, String> {
        let (mode, may_send_keys) = (self.rules.mode, self.may_send_keys());
        let shakes = |at: usize, media: &Media<'_>| media.is_rtp() && self.shakes(at);
        let shaken: Vec<bool> =
            across.media.iter().enumerate().map(|(at, media)| shakes(at, media)).collect();
        let all = across.media.iter().zip(&shaken).all(|(media, shaken)| *shaken || !media.is_rtp());
        if self.rules.insists() && !may_send_keys && !(all && shaken.contains(&true)) {
            return Err(
                "SRTP is required, and its keys would go where anybody on the way can read them".into()
            );
        }
        let lines = across.media.iter().enumerate();
        let covers = lines.map(|(at, media)| {
            if shaken[at] {
                return self.shaken_cover(at);
            }
            self.stream(at).offered = Manner::Described;
            if !media.is_rtp() || mode == Srtp::Off || !may_send_keys {
                return Cover::Clear;
            }
            let keys = self.stream(at).offer(chance);
            if mode == Srtp::Required { Cover::Sealed(keys) } else { Cover::Offered(keys) }
        });
        Ok(covers.collect())
    }

    /// How our answer to this leg's offer covers each line.
    pub fn answer(&self) -> Vec<Cover> {
        let covers = self.streams.iter().map(|stream| {
            let (tag, form, protection) = match &stream.agreed {
                None => return Cover::Clear,
                Some(Agreed::Shaken(agreed)) => return Cover::Shaken(shaken::answered(agreed)),
                Some(Agreed::Described { tag, form, protection }) => (*tag, *form, protection),
            };
            let keys = vec![written(tag, &protection.ours)];
            if form == Form::Sealed { Cover::Sealed(keys) } else { Cover::Offered(keys) }
        });
        covers.collect()
    }

    /// Whether keys of a stream are offered by a handshake: as the two have spoken of them before, else as
    /// the rules say.
    fn shakes(&self, at: usize) -> bool {
        let manner = self.streams.get(at).map_or(Manner::Unknown, |stream| stream.manner);
        let is_wished = match (manner, self.rules.keys) {
            (Manner::Shaken, _) | (Manner::Unknown, policy::Keys::Dtls) => true,
            (Manner::Unknown, policy::Keys::Auto) => self.far_end == FarEnd::Page,
            (Manner::Unknown, policy::Keys::Sdes) | (Manner::Described, _) => false,
        };
        is_wished && self.rules.mode != Srtp::Off && self.certificate.is_some()
    }

    fn shaken_cover(&mut self, at: usize) -> Cover {
        self.stream(at).offered = Manner::Shaken;
        let feedback = if self.far_end == FarEnd::Page { Feedback::Early } else { Feedback::None };
        match &self.certificate {
            Some(ours) => Cover::Shaken(shaken::offered(ours, feedback)),
            None => Cover::Clear,
        }
    }

    fn may_send_keys(&self) -> bool {
        self.carrier == Carrier::Private || self.rules.keys_in_clear == KeysInClear::Allowed
    }

    fn stream(&mut self, at: usize) -> &mut Stream {
        if let Some(more) = (at + 1).checked_sub(self.streams.len()) {
            self.streams.reserve_exact(more);
            self.streams.resize_with(at + 1, Stream::default);
        }
        &mut self.streams[at]
    }
}

impl Stream {
    fn key_of(&mut self, chance: &mut Chance, suite: Suite) -> MasterKey {
        if let Some(key) = self.ours.iter().find(|key| key.suite() == suite) {
            return key.clone();
        }
        let key = drawn(chance, suite);
        self.ours.push(key.clone());
        key
    }

    fn offer(&mut self, chance: &mut Chance) -> Vec<Crypto> {
        (1..).zip(OFFERED).map(|(tag, suite)| written(tag, &self.key_of(chance, suite))).collect()
    }

    /// The keys that an answer settles on, if it takes one of ours.
    fn taken(&self, answered: &Crypto) -> Option<Protection> {
        let at = usize::try_from(answered.tag.checked_sub(1)?).ok()?;
        let suite = OFFERED.get(at).copied().filter(|suite| Suite::named(&answered.suite) == Some(*suite))?;
        let ours = self.ours.iter().find(|key| key.suite() == suite)?.clone();
        Some(Protection { theirs: MasterKey::new(suite, &answered.key)?, ours })
    }
}

/// The RTP lines that are open.
fn open_lines<'s, 't>(session: &'s Session<'t>) -> impl Iterator<Item = (usize, &'s Media<'t>)> {
    session.media.iter().enumerate().filter(|(_, media)| media.port != 0 && media.is_rtp())
}

fn drawn(chance: &mut Chance, suite: Suite) -> MasterKey {
    let mut bytes = vec![0; MasterKey::length(suite)];
    chance.fill(&mut bytes);
    MasterKey::new(suite, &bytes).expect("as long as its suite wants it")
}

fn written(tag: u32, key: &MasterKey) -> Crypto {
    Crypto { tag, suite: key.suite().name().into(), key: key.reveal().to_vec() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CLEAR: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0\r\n";

    /// After a transfer a phone is asked in the way that it spoke before, whatever is usual.
    #[test]
    fn i4_who_had_a_handshake_is_offered_one_and_who_had_none_is_not() {
        let shaken = CLEAR.replace("RTP/AVP", "UDP/TLS/RTP/SAVP");
        let rows = [
            (FarEnd::Other, "", false),
            (FarEnd::Other, &*shaken, true),
            (FarEnd::Page, "", true),
            (FarEnd::Page, CLEAR, false),
        ];
        for (far_end, heard, is_offered) in rows {
            let certificate = Arc::new(Certificate::new(vec![1], vec![2]));
            let mut keys = Keys::new(SrtpRules::default(), Carrier::Readable, far_end, Some(certificate));

            keys.goes_on(heard.as_bytes());

            let across = Session::parse(CLEAR.as_bytes()).unwrap();
            let covers = keys.offer(&mut Chance::from_seed([7; 32]), &across).unwrap();
            assert_eq!(matches!(covers[0], Cover::Shaken(_)), is_offered, "{far_end:?} {heard}");
        }
    }
}
