//! AES in counter mode, four blocks at a time (FIPS 197; RFC 3711, 4.1.1), in instructions of the kernel's
//! machine, which has none for it.
//!
//! The 64 bytes of four blocks are laid out in eight planes, of which each has one bit of every byte, so that
//! each step is done with all of them at once. Of a place in a plane the upper two bits are the row of the
//! byte, the next two its column, the lowest its block. Rows are not shifted round by round: each mixing of
//! columns takes its bytes from where they are meanwhile, and the keys stand there too.

use super::assembler::{Do, If, Page, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, STACK};
use super::straight::{Place, Straight, Value};
use super::substitution::{NEGATED, substitute};

/// Bytes of four blocks, or of the key of a round laid out as these.
pub(crate) const LAID_OUT: usize = 64;
pub(crate) const ROUNDS_SHORT: u32 = 10;
pub(crate) const ROUNDS_LONG: u32 = 14;
/// Keys of all rounds.
pub(crate) const KEYS: usize = ROUNDS_LONG as usize + 1;

/// A state or a key, and four of them beside each other.
type Planes = [Value; 8];

/// On the stack of the part "stream": the state, and what values find no room.
const STATE: i16 = -(LAID_OUT as i16);
/// What the part is given of the counter: its first and its third column, its second and its fourth, and
/// the number of the first block in the uppermost byte.
pub(crate) const COUNTER: [i16; 3] = [0, 8, 16];

/// The keys of all rounds, as the parts read them: the rows shifted as often as rounds came before.
pub(crate) fn lay_out(key: &[u8], substitution: &[u8; 256]) -> Vec<[u64; 8]> {
    let expanded = expand(key, substitution);
    expanded
        .into_iter()
        .enumerate()
        .map(|(round, key)| {
            let negated = if round == 0 { 0 } else { NEGATED };
            let mut planes = [0; 8];
            for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
                let from = (column + 16 - round % 4 * row) % 4;
                let byte = key[4 * from + row] ^ negated;
                for (bit, plane) in planes.iter_mut().enumerate() {
                    *plane |= (u64::from(byte >> bit & 1) * 0xf) << (16 * row + 4 * column);
                }
            }
            planes
        })
        .collect()
}

/// FIPS 197, 5.2.
fn expand(key: &[u8], substitution: &[u8; 256]) -> Vec<[u8; 16]> {
    let length = key.len() / 4;
    let mut words: Vec<[u8; 4]> = key.chunks(4).map(|word| [word[0], word[1], word[2], word[3]]).collect();
    let substituted = |byte: u8| substitution[usize::from(byte)];
    let mut constant = 1_u8;
    for at in length..4 * (length + 7) {
        let mut word = words[at - 1];
        if at % length == 0 {
            word.rotate_left(1);
            word = word.map(substituted);
            word[0] ^= constant;
            constant = constant << 1 ^ if constant >> 7 == 1 { 0x1b } else { 0 };
        } else if length > 6 && at % length == 4 {
            word = word.map(substituted);
        }
        let before = words[at - length];
        words.push([0, 1, 2, 3].map(|byte| before[byte] ^ word[byte]));
    }
    words.chunks(4).map(|key| key.concat().try_into().expect("four words of four bytes")).collect()
}

/// Writes the parts of the page: "stream" lays the key stream over 64 bytes. R1 leads to the keys, R2 to the
/// counter, R3 to the bytes, and R4 is how many rounds there are.
pub(crate) fn parts(p: &mut Page) {
    stream(p);
    four_rounds(p);
    last_rounds(p);
}

fn stream(p: &mut Page) {
    p.label("stream");
    p.set(R6, R1);
    p.set(R7, R3);
    p.set(R8, R4);
    let mut sheet = Straight::default();
    let [even, odd, number] = COUNTER.map(|place| sheet.load((R2, place)));
    let odd = sheet.or(odd, number);
    let blocks = [0, 1, 2, 3].map(|block| {
        let number = sheet.number(block << 56);
        sheet.or(odd, number)
    });
    let words = [even, even, even, even, blocks[0], blocks[1], blocks[2], blocks[3]];
    let planes = transpose(&mut sheet, words);
    let planes = add_key(&mut sheet, planes, (R6, 0));
    store_planes(&mut sheet, planes, (STACK, STATE));
    sheet.write(p, &[R0, R1, R3, R4, R5, R9], STATE);

    let round = |number: i32| number * LAID_OUT as i32;
    for first in [1, 5] {
        call(p, "four rounds", round(first));
    }
    p.jump_if(R8, If::Differs, ROUNDS_LONG as i32, "ten rounds");
    call(p, "four rounds", round(9));
    p.set(R3, R7);
    call(p, "last rounds", round(13));
    p.exit();
    p.label("ten rounds");
    p.set(R3, R7);
    call(p, "last rounds", round(9));
    p.exit();
}

fn call(p: &mut Page, part: &'static str, keys: i32) {
    p.set(R1, STACK);
    p.compute(Do::Add, R1, i32::from(STATE));
    p.set(R2, R6);
    p.compute(Do::Add, R2, keys);
    p.call_part(part);
}

/// R1 leads to the state, and R2 to the keys.
fn four_rounds(p: &mut Page) {
    p.label("four rounds");
    let mut sheet = Straight::default();
    let mut planes = load_planes(&mut sheet, (R1, 0));
    for turn in 0..4 {
        planes = round(&mut sheet, planes, turn as u32 + 1, (R2, turn * LAID_OUT as i16));
    }
    store_planes(&mut sheet, planes, (R1, 0));
    sheet.write(p, &[R0, R3, R4, R5, R6, R7, R8, R9], 0);
    p.exit();
}

/// The same with the last two; what comes of it is laid over the bytes that R3 leads to.
fn last_rounds(p: &mut Page) {
    p.label("last rounds");
    let mut sheet = Straight::default();
    let planes = load_planes(&mut sheet, (R1, 0));
    let planes = round(&mut sheet, planes, 1, (R2, 0));
    let planes = substitute(&mut sheet, planes);
    let planes = add_key(&mut sheet, planes, (R2, LAID_OUT as i16));
    let words = transpose(&mut sheet, planes);
    let words = words.map(|word| put_back(&mut sheet, word));
    for block in 0..4 {
        let halves = swap(&mut sheet, (words[block], words[block + 4]), 32, u64::from(u32::MAX));
        for (half, at) in [(halves.0, 0), (halves.1, 8)] {
            let place = (R3, 16 * block as i16 + at);
            let text = sheet.load(place);
            let laid = sheet.xor(text, half);
            sheet.store(place, laid);
        }
    }
    sheet.write(p, &[R0, R4, R5, R6, R7, R8, R9], 0);
    p.exit();
}

fn round(sheet: &mut Straight, planes: Planes, shifted: u32, key: Place) -> Planes {
    let planes = substitute(sheet, planes);
    let planes = mix(sheet, planes, shifted);
    add_key(sheet, planes, key)
}

/// FIPS 197, 5.1.3, where each row is still to be shifted so often.
fn mix(sheet: &mut Straight, planes: Planes, shifted: u32) -> Planes {
    let next = planes.map(|plane| from_row(sheet, plane, 1, shifted));
    let both: Planes = std::array::from_fn(|at| sheet.xor(planes[at], next[at]));
    let others = both.map(|plane| from_row(sheet, plane, 2, shifted));
    std::array::from_fn(|at| {
        let mixed = sheet.xor(next[at], others[at]);
        let mixed = if at == 0 { mixed } else { sheet.xor(mixed, both[at - 1]) };
        // What the field takes off a byte that has become too long.
        if [0, 1, 3, 4].contains(&at) { sheet.xor(mixed, both[7]) } else { mixed }
    })
}

/// Brings to each byte the one so many rows below it in its column.
fn from_row(sheet: &mut Straight, plane: Value, below: u32, shifted: u32) -> Value {
    let rows = sheet.rotate(plane, 16 * below);
    let aside = (4 * (shifted * below % 4)) as i32;
    if aside == 0 {
        return rows;
    }
    let (inside, beyond) = (sheet.shift_right(rows, aside), sheet.shift_left(rows, 16 - aside));
    let mask = sheet.number(((1 << (16 - aside)) - 1) * 0x0001_0001_0001_0001);
    let differs = sheet.xor(inside, beyond);
    let taken = sheet.and(differs, mask);
    sheet.xor(taken, beyond)
}

fn add_key(sheet: &mut Straight, planes: Planes, (base, offset): Place) -> Planes {
    std::array::from_fn(|at| {
        let key = sheet.load((base, offset + 8 * at as i16));
        sheet.xor(planes[at], key)
    })
}

/// Eight words of eight bytes become eight planes, and these the words again.
fn transpose(sheet: &mut Straight, mut words: Planes) -> Planes {
    let masks = [0x5555_5555_5555_5555, 0x3333_3333_3333_3333, 0x0f0f_0f0f_0f0f_0f0f];
    for (apart, mask) in [1, 2, 4].into_iter().zip(masks) {
        for at in (0..8).filter(|at| at & apart == 0) {
            (words[at], words[at + apart]) = swap(sheet, (words[at], words[at + apart]), apart as i32, mask);
        }
    }
    words
}

/// Exchanges the bits of the mask in the second with those so far above them in the first.
fn swap(sheet: &mut Straight, (one, other): (Value, Value), above: i32, mask: u64) -> (Value, Value) {
    let mask = sheet.number(mask);
    let lower = sheet.shift_right(one, above);
    let differs = sheet.xor(lower, other);
    let differs = sheet.and(differs, mask);
    let back = sheet.shift_left(differs, above);
    (sheet.xor(one, back), sheet.xor(other, differs))
}

/// Exchanges bits of one word.
fn swap_within(sheet: &mut Straight, word: Value, above: i32, mask: u64) -> Value {
    let mask = sheet.number(mask);
    let lower = sheet.shift_right(word, above);
    let differs = sheet.xor(lower, word);
    let differs = sheet.and(differs, mask);
    let back = sheet.shift_left(differs, above);
    let word = sheet.xor(word, differs);
    sheet.xor(word, back)
}

/// The bytes of two columns, of which each row stood together: in their places, with the rows shifted as
/// often as ten or fourteen rounds would have.
fn put_back(sheet: &mut Straight, word: Value) -> Value {
    let word = swap_within(sheet, word, 8, 0x00ff_0000_00ff_0000);
    let word = swap_within(sheet, word, 8, 0x0000_ff00_0000_ff00);
    swap_within(sheet, word, 16, 0x0000_0000_ffff_0000)
}

/// Two columns, the second in the upper half: each row of them together.
pub(crate) fn by_rows(columns: [[u8; 4]; 2]) -> u64 {
    let [one, other] = columns;
    u64::from_le_bytes(std::array::from_fn(|at| if at % 2 == 0 { one[at / 2] } else { other[at / 2] }))
}

fn load_planes(sheet: &mut Straight, (base, offset): Place) -> Planes {
    std::array::from_fn(|at| sheet.load((base, offset + 8 * at as i16)))
}

fn store_planes(sheet: &mut Straight, planes: Planes, (base, offset): Place) {
    for (at, plane) in planes.into_iter().enumerate() {
        sheet.store((base, offset + 8 * at as i16), plane);
    }
}
