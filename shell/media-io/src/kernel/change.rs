//! G.711 by one law becomes the other while a packet crosses: the codes of its sound, its number and its
//! time, and what its sum changes by for them.

use std::mem::offset_of;

use super::assembler::{
    Do, If, Page, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, Register, STACK, Service, Size,
};
use super::entry::Entry;
use super::places::{
    ETHERNET, HEADS, LENGTH, RTP_FLAGS, RTP_NUMBER, RTP_TIME, RTP_TYPE, SOUND, SUM, TYPE, field, load_heads,
    look_up,
};

/// Sixty milliseconds, in steps of five: longer packets are the relay's, and others.
const OCTETS_MAX: i32 = 480;
const STEP: i32 = 40;
const WORD: i32 = 8;
/// Version 2, without padding, extension and contributors.
const PLAIN: i32 = 2 << 6;
/// What is said by greater events is no key, but a fax perhaps (RFC 4733, 3.2; RFC 4734): the relay tells of
/// it.
const KEY_LAST: i32 = 16;
/// More words are not exchanged in a packet, as a power of two.
const WORDS_BITS: i32 = 7;
const _: () = assert!(OCTETS_MAX / 4 + 2 <= 1 << WORDS_BITS);

/// On the stack of the part of the page: the code that is looked up, and what the sum changes by.
const CODE: i16 = -8;
const PART_SUM: i16 = -16;

/// Leaves on the stack how much of a packet is sound of another law, and which type it leaves with. What is
/// not made in whole steps is the relay's.
pub(crate) fn look_at_sound(p: &mut Page) {
    for place in [SOUND, TYPE, SUM] {
        p.store(Size::Double, (STACK, place), 0);
    }
    p.load(Size::Word, R2, field(offset_of!(Entry, codes)));
    p.jump_if(R2, If::Equal, 0, "looked at");
    p.load(Size::Byte, R2, (R7, RTP_FLAGS));
    p.jump_if(R2, If::Differs, PLAIN, "leave");
    p.load(Size::Byte, R1, (R7, RTP_TYPE));
    p.compute(Do::And, R1, 0x7f);
    p.load(Size::Double, R4, (STACK, LENGTH));
    p.compute(Do::Subtract, R4, HEADS - ETHERNET);

    let [sound, keys, noise] = [offset_of!(Entry, sound), offset_of!(Entry, keys), offset_of!(Entry, noise)];
    p.load(Size::Byte, R2, field(sound));
    p.load(Size::Byte, R3, field(sound + 1));
    p.jump_if(R1, If::Equal, R2, "sound");
    p.load(Size::Byte, R2, field(keys));
    p.load(Size::Byte, R3, field(keys + 1));
    p.jump_if(R1, If::Equal, R2, "key");
    p.load(Size::Byte, R3, field(noise + 1));
    p.jump("type");

    p.label("key");
    p.jump_if(R4, If::Equal, 0, "leave");
    p.set(R1, R7);
    p.compute(Do::Add, R1, HEADS + 1);
    p.jump_if(R1, If::Above, R8, "leave");
    p.load(Size::Byte, R1, (R7, HEADS as i16));
    p.jump_if(R1, If::Above, KEY_LAST, "leave");
    p.jump("type");

    p.label("sound");
    p.jump_if(R4, If::Equal, 0, "leave");
    p.jump_if(R4, If::Above, OCTETS_MAX, "leave");
    p.set(R1, R4);
    p.compute(Do::Remainder, R1, STEP);
    p.jump_if(R1, If::Differs, 0, "leave");
    p.store(Size::Double, (STACK, SOUND), R4);
    p.label("type");
    p.store(Size::Double, (STACK, TYPE), R3);
    p.label("looked at");
}

/// Makes of a packet what leaves. It has to be in one piece for that, and nobody else's.
pub(crate) fn change_packet(p: &mut Page) {
    p.load(Size::Word, R1, field(offset_of!(Entry, codes)));
    p.jump_if(R1, If::Equal, 0, "changed");
    p.set(R1, R6);
    p.load(Size::Double, R2, (STACK, LENGTH));
    p.compute(Do::Add, R2, ETHERNET);
    p.call(Service::PullData);
    p.jump_if(R0, If::Differs, 0, "drop");
    load_heads(p, HEADS, "drop");

    // In a sum of words that many times its greatest word are nothing, and what is taken from it stays
    // positive.
    p.set(R0, -1);
    p.compute(Do::ShiftRight, R0, 32);
    p.compute(Do::ShiftLeft, R0, WORDS_BITS);
    exchange_word(p, RTP_FLAGS, |p| {
        p.load(Size::Byte, R1, (R7, RTP_TYPE));
        p.compute(Do::And, R1, 0x80);
        p.load(Size::Double, R2, (STACK, TYPE));
        p.compute(Do::Or, R1, R2);
        p.store(Size::Byte, (R7, RTP_TYPE), R1);
        shift(p, (Size::Half, 16), RTP_NUMBER, offset_of!(Entry, number_off));
    });
    exchange_word(p, RTP_TIME, |p| shift(p, (Size::Word, 32), RTP_TIME, offset_of!(Entry, time_off)));
    p.store(Size::Double, (STACK, SUM), R0);

    // Written out, as the tries for an entry are.
    for done in (0..OCTETS_MAX).step_by(STEP as usize) {
        p.load(Size::Double, R1, (STACK, SOUND));
        p.jump_if(R1, If::Equal, done, "changed");
        p.set(R1, R7);
        p.compute(Do::Add, R1, HEADS + done);
        p.set(R2, R1);
        p.compute(Do::Add, R2, STEP);
        p.jump_if(R2, If::Above, R8, "drop");
        p.load(Size::Word, R2, field(offset_of!(Entry, codes)));
        p.call_part("codes");
        p.load(Size::Double, R1, (STACK, SUM));
        p.compute(Do::Add, R1, R0);
        p.store(Size::Double, (STACK, SUM), R1);
    }
    p.label("changed");
}

/// Adds to a number of the packet what is added to all.
fn shift(p: &mut Page, (size, bits): (Size, i32), place: i16, by: usize) {
    p.load(size, R1, (R7, place));
    p.network_order(R1, bits);
    p.load(Size::Word, R2, field(by));
    p.compute(Do::Add, R1, R2);
    p.network_order(R1, bits);
    p.store(size, (R7, place), R1);
}

/// Does something with a word of the packet; what its sum changes by is added to R0.
fn exchange_word(p: &mut Page, place: i16, write: impl FnOnce(&mut Page)) {
    p.load(Size::Word, R1, (R7, place));
    p.compute(Do::Subtract, R0, R1);
    write(p);
    p.load(Size::Word, R1, (R7, place));
    p.compute(Do::Add, R0, R1);
}

/// Adds to the difference of a sum in R4 what is said otherwise.
pub(crate) fn add_sum(p: &mut Page, sum: i16) {
    p.load(Size::Double, R5, (STACK, sum));
    p.compute(Do::Add, R4, R5);
    for _ in 0..2 {
        halves(p, R4, (R5, R3));
        p.set(R4, R5);
        p.compute(Do::Add, R4, R3);
    }
    p.set(R3, 0);
}

/// The part of the page that makes of the codes of a step, whose place is in R1, those that begin at R2, and
/// says by how much the sum of their words changes.
pub(crate) fn codes_of_a_step(p: &mut Page, codes: i32) {
    p.label("codes");
    p.set(R6, R1);
    p.set(R7, R2);
    p.compute(Do::Subtract, R7, 1);
    p.store(Size::Double, (STACK, PART_SUM), 0);
    for place in (0..STEP).step_by(WORD as usize) {
        p.load(Size::Double, R8, (R6, place as i16));
        p.set(R9, 0);
        for bits in (0..64).step_by(8) {
            p.set(R1, R8);
            p.compute(Do::ShiftRight, R1, bits);
            p.compute(Do::And, R1, 0xff);
            p.compute(Do::Add, R1, R7);
            p.store(Size::Word, (STACK, CODE), R1);
            look_up(p, codes, CODE, "no code");
            p.load(Size::Byte, R0, (R0, 0));
            p.compute(Do::ShiftLeft, R0, bits);
            p.compute(Do::Or, R9, R0);
        }
        p.store(Size::Double, (R6, place as i16), R9);
        p.load(Size::Double, R0, (STACK, PART_SUM));
        for (word, how) in [(R9, Do::Add), (R8, Do::Subtract)] {
            halves(p, word, (R1, R2));
            p.compute(how, R0, R1);
            p.compute(how, R0, R2);
        }
        p.store(Size::Double, (STACK, PART_SUM), R0);
    }
    p.exit();
    // There is one for each; only the verifier does not know it.
    p.label("no code");
    p.set(R0, 0);
    p.exit();
}

/// The lower and the upper word of a double one.
fn halves(p: &mut Page, of: Register, (lower, upper): (Register, Register)) {
    p.set(lower, of);
    p.compute(Do::ShiftLeft, lower, 32);
    p.compute(Do::ShiftRight, lower, 32);
    p.set(upper, of);
    p.compute(Do::ShiftRight, upper, 32);
}
