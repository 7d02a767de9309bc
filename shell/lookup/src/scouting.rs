//! How a pair of our ports is seen from outside: a server there is asked out of both, which are closed again
//! before anybody is told.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use media::{Found, Half, Host, LETTER_MAX, OutpostAccount, PortPair, Scout, Scouting, Unseen, Wanted};
use sip_stack::locate::{DnsFound, DnsQuestion};
use tokio::net::UdpSocket;
use tokio::time::{sleep_until, timeout};

use crate::hosts::Hosts;
use crate::resolve::resolve;

/// Whatever servers say, nobody asks for longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn ask(resolver: &TokioResolver, hosts: &Hosts, scout: &Scout) -> Found {
    let asked = timeout(PATIENCE, ask_all(resolver, hosts, scout)).await;
    asked.unwrap_or(Found { outer: None, why: Some(Unseen::Silent) })
}

/// One server after the other, until one has said something; who has said something before is asked alone.
async fn ask_all(resolver: &TokioResolver, hosts: &Hosts, scout: &Scout) -> Found {
    let posts = &scout.posts;
    if let Some(before) = &scout.before {
        let had = before.halves.iter().any(|half| half.detour.is_some());
        let account = posts.turn.clone().filter(|_| had);
        return ask_one(before.server, account, scout).await.unwrap_or_else(shut);
    }
    let turn = posts.turn.as_ref();
    let of_turn = turn.map(|turn| (&turn.host, Some(turn).filter(|_| scout.detour == Wanted::Yes).cloned()));
    let mut why = None;
    for (host, account) in of_turn.into_iter().chain(posts.stun.as_ref().map(|host| (host, None))) {
        let found = match place_of(resolver, hosts, host, scout.ports).await {
            Some(server) => ask_one(server, account, scout).await.unwrap_or_else(shut),
            None => Found { outer: None, why: Some(Unseen::Nowhere) },
        };
        why = why.or(found.why);
        if found.outer.is_some() {
            return Found { why, ..found };
        }
    }
    Found { outer: None, why }
}

fn shut(_: io::Error) -> Found {
    Found { outer: None, why: Some(Unseen::Shut) }
}

/// Where a server is, as an address of the family that the ports have.
async fn place_of(
    resolver: &TokioResolver,
    hosts: &Hosts,
    host: &Host,
    ports: PortPair,
) -> Option<SocketAddr> {
    let addresses = match host.name.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => {
            let question = DnsQuestion::Addresses(host.name.to_string());
            match resolve(resolver, hosts, question).await.found {
                DnsFound::Addresses(addresses) => addresses,
                _ => Vec::new(),
            }
        }
    };
    let is_reached = |address: &IpAddr| address.is_ipv4() == ports.address.is_ipv4();
    addresses.into_iter().find(is_reached).map(|address| SocketAddr::new(address, host.port))
}

async fn ask_one(server: SocketAddr, account: Option<OutpostAccount>, scout: &Scout) -> io::Result<Found> {
    let ports = scout.ports;
    let [media, reports] = [UdpSocket::bind(ports.rtp()).await?, UdpSocket::bind(ports.rtcp()).await?];
    let before = (scout.before.as_deref(), scout.secret);
    let mut scouting = Scouting::new(Instant::now(), server, account, before);
    let mut letter = [0; LETTER_MAX];
    let (mut from_media, mut from_reports) = ([0; LETTER_MAX], [0; LETTER_MAX]);
    while let Some(due) = scouting.due() {
        if let Some((half, length)) = scouting.next(Instant::now(), &mut letter) {
            let socket = if half == Half::Rtp { &media } else { &reports };
            // What does not leave is like what is lost: it is said again.
            let _ = socket.send_to(&letter[..length], server).await;
            continue;
        }
        tokio::select! {
            () = sleep_until(due.into()) => {}
            Ok((length, from)) = media.recv_from(&mut from_media) => {
                scouting.take(Instant::now(), Half::Rtp, from, &from_media[..length]);
            }
            Ok((length, from)) = reports.recv_from(&mut from_reports) => {
                scouting.take(Instant::now(), Half::Rtcp, from, &from_reports[..length]);
            }
        }
    }
    Ok(scouting.end())
}
