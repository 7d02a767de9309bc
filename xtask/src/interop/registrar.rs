//! Kamailio as a registrar: two accounts at one address of it, one plain and one for all numbers at once, are
//! registered from one socket of ours, called, and signed off again.
//!
//! Proves: A1, A2, A3.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure};
use super::program::Program;
use super::records;
use super::sipp::{Role, Sipp};
use super::{Binary, Load};
use crate::step::Failure;

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const REGISTRAR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 31));
const PASSWORD: &str = "secret of the registrar";
/// A number, and the account that it is called through.
const CALLS: [(&str, &str); 4] = [
    ("+12065550101", "plain"),
    ("+14255550102", "bulk"),
    ("+14255550103", "bulk"),
    ("+12065550104", "plain"),
];
const REGISTERED_WITHIN: Duration = Duration::from_secs(20);

pub fn run(binary: &Binary, _load: Load) -> Result<String, Failure> {
    let folder = place::folder("registrar")?;
    let house = SocketAddr::new(LOOP, free_port(LOOP)?);
    let registrar = SocketAddr::new(REGISTRAR, free_port(REGISTRAR)?);
    let callee = SocketAddr::new(LOOP, free_port(LOOP)?);
    let port = registrar.port().to_string();
    let filled = [("@PORT@", &*port), ("@PASSWORD@", PASSWORD)];
    let mut kamailio = Program::kamailio(&folder, "registrar.cfg", &filled, registrar)?;
    let setting = configure(&folder, house, registrar, callee)?;
    let node = Node::start(binary, &folder, &setting)?;
    wait_until_registered(&folder)?;
    let called = Sipp::start(&folder, &role("uas", callee, Vec::new()), None)?;

    call(&folder, registrar)?;
    node.stop()?;
    drop(called);
    kamailio.end();

    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, CALLS.len())?;
    for (number, account) in CALLS {
        let record = kept.iter().find(|record| record["to_e164"] == number);
        let through = record.and_then(|record| record["calling"].as_str()).unwrap_or("nobody");
        if through != account {
            let what = format!("{number} was called through {through}, not through {account}");
            return Err(Failure::new(what, "read the record, and kamailio.log beside it"));
        }
    }
    let said = heard(&folder)?;
    for account in ["plain", "bulk"] {
        expect(&said, &format!("challenged {account}"), 1)?;
        expect(&said, &format!("registered {account} for 600"), 1)?;
        expect(&said, &format!("registered {account} for 0"), 1)?;
        expect(&said, &format!("refused {account}"), 0)?;
    }
    Ok(format!("2 accounts on one socket, {} calls to the right one, signed off at the end", CALLS.len()))
}

/// Both accounts are there within seconds of the start.
fn wait_until_registered(folder: &Path) -> Result<(), Failure> {
    let until = Instant::now() + REGISTERED_WITHIN;
    loop {
        let said = heard(folder)?;
        let is_there =
            |account: &str| said.iter().any(|line| line.contains(&format!("registered {account}")));
        if is_there("plain") && is_there("bulk") {
            return Ok(());
        }
        if Instant::now() > until {
            let what = format!("not registered within {} s", REGISTERED_WITHIN.as_secs());
            return Err(Failure::new(what, "read node.log and kamailio.log"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// What the registrar's script has said.
fn heard(folder: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(folder.join("kamailio.log"))
        .map_err(|error| io_failure("kamailio.log", &error))?;
    Ok(text.lines().filter(|line| line.contains("@@ ")).map(str::to_owned).collect())
}

fn expect(said: &[String], words: &str, count: usize) -> Result<(), Failure> {
    let found = said.iter().filter(|line| line.contains(words)).count();
    if found == count {
        return Ok(());
    }
    let what = format!("the registrar said \"{words}\" {found} times, not {count}");
    Err(Failure::new(what, "read kamailio.log"))
}

/// One SIPp that calls each number once, through the registrar.
fn call(folder: &Path, registrar: SocketAddr) -> Result<(), Failure> {
    let numbers: Vec<String> = CALLS.iter().map(|(number, _)| format!("{number};")).collect();
    let text = format!("SEQUENTIAL\n{}\n", numbers.join("\n"));
    fs::write(folder.join("numbers.csv"), text).map_err(|error| io_failure("numbers.csv", &error))?;
    let count = CALLS.len().to_string();
    let options = ["-inf", "numbers.csv", "-m", &count, "-r", "2", "-l", "1", "-d", "200"];
    let options = options.map(str::to_owned).to_vec();
    let caller = SocketAddr::new(LOOP, free_port(LOOP)?);
    let counted = Sipp::start(folder, &role("uac-any", caller, options), Some(registrar))?
        .finish(Duration::from_secs(30))?;
    match counted.failed {
        0 => Ok(()),
        failed => Err(Failure::new(format!("SIPp lost {failed} calls"), "read uac-any.errors")),
    }
}

fn role(scenario: &str, local: SocketAddr, options: Vec<String>) -> Role<'_> {
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: Transport::Udp, options }
}

fn configure(
    folder: &Path,
    house: SocketAddr,
    registrar: SocketAddr,
    callee: SocketAddr,
) -> Result<Setting, Failure> {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error));
    write("conf/password", PASSWORD)?;
    let trunk = |name: &str, style: &str| {
        format!(
            "[trunk.{name}]\nservers = [{{ uri = \"sip:{registrar}\" }}]\naccept = {{ did = \"any\" }}\n\
             identity = {{ domain = \"registrar.test\" }}\nhealth = {{ options = \"off\" }}\n\
             auth = {{ user = \"{name}\", password = {{ file = \"password\" }} }}\n\
             register = {{ style = \"{style}\", expires = \"10m\" }}\n\n"
        )
    };
    let user = |(number, _): &(&str, &str)| {
        format!(
            "[user.u{}]\nnumber = \"{number}\"\ndevices = [{{ contact = \"sip:phone@{callee}\" }}]\n\n",
            number.trim_start_matches('+')
        )
    };
    let users: String = CALLS.iter().map(user).collect();
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"127.0.0.1\"\nudp = {}\nmedia_ports = \"20000-29999\"\n\
         side = \"outside\"\n\n{}{}{users}",
        house.port(),
        trunk("plain", "plain"),
        trunk("bulk", "gin"),
    );
    write("conf/tandem.toml", &text)?;
    Ok(Setting { sip: house, udp: house, media_ports: "20000-29999" })
}
