//! What crosses from one leg to the other, and what must not.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use proptest::prelude::*;
use sdp::{Codecs, Cover, Crypto, Face, Refusal, Reports, Session, Way, rewrite};

const HEAD: &str = "v=0\r\no=alice 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n";

#[test]
fn our_description_is_theirs_with_our_name_and_place() {
    let theirs =
        format!("{HEAD}m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n");

    let ours = cross(&theirs, &Codecs::all()).unwrap();

    assert_eq!(
        ours,
        "v=0\r\no=- 77 3 IN IP6 2001:db8::7\r\ns=Tandem\r\nc=IN IP6 2001:db8::7\r\nt=0 0\r\n\
         m=audio 30000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
    );
}

#[test]
fn codecs_that_are_not_allowed_leave_with_all_that_is_said_of_them() {
    let theirs = format!(
        "{HEAD}m=audio 40000 RTP/AVP 8 111 0 101\r\n\
         a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
    );

    let ours = cross(&theirs, &Codecs::only(["pcmu"])).unwrap();

    assert!(ours.contains("m=audio 30000 RTP/AVP 0 101\r\n"));
    assert!(!ours.contains("opus") && !ours.contains(":111"));
    assert!(ours.contains("a=fmtp:101 0-16\r\n"));
}

#[test]
fn no_common_codec_is_refused_with_both_lists() {
    let theirs = format!("{HEAD}m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n");

    let refusal = cross(&theirs, &Codecs::only(["PCMU", "g722"])).unwrap_err();

    assert_eq!(refusal.to_string(), "they offered PCMA; allowed is PCMU/G722");
}

#[test]
fn a_refusal_leaves_the_output_alone() {
    let theirs = format!("{HEAD}m=audio 40000 RTP/AVP 8\r\n");
    let mut out = b"before".to_vec();

    rewrite(&Session::parse(theirs.as_bytes()).unwrap(), &face(), &Codecs::only(["g722"]), &mut out)
        .unwrap_err();

    assert_eq!(out, b"before");
}

#[test]
fn hold_by_a_zero_address_crosses_as_a_direction() {
    let theirs = format!("{HEAD}m=audio 40000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\n");
    let ours = cross(&theirs, &Codecs::all()).unwrap();
    assert!(ours.ends_with("m=audio 30000 RTP/AVP 0\r\na=sendonly\r\n"), "{ours}");
}

#[test]
fn refused_lines_stay_in_their_place() {
    let theirs =
        format!("{HEAD}m=audio 0 RTP/AVP 0\r\nm=video 40002 RTP/AVP 99\r\nm=text 40004 RTP/AVP 98\r\n");

    let ours = cross(&theirs, &Codecs::all()).unwrap();

    let lines: Vec<_> = ours.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=audio 0 RTP/AVP 0", "m=video 30002 RTP/AVP 99", "m=text 0 RTP/AVP 98"]);
}

#[test]
fn the_browsers_attributes_end_at_us() {
    let theirs = format!(
        "{HEAD}a=group:BUNDLE 0\r\na=ice-lite\r\n\
         m=audio 40000 RTP/AVP 0\r\na=rtcp:40001 IN IP4 192.0.2.10\r\n\
         a=candidate:1 1 udp 1 host.example 50000 typ host\r\na=ICE-ufrag:x\r\na=rtcp-mux\r\na=mid:0\r\n\
         a=fingerprint:sha-256 00:01\r\na=setup:active\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n\
         a=x-odd:1\r\na=maxptime:40\r\n"
    );
    let ours = cross(&theirs, &Codecs::all()).unwrap();
    assert!(ours.ends_with("m=audio 30000 RTP/AVP 0\r\na=x-odd:1\r\na=maxptime:40\r\n"), "{ours}");
}

#[test]
fn lines_about_a_person_do_not_cross() {
    let theirs =
        HEAD.replace("c=", "i=talk\r\ne=a@b.example\r\np=+1 555\r\nc=") + "m=audio 40000 RTP/AVP 0\r\n";
    let ours = cross(&theirs, &Codecs::all()).unwrap();
    assert!(!ours.contains("talk") && !ours.contains("example") && !ours.contains("555"));
}

proptest! {
    #[test]
    fn no_address_of_theirs_crosses_whatever_they_write(
        addresses in prop::collection::vec(address(), 1..4),
        lines in prop::collection::vec((line(), 0usize..4), 0..30),
    ) {
        let at = |pick: usize| addresses[pick % addresses.len()];
        let family = if at(0).is_ipv4() { "IP4" } else { "IP6" };
        let mut theirs = format!("v=0\r\no=- 1 1 IN {family} {0}\r\ns=-\r\nc=IN {family} {0}\r\n", at(0));
        theirs += "a=sendrecv\r\nm=audio 40000 RTP/AVP 0 96\r\n";
        for (line, pick) in &lines {
            theirs += &line.replace('@', &at(*pick).to_string());
            theirs += "\r\n";
        }

        if let Ok(session) = Session::parse(theirs.as_bytes()) {
            let mut out = Vec::new();
            if rewrite(&session, &face(), &Codecs::all(), &mut out).is_ok() {
                let ours = String::from_utf8(out).unwrap();
                for address in &addresses {
                    prop_assert!(!ours.contains(&address.to_string()), "{address} in {ours}");
                }
                prop_assert!(Session::parse(ours.as_bytes()).is_ok());
            }
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Session::parse(&text);
    }

    #[test]
    fn whatever_is_read_prints_the_same_and_crosses_or_is_refused(
        body in "([a-z]=[ -~]{0,40}\r?\n){0,12}",
    ) {
        let text = format!("{HEAD}{body}");
        if let Ok(session) = Session::parse(text.as_bytes()) {
            prop_assert_eq!(&session.to_string(), &text);
            sdp::media_targets(&session);
            let _ = rewrite(&session, &face(), &Codecs::only(["pcmu"]), &mut Vec::new());
        }
    }
}

fn address() -> impl Strategy<Value = IpAddr> {
    let v4 =
        (1u8..=223, any::<u8>(), any::<u8>(), 10u8..).prop_map(|(a, b, c, d)| IpAddr::from([a, b, c, d]));
    // Ours begins with 2001:db8; a short one such as `::` may stand in any text.
    let v6 = prop::array::uniform8(0x1000u16..).prop_map(|parts| {
        IpAddr::from([0x2a00, parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7]])
    });
    prop_oneof![v4, v6]
}

/// Lines with an `@` where an address goes.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("c=IN IP4 @".to_owned()),
        Just("a=rtcp:40001 IN IP4 @".to_owned()),
        Just("a=candidate:1 1 udp 1 @ 50000 typ host".to_owned()),
        Just("a=rtpmap:96 @/8000".to_owned()),
        Just("a=fmtp:96 dest=@;x=1".to_owned()),
        Just(
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz @".to_owned()
        ),
        Just("b=AS:@".to_owned()),
        Just("m=audio 40002 RTP/AVP @".to_owned()),
        Just("m=@ 40002 RTP/AVP 0".to_owned()),
        Just("m=audio 40002 RTP/@ 0".to_owned()),
        "[a-z]=[a-z :=;,./\\[\\]-]{0,8}@[a-z :=;,/\\[\\]-]{0,8}",
        "a=[a-z]{1,6}:?[ -?A-~]{0,6}[:\\[(/=, .]@[:\\])/;, .]?[ -?A-~]{0,6}",
    ]
}

fn cross(theirs: &str, allowed: &Codecs) -> Result<String, Refusal> {
    let mut out = Vec::new();
    rewrite(&Session::parse(theirs.as_bytes()).unwrap(), &face(), allowed, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn face() -> Face {
    Face {
        address: "2001:db8::7".parse().unwrap(),
        ports: vec![30000, 30002],
        session_id: 77,
        version: 3,
        covers: Vec::new(),
        ways: Vec::new(),
        formats: Vec::new(),
        chats: Vec::new(),
    }
}

#[test]
fn each_cover_has_its_protocol_and_its_keys() {
    let key = Crypto { tag: 1, suite: "AES_CM_128_HMAC_SHA1_80".into(), key: vec![7; 30] };
    let rows = [
        ("RTP/AVP", Cover::Clear, "RTP/AVP", 0),
        ("RTP/SAVP", Cover::Clear, "RTP/AVP", 0),
        ("RTP/AVPF", Cover::Sealed(vec![key.clone()]), "RTP/SAVPF", 1),
        ("RTP/SAVP", Cover::Sealed(vec![key.clone(), key.clone()]), "RTP/SAVP", 2),
        ("RTP/SAVP", Cover::Offered(vec![key]), "RTP/AVP", 1),
    ];
    for (theirs, cover, ours, keys) in rows {
        let text =
            format!("{HEAD}m=audio 40000 {theirs} 0\r\na=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n");
        let face = Face { covers: vec![cover], ..face() };
        let mut out = Vec::new();

        rewrite(&Session::parse(text.as_bytes()).unwrap(), &face, &Codecs::all(), &mut out).unwrap();

        let written = String::from_utf8(out).unwrap();
        assert!(written.contains(&format!("m=audio 30000 {ours} 0\r\n")), "{written}");
        assert_eq!(written.matches("a=crypto:").count(), keys, "{written}");
        assert!(!written.contains("AAAA"), "{written}");
        let read = Session::parse(written.as_bytes()).unwrap().media[0].keys();
        assert!(read.len() == keys && read.iter().all(|key| key.key == [7; 30]), "{written}");
    }
}

/// T.38 was written with its parameters in two spellings, and makers have their own; limits of redundancy and
/// of the length of a datagram are between the far ends.
#[test]
fn j1_parameters_of_a_fax_cross_in_every_spelling() {
    let lines = [
        "T38FaxVersion:0",
        "T38MaxBitRate:14400",
        "T38maxBitRate:14400",
        "T38FaxRateManagement:transferredTCF",
        "T38FaxMaxBuffer:262",
        "T38FaxMaxDatagram:90",
        "T38MaxDatagram:176",
        "T38FaxUdpEC:t38UDPRedundancy",
        "T38FaxUdpEC:t38UDPFEC",
        "T38FaxUdpECDepth:1 3",
        "T38FaxUdpFECMaxSpan:3",
        "T38FaxFillBitRemoval",
        "T38FaxFillBitRemoval:0",
        "T38FaxTranscodingMMR:1",
        "T38FaxTranscodingJBIG",
        "T38VendorInfo:0 0 37",
        "t38faxversion:3",
    ];
    let said: String = lines.iter().map(|line| format!("a={line}\r\n")).collect();

    for protocol in ["udptl", "UDPTL"] {
        let theirs = format!("{HEAD}m=image 40000 {protocol} t38\r\n{said}");
        // What codecs speech may have is nothing to a fax.
        let ours = cross(&theirs, &Codecs::only(["pcmu"])).unwrap();
        assert!(ours.ends_with(&format!("m=image 30000 {protocol} t38\r\n{said}")), "{ours}");
    }
}

/// Who writes while he speaks (RFC 4103): the line and its redundancy cross, whatever codecs speech may have.
#[test]
fn h9_a_line_of_text_crosses_with_its_redundancy() {
    let text = "RTP/AVP 98 99\r\na=rtpmap:98 t140/1000\r\na=rtpmap:99 red/1000\r\na=fmtp:98 cps=30\r\n\
                a=fmtp:99 98/98/98\r\na=rtt-mixer\r\n";
    let theirs = format!("{HEAD}m=audio 40000 RTP/AVP 8 0\r\nm=text 40002 {text}");

    let ours = cross(&theirs, &Codecs::only(["pcmu"])).unwrap();

    assert!(ours.ends_with(&format!("m=audio 30000 RTP/AVP 0\r\nm=text 30002 {text}")), "{ours}");
}

/// Speech with redundancy (RFC 2198) crosses where its codec may; where codecs are named, it has to be too.
#[test]
fn h5_redundant_speech_crosses_with_what_it_is_made_of() {
    let red = "a=rtpmap:121 red/8000\r\na=fmtp:121 0/0\r\n";
    let theirs = format!("{HEAD}m=audio 40000 RTP/AVP 121 0\r\n{red}");

    for (allowed, formats, is_there) in [
        (Codecs::all(), "121 0", true),
        (Codecs::only(["pcmu", "red"]), "121 0", true),
        (Codecs::only(["pcmu"]), "0", false),
    ] {
        let ours = cross(&theirs, &allowed).unwrap();
        assert!(ours.contains(&format!("m=audio 30000 RTP/AVP {formats}\r\n")), "{ours}");
        assert_eq!(ours.contains(red), is_there, "{ours}");
    }
}

/// What one leg agreed on about the port of its reports is nothing to the other (RFC 5761, 5.1).
#[test]
fn e2_reports_share_the_port_of_media_where_this_leg_wants_it() {
    let muxed = format!("{HEAD}m=audio 40000 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:40000\r\n");
    let apart = format!("{HEAD}m=audio 40000 RTP/AVP 0\r\na=rtcp:40009\r\n");
    let fax = format!("{HEAD}m=image 40000 udptl t38\r\n");
    let wishes = [(&muxed, Reports::Apart, 0), (&apart, Reports::Muxed, 1), (&fax, Reports::Muxed, 0)];

    for (theirs, reports, count) in wishes {
        let face = Face { ways: vec![Way { reports, ..Way::default() }], ..face() };
        let mut ours = Vec::new();
        rewrite(&Session::parse(theirs.as_bytes()).unwrap(), &face, &Codecs::all(), &mut ours).unwrap();

        let ours = String::from_utf8(ours).unwrap();
        assert_eq!(ours.matches("a=rtcp-mux\r\n").count(), count, "{ours}");
        assert!(!ours.contains("a=rtcp:"), "{ours}");
    }
}

#[test]
fn e2_a_line_says_where_its_reports_go() {
    let rows = [
        ("m=audio 40000 RTP/AVP 0\r\na=rtcp-mux\r\n", Reports::Muxed),
        ("m=audio 40000 RTP/AVP 0\r\na=rtcp-mux-only\r\na=rtcp-mux\r\n", Reports::Muxed),
        ("m=audio 40000 RTP/AVP 0\r\na=rtcp:40000\r\n", Reports::Apart),
        ("m=image 40000 udptl t38\r\na=rtcp-mux\r\n", Reports::Apart),
    ];

    for (line, reports) in rows {
        let text = format!("{HEAD}{line}");
        assert_eq!(Session::parse(text.as_bytes()).unwrap().media[0].reports(), reports, "{line}");
    }
}
