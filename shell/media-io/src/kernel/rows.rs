//! Rows of memory that the kernel's program and the loops share.

use std::fmt;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bpf;

/// What may be a row.
///
/// # Safety
///
/// All that is in it is atomic, and all zero is one.
pub(crate) unsafe trait Row {}

/// As many rows as there will ever be, and which of them are free.
pub(crate) struct Shared<T> {
    memory: NonNull<T>,
    count: usize,
    free: Mutex<Vec<u32>>,
}

// SAFETY: all that is in a row is atomic.
unsafe impl<T: Row> Send for Shared<T> {}
// SAFETY: the same.
unsafe impl<T: Row> Sync for Shared<T> {}

impl<T: Row> Shared<T> {
    /// The rows, and the array that a program finds them in.
    pub fn open(name: &str, count: u32) -> io::Result<(Shared<T>, OwnedFd)> {
        let array = bpf::array(name, size_of::<T>(), count)?;
        let (length, access) = (count as usize * size_of::<T>(), libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: asks for memory at any place, of the array's length.
        let memory =
            unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, array.as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or_else(|| io::Error::other("no memory"))?;
        let free = Mutex::new((0..count).rev().collect());
        Ok((Shared { memory, count: count as usize, free }, array))
    }

    pub fn at(&self, number: u32) -> &T {
        assert!((number as usize) < self.count, "a row is one of those that there are");
        // SAFETY: there are so many rows, in memory that is ours as long as this lives; all zero is one.
        unsafe { self.memory.add(number as usize).as_ref() }
    }

    /// A row that nobody has.
    pub fn take(&self) -> Option<u32> {
        self.free().pop()
    }

    pub fn give_back(&self, number: u32) {
        self.free().push(number);
    }

    fn free(&self) -> MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: nobody has a reference to a row any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.count * size_of::<T>()) };
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.count)
    }
}
