//! A call that is made for a user from the command line: her phone, a baresip, answers by itself, and so
//! does the carrier, another one; both hear each other. Then the phone of a colleague, who declines.
//!
//! Proves: F-70.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, media_of};
use super::place::Transport;
use super::{Binary, Load, records};
use crate::step::{self, Failure};

const WHILE: Duration = Duration::from_millis(1500);
/// Each hears of the other by a re-INVITE.
const JOINED_WITHIN: Duration = Duration::from_millis(500);
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "make-call", &USERS)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Udp, Answers::AtOnce)?;
    let mut minsu = office.phone(("minsu", "minsu"), Transport::Udp, Answers::WhenTold)?;
    let mut carrier = office.far_end("carrier", "+12065550142")?;

    make(binary, &office, "hana")?;
    hana.talks()?;
    carrier.talks()?;
    thread::sleep(JOINED_WITHIN);
    let span = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    carrier.is_left()?;

    make(binary, &office, "minsu")?;
    minsu.rings()?;
    minsu.tell("hangup", "")?;
    minsu.is_left()?;
    let left = office.close()?;

    expect_audio(&left, (&hana, &carrier), span)?;
    expect_records(&left)?;
    Ok("one phone put through, both heard each other; one declined, and nobody was called".into())
}

fn make(binary: &Binary, office: &Office, user: &str) -> Result<(), Failure> {
    let mut command = binary.command();
    command.args(["call", "make", "206 555 0142", "--from", user, "--json", "--data"]);
    step::read(command.arg(office.folder.join("data")), "read node.log").map(|_| ())
}

fn expect_audio(left: &Left, (hana, carrier): (&Handset, &Handset), span: Span) -> Result<(), Failure> {
    Heard::at(&left.written, "hana", media_of(hana))?.expect_voice(span, carrier.voice)?;
    Heard::at(&left.written, "the carrier", media_of(carrier))?.expect_voice(span, hana.voice)
}

/// Of the phone that rang and the call that came out of it; of the one that declined.
fn expect_records(left: &Left) -> Result<(), Failure> {
    records::expect_exactly(&left.records, 3)?;
    let with = |verdict: &str| left.records.iter().find(|record| record["verdict"] == verdict);
    let id = |record: Option<&Value>| record.map(|record| record["id"].clone());
    let first = with("TD-E001").map(|record| record["parents"][0].clone());
    match first.is_some() && first == id(with("TD-E007")) && with("TD-E101").is_some() {
        true => Ok(()),
        false => Err(Failure::new("the records are of something else", "read data/records")),
    }
}
