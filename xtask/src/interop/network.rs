//! Networks beside ours, in namespaces that end with whoever made them.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::place::io_failure;
use crate::step::{Failure, read};

const WITHIN: Duration = Duration::from_secs(10);
const CURE: &str = "needs root, iproute2 and nftables";

/// A network that is there for as long as a pipe to a process in it is open.
pub struct Network(Child);

impl Network {
    /// One without any device that is up.
    pub fn open() -> Result<Network, Failure> {
        let mut command = Command::new("unshare");
        command.args(["--net", "--", "cat"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let network = Network(command.spawn().map_err(|error| io_failure("unshare", &error))?);
        let until = Instant::now() + WITHIN;
        let ours = fs::read_link("/proc/self/ns/net").map_err(|error| io_failure("our network", &error))?;
        while fs::read_link(network.path()).is_ok_and(|link| link == ours) {
            if Instant::now() > until {
                return Err(Failure::new("no network of its own", CURE));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(network)
    }

    /// One that is joined to ours by a device of that name, with an address at either end.
    pub fn beside(device: &str, house: Ipv4Addr, far: Ipv4Addr) -> Result<Network, Failure> {
        let network = Network::open()?;
        ip(&format!("link add {device} type veth peer name wire netns {}", network.id()))?;
        ip(&format!("address add {house}/24 dev {device}"))?;
        ip(&format!("link set {device} up"))?;
        network.run("ip", &format!("address add {far}/24 dev wire"))?;
        ["lo", "wire"].iter().try_for_each(|one| network.run("ip", &format!("link set {one} up")))?;
        Ok(network)
    }

    /// Its first process, whose network it is.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }

    /// Runs a program in it.
    pub fn run(&self, program: &str, words: &str) -> Result<(), Failure> {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path())).arg(program).args(words.split(' '));
        read(&mut command, CURE).map(|_| ())
    }

    /// Does something in this network: what is started and opened there stays there.
    pub fn within<T: Send>(&self, deed: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
        let path = self.path();
        let moved = || -> Result<T, Failure> {
            let network = File::open(&path).map_err(|error| io_failure(&path, &error))?;
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                .map_err(|error| io_failure(&path, &error.into()))?;
            deed()
        };
        thread::scope(|scope| scope.spawn(moved).join().expect("what is done there does not panic"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A command of iproute2 in our own network.
pub fn ip(words: &str) -> Result<(), Failure> {
    read(Command::new("ip").args(words.split(' ')), CURE).map(|_| ())
}
