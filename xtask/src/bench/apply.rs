//! A change of a large house: how long it takes, and how long it holds up what comes in meanwhile.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::interop::{self, Load};
use crate::step::{Failure, root};

const USERS: usize = 100_000;
const ROUNDS: usize = 5;
const PORT: u16 = 5190;

/// Applies changes to a house of many users, and asks it something every millisecond meanwhile.
pub fn apply() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let folder = root().join("target/bench/apply");
    let fault = |error: std::io::Error| Failure::new(error.to_string(), "is target/ writable?");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(fault)?;
    }
    fs::create_dir_all(&folder).map_err(fault)?;
    let file = folder.join("house.toml");
    fs::write(&file, house(0)).map_err(fault)?;
    let up = Up::start(&binary, &folder)?;

    // First, while nothing else makes the threads compute.
    for round in 1..=ROUNDS {
        fs::write(&file, house(round)).map_err(fault)?;
        let before = (up.cpu_of("tandem"), up.cpu_of("shard-0"));
        tandem(&binary, &["apply", "--yes"], &folder)?;
        let (owner, shard) = (up.cpu_of("tandem") - before.0, up.cpu_of("shard-0") - before.1);
        println!("plan and apply, CPU: the owner {owner:?}, the shard {shard:?}");
    }
    let quiet = held_up(|| {
        thread::sleep(Duration::from_secs(3));
        Ok(())
    })?;
    println!("quiet for {:?}: {quiet}", quiet.took);
    for round in ROUNDS + 1..=2 * ROUNDS {
        fs::write(&file, house(round)).map_err(fault)?;
        let apply = held_up(|| tandem(&binary, &["apply", "--yes"], &folder))?;
        println!("plan and apply {:?}: {apply}", apply.took);
    }
    drop(up);
    Ok(())
}

/// A house of many users; each round gives another one another name.
fn house(round: usize) -> String {
    let mut text = format!(
        "format = 1\n[system]\nname = \"large\"\ncountry = \"US\"\n[interface.lan]\naddress = \"127.0.0.1\"\n\
udp = {PORT}\nside = \"inside\"\n"
    );
    for trunk in 0..20 {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[trunk.t{trunk}]\nservers = [{{ uri = \"sip:127.1.0.{trunk}\" }}]\n\
health = {{ options = \"off\" }}\n"
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

/// How long answers took while something was done.
struct Waits {
    took: Duration,
    each_us: Vec<u64>,
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |share: usize| self.each_us.get(self.each_us.len().saturating_sub(1) * share / 1000);
        let ms = |us: Option<&u64>| us.map_or(0.0, |us| *us as f64 / 1000.0);
        write!(
            f,
            "{} answers, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
            self.each_us.len(),
            ms(at(500)),
            ms(at(990)),
            ms(self.each_us.last())
        )
    }
}

fn held_up(act: impl FnOnce() -> Result<(), Failure>) -> Result<Waits, Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let asking = thread::spawn(move || ask_until(&over));
    let began = Instant::now();
    let done = act();
    let took = began.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let mut each_us = asking.join().unwrap_or_default();
    each_us.sort_unstable();
    done.map(|()| Waits { took, each_us })
}

fn ask_until(is_over: &AtomicBool) -> Vec<u64> {
    let mut waits = Vec::new();
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0") else { return waits };
    let Ok(here) = socket.local_addr() else { return waits };
    // A lost answer shows as a wait of a second.
    let _ = socket.set_read_timeout(Some(Duration::from_secs(1)));
    let mut room = [0; 4096];
    while !is_over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let request = options(here, waits.len());
        if socket.send_to(request.as_bytes(), ("127.0.0.1", PORT)).is_ok() {
            let _ = socket.recv(&mut room);
            waits.push(asked.elapsed().as_micros() as u64);
        }
        thread::sleep(Duration::from_millis(1));
    }
    waits
}

fn options(here: SocketAddr, number: usize) -> String {
    let branch = format!("{}-{number}", here.port());
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}\r\n\
Max-Forwards: 70\r\nFrom: <sip:a@{here}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {branch}@here\r\n\
CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The house, ended with the bench.
struct Up(Child);

impl Up {
    fn start(binary: &Path, folder: &PathBuf) -> Result<Up, Failure> {
        let fault = |error: std::io::Error| Failure::new(error.to_string(), "is it built?");
        let mut child = Command::new(binary)
            .arg("up")
            .arg(folder)
            .env("BENCH_PASSWORD", "x")
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        let began = Instant::now();
        let said = child.stderr.take().ok_or_else(|| Failure::new("no stderr", "run it again"))?;
        let mut said = BufReader::new(said).lines();
        let is_up = said.by_ref().map_while(Result::ok).any(|line| line.contains("records"));
        thread::spawn(move || said.for_each(drop));
        let up = Up(child);
        if !is_up {
            return Err(Failure::new("the house did not start", format!("is udp {PORT} free?")));
        }
        println!("up with {USERS} users in {:?}", began.elapsed());
        Ok(up)
    }
}

impl Up {
    /// What a thread has computed so far, whatever else the machine does.
    fn cpu_of(&self, thread: &str) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id()));
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
}

impl Drop for Up {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
