//! Faults beneath a house that is at work: the power goes, the process is killed, ends of files are torn, the
//! disk is full, the database is broken. Afterwards every call whose end was answered, or whose caller was
//! told that it is busy, has one record, in the files and in what searches them, and they are in one chain;
//! what was applied is there, and whole; no phone is where it was before the last answer that it had.
//!
//! The house is the real one, its data on a small ext4 of its own. It and the mounts are in a namespace.

mod disk;
mod far;
mod house;
mod phone;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::interop::place::{free_port, io_failure};
use crate::interop::{self, Load};
use crate::step::{self, Failure, ourselves, root};
use disk::Disk;
use far::{Book, Far, socket};
use house::House;

/// One of each kind; what CI has time for.
pub const USUAL: u64 = 8;
const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const INSIDE: &str = "TANDEM_FAULTS_INSIDE";
/// Before a fault so many calls have ended, and a phone has registered.
const CALLS_MIN: usize = 10;
const WORKS_WITHIN: Duration = Duration::from_secs(30);
/// So many rounds share a disk.
const ROUNDS_OF_A_DISK: u64 = 10;
const CURE: &str = "the folder is left as it was: read target/faults/house.log, and what lies on the disk";

/// What befalls the house in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    PowerCut,
    Kill,
    /// Killed, and half lines stand at the ends of the files.
    Torn,
    /// Killed, and pages of the database are overwritten.
    BrokenDatabase,
    /// The disk is full for a while; then the power goes.
    FullDisk,
}

const FAULTS: [Fault; 8] = [
    Fault::PowerCut,
    Fault::Kill,
    Fault::PowerCut,
    Fault::Torn,
    Fault::PowerCut,
    Fault::BrokenDatabase,
    Fault::PowerCut,
    Fault::FullDisk,
];

/// What far ends know, and the house must not have forgotten.
#[derive(Default)]
struct Known {
    ended: BTreeSet<String>,
    applied: u64,
    granted: u64,
    calls: u64,
}

pub fn run(rounds: u64, from: u64) -> Result<(), Failure> {
    if std::env::var_os(INSIDE).is_some() {
        return inside(rounds, from);
    }
    interop::build(Load::Short)?;
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private"]).arg(ourselves()).arg("faults");
    command.args(["--rounds", &rounds.to_string(), "--from", &from.to_string()]).env(INSIDE, "1");
    step::run(&mut command, CURE)
}

fn inside(rounds: u64, from: u64) -> Result<(), Failure> {
    let folder = root().join("target/faults");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| io_failure("target/faults", &error))?;
    if let Err(failure) = Disk::make(&folder) {
        println!("no fault was tried, as there is no disk to try it on: {}; {}", failure.what, failure.cure);
        return Ok(());
    }
    let binary = root().join("target/debug/tandem");
    let ends = [SocketAddr::new(LOOP, free_port(LOOP)?), SocketAddr::new(LOOP, free_port(LOOP)?)];
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let mut calls = 0;
    let last = from + rounds.saturating_sub(1);
    println!(
        "rounds {from} to {last}; what befalls each follows from its number: --from N --rounds 1 repeats one"
    );
    let mut round = from;
    while round < from + rounds {
        let mut disk = Disk::make(&folder)?;
        let mut known = Known { applied: 1, ..Known::default() };
        let data = disk.place.join("data");
        let mut house = House::new(&binary, [&folder, &data, &disk.memory.place], ends);
        for _ in 0..ROUNDS_OF_A_DISK.min(from + rounds - round) {
            let mut chance = Chance(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            let fault = FAULTS[(round % FAULTS.len() as u64) as usize];
            let begun = Instant::now();
            let done = one(&mut house, &mut disk, fault, round, &mut chance, &mut known);
            done.map_err(|failure| {
                Failure::new(format!("round {round}, {fault:?}: {}", failure.what), failure.cure)
            })?;
            let took = begun.elapsed().as_secs_f32();
            println!("round {round}: {fault:?}, {} calls have their record, {took:.1} s", known.ended.len());
            *counted.entry(format!("{fault:?}")).or_default() += 1;
            round += 1;
        }
        calls += known.calls;
        house.kill();
    }
    println!("{rounds} rounds {counted:?}: {calls} calls that were told to be over have one record each");
    Ok(())
}

/// A house at work, a fault, a start, and the questions.
fn one(
    house: &mut House,
    disk: &mut Disk,
    fault: Fault,
    round: u64,
    chance: &mut Chance,
    known: &mut Known,
) -> Result<(), Failure> {
    house.configure(known.applied)?;
    house.start()?;
    let (ended, applied, granted) = (Book::new(), Book::new(), Book::new());
    let mut far = Far::new();
    let at = |address: SocketAddr| socket(address).map_err(|error| io_failure("a socket", &error));
    let any = SocketAddr::new(LOOP, 0);
    far::callee(&mut far, at(house.callee())?);
    far::caller(&mut far, at(any)?, house.sip, round, ended.clone());
    phone::phone(&mut far, at(any)?, house.sip, known.granted + 1, granted.clone());
    house.apply(&mut far, known.applied + 1, applied.clone());
    house.search(&mut far);

    thread::sleep(Duration::from_millis(600 + chance.below(700)));
    // A machine that is busy with other things is slow, not wrong.
    let until = Instant::now() + WORKS_WITHIN;
    let is_at_work =
        || ended.before(Instant::now()).len() >= CALLS_MIN && !granted.before(Instant::now()).is_empty();
    while !is_at_work() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    let cut = befall(house, disk, fault)?;
    drop(far);
    known.applied = applied.before(cut).into_iter().max().unwrap_or(known.applied);
    let (granted, ended) = match fault {
        Fault::PowerCut | Fault::FullDisk => (granted.surely_before(cut), ended.surely_before(cut)),
        Fault::Kill | Fault::Torn | Fault::BrokenDatabase => (granted.before(cut), ended.before(cut)),
    };
    let newest = granted.into_iter().max().unwrap_or(known.granted);
    if ended.len() < CALLS_MIN || newest == known.granted {
        let what = format!("{} calls ended and {newest} was the last registration", ended.len());
        return Err(Failure::new(what, "the house did not work before the fault: read house.log"));
    }
    known.calls += ended.len() as u64;
    known.ended.extend(ended);
    known.granted = newest;
    damage(house, fault, chance).map_err(|error| io_failure("a file of the house", &error))?;

    expect_revisions(&house.revisions(), known.applied)?;
    // What was written and not applied is no wish of anybody's.
    house.configure(known.applied)?;
    house.start()?;
    expect_records(house, known)?;
    expect_binding(house, known.granted)?;
    house.kill();
    Ok(())
}

/// Does it; the moment up to which an answer counts.
fn befall(house: &mut House, disk: &mut Disk, fault: Fault) -> Result<Instant, Failure> {
    let mut cut = Instant::now();
    match fault {
        Fault::Kill | Fault::Torn | Fault::BrokenDatabase => house.kill(),
        Fault::PowerCut => cut_power(house, disk)?,
        Fault::FullDisk => {
            disk.fill()?;
            thread::sleep(Duration::from_millis(700));
            disk.empty()?;
            // What waited in memory is written within a second or two of there being room.
            thread::sleep(Duration::from_millis(3_000));
            cut = Instant::now();
            cut_power(house, disk)?;
        }
    }
    Ok(cut)
}

fn cut_power(house: &mut House, disk: &mut Disk) -> Result<(), Failure> {
    disk.cut()?;
    house.kill();
    disk.memory.cut()?;
    disk.unmount()?;
    disk.mount()
}

fn damage(house: &House, fault: Fault, chance: &mut Chance) -> std::io::Result<()> {
    match fault {
        Fault::Torn => {
            let data = house.records();
            let data = data.parent().unwrap_or(Path::new("."));
            let newest = fs::read_dir(house.records())?.flatten().map(|entry| entry.path());
            let newest = newest.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).max();
            for path in
                newest.into_iter().chain([data.join("phones/bindings.jsonl"), data.join("events.jsonl")])
            {
                let half = &b"{\"id\":\"half-written\",\"user\":\"hana"[..1 + chance.below(30) as usize];
                File::options().append(true).open(path)?.write_all(half)?;
            }
        }
        Fault::BrokenDatabase => {
            // What is not in it yet stands in its log: both are hurt.
            let log = house.database().with_extension("sqlite-journal");
            for path in [house.database(), log].into_iter().filter(|path| path.exists()) {
                let file = File::options().write(true).open(path)?;
                let pages = (file.metadata()?.len() / 4096).max(1);
                for _ in 0..3 {
                    file.write_all_at(&[0xa5; 4096], 4096 * chance.below(pages))?;
                }
            }
        }
        Fault::PowerCut | Fault::Kill | Fault::FullDisk => {}
    }
    Ok(())
}

/// Every revision is whole, and what was applied is among them.
fn expect_revisions(folder: &Path, applied: u64) -> Result<(), Failure> {
    let failed = |error| io_failure("revisions", &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
        let is_one = entry.file_name().to_str().is_some_and(|name| name.parse::<u64>().is_ok());
        if !is_one {
            continue;
        }
        let text = fs::read_to_string(entry.path().join("documents/tandem.toml")).map_err(failed)?;
        let about = fs::read(entry.path().join("revision.json")).map_err(failed)?;
        let name = text.split("name = \"edge-").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?");
        let is_whole = text.ends_with(&format!("# whole {name}\n"));
        if !is_whole || serde_json::from_slice::<Value>(&about).is_err() {
            let what = format!("revision {} is half there", entry.path().display());
            return Err(Failure::new(what, CURE));
        }
        names.push(name.to_owned());
    }
    match names.iter().any(|name| *name == applied.to_string()) {
        true => Ok(()),
        false => Err(Failure::new(format!("edge-{applied} was applied, and only {names:?} are there"), CURE)),
    }
}

/// One record for each call that was told to be over, in the files and in the database.
fn expect_records(house: &House, known: &Known) -> Result<(), Failure> {
    let mut times: BTreeMap<String, u64> = BTreeMap::new();
    for entry in fs::read_dir(house.records()).map_err(|error| io_failure("records", &error))?.flatten() {
        if entry.path().extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let text = fs::read(entry.path()).map_err(|error| io_failure("records", &error))?;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record: Value = serde_json::from_slice(line)
                .map_err(|_| Failure::new(format!("{} has a torn line", entry.path().display()), CURE))?;
            *times.entry(record["call_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let lost: Vec<&String> = known.ended.iter().filter(|call| !times.contains_key(*call)).collect();
    let doubled: Vec<&String> = times.iter().filter(|(_, count)| **count > 1).map(|(call, _)| call).collect();
    if !lost.is_empty() || !doubled.is_empty() {
        let what = format!("{} calls have no record: {lost:?}; {doubled:?} have two", lost.len());
        return Err(Failure::new(what, CURE));
    }
    let lines: u64 = times.values().sum();
    let (_, chained) = house.ask(&["cdr", "verify"])?;
    if chained["faults"] != 0 || chained["records"] != lines {
        return Err(Failure::new(format!("of {lines} records the chain says {chained}"), CURE));
    }
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let examined = house.ask(&["store", "verify"]);
        let is_whole = examined.as_ref().is_ok_and(|(_, said)| {
            // Whoever was turned away has a row, too, and no record.
            said["faults"] == 0 && said["behind_bytes"] == 0 && said["rows"].as_u64() >= Some(lines)
        });
        if is_whole {
            return Ok(());
        }
        if Instant::now() > until {
            let said = examined.map(|(_, said)| said.to_string()).unwrap_or_else(|failure| failure.what);
            return Err(Failure::new(format!("of {lines} records the database says {said}"), CURE));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The phone is where the last answer let it be, or where it went after that.
fn expect_binding(house: &House, granted: u64) -> Result<(), Failure> {
    let (_, said) = house.ask(&["user", "show", phone::USER])?;
    let text = said.to_string();
    let places: Vec<u64> =
        text.split("sip:k").skip(1).filter_map(|rest| rest.split('k').next()?.parse().ok()).collect();
    match places.iter().max() {
        Some(newest) if *newest >= granted => Ok(()),
        _ => Err(Failure::new(format!("the phone is at {places:?}, and {granted} was granted"), CURE)),
    }
}

/// Numbers that follow from the round.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}
