//! One message that somebody else has seen.

use std::net::SocketAddr;

use hep::Packet;
use serde::{Deserialize, Serialize};
use sip_message::{Header, Message, Remote, SessionId, Uuid};
use telemetry::masked;

/// A copy may be so much later than its message: it was held up on its way.
const LATE_MAX_US: i64 = 60_000_000;
/// No copy comes before its message; clocks that are kept right differ by less.
const EARLY_MAX_US: i64 = 2_000_000;
/// No name of a call is longer.
const NAME_MAX: usize = 256;

/// A message as its observer told of it, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub observer: String,
    /// When it crossed the wire, by the observer's clock; when the copy came, where that clock is too far
    /// off. In microseconds since 1970, as is the next.
    pub at_us: i64,
    pub heard_us: i64,
    /// How far the observer's clock is ahead of ours, where it is too far off to be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_off_ms: Option<i64>,
    pub transport: String,
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// What it belongs to, in the observer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    pub text: String,
    /// The house has seen this very message: which one it is of those in the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<usize>,
}

/// An observation, and what it may be joined to others by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub seen: Observation,
    pub call_id: String,
    pub sessions: Vec<String>,
    /// The Call-ID of the other side of a back-to-back user agent, as its X-CID says.
    pub other_call_id: Option<String>,
}

impl Noted {
    /// What is noted of a packet that came at a time; nothing, if there is no SIP message in it.
    pub fn of(observer: &str, packet: &Packet<'_>, heard_us: i64) -> Option<Noted> {
        let message = Message::parse(packet.payload).ok()?;
        let (at_us, clock_off_ms) = moment(packet.at_us, heard_us);
        let correlation = packet.correlation.and_then(|name| str::from_utf8(name).ok()).and_then(name_of);
        let seen = Observation {
            observer: observer.to_owned(),
            at_us,
            heard_us,
            clock_off_ms,
            transport: word_of(packet.protocol),
            from: packet.from,
            to: packet.to,
            correlation,
            text: masked(&String::from_utf8_lossy(message.bytes())),
            same_as: None,
        };
        Some(Noted {
            seen,
            call_id: message.call_id().to_owned(),
            sessions: sessions_of(&message),
            other_call_id: message.named("X-CID").and_then(name_of),
        })
    }

    /// What it is known by besides its session: its dialog, the one beside it, what its observer says.
    pub fn dialog_names(&self) -> impl Iterator<Item = &str> {
        let more = self.seen.correlation.iter().chain(&self.other_call_id);
        std::iter::once(&self.call_id).chain(more).map(String::as_str)
    }

    /// Everything that it is known by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dialog_names().chain(self.sessions.iter().map(String::as_str))
    }

    /// About what it takes of the room.
    pub fn bytes(&self) -> usize {
        let names = self.seen.correlation.iter().chain(&self.other_call_id).chain(&self.sessions);
        let names = names.map(String::len).sum::<usize>();
        size_of::<Noted>() + self.seen.text.len() + self.seen.observer.len() + self.call_id.len() + names
    }
}

/// When a message crossed the wire: as the observer says, unless that cannot be.
fn moment(said_us: Option<i64>, heard_us: i64) -> (i64, Option<i64>) {
    let Some(said_us) = said_us else { return (heard_us, None) };
    let ahead_us = said_us.saturating_sub(heard_us);
    match (-LATE_MAX_US..=EARLY_MAX_US).contains(&ahead_us) {
        true => (said_us, None),
        false => (heard_us, Some(ahead_us / 1_000)),
    }
}

/// Both names that a message gives its session.
fn sessions_of(message: &Message<'_>) -> Vec<String> {
    let Some(session) = message.line(Header::SessionId).and_then(SessionId::parse) else { return Vec::new() };
    let remote = match session.remote {
        Remote::Is(remote) => remote,
        Remote::Unsaid => Uuid::NIL,
    };
    [session.local, remote].iter().filter(|name| !name.is_nil()).map(Uuid::to_string).collect()
}

fn name_of(text: &str) -> Option<String> {
    let name = text.trim_end_matches('\0').trim();
    (!name.is_empty() && name.len() <= NAME_MAX).then(|| name.to_owned())
}

/// Capture agents number what has no number of IP each in its own way.
fn word_of(protocol: u8) -> String {
    match protocol {
        hep::UDP => "udp".to_owned(),
        hep::TCP => "tcp".to_owned(),
        other => format!("protocol {other}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEARD: i64 = 1_700_000_000_000_000;

    fn packet(text: &str) -> Packet<'_> {
        Packet {
            from: ([192, 0, 2, 1], 5060).into(),
            to: ([192, 0, 2, 2], 5060).into(),
            protocol: hep::UDP,
            at_us: Some(HEARD - 1_000),
            captured: hep::SIP,
            agent: None,
            key: None,
            correlation: Some(b"name\0"),
            payload: text.as_bytes(),
        }
    }

    fn text(more: &str) -> String {
        format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:a@b>\r\nCall-ID: 7@pbx\r\nCSeq: 1 OPTIONS\r\n{more}\r\n"
        )
    }

    #[test]
    fn what_joins_a_message_to_others_is_read_and_its_secrets_are_blotted_out() {
        let (one, other) = ("1".repeat(32), "a".repeat(32));
        let text = text(&format!(
            "Session-ID: {one};remote={other}\r\nX-CID: 8@pbx\r\n\
             Authorization: Digest username=\"hana\", response=\"5ec2e7\"\r\n"
        ));

        let noted = Noted::of("pbx", &packet(&text), HEARD).unwrap();

        assert_eq!((&*noted.call_id, &noted.sessions), ("7@pbx", &vec![one, other]));
        assert_eq!(noted.other_call_id.as_deref(), Some("8@pbx"));
        assert_eq!(noted.seen.correlation.as_deref(), Some("name"));
        assert!(noted.seen.text.contains("hana") && !noted.seen.text.contains("5ec2e7"), "{noted:?}");
        assert!(Noted::of("pbx", &packet("\r\n\r\n"), HEARD).is_none());
    }

    #[test]
    fn a_session_that_nobody_knows_joins_nothing() {
        let text = text(&format!("Session-ID: {};remote={}\r\n", "1".repeat(32), "0".repeat(32)));

        let noted = Noted::of("pbx", &packet(&text), HEARD).unwrap();

        assert_eq!(noted.sessions, ["1".repeat(32)]);
    }

    #[test]
    fn the_time_is_the_observers_unless_its_clock_cannot_be_right() {
        let at = |said_us| moment(said_us, HEARD);

        for near in [HEARD - 59_000_000, HEARD, HEARD + 1_900_000] {
            assert_eq!(at(Some(near)), (near, None));
        }
        assert_eq!(at(None), (HEARD, None));
        assert_eq!(at(Some(HEARD - 90_000_000)), (HEARD, Some(-90_000)));
        assert_eq!(at(Some(HEARD + 3_000_000)), (HEARD, Some(3_000)));
        assert_eq!(at(Some(0)).0, HEARD);
    }
}
