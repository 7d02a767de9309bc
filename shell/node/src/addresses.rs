//! Watches the addresses of this machine: when one comes or goes, providers are told again where we are.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use switch::Command;
use switch_io::Asker;
use tracing::info;

/// Changes of IPv4 and of IPv6 addresses (rtnetlink's RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR).
const GROUPS: u32 = 0x10 | 0x100;

/// Addresses change in bursts: the end of one is awaited.
const SETTLES: Duration = Duration::from_millis(500);

const PATIENCE: Duration = Duration::from_secs(2);

/// Begins to watch, for as long as the process lives.
pub fn watch(asker: Asker) -> io::Result<()> {
    let socket = open()?;
    thread::Builder::new().name("addresses".to_owned()).spawn(move || {
        while heard(&socket, RecvFlags::empty()) {
            thread::sleep(SETTLES);
            while heard(&socket, RecvFlags::DONTWAIT) {}
            info!("an address of this machine has changed: registering anew");
            asker.command(Command::Register, PATIENCE);
        }
    })?;
    Ok(())
}

fn open() -> io::Result<OwnedFd> {
    // The first protocol of netlink is the one that tells of routes and addresses.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}

/// Whether something has changed. What it was is no matter; more than fits is a change too.
fn heard(socket: &OwnedFd, flags: RecvFlags) -> bool {
    let mut buffer = [0; 4096];
    match recv(socket, &mut buffer[..], flags) {
        Ok(_) | Err(rustix::io::Errno::NOBUFS) => true,
        Err(rustix::io::Errno::INTR) => flags.is_empty(),
        Err(_) => false,
    }
}
