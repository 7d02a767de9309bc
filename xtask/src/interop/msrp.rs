//! Chats and files of ten megabytes in calls, in both directions at once: between two clients, whoever of
//! them connects, and a smaller one between one of them and one behind Kamailio as its relay (RFC 4976).
//! tshark dissects what crossed in a chat.
//!
//! Proves: L11.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::capture::{Capture, Written};
use super::node::{Node, Setting};
use super::place::{self, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, records};
use crate::step::{Failure, root};

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 91));
const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 92));
const CALLEE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 93));
const BYTES: u64 = 10_000_000;
/// Lines of the chat, and the file.
const MESSAGES: u64 = 4;
const WITHIN: Duration = Duration::from_secs(100);

/// How both ends come to their connections.
struct Pair {
    name: &'static str,
    bytes: u64,
    /// What the caller and the callee say of it (RFC 6135).
    setups: [&'static str; 2],
    caller_is: Where,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Here,
    BehindRelay,
}

/// Captured whole, and dissected: of a larger file a capture has holes.
const FIRST: Pair =
    Pair { name: "chat", bytes: 1_000, setups: ["actpass", "active"], caller_is: Where::BehindRelay };
const PAIRS: [Pair; 4] = [
    Pair { name: "both-come", bytes: BYTES, setups: ["active", "active"], caller_is: Where::Here },
    Pair { name: "as-ever", bytes: BYTES, setups: ["unsaid", "unsaid"], caller_is: Where::Here },
    Pair { name: "both-wait", bytes: BYTES, setups: ["passive", "passive"], caller_is: Where::Here },
    Pair { name: "relay", bytes: BYTES / 10, setups: ["active", "active"], caller_is: Where::BehindRelay },
];

struct Places {
    house: SocketAddr,
    msrp: u16,
    caller: SocketAddr,
    callee: SocketAddr,
    relay: SocketAddr,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("msrp")?;
    let at = |address: IpAddr| free_port(address).map(|port| SocketAddr::new(address, port));
    let (house, msrp) = (at(HOUSE)?, free_port(HOUSE)?);
    let places = Places { house, msrp, caller: at(CALLER)?, callee: at(CALLEE)?, relay: at(RELAY)? };
    fs::write(folder.join("conf/tandem.toml"), documents(&places))
        .map_err(|error| io_failure("tandem.toml", &error))?;
    let (relay, port) = (places.relay.ip().to_string(), places.relay.port().to_string());
    let house_port = msrp.to_string();
    let filled = [("@ADDRESS@", &*relay), ("@PORT@", &*port), ("@MSRP@", &*house_port)];
    let mut kamailio = Program::kamailio(&folder, "chats.cfg", &filled, places.relay)?;
    let filter = format!("tcp port {msrp}");
    let capture = Capture::start(&folder, &filter, house.port())?;
    let node = Node::start(binary, &folder, &Setting { sip: house, udp: house, media_ports: "20000-29999" })?;

    exchange(&folder, &places, &FIRST)?;
    let written = capture.end()?;
    for pair in &PAIRS {
        exchange(&folder, &places, pair)?;
    }
    node.stop()?;
    kamailio.end();

    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 1 + PAIRS.len())?;
    kept.iter().try_for_each(expect_counted)?;
    let dissected = dissected(&written, &places)?;
    Ok(format!(
        "a chat and 10 MB each way, whoever connects; 1 MB by a relay; {dissected} requests dissected"
    ))
}

fn documents(places: &Places) -> String {
    let Places { house, msrp, caller, callee, .. } = places;
    let user = |name: &str, number: &str, at: &SocketAddr| {
        format!("[user.{name}]\nnumber = \"{number}\"\ndevices = [{{ contact = \"sip:{name}@{at}\" }}]\n\n")
    };
    format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"{}\"\nudp = {}\nmsrp = {msrp}\nmedia_ports = \"20000-29999\"\n\
         side = \"inside\"\n\n{}{}",
        house.ip(),
        house.port(),
        user("hana", "+14255550101", caller),
        user("minsu", "+14255550102", callee),
    )
}

/// One call, in which each writes to the other and sends a file.
fn exchange(folder: &Path, places: &Places, pair: &Pair) -> Result<(), Failure> {
    let _callee = client(folder, places, pair, "callee")?;
    let _caller = client(folder, places, pair, "caller")?;
    let seen = ["caller", "callee"].map(|role| seen(folder, pair.name, role));
    let [caller, callee] = seen;
    let (caller, callee) = (caller?, callee?);
    for (one, other, role) in [(&caller, &callee, "callee"), (&callee, &caller, "caller")] {
        let has_failed = one["failed"] != Value::Array(Vec::new());
        let whole = one["received"] == other["sent"] && one["bytes"] == pair.bytes && !has_failed;
        let chat = one["chat"].as_array().map(Vec::len).unwrap_or_default();
        let is_theirs = one["chat"][0] == format!("hello from {role}");
        let reports = one["reports"].as_u64() == Some(MESSAGES);
        let is_ours = one["told"].as_str().is_some_and(|told| {
            told.starts_with(&format!("msrp://{}:{}/", places.house.ip(), places.msrp)) && !told.contains(' ')
        });
        if !(whole && chat == 3 && is_theirs && reports && is_ours) {
            let what = format!("{}: what the {role} sent did not arrive as it was", pair.name);
            return Err(Failure::new(what, format!("read {}-*.json: {one}", pair.name)));
        }
    }
    Ok(())
}

fn client(folder: &Path, places: &Places, pair: &Pair, role: &str) -> Result<Program, Failure> {
    let (own, setup) = if role == "caller" { (places.caller, 0) } else { (places.callee, 1) };
    let mut command = Command::new("python3");
    command.arg(root().join("interop/msrp/client.py"));
    command.args(["--role", role, "--number", "+14255550102", "--setup", pair.setups[setup]]);
    command.args(["--at", &own.ip().to_string(), "--port", &own.port().to_string()]);
    command.args(["--house", &places.house.to_string(), "--size", &pair.bytes.to_string()]);
    if role == "caller" && pair.caller_is == Where::BehindRelay {
        command.args(["--relay", &format!("msrp://{};tcp", places.relay)]);
    }
    let name = format!("{}-{role}", pair.name);
    command.arg("--out").arg(folder.join(format!("{name}.json")));
    Program::start_until(command, folder, &name, "ready")
}

/// What a client saw, when its call is over.
fn seen(folder: &Path, pair: &str, role: &str) -> Result<Value, Failure> {
    let file = folder.join(format!("{pair}-{role}.json"));
    let until = Instant::now() + WITHIN;
    loop {
        let text = fs::read_to_string(&file).unwrap_or_default();
        if let Ok(seen) = serde_json::from_str(&text) {
            return Ok(seen);
        }
        if Instant::now() > until {
            let what = format!("{pair}: the {role} is not done");
            return Err(Failure::new(what, format!("read {}", file.with_extension("log").display())));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn expect_counted(record: &Value) -> Result<(), Failure> {
    let is_counted = ["caller", "callee"].iter().all(|side| {
        let side = &record["chat"][side];
        side["messages"] == MESSAGES && side["bytes"].as_u64().is_some_and(|bytes| bytes > FIRST.bytes)
    });
    if is_counted {
        return Ok(());
    }
    Err(Failure::new(format!("a record counts {}", record["chat"]), "four messages came from each side"))
}

/// Nobody's address crossed, and nothing that tshark complains of.
fn dissected(written: &Written, places: &Places) -> Result<usize, Failure> {
    let bad = written.frames("(_ws.malformed or _ws.expert.severity >= 6291456) and msrp")?;
    if let Some(first) = bad.first() {
        let what = format!("tshark complains of {} frames; the first: {first}", bad.len());
        return Err(Failure::new(what, "open calls.pcap in Wireshark"));
    }
    let from_house = format!("tcp.srcport == {} && msrp.to.path", places.msrp);
    let paths = written.fields(&from_house, &["ip.dst", "msrp.from.path"])?;
    let ours = format!("msrp://{}:{}/", places.house.ip(), places.msrp);
    if let Some(wrong) = paths.iter().find(|path| !path.get(1).is_some_and(|from| from.starts_with(&ours))) {
        return Err(Failure::new(format!("{wrong:?} is not from the house"), "read calls.pcap"));
    }
    let unmarked =
        written.frames(&format!("tcp.srcport == {} && msrp && ip.dsfield.dscp != 24", places.msrp))?;
    if let Some(first) = unmarked.first() {
        return Err(Failure::new(format!("{} unmarked; the first: {first}", unmarked.len()), "see dscp"));
    }
    match paths.len() {
        0 => Err(Failure::new("tshark sees no MSRP from the house", "read calls.pcap")),
        count => Ok(count),
    }
}
