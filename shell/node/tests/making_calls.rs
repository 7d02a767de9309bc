#![allow(clippy::unwrap_used)]
//! Calls that are made for users, by HTTP and from the command line.

#[path = "planted/far.rs"]
mod far;
mod house;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use far::{Far, value_of};
use house::{Directory, PATIENCE, Running, free_port, tandem};
use serde_json::{Value, json};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 49170 RTP/AVP 0\r\n";

fn documents(port: u16, [phone, provider]: [&Far; 2]) -> String {
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
         media_ports = \"30700-30899\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{0}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\n\
         [user.hana]\nnumber = \"+14255550101\"\ndevices = [{{ contact = \"sip:hana@{1}\" }}]\n\
         allow = [\"internal\", \"national\"]\n\
         [user.away]\nnumber = \"+14255550109\"\npassword = {{ file = \"away\" }}\n\
         [route.out]\norder = 1\nto = \"+…\"\nuse = [{{ trunk = \"east\" }}]\n",
        provider.address(),
        phone.address()
    )
}

/// Somebody who asks by HTTP.
struct Client {
    port: u16,
    token: String,
}

impl Client {
    fn posts(&self, query: &str, key: &str, body: &Value) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (body, token) = (body.to_string(), &self.token);
        let key = if key.is_empty() { String::new() } else { format!("Idempotency-Key: {key}\r\n") };
        let request = format!(
            "POST /api/v1/calls{query} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n{key}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_owned(), serde_json::from_str(body).unwrap())
    }
}

fn accepts(far: &Far, invite: &str, name: &str) {
    let more = format!("Contact: <sip:{name}@{}>\r\nContent-Type: application/sdp\r\n", far.address());
    far.answer(invite, "200 OK", &more, SDP);
}

/// A BYE within the call that an INVITE began.
fn hangs_up(far: &Far, invite: &str) {
    let contact = value_of(invite, "Contact").trim_matches(['<', '>']).to_owned();
    let (from, to, call) = (value_of(invite, "From"), value_of(invite, "To"), value_of(invite, "Call-ID"));
    far.say(&format!(
        "BYE {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK-bye\r\nMax-Forwards: 70\r\n\
         From: {to};tag=far\r\nTo: {from}\r\nCall-ID: {call}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        far.address()
    ));
}

/// Hana's phone answers, and is connected with the provider; both INVITEs.
fn is_connected(phone: &mut Far, provider: &mut Far) -> String {
    let rings = phone.hear("INVITE sip:hana@");
    assert!(value_of(&rings, "From").contains("+12065550142"), "{rings}");
    accepts(phone, &rings, "hana");
    phone.hear("ACK ");
    let asked = provider.hear("INVITE sip:+12065550142@");
    assert!(value_of(&asked, "From").contains("+14255550101"), "{asked}");
    provider.answer(&asked, "180 Ringing", "", "");
    accepts(provider, &asked, "there");
    provider.hear("ACK ");
    let again = phone.hear("INVITE sip:hana@");
    accepts(phone, &again, "hana");
    phone.hear("ACK ");
    rings
}

#[test]
fn a_call_is_made_by_http_and_from_the_command_line() {
    let (directory, port) = (Directory::new("making-calls"), free_port());
    let (mut phone, mut provider) = (Far::at("127.0.0.3", port), Far::at("127.0.0.2", port));
    fs::write(directory.path().join("house.toml"), documents(port, [&phone, &provider])).unwrap();
    fs::write(directory.path().join("away"), "a password of nobody's").unwrap();
    let http = free_port();
    let mut up = Running::start(directory.text(), &["--shards", "2", "--http", &format!("127.0.0.1:{http}")]);
    up.wait_for("  http ");
    let token = tandem(&["token", "create", "ci", "--role", "operator", "--dir", directory.text()]);
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let client = Client { port: http, token };
    let call = json!({ "from": "hana", "to": "2065550142" });

    let (status, _, explained) = client.posts("?dry_run=true", "", &call);
    assert_eq!((status, &explained["decision"]["go"]["called"]), (200, &json!("+12065550142")));
    let (status, head, made) = client.posts("", "k1", &call);
    assert_eq!(status, 202, "{made}");
    let id = made["call"].as_str().unwrap();
    assert!(head.contains(&format!("location: /api/v1/calls/{id}")), "{head}");
    assert_eq!(client.posts("", "k1", &call).2, made, "the same call");
    assert_eq!(client.posts("", "k1", &json!({ "from": "hana", "to": "911" })).0, 409);
    let rings = is_connected(&mut phone, &mut provider);
    hangs_up(&phone, &rings);
    let bye = provider.hear("BYE ");
    provider.answer(&bye, "200 OK", "", "");
    let rung = phone.heard.iter().filter(|text| text.starts_with("INVITE "));
    let rung: BTreeSet<&str> = rung.map(|text| value_of(text, "Call-ID")).collect();
    assert_eq!(rung.len(), 1, "it rang once");

    for (body, status, code) in [
        (json!({ "from": "hanna", "to": "2065550142" }), 404, "TD-R201"),
        (json!({ "from": "away", "to": "2065550142" }), 409, "TD-R203"),
        (json!({ "from": "hana", "to": "+44 20 7946 0123" }), 422, "TD-R301"),
    ] {
        let (said, _, problem) = client.posts("", "", &body);
        assert_eq!((said, &problem["code"]), (status, &json!(code)), "{body}");
    }

    let asks = |words: &[&str]| tandem(&[words, &["--dir", directory.text(), "--json"]].concat());
    let refused = asks(&["call", "make", "+44 20 7946 0123", "--from", "hana"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("TD-R301"), "{refused:?}");
    let dir = directory.text().to_owned();
    let waiting = thread::spawn(move || {
        tandem(&["call", "make", "206 555 0142", "--from", "hana", "--wait", "--json", "--dir", &dir])
    });
    let rings = is_connected(&mut phone, &mut provider);
    hangs_up(&phone, &rings);
    let bye = provider.hear("BYE ");
    provider.answer(&bye, "200 OK", "", "");
    let waited = waiting.join().unwrap();
    assert_eq!(waited.status.code(), Some(0), "{waited:?}");
    let said: Value = serde_json::from_slice(&waited.stdout).unwrap();
    assert_eq!(said["records"][0]["verdict"], "TD-E007", "{said:#}");
    assert_eq!(said["records"][1]["parents"][0], said["call"], "{said:#}");
    assert_eq!(said["records"][1]["calling"], "hana", "{said:#}");

    let dir = directory.text().to_owned();
    let waiting = thread::spawn(move || {
        tandem(&["call", "make", "2065550142", "--from", "hana", "--wait", "--dir", &dir])
    });
    let rings = phone.hear("INVITE sip:hana@");
    phone.answer(&rings, "486 Busy Here", "", "");
    let waited = waiting.join().unwrap();
    assert_eq!(waited.status.code(), Some(1), "{waited:?}");
    assert!(String::from_utf8_lossy(&waited.stdout).contains("TD-E101"), "{waited:?}");
    let audit = tandem(&["audit", "list", "--dir", directory.text()]);
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    for what in ["POST /api/v1/calls", "call 2065550142 for hana"] {
        assert!(audit.contains(what), "{what} is not in {audit}");
    }
}
