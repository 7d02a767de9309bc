//! A relay without signalling, to measure what a packet costs: session `i` listens on `base + 4i` for its
//! caller and on `base + 4i + 2` for its callee. Runs until its input ends.
//!
//! forward SESSIONS BASE CALLER_PORT CALLEE_PORT PORTS [epoll|uring]
//!
//! The callers receive on CALLER_PORT and the PORTS after it, in turn; the callees likewise.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use media::{Aim, Event, Order, PortPair, Reports, Senders, Sending, SessionKey, Side, Turn};
use media_io::{Engine, Handle, Settings, raise_descriptor_limit, start_on};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn main() -> io::Result<()> {
    let numbers: Vec<u16> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [sessions, base, caller, callee, ports] = numbers[..] else {
        eprintln!("forward SESSIONS BASE CALLER_PORT CALLEE_PORT PORTS [epoll|uring]");
        std::process::exit(2);
    };
    let engine = match std::env::args().nth(6).as_deref() {
        Some("epoll") => Engine::Epoll,
        Some("uring") => Engine::Uring,
        _ => Engine::Auto,
    };
    let files = raise_descriptor_limit()?;
    let settings =
        Settings { name: "media-0".to_owned(), core: None, marks: Vec::new(), events: tell_failures };
    let handle = start_on(engine, settings)?;
    for session in 0..sessions {
        let port = base + 4 * session;
        open(&handle, session.into(), port, [caller, callee].map(|first| first + session % ports))?;
    }
    println!("ready: {:?}, {files} files", handle.engine());
    io::stdin().read_to_end(&mut Vec::new())?;
    handle.stop()
}

fn tell_failures(event: Event) {
    if let Event::Failed { why, .. } = event {
        eprintln!("{why}");
    }
}

fn open(handle: &Handle, call: u64, port: u16, peers: [u16; 2]) -> io::Result<()> {
    let session = SessionKey { shard: 0, call };
    let pair = |port| PortPair { address: HERE, port };
    tell(handle, Order::Open { session, stream: 0, ports: [pair(port), pair(port + 2)] })?;
    for (side, peer) in [Side::Caller, Side::Callee].into_iter().zip(peers) {
        let rtp = SocketAddr::new(HERE, peer);
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Apart(None),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8000,
            protection: None,
            door: None,
        };
        tell(handle, Order::Aim { session, stream: 0, side, aim })?;
    }
    Ok(())
}

fn tell(handle: &Handle, order: Order) -> io::Result<()> {
    handle.order(order).map_err(|full| io::Error::other(format!("the loop does not take {:?}", full.0)))
}
