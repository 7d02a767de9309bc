//! Values as operators write them.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::net::SocketAddr;

use model::{
    Duration, Mask, Moment, Network, Number, Pattern, PortRange, Rule, SipUri, Source, Transport, nearest,
};

fn covers(source: &str, address: &str) -> bool {
    source.parse::<Source>().unwrap().covers(address.parse::<SocketAddr>().unwrap())
}

#[test]
fn a_number_loses_its_separators_and_keeps_its_plus() {
    let number: Number = "+1 (425) 555-0100".parse().unwrap();

    assert_eq!((number.as_str(), number.digits()), ("+14255550100", "14255550100"));
}

#[test]
fn what_is_not_e164_is_no_number() {
    for text in ["14255550100", "+", "+12", "+0123456", "+1425555010012345", "+1425x", "", "hana"] {
        assert!(text.parse::<Number>().is_err(), "{text}");
    }
}

#[test]
fn durations_carry_a_unit_and_print_with_the_largest() {
    for text in ["500ms", "12s", "5m", "23h", "7d", "90s", "0s"] {
        assert_eq!(text.parse::<Duration>().unwrap().to_string(), text);
    }
    for text in ["12", "s", "12 s", "1.5s", "-1s", "99999999999999999999d", "18446744073709551615d"] {
        assert!(text.parse::<Duration>().is_err(), "{text}");
    }
}

#[test]
fn a_mask_says_what_its_wildcards_cover() {
    let rest = |mask: &str, digits| mask.parse::<Mask>().unwrap().matches(digits).map(str::to_owned);

    assert_eq!(rest("+1 NXX NXX XXXX", "+12065550142").as_deref(), Some("2065550142"));
    assert_eq!(rest("+1 NXX NXX XXXX", "+11065550142"), None);
    assert_eq!(rest("+1 NXX NXX XXXX", "+1206555014"), None);
    assert_eq!(rest("011…", "01182").as_deref(), Some("82"));
    assert_eq!(rest("011...", "011"), None);
    assert_eq!(rest("011…", "011é"), None);
    assert_eq!(rest("911", "911").as_deref(), Some(""));
    assert_eq!(rest("*ZX", "*10").as_deref(), Some("10"));
}

#[test]
fn a_rule_keeps_what_its_wildcards_cover_or_drops_it() {
    let rule = |matches: &str, becomes: &str| Rule {
        matches: matches.parse().unwrap(),
        becomes: becomes.parse().unwrap(),
    };

    assert_eq!(rule("7XXXX", "+4930555…").apply("71234").as_deref(), Some("+49305551234"));
    assert_eq!(rule("*NN", "+14255550199").apply("*22").as_deref(), Some("+14255550199"));
    assert_eq!(rule("7XXXX", "+4930555…").apply("81234"), None);
}

#[test]
fn patterns_are_told_apart_by_how_they_are_written() {
    let pattern = |text: &str| text.parse::<Pattern>();

    assert_eq!(pattern("*"), Ok(Pattern::Anything));
    assert!(matches!(pattern("+82 …"), Ok(Pattern::Mask(_))));
    assert!(matches!(pattern("+82..."), Ok(Pattern::Mask(_))));
    assert!(matches!(pattern("+14255550100..+14255550199"), Ok(Pattern::Range(_))));
    assert_eq!(pattern("hana"), Ok(Pattern::User("hana".into())));
    for wrong in ["", "+1[2-9]", "…1", "+14255550199..+14255550100", "+1..+14255550100", "a b"] {
        assert!(pattern(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_wider_pattern_covers_a_narrower_one() {
    let covers =
        |one: &str, other: &str| one.parse::<Pattern>().unwrap().covers(&other.parse::<Pattern>().unwrap());

    assert!(covers("+…", "+1 NXX NXX XXXX") && !covers("+1 NXX NXX XXXX", "+…"));
    assert!(covers("+1 NXX NXX XXXX", "+1 206 NXX XXXX") && !covers("+1 206 NXX XXXX", "+1 NXX NXX XXXX"));
    assert!(covers("+1425…", "+14255550100..+14255550199"));
    assert!(!covers("+14255550142", "+14255550100..+14255550199"));
    assert!(covers("*", "hana") && !covers("hana", "*"));
    assert!(!covers("+1…", "+1"));
}

#[test]
fn a_source_is_an_address_with_or_without_port_or_a_network() {
    assert!(
        covers("198.51.100.0/28", "198.51.100.15:5060") && !covers("198.51.100.0/28", "198.51.100.16:5060")
    );
    assert!(covers("203.0.113.9", "203.0.113.9:40000"));
    assert!(
        covers("203.0.113.9:5060", "203.0.113.9:5060") && !covers("203.0.113.9:5060", "203.0.113.9:5061")
    );
    assert!(covers("203.0.113.9", "[::ffff:203.0.113.9]:5060"));
    assert!(
        covers("2001:db8::/32", "[2001:db8:1::1]:5060") && covers("[2001:db8::1]:5060", "[2001:db8::1]:5060")
    );
    assert!(covers("0.0.0.0/0", "8.8.8.8:1") && !covers("0.0.0.0/0", "[2001:db8::1]:1"));
}

#[test]
fn a_more_exact_source_says_so() {
    let exactness = |text: &str| text.parse::<Source>().unwrap().exactness();

    assert!(exactness("203.0.113.9:5060") > exactness("203.0.113.9"));
    assert!(exactness("203.0.113.9") > exactness("203.0.113.0/24"));
    assert!(exactness("2001:db8::1") > exactness("2001:db8::/64"));
    assert!("203.0.113.0/33".parse::<Network>().is_err());
}

#[test]
fn a_uri_prints_as_it_was_written() {
    let uris = [
        "sip:sbc1.northwind.example",
        "sips:hana@10.0.0.1:5061",
        "sip:[2001:db8::1]:5070;transport=tls",
        "sip:+14255550100@pbx;transport=tcp",
    ];

    for text in uris {
        assert_eq!(text.parse::<SipUri>().unwrap().to_string(), text);
    }
    assert_eq!("sip:x;transport=TLS".parse::<SipUri>().unwrap().transport, Some(Transport::Tls));
}

#[test]
fn what_is_no_uri_of_ours_is_refused() {
    let wrong = [
        "northwind.example",
        "sip:",
        "sip:@x",
        "sip:a b@x",
        "sip:x:0",
        "sip:x:65536",
        "sip:[::1",
        "sip:x;lr",
        "tel:+1",
        "http://x",
        "sip:x;transport=sctp",
        "sip:x>y",
    ];

    for text in wrong {
        assert!(text.parse::<SipUri>().is_err(), "{text}");
    }
}

#[test]
fn ports_run_from_the_first_to_the_last() {
    assert_eq!("30000-39999".parse(), Ok(PortRange { first: 30_000, last: 39_999 }));
    for text in ["30000", "0-1", "1-65536", "2-1", "a-b"] {
        assert!(text.parse::<PortRange>().is_err(), "{text}");
    }
}

#[test]
fn a_moment_knows_its_offset() {
    let moment: Moment = "2026-11-20T10:00:00-08:00".parse().unwrap();

    assert_eq!(moment, "2026-11-20T18:00:00Z".parse().unwrap());
    assert_eq!(moment.to_string(), "2026-11-20T18:00:00Z");
    assert!("2026-11-20T10:00:00".parse::<Moment>().is_err());
}

#[test]
fn what_is_nearly_a_word_is_taken_for_it_and_nothing_else_is() {
    let words = ["northwind", "fabrikam", "us"];

    assert_eq!(nearest("northwnd", words), Some("northwind"));
    assert_eq!(nearest("nortwhind", words), Some("northwind"));
    assert_eq!(nearest("contoso", words), None);
    assert_eq!(nearest("uk", words), Some("us"));
}
