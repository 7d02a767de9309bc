//! `tandem completions` and `tandem manual`: the command line for shells, and for `man`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use cli::{Completions, Exit};

pub fn completions(completions: &Completions) -> Result<Exit> {
    io::stdout().write_all(&completions.script(cli::tree()))?;
    Ok(Exit::Done)
}

/// Writes a page for each verb.
pub fn manual(dir: &Path) -> Result<Exit> {
    let place = || dir.display().to_string();
    fs::create_dir_all(dir).with_context(place)?;
    cli::manual(cli::tree(), dir).with_context(place)?;
    Ok(Exit::Done)
}
