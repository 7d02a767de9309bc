//! Compares `sip-message` with the parser of `rsipstack` on the same bytes in the same run.
//!
//! `parse-bench` prints time and allocations. For instructions:
//! `valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=with_sip_message \
//!  parse-bench counted invite`, and the same with `with_rsipstack`; divide by 100.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const INVITE: &[u8] = include_bytes!("../inputs/invite.sip");
const TRUNK: &[u8] = include_bytes!("../inputs/trunk.sip");

/// So many that what is set up at the first call doesn't count.
const CALLS_COUNTED: u32 = 100;

struct Counting;
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[unsafe(no_mangle)]
#[inline(never)]
fn with_sip_message(bytes: &[u8]) {
    black_box(sip_message::Message::parse(black_box(bytes)).expect("the inputs are well-formed"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn with_rsipstack(bytes: &[u8]) {
    black_box(
        rsipstack::sip::message::SipMessage::try_from(black_box(bytes)).expect("the inputs are well-formed"),
    );
}

/// Reads the fields that `sip-message` has read and checked when `parse` returns.
#[unsafe(no_mangle)]
#[inline(never)]
fn with_rsipstack_typed(bytes: &[u8]) {
    use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
    let message =
        rsipstack::sip::message::SipMessage::try_from(black_box(bytes)).expect("the inputs are well-formed");
    black_box(message.via_header().and_then(|via| via.typed()).expect("a Via"));
    black_box(message.from_header().and_then(|from| from.typed()).expect("a From"));
    black_box(message.to_header().and_then(|to| to.typed()).expect("a To"));
    black_box(message.cseq_header().and_then(|cseq| cseq.typed()).expect("a CSeq"));
    black_box(message.call_id_header().expect("a Call-ID"));
    black_box(&message);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, input] = &arguments[..]
        && mode == "counted"
    {
        let bytes = if input == "trunk" { TRUNK } else { INVITE };
        for _ in 0..CALLS_COUNTED {
            with_sip_message(bytes);
            with_rsipstack(bytes);
            with_rsipstack_typed(bytes);
        }
        return;
    }
    for (name, bytes) in [("invite", INVITE), ("trunk", TRUNK)] {
        let ours = measure(bytes, with_sip_message);
        let theirs = measure(bytes, with_rsipstack);
        let typed = measure(bytes, with_rsipstack_typed);
        println!("{name}, {} bytes", bytes.len());
        println!("  sip-message  {:7.0} ns  {:3} allocations", ours.0, ours.1);
        println!("  rsipstack    {:7.0} ns  {:3} allocations", theirs.0, theirs.1);
        println!("  … typed      {:7.0} ns  {:3} allocations", typed.0, typed.1);
        println!("  ratio        {:7.2}, {:.2} to typed", ours.0 / theirs.0, ours.0 / typed.0);
    }
}

/// The fastest of many rounds, and the allocations of one call: other work on the machine only adds.
fn measure(bytes: &[u8], parse: fn(&[u8])) -> (f64, u64) {
    const CALLS: u32 = 2_000;
    let before = ALLOCATIONS.load(Relaxed);
    parse(bytes);
    let allocations = ALLOCATIONS.load(Relaxed) - before;
    let rounds = (0..100).map(|_| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| parse(bytes));
        start.elapsed().as_nanos() as f64 / f64::from(CALLS)
    });
    (rounds.fold(f64::INFINITY, f64::min), allocations)
}
