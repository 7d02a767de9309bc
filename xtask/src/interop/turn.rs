//! A house and a far end, each behind a NAT of its own that nobody can configure, and coturn outside, which
//! shares no code with either. Where a NAT gives each port one place for all, the house learns its own from
//! coturn before a call needs it, and both find each other; where both NATs are symmetric nobody does, and
//! media goes round by a place at coturn. The far end has the agent of aioice, and says again what it hears:
//! the house's phone hears itself.
//!
//! Proves: G2.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::aiortc::PYTHON;
use super::handset::Handset;
use super::hearing::{expect_wave, newest_wave};
use super::nat::site::{Addresses, KINDS, Kind, OUTSIDE, PHONES, Site};
use super::office::{Left, Office, User};
use super::page::Page;
use super::place::{Transport, free_port, io_failure, wait_until_taken};
use super::{Binary, Load, alone, place};
use crate::step::{Failure, read, root};

const USERS: [User; 1] = [User { name: "hana", more: "" }];
const NUMBER: &str = "+13605550142";
const PASSWORD: &str = "known-to-coturn";
/// Two rounds of consent, and then some.
const WHILE: Duration = Duration::from_secs(7);
/// What the house says to coturn first may be lost, and is said again.
const LEARNT: Duration = Duration::from_secs(3);
const WITHIN: Duration = Duration::from_secs(10);
/// Of fifty packets a second.
const HEARD_MIN: u32 = 200;
const FAR_PORT: u16 = 5090;

/// How the house may be found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Where coturn sees it.
    Seen,
    /// At coturn.
    Place,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    if !alone::is_alone() {
        return Err(Failure::new("there is no network of its own", "needs root and iproute2"));
    }
    let _addresses = Addresses::take()?;
    read(Command::new("sysctl").args(["-q", "-w", "net.ipv4.ip_forward=1"]), "needs procps")?;
    let kind = |name| KINDS.into_iter().find(|kind| kind.name == name).expect("there is that kind");
    let (cone, symmetric) = (kind("port-restricted"), kind("symmetric"));
    let rows = [(By::Seen, cone, cone), (By::Place, symmetric, cone), (By::Place, symmetric, symmetric)];
    for (by, house, far) in rows {
        between(binary, by, house, far).map_err(|failure| {
            let name = name_of(by, house, far);
            Failure::new(format!("{name}: {failure}"), format!("read target/interop/{name}"))
        })?;
    }
    Ok("found by what coturn sees, and twice by a place at coturn, behind a symmetric NAT too".to_owned())
}

fn name_of(by: By, house: Kind, far: Kind) -> String {
    let by = if by == By::Seen { "stun" } else { "turn" };
    format!("{by}-{}-{}", house.name, far.name)
}

fn between(binary: &Binary, by: By, house: Kind, far: Kind) -> Result<(), Failure> {
    let (site, beyond) = (Site::open(house)?, Site::open_beside(far, 1)?);
    [&site, &beyond].into_iter().try_for_each(Site::is_walled)?;
    beyond.lets_in(FAR_PORT)?;
    let server = SocketAddr::new(IpAddr::V4(OUTSIDE), free_port(IpAddr::V4(OUTSIDE))?);
    let name = name_of(by, house, far);
    let there = SocketAddr::new(IpAddr::V4(beyond.door()), FAR_PORT);
    let coturn = Coturn::start(&place::folder(&format!("{name}-coturn"))?, server)?;
    let mut office = site.within(|| {
        let port = free_port(IpAddr::V4(PHONES))?;
        let password = format!("{PASSWORD}\n");
        let files = [("turn-password", password.as_bytes())];
        Office::open_beside(binary, &name, &USERS, ("", &documents(port, there, (by, server))), &files)
    })?;
    let mut command = Command::new(root().join(PYTHON));
    command.arg(root().join("interop/ice/far.py")).args([&PHONES.to_string(), &FAR_PORT.to_string(), "full"]);
    command.args([&beyond.door().to_string(), &server.to_string()]);
    let mut far = beyond.within(|| Page::start(&office.folder, "far", &mut command))?;
    far.tells("ready")?;
    let mut hana = site.within(|| office.phone_of("hana", "PCMU"))?;
    thread::sleep(LEARNT);

    let chosen = if by == By::Seen { site.door().to_string() } else { OUTSIDE.to_string() };
    let spoken = speak(&office, &mut hana, &mut far, &chosen);

    drop(hana);
    let left = site.within(|| office.close());
    spoken?;
    if by == By::Place {
        coturn.has_carried()?;
    }
    trail_says(&left?, by, site.door().to_string().as_str())
}

fn speak(office: &Office, hana: &mut Handset, far: &mut Page, chosen: &str) -> Result<(), Failure> {
    hana.tell("dial", &office.uri(NUMBER))?;
    hana.talks()?;
    far.tells(&format!("chosen {chosen} "))?;
    thread::sleep(WHILE);
    hana.tell("hangup", "")?;
    hana.is_left()?;
    let heard = far.tells("heard")?;
    far.tells("over")?;
    far.expect_untold("error")?;
    let packets: Option<u32> = heard.split(' ').next_back().and_then(|count| count.parse().ok());
    if packets.is_none_or(|packets| packets < HEARD_MIN) {
        return Err(Failure::new(format!("the far end {heard} packets"), "read far.log"));
    }
    expect_wave(&newest_wave(&office.folder.join("hana"))?, hana.voice)
}

/// The record of the call says how the house is seen, and by whose word.
fn trail_says(left: &Left, by: By, door: &str) -> Result<(), Failure> {
    let trail = left.records.iter().map(|record| record["trail"].to_string()).collect::<String>();
    let wanted = match by {
        By::Seen => format!("is seen as {door}:"),
        By::Place => format!("is found at {OUTSIDE}:"),
    };
    if trail.contains(&wanted) {
        return Ok(());
    }
    Err(Failure::new(format!("no trail says \"{wanted}\""), format!("it says {trail}")))
}

/// An outer interface with an inner address, and a trunk that is reached from there.
fn documents(port: u16, there: SocketAddr, (by, server): (By, SocketAddr)) -> String {
    let outpost = match by {
        By::Seen => format!("stun = \"{server}\""),
        By::Place => format!(
            "turn = {{ server = \"{server}\", user = \"house\", password = {{ file = \"turn-password\" }} }}"
        ),
    };
    format!(
        "\n[interface.out]\naddress = \"{PHONES}\"\nudp = {port}\nmedia_ports = \"20000-29999\"\n\
         side = \"outside\"\nice = \"full\"\n{outpost}\n\n\
         [trunk.far]\nservers = [{{ uri = \"sip:{there}\" }}]\n\
         health = {{ options = \"off\" }}\n\n[route.far]\norder = 5\nto = \"+1360…\"\n\
         use = [{{ trunk = \"far\" }}]\n"
    )
}

/// A server of STUN and TURN, as Debian has it.
struct Coturn {
    child: Child,
    log: PathBuf,
}

impl Coturn {
    fn start(folder: &Path, server: SocketAddr) -> Result<Coturn, Failure> {
        let file = folder.join("turnserver.conf");
        let (ip, port, at) = (server.ip(), server.port(), folder.display());
        let settings = format!(
            "listening-ip={ip}\nrelay-ip={ip}\nlistening-port={port}\nmin-port=40000\nmax-port=40999\n\
             lt-cred-mech\nuser=house:{PASSWORD}\nrealm=turn.test\nno-tls\nno-dtls\nno-tcp\nno-cli\nverbose\n\
             no-rfc5780\nuserdb={at}/turn.db\npidfile={at}/turn.pid\nlog-file=stdout\nsimple-log\n"
        );
        fs::write(&file, settings).map_err(|error| io_failure("turnserver.conf", &error))?;
        let log = folder.join("turnserver.log");
        let out = fs::File::create(&log).map_err(|error| io_failure("turnserver.log", &error))?;
        let errors = out.try_clone().map_err(|error| io_failure("turnserver.log", &error))?;
        let mut command = Command::new("turnserver");
        command.arg("-c").arg(&file).stdin(Stdio::null()).stdout(out).stderr(errors);
        let child = command.spawn();
        let child = child.map_err(|_| Failure::new("coturn does not start", "apt-get install coturn"))?;
        let coturn = Coturn { child, log };
        wait_until_taken(Transport::Udp, server)?;
        Ok(coturn)
    }

    fn said(&self) -> Result<String, Failure> {
        fs::read_to_string(&self.log).map_err(|error| io_failure("turnserver.log", &error))
    }

    fn says(&self, words: &str) -> Result<(), Failure> {
        let until = Instant::now() + WITHIN;
        while !self.said()?.contains(words) {
            if Instant::now() > until {
                return Err(Failure::new(
                    format!("coturn has never said \"{words}\""),
                    "read turnserver.log",
                ));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Media went by a place there, both ways, and the places were given up.
    fn has_carried(&self) -> Result<(), Failure> {
        self.says("lifetime=0")?;
        self.says("peer usage")?;
        let said = self.said()?;
        let carried = said.lines().filter(|line| line.contains("peer usage")).filter_map(both_ways).max();
        match carried {
            Some(packets) if packets >= HEARD_MIN => Ok(()),
            _ => Err(Failure::new(format!("coturn has carried {carried:?} packets"), "read turnserver.log")),
        }
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The fewer of the packets that came from a far end and that went to it.
fn both_ways(line: &str) -> Option<u32> {
    let count = |name: &str| -> Option<u32> {
        let (_, rest) = line.split_once(name)?;
        rest.split(',').next()?.trim().parse().ok()
    };
    Some(count("rp=")?.min(count("sp=")?))
}
