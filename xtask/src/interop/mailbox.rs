//! A carrier's voicemail, played by SIPp, says what waits; a baresip that has subscribed shows it. Then the
//! house dies, and the one after it says again what waited, unasked.
//!
//! Proves: L7.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::handset::Handset;
use super::office::{Office, User, WITHIN, expect_one};
use super::place::free_port;
use super::{Binary, Load};
use crate::step::Failure;

const USERS: [User; 1] = [User { name: "hana", more: "" }];
/// A lamp follows its mailbox within this.
const LAG_MAX: Duration = Duration::from_secs(2);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "mailbox", &USERS)?;
    let hana = office.mailbox("hana")?;
    hana.traces("Messages-Waiting: no")?;

    let one = says(&office, &hana, "yes", "1/0")?;
    let two = says(&office, &hana, "yes", "2/0")?;
    let none = says(&office, &hana, "no", "0/2")?;
    says(&office, &hana, "yes", "3/2")?;

    let before = hana.traces("Voice-Message: 3/2")?.matches("Voice-Message: 3/2").count();
    let office = office.crash(binary)?;
    let since = Instant::now();
    hana.traces_so_often("Voice-Message: 3/2", before + 1)?;
    let after = since.elapsed();
    if let Some(late) = [one, two, none, after].into_iter().find(|lag| *lag > LAG_MAX) {
        return Err(Failure::new(format!("the lamp followed after {late:.1?}"), "read hana/log"));
    }
    office.close()?;
    let (one, two, none) = (one.as_millis(), two.as_millis(), none.as_millis());
    let after = after.as_millis();
    Ok(format!("a lamp followed its mailbox after {one}, {two} and {none} ms, after a crash within {after}"))
}

/// The voicemail says so; how long until the phone was told.
fn says(office: &Office, hana: &Handset, waiting: &str, voice: &str) -> Result<Duration, Failure> {
    let from = SocketAddr::new(office.carrier.ip(), free_port(office.carrier.ip())?);
    let keys = ["-m", "1", "-key", "number", "0100", "-key", "waiting", waiting, "-key", "voice", voice];
    let since = Instant::now();
    let sipp = office.from("mailbox", from, &keys)?;
    hana.traces(&format!("Voice-Message: {voice}"))?;
    let lag = since.elapsed();
    expect_one(voice, sipp.finish(WITHIN)?)?;
    Ok(lag)
}
