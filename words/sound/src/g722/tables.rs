//! The numbers of ITU-T G.722, by the names of its clause 3 and annexes.

/// Half of the filter that parts the bands; the other half is its mirror.
pub(super) const QMF: [i16; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
pub(super) const QMF_MIRRORED: [i16; 12] = [-11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3];

/// Decision levels of the lower band.
const Q6: [u16; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
    1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Codes of the lower band, by the level: for differences of 0 and more, and for those below.
const ILP: [u8; 31] = [
    61, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37,
    36, 35, 34, 33, 32,
];
const ILN: [u8; 31] = [
    63, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
    7, 6, 5, 4,
];
/// The highest level and all above it have one code.
pub(super) const HIGHEST: usize = Q6[Q6.len() - 1] as usize;
/// The lower band's code of a difference, by how many 4,096ths of a step it is: of 0 and more, and below.
pub(super) static CODES: [[u8; HIGHEST + 1]; 2] = [codes(&ILP), codes(&ILN)];

const fn codes(of_levels: &[u8; 31]) -> [u8; HIGHEST + 1] {
    let (mut codes, mut number, mut level) = ([0; HIGHEST + 1], 0, 0);
    while number < codes.len() {
        if level < Q6.len() && Q6[level] as usize == number {
            level += 1;
        }
        codes[number] = of_levels[level];
        number += 1;
    }
    codes
}

/// How a code moves the size of the lower band's steps, by the upper four bits of the code.
pub(super) const WL: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// The same of the upper band, by its code.
pub(super) const WH: [i32; 4] = [798, -214, 798, -214];
/// Powers of two within an octave.
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// The sizes of steps of the lower band and of the upper one, 32 an octave.
pub(super) static LOW_SIZES: [i32; 289] = sizes(8);
pub(super) static HIGH_SIZES: [i32; 353] = sizes(10);

const fn sizes<const COUNT: usize>(octaves: i32) -> [i32; COUNT] {
    let (mut sizes, mut at) = ([0; COUNT], 0);
    while at < COUNT {
        let octave = octaves - (at >> 5) as i32;
        let within = ILB[at & 31];
        sizes[at] = (if octave < 0 { within << -octave } else { within >> octave }) << 2;
        at += 1;
    }
    sizes
}

/// What to multiply with in place of a division by a size of the lower band: a division is waited for.
pub(super) static LOW_INVERSES: [u64; LOW_SIZES.len()] = {
    let (mut inverses, mut at) = ([0; LOW_SIZES.len()], 0);
    while at < inverses.len() {
        inverses[at] = (1 << INVERSE_BITS) / LOW_SIZES[at] as u64 + 1;
        at += 1;
    }
    inverses
};
/// As many as make the product whole for each number of 27 bits, and no more than fit.
pub(super) const INVERSE_BITS: u32 = 42;
/// What the codes of 2, 4 and 6 bits stand for.
pub(super) const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
pub(super) const QM4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
pub(super) const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
