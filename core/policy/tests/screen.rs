//! Who may speak to us.

mod house;

use house::*;
use policy::{Code, Direction, Facts, InterfaceId, Trail, plan};

#[test]
fn a_source_in_accept_sources_is_its_trunk() {
    let policy = house();

    assert_eq!(
        policy.trunk_at("198.51.100.4:9".parse().expect("an address")).map(|name| &**name),
        Some("northwind")
    );
    let plan = planned(&policy, &northwind_sends("+14255550100"));

    assert_eq!((&*plan.calling.0, plan.direction), ("northwind", Direction::Inbound));
}

#[test]
fn the_most_exact_source_wins() {
    let policy = house();
    let at = |source: &str| policy.trunk_at(source.parse().expect("an address")).map(|name| name.to_string());

    assert_eq!(at("198.51.100.3:5062").as_deref(), Some("fabrikam"));
    assert_eq!(at("198.51.100.3:5060").as_deref(), Some("northwind"));
    assert_eq!(at("[::ffff:203.0.113.20]:5060").as_deref(), Some("fabrikam"));
    assert_eq!(at("198.51.100.16:5060"), None);
}

#[test]
fn a_user_has_to_prove_who_calls() {
    let policy = house();
    let unproven = Facts { authenticated: None, ..hana_dials("2065550142") };

    let refusal = refused(&policy, &unproven);

    assert_eq!((refusal.code, refusal.status), (Code::PROVE_YOURSELF, 401));
    assert_eq!(refusal.words, "hana has to prove who calls");
}

#[test]
fn a_user_is_known_by_number_extension_and_name() {
    let policy = house();

    for from in ["hana", "0100", "+14255550100", "+1-425-555-0100"] {
        let facts = Facts { from_uri: format!("sip:{from}@contoso.example"), ..hana_dials("0101") };
        assert_eq!(&*planned(&policy, &facts).calling.0, "hana", "{from}");
    }
}

#[test]
fn nobody_calls_as_somebody_else_than_proved() {
    let facts = Facts { authenticated: Some("minsu".into()), ..hana_dials("2065550142") };

    assert_eq!(refused(&house(), &facts).code, Code::SOMEBODY_ELSE);
}

#[test]
fn a_proved_user_may_hide_the_name_in_from() {
    let from = "sip:anonymous@anonymous.invalid".to_owned();

    let plan = planned(&house(), &Facts { from_uri: from, ..hana_dials("2065550142") });

    assert_eq!(&*plan.calling.0, "hana");
}

#[test]
fn a_user_without_password_calls_from_its_own_device_only() {
    let policy = house();
    let elsewhere = Facts { source: "10.20.0.41:5060".parse().expect("an address"), ..lobby_dials("0100") };

    assert_eq!(&*planned(&policy, &lobby_dials("0100")).calling.0, "lobby");
    assert_eq!(refused(&policy, &elsewhere).code, Code::ELSEWHERE);
}

#[test]
fn a_stranger_is_told_what_would_have_matched() {
    let policy =
        house_of(&CONTOSO.replace("sources = [\"203.0.113.20\", \"198.51.100.3:5062\"], ", "sources = [], "));

    let refusal = refused(&policy, &fabrikam_sends("+14255550100"));

    assert_eq!((refusal.code, refusal.status), (Code::STRANGER, 403));
    assert_eq!(refusal.words, "trunk fabrikam would match if 203.0.113.20 were in accept.sources");
}

#[test]
fn a_stranger_is_nobody_inside_either() {
    let facts = call("10.20.0.99:5060", LAN, "mallory", "2065550142");

    assert_eq!(refused(&house(), &facts).code, Code::STRANGER);
}

#[test]
fn a_trunk_for_outgoing_calls_sends_none() {
    let facts = call("203.0.113.50:5060", WAN, "+12065550142", "+14255550100");

    assert_eq!(refused(&house(), &facts).code, Code::NOT_INBOUND);
}

#[test]
fn a_call_that_went_round_in_circles_is_stopped() {
    let facts = Facts { max_forwards: 0, ..hana_dials("2065550142") };

    let refusal = refused(&house(), &facts);

    assert_eq!((refusal.code, refusal.status), (Code::TOO_MANY_HOPS, 483));
}

#[test]
fn an_interface_that_does_not_exist_is_outside() {
    let facts = Facts { interface: InterfaceId(77), ..call("8.8.8.8:5060", WAN, "x", "911") };

    let decision = plan(&house(), &facts, &mut Trail::new());

    assert!(matches!(decision, policy::Decision::No(_)));
}

fn northwind_accepts(accept: &str) -> policy::Policy {
    house_of(&CONTOSO.replace("accept = { sources = [\"198.51.100.0/28\"] }", accept))
}

/// A trunk without sources takes calls from the addresses of its servers; one with sources only if it says
/// so; whom it is known by stands in the trail.
#[test]
fn a4_resolved_addresses_count_where_no_source_is_given() {
    let from_server = |source: &str| Facts {
        resolved: vec!["northwind".into()],
        source: source.parse().expect("an address"),
        ..northwind_sends("+14255550100")
    };
    let facts = from_server("192.0.2.77:5060");

    assert_eq!(refused(&house(), &facts).code, Code::STRANGER);
    for accept in ["", "accept = { resolved = true, sources = [\"198.51.100.0/28\"] }"] {
        let policy = northwind_accepts(accept);
        assert_eq!(&*planned(&policy, &facts).calling.0, "northwind");
        let mut trail = Trail::new();
        plan(&policy, &facts, &mut trail);
        assert!(trail.to_string().contains("192.0.2.77 is the address of a server of northwind"), "{trail}");
    }
    let off = northwind_accepts("accept = { resolved = false }");
    assert_eq!(refused(&off, &facts).code, Code::STRANGER);
}

/// A name in a verified certificate makes a trunk, whatever the address; it outweighs sources.
#[test]
fn a4_a_certificate_names_its_trunk() {
    let policy = northwind_accepts("accept = { certificate = [\"sbc.northwind.example\"] }");
    let proved = |names: &[&str]| Facts {
        certificate: names.iter().map(|name| (*name).to_owned()).collect(),
        ..fabrikam_sends("+14255550100")
    };

    let calling = |names: &[&str]| planned(&policy, &proved(names)).calling.0.to_string();
    assert_eq!(calling(&["other.example", "SBC.northwind.example"]), "northwind");
    assert_eq!(calling(&["other.example"]), "fabrikam");
    assert_eq!(refused(&policy, &northwind_sends("+14255550100")).code, Code::STRANGER);
}

/// Who is refused is told what would have let it in.
#[test]
fn a4_the_nearest_miss_is_said() {
    let policy = northwind_accepts("accept = { certificate = [\"sbc.northwind.example\"] }");
    let facts = Facts {
        certificate: vec!["sbc2.northwind.example".into()],
        source: "203.0.113.9:5060".parse().expect("an address"),
        ..northwind_sends("+14255550100")
    };

    let words = refused(&policy, &facts).words;
    assert_eq!(words, "trunk northwind would match if sbc2.northwind.example were in accept.certificate");
    let facts = Facts { certificate: Vec::new(), ..facts };
    let words = refused(&house(), &facts).words;
    assert_eq!(words, "trunk northwind would match if 203.0.113.9 were in accept.sources");
}

/// A phone at the address of a trunk's server stays a phone: its call for help goes out.
#[test]
fn a4_a_phone_beside_a_server_can_call_for_help() {
    let policy = northwind_accepts("");
    let beside = |facts: Facts| Facts { resolved: vec!["northwind".into()], ..facts };

    assert!(planned(&policy, &beside(hana_dials("911"))).emergency);
    assert!(planned(&policy, &beside(lobby_dials("911"))).emergency);
}
