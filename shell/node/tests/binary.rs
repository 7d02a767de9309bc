#![allow(clippy::unwrap_used)]
//! The binary, as an operator meets it.

mod house;

use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use house::{Directory, Running, free_port, house, options, tandem};
use serde_json::Value;

#[test]
fn the_demo_makes_its_four_calls_and_hears_them() {
    let output = tandem(&["demo", "--headless", "--json"]);

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["worked"], true);
    let calls = report["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 4);
    assert!(report["took_ms"].as_u64().unwrap() < 60_000, "seconds on a machine that has nothing else to do");
    assert_eq!(calls[2]["record"]["attempts"].as_array().unwrap().len(), 2, "one provider was passed over");
    assert_eq!(calls[3]["record"]["emergency"], true);
}

#[test]
fn what_the_demo_saves_is_sound_and_can_be_explained() {
    let directory = Directory::new("saved");
    let saved = directory.text();
    let demo = tandem(&["demo", "--headless", "--json", "--save", saved]);
    assert!(demo.status.success());

    assert_eq!(tandem(&["config", "check", saved]).status.code(), Some(0));
    assert_eq!(tandem(&["test", saved]).status.code(), Some(0));
    let explained = tandem(&["explain", "206 555 0142", "--from", "hana", "--dir", saved]);
    let text = String::from_utf8(explained.stdout).unwrap();
    assert_eq!(explained.status.code(), Some(0));
    assert!(text.contains("through northwind"), "{text}");
    let json = tandem(&["explain", "911", "--from", "wei", "--dir", saved, "--json"]);
    assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok());
    let nobody = tandem(&["explain", "911", "--from", "hanna", "--dir", saved]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("did you mean \"hana\"?"));
}

/// The loss of a trunk's servers is rehearsed on the command line, as text and for programs.
#[test]
fn pain_11_failover_can_be_rehearsed() {
    let directory = Directory::new("failover");
    let saved = directory.text();
    assert!(tandem(&["demo", "--headless", "--json", "--save", saved]).status.success());

    let json = tandem(&["failover", "test", "northwind", "--dir", saved, "--json"]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    let text = tandem(&["failover", "test", "northwind", "--dir", saved]);
    let nobody = tandem(&["failover", "test", "nordwind", "--dir", saved]);

    let samples = report["losses"][0]["samples"].as_array().unwrap();
    assert!(!samples.is_empty() && samples.iter().all(|sample| sample["survives"] == true), "{report:#}");
    assert_eq!(text.status.code(), Some(0));
    assert!(String::from_utf8(text.stdout).unwrap().contains("goes to "));
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("did you mean \"northwind\"?"));
}

#[test]
fn a_wrong_directory_is_named_with_line_and_column() {
    let directory = Directory::new("wrong");
    let text = house(5060).replace("trunk = \"east\"", "trunk = \"eats\"");
    fs::write(directory.path().join("house.toml"), text).unwrap();

    let checked = tandem(&["config", "check", directory.text()]);

    let text = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert!(text.contains("error[TD-C017]") && text.contains("house.toml:"), "{text}");
    assert!(text.contains("did you mean \"east\""), "{text}");
}

#[test]
fn an_absent_directory_cannot_be_reached() {
    assert_eq!(tandem(&["config", "check", "/nowhere/at/all"]).status.code(), Some(3));
}

#[test]
fn every_kind_of_code_is_explained() {
    for code in ["TD-R101", "TD-C017", "TD-E001", "td-r301"] {
        let help = tandem(&["help", code]);

        assert_eq!(help.status.code(), Some(0), "{code}");
        assert!(String::from_utf8(help.stdout).unwrap().contains(&code.to_uppercase()));
    }
    assert_eq!(tandem(&["help", "TD-X999"]).status.code(), Some(2));
    assert_eq!(tandem(&["help", "explain"]).status.code(), Some(0));
}

#[test]
fn a_running_house_answers_reads_again_keeps_what_works_and_stops() {
    let directory = Directory::new("running");
    let port = free_port();
    let path = directory.path().join("house.toml");
    fs::write(&path, house(port)).unwrap();
    let mut up = Running::start(directory.text(), &["--shards", "2"]);
    up.wait_for("test-edge");
    up.wait_for("records");
    assert!(options(port).starts_with("SIP/2.0 200 "));

    fs::write(&path, house(port).replace("[user.hana]", "[usre.hana]")).unwrap();
    up.signal("-HUP");
    up.wait_for("the running policy goes on");
    assert!(options(port).starts_with("SIP/2.0 200 "));

    fs::write(&path, house(port).replace("trunk = \"east\" }] #", "trunk = \"west\" }] #")).unwrap();
    up.signal("-HUP");
    up.wait_for("a stored test fails");
    up.wait_for("the running policy goes on");

    fs::write(&path, house(port).replace("Hana", "Hanna")).unwrap();
    up.signal("-HUP");
    up.wait_for("applied");

    let stopping = Instant::now();
    up.signal("-TERM");
    up.wait_for("stopped");
    assert_eq!(up.child.wait().unwrap().code(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(60), "no call had to be waited for");
}

#[test]
fn an_address_in_use_is_said_and_cannot_be_reached() {
    let directory = Directory::new("in-use");
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    fs::write(directory.path().join("house.toml"), house(taken.local_addr().unwrap().port())).unwrap();

    let up = tandem(&["up", directory.text()]);

    assert_eq!(up.status.code(), Some(3));
    assert!(String::from_utf8(up.stderr).unwrap().contains("cannot listen on udp 127.0.0.1:"));
}

/// Templates are listed, shown with what is known, unknown and asked, and checked.
#[test]
fn req_k06_templates_can_be_looked_at_and_checked() {
    let list: Value = serde_json::from_slice(&tandem(&["provider", "list", "--json"]).stdout).unwrap();
    assert!(list["providers"].as_array().unwrap().len() >= 20);
    let shown = String::from_utf8(tandem(&["provider", "show", "twilio"]).stdout).unwrap();
    for said in ["You will be asked", "termination URI", "Not documented", "srtp             yes", "read on "]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let near = tandem(&["provider", "show", "twillio"]);
    assert_eq!(near.status.code(), Some(2));
    assert!(String::from_utf8(near.stderr).unwrap().contains("did you mean \"twilio\"?"));
    let checked = tandem(&["provider", "check", "--json"]);
    assert!(checked.status.success(), "{checked:?}");
}

/// The sheet for a provider holds our address, ports, certificate, limits and numbers, and what to ask
/// them; the trunk can be seen with its template below it.
#[test]
fn req_k09_the_sheet_for_the_provider_is_filled_in() {
    let directory = Directory::new("sheet");
    fs::write(
        directory.path().join("edge.toml"),
        "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n[interface.wan]\naddress = \"192.0.2.10\"\n\
         udp = 5060\ntcp = 5060\nside = \"outside\"\nmedia_ports = \"32000-33999\"\n[trunk.far]\n\
         provider = \"exotel-tcp\"\nversion = 1\nvalues = { account = \"acme\" }\nlimits = { calls = 30 }\n\
         [numbers.block]\nrange = [\"+14255550100\", \"+14255550199\"]\ntrunk = \"far\"\n",
    )
    .unwrap();
    let dir = directory.text();

    let sheet = String::from_utf8(tandem(&["provider", "sheet", "far", "--dir", dir]).stdout).unwrap();
    for said in ["192.0.2.10", "TCP 5060", "UDP 32000-33999", "+14255550100 to +14255550199", "30", "[ ] "] {
        assert!(sheet.contains(said), "{said}: {sheet}");
    }

    let shown = tandem(&["config", "show", "far", "--dir", dir]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("limits.calls_per_second = 3"), "{shown}");
    assert!(shown.contains("sip:acme.pstn.exotel.com:5070;transport=tcp"), "{shown}");
}
