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
/// More of them are not from a phone that waits for its answers.
const SUBSCRIBES_MAX: usize = 20;
const TRIES: usize = 5;
/// A lamp follows its mailbox within this.
const LAG_MAX: Duration = Duration::from_secs(2);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "mailbox", &USERS)?;
    let hana = lamp(&mut office, TRIES)?;

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

/// A phone that has subscribed. Now and then Debian's baresip subscribes without end before anybody has
/// answered it: then another one is taken.
fn lamp(office: &mut Office, tries: usize) -> Result<Handset, Failure> {
    let hana = office.mailbox("hana")?;
    let floods = |said: &str| said.matches("mwi: subscribing").count() > SUBSCRIBES_MAX;
    let said =
        hana.traces_until("what waits", |said| said.contains("Messages-Waiting: no") || floods(said))?;
    if !floods(&said) {
        return Ok(hana);
    }
    drop(hana);
    match tries {
        0 => Err(Failure::new("every baresip subscribed without end", "read hana/log")),
        tries => lamp(office, tries - 1),
    }
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
