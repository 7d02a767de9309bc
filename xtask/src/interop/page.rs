//! A page with JsSIP on it, played by Node, or the house's own phone in Chromium: told line by line what to
//! do, and heard of what became of it.

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
/// What steers the house's own phone.
const PHONE: &str = "phone.mjs";
/// What linphonec writes before it reads.
const PROMPT: &str = "linphonec> ";
/// Where the packages are that a page is made of.
const PACKAGES: &str = "target/interop-browser";

/// How the library of the house's phone is made; docs/decisions/the-phone-is-a-page.md says so, too.
const BUNDLED: [&str; 8] = [
    "--bundle",
    "--minify",
    "--format=esm",
    "--platform=browser",
    "--target=es2022",
    "--charset=utf8",
    "--legal-comments=none",
    "--log-level=error",
];
const BANNER: &str = "--banner:js=/* JsSIP 3.13.8, with debug, ms, events and sdp-transform: MIT, \
                      see jssip.licences.txt. */";

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

/// The house's library for its phone is the published one: bundled anew it is the same, byte for byte.
pub fn expect_library_as_published() -> Result<(), Failure> {
    let (folder, name) = (root().join(PACKAGES), "library.js");
    let copied = fs::copy(root().join("interop/browser").join(name), folder.join(name));
    copied.map_err(|error| io_failure(name, &error))?;
    let mut command = Command::new("node_modules/.bin/esbuild");
    command.current_dir(&folder).args([name, BANNER, "--outfile=bundled.js"]).args(BUNDLED);
    step::run(&mut command, "needs esbuild as interop/browser/package-lock.json has it")?;
    let read =
        |path: PathBuf| fs::read(&path).map_err(|error| io_failure(&path.display().to_string(), &error));
    if read(folder.join("bundled.js"))? == read(root().join("shell/phone/page/jssip.js"))? {
        return Ok(());
    }
    let what = "shell/phone/page/jssip.js is not what is published, bundled";
    Err(Failure::new(what, "see docs/decisions/the-phone-is-a-page.md"))
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
        Page::open(folder, name, "page.mjs", whose, &[])
    }

    /// The house's own phone, in Chromium.
    pub fn phone(folder: &Path, name: &str, whose: &Whose<'_>) -> Result<Page, Failure> {
        Page::open(folder, name, PHONE, whose, &[])
    }

    /// The same where no microphone is given to pages.
    pub fn phone_without_microphone(folder: &Path, name: &str, whose: &Whose<'_>) -> Result<Page, Failure> {
        Page::open(folder, name, PHONE, whose, &[("MICROPHONE", "denied")])
    }

    fn open(
        folder: &Path,
        name: &str,
        script: &str,
        whose: &Whose<'_>,
        environment: &[(&str, &str)],
    ) -> Result<Page, Failure> {
        // Beside its packages, so that Node finds them.
        let source = root().join("interop/browser").join(script);
        let script = root().join(PACKAGES).join(script);
        let copied = fs::copy(source, &script);
        copied.map_err(|error| io_failure("a page's script", &error))?;
        let log = log_of(folder, name)?;
        let mut command = Command::new("node");
        command
            .current_dir(folder)
            .arg(script)
            .arg(whose.url)
            .arg(format!("sip:{}@{}", whose.user, whose.house));
        command.envs(environment.iter().copied());
        command.args([whose.password, whose.origin, &whose.media.to_string()]);
        if let Some(authority) = whose.authority {
            command.env("NODE_EXTRA_CA_CERTS", authority);
        }
        Page::of(name, &mut command, log)
    }

    /// Another program that is told line by line what to do.
    pub fn start(folder: &Path, name: &str, command: &mut Command) -> Result<Page, Failure> {
        Page::of(name, command, log_of(folder, name)?)
    }

    fn of(name: &str, command: &mut Command, (log, out, errors): Log) -> Result<Page, Failure> {
        command.stdin(Stdio::piped()).stdout(out).stderr(errors);
        let child = command.spawn().map_err(|error| io_failure(name, &error))?;
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
            if let Some((at, line)) = unheard.find(|(_, line)| without_prompt(line).starts_with(words)) {
                self.heard = at + 1;
                return Ok(line.to_owned());
            }
            if Instant::now() > until {
                return Err(self.failure(words));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// It has told nothing that begins like this.
    pub fn expect_untold(&self, words: &str) -> Result<(), Failure> {
        let told = fs::read_to_string(&self.log).map_err(|error| io_failure(&self.name, &error))?;
        match told.lines().find(|line| without_prompt(line).starts_with(words)) {
            None => Ok(()),
            Some(line) => Err(Failure::new(line, format!("read {}", self.log.display()))),
        }
    }

    fn failure(&self, what: &str) -> Failure {
        let what = format!("{} did not tell {what:?} within {} s", self.name, WITHIN.as_secs());
        Failure::new(what, format!("read {}", self.log.display()))
    }
}

/// Where its log is, and the file for what it says and for what it complains of.
type Log = (PathBuf, File, File);

fn log_of(folder: &Path, name: &str) -> Result<Log, Failure> {
    let log = folder.join(format!("{name}.log"));
    let file = File::create(&log).map_err(|error| io_failure(name, &error))?;
    let copy = file.try_clone().map_err(|error| io_failure(name, &error))?;
    Ok((log, file, copy))
}

/// What it told, without the prompt that some programs write before it.
fn without_prompt(line: &str) -> &str {
    line.trim_start_matches(PROMPT)
}

impl Drop for Page {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
