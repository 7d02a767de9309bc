//! Any bytes as a compound of reports: nothing panics, what is read lies within it, and a report that is written
//! anew says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtp::{extended, rtcp};

fuzz_target!(|compound: &[u8]| {
    let _ = (rtp::is_rtcp(compound), extended::voip_metrics(compound));
    let mut packets = 0;
    for part in rtcp::packets(compound) {
        packets += 1;
        let Ok(part) = part else { break };
        assert!(part.cname().is_none_or(|name| name.len() <= 255));
        match part {
            rtcp::Packet::SenderReport { ssrc, sender, reports } => again(ssrc, Some(sender), reports),
            rtcp::Packet::ReceiverReport { ssrc, reports } => again(ssrc, None, reports),
            rtcp::Packet::Bye { count, body } => assert!(body.len() >= 4 * usize::from(count)),
            rtcp::Packet::Unknown { body, .. } => drop(extended::voip_metrics(body)),
            rtcp::Packet::Description { .. } | rtcp::Packet::Application { .. } => {}
        }
    }
    assert!(packets <= compound.len().div_ceil(4), "each has a header");
});

fn again(ssrc: u32, sender: Option<rtcp::SenderInfo>, reports: rtcp::Reports<'_>) {
    let read: Vec<_> = reports.iter().collect();
    assert!(read.len() <= 31);
    let mut written = Vec::new();
    rtcp::write_report(ssrc, sender, &read, &mut written);
    let parts: Vec<_> = rtcp::packets(&written).collect();
    let (found, same) = match parts[..] {
        [Ok(rtcp::Packet::SenderReport { ssrc, sender, reports })] => ((ssrc, Some(sender)), reports),
        [Ok(rtcp::Packet::ReceiverReport { ssrc, reports })] => ((ssrc, None), reports),
        ref others => panic!("{others:?}"),
    };
    assert_eq!(found, (ssrc, sender));
    assert_eq!(same.iter().collect::<Vec<_>>(), read);
}
