#![allow(clippy::unwrap_used)]
//! A file that a provider's caller sends to a user in a call, through the house as it runs, and its record.

#[path = "planted/far.rs"]
mod far;
mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use far::{Far, value_of};
use house::{Directory, PATIENCE, Running, free_port};

const BYTES: usize = 2_000_000;

fn documents((port, msrp): (u16, u16), [phone, provider]: [&Far; 2]) -> String {
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nmsrp = {msrp}\nside = \"inside\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\nmedia = {{ chats = \"relayed\" }}\n\
         [user.lobby]\nnumber = \"+14255550100\"\ndevices = [{{ contact = \"sip:lobby@{}\" }}]\n",
        provider.address(),
        phone.address()
    )
}

fn description(address: &str, path: &str, setup: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=message 7777 TCP/MSRP *\r\na=accept-types:*\r\na=path:{path}\r\na=setup:{setup}\r\n"
    )
}

fn request(method: &str, far: &Far, to_tag: &str, body: &str) -> String {
    let here = far.address();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let cseq = if method == "BYE" { 2 } else { 1 };
    format!(
        "{method} sip:+14255550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{method}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+12065550142@{here}>;tag=1\r\n\
         To: <sip:+14255550100@127.0.0.1>{to_tag}\r\nCall-ID: file@phone\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:+12065550142@{here}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn path_in(message: &str) -> String {
    let lines = message.lines().find_map(|line| line.strip_prefix("a=path:"));
    lines.unwrap_or_else(|| panic!("a path in {message}")).trim().to_owned()
}

fn connect(msrp: u16, to: &str, from: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", msrp)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let hello = format!(
        "MSRP helo SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: helo\r\n-------helo$\r\n"
    );
    stream.write_all(hello.as_bytes()).unwrap();
    let wanted = format!("MSRP helo 200 OK\r\nTo-Path: {from}\r\nFrom-Path: {to}\r\n-------helo$\r\n");
    let mut heard = vec![0; wanted.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), wanted);
    stream
}

fn file(to: &str, from: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "MSRP file SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: 1234\r\n\
         Byte-Range: 1-*/{BYTES}\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), body, b"\r\n-------file$\r\n"].concat()
}

fn record_in(folder: &Path) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
        if let Some(text) = texts.into_iter().find(|text| text.contains("file@phone")) {
            return text;
        }
        assert!(Instant::now() < until, "no record in {}", folder.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn l11_a_file_of_a_call_arrives_byte_for_byte_and_its_record_says_how_long_it_was() {
    let (directory, port, msrp) = (Directory::new("chats"), free_port(), free_port());
    let (mut phone, mut provider) = (Far::at("127.0.0.3", port), Far::at("127.0.0.2", port));
    let text = documents((port, msrp), [&phone, &provider]);
    fs::write(directory.path().join("house.toml"), text).unwrap();
    let mut up = Running::start(directory.text(), &[]);
    up.wait_for(&format!("msrp 127.0.0.1:{msrp}"));
    up.wait_for("records");
    let (alice, bob) = ("msrp://127.0.0.2:7777/alice;tcp", "msrp://127.0.0.3:7777/bob;tcp");

    provider.say(&request("INVITE", &provider, "", &description("127.0.0.2", alice, "actpass")));
    let asked = phone.hear("INVITE sip:lobby@");
    assert!(!asked.contains("127.0.0.2"), "{asked}");
    let more = format!("Contact: <sip:{}>\r\nContent-Type: application/sdp\r\n", phone.address());
    phone.answer(&asked, "200 OK", &more, &description("127.0.0.3", bob, "active"));
    let answer = provider.hear_of("file", "SIP/2.0 200");
    let tag = value_of(&answer, "To").split_once(";tag=").unwrap().1.to_owned();
    provider.say(&request("ACK", &provider, &format!(";tag={tag}"), ""));
    let (to_alice, to_bob) = (path_in(&answer), path_in(&asked));
    let mut sender = connect(msrp, &to_alice, alice);
    let mut receiver = connect(msrp, &to_bob, bob);
    let body: Vec<u8> = (0..BYTES).map(|at| ((at * at) >> 7) as u8).collect();
    let said = file(&to_alice, alice, &body);
    let sending = thread::spawn(move || sender.write_all(&said).map(|()| sender));
    let wanted = file(bob, &to_bob, &body);
    let mut heard = vec![0; wanted.len()];
    receiver.read_exact(&mut heard).unwrap();
    let _sender = sending.join().unwrap().unwrap();

    assert!(heard == wanted, "the file, under the addresses of the user's leg");
    provider.say(&request("BYE", &provider, &format!(";tag={tag}"), ""));
    let bye = phone.hear("BYE ");
    phone.answer(&bye, "200 OK", "", "");
    let record = record_in(&directory.path().join("data/records"));
    assert!(record.contains(r#""chat":{"caller":{"messages":1,"bytes":2000000},"callee":{"#), "{record}");
    assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0, "the connection ends with the call");
}
