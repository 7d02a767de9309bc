//! Filters in the manner of RFC 4661: what they let through, when they call for it, and what is refused.
#![allow(clippy::unwrap_used)]

use pidf::{Activity, Basic, Filters, Presence, Subject, Tuple, Unfit};
use proptest::prelude::*;

const HANA: Subject<'static> =
    Subject { uris: ["sip:hana@contoso.example", "sip:100@contoso.example"], domain: "contoso.example" };

/// A set of filters around one that consists of this.
fn around(parts: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <filter-set xmlns=\"urn:ietf:params:xml:ns:simple-filter\" package=\"presence\"><ns-bindings>\
         <ns-binding prefix=\"pidf\" urn=\"urn:ietf:params:xml:ns:pidf\"/>\
         <ns-binding prefix=\"dm\" urn=\"urn:ietf:params:xml:ns:pidf:data-model\"/>\
         <ns-binding prefix=\"rpid\" urn=\"urn:ietf:params:xml:ns:pidf:rpid\"/></ns-bindings>{parts}\
         </filter-set>"
    )
}

fn read(parts: &str) -> Result<Filters, Unfit> {
    Filters::default().with(around(parts).as_bytes())
}

fn filters(parts: &str) -> Filters {
    read(&format!("<filter id=\"1\">{parts}</filter>")).unwrap()
}

fn hana(desk: Basic, activities: &[Activity]) -> Presence<'_> {
    let tuple = |id: &str, basic, notes| Tuple {
        id: id.to_owned(),
        basic,
        contact: Some("sip:hana@192.0.2.7"),
        notes,
    };
    let tuples = vec![tuple("house", Basic::Open, vec!["n"]), tuple("d1", desk, Vec::new())];
    Presence { entity: "sip:hana@contoso.example", tuples, activities, notes: vec!["in a meeting"] }
}

/// What is below the root of a document that went through.
fn through(parts: &str, presence: &Presence<'_>) -> String {
    let text = filters(parts).sift(presence.contents(), HANA).document("e");
    let (_, rest) = text.split_once("entity=\"e\">\n").unwrap();
    rest.strip_suffix("</presence>\n").unwrap().replace('\n', "")
}

const CLOSED: &str = "<tuple id=\"d1\"><status><basic>closed</basic></status></tuple>";

#[test]
fn l5_what_is_included_comes_with_what_a_document_cannot_be_without() {
    let presence = hana(Basic::Closed, &[Activity::Away, Activity::Meeting]);
    let what = |selection: &str| format!("<what><include>{selection}</include></what>");

    for (selection, left) in [
        ("/pidf:presence/pidf:tuple[pidf:status/pidf:basic=\"closed\"]/pidf:status", CLOSED),
        ("//pidf:tuple[@id='d1']//basic", CLOSED),
        ("/presence/tuple[status/basic!='open'][contact]/status/basic", CLOSED),
        (
            "/presence/dm:person/rpid:activities/rpid:away",
            "<dm:person id=\"person\"><rpid:activities><rpid:away/></rpid:activities></dm:person>",
        ),
        ("//dm:note", "<dm:person id=\"person\"><dm:note>in a meeting</dm:note></dm:person>"),
        (
            " //*[@id='d1']/pidf:contact ",
            "<tuple id=\"d1\"><status><basic>closed</basic></status><contact>sip:hana@192.0.2.7</contact>\
             </tuple>",
        ),
        ("//rpid:busy", ""),
        ("/dm:person", ""),
    ] {
        assert_eq!(through(&what(selection), &presence), left, "{selection}");
    }
    assert_eq!(through(&what("/presence"), &presence), through("", &presence), "all of it");
    let of_space = "<what><include type=\"namespace\">urn:ietf:params:xml:ns:pidf</include></what>";
    let left = through(of_space, &presence);
    assert!(left.contains("<note>n</note>") && !left.contains("dm:person"), "{left}");
}

#[test]
fn l5_what_is_excluded_is_left_out_and_a_status_never() {
    let presence = hana(Basic::Closed, &[Activity::Away]);

    let without = through(
        "<what><exclude>//contact</exclude><exclude>//note</exclude>\
                           <exclude type=\"namespace\">urn:ietf:params:xml:ns:pidf:rpid</exclude></what>",
        &presence,
    );
    assert_eq!(
        without,
        format!(
            "<tuple id=\"house\"><status><basic>open</basic></status></tuple>{CLOSED}\
             <dm:person id=\"person\"><dm:note>in a meeting</dm:note></dm:person>"
        )
    );
    let both = "<what><include>//tuple</include><exclude>//tuple[status/basic='open']</exclude>\
                <exclude>//status</exclude><exclude>//contact</exclude></what>";
    assert_eq!(through(both, &presence), CLOSED);
    let person =
        through("<what><exclude>//rpid:away</exclude><exclude>//dm:note</exclude></what>", &presence);
    assert!(!person.contains("dm:person"), "nothing is left of it: {person}");
}

#[test]
fn l5_a_trigger_calls_when_all_of_it_happens_and_one_of_several_does() {
    let (there, gone) = (hana(Basic::Open, &[]), hana(Basic::Closed, &[]));
    let away = hana(Basic::Closed, &[Activity::Away]);
    let calls = |trigger: &str, before: &Presence<'_>, after: &Presence<'_>| {
        filters(trigger).call_for(&before.contents(), &after.contents(), HANA)
    };

    let closes = "<trigger><changed from=\"open\" to=\"closed\">//tuple/status/basic</changed></trigger>";
    assert!(calls(closes, &there, &gone) && !calls(closes, &gone, &there) && !calls(closes, &gone, &away));
    let comes = "<trigger><added>//rpid:activities/*</added></trigger>";
    assert!(calls(comes, &gone, &away) && !calls(comes, &away, &gone) && !calls(comes, &there, &gone));
    let goes = "<trigger><removed>//rpid:away</removed></trigger>";
    assert!(calls(goes, &away, &gone) && !calls(goes, &gone, &away));
    let both = "<trigger><changed>//basic</changed><added>//rpid:away</added></trigger>";
    assert!(calls(both, &there, &away) && !calls(both, &gone, &away) && !calls(both, &there, &gone));
    let either = format!("{both}{comes}");
    assert!(calls(&either, &gone, &away));
    assert!(calls("", &there, &gone), "whoever names none is told of everything");
}

#[test]
fn l5_the_filter_that_names_somebody_goes_before_the_domain_and_that_before_the_others() {
    let filter = |id: u8, of: &str, name: &str| {
        format!("<filter id=\"{id}\" {of}><what><include>//{name}</include></what></filter>")
    };
    let presence = hana(Basic::Closed, &[]);
    let left = |parts: &[String]| {
        let filters = read(&parts.concat()).unwrap();
        filters.sift(presence.contents(), HANA).document("e")
    };
    let parts = [
        filter(1, "", "contact"),
        filter(2, "domain=\"Contoso.example\"", "note"),
        filter(3, "uri=\"sip:minsu@contoso.example\"", "tuple"),
        filter(4, "uri=\"sip:100@contoso.example\"", "dm:person"),
        filter(5, "uri=\"sip:hana@contoso.example\" enabled=\"false\"", "presence"),
    ];

    let named = left(&parts);
    assert!(named.contains("dm:person") && !named.contains("<tuple"), "{named}");
    let domain = left(&parts[..3]);
    assert!(domain.contains("<note>n</note>") && !domain.contains("<contact"), "{domain}");
    let others = left(&parts[..1]);
    assert!(others.contains("<contact") && !others.contains("<note"), "{others}");
    assert_eq!(left(&parts[4..]), presence.contents().document("e"), "one that is not enabled is none");
}

#[test]
fn l5_a_filter_is_replaced_and_removed_by_its_id() {
    let presence = hana(Basic::Closed, &[]);
    const HANA_BY: [&str; 2] = ["uri=\"sip:hana@contoso.example\"", "uri=\"sip:100@contoso.example\""];
    let filter = |id: usize, name: &str| {
        let of = HANA_BY[id - 1];
        format!("<filter id=\"{id}\" {of}><what><include>//{name}</include></what></filter>")
    };
    let (one, two) = (filter(1, "contact"), filter(2, "dm:note"));
    let both = read(&format!("{one}{two}")).unwrap();
    let left = |filters: &Filters| filters.sift(presence.contents(), HANA).document("e");
    assert!(left(&both).contains("<contact>") && left(&both).contains("<dm:note>"));

    let other = around(&filter(1, "rpid:*"));
    assert!(both.with(other.as_bytes()).is_err(), "`prefix:*` is not understood, and changes nothing");
    let other = around(&filter(1, "rpid:away"));
    let replaced = both.with(other.as_bytes()).unwrap();
    assert!(!left(&replaced).contains("<contact>") && left(&replaced).contains("<dm:note>"));

    let removed = both.with(around("<filter id=\"2\" remove=\"true\"/>").as_bytes()).unwrap();
    assert!(left(&removed).contains("<contact>") && !left(&removed).contains("<dm:note>"));
    let none = removed.with(around("<filter id=\"1\" remove=\"true\"/>").as_bytes()).unwrap();
    assert!(none.is_empty());
}

#[test]
fn l5_a_filter_that_is_switched_off_and_on_again_says_what_it_said() {
    let presence = hana(Basic::Closed, &[]);
    let left = |filters: &Filters| filters.sift(presence.contents(), HANA).document("e");
    let on = filters("<what><include>//contact</include></what>");
    let some = left(&on);

    let off = on.with(around("<filter id=\"1\" enabled=\"false\"/>").as_bytes()).unwrap();
    assert_eq!(left(&off), presence.contents().document("e"));
    let again = off.with(around("<filter id=\"1\" enabled=\"true\"/>").as_bytes()).unwrap();

    assert_eq!((left(&again), &again), (some, &on));
}

#[test]
fn what_cannot_be_kept_to_is_refused_and_nothing_grows_without_bound() {
    let include = |path: &str| format!("<filter id=\"1\"><what><include>{path}</include></what></filter>");
    let trigger = |event: &str| format!("<filter id=\"1\"><trigger>{event}</trigger></filter>");
    for parts in [
        include(""),
        include("/presence/tuple[1]"),
        include("/presence/tuple[last()]"),
        include("//rpid:class | //contact"),
        include("/presence/../tuple"),
        include("//made-up:tuple"),
        include("//tuple[status/basic=open]"),
        include("//tuple/@id"),
        include("/child::presence"),
        include("tuple[status/basic='open'"),
        include(&"/presence".repeat(9)),
        include(&format!("//{}", "a".repeat(300))),
        include(&format!("//tuple{}", "[a]".repeat(9))),
        "<filter><what/></filter>".to_owned(),
        "<filter id=\"1\" uri=\"sip:a@b\" domain=\"b\"/>".to_owned(),
        "<filter id=\"1\" enabled=\"perhaps\"/>".to_owned(),
        "<filter id=\"1\"/><filter id=\"2\"/>".to_owned(),
        "<filter id=\"1\" uri=\"sip:a@b\"/><filter id=\"2\" uri=\"sips:A@b\"/>".to_owned(),
        "<filter id=\"1\" domain=\"b\"/><filter id=\"2\" domain=\"B\"/>".to_owned(),
        "<filter id=\"1\"><what><include type=\"regex\">a</include></what></filter>".to_owned(),
        "<filter id=\"1\"><what><min-interval>5</min-interval></what></filter>".to_owned(),
        format!("<filter id=\"{}\"/>", "a".repeat(257)),
        trigger(&format!("<changed from=\"{}\">//basic</changed>", "a".repeat(257))),
        trigger("<changed by=\"5\">//basic</changed>"),
        trigger(&"<added>//basic</added>".repeat(9)),
        format!("<filter id=\"1\">{}</filter>", "<trigger/>".repeat(9)),
        (0..9).map(|id| format!("<filter id=\"{id}\"/>")).collect(),
        include(&"<include/>".repeat(200)),
    ] {
        assert!(matches!(read(&parts), Err(Unfit::Unknown(_))), "{parts}: {:?}", read(&parts));
    }
    let other = around("").replace("\"presence\"", "\"dialog\"");
    assert!(matches!(Filters::default().with(other.as_bytes()), Err(Unfit::Unknown(_))));
    assert!(matches!(read("<filter id=\"1\">"), Err(Unfit::Broken(_))));
    assert!(matches!(Filters::default().with(b"<presence/>"), Err(Unfit::Unknown(_))));
    let entity = b"<!DOCTYPE a [<!ENTITY b 'c'>]><filter-set xmlns='urn:ietf:params:xml:ns:simple-filter'/>";
    assert!(matches!(Filters::default().with(entity), Err(Unfit::Broken(_))));
    // Each alone is no more than may be; all together are.
    let many = (0..8).map(|id| {
        let triggers = "<trigger><added>//a</added></trigger>".repeat(3);
        format!("<filter id=\"{id}\" uri=\"sip:{id}@b\">{triggers}</filter>")
    });
    assert!(matches!(read(&many.collect::<String>()), Err(Unfit::Unknown(_))));
}

const LIVELY: &str = "<filter id='1' uri='sip:hana@contoso.example'><what>\
    <include>//*[@id='d1']//basic</include>\
    <exclude type='namespace'>urn:ietf:params:xml:ns:pidf:rpid</exclude></what><trigger><changed from='open' \
    to='closed'>/presence/tuple[status/basic!='x'][contact]/status/basic</changed></trigger></filter>";

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Filters::default().with(&bytes);
    }

    #[test]
    fn no_cut_or_change_of_filters_does_harm(at in 0..around(LIVELY).len(), letter in any::<u8>()) {
        let mut bytes = around(LIVELY).into_bytes();
        let _ = Filters::default().with(&bytes[..at]);
        bytes[at] = letter;
        if let Ok(filters) = Filters::default().with(&bytes) {
            let (one, other) = (hana(Basic::Open, &[Activity::Away]), hana(Basic::Closed, &[]));
            let _ = filters.call_for(&one.contents(), &other.contents(), HANA);
            let left = filters.sift(one.contents(), HANA).document("e");
            prop_assert!(left.matches("<tuple").count() == left.matches("<status").count(), "{}", left);
        }
    }

    #[test]
    fn no_expression_does_harm(path in "[/*@a-z:'\"=!\\[\\]|. ]{0,40}") {
        let path = path.replace('<', "");
        let parts = format!("<filter id='1'><what><include>{path}</include></what></filter>");
        if let Ok(filters) = read(&parts) {
            let _ = filters.sift(hana(Basic::Open, &[]).contents(), HANA);
        }
    }
}
