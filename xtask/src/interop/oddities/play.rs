//! One oddity, played: a SIPp for each side, and what each of them said in the end.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::super::place::io_failure;
use super::house::{PORT, address, digits};
use super::rough;
use super::script::Side;
use super::table::{Oddity, Travel};
use crate::step::Failure;

/// How long SIPp may take to open its socket.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// A call that a side waits for longer has not come.
const MORE_SECONDS: u64 = 10;

/// An oddity and its place among the others.
pub struct Play<'p> {
    pub index: usize,
    pub oddity: &'p Oddity,
    pub sides: &'p [Side],
}

impl Play<'_> {
    /// Plays it below `folder`; what is wrong, side by side.
    pub fn run(&self, folder: &Path, house: SocketAddr) -> Result<(), Failure> {
        let folder = folder.join(&self.oddity.name);
        fs::create_dir_all(&folder).map_err(|error| io_failure(&self.oddity.name, &error))?;
        let mut parties = Vec::new();
        for side in self.sides {
            let party = self.start(&folder, side, house)?;
            if side.role != "caller" {
                self.wait_until_open(&side.role)?;
            }
            parties.push(party);
        }
        let until = Instant::now() + Duration::from_secs(self.oddity.seconds + MORE_SECONDS);
        let mut wrong = Vec::new();
        for mut party in parties.into_iter().rev() {
            if let Err(what) = party.finish(until) {
                wrong.push(what);
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Failure::new(wrong.join("; "), format!("read {}", folder.display())))
    }

    fn start(&self, folder: &Path, side: &Side, house: SocketAddr) -> Result<Party, Failure> {
        let role = &side.role;
        let failed = |error| io_failure(&format!("{}'s {role}", self.oddity.name), &error);
        let script = folder.join(format!("{role}.xml"));
        fs::write(&script, &side.scenario).map_err(failed)?;
        let output = File::create(folder.join(format!("{role}.out"))).map_err(failed)?;
        let copy = output.try_clone().map_err(failed)?;
        let own = address(role, self.index).to_string();
        let mut command = Command::new("sipp");
        command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(copy).env("TERM", "dumb");
        if role == "caller" {
            command.arg(self.way_in(house)?.to_string());
            command.args(["-cid_str", &format!("{}.%u-%p@%s", self.oddity.name)]);
        }
        command.arg("-sf").arg(&script).args(["-i", &own, "-p", &PORT.to_string(), "-mi", &own]);
        command.args(["-ci", &own, "-nostdin", "-m", &side.calls, "-r", "1", "-rp", "100"]);
        command.args(["-t", if self.oddity.travel == Travel::Udp { "u1" } else { "t1" }]);
        for (key, digits) in digits(self.index) {
            command.args(["-key", key, &digits]);
        }
        command.args(["-recv_timeout", &format!("{}", self.oddity.seconds * 1000)]);
        command.args(["-trace_msg", "-message_file", &format!("{role}.messages")]);
        command.args(["-trace_err", "-error_file", &format!("{role}.errors")]).args(&side.options);
        let child = command.spawn().map_err(failed)?;
        Ok(Party { role: role.clone(), child, errors: folder.join(format!("{role}.errors")) })
    }

    fn way_in(&self, house: SocketAddr) -> Result<SocketAddr, Failure> {
        match self.oddity.travel {
            Travel::Udp | Travel::Tcp => Ok(house),
            Travel::Cut | Travel::Gathered => rough::open(self.oddity.travel, house),
        }
    }

    /// A call that came before its callee's socket would be told that nobody is there.
    fn wait_until_open(&self, role: &str) -> Result<(), Failure> {
        let table = if self.oddity.travel == Travel::Udp { "/proc/net/udp" } else { "/proc/net/tcp" };
        let wanted = format!("{:08X}:{PORT:04X} ", u32::from_le_bytes(address(role, self.index).octets()));
        let until = Instant::now() + OPEN_WITHIN;
        while !fs::read_to_string(table).is_ok_and(|sockets| sockets.contains(&wanted)) {
            if Instant::now() > until {
                let what = format!("{}'s {role} opened no socket", self.oddity.name);
                return Err(Failure::new(what, format!("read {role}.out and {role}.errors")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// A SIPp that runs.
struct Party {
    role: String,
    child: Child,
    errors: PathBuf,
}

impl Party {
    /// Waits for its end; what went wrong on its side.
    fn finish(&mut self, until: Instant) -> Result<(), String> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("{} {status}: {}", self.role, self.first_error())),
                Ok(None) if Instant::now() > until => {
                    return Err(format!("{} never came to its end: {}", self.role, self.first_error()));
                }
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(format!("{}: {error}", self.role)),
            }
        }
    }

    /// What SIPp says first of what it did not expect.
    fn first_error(&self) -> String {
        let text = fs::read_to_string(&self.errors).unwrap_or_default();
        let line = text.lines().find(|line| line.contains('\t')).unwrap_or("it says no more");
        line.rsplit('\t').next().unwrap_or(line).chars().take(200).collect()
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
