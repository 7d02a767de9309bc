//! The human log: standard error, one line for each thing that matters.

use std::io::{self, IsTerminal, Write};

use model::without_passwords;

use tracing_subscriber::EnvFilter;

/// What the log shows, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `info`, `debug` …; the variable TANDEM_LOG outranks it.
    pub level: String,
}

/// Begins to write the log to standard error. A second call changes nothing.
pub fn start_log(settings: &LogSettings) {
    let filter = EnvFilter::try_from_env("TANDEM_LOG").unwrap_or_else(|_| EnvFilter::new(&settings.level));
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Discreet)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal() && !is_plain)
        .finish();
    // Only the first caller of a process decides.
    let _ = tracing::subscriber::set_global_default(log);
}

/// Standard error, told no password of a URI: a log is read by more people than a house has owners.
struct Discreet;

impl Write for Discreet {
    /// Whole lines come at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(without_passwords(&text, '*').as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
