//! All phones of a large house register at once after a crash, while calls go through it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::kit::Kit;
use super::starting;

use crate::step::{Failure, root};

const PHONES: &str = "50000";
/// Phones that begin in a second: about what one core does, and three times that.
const RATES: [&str; 2] = ["10000", "30000"];
const PORT: &str = "5190";
const CALLERS: &str = "5191";
const CALLEES: &str = "5192";
const STORM: &str = "5193";
const PASSWORD: &str = "bench";
/// Calls that began before the storm, of 5 s each.
const BEFORE: Duration = Duration::from_secs(8);

/// Says of each storm how many phones and calls came through it.
pub fn storm(kit: &Kit) -> Result<(), Failure> {
    let folder = root().join("target/bench/storm");
    let fault = |error: std::io::Error| Failure::new(error.to_string(), "is target/ writable?");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(fault)?;
    }
    fs::create_dir_all(&folder).map_err(fault)?;
    fs::write(folder.join("house.toml"), house()).map_err(fault)?;

    println!("{PHONES} phones register, at their ease");
    let mut up = Up::start(&kit.binary, &folder)?;
    println!("    phones {}", outcome(register(kit, "2000").output().map_err(fault)?.stdout)?);
    for rate in RATES {
        drop(up);
        up = Up::start(&kit.binary, &folder)?;
        println!("the house is killed and starts; {rate} phones a second, 50 calls a second meanwhile");
        let calls = call(kit).stdout(Stdio::piped()).spawn().map_err(fault)?;
        thread::sleep(BEFORE);
        let phones = register(kit, rate).output().map_err(fault)?.stdout;
        let calls = calls.wait_with_output().map_err(fault)?.stdout;
        println!("    phones {}", outcome(phones)?);
        println!("    calls  {}", outcome(calls)?);
    }
    Ok(())
}

fn house() -> String {
    let mut text = format!(
        "format = 1\n[system]\nname = \"storm\"\ncountry = \"US\"\nlog = \"error\"\n\
[interface.loop]\naddress = \"127.0.0.1\"\nudp = {PORT}\nmedia_ports = \"20000-39999\"\nside = \"outside\"\n\
[trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:127.0.0.1:{CALLERS}\" }}]\ndirection = \"in\"\n\
accept = {{ sources = [\"127.0.0.1\"], did = \"any\" }}\nmedia = {{ path = \"direct\" }}\n\
health = {{ options = \"off\" }}\n\
[trunk.callees]\nservers = [{{ uri = \"sip:127.0.0.1:{CALLEES}\" }}]\ndirection = \"out\"\n\
media = {{ path = \"direct\" }}\nhealth = {{ options = \"off\" }}\n\
[route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\nuse = [{{ trunk = \"callees\" }}]\n"
    );
    for user in 0..PHONES.parse().unwrap_or(0) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[user.u{user}]\npassword = {{ env = \"BENCH_PASSWORD\" }}");
    }
    text
}

/// The kit's phones: they say again what was not answered, for 8 s.
fn register(kit: &Kit, rate: &str) -> Command {
    let mut command = generator(kit);
    command.args(["--register", "--uac-port", STORM, "--rate", rate, "--calls", PHONES, "--users", PHONES]);
    command.args(["--domain", "bench.local", "--password", PASSWORD]);
    command
}

fn call(kit: &Kit) -> Command {
    let mut command = generator(kit);
    command.args(["--uac-port", CALLERS, "--uas-port", CALLEES, "--rate", "50", "--calls", "1000"]);
    command.args(["--hold", "5000", "--target", &format!("sip:+14255550123@127.0.0.1:{PORT}")]);
    command
}

/// On a core of its own.
fn generator(kit: &Kit) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "1"]).arg(kit.folder.join("build/sipload")).args(["--port", PORT]);
    command
}

/// The part of what the generator says that matters here.
fn outcome(said: Vec<u8>) -> Result<String, Failure> {
    let cure = "read what the house said; are udp 5190 to 5193 free?";
    let value: Value = serde_json::from_slice(&said)
        .map_err(|error| Failure::new(format!("the generator's answer: {error}"), cure))?;
    let mut line = format!("{} of {} well, {} repeats", value["ok"], value["made"], value["retrans"]);
    for (key, name) in [("reg_p99_ms", "registered"), ("ring_p99_ms", "rings"), ("bye_p99_ms", "ended")] {
        if let Some(ms) = value[key].as_f64() {
            // Writing to a string cannot fail.
            let _ = write!(line, ", {name} within {ms:.0} ms (p99)");
        }
    }
    let _ = write!(line, ", all over after {} s", value["wall_s"]);
    Ok(line)
}

/// The house on a core of its own; killed when it is dropped, as by a crash.
struct Up(Child);

impl Up {
    fn start(binary: &Path, folder: &Path) -> Result<Up, Failure> {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(binary).arg("up").arg(folder).arg("--data").arg(folder.join("data"));
        command.env("BENCH_PASSWORD", PASSWORD).stdout(Stdio::null());
        let (child, said) = starting::start(&mut command)?;
        // Whoever says something must be heard, or it would wait.
        thread::spawn(move || said.map_while(Result::ok).for_each(|line| eprintln!("    {line}")));
        Ok(Up(child))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself, which the generator's answer shows.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
