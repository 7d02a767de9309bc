//! What a recorder is told of a call: whose voice is in which stream, in which codecs, and who hears it.

use std::fmt::Write;
use std::net::IpAddr;

use media::{Running, Side};
use policy::WallTime;
use sdp::{Cover, Direction, Session};
use siprec::{Id, Moment, Party, Snapshot, Voice};

/// What the parts are called.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub group: Id,
    pub session: Id,
    /// What the caller says, and what the callee does.
    pub voices: [Id; 2],
}

/// Names our descriptions, and counts them.
#[derive(Clone, Copy)]
pub(crate) struct Description {
    pub id: u64,
    pub version: u64,
}

/// What two descriptions of a moment have in common: where it is the same, nothing is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scene {
    pub running: Running,
    /// The caller's, then the callee's.
    pub voices: [Spoken; 2],
    pub parties: Vec<Known>,
    pub session_ids: Vec<String>,
}

/// One side of the call's stream of sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub formats: Vec<Format>,
    /// Whether its peer may speak, and whether it hears the other.
    pub speaks: bool,
    pub hears: bool,
}

/// A codec that its peer may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub payload_type: u8,
    /// `PCMU/8000`, `opus/48000/2`.
    pub name: String,
    pub fmtp: Option<String>,
}

/// Somebody who is in the call, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub id: Id,
    pub side: Side,
    pub address: String,
    pub name: Option<String>,
    pub came: WallTime,
    pub left: Option<WallTime>,
}

/// What a recorder says to our offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    pub description: Vec<u8>,
}

impl Spoken {
    /// What a side may say, by what both have said of the line: it sends what it was told that we take, as
    /// far as it has said that it can.
    pub fn of(told: (&Session<'_>, usize), heard: (&Session<'_>, usize)) -> Spoken {
        let Some((ours, theirs)) = told.0.media.get(told.1).zip(heard.0.media.get(heard.1)) else {
            return Spoken::default();
        };
        let can = theirs.codecs();
        let is_both = |codec: &sdp::Codec<'_>| {
            can.is_empty() || can.iter().any(|one| one.is(codec.name) && one.clock == codec.clock)
        };
        // Keys that are pressed are nothing for a recording: they may be numbers of cards.
        let wanted = ours.codecs().into_iter().filter(|codec| !codec.is_key_press() && is_both(codec));
        let formats: Vec<Format> = wanted.map(|codec| Format::of(&codec)).collect();
        let (ours, theirs) = (told.0.direction_of(ours), heard.0.direction_of(theirs));
        let speaks = ours.receives() && theirs.sends() && !formats.is_empty();
        Spoken { formats, speaks, hears: ours.sends() && theirs.receives() }
    }
}

impl Format {
    fn of(codec: &sdp::Codec<'_>) -> Format {
        let channels = if codec.channels > 1 { format!("/{}", codec.channels) } else { String::new() };
        Format {
            payload_type: codec.payload_type,
            name: format!("{}/{}{channels}", codec.name, codec.clock),
            fmtp: codec.fmtp.map(str::to_owned),
        }
    }
}

impl Scene {
    /// The offer of both streams (RFC 7866, 7.1.1).
    pub fn offer(
        &self,
        (address, ports): (IpAddr, [u16; 2]),
        description: Description,
        covers: &[Cover],
    ) -> Vec<u8> {
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let Description { id, version } = description;
        let mut text = format!(
            "v=0\r\no=- {id} {version} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n"
        );
        for (at, (voice, port)) in self.voices.iter().zip(ports).enumerate() {
            let cover = covers.get(at).unwrap_or(&Cover::Clear);
            self.line(voice, (at, port), cover, &mut text);
        }
        text.into_bytes()
    }

    fn line(&self, voice: &Spoken, (at, port): (usize, u16), cover: &Cover, text: &mut String) {
        let protocol = if matches!(cover, Cover::Sealed(_)) { "RTP/SAVP" } else { "RTP/AVP" };
        // A side that says nothing which could be recorded has a line all the same, as lines cannot go.
        let silent = [Format { payload_type: 0, name: "PCMU/8000".to_owned(), fmtp: None }];
        let formats = if voice.formats.is_empty() { &silent[..] } else { &voice.formats };
        let types: Vec<String> = formats.iter().map(|format| format.payload_type.to_string()).collect();
        let _ = write!(text, "m=audio {port} {protocol} {}\r\n", types.join(" "));
        for Format { payload_type, name, fmtp } in formats {
            let _ = write!(text, "a=rtpmap:{payload_type} {name}\r\n");
            if let Some(fmtp) = fmtp {
                let _ = write!(text, "a=fmtp:{payload_type} {fmtp}\r\n");
            }
        }
        if let Cover::Sealed(keys) | Cover::Offered(keys) = cover {
            for key in keys {
                let _ = write!(text, "{key}\r\n");
            }
        }
        let is_silent = self.running == Running::Paused || voice.formats.is_empty();
        let direction = if is_silent { Direction::Inactive } else { Direction::SendOnly };
        let _ = write!(text, "a={}\r\na=label:{}\r\n", direction.name(), at + 1);
    }

    /// The metadata that goes with it.
    pub fn metadata(&self, names: &Names, (begun, recorded): (WallTime, WallTime)) -> String {
        let voice = |at: usize| Voice { id: names.voices[at], label: if at == 0 { 1 } else { 2 } };
        let snapshot = Snapshot {
            group: names.group,
            group_since: Moment(begun.0),
            session: names.session,
            session_ids: self.session_ids.clone(),
            begun: Moment(begun.0),
            recorded: Moment(recorded.0),
            voices: vec![voice(0), voice(1)],
            parties: self.parties.iter().map(|party| self.party(party, names)).collect(),
        };
        snapshot.text()
    }

    fn party(&self, known: &Known, names: &Names) -> Party {
        let (own, other) = (known.side as usize, known.side.other() as usize);
        let [speaks, hears] = [self.voices[own].speaks, self.voices[own].hears && self.voices[other].speaks];
        let is_there = known.left.is_none();
        let named = |at: usize, is: bool| if is && is_there { vec![names.voices[at]] } else { Vec::new() };
        Party {
            id: known.id,
            address: known.address.clone(),
            name: known.name.clone(),
            came: Moment(known.came.0),
            left: known.left.map(|left| Moment(left.0)),
            sends: named(own, speaks),
            hears: named(other, hears),
        }
    }

    /// What a packet of a side is to be called at a recorder that has said this: its payload types there, by
    /// those here.
    pub fn types(&self, side: Side, answer: &Session<'_>) -> Vec<(u8, u8)> {
        let Some(line) = answer.media.get(side as usize) else { return Vec::new() };
        let taken = line.codecs();
        let fits = |format: &Format, codec: &sdp::Codec<'_>| {
            let mut parts = format.name.split('/');
            let (name, clock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            codec.is(name) && clock == codec.clock.to_string()
        };
        let wanted = self.voices[side as usize].formats.iter().filter_map(|format| {
            let same =
                taken.iter().find(|codec| codec.payload_type == format.payload_type && fits(format, codec));
            let found = same.or_else(|| taken.iter().find(|codec| fits(format, codec)))?;
            Some((format.payload_type, found.payload_type))
        });
        wanted.collect()
    }
}
