//! Records of calls reach a program of others, which judges each request by the libraries of Standard
//! Webhooks and of CloudEvents: after it was too busy, after it was away while the house crashed, and once
//! more when somebody asks for them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, calls, python, records};
use crate::step::{self, Failure, root};

const WAY: Way = Way { name: "webhooks", ..UDP_V4 };
/// Where the libraries are installed, and which.
const PLACE: &str = "target/interop-webhooks";
const LIBRARIES: [&str; 2] = ["standardwebhooks==1.1.0", "cloudevents==2.2.0"];
const WITHIN: Duration = Duration::from_secs(30);

/// Installs them in a folder of their own, where they are missing.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &LIBRARIES)
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, server) = (port()?, port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    write(&folder, "conf/billing.secret", "whsec_aG93IG1hbnkgY2FsbHMgd2VyZSB0aGVyZSB0b2RheT8=\n")?;
    let webhook = format!(
        "[webhook.billing]\nurl = \"http://{server}/calls\"\nsecret = {{ file = \"billing.secret\" }}\n"
    );
    write(&folder, "conf/webhooks.toml", &webhook)?;

    let mut receiver = receiver(&folder, server)?;
    let node = Node::start(binary, &folder, &setting)?;
    calls::one(&folder, setting.sip, caller, callee)?;
    let first = taken(&folder, 1)?;
    receiver.end();
    calls::one(&folder, setting.sip, caller, callee)?;
    node.kill()?;

    let _receiver = self::receiver(&folder, server)?;
    let node = Node::start(binary, &folder, &setting)?;
    let both = taken(&folder, 2)?;
    let mut command = binary.command();
    command.args(["webhook", "replay", "billing", "--since", "1h", "--data"]).arg(folder.join("data"));
    step::read(&mut command, "read node.log")?;
    let all = taken(&folder, 4)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    let ids: Vec<&str> = kept.iter().filter_map(|record| record["id"].as_str()).collect();
    let [one, two] = ids.as_slice() else {
        return Err(Failure::new(format!("{} records of two calls", ids.len()), "read data/records"));
    };
    let expected = [*one, *two, *one, *two];
    if first != expected[..1] || both != expected[..2] || all != expected {
        return Err(Failure::new(format!("of {ids:?} came {all:?}"), "read events.jsonl and node.log"));
    }
    Ok("2 records, each after a 503, one after a crash, both again when asked for".to_owned())
}

/// Whoever takes the records.
fn receiver(folder: &Path, server: SocketAddr) -> Result<Program, Failure> {
    let files = ["conf/billing.secret", "events.jsonl"].map(|name| folder.join(name));
    taker(folder, server, files, "batch")
}

/// A program that takes signed events, `one` at a time or in a `batch`: what both know is in a file, and what
/// it takes goes into one.
pub fn taker(
    folder: &Path,
    server: SocketAddr,
    [secret, lines]: [PathBuf; 2],
    by: &str,
) -> Result<Program, Failure> {
    let mut command = python::command(PLACE, "python");
    command.arg(root().join("interop/webhooks/taker.py")).arg(server.port().to_string());
    command.arg(secret).arg(lines).arg(by);
    Program::start_until(command, folder, "taker", "ready")
}

/// Waits until so many events were taken; the ids of all that were, in order.
fn taken(folder: &Path, count: usize) -> Result<Vec<String>, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let text = fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ids: Vec<String> = events.filter_map(|event| Some(event["id"].as_str()?.to_owned())).collect();
        if ids.len() >= count {
            return Ok(ids);
        }
        if Instant::now() > until {
            let what = format!("{} events of {count}", ids.len());
            return Err(Failure::new(what, "read taker.log and node.log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))
}
