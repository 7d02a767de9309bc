//! How soon a shard gets a processor back when others want it too.
//!
//! Linux gives whoever asks for short turns one sooner, and not more of them in all (EEVDF, since 6.12): a
//! shard works for some microseconds and sleeps again, and need not wait for the whole turn of an apply or of
//! another program. Older kernels ignore the wish.
#![allow(unsafe_code)]

use std::mem;

/// The shortest turn that Linux knows.
const TURN_NS: u64 = 100_000;

/// Asks for short turns for the thread that calls it. Its priority stays; a refusal changes nothing.
pub(crate) fn shorten() {
    let Some(mut now) = attributes() else { return };
    if now.sched_policy != libc::SCHED_OTHER as u32 {
        return;
    }
    now.sched_runtime = TURN_NS;
    // SAFETY: the kernel reads `size` bytes of a struct that outlives the call; 0 is the calling thread.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const now, 0) };
}

/// What the kernel says of the calling thread.
fn attributes() -> Option<libc::sched_attr> {
    // SAFETY: numbers only, for which zeros are values.
    let mut now: libc::sched_attr = unsafe { mem::zeroed() };
    let size = mem::size_of::<libc::sched_attr>();
    // SAFETY: the kernel writes at most `size` bytes into a struct that outlives the call.
    let done = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut now, size, 0) };
    (done == 0).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_short_turns_where_the_kernel_knows_them_and_keeps_its_priority() {
        let before = attributes().expect("every Linux of ours knows the question");

        shorten();

        let after = attributes().expect("it did before");
        assert_eq!((after.sched_policy, after.sched_nice), (before.sched_policy, before.sched_nice));
        // A kernel that tells how long a turn is takes the wish.
        if before.sched_runtime > 0 && before.sched_policy == libc::SCHED_OTHER as u32 {
            assert_eq!(after.sched_runtime, TURN_NS);
        }
    }
}
