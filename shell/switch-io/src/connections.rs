//! The connections of one shard: found by their id, or by whom they reach.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};
use sip_stack::{ConnectionId, Flow, ListenerId, Send, Transport, Wire};

use crate::aliases::{Alias, Aliases};
use crate::connection::{Connection, End, Flushed, Phase};
use crate::counters::Counters;
use crate::inlet::Inlet;
use crate::ports::{Ports, Tapped, Way};
use crate::settings::{Limits, ListenerSettings};
use crate::socket;

/// The owner's shard stands in the first eight bits of a connection's id.
const SHARD_SHIFT: u32 = 24;

/// The shard that holds a connection.
pub fn shard_of(id: ConnectionId) -> u8 {
    (id.0 >> SHARD_SHIFT) as u8
}

/// Whom a connection reaches; for TLS also as whom they proved themselves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reach {
    listener: ListenerId,
    remote: SocketAddr,
    name: Option<Arc<str>>,
}

pub struct Connections {
    shard: u8,
    limits: Limits,
    listeners: Arc<[ListenerSettings]>,
    open: HashMap<ConnectionId, Entry>,
    reaching: HashMap<Reach, ConnectionId>,
    aliases: Aliases,
    opened_by: HashMap<IpAddr, usize>,
    last: u32,
    room: Vec<u8>,
    swept: Instant,
}

struct Entry {
    connection: Connection,
    reach: Reach,
    origin: Origin,
    interest: EventFlags,
}

impl Entry {
    fn reaches(&self, address: IpAddr) -> bool {
        self.reach.remote.ip().to_canonical() == address.to_canonical()
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Theirs,
    Ours,
}

/// What the shard lends for the time of one call.
pub struct Around<'a> {
    pub poll: &'a OwnedFd,
    pub ports: &'a Ports,
    pub counters: &'a Counters,
    pub failed: &'a mut Vec<Flow>,
}

impl Connections {
    pub fn new(shard: u8, limits: Limits, listeners: Arc<[ListenerSettings]>) -> Connections {
        Connections {
            shard,
            limits,
            listeners,
            open: HashMap::new(),
            reaching: HashMap::new(),
            aliases: Aliases::default(),
            opened_by: HashMap::new(),
            last: 0,
            room: Vec::new(),
            swept: Instant::now(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the connections that wait at a listening socket.
    pub fn accept(&mut self, now: Instant, at: usize, socket: &TcpListener, around: &mut Around<'_>) {
        let listeners = Arc::clone(&self.listeners);
        let settings = &listeners[at];
        while let Ok((stream, remote)) = socket.accept() {
            let opened = self.opened_by.get(&remote.ip()).copied().unwrap_or_default();
            if self.open.len() >= self.limits.connections || opened >= self.limits.connections_per_address {
                around.counters.turned_away.add(1);
                continue;
            }
            let tls = match settings.tls.as_ref().map(|tls| tls.accept()).transpose() {
                Ok(tls) => tls,
                Err(_) => continue,
            };
            if stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).is_err() {
                continue;
            }
            let listener = &settings.listener;
            let flow = self.new_flow(listener.transport, listener.id, remote);
            let phase = Phase::Opening { until: now + self.limits.first_message };
            let reach = Reach { listener: listener.id, remote, name: None };
            let inlet = Inlet::of(settings);
            let connection = Connection::new(flow, stream, tls, inlet, phase);
            if self.insert(connection, reach, Origin::Theirs, around).is_ok() {
                *self.opened_by.entry(remote.ip()).or_default() += 1;
                around.counters.accepted.add(1);
            }
        }
    }

    /// Sends on the connection that a flow names, or on one that reaches its far end, or on a new one.
    pub fn send(&mut self, now: Instant, send: Send, around: &mut Around<'_>) {
        let Send { flow, server_name, wire } = send;
        let id = match flow.connection {
            ConnectionId::NONE if flow.transport.is_websocket() => None,
            ConnectionId::NONE => self.reach(now, flow, server_name, around),
            // Whoever remembers a connection that is gone must not find another under its number.
            id => self.open.get(&id).filter(|open| open.reaches(flow.remote.ip())).map(|_| id),
        };
        let Some(id) = id else { return around.failed.push(flow) };
        self.put(id, &wire, around);
    }

    /// A far end wants our requests on its own connection.
    pub fn learn(&mut self, alias: &Alias) {
        self.aliases.learn(alias);
    }

    /// A connection of another shard is no more.
    pub fn forget(&mut self, id: ConnectionId, around: &mut Around<'_>) {
        around.failed.extend(self.aliases.forget(id));
    }

    /// The connection of a far end, on whichever shard, that takes what no connection of ours does.
    pub fn alias(&self, flow: &Flow, name: Option<&Arc<str>>) -> Option<ConnectionId> {
        let found = self.aliases.find(flow, name.map(|name| &**name))?;
        let reach = Reach { listener: flow.listener, remote: flow.remote, name: name.cloned() };
        (!self.reaching.contains_key(&reach)).then_some(found)
    }

    fn put(&mut self, id: ConnectionId, wire: &Wire, around: &mut Around<'_>) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        let connection = &mut entry.connection;
        let put = connection.put(wire.bytes(), self.limits.unsent_bytes).and_then(|()| connection.flush());
        around.counters.sent.add(1);
        if let Some(tap) = &around.ports.tap {
            let flow = connection.flow;
            tap(Tapped { at: Instant::now(), flow, way: Way::Sent, bytes: wire.bytes() });
        }
        self.settle(id, put, around);
    }

    fn reach(
        &mut self,
        now: Instant,
        flow: Flow,
        name: Option<Arc<str>>,
        around: &mut Around<'_>,
    ) -> Option<ConnectionId> {
        let name = name.filter(|_| flow.transport == Transport::Tls);
        let reach = Reach { listener: flow.listener, remote: flow.remote, name };
        if let Some(id) = self.reaching.get(&reach) {
            return Some(*id);
        }
        if self.open.len() >= self.limits.connections {
            around.counters.turned_away.add(1);
            return None;
        }
        let settings = self.listeners.iter().find(|settings| settings.listener.id == flow.listener)?;
        let tls = match (flow.transport, &settings.tls) {
            (Transport::Tls, Some(tls)) => Some(tls.connect(reach.name.as_deref(), flow.remote.ip()).ok()?),
            (Transport::Tls, None) => return None,
            (Transport::Ws | Transport::Wss, _) => return None,
            (Transport::Tcp | Transport::Udp, _) => None,
        };
        let stream = socket::tcp_to(settings.listener.bind.ip(), flow.remote, settings.mark).ok()?;
        let inlet = Inlet::of(settings);
        let flow = self.new_flow(flow.transport, flow.listener, flow.remote);
        let phase = Phase::Connecting { until: now + self.limits.connect };
        let connection = Connection::new(flow, stream, tls, inlet, phase);
        self.insert(connection, reach, Origin::Ours, around).ok()?;
        around.counters.opened.add(1);
        Some(flow.connection)
    }

    /// A connection is ready. `each` gets every message, after whom the far end proved to be; what it wants
    /// to send goes out later.
    pub fn ready(
        &mut self,
        now: Instant,
        id: ConnectionId,
        flags: EventFlags,
        around: &mut Around<'_>,
        mut each: impl FnMut(Came<'_>),
    ) {
        let listeners = Arc::clone(&self.listeners);
        let Some(entry) = self.open.get_mut(&id) else { return };
        let connection = &mut entry.connection;
        if let Phase::Connecting { until } = connection.phase {
            if !matches!(connection.socket.take_error(), Ok(None)) || flags.intersects(EventFlags::HUP) {
                return self.end(id, End::Closed, around);
            }
            connection.phase = Phase::Opening { until };
        }
        let mut read = Ok(());
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP) {
            let mut fault = None;
            let (origin, aliases) = (entry.origin, &mut self.aliases);
            read = connection.read(&mut self.room, |connection| {
                tell_proof(&listeners, (connection, origin), &mut each);
                let names = connection.names().cloned();
                let cut = connection.cut(now, &self.limits, |flow, bytes| {
                    if let Some(names) = names.as_ref().filter(|_| !aliases.knows(id))
                        && let Some(alias) = alias_of(flow, names, bytes)
                    {
                        aliases.learn(&alias);
                        each(Came::Alias(alias));
                    }
                    each(Came::Message(flow, bytes));
                });
                fault = fault.or(cut);
            });
            read = fault.map_or(read, Err);
        }
        if entry.origin == Origin::Ours {
            entry.connection.open_if_trusted(now);
        }
        let flushed = entry.connection.flush();
        self.settle(id, read.and(flushed), around);
    }

    /// Ends what has waited too long. Cheap enough to be called at every turn.
    pub fn sweep(&mut self, now: Instant, around: &mut Around<'_>) {
        const EVERY: Duration = Duration::from_millis(500);
        if now < self.swept + EVERY {
            return;
        }
        self.swept = now;
        let (idle, ping) = (self.limits.idle, self.limits.ping);
        let is_over = |entry: &Entry| entry.connection.is_over(now, idle);
        let over =
            self.open.iter().filter(|(_, entry)| is_over(entry)).map(|(id, _)| *id).collect::<Vec<_>>();
        over.into_iter().for_each(|id| self.end(id, End::Closed, around));
        let is_to_be_asked = |entry: &Entry| entry.connection.is_to_be_asked(now, ping);
        let silent = self
            .open
            .iter()
            .filter(|(_, entry)| is_to_be_asked(entry))
            .map(|(id, _)| *id)
            .collect::<Vec<_>>();
        for id in silent {
            let Some(entry) = self.open.get_mut(&id) else { continue };
            entry.connection.ask(now + ping);
            let flushed = entry.connection.flush();
            self.settle(id, flushed, around);
        }
    }

    fn settle(&mut self, id: ConnectionId, flushed: Result<Flushed, End>, around: &mut Around<'_>) {
        let wanted = match flushed {
            Ok(Flushed::All) => EventFlags::IN | EventFlags::RDHUP,
            Ok(Flushed::Waits) => EventFlags::IN | EventFlags::RDHUP | EventFlags::OUT,
            Err(end) => return self.end(id, end, around),
        };
        let Some(entry) = self.open.get_mut(&id) else { return };
        if entry.interest == wanted {
            return;
        }
        entry.interest = wanted;
        let data = EventData::new_u64(u64::from(id.0));
        if epoll::modify(around.poll, &entry.connection.socket, data, wanted).is_err() {
            self.end(id, End::Closed, around);
        }
    }

    fn insert(
        &mut self,
        connection: Connection,
        reach: Reach,
        origin: Origin,
        around: &Around<'_>,
    ) -> io::Result<()> {
        let id = connection.flow.connection;
        let interest = EventFlags::IN | EventFlags::RDHUP | EventFlags::OUT;
        epoll::add(around.poll, &connection.socket, EventData::new_u64(u64::from(id.0)), interest)?;
        self.reaching.insert(reach.clone(), id);
        self.open.insert(id, Entry { connection, reach, origin, interest });
        Ok(())
    }

    fn end(&mut self, id: ConnectionId, end: End, around: &mut Around<'_>) {
        let Some(entry) = self.open.remove(&id) else { return };
        around.counters.closed.add(1);
        match end {
            End::Closed => {}
            End::Unframed => around.counters.unframed.add(1),
            End::Refused => around.counters.unwelcome.add(1),
            End::SlowReader => around.counters.slow_readers.add(1),
        }
        if self.reaching.get(&entry.reach) == Some(&id) {
            self.reaching.remove(&entry.reach);
        }
        let flow = entry.connection.flow;
        around.failed.push(flow);
        around.failed.extend(self.aliases.forget(id));
        match entry.origin {
            // Requests may have left on it as on a flow without a connection.
            Origin::Ours => around.failed.push(Flow { connection: ConnectionId::NONE, ..flow }),
            Origin::Theirs => self.forget_opener(flow.remote.ip()),
        }
        entry.connection.close();
    }

    fn forget_opener(&mut self, address: IpAddr) {
        if let Some(count) = self.opened_by.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.opened_by.remove(&address);
            }
        }
    }

    fn new_flow(&mut self, transport: Transport, listener: ListenerId, remote: SocketAddr) -> Flow {
        let connection = loop {
            self.last = (self.last + 1) % (1 << SHARD_SHIFT);
            let id = ConnectionId(u32::from(self.shard) << SHARD_SHIFT | self.last);
            if self.last != 0 && !self.open.contains_key(&id) {
                break id;
            }
        };
        Flow { transport, listener, connection, remote }
    }
}

/// What came on a connection.
pub enum Came<'a> {
    Message(Flow, &'a [u8]),
    /// The far end has proved to have these names.
    Proof(ConnectionId, Arc<[String]>),
    /// It wants our requests on this connection.
    Alias(Alias),
}

/// Why our requests may take a connection that a far end has opened: it says so, and has proved its names.
fn alias_of(flow: Flow, names: &Arc<[String]>, bytes: &[u8]) -> Option<Alias> {
    let port = sip_stack::alias_in(bytes)?;
    let remote = SocketAddr::new(flow.remote.ip(), port);
    Some(Alias { connection: flow.connection, listener: flow.listener, remote, names: Arc::clone(names) })
}

fn tell_proof(
    listeners: &[ListenerSettings],
    (connection, origin): (&mut Connection, Origin),
    each: &mut impl FnMut(Came<'_>),
) {
    let flow = connection.flow;
    let settings = listeners.iter().find(|settings| settings.listener.id == flow.listener);
    let Some((tls, session)) =
        settings.and_then(|settings| settings.tls.as_ref()).zip(connection.take_proof())
    else {
        return;
    };
    let names: Arc<[String]> = tls.names(session).into();
    if names.is_empty() {
        return;
    }
    if origin == Origin::Theirs && flow.transport == Transport::Tls {
        connection.is_named(&names);
    }
    each(Came::Proof(flow.connection, names));
}
