//! A node: the product started with a configuration of a scenario, watched, stopped.

use std::fs::{self, File};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Binary;
use super::place::{Transport, Way, free_port, io_failure};
use super::tls::Certificates;
use crate::step::Failure;

const READY_WITHIN: Duration = Duration::from_secs(20);
const STOPS_WITHIN: Duration = Duration::from_secs(60);

/// Addresses of a node and of the callee that it sends every call to.
pub struct Setting {
    pub sip: SocketAddr,
    /// Answers OPTIONS, whatever the transport of the calls.
    pub udp: SocketAddr,
    /// What the calls' packets are counted against: the relay's port range.
    pub media_ports: &'static str,
}

pub struct Node {
    child: Child,
    log: PathBuf,
}

/// Writes the configuration of a node that sends every call from loopback on to `callee`.
pub fn configure(
    folder: &Path,
    way: Way,
    callee: SocketAddr,
    certificates: Option<&Certificates>,
) -> Result<Setting, Failure> {
    let address = way.address;
    let udp = SocketAddr::new(address, free_port(address)?);
    let sip = match way.transport {
        Transport::Udp => udp,
        Transport::Tcp | Transport::Tls => SocketAddr::new(address, free_port(address)?),
    };
    let setting = Setting { sip, udp, media_ports: "20000-29999" };
    let listen = match (way.transport, certificates) {
        (Transport::Tls, Some(kept)) => format!(
            "udp = {}\ntls = {}\ntls_certificate = {:?}\ntls_key = {:?}\ntls_verify = {:?}",
            udp.port(),
            sip.port(),
            kept.certificate,
            kept.key,
            kept.authority
        ),
        (Transport::Udp, _) => format!("udp = {}", udp.port()),
        (_, _) => format!("udp = {}\ntcp = {}", udp.port(), sip.port()),
    };
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"{address}\"\n\
         {listen}\nmedia_ports = \"{ports}\"\nside = \"outside\"\n\n[trunk.callers]\nkind = \"pbx\"\n\
         servers = [{{ uri = \"sip:{udp}\" }}]\naccept = {{ sources = [\"{address}\"], did = \"any\" }}\n\
         direction = \"in\"\nhealth = {{ options = \"off\" }}\n\n\
         [trunk.callees]\nservers = [{{ uri = \"sip:{callee};transport={transport}\" }}]\n\
         direction = \"out\"\nhealth = {{ options = \"off\" }}\n\n\
         [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"callees\" }}]\n",
        ports = setting.media_ports,
        transport = way.transport.word(),
    );
    let path = folder.join("conf/tandem.toml");
    fs::write(&path, text).map_err(|error| io_failure(&path.display().to_string(), &error))?;
    Ok(setting)
}

impl Node {
    /// Starts it, and waits until it answers.
    pub fn start(binary: &Binary, folder: &Path, setting: &Setting) -> Result<Node, Failure> {
        Node::start_with(binary, folder, setting, &[])
    }

    /// The same, with further words on its command line.
    pub fn start_with(
        binary: &Binary,
        folder: &Path,
        setting: &Setting,
        more: &[&str],
    ) -> Result<Node, Failure> {
        let log = folder.join("node.log");
        let file = File::options().create(true).append(true).open(&log);
        let file = file.map_err(|error| io_failure("node.log", &error))?;
        let copy = file.try_clone().map_err(|error| io_failure("node.log", &error))?;
        let mut command = binary.command();
        command.arg("up").arg(folder.join("conf")).arg("--data").arg(folder.join("data")).args(more);
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let child = command.spawn().map_err(|error| io_failure("tandem", &error))?;
        let mut node = Node { child, log };
        node.wait_until_it_answers(setting.udp)?;
        Ok(node)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) -> Result<(), Failure> {
        self.child.kill().map_err(|error| io_failure("kill", &error))?;
        self.child.wait().map_err(|error| io_failure("wait", &error))?;
        Ok(())
    }

    /// Asks it to end, and checks that it held nothing when it did.
    pub fn stop(mut self) -> Result<(), Failure> {
        let mut ask = Command::new("kill");
        crate::step::read(ask.args(["-TERM", &self.id().to_string()]), "is `kill` installed?")?;
        let until = Instant::now() + STOPS_WITHIN;
        loop {
            match self.child.try_wait().map_err(|error| io_failure("wait", &error))? {
                Some(status) if status.success() => break,
                Some(status) => return Err(self.failure(&format!("ended with {status}"))),
                None if Instant::now() > until => {
                    return Err(self.failure("did not end within a minute of SIGTERM"));
                }
                None => thread::sleep(Duration::from_millis(20)),
            }
        }
        self.held_nothing()
    }

    fn held_nothing(&self) -> Result<(), Failure> {
        let log = fs::read_to_string(&self.log).map_err(|error| io_failure("node.log", &error))?;
        let line = log.lines().rev().find(|line| line.contains("held calls="));
        let line = line.ok_or_else(|| self.failure("did not say what it held at the end"))?;
        for what in ["calls=0", "ports=0", "permits=0"] {
            if !line.split_whitespace().any(|word| word == what) {
                return Err(self.failure(&format!("held something at the end: {line}")));
            }
        }
        Ok(())
    }

    fn wait_until_it_answers(&mut self, udp: SocketAddr) -> Result<(), Failure> {
        let socket =
            UdpSocket::bind(SocketAddr::new(udp.ip(), 0)).map_err(|error| io_failure("bind", &error))?;
        let own = socket.local_addr().map_err(|error| io_failure("bind", &error))?;
        let wait = socket.set_read_timeout(Some(Duration::from_millis(200)));
        wait.map_err(|error| io_failure("socket", &error))?;
        let until = Instant::now() + READY_WITHIN;
        for turn in 0.. {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(&format!("ended with {status} when it was started")));
            }
            if Instant::now() > until {
                return Err(self.failure("did not answer OPTIONS within 20 s"));
            }
            let question = format!(
                "OPTIONS sip:{udp} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKready{turn};rport\r\n\
                 From: <sip:ready@{own}>;tag=r{turn}\r\nTo: <sip:{udp}>\r\nCall-ID: ready{turn}@{own}\r\n\
                 CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            );
            let sent = socket.send_to(question.as_bytes(), udp);
            if sent.is_ok() && socket.recv(&mut [0; 2048]).is_ok() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("the node {what}"), format!("read {}", self.log.display()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
