#![allow(clippy::unwrap_used)]
//! `tandem cost` and what is shown of lines and protection, as a planner meets them.

mod house;

use std::fs;

use house::{Directory, tandem};
use serde_json::{Value, json};

const HOUSE: &str = r#"format = 1
[system]
name = "edge"
country = "US"
[interface.lan]
address = "192.0.2.10"
udp = 5060
tls = 5061
tls_certificate = "cert.pem"
tls_key = "key.pem"
tls_verify = "carrier.pem"
[link.mpls]
kind = "mpls"
kbps = 1000
[site.seattle]
traffic = { users = 100, calls = 4, talk = "3m", minutes = 30000 }
[site.tacoma]
[trunk.east]
servers = [{ uri = "sip:sbc.example.net;transport=tls" }]
link = "mpls"
limits = { calls = 10 }
cost = { deck = "east" }
[user.hana]
site = "seattle"
[user.bran]
site = "tacoma"
[deck.east]
file = "east.csv"
currency = "USD"
[offer.pri]
by = "line"
currency = "USD"
channels = 23
each = "420.00"
place = "90.00"
minute = "0.02"
[offer.channels]
by = "channel"
currency = "USD"
each = "15.00"
place = "50.00"
minute = "0.01"
deck = "east"
[offer.bandwidth]
by = "bandwidth"
currency = "USD"
step_kbps = 1000
each = "60.00"
place = "50.00"
minute = "0.01"
[offer.wan]
by = "bandwidth"
currency = "USD"
step_kbps = 500
each = "40.00"
"#;

const MORNING: i64 = 1_763_632_800_000;

/// A call of bran's that talked for so many minutes.
fn record(direction: &str, began_minute: i64, minutes: i64) -> Value {
    let started = MORNING + began_minute * 60_000;
    let (calling, callee) = if direction == "outbound" { ("bran", "east") } else { ("east", "bran") };
    json!({
        "id": format!("c{began_minute}"), "direction": direction, "calling": calling,
        "to_e164": "+12065550142",
        "attempts": [{ "callee": callee }], "started": started, "ended": started + minutes * 60_000,
        "talk_ms": minutes * 60_000, "outcome": "answered",
    })
}

fn written(name: &str, records: &[Value]) -> Directory {
    let directory = Directory::new(name);
    fs::write(directory.path().join("edge.toml"), HOUSE).unwrap();
    fs::write(directory.path().join("east.csv"), "prefix,price,from,name\n1206,0.01,,Seattle\n").unwrap();
    if !records.is_empty() {
        let folder = directory.path().join("data/records");
        fs::create_dir_all(&folder).unwrap();
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        fs::write(folder.join("calls-2025-11-20.jsonl"), lines).unwrap();
    }
    directory
}

fn cost(directory: &Directory, more: &[&str]) -> Value {
    let mut words = vec!["cost", "--dir", directory.text(), "--json"];
    words.extend(more);
    let output = tandem(&words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sites, users, traffic and tariffs are data; lines by the minute stand beside channels and bandwidth,
/// central beside distributed.
#[test]
fn req_c08_offers_are_compared_for_the_traffic_that_documents_say() {
    let directory = written("cost-told", &[]);

    let report = cost(&directory, &[]);

    // A hundred users, four calls each, three minutes: 20 erlangs, which take 30 channels at 1 %.
    let seattle = &report["sites"][0];
    assert_eq!(
        (&seattle["site"], &seattle["channels"], &seattle["kbps"]),
        (&json!("seattle"), &json!(30), &json!(2910))
    );
    assert_eq!(report["together"]["kbps_by_the_formula_of_2013"], 30 * 72);
    let offer = |name: &str| {
        let offers = report["offers"].as_array().unwrap();
        offers.iter().find(|offer| offer["offer"] == name).unwrap()["central"].clone()
    };
    assert_eq!((&offer("pri")["units"], &offer("pri")["total"]), (&json!(2), &json!("1530.00")));
    assert_eq!((&offer("channels")["units"], &offer("channels")["total"]), (&json!(30), &json!("800.00")));
    assert_eq!((&offer("bandwidth")["units"], &offer("bandwidth")["total"]), (&json!(3), &json!("530.00")));
}

/// Where documents are silent, call records speak: busy hour, calls at once, and minutes by the price list.
#[test]
fn req_c08_traffic_is_drawn_from_call_records() {
    let calls: Vec<Value> =
        (0..12).map(|nth| record(if nth % 2 == 0 { "outbound" } else { "inbound" }, nth * 5, 10)).collect();
    let directory = written("cost-recorded", &calls);

    let report = cost(&directory, &["--wan", "wan", "--centre", "seattle", "--blocking", "1%"]);

    let tacoma = &report["sites"][1];
    assert_eq!((&tacoma["site"], &tacoma["drawn_from"]), (&json!("tacoma"), &json!("from call records")));
    assert_eq!((&tacoma["busy_hour"], &tacoma["peak"]), (&json!(MORNING), &json!(2)));
    let erlangs = tacoma["erlangs"].as_f64().unwrap();
    assert!((erlangs - 1.9166).abs() < 0.001, "{erlangs}");
    let channels =
        report["offers"].as_array().unwrap().iter().find(|one| one["offer"] == "channels").unwrap();
    // Six calls out of ten minutes at 0.01 on one day, thirty days a month; and what seattle's document says.
    assert_eq!(channels["distributed"]["minutes_cost"], "318.00");
    assert_eq!(channels["central"]["lines_cost"], "80.00");
    assert_eq!(channels["distributed"]["lines_cost"], "0.00");
    assert!(report["offers"].as_array().unwrap().iter().all(|one| one["offer"] != "wan"));
    let text = String::from_utf8(tandem(&["cost", "--dir", directory.text()]).stdout).unwrap();
    for said in
        ["seattle", "tacoma", "together", "central", "distributed", "link mpls: 1000 kbps carry 10 calls"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// Without any traffic there is nothing to compare, and what to say is said.
#[test]
fn req_c08_a_site_of_which_nothing_is_known_is_named() {
    let directory = written("cost-unknown", &[]);

    let output = tandem(&["cost", "--dir", directory.text(), "--centre", "tacoma"]);

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nothing is known of the traffic of tacoma"));
    let wrong = tandem(&["cost", "--dir", directory.text(), "--wan", "wann"]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// What the line carries stands beside what its trunks may have, so that what is paid for can be used.
#[test]
fn req_k04_calls_that_a_line_carries_stand_beside_those_its_trunks_may_have() {
    let directory = written("cost-links", &[]);

    let (loud, thin) = (cost(&directory, &[]), cost(&directory, &["--codec", "g729"]));

    let link = &loud["links"][0];
    assert_eq!(
        (&link["link"], &link["carries_calls"], &link["trunks_may_have"]),
        (&json!("mpls"), &json!(10), &json!(10))
    );
    assert_eq!(thin["links"][0]["carries_calls"], 24);
}

/// A trunk is shown with the protection that comes out of its settings, not with the settings alone.
#[test]
fn req_f03_the_effective_protection_is_shown_with_the_trunk() {
    let directory = written("protection", &[]);
    let show = |more: &[&str]| {
        let mut words = vec!["config", "show", "east", "--dir", directory.text()];
        words.extend(more);
        String::from_utf8(tandem(&words).stdout).unwrap()
    };

    let (text, report): (String, Value) = (show(&[]), serde_json::from_str(&show(&["--json"])).unwrap());

    assert!(text.contains("signalling by TLS, its certificate checked against carrier.pem"), "{text}");
    assert_eq!(report["protection"][0]["media"], "sealed-if-the-far-end-can");
    assert_eq!(report["protection"][0]["transport"], "tls");
}
