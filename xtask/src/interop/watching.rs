//! A baresip watches a colleague: away, there, in a call, and in a call by mobile, which no phone of the
//! house takes part in. Then the house dies, and the one after it goes on telling. SIPps watch beside it, by
//! changes and by filters; what they were told is put together by lxml, and compared with what the one was
//! told who has every document whole.
//!
//! Proves: L1, L2, L5, C-10, F-51, pain 20.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::handset::Handset;
use super::office::{Answers, Office, PASSWORD, User, WITHIN, expect_one};
use super::place::{Transport, free_port, io_failure};
use super::sipp::{Role, Sipp};
use super::{Binary, Load, python, records};
use crate::step::{self, Failure, read, root};

const MOBILE: &str = "+12065550142";
const USERS: [User; 3] = [
    User { name: "hana", more: "mobile = \"+12065550142\"" },
    User { name: "minsu", more: "" },
    User { name: "lobby", more: "" },
];

/// As baresip shows them, with their colours.
const THERE: &str = "to \u{1b}[32mOnline";
/// As its trace of SIP begins a subscription, or asks for more of it.
const ASKED: &str = "SUBSCRIBE sip:";
const IN_A_CALL: &str = "to \u{1b}[31mBusy";

/// Where lxml is installed, and which.
const PLACE: &str = "target/interop-watching";
const LIBRARY: &str = "lxml==6.1.3";
const CURE: &str = "read the messages below target/interop/watching, and interop/watching/judge.py";

/// Who watches beside the phone: by what type of documents, and whether by filters of interop/watching.
const BESIDE: [(&str, &str, Asks); 4] = [
    ("whole", "application/pidf+xml", Asks::ForAll),
    ("changes", "application/pidf-diff+xml", Asks::ForAll),
    ("there", "application/pidf-diff+xml", Asks::ByFilters),
    ("calls", "application/pidf-diff+xml", Asks::ByFilters),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    ForAll,
    ByFilters,
}

/// Installs it in a folder of its own, where it is missing.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &[LIBRARY])
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "watching", &USERS)?;
    let beside = (0..).zip(BESIDE).map(|(rank, one)| beside(&office, rank, one));
    let beside = beside.collect::<Result<Vec<Sipp>, Failure>>()?;
    let watcher = office.watcher("minsu", "hana")?;
    // It tells of changes alone.
    watcher.traces("<basic>closed</basic>")?;
    let mut lobby = office.phone(("lobby", "lobby"), Transport::Udp, Answers::AtOnce)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Tcp, Answers::AtOnce)?;
    let there = shows(&watcher, THERE, 1)?;

    hana.tell("dial", &office.uri("0102"))?;
    hana.talks()?;
    let in_a_call = shows(&watcher, IN_A_CALL, 1)?;
    hana.tell("hangup", "")?;
    lobby.is_left()?;
    shows(&watcher, THERE, 2)?;

    let mobile = office.called("uas", office.carrier, &[])?;
    lobby.tell("dial", &office.uri(MOBILE))?;
    lobby.talks()?;
    let by_mobile = shows(&watcher, IN_A_CALL, 2)?;
    let mut said = watcher.traces("on a call (mobile)")?;
    lobby.tell("hangup", "")?;
    expect_one("the call to the mobile", mobile.finish(WITHIN)?)?;
    let after = shows(&watcher, THERE, 3)?;

    // What a carrier knows of the mobile, and no trunk of the house carries.
    notices(binary, &office, &["--activity", "on-the-phone", "--seconds", "600"])?;
    let noticed = shows(&watcher, IN_A_CALL, 3)?;
    said = watcher.traces_so_often("on a call (mobile)", 2 * said.matches("on a call (mobile)").count())?;
    notices(binary, &office, &["--over"])?;
    let forgotten = shows(&watcher, THERE, 4)?;
    if noticed.max(forgotten) > 1_000 {
        let what = format!("a notice was shown after {noticed} ms, its end after {forgotten} ms");
        return Err(Failure::new(what, "a second is promised (C-10)"));
    }

    let office = office.crash(binary)?;
    let mobile = office.called("uas", office.carrier, &[])?;
    lobby.tell("dial", &office.uri(MOBILE))?;
    lobby.talks()?;
    let since_then =
        watcher.traces_so_often("on a call (mobile)", 1 + said.matches("on a call (mobile)").count())?;
    if since_then.matches(ASKED).count() > said.matches(ASKED).count() {
        return Err(Failure::new("the lamp came back because the phone asked again", "read minsu/log"));
    }
    lobby.tell("hangup", "")?;
    expect_one("the call after the crash", mobile.finish(WITHIN)?)?;

    let told = judged(&office.folder)?;
    drop(beside);
    let left = office.close()?;
    records::expect_exactly(&left.records, 3)?;
    let seen = format!("seen {there} ms after a registration, {in_a_call} ms after a call was answered");
    let later = format!("{by_mobile} ms after one by mobile was, {after} ms after its end");
    let by_notice = format!("{noticed} ms after its carrier had said so, {forgotten} ms after that was over");
    Ok(format!("{seen}, {later}, {by_notice}; and after a crash too. {told}"))
}

/// Says of Hana's mobile what its carrier would.
fn notices(binary: &Binary, office: &Office, words: &[&str]) -> Result<(), Failure> {
    let data = office.folder.join("data").display().to_string();
    let mut command = binary.command();
    command.args(["user", "notice", MOBILE, "--program", "mobile", "--data", &data]).args(words);
    read(&mut command, "read the node's log").map(drop)
}

/// Waits until the watcher has shown this so often; for how long.
fn shows(watcher: &Handset, state: &str, times: usize) -> Result<u128, Failure> {
    let since = Instant::now();
    watcher.traces_so_often(state, times)?;
    Ok(since.elapsed().as_millis())
}

/// A SIPp that watches Hana as Minsu does.
fn beside(office: &Office, rank: u8, (name, accept, asks): (&str, &str, Asks)) -> Result<Sipp, Failure> {
    let folder = office.folder.join(name);
    fs::create_dir_all(&folder).map_err(|error| io_failure(name, &error))?;
    let scenario = match asks {
        Asks::ForAll => "watcher",
        Asks::ByFilters => {
            let filters = root().join(format!("interop/watching/{name}.xml"));
            fs::copy(filters, folder.join("filters.xml")).map_err(|error| io_failure(name, &error))?;
            "watcher-filtered"
        }
    };
    let address = IpAddr::from([127, 0, 0, 60 + rank]);
    let local = SocketAddr::new(address, free_port(address)?);
    let options = ["-m", "1", "-au", "minsu", "-ap", PASSWORD, "-trace_msg", "-message_file", "messages"];
    let keys = ["-key", "user", "minsu", "-key", "watched", "hana", "-key", "accept", accept];
    // SIPp proves itself to the house's address unless it is told whom it asks for.
    let asked = ["-auth_uri".to_owned(), office.uri("hana")["sip:".len()..].to_owned()];
    let options = options.iter().chain(&keys).map(|option| (*option).to_owned()).chain(asked).collect();
    let contact = format!("sip:minsu@{local}");
    let role = Role { scenario, local, contact, transport: Transport::Udp, options };
    let sipp = Sipp::start(&folder, &role, Some(office.house))?;
    let until = Instant::now() + WITHIN;
    while !fs::read_to_string(folder.join("messages")).is_ok_and(|seen| seen.contains("\nNOTIFY sip:")) {
        if Instant::now() > until {
            return Err(Failure::new(format!("{name} was told nothing"), CURE));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(sipp)
}

/// What they were told adds up to what was so.
fn judged(folder: &Path) -> Result<String, Failure> {
    // The last of it is on its way.
    thread::sleep(Duration::from_secs(1));
    let mut judge = python::command(PLACE, "python");
    judge.arg(root().join("interop/watching/judge.py")).arg(folder);
    judge.args(BESIDE.iter().filter(|(_, _, asks)| *asks == Asks::ByFilters).map(|(name, ..)| name));
    let said = step::read(&mut judge, CURE)?;
    let counted: Value =
        serde_json::from_str(&said).map_err(|error| Failure::new(format!("{said}: {error}"), CURE))?;
    let of = |name: &str| counted[name].as_u64().unwrap_or_default();
    let (whole, alone, by_filters) = (of("whole"), of("changes alone"), of("there") + of("calls"));
    let is_enough = whole >= 8 && alone >= 5 && of("there alone") > 0 && of("calls") * 2 < whole;
    match is_enough && of("lives") == 2 {
        true => Ok(format!(
            "Of {whole} documents {alone} were told as changes, and by filters {by_filters}: lxml put all \
             together"
        )),
        false => Err(Failure::new(format!("too little was told to judge: {said}"), CURE)),
    }
}
