//! A call's messages reach capture servers by UDP and TCP: hep-js, which is of those who wrote HEP, reads the
//! packets, and tshark dissects the SIP that is in them.
//!
//! Proves: D16.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, calls, records};
use crate::step::{self, Failure, read, root};

const WAY: Way = Way { name: "hep", ..UDP_V4 };
/// Where hep-js is installed.
const PLACE: &str = "target/interop-hep";
/// INVITE, 100, 180, 200, ACK, BYE, 200 on each leg; the callee sends no 100.
const MESSAGES: usize = 13;
const KEY: &str = "0pen-se5ame";

/// Installs it, in the versions that interop/hep has locked, where it is missing.
pub fn install() -> Result<(), Failure> {
    let folder = root().join(PLACE);
    let lock = fs::read(root().join("interop/hep/package-lock.json"));
    let lock = lock.map_err(|error| io_failure("package-lock.json", &error))?;
    let installed = folder.join("node_modules/.package-lock.json").exists();
    if installed && fs::read(folder.join("package-lock.json")).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|error| io_failure(PLACE, &error))?;
    for file in ["package.json", "package-lock.json"] {
        let copied = fs::copy(root().join("interop/hep").join(file), folder.join(file));
        copied.map_err(|error| io_failure(file, &error))?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&folder).args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(&mut command, "needs npm (apt-get install nodejs npm) and its registry")
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, server) = (port()?, port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    let captures = format!(
        "[capture.by-udp]\nhep = \"udp:{server}\"\nagent = 228\nkey = {{ file = \"key\" }}\n\
         [capture.by-tcp]\nhep = \"tcp:{server}\"\nagent = 229\nkey = {{ file = \"key\" }}\n"
    );
    for (name, text) in [("conf/captures.toml", &*captures), ("conf/key", KEY)] {
        fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))?;
    }
    let _reader = reader(&folder, server)?;
    let began = seconds();
    let node = Node::start(binary, &folder, &setting)?;

    calls::one(&folder, setting.sip, caller, callee)?;
    let record = records::last(binary, &folder)?;
    let call = record["id"].as_str().unwrap_or_default();
    // What is left is sent when the house ends.
    node.stop()?;

    let between = [caller, callee].map(|far| (far, setting.sip));
    for (by, agent) in [("udp", 228), ("tcp", 229)] {
        let packets = packets(&folder, by, call)?;
        packets.iter().try_for_each(|packet| judged(packet, agent, &between, began))?;
        dissected(&folder, by, &packets)?;
    }
    Ok(format!("{MESSAGES} messages of both legs under one name, by UDP and by TCP, dissected"))
}

/// Whoever listens for the packets.
fn reader(folder: &Path, server: SocketAddr) -> Result<Program, Failure> {
    let mut command = Command::new("node");
    command.current_dir(root().join(PLACE)).arg(root().join("interop/hep/reader.mjs"));
    command.arg(server.port().to_string()).arg(folder.join("packets.jsonl"));
    Program::start_until(command, folder, "reader", "ready")
}

/// The packets that bear the call's name, of two dialogs.
fn packets(folder: &Path, by: &str, call: &str) -> Result<Vec<Value>, Failure> {
    let file = folder.join("packets.jsonl");
    let text = fs::read_to_string(&file).map_err(|error| io_failure("packets.jsonl", &error))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let packets: Vec<Value> =
        lines.filter(|packet| packet["by"] == by && packet["correlation_id"] == call).collect();
    let dialogs: BTreeSet<&str> = packets.iter().filter_map(call_id).collect();
    if packets.len() < MESSAGES || dialogs.len() != 2 {
        let what = format!("{} packets of {} dialogs by {by} for {call}", packets.len(), dialogs.len());
        return Err(Failure::new(what, format!("{MESSAGES} of 2 are wanted: read {}", file.display())));
    }
    Ok(packets)
}

fn call_id(packet: &Value) -> Option<&str> {
    let mut lines = packet["payload"].as_str()?.lines();
    lines.find_map(|line| line.strip_prefix("Call-ID:")).map(str::trim)
}

/// What stands around the message of a packet.
fn judged(
    packet: &Value,
    agent: u32,
    between: &[(SocketAddr, SocketAddr)],
    began: u64,
) -> Result<(), Failure> {
    let address = |ip: &str, port: &str| {
        let ip = packet[ip].as_str().unwrap_or_default().parse::<Ipv4Addr>().ok()?;
        Some(SocketAddr::from((ip, u16::try_from(packet[port].as_u64()?).ok()?)))
    };
    let ends = (address("srcIp", "srcPort"), address("dstIp", "dstPort"));
    let is_between = between
        .iter()
        .any(|(far, house)| ends == (Some(*far), Some(*house)) || ends == (Some(*house), Some(*far)));
    let at = packet["timeSeconds"].as_u64().unwrap_or_default();
    let micros = packet["timeUseconds"].as_u64().unwrap_or(u64::MAX);
    let (family, protocol) = (&packet["protocolFamily"], &packet["protocol"]);
    let is_sip = *family == 2 && *protocol == 17 && packet["payloadType"] == 1;
    let is_ours = packet["captureId"] == agent && packet["capturePass"] == KEY;
    let is_now = (began..=seconds()).contains(&at) && micros < 1_000_000;
    if is_between && is_sip && is_ours && is_now {
        return Ok(());
    }
    Err(Failure::new(format!("a packet is not as it should be: {packet}"), "compare with node.log"))
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// tshark finds SIP in each, and nothing wrong with it.
fn dissected(folder: &Path, by: &str, packets: &[Value]) -> Result<(), Failure> {
    let file = folder.join(format!("{by}.pcap"));
    let bytes = capture(packets);
    fs::write(&file, bytes).map_err(|error| io_failure("pcap", &error))?;
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(&file).args(["-d", "udp.port==1-65535,sip"]);
    let text = read(&mut tshark, "is tshark installed?")?;
    let bad = text.lines().find(|line| line.contains("Malformed") || !line.contains("SIP"));
    match bad {
        None if text.lines().count() == packets.len() => Ok(()),
        _ => Err(Failure::new(format!("tshark says of {by}: {bad:?}"), format!("read {}", file.display()))),
    }
}

/// A capture file (pcap, raw IP) of what hep-js took out of the packets.
fn capture(packets: &[Value]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0xffff, 101] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for packet in packets {
        let number = |key: &str| packet[key].as_u64().unwrap_or_default();
        let octets = |key: &str| {
            let text = packet[key].as_str().unwrap_or_default();
            text.parse().unwrap_or(Ipv4Addr::UNSPECIFIED).octets()
        };
        let text = packet["payload"].as_str().unwrap_or_default();
        let length = text.len() + 28;
        for word in [number("timeSeconds"), number("timeUseconds"), length as u64, length as u64] {
            file.extend_from_slice(&(word as u32).to_le_bytes());
        }
        file.extend_from_slice(&[0x45, 0]);
        file.extend_from_slice(&(length as u16).to_be_bytes());
        file.extend_from_slice(&[0, 0, 0x40, 0, 64, 17, 0, 0]);
        file.extend_from_slice(&octets("srcIp"));
        file.extend_from_slice(&octets("dstIp"));
        for half in [number("srcPort"), number("dstPort"), text.len() as u64 + 8, 0] {
            file.extend_from_slice(&(half as u16).to_be_bytes());
        }
        file.extend_from_slice(text.as_bytes());
    }
    file
}
