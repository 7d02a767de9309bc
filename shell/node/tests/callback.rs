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

fn invite(to: &str, from: &str, far: &Far, call: &str) -> String {
    let here = far.address();
    let body = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {} RTP/AVP 0\r\n",
        free_port()
    );
    format!(
        "INVITE sip:{to}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{call}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{from}@{here}>;tag={call}\r\nTo: <sip:{to}@127.0.0.1>\r\n\
         Call-ID: {call}@phone\r\nCSeq: 1 INVITE\r\nContact: <sip:{from}@{here}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
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
    provider.say(&invite("+14255550100", "+12065550142", &provider, "before"));
    provider.hear_of("before", "SIP/2.0 480");

    phone.say(&invite("911", "lobby", &phone, "help"));
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

    provider.say(&invite("+14255550100", "+12065550100", &provider, "back"));
    let rings = phone.hear("INVITE sip:lobby@");
    assert_eq!(value_of(&rings, "Priority"), "psap-callback", "{rings}");
    phone.answer(&rings, "486 Busy Here", "", "");
    provider.hear_of("back", "SIP/2.0 486");
}
