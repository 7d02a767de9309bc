//! A server in which records are searched, with its data on a small disk of its own.

use std::fs;
use std::path::Path;

use super::disk::Disk;
use crate::interop::database::{self, Database};
use crate::interop::place::io_failure;
use crate::step::Failure;

const MEGABYTES: u64 = 256;
/// So that it has room there, and has to clear it up now and then.
const SMALL: &[&str] = &["-c", "max_wal_size=64MB", "-c", "min_wal_size=8MB", "-c", "shared_buffers=16MB"];

pub struct Server {
    // Let go before the server's folder is removed.
    disk: Disk,
    database: Database,
}

impl Server {
    pub fn make(folder: &Path) -> Result<Server, Failure> {
        let disk = Disk::make(&folder.join("server.img"), &database::folder().join("disk"), MEGABYTES)?;
        let log = folder.join("server.log");
        fs::write(&log, "").map_err(|error| io_failure("server.log", &error))?;
        let database = Database::start_on(&disk.place.join("data"), &log, SMALL)?;
        Ok(Server { disk, database })
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.database.folder
    }

    /// Whatever houses have kept there goes.
    pub fn forget_all(&self) -> Result<(), Failure> {
        self.database.sql("drop schema if exists tandem cascade").map(drop)
    }

    /// Every record that it has, as it was written.
    pub fn bodies(&self) -> Result<String, Failure> {
        self.database.sql("select body from tandem.records where body->>'started' is not null")
    }

    /// Runs it, unless it runs; on return it answers.
    pub fn begin(&mut self) -> Result<(), Failure> {
        self.database.begin()
    }

    pub fn kill(&mut self) -> Result<(), Failure> {
        self.database.kill()
    }

    /// It neither answers nor goes.
    pub fn hang(&self) -> Result<(), Failure> {
        self.database.signal("-STOP")
    }

    pub fn go_on(&self) -> Result<(), Failure> {
        self.database.signal("-CONT")
    }

    pub fn fill_disk(&self) -> Result<(), Failure> {
        self.disk.fill()
    }

    pub fn empty_disk(&self) -> Result<(), Failure> {
        self.disk.empty()
    }

    /// The power goes; what was forced to its disk is there when it begins again.
    pub fn cut_power(&mut self) -> Result<(), Failure> {
        self.disk.cut()?;
        self.database.signal("-KILL")?;
        self.database.kill()?;
        self.disk.unmount()?;
        self.disk.mount()
    }
}
