//! Faults beneath a house that is at work: the power goes, the process is killed, ends of files are torn, the
//! disk is full, the database is broken; where records are searched on a server, that is killed, hangs, is
//! away for a while, and loses its power, too. Afterwards every call whose end was answered, or whose caller
//! was told that it is busy, has one record, in the files and in what searches them, and they are in one
//! chain; what was applied is there, and whole; no phone is where it was before the last answer that it had;
//! as long as the power stays, calls are drawn that ended a second before.
//!
//! The house is the real one, its data on a small ext4 of its own, and so is a server's. They and the mounts
//! are in a namespace.

mod disk;
mod expected;
mod far;
mod house;
mod phone;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::interop::place::{free_port, io_failure};
use crate::interop::{self, Load};
use crate::step::{self, Failure, ourselves, root};
use disk::{Disk, Memory};
use far::{Book, Far, socket};
use house::{House, IsAwaited, Setting};
use server::Server;

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The binary, for those who are inside.
const INSIDE: &str = "TANDEM_FAULTS_INSIDE";
/// Before a fault so many calls have ended, and a phone has registered.
const CALLS_MIN: usize = 10;
const WORKS_WITHIN: Duration = Duration::from_secs(120);
/// A message is in a file so soon.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);
/// So many rounds share a disk.
const ROUNDS_OF_A_DISK: u64 = 10;
const MEGABYTES: u64 = 96;
const CURE: &str = "the folder below target/ is left as it was: read house.log, and what lies on the disk";

/// Where the records of the house are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgresql,
}

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
    /// The server is killed, and the house while it catches up, as after all that befalls the server.
    ServerKilled,
    /// It is not there for a while.
    ServerAway,
    /// For a while it takes what is sent, and answers nothing.
    ServerHung,
    ServerFull,
    ServerPowerCut,
    /// The power goes from both.
    Blackout,
}

const ON_SQLITE: &[Fault] = &[
    Fault::PowerCut,
    Fault::Kill,
    Fault::PowerCut,
    Fault::Torn,
    Fault::PowerCut,
    Fault::BrokenDatabase,
    Fault::PowerCut,
    Fault::FullDisk,
];

const ON_POSTGRESQL: &[Fault] = &[
    Fault::ServerKilled,
    Fault::Blackout,
    Fault::ServerAway,
    Fault::PowerCut,
    Fault::ServerPowerCut,
    Fault::Kill,
    Fault::ServerHung,
    Fault::FullDisk,
    Fault::ServerFull,
    Fault::Torn,
];

impl Fault {
    /// What the house must not have forgotten afterwards, of what it has told before a moment.
    fn counted<T: Clone>(self, book: &Book<T>, moment: Instant) -> Vec<T> {
        match self {
            Fault::PowerCut | Fault::FullDisk | Fault::Blackout => book.surely_before(moment),
            _ => book.before(moment),
        }
    }

    /// Calls that ended and can be drawn whatever befalls the house now: their messages had the time to be
    /// written. The power takes what the kernel has not.
    fn drawable(self, ended: &Book<String>) -> Vec<String> {
        if matches!(self, Fault::PowerCut | Fault::FullDisk | Fault::Blackout) {
            return Vec::new();
        }
        let last = ended.before(Instant::now()).into_iter().rev().take(2).collect();
        thread::sleep(WRITTEN_WITHIN);
        last
    }
}

impl Engine {
    pub fn read(word: &str) -> Result<Engine, Failure> {
        match word {
            "sqlite" => Ok(Engine::Sqlite),
            "postgresql" => Ok(Engine::Postgresql),
            other => Err(Failure::new(format!("no such engine: {other}"), "sqlite or postgresql")),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgresql => "postgresql",
        }
    }

    /// What CI has time for.
    pub fn usual(self) -> u64 {
        match self {
            Engine::Sqlite => 8,
            Engine::Postgresql => 4,
        }
    }

    fn faults(self) -> &'static [Fault] {
        match self {
            Engine::Sqlite => ON_SQLITE,
            Engine::Postgresql => ON_POSTGRESQL,
        }
    }
}

/// What far ends know, and the house must not have forgotten.
#[derive(Default)]
struct Known {
    ended: BTreeSet<String>,
    applied: u64,
    granted: u64,
    calls: u64,
}

/// What there is.
struct Place {
    house: House,
    disk: Disk,
    /// What the same power keeps alive.
    memory: Memory,
}

pub fn run(engine: Engine, rounds: u64, from: u64, load: Load) -> Result<(), Failure> {
    if let Some(binary) = std::env::var_os(INSIDE) {
        return inside(Path::new(&binary), engine, rounds, from);
    }
    let binary = interop::build(load)?;
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private"]).arg(ourselves()).args(["faults", "--engine"]);
    command.args([engine.word(), "--rounds", &rounds.to_string(), "--from", &from.to_string()]);
    step::run(command.env(INSIDE, binary), CURE)
}

fn inside(built: &Path, engine: Engine, rounds: u64, from: u64) -> Result<(), Failure> {
    let folder = root().join("target").join(match engine {
        Engine::Sqlite => "faults",
        Engine::Postgresql => "faults-postgresql",
    });
    let failed = |error| io_failure(&folder.display().to_string(), &error);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    // The one of this moment, whatever is built meanwhile.
    let binary = folder.join("tandem");
    fs::copy(built, &binary).map_err(failed)?;
    if let Err(failure) = Disk::make(&folder.join("disk.img"), &folder.join("disk"), MEGABYTES) {
        println!("no fault was tried, as there is no disk to try it on: {}; {}", failure.what, failure.cure);
        return Ok(());
    }
    let mut server = match engine {
        Engine::Sqlite => None,
        Engine::Postgresql => Some(Server::make(&folder)?),
    };
    let last = from + rounds.saturating_sub(1);
    println!(
        "rounds {from} to {last}; what befalls each follows from its number: --from N --rounds 1 repeats one"
    );
    let ends = [SocketAddr::new(LOOP, free_port(LOOP)?), SocketAddr::new(LOOP, free_port(LOOP)?)];
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let (mut calls, mut round) = (0, from);
    while round < from + rounds {
        let mut place = Place::make(&folder, &binary, ends, server.as_ref())?;
        let mut known = Known { applied: 1, ..Known::default() };
        for _ in 0..ROUNDS_OF_A_DISK.min(from + rounds - round) {
            let mut chance = Chance(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            let fault = engine.faults()[(round % engine.faults().len() as u64) as usize];
            let begun = Instant::now();
            let done = one(&mut place, server.as_mut(), (fault, round), &mut chance, &mut known);
            done.map_err(|failure| {
                Failure::new(format!("round {round}, {fault:?}: {}", failure.what), failure.cure)
            })?;
            let took = begun.elapsed().as_secs_f32();
            println!("round {round}: {fault:?}, {} calls have their record, {took:.1} s", known.ended.len());
            *counted.entry(format!("{fault:?}")).or_default() += 1;
            round += 1;
        }
        calls += known.calls;
        place.house.kill();
    }
    println!(
        "{rounds} rounds on {} {counted:?}: {calls} calls that were told to be over have one record each",
        engine.word()
    );
    Ok(())
}

impl Place {
    /// A new disk, and a house that nobody knows yet.
    fn make(
        folder: &Path,
        binary: &Path,
        [sip, callee]: [SocketAddr; 2],
        server: Option<&Server>,
    ) -> Result<Place, Failure> {
        let memory = Memory::make(folder)?;
        let disk = Disk::make(&folder.join("disk.img"), &folder.join("disk"), MEGABYTES)?;
        server.map_or(Ok(()), Server::forget_all)?;
        let house = House::new(Setting {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            data: disk.place.join("data"),
            memory: memory.place.clone(),
            sip,
            callee,
            server: server.map(|server| server.socket().to_owned()),
        });
        Ok(Place { house, disk, memory })
    }

    fn cut_power(&mut self) -> Result<(), Failure> {
        self.disk.cut()?;
        self.house.kill();
        self.memory.cut()?;
        self.disk.unmount()?;
        self.disk.mount()
    }
}

/// A house at work, a fault, a start, and the questions.
fn one(
    place: &mut Place,
    mut server: Option<&mut Server>,
    (fault, round): (Fault, u64),
    chance: &mut Chance,
    known: &mut Known,
) -> Result<(), Failure> {
    place.house.configure(known.applied)?;
    place.house.start()?;
    let (ended, applied, granted) = (Book::new(), Book::new(), Book::new());
    let mut far = Far::new();
    let at = |address: SocketAddr| socket(address).map_err(|error| io_failure("a socket", &error));
    let (any, sip) = (SocketAddr::new(LOOP, 0), place.house.at.sip);
    far::callee(&mut far, at(place.house.at.callee)?);
    far::caller(&mut far, at(any)?, sip, round, ended.clone());
    phone::phone(&mut far, at(any)?, sip, known.granted + 1, granted.clone());
    place.house.apply(&mut far, known.applied + 1, applied.clone());
    place.house.search(&mut far);

    thread::sleep(Duration::from_millis(600 + chance.below(700)));
    // A machine that is busy with other things is slow, not wrong.
    let until = Instant::now() + WORKS_WITHIN;
    let is_at_work = || {
        let now = Instant::now();
        fault.counted(&ended, now).len() >= CALLS_MIN && !granted.before(now).is_empty()
    };
    while !is_at_work() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    let drawable = fault.drawable(&ended);
    let cut = befall(place, server.as_deref_mut(), fault, chance, &ended)?;
    drop(far);
    known.applied = applied.before(cut).into_iter().max().unwrap_or(known.applied);
    let has_registered = !granted.before(cut).is_empty();
    let (granted, ended) = (fault.counted(&granted, cut), fault.counted(&ended, cut));
    if ended.len() < CALLS_MIN || !has_registered {
        let what = format!("{} calls ended, and a phone has registered: {has_registered}", ended.len());
        return Err(Failure::new(what, "the house did not work before the fault: read house.log"));
    }
    known.calls += ended.len() as u64;
    known.ended.extend(ended);
    known.granted = granted.into_iter().max().unwrap_or(known.granted);
    damage(&place.house, fault, chance).map_err(|error| io_failure("a file of the house", &error))?;

    expected::revisions(&place.house.revisions(), known.applied)?;
    // What was written and not applied is no wish of anybody's.
    place.house.configure(known.applied)?;
    place.house.start()?;
    if let Some(server) = server.as_deref_mut() {
        // After a blackout it may be the last to come; otherwise it is there.
        if fault == Fault::Blackout {
            thread::sleep(Duration::from_millis(chance.below(2_500)));
        }
        server.begin()?;
    }
    expected::records(&place.house, server.as_deref(), known)?;
    expected::binding(&place.house, known.granted)?;
    expected::messages(&place.house, &drawable)?;
    place.house.kill();
    Ok(())
}

/// Does it; the moment up to which an answer counts.
fn befall(
    place: &mut Place,
    server: Option<&mut Server>,
    fault: Fault,
    chance: &mut Chance,
    ended: &Book<String>,
) -> Result<Instant, Failure> {
    let mut cut = Instant::now();
    match (fault, server) {
        (Fault::Kill | Fault::Torn | Fault::BrokenDatabase, _) => place.house.kill(),
        (Fault::PowerCut, _) => place.cut_power()?,
        (Fault::FullDisk, _) => {
            place.disk.fill()?;
            thread::sleep(Duration::from_millis(700));
            place.house.await_alarm(IsAwaited::Yes)?;
            place.disk.empty()?;
            place.house.await_alarm(IsAwaited::No)?;
            // What waited in memory is written within a second or two of there being room.
            thread::sleep(Duration::from_millis(3_000));
            cut = Instant::now();
            place.cut_power()?;
        }
        (Fault::Blackout, Some(server)) => {
            let is_first = chance.below(2) == 0;
            place.cut_power()?;
            server.cut_power()?;
            if is_first {
                server.begin()?;
            }
        }
        (fault, Some(server)) => {
            befall_server(server, fault, chance, ended)?;
            thread::sleep(Duration::from_millis(chance.below(1_500)));
            cut = Instant::now();
            place.house.kill();
        }
        (fault, None) => return Err(Failure::new(format!("{fault:?} befalls no house alone"), CURE)),
    }
    Ok(cut)
}

/// Whatever befalls the server, calls go on meanwhile.
fn befall_server(
    server: &mut Server,
    fault: Fault,
    chance: &mut Chance,
    ended: &Book<String>,
) -> Result<(), Failure> {
    match fault {
        Fault::ServerAway => {
            server.kill()?;
            calls_go_on(ended)?;
            thread::sleep(Duration::from_millis(chance.below(4_000)));
        }
        Fault::ServerHung => {
            server.hang()?;
            let have_gone_on = calls_go_on(ended);
            thread::sleep(Duration::from_millis(chance.below(4_000)));
            server.go_on()?;
            have_gone_on?;
        }
        Fault::ServerFull => {
            server.fill_disk()?;
            calls_go_on(ended)?;
            thread::sleep(Duration::from_millis(700));
            server.empty_disk()?;
        }
        Fault::ServerPowerCut => {
            server.cut_power()?;
            calls_go_on(ended)?;
        }
        _ => server.kill()?,
    }
    server.begin()
}

fn calls_go_on(ended: &Book<String>) -> Result<(), Failure> {
    let (before, until) = (ended.before(Instant::now()).len(), Instant::now() + WORKS_WITHIN);
    while ended.before(Instant::now()).len() < before + CALLS_MIN {
        if Instant::now() > until {
            return Err(Failure::new("calls do not end while the server is not there", CURE));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn damage(house: &House, fault: Fault, chance: &mut Chance) -> std::io::Result<()> {
    match fault {
        Fault::Torn => {
            let data = house.records();
            let data = data.parent().unwrap_or(Path::new("."));
            let newest = |folder: &Path| -> std::io::Result<Option<PathBuf>> {
                let all = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
                Ok(all.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).max())
            };
            let of_days = [newest(&house.records())?, newest(&data.join("events"))?];
            let reels = fs::read_dir(house.messages())?.flatten().map(|entry| entry.path());
            let reel = reels.filter(|path| path.extension().is_none()).max();
            let of_days = of_days.into_iter().flatten().chain(reel);
            for path in of_days.chain([data.join("phones/bindings.jsonl")]) {
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
        _ => {}
    }
    Ok(())
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
