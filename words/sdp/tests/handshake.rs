//! What descriptions say of a handshake on the way of the media (RFC 5763, 8122, 8842), and what ours say.
#![allow(clippy::unwrap_used)]

use sdp::{Codecs, Cover, Face, Feedback, Fingerprint, Handshake, Session, Setup, rewrite};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n";
const LINE: &str = "m=audio 40000 UDP/TLS/RTP/SAVP 0\r\n";

fn digits(byte: u8) -> String {
    vec![format!("{byte:02x}"); 32].join(":")
}

#[test]
fn i4_a_certificate_is_known_by_the_digest_that_everybody_has() {
    let (own, of_session) = (Fingerprint([0xab; 32]), Fingerprint([7; 32]));
    let session = format!("a=fingerprint:SHA-256 {}\r\n", digits(7));
    let rows = [
        (format!("a=fingerprint:sha-256 {}\r\n", digits(0xab)), vec![own]),
        (format!("a=fingerprint:SHA-256 {} \r\n", digits(0xab).to_uppercase()), vec![own]),
        (String::new(), vec![of_session]),
        (format!("a=fingerprint:sha-1 {}\r\n", &digits(1)[..59]), vec![]),
        (format!("a=fingerprint:sha-256 {}:00\r\n", digits(1)), vec![]),
        (format!("a=fingerprint:sha-256 {}\r\n", &digits(1)[3..]), vec![]),
        (format!("a=fingerprint:sha-256 +1{}\r\n", &digits(1)[2..]), vec![]),
        (format!("a=fingerprint:sha-512 0\r\na=fingerprint:sha-256 {}\r\n", digits(0xab)), vec![own]),
    ];

    for (lines, wanted) in rows {
        let text = format!("{HEAD}{session}{LINE}{lines}");
        let read = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(read.fingerprints_of(&read.media[0]), wanted, "{lines}");
    }
}

#[test]
fn i4_who_begins_is_said_by_the_line_or_by_the_session() {
    let rows = [
        ("a=setup:actpass\r\n", Some(Setup::ActPass)),
        ("a=setup:passive \r\n", Some(Setup::Passive)),
        ("", Some(Setup::Active)),
        ("a=setup:holdconn\r\n", None),
    ];
    for (line, wanted) in rows {
        for text in [format!("{HEAD}{LINE}{line}"), format!("{HEAD}{line}{LINE}")] {
            let read = Session::parse(text.as_bytes()).unwrap();
            assert_eq!(read.setup_of(&read.media[0], Setup::Active), wanted, "{text}");
        }
    }
}

#[test]
fn i4_our_line_says_our_certificate_and_nothing_of_theirs() {
    let ours = Fingerprint([0x5a; 32]);
    for (theirs, feedback, protocol) in [
        ("RTP/AVP", Feedback::Early, "UDP/TLS/RTP/SAVPF"),
        ("RTP/AVPF", Feedback::None, "UDP/TLS/RTP/SAVP"),
        ("UDP/TLS/RTP/SAVPF", Feedback::None, "UDP/TLS/RTP/SAVP"),
    ] {
        let line = LINE.replace("UDP/TLS/RTP/SAVP", theirs);
        let text = format!("{HEAD}{line}a=fingerprint:sha-256 {}\r\na=setup:passive\r\n", digits(0xab));
        let cover = Cover::Shaken(Handshake { fingerprint: ours, setup: Setup::ActPass, feedback });
        let face = Face {
            address: "192.0.2.1".parse().unwrap(),
            ports: vec![30000],
            session_id: 1,
            version: 1,
            covers: vec![cover],
            ways: Vec::new(),
            formats: Vec::new(),
            chats: Vec::new(),
        };
        let mut out = Vec::new();

        rewrite(&Session::parse(text.as_bytes()).unwrap(), &face, &Codecs::all(), &mut out).unwrap();

        let written = Session::parse(&out).unwrap();
        let line = &written.media[0];
        assert_eq!((line.protocol, line.is_shaken()), (protocol, true));
        assert_eq!(written.fingerprints_of(line), [ours]);
        assert_eq!(written.setup_of(line, Setup::Active), Some(Setup::ActPass));
        assert!(!String::from_utf8(out).unwrap().contains("AB:AB"));
    }
}

#[test]
fn channels_for_data_cannot_cross() {
    let text = format!("{HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n");
    let face = Face {
        address: "192.0.2.1".parse().unwrap(),
        ports: vec![30000],
        session_id: 1,
        version: 1,
        covers: Vec::new(),
        ways: Vec::new(),
        formats: Vec::new(),
        chats: Vec::new(),
    };

    let refused = rewrite(&Session::parse(text.as_bytes()).unwrap(), &face, &Codecs::all(), &mut Vec::new());

    assert!(refused.unwrap_err().to_string().contains("keyed by DTLS"));
}
