//! Debian's server of PostgreSQL, started on a socket in a folder of its own.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::io_failure;
use crate::step::{self, Failure};

const CURE: &str = "needs Debian's package postgresql; read its log";
const BEGINS_WITHIN: Duration = Duration::from_secs(120);
const USER: &str = "tandem";

pub struct Database {
    /// Of its socket.
    pub folder: PathBuf,
    data: PathBuf,
    log: PathBuf,
    options: &'static [&'static str],
    /// Whom it runs as: it refuses to be root's.
    owner: Option<(u32, u32)>,
    child: Option<Child>,
}

impl Database {
    /// One that answers, and has nothing in it.
    pub fn start() -> Result<Database, Failure> {
        let folder = folder();
        let _ = fs::remove_dir_all(&folder);
        Database::start_on(&folder.join("data"), &folder.join("log"), &[])
    }

    /// The same, with its data in this folder, which is made; options are for one that has to be small.
    pub fn start_on(data: &Path, log: &Path, options: &'static [&'static str]) -> Result<Database, Failure> {
        let (folder, owner) = (folder(), owner()?);
        for place in [&folder, data] {
            fs::create_dir_all(place).map_err(|error| io_failure("its folder", &error))?;
            if let Some((user, group)) = owner {
                chown(place, Some(user), Some(group)).map_err(|error| io_failure("its folder", &error))?;
            }
        }
        let mut database =
            Database { folder, data: data.to_owned(), log: log.to_owned(), options, owner, child: None };
        let mut make = database.command("initdb")?;
        make.arg("-D").arg(data).args(["-U", USER, "-A", "trust", "-E", "UTF8"]);
        if !options.is_empty() {
            make.arg("--wal-segsize=1");
        }
        step::read(&mut make, CURE)?;
        database.begin()?;
        database.sql_in("postgres", "create database tandem")?;
        Ok(database)
    }

    /// Runs it; on return it answers.
    pub fn begin(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + BEGINS_WITHIN;
        loop {
            let mut child = match self.child.take() {
                Some(child) => child,
                None => self.spawn()?,
            };
            // Processes of the one before may still hold what it needs.
            let has_ended = child.try_wait().map_err(|error| io_failure("postgres", &error))?.is_some();
            if !has_ended {
                self.child = Some(child);
                if self.answers()? {
                    return Ok(());
                }
            }
            if Instant::now() > until {
                let cure = format!("read {}", self.log.display());
                return Err(Failure::new("postgres does not answer", cure));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<(), Failure> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().and_then(|()| child.wait()).map_err(|error| io_failure("kill", &error))?;
        Ok(())
    }

    /// Its processes stand still, or go on again: a signal goes to each.
    pub fn signal(&self, signal: &str) -> Result<(), Failure> {
        let Some(child) = &self.child else { return Ok(()) };
        let own = child.id().to_string();
        let mut ids = vec![own.clone()];
        for entry in fs::read_dir("/proc").map_err(|error| io_failure("/proc", &error))?.flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // Behind the name: its state, and who started it.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2));
            if parent == Some(&*own) {
                ids.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        // One of them may have ended just now.
        let _ = Command::new("kill").arg(signal).args(ids).stderr(Stdio::null()).status();
        Ok(())
    }

    fn answers(&self) -> Result<bool, Failure> {
        let mut command = self.command("pg_isready")?;
        command.arg("-q").arg("-h").arg(&self.folder).args(["-d", "postgres", "-U", USER]);
        let said = command.status().map_err(|error| io_failure("pg_isready", &error))?;
        Ok(said.success())
    }

    /// What psql says to it, a line for each row.
    pub fn sql(&self, sql: &str) -> Result<String, Failure> {
        self.sql_in("tandem", sql)
    }

    fn sql_in(&self, database: &str, sql: &str) -> Result<String, Failure> {
        let mut command = self.command("psql")?;
        command.arg("-h").arg(&self.folder).args(["-U", USER, "-d", database, "-X", "-A", "-t", "-q"]);
        let said = step::read(command.args(["-v", "ON_ERROR_STOP=1", "-c", sql]), CURE)?;
        Ok(said.trim().to_owned())
    }

    fn spawn(&self) -> Result<Child, Failure> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(|error| io_failure("log", &error))?;
        let copy = log.try_clone().map_err(|error| io_failure("log", &error))?;
        let mut command = self.command("postgres")?;
        command.arg("-D").arg(&self.data).arg("-k").arg(&self.folder);
        command.args(["-c", "listen_addresses="]).args(self.options);
        command.stdout(log).stderr(copy);
        command.spawn().map_err(|error| io_failure("postgres", &error))
    }

    fn command(&self, program: &str) -> Result<Command, Failure> {
        let mut command = Command::new(newest()?.join("bin").join(program));
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        command.current_dir("/").stdin(Stdio::null());
        Ok(command)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.kill().is_ok() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The name of a socket has to be short.
pub fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("tandem-postgres-{}", std::process::id()))
}

/// Where Debian's package has its programs.
fn newest() -> Result<PathBuf, Failure> {
    let folders = fs::read_dir("/usr/lib/postgresql").map_err(|error| io_failure("postgresql", &error))?;
    let newest = folders.flatten().map(|folder| folder.path()).max();
    newest.ok_or_else(|| Failure::new("there is no PostgreSQL here", CURE))
}

fn owner() -> Result<Option<(u32, u32)>, Failure> {
    if !is_root() {
        return Ok(None);
    }
    let people = fs::read_to_string("/etc/passwd").map_err(|error| io_failure("/etc/passwd", &error))?;
    let named = |name: &str| people.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    let line = named("postgres:").or_else(|| named("nobody:")).unwrap_or_default();
    let mut ids = line.split(':').skip(2).filter_map(|id| id.parse().ok());
    match (ids.next(), ids.next()) {
        (Some(user), Some(group)) => Ok(Some((user, group))),
        _ => Err(Failure::new("nobody but root is here, and PostgreSQL will not be root's", CURE)),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|about| about.uid() == 0)
}
