//! SRTP is taken off or put on while a packet crosses (RFC 3711, 3.3): it is proven before anything is
//! counted, and made into what leaves once it is known that it leaves.

use std::mem::offset_of;

use media::BEHIND_MAX;

use super::ahead;
use super::assembler::{Do, If, Page, R0, R1, R2, R3, R4, R5, R6, R7, R8, Register, STACK, Service, Size};
use super::cipher::{COUNTER, LAID_OUT};
use super::entry::Entry;
use super::keys::{CLEAR_MAX, PACKET, PROOF_MAX, SealKeys};
use super::places::{
    ETHERNET, HEADS, IP, IP_LENGTH, KEY, LENGTH, RTP_FLAGS, RTP_HEAD, RTP_NUMBER, SUM, SUM_OF_LENGTH,
    UDP_HEAD, UDP_LENGTH, field, load_heads, look_up,
};
use super::program::add;

/// Version 2, without padding, extension and contributors.
const PLAIN: i32 = 2 << 6;
/// Where RTP begins in a packet.
const RTP: i32 = ETHERNET + IP + UDP_HEAD;
/// A number that is so far behind is of the round before.
const HALF: i32 = 1 << 15;
const USED_WINDOW: i32 = 64;

/// On the stack: what is counted from.
const COUNTED: i16 = -104;
/// How long the packet is that leaves, at the same place, once that is known.
const LEAVES: i16 = COUNTED;
/// What came as a proof, at the same place: it is compared before anything is counted.
const PROOF: i16 = COUNTED;

/// Lets R8 lead to the keys of a direction that has some.
fn find_keys(p: &mut Page, keys: i32, none: &'static str) {
    p.load(Size::Word, R1, field(offset_of!(Entry, seal)));
    p.jump_if(R1, If::Equal, 0, none);
    p.compute(Do::Subtract, R1, 1);
    p.store(Size::Word, (STACK, KEY), R1);
    look_up(p, keys, KEY, "leave");
    p.set(R8, R0);
}

/// A field of the keys.
fn of_keys(offset: usize) -> (Register, i16) {
    (R8, offset as i16)
}

/// Takes a packet aside that is to be opened or sealed, and proves it in the first case.
pub(crate) fn prove(p: &mut Page, keys: i32) {
    p.store(Size::Double, (STACK, SUM_OF_LENGTH), 0);
    find_keys(p, keys, "proven");
    p.load(Size::Byte, R1, (R7, RTP_FLAGS));
    p.jump_if(R1, If::Differs, PLAIN, "leave");
    length(p, R4, (CLEAR_MAX + PROOF_MAX, "leave"));
    p.set(R1, R6);
    p.set(R2, RTP);
    text(p, R3);
    p.call(Service::LoadBytes);
    p.jump_if(R0, If::Differs, 0, "leave");
    guess(p);

    length(p, R4, (CLEAR_MAX + PROOF_MAX, "leave"));
    sum_of(p);
    p.compute_word(Do::ExclusiveOr, R0, -1);
    p.store(Size::Double, of_keys(offset_of!(SealKeys, before)), R0);
    p.load(Size::Word, R5, of_keys(offset_of!(SealKeys, comes)));
    p.jump_if(R5, If::Equal, 0, "proven");

    p.load(Size::Double, R2, (STACK, LENGTH));
    p.compute(Do::Subtract, R2, R5);
    p.store(Size::Double, (STACK, LENGTH), R2);
    length(p, R2, (CLEAR_MAX, "leave"));
    p.set(R1, R8);
    p.compute(Do::Add, R1, R2);
    p.load(Size::Double, R3, (R1, PACKET));
    p.store(Size::Double, (STACK, PROOF), R3);
    p.load(Size::Half, R3, (R1, PACKET + 8));
    p.store(Size::Double, (STACK, PROOF + 8), R3);
    hash(p);
    compare(p);
    p.label("proven");
}

/// The packet's whole number is the nearest to the highest so far (RFC 3711, 3.3.1); it was not used yet.
fn guess(p: &mut Page) {
    p.load(Size::Half, R1, (R7, RTP_NUMBER));
    p.network_order(R1, 16);
    p.load(Size::Word, R2, of_keys(offset_of!(SealKeys, number_off)));
    p.compute(Do::Add, R1, R2);
    p.compute(Do::And, R1, 0xffff);
    p.load(Size::Double, R2, of_keys(offset_of!(SealKeys, highest)));
    p.set(R3, R2);
    p.compute(Do::ShiftRight, R3, 16);
    p.set(R4, R2);
    p.compute(Do::And, R4, 0xffff);
    p.set(R5, R1);
    p.compute(Do::Subtract, R5, R4);
    p.compute(Do::And, R5, 0xffff);
    p.jump_if(R5, If::AtLeast, HALF, "before the round");
    p.jump_if(R1, If::AtLeast, R4, "guessed");
    p.compute(Do::Add, R3, 1);
    p.jump("guessed");
    p.label("before the round");
    p.jump_if(R1, If::Below, R4, "guessed");
    // Before the first of all there is none: the loop says what becomes of it.
    p.jump_if(R3, If::Equal, 0, "leave");
    p.compute(Do::Subtract, R3, 1);
    p.label("guessed");
    p.compute(Do::ShiftLeft, R3, 32);
    p.compute(Do::ShiftRight, R3, 16);
    p.compute(Do::Or, R3, R1);
    p.store(Size::Double, of_keys(offset_of!(SealKeys, index)), R3);
    p.store(Size::Word, of_keys(offset_of!(SealKeys, is_copy)), 0);
    p.jump_if(R3, If::Above, R2, "fresh");
    p.compute(Do::Subtract, R2, R3);
    p.jump_if(R2, If::AtLeast, USED_WINDOW, "used");
    p.load(Size::Double, R4, of_keys(offset_of!(SealKeys, used)));
    p.compute(Do::ShiftRight, R4, R2);
    p.compute(Do::And, R4, 1);
    p.jump_if(R4, If::Equal, 0, "fresh");
    p.label("used");
    p.load(Size::Word, R1, of_keys(offset_of!(SealKeys, comes)));
    p.jump_if(R1, If::Equal, 0, "used here");
    add(p, offset_of!(Entry, duplicates), 1);
    p.jump("drop");
    p.label("used here");
    // What is farther behind may be a new start.
    p.jump_if(R2, If::AtLeast, i32::from(BEHIND_MAX), "leave");
    p.store(Size::Word, of_keys(offset_of!(SealKeys, is_copy)), 1);
    p.label("fresh");
}

/// What came as a proof is the one that was made.
fn compare(p: &mut Page) {
    p.load(Size::Double, R1, (STACK, PROOF));
    p.load(Size::Double, R2, of_keys(offset_of!(SealKeys, proof)));
    p.compute(Do::ExclusiveOr, R1, R2);
    p.load(Size::Word, R5, of_keys(offset_of!(SealKeys, comes)));
    p.jump_if(R5, If::Equal, PROOF_MAX, "long");
    p.compute(Do::ShiftLeft, R1, 32);
    p.jump("compared");
    p.label("long");
    p.load(Size::Double, R2, (STACK, PROOF + 8));
    p.load(Size::Half, R3, of_keys(offset_of!(SealKeys, proof) + 8));
    p.compute(Do::ExclusiveOr, R2, R3);
    p.compute(Do::Or, R1, R2);
    p.label("compared");
    p.jump_if(R1, If::Equal, 0, "proven");
    add(p, offset_of!(Entry, unproven), 1);
    p.jump("drop");
}

/// Makes of a packet what leaves.
pub(crate) fn turn(p: &mut Page, keys: i32) {
    find_keys(p, keys, "turned");
    p.load(Size::Word, R1, of_keys(offset_of!(SealKeys, is_copy)));
    p.jump_if(R1, If::Equal, 0, "leaves");
    add(p, offset_of!(Entry, kept_packets), 1);
    p.load(Size::Double, R2, (STACK, LENGTH));
    p.compute(Do::Subtract, R2, IP + UDP_HEAD);
    add(p, offset_of!(Entry, kept_bytes), R2);
    p.jump("drop");
    p.label("leaves");
    length(p, R1, (CLEAR_MAX, "drop"));
    ahead::lay(p, "laid");
    counted_from(p);
    lay_stream(p);
    note(p);
    length(p, R2, (CLEAR_MAX, "drop"));
    p.load(Size::Word, R5, of_keys(offset_of!(SealKeys, leaves)));
    p.jump_if(R5, If::Equal, 0, "laid out");
    p.load(Size::Double, R1, of_keys(offset_of!(SealKeys, index)));
    p.network_order(R1, 16);
    p.store(Size::Half, (R8, PACKET + 2), R1);
    hash(p);
    length(p, R2, (CLEAR_MAX, "drop"));
    p.set(R1, R8);
    p.compute(Do::Add, R1, R2);
    p.load(Size::Double, R3, of_keys(offset_of!(SealKeys, proof)));
    p.store(Size::Double, (R1, PACKET), R3);
    p.load(Size::Half, R3, of_keys(offset_of!(SealKeys, proof) + 8));
    p.store(Size::Half, (R1, PACKET + 8), R3);
    p.load(Size::Word, R5, of_keys(offset_of!(SealKeys, leaves)));
    p.compute(Do::Add, R2, R5);
    p.label("laid out");
    p.store(Size::Double, (STACK, LEAVES), R2);
    put_back(p);
    p.label("turned");
}

/// The packet's number was used now.
fn note(p: &mut Page) {
    p.load(Size::Double, R1, of_keys(offset_of!(SealKeys, index)));
    p.load(Size::Double, R2, of_keys(offset_of!(SealKeys, highest)));
    p.load(Size::Double, R3, of_keys(offset_of!(SealKeys, used)));
    p.jump_if(R1, If::Above, R2, "higher");
    p.compute(Do::Subtract, R2, R1);
    p.compute(Do::And, R2, USED_WINDOW - 1);
    p.set(R4, 1);
    p.compute(Do::ShiftLeft, R4, R2);
    p.compute(Do::Or, R3, R4);
    p.jump("noted");
    p.label("higher");
    p.store(Size::Double, of_keys(offset_of!(SealKeys, highest)), R1);
    p.compute(Do::Subtract, R1, R2);
    p.jump_if(R1, If::Below, USED_WINDOW, "near");
    p.set(R3, 0);
    p.label("near");
    p.compute(Do::And, R1, USED_WINDOW - 1);
    p.compute(Do::ShiftLeft, R3, R1);
    p.compute(Do::Or, R3, 1);
    p.label("noted");
    p.store(Size::Double, of_keys(offset_of!(SealKeys, used)), R3);
}

/// Salt, sender and number, one over the other (RFC 3711, 4.1.1), as the cipher wants them.
fn counted_from(p: &mut Page) {
    p.load(Size::Double, R1, of_keys(offset_of!(SealKeys, index)));
    p.set(R2, R1);
    p.compute(Do::ShiftRight, R1, 16);
    p.network_order(R1, 32);
    p.network_order(R2, 16);
    for (at, column) in [R1, R2].into_iter().enumerate() {
        spread(p, column);
        p.load(Size::Double, R3, of_keys(offset_of!(SealKeys, counter) + 8 * at));
        p.compute(Do::ExclusiveOr, R3, column);
        p.store(Size::Double, (STACK, COUNTED + COUNTER[at]), R3);
    }
}

/// Between the bytes of a word, and below them, there is room for as many of another one; R3 is lost.
fn spread(p: &mut Page, word: Register) {
    for (apart, mask) in [(16, 0x0000_ffff_0000_ffff), (8, 0x00ff_00ff_00ff_00ff)] {
        p.set(R3, word);
        p.compute(Do::ShiftLeft, R3, apart);
        p.compute(Do::Or, word, R3);
        p.load_number(R3, mask);
        p.compute(Do::And, word, R3);
    }
    p.compute(Do::ShiftLeft, word, 8);
}

/// Lays the key stream over all that follows the header; written out, as the tries for an entry are.
fn lay_stream(p: &mut Page) {
    for begin in (0..CLEAR_MAX - RTP_HEAD).step_by(LAID_OUT) {
        p.load(Size::Word, R1, of_keys(offset_of!(SealKeys, length)));
        p.jump_if(R1, If::AtMost, RTP_HEAD + begin, "laid");
        p.load_number(R1, (begin as u64 / 16) << 56);
        p.store(Size::Double, (STACK, COUNTED + COUNTER[2]), R1);
        p.set(R1, R8);
        p.set(R2, STACK);
        p.compute(Do::Add, R2, i32::from(COUNTED));
        p.set(R3, R8);
        p.compute(Do::Add, R3, i32::from(PACKET) + RTP_HEAD + begin);
        p.load(Size::Word, R4, of_keys(offset_of!(SealKeys, count)));
        p.call_part("stream");
    }
    p.label("laid");
}

/// What lies aside becomes the packet, as long as it is now; what its sum changes by stays on the stack.
fn put_back(p: &mut Page) {
    bounded(p, R4);
    sum_of(p);
    p.load(Size::Double, R1, of_keys(offset_of!(SealKeys, before)));
    p.compute(Do::Add, R0, R1);
    p.store(Size::Double, (STACK, SUM), R0);

    p.load(Size::Double, R2, (STACK, LEAVES));
    p.compute(Do::Add, R2, RTP);
    p.set(R1, R6);
    p.set(R3, 0);
    p.call(Service::ChangeTail);
    p.jump_if(R0, If::Differs, 0, "drop");
    bounded(p, R4);
    p.set(R1, R6);
    p.set(R2, RTP);
    text(p, R3);
    p.set(R5, 0);
    p.call(Service::StoreBytes);
    p.jump_if(R0, If::Differs, 0, "drop");

    load_heads(p, HEADS, "drop");
    p.load(Size::Double, R1, (STACK, LEAVES));
    p.compute(Do::Add, R1, UDP_HEAD);
    p.set(R2, R1);
    p.compute(Do::Add, R2, IP);
    p.network_order(R1, 16);
    p.network_order(R2, 16);
    p.load(Size::Half, R3, (R7, UDP_LENGTH));
    p.compute(Do::ExclusiveOr, R3, 0xffff);
    p.compute(Do::Add, R3, R1);
    p.store(Size::Double, (STACK, SUM_OF_LENGTH), R3);
    p.load(Size::Double, R0, (STACK, SUM));
    p.compute(Do::Add, R0, R3);
    p.store(Size::Double, (STACK, SUM), R0);
    p.store(Size::Half, (R7, UDP_LENGTH), R1);
    p.store(Size::Half, (R7, IP_LENGTH), R2);
}

/// How long the packet is that came; without its proof, once that is taken off.
fn length(p: &mut Page, to: Register, (most, otherwise): (i32, &'static str)) {
    p.load(Size::Double, to, (STACK, LENGTH));
    p.compute(Do::Subtract, to, IP + UDP_HEAD);
    forget(p, to);
    p.jump_if(to, If::Above, most, otherwise);
    p.jump_if(to, If::Below, RTP_HEAD, otherwise);
}

/// How long the one is that leaves.
fn bounded(p: &mut Page, to: Register) {
    p.load(Size::Double, to, (STACK, LEAVES));
    forget(p, to);
    p.jump_if(to, If::Above, CLEAR_MAX + PROOF_MAX, "drop");
    p.jump_if(to, If::Below, RTP_HEAD, "drop");
}

/// Has the verifier forget what it knows of a length. Those who may not look into all of the kernel are let
/// in only if it knows the same on every way that leads to a place, where a length tells how far a pointer
/// goes.
fn forget(p: &mut Page, length: Register) {
    p.store(Size::Word, of_keys(offset_of!(SealKeys, length)), length);
    p.load(Size::Word, length, of_keys(offset_of!(SealKeys, length)));
}

/// Lets a register lead to the packet that lies aside.
fn text(p: &mut Page, to: Register) {
    p.set(to, R8);
    p.compute(Do::Add, to, i32::from(PACKET));
}

/// Hashes so many bytes of what lies aside as R2 says.
fn hash(p: &mut Page) {
    p.load(Size::Double, R3, of_keys(offset_of!(SealKeys, index)));
    p.compute(Do::ShiftRight, R3, 16);
    p.set(R1, R8);
    p.call_part("proof");
}

/// The sum of so many bytes of what lies aside as R4 says, in R0.
fn sum_of(p: &mut Page) {
    p.set(R1, R8);
    p.compute(Do::Add, R1, R4);
    p.store(Size::Double, (R1, PACKET), 0);
    p.compute(Do::Add, R4, 3);
    p.compute(Do::And, R4, -4);
    p.set(R1, 0);
    p.set(R2, 0);
    text(p, R3);
    p.set(R5, 0);
    p.call(Service::SumDifference);
    p.compute_word(Do::Or, R0, 0);
}
