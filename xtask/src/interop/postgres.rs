//! Records of calls under load go to a server of PostgreSQL that is killed meanwhile, as the node is: each
//! call that ended is there once, and searches answer as a node does that searches in its own file.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::calls::NUMBER;
use super::crash::{again, call_ids, once_each, role};
use super::database::Database;
use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::sipp::Sipp;
use super::{Binary, Load, records};
use crate::step::{self, Failure};

const WAY: Way = Way { name: "postgres", ..UDP_V4 };
const CURE: &str = "read target/interop/postgres/node.log";
const RATE: &str = "50";
/// So many calls are there before the server dies, and so many more before the node does.
const BEFORE: u64 = 60;
const WITHIN: Duration = Duration::from_secs(120);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller) = (port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    let mut database = Database::start()?;
    store_there(&folder, &database)?;
    let node = Node::start(binary, &folder, &setting)?;
    let uas = Sipp::start(&folder, &role("uas", callee, &[]), None)?;
    let options = ["-r", RATE, "-d", "400", "-m", "100000", "-l", "500", "-key", "number", NUMBER];
    let options = [&options[..], &["-trace_logs", "-log_file", "ended.log"]].concat();
    let uac = Sipp::start(&folder, &role("uac", caller, &options), Some(setting.sip))?;

    wait_until(|| Ok(rows(&database)? >= BEFORE))?;
    database.kill()?;
    let kept = records::read(&folder)?.len() as u64;
    wait_until(|| Ok(records::read(&folder)?.len() as u64 >= kept + BEFORE))?;
    expect_told(binary, &folder)?;
    database.begin()?;
    let before = rows(&database)?;
    wait_until(|| Ok(rows(&database)? >= before + BEFORE))?;
    node.kill()?;
    thread::sleep(Duration::from_millis(300));
    drop((uac, uas));

    let ended = call_ids(&folder.join("ended.log"))?;
    let node = Node::start(binary, &folder, &setting)?;
    let more = again(&folder, caller, callee, setting.sip)?;
    let kept = records::read(&folder)?;
    wait_until(|| Ok(rows(&database)? == kept.len() as u64))?;
    node.stop()?;
    let kept = records::read(&folder)?;
    once_each(&kept, &ended)?;
    answers_are_those_of_a_file(binary, &folder)?;
    let there = there(&database)?;
    once_each(&there, &ended)?;
    records::expect_exactly(&there, kept.len())?;
    let verify = ["store", "verify", "--data"];
    step::read(binary.command().args(verify).arg(folder.join("data")), CURE)?;
    Ok(format!(
        "{} calls ended, the server and the node killed among them, and {more} after it: {} records there",
        ended.len(),
        there.len()
    ))
}

fn store_there(folder: &Path, database: &Database) -> Result<(), Failure> {
    let path = folder.join("conf/tandem.toml");
    let written = fs::read_to_string(&path).map_err(|error| io_failure("tandem.toml", &error))?;
    let at = database.folder.display();
    let more = format!("engine = \"postgresql\"\nhosts = [\"{at}\"]\nnode = \"interop-1\"\n");
    let text = format!("{written}\n[system.storage]\n{more}");
    fs::write(&path, text).map_err(|error| io_failure("tandem.toml", &error))
}

fn rows(database: &Database) -> Result<u64, Failure> {
    if database.sql("select to_regclass('tandem.records')")?.is_empty() {
        return Ok(0);
    }
    let count = database.sql("select count(*) from tandem.records")?;
    count.parse().map_err(|_| Failure::new(format!("{count} rows"), CURE))
}

fn there(database: &Database) -> Result<Vec<Value>, Failure> {
    let lines = database.sql("select body from tandem.records")?;
    let read = |line: &str| serde_json::from_str(line).map_err(|error| Failure::new(error.to_string(), CURE));
    lines.lines().map(read).collect()
}

fn wait_until(is_so: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    while !is_so()? {
        if Instant::now() > until {
            return Err(Failure::new("records do not get to the server, or calls do not end", CURE));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// While the server is away a search says so, and why.
fn expect_told(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let mut command = binary.command();
    command.args(["call", "find", "--data"]).arg(folder.join("data"));
    let said = command.output().map_err(|error| io_failure("tandem", &error))?;
    let words = String::from_utf8_lossy(&said.stderr);
    if !said.status.success() && words.contains("TD-S001") {
        return Ok(());
    }
    Err(Failure::new(format!("without the server a search says: {words}"), CURE))
}

/// The same lines in a folder on which no house with a server ran.
fn answers_are_those_of_a_file(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let copy = folder.join("copy");
    let mut files = Vec::new();
    for kind in ["records", "events"] {
        fs::create_dir_all(copy.join(kind)).map_err(|error| io_failure("copy", &error))?;
        let entries =
            fs::read_dir(folder.join("data").join(kind)).map_err(|error| io_failure(kind, &error))?;
        let names = entries.flatten().map(|entry| format!("{kind}/{}", entry.file_name().display()));
        files.extend(names.filter(|name| name.ends_with(".jsonl")));
    }
    for file in files {
        let copied = fs::copy(folder.join("data").join(&file), copy.join(&file));
        copied.map_err(|error| io_failure(&file, &error))?;
    }
    let mut found = BTreeMap::new();
    for words in
        [&[][..], &["--trunk", "callees"], &["--cause", "200"], &["--number", NUMBER], &["--cause", "busy"]]
    {
        let (there, here) = (find(binary, &folder.join("data"), words)?, find(binary, &copy, words)?);
        if there != here {
            let what = format!("call find {words:?} has other answers: {} and {}", there.len(), here.len());
            return Err(Failure::new(what, CURE));
        }
        found.insert(words.join(" "), here.len());
    }
    match found.values().filter(|count| **count > 0).count() {
        4 => Ok(()),
        _ => Err(Failure::new(format!("searches found {found:?}"), CURE)),
    }
}

fn find(binary: &Binary, data: &Path, words: &[&str]) -> Result<Vec<Value>, Failure> {
    let mut command = binary.command();
    command.args(["call", "find", "--json", "--last", "1000"]).args(words).arg("--data").arg(data);
    let said = step::read(&mut command, CURE)?;
    let said: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::new(error.to_string(), "see call find --json"))?;
    Ok(said["records"].as_array().cloned().unwrap_or_default())
}
