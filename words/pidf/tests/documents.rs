//! What phones publish is read, what watchers read is written, and nothing that anybody sends does harm.
#![allow(clippy::unwrap_used)]

use pidf::{Activity, Basic, Dialog, DialogState, Dialogs, Direction, Fault, Names, Presence, Said, Tuple};
use proptest::prelude::*;

/// In the manner of RFC 4480 5.
const PUBLISHED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf"
     xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
     xmlns:lt="urn:ietf:params:xml:ns:location-type"
     xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' entity="pres:hana@contoso.example">
  <!-- a desk phone, and a softphone that is off -->
  <tuple id="bs35r9"><status><basic>closed</basic></status><contact priority="0.8">im:hana@x</contact></tuple>
  <tuple id="eg92n8"><status><basic> open </basic></status><r:class>biz</r:class></tuple>
  <note xml:lang="en">Back &amp; busy &#x263a;</note>
  <dm:person id="p1">
    <r:activities from="2026-11-21T16:20:00Z"><r:away/><r:meeting/><r:made-up/></r:activities>
    <r:place-type><lt:office/></r:place-type>
    <dm:note><![CDATA[in <Room 7>]]></dm:note>
  </dm:person>
</presence>"#;

#[test]
fn l2_what_a_phone_publishes_is_read_by_its_namespaces() {
    let said = Said::read(PUBLISHED.as_bytes()).unwrap();

    assert_eq!(said.basic, Some(Basic::Open), "one tuple is open");
    assert_eq!(said.activities, [Activity::Away, Activity::Meeting]);
    assert_eq!(said.notes, ["Back & busy ☺".into(), Box::from("in <Room 7>")]);

    let elsewhere = PUBLISHED.replace("xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'", "xmlns:r='urn:other'");
    assert!(Said::read(elsewhere.as_bytes()).unwrap().activities.is_empty());
}

#[test]
fn l2_what_the_house_writes_it_can_read() {
    let tuple = |id: &str, basic, note| Tuple {
        id: id.to_owned(),
        basic,
        contact: Some("sip:hana@contoso.example"),
        notes: vec![note],
    };
    let presence = Presence {
        entity: "sip:\"<hana>\"&@contoso.example",
        tuples: vec![tuple("house", Basic::Closed, "a < b"), tuple("d1", Basic::Open, "\u{0}desk")],
        activities: &[Activity::Busy, Activity::OnThePhone],
        notes: vec!["on a call (mobile)"],
    };

    let said = Said::read(presence.to_string().as_bytes()).unwrap();

    assert_eq!(said.basic, Some(Basic::Open));
    assert_eq!(said.activities, [Activity::Busy, Activity::OnThePhone]);
    assert_eq!(said.device_note.as_deref(), Some("a < b"), "the first, and it stays with its device");
    assert_eq!(said.notes, ["desk".into(), Box::from("on a call (mobile)")]);
}

#[test]
fn l6_a_document_of_dialogs_is_whole_and_numbered() {
    let names = Names { call_id: "c@<h>", local_tag: "l", remote_tag: "r" };
    let dialog = |id: &str, direction, state| Dialog {
        id: id.to_owned(),
        direction,
        state,
        names: (state == DialogState::Early).then_some(names),
    };
    let text = Dialogs {
        entity: "sip:hana@contoso.example",
        version: 7,
        dialogs: vec![
            dialog("a", Direction::Recipient, DialogState::Early),
            dialog("b", Direction::Initiator, DialogState::Confirmed),
        ],
    }
    .to_string();

    assert!(text.contains("version=\"7\" state=\"full\" entity=\"sip:hana@contoso.example\""), "{text}");
    assert!(
        text.contains(
            "<dialog id=\"a\" call-id=\"c@&lt;h&gt;\" local-tag=\"l\" remote-tag=\"r\" \
             direction=\"recipient\"><state>early</state></dialog>"
        ),
        "{text}"
    );
    assert!(text.contains("<dialog id=\"b\" direction=\"initiator\"><state>confirmed</state>"), "{text}");
}

#[test]
fn what_is_no_document_is_refused_and_says_why() {
    let deep = format!("<presence xmlns='urn:ietf:params:xml:ns:pidf'>{}", "<a>".repeat(100_000));
    for (text, fault) in [
        ("", Fault::Broken),
        ("<presence", Fault::Broken),
        ("<presence xmlns='urn:ietf:params:xml:ns:pidf'>", Fault::Broken),
        ("<presence xmlns='urn:ietf:params:xml:ns:pidf'></presenc>", Fault::Broken),
        ("<presence xmlns='urn:ietf:params:xml:ns:pidf'/><more/>", Fault::Broken),
        ("<presence/>", Fault::NotPresence),
        ("<p:presence/>", Fault::Broken),
        ("<!DOCTYPE presence [<!ENTITY a 'aa'>]><presence/>", Fault::Unwelcome),
        ("<presence xmlns='urn:ietf:params:xml:ns:pidf'><note>&lol;</note></presence>", Fault::Unwelcome),
        (&deep, Fault::TooDeep),
    ] {
        assert_eq!(Said::read(text.as_bytes()), Err(fault), "{}", &text[..text.len().min(80)]);
    }
    assert_eq!(Said::read(b"<presence\xff/>"), Err(Fault::NotText));
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Said::read(&bytes);
    }

    #[test]
    fn no_cut_or_change_of_a_document_does_harm(at in 0..PUBLISHED.len(), letter in any::<u8>()) {
        let mut bytes = PUBLISHED.as_bytes().to_vec();
        bytes[at] = letter;
        let _ = Said::read(&bytes);
        let _ = Said::read(&bytes[..at]);
    }

    #[test]
    fn whatever_a_note_says_it_stays_a_note(note in ".{1,60}") {
        let (entity, notes) = ("sip:a@b", vec![note.as_str()]);
        let presence = Presence { entity, tuples: Vec::new(), activities: &[], notes };
        let said = Said::read(presence.to_string().as_bytes()).unwrap();
        prop_assert!(said.activities.is_empty() && said.basic.is_none());
    }
}
