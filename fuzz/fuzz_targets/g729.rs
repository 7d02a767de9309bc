//! Any bytes as frames of G.729 and any samples as speech: both come out as long as they went in, and however bad
//! what was decoded, what speech is encoded to is heard after it.
#![no_main]

use g729::{DESCRIPTION_BYTES, Decoder, Encoder, FRAME, FRAME_BYTES};
use libfuzzer_sys::fuzz_target;

// The first byte of each part chooses what is done with it, and how long it is.
fuzz_target!(|bytes: &[u8]| {
    let (mut decoder, mut encoder) = (Decoder::new(), Encoder::new());
    let mut rest = bytes;
    while let Some((choice, behind)) = rest.split_first() {
        let (part, others) = behind.split_at(behind.len().min(usize::from(choice >> 2)));
        rest = others;
        let mut samples = [0; 64 * FRAME];
        match choice & 3 {
            0 | 1 => assert_eq!(decoder.decode(part, &mut samples), part.len() / FRAME_BYTES * FRAME),
            2 => decoder.conceal(&mut samples[..part.len()]),
            _ => {
                let said: Vec<i16> = part.iter().map(|byte| i16::from(*byte as i8) << 8).collect();
                let mut frames = [0; FRAME_BYTES];
                let length = encoder.encode(&said, &mut frames);
                assert_eq!(length, (said.len() / FRAME).min(1) * FRAME_BYTES);
                assert_eq!(decoder.decode(&frames[..length], &mut samples), length / FRAME_BYTES * FRAME);
            }
        }
        assert_eq!(decoder.noise().len(), DESCRIPTION_BYTES);
    }
    let tone: Vec<i16> = (0..40 * FRAME).map(|at| ((at as f32 * 0.3).sin() * 8_000.0) as i16).collect();
    let (mut frames, mut heard) = ([0; 40 * FRAME_BYTES], [0; 40 * FRAME]);
    encoder.encode(&tone, &mut frames);
    decoder.decode(&frames, &mut heard);
    assert!(heard[30 * FRAME..].iter().any(|sample| sample.unsigned_abs() > 1_000));
});
