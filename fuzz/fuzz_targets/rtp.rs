//! Any bytes as a packet: nothing panics, and what was read is written back to the same meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtp::{Fixed, Header, Kind, TelephoneEvent, VoiceReport};

fuzz_target!(|packet: &[u8]| {
    let _ = (Kind::of(packet), rtp::is_rtcp(packet), Fixed::of(packet));
    if let Ok(text) = std::str::from_utf8(packet)
        && let Some(report) = VoiceReport::parse(text)
    {
        assert!(text.contains(report.call_id) && !report.call_id.is_empty());
    }
    if let Some(event) = TelephoneEvent::parse(packet) {
        let mut written = Vec::new();
        event.write(&mut written);
        assert_eq!(TelephoneEvent::parse(&written), Some(event));
    }
    if let Ok(header) = Header::parse(packet) {
        assert!(header.contributors().count() <= 15);
        let mut written = Vec::new();
        header.write(&mut written);
        assert_eq!(Header::parse(&written), Ok(header));
    }
});
