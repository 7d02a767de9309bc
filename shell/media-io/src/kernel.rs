//! The path in the kernel: a program that sees what arrives before any socket does, and sends on the packets
//! of streams that need no more. It is written by our own assembler when the house starts, and checked by the
//! kernel.
//!
//! The relay says which direction of which stream; `program.rs` is what is done with its packets; an
//! [`Entry`] of memory that both see holds where they go and what they come to. What the program does not
//! take goes on to its socket, as without it. When the process ends, however it ends, the kernel removes all
//! of it.

mod assembler;
mod bpf;
mod change;
mod clock;
mod device;
mod entry;
mod laws;
mod places;
mod program;
mod routes;
mod ways;

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use media::{Carriage, PortIndex, Tally};

use crate::queue::{Orders, Unheard};
use clock::Clock;
use entry::{Entry, Places, key_of};
use program::Maps;
use routes::{Changes, Routes};
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
    entries: Entries,
    clock: Clock,
    free: Mutex<Vec<u32>>,
    ways: Ways,
    loops: Mutex<Vec<Orders>>,
}

/// The entries, in memory that the kernel shares with us.
#[derive(Debug)]
struct Entries {
    memory: NonNull<Entry>,
    count: usize,
}

// SAFETY: all that is in an entry is atomic.
unsafe impl Send for Entries {}
// SAFETY: the same.
unsafe impl Sync for Entries {}

/// What one loop has in the kernel.
#[derive(Debug)]
pub(crate) struct Carrier {
    path: Arc<Path>,
    routes: Routes,
    /// Our ports, and how what leaves them is marked.
    locals: BTreeMap<PortIndex, (SocketAddrV4, u8)>,
    carried: BTreeMap<PortIndex, Carried>,
}

#[derive(Debug)]
struct Carried {
    entry: u32,
    here: SocketAddrV4,
    way: Arc<Way>,
}

impl KernelPath {
    /// Opens a path for what arrives at these addresses of ours, at so many ports. It is an error where the
    /// kernel lets no program in; where it lets none to some of the addresses, these are said.
    pub fn open(addresses: &[IpAddr], ports: u32) -> io::Result<(KernelPath, Vec<Without>)> {
        let count = ports.max(1);
        let table = bpf::table("tandem_ports", count)?;
        let array = bpf::array("tandem_streams", mem::size_of::<Entry>(), count)?;
        let codes = bpf::bytes("tandem_codes", &laws::codes())?;
        let maps = Maps { table: table.as_raw_fd(), entries: array.as_raw_fd(), codes: codes.as_raw_fd() };
        let program = bpf::load("tandem_relay", &program::program(&maps))?;
        let entries = Entries::map(&array, count as usize)?;
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
            clock: Clock::read(),
            free: Mutex::new((0..count).rev().collect()),
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
        Ok(Carrier { path: Arc::clone(&self.0), routes, locals: BTreeMap::new(), carried: BTreeMap::new() })
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
        let Some(number) = self.path.free().pop() else { return false };
        let entry = self.path.entries.at(number);
        entry.write(&places, way.route, carriage, &self.path.clock);
        if bpf::put(&self.path.table, key_of(places.here), number).is_err() {
            entry.take();
            self.path.free().push(number);
            return false;
        }
        self.carried.insert(port, Carried { entry: number, here: places.here, way });
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
        let Carried { entry: number, here, .. } = self.carried.remove(&port)?;
        let entry = self.path.entries.at(number);
        entry.take();
        // An entry that is taken carries nothing, even if the table still leads to it.
        let _ = bpf::remove(&self.path.table, key_of(here));
        let tally = entry.tally(&self.path.clock);
        self.path.free().push(number);
        Some(tally)
    }

    /// What a port has come to until now.
    pub fn count(&self, port: PortIndex) -> Option<Tally> {
        let carried = self.carried.get(&port)?;
        Some(self.path.entries.at(carried.entry).tally(&self.path.clock))
    }

    /// The ports whose packets would go another way now.
    pub fn strayed(&self) -> Vec<PortIndex> {
        let strayed = self.carried.iter().filter(|(_, carried)| carried.way.is_left());
        strayed.map(|(port, _)| *port).collect()
    }
}

impl Path {
    fn free(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn map(array: &OwnedFd, count: usize) -> io::Result<Entries> {
        let (length, access) = (count * mem::size_of::<Entry>(), libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: asks for memory at any place, of the array's length.
        let memory =
            unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, array.as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or_else(|| io::Error::other("no memory"))?;
        Ok(Entries { memory, count })
    }

    fn at(&self, number: u32) -> &Entry {
        assert!((number as usize) < self.count, "an entry is one of those that there are");
        // SAFETY: there are so many entries, in memory that is ours as long as this lives; all zero is one.
        unsafe { self.memory.add(number as usize).as_ref() }
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        // SAFETY: nobody has a reference to an entry any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.count * mem::size_of::<Entry>()) };
    }
}
