//! What a program asks of the kernel, held against what its unit lets it ask: a filter that is too narrow is
//! met by nobody until the unit runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::place::io_failure;
use crate::step::{Failure, read};

/// What systemd lets every service ask.
const ALWAYS: &str = "@default";

/// The command, with what it asks written into a file; it is the process that is started, as without this.
pub fn traced(command: &Command, trace: &Path) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-D", "-f", "-qq", "-o"]).arg(trace).arg(command.get_program()).args(command.get_args());
    traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced
}

/// What was asked from the start of this program on, and not let by the filters of a unit.
pub fn refused(trace: &Path, program: &str, unit: &str) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(trace).map_err(|error| io_failure("trace", &error))?;
    let start = format!("execve(\"{program}\"");
    let asked: BTreeSet<&str> =
        text.lines().skip_while(|line| !line.contains(&start)).filter_map(name_of).collect();
    if asked.len() < 20 {
        let what = format!("only {} calls of the kernel were seen", asked.len());
        return Err(Failure::new(what, "may strace trace here?"));
    }
    let allowed = allowed_by(unit, &sets()?);
    Ok(asked.into_iter().filter(|name| !allowed.contains(*name)).map(str::to_owned).collect())
}

/// `4711 openat(AT_FDCWD, …`
fn name_of(line: &str) -> Option<&str> {
    let (_, call) = line.split_once(' ')?;
    let (name, _) = call.trim_start().split_once('(')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

type Sets = BTreeMap<String, Vec<String>>;

/// The sets that systemd knows: names of calls, and of other sets.
fn sets() -> Result<Sets, Failure> {
    let mut command = Command::new("systemd-analyze");
    let text = read(command.args(["--no-pager", "syscall-filter"]), "is systemd installed?")?;
    let mut sets = Sets::new();
    let mut open = String::new();
    for line in text.lines() {
        let word = line.trim();
        if line.starts_with('@') {
            open = word.to_owned();
        } else if line.starts_with(' ') && !word.starts_with('#') {
            sets.entry(open.clone()).or_default().push(word.to_owned());
        }
    }
    Ok(sets)
}

fn allowed_by(unit: &str, sets: &Sets) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (words, is_taken) = filter.strip_prefix('~').map_or((filter, false), |words| (words, true));
        for word in words.split_whitespace() {
            let names = named(word, sets);
            match is_taken {
                true => allowed.retain(|name| !names.contains(name)),
                false => allowed.extend(names),
            }
        }
    }
    allowed.extend(named(ALWAYS, sets));
    allowed
}

/// All calls of a set, or the call itself.
fn named(word: &str, sets: &Sets) -> BTreeSet<String> {
    match sets.get(word) {
        Some(words) => words.iter().flat_map(|word| named(word, sets)).collect(),
        None => BTreeSet::from([word.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_away_what_was_given_but_not_what_everybody_has() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let sets = Sets::from([
            ("@default".to_owned(), set(&["read"])),
            ("@io".to_owned(), set(&["write", "read"])),
            ("@service".to_owned(), set(&["@io", "chown", "mount"])),
            ("@privileged".to_owned(), set(&["chown", "read"])),
        ]);
        let unit = "[Service]\nSystemCallFilter=@service\nSystemCallFilter=~@privileged\n";

        let allowed: Vec<String> = allowed_by(unit, &sets).into_iter().collect();

        assert_eq!(allowed, ["mount", "read", "write"]);
        assert_eq!(name_of("71 openat(AT_FDCWD, \"x\") = 3"), Some("openat"));
        assert_eq!(name_of("71 <... futex resumed>) = 0"), None);
    }
}
