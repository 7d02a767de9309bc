//! Another program beside the node: started with a log of its own, asked to end when it is dropped.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::{Transport, io_failure, wait_until_taken};
use crate::step::{Failure, root};

/// How long a program may take to begin.
const WITHIN: Duration = Duration::from_secs(15);

pub struct Program(Child);

impl Program {
    /// Starts it; what it says goes to `name.log`.
    pub fn start(mut command: Command, folder: &Path, name: &str) -> Result<Program, Failure> {
        let log =
            File::create(folder.join(format!("{name}.log"))).map_err(|error| io_failure(name, &error))?;
        let copy = log.try_clone().map_err(|error| io_failure(name, &error))?;
        command.stdin(Stdio::null()).stdout(log).stderr(copy);
        command.spawn().map(Program).map_err(|error| io_failure(name, &error))
    }

    /// The same; on return it has said `word`.
    pub fn start_until(command: Command, folder: &Path, name: &str, word: &str) -> Result<Program, Failure> {
        let program = Program::start(command, folder, name)?;
        let log = folder.join(format!("{name}.log"));
        let until = Instant::now() + WITHIN;
        while !fs::read_to_string(&log).is_ok_and(|said| said.contains(word)) {
            if Instant::now() > until {
                return Err(Failure::new(format!("{name} is not {word}"), format!("read {}", log.display())));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(program)
    }

    /// Kamailio with a pattern of interop/kamailio, its words filled in; on return it listens at `at`.
    pub fn kamailio(
        folder: &Path,
        pattern: &str,
        filled: &[(&str, &str)],
        at: SocketAddr,
    ) -> Result<Program, Failure> {
        let path = root().join("interop/kamailio").join(pattern);
        let text = fs::read_to_string(path).map_err(|error| io_failure(pattern, &error))?;
        let text = filled.iter().fold(text, |text, (word, value)| text.replace(word, value));
        let file = folder.join("kamailio.cfg");
        fs::write(&file, text).map_err(|error| io_failure("kamailio.cfg", &error))?;
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "32", "-M", "4", "-Y"]).arg(folder).arg("-f").arg(&file);
        let program = Program::start(command, folder, "kamailio")?;
        wait_until_taken(Transport::Udp, at)?;
        Ok(program)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, so that its children end with it.
    pub fn end(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().ok();
            self.0.wait().ok();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
