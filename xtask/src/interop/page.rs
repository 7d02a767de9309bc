//! A page with JsSIP on it, played by Node: told line by line what to do, and heard of what became of it.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::place::io_failure;
use crate::step::{self, Failure, root};

const WITHIN: Duration = Duration::from_secs(20);
/// Where the packages are that a page is made of.
const PACKAGES: &str = "target/interop-browser";

/// Installs them, in the versions that interop/browser has locked, where they are missing.
pub fn install() -> Result<(), Failure> {
    let folder = root().join(PACKAGES);
    let lock = fs::read(root().join("interop/browser/package-lock.json"));
    let lock = lock.map_err(|error| io_failure("package-lock.json", &error))?;
    let installed = folder.join("node_modules/.package-lock.json").exists();
    if installed && fs::read(folder.join("package-lock.json")).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|error| io_failure(PACKAGES, &error))?;
    for file in ["package.json", "package-lock.json"] {
        let copied = fs::copy(root().join("interop/browser").join(file), folder.join(file));
        copied.map_err(|error| io_failure(file, &error))?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&folder).args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(&mut command, "needs npm (apt-get install nodejs npm) and its registry")
}

/// Who a page is, and what it is at.
pub struct Whose<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub house: SocketAddr,
    /// Where it opens its WebSocket, such as `wss://127.0.0.1:8443`.
    pub url: &'a str,
    pub origin: &'a str,
    /// The port of its media, of which there is none.
    pub media: u16,
    pub authority: Option<&'a Path>,
}

pub struct Page {
    name: String,
    child: Child,
    log: PathBuf,
    /// How much of what it told was waited for.
    heard: usize,
}

impl Page {
    /// One that Node plays.
    pub fn load(folder: &Path, name: &str, whose: &Whose<'_>) -> Result<Page, Failure> {
        Page::open(folder, name, "page.mjs", whose)
    }

    pub fn open(folder: &Path, name: &str, script: &str, whose: &Whose<'_>) -> Result<Page, Failure> {
        // Beside its packages, so that Node finds them.
        let source = root().join("interop/browser").join(script);
        let script = root().join(PACKAGES).join(script);
        let copied = fs::copy(source, &script);
        copied.map_err(|error| io_failure("a page's script", &error))?;
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(|error| io_failure(name, &error))?;
        let copy = file.try_clone().map_err(|error| io_failure(name, &error))?;
        let mut command = Command::new("node");
        command
            .current_dir(folder)
            .arg(script)
            .arg(whose.url)
            .arg(format!("sip:{}@{}", whose.user, whose.house));
        command.args([whose.password, whose.origin, &whose.media.to_string()]);
        if let Some(authority) = whose.authority {
            command.env("NODE_EXTRA_CA_CERTS", authority);
        }
        command.stdin(Stdio::piped()).stdout(file).stderr(copy);
        let child = command.spawn().map_err(|error| io_failure("node", &error))?;
        Ok(Page { name: name.to_owned(), child, log, heard: 0 })
    }

    /// Has it do something.
    pub fn does(&mut self, deed: &str) -> Result<(), Failure> {
        let Some(orders) = &mut self.child.stdin else { return Err(self.failure(deed)) };
        writeln!(orders, "{deed}").map_err(|error| io_failure(&self.name, &error))
    }

    /// Waits until it tells something that begins like this; each is waited for once, in their order.
    pub fn tells(&mut self, words: &str) -> Result<String, Failure> {
        let until = Instant::now() + WITHIN;
        loop {
            let told = fs::read_to_string(&self.log).map_err(|error| io_failure(&self.name, &error))?;
            let whole = told.rfind('\n').map_or("", |end| &told[..end]);
            let mut unheard = whole.lines().enumerate().skip(self.heard);
            if let Some((at, line)) = unheard.find(|(_, line)| line.starts_with(words)) {
                self.heard = at + 1;
                return Ok(line.to_owned());
            }
            if Instant::now() > until {
                return Err(self.failure(words));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn failure(&self, what: &str) -> Failure {
        let what = format!("{} did not tell {what:?} within {} s", self.name, WITHIN.as_secs());
        Failure::new(what, format!("read {}", self.log.display()))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
