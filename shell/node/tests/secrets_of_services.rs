#![allow(clippy::unwrap_used)]
//! Secrets by which a house is believed by programs and servers, or they by it, come out nowhere; nor do
//! those of phones, and what each of them is sent holds no secret of another.

#[path = "planted/far.rs"]
mod far;
#[path = "planted/heard.rs"]
mod heard;
mod house;
mod planted;
#[path = "planted/services.rs"]
mod services;

use std::fs;
use std::process::Output;

use far::Far;
use heard::{Heard, walked};
use house::{Directory, free_port};
use planted::Planted;
use serde_json::Value;
use services::Service;
use sip_message::Message;
use sip_stack::Chance;
use sip_stack::auth::{Credentials, answer, pick};

/// What is kept in a file of its own, by the name of the file.
const IN_FILES: &[(&str, &str, &str)] = &[
    ("the password of the server of records", "pg.secret", "p05tgr3s/p4ss+w0rd"),
    ("the secret of a webhook", "billing.secret", "whsec_d2ViaDAwazo6czNjcjN0Ojp0aDR0OjppczpsMG5n"),
    ("the secret of what wakes phones", "push.secret", "wh0.w4kes.ph0nes.th4t.sl33p"),
    ("the password of a directory", "ldap.secret", "ld4p?b1nd&p4ss"),
    ("the key of a capture server", "homer.key", "h0mer.c4pture.k3y"),
    ("the key of an observer", "office.key", "0bserv3r.0f.the.0ffice"),
    ("the secret of desk phones", "phones.secret", "d3sk.ph0nes.s3cret.0f.m4ny.letters"),
    ("the PIN of a conference", "sales.pin", "314159265358"),
];
const HANA: &str = "h4na.0f.s3rvices";
/// What digests make of a password that stands in the directory.
const HA1: &str = "5ec4e7ab5ec4e7ab5ec4e7ab5ec4e7ab";
/// What an observer has seen a phone prove itself by.
const SEEN_PROOF: &str = "0b5e7ved0b5e7ved0b5e7ved0b5e7ved";
/// By which whoever wakes phones finds one.
const PUSH_TOKEN: &str = "pu5h.t0ken.0f.h4nas.ph0ne";

struct Home {
    directory: Directory,
    house: Heard,
    sip: u16,
    token: String,
    planted: Planted,
    records: Service,
    people: Service,
    billing: Service,
    waker: Service,
    traces: Service,
    capture: Service,
    /// Where copies of what others have seen are taken.
    observed: u16,
}

impl Home {
    fn start() -> Home {
        let mut planted = Planted::default();
        let (directory, sip, observed) = (Directory::new("services"), free_port(), free_port());
        for (what, file, secret) in IN_FILES {
            fs::write(directory.path().join(file), planted.plant(what, *secret)).unwrap();
        }
        // With and without what says which form it has.
        planted.plant("the secret of a webhook", IN_FILES[1].2.trim_start_matches("whsec_"));
        planted.plant("the password of a user", HANA);
        planted.plant("what digests make of a password", HA1);
        planted.plant("what a phone is woken by", PUSH_TOKEN);
        planted.plant("a proof that an observer saw", SEEN_PROOF);
        let token = planted.plant("the token for HTTP", "t0ken.0f.s3rvices.0123456789abcdef");
        fs::write(directory.path().join("http.token"), &token).unwrap();
        let (billing, waker, traces) = (Service::http(), Service::http(), Service::http());
        let (records, capture) = (Service::postgresql(), Service::udp());
        let people = Service::ldap("dana", ("sip", "MD5=5ec4e7ab5ec4e7ab5ec4e7ab5ec4e7ab"));
        let ports =
            [records.port, people.port, billing.port, waker.port, traces.port, capture.port, observed];
        fs::write(directory.path().join("house.toml"), documents(sip, ports)).unwrap();
        let house = Heard::start(&directory, &[]);
        Home {
            directory,
            house,
            sip,
            token,
            planted,
            records,
            people,
            billing,
            waker,
            traces,
            capture,
            observed,
        }
    }

    /// Runs a command, and keeps what it says.
    fn tandem(&mut self, words: &[&str]) -> Output {
        let output = house::tandem(&[words, &["--dir", self.directory.text()]].concat());
        self.house.gathered.take_output(words, &output);
        output
    }

    /// The phone says that it sleeps, and how it is woken.
    fn register(&mut self, phone: &mut Far, call: &str) {
        let (here, uri) = (phone.address(), format!("sip:127.0.0.1:{}", self.sip));
        let mut proof = String::new();
        for count in 1..=2 {
            phone.say(&format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{call}-{count}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:hana@127.0.0.1>;tag={call}\r\nTo: <sip:hana@127.0.0.1>\r\n\
                 Call-ID: {call}@phone\r\nCSeq: {count} REGISTER\r\n\
                 Contact: <sip:hana@{here};pn-provider=apns;pn-prid={PUSH_TOKEN};pn-param=app>\r\n\
                 {proof}Content-Length: 0\r\n\r\n"
            ));
            let answered = phone.hear_of(call, "SIP/2.0 ");
            if count == 2 {
                assert!(answered.starts_with("SIP/2.0 200"), "{answered}");
                assert!(answered.contains("sip.pns"), "it is not woken: {answered}");
                return;
            }
            let message = Message::parse(answered.as_bytes()).unwrap();
            let (name, challenge) = pick(&message).unwrap();
            let credentials = Credentials { user: "hana", password: HANA };
            let mut chance = Chance::from_seed([7; 32]);
            let value = answer(challenge, credentials, "REGISTER", &uri, b"", &mut chance, 1).unwrap();
            let response = value.split("response=\"").nth(1).unwrap().split('"').next().unwrap();
            self.planted.plant("a proof", response);
            proof = format!("{name}: {value}\r\n");
        }
    }

    /// Somebody calls the phone that sleeps: it is woken, says where it is, and is busy.
    fn call(&mut self) {
        let mut phone = Far::at("127.0.0.1", self.sip);
        let mut caller = Far::at("127.0.0.2", self.sip);
        self.register(&mut phone, "first");
        let (here, house) = (caller.address(), self.sip);
        let about = |method: &str, to_tag: &str| {
            format!(
                "{method} sip:+14255550100@127.0.0.1:{house} SIP/2.0\r\n\
                 Via: SIP/2.0/UDP {here};branch=z9hG4bK-wakes\r\nMax-Forwards: 70\r\n\
                 From: <sip:+12065550142@{here}>;tag=a\r\nTo: <sip:+14255550100@127.0.0.1>{to_tag}\r\n\
                 Call-ID: wakes@phone\r\nCSeq: 1 {method}\r\nContact: <sip:a@{here}>\r\n"
            )
        };
        let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                    m=audio 40000 RTP/AVP 0\r\n";
        let length = body.len();
        let more = format!("Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}");
        caller.say(&format!("{}{more}", about("INVITE", "")));
        self.waker.wait_for(PUSH_TOKEN);
        self.register(&mut phone, "again");
        let invite = phone.hear("INVITE ");
        phone.answer(&invite, "486 Busy Here", "", "");
        let busy = caller.hear_of("wakes", "SIP/2.0 ");
        assert!(busy.starts_with("SIP/2.0 486"), "{busy}");
        caller.say(&format!("{}Content-Length: 0\r\n\r\n", about("ACK", ";tag=b")));
        self.billing.wait_for("wakes@phone");
        self.traces.wait_for("wakes@phone");
        self.capture.wait_for("486 Busy Here");
    }

    /// An observer tells of the call, once by its key and once by another; both are words of a secret.
    fn observe(&self) {
        let text = format!(
            "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKseen\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:a@b>\r\nCall-ID: wakes@phone\r\nCSeq: 1 INVITE\r\n\
             Authorization: Digest username=\"seen\", response=\"{SEEN_PROOF}\"\r\n\r\n"
        );
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = ([192, 0, 2, 20], 5060).into();
        for key in ["0bserv3r.0f.the.0ffice", HANA] {
            let packet = hep::Packet {
                from: address,
                to: address,
                protocol: hep::UDP,
                at_us: None,
                captured: hep::SIP,
                agent: None,
                key: Some(key.as_bytes()),
                correlation: None,
                payload: text.as_bytes(),
            };
            let mut bytes = Vec::new();
            hep::write(&packet, &mut bytes).unwrap();
            socket.send_to(&bytes, ("127.0.0.1", self.observed)).unwrap();
        }
        self.house.wait_for_log("wrong_key");
    }

    /// Every command that looks at something, and what they say of documents that are wrong.
    fn look(&mut self) {
        let made = self.tandem(&["token", "create", "ci"]);
        let made = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        // It is said once, to whoever makes it.
        self.house.gathered.0.retain(|(place, _)| place != "tandem token create ci");
        self.planted.plant("a token that was made", made.as_str());
        for verb in [
            &["status"][..],
            &["directory", "show", "corp"],
            &["directory", "sync", "corp"],
            &["user", "show", "hana"],
            &["user", "show", "dana"],
            &["user", "list"],
            &["user", "phones"],
            &["call", "list", "--last", "100"],
            &["call", "find", "--number", "+14255550100"],
            &["revisions"],
            &["config", "show", "hana"],
            &["token", "list"],
            &["plan"],
        ] {
            self.tandem(verb);
            self.tandem(&[verb, &["--json"]].concat());
        }
        let list = self.tandem(&["call", "list", "--last", "100", "--json"]);
        let list: Value = serde_json::from_slice(&list.stdout).unwrap();
        let ended = list["ended"].as_array().unwrap().iter().find(|one| one["call_id"] == "wakes@phone");
        let id = ended.unwrap()["id"].as_str().unwrap().to_owned();
        for verb in ["show", "ladder"] {
            let shown = self.tandem(&["call", verb, &id]);
            assert!(shown.status.success(), "{shown:?}");
        }
        self.tandem(&["call", "ladder", &id, "--json"]);
        let pages = self.house.get("/openapi.json", &made);
        let pages: Value = serde_json::from_str(pages.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let paths: Vec<String> = pages["paths"].as_object().unwrap().keys().cloned().collect();
        let token = self.token.clone();
        for path in paths.iter().filter(|path| !path.ends_with("/events")) {
            for name in
                [&*id, "hana", "dana", "corp", "billing", "apns", "homer", "sales", "collector", "office"]
            {
                let path = path.replace("{id}", name).replace("{name}", name);
                self.house.get(&path, &token);
            }
        }
        self.house.get("/metrics", &made);
        self.mistake();
    }

    /// Secrets in documents that are wrong, beside each of the services.
    fn mistake(&mut self) {
        let good = fs::read_to_string(self.directory.path().join("house.toml")).unwrap();
        for (at, (what, secret)) in IN_FILES.iter().map(|(_, file, secret)| (file, secret)).enumerate() {
            let place = format!("{{ file = \"{what}\" }}");
            let wrong = self.directory.path().join(format!(".wrong-{at}"));
            fs::create_dir_all(&wrong).unwrap();
            for line in [format!("\"{secret}\""), format!("{{ plian = \"{secret}\" }}")] {
                let text = good.replace(&place, &line);
                assert_ne!(text, good, "{what}");
                fs::write(wrong.join("house.toml"), text).unwrap();
                let wrong = wrong.to_str().unwrap().to_owned();
                let checked = house::tandem(&["config", "check", &wrong]);
                assert_eq!(checked.status.code(), Some(1), "{what}: {checked:?}");
                let all = [checked.stdout, checked.stderr].concat();
                self.house.gathered.take(format!("config check of {what}"), all);
                self.tandem(&["plan", &wrong]);
            }
        }
    }

    /// All that lies in the data folder, but for what has to keep secrets.
    fn files(&mut self) {
        let data = self.directory.path().join("data");
        for path in walked(&data).into_iter().filter(|path| path.is_file()) {
            let name = path.strip_prefix(&data).unwrap().display().to_string();
            // Documents are kept as they were written; a phone is reached by the Contact that it said.
            if !name.contains("documents/house.toml") && name != "phones/bindings.jsonl" {
                self.house.gathered.take(name, fs::read(&path).unwrap());
            }
        }
        let people = self.directory.path().join("by-directory/corp.toml");
        self.house.gathered.take("users of the directory", fs::read(people).unwrap());
    }

    /// What came out, but for what whoever heard it has to know.
    fn leaks(&self) -> Vec<String> {
        let places = self.house.gathered.0.iter().map(|(place, bytes)| (&**place, bytes.clone(), None));
        let of = |service: &Service, own: Option<&'static str>| (service.heard(), own);
        let services = [
            ("what the server of records heard", of(&self.records, Some("p05tgr3s/p4ss+w0rd"))),
            ("what the directory heard", of(&self.people, Some("ld4p?b1nd&p4ss"))),
            ("what a program of records heard", of(&self.billing, None)),
            ("what wakes phones heard", of(&self.waker, Some(PUSH_TOKEN))),
            ("what the collector heard", of(&self.traces, None)),
            ("what the capture server heard", of(&self.capture, Some("h0mer.c4pture.k3y"))),
        ];
        let services = services.into_iter().map(|(place, (heard, own))| (place, heard, own));
        let mut leaks = Vec::new();
        for (place, bytes, own) in places.chain(services) {
            assert!(own.is_none_or(|own| String::from_utf8_lossy(&bytes).contains(own)), "{place}: {own:?}");
            let found = self.planted.found_in(place, &bytes);
            leaks.extend(found.into_iter().filter(|leak| own.is_none_or(|own| !leak.contains(own))));
        }
        leaks
    }
}

fn documents(sip: u16, [records, people, billing, waker, traces, capture, observed]: [u16; 7]) -> String {
    format!(
        r#"format = 1
[system]
name = "services"
country = "US"
demo = true
log = "trace"
[system.storage]
engine = "postgresql"
hosts = ["127.0.0.1:{records}"]
password = {{ file = "pg.secret" }}
[system.provisioning]
secret = {{ file = "phones.secret" }}
interface = "lan"
[interface.lan]
address = "127.0.0.1"
udp = {sip}
side = "inside"
[trunk.east]
servers = [{{ uri = "sip:127.0.0.2" }}]
accept = {{ sources = ["127.0.0.2"] }}
health = {{ options = "off" }}
[numbers.block]
range = ["+14255550100", "+14255550199"]
trunk = "east"
[user.hana]
number = "+14255550100"
password = {{ plain = "{HANA}" }}
phones = [{{ mac = "80:5e:c0:12:34:56", make = "yealink" }}]
[conference.sales]
extension = "8001"
pin = {{ file = "sales.pin" }}
[directory.corp]
url = "ldap://127.0.0.1:{people}"
start_tls = "off"
bind = "cn=tandem,o=x"
password = {{ file = "ldap.secret" }}
base = "o=x"
attributes = {{ ha1 = "sip" }}
[webhook.billing]
url = "http://127.0.0.1:{billing}/calls"
secret = {{ file = "billing.secret" }}
[push.apns]
url = "http://127.0.0.1:{waker}/wake"
secret = {{ file = "push.secret" }}
awake = "0s"
wait = "1m"
[trace.collector]
otlp = "http://127.0.0.1:{traces}"
people = "shown"
[capture.homer]
hep = "udp:127.0.0.1:{capture}"
key = {{ file = "homer.key" }}
[observer.office]
listen = "udp:127.0.0.1:{observed}"
from = ["127.0.0.1"]
key = {{ file = "office.key" }}
"#
    )
}

#[test]
fn pain_24_secrets_of_services_come_out_nowhere_and_each_hears_its_own_alone() {
    let mut home = Home::start();
    home.people.wait_for("ld4p?b1nd&p4ss");
    home.records.wait_for("p05tgr3s/p4ss+w0rd");
    home.house.wait_for_log("TD-S002");
    home.house.wait_for_log("users are as the directory says");

    home.call();
    home.observe();
    home.look();
    home.house.end();
    home.files();

    let heard = [home.billing.heard(), home.capture.heard()].concat();
    for words in
        ["pn-prid=***", "woken by apns", "tandem_webhook_records_total", "call.ended", "(reported by office)"]
    {
        let is_in = |said: &[u8]| String::from_utf8_lossy(said).contains(words);
        let is_said = is_in(&heard) || home.house.gathered.0.iter().any(|(_, said)| is_in(said));
        assert!(is_said, "nothing was said of {words}: what is searched is not what was meant");
    }
    let leaks = home.leaks();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
