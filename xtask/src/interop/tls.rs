//! Certificates of a scenario, and the tunnels that speak TLS for SIPp.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::{free_port, io_failure};
use crate::step::Failure;

/// Files of a small authority, and of one certificate for loopback and both ends of a wire that it signed.
pub struct Certificates {
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificates {
    pub fn make(folder: &Path) -> Result<Certificates, Failure> {
        let path = |name: &str| folder.join(name);
        let extensions = "subjectAltName=IP:127.0.0.1,IP:::1,IP:203.0.113.1,IP:203.0.113.2,DNS:localhost\n\
                          basicConstraints=CA:FALSE\n";
        fs::write(path("leaf.ext"), extensions).map_err(|error| io_failure("leaf.ext", &error))?;
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
        openssl(
            folder,
            &["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Interop CA"],
            &key,
        )?;
        openssl(
            folder,
            &["req", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost"],
            &key[..5],
        )?;
        let sign =
            ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        openssl(folder, &sign, &["-out", "leaf.pem", "-days", "30", "-extfile", "leaf.ext"])?;
        Ok(Certificates { authority: path("ca.pem"), certificate: path("leaf.pem"), key: path("leaf.key") })
    }
}

fn openssl(folder: &Path, first: &[&str], rest: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(first).args(rest).stderr(Stdio::null());
    let output = command.stdin(Stdio::null()).output().map_err(|error| io_failure("openssl", &error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("openssl {} failed", first[0]), "apt-get install openssl"))
}

/// Two tunnels: SIPp's caller into the node, the node out to SIPp's callee.
pub struct Tunnel {
    child: Child,
    /// Where SIPp's caller sends its TCP.
    pub way_in: SocketAddr,
}

impl Tunnel {
    pub fn both_ways(
        folder: &Path,
        kept: &Certificates,
        node: SocketAddr,
        callee_door: SocketAddr,
        callee: SocketAddr,
    ) -> Result<Tunnel, Failure> {
        let way_in = SocketAddr::new(node.ip(), free_port(node.ip())?);
        let text = format!(
            "foreground = yes\npid =\nsyslog = no\n\n[in]\nclient = yes\naccept = {}\nconnect = {}\n\
             verifyChain = yes\nCAfile = {}\n\n[out]\naccept = {}\nconnect = {}\ncert = {}\nkey = {}\n",
            written(way_in),
            written(node),
            kept.authority.display(),
            written(callee_door),
            written(callee),
            kept.certificate.display(),
            kept.key.display(),
        );
        fs::write(folder.join("stunnel.conf"), text).map_err(|error| io_failure("stunnel.conf", &error))?;
        let log =
            File::create(folder.join("stunnel.log")).map_err(|error| io_failure("stunnel.log", &error))?;
        let copy = log.try_clone().map_err(|error| io_failure("stunnel.log", &error))?;
        let mut command = Command::new("stunnel");
        command.current_dir(folder).arg("stunnel.conf").stdin(Stdio::null()).stdout(log).stderr(copy);
        let child = command.spawn().map_err(|error| io_failure("stunnel", &error))?;
        let tunnel = Tunnel { child, way_in };
        wait_for(callee_door)?;
        Ok(tunnel)
    }
}

/// stunnel takes an IPv6 address without brackets: the last colon parts the port.
fn written(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(_) => address.to_string(),
        IpAddr::V6(ip) => format!("{ip}:{}", address.port()),
    }
}

fn wait_for(door: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if TcpStream::connect(door).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("stunnel did not open its port", "read stunnel.log in the scenario's folder"))
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
