//! A baresip with SRTP by SDES calls one in clear, and the call is captured: tshark finds four streams of RTP
//! in the file, in which nothing is lost. On the clear leg they are those of the wire, byte by byte; on the
//! sealed leg what was said stands in them, and the keys nowhere.
//!
//! Proves: pain 23, pain 24.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::capture::Written;
use super::handset::Handset;
use super::office::{Office, User, WITHIN, media_of};
use super::place::io_failure;
use super::{Binary, Load};
use crate::step::{Failure, read};

const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];
const SYSTEM: &str = "media = { srtp = \"optional\", keys_in_clear = \"allowed\", capture = \"sound\" }\n";
const SEALED: &str = "PCMU;mediaenc=srtp-mand";
const WHILE: Duration = Duration::from_secs(4);
/// Of fifty a second, on a machine that does much else.
const PACKETS_MIN: usize = 100;
/// What goes out by a stream before a capture begins, and what is under way when it is written.
const AROUND_MAX: usize = 30;

/// What was said, by the number of the packet.
type Said = BTreeMap<u16, String>;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open_at(binary, "packets", &USERS, ("", SYSTEM))?;
    let mut hana = office.phone_of("hana", SEALED)?;
    let mut minsu = office.phone_of("minsu", "PCMU")?;
    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;

    let data = office.folder.join("data").display().to_string();
    let tandem =
        |words: &[&str]| read(binary.command().args(words).args(["--data", &data]), "read the node's log");
    let id = live(&tandem(&["call", "list", "--live", "--json"])?)?;
    tandem(&["call", "capture", &id, "--sound", "--seconds", "60"])?;
    std::thread::sleep(WHILE);
    let written = |name: &str| -> Result<Written, Failure> {
        let file = office.folder.join(name);
        tandem(&["call", "export", &id, "--pcapng", &file.display().to_string()])?;
        Ok(Written::by_another(file, office.house.port()))
    };
    let meanwhile = written("meanwhile.pcapng")?;
    hana.tell("hangup", "")?;
    minsu.is_left()?;
    let after = whole(&written)?;

    streams(&meanwhile)?;
    // A key that is blotted out is none to tshark.
    after.expect_no_complaint_about("!(frame contains \"inline:*\")")?;
    let kept = streams(&after)?;
    let ports = [media_of(&hana), media_of(&minsu)];
    let voices = [&hana, &minsu].map(|phone: &Handset| phone.voice);
    let left = office.close()?;
    let keys = expect_no_keys(&left.written, &after.file)?;
    let [to_hana, from_hana] = both_ways(&after, &ports[0])?;
    let [to_minsu, from_minsu] = both_ways(&after, &ports[1])?;
    let [wire_to, wire_from] = both_ways(&left.written, &ports[1])?;
    for (what, of_file, of_wire) in
        [("to the clear phone", &to_minsu, &wire_to), ("from it", &from_minsu, &wire_from)]
    {
        expect_same(what, of_file, of_wire)?;
    }
    expect_same("from the sealed phone", &from_hana, &wire_to)?;
    expect_said("to the sealed phone", &to_hana, &wire_from)?;
    expect_voice("the sealed phone", &from_hana, voices[0])?;
    expect_voice("the clear phone", &from_minsu, voices[1])?;
    Ok(format!("{kept} packets in 4 streams, none lost, as on the wire; {keys} keys nowhere"))
}

/// The call in progress.
fn live(said: &str) -> Result<String, Failure> {
    let list: Value = serde_json::from_str(said).unwrap_or_default();
    let id = list["live"]["calls"][0]["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::new(format!("no call is in progress: {said}"), "read the node's log"))
}

/// The file of the call that is over, once its record is there.
fn whole(written: &impl Fn(&str) -> Result<Written, Failure>) -> Result<Written, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        if let Ok(after) = written("after.pcapng")
            && !after.frames("frame.comment contains \"TD-E001\"")?.is_empty()
        {
            return Ok(after);
        }
        if Instant::now() > until {
            return Err(Failure::new("the call has no verdict in its capture", "read the node's log"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// As tshark counts them: four, all of PCMU, nothing lost in any; how many packets they have.
fn streams(written: &Written) -> Result<usize, Failure> {
    let said = written.streams()?;
    let rows: Vec<&str> = said.lines().filter(|line| line.contains(" 0x")).collect();
    let is_sound = |row: &&str| row.contains("g711U") && row.contains(" 0 (0.0%)");
    let packets = |row: &&str| {
        let words: Vec<&str> = row.split_ascii_whitespace().collect();
        let at = words.iter().position(|word| *word == "g711U").unwrap_or_default();
        words.get(at + 1).and_then(|count| count.parse::<usize>().ok()).unwrap_or_default()
    };
    let counts: Vec<usize> = rows.iter().map(packets).collect();
    if rows.len() == 4 && rows.iter().all(is_sound) && counts.iter().all(|count| *count >= PACKETS_MIN) {
        return Ok(counts.iter().sum());
    }
    let place = format!("open {} in Wireshark", written.file.display());
    Err(Failure::new(format!("not four whole streams:\n{said}"), place))
}

/// What reached the ports of a phone's media, and what left them.
fn both_ways(written: &Written, ports: &std::ops::Range<u16>) -> Result<[Said; 2], Failure> {
    let of = |end: &str| {
        let filter =
            format!("rtp && rtp.p_type == 0 && udp.{end} >= {} && udp.{end} < {}", ports.start, ports.end);
        let lines = written.fields(&filter, &["rtp.seq", "rtp.payload"])?;
        let said = lines.iter().filter_map(|line| match &line[..] {
            [number, payload] => Some((number.parse().ok()?, payload.clone())),
            _ => None,
        });
        Ok(said.collect())
    };
    Ok([of("dstport")?, of("srcport")?])
}

/// Every packet of the file is on the wire under its number, and hardly any other is.
fn expect_same(what: &str, of_file: &Said, of_wire: &Said) -> Result<(), Failure> {
    let is_there = |(number, payload): &(&u16, &String)| of_wire.get(number) == Some(payload);
    let same = of_file.iter().filter(is_there).count();
    let (first, last) = (of_file.keys().next(), of_file.keys().last());
    let (Some(first), Some(last)) = (first, last) else { return Err(differs(what, 0, 0)) };
    let between = of_wire.range(first..=last).count();
    if same == of_file.len() && between.abs_diff(same) == 0 {
        return Ok(());
    }
    Err(differs(what, same, between.max(of_file.len())))
}

/// The same where the house has given other numbers.
fn expect_said(what: &str, of_file: &Said, of_wire: &Said) -> Result<(), Failure> {
    let of_wire: Vec<&String> = of_wire.values().collect();
    let same = of_file.values().filter(|payload| of_wire.contains(payload)).count();
    if same + AROUND_MAX >= of_file.len() && same >= PACKETS_MIN {
        return Ok(());
    }
    Err(differs(what, same, of_file.len()))
}

fn differs(what: &str, same: usize, all: usize) -> Failure {
    let words = format!("{what}: {same} of {all} packets are as they were on the wire");
    Failure::new(words, "compare after.pcapng and calls.pcap in Wireshark")
}

/// As µ-law swings.
fn expect_voice(who: &str, said: &Said, voice: u32) -> Result<(), Failure> {
    let carries = |payload: &&String| {
        let bytes: Vec<u8> = (0..payload.len() / 2)
            .filter_map(|at| u8::from_str_radix(&payload[2 * at..2 * at + 2], 16).ok())
            .collect();
        let swings = bytes.windows(2).filter(|pair| (pair[0] ^ pair[1]) & 0x80 != 0).count() as u32;
        swings.abs_diff(bytes.len() as u32 / voice) <= 1
    };
    let right = said.values().filter(carries).count();
    if right + AROUND_MAX >= said.len() {
        return Ok(());
    }
    let words = format!("the voice of {who} is in {right} of {} packets", said.len());
    Err(Failure::new(words, "open after.pcapng in Wireshark"))
}

/// What stood in descriptions on the wire stands nowhere in the file; how many keys that were.
fn expect_no_keys(wire: &Written, file: &PathBuf) -> Result<usize, Failure> {
    let lines = wire.fields("sdp", &["sip.msg_body"])?;
    let raw = fs::read(&wire.file).map_err(|error| io_failure("calls.pcap", &error))?;
    let kept = fs::read(file).map_err(|error| io_failure("after.pcapng", &error))?;
    let text = String::from_utf8_lossy(&raw).into_owned();
    let mut keys: Vec<&str> =
        text.split("inline:").skip(1).filter_map(|rest| rest.split(['|', '\r', ' ']).next()).collect();
    keys.sort_unstable();
    keys.dedup();
    let holds = |key: &&&str| kept.windows(key.len()).any(|window| window == key.as_bytes());
    let of_file = kept.windows(7).filter(|window| *window == b"inline:").count();
    match keys.iter().find(holds) {
        None if keys.len() >= 2 && of_file >= 2 && !lines.is_empty() => Ok(keys.len()),
        None => {
            let words = format!("{} keys on the wire, {of_file} places for them in the file", keys.len());
            Err(Failure::new(words, "was the call sealed?"))
        }
        Some(_) => Err(Failure::new("a key of media stands in the file", "open after.pcapng in Wireshark")),
    }
}
