//! A provider made of other people's programs: Kamailio on several addresses of loopback, found by SRV from
//! dnsmasq, called by SIPp through the node. Each call ends as the table of failover foretells.
//!
//! Proves: A5, A7, D2, F-08.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure, wait_until_taken};
use super::program::Program;
use super::records;
use super::sipp::{Role, Sipp};
use super::{Binary, Load};
use crate::step::{Failure, read};

const NAME: &str = "provider";
const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 153));
/// Where Kamailio listens last.
const LAST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 24));
const PASSWORD: &str = "secret of the provider";
const MOVED_WITHIN: Duration = Duration::from_secs(30);

/// Codes that the first address answers with; after 18x none of them moves on.
const CODES: [u16; 8] = [404, 408, 480, 486, 500, 502, 503, 603];
/// Those that move on to the second address when nothing was heard before.
const MOVES_ON: [u16; 4] = [408, 500, 502, 503];
/// What comes before the code: nothing, 180, 183 with a session.
const SEEN: [u8; 3] = [2, 3, 4];

pub fn run(binary: &Binary, _load: Load) -> Result<String, Failure> {
    let folder = place::folder(NAME)?;
    let (sip, kamailio) = (free_port(LOOP)?, free_port(LOOP)?);
    let callee = SocketAddr::new(LOOP, free_port(LOOP)?);
    let dns = Dns::start(&folder, kamailio)?;
    let (port, to) = (kamailio.to_string(), callee.port().to_string());
    let filled = [("@PORT@", &*port), ("@PASSWORD@", PASSWORD), ("@CALLEE@", &to)];
    let at = SocketAddr::new(LAST, kamailio);
    let provider = Program::kamailio(&folder, "provider.cfg", &filled, at)?;
    let setting = configure(&folder, SocketAddr::new(LOOP, sip))?;
    let node = Node::start_with(binary, &folder, &setting, &["--dns", &DNS.to_string()])?;
    let called = Sipp::start(&folder, &role("uas", callee, Vec::new()), None)?;

    let cells = SEEN.iter().flat_map(|seen| CODES.map(|code| (*seen, code)));
    let numbers: Vec<String> = cells.map(|(seen, code)| format!("+1202{seen}{code}000")).collect();
    call(&folder, setting.sip, &numbers)?;
    call(&folder, setting.sip, &["+13035550100".to_owned()])?;
    call(&folder, setting.sip, &["+12025503001".to_owned(), "+12022404001".to_owned()])?;
    thread::sleep(Duration::from_secs(4));
    dns.moves_the_first()?;
    wait_until_moved(binary, &folder)?;
    call(&folder, setting.sip, &["+12022486002".to_owned()])?;
    node.stop()?;
    drop((called, provider));

    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, numbers.len() + 4)?;
    let judged = judge(&kept)?;
    Ok(format!(
        "{judged} cells as foretold, a silent address passed over, a rest kept, a move in DNS followed"
    ))
}

/// The node asks for the address again when what it knows is old.
fn wait_until_moved(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let until = Instant::now() + MOVED_WITHIN;
    loop {
        let mut command = binary.command();
        command.args(["trunk", "list", "--json", "--data"]).arg(folder.join("data"));
        if read(&mut command, "read node.log")?.contains(&LAST.to_string()) {
            return Ok(());
        }
        if Instant::now() > until {
            let what = format!("a move in DNS was not seen within {} s", MOVED_WITHIN.as_secs());
            return Err(Failure::new(what, "read node.log and dnsmasq.log"));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Compares each record with what its number foretells.
fn judge(kept: &[Value]) -> Result<usize, Failure> {
    for seen in SEEN {
        for code in CODES {
            let moves_on = seen == 2 && MOVES_ON.contains(&code);
            let expected = if moves_on { (200, 2) } else { (code, 1) };
            expect(kept, &format!("+1202{seen}{code}000"), expected, None)?;
        }
    }
    let silent = expect(kept, "+13035550100", (200, 2), Some("127.0.0.22"))?;
    if silent["setup_ms"].as_u64().is_none_or(|took| took > 4_000) {
        return Err(Failure::new(
            format!("a silent address cost {} ms", silent["setup_ms"]),
            "read node.log",
        ));
    }
    expect(kept, "+12025503001", (200, 2), Some("127.0.0.22"))?;
    expect(kept, "+12022404001", (200, 1), Some("127.0.0.22"))?;
    expect(kept, "+12022486002", (486, 1), Some("127.0.0.24"))?;
    Ok(SEEN.len() * CODES.len())
}

/// The record of a number: its final status, how many addresses were tried, and which was the last.
fn expect<'r>(
    kept: &'r [Value],
    number: &str,
    (status, attempts): (u16, usize),
    last: Option<&str>,
) -> Result<&'r Value, Failure> {
    let record = kept.iter().find(|record| record["to_e164"] == number);
    let record = record.ok_or_else(|| Failure::new(format!("{number} has no record"), "read node.log"))?;
    let tried = record["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let remote = tried.last().and_then(|attempt| attempt["remote"].as_str()).unwrap_or_default();
    let is_last = last.is_none_or(|last| remote.contains(last));
    if record["sip_code"] == status && tried.len() == attempts && is_last {
        return Ok(record);
    }
    let what = format!(
        "{number}: {} after {} attempts, the last at {remote}; {status} after {attempts} was foretold",
        record["sip_code"],
        tried.len()
    );
    Err(Failure::new(what, "read the record, and kamailio.log beside it"))
}

/// One SIPp that calls each number once, one after another.
fn call(folder: &Path, house: SocketAddr, numbers: &[String]) -> Result<(), Failure> {
    let file = folder.join("numbers.csv");
    let text = format!("SEQUENTIAL\n{}\n", numbers.join(";\n") + ";");
    fs::write(&file, text).map_err(|error| io_failure("numbers.csv", &error))?;
    let count = numbers.len().to_string();
    let options = ["-inf", "numbers.csv", "-m", &count, "-r", "2", "-l", "1", "-d", "200"];
    let options = options.map(str::to_owned).to_vec();
    let caller = SocketAddr::new(LOOP, free_port(LOOP)?);
    let counted = Sipp::start(folder, &role("uac-any", caller, options), Some(house))?
        .finish(Duration::from_secs(30 + 5 * numbers.len() as u64))?;
    match counted.failed {
        0 => Ok(()),
        failed => Err(Failure::new(format!("SIPp lost {failed} calls"), "read uac-any.errors")),
    }
}

fn role(scenario: &str, local: SocketAddr, options: Vec<String>) -> Role<'_> {
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: Transport::Udp, options }
}

fn configure(folder: &Path, sip: SocketAddr) -> Result<Setting, Failure> {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error));
    write("conf/password", PASSWORD)?;
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"127.0.0.1\"\nudp = {}\nmedia_ports = \"20000-29999\"\n\
         side = \"outside\"\n\n\
         [trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{sip}\" }}]\n\
         accept = {{ sources = [\"127.0.0.1\"], did = \"any\" }}\ndirection = \"in\"\n\
         health = {{ options = \"off\" }}\n\n\
         [trunk.provider]\ndirection = \"out\"\nservers = [\n\
         \x20 {{ uri = \"sip:first.test\", priority = 1 }},\n\
         \x20 {{ uri = \"sip:second.test\", priority = 2 }},\n]\n\
         auth = {{ user = \"tandem\", password = {{ file = \"password\" }} }}\n\
         health = {{ options = \"2s\" }}\n\n\
         [trunk.half]\ndirection = \"out\"\nservers = [{{ uri = \"sip:half.test\" }}]\n\
         auth = {{ user = \"tandem\", password = {{ file = \"password\" }} }}\n\
         health = {{ options = \"off\" }}\n\n\
         [route.provider]\norder = 10\nto = \"+1202…\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"provider\" }}]\n\n\
         [route.half]\norder = 20\nto = \"+1303…\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"half\" }}]\n",
        sip.port()
    );
    write("conf/tandem.toml", &text)?;
    Ok(Setting { sip, udp: sip, media_ports: "20000-29999" })
}

/// dnsmasq, which answers for the zone `test` alone.
struct Dns {
    program: Program,
    hosts: PathBuf,
}

impl Dns {
    fn start(folder: &Path, port: u16) -> Result<Dns, Failure> {
        let hosts = folder.join("zone.hosts");
        write_zone(&hosts, "127.0.0.21")?;
        let service = |name: &str, target: &str, priority: u8| {
            format!("--srv-host=_sip._udp.{name}.test,{target}.test,{port},{priority},100")
        };
        let pointer =
            |name: &str| format!("--naptr-record={name}.test,10,10,s,SIP+D2U,,_sip._udp.{name}.test");
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="]);
        command.args(["--conf-file=/dev/null", "--local=/test/", "--local-ttl=2", "--log-facility=-"]);
        command.args(["--bind-interfaces", "--port=53"]);
        command.arg(format!("--listen-address={DNS}")).arg(format!("--addn-hosts={}", hosts.display()));
        command.args([service("first", "a", 10), service("second", "b", 10)]);
        command.args([service("half", "silent", 10), service("half", "b", 20)]);
        command.args(["first", "second", "half"].map(pointer));
        let program = Program::start(command, folder, "dnsmasq")?;
        wait_until_taken(Transport::Udp, SocketAddr::new(DNS, 53))?;
        Ok(Dns { program, hosts })
    }

    /// The first server moves to another address.
    fn moves_the_first(&self) -> Result<(), Failure> {
        write_zone(&self.hosts, "127.0.0.24")?;
        read(Command::new("kill").args(["-HUP", &self.program.id().to_string()]), "is `kill` installed?")?;
        Ok(())
    }
}

fn write_zone(hosts: &Path, first: &str) -> Result<(), Failure> {
    let text = format!("{first} a.test\n127.0.0.22 b.test\n127.0.0.23 silent.test\n");
    fs::write(hosts, text).map_err(|error| io_failure("zone.hosts", &error))
}
