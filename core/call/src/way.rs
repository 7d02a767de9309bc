//! How one leg is reached: what its peer and we have agreed on about the port of reports (RFC 5761, 8035),
//! and about checks, which we answer, and make too as a full agent (RFC 8839, 8445).

use std::net::{IpAddr, SocketAddr};

use media::{Chooser, Search};
use model::Side;
use policy::{Ice, IceOffers};
use sdp::{Agent, Candidate, Checks, Component, Cover, Credentials, Media, Reports, Session, Way};
use sip_stack::Chance;

use crate::askable::askable;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// 48 and 144 bits of chance (RFC 8445, 5.3, wants 24 and 128).
const UFRAG_LENGTH: usize = 8;
const PASSWORD_LENGTH: usize = 24;

/// All streams of one leg.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    ice: Ice,
    /// Who is found at its interface.
    side: Side,
    offers: IceOffers,
    /// Ours, for all streams, once it was drawn.
    tie_breaker: Option<u64>,
    /// Who chooses; it stays so (RFC 8445, 6.1.1).
    chooser: Option<Chooser>,
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
    Offered(Ours),
    Agreed(Box<Agreed>),
    /// Theirs were offered, and changed on the way.
    Mismatch,
}

/// What checks are known by, either side's, and where ours may go.
#[derive(Clone, Debug)]
struct Agreed {
    ours: Ours,
    theirs: Credentials,
    candidates: Vec<Candidate>,
}

/// What a peer's checks are known by, and what names ours.
#[derive(Clone, Debug)]
struct Ours {
    credentials: Credentials,
    secret: [u8; 16],
}

impl Ways {
    pub fn new((ice, side): (Ice, Side), offers: IceOffers) -> Ways {
        Ways { ice, side, offers, tie_breaker: None, chooser: None, streams: Vec::new() }
    }

    /// The leg of a peer that is not chosen yet.
    pub fn unknown() -> Ways {
        Ways::new((Ice::Off, Side::Outside), IceOffers::Answered)
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
        let Some(credentials) = credentials.filter(|_| self.may_be_found_by(theirs)) else {
            return Checking::None;
        };
        if theirs.is_mismatched(media) {
            return Checking::Mismatch;
        }
        let ours = match &self.stream(at).checks {
            Checking::Agreed(agreed) if agreed.theirs == credentials => agreed.ours.clone(),
            _ => self.drawn(chance),
        };
        self.takes_part(theirs, Chooser::They);
        agreed(ours, credentials, media)
    }

    /// Whether there are checks with who wrote that: of two that only answer, nobody would ever ask.
    fn may_be_found_by(&self, theirs: &Session<'_>) -> bool {
        match self.ice {
            Ice::Off => false,
            Ice::Lite => !theirs.is_lite(),
            Ice::Full => true,
        }
    }

    /// Whoever offered checks first chooses, unless the peer never does (RFC 8445, 6.1.1).
    fn takes_part(&mut self, theirs: &Session<'_>, usual: Chooser) {
        let before = self.chooser.unwrap_or(usual);
        self.chooser = Some(if theirs.is_lite() { Chooser::We } else { before });
    }

    /// Only what was offered can be agreed on by an answer.
    pub fn take_answer(&mut self, theirs: &Session<'_>) {
        for (at, media) in theirs.media.iter().enumerate() {
            let are_had = self.may_be_found_by(theirs) && !media.leaves_checks() && media.is_rtp();
            let credentials = theirs.credentials_of(media).filter(|_| are_had);
            if credentials.is_some() {
                self.takes_part(theirs, Chooser::We);
            }
            let stream = self.stream(at);
            stream.agreed = if stream.offered == Reports::Muxed { media.reports() } else { Reports::Apart };
            stream.checks = match (&stream.checks, credentials) {
                (Checking::Agreed(before), Some(theirs)) => agreed(before.ours.clone(), theirs, media),
                (Checking::Offered(ours), Some(theirs)) => agreed(ours.clone(), theirs, media),
                _ => Checking::None,
            };
        }
    }

    /// It is found at another interface from now on.
    pub fn go_over(&mut self, (ice, side): (Ice, Side)) {
        (self.ice, self.side) = (ice, side);
    }

    /// Its place changes: whoever checks it has to know it by other words from now on.
    pub fn restart(&mut self, at: (Ice, Side), chance: &mut Chance) {
        self.go_over(at);
        for at in 0..self.streams.len() {
            let are_known = matches!(self.streams[at].checks, Checking::Agreed(_) | Checking::Offered(_));
            let ours = (are_known && self.ice != Ice::Off).then(|| self.drawn(chance));
            self.streams[at].checks = ours.map_or(Checking::None, Checking::Offered);
        }
    }

    /// What was agreed on is offered again; nothing is, to whom nobody has heard of it, unless it is wished
    /// for. A handshake is had at one port, and who has one may check first; a full agent offers checks to
    /// everybody.
    pub fn offer(&mut self, chance: &mut Chance, covers: &[Cover]) -> Vec<Way> {
        let agent = self.agent();
        let offered = covers.iter().enumerate().map(|(at, cover)| {
            let is_shaken = matches!(cover, Cover::Shaken(_));
            let may_check = is_shaken || self.offers == IceOffers::Offered;
            let is_checked = self.ice == Ice::Full || self.ice == Ice::Lite && may_check;
            let is_told = !matches!(self.stream(at).checks, Checking::None);
            let ours = (is_checked && !is_told).then(|| self.drawn(chance));
            let stream = self.stream(at);
            stream.offered = if is_shaken { Reports::Muxed } else { stream.agreed };
            if let Some(ours) = ours {
                stream.checks = Checking::Offered(ours);
            }
            let is_new = stream.offered != stream.agreed;
            let reports = if is_new { Reports::Either } else { stream.agreed };
            Way { reports, name: None, ..stream.way(agent) }
        });
        offered.collect()
    }

    /// What our answer says.
    pub fn answer(&self) -> Vec<Way> {
        self.streams.iter().map(|stream| stream.way(self.agent())).collect()
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

    /// What checks of its peer are known by, and how we check ourselves from that address.
    pub fn checks_of(&self, at: usize, local: IpAddr) -> Option<media::Checks> {
        let stream = self.streams.get(at)?;
        let Checking::Agreed(agreed) = &stream.checks else { return None };
        let Agreed { ours: Ours { credentials, secret }, theirs, candidates } = &**agreed;
        let username =
            |one: &Credentials, other: &Credentials| format!("{}:{}", one.ufrag, other.ufrag).into();
        let is_told = |one: &&Candidate| one.component == Component::Media || stream.agreed == Reports::Apart;
        let search = || Search {
            username: username(theirs, credentials),
            password: theirs.password.clone(),
            chooser: self.chooser.unwrap_or(Chooser::We),
            tie_breaker: self.tie_breaker.unwrap_or_default(),
            secret: *secret,
            candidates: askable(candidates.iter().filter(is_told), local, self.side),
        };
        Some(media::Checks {
            username: username(credentials, theirs),
            password: credentials.password.clone(),
            search: (self.ice == Ice::Full).then(|| Box::new(search())),
        })
    }

    fn agent(&self) -> Agent {
        if self.ice == Ice::Full { Agent::Full } else { Agent::Lite }
    }

    fn drawn(&mut self, chance: &mut Chance) -> Ours {
        let mut secret = [0; 16];
        if self.ice == Ice::Full {
            chance.fill(&mut secret);
            self.tie_breaker.get_or_insert_with(|| chance.u64());
        }
        Ours { credentials: drawn(chance), secret }
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
    fn way(&self, agent: Agent) -> Way {
        let checks = match &self.checks {
            Checking::None => Checks::None,
            Checking::Offered(ours) => Checks::By(ours.credentials.clone()),
            Checking::Agreed(agreed) => Checks::By(agreed.ours.credentials.clone()),
            Checking::Mismatch => Checks::Mismatch,
        };
        Way { reports: self.agreed, checks, agent, name: self.name.clone(), outer: Vec::new() }
    }
}

fn agreed(ours: Ours, theirs: Credentials, media: &Media<'_>) -> Checking {
    Checking::Agreed(Box::new(Agreed { ours, theirs, candidates: media.candidates() }))
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));
    const FULL: &str = "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0\r\na=ice-ufrag:them\r\na=ice-pwd:they/know/this/by/heart\r\n\
        a=candidate:1 1 UDP 300 203.0.113.5 4000 typ host\r\n\
        a=candidate:1 2 UDP 299 203.0.113.5 4001 typ host\r\n";

    fn chance() -> Chance {
        Chance::from_seed([7; 32])
    }

    fn lite() -> String {
        FULL.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n")
    }

    fn outside(ice: Ice) -> Ways {
        Ways::new((ice, Side::Outside), IceOffers::Answered)
    }

    fn search(ways: &Ways) -> Option<Search> {
        ways.checks_of(0, LOCAL)?.search.map(|search| *search)
    }

    /// RFC 8445, 6.1.1: a restart changes nobody's part.
    #[test]
    fn g2_who_offers_first_chooses_unless_it_only_answers() {
        for (theirs, offered, answered) in
            [(FULL.to_owned(), Chooser::They, Chooser::We), (lite(), Chooser::We, Chooser::We)]
        {
            let session = Session::parse(theirs.as_bytes()).unwrap();
            let mut asked = outside(Ice::Full);
            asked.take_offer(&mut chance(), &session);
            assert_eq!(search(&asked).unwrap().chooser, offered);

            let mut asking = outside(Ice::Full);
            let told = asking.offer(&mut chance(), &[Cover::Clear]);
            assert!(matches!(told[0].checks, Checks::By(_)) && told[0].agent == Agent::Full);
            asking.take_answer(&session);
            assert_eq!(search(&asking).unwrap().chooser, answered);

            let restarted = theirs.replace("them", "they");
            asking.take_offer(&mut chance(), &Session::parse(restarted.as_bytes()).unwrap());
            assert_eq!(search(&asking).unwrap().chooser, answered);
        }
    }

    #[test]
    fn g2_a_check_of_ours_names_them_first_and_is_proven_by_their_password() {
        let session = Session::parse(FULL.as_bytes()).unwrap();
        let mut ways = outside(Ice::Full);
        ways.take_offer(&mut chance(), &session);

        let checks = ways.checks_of(0, LOCAL).unwrap();

        let search = checks.search.unwrap();
        let (ours, theirs) = checks.username.split_once(':').unwrap();
        assert_eq!((theirs, &*search.username), ("them", &*format!("them:{ours}")));
        assert_eq!(&*search.password, "they/know/this/by/heart");
        assert_ne!((search.secret, search.tie_breaker), ([0; 16], 0));
        let halves: Vec<_> = search.candidates.iter().map(|one| (one.half, one.place.port())).collect();
        assert_eq!(halves, [(media::Half::Rtp, 4000), (media::Half::Rtcp, 4001)]);
    }

    /// The place of reports is nobody's, where they go with media.
    #[test]
    fn g2_where_all_has_one_port_only_that_is_asked_for() {
        let theirs = FULL.replace("m=audio 4000 RTP/AVP 0\r\n", "m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n");
        let mut ways = outside(Ice::Full);

        ways.take_offer(&mut chance(), &Session::parse(theirs.as_bytes()).unwrap());

        assert_eq!(search(&ways).unwrap().candidates.len(), 1);
    }

    #[test]
    fn g2_who_only_answers_asks_nobody_and_offers_checks_to_pages_alone() {
        let mut ways = outside(Ice::Lite);
        assert_eq!(ways.offer(&mut chance(), &[Cover::Clear])[0].checks, Checks::None);

        ways.take_offer(&mut chance(), &Session::parse(FULL.as_bytes()).unwrap());
        assert!(ways.checks_of(0, LOCAL).unwrap().search.is_none());
        ways.take_offer(&mut chance(), &Session::parse(lite().as_bytes()).unwrap());
        assert!(ways.checks_of(0, LOCAL).is_none());
    }
}
