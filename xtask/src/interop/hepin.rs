//! Others tell the house what they have seen of its calls: Kamailio in front of it, by its own HEP over UDP,
//! and another Tandem behind it, over TCP. The ladder shows their legs with its own. Whoever is not believed,
//! and a flood of a hundred thousand packets, are counted and harm nothing.
//!
//! Proves: D16, pain 23.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, calls, drawn, records};
use crate::step::{Failure, read};

const WAY: Way = Way { name: "hepin", ..UDP_V4 };
const BRANCH: Way = Way { name: "hepin-branch", ..UDP_V4 };
const KEY: &str = "0pen-se5ame";
const FLOOD: usize = 100_000;
const WITHIN: Duration = Duration::from_secs(30);
/// An address of loopback that nobody named.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
/// What crosses on each leg, at least.
const DIALOG: [&str; 6] = ["INVITE", "180", "200", "ACK", "BYE", "200"];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let (folder, branch) = (place::folder(WAY.name)?, place::folder(BRANCH.name)?);
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, proxy, observed) = (port()?, port()?, port()?, port()?);
    let behind = node::configure(&branch, BRANCH, callee, None)?;
    moved_aside(&branch, behind.media_ports)?;
    let setting = node::configure(&folder, WAY, behind.sip, None)?;
    let key = format!("key = {{ file = \"key\" }}\nfrom = [\"{}\"]\n", WAY.address);
    write(
        &folder,
        &format!(
            "[observer.kamailio]\nlisten = \"udp:{observed}\"\nagent = 2001\n{key}\
             [observer.branch]\nlisten = \"tcp:{observed}\"\nagent = 7\n{key}"
        ),
    )?;
    write(
        &branch,
        &format!("[capture.house]\nhep = \"tcp:{observed}\"\nagent = 7\nkey = {{ file = \"key\" }}\n"),
    )?;
    let filled = [
        ("@PORT@", proxy.port().to_string()),
        ("@OBSERVED@", observed.port().to_string()),
        ("@HOUSE@", setting.sip.port().to_string()),
        ("@KEY@", KEY.to_owned()),
    ];
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let node = Node::start(binary, &folder, &setting)?;
    let other = Node::start(binary, &branch, &behind)?;
    let _proxy = Program::kamailio(&folder, "observer.cfg", &filled, proxy)?;

    calls::one(&folder, proxy, caller, callee)?;
    let record = records::last(binary, &folder)?;
    let call = record["id"].as_str().unwrap_or_default();
    let seen = complete(binary, &folder, call)?;
    for (name, outside) in [("kamailio", [caller, proxy]), ("branch", [behind.sip, callee])] {
        judge(&seen, name, outside)?;
    }
    drawn(binary, &folder, call)?;
    drawn::judge(binary, &folder, &[call.to_owned()])?;
    let counted = exported(binary, &folder, call)?;
    disbelieved(binary, &folder, observed, &record)?;
    let after = messages(&ladder(binary, &folder, call)?, "messages");
    let before = messages(&seen, "messages");
    if before != after {
        return Err(Failure::new("a flood has pushed out what the house saw", "compare with before"));
    }
    other.stop()?;
    node.stop()?;
    Ok(format!(
        "{counted} messages of four legs in one picture, from Kamailio and another house; \
         {FLOOD} others harm nothing"
    ))
}

/// Both houses are on one machine: the media of one has other ports.
fn moved_aside(folder: &Path, ports: &str) -> Result<(), Failure> {
    let path = folder.join("conf/tandem.toml");
    let text = fs::read_to_string(&path).map_err(|error| io_failure("tandem.toml", &error))?;
    fs::write(&path, text.replace(ports, "30000-31999")).map_err(|error| io_failure("tandem.toml", &error))
}

fn write(folder: &Path, documents: &str) -> Result<(), Failure> {
    for (name, text) in [("conf/observed.toml", documents), ("conf/key", KEY)] {
        fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))?;
    }
    Ok(())
}

fn tandem(binary: &Binary, folder: &Path, words: &[&str]) -> Result<String, Failure> {
    let mut command = binary.command();
    read(command.args(words).arg("--data").arg(folder.join("data")), "read node.log")
}

fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(error.to_string(), "--json prints one document"))
}

/// What is known of the call.
fn ladder(binary: &Binary, folder: &Path, call: &str) -> Result<Value, Failure> {
    Ok(parsed(&tandem(binary, folder, &["call", "ladder", call, "--json"])?)?["found"].take())
}

/// The same, once both have told of the end of the call.
fn complete(binary: &Binary, folder: &Path, call: &str) -> Result<Value, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let seen = ladder(binary, folder, call)?;
        let says_bye = |one: &&Value| one["text"].as_str().is_some_and(|text| text.contains(" BYE\r\n"));
        let told = messages(&seen, "observed");
        let is_there =
            |name: &str| told.iter().filter(says_bye).filter(|one| one["observer"] == name).count() >= 4;
        if is_there("kamailio") && is_there("branch") {
            return Ok(seen);
        }
        if Instant::now() > until {
            let names: Vec<_> = told.iter().map(|one| one["observer"].as_str()).collect();
            return Err(Failure::new(format!("what was told is not whole: {names:?}"), "read both node.log"));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn messages(seen: &Value, key: &str) -> Vec<Value> {
    seen[key].as_array().cloned().unwrap_or_default()
}

/// A whole dialog that the house has not seen, between these; and one that it has seen, too.
fn judge(seen: &Value, name: &str, outside: [SocketAddr; 2]) -> Result<(), Failure> {
    let told = messages(seen, "observed");
    let of_it = || told.iter().filter(|one| one["observer"] == name);
    let outside = outside.map(|address| address.to_string());
    let is_outside = |one: &&Value| {
        let ends = [&one["from"], &one["to"]].map(|end| end.as_str().unwrap_or_default().to_owned());
        ends == outside || ends == [outside[1].clone(), outside[0].clone()]
    };
    for (what, found) in [
        ("alone", of_it().filter(|one| one["same_as"].is_null()).filter(is_outside).collect::<Vec<_>>()),
        ("too", of_it().filter(|one| one["same_as"].is_u64()).collect()),
    ] {
        let words: Vec<&str> = found.iter().filter_map(|one| word_of(one)).collect();
        let count = |of: &[&str], word: &str| of.iter().filter(|other| **other == word).count();
        let is_missing = |word: &&&str| count(&words, word) < count(&DIALOG, word);
        if let Some(missing) = DIALOG.iter().find(is_missing) {
            let what = format!("{name} has not told of {missing} which it saw {what}, but of {words:?}");
            return Err(Failure::new(what, "compare `call ladder` with node.log and kamailio.log"));
        }
    }
    let unlike = of_it().filter(|one| one["same_as"].is_null()).find(|one| !is_outside(one));
    match unlike {
        None => Ok(()),
        Some(one) => {
            Err(Failure::new(format!("{name} tells of {one}"), "the house must have seen that, too"))
        }
    }
}

/// Its method or status.
fn word_of(message: &Value) -> Option<&str> {
    let start = message["text"].as_str()?.lines().next()?;
    start.strip_prefix("SIP/2.0 ").unwrap_or(start).split(' ').next()
}

fn drawn(binary: &Binary, folder: &Path, call: &str) -> Result<(), Failure> {
    let drawn = tandem(binary, folder, &["call", "ladder", call])?;
    for words in ["(reported by kamailio)", "(reported by kamailio, too)", "(reported by branch)"] {
        if !drawn.contains(words) {
            return Err(Failure::new(format!("no {words:?} in\n{drawn}"), "read node.log"));
        }
    }
    Ok(())
}

/// tshark finds each message once, with what is said of it.
fn exported(binary: &Binary, folder: &Path, call: &str) -> Result<usize, Failure> {
    let file = folder.join("call.pcapng").display().to_string();
    tandem(binary, folder, &["call", "export", call, "--pcapng", &file])?;
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", &file, "-d", "udp.port==1-65535,sip", "-T", "fields"]);
    tshark.args(["-e", "sip.Call-ID", "-e", "frame.comment", "-e", "_ws.malformed"]);
    let text = read(&mut tshark, "is tshark installed?")?;
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let says = |words: &str| lines.iter().filter(|line| line.get(1) == Some(&words)).count();
    let dialogs: BTreeSet<&str> = lines.iter().filter_map(|line| line.first().copied()).collect();
    let counts = ["kamailio", "branch"]
        .map(|name| (says(&format!("reported by {name}")), says(&format!("reported by {name}, too"))));
    let is_whole = counts.iter().all(|(alone, too)| *alone >= DIALOG.len() && *too >= DIALOG.len());
    if is_whole && dialogs.len() == 3 && lines.iter().all(|line| line.get(2).is_none_or(|bad| bad.is_empty()))
    {
        return Ok(lines.len());
    }
    let what = format!("the capture has {counts:?} of {} dialogs", dialogs.len());
    Err(Failure::new(what, format!("read {file}")))
}

/// Packets that are nobody's, and more of them than there is room for.
fn disbelieved(binary: &Binary, folder: &Path, observed: SocketAddr, record: &Value) -> Result<(), Failure> {
    let leg = record["call_id"].as_str().unwrap_or_default();
    let socket = |from: IpAddr| UdpSocket::bind((from, 0)).map_err(|error| io_failure("bind", &error));
    let (friend, stranger) = (socket(WAY.address)?, socket(STRANGER)?);
    let send = |socket: &UdpSocket, bytes: &[u8]| {
        socket.send_to(bytes, observed).map(drop).map_err(|error| io_failure("send", &error))
    };
    send(&friend, &packet(2001, "another key", "forged", leg))?;
    send(&friend, &packet(2002, KEY, "forged", leg))?;
    send(&stranger, &packet(2001, KEY, "forged", leg))?;
    send(&friend, &packet(2001, KEY, "forged", leg)[..60])?;
    let flood = packet(2001, KEY, "flood", "another@call");
    for _ in 0..FLOOD {
        send(&friend, &flood)?;
    }
    thread::sleep(Duration::from_secs(1));
    let standing = parsed(&tandem(binary, folder, &["status", "--json"])?)?;
    let observers = messages(&standing, "observers");
    let kamailio = observers.iter().find(|one| one["name"] == "kamailio");
    let refused = kamailio.and_then(|one| one["refused"].as_u64());
    if refused != Some(3) {
        return Err(Failure::new(format!("{refused:?} were refused, not 3"), "read node.log"));
    }
    let seen = tandem(binary, folder, &["call", "ladder", leg, "--json"])?;
    match ["forged", "flood"].iter().find(|word| seen.contains(**word)) {
        None => Ok(()),
        Some(word) => Err(Failure::new(format!("what is {word} is shown"), "compare with node.log")),
    }
}

/// A copy of a message, made by hand.
fn packet(agent: u32, key: &str, who: &str, call_id: &str) -> Vec<u8> {
    let text = format!(
        "OPTIONS sip:{who}@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{who}\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:a@b>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    let chunks: [(u16, &[u8]); 9] = [
        (1, &[2]),
        (2, &[17]),
        (3, &[192, 0, 2, 1]),
        (4, &[192, 0, 2, 2]),
        (7, &[0x13, 0xc4]),
        (8, &[0x13, 0xc4]),
        (11, &[1]),
        (12, &agent.to_be_bytes()),
        (14, key.as_bytes()),
    ];
    let mut bytes = b"HEP3\0\0".to_vec();
    for (kind, says) in chunks.into_iter().chain([(15, text.as_bytes())]) {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(says.len() as u16 + 6).to_be_bytes());
        bytes.extend_from_slice(says);
    }
    let length = (bytes.len() as u16).to_be_bytes();
    bytes[4..6].copy_from_slice(&length);
    bytes
}
