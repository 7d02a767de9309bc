//! Any bytes as a copy of a message: what is read holds, and is read the same once it is written again.
#![no_main]

use hep::{Packet, TooLong, length_of, read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = read(bytes) else { return };
    let length = length_of(bytes).expect("it begins as HEP does").expect("it is there whole");
    assert!(length <= bytes.len() && packet.payload.len() < length);

    let mut again = Vec::new();
    match write(&packet, &mut again) {
        Ok(()) => assert_eq!(read(&again), Ok(packet)),
        Err(TooLong) => assert!(again.is_empty() && length > 65_000),
    }
    let _: Packet<'_> = packet;
});
