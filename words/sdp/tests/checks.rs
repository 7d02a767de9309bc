//! What descriptions say of checks (RFC 8839), and what ours say.
#![allow(clippy::unwrap_used)]

use sdp::{
    Agent, Candidate, Checks, Codecs, Component, Credentials, Direction, Face, OuterKind, OuterPlace,
    Reports, Session, Way, media_targets, rewrite,
};

const PAGE: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n\
    m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\n\
    a=candidate:1 1 udp 2113937151 4f6b.local 50000 typ host\r\na=sendrecv\r\n";

#[test]
fn g2_credentials_are_read_from_the_line_or_from_the_session() {
    let wanted = Credentials { ufrag: "F7gI".into(), password: "x9cml/YzichV2+XlhiMu8g".into() };
    let of_session =
        PAGE.replace("a=ice-ufrag:F7gI\r\n", "").replace("s=-\r\n", "s=-\r\na=ice-ufrag:F7gI\r\n");
    for text in [PAGE, &of_session] {
        let session = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(session.credentials_of(&session.media[0]), Some(wanted.clone()));
    }
    for (from, to) in [("F7gI", "F7g"), ("F7gI", "F7g I"), ("x9cml/", ""), ("a=ice-pwd", "a=ice-no")] {
        let text = PAGE.replace(from, to);
        let session = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(session.credentials_of(&session.media[0]), None, "{to}");
    }
}

/// Pages that hide their addresses give none; that is no hold (RFC 8840, 4.1.1).
#[test]
fn g2_a_line_without_a_place_is_not_on_hold_where_checks_will_find_it() {
    let session = Session::parse(PAGE.as_bytes()).unwrap();
    assert!(!session.is_hold());
    let target = media_targets(&session)[0];
    assert_eq!((target.rtp, target.direction), (None, Direction::SendRecv));
    let told = told(PAGE, Way::default());
    assert!(told.contains("a=sendrecv") && !told.contains("ice") && !told.contains("candidate"), "{told}");

    let without = PAGE.replace("a=ice-ufrag:F7gI\r\n", "");
    assert!(Session::parse(without.as_bytes()).unwrap().is_hold());
}

#[test]
fn g2_our_side_is_lite_and_has_one_place() {
    let credentials = Credentials { ufrag: "ours".into(), password: "p".repeat(24).into() };
    let checks = Checks::By(credentials);
    let muxed = told(PAGE, Way { reports: Reports::Muxed, checks: checks.clone(), ..Way::default() });
    assert!(muxed.find("a=ice-lite").unwrap() < muxed.find("m=audio").unwrap());
    let lines: Vec<_> = muxed.lines().filter(|line| line.starts_with("a=candidate")).collect();
    assert_eq!(lines, ["a=candidate:1 1 UDP 2130706431 192.0.2.1 30000 typ host"]);
    assert!(
        muxed.contains("a=ice-ufrag:ours\r\na=ice-pwd:pppppppp") && muxed.contains("a=end-of-candidates")
    );

    let offered = told(PAGE, Way { reports: Reports::Either, checks: checks.clone(), ..Way::default() });
    assert!(offered.contains("a=rtcp-mux\r\n") && offered.contains(" 192.0.2.1 30001 typ host"), "{offered}");
    let apart = told(PAGE, Way { reports: Reports::Apart, checks, ..Way::default() });
    assert!(apart.contains("a=candidate:1 2 UDP 2130706430 192.0.2.1 30001 typ host"), "{apart}");
}

/// Nobody is told that we only answer who is to be asked too (RFC 8839, 4.2.1.4, 4.3.1).
#[test]
fn g2_a_full_agent_says_how_often_it_checks_and_not_that_it_is_lite() {
    let checks = Checks::By(Credentials { ufrag: "ours".into(), password: "p".repeat(24).into() });

    let told = told(PAGE, Way { checks, agent: Agent::Full, ..Way::default() });

    let session = told.split("m=audio").next().unwrap();
    assert!(session.contains("a=ice-pacing:50\r\na=ice-options:ice2\r\n"), "{told}");
    assert!(!told.contains("ice-lite") && told.contains(" 192.0.2.1 30000 typ host\r\n"), "{told}");
}

/// RFC 8839, 5.1, and RFC 8445, 5.1.2 and 5.1.3: the place that is our own is said once.
#[test]
fn g2_places_that_a_server_outside_has_told_of_are_offered_behind_our_own() {
    let checks = Checks::By(Credentials { ufrag: "ours".into(), password: "p".repeat(24).into() });
    let seen = Some("203.0.113.9:61000".parse().unwrap());
    let at = |component, kind, place: &str, seen| OuterPlace {
        component,
        kind,
        place: place.parse().unwrap(),
        seen,
    };
    let outer = vec![
        at(Component::Media, OuterKind::Reflexive, "203.0.113.9:61000", None),
        at(Component::Reports, OuterKind::Reflexive, "192.0.2.1:30001", None),
        at(Component::Media, OuterKind::Relayed, "198.51.100.7:50000", seen),
        at(Component::Reports, OuterKind::Relayed, "198.51.100.7:50001", None),
    ];
    let way = Way { checks, agent: Agent::Full, outer, ..Way::default() };

    let apart = told(PAGE, way.clone());
    let muxed = told(PAGE, Way { reports: Reports::Muxed, ..way });

    let lines = |told: &str| -> Vec<String> {
        let outer =
            told.lines().filter(|line| line.starts_with("a=candidate:") && !line.ends_with("typ host"));
        outer.map(str::to_owned).collect()
    };
    assert_eq!(
        lines(&apart),
        [
            "a=candidate:2 1 UDP 1694498815 203.0.113.9 61000 typ srflx raddr 192.0.2.1 rport 30000",
            "a=candidate:3 1 UDP 16777215 198.51.100.7 50000 typ relay raddr 203.0.113.9 rport 61000",
            "a=candidate:3 2 UDP 16777214 198.51.100.7 50001 typ relay raddr 192.0.2.1 rport 30001",
        ]
    );
    assert_eq!(lines(&muxed).len(), 2, "{muxed}");
    assert_eq!(candidates(&format!("{}\r\n", lines(&apart).join("\r\n"))).len(), 3, "we read them too");
}

#[test]
fn g2_candidates_are_read_the_best_first_and_numbered_by_their_foundation() {
    let said = "a=candidate:x 1 UDP 100 192.0.2.7 4000 typ srflx raddr 10.0.0.7 rport 5000\r\n\
        a=candidate:y 1 udp 300 10.0.0.7 5000 typ host generation 0\r\n\
        a=candidate:y 2 udp 299 10.0.0.7 5001 typ host\r\n\
        a=candidate:z 1 UDP 50 2001:db8::7 4000 typ relay raddr :: rport 9\r\n";
    let candidate = |component, place: &str, priority, foundation| Candidate {
        component,
        place: place.parse().unwrap(),
        priority,
        foundation,
    };
    let wanted = [
        candidate(Component::Media, "10.0.0.7:5000", 300, 0),
        candidate(Component::Reports, "10.0.0.7:5001", 299, 0),
        candidate(Component::Media, "192.0.2.7:4000", 100, 2),
        candidate(Component::Media, "[2001:db8::7]:4000", 50, 3),
    ];
    assert_eq!(candidates(said), wanted);

    for nobody in [
        "1 1 tcp 9 192.0.2.7 9 typ host",
        "1 3 udp 9 192.0.2.7 4000 typ host",
        "1 1 udp 0 192.0.2.7 4000 typ host",
        "1 1 udp 2147483648 192.0.2.7 4000 typ host",
        "1 1 udp 9 4f6b.local 4000 typ host",
        "1 1 udp 9 192.0.2.7 0 typ host",
        "1 1 udp 9 0.0.0.0 4000 typ host",
        "1 1 udp 9 239.1.1.1 4000 typ host",
        "1 1 udp 9 255.255.255.255 4000 typ host",
        "1 1 udp 9 ::ffff:0.0.0.0 4000 typ host",
        "1 1 udp 9 192.0.2.7 4000",
        "1 1 udp 9",
    ] {
        assert_eq!(candidates(&format!("a=candidate:{nobody}\r\n")), [], "{nobody}");
    }
}

/// However many are named, the best are kept, and of those no more than anybody has.
#[test]
fn g1_of_many_candidates_the_best_are_read() {
    let line = |at: u32| format!("a=candidate:{at} 1 udp {at} 192.0.2.7 {} typ host\r\n", 2000 + at);
    let many: String = (1..=600).map(line).collect();

    let read = candidates(&many);

    assert_eq!((read.len(), read[0].priority, read[31].priority), (32, 600, 569));
}

/// Whoever trickles gives its candidates later, or never, as its checks show where it is; we have one, say it
/// at once and that it is all, and do not say that we trickle (RFC 8838, 8840).
#[test]
fn e5_who_trickles_is_told_all_candidates_at_once() {
    let trickling = PAGE.replace("a=candidate:1 1 udp 2113937151 4f6b.local 50000 typ host\r\n", "");
    assert!(trickling.contains("a=ice-options:trickle") && !trickling.contains("a=candidate"));
    let session = Session::parse(trickling.as_bytes()).unwrap();
    assert!(session.credentials_of(&session.media[0]).is_some() && !session.is_hold());
    assert!(!session.is_mismatched(&session.media[0]));

    let checks = Checks::By(Credentials { ufrag: "ours".into(), password: "p".repeat(24).into() });
    let told = told(&trickling, Way { reports: Reports::Muxed, checks, ..Way::default() });

    let (first, last) = (told.find("a=candidate:").unwrap(), told.find("a=end-of-candidates").unwrap());
    assert!(first < last && told.matches("a=candidate:").count() == 1, "{told}");
    assert!(told.contains("a=ice-options:ice2\r\n") && !told.contains("trickle"), "{told}");
}

/// Somebody on the way has put another address into the description, and knows nothing of candidates.
#[test]
fn g4_a_place_that_is_no_candidate_is_a_mismatch() {
    let placed = PAGE.replace("m=audio 9", "m=audio 50000").replace("0.0.0.0", "192.0.2.7");
    let rows = [
        (placed.replace("4f6b.local", "192.0.2.7"), false),
        (placed.replace("4f6b.local", "10.0.0.7"), true),
        (placed, false),
        (PAGE.to_owned(), false),
    ];
    for (text, is_mismatched) in rows {
        let session = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(session.is_mismatched(&session.media[0]), is_mismatched, "{text}");
    }
    assert!(told(PAGE, Way { checks: Checks::Mismatch, ..Way::default() }).contains("a=ice-mismatch\r\n"));
}

#[test]
fn a_line_is_called_what_its_writer_calls_it_where_that_is_a_name() {
    let called = |name: &str| {
        let text = format!("{PAGE}a=mid:{name}\r\n");
        let name = Session::parse(text.as_bytes()).unwrap().media[0].name();
        told(&text, Way { name, ..Way::default() })
    };

    assert!(called("audio-0").contains("a=mid:audio-0\r\n"));
    for name in ["", "two words", "a;b", &"x".repeat(33)] {
        assert!(!called(name).contains("a=mid"), "{name}");
    }
    assert!(!told(&format!("{PAGE}a=mid:0\r\n"), Way::default()).contains("a=mid"), "nobody asked");
}

fn candidates(lines: &str) -> Vec<Candidate> {
    let text = PAGE.replace("a=candidate:1 1 udp 2113937151 4f6b.local 50000 typ host\r\n", lines);
    Session::parse(text.as_bytes()).unwrap().media[0].candidates()
}

fn told(theirs: &str, way: Way) -> String {
    let face = Face {
        address: [192, 0, 2, 1].into(),
        ports: vec![30000],
        covers: Vec::new(),
        ways: vec![way],
        session_id: 1,
        version: 1,
        formats: Vec::new(),
        chats: Vec::new(),
    };
    let mut ours = Vec::new();
    rewrite(&Session::parse(theirs.as_bytes()).unwrap(), &face, &Codecs::all(), &mut ours).unwrap();
    String::from_utf8(ours).unwrap()
}
