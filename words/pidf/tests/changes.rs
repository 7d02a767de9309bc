//! What has changed of a document is written in the manner of RFC 5262, with as little as does.
#![allow(clippy::unwrap_used)]

use pidf::{Activity, Basic, Presence, Tuple};

const ENTITY: &str = "sip:hana@contoso.example";

fn presence<'a>(devices: &[(&str, Basic)], activities: &'a [Activity], notes: &[&'a str]) -> Presence<'a> {
    let tuple = |(id, basic): &(&str, Basic)| Tuple {
        id: (*id).to_owned(),
        basic: *basic,
        contact: None,
        notes: Vec::new(),
    };
    let tuples = devices.iter().map(tuple).collect();
    Presence { entity: ENTITY, tuples, activities, notes: notes.to_vec() }
}

const MANY: [(&str, Basic); 6] = [
    ("house", Basic::Open),
    ("d1", Basic::Open),
    ("d2", Basic::Closed),
    ("d3", Basic::Closed),
    ("d4", Basic::Open),
    ("d5", Basic::Open),
];

/// The operations that make one of the other.
fn operations(before: &Presence<'_>, after: &Presence<'_>) -> String {
    let told = after.contents().changes(&before.contents(), ENTITY, 568);
    let (_, rest) = told.split_once("<p:pidf-diff ").unwrap_or_else(|| panic!("{told}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.strip_suffix("</p:pidf-diff>").unwrap().to_owned()
}

#[test]
fn l5_all_of_it_is_told_under_a_version_in_its_own_namespace() {
    let presence = presence(&MANY[..1], &[Activity::Away], &["a < b"]);

    assert_eq!(
        presence.contents().numbered("sip:\"h\"@x", 7),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <p:pidf-full xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:p=\"urn:ietf:params:xml:ns:pidf-diff\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         entity=\"sip:&quot;h&quot;@x\" version=\"7\">\
         <tuple id=\"house\"><status><basic>open</basic></status></tuple>\
         <dm:person id=\"person\"><rpid:activities><rpid:away/></rpid:activities><dm:note>a &lt; b</dm:note>\
         </dm:person></p:pidf-full>\n"
    );
}

#[test]
fn l5_one_device_that_closes_is_one_word() {
    let mut closed = MANY;
    closed[4].1 = Basic::Closed;
    let (before, after) = (presence(&MANY, &[], &["n"]), presence(&closed, &[], &["n"]));

    assert_eq!(
        after.contents().changes(&before.contents(), ENTITY, 568),
        "<p:pidf-diff xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:p=\"urn:ietf:params:xml:ns:pidf-diff\" \
         entity=\"sip:hana@contoso.example\" version=\"568\">\
         <p:replace sel=\"*/tuple[@id='d4']/status/basic/text()\">closed</p:replace></p:pidf-diff>"
    );
}

#[test]
fn l5_what_comes_and_goes_is_added_where_it_stands_and_removed() {
    let (mut without, notes) = (MANY.to_vec(), ["on a call", "in room 7"]);
    without.remove(2);
    let idle = presence(&MANY, &[Activity::Away], &notes[1..]);
    let busy = presence(&without, &[Activity::Away, Activity::OnThePhone], &notes);

    assert_eq!(
        operations(&idle, &busy),
        "<p:remove sel=\"*/tuple[@id='d2']\"/>\
         <p:add sel=\"*/dm:person/dm:note\" pos=\"before\"><dm:note>on a call</dm:note></p:add>\
         <p:add sel=\"*/dm:person/rpid:activities\"><rpid:on-the-phone/></p:add>"
    );
    assert_eq!(
        operations(&busy, &idle),
        "<p:add sel=\"*/tuple[@id='d3']\" pos=\"before\"><tuple id=\"d2\"><status><basic>closed</basic>\
         </status></tuple></p:add>\
         <p:remove sel=\"*/dm:person/dm:note[1]\"/>\
         <p:remove sel=\"*/dm:person/rpid:activities/rpid:on-the-phone\"/>"
    );
}

#[test]
fn l5_where_most_has_changed_all_of_it_is_told() {
    let before = presence(&MANY, &[], &["a"]);
    let after = presence(&MANY[..1], &[], &[]);

    assert!(after.contents().changes(&before.contents(), ENTITY, 9).contains("<p:pidf-full"));
}
