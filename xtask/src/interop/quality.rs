//! Two baresips speak for as long as both report on what they hear: the record says how good that was. Then
//! SIPp reports as a phone of the caller does (RFC 6035), and `call show` prints both. A carrier that calls
//! and sends no media is told of while it waits.
//!
//! Proves: H8, K1, pain 4, pain 22.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::office::{Answers, Office, PASSWORD, User, WITHIN, expect_one};
use super::place::{Transport, free_port};
use super::{Binary, Load, records};
use crate::step::{Failure, read};

/// A report each five seconds: the third is on its way back to whoever sent the second.
const WHILE: Duration = Duration::from_secs(16);
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];
/// What listeners are satisfied with.
const GOOD: f64 = 4.03;
const TRIP_MAX_MS: u64 = 100;
const HANA: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 61));
const REPORTED: &str = "Reported by user hana: opinion 4.2, 0.4 % lost, 0.2 % too late, jitter 3 ms, 38 ms";

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "quality", &USERS)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Udp, Answers::AtOnce)?;
    let mut minsu = office.phone(("minsu", "minsu"), Transport::Tcp, Answers::AtOnce)?;
    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;
    std::thread::sleep(WHILE);
    hana.tell("hangup", "")?;
    minsu.is_left()?;

    let folder = office.folder.clone();
    report(&office, &first_call(&folder)?)?;
    let silent = office.calls("uac", "+14255550101", &["-d", "4500"])?;
    expect_one("a call without sound", silent.finish(WITHIN)?)?;
    let left = office.close()?;
    records::expect_exactly(&left.records, 2)?;
    expect_missed(&folder, &left.records[1])?;
    let media = &left.records[0]["media"];
    let [caller, callee] = [judged("caller", &media["caller"])?, judged("callee", &media["callee"])?];
    let shown = shown(binary, &folder, left.records[0]["id"].as_str().unwrap_or_default())?;
    for words in ["Sound from the caller 4.", "Sound to the callee 4.", REPORTED] {
        if !shown.contains(words) {
            return Err(Failure::new(format!("no {words:?} in\n{shown}"), "read data/events"));
        }
    }
    Ok(format!("{caller}; {callee}; a report of a phone; a silent carrier"))
}

/// The record comes to the disk a moment after the phone that was left has heard of it.
fn first_call(folder: &Path) -> Result<String, Failure> {
    for _ in 0..100 {
        if let Some(record) = records::read(folder)?.first() {
            return Ok(record["call_id"].as_str().unwrap_or_default().to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new("the call that ended has no record", "read node.log"))
}

/// The carrier, and nobody else, within three seconds of the answer.
fn expect_missed(folder: &Path, record: &Value) -> Result<(), Failure> {
    let text = records::events(folder)?;
    let told = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told: Vec<Value> = told.filter(|event| event["event"] == "party_missed").collect();
    let answered = record["answered"].as_i64().unwrap_or_default();
    let is_right = |event: &Value| {
        let after = event["at"].as_i64().unwrap_or_default() - answered;
        event["call"] == record["id"] && event["code"] == "TD-E401" && (2_000..=3_000).contains(&after)
    };
    if told.len() == 1 && is_right(&told[0]) && record["missed"][0]["code"] == "TD-E401" {
        return Ok(());
    }
    let what = format!("answered at {answered}, told of {told:?}, kept {}", record["missed"]);
    Err(Failure::new(what, "read node.log"))
}

fn report(office: &Office, call_id: &str) -> Result<(), Failure> {
    let from = SocketAddr::new(HANA, free_port(HANA)?);
    let keys = ["-m", "1", "-key", "user", "hana", "-key", "of", call_id];
    let uri = format!("hana@{}", office.house);
    let options = [&keys[..], &["-au", "hana", "-ap", PASSWORD, "-auth_uri", &uri]].concat();
    expect_one("a report", office.from("report", from, &options)?.finish(WITHIN)?)
}

fn shown(binary: &Binary, folder: &Path, id: &str) -> Result<String, Failure> {
    let data = folder.join("data").display().to_string();
    read(binary.command().args(["call", "show", id, "--data", &data]), "read the node's log")
}

fn judged(party: &str, side: &Value) -> Result<String, Failure> {
    let opinions = ["mos_in", "mos_out"].map(|key| side[key].as_f64().filter(|opinion| *opinion > GOOD));
    let trip = side["heard"]["round_trip_ms"].as_u64().filter(|ms| *ms <= TRIP_MAX_MS);
    let ([Some(sent), Some(heard)], Some(trip)) = (opinions, trip) else {
        let what = format!("the {party}'s sound is said to be {side}");
        return Err(Failure::new(what, "look at the reports in calls.pcap"));
    };
    Ok(format!("the {party} {sent:.2}, heard {heard:.2}, {trip} ms there and back"))
}
