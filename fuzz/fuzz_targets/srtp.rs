//! Any packets, sealed, torn by the wire, and opened by whoever has the key: what was torn opens nothing and spoils
//! nothing, what was sealed is read once, and what nobody sealed is never read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};

type Seal = fn(&mut Sealer, &mut [u8], usize) -> Result<usize, Refused>;
type Open = fn(&mut Opener, &mut [u8]) -> Result<usize, Refused>;

const GROWTH_MAX: usize = 64;

// The first byte chooses the suite; then packets, each with a byte that says what it is, a byte that says where it
// is torn, and its length in two bytes.
fuzz_target!(|bytes: &[u8]| {
    let Some((suite, mut rest)) = bytes.split_first() else { return };
    let suite = Suite::ALL[usize::from(*suite) % Suite::ALL.len()];
    let key = MasterKey::new(suite, &vec![7; MasterKey::length(suite)]).expect("its length");
    let (mut sealer, mut opener) = (Sealer::new(&key), Opener::new(&key));
    while let [kind, torn, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len()).min(1500);
        let (packet, others) = after.split_at(length);
        rest = others;
        let (seal, open): (Seal, Open) = match kind & 1 {
            0 => (Sealer::seal_rtp, Opener::open_rtp),
            _ => (Sealer::seal_rtcp, Opener::open_rtcp),
        };
        let mut strange = packet.to_vec();
        assert!(open(&mut opener, &mut strange).is_err(), "nobody sealed it");
        let mut sealed = packet.to_vec();
        sealed.resize(length + GROWTH_MAX, 0);
        let Ok(end) = seal(&mut sealer, &mut sealed, length) else { continue };
        sealed.truncate(end);
        crosses(&mut opener, open, &sealed, usize::from(*torn), packet);
    }
});

fn crosses(opener: &mut Opener, open: Open, sealed: &[u8], torn: usize, packet: &[u8]) {
    let mut other = sealed.to_vec();
    other[torn % sealed.len()] ^= 1 << (torn % 8);
    assert!(open(opener, &mut other).is_err(), "it was torn");
    let mut shorter = sealed[..sealed.len() - 1 - torn % sealed.len()].to_vec();
    assert!(open(opener, &mut shorter).is_err(), "it was cut");

    let mut whole = sealed.to_vec();
    let length = open(opener, &mut whole).expect("it is as it was sealed");
    assert_eq!(&whole[..length], packet);
    let mut copy = sealed.to_vec();
    assert_eq!(open(opener, &mut copy), Err(Refused::Seen));
}
