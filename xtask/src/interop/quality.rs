//! Two baresips speak for as long as both report on what they hear: the record says how good that was.
//!
//! Proves: K1.

use std::time::Duration;

use serde_json::Value;

use super::office::{Answers, Office, User};
use super::place::Transport;
use super::{Binary, Load, records};
use crate::step::Failure;

/// A report each five seconds: the third is on its way back to whoever sent the second.
const WHILE: Duration = Duration::from_secs(16);
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];
/// What listeners are satisfied with.
const GOOD: f64 = 4.03;
const TRIP_MAX_MS: u64 = 100;

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

    let left = office.close()?;
    records::expect_exactly(&left.records, 1)?;
    let media = &left.records[0]["media"];
    let [caller, callee] = [judged("caller", &media["caller"])?, judged("callee", &media["callee"])?];
    Ok(format!("{caller}; {callee}"))
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
