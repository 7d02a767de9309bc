//! Binds the addresses, and starts a thread for each shard.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sip_stack::{Listener, Transport};
use switch::{Command, Outbox, Reply, Switch};
use thiserror::Error;

use crate::connections::Connections;
use crate::counters::{Counters, Counts};
use crate::desk::Desk;
use crate::footing;
use crate::house::House;
use crate::late::Late;
use crate::mail::{Letter, Mail};
use crate::pace::{Gathered, Pace};
use crate::ports::Ports;
use crate::settings::{ListenerSettings, Settings};
use crate::shard::{Shard, watch};
use crate::slice;
use crate::socket::{self, Sharing};
use crate::udp::UdpPort;

/// Why the loops could not start.
#[derive(Debug, Error)]
pub enum StartFault {
    #[error("cannot listen on {transport} {address}: {error}")]
    Bind { transport: Transport, address: SocketAddr, error: io::Error },
    #[error("tls {0} has no certificate")]
    NoCertificate(SocketAddr),
    #[error("{switches} switches for {shards} boxes of mail")]
    Uneven { switches: usize, shards: u8 },
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The running shards.
pub struct Handle {
    asker: Asker,
    threads: Vec<JoinHandle<()>>,
}

/// Gives commands to the shards; none is answered after they have ended.
#[derive(Clone)]
pub struct Asker {
    mail: Mail,
    desk: Arc<Desk>,
    counters: Vec<Arc<Counters>>,
}

impl Asker {
    /// How many shards there are.
    pub fn shards(&self) -> u8 {
        self.mail.shards()
    }

    /// Gives a command to every shard; the replies that came within `patience`.
    pub fn command(&self, command: Command, patience: Duration) -> Vec<Reply> {
        self.desk.command(&self.mail, command, patience)
    }

    /// The figures of each shard.
    pub fn counts(&self) -> Vec<Counts> {
        self.counters.iter().map(|counters| counters.read()).collect()
    }
}

type Sockets = (Vec<UdpPort>, Vec<(usize, TcpListener)>);

/// Starts one shard for each switch; the switch's number is its place in the list and its box in `mail`.
pub fn start(
    settings: Settings,
    switches: Vec<Switch>,
    mail: Mail,
    ports: Ports,
) -> Result<Handle, StartFault> {
    if switches.len() != usize::from(mail.shards()) {
        return Err(StartFault::Uneven { switches: switches.len(), shards: mail.shards() });
    }
    let sharing = if switches.len() > 1 { Sharing::Shards } else { Sharing::Alone };
    let sockets = (0..switches.len()).map(|shard| take_all(&settings, shard, sharing));
    let sockets = sockets.collect::<Result<Vec<Sockets>, StartFault>>()?;
    let listeners: Arc<[ListenerSettings]> = settings.listeners.into();
    let (desk, ports) = (Arc::new(Desk::default()), Arc::new(ports));
    let mut asker = Asker { mail, desk, counters: Vec::new() };
    let mut threads = Vec::new();

    for ((number, switch), (udp, tcp)) in (0..).zip(switches).zip(sockets) {
        let counters = Arc::new(Counters::default());
        let shard = Shard {
            poll: watch(&udp, &tcp, asker.mail.bell(number))?,
            house: House { shard: number, switch, out: Outbox::default(), telling: Vec::new() },
            udp,
            tcp,
            connections: Connections::new(number, settings.limits, Arc::clone(&listeners)),
            mail: asker.mail.clone(),
            desk: Arc::clone(&asker.desk),
            ports: Arc::clone(&ports),
            counters: Arc::clone(&counters),
            letters: Default::default(),
            failed: Vec::new(),
            late: Late::default(),
            pace: Pace::default(),
            gathered: Gathered::default(),
        };
        let run = move || {
            footing::widen();
            slice::shorten();
            shard.run();
        };
        let thread = thread::Builder::new().name(format!("shard-{number}")).spawn(run)?;
        asker.counters.push(counters);
        threads.push(thread);
    }
    Ok(Handle { asker, threads })
}

impl Handle {
    /// Whoever has it may give commands, from any thread.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Ends every shard and closes its sockets; calls that still go on are abandoned.
    pub fn stop(self) {
        for shard in 0..self.asker.shards() {
            // A stop is never turned away for want of room.
            let _ = self.asker.mail.post(shard, Letter::Stop);
        }
        for thread in self.threads {
            // A panic outside the switch was printed by its thread already.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| thread.join()));
        }
    }
}

/// What was handed over, and the rest bound, as one shard has it.
fn take_all(settings: &Settings, shard: usize, sharing: Sharing) -> Result<Sockets, StartFault> {
    let (mut udp, mut tcp) = (Vec::new(), Vec::new());
    for (at, ListenerSettings { listener, tls, mark, .. }) in settings.listeners.iter().enumerate() {
        let Listener { id, transport, bind: address, .. } = *listener;
        let refused = |error| StartFault::Bind { transport, address, error };
        match transport {
            Transport::Udp => {
                let socket = match settings.handed.udp(address, shard).map_err(refused)? {
                    Some(socket) => socket::adopted(socket, address, *mark),
                    None => socket::udp(address, sharing, *mark),
                };
                udp.push(UdpPort::new(id, socket.map_err(refused)?));
            }
            Transport::Tls | Transport::Wss if tls.is_none() => {
                return Err(StartFault::NoCertificate(address));
            }
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                let listening = match settings.handed.tcp(address, shard).map_err(refused)? {
                    Some(listening) => socket::adopted_listener(listening, address, *mark),
                    None => socket::tcp_listener(address, sharing, *mark).map_err(refused)?,
                };
                // The loop accepts until nobody waits; it must not wait itself.
                listening.set_nonblocking(true).map_err(refused)?;
                tcp.push((at, listening));
            }
        }
    }
    Ok((udp, tcp))
}
