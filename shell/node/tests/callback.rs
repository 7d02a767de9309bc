#![allow(clippy::unwrap_used)]
//! A house that dies while somebody calls for help, and the one after it: whoever was called calls back.

#[path = "planted/far.rs"]
mod far;
mod house;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use far::{Far, value_of};
use house::{Directory, PATIENCE, Running, free_port};

fn documents(port: u16, [phone, provider]: [&Far; 2]) -> String {
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\n\
         [user.lobby]\nnumber = \"+14255550100\"\ndo_not_disturb = true\n\
         devices = [{{ contact = \"sip:lobby@{}\" }}]\n",
        provider.address(),
        phone.address()
    )
}

#[test]
fn m8_who_called_for_help_is_called_back_through_a_crash() {
    let (directory, port) = (Directory::new("callback"), free_port());
    let (mut phone, mut provider) = (Far::at("127.0.0.3", port), Far::at("127.0.0.2", port));
    let text = documents(port, [&phone, &provider]);
    fs::write(directory.path().join("house.toml"), text).unwrap();
    let start = || {
        let mut up = Running::start(directory.text(), &[]);
        up.wait_for("records");
        up
    };
    let up = start();
    provider.calls("+14255550100", "+12065550142", "before");
    provider.hear_of("before", "SIP/2.0 480");

    phone.calls("911", "lobby", "help");
    let asked = provider.hear("INVITE sip:911@");
    provider.answer(&asked, "180 Ringing", "", "");
    phone.hear("SIP/2.0 180");
    // No call for help waits for the disk, so the disk is waited for here.
    let kept = directory.path().join("data/emergency/helps.jsonl");
    let until = Instant::now() + PATIENCE;
    while fs::metadata(&kept).map_or(0, |about| about.len()) == 0 {
        assert!(Instant::now() < until, "the call for help was not kept");
        thread::sleep(Duration::from_millis(1));
    }
    up.kill();
    let _up = start();

    provider.calls("+14255550100", "+12065550100", "back");
    let rings = phone.hear("INVITE sip:lobby@");
    assert_eq!(value_of(&rings, "Priority"), "psap-callback", "{rings}");
    phone.answer(&rings, "486 Busy Here", "", "");
    provider.hear_of("back", "SIP/2.0 486");
}
