//! What a recorder reads of a call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use siprec::{Id, Moment, Party, Snapshot, Voice};

const BEGUN: Moment = Moment(1_292_542_867_000);

fn id(number: u8) -> Id {
    Id::of_lot([number; 16])
}

fn party(number: u8, name: &str, (sends, hears): (u8, u8)) -> Party {
    Party {
        id: id(number),
        address: format!("sip:{number}@example.com"),
        name: Some(name.to_owned()),
        came: BEGUN,
        left: None,
        sends: vec![id(sends)],
        hears: vec![id(hears)],
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        group: id(1),
        group_since: BEGUN,
        session: id(2),
        session_ids: vec!["ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2".into()],
        begun: BEGUN,
        recorded: BEGUN,
        voices: vec![Voice { id: id(3), label: 1 }, Voice { id: id(4), label: 2 }],
        parties: vec![party(5, "Bob", (3, 4)), party(6, "Paul", (4, 3))],
    }
}

/// The elements below the root, in their order: the schema has them in no other one (RFC 7865, 9).
fn elements(text: &str) -> Vec<&str> {
    let known = [
        "datamode",
        "group",
        "session",
        "participant",
        "stream",
        "sessionrecordingassoc",
        "participantsessionassoc",
        "participantstreamassoc",
    ];
    let names = text.split('<').filter_map(|tag| tag.split([' ', '>']).next());
    let mut names: Vec<&str> = names.filter(|name| known.contains(name)).collect();
    names.dedup();
    names
}

#[test]
fn p4_metadata_names_all_parts_of_a_call_in_the_order_of_the_schema() {
    let text = snapshot().text();

    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{text}");
    assert!(text.contains("<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">"), "{text}");
    assert_eq!(
        elements(&text),
        [
            "datamode",
            "group",
            "session",
            "participant",
            "stream",
            "sessionrecordingassoc",
            "participantsessionassoc",
            "participantstreamassoc"
        ]
    );
    let [bob, one, two] = [5, 3, 4].map(|number| id(number).to_string());
    assert!(text.contains(&format!("<participant participant_id=\"{bob}\">")), "{text}");
    assert!(text.contains(&format!("<stream stream_id=\"{one}\"")), "{text}");
    let speaks = format!("<send>{one}</send>\r\n<recv>{two}</recv>");
    assert!(text.contains(&speaks), "{text}");
    assert!(text.contains("<associate-time>2010-12-16T23:41:07.000Z</associate-time>"), "{text}");
    assert!(!text.contains("disassociate-time"), "{text}");
}

#[test]
fn p4_who_has_left_is_told_of_with_when() {
    let mut snapshot = snapshot();
    snapshot.parties[0] = Party {
        left: Some(Moment(BEGUN.0 + 1_000)),
        sends: Vec::new(),
        hears: Vec::new(),
        ..snapshot.parties[0].clone()
    };

    let text = snapshot.text();

    let left = "<disassociate-time>2010-12-16T23:41:08.000Z</disassociate-time>";
    assert_eq!(text.matches(left).count(), 1, "{text}");
    assert_eq!(text.matches("<send>").count(), 1, "{text}");
}

#[test]
fn p4_a_name_is_a_uuid_in_base64() {
    assert_eq!(Id::of_lot([0xff; 16]).to_string(), "////////T/+//////////w==");
}

#[test]
fn p4_description_and_metadata_are_two_parts_of_one_body() {
    let body = String::from_utf8(siprec::body(b"v=0\r\n", "<recording/>")).unwrap();

    assert_eq!(
        body,
        "--tandem-rs-6f1d0c2a\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--tandem-rs-6f1d0c2a\r\n\
         Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n\
         <recording/>\r\n--tandem-rs-6f1d0c2a--\r\n"
    );
}

proptest! {
    #[test]
    fn p4_no_name_breaks_out_of_its_place(name in "\\PC{0,400}|[<>&\"'\\x00-\\x1f]{0,40}") {
        let mut snapshot = snapshot();
        snapshot.parties[0].name = Some(name.clone());
        snapshot.parties[0].address = name;

        let text = snapshot.text();

        let plain = elements(&text).len();
        prop_assert_eq!(plain, 8);
        prop_assert_eq!(text.matches('<').count(), text.matches('>').count());
        prop_assert!(text.len() < 16_000);
        prop_assert!(!text.chars().any(|letter| letter < ' ' && !"\r\n".contains(letter)));
    }

    #[test]
    fn p4_whatever_a_recorder_sends_is_read(
        document in prop::collection::vec(any::<u8>(), 0..200),
        tail in "[<>!?/a-z -]{0,60}",
    ) {
        let document = [document, tail.into_bytes()].concat();

        siprec::is_snapshot_wanted(&document);
    }
}
