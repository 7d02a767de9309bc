//! HMAC-SHA1 of a packet (RFC 2104; FIPS 180-4, 6.1; RFC 3711, 4.2.1), in instructions of the kernel's
//! machine.

use std::mem::offset_of;

use super::assembler::{Do, If, Page, R0, R1, R2, R3, R4, R6, R7, R8, R9, Register, STACK, Size};
use super::keys::{CLEAR_MAX, PACKET, SealKeys};

/// Bytes of a block, and words of a state.
const BLOCK: i32 = 64;
const STATE: usize = 5;
/// What is hashed behind the packet: how often its numbers have begun anew.
const ROUND: i32 = 4;
/// What follows a text at least: one bit, and its length.
const END: i32 = 1 + 8;
const BIT: i32 = 0x80;

/// On the stack of the part "block": the sixteen words that the next ones are made of.
const WORDS: i16 = -64;
/// On that of the part "proof": the state.
const SUM: i16 = -24;

/// Which words are mixed how, twenty rounds of each.
const CONSTANTS: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// Writes the parts of the page: "proof" leaves among the keys at R1 the proof of a packet that lies there,
/// of as many bytes as R2 says, in the round of numbers in R3.
pub(crate) fn parts(p: &mut Page) {
    proof(p);
    block(p);
}

fn proof(p: &mut Page) {
    p.label("proof");
    p.set(R6, R1);
    // As in `sealing.rs`: the verifier is to forget what it knows.
    let length = (R6, offset_of!(SealKeys, length) as i16);
    p.store(Size::Word, length, R2);
    p.load(Size::Word, R2, length);
    p.jump_if(R2, If::Above, CLEAR_MAX, "proven not");
    end_text(p);
    take_state(p, offset_of!(SealKeys, inner));
    for end in (BLOCK..).step_by(BLOCK as usize).take_while(|end| *end <= ended(CLEAR_MAX)) {
        call_block(p, i32::from(PACKET) + end - BLOCK);
        p.load(Size::Word, R1, (R6, offset_of!(SealKeys, ended) as i16));
        p.jump_if(R1, If::AtMost, end, "hashed");
    }
    p.label("hashed");
    put_state(p, offset_of!(SealKeys, last));
    take_state(p, offset_of!(SealKeys, outer));
    call_block(p, offset_of!(SealKeys, last) as i32);
    put_state(p, offset_of!(SealKeys, proof));
    p.label("proven not");
    p.set(R0, 0);
    p.exit();
}

/// How long a text is with all that follows it.
const fn ended(length: i32) -> i32 {
    (length + ROUND + END + BLOCK - 1) / BLOCK * BLOCK
}

/// Writes behind a text what follows it; how long it is then stays among the keys.
fn end_text(p: &mut Page) {
    p.set(R4, R6);
    p.compute(Do::Add, R4, R2);
    p.network_order(R3, 32);
    p.store(Size::Word, (R4, PACKET), R3);
    p.store(Size::Word, (R4, PACKET + ROUND as i16), BIT);
    for place in (0..BLOCK as i16).step_by(8) {
        p.store(Size::Double, (R4, PACKET + ROUND as i16 + 4 + place), 0);
    }
    p.set(R9, R2);
    p.compute(Do::Add, R9, ROUND + END + BLOCK - 1);
    p.compute(Do::And, R9, -BLOCK);
    p.store(Size::Word, (R6, offset_of!(SealKeys, ended) as i16), R9);
    p.compute(Do::Add, R2, BLOCK + ROUND);
    p.compute(Do::ShiftLeft, R2, 3);
    p.network_order(R2, 32);
    p.set(R4, R6);
    p.compute(Do::Add, R4, R9);
    p.store(Size::Word, (R4, PACKET - 4), R2);
}

/// Begins with a state of the keys.
fn take_state(p: &mut Page, offset: usize) {
    for word in 0..STATE {
        p.load(Size::Word, R1, (R6, (offset + 4 * word) as i16));
        p.store(Size::Word, (STACK, SUM + 4 * word as i16), R1);
    }
}

/// Writes the state among the keys, as bytes.
fn put_state(p: &mut Page, offset: usize) {
    for word in 0..STATE {
        p.load(Size::Word, R1, (STACK, SUM + 4 * word as i16));
        p.network_order(R1, 32);
        p.store(Size::Word, (R6, (offset + 4 * word) as i16), R1);
    }
}

fn call_block(p: &mut Page, place: i32) {
    p.set(R1, STACK);
    p.compute(Do::Add, R1, i32::from(SUM));
    p.set(R2, R6);
    p.compute(Do::Add, R2, place);
    p.call_part("block");
}

/// Goes on with a state, to which R1 leads, by a block at R2.
fn block(p: &mut Page) {
    p.label("block");
    p.set(R8, R1);
    p.set(R9, R2);
    let mut state = [R0, R1, R2, R3, R4];
    for (at, register) in state.into_iter().enumerate() {
        p.load(Size::Word, register, (R8, 4 * at as i16));
    }
    for round in 0..80 {
        next_word(p, round);
        mix(p, round, state);
        state.rotate_right(1);
    }
    for (at, register) in state.into_iter().enumerate() {
        p.load(Size::Word, R6, (R8, 4 * at as i16));
        p.compute_word(Do::Add, register, R6);
        p.store(Size::Word, (R8, 4 * at as i16), register);
    }
    p.exit();
}

/// Leaves the word of a round in R6, and on the stack where others need it; R7 is lost.
fn next_word(p: &mut Page, round: i16) {
    let place = |of: i16| (STACK, WORDS + 4 * (of & 15));
    if round < 16 {
        p.load(Size::Word, R6, (R9, 4 * round));
        p.network_order(R6, 32);
    } else {
        p.load(Size::Word, R6, place(round - 3));
        for before in [8, 14, 16] {
            p.load(Size::Word, R7, place(round - before));
            p.compute_word(Do::ExclusiveOr, R6, R7);
        }
        p.set_word(R7, R6);
        p.compute_word(Do::ShiftRight, R7, 31);
        p.compute_word(Do::ShiftLeft, R6, 1);
        p.compute_word(Do::Or, R6, R7);
    }
    if round < 77 {
        p.store(Size::Word, place(round), R6);
    }
}

fn mix(p: &mut Page, round: i16, [a, b, c, d, e]: [Register; STATE]) {
    p.compute_word(Do::Add, e, R6);
    p.compute_word(Do::Add, e, CONSTANTS[round as usize / 20] as i32);
    p.set_word(R6, a);
    p.compute_word(Do::ShiftLeft, R6, 5);
    p.set_word(R7, a);
    p.compute_word(Do::ShiftRight, R7, 27);
    p.compute_word(Do::Add, e, R6);
    p.compute_word(Do::Add, e, R7);
    match round / 20 {
        0 => {
            p.set_word(R6, c);
            p.compute_word(Do::ExclusiveOr, R6, d);
            p.compute_word(Do::And, R6, b);
            p.compute_word(Do::ExclusiveOr, R6, d);
        }
        2 => {
            p.set_word(R6, b);
            p.compute_word(Do::And, R6, c);
            p.compute_word(Do::Add, e, R6);
            p.set_word(R6, b);
            p.compute_word(Do::ExclusiveOr, R6, c);
            p.compute_word(Do::And, R6, d);
        }
        _ => {
            p.set_word(R6, b);
            p.compute_word(Do::ExclusiveOr, R6, c);
            p.compute_word(Do::ExclusiveOr, R6, d);
        }
    }
    p.compute_word(Do::Add, e, R6);
    p.set_word(R6, b);
    p.compute_word(Do::ShiftLeft, R6, 30);
    p.compute_word(Do::ShiftRight, b, 2);
    p.compute_word(Do::Or, b, R6);
}
