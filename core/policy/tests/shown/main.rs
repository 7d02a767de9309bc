//! Who a far end sees: trust, screening, privacy, diversion, translation and rules for headers.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "../house/mod.rs"]
mod house;
mod phones;
mod rules;

use house::{call, house_of, planned, refused};
use policy::{AttemptPlan, Code, Decision, Facts, Heading, InterfaceId, MediaPath, Policy, Trail};

/// A carrier, a second one, a PBX and people; `CARRIER`, `PBX` and `HANA` are filled in by each story.
const HOUSE: &str = r#"
format = 1
[system]
name = "edge"
country = "US"
area_code = "425"
realm = "contoso.example"
privacy_code = "*67"
show_code = "*82"

[interface.lan]
address = "10.20.0.1"
udp = 5060
side = "inside"
[interface.wan]
address = "192.0.2.10"
udp = 5060

[site.redmond]
subnets = ["10.20.0.0/16"]

[trunk.carrier]
servers = [{ uri = "sip:198.51.100.10" }]
accept = { sources = ["198.51.100.10"], did = "any" }
CARRIER

[trunk.spare]
servers = [{ uri = "sip:203.0.113.20" }]
accept = { sources = ["203.0.113.20"], did = "any" }
SPARE

[trunk.pbx]
kind = "pbx"
servers = [{ uri = "sip:192.0.2.99" }]
accept = { sources = ["192.0.2.99"], did = "any" }
PBX

[user.hana]
name = "Hana Kim"
number = "+14255550100"
extension = "0100"
devices = [{ contact = "sip:hana@10.20.0.31" }]
HANA

[user.lobby]
extension = "0101"
devices = [{ contact = "sip:lobby@10.20.0.40" }]

[route.out]
order = 10
to = "+…"
use = [{ trunk = "carrier" }]
backup = ["spare"]

[route.pbx-out]
order = 20
from = { trunk = "pbx" }
to = "+…"
use = [{ trunk = "carrier" }]

[route.to-pbx]
order = 5
from = { trunk = "carrier" }
to = "+1425777XXXX"
use = [{ trunk = "pbx" }]

[emergency.us]
country = "US"
dial = ["911"]
trunks = ["carrier"]
"#;

const WAN: InterfaceId = InterfaceId(1);

fn house(carrier: &str, pbx: &str) -> Policy {
    with_hana(carrier, pbx, "")
}

fn with_hana(carrier: &str, pbx: &str, hana: &str) -> Policy {
    let text = HOUSE.replace("CARRIER", carrier).replace("SPARE", "").replace("PBX", pbx);
    house_of(&text.replace("HANA", hana))
}

fn hana(dialled: &str) -> Facts {
    call("10.20.0.31:5060", InterfaceId(0), "hana", dialled)
}

fn lobby(dialled: &str) -> Facts {
    call("10.20.0.40:5060", InterfaceId(0), "lobby", dialled)
}

fn pbx_sends(from: &str, dialled: &str) -> Facts {
    Facts { from_uri: format!("sip:{from}@192.0.2.99"), ..call("192.0.2.99:5060", WAN, "", dialled) }
}

fn carrier_sends(from: &str, dialled: &str) -> Facts {
    Facts { from_uri: format!("sip:{from}@198.51.100.10"), ..call("198.51.100.10:5060", WAN, "", dialled) }
}

fn first(policy: &Policy, facts: &Facts) -> AttemptPlan {
    planned(policy, facts).attempts.remove(0)
}

fn header<'a>(attempt: &'a AttemptPlan, name: &str) -> Option<&'a str> {
    attempt.heading.headers.iter().find(|(one, _)| **one == *name).map(|(_, value)| value.as_str())
}

fn all(attempt: &AttemptPlan, name: &str) -> Vec<String> {
    let lines = attempt.heading.headers.iter().filter(|(one, _)| **one == *name);
    lines.map(|(_, value)| value.clone()).collect()
}

fn trail(policy: &Policy, facts: &Facts) -> String {
    let mut trail = Trail::new();
    policy::plan(policy, facts, &mut trail);
    trail.to_string()
}

/// Everything that leaves towards one far end, as one text.
fn wire(attempt: &AttemptPlan) -> String {
    let Heading { request_uri, from, to, contact_user, headers, .. } = &*attempt.heading;
    format!("{request_uri}\n{from}\n{to}\n{contact_user}\n{headers:?}")
}

fn private(facts: Facts) -> Facts {
    Facts { privacy: Some("id".into()), ..facts }
}

const PAI: &str = "P-Asserted-Identity";
const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

// A9: caller identity

/// From shows the caller, P-Asserted-Identity what we vouch for.
#[test]
fn a9_from_presents_and_pai_asserts() {
    let policy = house("", r#"identity = { owns = ["+1 425 555 02XX"] }"#);
    let facts =
        Facts { asserted: vec!["sip:+14255550201@x".into()], ..pbx_sends("+14255550200", "+12065550142") };

    let attempt = first(&policy, &facts);

    assert_eq!(attempt.heading.from.text(), "<sip:+14255550200@198.51.100.10>");
    assert_eq!(header(&attempt, PAI), Some("<sip:+14255550201@198.51.100.10>"));
}

/// What an untrusted trunk asserts is neither believed nor sent on, and the trail says so.
#[test]
fn a9_an_untrusted_pai_never_leaves() {
    for (trust, number) in [("none", "+14255550200"), ("out", "+14255550200"), ("in", "+14255550201")] {
        let policy = house("", &format!("identity = {{ trust = \"{trust}\" }}"));
        let facts = Facts {
            asserted: vec!["sip:+14255550201@x".into()],
            ..pbx_sends("+14255550200", "+12065550142")
        };

        let attempt = first(&policy, &facts);

        assert_eq!(header(&attempt, PAI), Some(&*format!("<sip:{number}@198.51.100.10>")), "{trust}");
        let is_told = trail(&policy, &facts).contains("is not believed (identity.trust)");
        assert_eq!(is_told, trust != "in", "{trust}");
    }
}

/// A phone is believed in nothing: its P-Asserted-Identity changes nothing.
#[test]
fn a9_a_phones_assertion_is_not_believed() {
    let facts = Facts { asserted: vec!["sip:+12065550199@x".into()], ..hana("+12065550142") };

    let attempt = first(&house("", ""), &facts);

    assert!(!wire(&attempt).contains("12065550199"));
    assert_eq!(header(&attempt, PAI), Some("<sip:+14255550100@198.51.100.10>"));
}

/// Nothing is asserted to a trunk that isn't trusted with it.
#[test]
fn a9_pai_is_sent_to_those_who_may_have_it() {
    for (trust, is_sent) in [("none", false), ("in", false), ("out", true), ("both", true)] {
        let policy = house(&format!("identity = {{ trust = \"{trust}\" }}"), "");

        let attempt = first(&policy, &hana("+12065550142"));

        assert_eq!(header(&attempt, PAI).is_some(), is_sent, "{trust}");
    }
}

/// P-Preferred-Identity becomes P-Asserted-Identity where the number is the user's to show, and only there.
#[test]
fn a9_a_preferred_identity_counts_once_it_is_authorised() {
    let policy = with_hana("", "", r#"may_show = ["+1 425 555 0199"]"#);
    let asks = |number: &str| Facts { preferred: vec![format!("sip:{number}@x")], ..hana("+12065550142") };

    let allowed = first(&policy, &asks("+14255550199"));
    let foreign = first(&policy, &asks("+14255550177"));

    assert_eq!(header(&allowed, PAI), Some("<sip:+14255550199@198.51.100.10>"));
    assert_eq!(header(&foreign, PAI), Some("<sip:+14255550100@198.51.100.10>"));
    assert!(trail(&policy, &asks("+14255550177")).contains("+14255550177 is not theirs to show"));
}

/// Who has no number of their own is shown by the trunk's default, or refused, as the trunk says.
#[test]
fn a9_without_a_number_the_default_is_shown_or_403() {
    let shown = house(r#"identity = { default = "+14255550199" }"#, "");
    let strict = house(r#"identity = { default = "+14255550199", screen = "refuse" }"#, "");

    let attempt = first(&shown, &lobby("2065550142"));
    let plan = policy::plan(&strict, &lobby("2065550142"), &mut Trail::new());

    assert_eq!(header(&attempt, PAI), Some("<sip:+14255550199@198.51.100.10>"));
    let Decision::Go(plan) = plan else { panic!("the spare trunk takes everybody: {plan:?}") };
    assert_eq!(&*plan.attempts[0].target, "sip:203.0.113.20");
    let text = HOUSE.replace("CARRIER", r#"identity = { screen = "refuse" }"#);
    let text =
        text.replace("SPARE", r#"identity = { screen = "refuse" }"#).replace("PBX", "").replace("HANA", "");
    let refusal = refused(&house_of(&text), &lobby("2065550142"));
    assert_eq!((refusal.code, refusal.status), (Code::NOT_YOUR_NUMBER, 403));
}

// A25: screening

/// A number outside the list is replaced by the PBX's own, and the record's trail says what was meant.
#[test]
fn a25_a_foreign_number_is_replaced() {
    let policy =
        house("", r#"identity = { owns = ["+14255550200..+14255550299"], default = "+14255550200" }"#);
    let facts = pbx_sends("+12125550100", "+12065550142");

    let attempt = first(&policy, &facts);

    assert_eq!(attempt.heading.from.text(), "<sip:+14255550200@198.51.100.10>");
    assert!(!wire(&attempt).contains("12125550100"));
    let trail = trail(&policy, &facts);
    assert!(trail.contains("+12125550100 is not theirs to show; +14255550200 instead"), "{trail}");
}

/// Or the call is refused, with a code of its own and the number in the reason.
#[test]
fn a25_a_foreign_number_is_refused_where_the_trunk_says_so() {
    let policy = house("", r#"identity = { owns = ["+1 425 555 02XX"], screen = "refuse" }"#);

    let refusal = refused(&policy, &pbx_sends("+12125550100", "+12065550142"));

    assert_eq!((refusal.code, refusal.status), (Code::NOT_YOUR_NUMBER, 403));
    assert!(refusal.words.contains("+12125550100 is not among the numbers that pbx lets callers show"));
}

/// Numbers of the list, and those by special arrangement, pass as they are.
#[test]
fn a25_owned_numbers_and_special_arrangements_pass() {
    let policy = house("", r#"identity = { owns = ["+1 425 555 02XX"], also = ["+18005550199"] }"#);

    for number in ["+14255550200", "+14255550299", "+18005550199"] {
        let attempt = first(&policy, &pbx_sends(number, "+12065550142"));

        assert_eq!(attempt.heading.from.text(), format!("<sip:{number}@198.51.100.10>"));
        assert_eq!(header(&attempt, PAI), Some(&*format!("<sip:{number}@198.51.100.10>")));
    }
}

/// An owned number that diverted vouches for the outside caller whose call it sends on.
#[test]
fn a25_a_diversion_by_an_owned_number_vouches() {
    let policy = house("", r#"identity = { owns = ["+1 425 555 02XX"], screen = "refuse" }"#);
    let by = |number: &str| Facts {
        diversion: vec![format!("<sip:{number}@192.0.2.99>;reason=unconditional")],
        ..pbx_sends("+12125550100", "+12065550142")
    };

    let attempt = first(&policy, &by("+14255550200"));
    let refusal = refused(&policy, &by("+12125550177"));

    assert_eq!(attempt.heading.from.text(), "<sip:+12125550100@198.51.100.10>");
    assert_eq!(header(&attempt, PAI), Some("<sip:+14255550200@198.51.100.10>"));
    assert_eq!(refusal.code, Code::NOT_YOUR_NUMBER);
}

/// No screening stops or delays a call for help.
#[test]
fn a25_nobody_who_calls_for_help_is_screened() {
    let text = HOUSE.replace("CARRIER", r#"identity = { screen = "refuse" }"#);
    let text =
        text.replace("SPARE", r#"identity = { screen = "refuse" }"#).replace("PBX", "").replace("HANA", "");

    let plan = planned(&house_of(&text), &lobby("911"));

    assert!(plan.emergency);
    assert_eq!(&*plan.attempts[0].target, "sip:198.51.100.10");
}

// A10: privacy

/// Whichever way privacy is asked for, no header of the INVITE tells the number to an untrusted trunk.
#[test]
fn a10_an_anonymised_call_tells_no_number() {
    let always = with_hana("", "", r#"privacy = "always""#);
    let policy = house("", "");
    let anonymous = "sip:anonymous@anonymous.invalid".to_owned();
    let preferred = vec!["sip:+14255550100@contoso.example".to_owned()];
    let asks = |words: &str| Facts { privacy: Some(words.into()), ..hana("+12065550142") };
    let cases = [
        (&policy, asks("id")),
        (&policy, asks("user")),
        (&policy, asks("header")),
        (&policy, asks("header;user;session;id")),
        (&policy, asks("id;critical")),
        (&policy, hana("*67+12065550142")),
        (&policy, hana("*672065550142")),
        (&policy, Facts { from_uri: anonymous, preferred, ..hana("+12065550142") }),
        (&always, hana("+12065550142")),
    ];
    for (policy, facts) in cases {
        let attempt = first(policy, &facts);

        let wire = wire(&attempt);
        assert_eq!(attempt.heading.from.text(), ANONYMOUS);
        assert_eq!(header(&attempt, "Privacy").map(|words| &words[..2]), Some("id"));
        assert_eq!(attempt.media.path, MediaPath::Anchored);
        for told in ["4255550100", "hana", "Hana", "0100"] {
            assert!(!wire.contains(told), "{told} in {wire}");
        }
    }
}

/// The asserted number goes with Privacy: id to a trusted trunk, and to no other.
#[test]
fn a10_pai_of_a_hidden_caller_goes_to_a_trusted_trunk_only() {
    for (identity, is_told) in
        [("", false), (r#"identity = { trust = "in" }"#, false), (r#"identity = { trust = "out" }"#, true)]
    {
        let attempt = first(&house(identity, ""), &private(hana("+12065550142")));

        assert_eq!(attempt.heading.from.text(), ANONYMOUS);
        assert_eq!(header(&attempt, "Privacy"), Some("id"));
        let asserted = header(&attempt, PAI);
        assert_eq!(asserted, is_told.then_some("<sip:+14255550100@198.51.100.10>"), "{identity}");
    }
}

/// The reverse code, and Privacy: none, show a caller who is hidden by habit.
#[test]
fn a10_who_is_always_hidden_can_be_shown_for_one_call() {
    let policy = with_hana("", "", r#"privacy = "always""#);
    let waived = Facts { privacy: Some("none".into()), ..hana("+12065550142") };

    for facts in [hana("*82+12065550142"), waived] {
        let attempt = first(&policy, &facts);

        assert_eq!(attempt.heading.from.text(), "\"Hana Kim\" <sip:+14255550100@198.51.100.10>");
        assert_eq!(header(&attempt, PAI), Some("<sip:+14255550100@198.51.100.10>"));
        assert_eq!(header(&attempt, "Privacy"), Some("none"));
    }
}

/// Help is told who calls: by code, by habit or by header, hidden or not.
#[test]
fn a10_a_call_for_help_shows_who_calls() {
    let policy = with_hana(r#"identity = { trust = "none" }"#, "", r#"privacy = "always""#);

    for facts in [private(hana("911")), hana("*67911"), hana("*82911"), hana("911")] {
        let plan = planned(&policy, &facts);

        assert!(plan.emergency);
        let attempt = &plan.attempts[0];
        assert_eq!(attempt.heading.from.text(), "\"Hana Kim\" <sip:+14255550100@198.51.100.10>");
        assert_eq!(header(attempt, PAI), Some("<sip:+14255550100@198.51.100.10>"));
        assert_eq!(header(attempt, "Privacy"), None);
    }
    assert!(policy::sounds_urgent(&policy, "sip:*67911@contoso.example"));
}

/// Privacy that is critical and not known, or that an account in From would break, is refused with 500.
#[test]
fn a10_critical_privacy_is_given_or_refused() {
    let account = r#"identity = { from = "account", account = "14255550100" }"#;
    let asks = |words: &str| Facts { privacy: Some(words.into()), ..hana("+12065550142") };
    let text =
        HOUSE.replace("CARRIER", account).replace("SPARE", account).replace("PBX", "").replace("HANA", "");

    let unknown = refused(&house("", ""), &asks("id;vanish;critical"));
    let shown = refused(&house_of(&text), &asks("id;critical"));

    assert_eq!((unknown.code, unknown.status), (Code::NO_PRIVACY, 500));
    assert!(unknown.words.contains("\"vanish\""));
    assert_eq!((shown.code, shown.status), (Code::NO_PRIVACY, 500));
    assert_eq!(first(&house("", ""), &asks("id;vanish")).heading.from.text(), ANONYMOUS);
}

/// A phone that hides in From is asked for a proof, not turned away; elsewhere it stays a stranger.
#[test]
fn a10_who_hides_in_from_may_prove_who_they_are() {
    let policy = house("", "");
    let from_uri = "sip:anonymous@anonymous.invalid".to_owned();
    let inside =
        Facts { from_uri: from_uri.clone(), ..call("10.20.0.77:5060", InterfaceId(0), "", "+12065550142") };
    let outside = Facts { from_uri, ..call("203.0.113.77:5060", WAN, "", "+12065550142") };

    assert_eq!(refused(&policy, &inside).code, Code::PROVE_YOURSELF);
    assert_eq!(refused(&policy, &outside).code, Code::STRANGER);
    let proved = Facts { authenticated: Some("hana".into()), ..inside };
    assert_eq!(first(&policy, &proved).heading.from.text(), ANONYMOUS);
}

/// A hidden caller from outside stays hidden inside, though the carrier told us the number.
#[test]
fn a10_a_caller_hidden_by_the_carrier_is_hidden_from_the_phone() {
    let facts = Facts {
        asserted: vec!["sip:+12065550142@x".into()],
        from_display: Some("Ann Body".into()),
        ..private(carrier_sends("+12065550142", "+14255550100"))
    };

    let attempt = first(&house("", ""), &facts);

    assert_eq!(attempt.heading.from.text(), ANONYMOUS);
    assert!(!wire(&attempt).contains("2065550142") && !wire(&attempt).contains("Body"));
}

// F1: in transit

/// Between trunks, a hidden caller's identity goes on inside trust, and stays behind outside of it.
#[test]
fn f1_privacy_holds_from_trunk_to_trunk() {
    for (carrier, is_told) in [(r#"identity = { trust = "both" }"#, true), ("", false)] {
        let policy = house(carrier, "");
        let facts = Facts {
            asserted: vec!["sip:+14255550201@x".into()],
            ..private(pbx_sends("anonymous", "+12065550142"))
        };

        let attempt = first(&policy, &facts);

        assert_eq!(attempt.heading.from.text(), ANONYMOUS);
        assert_eq!(header(&attempt, PAI).is_some(), is_told);
        assert_eq!(wire(&attempt).contains("4255550201"), is_told);
    }
}

// F4: Remote-Party-ID

/// An old PBX's Remote-Party-ID is read: its number, and its wish to be hidden.
#[test]
fn f4_remote_party_id_is_read() {
    let says =
        |value: &str| Facts { remote_party: vec![value.into()], ..pbx_sends("anonymous", "+12065550142") };
    let from_number =
        |value: &str| Facts { remote_party: vec![value.into()], ..pbx_sends("+14255550200", "+12065550142") };
    let policy = house(r#"identity = { trust = "both" }"#, "");

    let read = first(&policy, &says("\"Ann\" <sip:+14255550201@x>;party=calling;privacy=off;screen=yes"));
    let called = first(&policy, &from_number("<sip:+14255550201@x>;party=called"));
    let hidden = first(&policy, &from_number("<sip:+14255550201@x>;party=calling;privacy=full"));

    assert_eq!(header(&read, PAI), Some("<sip:+14255550201@198.51.100.10>"));
    assert_eq!(header(&called, PAI), Some("<sip:+14255550200@198.51.100.10>"));
    assert_eq!((&*hidden.heading.from.text(), header(&hidden, "Privacy")), (ANONYMOUS, Some("id")));
}

/// And written, where a trunk wants it: privacy and all.
#[test]
fn f4_remote_party_id_is_written() {
    let policy = house(r#"identity = { caller_id = "remote-party-id", trust = "out", format = "e164" }"#, "");

    let shown = first(&policy, &hana("+12065550142"));
    let hidden = first(&policy, &private(hana("+12065550142")));

    assert_eq!(
        header(&shown, "Remote-Party-ID"),
        Some("\"Hana Kim\" <sip:14255550100@198.51.100.10>;party=calling;screen=yes;privacy=off")
    );
    assert_eq!(
        header(&hidden, "Remote-Party-ID"),
        Some("<sip:14255550100@198.51.100.10>;party=calling;screen=yes;privacy=full")
    );
    assert_eq!(header(&shown, PAI), None);
    let untrusted = house(r#"identity = { caller_id = "remote-party-id" }"#, "");
    assert_eq!(header(&first(&untrusted, &private(hana("+12065550142"))), "Remote-Party-ID"), None);
}

// F6: headers of a trust domain

/// P-Access-Network-Info and its like travel between trusted trunks, and are stripped everywhere else.
#[test]
fn f6_headers_of_a_trust_domain_stay_inside_it() {
    let network = [
        ("P-Access-Network-Info", "3GPP-E-UTRAN;utran-cell-id-3gpp=1234"),
        ("P-Charging-Vector", "icid-value=abc"),
        ("P-Visited-Network-ID", "visited"),
        ("P-Charging-Function-Addresses", "ccf=192.0.2.7"),
    ];
    let told: Vec<(String, String)> = network.map(|(name, value)| (name.into(), value.into())).into();
    let facts = Facts { handed_on: told.clone(), ..pbx_sends("+14255550200", "+12065550142") };
    let both = r#"identity = { trust = "both" }"#;

    for (carrier, pbx, is_passed) in
        [(both, both, true), (both, "", false), ("", both, false), ("", "", false)]
    {
        let attempt = first(&house(carrier, pbx), &facts);

        for (name, value) in network {
            assert_eq!(header(&attempt, name), is_passed.then_some(value), "{carrier} {pbx}");
        }
    }
    let of_phone = Facts { handed_on: told, ..hana("+12065550142") };
    assert_eq!(header(&first(&house(both, both), &of_phone), network[0].0), None);
    assert_eq!(house("", "").handed_on().len(), 0);
    assert_eq!(house(both, "").handed_on().len(), 4);
}

// A11, F3: diverted calls

fn forwarded() -> Facts {
    Facts {
        from_display: Some("Ann Body".into()),
        diversion: vec![
            "\"Desk\" <sip:+14255550201@192.0.2.99>;reason=no-answer;counter=1".into(),
            "<sip:+14255550200@192.0.2.99>;reason=unconditional;counter=1".into(),
        ],
        ..pbx_sends("+12125550100", "+12065550142")
    }
}

/// The caller stays in From; who diverted goes on in the form and the numbers of the trunk.
#[test]
fn a11_a_diverted_call_keeps_its_caller_and_its_history() {
    let plan = |diversion: &str| {
        let carrier = format!("identity = {{ diversion = \"{diversion}\", format = \"e164\" }}");
        first(&house(&carrier, ""), &forwarded())
    };
    let diversion = [
        "\"Desk\" <sip:14255550201@198.51.100.10>;reason=no-answer;counter=1",
        "<sip:14255550200@198.51.100.10>;reason=unconditional;counter=1",
    ];
    let history = [
        "<sip:14255550200@198.51.100.10>;index=1",
        "\"Desk\" <sip:14255550201@198.51.100.10;cause=302>;index=1.1;mp=1",
        "<sip:12065550142@198.51.100.10;cause=408>;index=1.1.1;mp=1.1",
    ];

    assert_eq!(plan("diversion").heading.from.text(), "\"Ann Body\" <sip:12125550100@198.51.100.10>");
    assert_eq!(all(&plan("diversion"), "Diversion"), diversion);
    assert_eq!(all(&plan("history-info"), "History-Info"), history);
    assert_eq!(all(&plan("history-info"), "Diversion"), [""; 0]);
    assert_eq!(all(&plan("both"), "Diversion"), diversion);
    assert_eq!(all(&plan("both"), "History-Info"), history);
    let none = plan("none");
    assert!(all(&none, "Diversion").is_empty() && all(&none, "History-Info").is_empty());
    assert!(!wire(&plan("both")).contains("192.0.2.99"), "no host of one leg in the other's");
}

/// History-Info that comes in goes out as Diversion where the trunk wants that.
#[test]
fn f3_history_info_of_a_pbx_becomes_the_carriers_diversion() {
    let facts = Facts {
        history: vec![
            "<sip:+14255550200@192.0.2.99?Privacy=none>;index=1".into(),
            "<sip:+12065550142@192.0.2.10;cause=486>;index=1.1;mp=1".into(),
        ],
        ..pbx_sends("+12125550100", "+12065550142")
    };

    let attempt = first(&house("", ""), &facts);

    let wanted = "<sip:+14255550200@198.51.100.10>;reason=user-busy;privacy=off;counter=1";
    assert_eq!(all(&attempt, "Diversion"), [wanted]);
    assert!(trail(&house("", ""), &facts).contains("diverted 1 times, last by sip:+14255550200@192.0.2.99"));
}

/// A diverter who is hidden is told to trusted trunks only, as is anybody where the history is private;
/// others hear that somebody diverted, and why (RFC 7544 3.2).
#[test]
fn f3_a_hidden_diverter_stays_hidden() {
    let mut facts = forwarded();
    facts.diversion[0] = "<sip:+14255550201@192.0.2.99>;reason=no-answer;privacy=full;counter=1".into();
    let private_history = Facts { privacy: Some("history".into()), ..forwarded() };
    let trusted = house(r#"identity = { trust = "out" }"#, "");

    let nobody = "<sip:anonymous@anonymous.invalid>;reason=no-answer;counter=1";
    let told = all(&first(&house("", ""), &facts), "Diversion");
    assert_eq!((told.len(), told[0].as_str()), (2, nobody));
    assert!(told[1].starts_with("<sip:+1"), "{told:?}");
    let trusting = all(&first(&trusted, &facts), "Diversion");
    assert!(trusting.len() == 2 && trusting[0].contains("privacy=full"), "{trusting:?}");
    let told = all(&first(&house("", ""), &private_history), "Diversion");
    assert!(told.len() == 2 && told.iter().all(|value| value.starts_with("<sip:anonymous@")), "{told:?}");
    assert_eq!(all(&first(&trusted, &private_history), "Diversion").len(), 2);
}

/// A value that makes no sense is dropped with a word; the call goes on.
#[test]
fn f3_a_diversion_that_cannot_be_read_is_dropped_with_a_word() {
    let facts = Facts { diversion: vec!["nobody".into()], ..pbx_sends("+14255550200", "+12065550142") };
    let policy = house("", "");

    assert!(all(&first(&policy, &facts), "Diversion").is_empty());
    assert!(trail(&policy, &facts).contains("cannot read the diversion nobody"));
}

/// A phone is told who diverted the call to it.
#[test]
fn a11_a_phone_is_told_who_diverted() {
    let facts = Facts {
        diversion: vec!["<sip:+14257770001@198.51.100.10>;reason=user-busy".into()],
        ..carrier_sends("+12065550142", "+14255550100")
    };

    let attempt = first(&house("", ""), &facts);

    assert_eq!(attempt.heading.from.text(), "<sip:+12065550142@contoso.example>");
    assert_eq!(all(&attempt, "Diversion"), ["<sip:+14257770001@contoso.example>;reason=user-busy;counter=1"]);
}

/// The trail says what each trunk considered would see, in every header, and what was meant before.
#[test]
fn pain_01_the_trail_says_what_each_trunk_sees() {
    let text = HOUSE.replace("SPARE", r#"identity = { caller_id = "remote-party-id", format = "national" }"#);
    let policy = house_of(&text.replace("CARRIER", "").replace("PBX", "").replace("HANA", ""));
    let facts = Facts { preferred: vec!["sip:+14255550177@x".into()], ..hana("+12065550142") };

    let trail = trail(&policy, &facts);

    for said in [
        "+14255550177 is not theirs to show; +14255550100 instead",
        "From \"Hana Kim\" <sip:+14255550100@198.51.100.10>, \
         P-Asserted-Identity: <sip:+14255550100@198.51.100.10>",
        "spare            From \"Hana Kim\" <sip:4255550100@203.0.113.20>, Remote-Party-ID: \"Hana Kim\" \
         <sip:4255550100@203.0.113.20>;party=calling;screen=yes;privacy=off",
    ] {
        assert!(trail.contains(said), "{said}\n{trail}");
    }
}
