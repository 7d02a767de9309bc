//! Phones register, word by word, and calls find them: through the waist, by hand.
// A test has no shell to be given its first `now` by.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../house/mod.rs"]
mod house;
mod sleepers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{listener, settings_at};
use policy::{Policy, WallTime};
use sip_message::Message;
use sip_stack::auth::{self, Credentials};
use sip_stack::{Chance, ConnectionId, Flow, ListenerId, Transport};
use switch::{Command, CommandId, Input, Now, Outbox, Phones, Received, Reply, Settings, Switch};

const HOUSE: &str = r#"
format = 1

[system]
name = "edge"
country = "US"
realm = "house.example"
registrar = { least = "60s", most = "10m", devices = 2 }
provisioning = { secret = { env = "PHONES" }, interface = "lan" }

[interface.lan]
address = "127.0.0.1"
udp = 5060
tcp = 5060
media_ports = "30000-30099"
side = "inside"

[trunk.pbx]
kind = "pbx"
servers = [{ uri = "sip:127.0.0.2:5060" }]
accept = { sources = ["127.0.0.2"], did = "any" }
health = { options = "off" }

[user.hana]
number = "+14255550100"
password = { env = "HANA" }

[user.minsu]
number = "+14255550101"
password = { env = "MINSU" }

[user.wei]
number = "+14255550102"
phones = [{ mac = "80:5e:c0:12:34:56", make = "yealink" }]

[numbers.block]
range = ["+14255550100", "+14255550199"]
trunk = "pbx"
"#;

const PHONE: &str = "192.0.2.7:5060";

struct Bench {
    shards: Vec<Switch>,
    start: Instant,
    now: Instant,
    out: Outbox,
    chance: Chance,
    cseq: u32,
    connection: u32,
}

fn policy() -> Arc<Policy> {
    policy_of(HOUSE)
}

fn policy_of(text: &str) -> Arc<Policy> {
    let documents = model::load(&[model::SourceFile::new("house.toml", text)])
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut secrets = model::Secrets::new();
    for reference in documents.secret_refs() {
        let is_of_phones = *reference == model::SecretRef::Env("PHONES".into());
        let value = if is_of_phones { "a secret of thirty-two letters or more" } else { "correct horse" };
        secrets.insert(reference.clone(), value.to_owned());
    }
    house::policy_of(text, &secrets)
}

fn switch(shard: u8, shards: u8, now: Now) -> Switch {
    let lan = "127.0.0.1:5060".parse().unwrap();
    let listeners = [listener(0, Transport::Udp, lan), listener(1, Transport::Tcp, lan)].into();
    let settings = Settings { shard, shards, listeners, seed: [shard + 7; 32], ..settings_at(lan) };
    Switch::new(settings, policy(), now)
}

/// What a REGISTER says beside its user.
#[derive(Clone, Copy)]
struct Asking<'a> {
    from: &'a str,
    transport: Transport,
    call_id: &'a str,
    lines: &'a str,
}

impl Default for Asking<'_> {
    fn default() -> Self {
        Asking { from: PHONE, transport: Transport::Udp, call_id: "c1", lines: "" }
    }
}

impl Bench {
    fn new(shards: u8) -> Bench {
        let start = Instant::now();
        let now = Now { instant: start, wall: WallTime(1_800_000_000_000) };
        Bench {
            shards: (0..shards).map(|shard| switch(shard, shards, now)).collect(),
            start,
            now: start,
            out: Outbox::default(),
            chance: Chance::from_seed([3; 32]),
            cseq: 0,
            connection: 9,
        }
    }

    fn now(&self) -> Now {
        let since = (self.now - self.start).as_millis();
        Now { instant: self.now, wall: WallTime(1_800_000_000_000 + i64::try_from(since).unwrap()) }
    }

    fn give(&mut self, shard: usize, input: Input<'_>) {
        let now = self.now();
        self.shards[shard].handle(now, input, &mut self.out);
        for order in std::mem::take(&mut self.out.orders) {
            if let media::Order::Close { session } = order {
                let figures = Box::default();
                let event = media::Event::Finished { session, stream: 0, figures };
                self.shards[shard].handle(now, Input::Heard(event), &mut self.out);
            }
        }
        for news in std::mem::take(&mut self.out.news) {
            for other in (0..self.shards.len()).filter(|other| *other != shard) {
                self.shards[other].handle(now, Input::News(news.clone()), &mut self.out);
            }
        }
    }

    fn flow(&self, from: &str, transport: Transport) -> Flow {
        let connection = match transport {
            Transport::Udp => ConnectionId::NONE,
            _ => ConnectionId(self.connection),
        };
        let listener = ListenerId(u8::from(transport != Transport::Udp));
        Flow { transport, listener, connection, remote: from.parse().unwrap() }
    }

    /// Brings a message to the shard that it is steered to.
    fn hear(&mut self, flow: Flow, text: &str) {
        let bytes = text.replace('\n', "\r\n");
        let shard = sip_stack::steer(bytes.as_bytes(), u8::try_from(self.shards.len()).unwrap());
        self.give(usize::from(shard), Input::Received(Received { flow, bytes: bytes.as_bytes() }));
    }

    fn sent(&mut self) -> Vec<(Flow, String)> {
        let sends = std::mem::take(&mut self.out.sends);
        let text = |send: &sip_stack::Send| String::from_utf8(send.wire.bytes().to_vec()).unwrap();
        sends.iter().map(|send| (send.flow, text(send))).collect()
    }

    fn say(&mut self, user: &str, asking: Asking<'_>, proof: &str) -> String {
        self.cseq += 1;
        let (cseq, flow) = (self.cseq, self.flow(asking.from, asking.transport));
        let text = format!(
            "REGISTER sip:house.example SIP/2.0\nVia: SIP/2.0/{} 10.0.0.7:5060;branch=z9hG4bKr{cseq};rport\n\
             Max-Forwards: 70\nFrom: <sip:{user}@house.example>;tag=f\nTo: <sip:{user}@house.example>\n\
             Call-ID: {}\nCSeq: {cseq} REGISTER\n{}{proof}Content-Length: 0\n\n",
            asking.transport.via_name(),
            asking.call_id,
            asking.lines,
        );
        self.hear(flow, &text);
        let [(to, answer)] = &self.sent()[..] else { panic!("one answer to one REGISTER") };
        assert_eq!(to.remote, flow.remote);
        answer.clone()
    }

    fn proof(&mut self, user: &str, challenged: &str, password: &str, count: u32) -> String {
        let message = Message::parse(challenged.as_bytes()).unwrap();
        let (name, challenge) = auth::pick(&message).unwrap();
        let (credentials, uri) = (Credentials { user, password }, "sip:house.example");
        let chance = &mut self.chance;
        let value = auth::answer(challenge, credentials, "REGISTER", uri, b"", chance, count).unwrap();
        format!("{name}: {value}\n")
    }

    /// Registers, with the proof that is asked for.
    fn register(&mut self, user: &str, asking: Asking<'_>) -> String {
        let challenged = self.say(user, asking, "");
        assert!(challenged.starts_with("SIP/2.0 401 "), "{challenged}");
        let proof = self.proof(user, &challenged, "correct horse", 1);
        self.say(user, asking, &proof)
    }

    fn contact(&mut self, user: &str, from: &str, contact: &str) -> String {
        let lines = format!("Contact: {contact}\n");
        self.register(user, Asking { from, lines: &lines, ..Asking::default() })
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for shard in 0..self.shards.len() {
            while let Some(at) = self.shards[shard].deadline().filter(|at| *at <= until) {
                self.now = self.now.max(at);
                self.give(shard, Input::Deadline);
            }
        }
        self.now = until;
    }

    fn phones(&mut self, shard: usize) -> Phones {
        self.give(shard, Input::Command(CommandId(1), Command::Phones));
        match self.out.replies.pop() {
            Some((_, Reply::Phones(phones))) => phones,
            other => panic!("{other:?}"),
        }
    }

    /// An INVITE from the PBX; what the house says to others because of it, and the status of a refusal.
    fn calls(&mut self, number: &str) -> (Vec<(Flow, String)>, Option<u16>) {
        self.calls_uri(&format!("sip:{number}@127.0.0.1"))
    }

    fn calls_uri(&mut self, uri: &str) -> (Vec<(Flow, String)>, Option<u16>) {
        self.cseq += 1;
        let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
        let text = format!(
            "INVITE {uri} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKi{0}\n\
             Max-Forwards: 70\nFrom: <sip:+12065550142@127.0.0.2>;tag=p\nTo: <{uri}>\n\
             Call-ID: call-{0}\nCSeq: 1 INVITE\nContact: <sip:127.0.0.2>\n\
             Content-Type: application/sdp\nContent-Length: {1}\n\n",
            self.cseq,
            body.len()
        )
        .replace('\n', "\r\n");
        let text = format!("{text}{body}");
        let shard = sip_stack::steer(text.as_bytes(), u8::try_from(self.shards.len()).unwrap());
        let flow = self.flow("127.0.0.2:5060", Transport::Udp);
        self.give(usize::from(shard), Input::Received(Received { flow, bytes: text.as_bytes() }));
        let (back, out): (Vec<_>, Vec<_>) =
            self.sent().into_iter().partition(|(to, _)| to.remote == flow.remote);
        let status =
            back.iter().filter_map(|(_, answer)| answer[8..11].parse().ok()).find(|code| *code >= 300);
        (out, status)
    }
}

fn header<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    let lines = message.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

fn status(message: &str) -> u16 {
    message[8..11].parse().unwrap()
}

#[test]
fn d9_a_phone_proves_itself_by_sha_256_or_md5_and_a_replay_is_refused() {
    for algorithm in ["SHA-256", "MD5"] {
        let mut bench = Bench::new(1);
        let asking = Asking { lines: "Contact: <sip:hana@192.0.2.7:5060>\n", ..Asking::default() };
        let challenged = bench.say("hana", asking, "");
        let offered = header(&challenged, "WWW-Authenticate");
        assert_eq!(offered.len(), 2, "{challenged}");
        assert!(offered[0].contains("SHA-256") && offered[1].contains("MD5"), "{offered:?}");

        let alone = offered.iter().find(|one| one.contains(algorithm)).unwrap();
        let head = challenged.lines().filter(|line| !line.starts_with("WWW-")).collect::<Vec<_>>();
        let head = head.join("\r\n");
        let (start, rest) = head.split_once("\r\n").unwrap();
        let only = format!("{start}\r\nWWW-Authenticate: {alone}\r\n{rest}\r\n\r\n");
        let proof = bench.proof("hana", &only, "correct horse", 1);
        assert!(proof.contains(algorithm), "{proof}");
        assert_eq!(status(&bench.say("hana", asking, &proof)), 200);

        let replayed = bench.say("hana", asking, &proof);
        assert_eq!(status(&replayed), 401);
        assert!(replayed.contains("stale=true"), "{replayed}");
        let again = bench.proof("hana", &only, "correct horse", 2);
        assert_eq!(status(&bench.say("hana", asking, &again)), 200, "a nonce counts on");
    }
}

#[test]
fn d9_a_desk_phone_registers_its_user_alone_by_a_password_of_its_own_and_is_called() {
    let mut bench = Bench::new(2);
    let policy = policy();
    let phone = policy.phones().of("wei").next().unwrap();
    let (name, own) = (&*phone.proves_as, phone.password.clear().unwrap());
    let asking = Asking { lines: "Contact: <sip:wei@192.0.2.7:5060>\n", ..Asking::default() };
    let registered = |bench: &mut Bench, whom: &str, name: &str, password: &str| {
        let challenged = bench.say(whom, asking, "");
        let proof = bench.proof(name, &challenged, password, 1);
        status(&bench.say(whom, asking, &proof))
    };

    assert_eq!(registered(&mut bench, "wei", name, "correct horse"), 401);
    assert_eq!(registered(&mut bench, "wei", "wei", own), 401, "it is the phone's, and not the user's");
    assert_eq!(registered(&mut bench, "wei", "wei.805ec0000000", own), 401);
    assert_eq!(registered(&mut bench, "hana", name, own), 403);
    assert_eq!(registered(&mut bench, "wei", name, own), 200);

    let (sent, _) = bench.calls("+14255550102");
    assert!(sent.iter().any(|(flow, text)| {
        flow.remote == PHONE.parse::<SocketAddr>().unwrap() && text.starts_with("INVITE sip:wei@192.0.2.7")
    }));
}

#[test]
fn who_has_no_desk_phone_any_more_is_forgotten_with_it() {
    let mut bench = Bench::new(1);
    let policy = policy();
    let phone = policy.phones().of("wei").next().unwrap();
    let asking = Asking { lines: "Contact: <sip:wei@192.0.2.7:5060>\n", ..Asking::default() };
    let challenged = bench.say("wei", asking, "");
    let proof = bench.proof(&phone.proves_as, &challenged, phone.password.clear().unwrap(), 1);
    assert_eq!(status(&bench.say("wei", asking, &proof)), 200);
    let known = |bench: &mut Bench| bench.phones(0).users.iter().any(|user| &*user.user == "wei");
    assert!(known(&mut bench));

    let now = bench.now();
    let without =
        policy_of(&HOUSE.replace("phones = [{ mac = \"80:5e:c0:12:34:56\", make = \"yealink\" }]\n", ""));
    bench.shards[0].handle(now, Input::NewPolicy(without), &mut Outbox::default());

    assert!(!known(&mut bench));
    let challenged = bench.say("wei", asking, "");
    let proof = bench.proof(&phone.proves_as, &challenged, phone.password.clear().unwrap(), 1);
    assert_eq!(status(&bench.say("wei", asking, &proof)), 401);
}

#[test]
fn d9_a_digest_that_is_not_allowed_is_neither_offered_nor_taken() {
    let mut bench = Bench::new(1);
    let asking = Asking { lines: "Contact: <sip:hana@192.0.2.7:5060>\n", ..Asking::default() };
    let both = bench.say("hana", asking, "");
    let now = bench.now();
    let alone = policy_of(&HOUSE.replace("realm =", "digest = [\"md5\"]\nrealm ="));
    bench.shards[0].handle(now, Input::NewPolicy(alone), &mut Outbox::default());

    let only = bench.say("hana", asking, "");
    let offered = header(&only, "WWW-Authenticate");
    assert!(offered.len() == 1 && offered[0].contains("algorithm=MD5"), "{offered:?}");
    let stronger = bench.proof("hana", &both, "correct horse", 1);
    assert!(stronger.contains("SHA-256"), "{stronger}");
    assert_eq!(status(&bench.say("hana", asking, &stronger)), 401);
    let proof = bench.proof("hana", &only, "correct horse", 1);
    assert_eq!(status(&bench.say("hana", asking, &proof)), 200);
}

#[test]
fn d9_nobody_registers_with_a_wrong_password_for_another_or_as_nobody() {
    let mut bench = Bench::new(1);
    let asking = Asking { lines: "Contact: <sip:x@192.0.2.7:5060>\n", ..Asking::default() };

    for (user, password) in [("hana", "wrong"), ("nobody", "correct horse"), ("lobby", "correct horse")] {
        let challenged = bench.say(user, asking, "");
        let proof = bench.proof(user, &challenged, password, 1);
        assert_eq!(status(&bench.say(user, asking, &proof)), 401, "{user}");
    }
    let challenged = bench.say("minsu", asking, "");
    let proof = bench.proof("hana", &challenged, "correct horse", 1);
    let refused = bench.say("minsu", asking, &proof);
    assert_eq!(status(&refused), 403);
    assert!(header(&refused, "Warning")[0].contains("user name of the digest"), "{refused}");

    let phones = bench.phones(0);
    assert!(phones.users.is_empty());
    assert_eq!((phones.counters.challenged, phones.counters.unproven), (7, 1));
}

#[test]
fn a_challenge_keeps_nothing() {
    let mut bench = Bench::new(1);

    for _ in 0..1000 {
        assert_eq!(status(&bench.say("hana", Asking::default(), "")), 401);
    }

    assert_eq!(bench.shards[0].held().transactions, 0);
    assert_eq!(bench.phones(0).counters.challenged, 1000);
    assert!(bench.out.bindings.is_empty());
}

#[test]
fn bindings_are_listed_and_last_as_long_as_the_house_says() {
    let mut bench = Bench::new(1);

    let brief = bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>;expires=59");
    assert_eq!((status(&brief), header(&brief, "Min-Expires")), (423, vec!["60"]));
    let long = bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>;expires=86400;q=0.5");
    assert_eq!(header(&long, "Contact"), ["<sip:hana@192.0.2.7:5060>;expires=600;q=0.5"]);
    assert_eq!(header(&long, "Date").len(), 1);
    bench.pass(Duration::from_secs(100));
    let two = bench.register(
        "hana",
        Asking {
            call_id: "c2",
            lines: "Expires: 120\nContact: <sip:hana@192.0.2.8:5060>\n",
            from: "192.0.2.8:5060",
            ..Asking::default()
        },
    );
    let listed = header(&two, "Contact");
    assert_eq!(
        listed,
        ["<sip:hana@192.0.2.7:5060>;expires=500;q=0.5", "<sip:hana@192.0.2.8:5060>;expires=120"]
    );
    let asked = bench.register("hana", Asking { call_id: "c3", ..Asking::default() });
    assert_eq!(header(&asked, "Contact"), listed, "without Contact it only asks");

    bench.pass(Duration::from_secs(121));
    let asked = bench.register("hana", Asking { call_id: "c3", ..Asking::default() });
    assert_eq!(header(&asked, "Contact"), ["<sip:hana@192.0.2.7:5060>;expires=379;q=0.5"]);
    bench.pass(Duration::from_secs(400));
    assert!(bench.phones(0).users.is_empty());
}

#[test]
fn all_of_a_register_is_done_or_nothing() {
    let mut bench = Bench::new(1);
    bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>");
    let before = bench.phones(0).users;

    for (lines, expected) in [
        ("Contact: <sip:a@192.0.2.7:1>, <sip:b@192.0.2.7:2>;expires=5\n", 423),
        ("Contact: <sip:a@192.0.2.7:1>, <tel:+14255550100>\n", 400),
        ("Contact: <sip:a@192.0.2.7:1>;q=2\n", 400),
        ("Contact: *\n", 400),
        ("Contact: *, <sip:a@192.0.2.7:1>\nExpires: 0\n", 400),
        ("Contact: <sip:a@192.0.2.7:1>, <sip:b@192.0.2.7:2>\n", 403),
        ("Contact: <sip:a@192.0.2.7:1>\nPath: <sip:p@192.0.2.9;lr>\n", 420),
    ] {
        let refused = bench.register("hana", Asking { lines, call_id: "c2", ..Asking::default() });
        assert_eq!(status(&refused), expected, "{lines}");
        assert_eq!(bench.phones(0).users, before, "{lines}");
    }
    let lines = "Contact: <sip:a@192.0.2.7:1>\nRequire: gruu, path, gin\n";
    let refused = bench.say("hana", Asking { lines, ..Asking::default() }, "");
    assert_eq!((status(&refused), header(&refused, "Unsupported")), (420, vec!["gin"]));
}

#[test]
fn a_late_register_changes_nothing_and_a_star_forgets_all() {
    let mut bench = Bench::new(1);
    bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>");
    bench.cseq = 500;
    bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>");

    bench.cseq = 100;
    let late = bench.contact("hana", PHONE, "<sip:hana@192.0.2.7:5060>;expires=0");
    assert_eq!(status(&late), 500);
    assert_eq!(bench.phones(0).users.len(), 1);
    bench.cseq = 600;
    let lines = "Contact: *\nExpires: 0\n";
    let gone = bench.register("hana", Asking { lines, ..Asking::default() });
    assert_eq!((status(&gone), header(&gone, "Contact").len()), (200, 0));
    assert!(bench.phones(0).users.is_empty());
    assert!(bench.out.bindings.last().unwrap().bindings.is_empty(), "that is kept too");
}

#[test]
fn d3_a_phone_behind_a_nat_is_called_where_it_was_heard_and_nobody_registered_is_480() {
    let mut bench = Bench::new(1);
    let (out, refused) = bench.calls("+14255550100");
    assert_eq!((out.len(), refused), (0, Some(480)));

    bench.contact("hana", "192.0.2.7:33001", "<sip:hana@10.0.0.7:5060;line=xyz>");
    let (out, _) = bench.calls("+14255550100");
    let [(flow, invite)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(flow.remote, "192.0.2.7:33001".parse::<SocketAddr>().unwrap());
    assert!(invite.starts_with("INVITE sip:hana@10.0.0.7:5060;line=xyz SIP/2.0\r\n"), "{invite}");

    let mut open = Bench::new(1);
    open.contact("hana", "192.0.2.7:33001", "<sip:hana@192.0.2.7:5070>");
    let (out, _) = open.calls("+14255550100");
    assert_eq!(out[0].0.remote, "192.0.2.7:5070".parse::<SocketAddr>().unwrap(), "its own address counts");
}

#[test]
fn d4_a_device_that_comes_again_replaces_itself_and_not_another() {
    let mut bench = Bench::new(1);
    let of = |contact: &str, urn: &str| format!("<sip:hana@{contact}>;+sip.instance=\"<urn:uuid:{urn}>\"");
    bench.contact("hana", "192.0.2.7:1001", &of("10.0.0.7:5060", "one"));
    bench.contact("hana", "192.0.2.7:1002", &of("10.0.0.7:5060", "two"));

    let again = of("10.0.0.9:5062", "one");
    let lines = format!("Contact: {again}\n");
    let asking = Asking { from: "192.0.2.9:1003", call_id: "c9", lines: &lines, ..Asking::default() };
    let listed = bench.register("hana", asking);

    assert_eq!(status(&listed), 200);
    assert_eq!(header(&listed, "Contact").len(), 2, "{listed}");
    assert!(listed.contains("10.0.0.9:5062") && listed.contains("urn:uuid:two"), "{listed}");
    assert!(header(&listed, "Require").is_empty(), "datagrams keep no flow");
    let third = bench.contact("hana", "192.0.2.7:1004", &of("10.0.0.8:5060", "three"));
    assert_eq!(status(&third), 403);
    assert!(header(&third, "Warning")[0].contains("2 registered devices at most"), "{third}");
}

#[test]
fn d4_the_second_flow_of_a_device_is_used_at_once_when_the_first_has_died() {
    let mut bench = Bench::new(1);
    let lines = |number: u32| {
        format!(
            "Supported: path, outbound\n\
             Contact: <sip:hana@10.0.0.7:5060;transport=tcp>;+sip.instance=\"<urn:uuid:one>\";\
             reg-id={number}\n"
        )
    };
    for (number, connection) in [(1, 21), (2, 22)] {
        bench.connection = connection;
        let (lines, from) = (lines(number), format!("192.0.2.7:{connection}"));
        let asking = Asking { from: &from, transport: Transport::Tcp, call_id: &from, lines: &lines };
        let done = bench.register("hana", asking);
        assert_eq!(header(&done, "Contact").len(), number as usize, "{done}");
        assert_eq!((header(&done, "Require"), header(&done, "Flow-Timer")), (vec!["outbound"], vec!["120"]));
    }

    let (out, _) = bench.calls("+14255550100");
    assert_eq!(out.len(), 1, "two flows are one phone");
    let first = out[0].0;
    bench.give(0, Input::FlowFailed(first));
    let next: Vec<_> = bench.sent().into_iter().filter(|(_, text)| text.starts_with("INVITE")).collect();
    assert_eq!(next.len(), 1);
    assert_ne!(next[0].0.connection, first.connection);
    bench.give(0, Input::FlowFailed(next[0].0));
    let refused = bench.sent();
    assert!(refused.iter().any(|(_, text)| status(text) == 480 || status(text) >= 500), "{refused:?}");
    let (out, refused) = bench.calls("+14255550100");
    assert_eq!((out.len(), refused), (0, Some(480)), "nobody is there any more");
}

#[test]
fn d12_a_path_is_kept_told_and_taken() {
    let mut bench = Bench::new(1);
    let lines = "Supported: path\nPath: <sip:branch@127.0.0.9:5062;lr>\n\
                 Contact: <sip:hana@10.0.0.7:5060>\n";

    let done = bench.register("hana", Asking { lines, from: "127.0.0.9:5062", ..Asking::default() });
    assert_eq!(header(&done, "Path"), ["<sip:branch@127.0.0.9:5062;lr>"]);

    let (out, _) = bench.calls("+14255550100");
    let [(flow, invite)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(flow.remote, "127.0.0.9:5062".parse::<SocketAddr>().unwrap());
    assert!(invite.starts_with("INVITE sip:hana@10.0.0.7:5060 SIP/2.0"), "{invite}");
    assert_eq!(header(invite, "Route"), ["<sip:branch@127.0.0.9:5062;lr>"]);
}

#[test]
fn all_shards_know_the_phones_and_what_was_kept_is_known_again() {
    let mut bench = Bench::new(3);
    for user in ["hana", "minsu"] {
        bench.contact(user, PHONE, &format!("<sip:{user}@192.0.2.7:5060>"));
        bench.contact(user, "192.0.2.8:4000", &format!("<sip:{user}@10.0.0.8:5060>"));
    }
    let known = bench.phones(0).users;
    assert_eq!(known.iter().map(|user| user.phones.len()).collect::<Vec<_>>(), [2, 2]);
    for shard in 1..3 {
        assert_eq!(bench.phones(shard).users, known, "shard {shard}");
    }

    let kept = std::mem::take(&mut bench.out.bindings);
    assert_eq!(kept.len(), 4);
    bench.pass(Duration::from_secs(60));
    let now = bench.now();
    bench.shards = vec![switch(0, 1, now)];
    bench.shards[0].restore(now, &kept);
    let again = bench.phones(0).users;
    let seconds = again.iter().flat_map(|user| user.phones.iter().map(|phone| phone.seconds));
    assert!(seconds.clone().all(|left| left == 540), "{:?}", seconds.collect::<Vec<_>>());
    let (out, _) = bench.calls("+14255550100");
    assert_eq!(out.len(), 2, "both of them ring");
    bench.now += Duration::from_secs(3600);
    let now = bench.now();
    bench.shards = vec![switch(0, 1, now)];
    bench.shards[0].restore(now, &kept);
    assert!(bench.phones(0).users.is_empty(), "what has ended since is left out");
}

/// The public and the temporary GRUU of each contact of a 200 to a REGISTER.
fn gruus(answer: &str) -> Vec<(String, String)> {
    let part = |contact: &str, name: &str| {
        let said = contact.split(&format!(";{name}=\"")).nth(1).unwrap();
        said.split('"').next().unwrap().to_owned()
    };
    let contacts = header(answer, "Contact").into_iter().filter(|one| one.contains("gruu"));
    contacts.map(|one| (part(one, "pub-gruu"), part(one, "temp-gruu"))).collect()
}

/// The phone `desk` or `soft` registers; its own GRUUs come first.
fn names(bench: &mut Bench, who: &str, (call_id, more): (&str, &str)) -> Vec<(String, String)> {
    let (port, from) = if who == "desk" { (5060, PHONE) } else { (5070, "192.0.2.8:5070") };
    let lines = format!(
        "Supported: gruu\nContact: <sip:hana@{}:{port}>;+sip.instance=\"<urn:x:{who}>\"{more}\n",
        &from[..9]
    );
    let done = bench.register("hana", Asking { from, call_id, lines: &lines, ..Asking::default() });
    assert_eq!(status(&done), 200, "{done}");
    assert!(header(&done, "Supported").iter().all(|tags| !tags.contains("gruu")), "RFC 5627 5.2");
    let mut listed = gruus(&done);
    listed.sort_by_key(|(public, _)| !public.contains(&format!("urn:x:{who}.")));
    listed
}

/// Where an INVITE to a URI goes, or what refuses it.
fn leads(bench: &mut Bench, uri: &str) -> Result<String, Option<u16>> {
    let (out, refused) = bench.calls_uri(uri);
    match &out[..] {
        [(flow, invite)] => {
            assert!(!invite.contains("gruu") && !invite.contains(";gr"), "{invite}");
            Ok(flow.remote.to_string())
        }
        [] => Err(refused),
        more => panic!("{more:?}"),
    }
}

#[test]
fn d5_a_gruu_reaches_the_one_device_that_it_names_as_long_as_it_holds() {
    let mut bench = Bench::new(2);
    let [(desk, first)] = &names(&mut bench, "desk", ("c1", ""))[..] else { panic!("one phone") };
    let all = names(&mut bench, "soft", ("c2", ""));
    let (soft, of_soft) = &all[0];
    assert_ne!(desk, soft);
    assert_eq!((&all[1].0, all[1].1 == *first), (desk, false), "a temporary one is new each time");
    assert!(desk.starts_with("sip:hana@house.example;gr=urn:x:desk."), "{desk}");
    assert!(of_soft.starts_with("sip:tgruu.") && of_soft.ends_with("@house.example;gr"), "{of_soft}");

    for (uri, at) in [(desk, PHONE), (first, PHONE), (soft, "192.0.2.8:5070"), (of_soft, "192.0.2.8:5070")] {
        assert_eq!(leads(&mut bench, uri).unwrap(), at, "{uri}");
    }
    assert_eq!(bench.calls("+14255550100").0.len(), 2, "the number rings both");

    // A refresh adds a temporary one; a new Call-ID makes those before it void.
    let again = names(&mut bench, "desk", ("c1", ""));
    for uri in [first, &again[0].1] {
        assert_eq!(leads(&mut bench, uri).unwrap(), PHONE);
    }
    let anew = names(&mut bench, "desk", ("c3", ""));
    assert_eq!(anew[0].0, *desk, "the public one stays");
    for (uri, expected) in [
        (first, Err(Some(404))),
        (&again[0].1, Err(Some(404))),
        (&anew[0].1, Ok(PHONE.to_owned())),
        (desk, Ok(PHONE.to_owned())),
        (of_soft, Ok("192.0.2.8:5070".to_owned())),
    ] {
        assert_eq!(leads(&mut bench, uri), expected, "{uri}");
    }

    // The device leaves: the public one is still its own, and its temporary ones never come back.
    names(&mut bench, "desk", ("c3", ";expires=0"));
    assert_eq!(leads(&mut bench, desk), Err(Some(480)));
    assert_eq!(leads(&mut bench, &anew[0].1), Err(Some(404)));
    names(&mut bench, "desk", ("c3", ""));
    assert_eq!(leads(&mut bench, desk).unwrap(), PHONE);
    assert_eq!(leads(&mut bench, &anew[0].1), Err(Some(404)));
    for never in [desk.replace("urn:x:desk", "urn:x:lamp"), "sip:hana@house.example;gr".to_owned()] {
        assert_eq!(leads(&mut bench, &never), Err(Some(404)), "{never}");
    }
}

#[test]
fn d5_gruus_hold_in_the_next_life_of_the_house_if_the_key_was_kept() {
    let mut bench = Bench::new(1);
    let given = names(&mut bench, "desk", ("c1", ""));
    let (public, temporary) = &given[0];
    let kept = std::mem::take(&mut bench.out.bindings);

    let now = bench.now();
    bench.shards = vec![switch(0, 1, now)];
    assert_eq!(leads(&mut bench, public), Err(Some(480)), "it was given, and nobody is there yet");
    assert_eq!(leads(&mut bench, temporary), Err(Some(404)));
    bench.shards[0].restore(now, &kept);
    assert_eq!(leads(&mut bench, public).unwrap(), PHONE);
    assert_eq!(leads(&mut bench, temporary).unwrap(), PHONE);
    let again = names(&mut bench, "desk", ("c1", ""));
    assert_eq!(again[0].0, *public);
    assert_eq!(leads(&mut bench, temporary).unwrap(), PHONE, "the series goes on");
}

#[test]
fn d5_gruus_are_given_to_whoever_wants_them_and_says_which_device_it_is() {
    let mut bench = Bench::new(1);
    let instance = "<sip:hana@192.0.2.7:5060>;+sip.instance=\"<urn:x:desk>\"";
    let silent = bench.contact("hana", PHONE, instance);
    assert!(!silent.contains("gruu"), "{silent}");
    let lines = "Supported: gruu\nContact: <sip:hana@192.0.2.7:5060>\n";
    let nameless = bench.register("hana", Asking { lines, call_id: "c4", ..Asking::default() });
    assert!(!nameless.contains("gruu"), "{nameless}");

    let given = names(&mut bench, "desk", ("c1", ""));
    // What leads back to the address itself would be looked for in a circle.
    for contact in ["sip:hana@house.example", &given[0].0, &given[0].1, "tel:+14255550100"] {
        let lines = format!("Contact: <{contact}>;+sip.instance=\"<urn:x:other>\"\n");
        let refused = bench.register("hana", Asking { lines: &lines, call_id: "c5", ..Asking::default() });
        assert_eq!(status(&refused), 403, "{contact}: {refused}");
    }
    // Baresip would cut what stands in quotes at its first semicolon, and call itself by that.
    let lines = "Supported: gruu\nUser-Agent: baresip v1.0.0 (x86_64/linux)\n";
    let torn = bench.register("hana", Asking { lines, ..Asking::default() });
    assert!(gruus(&torn).is_empty(), "{torn}");
    assert_eq!(
        bench.phones(0).users[0].phones[0].gruu.as_ref(),
        Some(&given[0].0),
        "it has one all the same"
    );
    let asked = bench.register("hana", Asking { lines: "Supported: gruu\n", ..Asking::default() });
    assert_eq!(gruus(&asked)[0].0, given[0].0, "who only asks is told too: {asked}");
}

#[test]
fn d5_all_flows_of_a_device_have_one_series_and_one_that_began_anew_voids_it_for_all() {
    let mut bench = Bench::new(1);
    let flow = |bench: &mut Bench, number: u32, call_id: &str| {
        bench.connection = 20 + number;
        let lines = format!(
            "Supported: path, outbound, gruu\nContact: <sip:hana@10.0.0.7;transport=tcp>;\
             +sip.instance=\"<urn:x:desk>\";reg-id={number}\n"
        );
        let from = format!("192.0.2.7:{}", 20 + number);
        let asking = Asking { from: &from, transport: Transport::Tcp, call_id, lines: &lines };
        gruus(&bench.register("hana", asking))
    };
    let first = flow(&mut bench, 1, "c1");
    let both = flow(&mut bench, 2, "c2");
    assert_eq!((both.len(), &both[0]), (2, &both[1]), "one device, one name");
    for (_, temporary) in first.iter().chain(&both) {
        assert_eq!(bench.calls_uri(temporary).0.len(), 1, "another flow is not another device");
    }

    let anew = flow(&mut bench, 1, "c3");
    for (_, temporary) in first.iter().chain(&both) {
        assert_eq!(bench.calls_uri(temporary).1, Some(404));
    }
    assert_eq!(bench.calls_uri(&anew[1].1).0.len(), 1);
}
