//! Certificates that renew themselves: Pebble, the authority that those of Let's Encrypt test by, gives them
//! for a minute and refuses each fifth number that is used once. The house begins without an authority, is
//! given a certificate, renews it while somebody is connected, and keeps it while the authority is away or
//! refuses; an order that was paid for is not lost by a crash.
//!
//! Proves: D14.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure, wait_until_taken};
use super::program::Program;
use super::tls::Certificates;
use super::{Binary, Load, calls};
use crate::step::{self, Failure};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where nobody is who could be asked.
const ELSEWHERE: &str = "127.0.0.77";
const NAME: &str = "sip.house.test";
/// A certificate is renewed after two thirds of it.
const LIFE_S: u32 = 60;
const WITHIN: Duration = Duration::from_secs(90);

struct Place {
    folder: PathBuf,
    house: SocketAddr,
    sealed: SocketAddr,
    callee: SocketAddr,
    caller: SocketAddr,
    /// Where the authority asks for the name.
    door: SocketAddr,
    authority: SocketAddr,
    authority_desk: SocketAddr,
    dns: SocketAddr,
    dns_desk: SocketAddr,
    kept: Certificates,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let place = Place::make()?;
    let setting = place.configure()?;
    let node = Node::start(binary, &place.folder, &setting)?;
    without_an_authority(binary, &place)?;

    let _dns = place.dns()?;
    let mut pebble = place.pebble(&[])?;
    place.roots()?;
    expect_renewal(binary, &place)?;
    place.wait_for("the certificate is believed", || place.is_believed())?;
    let mut session = Session::open(&place)?;
    session.is_answered()?;
    let first = place.serial()?;
    place.wait_for("it is renewed", || place.serial().is_ok_and(|serial| serial != first))?;
    if !place.is_believed() {
        return Err(unlike("what came after the first certificate is not believed", &Value::Null));
    }
    session.is_answered()?;

    asked_in_vain(binary, &place)?;
    let renewed = place.serial()?;
    pebble.end();
    expect_failure(binary, &place, "127.0.0.1")?;
    if place.serial()? != renewed {
        return Err(unlike("the certificate changed while no authority was there", &Value::Null));
    }
    session.is_answered()?;
    // Another life of the authority: it knows neither our account nor what it gave.
    let mut pebble = place.pebble(&["house.test"])?;
    expect_failure(binary, &place, "rejectedIdentifier")?;
    pebble.end();

    let _pebble = place.pebble(&[])?;
    place.roots()?;
    let node = lost_by_a_crash(binary, &place, &setting, node)?;
    place.wait_for("what was paid for is shown", || place.is_believed())?;
    place.keeps_secrets()?;
    node.stop()?;
    Ok(format!(
        "a stand-in, then a certificate of {LIFE_S} s renewed while a connection lived; kept while the \
         authority did not believe, was away and refused; an order outlived a crash"
    ))
}

/// Calls are made, and who looks is told what is wrong.
fn without_an_authority(binary: &Binary, place: &Place) -> Result<(), Failure> {
    calls::one(&place.folder, place.house, place.caller, place.callee)?;
    place.wait_for("an alarm", || alarm(binary, place).is_ok_and(|words| words.contains("stand-in")))?;
    if place.shown().is_ok_and(|text| !text.contains("stand-in of tandem")) {
        return Err(unlike("who connects is shown no stand-in", &Value::Null));
    }
    Ok(())
}

/// The name leads elsewhere: what the authority says of it is an alarm, and nothing else changes.
fn asked_in_vain(binary: &Binary, place: &Place) -> Result<(), Failure> {
    let before = place.serial()?;
    place.lead_to(ELSEWHERE)?;
    expect_failure(binary, place, NAME)?;
    if place.serial()? != before {
        return Err(unlike("the certificate changed though none was given", &Value::Null));
    }
    if place.is_door_open() {
        return Err(unlike("the door for the authority stands open", &Value::Null));
    }
    let words = alarm(binary, place)?;
    if !words.contains(NAME) || !words.contains("not renewed") {
        return Err(unlike("the alarm does not say so", &json!(words)));
    }
    place.lead_to("127.0.0.1")?;
    expect_renewal(binary, place)?;
    place.wait_for("what was given is shown", || place.serial().is_ok_and(|serial| serial != before))?;
    match alarm(binary, place)?.as_str() {
        "" => Ok(()),
        words => Err(unlike("the alarm stays", &json!(words))),
    }
}

/// The disk takes no certificate, and the house dies: the order comes to what it was paid for.
fn lost_by_a_crash(binary: &Binary, place: &Place, setting: &Setting, node: Node) -> Result<Node, Failure> {
    let file = list(binary, place)?[0]["file"].as_str().map(PathBuf::from).unwrap_or_default();
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let obstacle = file.with_file_name(format!("unfinished-{name}"));
    fs::create_dir_all(&obstacle).map_err(|error| io_failure("obstacle", &error))?;
    expect_failure(binary, place, "cannot be kept")?;
    let issued = place.issued()?;
    node.kill()?;
    fs::remove_dir(&obstacle).map_err(|error| io_failure("obstacle", &error))?;
    let node = Node::start(binary, &place.folder, setting)?;
    expect_renewal(binary, place)?;
    match (issued, place.issued()?) {
        (1.., again) if again == issued => Ok(node),
        (_, again) => Err(unlike("an order was made anew", &json!({ "before": issued, "after": again }))),
    }
}

impl Place {
    fn make() -> Result<Place, Failure> {
        let folder = place::folder("acme")?;
        let port = || free_port(HERE).map(|port| SocketAddr::new(HERE, port));
        let kept = Certificates::make(&folder)?;
        Ok(Place {
            folder,
            house: port()?,
            sealed: port()?,
            callee: port()?,
            caller: port()?,
            door: port()?,
            authority: port()?,
            authority_desk: port()?,
            dns: port()?,
            dns_desk: port()?,
            kept,
        })
    }

    fn configure(&self) -> Result<Setting, Failure> {
        let text = format!(
            "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
             [system.acme]\nauthority = \"https://{}/dir\"\nterms = \"agreed\"\n\
             contact = [\"telephony@house.test\"]\ntls_verify = {:?}\nlisten = \"{}\"\n\n\
             [interface.loop]\naddress = \"{HERE}\"\nudp = {}\ntls = {}\ntls_names = [\"{NAME}\"]\n\
             media_ports = \"20000-29999\"\nside = \"outside\"\n\n\
             [trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{}\" }}]\n\
             accept = {{ sources = [\"{HERE}\"], did = \"any\" }}\ndirection = \"in\"\n\
             health = {{ options = \"off\" }}\n\n\
             [trunk.callees]\nservers = [{{ uri = \"sip:{};transport=udp\" }}]\ndirection = \"out\"\n\
             health = {{ options = \"off\" }}\n\n\
             [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
             use = [{{ trunk = \"callees\" }}]\n",
            self.authority,
            self.kept.authority,
            self.door,
            self.house.port(),
            self.sealed.port(),
            self.house,
            self.callee,
        );
        let written = fs::write(self.folder.join("conf/tandem.toml"), text);
        written.map_err(|error| io_failure("tandem.toml", &error))?;
        Ok(Setting { sip: self.house, udp: self.house, media_ports: "20000-29999" })
    }

    /// Says that every name is here, until it is told otherwise.
    fn dns(&self) -> Result<Program, Failure> {
        let mut command = Command::new("pebble-challtestsrv");
        command.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        command.args(["-dns01", &self.dns.to_string(), "-management", &self.dns_desk.to_string()]);
        let program = Program::start(command, &self.folder, "dns")?;
        wait_until_taken(Transport::Tcp, self.dns_desk)?;
        Ok(program)
    }

    fn lead_to(&self, address: &str) -> Result<(), Failure> {
        let failed = |error| io_failure("pebble-challtestsrv", &error);
        let mut stream = TcpStream::connect(self.dns_desk).map_err(failed)?;
        let body = json!({ "ip": address }).to_string();
        let length = body.len();
        write!(
            stream,
            "POST /set-default-ipv4 HTTP/1.1\r\nHost: dns\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .map_err(failed)?;
        let mut said = String::new();
        BufReader::new(stream).read_line(&mut said).map_err(failed)?;
        match said.contains(" 200 ") {
            true => Ok(()),
            false => Err(unlike("names cannot be led elsewhere", &json!(said))),
        }
    }

    /// An authority that refuses these domains.
    fn pebble(&self, refused: &[&str]) -> Result<Program, Failure> {
        let config = json!({ "pebble": {
            "listenAddress": self.authority.to_string(),
            "managementListenAddress": self.authority_desk.to_string(),
            "certificate": self.kept.certificate,
            "privateKey": self.kept.key,
            "httpPort": self.door.port(),
            "tlsPort": self.door.port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": refused,
            "certificateValidityPeriod": LIFE_S,
        } });
        let file = self.folder.join("pebble.json");
        fs::write(&file, config.to_string()).map_err(|error| io_failure("pebble.json", &error))?;
        let mut command = Command::new("pebble");
        command.arg("-strict").arg("-config").arg(&file).args(["-dnsserver", &self.dns.to_string()]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "20");
        command.env("PEBBLE_AUTHZREUSE", "0");
        let program = Program::start(command, &self.folder, "pebble")?;
        wait_until_taken(Transport::Tcp, self.authority)?;
        wait_until_taken(Transport::Tcp, self.authority_desk)?;
        Ok(program)
    }

    /// Certificates that this life of the authority has given.
    fn issued(&self) -> Result<usize, Failure> {
        let log = fs::read_to_string(self.folder.join("pebble.log"));
        let log = log.map_err(|error| io_failure("pebble.log", &error))?;
        Ok(log.lines().filter(|line| line.contains("Issued certificate serial")).count())
    }

    /// Fetches the root that this life of the authority signs by.
    fn roots(&self) -> Result<(), Failure> {
        let asked = format!(
            "printf 'GET /roots/0 HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect {} 2>/dev/null | \
             openssl x509 > {}",
            self.authority_desk,
            self.root().display(),
        );
        let mut command = Command::new("sh");
        step::read(command.args(["-c", &asked]), "read pebble.log").map(drop)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    fn client(&self) -> Command {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &self.sealed.to_string(), "-servername", NAME]);
        command.stderr(Stdio::null());
        command
    }

    fn believing(&self) -> Command {
        let mut command = self.client();
        command.args(["-verify_hostname", NAME, "-verify_return_error", "-CAfile"]).arg(self.root());
        command
    }

    /// Whether who believes the authority believes the house.
    fn is_believed(&self) -> bool {
        let mut command = self.believing();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// What is said of the certificate that is shown.
    fn shown(&self) -> Result<String, Failure> {
        let mut command = self.client();
        let said = command.stdin(Stdio::null()).output().map_err(|error| io_failure("openssl", &error))?;
        let file = self.folder.join("shown.txt");
        fs::write(&file, said.stdout).map_err(|error| io_failure("shown.txt", &error))?;
        let mut command = Command::new("openssl");
        command.args(["x509", "-noout", "-serial", "-subject", "-in"]).arg(&file);
        step::read(&mut command, "read shown.txt")
    }

    fn serial(&self) -> Result<String, Failure> {
        Ok(self.shown()?.lines().next().unwrap_or_default().to_owned())
    }

    fn is_door_open(&self) -> bool {
        TcpStream::connect(self.door).is_ok()
    }

    fn wait_for(&self, what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), Failure> {
        let until = Instant::now() + WITHIN;
        while !is_so() {
            if Instant::now() > until {
                return Err(Failure::new(
                    format!("not within {WITHIN:?}: {what}"),
                    "read node.log, pebble.log",
                ));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Keys are their owner's alone, and in no log.
    fn keeps_secrets(&self) -> Result<(), Failure> {
        let folder =
            fs::read_dir(self.folder.join("data/acme")).map_err(|error| io_failure("acme", &error))?;
        let mut count = 0;
        for authority in folder.flatten() {
            let files = fs::read_dir(authority.path()).map_err(|error| io_failure("acme", &error))?;
            for file in files.flatten() {
                let about = file.metadata().map_err(|error| io_failure("acme", &error))?;
                if about.permissions().mode() & 0o077 != 0 {
                    return Err(unlike("others may read a key", &json!(file.path())));
                }
                count += 1;
            }
        }
        let log = fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
        match count >= 3 && !log.contains("PRIVATE KEY") {
            true => Ok(()),
            false => Err(unlike("keys are not where they belong", &json!(count))),
        }
    }
}

/// A connection that lives as long as this.
struct Session {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    turn: u32,
}

impl Session {
    fn open(place: &Place) -> Result<Session, Failure> {
        let mut command = place.believing();
        let failed = |error| io_failure("openssl s_client", &error);
        command.arg("-quiet").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let none = || unlike("openssl has no ends", &Value::Null);
        let (to, from) = (child.stdin.take().ok_or_else(none)?, child.stdout.take().ok_or_else(none)?);
        Ok(Session { child, to, from: BufReader::new(from), turn: 0 })
    }

    fn is_answered(&mut self) -> Result<(), Failure> {
        let failed = |error| io_failure("the connection that lives", &error);
        self.turn += 1;
        let turn = self.turn;
        let text = format!(
            "OPTIONS sip:{NAME} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKlives{turn};rport\r\n\
             From: <sip:lives@{NAME}>;tag=l{turn}\r\nTo: <sip:{NAME}>\r\nCall-ID: lives{turn}@{NAME}\r\n\
             CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush()).map_err(failed)?;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if self.from.read_line(&mut line).map_err(failed)? == 0 {
                return Err(unlike("the connection has ended", &json!(turn)));
            }
            if line.starts_with("SIP/2.0 ") && !line.starts_with("SIP/2.0 200 ") {
                return Err(unlike("OPTIONS is refused", &json!(line)));
            }
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn asked(binary: &Binary, place: &Place, words: &[&str]) -> Result<(i32, Value), Failure> {
    let mut command = binary.command();
    command.args(words).arg("--json").arg("--data").arg(place.folder.join("data"));
    let output = command.stderr(Stdio::null()).output().map_err(|error| io_failure("tandem", &error))?;
    let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output.status.code().unwrap_or(-1), said))
}

fn list(binary: &Binary, place: &Place) -> Result<Value, Failure> {
    asked(binary, place, &["certificate", "list"]).map(|(_, said)| said)
}

fn alarm(binary: &Binary, place: &Place) -> Result<String, Failure> {
    let (_, said) = asked(binary, place, &["status"])?;
    Ok(said["alarms"][0].as_str().unwrap_or_default().to_owned())
}

fn expect_renewal(binary: &Binary, place: &Place) -> Result<(), Failure> {
    let (exit, said) = asked(binary, place, &["certificate", "renew", NAME])?;
    match exit == 0 && said["state"] == "current" && said["failures"] == 0 {
        true => Ok(()),
        false => Err(unlike("no certificate was given", &said)),
    }
}

/// It fails, and says why in the words of whoever refused it.
fn expect_failure(binary: &Binary, place: &Place, words: &str) -> Result<(), Failure> {
    let (exit, said) = asked(binary, place, &["certificate", "renew", NAME])?;
    match exit == 1 && said["why"].as_str().is_some_and(|why| why.contains(words)) {
        true => Ok(()),
        false => Err(unlike(&format!("it does not fail by {words:?}"), &said)),
    }
}

fn unlike(what: &str, said: &Value) -> Failure {
    Failure::new(format!("{what}: {said}"), "read node.log and pebble.log")
}
