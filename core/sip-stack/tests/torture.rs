//! The torture messages of RFC 4475 whose outcome the stack decides.
// The vectors are files.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod scene;

use std::path::Path;

use scene::{Got, Scene, tcp, udp};

fn torture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/torture/rfc4475");
    let path = Path::new(folder).join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("the torture messages lie beside the checkout in ../shared: {}: {error}", path.display())
    })
}

/// Hears one of them; gives what was left of it, and the first lines of what was sent.
fn heard(name: &str) -> (Got, Vec<String>) {
    let mut scene = Scene::new();
    let got = scene.hear_bytes(udp(), &torture(name));
    (got, scene.sent_lines())
}

#[track_caller]
fn is_refused(name: &str, status: &str) {
    let (got, sent) = heard(name);
    assert_eq!(got, Got::Nothing);
    assert_eq!(sent.len(), 1, "{name} is answered");
    assert!(sent[0].starts_with(&format!("SIP/2.0 {status}")), "{name}: {sent:?}");
}

#[track_caller]
fn is_discarded(name: &str) {
    assert_eq!(heard(name), (Got::Nothing, Vec::new()));
}

#[track_caller]
fn is_a_request(name: &str) {
    let (got, _) = heard(name);
    assert!(matches!(got, Got::Request(_)), "{name}: {got:?}");
}

macro_rules! outcomes {
    ($($test:ident: $outcome:ident($($argument:literal),+);)+) => {
        $(#[test] fn $test() { $outcome($($argument),+); })+
    };
}

outcomes! {
    badinv01_gets_a_400: is_refused("badinv01.dat", "400");
    clerr_gets_a_400: is_refused("clerr.dat", "400");
    ncl_gets_a_400: is_refused("ncl.dat", "400");
    scalar02_gets_a_400: is_refused("scalar02.dat", "400");
    quotbal_gets_a_400: is_refused("quotbal.dat", "400");
    ltgtruri_gets_a_400: is_refused("ltgtruri.dat", "400");
    lwsruri_gets_a_400: is_refused("lwsruri.dat", "400");
    mismatch01_gets_a_400: is_refused("mismatch01.dat", "400");
    mismatch02_gets_a_400: is_refused("mismatch02.dat", "400");
    insuf_gets_a_400: is_refused("insuf.dat", "400");
    multi01_gets_a_400: is_refused("multi01.dat", "400");
    mcl01_gets_a_400: is_refused("mcl01.dat", "400");
    badvers_gets_a_505: is_refused("badvers.dat", "505");
    bcast_is_discarded: is_discarded("bcast.dat");
    scalarlg_is_discarded: is_discarded("scalarlg.dat");
    bigcode_is_discarded: is_discarded("bigcode.dat");
    unreason_is_discarded_as_nobody_asked: is_discarded("unreason.dat");
    noreason_is_discarded_as_nobody_asked: is_discarded("noreason.dat");
    badbranch_is_a_request: is_a_request("badbranch.dat");
    inv2543_is_a_request: is_a_request("inv2543.dat");
    zeromf_is_for_the_switch_to_decide: is_a_request("zeromf.dat");
    intmeth_is_for_the_switch_to_decide: is_a_request("intmeth.dat");
    esc02_is_for_the_switch_to_decide: is_a_request("esc02.dat");
    longreq_is_a_request: is_a_request("longreq.dat");
    wsinv_is_a_request: is_a_request("wsinv.dat");
    dblreq_is_one_request: is_a_request("dblreq.dat");
}

#[test]
fn badbranch_does_not_clash_with_another_request_under_the_bare_cookie() {
    let mut scene = Scene::new();
    let first = torture("badbranch.dat");
    let text = String::from_utf8(first.clone()).unwrap();
    let call_id = text.lines().find(|line| line.starts_with("Call-ID")).unwrap();
    let second = text.replace(call_id, "Call-ID: quite-another");

    assert!(matches!(scene.hear_bytes(udp(), &first), Got::Request(_)));
    assert!(matches!(scene.hear(udp(), &second), Got::Request(_)));
    assert_eq!(scene.hear_bytes(udp(), &first), Got::Nothing, "a copy");
}

#[test]
fn inv2543_is_answered_and_its_copy_hears_the_same() {
    let mut scene = Scene::new();
    let Got::Request(server) = scene.hear_bytes(udp(), &torture("inv2543.dat")) else {
        panic!("an INVITE of RFC 2543 is a request");
    };
    scene.respond(server, 486);
    let answered = scene.sent().pop().unwrap();

    assert_eq!(scene.hear_bytes(udp(), &torture("inv2543.dat")), Got::Nothing);

    assert_eq!(scene.sent(), [answered]);
}

#[test]
fn wsinv_is_answered_on_lines_that_are_not_folded() {
    let mut scene = Scene::new();
    let Got::Request(server) = scene.hear_bytes(udp(), &torture("wsinv.dat")) else {
        panic!("however ugly, it is a request");
    };
    scene.sent();
    scene.respond(server, 200);

    let sent = scene.sent().pop().unwrap();

    let message = sip_message::Message::parse(sent.as_bytes()).unwrap();
    assert_eq!(message.vias().count(), 3);
    assert!(message.vias().all(|via| via.is_ok()));
    assert!(sent.lines().all(|line| !line.starts_with([' ', '\t'])));
}

#[test]
fn the_400_goes_back_where_the_request_came_from() {
    let mut scene = Scene::new();

    scene.hear_bytes(tcp(), &torture("badinv01.dat"));

    assert_eq!(scene.out[0].flow, tcp());
}

#[test]
fn no_torture_message_upsets_the_stack_or_stays_for_ever() {
    let index = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/torture/index.tsv"));
    let index =
        std::fs::read_to_string(index).expect("the torture index lies beside the checkout in ../shared");
    let mut scene = Scene::new();

    for name in index.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let got = scene.hear_bytes(udp(), &torture(&format!("../{name}")));
        if let Got::Request(server) = got {
            scene.respond(server, 500);
        }
    }

    scene.end();
}
