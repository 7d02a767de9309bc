//! One step of a lane: a program is run, shown, timed; a failure says what to do about it.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Instant;

/// What went wrong, and the cure.
#[derive(Debug)]
pub struct Failure {
    pub what: String,
    pub cure: String,
}

impl Failure {
    pub fn new(what: impl Into<String>, cure: impl Into<String>) -> Failure {
        Failure { what: what.into(), cure: cure.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n    cure: {}", self.what, self.cure)
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let xtask = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    xtask.parent().map(Path::to_path_buf).unwrap_or_else(|| PathBuf::from("."))
}

/// This program as it runs, also when a build has put a newer one in its place since.
pub fn ourselves() -> String {
    format!("/proc/{}/exe", process::id())
}

/// The cargo that started us.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Says what a step is for, does it, and says how long it took.
pub fn step(name: &str, work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    println!("\n── {name}");
    let begun = Instant::now();
    let result = work();
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    println!("── {name}: {verdict} ({:.1} s)", begun.elapsed().as_secs_f32());
    result
}

/// Runs a program to its end, its output shown.
pub fn run(command: &mut Command, cure: &str) -> Result<(), Failure> {
    let line = written(command);
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{line}` ended with {status}"), cure)),
        Err(error) => Err(Failure::new(format!("`{line}` could not be started: {error}"), cure)),
    }
}

/// Runs a program to its end and takes what it printed.
pub fn read(command: &mut Command, cure: &str) -> Result<String, Failure> {
    let line = written(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("`{line}` could not be started: {error}"), cure))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{line}` ended with {}", output.status), cure));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be found on the search path.
pub fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn written(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
