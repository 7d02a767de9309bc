//! The house that all this befalls: the product, with its data on the small disk.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::far::{Book, Far, heard, socket};
use super::phone::{PASSWORD, USER};
use crate::interop::place::io_failure;
use crate::step::Failure;

const READY_WITHIN: Duration = Duration::from_secs(30);

/// Where it is, and what it speaks with.
#[derive(Clone)]
pub struct Setting {
    pub binary: PathBuf,
    pub folder: PathBuf,
    pub data: PathBuf,
    /// Where it keeps what no disk has yet.
    pub memory: PathBuf,
    pub sip: SocketAddr,
    pub callee: SocketAddr,
    /// The folder of the socket of a server in which records are searched, where it has one.
    pub server: Option<PathBuf>,
}

/// Whether there has to be an alarm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IsAwaited {
    Yes,
    No,
}

pub struct House {
    pub at: Setting,
    child: Option<Child>,
}

impl House {
    pub fn new(at: Setting) -> House {
        House { at, child: None }
    }

    fn conf(&self) -> PathBuf {
        self.at.folder.join("conf")
    }

    fn storage(&self) -> String {
        let Some(server) = &self.at.server else { return String::new() };
        let at = server.display();
        format!("[system.storage]\nengine = \"postgresql\"\nhosts = [\"{at}\"]\nnode = \"faults\"\n")
    }

    /// Writes the n-th configuration: its name says which, and so does its end.
    pub fn configure(&self, number: u64) -> Result<(), Failure> {
        let (sip, callee, storage) = (self.at.sip, self.at.callee, self.storage());
        let text = format!(
            "format = 1\n[system]\nname = \"edge-{number}\"\ncountry = \"US\"\ndemo = true\n\
digest = [\"sha-256\"]\n[system.records]\nmessages_mb = 8\n{storage}\
[interface.loop]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
[trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:127.0.0.1:9\" }}]\n\
accept = {{ sources = [\"127.0.0.1\"], did = \"any\" }}\ndirection = \"in\"\n\
health = {{ options = \"off\" }}\n\
[trunk.callees]\nservers = [{{ uri = \"sip:{callee}\" }}]\ndirection = \"out\"\n\
health = {{ options = \"off\" }}\n\
[route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\nuse = [{{ trunk = \"callees\" }}]\n\
[user.{USER}]\nname = \"Hana\"\nnumber = \"+14255550188\"\npassword = {{ plain = \"{PASSWORD}\" }}\n\
# whole {number}\n",
            port = sip.port(),
        );
        let written = fs::create_dir_all(self.conf());
        let written = written.and_then(|()| fs::write(self.conf().join("tandem.toml"), text));
        written.map_err(|error| io_failure("tandem.toml", &error))
    }

    /// Starts it, and waits until it answers.
    pub fn start(&mut self) -> Result<(), Failure> {
        let log = File::options().create(true).append(true).open(self.at.folder.join("house.log"));
        let log = log.map_err(|error| io_failure("house.log", &error))?;
        let child = Command::new(&self.at.binary)
            .arg("up")
            .arg(self.conf())
            .arg("--data")
            .arg(&self.at.data)
            .env("NO_COLOR", "1")
            .env("RUNTIME_DIRECTORY", &self.at.memory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.map_err(|error| io_failure("tandem up", &error))?);
        let asking = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        let asking = asking.map_err(|error| io_failure("a socket", &error))?;
        let here = asking.local_addr().map_err(|error| io_failure("a socket", &error))?;
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            let request = format!(
                "OPTIONS sip:{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKo{}\r\nMax-Forwards: 70\r\n\
From: <sip:a@{here}>;tag=1\r\nTo: <sip:b@{}>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\r\n",
                self.at.sip,
                until.saturating_duration_since(Instant::now()).as_micros(),
                self.at.sip
            );
            // Nobody listens yet: it is said again.
            let _ = asking.send_to(request.as_bytes(), self.at.sip);
            if heard(&asking).is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::new("the house did not start", format!("read {}/house.log", self.at.folder.display())))
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn tandem(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.at.binary);
        command.args(words).arg("--data").arg(&self.at.data).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// Applies one configuration after the other, and writes down which were taken.
    pub fn apply(&self, far: &mut Far, first: u64, applied: Book<u64>) {
        let twin = House::new(self.at.clone());
        let mut number = first;
        far.again(move || {
            if twin.configure(number).is_err() {
                return;
            }
            let conf = twin.conf();
            let conf = conf.to_str().unwrap_or(".");
            let begun = Instant::now();
            let output = twin.tandem(&["apply", conf, "--yes"]).output();
            if output.is_ok_and(|output| output.status.success()) {
                applied.write(number, begun);
                number += 1;
            }
            thread::sleep(Duration::from_millis(60));
        });
    }

    /// Looks for calls all the time: what is new is taken into the database each time.
    pub fn search(&self, far: &mut Far) {
        let twin = House::new(self.at.clone());
        far.again(move || {
            // Until a fault befalls it, it finds some; afterwards nobody knows.
            let _ = twin.ask(&["call", "find", "--last", "5"]);
            thread::sleep(Duration::from_millis(100));
        });
    }

    /// Whether it says that messages of calls are in memory alone; it has to say so in time.
    pub fn await_alarm(&self, is_awaited: IsAwaited) -> Result<(), Failure> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            let said = self.ask(&["status"]).map(|(_, status)| status["alarms"].to_string());
            let has_alarm = said.is_ok_and(|alarms| alarms.contains("kept in memory alone"));
            if has_alarm == (is_awaited == IsAwaited::Yes) {
                return Ok(());
            }
            if Instant::now() > until {
                let what = format!("an alarm of the flight recorder is there: {has_alarm}");
                return Err(Failure::new(what, "tandem status, while the disk is full and after it"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn ask(&self, words: &[&str]) -> Result<(Output, Value), Failure> {
        let output = self.tandem(words).arg("--json").output();
        let output = output.map_err(|error| io_failure("tandem", &error))?;
        let value = serde_json::from_slice(&output.stdout).map_err(|_| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Failure::new(format!("{words:?} has no answer: {said}"), "read house.log")
        })?;
        Ok((output, value))
    }

    pub fn records(&self) -> PathBuf {
        self.at.data.join("records")
    }

    pub fn revisions(&self) -> PathBuf {
        self.at.data.join("revisions")
    }

    /// The files of the flight recorder.
    pub fn messages(&self) -> PathBuf {
        self.at.data.join("flight/own")
    }

    pub fn database(&self) -> PathBuf {
        self.at.data.join("records.sqlite")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
    }
}
