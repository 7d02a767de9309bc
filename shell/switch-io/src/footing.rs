//! Memory that a shard will want, taken before the first call.
//!
//! The allocator widens a thread's part of memory by a page at a time, and asks the kernel each time, which
//! then has the whole process to itself: a shard waits for whatever another thread does with memory, such as
//! an apply of a large house. What was asked for once need not be asked for again, even when it is given
//! back.

use std::hint::black_box;

/// Less than what an allocator asks the kernel for by itself.
const PIECE: usize = 64 * 1024;
/// Nearly all of one part of glibc's, which has 64 MB; a page of it becomes memory when something is written
/// to it.
const ALL: usize = 56 * 1024 * 1024;

/// Widens the part of memory of the thread that calls it.
pub(crate) fn widen() {
    let pieces: Vec<Vec<u8>> = (0..ALL / PIECE).map(|_| black_box(Vec::with_capacity(PIECE))).collect();
    drop(black_box(pieces));
}
