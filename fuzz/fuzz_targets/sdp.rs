//! Any bytes as a session description: an untouched one prints byte for byte; ours, made from it, can be read
//! and sends media nowhere but to us.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use sdp::{Codecs, Face, Session, answer_matches, media_targets, rewrite};

const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 77));

fuzz_target!(|bytes: &[u8]| {
    let Ok(session) = Session::parse(bytes) else { return };
    let mut printed = Vec::new();
    session.print(&mut printed);
    assert_eq!(printed, bytes);
    let _ = (session.is_hold(), media_targets(&session), answer_matches(&session, &session));

    for allowed in [Codecs::all(), Codecs::only(["pcmu", "g722"])] {
        let face = Face { address: OURS, ports: vec![30_000; session.media.len()], session_id: 1, version: 1, covers: Vec::new(), ways: Vec::new(), formats: Vec::new(), chats: Vec::new() };
        let mut ours = Vec::new();
        if rewrite(&session, &face, &allowed, &mut ours).is_err() {
            assert!(ours.is_empty());
            continue;
        }
        let ours = Session::parse(&ours).expect("what we write, we can read");
        assert_eq!(ours.media.len(), session.media.len());
        for target in media_targets(&ours) {
            for address in [target.rtp, target.rtcp].into_iter().flatten() {
                assert_eq!(address.ip(), OURS);
            }
        }
    }
});
