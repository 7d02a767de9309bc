//! A house in a process of its own: started in a folder, ended with the bench. Shared by benches.

use std::fs;
use std::io::{BufRead, BufReader, Error};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct House {
    child: Child,
}

impl House {
    /// Starts it, and waits until it listens.
    pub fn start(
        binary: &Path,
        folder: &Path,
        documents: &str,
        words: &[&str],
        secrets: &[(&str, &str)],
    ) -> std::io::Result<House> {
        if folder.join("data").exists() {
            fs::remove_dir_all(folder.join("data"))?;
        }
        fs::create_dir_all(folder)?;
        fs::write(folder.join("house.toml"), documents)?;
        let mut command = Command::new(binary);
        command.arg("up").arg(folder).args(words).envs(secrets.iter().copied()).stderr(Stdio::piped());
        let mut house = House { child: command.spawn()? };
        let said = house.child.stderr.take().ok_or_else(|| Error::other("no stderr"))?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let mut before = Vec::new();
        let is_up = lines.by_ref().any(|line| {
            before.push(line.clone());
            line.contains("records")
        });
        if !is_up {
            return Err(Error::other(format!("the house did not start: {}", before.join("\n"))));
        }
        // Whoever speaks must be heard, or it waits.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(house)
    }

    /// What its threads have computed so far.
    pub fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let spent = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(spent.sum())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn resident(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
