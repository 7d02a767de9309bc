//! How soon a thread gets a processor when others want it too: a shard at once, and who comes last when
//! nobody else does.
//!
//! Linux gives whoever asks for short turns one sooner, and not more of them in all (EEVDF, since 6.12): a
//! shard works for some microseconds and sleeps again, and need not wait for the whole turn of an apply or of
//! another program. Older kernels ignore the wish.
#![allow(unsafe_code)]

use std::{io, mem};

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

/// Puts the thread that calls it behind all others: whoever wakes has its processor at once, and what it gets
/// where others want all of it is a three-hundredth. There is no way back.
pub fn stand_back() -> io::Result<()> {
    // SAFETY: numbers only, for which zeros are values; 0 is what this policy wants.
    let none: libc::sched_param = unsafe { mem::zeroed() };
    // SAFETY: the kernel reads a struct that outlives the call; 0 is the calling thread. By number, as musl
    // has a function that only refuses.
    let done = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_IDLE, &raw const none) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
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

    #[test]
    fn a_thread_that_stands_back_comes_after_all_others_and_those_beside_it_do_not() {
        let before = attributes().expect("every Linux of ours knows the question");

        let policy = std::thread::spawn(|| stand_back().map(|()| attributes().map(|now| now.sched_policy)));

        let policy = policy.join().expect("it does not panic").expect("everybody may stand back");
        assert_eq!(policy, Some(libc::SCHED_IDLE as u32));
        assert_eq!(attributes().map(|now| now.sched_policy), Some(before.sched_policy));
    }
}
