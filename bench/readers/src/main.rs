//! Calls beside none and beside thousands who listen to what happens, in turns: what a call waits and costs.
//!
//! All threads of the house share one core, so that whatever listening costs is taken from where calls are
//! served; the generator and those who listen have the other.

mod crowd;
#[allow(dead_code, reason = "shared by benches")]
#[path = "../../lamps/src/house.rs"]
mod house;
mod probe;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

use crowd::Crowd;
use house::House;
use probe::Probe;

const PORT: u16 = 5194;
const CALLERS: u16 = 5191;
const CALLEES: u16 = 5192;
const WEB: u16 = 5196;
const TOKEN: &str = "a-reader-of-this-bench-whom-nobody-guesses";
const TURNS: usize = 3;
/// What happened last reaches everybody within it.
const REST: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [binary, folder, generator, ..] = &words[..] else {
        eprintln!("usage: readers-bench TANDEM FOLDER SIPLOAD [READERS RATE CALLS]");
        return ExitCode::from(2);
    };
    let number = |at: usize, usual: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(usual);
    let plan = Plan {
        binary: binary.into(),
        folder: folder.into(),
        generator: generator.into(),
        rate: number(4, 100),
        calls: number(5, 3_000),
    };
    match measure(&plan, number(3, 10_000)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct Plan {
    binary: PathBuf,
    folder: PathBuf,
    generator: PathBuf,
    rate: usize,
    calls: usize,
}

fn measure(plan: &Plan, most: usize) -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    for turn in 1..=TURNS {
        for readers in [0, most] {
            println!("turn {turn}, {readers} listen: {}", one(plan, readers)?);
        }
    }
    Ok(())
}

/// One turn, in a line.
fn one(plan: &Plan, readers: usize) -> Result<String> {
    fs::create_dir_all(&plan.folder)?;
    let file = plan.folder.join("token");
    fs::write(&file, TOKEN)?;
    let (web, file) = (format!("127.0.0.1:{WEB}"), file.display().to_string());
    let words = ["--shards", "1", "--http", &web, "--http-token-file", &file];
    let house = House::start(&plan.binary, &plan.folder, &documents(), &words, &[])?;
    pin(house.id())?;
    let empty = resident(&house);
    let crowd = Crowd::gather(WEB, TOKEN, readers)?;
    let full = resident(&house);
    let (probe, before) = (Probe::begin(WEB), cpu(&house));

    let mut generator = Command::new(&plan.generator);
    generator.args(["--port", &PORT.to_string(), "--uac-port", &CALLERS.to_string()]);
    generator.args(["--uas-port", &CALLEES.to_string(), "--hold", "1000"]);
    generator.args(["--rate", &plan.rate.to_string(), "--calls", &plan.calls.to_string()]);
    generator.args(["--target", &format!("sip:+14255550123@127.0.0.1:{PORT}")]);
    let said = String::from_utf8_lossy(&generator.output()?.stdout).into_owned();

    let (after, alive) = (cpu(&house), probe.end());
    std::thread::sleep(REST);
    let loaded = resident(&house);
    let heard = crowd.end();
    let spent = |part: &str| {
        let of = |all: &BTreeMap<String, Duration>| -> Duration {
            all.iter().filter(|(name, _)| name.starts_with(part)).map(|(_, spent)| *spent).sum()
        };
        (of(&after).saturating_sub(of(&before))).as_secs_f64() * 1e6 / plan.calls as f64
    };
    let figure = |name: &str| figure(&said, name).unwrap_or("?");
    Ok(format!(
        "{} of {} calls, {} said again; rings p50 {} ms p99 {} ms, ended p99 {} ms; \
         CPU a call {:.0} µs of the shard, {:.0} of events, {:.0} of HTTP, {:.0} of \
         who listens; alive within p99 {} ms; \
         resident {empty}, {full} with readers, {loaded} kB after; heard {}",
        figure("ok"),
        figure("made"),
        figure("retrans"),
        figure("ring_p50_ms"),
        figure("ring_p99_ms"),
        figure("bye_p99_ms"),
        spent("shard"),
        spent("telemetry"),
        spent("api"),
        spent("readers"),
        alive,
        heard,
    ))
}

fn documents() -> String {
    format!(
        "format = 1\n[system]\nname = \"readers\"\ncountry = \"US\"\nlog = \"error\"\n\
         [interface.loop]\naddress = \"127.0.0.1\"\nudp = {PORT}\nmedia_ports = \"20000-29999\"\n\
         side = \"outside\"\n\
         [trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:127.0.0.1:{CALLERS}\" }}]\n\
         direction = \"in\"\naccept = {{ sources = [\"127.0.0.1\"], did = \"any\" }}\n\
         media = {{ path = \"direct\" }}\nhealth = {{ options = \"off\" }}\n\
         [trunk.callees]\nservers = [{{ uri = \"sip:127.0.0.1:{CALLEES}\" }}]\ndirection = \"out\"\n\
         media = {{ path = \"direct\" }}\nhealth = {{ options = \"off\" }}\n\
         [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"callees\" }}]\n"
    )
}

/// All its threads on one core.
fn pin(id: u32) -> Result<()> {
    let said = Command::new("taskset").args(["-acp", "0", &id.to_string()]).output()?;
    if said.status.success() { Ok(()) } else { Err(Error::other("taskset does not work")) }
}

/// What each of its threads has computed so far, by their names.
fn cpu(house: &House) -> BTreeMap<String, Duration> {
    let mut all: BTreeMap<String, Duration> = BTreeMap::new();
    let tasks = fs::read_dir(format!("/proc/{}/task", house.id()));
    for task in tasks.into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let spent = read("schedstat").split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        *all.entry(read("comm").trim().to_owned()).or_default() += Duration::from_nanos(spent);
    }
    all
}

fn resident(house: &House) -> u64 {
    house.resident().split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// A figure of the generator's line.
fn figure<'s>(said: &'s str, name: &str) -> Option<&'s str> {
    let (_, rest) = said.split_once(&format!("\"{name}\": "))?;
    rest.split([',', '}']).next()
}
