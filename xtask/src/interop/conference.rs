//! Three baresips in one conference, of PCMU, of Opus and of G.722, and SIPp that has called its number from
//! outside: each hears the tones of all others, and not its own.

use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Span, expect_voices, newest_wave};
use super::office::{Office, User, WITHIN, expect_one};
use super::{Binary, Load, audio, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(4000);
const USERS: [User; 3] = [
    User { name: "hana", more: "" },
    User { name: "opal", more: "" },
    User {
        name: "wide",
        more: "\n[conference.sales]\nextension = \"0180\"\nnumber = \"+14255550180\"\nlimit = 4",
    },
];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "conference", &USERS)?;
    audio::write_tone(&office.folder)?;
    let mut phones = [
        office.phone_of("hana", "PCMU")?,
        office.phone_of("opal", "opus/48000/2")?,
        office.phone_of("wide", "G722/16000/1")?,
    ];
    for phone in &mut phones {
        phone.tell("dial", &office.uri("0180"))?;
        phone.talks()?;
    }
    let outside = office.calls("uac-outside", "+14255550180", &["-d", "6000"])?;
    Span::pass(WHILE);
    expect_one("the caller from outside", outside.finish(WITHIN)?)?;
    for phone in &mut phones {
        phone.tell("hangup", "")?;
    }
    expect_heard(&office, &phones)?;
    let left = office.close()?;

    records::expect_exactly(&left.records, 4)?;
    for record in &left.records {
        if record["conference"] != "sales" {
            return Err(Failure::new("a record names no conference", "read records.jsonl"));
        }
    }
    Ok("PCMU, Opus, G.722 and a caller from outside: each phone heard all others, and not itself".into())
}

fn expect_heard(office: &Office, phones: &[Handset]) -> Result<(), Failure> {
    for phone in phones {
        let others = phones.iter().map(|other| other.voice).filter(|voice| *voice != phone.voice);
        let others: Vec<u32> = others.chain([audio::HALF_WAVE]).collect();
        expect_voices(&newest_wave(&office.folder.join(&phone.name))?, &others, phone.voice)?;
    }
    Ok(())
}
