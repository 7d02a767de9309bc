#![allow(clippy::unwrap_used)]
//! What an operator does to a running house: ends one call, holds off new ones, takes them again.

#[path = "planted/far.rs"]
mod far;
mod house;

use std::fs;
use std::process::Output;

use far::Far;
use house::{Directory, Running, free_port, tandem};
use serde_json::Value;

fn documents(port: u16, [phone, provider]: [&Far; 2]) -> String {
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{0}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\n\
         [user.desk]\nnumber = \"+14255550101\"\ndevices = [{{ contact = \"sip:desk@{1}\" }}]\n\
         [user.lobby]\nnumber = \"+14255550100\"\ndevices = [{{ contact = \"sip:lobby@{1}\" }}]\n",
        provider.address(),
        phone.address()
    )
}

fn said(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn phone_is_busy(phone: &mut Far) {
    let rings = phone.hear("INVITE sip:");
    phone.answer(&rings, "486 Busy Here", "", "");
}

#[test]
fn an_operator_ends_a_call_and_holds_off_new_ones() {
    let (directory, port) = (Directory::new("operating"), free_port());
    let (mut phone, mut provider) = (Far::at("127.0.0.3", port), Far::at("127.0.0.2", port));
    fs::write(directory.path().join("house.toml"), documents(port, [&phone, &provider])).unwrap();
    let mut up = Running::start(directory.text(), &["--shards", "2"]);
    up.wait_for("records");
    let asks = |words: &[&str]| tandem(&[words, &["--dir", directory.text(), "--json"]].concat());
    let only_call = || said(&asks(&["call", "list", "--live"]))["live"]["calls"][0]["id"].clone();

    provider.calls("+14255550100", "+12065550142", "meant");
    let rings = phone.hear("INVITE sip:lobby@");
    phone.answer(&rings, "180 Ringing", "", "");
    provider.hear("SIP/2.0 180");
    let id = only_call();
    assert_eq!(asks(&["call", "hangup", "c0-nobody"]).status.code(), Some(1));
    assert_eq!(said(&asks(&["call", "hangup", id.as_str().unwrap()]))["what"], "ends");
    phone.hear("CANCEL ");
    provider.hear_of("meant", "SIP/2.0 503");

    assert_eq!(said(&asks(&["drain"]))["what"], "draining");
    assert_eq!(said(&asks(&["status"]))["state"], "draining");
    provider.calls("+14255550101", "+12065550142", "outside");
    provider.hear_of("outside", "SIP/2.0 503");
    phone.calls("911", "lobby", "help");
    let asked = provider.hear("INVITE sip:911@");
    provider.answer(&asked, "180 Ringing", "", "");
    phone.hear("SIP/2.0 180");
    let refused = asks(&["call", "hangup", only_call().as_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("9-1-1"), "{refused:?}");
    provider.answer(&asked, "480 Temporarily Unavailable", "", "");

    assert_eq!(said(&asks(&["resume"]))["what"], "running");
    assert_eq!(said(&asks(&["status"]))["alarms"], Value::Null);
    provider.calls("+14255550100", "+12065550142", "taken");
    phone_is_busy(&mut phone);
    provider.hear_of("taken", "SIP/2.0 486");

    assert_eq!(said(&asks(&["trunk", "drain", "east"]))["what"], "drained");
    let unknown = asks(&["trunk", "drain", "eats"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean \"east\"?"), "{unknown:?}");
    up.kill();
    let mut up = Running::start(directory.text(), &["--shards", "2"]);
    up.wait_for("records");
    assert_eq!(said(&asks(&["trunk", "show", "east"]))["drained"], true, "it holds over a crash");
    provider.calls("+14255550101", "+12065550142", "drained");
    provider.hear_of("drained", "SIP/2.0 503");
    assert_eq!(said(&asks(&["trunk", "resume", "east"]))["what"], "running");
    provider.calls("+14255550101", "+12065550142", "again");
    phone_is_busy(&mut phone);
    provider.hear_of("again", "SIP/2.0 486");

    let audit = tandem(&["audit", "list", "--dir", directory.text()]);
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    for what in ["hang up c", "drain", "resume", "drain trunk east"] {
        assert!(audit.contains(what), "{what} is not in {audit}");
    }
}
