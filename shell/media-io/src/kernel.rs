//! The path in the kernel: a program that sees what arrives before any socket does, and sends on the packets
//! of streams that need no more. It is written by our own assembler when the house starts, and checked by the
//! kernel.
//!
//! The relay says which direction of which stream; `program.rs` is what is done with its packets; an
//! [`Entry`] of memory that both see holds where they go and what they come to. What the program does not
//! take goes on to its socket, as without it. When the process ends, however it ends, the kernel removes all
//! of it.

mod ahead;
mod assembler;
mod bpf;
mod change;
mod cipher;
mod clock;
mod device;
mod entry;
mod keys;
mod laws;
mod places;
mod program;
mod proof;
mod routes;
mod rows;
mod sealing;
mod straight;
mod substitution;
mod ways;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use media::{Carriage, PortIndex, Tally};

use crate::queue::{Orders, Unheard};
use ahead::Ahead;
use clock::Clock;
use entry::{Entry, Places, key_of};
use keys::SealKeys;
use program::Maps;
use routes::{Changes, Routes};
use rows::Shared;
use ways::{Way, Ways};

/// Routes change in bursts: the end of one is awaited.
const SETTLES: Duration = Duration::from_millis(300);
/// How long the watch outlives the path.
const WATCH_TURN: Duration = Duration::from_secs(1);

/// A path through the kernel, for the media loops of a process.
#[derive(Clone, Debug)]
pub struct KernelPath(Arc<Path>);

/// An address of ours whose packets the path does not see.
#[derive(Debug)]
pub struct Without {
    pub address: IpAddr,
    pub why: io::Error,
}

#[derive(Debug)]
struct Path {
    /// Where our addresses' programs are; dropping a link ends it.
    links: Vec<OwnedFd>,
    addresses: Vec<IpAddr>,
    table: OwnedFd,
    entries: Shared<Entry>,
    keys: Shared<SealKeys>,
    substitution: [u8; 256],
    clock: Clock,
    ways: Ways,
    loops: Mutex<Vec<Orders>>,
}

/// What one loop has in the kernel.
#[derive(Debug)]
pub(crate) struct Carrier {
    path: Arc<Path>,
    routes: Routes,
    /// Our ports, and how what leaves them is marked.
    locals: BTreeMap<PortIndex, (SocketAddrV4, u8)>,
    carried: BTreeMap<PortIndex, Carried>,
    look_ahead_at: Option<Instant>,
}

#[derive(Debug)]
struct Carried {
    rows: Rows,
    /// What is worked out for it ahead of time.
    ahead: Option<Ahead>,
    here: SocketAddrV4,
    way: Arc<Way>,
}

/// Where a direction's entry is, and its keys.
#[derive(Debug)]
struct Rows {
    entry: u32,
    keys: Option<u32>,
}

impl KernelPath {
    /// Opens a path for what arrives at these addresses of ours, at so many ports. It is an error where the
    /// kernel lets no program in; where it lets none to some of the addresses, these are said.
    pub fn open(addresses: &[IpAddr], ports: u32) -> io::Result<(KernelPath, Vec<Without>)> {
        let count = ports.max(1);
        let table = bpf::table("tandem_ports", count)?;
        let (entries, streams) = Shared::open("tandem_streams", count)?;
        let (keys, seals) = Shared::open("tandem_keys", count)?;
        let codes = bpf::bytes("tandem_codes", &laws::codes())?;
        let maps = Maps {
            table: table.as_raw_fd(),
            entries: streams.as_raw_fd(),
            codes: codes.as_raw_fd(),
            keys: seals.as_raw_fd(),
        };
        let program = bpf::load("tandem_relay", &program::program(&maps))?;
        let (mut links, mut seen, mut without) = (BTreeMap::new(), Vec::new(), Vec::new());
        for address in addresses.iter().copied() {
            let attached = device_of(address).and_then(|index| match links.contains_key(&index) {
                true => Ok(()),
                false => bpf::attach(&program, index).map(|link| drop(links.insert(index, link))),
            });
            match attached {
                Ok(()) => seen.push(address),
                Err(why) => without.push(Without { address, why }),
            }
        }
        let path = Path {
            links: links.into_values().collect(),
            addresses: seen,
            table,
            entries,
            keys,
            substitution: substitution::table(),
            clock: Clock::read(),
            ways: Ways::default(),
            loops: Mutex::new(Vec::new()),
        };
        let path = Arc::new(path);
        if !path.links.is_empty() {
            watch(Arc::downgrade(&path))?;
        }
        Ok((KernelPath(path), without))
    }

    /// Whether it sees any packet at all.
    pub fn is_open(&self) -> bool {
        !self.0.links.is_empty()
    }

    /// A loop's part of it. The loop is told when routes change.
    pub(crate) fn carrier(&self, orders: Orders) -> io::Result<Carrier> {
        let routes = Routes::open()?;
        self.0.loops.lock().unwrap_or_else(PoisonError::into_inner).push(orders);
        Ok(Carrier {
            path: Arc::clone(&self.0),
            routes,
            locals: BTreeMap::new(),
            carried: BTreeMap::new(),
            look_ahead_at: None,
        })
    }
}

fn device_of(address: IpAddr) -> io::Result<u32> {
    if !address.is_ipv4() {
        return Err(io::Error::other("the path in the kernel is for IPv4"));
    }
    let device = device::with_address(address)?;
    match device::is_ethernet(&device) {
        true => Ok(device.index),
        false => Err(io::Error::other(format!("{} is no Ethernet", device.name))),
    }
}

/// Tells the loops when the ways to where they send have changed, as long as there is a path.
fn watch(path: Weak<Path>) -> io::Result<()> {
    let (changes, routes) = (Changes::open(WATCH_TURN)?, Routes::open()?);
    thread::Builder::new().name("media-routes".to_owned()).spawn(move || {
        let mut told = Told::All;
        loop {
            let is_changed = changes.wait();
            let Some(path) = path.upgrade() else { return };
            if is_changed {
                thread::sleep(SETTLES);
            }
            if (is_changed && path.ways.look(&routes)) || told == Told::Some {
                let mut loops = path.loops.lock().unwrap_or_else(PoisonError::into_inner);
                told = Told::All;
                loops.retain(|orders| match orders.look_at_routes() {
                    Ok(()) => true,
                    Err(Unheard::Full) => {
                        told = Told::Some;
                        true
                    }
                    Err(Unheard::Gone) => false,
                });
            }
        }
    })?;
    Ok(())
}

/// Which loops know of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    All,
    Some,
}

impl Carrier {
    /// A port was opened.
    pub fn bound(&mut self, port: PortIndex, local: SocketAddr, mark: u8) {
        if let SocketAddr::V4(local) = local {
            self.locals.insert(port, (local, mark));
        }
    }

    pub fn unbound(&mut self, port: PortIndex) {
        self.take_back(port);
        self.locals.remove(&port);
    }

    /// Lets the kernel carry what arrives at a port, from now on; says whether it does.
    pub fn carry(&mut self, port: PortIndex, carriage: &Carriage) -> bool {
        let Some((places, way)) = self.plan(port, carriage) else { return false };
        let Some(rows) = self.path.take(carriage) else { return false };
        let ahead = self.path.look_ahead(&rows, carriage);
        let entry = self.path.entries.at(rows.entry);
        entry.write(&places, way.route, rows.keys, (carriage, &self.path.clock));
        if bpf::put(&self.path.table, key_of(places.here), rows.entry).is_err() {
            entry.take();
            self.path.give_back(&rows);
            return false;
        }
        if ahead.is_some() {
            self.look_ahead_at.get_or_insert_with(|| Instant::now() + ahead::TURN);
        }
        self.carried.insert(port, Carried { rows, ahead, here: places.here, way });
        true
    }

    fn plan(&self, port: PortIndex, carriage: &Carriage) -> Option<(Places, Arc<Way>)> {
        let ((here, _), (leaves, mark)) = (*self.locals.get(&port)?, *self.locals.get(&carriage.via)?);
        let (SocketAddr::V4(from), SocketAddr::V4(to)) = (carriage.from, carriage.to) else { return None };
        if !self.path.addresses.contains(&IpAddr::V4(*here.ip())) || self.carried.contains_key(&port) {
            return None;
        }
        let way = self.path.ways.find(&self.routes, (*leaves.ip(), *to.ip()))?;
        Some((Places { from, here, leaves, to, mark }, way))
    }

    /// Has a port back, with what it came to. From here on no packet of it is sent on in the kernel.
    pub fn take_back(&mut self, port: PortIndex) -> Option<Tally> {
        let Carried { rows, here, .. } = self.carried.remove(&port)?;
        let entry = self.path.entries.at(rows.entry);
        entry.take();
        // An entry that is taken carries nothing, even if the table still leads to it.
        let _ = bpf::remove(&self.path.table, key_of(here));
        let reached = rows.keys.map(|number| self.path.keys.at(number).reached());
        let tally = Tally { reached, ..entry.tally(&self.path.clock) };
        self.path.give_back(&rows);
        Some(tally)
    }

    /// What a port has come to until now.
    pub fn count(&self, port: PortIndex) -> Option<Tally> {
        let carried = self.carried.get(&port)?;
        Some(self.path.entries.at(carried.rows.entry).tally(&self.path.clock))
    }

    /// When [`Carrier::look_ahead`] is to be called.
    pub fn next_moment(&self) -> Option<Instant> {
        self.look_ahead_at
    }

    /// Works out what is needed for packets to come.
    pub fn look_ahead(&mut self, now: Instant) {
        if self.look_ahead_at.is_none_or(|moment| moment > now) {
            return;
        }
        let mut is_needed = false;
        for Carried { rows, ahead, .. } in self.carried.values_mut() {
            if let (Some(ahead), Some(number)) = (ahead, rows.keys) {
                ahead.go_on(self.path.keys.at(number));
                is_needed = true;
            }
        }
        self.look_ahead_at = is_needed.then(|| now + ahead::TURN);
    }

    /// The ports whose packets would go another way now.
    pub fn strayed(&self) -> Vec<PortIndex> {
        let strayed = self.carried.iter().filter(|(_, carried)| carried.way.is_left());
        strayed.map(|(port, _)| *port).collect()
    }
}

impl Path {
    /// Room for a direction, its keys written there already.
    fn take(&self, carriage: &Carriage) -> Option<Rows> {
        let Some(seal) = &carriage.seal else {
            return Some(Rows { entry: self.entries.take()?, keys: None });
        };
        let keys = self.keys.take()?;
        let Some(entry) = self.entries.take() else {
            self.keys.give_back(keys);
            return None;
        };
        self.keys.at(keys).write(seal, carriage.tally.source.ssrc, &self.substitution);
        Some(Rows { entry, keys: Some(keys) })
    }

    /// What a direction will need, the first of it written there.
    fn look_ahead(&self, rows: &Rows, carriage: &Carriage) -> Option<Ahead> {
        let (seal, number) = (carriage.seal.as_ref()?, rows.keys?);
        let mut ahead = Ahead::new(seal, carriage.tally.source.ssrc, carriage.longest);
        ahead.begin(self.keys.at(number));
        Some(ahead)
    }

    /// The kernel has nothing in it any more.
    fn give_back(&self, Rows { entry, keys }: &Rows) {
        self.entries.give_back(*entry);
        if let Some(keys) = keys {
            self.keys.at(*keys).wipe();
            self.keys.give_back(*keys);
        }
    }
}
