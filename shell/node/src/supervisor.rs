//! What systemd is told of the house (sd_notify(3)): that it is ready, reads its directory anew, stops, and
//! lives. Where nobody supervises it, nothing is told.

use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use switch::Command;
use switch_io::Asker;
use tracing::warn;

/// How long the shards may take to show that they live.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whoever started the house, and wants to know how it goes.
#[derive(Clone)]
pub struct Supervisor(Option<Arc<(UnixDatagram, SocketAddr)>>);

impl Supervisor {
    /// The one whose socket the environment names.
    pub fn found() -> Supervisor {
        let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Supervisor(None);
        };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(unnamed) => SocketAddr::from_abstract_name(unnamed),
            None => SocketAddr::from_pathname(&name),
        };
        let opened = address.and_then(|address| Ok(Arc::new((UnixDatagram::unbound()?, address))));
        let failed =
            |fault: &std::io::Error| warn!("{}: it cannot be told anything: {fault}", name.display());
        Supervisor(opened.inspect_err(failed).ok())
    }

    /// New calls are taken, as this revision says; said again when another one is in force.
    pub fn ready(&self, revision: u64) {
        self.tell(&format!("READY=1\nSTATUS=revision {revision} is in force"));
    }

    /// The directory is read again; `ready` says when that is over.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=calls may end, new ones are refused");
    }

    /// Shows from now on that the house lives, as often as is wanted. It is on a thread of its own: an apply
    /// may take longer, and harms no call.
    pub fn watch(&self, asker: Asker) {
        let Some(within) = self.0.as_ref().and_then(|_| watched_within()) else { return };
        let supervisor = self.clone();
        let watched = thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            loop {
                if asker.command(Command::Count, PATIENCE).len() == usize::from(asker.shards()) {
                    supervisor.tell("WATCHDOG=1");
                }
                // Three times, so that one of them may be late.
                thread::sleep(within / 3);
            }
        });
        if let Err(fault) = watched {
            warn!("nothing shows that the house lives: {fault}");
        }
    }

    fn tell(&self, what: &str) {
        let Some(told) = &self.0 else { return };
        let (socket, address) = &**told;
        if let Err(fault) = socket.send_to_addr(what.as_bytes(), address) {
            warn!("the supervisor was not told {what:?}: {fault}");
        }
    }
}

/// How long it may take until this process shows that it lives; nothing, if nobody looks.
fn watched_within() -> Option<Duration> {
    let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
    let is_meant = number("WATCHDOG_PID").is_none_or(|process| process == u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|micros| is_meant && *micros > 0).map(Duration::from_micros)
}
