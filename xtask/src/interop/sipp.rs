//! SIPp: a caller or a callee with one of our scenarios, and what it counted.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::{Transport, free_media_port, io_failure, wait_until_taken};
use crate::step::{Failure, root};

/// What one SIPp does.
pub struct Role<'a> {
    /// `uac`, `uac-audio` or `uas`: a file of interop/sipp.
    pub scenario: &'a str,
    /// Its own address.
    pub local: SocketAddr,
    /// The address that it tells others.
    pub contact: String,
    pub transport: Transport,
    pub options: Vec<String>,
}

pub struct Sipp {
    child: Child,
    folder: PathBuf,
    name: String,
}

/// What SIPp counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub succeeded: u64,
    pub failed: u64,
    pub repeated: u64,
}

impl Sipp {
    /// Starts it in `folder`; `remote` is whom a caller calls. A callee is there on return.
    pub fn start(folder: &Path, role: &Role<'_>, remote: Option<SocketAddr>) -> Result<Sipp, Failure> {
        let name = role.scenario.to_owned();
        let output =
            File::create(folder.join(format!("{name}.out"))).map_err(|error| io_failure(&name, &error))?;
        let copy = output.try_clone().map_err(|error| io_failure(&name, &error))?;
        let media_port = free_media_port(role.local.ip())?;
        let mut command = Command::new("sipp");
        command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(copy);
        // SIPp draws its screen without end where it has no terminal; this keeps it to the numbers.
        command.env("TERM", "dumb");
        if let Some(remote) = remote {
            command.arg(remote.to_string());
        }
        command.arg("-sf").arg(root().join(format!("interop/sipp/{}.xml", role.scenario)));
        command.args(["-i", &role.local.ip().to_string(), "-p", &role.local.port().to_string()]);
        command.args(["-mi", &role.local.ip().to_string(), "-mp", &media_port.to_string()]);
        command.args(["-t", if role.transport == Transport::Udp { "u1" } else { "t1" }]);
        command.args(["-key", "contact", &role.contact, "-nostdin", "-trace_err"]);
        command.args(["-trace_stat", "-stf", &format!("{name}.csv"), "-fd", "1"]);
        command.args(["-error_file", &format!("{name}.errors")]).args(&role.options);
        let child = command.spawn().map_err(|error| io_failure("sipp", &error))?;
        let sipp = Sipp { child, folder: folder.to_owned(), name };
        if remote.is_none() {
            wait_until_taken(role.transport, role.local)?;
        }
        Ok(sipp)
    }

    /// Waits until all its calls are over; says what it counted, whatever that is.
    pub fn finish(mut self, within: Duration) -> Result<Counted, Failure> {
        let until = Instant::now() + within;
        while self.child.try_wait().map_err(|error| io_failure("sipp", &error))?.is_none() {
            if Instant::now() > until {
                let what = format!("SIPp's {} was not done after {} s", self.name, within.as_secs());
                return Err(Failure::new(
                    what,
                    format!("read {}/{}.errors", self.folder.display(), self.name),
                ));
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.counted()
    }

    /// What it has counted up to now.
    pub fn counted(&self) -> Result<Counted, Failure> {
        let path = self.folder.join(format!("{}.csv", self.name));
        let text =
            fs::read_to_string(&path).map_err(|error| io_failure(&path.display().to_string(), &error))?;
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
        let last: Vec<&str> = lines.last().unwrap_or_default().split(';').collect();
        let figure = |name: &str| {
            let at = heads.iter().position(|head| *head == name)?;
            last.get(at)?.parse().ok()
        };
        Ok(Counted {
            succeeded: figure("SuccessfulCall(C)").unwrap_or_default(),
            failed: figure("FailedCall(C)").unwrap_or_default(),
            repeated: figure("Retransmissions(C)").unwrap_or_default(),
        })
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
