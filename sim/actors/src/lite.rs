//! An actor that only answers checks (RFC 8445, 2.5): it is where it says that it is, and speaks to nobody
//! but the place that it was told is chosen.

use std::net::SocketAddr;

use sdp::{Credentials, Media, Session};
use stun::{Class, Message};

use crate::profile::{Habit, Profile};

const UFRAG: &str = "lite";
const PASSWORD: &str = "what/the/lite/one/knows/by/heart";

/// What one leg knows of the other side's checks.
#[derive(Debug)]
pub(crate) struct Lite {
    theirs: Option<Credentials>,
    chosen: Option<SocketAddr>,
}

impl Lite {
    /// What its session says, before the first line of media.
    pub const OF_SESSION: &str = "a=ice-lite\r\na=ice-options:ice2\r\n";

    pub fn of(profile: &Profile) -> Option<Lite> {
        profile.has(Habit::OnlyAnswersChecks).then_some(Lite { theirs: None, chosen: None })
    }

    /// What a line of media says that is received there.
    pub fn lines(local: SocketAddr) -> String {
        let (ip, port) = (local.ip(), local.port());
        let candidate = format!("a=candidate:1 1 UDP 2130706431 {ip} {port} typ host\r\n");
        format!("a=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PASSWORD}\r\n{candidate}")
    }

    pub fn learn(&mut self, theirs: &Session<'_>, media: &Media<'_>) {
        self.theirs = theirs.credentials_of(media);
    }

    /// Where it speaks to.
    pub fn chosen(&self) -> Option<SocketAddr> {
        self.chosen
    }

    /// The answer to a check.
    pub fn answer(&mut self, from: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
        let message = Message::parse(packet).ok().filter(|message| message.class == Class::Request)?;
        let username = format!("{UFRAG}:{}", self.theirs.as_ref()?.ufrag);
        if message.username() != Some(&username) || !message.is_proven(PASSWORD) {
            return None;
        }
        let mut answer = vec![0; 256];
        // Who is lite does not choose.
        let length = if message.is_of_controlled() {
            stun::refuse(message.transaction, (487, "Role Conflict"), &[], PASSWORD, &mut answer)
        } else {
            self.chosen = self.chosen.or(message.nominates().then_some(from));
            stun::answer(message.transaction, from, PASSWORD, &mut answer)
        };
        answer.truncate(length?);
        Some(answer)
    }
}
