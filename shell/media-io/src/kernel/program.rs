//! What the kernel does with each packet that arrives at a device: a page of its machine's instructions.
//!
//! It takes a packet only if all about it is as its entry says; every other one goes on to its socket as if
//! the program were not there. What it counts is what `media/src/observe.rs` counts, step by step.

use std::mem::offset_of;

use media::{BEHIND_MAX, JITTER_SECONDS_MAX, JUMP_MAX, PATIENCE_MS, PAUSE_MS, USED_TO, WINDOW};

use super::assembler::{
    Do, If, Instruction, Page, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, Register, STACK, Service, Size,
};
use super::entry::{DO_NOT_CUT, Entry, OPEN, TAKEN, TIME_TO_LIVE, UDP};
use super::places::*;
use super::{change, cipher, proof, sealing};

/// `struct bpf_redir_neigh`: a family, and room for an address of IPv6.
const NEIGHBOUR_LENGTH: i32 = 20;

/// What the kernel is told of a packet: on to whoever comes next, or nowhere.
const PASS: i32 = -1;
const DROP: i32 = 2;

/// Of `bpf_l4_csum_replace`: the difference is one of addresses; and no sum stays no sum.
const OF_ADDRESSES: i32 = 1 << 4;
const NONE_STAYS_NONE: i32 = 1 << 5;

/// So often it is tried to have an entry to oneself, before a packet goes on to its socket. They are written
/// out: that a loop ends, the verifier believes only those who may read all of the kernel.
const TRIES: usize = 32;

/// What the program looks into.
pub(crate) struct Maps {
    /// Tells the entry of an address and a port.
    pub table: i32,
    pub entries: i32,
    /// The codes of both laws.
    pub codes: i32,
    /// The keys of those that are opened or sealed.
    pub keys: i32,
}

/// The program.
pub(crate) fn program(maps: &Maps) -> Vec<Instruction> {
    let mut page = Page::new();
    let p = &mut page;
    p.set(R6, R1);
    let is_rtp_over_ipv4 = [look_at_frame, look_at_ip, look_at_rtp];
    is_rtp_over_ipv4.into_iter().for_each(|part| part(p));
    find_entry(p, maps);
    compare(p);
    change::look_at_sound(p);
    sealing::prove(p, maps.keys);
    count_number(p);
    count_arrival(p);
    count_packet(p);
    change::change_packet(p);
    sealing::turn(p, maps.keys);
    rewrite(p);
    send_on(p);
    ways_out(p);
    change::codes_of_a_step(p, maps.codes);
    cipher::parts(p);
    proof::parts(p);
    page.finish()
}

/// A whole packet of IPv4 for this machine, its heads in one piece.
fn look_at_frame(p: &mut Page) {
    p.load(Size::Word, R1, (R6, packet::PROTOCOL));
    p.jump_if(R1, If::Differs, u16::from_ne_bytes([0x08, 0x00]), "pass");
    for field in [packet::KIND, packet::HAS_VLAN, packet::PART_LENGTH] {
        p.load(Size::Word, R1, (R6, field));
        p.jump_if(R1, If::Differs, 0, "pass");
    }
    load_heads(p, HEADS, "in pieces");
    p.jump("whole");
    p.label("in pieces");
    p.load(Size::Word, R1, (R6, packet::LENGTH));
    p.jump_if(R1, If::Below, HEADS, "pass");
    p.set(R1, R6);
    p.set(R2, HEADS);
    p.call(Service::PullData);
    p.jump_if(R0, If::Differs, 0, "pass");
    load_heads(p, HEADS, "pass");
    p.label("whole");
}

/// IPv4 without options, whole, with UDP that fills it. Its length stays in R2, and on the stack.
fn look_at_ip(p: &mut Page) {
    p.load(Size::Byte, R1, (R7, IP_VERSION));
    p.jump_if(R1, If::Differs, 0x45, "pass");
    p.load(Size::Byte, R1, (R7, IP_PROTOCOL));
    p.jump_if(R1, If::Differs, i32::from(UDP), "pass");
    p.load(Size::Half, R1, (R7, IP_PART));
    p.jump_if(R1, If::HasBits, u16::from_ne_bytes([0x3f, 0xff]), "pass");
    p.load(Size::Half, R2, (R7, IP_LENGTH));
    p.network_order(R2, 16);
    p.load(Size::Half, R3, (R7, UDP_LENGTH));
    p.network_order(R3, 16);
    p.compute(Do::Add, R3, IP);
    p.jump_if(R2, If::Differs, R3, "pass");
    p.set(R4, R2);
    p.compute(Do::Add, R4, ETHERNET);
    p.load(Size::Word, R5, (R6, packet::LENGTH));
    p.jump_if(R4, If::Above, R5, "pass");
    p.store(Size::Double, (STACK, LENGTH), R2);
}

/// RTP with room for its contributors, and not RTCP.
fn look_at_rtp(p: &mut Page) {
    p.load(Size::Byte, R3, (R7, RTP_FLAGS));
    p.set(R4, R3);
    p.compute(Do::ShiftRight, R4, 6);
    p.jump_if(R4, If::Differs, 2, "pass");
    p.compute(Do::And, R3, 0x0f);
    p.compute(Do::ShiftLeft, R3, 2);
    p.compute(Do::Add, R3, IP + UDP_HEAD + RTP_HEAD);
    p.jump_if(R2, If::Below, R3, "pass");
    p.load(Size::Byte, R3, (R7, RTP_TYPE));
    p.jump_if(R3, If::Below, 192, "rtp");
    p.jump_if(R3, If::AtMost, 223, "pass");
    p.label("rtp");
}

/// Lets R9 lead to the entry of where the packet goes, and has it alone.
fn find_entry(p: &mut Page, maps: &Maps) {
    p.load(Size::Word, R1, (R7, IP_TO));
    p.store(Size::Word, (STACK, KEY), R1);
    p.load(Size::Half, R1, (R7, PORT_TO));
    p.store(Size::Half, (STACK, KEY + 4), R1);
    p.store(Size::Half, (STACK, KEY + 6), 0);
    look_up(p, maps.table, KEY, "pass");
    p.load(Size::Word, R1, (R0, 0));
    p.store(Size::Word, (STACK, KEY), R1);
    look_up(p, maps.entries, KEY, "pass");
    p.set(R9, R0);
    p.call(Service::Nanoseconds);
    p.store(Size::Double, (STACK, NOW), R0);

    for _ in 0..TRIES {
        p.set(R1, TAKEN as i32);
        p.exchange(field(offset_of!(Entry, open)), R1);
        p.jump_if(R1, If::Equal, OPEN as i32, "alone");
    }
    p.jump("pass");
    p.label("alone");
}

/// The sender, the source and the type are those that are known; and it fits through.
fn compare(p: &mut Page) {
    let words = [
        (IP_FROM, offset_of!(Entry, from)),
        (IP_TO, offset_of!(Entry, here)),
        (PORTS, offset_of!(Entry, ports)),
        (RTP_SOURCE, offset_of!(Entry, ssrc)),
    ];
    for (place, known) in words {
        p.load(Size::Word, R1, (R7, place));
        p.load(Size::Word, R2, field(known));
        p.jump_if(R1, If::Differs, R2, "leave");
    }
    p.load(Size::Double, R1, (STACK, LENGTH));
    p.load(Size::Word, R2, field(offset_of!(Entry, length_max)));
    p.jump_if(R1, If::Above, R2, "leave");
    p.load(Size::Byte, R1, (R7, RTP_TYPE));
    p.set(R2, R1);
    p.compute(Do::And, R2, 0x40);
    p.compute(Do::ShiftRight, R2, 3);
    p.set(R3, R9);
    p.compute(Do::Add, R3, R2);
    p.load(Size::Double, R2, (R3, offset_of!(Entry, types) as i16));
    p.compute(Do::And, R1, 0x3f);
    p.compute(Do::ShiftRight, R2, R1);
    p.compute(Do::And, R2, 1);
    p.jump_if(R2, If::Equal, 0, "leave");
}

/// Where the packet's number stands. What might be a new start is left to the relay.
fn count_number(p: &mut Page) {
    p.load(Size::Half, R1, (R7, RTP_NUMBER));
    p.network_order(R1, 16);
    p.load(Size::Double, R2, field(offset_of!(Entry, highest)));
    p.set(R3, R1);
    p.compute(Do::Subtract, R3, R2);
    p.compute(Do::And, R3, 0xffff);
    p.jump_if(R3, If::Equal, 0, "copy");
    p.jump_if(R3, If::Below, i32::from(JUMP_MAX), "ahead");
    p.compute(Do::Subtract, R2, R1);
    p.compute(Do::And, R2, 0xffff);
    p.jump_if(R2, If::AtLeast, i32::from(BEHIND_MAX), "leave");
    p.jump_if(R2, If::Below, i32::from(WINDOW), "may be a copy");
    p.load(Size::Double, R4, (STACK, SOUND));
    p.jump_if(R4, If::Equal, 0, "out of order");
    p.jump("leave");
    p.label("may be a copy");
    p.set(R4, 1);
    p.compute(Do::ShiftLeft, R4, R2);
    p.load(Size::Double, R5, field(offset_of!(Entry, seen)));
    p.jump_if(R5, If::HasBits, R4, "copy");
    p.compute(Do::Or, R5, R4);
    p.store(Size::Double, field(offset_of!(Entry, seen)), R5);
    add(p, offset_of!(Entry, received), 1);
    compute_off(p, "after the last");
    p.load(Size::Double, R3, field(offset_of!(Entry, delay)));
    p.compute(Do::Add, R3, R5);
    of_clock(p, R2, PATIENCE_MS);
    p.jump_if(R2, If::AtLeastSigned, R3, "out of order");
    add(p, offset_of!(Entry, late), 1);
    p.label("out of order");
    add(p, offset_of!(Entry, reordered), 1);
    p.jump("behind");
    p.label("copy");
    add(p, offset_of!(Entry, duplicates), 1);
    p.label("behind");
    keep_sound(p);
    p.jump("counted");

    p.label("ahead");
    p.store(Size::Double, field(offset_of!(Entry, highest)), R1);
    p.set(R5, 1);
    p.jump_if(R3, If::AtLeast, i32::from(WINDOW), "none before it");
    p.load(Size::Double, R5, field(offset_of!(Entry, seen)));
    p.compute(Do::ShiftLeft, R5, R3);
    p.compute(Do::Or, R5, 1);
    p.label("none before it");
    p.store(Size::Double, field(offset_of!(Entry, seen)), R5);
    add(p, offset_of!(Entry, expected), R3);
    p.jump_if(R3, If::Equal, 1, "without a gap");
    add(p, offset_of!(Entry, gaps), 1);
    p.label("without a gap");
    add(p, offset_of!(Entry, received), 1);
}

/// Sound that is made of the other law leaves in its order, and once, as it does from the relay.
fn keep_sound(p: &mut Page) {
    p.load(Size::Double, R3, (STACK, SOUND));
    p.jump_if(R3, If::Equal, 0, "counted");
    p.store(Size::Double, (STACK, SOUND), KEPT);
    add(p, offset_of!(Entry, kept_packets), 1);
    p.load(Size::Double, R3, (STACK, LENGTH));
    p.compute(Do::Subtract, R3, IP + UDP_HEAD);
    add(p, offset_of!(Entry, kept_bytes), R3);
}

/// How evenly it comes (RFC 3550, A.8), and whether somebody would still have waited for it.
fn count_arrival(p: &mut Page) {
    compute_off(p, "later");
    p.jump_if(R3, If::Equal, 0, "counted");
    p.store(Size::Double, field(offset_of!(Entry, timestamp)), R1);
    p.load(Size::Double, R2, (STACK, NOW));
    p.store(Size::Double, field(offset_of!(Entry, arrived_ns)), R2);
    p.set(R4, R5);
    p.jump_if(R4, If::AtLeastSigned, 0, "strays");
    p.compute(Do::Multiply, R4, -1);
    p.label("strays");
    p.load(Size::Word, R2, field(offset_of!(Entry, clock)));
    p.compute(Do::Multiply, R2, JITTER_SECONDS_MAX as i32);
    p.jump_if(R4, If::AtLeast, R2, "begins anew");

    p.load(Size::Double, R3, field(offset_of!(Entry, jitter)));
    p.set(R2, R3);
    p.compute(Do::Add, R2, 8);
    p.compute(Do::ShiftRight, R2, 4);
    p.compute(Do::Add, R3, R4);
    p.compute(Do::Subtract, R3, R2);
    p.set(R4, -1);
    p.compute(Do::ShiftRight, R4, 32);
    p.jump_if(R3, If::AtMost, R4, "fits");
    p.set(R3, R4);
    p.label("fits");
    p.store(Size::Double, field(offset_of!(Entry, jitter)), R3);
    p.load(Size::Double, R4, field(offset_of!(Entry, jitter_max)));
    p.jump_if(R3, If::AtMost, R4, "no worse");
    p.store(Size::Double, field(offset_of!(Entry, jitter_max)), R3);
    p.label("no worse");
    count_delay(p);
}

/// How much longer the packet took than the quickest lately, of what is off in R5.
fn count_delay(p: &mut Page) {
    p.load(Size::Double, R3, field(offset_of!(Entry, delay)));
    p.compute(Do::Add, R3, R5);
    p.jump_if(R3, If::AtLeastSigned, 0, "delayed");
    p.set(R3, 0);
    p.label("delayed");
    of_clock(p, R2, PAUSE_MS);
    p.jump_if(R3, If::Above, R2, "begins anew");
    p.set(R4, R3);
    p.compute(Do::ShiftRight, R4, USED_TO as i32);
    p.set(R2, R3);
    p.compute(Do::Subtract, R2, R4);
    p.store(Size::Double, field(offset_of!(Entry, delay)), R2);
    of_clock(p, R2, PATIENCE_MS);
    p.jump_if(R3, If::AtMost, R2, "counted");
    add(p, offset_of!(Entry, late), 1);
    p.jump("counted");
    p.label("begins anew");
    p.store(Size::Double, field(offset_of!(Entry, delay)), 0);
}

/// Leaves the packet's timestamp in R1, how much later it was sent than the last one in R3, and how much
/// later than that it came in R5, with signs; R2 is lost.
fn compute_off(p: &mut Page, later: &'static str) {
    p.load(Size::Word, R1, (R7, RTP_TIME));
    p.network_order(R1, 32);
    p.load(Size::Double, R2, field(offset_of!(Entry, timestamp)));
    p.set(R3, R1);
    p.compute(Do::Subtract, R3, R2);
    p.compute(Do::ShiftLeft, R3, 32);
    p.compute(Do::ShiftRightSigned, R3, 32);
    p.load(Size::Double, R5, (STACK, NOW));
    p.load(Size::Double, R2, field(offset_of!(Entry, arrived_ns)));
    p.jump_if(R5, If::AtLeast, R2, later);
    p.set(R2, R5);
    p.label(later);
    p.compute(Do::Subtract, R5, R2);
    p.compute(Do::Divide, R5, 1_000);
    p.load(Size::Word, R2, field(offset_of!(Entry, clock)));
    p.compute(Do::Multiply, R5, R2);
    p.compute(Do::Divide, R5, 1_000_000);
    p.compute(Do::Subtract, R5, R3);
}

/// So many milliseconds in units of the timestamp.
fn of_clock(p: &mut Page, to: Register, ms: u32) {
    p.load(Size::Word, to, field(offset_of!(Entry, clock)));
    p.compute(Do::Divide, to, 1_000);
    p.compute(Do::Multiply, to, ms as i32);
}

fn count_packet(p: &mut Page) {
    p.label("counted");
    add(p, offset_of!(Entry, packets), 1);
    p.load(Size::Double, R3, (STACK, LENGTH));
    p.compute(Do::Subtract, R3, IP + UDP_HEAD);
    add(p, offset_of!(Entry, bytes), R3);
    p.load(Size::Double, R1, (STACK, NOW));
    p.store(Size::Double, field(offset_of!(Entry, last_ns)), R1);
    p.load(Size::Double, R1, (STACK, SOUND));
    p.jump_if(R1, If::Equal, KEPT, "drop");
}

/// The packet becomes one of ours. Its sum is changed by what changes, so that it still proves what the
/// sender wrote; the kernel knows whether there is one yet.
fn rewrite(p: &mut Page) {
    for (difference, sum, of) in [
        (offset_of!(Entry, addresses_off), SUM_OF_LENGTH, OF_ADDRESSES),
        (offset_of!(Entry, ports_off), SUM, 0),
    ] {
        p.set(R1, R6);
        p.set(R2, UDP_SUM);
        p.set(R3, 0);
        p.load(Size::Word, R4, field(difference));
        change::add_sum(p, sum);
        p.set(R5, of | NONE_STAYS_NONE);
        p.call(Service::ReplaceChecksum);
        p.jump_if(R0, If::Differs, 0, "drop");
    }
    load_heads(p, HEADS, "drop");
    p.load(Size::Word, R1, field(offset_of!(Entry, mark)));
    p.store(Size::Byte, (R7, IP_MARK), R1);
    p.store(Size::Word, (R7, IP_NUMBER), i32::from_ne_bytes(DO_NOT_CUT));
    p.store(Size::Byte, (R7, IP_TIME_TO_LIVE), i32::from(TIME_TO_LIVE));
    p.load(Size::Word, R1, field(offset_of!(Entry, head_sum)));
    p.load(Size::Half, R2, (R7, IP_LENGTH));
    p.compute(Do::Add, R1, R2);
    for _ in 0..2 {
        p.set(R2, R1);
        p.compute(Do::ShiftRight, R2, 16);
        p.compute(Do::And, R1, 0xffff);
        p.compute(Do::Add, R1, R2);
    }
    p.compute(Do::ExclusiveOr, R1, 0xffff);
    p.store(Size::Half, (R7, IP_SUM), R1);
    for (place, with) in [
        (IP_FROM, offset_of!(Entry, leaves)),
        (IP_TO, offset_of!(Entry, to)),
        (PORTS, offset_of!(Entry, to_ports)),
    ] {
        p.load(Size::Word, R1, field(with));
        p.store(Size::Word, (R7, place), R1);
    }
}

/// By its device to its neighbour, whose address on the wire the kernel knows, or asks for.
fn send_on(p: &mut Page) {
    p.store(Size::Word, (STACK, NEIGHBOUR), libc::AF_INET);
    p.load(Size::Word, R1, field(offset_of!(Entry, neighbour)));
    p.store(Size::Word, (STACK, NEIGHBOUR + 4), R1);
    for rest in [8, 12, 16] {
        p.store(Size::Word, (STACK, NEIGHBOUR + rest), 0);
    }
    p.load(Size::Word, R8, field(offset_of!(Entry, device)));
    leave(p);
    p.set(R1, R8);
    p.set(R2, STACK);
    p.compute(Do::Add, R2, i32::from(NEIGHBOUR));
    p.set(R3, NEIGHBOUR_LENGTH);
    p.set(R4, 0);
    p.call(Service::RedirectToNeighbour);
    p.exit();
}

fn ways_out(p: &mut Page) {
    p.label("leave");
    leave(p);
    p.label("pass");
    p.set(R0, PASS);
    p.exit();
    p.label("drop");
    leave(p);
    p.set(R0, DROP);
    p.exit();
}

/// Others may have the entry.
fn leave(p: &mut Page) {
    p.set(R1, OPEN as i32);
    p.exchange(field(offset_of!(Entry, open)), R1);
}

pub(crate) fn add(p: &mut Page, offset: usize, what: impl Into<super::assembler::Operand>) {
    p.load(Size::Double, R1, field(offset));
    p.compute(Do::Add, R1, what);
    p.store(Size::Double, field(offset), R1);
}
