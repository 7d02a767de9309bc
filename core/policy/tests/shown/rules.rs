//! What rules of a trunk change of it: translated numbers, and rules for headers.

use policy::Facts;

use crate::{PAI, all, first, hana, header, house, pbx_sends, private, trail, with_hana};

// F-05: number translation on the trunk

/// The samples of the requirement: digits off, digits on, by beginning and length, for called and calling.
#[test]
fn req_f05_numbers_are_translated_on_the_trunk() {
    let cases = [
        (r#"{ match = "+1XXXXXXXXXX", becomes = "1…" }"#, "+12065550142", "12065550142"),
        (r#"{ match = "+XXXXXXXXX…", becomes = "011…" }"#, "+442079460958", "011442079460958"),
        (r#"{ match = "+44…", becomes = "0144…" }"#, "+442079460958", "01442079460958"),
        (r#"{ match = "+1206XXXXXXX", becomes = "9…" }"#, "+12065550142", "95550142"),
        (r#"{ match = "+12065550142", becomes = "+18005550100" }"#, "+12065550142", "+18005550100"),
        (r#"{ match = "+1206…", becomes = "…" }"#, "+12065550142", "5550142"),
        (r#"{ match = "+1212…", becomes = "9…" }"#, "+12065550142", "+12065550142"),
    ];
    for (rule, dialled, sent) in cases {
        let text = format!("translate = {{ called = [{rule}] }}");
        let policy = with_hana(&text, "", r#"allow = ["national", "international"]"#);

        let attempt = first(&policy, &hana(dialled));

        assert_eq!(attempt.heading.request_uri.text(), format!("sip:{sent}@198.51.100.10"), "{rule}");
        assert_eq!(attempt.heading.to.text(), format!("<sip:{sent}@198.51.100.10>"), "{rule}");
        assert_eq!(attempt.heading.from.text(), "\"Hana Kim\" <sip:+14255550100@198.51.100.10>", "{rule}");
    }
}

/// The first rule that matches is used, after the number was written in the trunk's form; the trail names it.
#[test]
fn req_f05_the_first_rule_that_matches_is_used_and_named() {
    let policy = house(
        r#"identity = { format = "e164" }
translate = { calling = [
  { match = "1212…", becomes = "0…" },
  { match = "1425XXXXXXX", becomes = "5…" },
  { match = "1…", becomes = "6…" },
] }"#,
        "",
    );

    let attempt = first(&policy, &hana("+12065550142"));

    assert_eq!(attempt.heading.request_uri.text(), "sip:12065550142@198.51.100.10");
    assert_eq!(attempt.heading.from.text(), "\"Hana Kim\" <sip:55550100@198.51.100.10>");
    assert_eq!(header(&attempt, PAI), Some("<sip:55550100@198.51.100.10>"));
    let trail = trail(&policy, &hana("+12065550142"));
    assert!(
        trail.contains("14255550100 becomes 55550100 by translate \"1425XXXXXXX\" (contoso.toml:"),
        "{trail}"
    );
}

/// An extension behind a number does not go out with it.
#[test]
fn req_f05_an_extension_is_cut_off() {
    let attempt = first(&house("", ""), &hana("sip:+12065550142;ext=12@contoso.example"));

    assert_eq!(attempt.heading.request_uri.text(), "sip:+12065550142@198.51.100.10");
}

// Rules for headers

/// Rules set, add, remove and hand on what they say, in order, with their words filled in.
#[test]
fn rules_for_headers_do_what_they_say() {
    let policy = house(
        r#"headers = [
  { set = "X-Account", value = "4471/{caller}/{called}/{trunk}/{site}" },
  { add = "X-Hop", value = "one" },
  { add = "X-Hop", value = "two" },
  { set = "X-Call", value = "{call}" },
  { remove = "P-Asserted-Identity" },
  { pass = "P-Charge-Info" },
]"#,
        "",
    );
    let facts = Facts {
        handed_on: vec![("p-charge-info".into(), "<sip:+1@x>;npi=ISDN".into())],
        ..hana("+12065550142")
    };

    let attempt = first(&policy, &facts);

    assert_eq!(header(&attempt, "X-Account"), Some("4471/+14255550100/+12065550142/carrier/redmond"));
    assert_eq!(all(&attempt, "X-Hop"), ["one", "two"]);
    assert_eq!(header(&attempt, "X-Call"), Some("{call}"));
    assert_eq!(header(&attempt, PAI), None);
    assert_eq!(header(&attempt, "P-Charge-Info"), Some("<sip:+1@x>;npi=ISDN"));
    assert_eq!(policy.handed_on().iter().map(|name| &**name).collect::<Vec<_>>(), ["P-Charge-Info"]);
}

/// A line end in what is handed on, or filled in, stays inside its line.
#[test]
fn rules_for_headers_cannot_be_broken_out_of() {
    let policy = house(r#"headers = [{ pass = "X-Note" }, { set = "X-Caller", value = "<{caller}>" }]"#, "");
    let facts = Facts {
        handed_on: vec![("X-Note".into(), "a\r\nX-Evil: 1".into())],
        from_uri: "sip:+1206%0d%0aX-Evil:1@192.0.2.99".into(),
        ..pbx_sends("", "+12065550142")
    };

    let attempt = first(&policy, &facts);

    assert!(
        attempt.heading.headers.iter().all(|(_, value)| !value.contains(char::is_control)),
        "{attempt:?}"
    );
}

/// A hidden caller is not given away by a header that is handed on, nor by a word that is filled in.
#[test]
fn a10_no_rule_for_headers_gives_a_hidden_caller_away() {
    let rules = r#"headers = [{ pass = "X-Note" }, { set = "X-Caller", value = "{caller}" }]"#;
    for note in ["call for +1 (425) 555-0100", "from HANA KIM", "hana"] {
        let facts =
            Facts { handed_on: vec![("X-Note".into(), note.into())], ..private(hana("+12065550142")) };

        let attempt = first(&house(rules, ""), &facts);

        assert_eq!(header(&attempt, "X-Note"), None, "{note}");
        assert_eq!(header(&attempt, "X-Caller"), Some("anonymous"));
    }
    let harmless =
        Facts { handed_on: vec![("X-Note".into(), "lunch".into())], ..private(hana("+12065550142")) };
    assert_eq!(header(&first(&house(rules, ""), &harmless), "X-Note"), Some("lunch"));
}

/// More of User-to-User than the telephone network carries is not handed on; 128 octets and the one before
/// them are.
#[test]
fn f9_a_user_to_user_beyond_its_limit_is_left_out() {
    let policy = house(r#"headers = [{ pass = "User-to-User" }]"#, "");
    let handed = |value: &str| {
        let facts = Facts { handed_on: vec![("User-to-User".into(), value.into())], ..hana("+12065550142") };
        header(&first(&policy, &facts), "User-to-User").map(str::to_owned)
    };
    let hex = |octets: usize| format!("{};encoding=hex", "a5".repeat(octets));

    assert_eq!(handed(&hex(129)), Some(hex(129)));
    assert_eq!(handed(&hex(130)), None);
    assert_eq!(handed(&"a5".repeat(129)), Some("a5".repeat(129)), "hex, where nothing is said");
    let text = |letters: usize| format!("\"{}\";encoding=text", "x".repeat(letters));
    assert_eq!(handed(&text(129)), Some(text(129)));
    assert_eq!(handed(&text(130)), None);
}

/// A trunk's own rule lets its headers go on to other legs, or has them ignored.
#[test]
fn rules_for_what_comes_in_hand_on_and_ignore() {
    let pbx = r#"headers = [
  { pass = "User-to-User", direction = "in" },
  { remove = "P-Asserted-Identity", direction = "in" },
  { remove = "Diversion", direction = "in" },
]"#;
    let facts = Facts {
        asserted: vec!["sip:+14255550201@x".into()],
        diversion: vec!["<sip:+14255550202@x>;reason=user-busy".into()],
        handed_on: vec![("User-to-User".into(), "abc;encoding=hex".into())],
        ..pbx_sends("+14255550200", "+12065550142")
    };

    let ruled = first(&house("", pbx), &facts);
    let unruled = first(&house("", ""), &facts);

    assert_eq!(header(&ruled, "User-to-User"), Some("abc;encoding=hex"));
    assert_eq!(header(&ruled, PAI), Some("<sip:+14255550200@198.51.100.10>"));
    assert_eq!(header(&ruled, "Diversion"), None);
    assert_eq!(header(&unruled, "User-to-User"), None);
    assert!(header(&unruled, "Diversion").is_some());
}

/// A rule that would break a signed identity is warned of, and runs all the same.
#[test]
fn n7_a_rule_that_breaks_a_signed_identity_is_warned_of() {
    let policy = house(r#"headers = [{ pass = "Identity" }, { set = "X-A", value = "b" }]"#, "");

    let about_headers = policy.warnings().iter().filter(|problem| problem.code.to_string() == "TD-C061");

    assert_eq!(about_headers.count(), 1);
}

// Pain 1: what the carrier saw
