//! A leg's session: what it offers and answers, and its audio.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use rtp::srtp::Refused;
use rtp::{Fixed, Header};
use sdp::{Direction, Reports, Session};
use sound::{Sine, g711, g722};

use crate::checking::Checking;
use crate::dozing::{Dozing, Turn};
use crate::exchange::{ActorOut, Note, Parcel, Transport};
use crate::lite::Lite;
use crate::profile::{Habit, Profile};
use crate::sealed::Sealed;
use crate::shaken::Shaken;
use crate::sound::{Ear, G722, Sound, Tag};
use crate::typing::{EVENT, PressedBy, Typed, Typing};
use crate::voice::{self, Codec, Voice};

/// One leg's media.
#[derive(Debug)]
pub(crate) struct Media {
    pub local: SocketAddr,
    session_id: u64,
    version: u64,
    /// What we want of the stream.
    pub direction: Direction,
    /// Our last description, for whoever refreshes with it.
    pub last_said: Vec<u8>,
    /// Where we say that we are.
    pub address: Address,
    peer: Option<Peer>,
    pub(crate) sequence: u16,
    pub(crate) ssrc: u32,
    /// Of tagged packets; it never begins anew.
    number: u32,
    /// Where it took media before.
    pub(crate) former: Vec<SocketAddr>,
    tone: Option<Sine>,
    /// Speaks nothing else.
    wide: Option<g722::Encoder>,
    /// What it speaks instead, once it is asked to.
    narrow: Option<Sine>,
    voice: Option<Box<Voice>>,
    dozing: Option<Dozing>,
    next: Option<Instant>,
    every: Duration,
    /// So long it goes on when it is to stop, and until when that is.
    lingers: Duration,
    ends: Option<Instant>,
    heard_tags: BTreeSet<Tag>,
    heard_tone: Option<u16>,
    ear: Ear,
    typing: Typing,
    names_events: bool,
    pub packets_heard: u64,
    pub reports_heard: u64,
    last_tag: Option<Tag>,
    /// Which of several devices of one call this is.
    pub device: u8,
    /// Whoever answers may have been heard before.
    pub may_return: bool,
    /// Says nothing for now.
    pub is_mute: bool,
    pub(crate) sealed: Option<Sealed>,
    pub(crate) shaken: Option<Shaken>,
    /// Whether both have said that keys come by a handshake.
    is_shaken: bool,
    /// Takes every stream, and speaks in none.
    records: bool,
    /// Answers in clear whatever was asked.
    is_careless: bool,
    /// What it wishes for the port of reports.
    muxes: Reports,
    checks: Option<Checking>,
    lite: Option<Lite>,
}

/// What can be seen of a leg's media from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaView {
    /// Where it takes media.
    pub local: SocketAddr,
    /// Where it sends it.
    pub to: Option<SocketAddr>,
    pub is_sealed: bool,
    /// Whether its keys are those of a handshake.
    pub is_shaken: bool,
    /// Whether the keys that were agreed on are there.
    pub is_keyed: bool,
    /// How often the parts of a handshake changed places that had no other reason to be had again.
    pub swaps: u32,
    /// Whether it sends, as both have said.
    pub talks: bool,
    /// Whether it is sent anything.
    pub listens: bool,
    /// What it speaks, where that is one codec alone, its number, and its tone.
    pub voice: Option<(Codec, u8, u16)>,
    /// How loud is what it heard last, in decibels below the loudest; it has to speak one codec alone.
    pub hears_db: Option<i16>,
}

/// What our descriptions say of our address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Real,
    /// Hold as of RFC 2543: all zeros, and no word of direction.
    Zero,
}

/// The far end of the stream as it described itself.
#[derive(Clone, Copy, Debug)]
struct Peer {
    rtp: Option<SocketAddr>,
    payload_type: u8,
    direction: Direction,
    reports: Reports,
    takes_events: bool,
}

impl Media {
    pub(crate) fn new(local: SocketAddr, session_id: u64, profile: &Profile) -> Media {
        let tone = match profile.sound {
            Sound::Tone(hertz) => Some(Sine::new(8_000, hertz, 8_000)),
            Sound::Wide(hertz) => Some(Sine::new(16_000, hertz, 8_000)),
            Sound::Tagged | Sound::Echo | Sound::Sung { .. } => None,
        };
        let voice = match profile.sound {
            Sound::Sung { codec, tones } => {
                let leg = (local.port() - profile.rtp.port()) / 2;
                Some(Box::new(Voice::new(codec, voice::pitch(tones, leg))))
            }
            _ => None,
        };
        Media {
            local,
            session_id: session_id >> 16,
            version: 0,
            direction: Direction::SendRecv,
            last_said: Vec::new(),
            address: Address::Real,
            peer: None,
            sequence: profile.counts_from,
            ssrc: (session_id >> 16) as u32,
            number: 0,
            former: Vec::new(),
            every: if tone.is_some() { Duration::from_millis(20) } else { profile.packet_every },
            tone,
            wide: matches!(profile.sound, Sound::Wide(_)).then(g722::Encoder::new),
            narrow: match profile.sound {
                Sound::Wide(hertz) if profile.has(Habit::KnowsG711) => Some(Sine::new(8_000, hertz, 8_000)),
                _ => None,
            },
            voice,
            dozing: profile.has(Habit::Dozes).then(Dozing::default),
            next: None,
            lingers: profile.lingers,
            ends: None,
            heard_tags: BTreeSet::new(),
            heard_tone: None,
            ear: Ear::default(),
            typing: Typing::new(),
            names_events: !profile.has(Habit::NamesNoEvents),
            packets_heard: 0,
            reports_heard: 0,
            checks: profile.has(Habit::Checks).then(Checking::default),
            lite: Lite::of(profile),
            muxes: if profile.has(Habit::Muxes) { Reports::Muxed } else { Reports::Apart },
            last_tag: None,
            device: 0,
            may_return: false,
            is_mute: false,
            sealed: Sealed::of(profile, session_id),
            shaken: Shaken::of(profile, session_id),
            is_shaken: false,
            records: profile.has(Habit::Records),
            is_careless: profile.has(Habit::AnswersInClear),
        }
    }

    pub(crate) fn offer(&mut self) -> Vec<u8> {
        let mut text = self.head();
        let protocol = match (&self.shaken, self.insists()) {
            (Some(_), _) if self.checks.is_some() => "UDP/TLS/RTP/SAVPF",
            (Some(_), _) => "UDP/TLS/RTP/SAVP",
            (None, true) => "RTP/SAVP",
            (None, false) => "RTP/AVP",
        };
        let (formats, codecs) = match (&self.voice, &self.wide) {
            (Some(voice), _) => (voice.payload_type.to_string(), voice.line()),
            (None, Some(_)) => ("9".into(), "a=rtpmap:9 G722/8000\r\n".into()),
            (None, None) => ("0 8".into(), "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n".into()),
        };
        let events = if self.names_events { " 101" } else { "" };
        let _ = write!(text, "m=audio {} {protocol} {formats}{events}\r\n", self.local.port());
        text.push_str(&codecs);
        if self.names_events {
            text.push_str("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n");
        }
        if self.address == Address::Real {
            let _ = write!(text, "a={}\r\n", self.direction.name());
        }
        if let Some(sealed) = self.sealed.as_ref().filter(|sealed| sealed.offers()) {
            let _ = write!(text, "{}\r\n", sealed.line(1));
        }
        if let Some(shaken) = &self.shaken {
            let _ = write!(text, "{}\r\n", shaken.offered());
        }
        if self.muxes == Reports::Muxed {
            text.push_str("a=rtcp-mux\r\n");
        }
        if self.checks.is_some() {
            text.push_str(Checking::LINES);
        }
        if self.lite.is_some() {
            text.push_str(&Lite::lines(self.local));
        }
        self.last_said = text.into_bytes();
        self.last_said.clone()
    }

    /// Answers an offer: the first audio line is taken, everything else refused.
    pub(crate) fn answer(&mut self, offer: &Session<'_>) -> Option<Vec<u8>> {
        let mut text = self.head();
        let mut taken = None;
        for media in &offer.media {
            let codec = media.codecs().into_iter().find(|codec| self.speaks(codec));
            let key = Sealed::tag_of(media).filter(|_| self.sealed.is_some());
            let is_clear = media.protocol == "RTP/AVP" || self.is_careless;
            let may_be_clear = !self.insists() && is_clear;
            let is_shaken = media.is_shaken() && self.shaken.is_some();
            let codec = codec.filter(|_| key.is_some() || is_shaken || may_be_clear);
            match codec
                .filter(|_| media.kind == "audio" && media.port != 0 && (taken.is_none() || self.records))
            {
                Some(codec) => {
                    let theirs = offer.direction_of(media);
                    let ours = both(theirs.answer(), self.direction);
                    let event = media.telephone_event().filter(|_| self.names_events);
                    let events = event.map(|event| format!(" {event}")).unwrap_or_default();
                    let pt = codec.payload_type;
                    if let Some(narrow) = self.narrow.take_if(|_| codec.is("pcmu")) {
                        (self.wide, self.tone) = (None, Some(narrow));
                    }
                    let protocol = if self.is_careless { "RTP/AVP" } else { media.protocol };
                    let _ = write!(text, "m=audio {} {protocol} {pt}{events}\r\n", self.local.port());
                    match &mut self.voice {
                        Some(voice) => {
                            voice.payload_type = pt;
                            text.push_str(&voice.line());
                        }
                        None => {
                            let _ = write!(text, "a=rtpmap:{pt} {}/8000\r\n", codec.name);
                        }
                    }
                    if let Some(event) = event {
                        let _ = write!(text, "a=rtpmap:{event} telephone-event/8000\r\n");
                    }
                    let _ = write!(text, "a={}\r\n", ours.name());
                    if let (Some(tag), Some(sealed)) = (key, &self.sealed) {
                        let _ = write!(text, "{}\r\n", sealed.line(tag));
                    }
                    if let Some(shaken) = self.shaken.as_mut().filter(|_| is_shaken) {
                        let _ = write!(text, "{}\r\n", shaken.answer(offer, media));
                    }
                    if self.muxes == Reports::Muxed && media.reports() == Reports::Muxed {
                        text.push_str("a=rtcp-mux\r\n");
                    }
                    if self.lite.is_some() && offer.credentials_of(media).is_some() {
                        text.push_str(&Lite::lines(self.local));
                    }
                    if self.checks.is_some() && offer.credentials_of(media).is_some() {
                        text.push_str(Checking::LINES);
                    }
                    taken = Some(());
                }
                None => {
                    let _ =
                        write!(text, "m={} 0 {} {}\r\n", media.kind, media.protocol, media.formats.join(" "));
                }
            }
        }
        taken.map(|()| {
            self.last_said = text.into_bytes();
            self.last_said.clone()
        })
    }

    fn speaks(&self, codec: &sdp::Codec<'_>) -> bool {
        match (&self.voice, &self.wide) {
            (Some(voice), _) => voice.codec().is_named(codec.name),
            (None, Some(_)) => codec.is("g722") || self.may_change() && codec.is("pcmu"),
            (None, None) => codec.is("pcmu") || codec.is("pcma"),
        }
    }

    /// Whether it may come to another codec: it has begun, and knows one.
    fn may_change(&self) -> bool {
        self.narrow.is_some() && !self.last_said.is_empty()
    }

    /// Takes what the far end said of itself, and begins to speak.
    pub(crate) fn learn(&mut self, now: Instant, theirs: &Session<'_>) {
        let first = theirs.media.iter().position(|media| media.kind == "audio" && media.port != 0);
        self.peer = first.map(|at| Peer {
            rtp: sdp::media_targets(theirs)[at].rtp,
            payload_type: self.number_in(&theirs.media[at]),
            direction: theirs.direction_of(&theirs.media[at]),
            takes_events: theirs.media[at].telephone_event().is_some(),
            reports: if self.muxes == Reports::Muxed { theirs.media[at].reports() } else { Reports::Apart },
        });
        if let (Some(at), Some(sealed)) = (first, &mut self.sealed) {
            sealed.learn(&theirs.media[at]);
        }
        if let (Some(at), Some(shaken)) = (first, &mut self.shaken) {
            self.is_shaken = theirs.media[at].is_shaken();
            shaken.learn(now, theirs, &theirs.media[at], self.local);
        }
        if let (Some(at), Some(checks)) = (first, &mut self.checks) {
            checks.learn(theirs, &theirs.media[at]);
        }
        if let (Some(at), Some(lite)) = (first, &mut self.lite) {
            lite.learn(theirs, &theirs.media[at]);
        }
        self.next = self.peer.map(|_| now + Duration::from_millis(20));
    }

    /// The number of what we say, as they know it.
    fn number_in(&self, media: &sdp::Media<'_>) -> u8 {
        let codecs = media.codecs();
        let ours = codecs.iter().find(|codec| self.voice.is_some() && self.speaks(codec));
        ours.or(codecs.first()).map_or(0, |codec| codec.payload_type)
    }

    pub(crate) fn view(&self) -> MediaView {
        let theirs = self.peer.map(|peer| peer.direction);
        MediaView {
            local: self.local,
            to: self.peer.and_then(|peer| peer.rtp),
            is_sealed: self.is_shaken || self.sealed.as_ref().is_some_and(Sealed::is_keyed),
            is_shaken: self.is_shaken,
            is_keyed: !self.is_shaken || self.shaken.as_ref().is_some_and(Shaken::is_done),
            swaps: self.shaken.as_ref().map_or(0, Shaken::swaps),
            talks: self.direction.sends() && theirs.is_some_and(|theirs| theirs.receives()),
            listens: self.direction.receives() && theirs.is_some_and(|theirs| theirs.sends()),
            voice: self.voice.as_ref().map(|voice| (voice.codec(), voice.payload_type, voice.hertz)),
            hears_db: self.voice.as_ref().and_then(|voice| voice.hears_db),
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(next) = self.next.filter(|_| !self.lingers.is_zero()) {
            self.ends.get_or_insert(next + self.lingers);
            return;
        }
        self.next = None;
        self.peer = None;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    pub(crate) fn expire(&mut self, now: Instant, profile: &Profile, call_id: &str, out: &mut ActorOut) {
        let Some(next) = self.next.filter(|next| *next <= now) else { return };
        if self.ends.is_some_and(|ends| ends <= now) {
            self.lingers = Duration::ZERO;
            return self.stop();
        }
        self.next = Some(next + self.every);
        let Some(Peer { rtp, payload_type, direction, takes_events, .. }) = self.peer else { return };
        let Some(to) = self.lite.as_ref().map_or(rtp, Lite::chosen) else { return };
        if let Some(bytes) = self.checks.as_mut().and_then(|checks| checks.next(now)) {
            out.sends.push(Parcel { transport: Transport::Udp, from: self.local, to, bytes });
        }
        if let Some(shaken) = &mut self.shaken {
            let said = shaken.wake(now).into_iter();
            out.sends.extend(said.map(|bytes| Parcel {
                transport: Transport::Udp,
                from: self.local,
                to,
                bytes,
            }));
        }
        if self.is_mute || !direction.receives() || !self.direction.sends() || profile.sound == Sound::Echo {
            return;
        }
        if profile.has(Habit::Mute) {
            return;
        }
        let mut bytes = Vec::with_capacity(180);
        if profile.has(Habit::OnlyReports) {
            rtp::rtcp::write_report(self.session_id as u32, None, &[], &mut bytes);
            let (from, to) = (self.takes_reports_at(), self.place_of_reports(to));
            return out.sends.push(Parcel { transport: Transport::Udp, from, to, bytes });
        }
        let turn = self.dozing.as_mut().map_or(Turn::Speaks, Dozing::next);
        if let (Turn::Rests, Some(voice)) = (turn, &mut self.voice) {
            return voice.rests();
        }
        self.sequence = self.sequence.wrapping_add(1);
        let timestamp = u32::from(self.sequence) * 160;
        let by = if self.names_events && takes_events { PressedBy::Event } else { PressedBy::Tone };
        let typed = self.typing.next(timestamp, by);
        let (timestamp, payload) = self.say(turn, timestamp, profile, call_id);
        let mut fixed = Fixed {
            marker: turn == Turn::SpeaksAgain || self.sequence == profile.counts_from.wrapping_add(1),
            payload_type: match &self.wide {
                _ if turn == Turn::FallsSilent => self.voice.as_ref().map_or(payload_type, |v| v.silence()),
                Some(_) => G722,
                None if self.tone.is_some() => 0,
                None => payload_type,
            },
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        let payload = match typed {
            Some(Typed { event, is_first, payload }) => {
                if let Some(begins) = event {
                    (fixed.payload_type, fixed.timestamp, fixed.marker) = (EVENT, begins, is_first);
                }
                payload
            }
            None => payload,
        };
        Header { payload: &payload, ..Header::from(fixed) }.write(&mut bytes);
        if let Some(bytes) = self.seal(bytes) {
            out.sends.push(Parcel { transport: Transport::Udp, from: self.local, to, bytes });
        }
    }

    /// What it says in a packet, and the time of that.
    fn say(&mut self, turn: Turn, timestamp: u32, profile: &Profile, call_id: &str) -> (u32, Vec<u8>) {
        if let Some(voice) = &mut self.voice {
            return match turn {
                Turn::IsQuiet => voice.hum(),
                Turn::FallsSilent => voice.falls_silent(),
                Turn::Speaks | Turn::SpeaksAgain | Turn::Rests => voice.speak(),
            };
        }
        if let Some(tone) = &mut self.tone {
            return (timestamp, spoken(tone, self.wide.as_mut()));
        }
        self.number += 1;
        let tag = Tag { actor: self.name(profile), call_id: call_id.to_owned() };
        (timestamp, tag.print(self.number))
    }

    /// A packet as it goes out; none, where its keys are not there yet.
    fn seal(&mut self, clear: Vec<u8>) -> Option<Vec<u8>> {
        match (&mut self.shaken, &mut self.sealed) {
            (Some(shaken), _) => shaken.seal(clear),
            (None, Some(sealed)) => Some(sealed.seal(clear)),
            (None, None) => Some(clear),
        }
    }

    fn open(&mut self, packet: &[u8]) -> Result<Vec<u8>, Refused> {
        match (&mut self.shaken, &mut self.sealed) {
            (Some(shaken), _) => shaken.open(packet.to_vec()),
            (None, Some(sealed)) => sealed.open(packet.to_vec()),
            (None, None) => Ok(packet.to_vec()),
        }
    }

    /// Takes a record of its handshake.
    fn shake(&mut self, now: Instant, record: &[u8], out: &mut ActorOut) {
        let (Some(shaken), Some(Peer { rtp: Some(to), .. })) = (&mut self.shaken, self.peer) else { return };
        let said = shaken.take(now, record).into_iter();
        out.sends.extend(said.map(|bytes| Parcel { transport: Transport::Udp, from: self.local, to, bytes }));
    }

    /// Takes a packet from the stream, and says what is new about it.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        (from, packet): (SocketAddr, &[u8]),
        profile: &Profile,
        out: &mut ActorOut,
    ) -> Option<Note> {
        let tells_each = profile.has(Habit::TellsEach);
        if let Some(bytes) = self.lite.as_mut().and_then(|lite| lite.answer(from, packet)) {
            out.sends.push(Parcel { transport: Transport::Udp, from: self.local, to: from, bytes });
            return None;
        }
        if rtp::Kind::of(packet) == rtp::Kind::Dtls {
            self.shake(now, packet, out);
            return None;
        }
        Fixed::of(packet)?;
        let opened = match self.open(packet) {
            Ok(opened) => opened,
            Err(refused) => return (tells_each && refused != Refused::Seen).then_some(Note::Unopened),
        };
        let header = Header::parse(&opened).ok()?;
        self.packets_heard += 1;
        if let (Sound::Echo, Some(Peer { rtp: Some(to), .. })) = (profile.sound, self.peer) {
            out.sends.push(Parcel {
                transport: Transport::Udp,
                from: self.local,
                to,
                bytes: packet.to_vec(),
            });
        }
        if header.fixed.payload_type == EVENT {
            let key = self.typing.hear_event(header.fixed.timestamp, header.payload)?;
            return Some(Note::Pressed { key, by: PressedBy::Event });
        }
        if let Some((tag, number)) = Tag::parse(header.payload) {
            if tells_each {
                return Some(Note::HeardEach { tag, number });
            }
            return self.heard_tag(tag);
        }
        if header.fixed.payload_type == 0
            && let Some(key) = self.typing.hear_tone(header.payload)
        {
            return Some(Note::Pressed { key, by: PressedBy::Tone });
        }
        if let Some(voice) = &mut self.voice {
            return voice.hear(&header.fixed, header.payload).map(|hertz| Note::HeardTone { hertz });
        }
        let hertz = self.ear.hear(header.fixed.payload_type, header.payload)?;
        (self.heard_tone.replace(hertz) != Some(hertz)).then_some(Note::HeardTone { hertz })
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&mut self, keys: &str) {
        self.typing.press(keys);
    }

    /// Where reports reach it.
    pub(crate) fn takes_reports_at(&self) -> SocketAddr {
        self.place_of_reports(self.local)
    }

    fn place_of_reports(&self, media: SocketAddr) -> SocketAddr {
        match self.peer {
            Some(Peer { reports: Reports::Muxed, .. }) => media,
            _ => SocketAddr::new(media.ip(), media.port() + 1),
        }
    }

    fn name(&self, profile: &Profile) -> String {
        match self.device {
            0 => profile.name.clone(),
            device => format!("{}~{device}", profile.name),
        }
    }

    fn heard_tag(&mut self, tag: Tag) -> Option<Note> {
        let before = self.last_tag.replace(tag.clone());
        if self.heard_tags.insert(tag.clone()) {
            return Some(Note::Heard { tag });
        }
        let is_back = before.is_some_and(|before| before != tag && before.call_id == tag.call_id);
        let is_wrong = is_back && !std::mem::take(&mut self.may_return);
        is_wrong.then_some(Note::HeardAgain { tag })
    }

    /// Whether it has described itself before.
    pub(crate) fn has_offered(&self) -> bool {
        self.version > 0
    }

    fn insists(&self) -> bool {
        self.shaken.is_some() || self.sealed.as_ref().is_some_and(Sealed::insists)
    }

    fn head(&mut self) -> String {
        self.version += 1;
        let family = if self.local.is_ipv4() { "IP4" } else { "IP6" };
        let address = match (self.address, self.local.ip()) {
            (Address::Real, address) if self.checks.is_none() => address,
            (Address::Real, IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
            (Address::Real, IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
            (Address::Zero, IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
            (Address::Zero, IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let (id, version) = (self.session_id, self.version);
        let lite = if self.lite.is_some() { Lite::OF_SESSION } else { "" };
        let origin = format!("v=0\r\no=- {id} {version} IN {family} {address}\r\ns=-\r\n");
        format!("{origin}c=IN {family} {address}\r\nt=0 0\r\n{lite}")
    }
}

/// 20 ms of a tone.
fn spoken(tone: &mut Sine, wide: Option<&mut g722::Encoder>) -> Vec<u8> {
    let Some(wide) = wide else { return (0..160).map(|_| g711::encode_mu(tone.next_sample())).collect() };
    let (mut samples, mut bytes) = (vec![0; 320], vec![0; 160]);
    tone.fill(&mut samples);
    wide.encode(&samples, &mut bytes);
    bytes
}

/// Only what both say.
fn both(one: Direction, other: Direction) -> Direction {
    match (one.sends() && other.sends(), one.receives() && other.receives()) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}
