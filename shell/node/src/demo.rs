//! `tandem demo`.
use anyhow::Result;
use cli::{Demo, Exit, Palette};

pub fn run(_: &Demo, _: Palette) -> Result<Exit> {
    Ok(Exit::Bad)
}
