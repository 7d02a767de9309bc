//! SRTP of one leg: which keys its peer and we offer each other, and which are agreed (RFC 4568, 8643).

use std::sync::Arc;

use media::Protection;
use policy::{KeysInClear, Srtp, SrtpRules};
use rtp::srtp::{MasterKey, Suite};
use sdp::{Cover, Crypto, Media, Session};
use sip_stack::{Chance, Flow};

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

/// All streams of one leg.
pub(crate) struct Keys {
    rules: SrtpRules,
    carrier: Carrier,
    streams: Vec<Stream>,
}

#[derive(Default)]
struct Stream {
    /// Made once for each suite: a key that stays lets the peer go on counting.
    ours: Vec<MasterKey>,
    agreed: Option<Agreed>,
}

#[derive(Clone, Debug)]
struct Agreed {
    tag: u32,
    form: Form,
    protection: Arc<Protection>,
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
    pub fn new(rules: SrtpRules, carrier: Carrier) -> Keys {
        Keys { rules, carrier, streams: Vec::new() }
    }

    /// The leg of a peer that is not chosen yet.
    pub fn unknown() -> Keys {
        Keys::new(SrtpRules::default(), Carrier::Readable)
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

    /// What is agreed for a stream.
    pub fn protection(&self, stream: usize) -> Option<Arc<Protection>> {
        Some(Arc::clone(&self.streams.get(stream)?.agreed.as_ref()?.protection))
    }

    /// What is agreed now, before the peer offers something else.
    pub fn settled(&self) -> Settled {
        Settled(self.streams.iter().map(|stream| stream.agreed.clone()).collect())
    }

    /// The peer's offer came to nothing.
    pub fn restore(&mut self, before: Settled) {
        let settled = before.0.into_iter().chain(std::iter::repeat_with(|| None));
        for (stream, agreed) in self.streams.iter_mut().zip(settled) {
            stream.agreed = agreed;
        }
    }

    /// Reads what the peer offers, and settles what we will answer.
    pub fn take_offer(&mut self, chance: &mut Chance, theirs: &Session<'_>) -> Result<(), String> {
        for (at, media) in open_lines(theirs) {
            let agreed = self.settle(chance, at, media)?;
            self.stream(at).agreed = agreed;
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
        if media.is_keyed_by_dtls() {
            return Err(format!("they offered {protocol}; keys by DTLS are not taken"));
        }
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
                Ok(Some(Agreed { tag, form, protection: Arc::new(Protection { theirs, ours }) }))
            }
            None if is_sealed => Err(format!("they offered {protocol} without a key that can be used")),
            None if self.rules.insists() => {
                Err(format!("SRTP is required; they offered {protocol} without keys"))
            }
            None => Ok(None),
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
            let answered = media.keys();
            let stream = self.stream(at);
            let taken = answered.first().and_then(|crypto| stream.taken(crypto));
            let form = if media.is_keyed_by_sdes() { Form::Sealed } else { Form::Beside };
            stream.agreed = match taken {
                Some(protection) if may_send_keys => {
                    Some(Agreed { tag: answered[0].tag, form, protection: Arc::new(protection) })
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
        if self.rules.insists() && !may_send_keys {
            return Err(
                "SRTP is required, and its keys would go where anybody on the way can read them".into()
            );
        }
        let lines = across.media.iter().enumerate();
        let covers = lines.map(|(at, media)| {
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
            let Some(Agreed { tag, form, protection }) = &stream.agreed else { return Cover::Clear };
            let keys = vec![written(*tag, &protection.ours)];
            if *form == Form::Sealed { Cover::Sealed(keys) } else { Cover::Offered(keys) }
        });
        covers.collect()
    }

    fn may_send_keys(&self) -> bool {
        self.carrier == Carrier::Private || self.rules.keys_in_clear == KeysInClear::Allowed
    }

    fn stream(&mut self, at: usize) -> &mut Stream {
        if self.streams.len() <= at {
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
