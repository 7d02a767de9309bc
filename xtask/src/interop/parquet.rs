//! Records as a table of Parquet, read by pyarrow: every cell is what its record says, and what that doesn't
//! say is null, over several groups of rows.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::calls::NUMBER;
use super::node::{self, Node};
use super::place::{self, Transport, UDP_V4, Way, free_port, io_failure};
use super::records;
use super::sipp::{Role, Sipp};
use super::{Binary, Load};
use crate::step::{self, Failure, read, root};

const WAY: Way = Way { name: "parquet", ..UDP_V4 };
/// Where pyarrow is installed, and which.
const PLACE: &str = "target/interop-parquet";
const PACKAGE: &str = "pyarrow==22.0.0";
/// Records that are made of the one that was left, so that there are groups of rows.
const MADE: u64 = 45_000;
const CURE: &str = "compare the table with the lines of target/interop/parquet/data/records";

/// Installs it in a folder of its own, where it is missing.
pub fn install() -> Result<(), Failure> {
    let folder = root().join(PLACE);
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).is_ok_and(|version| version == PACKAGE) {
        return Ok(());
    }
    let cure = "needs python3 with venv, and its registry";
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), cure)?;
    let mut pip = Command::new(folder.join("bin/pip"));
    step::run(pip.args(["install", "--quiet", "--disable-pip-version-check", PACKAGE]), cure)?;
    fs::write(installed, PACKAGE).map_err(|error| io_failure(PLACE, &error))
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder(WAY.name)?;
    call(binary, &folder)?;
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 1)?;
    make_more(&folder, &kept[0])?;
    let all: BTreeMap<String, Value> = records::read(&folder)?
        .into_iter()
        .map(|record| (record["id"].as_str().unwrap_or_default().to_owned(), record))
        .collect();

    let table = export(binary, &folder, &[])?;
    let rows = table["rows"].as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() != all.len() || table["groups"].as_u64() < Some(3) {
        let what = format!("{} rows in {} groups of {} records", rows.len(), table["groups"], all.len());
        return Err(Failure::new(what, CURE));
    }
    expect_types(&table["columns"])?;
    rows.iter().try_for_each(|row| compare(row, &all))?;

    let some =
        export(binary, &folder, &["--since", "1970-01-01T00:00:01Z", "--until", "1970-01-01T00:00:02Z"])?;
    match some["rows"].as_array().map(Vec::len) {
        Some(1_000) => Ok(format!("{} rows in {} groups, read by {PACKAGE}", rows.len(), table["groups"])),
        other => Err(Failure::new(format!("{other:?} calls began in a second of 1000"), CURE)),
    }
}

/// One call, carried and ended.
fn call(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller) = (port()?, port()?);
    let setting = node::configure(folder, WAY, callee, None)?;
    let node = Node::start(binary, folder, &setting)?;
    let once = |more: &[&str]| -> Vec<String> {
        [&["-m", "1", "-r", "1"], more].concat().into_iter().map(str::to_owned).collect()
    };
    let (contact, options) = (format!("sip:callee@{callee}"), once(&[]));
    let called = Role { scenario: "uas", local: callee, contact, transport: Transport::Udp, options };
    let uas = Sipp::start(folder, &called, None)?;
    let (contact, options) = (format!("sip:caller@{caller}"), once(&["-key", "number", NUMBER]));
    let calling = Role { scenario: "uac", local: caller, contact, transport: Transport::Udp, options };
    let uac = Sipp::start(folder, &calling, Some(setting.sip))?;
    uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;
    node.stop()?;
    Ok(())
}

/// A thousand a second from 1970 on; some say less than others.
fn make_more(folder: &Path, like: &Value) -> Result<(), Failure> {
    let failed = |error| io_failure("records", &error);
    let file = File::create(folder.join("data/records/calls-19700101.jsonl")).map_err(failed)?;
    let mut lines = BufWriter::new(file);
    for made in 0..MADE {
        let mut record = like.clone();
        (record["id"], record["started"]) = (format!("m{made}").into(), made.into());
        if made % 3 == 0 {
            (record["answered"], record["to_e164"], record["attempts"]) =
                (Value::Null, Value::Null, json!([]));
        }
        if made % 7 > 2 {
            (record["words"], record["emergency"]) = (format!("né {made} \u{1f4de}").into(), true.into());
            record["media"] = json!({ "caller": { "mos_in": 4.25, "lost": made }, "callee": {} });
        }
        writeln!(lines, "{record}").map_err(failed)?;
    }
    lines.flush().map_err(failed)
}

/// What pyarrow says of the table.
fn export(binary: &Binary, folder: &Path, span: &[&str]) -> Result<Value, Failure> {
    let file = folder.join("calls.parquet");
    let mut command = binary.command();
    command.args(["cdr", "export"]).arg(&file).args(span).arg("--data").arg(folder.join("data"));
    step::run(&mut command, "run it by hand")?;
    let mut python = Command::new(root().join(PLACE).join("bin/python"));
    python.arg(root().join("interop/parquet/read.py")).arg(&file);
    let said = read(&mut python, "run interop/parquet/read.py by hand")?;
    serde_json::from_str(&said).map_err(|error| Failure::new(format!("what pyarrow said: {error}"), CURE))
}

fn expect_types(columns: &Value) -> Result<(), Failure> {
    let expected = [
        ("id", "string"),
        ("started", "timestamp[ms, tz=UTC]"),
        ("talk_ms", "int64"),
        ("emergency", "bool"),
        ("caller_mos", "double"),
    ];
    match expected.iter().find(|(name, kind)| columns[name] != *kind) {
        Some((name, kind)) => {
            Err(Failure::new(format!("{name} is {}, and was to be {kind}", columns[name]), CURE))
        }
        None => Ok(()),
    }
}

fn compare(row: &Value, all: &BTreeMap<String, Value>) -> Result<(), Failure> {
    let record = &all[row["id"].as_str().unwrap_or_default()];
    let (media, attempts) = (&record["media"], record["attempts"].as_array().map_or(&[][..], Vec::as_slice));
    let same = ["started", "rang", "answered", "ended", "setup_ms", "talk_ms", "direction", "emergency"];
    let also = ["calling", "from_dialled", "to_dialled", "to_e164", "route", "sip_code", "outcome", "words"];
    let too = ["ended_by", "verdict", "source", "call_id", "revision"];
    let mut expected: Vec<(&str, Value)> =
        same.iter().chain(&also).chain(&too).map(|name| (*name, record[name].clone())).collect();
    expected.push(("attempts", attempts.len().into()));
    expected.push(("callee", attempts.last().map_or(Value::Null, |last| last["callee"].clone())));
    expected.push(("caller_mos", media["caller"]["mos_in"].clone()));
    expected.push(("callee_mos", media["callee"]["mos_in"].clone()));
    expected.push(("caller_lost", media["caller"]["lost"].clone()));
    expected.push(("number", record["chain"]["number"].clone()));
    match expected.iter().find(|(name, value)| row[name] != *value) {
        Some((name, value)) => {
            let what = format!("{name} of {} is {}, and the record says {value}", row["id"], row[name]);
            Err(Failure::new(what, CURE))
        }
        None => Ok(()),
    }
}
