//! How somebody says which house is meant: by its directory, or by its data folder.

use std::path::{Path, PathBuf};

use clap::Args;

/// Which house is meant.
#[derive(Clone, Debug, Args)]
pub struct House {
    /// The configuration directory of the house [default: .]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Its data folder [default: DIR/data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl House {
    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data_beside(None)
    }

    /// The data folder; where nothing is said of the house, a directory that is named elsewhere is its own.
    pub fn data_beside(&self, named: Option<&Path>) -> PathBuf {
        let directory = self.dir.as_deref().or(named).unwrap_or(Path::new("."));
        self.data.clone().unwrap_or_else(|| directory.join("data"))
    }
}
