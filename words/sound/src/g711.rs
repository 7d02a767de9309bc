//! G.711, both laws: 16-bit samples to bytes and back.

/// µ-law (PCMU) or A-law (PCMA).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    Mu,
    A,
}

const MU_BIAS: i32 = 33;
const MU_CLIP: i32 = 8158;

static MU_DECODED: [i16; 256] = table(Law::Mu);
static A_DECODED: [i16; 256] = table(Law::A);

/// µ-law, PCMU. The law is defined on 14 bits: the lowest two are cut off first, which rounds down.
pub const fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample as i32 >> 2).abs();
    let magnitude = if magnitude > MU_CLIP { MU_CLIP } else { magnitude } + MU_BIAS;
    let exponent = 26 - magnitude.leading_zeros() as i32;
    let mantissa = magnitude >> (exponent + 1) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// A-law, PCMA.
pub const fn encode_a(sample: i16) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0xd5, sample as i32) } else { (0x55, !(sample as i32)) };
    let exponent = 24 - (magnitude | 0xff).leading_zeros() as i32;
    let mantissa = if exponent == 0 { magnitude >> 4 } else { magnitude >> (exponent + 3) & 0x0f };
    sign ^ ((exponent << 4) as u8 | mantissa as u8)
}

impl Law {
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    pub fn decode(self, code: u8) -> i16 {
        match self {
            Law::Mu => decode_mu(code),
            Law::A => decode_a(code),
        }
    }
}

#[inline]
pub fn decode_mu(code: u8) -> i16 {
    MU_DECODED[usize::from(code)]
}

#[inline]
pub fn decode_a(code: u8) -> i16 {
    A_DECODED[usize::from(code)]
}

const fn expand_mu(code: u8) -> i16 {
    let code = !code;
    let exponent = (code >> 4 & 7) as i32;
    let magnitude = 4 * (((((code & 0x0f) as i32 * 2) + MU_BIAS) << exponent) - MU_BIAS);
    (if code & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn expand_a(code: u8) -> i16 {
    let code = code ^ 0x55;
    let exponent = (code >> 4 & 7) as i32;
    let mantissa = ((code & 0x0f) as i32) << 4;
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    (if code & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = match law {
            Law::Mu => expand_mu(code as u8),
            Law::A => expand_a(code as u8),
        };
        code += 1;
    }
    table
}

/// Makes codes of one law the nearest ones of the other, as far as there is room; how many that is.
pub fn translate(codes: &[u8], to: Law, out: &mut [u8]) -> usize {
    let table = match to {
        Law::Mu => &MU_OF_A,
        Law::A => &A_OF_MU,
    };
    out.iter_mut().zip(codes).for_each(|(out, code)| *out = table[usize::from(*code)]);
    codes.len().min(out.len())
}

/// The nearest code of µ-law.
pub fn mu_of_a(code: u8) -> u8 {
    MU_OF_A[usize::from(code)]
}

/// The nearest code of A-law.
pub fn a_of_mu(code: u8) -> u8 {
    A_OF_MU[usize::from(code)]
}

static MU_OF_A: [u8; 256] = translated(Law::A);
static A_OF_MU: [u8; 256] = translated(Law::Mu);

const fn translated(from: Law) -> [u8; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = match from {
            Law::A => encode_mu(expand_a(code as u8)),
            Law::Mu => encode_a(expand_mu(code as u8)),
        };
        code += 1;
    }
    table
}
