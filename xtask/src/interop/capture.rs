//! What went over loopback or another device, captured and dissected by tshark.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::io_failure;
use crate::step::{Failure, read};

/// As Wireshark numbers its severities: a warning, or worse. What a sealed report holds it can only guess,
/// and sound that a NAT sends from the port of another protocol it reads as that one.
const COMPLAINTS: &str =
    "(_ws.malformed or _ws.expert.severity >= 6291456) and (sip or rtp or rtcp or t38) and !srtcp";

/// A capture that goes on.
pub struct Capture {
    child: Child,
    written: Written,
}

/// A capture that is over.
#[derive(Clone)]
pub struct Written {
    pub file: PathBuf,
    sip_port: u16,
    /// How else tshark is to read it.
    reading: &'static [&'static str],
}

/// Port 30030 is ours, and no mirror of Juniper's.
const NO_MIRROR: &[&str] = &["--disable-protocol", "jmirror"];
/// What looks like RTP is, whatever descriptions say: those of a sealed leg name another profile.
const OPENED: &[&str] = &["--enable-heuristic", "rtp_udp"];

impl Capture {
    /// Of what the filter lets pass, as libpcap reads it; what has this port is taken for SIP.
    pub fn start(folder: &Path, filter: &str, sip_port: u16) -> Result<Capture, Failure> {
        Capture::on(&["lo"], folder, filter, sip_port)
    }

    /// The same of other devices than the loopback.
    pub fn on(devices: &[&str], folder: &Path, filter: &str, sip_port: u16) -> Result<Capture, Failure> {
        let file = folder.join("calls.pcap");
        let log =
            File::create(folder.join("tshark.log")).map_err(|error| io_failure("tshark.log", &error))?;
        let mut command = Command::new("tshark");
        // A filter is of the devices that follow it.
        command.args(["-q", "-a", "duration:120", "-f", filter]);
        command.args(devices.iter().flat_map(|device| ["-i", device])).arg("-w").arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(|error| io_failure("tshark", &error))?;
        let capture = Capture { child, written: Written { file, sip_port, reading: &[] } };
        let until = Instant::now() + Duration::from_secs(10);
        while !capture.written.file.is_file() {
            if Instant::now() > until {
                return Err(Failure::new(
                    "tshark does not capture",
                    format!("it needs root, and {}", devices.join(", ")),
                ));
            }
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(500));
        Ok(capture)
    }

    pub fn end(mut self) -> Result<Written, Failure> {
        // What the kernel still holds is written first.
        thread::sleep(Duration::from_secs(1));
        let mut ask = Command::new("kill");
        read(ask.args(["-INT", &self.child.id().to_string()]), "is `kill` installed?")?;
        self.child.wait().map_err(|error| io_failure("tshark", &error))?;
        Ok(self.written.clone())
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
    /// A file that somebody else has written, with all media opened; what has this port is taken for SIP.
    pub fn by_another(file: PathBuf, sip_port: u16) -> Written {
        Written { file, sip_port, reading: OPENED }
    }

    /// What tshark makes of the streams of RTP in it, as it prints them.
    pub fn streams(&self) -> Result<String, Failure> {
        let mut tshark = Command::new("tshark");
        tshark.args(["-q", "-z", "rtp,streams", "-r"]).arg(&self.file).args(NO_MIRROR).args(self.reading);
        read(&mut tshark, "is tshark installed?")
    }

    /// The frames that a display filter lets pass, a line each.
    pub fn frames(&self, filter: &str) -> Result<Vec<String>, Failure> {
        self.dissect(filter, &[])
    }

    /// Fields of these frames, the first of each where a frame has several.
    pub fn fields(&self, filter: &str, names: &[&str]) -> Result<Vec<Vec<String>>, Failure> {
        let mut more = vec!["-T", "fields", "-E", "occurrence=f"];
        more.extend(names.iter().flat_map(|name| ["-e", name]));
        let lines = self.dissect(filter, &more)?;
        Ok(lines.iter().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    /// Nothing in it is malformed or worth a warning.
    pub fn expect_no_complaint(&self) -> Result<(), Failure> {
        self.expect_no_complaint_about("frame")
    }

    /// The same of the frames that a display filter lets pass.
    pub fn expect_no_complaint_about(&self, filter: &str) -> Result<(), Failure> {
        let complaints = self.frames(&format!("({filter}) && ({COMPLAINTS})"))?;
        let Some(first) = complaints.first() else { return Ok(()) };
        let what = format!("tshark complains of {} messages; the first: {first}", complaints.len());
        Err(Failure::new(what, format!("open {} in Wireshark", self.file.display())))
    }

    fn dissect(&self, filter: &str, more: &[&str]) -> Result<Vec<String>, Failure> {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&self.file).args(["-Y", filter]).args(NO_MIRROR);
        command.args(self.reading).args(more);
        for transport in ["udp", "tcp"] {
            command.args(["-d", &format!("{transport}.port=={},sip", self.sip_port)]);
        }
        command.stderr(Stdio::null()).stdin(Stdio::null());
        let output = command.output().map_err(|error| io_failure("tshark", &error))?;
        if !output.status.success() {
            let what = format!("tshark could not read {} by {filter:?}", self.file.display());
            return Err(Failure::new(what, "run it by hand"));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}
