//! `tandem top` within tmux, a terminal that others wrote: a call in progress is seen, ordered, filtered and
//! held; the terminal may change its size, and is as it was before after q, SIGTERM and Ctrl-C. One that
//! can't place words is told in lines, and a house that ends leaves its last picture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::place::{UDP_V4, Way, io_failure};
use super::stage::Stage;
use super::{Binary, Load, calls};
use crate::step::{Failure, read};

const WAY: Way = Way { name: "top", ..UDP_V4 };
/// As long as a call is looked at.
const HOLD_MS: u64 = 25_000;
const WITHIN: Duration = Duration::from_secs(15);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;
    let call = calls::begin(&folder, setting.sip, (caller, callee), HOLD_MS)?;
    let tmux = Tmux::open(&folder)?;

    seen(&tmux, binary, &folder)?;
    left(&tmux, binary, &folder)?;
    in_one_picture(binary, &folder, |picture| {
        let call = &picture["calls"]["calls"][0];
        call["called"] == calls::NUMBER
            && call["stage"] == "up"
            && picture["machine"]["memory_bytes"].is_u64()
    })?;
    calls::finish(call)?;
    in_one_picture(binary, &folder, |picture| {
        picture["calls"]["calls"] == serde_json::json!([]) && picture["lately"]["answered"] == 1
    })?;
    in_lines(&tmux, binary, &folder)?;
    tmux.begin(binary, &folder, "")?;
    tmux.expect(&["interop running", "100 % answered of 1", "q end"], &["no answer"])?;
    node.stop()?;
    tmux.expect(&["interop running", "no answer since", "no house runs on"], &[])?;
    tmux.press(&["q"])?;
    tmux.is_given_back(&folder, 0)?;
    Ok("a call seen, ordered, filtered, held; sizes changed; the terminal given back four times".into())
}

/// What stands on the screen, and what keys and sizes do to it.
fn seen(tmux: &Tmux, binary: &Binary, folder: &Path) -> Result<(), Failure> {
    tmux.begin(binary, folder, "")?;
    let all = ["interop running", calls::NUMBER, "in progress", "callees", "call started", "q end"];
    tmux.expect(&all, &["✘"])?;
    tmux.press(&["s"])?;
    tmux.expect(&["order: longest", "1 of 1"], &[])?;
    tmux.press(&["/", "zzz", "Enter"])?;
    tmux.expect(&["(zzz, Esc off)", "0 of 1"], &[calls::NUMBER])?;
    tmux.press(&["Escape"])?;
    tmux.expect(&["1 of 1", calls::NUMBER], &[])?;
    tmux.press(&["p"])?;
    tmux.expect(&["held"], &[])?;
    tmux.press(&["p"])?;
    tmux.resize(45, 10)?;
    tmux.expect(&["1 calls,", "callees 1 up"], &["STAGE"])?;
    tmux.resize(120, 40)?;
    tmux.expect(&["STAGE", "1 of 1", "media ports"], &[])?;
    let rows = tmux.face("-p")?;
    match rows.lines().next_back() {
        Some(last) if rows.lines().count() == 40 && last.contains("q end") => Ok(()),
        _ => {
            Err(Failure::new(format!("the keys are not in the last of 40 rows:\n{rows}"), "see draw::screen"))
        }
    }
}

/// However it ends, the terminal is as it was, and the shell knows how it ended.
fn left(tmux: &Tmux, binary: &Binary, folder: &Path) -> Result<(), Failure> {
    tmux.press(&["q"])?;
    tmux.is_given_back(folder, 0)?;
    tmux.begin(binary, folder, "NO_COLOR=1")?;
    tmux.expect(&["1 of 1"], &[])?;
    if tmux.face("-pe")?.contains('\x1b') {
        return Err(Failure::new("NO_COLOR is not obeyed", "see cli::Palette"));
    }
    let process = fs::read_to_string(folder.join("pid")).map_err(|error| io_failure("pid", &error))?;
    read(Command::new("kill").args(["-TERM", process.trim()]), "is it still there?")?;
    tmux.is_given_back(folder, 143)?;
    tmux.begin(binary, folder, "")?;
    tmux.expect(&["1 of 1"], &[])?;
    if !tmux.face("-pe")?.contains("\x1b[") {
        return Err(Failure::new("there are no colours", "see cli::Palette"));
    }
    tmux.press(&["C-c"])?;
    tmux.is_given_back(folder, 0)
}

/// A terminal that knows no places has one picture below the other.
fn in_lines(tmux: &Tmux, binary: &Binary, folder: &Path) -> Result<(), Failure> {
    tmux.begin(binary, folder, "TERM=dumb")?;
    tmux.expect(&["interop running", "call ended"], &["q end"])?;
    if tmux.say(&["display-message", "-p", "#{alternate_on}"])?.trim() != "0" {
        return Err(Failure::new("a dumb terminal is told to show another face", "see top::run"));
    }
    tmux.press(&["C-c"])?;
    // The shell leaves the rest of the line.
    tmux.expect(&["^C", "ready:"], &[])
}

/// What scripts are given.
fn in_one_picture(binary: &Binary, folder: &Path, is_right: fn(&Value) -> bool) -> Result<(), Failure> {
    let mut command = binary.command();
    command.args(["top", "--json", "--data"]).arg(folder.join("data"));
    let said = read(&mut command, "read node.log")?;
    let picture: Value = serde_json::from_str(&said).unwrap_or_default();
    if !is_right(&picture) {
        return Err(Failure::new(format!("not what was to be seen: {said}"), "compare with `tandem status`"));
    }
    let mut command = binary.command();
    command.args(["top", "--data"]).arg(folder.join("data"));
    let text = read(&mut command, "read node.log")?;
    if text.contains('\x1b') || !text.contains("interop running") {
        return Err(Failure::new(format!("not plain text: {text:?}"), "standard output is no terminal"));
    }
    Ok(())
}

/// A terminal with a shell in it.
struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    fn open(folder: &Path) -> Result<Tmux, Failure> {
        let tmux = Tmux { socket: folder.join("tmux.sock") };
        tmux.say(&["new-session", "-d", "-x", "110", "-y", "30", "env PS1=ready: ENV= sh"])?;
        // Its own row would be one of ours.
        tmux.say(&["set-option", "-g", "status", "off"])?;
        tmux.expect(&["ready:"], &[])?;
        Ok(tmux)
    }

    /// Types the command; where the terminal stood before is in a file.
    fn begin(&self, binary: &Binary, folder: &Path, setting: &str) -> Result<(), Failure> {
        let (place, data) = (folder.display(), folder.join("data"));
        let program = binary.command().get_program().to_string_lossy().into_owned();
        let line = format!(
            "clear; stty -g > {place}/before; {setting} sh -c 'echo $$ > {place}/pid; \
             exec {program} top --every 300ms --data {}'; code=$?; stty -g > {place}/after; echo ended $code",
            data.display()
        );
        self.press(&[&line, "Enter"])
    }

    fn is_given_back(&self, folder: &Path, code: u8) -> Result<(), Failure> {
        self.expect(&[&format!("ended {code}")], &["STAGE", "q end"])?;
        let standing = ["-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}"];
        let standing = self.say(&[&["display-message"], &standing[..]].concat())?;
        let [before, after] = ["before", "after"].map(|name| fs::read_to_string(folder.join(name)).ok());
        if standing.trim() == "0 1 1" && before.is_some() && before == after {
            return Ok(());
        }
        let what = format!("face, cursor, wrap: {standing}stty: {before:?}, {after:?}");
        Err(Failure::new(what, "see Before::give_back"))
    }

    fn press(&self, keys: &[&str]) -> Result<(), Failure> {
        self.say(&[&["send-keys"], keys].concat()).map(drop)
    }

    fn resize(&self, columns: u16, rows: u16) -> Result<(), Failure> {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.say(&["resize-window", "-x", &columns, "-y", &rows]).map(drop)
    }

    fn face(&self, how: &str) -> Result<String, Failure> {
        self.say(&["capture-pane", how])
    }

    /// Waits until all these words stand there, and none of those.
    fn expect(&self, words: &[&str], not: &[&str]) -> Result<(), Failure> {
        let until = Instant::now() + WITHIN;
        loop {
            let face = self.face("-p")?;
            let missing: Vec<_> = words.iter().filter(|word| !face.contains(**word)).collect();
            let wrong: Vec<_> = not.iter().filter(|word| face.contains(**word)).collect();
            if missing.is_empty() && wrong.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                let what = format!("missing {missing:?}, wrong {wrong:?} in\n{face}");
                return Err(Failure::new(what, "see draw.rs, viewer.rs"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn say(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("tmux");
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command.arg("-u").arg("-S").arg(&self.socket).args(["-f", "/dev/null"]).args(words);
        read(&mut command, "apt-get install tmux")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.say(&["kill-server"]).ok();
    }
}
