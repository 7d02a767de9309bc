//! The command line as shells and `man` know it: made of the tree that is parsed.

use std::io;
use std::path::Path;

use clap::{Args, Command};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that completes
    pub shell: Shell,
}

impl Completions {
    /// What the shell reads, out of the tree of verbs.
    pub fn script(&self, mut tree: Command) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut tree, "tandem", &mut script);
        script
    }
}

/// Writes a page of the manual for each verb of the tree into a folder.
pub fn manual(tree: Command, folder: &Path) -> io::Result<()> {
    clap_mangen::generate_to(tree, folder)
}
