//! Asks a running house, and waits for its answer.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Request, Response, VERSION, socket};

/// An apply of a large house with its tests takes seconds, not minutes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks the house on a data folder. `None`: none runs there.
pub fn ask(data: &Path, request: &Request) -> Result<Option<Response>> {
    let path = socket::path(data);
    let mut stream = match socket::connect(data) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let place = || path.display().to_string();
    stream.set_read_timeout(Some(PATIENCE)).with_context(place)?;
    let mut line = json!(request);
    line["version"] = VERSION.into();
    writeln!(stream, "{line}").with_context(place)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).with_context(place)?;
    let answer = serde_json::from_str(&answer);
    answer.with_context(|| format!("{}: an answer that cannot be read", place())).map(Some)
}
