//! A relay without signalling, to measure what a packet costs: session `i` listens on `base + 4i` for its
//! caller and on `base + 4i + 2` for its callee. Runs until its input ends.
//!
//! forward SESSIONS BASE CALLER_PORT CALLEE_PORT PORTS [epoll|uring|kernel] [HERE THERE] [laws|sealed]
//!
//! The callers receive on CALLER_PORT and the PORTS after it, in turn; the callees likewise. HERE is our
//! address and THERE theirs, both 127.0.0.1 where nothing is said. With `laws`, callers speak PCMU and
//! callees PCMA; with `sealed`, callers speak SRTP by AES_CM_128_HMAC_SHA1_80, all with the same keys.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use media::{
    Aim, Codec, Event, Order, PortPair, Protection, Reports, Senders, Sending, SessionKey, Side, Spoken, Turn,
};
use media_io::{Engine, Handle, KernelPath, Settings, raise_descriptor_limit, start_on};
use rtp::srtp::{MasterKey, Suite};

static CAME: AtomicU64 = AtomicU64::new(0);
static CARRIED: AtomicU64 = AtomicU64::new(0);

const USAGE: &str =
    "forward SESSIONS BASE CALLER_PORT CALLEE_PORT PORTS [epoll|uring|kernel] [HERE THERE] [laws|sealed]";
const LAWS: [(u8, Codec); 2] = [(0, Codec::Pcmu), (8, Codec::Pcma)];

fn main() -> io::Result<()> {
    let numbers: Vec<u16> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [sessions, base, caller, callee, ports] = numbers[..] else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let words: Vec<String> = std::env::args().skip(6).collect();
    let word = |at: usize| words.get(at).map(String::as_str);
    let engine = match word(0) {
        Some("epoll") => Engine::Epoll,
        Some("uring") => Engine::Uring,
        _ => Engine::Auto,
    };
    let address = |at| word(at).and_then(|word| word.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (here, there) = (address(1), address(2));
    let kernel = match word(0) {
        Some("kernel") => Some(KernelPath::open(&[here], u32::from(sessions) * 2)?),
        _ => None,
    };
    let kernel = kernel.map(|(path, without)| {
        without.iter().for_each(|one| eprintln!("{}: {}", one.address, one.why));
        path
    });
    let files = raise_descriptor_limit()?;
    let settings =
        Settings { name: "media-0".to_owned(), core: None, marks: Vec::new(), kernel, events: tell };
    let handle = start_on(engine, settings)?;
    for session in 0..sessions {
        let port = base + 4 * session;
        let peers = [caller, callee].map(|first| SocketAddr::new(there, first + session % ports));
        let protection = (word(3) == Some("sealed")).then(protection).transpose()?;
        open(&handle, session.into(), (here, port), peers, protection)?;
        if word(3) == Some("laws") {
            let spoken = LAWS.map(|codec| Spoken { codecs: vec![codec], ..Spoken::default() });
            let session = SessionKey { shard: 0, call: session.into() };
            order(&handle, Order::Transcode { session, stream: 0, spoken: Some(Box::new(spoken)) })?;
        }
    }
    println!("ready: {:?}, {files} files", handle.engine());
    io::stdin().read_to_end(&mut Vec::new())?;
    handle.stop()?;
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!("{} packets came, {} of them were carried in the kernel", of(&CAME), of(&CARRIED));
    Ok(())
}

fn tell(event: Event) {
    match event {
        Event::Failed { why, .. } => eprintln!("{why}"),
        Event::Finished { figures, .. } => {
            for side in [figures.caller, figures.callee] {
                CAME.fetch_add(side.packets_in, Ordering::Relaxed);
                CARRIED.fetch_add(side.packets_carried, Ordering::Relaxed);
            }
        }
        Event::Latched { .. }
        | Event::LastHeard { .. }
        | Event::Pressed { .. }
        | Event::Signalled { .. }
        | Event::NoWay { .. }
        | Event::Chatted { .. }
        | Event::Taped(_)
        | Event::Excerpted(_) => {}
    }
}

/// The caller's keys: bytes of ones, and of twos towards it.
fn protection() -> io::Result<Arc<Protection>> {
    let key = |byte| {
        let suite = Suite::AesCm128HmacSha1_80;
        MasterKey::new(suite, &vec![byte; MasterKey::length(suite)]).ok_or_else(|| io::Error::other("a key"))
    };
    Ok(Arc::new(Protection { theirs: key(1)?, ours: key(2)? }))
}

fn open(
    handle: &Handle,
    call: u64,
    (here, port): (IpAddr, u16),
    peers: [SocketAddr; 2],
    protection: Option<Arc<Protection>>,
) -> io::Result<()> {
    let session = SessionKey { shard: 0, call };
    let pair = |port| PortPair { address: here, port };
    order(handle, Order::Open { session, stream: 0, ports: [pair(port), pair(port + 2)] })?;
    let protections = [protection, None];
    for ((side, peer), protection) in [Side::Caller, Side::Callee].into_iter().zip(peers).zip(protections) {
        let aim = Aim {
            rtp: Some(peer),
            reports: Reports::Apart(None),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8000,
            protection,
            door: None,
        };
        order(handle, Order::Aim { session, stream: 0, side, aim })?;
    }
    Ok(())
}

fn order(handle: &Handle, order: Order) -> io::Result<()> {
    handle.order(order).map_err(|full| io::Error::other(format!("the loop does not take {:?}", full.0)))
}
