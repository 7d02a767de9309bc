//! L16: samples as they are, the high byte of each first (RFC 3551, 4.5.11).

/// How many samples there were, as far as there is room.
pub fn decode(payload: &[u8], samples: &mut [i16]) -> usize {
    let (pairs, _) = payload.as_chunks::<2>();
    samples.iter_mut().zip(pairs).for_each(|(sample, pair)| *sample = i16::from_be_bytes(*pair));
    pairs.len().min(samples.len())
}

/// How many bytes they take, as far as there is room.
pub fn encode(samples: &[i16], payload: &mut [u8]) -> usize {
    let (pairs, _) = payload.as_chunks_mut::<2>();
    pairs.iter_mut().zip(samples).for_each(|(pair, sample)| *pair = sample.to_be_bytes());
    2 * samples.len().min(pairs.len())
}
