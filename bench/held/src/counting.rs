//! The system's allocator, which counts what is there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

struct Counting;
static BYTES: AtomicIsize = AtomicIsize::new(0);
static BLOCKS: AtomicIsize = AtomicIsize::new(0);

/// What is allocated and not given back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live {
    pub bytes: isize,
    pub blocks: isize,
}

impl Live {
    pub fn now() -> Live {
        Live { bytes: BYTES.load(Relaxed), blocks: BLOCKS.load(Relaxed) }
    }

    pub fn add_since(&mut self, before: Live) {
        let now = Live::now();
        self.bytes += now.bytes - before.bytes;
        self.blocks += now.blocks - before.blocks;
    }

    pub fn less(self, other: Live) -> Live {
        Live { bytes: self.bytes - other.bytes, blocks: self.blocks - other.blocks }
    }
}

/// What the system's allocator takes for a block of that size: a word before it, in steps of two words.
fn taken(size: usize) -> isize {
    isize::try_from((size + 8).next_multiple_of(16).max(32)).expect("a block fits into memory")
}

fn count(bytes: isize, blocks: isize) {
    BYTES.fetch_add(bytes, Relaxed);
    BLOCKS.fetch_add(blocks, Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(taken(layout.size()), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-taken(layout.size()), -1);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(taken(size) - taken(layout.size()), 0);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
