//! A crash in the middle of hundreds of calls: every call that the caller saw end has exactly one record, a
//! half-written line is set aside, and the node goes on where it was.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::calls::NUMBER;
use super::node::Node;
use super::place::{Transport, UDP_V4, Way, io_failure};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load, records};
use crate::step::Failure;

const WAY: Way = Way { name: "crash", ..UDP_V4 };
/// Hundreds are held, and dozens have ended, when the node dies.
const RATE: u64 = 100;
const HOLD_MS: u64 = 5_000;
const FINISHED_FIRST: u64 = 60;

pub fn run(binary: &Binary, _load: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;
    let uas = Sipp::start(&folder, &role("uas", callee, &[]), None)?;

    let (rate, hold) = (RATE.to_string(), HOLD_MS.to_string());
    let options =
        ["-r", &rate, "-d", &hold, "-m", "100000", "-l", "500", "-key", "number", NUMBER, "-trace_logs"];
    let options = [&options[..], &["-log_file", "ended.log"]].concat();
    let uac = Sipp::start(&folder, &role("uac", caller, &options), Some(setting.sip))?;
    wait_until_calls_ended(&uac)?;
    node.kill()?;
    // Answers that were on their way are written down; then both go, without another word to the node.
    thread::sleep(Duration::from_millis(300));
    drop((uac, uas));

    let ended = call_ids(&folder.join("ended.log"))?;
    let torn = tear(&folder)?;
    let node = Node::start(binary, &folder, &setting)?;
    let more = again(&folder, caller, callee, setting.sip)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    once_each(&kept, &ended)?;
    if !set_aside(&torn) {
        return Err(Failure::new("the half-written line was not set aside", "see shell/store"));
    }
    Ok(format!("{} calls ended before the crash, {} records, {more} calls after it", ended.len(), kept.len()))
}

pub fn role<'a>(scenario: &'a str, local: SocketAddr, options: &[&str]) -> Role<'a> {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    let contact = format!("sip:interop@{local}");
    Role { scenario, local, contact, transport: Transport::Udp, options }
}

fn wait_until_calls_ended(uac: &Sipp) -> Result<(), Failure> {
    let until = Instant::now() + Duration::from_secs(40);
    while Instant::now() < until {
        if uac.counted().is_ok_and(|counted| counted.succeeded >= FINISHED_FIRST) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new("no calls ended within 40 s", "run `cargo xtask interop calls-udp-v4` first"))
}

pub fn call_ids(log: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(log).map_err(|error| io_failure(&log.display().to_string(), &error))?;
    let ids: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(Failure::new("SIPp wrote down no call", format!("see {}", log.display())));
    }
    Ok(ids)
}

/// Leaves half a line at the end of the newest file of records, as a crash in the middle of a write does.
fn tear(folder: &Path) -> Result<PathBuf, Failure> {
    let records = folder.join("data/records");
    let entries = fs::read_dir(&records).map_err(|error| io_failure("records", &error))?;
    let newest = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"));
    let newest = newest.max().ok_or_else(|| Failure::new("no file of records", "see data/records"))?;
    let file = File::options().append(true).open(&newest);
    let written = file.and_then(|mut file| file.write_all(b"{\"id\":\"half-writ"));
    written.map_err(|error| io_failure("records", &error))?;
    Ok(newest)
}

fn set_aside(torn: &Path) -> bool {
    let mut aside = torn.as_os_str().to_owned();
    aside.push(".torn");
    fs::read_to_string(aside).is_ok_and(|text| text.contains("half-writ"))
}

/// Twenty more calls through the restarted node.
pub fn again(
    folder: &Path,
    caller: SocketAddr,
    callee: SocketAddr,
    node: SocketAddr,
) -> Result<u64, Failure> {
    let uas = Sipp::start(folder, &role("uas", callee, &["-m", "20"]), None)?;
    let options = ["-m", "20", "-r", "20", "-d", "200", "-key", "number", NUMBER];
    let uac = Sipp::start(folder, &role("uac", caller, &options), Some(node))?;
    let counted = uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;
    if counted.succeeded != 20 {
        return Err(Failure::new(
            format!("{} of 20 calls after the crash", counted.succeeded),
            "read node.log",
        ));
    }
    Ok(counted.succeeded)
}

pub fn once_each(kept: &[Value], ended: &[String]) -> Result<(), Failure> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for record in kept {
        *times.entry(record["call_id"].as_str().unwrap_or_default()).or_default() += 1;
    }
    let wrong: Vec<&String> = ended.iter().filter(|id| times.get(id.as_str()) != Some(&1)).collect();
    let doubled = times.values().filter(|count| **count > 1).count();
    if wrong.is_empty() && doubled == 0 {
        return Ok(());
    }
    let what =
        format!("{} of {} ended calls have no record, {doubled} calls have two", wrong.len(), ended.len());
    Err(Failure::new(what, "a record must reach the kernel before the answer to BYE does"))
}
