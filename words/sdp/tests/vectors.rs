//! Every description of the shared vectors is read as its index says.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sdp::{Codecs, Face, Refusal, Session, media_targets, rewrite};

#[test]
fn valid_descriptions_are_read_and_printed_byte_for_byte() {
    for (file, verdict) in index() {
        let text = read(&file);
        if verdict != "valid" {
            continue;
        }

        let session = Session::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut printed = Vec::new();
        session.print(&mut printed);

        assert_eq!(printed, text, "{file}");
        assert_eq!(session.to_string().as_bytes(), text, "{file}");
    }
}

#[test]
fn invalid_descriptions_say_what_is_wrong_and_where() {
    let wrong = |file: &str| Session::parse(&read(file)).unwrap_err().to_string();

    assert_eq!(wrong("no-version.sdp"), "line 1: v=0 is missing");
    assert_eq!(wrong("no-conn.sdp"), "line 0: a media line has no c=");
    assert_eq!(wrong("bad-port.sdp"), "line 6: m= has no such port");
    assert_eq!(wrong("no-formats.sdp"), "line 6: m= has no format");
}

#[test]
fn the_index_names_no_invalid_file_that_is_not_tested_here() {
    let known = ["no-version.sdp", "no-conn.sdp", "bad-port.sdp", "no-formats.sdp", "sdes-bad-key.sdp"];
    for (file, verdict) in index() {
        assert!(verdict != "invalid" || known.contains(&file.as_str()), "{file} is new");
    }
}

#[test]
fn multicast_is_refused() {
    assert_eq!(rewritten("multicast.sdp"), Err(Refusal::Multicast { m_line: 0 }));
    let text = read("multicast.sdp");
    assert_eq!(media_targets(&Session::parse(&text).unwrap())[0].rtp, None);
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    let text = read("sdes-bad-key.sdp");
    assert!(Session::parse(&text).unwrap().media[0].keys().is_empty());
}

#[test]
fn keys_are_read_and_end_at_us() {
    let text = read("sdes.sdp");
    let keys = Session::parse(&text).unwrap().media[0].keys();
    // One of the two asks for a key identifier in each packet.
    assert_eq!(keys.iter().map(|key| (key.tag, key.key.len())).collect::<Vec<_>>(), [(2, 30)]);

    let ours = rewritten("sdes.sdp").unwrap();
    assert!(!ours.contains("crypto") && !ours.contains("SAVP"), "{ours}");
}

#[test]
fn e3_what_a_browser_offers_crosses_as_a_call_of_old() {
    let text = rewritten("webrtc.sdp").unwrap();
    assert!(text.contains("m=audio 30000 RTP/AVP "), "{text}");
    for word in ["fingerprint", "setup", "SAVP", "rtcp-fb", "extmap", "mid", "ice-", "ssrc", "BUNDLE"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn an_offer_of_optional_encryption_crosses_as_plain() {
    let text = rewritten("capneg.sdp").unwrap();
    assert!(text.contains("m=audio 30000 RTP/AVP 0 8 101\r\n"));
    assert!(!text.contains("cap") && !text.contains("pcfg") && !text.contains("crypto"));
}

#[test]
fn a_fax_crosses_with_all_its_parameters() {
    let text = rewritten("t38.sdp").unwrap();
    assert!(text.contains("m=image 30000 udptl t38\r\n"));
    assert_eq!(text.matches("a=T38").count(), 6);
}

#[test]
fn every_form_of_hold_is_seen() {
    for (file, held) in [
        ("hold-zero.sdp", true),
        ("hold-sendonly.sdp", true),
        ("inactive.sdp", true),
        ("plain.sdp", false),
        ("port0.sdp", false),
    ] {
        let text = read(file);
        assert_eq!(Session::parse(&text).unwrap().is_hold(), held, "{file}");
    }
}

#[test]
fn telephone_events_are_found_at_the_clock_of_the_first_codec() {
    let text = read("dup-te.sdp");
    assert_eq!(Session::parse(&text).unwrap().media[0].telephone_event(), Some(110));
}

#[test]
fn static_types_need_no_map() {
    let text = read("static-no-rtpmap.sdp");
    let session = Session::parse(&text).unwrap();
    let names: Vec<_> = session.media[0].codecs().iter().map(|codec| codec.name).collect();
    assert_eq!(names, ["PCMU", "PCMA", "G729"]);
}

#[test]
fn targets_honour_the_line_of_their_own_medium() {
    let target = |file: &str| {
        let text = read(file);
        media_targets(&Session::parse(&text).unwrap())[0].rtp.map(|rtp| rtp.to_string())
    };
    assert_eq!(target("media-conn.sdp").as_deref(), Some("192.0.2.11:40000"));
    assert_eq!(target("ipv6.sdp").as_deref(), Some("[2001:db8::10]:40000"));
    assert_eq!(target("port0.sdp"), None);
    assert_eq!(target("hold-zero.sdp"), None);
    assert_eq!(target("fqdn.sdp"), None);
}

#[test]
fn a_host_name_does_not_cross() {
    assert!(!rewritten("fqdn.sdp").unwrap().contains("example"));
}

fn rewritten(file: &str) -> Result<String, Refusal> {
    let text = read(file);
    let session = Session::parse(&text).unwrap();
    let face = Face {
        address: [198, 51, 100, 7].into(),
        ports: vec![30000, 30002],
        session_id: 7,
        version: 1,
        covers: Vec::new(),
        ways: Vec::new(),
        formats: Vec::new(),
        chats: Vec::new(),
    };
    let mut out = Vec::new();
    rewrite(&session, &face, &Codecs::all(), &mut out)?;
    Session::parse(&out).expect("what we write, we can read");
    Ok(String::from_utf8(out).unwrap())
}

fn index() -> BTreeMap<String, String> {
    let text = String::from_utf8(read("index.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|row| row.split('\t').map(str::to_owned));
    let rows: BTreeMap<_, _> = rows.map(|mut row| (row.next().unwrap(), row.next().unwrap())).collect();
    assert!(rows.len() >= 25, "the index of the shared vectors has shrunk");
    rows
}

fn read(file: &str) -> Vec<u8> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sdp"));
    let path: PathBuf = folder.join(file);
    fs::read(&path)
        .unwrap_or_else(|error| panic!("the shared vectors are needed: {}: {error}", path.display()))
}
