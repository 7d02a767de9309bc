//! What we make, we can read.
#![allow(clippy::unwrap_used)]

use rtp::rtcp::{self, Packet, Report, SenderInfo};
use rtp::{Fixed, Header};

#[test]
fn a_compound_is_walked_packet_by_packet() {
    let sender = SenderInfo { ntp: 0x1122_3344_5566_7788, timestamp: 160, packets: 9, bytes: 1440 };
    let report = Report {
        ssrc: 7,
        fraction_lost: 12,
        lost: -3,
        highest: 65_540,
        jitter: 80,
        last_sender_report: 5,
        delay: 6,
    };
    let mut compound = Vec::new();
    rtcp::write_report(1, Some(sender), &[report], &mut compound);
    compound.extend_from_slice(&[0x81, 202, 0, 3, 0, 0, 0, 1, 1, 4, b'a', b'@', b'b', b'c', 0, 0]);
    compound.extend_from_slice(&[0x81, 203, 0, 1, 0, 0, 0, 1]);
    rtcp::write_report(1, None, &[], &mut compound);

    let packets: Vec<_> = rtcp::packets(&compound).map(Result::unwrap).collect();

    let [
        Packet::SenderReport { ssrc: 1, sender: told, reports },
        description,
        Packet::Bye { count: 1, .. },
        last,
    ] = packets.as_slice()
    else {
        panic!("{packets:?}")
    };
    assert_eq!(*told, sender);
    assert_eq!(reports.iter().collect::<Vec<_>>(), [report]);
    assert_eq!(description.cname(), Some(&b"a@bc"[..]));
    assert!(matches!(last, Packet::ReceiverReport { ssrc: 1, .. }));
    assert!(rtp::is_rtcp(&compound));
}

#[test]
fn a_compound_is_read_up_to_its_fault() {
    let good = [0x80, 201, 0, 1, 0, 0, 0, 1];
    for (fault, wanted) in [
        (&[0x80, 201][..], rtcp::Error::TooShort),
        (&[0x80, 201, 0, 9, 0, 0, 0, 1], rtcp::Error::TooShort),
        (&[0x40, 201, 0, 1, 0, 0, 0, 1], rtcp::Error::Version),
        (&[0x82, 201, 0, 1, 0, 0, 0, 1], rtcp::Error::Count),
        (&[0x82, 203, 0, 1, 0, 0, 0, 1], rtcp::Error::Count),
        (&[0xa0, 203, 0, 1, 0, 0, 0, 9], rtcp::Error::Count),
    ] {
        let compound = [&good[..], fault].concat();
        let results: Vec<_> = rtcp::packets(&compound).collect();
        assert!(results[0].is_ok());
        assert_eq!(results[1..], [Err(wanted)], "{fault:?}");
    }
}

#[test]
fn no_bytes_make_a_reader_panic() {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for _ in 0..20_000 {
        let length = usize::from(noise()) % 48;
        let mut bytes: Vec<u8> = (0..length).map(|_| noise()).collect();
        if let Some(first) = bytes.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        let _ = Header::parse(&bytes).map(|header| header.contributors().count());
        assert_eq!(
            Fixed::of(&bytes).is_some(),
            bytes.len() >= 12 + 4 * usize::from(bytes.first().unwrap_or(&0) & 15)
        );
        for packet in rtcp::packets(&bytes).flatten() {
            packet.cname();
            if let Packet::SenderReport { reports, .. } = packet {
                reports.iter().count();
            }
        }
    }
}
