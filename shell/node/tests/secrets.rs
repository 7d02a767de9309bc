#![allow(clippy::unwrap_used)]
//! Secrets in configuration, SIP and HTTP come out nowhere: a house lives a day with planted ones, everything
//! that it says and writes is gathered, and searched for them.

#[path = "planted/far.rs"]
mod far;
#[path = "planted/heard.rs"]
mod heard;
mod house;
mod planted;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};

use far::{Far, value_of};
use heard::{Heard, keep_all, walked};
use house::{Directory, free_port};
use planted::Planted;
use serde_json::Value;
use sip_message::Message;
use sip_stack::Chance;
use sip_stack::auth::{Credentials, answer, pick};

/// What is planted where.
struct Secrets {
    planted: Planted,
    east: String,
    hana: String,
    minsu: String,
    header: String,
    token: String,
}

impl Secrets {
    fn new() -> Secrets {
        let mut planted = Planted::default();
        Secrets {
            east: planted.plant("the password of a trunk", "Ea5t+/tr\u{fc}nk p4ss"),
            hana: planted.plant("a password in the document", "h4na?pl41n&p4ss"),
            minsu: planted.plant("a password in a file", "m1n5u.f1le.p4ss"),
            header: planted.plant("the value of a header of ours", "h34der-4p1-k3y"),
            token: planted.plant("the token for HTTP", "t0ken/for+http/0123456789=="),
            planted,
        }
    }

    fn plant(&mut self, what: &'static str, secret: &str) -> String {
        self.planted.plant(what, secret)
    }
}

struct Day {
    directory: Directory,
    port: u16,
    house: Heard,
    /// What was told to somebody who listened all day.
    events: Arc<Mutex<Vec<u8>>>,
    secrets: Secrets,
    phone: Far,
    east: Far,
}

impl Day {
    fn begin() -> Day {
        let mut secrets = Secrets::new();
        let (directory, port) = (Directory::new("secrets"), free_port());
        let (phone, east) = (Far::at("127.0.0.1", port), Far::at("127.0.0.2", port));
        let at = directory.path();
        fs::write(at.join("house.toml"), documents(port, &east.address(), &secrets)).unwrap();
        fs::write(at.join("minsu.secret"), &secrets.minsu).unwrap();
        fs::write(at.join("http.token"), &secrets.token).unwrap();
        let key = rcgen::generate_simple_self_signed(vec!["edge.example".to_owned()]).unwrap();
        fs::write(at.join("edge.pem"), key.cert.pem()).unwrap();
        let written = key.signing_key.serialize_pem();
        fs::write(at.join("edge.key"), &written).unwrap();
        let line = written.lines().nth(1).unwrap().to_owned();
        secrets.plant("the key of TLS", &line);

        let house = Heard::start(&directory, &[("EAST_PASSWORD", &secrets.east)]);
        let day = Day { directory, port, house, events: Arc::default(), secrets, phone, east };
        day.listen();
        day
    }

    fn listen(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.house.http)).unwrap();
        let token = &self.secrets.token;
        let asks =
            format!("GET /api/v1/events HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(asks.as_bytes()).unwrap();
        keep_all(stream, &self.events);
    }

    /// Runs a command, and keeps what it says.
    fn tandem(&mut self, words: &[&str]) -> std::process::Output {
        let output = Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(words)
            .env("EAST_PASSWORD", &self.secrets.east)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        self.house.gathered.take_output(words, &output);
        output
    }

    fn get(&mut self, path: &str) -> String {
        self.house.get(path, &self.secrets.token)
    }
}

fn documents(port: u16, east: &str, secrets: &Secrets) -> String {
    let (hana, header) = (&secrets.hana, &secrets.header);
    let tls = free_port();
    format!(
        r#"format = 1
[system]
name = "planted"
country = "US"
demo = true
log = "trace"
[interface.lan]
address = "127.0.0.1"
udp = {port}
tls = {tls}
tls_certificate = "edge.pem"
tls_key = "edge.key"
side = "inside"
[trunk.east]
servers = [{{ uri = "sip:{east}" }}]
auth = {{ user = "acme", password = {{ env = "EAST_PASSWORD" }} }}
headers = [
  {{ set = "X-Api-Key", value = "{header}" }},
  {{ pass = "X-Session-Token" }},
]
health = {{ options = "off" }}
[user.hana]
name = "Hana"
number = "+14255550100"
password = {{ plain = "{hana}" }}
[user.minsu]
number = "+14255550101"
password = {{ file = "minsu.secret" }}
[route.national]
order = 10
to = "+1 NXX NXX XXXX"
use = [{{ trunk = "east" }}]
[test.national]
given = {{ from = "hana", dial = "206 555 0142" }}
expect = {{ trunk = "east" }}
"#
    )
}

/// A request of the phone's, with secrets wherever one could stand.
struct Said<'a> {
    method: &'a str,
    uri: &'a str,
    call: &'a str,
    count: u32,
    to_tag: &'a str,
    more: &'a str,
    body: &'a str,
}

impl Day {
    fn request(&self, said: &Said<'_>) -> String {
        let Said { method, uri, call, count, to_tag, more, body } = said;
        let (here, length) = (self.phone.address(), body.len());
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{call}-{count}-{method}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:hana:fr0m.ur1.p4ss@127.0.0.1>;tag={call}\r\nTo: <{uri}>{to_tag}\r\n\
             Call-ID: {call}@phone\r\nCSeq: {count} {method}\r\nContact: <sip:hana:c0ntact.p4ss@{here}>\r\n\
             {more}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Answers a challenge; the answer is a secret from now on.
    fn prove(&mut self, challenged: &str, password: &str, method: &str, uri: &str) -> String {
        let message = Message::parse(challenged.as_bytes()).unwrap();
        let (name, challenge) = pick(&message).unwrap();
        let credentials = Credentials { user: "hana", password };
        let mut chance = Chance::from_seed([7; 32]);
        let value = answer(challenge, credentials, method, uri, b"", &mut chance, 1).unwrap();
        let proof = value.split("response=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        self.secrets.plant("a proof", &proof);
        format!("{name}: {value}\r\n")
    }

    /// Registers with a wrong password, then with the right one.
    fn register(&mut self) {
        let uri = format!("sip:127.0.0.1:{}", self.port);
        let mut count = 0;
        for password in ["wr0ng-p4ssw0rd".to_owned(), self.secrets.hana.clone()] {
            self.secrets.plant("a wrong password", "wr0ng-p4ssw0rd");
            count += 1;
            let to =
                Said { method: "REGISTER", uri: &uri, call: "reg", count, to_tag: "", more: "", body: "" };
            let plain = self.request(&to).replace(&format!("To: <{uri}>"), "To: <sip:hana@127.0.0.1>");
            let plain = plain.replace("<sip:hana:fr0m.ur1.p4ss@", "<sip:hana@");
            self.phone.say(&plain);
            let challenged = self.phone.hear("SIP/2.0 401");
            let proof = self.prove(&challenged, &password, "REGISTER", &uri);
            let again = plain.replace(&format!("CSeq: {count}"), &format!("CSeq: {}", count + 1));
            let again = again.replace("z9hG4bK-", "z9hG4bK-again-");
            self.phone.say(&again.replace("Content-Length", &format!("{proof}Content-Length")));
            count += 1;
            let done = self.phone.hear("SIP/2.0 ");
            assert_eq!(done.starts_with("SIP/2.0 200"), password == self.secrets.hana, "{done}");
        }
    }

    /// An INVITE, with a proof if it is challenged; what it is answered with in the end begins so.
    fn invite(&mut self, said: &Said<'_>, end: &str) -> String {
        self.phone.say(&self.request(said));
        let mut answered = self.phone.hear_of(said.call, "SIP/2.0 ");
        if answered.starts_with("SIP/2.0 401") {
            let ack = Said { method: "ACK", more: "", body: "", ..*said };
            self.phone.say(&self.request(&ack).replace("-ACK", "-INVITE"));
            let password = self.secrets.hana.clone();
            let proof = self.prove(&answered, &password, "INVITE", said.uri);
            let more = format!("{proof}{}", said.more);
            self.phone.say(&self.request(&Said { more: &more, count: said.count + 1, ..*said }));
            answered = self.phone.hear_of(said.call, end);
        }
        assert!(answered.starts_with(end), "{answered}");
        answered
    }

    /// Takes the provider's part: challenges, is proven to, rings and answers with keys.
    fn provider_answers(east: &mut Far, number: &str) {
        let invite = east.hear("INVITE ");
        let challenge = "Proxy-Authenticate: Digest realm=\"east\", nonce=\"n0nce\", qop=\"auth\"\r\n";
        east.answer(&invite, "407 Proxy Authentication Required", challenge, "");
        let proven = east.hear("INVITE ");
        assert!(proven.contains("Proxy-Authorization: Digest ") && proven.contains(number), "{proven}");
        assert!(proven.contains("X-Api-Key: ") && proven.contains("X-Session-Token: "), "{proven}");
        east.answer(&proven, "180 Ringing", "", "");
        let contact = format!("Contact: <sip:far:prov1der.p4ss@{}>\r\n", east.address());
        let info = "Authentication-Info: qop=auth, rspauth=\"5ee5ee0ff1ce5ee5ee0ff1ce\", nc=00000001\r\n";
        let more = format!("{contact}{info}Content-Type: application/sdp\r\n");
        east.answer(&proven, "200 OK", &more, &description("4n5wer"));
    }

    /// A call with keys, digits and tokens, from the phone to the provider.
    fn call(&mut self, call: &str) {
        let uri = format!("sip:12065550142:r3quest.p4ss@127.0.0.1:{}", self.port);
        let more = "X-Session-Token: t0ken.0f.s3ssion\r\nCookie: sid=c00kie.0f.s3ssion\r\n\
                    Call-Info: <https://bob:w3b.p4ss@pictures.example/hana>\r\n\
                    Content-Type: application/sdp\r\n";
        let body = description("0ffer");
        let mut east = std::mem::replace(&mut self.east, Far::at("127.0.0.3", self.port));
        let provider = std::thread::spawn(move || {
            Day::provider_answers(&mut east, "2065550142");
            east
        });
        let said = Said { method: "INVITE", uri: &uri, call, count: 1, to_tag: "", more, body: &body };
        let answered = self.invite(&said, "SIP/2.0 200");
        self.east = provider.join().unwrap();
        let tag = value_of(&answered, "To").split(";tag=").nth(1).unwrap().to_owned();
        let to_tag = format!(";tag={tag}");
        let count = value_of(&answered, "CSeq").split(' ').next().unwrap().parse().unwrap();
        let contact = value_of(&answered, "Contact").trim_matches(['<', '>']).to_owned();
        let later = Said { method: "ACK", uri: &contact, call, count, to_tag: &to_tag, more: "", body: "" };
        self.phone.say(&self.request(&later));
        for (count, kind, body) in [
            (count + 1, "application/dtmf-relay", "Signal= 7\r\nDuration=31337\r\n"),
            (count + 2, "application/dtmf", "31337#4711"),
        ] {
            let more = format!("Content-Type: {kind}\r\n");
            self.phone.say(&self.request(&Said { method: "INFO", count, more: &more, body, ..later }));
            let info = self.east.hear("INFO ");
            self.east.answer(&info, "200 OK", "", "");
            self.phone.hear_of(call, "SIP/2.0 200");
        }
        let live = self.tandem(&["call", "list", "--live", "--dir", &self.home(), "--json"]);
        assert!(String::from_utf8_lossy(&live.stdout).contains("\"up\""), "{live:?}");
        self.get("/api/v1/calls");
        let end = Said { method: "BYE", count: count + 3, ..later };
        self.phone.say(&self.request(&end));
        let bye = self.east.hear("BYE ");
        self.east.answer(&bye, "200 OK", "", "");
        self.phone.hear_of(call, "SIP/2.0 200");
    }

    /// What is refused and turned away, and what is no message.
    fn knock(&mut self) {
        let uri = format!("sip:+8225550199:r3fused.p4ss@127.0.0.1:{}", self.port);
        let body = description("r3fused");
        let more = "Content-Type: application/sdp\r\n";
        let said =
            Said { method: "INVITE", uri: &uri, call: "refused", count: 1, to_tag: "", more, body: &body };
        self.invite(&said, "SIP/2.0 403");

        let stranger = Far::at("127.0.0.9", self.port);
        let proofs = [
            "Authorization: Digest username=\"x\", realm=\"y\", Response = \"5tranger5pr00f1\"\r\n",
            "Authorization: Digest username=\"x\",\r\n\tresponse=5tranger5pr00f2, nc=1\r\n",
            "Proxy-Authorization : Basic 5tranger5basic==\r\n",
            "authorization: Bearer 5tranger5bearer\r\n",
            "X-Auth-Token: 5tranger5token\r\n",
        ];
        for (at, proof) in proofs.iter().enumerate() {
            let call = format!("stranger-{at}");
            let said = Said { call: &call, more: &format!("{proof}{more}"), ..said };
            let text = self.request(&said).replace(&self.phone.address(), &stranger.address());
            let text = text.replace("<sip:hana:fr0m", "<sip:mallory:fr0m");
            stranger.say(&text);
            stranger.say(&text.replace("Max-Forwards: 70", "Max-Forwards: many"));
            stranger.say(&text.replace("CSeq: 1 ", "CSeq: none "));
        }
        self.house.wait_for_log("turned away");
    }

    fn home(&self) -> String {
        self.directory.text().to_owned()
    }
}

/// What is planted in messages.
const IN_MESSAGES: &[(&str, &str)] = &[
    ("the password of a URI", "fr0m.ur1.p4ss"),
    ("the password of a URI", "c0ntact.p4ss"),
    ("the password of a URI", "r3quest.p4ss"),
    ("the password of a URI", "r3fused.p4ss"),
    ("the password of a URI", "prov1der.p4ss"),
    ("the password of a page", "w3b.p4ss@"),
    ("a token", "t0ken.0f.s3ssion"),
    ("a cookie", "c00kie.0f.s3ssion"),
    ("a proof", "5ee5ee0ff1ce5ee5ee0ff1ce"),
    ("a proof", "5tranger5pr00f1"),
    ("a proof", "5tranger5pr00f2"),
    ("a proof", "5tranger5basic=="),
    ("a token", "5tranger5bearer"),
    ("a token", "5tranger5token"),
    ("a key press", "Signal= 7"),
    ("key presses", "31337#4711"),
];

/// A session description with every secret that one may hold.
fn description(seed: &str) -> String {
    let key = |which: u8| format!("{seed:x<12}K3y0fMed1a{which}").repeat(2)[..40].to_owned();
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         k=clear:{seed}.cl34r.k3y\r\na=key-mgmt:mikey {seed}+m1key+k3y\r\n\
         m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:{seed}1cepwd0123456789ab\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}|2^31|1:4;inline:{}|2^31|2:4\r\n\
         a=crypto:2 AEAD_AES_128_GCM inline:{}\r\n",
        key(1),
        key(2),
        key(3),
    )
}

fn plant_description(planted: &mut Planted, seed: &str) {
    for line in description(seed).lines().map(str::to_owned) {
        for key in line.split("inline:").skip(1) {
            planted.plant("a key of SDES", key.split(['|', ' ']).next().unwrap());
        }
        for (what, mark) in
            [("a key", "k=clear:"), ("a key of MIKEY", "mikey "), ("a password of checks", "ice-pwd:")]
        {
            line.split(mark).skip(1).for_each(|secret| drop(planted.plant(what, secret)));
        }
    }
}

/// Configurations that are wrong, each with a secret where people put them.
const WRONG: &[(&str, &str, &str)] = &[
    ("an unknown key", "pasword = \"unkn0wn.k3y.p4ss\"", "unkn0wn.k3y.p4ss"),
    ("another unknown key", "sip_login = \"unkn0wn.l0gin.p4ss\"", "unkn0wn.l0gin.p4ss"),
    ("no quotes", "password = unqu0ted.p4ss", "unqu0ted.p4ss"),
    ("digits without quotes", "password = 00815471108", "00815471108"),
    ("many lines", "password = \"\"\"\nm4ny.l1nes.p4ss\"\"\" x", "m4ny.l1nes.p4ss"),
    ("in the document", "password = \"d0cument.p4ss\"", "d0cument.p4ss"),
    ("a slip", "password = { plian = \"sl1p.0f.p4ss\" }", "sl1p.0f.p4ss"),
    ("two places", "password = { plain = \"tw0.places.p4ss\", env = \"X\" }", "tw0.places.p4ss"),
    ("a quote in it", "auth = { x = 1, password = \"a\\\"qu0te.p4ss\" }", "qu0te.p4ss"),
    ("a list", "password = [\"l1st.0f.p4ss\", 1]", "l1st.0f.p4ss"),
    ("no end", "password = \"n0.end.0f.p4ss", "n0.end.0f.p4ss"),
    ("a URI", "devices = [{ uri = \"sip:hana:ur1.t0ml.p4ss@127.0.0.1:99999\" }]", "ur1.t0ml.p4ss"),
    ("a token", "token = 't0ken.1n.toml'", "t0ken.1n.toml"),
    ("the word of a place", "password = { plain = pl41n.unqu0ted }", "pl41n.unqu0ted"),
];

/// Rules for headers that are wrong.
const WRONG_RULES: &[(&str, &str, &str)] = &[
    ("nothing to fill in", "{ set = \"X-Api-Key\", value = \"rul3.0f.api {nope}\" }", "rul3.0f.api"),
    (
        "two things",
        "{ value = \"rul3.tw0.things\", set = \"X-Secret\", remove = \"Date\" }",
        "rul3.tw0.things",
    ),
];

impl Day {
    /// Shows wrong configurations to everything that reads them.
    fn mistake(&mut self) {
        let good = fs::read_to_string(self.directory.path().join("house.toml")).unwrap();
        let users =
            WRONG.iter().map(|(what, line, secret)| (*what, good.replace("name = \"Hana\"", line), *secret));
        let rules = WRONG_RULES.iter().map(|(what, rule, secret)| {
            (*what, good.replace("{ pass = \"X-Session-Token\" }", rule), *secret)
        });
        let undemo = ("no demo", good.replace("demo = true", "demo = false"), "h4na?pl41n&p4ss");
        let wrongs: Vec<_> = users.chain(rules).chain([undemo]).collect();
        for (at, (what, text, secret)) in wrongs.into_iter().enumerate() {
            self.secrets.plant("a secret of a wrong document", secret);
            // Hidden, so that it is no part of the house.
            let wrong = self.directory.path().join(format!(".wrong-{at}"));
            fs::create_dir_all(&wrong).unwrap();
            fs::write(wrong.join("house.toml"), text).unwrap();
            let (wrong, home) = (wrong.display().to_string(), self.home());
            let checked = self.tandem(&["config", "check", &wrong]);
            assert_eq!(checked.status.code(), Some(1), "{what}: {checked:?}");
            self.tandem(&["config", "check", &wrong, "--json"]);
            self.tandem(&["config", "show", "east", "--dir", &wrong]);
            self.tandem(&["plan", &wrong, "--dir", &home]);
            self.tandem(&["plan", &wrong, "--dir", &home, "--json"]);
            self.tandem(&["apply", &wrong, "--dir", &home, "--yes"]);
        }
        let slip = "pasword = \"unkn0wn.k3y.p4ss\"";
        fs::write(self.directory.path().join("house.toml"), good.replace("name = \"Hana\"", slip)).unwrap();
        self.house.signal("-HUP");
        self.house.wait_for_log("the running policy goes on");
        fs::write(self.directory.path().join("house.toml"), &good).unwrap();

        let key = self.directory.path().join("edge.key");
        let sound = fs::read_to_string(&key).unwrap();
        let broken = "-----BEGIN PRIVATE KEY-----\nbr0kenKey0fTls0123456789\n-----END PRIVATE KEY-----\n";
        self.secrets.plant("a key of TLS", "br0kenKey0fTls0123456789");
        fs::write(&key, broken).unwrap();
        self.house.signal("-HUP");
        self.house.wait_for_log("the certificate in use stays");
        fs::write(&key, sound).unwrap();
    }

    /// Applies other secrets, goes back, and looks at both.
    fn change(&mut self) {
        let (path, home) = (self.directory.path().join("house.toml"), self.home());
        let good = fs::read_to_string(&path).unwrap();
        let other = self.secrets.plant("another password", "an0ther-pl41n-p4ss");
        let rule = self.secrets.plant("another value of a header", "an0ther-4p1-k3y");
        let changed = good.replace(&self.secrets.hana, &other).replace(&self.secrets.header, &rule);
        fs::write(&path, changed).unwrap();
        self.tandem(&["plan", "--dir", &home]);
        self.tandem(&["plan", "--dir", &home, "--json"]);
        let applied = self.tandem(&["apply", "--dir", &home, "--yes", "--why", "other secrets"]);
        assert!(applied.status.success(), "{applied:?}");
        for more in [&[][..], &["--json"]] {
            self.tandem(&[&["diff", "1", "--dir", &home], more].concat());
            self.tandem(&[&["revisions", "--dir", &home], more].concat());
        }
        let back = self.tandem(&["rollback", "1", "--dir", &home, "--why", "back"]);
        assert!(back.status.success(), "{back:?}");
        fs::write(&path, good).unwrap();
    }

    /// Every command that looks at something, in each of its forms.
    fn look(&mut self) {
        let home = self.home();
        let verbs: &[&[&str]] = &[
            &["config", "check", &home],
            &["config", "show", "east", "--dir", &home],
            &["explain", "206 555 0142", "--from", "hana", "--all", "--dir", &home],
            &["test", &home],
            &["failover", "test", "east", "--dir", &home],
            &["status", "--dir", &home],
            &["trunk", "list", "--dir", &home],
            &["trunk", "show", "east", "--dir", &home],
            &["user", "list", "--dir", &home],
            &["user", "show", "hana", "--dir", &home],
            &["number", "list", "--dir", &home],
            &["revisions", "--dir", &home],
            &["call", "list", "--dir", &home, "--last", "1000"],
            &["call", "list", "--refused", "--dir", &home],
        ];
        for verb in verbs {
            for more in [&[][..], &["--json"]] {
                let done = self.tandem(&[verb, more].concat());
                assert!(matches!(done.status.code(), Some(0 | 1)), "{verb:?}: {done:?}");
                assert!(!done.stdout.is_empty(), "{verb:?}: {done:?}");
            }
        }
        self.tandem(&["provider", "sheet", "east", "--dir", &home]);
        for id in self.ids() {
            for verb in ["show", "ladder"] {
                self.tandem(&["call", verb, &id, "--dir", &home]);
                self.tandem(&["call", verb, &id, "--dir", &home, "--json"]);
            }
            for form in ["--pcapng", "--hep", "--html", "--svg"] {
                let file = self.directory.path().join("call");
                self.tandem(&["call", "export", &id, form, file.to_str().unwrap(), "--dir", &home]);
                if let Ok(bytes) = fs::read(&file) {
                    self.house.gathered.take(format!("{form} of {id}"), bytes);
                    fs::remove_file(&file).unwrap();
                }
            }
        }
    }

    /// The names of every call that ended or was turned away, and the Call-IDs of strangers.
    fn ids(&mut self) -> Vec<String> {
        let list = self.tandem(&["call", "list", "--last", "1000", "--json", "--dir", &self.home()]);
        let list: Value = serde_json::from_slice(&list.stdout).unwrap();
        let of = |key: &str| -> Vec<String> {
            let all = list["ended"].as_array().into_iter().flatten();
            all.filter_map(|one| one[key].as_str().map(str::to_owned)).collect()
        };
        [of("id"), of("call_id")].concat()
    }

    /// Everything that can be asked by HTTP, as the house itself lists it, and what it refuses.
    fn browse(&mut self) {
        let page = self.get("/openapi.json");
        let document: Value = serde_json::from_str(page.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        assert!(paths.len() >= 9, "{paths:?}");
        let names = [self.ids(), vec!["east".to_owned(), "hana".to_owned(), "nobody".to_owned()]].concat();
        // What happens has no end; it is listened to from the beginning.
        for path in paths.iter().filter(|path| !path.ends_with("/events")) {
            let filled: Vec<String> = match path.contains("{id}") {
                true => names.iter().map(|name| path.replace("{id}", name)).collect(),
                false => vec![path.clone(), format!("{path}?number=12065550142&from=hana")],
            };
            for path in filled {
                self.get(&path);
            }
        }
        for path in ["/metrics", "/health", "/ready", "/nothing"] {
            self.get(path);
        }
        let wrong = self.secrets.plant("a token that is none", "wr0ng-t0ken-0123456789-0123");
        let query = format!("/api/v1/status?token={wrong}&access_token={wrong}");
        // The first stranger has a line of the audit log, and he says it in the wrong place.
        self.house.ask(&format!("GET {query} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n"));
        for more in [
            format!("Authorization: Bearer {wrong}"),
            format!("Authorization: Basic {wrong}"),
            format!("Cookie: token={wrong}"),
        ] {
            self.house.ask(&format!(
                "GET /api/v1/status HTTP/1.1\r\nHost: edge\r\n{more}\r\nConnection: close\r\n\r\n"
            ));
        }
        self.get(&query);
        // The request line itself is ours, and not the house's.
        self.house.gathered.0.iter_mut().for_each(|(place, _)| *place = place.replace(&wrong, "…"));
        self.house.ask(&format!("GARBAGE {wrong}\r\n\r\n"));
        self.house.gathered.0.last_mut().unwrap().0 = "garbage".to_owned();
    }

    /// What lies on the disk, but for what has to keep secrets; and who may read it.
    fn files(&mut self) -> Vec<String> {
        let data = self.directory.path().join("data");
        let mut open = Vec::new();
        for path in walked(&data) {
            let name = path.strip_prefix(&data).unwrap().display().to_string();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                open.push(format!("{name}: {mode:o}"));
            }
            // Documents are kept as they were written; a phone is reached by the Contact that it said.
            let must_keep = name.contains("documents/") || name == "phones/bindings.jsonl";
            if path.is_file() && !must_keep {
                self.house.gathered.take(name, fs::read(&path).unwrap());
            }
        }
        open
    }
}

#[test]
fn pain_24_planted_secrets_come_out_nowhere() {
    let mut day = Day::begin();
    IN_MESSAGES.iter().for_each(|(what, secret)| drop(day.secrets.plant(what, secret)));
    ["0ffer", "4n5wer", "r3fused"].iter().for_each(|seed| plant_description(&mut day.secrets.planted, seed));

    day.register();
    day.call("first");
    day.knock();
    day.mistake();
    day.change();
    day.call("second");
    day.look();
    day.browse();
    day.house.end();
    let open = day.files();
    let events = day.events.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&events).contains("event: call_ended"));
    day.house.gathered.take("events", events);
    let heard = [day.east.heard.clone(), day.phone.heard.clone()].concat();
    day.secrets.planted.plant_of_messages(&heard);

    let said = |words: &str| {
        day.house.gathered.0.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(words))
    };
    for words in ["X-Api-Key: *", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:*", "rspauth=\\\"*", "TD-C004"] {
        assert!(said(words), "nothing was shown of {words}: what is searched is not what was meant");
    }
    let kept = day.directory.path().join("data/revisions/1/documents/house.toml");
    assert!(fs::read_to_string(&kept).unwrap().contains(&day.secrets.hana), "a revision is kept as it is");
    assert_eq!(open, Vec::<String>::new(), "others than the owner may read these");
    assert!(day.secrets.planted.count() > 40);
    let leaks = day.house.gathered.leaks(&day.secrets.planted);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
