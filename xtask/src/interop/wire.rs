//! A second opinion on what goes over the wire: tshark captures calls and dissects every message of the node.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::calls::NUMBER;
use super::place::{Transport, UDP_V4, Way, io_failure};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load};
use crate::step::{Failure, read};

const WAY: Way = Way { name: "wire", ..UDP_V4 };
const CALLS: usize = 50;
/// Seven that the node gets or sends on each leg, the OPTIONS that asked whether it is there aside.
const MESSAGES_EACH: usize = 13;
/// As Wireshark numbers its severities: a warning, or worse.
const COMPLAINTS: &str = "_ws.malformed or _ws.expert.severity >= 6291456";

pub fn run(binary: &Binary, _load: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;
    let capture = Capture::start(&folder, setting.sip.port())?;

    let calls = CALLS.to_string();
    let uas = Sipp::start(&folder, &role("uas", callee, &["-m", &calls]), None)?;
    let options = ["-m", &calls, "-r", "50", "-d", "200", "-key", "number", NUMBER];
    let uac = Sipp::start(&folder, &role("uac", caller, &options), Some(setting.sip))?;
    uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;
    let capture = capture.end()?;
    node.stop()?;

    let messages = capture.frames("sip")?.len();
    if messages < CALLS * MESSAGES_EACH {
        let what =
            format!("{messages} messages were captured, where {CALLS} calls have {}", CALLS * MESSAGES_EACH);
        return Err(Failure::new(what, "read tshark.log in the scenario's folder"));
    }
    let complaints = capture.frames(COMPLAINTS)?;
    if let Some(first) = complaints.first() {
        let what = format!("tshark complains of {} messages; the first: {first}", complaints.len());
        return Err(Failure::new(what, format!("open {} in Wireshark", capture.file.display())));
    }
    Ok(format!("{messages} messages of {CALLS} calls, nothing that tshark complains of"))
}

fn role<'a>(scenario: &'a str, local: SocketAddr, options: &[&str]) -> Role<'a> {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: Transport::Udp, options }
}

struct Capture {
    child: Child,
    written: Written,
}

/// A capture that is over.
struct Written {
    file: PathBuf,
    port: u16,
}

impl Capture {
    fn start(folder: &Path, port: u16) -> Result<Capture, Failure> {
        let file = folder.join("calls.pcap");
        let log =
            File::create(folder.join("tshark.log")).map_err(|error| io_failure("tshark.log", &error))?;
        let mut command = Command::new("tshark");
        command
            .args(["-q", "-i", "lo", "-a", "duration:120", "-f", &format!("udp port {port}"), "-w"])
            .arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(|error| io_failure("tshark", &error))?;
        let capture = Capture { child, written: Written { file, port } };
        let until = Instant::now() + Duration::from_secs(10);
        while !capture.written.file.is_file() {
            if Instant::now() > until {
                return Err(Failure::new(
                    "tshark does not capture",
                    "it needs root, and the loopback interface",
                ));
            }
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(500));
        Ok(capture)
    }

    fn end(mut self) -> Result<Written, Failure> {
        // What the kernel still holds is written first.
        thread::sleep(Duration::from_secs(1));
        let mut ask = Command::new("kill");
        read(ask.args(["-INT", &self.child.id().to_string()]), "is `kill` installed?")?;
        self.child.wait().map_err(|error| io_failure("tshark", &error))?;
        Ok(Written { file: self.written.file.clone(), port: self.written.port })
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

impl Written {
    /// The frames that a display filter lets pass, a line each.
    fn frames(&self, filter: &str) -> Result<Vec<String>, Failure> {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&self.file).args(["-d", &format!("udp.port=={},sip", self.port), "-Y", filter]);
        command.stderr(Stdio::null()).stdin(Stdio::null());
        let output = command.output().map_err(|error| io_failure("tshark", &error))?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}
