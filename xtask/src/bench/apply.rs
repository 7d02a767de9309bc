//! A change of a large house: how long it takes, and how long it holds up calls that come in meanwhile.

mod calls;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::calls::{Calls, Places};

use super::starting;

use crate::interop::{self, Load};
use crate::step::{Failure, root};

const USERS: usize = 100_000;
const DECKS: usize = 4;
const PREFIXES: usize = 250_000;
const ROUNDS: usize = 5;
const PORT: u16 = 5190;
/// A call has four, and they rest for a while after it: fewer would refuse calls of a hundred a second.
const MEDIA_PORTS: &str = "10000-29999";
const CALLER: &str = "phone";
const NUMBER: &str = "+15035550142";

/// Applies changes to a house of many users and prices, while calls go through it.
pub fn apply() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let folder = root().join("target/bench/apply");
    let fault = |error: std::io::Error| Failure::new(error.to_string(), "is target/ writable?");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(fault)?;
    }
    fs::create_dir_all(&folder).map_err(fault)?;
    write(&folder, 0, Change::Prices)?;
    let up = Up::start(&binary, &folder)?;

    // First, while nothing else makes the threads compute.
    for round in 1..=ROUNDS {
        write(&folder, round, Change::User)?;
        let (before, began) = (up.cpu(), Instant::now());
        tandem(&binary, &["apply", "--yes"], &folder)?;
        let took = began.elapsed();
        println!("apply, no calls: {took:.2?} by the clock; CPU: {}", up.cpu().since(&before));
    }
    let (quiet, calls) = meanwhile(|| {
        thread::sleep(Duration::from_secs(5));
        Ok(())
    })?;
    println!("calls for {quiet:.2?} without a change: {}", InWords(&calls));
    for change in [Change::User, Change::Prices] {
        for round in 1..=ROUNDS {
            write(&folder, ROUNDS + round, change)?;
            let before = up.cpu();
            let (took, calls) = meanwhile(|| tandem(&binary, &["apply", "--yes"], &folder))?;
            println!(
                "apply of {change:?}: {took:.2?} by the clock; CPU: {}; calls: {}",
                up.cpu().since(&before),
                InWords(&calls)
            );
        }
    }
    println!("resident: {}", up.resident());
    println!("{}", up.stop()?);
    Ok(())
}

/// What is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// One user is named otherwise.
    User,
    /// The same, and every price is another.
    Prices,
}

fn write(folder: &Path, round: usize, change: Change) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::new(error.to_string(), "is target/ writable?");
    fs::write(folder.join("house.toml"), house(round)).map_err(fault)?;
    if change == Change::Prices {
        let beginnings = beginnings();
        for deck in 0..DECKS {
            let price = |at: usize| (at * 31 + deck * 17 + round * 7) % 9_999;
            let mut text = String::new();
            for (at, beginning) in beginnings.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{beginning},0.{:04}", price(at));
            }
            fs::write(folder.join(format!("d{deck}.csv")), text).map_err(fault)?;
        }
    }
    Ok(())
}

/// Beginnings of numbers of the whole world, none twice.
fn beginnings() -> BTreeSet<u64> {
    let mut beginnings: BTreeSet<u64> = (30..99).chain([1]).collect();
    let mut n = 0_u64;
    while beginnings.len() < PREFIXES {
        n += 1;
        let length = 10_u64.pow(4 + u32::try_from(n % 4).unwrap_or_default());
        beginnings.insert(10 * length + n * 48_271 % (90 * length));
    }
    beginnings
}

/// A house of many users; each round gives another one another name.
fn house(round: usize) -> String {
    let mut text = format!(
        "format = 1\n[system]\nname = \"large\"\ncountry = \"US\"\n[interface.lan]\naddress = \"127.0.0.1\"\n\
udp = {PORT}\nside = \"inside\"\nmedia_ports = \"{MEDIA_PORTS}\"\n"
    );
    let _ = write!(
        text,
        "[user.{CALLER}]\ndevices = [{{ contact = \"sip:{CALLER}@{0}\" }}]\n\
[trunk.far]\nservers = [{{ uri = \"sip:{1}\" }}]\nhealth = {{ options = \"off\" }}\n\
[route.far]\norder = 9999\nto = \"{NUMBER}\"\nuse = [{{ trunk = \"far\" }}]\n",
        places().phone,
        places().provider
    );
    for deck in 0..DECKS {
        let _ = writeln!(text, "[deck.d{deck}]\nfile = \"d{deck}.csv\"\ncurrency = \"USD\"");
    }
    for trunk in 0..20 {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[trunk.t{trunk}]\nservers = [{{ uri = \"sip:127.1.0.{trunk}\" }}]\n\
health = {{ options = \"off\" }}\ncost = {{ deck = \"d{}\" }}\n",
            trunk % DECKS
        );
    }
    for site in 0..200 {
        let _ = write!(text, "[site.s{site}]\nsubnets = [\"10.{site}.0.0/16\"]\n");
    }
    for route in 0..200 {
        let _ = write!(
            text,
            "[route.r{route}]\norder = {route}\nto = \"+1 {} NXX XXXX\"\nuse = [{{ trunk = \"t{}\" }}]\n",
            200 + route,
            route % 20
        );
    }
    for user in 0..USERS {
        let name = if user < round { "Somebody Else" } else { "Somebody" };
        let _ = write!(
            text,
            "[user.u{user}]\nname = \"{name} {user}\"\nnumber = \"+1425{user:07}\"\n\
extension = \"7{user:05}\"\nsite = \"s{}\"\npassword = {{ env = \"BENCH_PASSWORD\" }}\n",
            user % 200
        );
    }
    for test in 0..40 {
        let _ = write!(
            text,
            "[test.t{test}]\ngiven = {{ from = \"u{test}\", dial = \"+1 {} 555 0142\" }}\n\
expect = {{ route = \"r{test}\" }}\n",
            200 + test
        );
    }
    text
}

fn tandem(binary: &Path, words: &[&str], folder: &Path) -> Result<(), Failure> {
    let output = Command::new(binary).args(words).arg("--dir").arg(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(error.to_string(), "is it built?"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Failure::new(String::from_utf8_lossy(&said).into_owned(), "read what it said"))
}

fn places() -> Places {
    let at = |last: u8, port: u16| SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), port);
    Places {
        house: at(1, PORT),
        phone: at(2, PORT + 1),
        provider: at(3, PORT + 2),
        caller: CALLER,
        number: NUMBER,
    }
}

/// How long something took, and what became of calls meanwhile.
fn meanwhile(act: impl FnOnce() -> Result<(), Failure>) -> Result<(Duration, Calls), Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let calling = thread::spawn(move || calls::call_until(&over, places()));
    let began = Instant::now();
    let done = act();
    let took = began.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let calls = calling.join().unwrap_or_else(|_| Ok(Calls::default()));
    let calls = calls.map_err(|error| Failure::new(error.to_string(), "are ports 5190 to 5192 free?"))?;
    done.map(|()| (took, calls))
}

struct InWords<'c>(&'c Calls);

impl std::fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Calls { begun, ended, refused, rung_us } = self.0;
        let at = |share: usize| rung_us.get(rung_us.len().saturating_sub(1) * share / 1000);
        let ms = |us: Option<&u64>| us.map_or(0.0, |us| *us as f64 / 1000.0);
        let (middle, late, longest) = (ms(at(500)), ms(at(990)), ms(rung_us.last()));
        write!(f, "{ended} of {begun}")?;
        for (answer, calls) in refused {
            write!(f, ", {} refused with {answer}", calls.len())?;
        }
        write!(f, ", ringing after p50 {middle:.2} ms, p99 {late:.2} ms, longest {longest:.2} ms")
    }
}

/// The house, ended with the bench.
struct Up {
    child: Child,
    /// Hears what it says, and keeps the last line.
    last: Option<JoinHandle<String>>,
}

/// What threads have computed so far, whatever else the machine does.
struct Cpu {
    owner: Duration,
    shard: Duration,
}

impl Cpu {
    fn since(&self, before: &Cpu) -> String {
        format!("the owner {:.2?}, the shard {:.2?}", self.owner - before.owner, self.shard - before.shard)
    }
}

impl Up {
    fn start(binary: &Path, folder: &PathBuf) -> Result<Up, Failure> {
        let began = Instant::now();
        let (child, said) =
            starting::start(Command::new(binary).arg("up").arg(folder).env("BENCH_PASSWORD", "x"))?;
        let last = thread::spawn(move || said.map_while(Result::ok).last().unwrap_or_default());
        let up = Up { child, last: Some(last) };
        println!("up with {USERS} users and {} prices in {:.2?}", DECKS * PREFIXES, began.elapsed());
        Ok(up)
    }

    fn cpu(&self) -> Cpu {
        Cpu { owner: self.cpu_of("tandem"), shard: self.cpu_of("shard-0") }
    }

    fn cpu_of(&self, thread: &str) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let named = tasks
            .into_iter()
            .flatten()
            .flatten()
            .map(|task| task.path())
            .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == thread));
        let figures = named.and_then(|task| fs::read_to_string(task.join("schedstat")).ok());
        let spent = figures.and_then(|text| text.split(' ').next()?.parse().ok());
        Duration::from_nanos(spent.unwrap_or(0))
    }

    fn resident(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
    }

    /// Ends it, and returns what it says last.
    fn stop(mut self) -> Result<String, Failure> {
        let fault = |error: std::io::Error| Failure::new(error.to_string(), "run it again");
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().map_err(fault)?;
        self.child.wait().map_err(fault)?;
        Ok(self.last.take().and_then(|last| last.join().ok()).unwrap_or_default())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
