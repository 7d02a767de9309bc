//! The package, on a Debian 12 that has nothing else: installed, judged by systemd, started as its unit says,
//! asked by sipsak, upgraded over a changed configuration, removed, purged.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::place::{self, io_failure};
use super::program::Program;
use super::syscalls;
use super::{Binary, Load};
use crate::package;
use crate::step::{self, Failure, read, root};

/// The bare system, made once.
const TREE: &str = "target/debian-12";
const SUITE: &str = "bookworm";
/// What `systemd-analyze security` may find at most, in tenths.
const EXPOSURE_MAX: &str = "20";
const WITHIN: Duration = Duration::from_secs(20);

/// Makes what needs a registry: the bare system, and two packages to go from one to the other.
pub fn prepare(load: Load) -> Result<(), Failure> {
    for revision in ["1", "2"] {
        package::built(load, revision)?;
    }
    let tree = root().join(TREE);
    if tree.join("whole").exists() {
        return Ok(());
    }
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(|error| io_failure(TREE, &error))?;
    }
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", "--include=systemd,tzdata", SUITE]).arg(&tree).args(archive());
    step::run(&mut command, "needs root and Debian's package archive")?;
    fs::write(tree.join("whole"), "").map_err(|error| io_failure(TREE, &error))
}

/// Where this system has its own packages from; nothing, where that is another archive.
fn archive() -> Option<String> {
    let mut command = Command::new("apt-get");
    command.args([
        "indextargets",
        "--format",
        "$(CODENAME) $(COMPONENT) $(REPO_URI)",
        "Created-By: Packages",
    ]);
    let output = command.output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().find_map(|line| line.strip_prefix(SUITE)?.strip_prefix(" main ")).map(str::to_owned)
}

pub fn run(_: &Binary, _: Load) -> Result<String, Failure> {
    let system = System::fresh()?;
    system.install("1")?;
    system.expect_furnished()?;
    let exposure = system.judged()?;
    system.answers()?;
    system.upgrade_keeps_what_was_changed()?;
    system.leaves_what_it_should()?;
    Ok(format!("installed, answered, upgraded, purged; {exposure}"))
}

macro_rules! expect {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(Failure::new(format!($($words)+), "look into target/interop/package"));
        }
    };
}

/// A Debian of our own, in a folder.
struct System {
    folder: PathBuf,
    root: PathBuf,
}

impl System {
    fn fresh() -> Result<System, Failure> {
        let folder = place::folder("package")?;
        let system = System { root: folder.join("debian"), folder };
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(root().join(TREE)).arg(&system.root);
        read(&mut copy, "is the disk full?")?;
        Ok(system)
    }

    /// A program inside it, with a view of processes as it needs one.
    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        let proc = format!("--mount-proc={}", self.path("proc").display());
        command.args(["--mount", &proc, "chroot"]).args(words);
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    fn as_root(&self, words: &[&str]) -> Result<String, Failure> {
        let root = self.root.display().to_string();
        read(&mut self.inside(&[&[&*root], words].concat()), "read what it says above")
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    fn install(&self, revision: &str) -> Result<(), Failure> {
        let file = format!("tandem-{revision}.deb");
        let from = root().join("target/package").join(&file);
        fs::copy(from, self.path("tmp").join(&file)).map_err(|error| io_failure(&file, &error))?;
        self.as_root(&["dpkg", "--force-confold", "--install", &format!("/tmp/{file}")]).map(drop)
    }

    /// User, folders, modes, pages, unit: all there, and the configuration is one that starts.
    fn expect_furnished(&self) -> Result<(), Failure> {
        let stat = |path: &str| self.as_root(&["stat", "-c", "%U:%G %a", path]);
        for (path, wanted) in [
            ("/etc/tandem", "root:tandem 750"),
            ("/etc/default/tandem", "root:root 640"),
            ("/var/lib/tandem", "tandem:tandem 700"),
            ("/usr/bin/tandem", "root:root 755"),
            ("/usr/lib/systemd/system/tandem.service", "root:root 644"),
            ("/usr/share/bash-completion/completions/tandem", "root:root 644"),
            ("/usr/share/zsh/vendor-completions/_tandem", "root:root 644"),
            ("/usr/share/fish/vendor_completions.d/tandem.fish", "root:root 644"),
        ] {
            let found = stat(path)?;
            expect!(found.trim() == wanted, "{path} is {}, not {wanted}", found.trim());
        }
        let wanted = self.path("etc/systemd/system/multi-user.target.wants/tandem.service");
        expect!(wanted.is_symlink(), "the unit is not enabled");
        let pages = ["tandem", "tandem-up", "tandem-call-show"];
        let page = |name: &&str| self.path(&format!("usr/share/man/man1/{name}.1.gz")).exists();
        expect!(pages.iter().all(page), "pages of the manual are missing");
        let checked = self.as_root(&["tandem", "config", "check", "/etc/tandem", "--json"])?;
        let report: serde_json::Value = serde_json::from_str(&checked).unwrap_or_default();
        let is_clean = |key: &str| report[key].as_array().is_some_and(Vec::is_empty);
        expect!(is_clean("problems") && is_clean("warnings"), "it is not clean: {checked}");
        Ok(())
    }

    /// What systemd says of the unit.
    fn judged(&self) -> Result<String, Failure> {
        let analyze = |words: &[&str]| {
            let mut command = Command::new("systemd-analyze");
            command.args(words).arg(format!("--root={}", self.root.display())).arg("--no-pager");
            command
        };
        // The example stands where an operator would copy it to.
        let example = "usr/share/doc/tandem/examples/tandem.socket";
        let socket = self.path("etc/systemd/system/tandem.socket");
        fs::copy(self.path(example), &socket).map_err(|error| io_failure(example, &error))?;
        let output = analyze(&["verify", "--man=no", "tandem.service", "tandem.socket"]).output();
        let output = output.map_err(|error| io_failure("systemd-analyze", &error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_fine = output.status.success() && !said.contains("tandem.s");
        expect!(is_fine, "systemd-analyze verify: {said}");
        fs::remove_file(&socket).map_err(|error| io_failure("tandem.socket", &error))?;
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        let mut command = analyze(&["security", "--offline=yes", &threshold, "tandem.service"]);
        let said = read(&mut command, "harden package/tandem.service")?;
        let overall = said.lines().find(|line| line.contains("Overall exposure")).unwrap_or_default();
        expect!(!overall.is_empty(), "no exposure is said: {said}");
        Ok(overall.trim_start_matches(|letter: char| !letter.is_ascii()).trim().to_owned())
    }

    /// Started as the unit says, by the user that it says; reloads, and ends by itself.
    fn answers(&self) -> Result<(), Failure> {
        let unit = fs::read_to_string(self.path("usr/lib/systemd/system/tandem.service"));
        let unit = unit.map_err(|error| io_failure("tandem.service", &error))?;
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap_or_default();
        let words: Vec<&str> = line.split(' ').filter(|word| *word != "$TANDEM_OPTIONS").collect();
        let root = self.root.display().to_string();
        let command = self.inside(&[&["--userspec=tandem:tandem", &*root], &words[..]].concat());
        let trace = self.folder.join("trace");
        let traced = syscalls::traced(&command, &trace);
        let mut node = Program::start(traced, &self.folder, "node")?;
        let until = Instant::now() + WITHIN;
        let asked = || Command::new("sipsak").args(["-s", "sip:127.0.0.1:5060"]).output();
        while !asked().is_ok_and(|output| output.status.success()) {
            let late = || Failure::new("OPTIONS was not answered", "read package/node.log");
            (Instant::now() < until).then_some(()).ok_or_else(late)?;
            thread::sleep(Duration::from_millis(100));
        }
        let status = self.as_root(&["tandem", "status", "--data", "/var/lib/tandem"]);
        expect!(status?.contains("running"), "tandem status does not know it");
        let found = self.as_root(&["stat", "-c", "%U %a", "/var/lib/tandem/revisions"])?;
        expect!(found.trim() == "tandem 700", "revisions are {found}");
        read(Command::new("kill").args(["-HUP", &node.id().to_string()]), "has it ended?")?;
        thread::sleep(Duration::from_secs(1));
        expect!(asked().is_ok_and(|output| output.status.success()), "it does not live through a reload");
        node.end();
        let log = fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
        expect!(!log.contains("ERROR"), "it had errors: {log}");
        let refused = syscalls::refused(&trace, words.first().unwrap_or(&""), &unit)?;
        expect!(refused.is_empty(), "the unit refuses what the house asks of the kernel: {refused:?}");
        Ok(())
    }

    fn upgrade_keeps_what_was_changed(&self) -> Result<(), Failure> {
        let edited = |path: &str, more: &str| {
            let path = self.path(path);
            let text = fs::read_to_string(&path).unwrap_or_default() + more;
            fs::write(&path, &text).map(|()| text).map_err(|error| io_failure("edge.toml", &error))
        };
        let edge = edited("etc/tandem/edge.toml", "\n# by hand\n")?;
        let default = edited("etc/default/tandem", "# by hand\n")?;
        self.as_root(&["chmod", "0755", "/etc/tandem"])?;
        self.install("2")?;
        let read = |path: &str| fs::read_to_string(self.path(path)).unwrap_or_default();
        let stays = read("etc/tandem/edge.toml") == edge && read("etc/default/tandem") == default;
        expect!(stays, "an upgrade wrote over the configuration");
        let mode = self.as_root(&["stat", "-c", "%a", "/etc/tandem"])?;
        expect!(mode.trim() == "755", "an upgrade changed a mode that was set");
        let state = self.path("var/lib/tandem/revisions/1");
        expect!(state.exists(), "an upgrade lost a revision");
        let version =
            self.as_root(&["dpkg-query", "-W", "-f", "${Version} ${db:Status-Abbrev}", "tandem"])?;
        expect!(version.contains("-2 ii"), "not upgraded: {version}");
        Ok(())
    }

    fn leaves_what_it_should(&self) -> Result<(), Failure> {
        let are = |paths: &[&str], there: Lies| {
            let wrong = paths.iter().find(|path| self.path(path).exists() != (there == Lies::There));
            let which = if there == Lies::There { "is gone" } else { "was left" };
            expect!(wrong.is_none(), "{} {which}", wrong.unwrap_or(&""));
            Ok(())
        };
        self.as_root(&["dpkg", "--remove", "tandem"])?;
        are(&["etc/tandem/edge.toml", "etc/default/tandem", "var/lib/tandem/revisions/1"], Lies::There)?;
        are(&["usr/bin/tandem", "usr/lib/systemd/system/tandem.service"], Lies::Gone)?;
        self.as_root(&["dpkg", "--purge", "tandem"])?;
        are(&["etc/tandem", "etc/default/tandem", "var/lib/tandem", "usr/share/doc/tandem"], Lies::Gone)?;
        let wanted = self.path("etc/systemd/system/multi-user.target.wants/tandem.service");
        expect!(!wanted.is_symlink(), "the unit is enabled still");
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    There,
    Gone,
}
