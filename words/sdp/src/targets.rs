//! Where the writer of a description wants its media.

use std::net::{IpAddr, SocketAddr};

use crate::connection::{Host, network};
use crate::direction::Direction;
use crate::session::{Media, Session};

/// Where one stream is to be sent. No address: refused, on hold by a zero address, a name, or no datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaTarget {
    pub rtp: Option<SocketAddr>,
    pub rtcp: Option<SocketAddr>,
    /// As its writer sees it: we may send where it [receives](Direction::receives).
    pub direction: Direction,
}

/// One target for each media line, in their order.
pub fn media_targets(session: &Session<'_>) -> Vec<MediaTarget> {
    session.media.iter().map(|media| target(session, media)).collect()
}

fn target(session: &Session<'_>, media: &Media<'_>) -> MediaTarget {
    let direction = session.direction_of(media);
    let connection = session.connection_of(media);
    let place_of_media = connection.and_then(|connection| place(connection.host, media.port));
    let rtp = place_of_media.filter(|_| !media.is_chat());
    MediaTarget { rtp, rtcp: rtp.and_then(|rtp| rtcp(rtp, media.attribute("rtcp"))), direction }
}

/// The port after RTP's, unless `a=rtcp` says otherwise (RFC 3605).
fn rtcp(rtp: SocketAddr, said: Option<&str>) -> Option<SocketAddr> {
    let Some(said) = said else { return place(Host::Ip(rtp.ip()), rtp.port().checked_add(1)?) };
    let (port, rest) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
    let host = network(rest.split_ascii_whitespace()).unwrap_or(Host::Ip(rtp.ip()));
    place(host, port.parse().ok()?)
}

fn place(host: Host<'_>, port: u16) -> Option<SocketAddr> {
    match host {
        Host::Ip(ip) if port != 0 && is_somewhere(ip) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

fn is_somewhere(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast() && ip != IpAddr::from([255, 255, 255, 255])
}
