#![allow(dead_code, clippy::unwrap_used, reason = "tests may panic")]
//! A server of PostgreSQL of one test's own, from Debian's package, on a socket in a folder of its own.
//! Debian's own server is neither used nor touched.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::{Database, Postgres, PostgresHost};

use crate::place::Directory;

pub const USER: &str = "tandem";

/// Whom servers run as: they refuse to be root's.
#[derive(Clone, Copy)]
struct Owner(Option<(u32, u32)>);

pub struct Server {
    folder: Directory,
    owner: Owner,
    /// Where it listens besides; 0: nowhere.
    tcp: u16,
    child: Option<Child>,
}

impl Owner {
    fn find() -> Owner {
        if !rustix::process::getuid().is_root() {
            return Owner(None);
        }
        let people = fs::read_to_string("/etc/passwd").unwrap();
        let named = |name: &str| people.lines().find(|line| line.starts_with(&format!("{name}:")));
        let line = named("postgres").or_else(|| named("nobody")).unwrap();
        let mut ids = line.split(':').skip(2).map(|id| id.parse().unwrap());
        Owner(Some((ids.next().unwrap(), ids.next().unwrap())))
    }

    fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Owner(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin").current_dir("/");
        command.stdin(Stdio::null());
        command
    }

    fn give(self, path: &Path) {
        if let Owner(Some((user, group))) = self {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }
}

/// Where Debian's package has its programs, the newest version.
fn program(name: &str) -> PathBuf {
    let folders = fs::read_dir("/usr/lib/postgresql").expect("needs Debian's package postgresql");
    let mut folders: Vec<PathBuf> = folders.map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    folders.pop().expect("a version of it").join("bin").join(name)
}

impl Server {
    /// One that is ready, and has nothing in it.
    pub fn start(name: &str) -> Server {
        let mut server = Server::make(name, "");
        server.begin();
        server
    }

    /// One that is not running yet; `written` goes to its configuration.
    pub fn make(name: &str, written: &str) -> Server {
        let (folder, owner) = (Directory::new(&format!("pg-{name}")), Owner::find());
        owner.give(folder.path());
        let data = folder.path().join("data");
        let mut command = owner.command(&program("initdb"));
        command.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Server { folder, owner, tcp: 0, child: None };
        server.write("postgresql.auto.conf", written);
        server
    }

    /// A file of its own in the folder of its data.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join("data").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.owner.give(&path);
        path
    }

    pub fn listen(&mut self, port: u16) {
        self.tcp = port;
    }

    /// Runs it, and waits until it answers.
    pub fn begin(&mut self) {
        let socket = self.folder.path().to_owned();
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let child = self.child.get_or_insert_with(|| {
                let mut command = self.owner.command(&program("postgres"));
                command.arg("-D").arg(socket.join("data")).arg("-k").arg(&socket);
                match self.tcp {
                    0 => command.args(["-c", "listen_addresses="]),
                    port => command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]),
                };
                let log = fs::File::options().create(true).append(true).open(socket.join("log")).unwrap();
                command.args(["-c", "max_connections=20", "-c", "shared_buffers=16MB"]);
                command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
            });
            // Those of the one before may still hold what it needs.
            if child.try_wait().unwrap().is_some() {
                self.child = None;
            } else if self.sql_in("postgres", "select 1").is_ok() {
                break;
            }
            let log = || fs::read_to_string(socket.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "it does not begin: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        if self.sql_in("tandem", "select 1").is_err() {
            self.sql_in("postgres", "create database tandem").unwrap();
        }
    }

    /// As a power cut would end it.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What psql says to it.
    pub fn sql(&self, sql: &str) -> String {
        self.sql_in("tandem", sql).unwrap_or_else(|words| panic!("{sql}: {words}"))
    }

    fn sql_in(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut command = Command::new(program("psql"));
        command.arg("-h").arg(self.folder.path()).args(["-p", &self.port().to_string()]);
        command.args([
            "-U",
            USER,
            "-d",
            database,
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        let said = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
    }

    fn port(&self) -> u16 {
        if self.tcp == 0 { 5432 } else { self.tcp }
    }

    /// By its socket, as a node of this name.
    pub fn settings(&self, node: &str) -> Postgres {
        Postgres {
            hosts: vec![PostgresHost { host: self.folder.path().display().to_string(), port: self.port() }],
            database: "tandem".to_owned(),
            user: USER.to_owned(),
            password: None,
            schema: "tandem".to_owned(),
            roots: None,
            node: node.to_owned(),
        }
    }

    pub fn database(&self) -> Database {
        Database::Postgres(self.settings("here"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
