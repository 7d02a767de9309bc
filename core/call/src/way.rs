//! How one leg is reached: what its peer and we have agreed on about the port of reports (RFC 5761, 8035),
//! and about checks, which we answer as a lite agent (RFC 8839, 8445 2.5).

use std::net::SocketAddr;

use policy::{Ice, IceOffers};
use sdp::{Checks, Cover, Credentials, Media, Reports, Session, Way};
use sip_stack::Chance;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// 48 and 144 bits of chance (RFC 8445, 5.3, wants 24 and 128).
const UFRAG_LENGTH: usize = 8;
const PASSWORD_LENGTH: usize = 24;

/// All streams of one leg.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    ice: Ice,
    offers: IceOffers,
    streams: Vec<Stream>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    /// What our last offer said.
    offered: Reports,
    agreed: Reports,
    checks: Checking,
    /// What its peer called it in the last offer.
    name: Option<Box<str>>,
}

#[derive(Clone, Debug, Default)]
enum Checking {
    #[default]
    None,
    /// Ours were offered.
    Offered(Credentials),
    Agreed(Box<Agreed>),
    /// Theirs were offered, and changed on the way.
    Mismatch,
}

/// What checks of the peer are known by.
#[derive(Clone, Debug)]
struct Agreed {
    ours: Credentials,
    theirs: Credentials,
}

impl Ways {
    pub fn new(ice: Ice, offers: IceOffers) -> Ways {
        Ways { ice, offers, streams: Vec::new() }
    }

    /// The leg of a peer that is not chosen yet.
    pub fn unknown() -> Ways {
        Ways::new(Ice::Off, IceOffers::Answered)
    }

    /// Who offers one port for all is answered so, and who offers checks is let check.
    pub fn take_offer(&mut self, chance: &mut Chance, theirs: &Session<'_>) {
        for (at, media) in theirs.media.iter().enumerate() {
            let checks = self.checks(chance, at, theirs, media);
            let stream = self.stream(at);
            (stream.agreed, stream.checks, stream.name) = (media.reports(), checks, media.name());
        }
    }

    /// What an offer comes to: credentials that are the peer's as before keep ours, others are a restart.
    fn checks(
        &mut self,
        chance: &mut Chance,
        at: usize,
        theirs: &Session<'_>,
        media: &Media<'_>,
    ) -> Checking {
        let credentials = theirs.credentials_of(media).filter(|_| media.is_rtp());
        let Some(credentials) = credentials.filter(|_| self.ice == Ice::Lite && !theirs.is_lite()) else {
            return Checking::None;
        };
        if theirs.is_mismatched(media) {
            return Checking::Mismatch;
        }
        match &self.stream(at).checks {
            Checking::Agreed(agreed) if agreed.theirs == credentials => Checking::Agreed(agreed.clone()),
            _ => Checking::Agreed(Box::new(Agreed { ours: drawn(chance), theirs: credentials })),
        }
    }

    /// Only what was offered can be agreed on by an answer.
    pub fn take_answer(&mut self, theirs: &Session<'_>) {
        for (at, media) in theirs.media.iter().enumerate() {
            let are_had = !theirs.is_lite() && !media.leaves_checks();
            let credentials = theirs.credentials_of(media).filter(|_| are_had);
            let stream = self.stream(at);
            stream.agreed = if stream.offered == Reports::Muxed { media.reports() } else { Reports::Apart };
            stream.checks = match (&stream.checks, credentials) {
                (Checking::Agreed(agreed), Some(theirs)) => {
                    Checking::Agreed(Box::new(Agreed { theirs, ours: agreed.ours.clone() }))
                }
                (Checking::Offered(ours), Some(theirs)) => {
                    Checking::Agreed(Box::new(Agreed { theirs, ours: ours.clone() }))
                }
                _ => Checking::None,
            };
        }
    }

    /// Its place changes: whoever checks it has to know it by other words from now on.
    pub fn restart(&mut self, ice: Ice, chance: &mut Chance) {
        self.ice = ice;
        for stream in &mut self.streams {
            stream.checks = match &stream.checks {
                Checking::Agreed(_) | Checking::Offered(_) if ice != Ice::Off => {
                    Checking::Offered(drawn(chance))
                }
                _ => Checking::None,
            };
        }
    }

    /// What was agreed on is offered again; nothing is, to whom nobody has heard of it, unless it is wished
    /// for. A handshake is had at one port, and who has one may check first.
    pub fn offer(&mut self, chance: &mut Chance, covers: &[Cover]) -> Vec<Way> {
        let (ice, offers) = (self.ice, self.offers);
        let offered = covers.iter().enumerate().map(|(at, cover)| {
            let stream = self.stream(at);
            let is_shaken = matches!(cover, Cover::Shaken(_));
            stream.offered = if is_shaken { Reports::Muxed } else { stream.agreed };
            let may_check = is_shaken || offers == IceOffers::Offered;
            if may_check && ice == Ice::Lite && matches!(stream.checks, Checking::None) {
                stream.checks = Checking::Offered(drawn(chance));
            }
            let is_new = stream.offered != stream.agreed;
            let reports = if is_new { Reports::Either } else { stream.agreed };
            Way { reports, name: None, ..stream.way() }
        });
        offered.collect()
    }

    /// What our answer says.
    pub fn answer(&self) -> Vec<Way> {
        self.streams.iter().map(Stream::way).collect()
    }

    /// Whether its peer is found by its address alone, and has a port for reports.
    pub fn are_plain(&self) -> bool {
        let is_plain =
            |stream: &Stream| matches!(stream.checks, Checking::None) && stream.agreed == Reports::Apart;
        self.streams.iter().all(is_plain)
    }

    /// Where its peer receives RTCP, which is at `apart` if not with its media.
    pub fn reports(&self, stream: usize, apart: Option<SocketAddr>) -> media::Reports {
        match self.streams.get(stream).map(|stream| stream.agreed) {
            Some(Reports::Muxed) => media::Reports::Muxed,
            Some(Reports::Apart | Reports::Either) | None => media::Reports::Apart(apart),
        }
    }

    /// What checks of its peer are known by.
    pub fn checks_of(&self, stream: usize) -> Option<media::Checks> {
        let Checking::Agreed(agreed) = &self.streams.get(stream)?.checks else { return None };
        let Agreed { ours, theirs } = &**agreed;
        let username = format!("{}:{}", ours.ufrag, theirs.ufrag).into();
        Some(media::Checks { username, password: ours.password.clone() })
    }

    fn stream(&mut self, at: usize) -> &mut Stream {
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, Stream::default);
        }
        &mut self.streams[at]
    }
}

impl Stream {
    fn way(&self) -> Way {
        let checks = match &self.checks {
            Checking::None => Checks::None,
            Checking::Offered(ours) => Checks::By(ours.clone()),
            Checking::Agreed(agreed) => Checks::By(agreed.ours.clone()),
            Checking::Mismatch => Checks::Mismatch,
        };
        Way { reports: self.agreed, checks, name: self.name.clone() }
    }
}

fn drawn(chance: &mut Chance) -> Credentials {
    let mut word = |length| {
        let mut bytes = vec![0; length];
        chance.fill(&mut bytes);
        let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
        letters.collect::<String>().into()
    };
    Credentials { ufrag: word(UFRAG_LENGTH), password: word(PASSWORD_LENGTH) }
}
