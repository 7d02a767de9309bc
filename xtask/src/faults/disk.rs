//! A small disk of its own: a file with ext4 in it, mounted in a namespace that nobody else sees.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::interop::place::io_failure;
use crate::step::{Failure, read};

const LET_GO_WITHIN: Duration = Duration::from_secs(30);
const CURE: &str = "the lane needs root, loop devices and ext4: run it where `mount -o loop` works";
/// EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: whatever was not forced to the disk is lost.
const CUT: &str = "import fcntl,os,struct,sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

/// A folder of memory, which no disk stands beneath: it outlives programs, and goes with the power.
pub struct Memory {
    pub place: PathBuf,
}

impl Memory {
    pub fn make(folder: &Path) -> Result<Memory, Failure> {
        let place = folder.join("memory");
        fs::create_dir_all(&place).map_err(|error| io_failure("memory", &error))?;
        read(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&place), CURE)?;
        Ok(Memory { place })
    }

    /// The power goes.
    pub fn cut(&self) -> Result<(), Failure> {
        let failed = |error| io_failure("memory", &error);
        for entry in fs::read_dir(&self.place).map_err(failed)? {
            fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // It goes with the namespace otherwise.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

pub struct Disk {
    image: PathBuf,
    pub place: PathBuf,
}

impl Disk {
    /// Makes it anew, empty; what it is made of stands in an image beside others.
    pub fn make(image: &Path, place: &Path, megabytes: u64) -> Result<Disk, Failure> {
        let disk = Disk { image: image.to_owned(), place: place.to_owned() };
        let failed = |error| io_failure("an image of a disk", &error);
        fs::create_dir_all(&disk.place).map_err(failed)?;
        let file = File::create(&disk.image).map_err(failed)?;
        file.set_len(megabytes * 1024 * 1024).map_err(failed)?;
        read(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk.image), CURE)?;
        disk.mount()?;
        Ok(disk)
    }

    pub fn mount(&self) -> Result<(), Failure> {
        read(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.place), CURE).map(drop)
    }

    /// Programs that asked the house at the last moment hold files there until they have ended, too.
    pub fn unmount(&self) -> Result<(), Failure> {
        let until = Instant::now() + LET_GO_WITHIN;
        loop {
            let done = read(Command::new("umount").arg(&self.place), "see who holds a file there: fuser -m");
            if done.is_ok() || Instant::now() > until {
                return done.map(drop);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The power goes: nothing that was not synced reaches the disk any more.
    pub fn cut(&self) -> Result<(), Failure> {
        read(Command::new("python3").args(["-c", CUT]).arg(&self.place), CURE).map(drop)
    }

    /// Leaves no room on it, until `empty`.
    pub fn fill(&self) -> Result<(), Failure> {
        let mut file = File::create(self.ballast()).map_err(|error| io_failure("ballast", &error))?;
        let block = vec![0x5a; 64 * 1024];
        for size in [block.len(), 4096, 512] {
            while file.write_all(&block[..size]).is_ok() {}
        }
        // That it cannot be written is what it is for.
        let _ = file.sync_all();
        Ok(())
    }

    pub fn empty(&self) -> Result<(), Failure> {
        fs::remove_file(self.ballast()).map_err(|error| io_failure("ballast", &error))
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The namespace goes with the process; without it nothing would be left either.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
