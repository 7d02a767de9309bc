//! What passed between the house and everybody around it, as figures in documents draw it.

use std::net::IpAddr;

use sdp::Session;
use sip_message::Message;

use crate::sight::Sight;

/// One message, and which way it went.
pub(crate) struct Rung {
    pub far: IpAddr,
    pub way: Way,
    pub bytes: Vec<u8>,
}

/// Seen from a far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToFarEnd,
    FromFarEnd,
}

impl Rung {
    /// The rung that a sight shows, if it shows a message.
    pub fn of(sight: &Sight<'_>) -> Option<Rung> {
        let (far, way, bytes) = match sight {
            Sight::HouseSent { to, bytes, .. } => (to, Way::ToFarEnd, bytes),
            Sight::HouseReceived { from, bytes, .. } => (from, Way::FromFarEnd, bytes),
            _ => return None,
        };
        Some(Rung { far: far.ip(), way, bytes: bytes.to_vec() })
    }

    /// `hana -> INVITE sendrecv`, `hana <- 180 INVITE`.
    pub fn line(&self, name: &str) -> String {
        let arrow = match self.way {
            Way::ToFarEnd => "<-",
            Way::FromFarEnd => "->",
        };
        format!("{name} {arrow} {}", words(&self.bytes))
    }
}

/// The method, or the status and its method; and which way media is to flow, if it says so.
fn words(bytes: &[u8]) -> String {
    let Ok(message) = Message::parse(bytes) else { return "something unreadable".to_owned() };
    let asked = message.cseq().method;
    let mut words = match message.status() {
        Some(status) => format!("{status} {asked}"),
        None => asked.to_string(),
    };
    let session = Session::parse(message.body()).ok();
    if let Some((session, media)) = session.as_ref().and_then(|all| Some((all, all.media.first()?))) {
        words.push(' ');
        words.push_str(session.direction_of(media).name());
    }
    words
}
