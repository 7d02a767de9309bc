//! Binds the addresses, and starts a thread for each shard.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
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
use crate::pace::Gathered;
use crate::patient::Patient;
use crate::ports::Ports;
use crate::settings::{ListenerSettings, Settings};
use crate::shard::{PATIENT, Shard, watch};
use crate::slice;
use crate::socket::{self, Sharing};
use crate::sorting;
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

/// What one shard listens at.
#[derive(Default)]
struct Sockets {
    udp: Vec<UdpPort>,
    /// For what can wait.
    patient: Vec<UdpPort>,
    tcp: Vec<(usize, TcpListener)>,
}

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
    let sockets = (0..mail.shards()).map(|shard| take_all(&settings, shard, mail.shards()));
    let sockets = sockets.collect::<Result<Vec<Sockets>, StartFault>>()?;
    let listeners: Arc<[ListenerSettings]> = settings.listeners.into();
    let (desk, ports) = (Arc::new(Desk::default()), Arc::new(ports));
    let mut asker = Asker { mail, desk, counters: Vec::new() };
    let mut threads = Vec::new();

    for ((number, switch), Sockets { udp, patient, tcp }) in (0..).zip(switches).zip(sockets) {
        let counters = Arc::new(Counters::default());
        let poll = watch(&udp, &tcp, asker.mail.bell(number))?;
        let shard = Shard {
            patient: Patient::watch(patient, PATIENT, &poll)?,
            poll,
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

/// What was handed over, and the rest bound, as one of so many shards has it.
fn take_all(settings: &Settings, shard: u8, shards: u8) -> Result<Sockets, StartFault> {
    let sharing = if shards > 1 { Sharing::Shards } else { Sharing::Alone };
    let mut sockets = Sockets::default();
    for (at, ListenerSettings { listener, tls, mark, .. }) in settings.listeners.iter().enumerate() {
        let Listener { id, transport, bind: address, .. } = *listener;
        let refused = |error| StartFault::Bind { transport, address, error };
        match transport {
            Transport::Udp => match settings.handed.udp(address, shard.into()).map_err(refused)? {
                Some(socket) => {
                    let socket = socket::adopted(socket, address, *mark).map_err(refused)?;
                    sockets.udp.push(UdpPort::new(id, socket));
                }
                None => {
                    let (socket, patient) = bind_udp(address, *mark, (shard, shards)).map_err(refused)?;
                    sockets.udp.push(UdpPort::new(id, socket));
                    sockets.patient.extend(patient.map(|socket| UdpPort::new(id, socket)));
                }
            },
            Transport::Tls | Transport::Wss if tls.is_none() => {
                return Err(StartFault::NoCertificate(address));
            }
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                let listening = match settings.handed.tcp(address, shard.into()).map_err(refused)? {
                    Some(listening) => socket::adopted_listener(listening, address, *mark),
                    None => socket::tcp_listener(address, sharing, *mark).map_err(refused)?,
                };
                // The loop accepts until nobody waits; it must not wait itself.
                listening.set_nonblocking(true).map_err(refused)?;
                sockets.tcp.push((at, listening));
            }
        }
    }
    Ok(sockets)
}

/// The socket of one of so many shards, and the one for what can wait, unless the kernel sorts nothing.
fn bind_udp(
    address: SocketAddr,
    mark: u8,
    (shard, shards): (u8, u8),
) -> io::Result<(UdpSocket, Option<UdpSocket>)> {
    if shard == 0 {
        socket::claim(address)?;
    }
    let socket = socket::udp(address, mark)?;
    if sorting::sort(&socket, address, shards).is_err() {
        return Ok((socket, None));
    }
    let patient = socket::udp(address, mark)?;
    Ok((socket, Some(patient)))
}
