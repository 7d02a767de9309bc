//! Our description for one leg, made of what the other leg's peer sent.

use std::fmt::{self, Write};
use std::net::IpAddr;

use crate::address::names_an_address;
use crate::chat::Chat;
use crate::codec::Codecs;
use crate::crypto::Cover;
use crate::direction::Direction;
use crate::formats::Formats;
use crate::leak;
use crate::line::Line;
use crate::session::{Media, Session};
use crate::way::{Checks, Way};

const OUR_USER: &str = "-";
const OUR_NAME: &str = "Tandem";

/// Session lines that go over as they are. The `o=`, `s=` and `c=` lines are ours; the rest tells of a
/// person, holds a key, or is of no known type, at which a reader may give up (RFC 8866, 5).
const SESSION_LINES_KEPT: &[u8] = b"btrza";

/// Attributes that carry an address, a key exchange or a grouping that ends at us.
const ATTRIBUTES_DROPPED: &[&str] = &[
    "acap",
    "acfg",
    "alt",
    "altc",
    "bundle-only",
    "candidate",
    "connection",
    "creq",
    "crypto",
    "csup",
    "end-of-candidates",
    "fingerprint",
    "group",
    "identity",
    "key-mgmt",
    "mid",
    "msid",
    "msid-semantic",
    "msrp-cema",
    "path",
    "pcfg",
    "remote-candidates",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
    "sctp-port",
    "sctpmap",
    "setup",
    "source-filter",
    "ssrc",
    "ssrc-group",
    "tcap",
    "tls-id",
    "tool",
    "zrtp-hash",
];
const FAMILIES_DROPPED: &[&str] = &["ice-", "dtls-"];

/// Attributes whose value begins with a payload type.
const ABOUT_A_FORMAT: &[&str] = &["rtpmap", "fmtp", "rtcp-fb"];

/// Attributes about extensions and feedback of pages: they name lines and groups that end at us.
const ABOUT_THE_PAGE: &[&str] =
    &["extmap", "extmap-allow-mixed", "rid", "rtcp-fb", "rtcp-rsize", "simulcast"];

/// Attributes that tell of the packets of a codec that does not cross.
const ABOUT_THE_PACKETS: &[&str] = &["ptime", "maxptime", "silenceSupp"];

/// One leg's face: where our side of that leg receives media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub address: IpAddr,
    /// One for each media line; 0, or none, refuses it.
    pub ports: Vec<u16>,
    /// One for each media line; none leaves it clear.
    pub covers: Vec<Cover>,
    /// One for each media line; none is reached at its ports and by nothing else.
    pub ways: Vec<Way>,
    /// One for each media line; none speaks what the other leg's peer does.
    pub formats: Vec<Formats>,
    /// One for each media line; none is no session of messages that we take part in, and refuses such a line.
    pub chats: Vec<Option<Chat>>,
    pub session_id: u64,
    pub version: u64,
}

/// Why no description can be made. Media lines count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("they offered {}; allowed is {allowed}", Slashed(offered))]
    NoCodec { m_line: usize, offered: Vec<String>, allowed: Codecs },
    #[error("media line {m_line} asks for a multicast address")]
    Multicast { m_line: usize },
    #[error("media line {m_line} is keyed by DTLS and is no RTP, which cannot cross us")]
    Dtls { m_line: usize },
    #[error("sessions of messages are not relayed here, and nothing else was offered")]
    Chats,
}

/// Appends our description to `out`, which is left as it was where this is refused.
///
/// Same media lines in the same order, the codecs that are allowed in the order of their writer, our
/// address and ports; hold by a zero address becomes a direction.
pub fn rewrite(
    theirs: &Session<'_>,
    face: &Face,
    allowed: &Codecs,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    const CLEAR: &Cover = &Cover::Clear;
    const THEIRS: &Formats = &Formats::Theirs;
    let hidden = leak::host_names(theirs);
    let mut text = String::with_capacity(1024);

    may_be_said(theirs, face)?;
    session_part(theirs, face, &hidden, &mut text);
    for (m_line, media) in theirs.media.iter().enumerate() {
        let chat = face.chats.get(m_line).and_then(Option::as_ref);
        let port = match chat {
            Some(chat) => chat.port,
            None if media.is_chat() => 0,
            None => face.ports.get(m_line).copied().unwrap_or(0),
        };
        let cover = face.covers.get(m_line).unwrap_or(CLEAR);
        let protocol = cover.protocol(media).unwrap_or(media.protocol);
        if port == 0 || media.port == 0 {
            push(&mut text, format_args!("m={} 0 {protocol} {}", media.kind, media.formats.join(" ")));
            continue;
        }
        may_cross(theirs, media, m_line)?;
        let spoken = face.formats.get(m_line).unwrap_or(THEIRS);
        let formats = formats(media, m_line, allowed, spoken)?;
        let ours = spoken.ours().iter().map(|format| format.payload_type.to_string());
        let all: Vec<String> = formats.iter().map(|format| (*format).to_owned()).chain(ours).collect();
        push(&mut text, format_args!("m={} {port} {protocol} {}", media.kind, all.join(" ")));
        media_lines(theirs, media, (&formats, spoken), &hidden, &mut text);
        cover.keys().iter().for_each(|key| push(&mut text, format_args!("{key}")));
        if let Cover::Shaken(handshake) = cover {
            push(&mut text, format_args!("{handshake}"));
        }
        chat.iter().for_each(|chat| push(&mut text, format_args!("{chat}")));
        if let Some(way) = face.ways.get(m_line).filter(|_| media.is_rtp()) {
            way.lines(face.address, port).iter().for_each(|line| push(&mut text, format_args!("{line}")));
        }
    }

    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn session_part(theirs: &Session<'_>, face: &Face, hidden: &[&str], text: &mut String) {
    let family = if face.address.is_ipv4() { "IP4" } else { "IP6" };
    let Face { address, session_id, version, .. } = face;
    push(text, format_args!("v=0"));
    push(text, format_args!("o={OUR_USER} {session_id} {version} IN {family} {address}"));
    push(text, format_args!("s={OUR_NAME}"));
    push(text, format_args!("c=IN {family} {address}"));

    let (attributes, others): (Vec<&Line<'_>>, Vec<_>) = theirs
        .lines
        .iter()
        .filter(|line| SESSION_LINES_KEPT.contains(&line.letter) && is_harmless(line, hidden))
        .partition(|line| line.letter == b'a');
    for line in others.iter().filter(|line| line.letter == b'b') {
        copy(line, text);
    }
    if !others.iter().any(|line| line.letter == b't') {
        push(text, format_args!("t=0 0"));
    }
    for line in others.iter().filter(|line| line.letter != b'b') {
        copy(line, text);
    }
    attributes.iter().for_each(|line| copy(line, text));
    if let Some(way) = face.ways.iter().find(|way| matches!(way.checks, Checks::By(_))) {
        push(text, format_args!("{}", way.agent.line()));
        push(text, format_args!("a=ice-options:ice2"));
    }
}

/// A description in which every line is refused is none.
fn may_be_said(theirs: &Session<'_>, face: &Face) -> Result<(), Refusal> {
    let mut open = theirs.media.iter().enumerate().filter(|(_, media)| media.port != 0).peekable();
    let is_open = |m_line: usize| face.chats.get(m_line).is_some_and(Option::is_some);
    let is_nothing = open.peek().is_some() && open.all(|(m_line, media)| media.is_chat() && !is_open(m_line));
    if is_nothing { Err(Refusal::Chats) } else { Ok(()) }
}

fn may_cross(theirs: &Session<'_>, media: &Media<'_>, m_line: usize) -> Result<(), Refusal> {
    if theirs.connection_of(media).is_some_and(|connection| connection.is_multicast()) {
        return Err(Refusal::Multicast { m_line });
    }
    if media.is_keyed_by_dtls() && !media.is_shaken() {
        return Err(Refusal::Dtls { m_line });
    }
    Ok(())
}

/// The formats that stay: all of them, except on an RTP audio line, where the allowed codecs and their
/// companions do.
fn formats<'a>(
    media: &Media<'a>,
    m_line: usize,
    allowed: &Codecs,
    spoken: &Formats,
) -> Result<Vec<&'a str>, Refusal> {
    if matches!(spoken, Formats::Instead(_)) {
        return Ok(Vec::new());
    }
    let is_keyless = matches!(spoken, Formats::Keyless(_));
    if media.kind != "audio" || !media.is_rtp() || allowed.is_everything() && !is_keyless {
        return Ok(media.formats.clone());
    }
    let codec_of = |format: &&str| format.parse().ok().and_then(|payload_type| media.codec(payload_type));
    let stays = |format: &&str| {
        codec_of(format).is_some_and(|codec| match codec.is_key_press() {
            true => !is_keyless,
            false => codec.is_companion() || allowed.allows(codec.name),
        })
    };
    let speaks = |format: &&str| codec_of(format).is_none_or(|codec| !codec.is_companion());

    let kept: Vec<_> = media.formats.iter().copied().filter(stays).collect();
    if kept.iter().any(speaks) || !media.formats.iter().any(speaks) || !spoken.ours().is_empty() {
        return Ok(kept);
    }
    let speaking = media.formats.iter().filter(|format| speaks(format));
    let offered = speaking.map(|format| codec_of(format).map_or(*format, |codec| codec.name).to_owned());
    Err(Refusal::NoCodec { m_line, offered: offered.collect(), allowed: allowed.clone() })
}

fn media_lines(
    theirs: &Session<'_>,
    media: &Media<'_>,
    (formats, spoken): (&[&str], &Formats),
    hidden: &[&str],
    text: &mut String,
) {
    let zero = theirs.is_nowhere(media);
    let is_instead = matches!(spoken, Formats::Instead(_));
    let stays = |line: &&Line<'_>| match (line.letter, line.attribute()) {
        (b'b', _) => is_harmless(line, hidden),
        (_, Some((name, _))) if zero && Direction::parse(name).is_some() => false,
        (_, Some((name, _))) if media.is_shaken() && ABOUT_THE_PAGE.contains(&name) => false,
        (_, Some((name, Some(value)))) if ABOUT_A_FORMAT.contains(&name) => {
            let about = value.split(' ').next().unwrap_or_default();
            (about == "*" || formats.contains(&about)) && is_harmless(line, hidden)
        }
        (_, Some((name, _))) if is_instead && ABOUT_THE_PACKETS.contains(&name) => false,
        (_, Some(_)) => is_harmless(line, hidden),
        _ => false,
    };
    let (bandwidth, attributes): (Vec<_>, Vec<_>) =
        media.lines.iter().filter(stays).partition(|line| line.letter == b'b');
    bandwidth.iter().chain(&attributes).for_each(|line| copy(line, text));
    spoken.ours().iter().for_each(|format| push(text, format_args!("{format}")));
    if zero {
        push(text, format_args!("a={}", theirs.direction_of(media).deafened().name()));
    }
}

/// Whether a line may cross: it is text, ends at nobody else, and names no place of the other leg.
fn is_harmless(line: &Line<'_>, hidden: &[&str]) -> bool {
    let Some(text) = line.text() else { return false };
    let ends_at_us = line.attribute().is_some_and(|(name, _)| {
        let begins = |family: &str| {
            name.get(..family.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(family))
        };
        ATTRIBUTES_DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
            || FAMILIES_DROPPED.iter().any(|family| begins(family))
    });
    !ends_at_us && !names_an_address(text) && !leak::names_a_host(text, hidden)
}

fn copy(line: &Line<'_>, text: &mut String) {
    let value = line.text().unwrap_or_default();
    text.push(char::from(line.letter));
    text.push('=');
    text.push_str(value);
    text.push_str("\r\n");
}

fn push(text: &mut String, line: fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes whatever is written");
    text.push_str("\r\n");
}

struct Slashed<'a>(&'a [String]);

impl fmt::Display for Slashed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}
