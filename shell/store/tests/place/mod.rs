#![allow(dead_code, clippy::unwrap_used, reason = "each test uses some of it, and may panic")]
//! Where a test of the store takes place, and how long it waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn wait_for(condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < until, "it never came true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A directory of its own for one test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("tandem-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
