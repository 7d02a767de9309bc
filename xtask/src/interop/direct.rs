//! Three baresips at one site, whose media may leave the house: two speak past it once they talk, one of them
//! transfers the other to the third, and leaves as soon as it has heard 202. The two who are left speak
//! through the house, and then past it again.
//!
//! Proves: G6.

use std::time::Duration;

use serde_json::Value;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, media_of};
use super::place::Transport;
use super::transfer_phones::leave_after_202;
use super::{Binary, Load, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(1500);
/// A call is left alone for a second before its media goes.
const BEFORE: Duration = Duration::from_millis(2500);
const SYSTEM: &str = "media = { music = \"off\" }\n";
/// baresip says that it listens at an address of the machine, wherever it signals from.
const SITE: &str = "[site.here]\nsubnets = [\"0.0.0.0/0\"]\nmedia = { path = \"auto\" }\n";
const HERE: &str = "site = \"here\"";
const USERS: [User; 3] = [
    User { name: "hana", more: HERE },
    User { name: "minsu", more: HERE },
    User { name: "lobby", more: HERE },
];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let files: [(&str, &[u8]); 1] = [("site.toml", SITE.as_bytes())];
    let mut office = Office::open_beside(binary, "direct", &USERS, ("", SYSTEM), &files)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Udp, Answers::AtOnce)?;
    let mut minsu = office.phone(("minsu", "minsu"), Transport::Udp, Answers::AtOnce)?;
    let mut lobby = office.phone(("lobby", "lobby"), Transport::Tcp, Answers::AtOnce)?;

    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;
    std::thread::sleep(BEFORE);
    let at_first = Span::pass(WHILE);
    minsu.tell("transfer", &office.uri("0102"))?;
    leave_after_202(&mut minsu, 1)?;
    lobby.talks()?;
    std::thread::sleep(BEFORE);
    let at_last = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    lobby.is_left()?;

    let left = office.close()?;
    expect_past_the_house(&left, at_first, [&hana, &minsu])?;
    expect_past_the_house(&left, at_last, [&hana, &lobby])?;
    expect_paths(&left)?;
    Ok("two phones past the house, and past it again after a transfer that brought them back".into())
}

/// Each heard the other all the while, from where the other is, and nothing of the house.
fn expect_past_the_house(left: &Left, span: Span, both: [&Handset; 2]) -> Result<(), Failure> {
    for (hearer, heard) in [(both[0], both[1]), (both[1], both[0])] {
        let past = Heard::past_the_house(&left.written, "a phone", (media_of(heard), media_of(hearer)))?;
        past.expect_voice(span, heard.voice)?;
        Heard::at(&left.written, "a phone", media_of(hearer))?.expect_silence(span)?;
    }
    Ok(())
}

fn expect_paths(left: &Left) -> Result<(), Failure> {
    records::expect_exactly(&left.records, 2)?;
    let paths = |record: &Value| -> Vec<String> {
        let rows = record["paths"].as_array().into_iter().flatten();
        rows.filter_map(|row| row["path"].as_str().map(str::to_owned)).collect()
    };
    for record in &left.records {
        let paths = paths(record);
        if paths.first().is_none_or(|first| first != "anchored") || !paths.iter().any(|path| path == "direct")
        {
            return Err(Failure::new(format!("a record says {paths:?} of its media"), "read data/records"));
        }
    }
    Ok(())
}
