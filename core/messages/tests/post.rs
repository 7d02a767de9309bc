//! Messages are written down, handed out in their order, and lost by nobody (RFC 3428).
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use messages::{Kept, Post, Surroundings};
use model::{SecretRef, Secrets, SourceFile};
use policy::{Policy, WallTime};
use registrar::{Bell, Binding, Kept as KeptPhones, Naming, Table, Wake, Wakes, Why};
use sip_message::Message;
use sip_stack::auth::{self, Credentials, Guard};
use sip_stack::{
    Chance, ConnectionId, Flow, Heard, Late, Listener, ListenerId, Send, Settings, Stack, Transport,
};

const DOCUMENTS: &str = r#"format = 1
[system]
name = "contoso.example"
country = "US"

[interface.lan]
address = "10.20.0.1"
udp = 5060
tcp = 5060
side = "inside"

[user.hana]
name = "Hana Kim"
number = "+14255550100"
extension = "100"
password = { env = "HANA" }

[user.minsu]
number = "+14255550101"
extension = "101"
password = { env = "MINSU" }
"#;

const MINSU: &str = "sip:minsu@contoso.example";
const TEXT: &str = "Content-Type: text/plain\r\n";

struct Scene {
    post: Post,
    stack: Stack,
    guard: Guard,
    policy: Arc<Policy>,
    table: Table,
    wakes: Wakes,
    now: Instant,
    wall: WallTime,
    sends: Vec<Send>,
    /// What the disk has.
    disk: BTreeMap<String, String>,
    asked: u32,
}

fn policy_of(text: &str) -> Arc<Policy> {
    let documents = model::load(&[SourceFile::new("contoso.toml", text)]).unwrap();
    let mut secrets = Secrets::new();
    for name in ["HANA", "MINSU"] {
        secrets.insert(SecretRef::Env(name.into()), format!("secret of {name}"));
    }
    secrets.insert(SecretRef::Env("PUSH".into()), "a key that is signed with, and long".to_owned());
    Arc::new(policy::compile(&documents, &secrets).unwrap_or_else(|all| panic!("{all:#?}")))
}

fn flow(remote: &str) -> Flow {
    let remote = remote.parse().unwrap();
    Flow { transport: Transport::Udp, listener: ListenerId(0), connection: ConnectionId::NONE, remote }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Scene {
    fn new() -> Scene {
        #[allow(clippy::disallowed_methods, reason = "an instant to begin with; it never runs on")]
        Scene::at(Instant::now(), WallTime(1_763_632_800_000), 0)
    }

    fn at(now: Instant, wall: WallTime, shard: u8) -> Scene {
        let listeners = [(0, Transport::Udp), (1, Transport::Tcp)].map(|(id, transport)| Listener {
            id: ListenerId(id),
            transport,
            bind: "10.20.0.1:5060".parse().unwrap(),
            sent_by: "10.20.0.1:5060".into(),
            interface: 0,
        });
        let listeners: Arc<[Listener]> = Arc::new(listeners);
        let policy = policy_of(DOCUMENTS);
        let settings = Settings::new(shard, Arc::clone(&listeners), "Tandem/test".into());
        Scene {
            post: Post::new(shard),
            stack: Stack::new(settings, Chance::from_seed([shard + 3; 32])),
            guard: Guard::new(policy.realm(), [5; 32]),
            table: Table::new(listeners, &[5; 32]),
            wakes: Wakes::default(),
            policy,
            now,
            wall,
            sends: Vec::new(),
            disk: BTreeMap::new(),
            asked: 0,
        }
    }

    /// The process after this one.
    fn again(&self, (shard, shards): (u8, u8), later: u64) -> Scene {
        let wall = WallTime(self.wall.0 + i64::try_from(later * 1000).unwrap());
        let mut scene = Scene::at(self.now + seconds(later), wall, shard);
        scene.disk.clone_from(&self.disk);
        for line in self.disk.values() {
            let mut kept: Kept = serde_json::from_str(line).unwrap();
            kept.expire(scene.wall);
            scene.with(|post, around| post.restore(around, shards, &kept));
        }
        scene
    }

    fn with<T>(&mut self, event: impl FnOnce(&mut Post, &mut Surroundings<'_>) -> T) -> T {
        let mut around = Surroundings {
            now: self.now,
            wall: self.wall,
            policy: &self.policy,
            table: &self.table,
            wakes: &mut self.wakes,
            stack: &mut self.stack,
            guard: &mut self.guard,
            sends: &mut self.sends,
        };
        let result = event(&mut self.post, &mut around);
        for kept in self.post.take_kept() {
            match kept.is_nothing() {
                true => drop(self.disk.remove(&*kept.key())),
                false => {
                    drop(self.disk.insert(kept.key().to_string(), serde_json::to_string(&kept).unwrap()))
                }
            }
        }
        result
    }

    /// A user's phones are at these addresses, by this transport.
    fn phones(&mut self, user: &str, transport: &str, at: &[&str]) {
        let until = self.wall.0 + 3_600_000;
        let binding = |at: &&str| {
            let flow = format!(r#"{{"transport":"{transport}","local":"10.20.0.1:5060","remote":"{at}"}}"#);
            format!(
                r#"{{"contact":"sip:{user}@{at}","priority":1000,"call_id":"{at}","cseq":1,"registered":0,
                    "until":{until},"source":{flow},"reach":{{"at":{flow}}}}}"#
            )
        };
        let bindings: Vec<String> = at.iter().map(binding).collect();
        let text = format!(r#"{{"user":"{user}","bindings":[{}]}}"#, bindings.join(","));
        let kept: KeptPhones = serde_json::from_str(&text).unwrap();
        self.table.restore((self.now, self.wall), &kept);
        let changed: BTreeSet<Arc<str>> = self.table.take_changes();
        self.with(|post, around| post.registered(around, &changed));
    }

    fn hear(&mut self, flow: Flow, text: &str) {
        let mut sends = std::mem::take(&mut self.sends);
        match self.stack.receive(self.now, flow, text.as_bytes(), &mut sends) {
            Heard::Request { server, message, .. } => {
                self.sends = sends;
                self.with(|post, around| post.asked(around, server, &message));
            }
            Heard::Response { client, owner, message, .. } => {
                self.sends = sends;
                self.with(|post, around| post.answered(around, client, owner.key, &message));
            }
            _ => self.sends = sends,
        }
    }

    fn request(&mut self, user: &str, uri: &str, headers: &str, body: &str) -> String {
        self.asked += 1;
        let (number, length) = (self.asked, body.len());
        format!(
            "MESSAGE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.20.0.31:5060;branch=z9hG4bKx{number}\r\n\
             From: <sip:{user}@contoso.example>;tag=f\r\nTo: <{uri}>\r\nCall-ID: c{number}\r\n\
             CSeq: {number} MESSAGE\r\nMax-Forwards: 70\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Says something, and proves who says it; returns the answer.
    fn says(&mut self, user: &str, uri: &str, headers: &str, body: &str) -> String {
        let first = self.request(user, uri, headers, body);
        self.hear(flow("10.20.0.31:5060"), &first);
        let answer = self.answer();
        let challenge = answer.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: "));
        let password = format!("secret of {}", user.to_uppercase());
        let who = Credentials { user, password: &password };
        let chance = &mut Chance::from_seed([9; 32]);
        let proof =
            auth::answer(challenge.unwrap(), who, "MESSAGE", uri, body.as_bytes(), chance, 1).unwrap();
        let again = self.request(user, uri, &format!("{headers}Authorization: {proof}\r\n"), body);
        self.hear(flow("10.20.0.31:5060"), &again);
        self.answer()
    }

    fn answer(&mut self) -> String {
        let at = self.sends.iter().position(|send| send.wire.bytes().starts_with(b"SIP/2.0")).unwrap();
        String::from_utf8(self.sends.remove(at).wire.bytes().to_vec()).unwrap()
    }

    /// The messages that have left, and where to.
    fn left(&mut self) -> Vec<(String, String)> {
        let text = |send: Send| {
            (send.flow.remote.to_string(), String::from_utf8(send.wire.bytes().to_vec()).unwrap())
        };
        self.sends.drain(..).map(text).collect()
    }

    fn bodies(left: &[(String, String)]) -> Vec<&str> {
        left.iter().map(|(_, text)| text.split("\r\n\r\n").nth(1).unwrap()).collect()
    }

    /// A device answers a message.
    fn answers(&mut self, (at, text): &(String, String), status: &str) {
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let lines = text.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
        let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
        self.hear(flow(at), &format!("SIP/2.0 {status}\r\n{lines}Content-Length: 0\r\n\r\n"));
    }

    fn passes(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let next = [self.post.deadline(), self.stack.deadline()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.go_to(at.max(self.now));
            let mut late: Vec<Late> = Vec::new();
            let mut sends = std::mem::take(&mut self.sends);
            self.stack.expire(self.now, &mut sends, &mut late);
            self.sends = sends;
            for late in late {
                self.with(|post, around| post.late(around, &late));
            }
            self.with(Post::expire);
        }
        self.go_to(end);
    }

    fn go_to(&mut self, at: Instant) {
        self.wall = WallTime(self.wall.0 + i64::try_from((at - self.now).as_millis()).unwrap());
        self.now = at;
    }

    fn wait(&self) -> usize {
        self.post.waiting().iter().map(|waiting| waiting.messages).sum()
    }
}

#[test]
fn l10_a_message_reaches_every_device_and_is_done_when_one_has_taken_it() {
    let mut scene = Scene::new();
    scene.phones("minsu", "udp", &["10.20.0.32:5060", "10.20.0.33:5060"]);
    let answer = scene.says("hana", "sip:101@contoso.example", TEXT, "lunch?");
    assert!(answer.starts_with("SIP/2.0 202"), "{answer}");

    let left = scene.left();
    assert_eq!(Scene::bodies(&left), ["lunch?", "lunch?"]);
    assert!(left[0].1.starts_with("MESSAGE sip:minsu@10.20.0.32:5060 SIP/2.0"), "{}", left[0].1);
    let message = Message::parse(left[0].1.as_bytes()).unwrap();
    assert!(message.named("From").unwrap().starts_with("\"Hana Kim\" <sip:hana@contoso.example>;tag="));
    assert_eq!(message.named("Content-Type"), Some("text/plain"));
    assert_eq!(message.named("Date"), Some("Thu, 20 Nov 2025 10:00:00 GMT"));
    assert_eq!(message.named("Contact"), None, "RFC 3428 4 wants none");
    assert_eq!(scene.disk.len(), 1, "it is kept until somebody has it");

    scene.answers(&left[1], "200 OK");
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0));
    assert_eq!(scene.post.counters().delivered, 1);
    scene.answers(&left[0], "486 Busy Here");
    scene.passes(seconds(3600));
    assert!(scene.left().is_empty(), "nothing is said twice");
}

#[test]
fn l10_who_is_away_gets_all_messages_in_their_order_on_return_even_from_the_process_after_this_one() {
    let mut scene = Scene::new();
    for body in ["one", "two", "three"] {
        assert!(scene.says("hana", MINSU, TEXT, body).starts_with("SIP/2.0 202"));
        scene.passes(seconds(60));
    }
    assert!(scene.left().is_empty());
    assert_eq!(scene.disk.len(), 3);

    let mut scene = scene.again((0, 1), 3600);
    assert_eq!(scene.wait(), 3);
    scene.passes(seconds(1));
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    let mut taken = Vec::new();
    for _ in 0..3 {
        let left = scene.left();
        assert_eq!(left.len(), 1, "one after the other: {left:?}");
        taken.push(Scene::bodies(&left)[0].to_owned());
        scene.answers(&left[0], "200 OK");
    }
    assert_eq!(taken, ["one", "two", "three"]);
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0));
}

#[test]
fn l10_a_silent_or_busy_device_is_tried_again_and_a_refusal_is_final() {
    let mut scene = Scene::new();
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    scene.says("hana", MINSU, TEXT, "one");
    scene.left();
    // Timer F, then a rest of a minute.
    scene.passes(seconds(33));
    scene.left();
    scene.passes(seconds(30));
    assert!(scene.left().is_empty());
    scene.passes(seconds(31));
    let left = scene.left();
    assert_eq!(Scene::bodies(&left)[0], "one");
    scene.answers(&left[0], "486 Busy Here");
    scene.passes(seconds(110));
    assert!(scene.left().is_empty(), "a longer rest");
    // Unless the phone says that it is there.
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    let left = scene.left();
    scene.answers(&left[0], "415 Unsupported Media Type");
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0));
    assert_eq!(scene.post.counters().declined, 1);
}

#[test]
fn l10_nobody_speaks_without_a_proof_and_what_cannot_be_done_is_refused() {
    let mut scene = Scene::new();
    let unproven = scene.request("hana", MINSU, TEXT, "hello");
    scene.hear(flow("10.20.0.31:5060"), &unproven);
    assert!(scene.answer().starts_with("SIP/2.0 401"));
    let long = "x".repeat(17 * 1024);
    for (uri, headers, body, status) in [
        ("sip:nobody@contoso.example", TEXT, "hello", "404"),
        ("sip:+12065550142@contoso.example", TEXT, "hello", "404"),
        (MINSU, "", "hello", "400"),
        (MINSU, TEXT, long.as_str(), "413"),
        (MINSU, "Require: made-up\r\nContent-Type: text/plain\r\n", "hello", "420"),
    ] {
        let answer = scene.says("hana", uri, headers, body);
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{uri}: {answer}");
    }
    assert_eq!((scene.wait(), scene.disk.len(), scene.stack.transactions()), (0, 0, 5));
    for _ in 0..100 {
        assert!(scene.says("hana", MINSU, TEXT, "hello").starts_with("SIP/2.0 202"));
    }
    assert!(scene.says("hana", MINSU, TEXT, "hello").starts_with("SIP/2.0 480"), "a box is bounded");
    scene.passes(seconds(7 * 24 * 3600));
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0), "nobody came for a week");
    assert_eq!(scene.post.counters().expired, 100);
}

#[test]
fn l10_that_somebody_is_typing_is_told_now_or_never() {
    let mut scene = Scene::new();
    let typing = "Content-Type: application/im-iscomposing+xml\r\n";
    assert!(scene.says("hana", MINSU, typing, "<isComposing/>").starts_with("SIP/2.0 480"));
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0));
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    assert!(scene.says("hana", MINSU, typing, "<isComposing/>").starts_with("SIP/2.0 202"));
    let left = scene.left();
    assert_eq!(Scene::bodies(&left), ["<isComposing/>"]);
    scene.answers(&left[0], "200 OK");
    assert_eq!((scene.wait(), scene.disk.len()), (0, 0));
}

/// RFC 3428 8: what is larger than 1300 bytes does not go by UDP.
#[test]
fn l10_a_long_message_waits_for_a_device_that_it_fits() {
    let mut scene = Scene::new();
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    let long = "x".repeat(2000);
    assert!(scene.says("hana", MINSU, TEXT, &long).starts_with("SIP/2.0 202"));
    assert!(scene.left().is_empty());
    assert_eq!(scene.wait(), 1);
    scene.phones("minsu", "tcp", &["10.20.0.32:5060"]);
    assert_eq!(scene.left().len(), 1);
}

/// Each shard takes up its part; with fewer of them than before, nothing is left behind.
#[test]
fn l10_every_message_is_taken_up_by_one_shard() {
    let mut first = Scene::new();
    first.says("hana", MINSU, TEXT, "by shard 0");
    let mut second = Scene::at(first.now, first.wall, 1);
    second.says("hana", MINSU, TEXT, "by shard 1");
    first.disk.append(&mut second.disk);
    let count = |shard, shards| first.again((shard, shards), 1).wait();
    assert_eq!((count(0, 2), count(1, 2), count(0, 1)), (1, 1, 2));
}

/// The address of a phone is its own: no other phone of the user gets what is sent there, and what waits for
/// one holds up nobody else's.
#[test]
fn d5_a_message_to_a_gruu_reaches_that_device_and_no_other() {
    let mut scene = Scene::new();
    scene.phones("minsu", "udp", &["10.20.0.32:5060", "10.20.0.33:5060"]);
    let (user, known): (Arc<str>, _) = ("minsu".into(), scene.table.of("minsu").unwrap().clone());
    let named = known.iter().zip([7, 8]).map(|(one, series)| {
        let address = "sip:minsu@contoso.example".into();
        let instance = Some(format!("urn:x:{series}").into());
        Binding { instance, naming: Some(Box::new(Naming { address, series })), ..one.clone() }
    });
    scene.table.set(&user, named.collect());
    let theirs = |scene: &Scene, at: usize| {
        scene.table.public_gruu("minsu", &scene.table.of("minsu").unwrap()[at]).unwrap()
    };
    let (first, second) = (theirs(&scene, 0), theirs(&scene, 1));

    assert!(scene.says("hana", &second, TEXT, "to the second").starts_with("SIP/2.0 202"));
    assert!(scene.says("hana", MINSU, TEXT, "to both").starts_with("SIP/2.0 202"));
    let left = scene.left();
    let at: Vec<(&str, &str)> = left.iter().map(|(at, _)| &**at).zip(Scene::bodies(&left)).collect();
    assert_eq!(
        at,
        [
            ("10.20.0.33:5060", "to the second"),
            ("10.20.0.32:5060", "to both"),
            ("10.20.0.33:5060", "to both")
        ]
    );
    scene.answers(&left[0], "486 Busy Here");
    scene.answers(&left[1], "200 OK");
    assert_eq!(scene.post.waiting().len(), 1, "one user, whatever boxes there are");

    // The next process knows for which device it is, and the phone that comes back has it.
    let mut scene = scene.again((0, 1), 10);
    assert_eq!(scene.wait(), 1);
    let until = scene.now + seconds(60);
    scene.table.set(&user, known.iter().cloned().map(|one| Binding { until, ..one }).collect());
    scene.passes(seconds(1));
    assert!(scene.left().is_empty(), "neither is the one that was meant");

    let gone = scene.says("hana", &first, TEXT, "x");
    assert!(gone.starts_with("SIP/2.0 480"), "{gone}");
    for wrong in [first.replace("gr=urn:x:7", "gr=urn:x:9"), format!("{MINSU};gr"), format!("{MINSU};gr=x")] {
        let never = scene.says("hana", &wrong, TEXT, "x");
        assert!(never.starts_with("SIP/2.0 404"), "{wrong}: {never}");
    }
}

/// Who sleeps is woken for what is written to them, and has it once they say where they are. That somebody
/// types wakes nobody.
#[test]
fn d11_a_message_wakes_whoever_sleeps_and_waits_for_them() {
    let mut scene = Scene::new();
    let push = "[push.fcm]\nurl = \"http://127.0.0.1:9/p\"\nsecret = { env = \"PUSH\" }\n";
    scene.policy = policy_of(&format!("{DOCUMENTS}\n{push}"));
    scene.phones("minsu", "udp", &["10.20.0.32:5060"]);
    let (user, known): (Arc<str>, _) = ("minsu".into(), scene.table.of("minsu").unwrap().clone());
    let is_heard = |scene: &mut Scene, heard: Option<Instant>| {
        let bell = Bell {
            provider: "fcm".into(),
            token: "t0k3n".into(),
            param: None,
            device: "push-1".into(),
            ahead_s: 120,
            heard,
        };
        let with_bell = |one: &Binding| Binding { bell: Some(Box::new(bell.clone())), ..one.clone() };
        scene.table.set(&user, known.iter().map(with_bell).collect());
        let changed = scene.table.take_changes();
        scene.with(|post, around| post.registered(around, &changed));
    };
    is_heard(&mut scene, None);

    assert!(scene.says("hana", MINSU, TEXT, "soon").starts_with("SIP/2.0 202"));
    assert!(scene.left().is_empty(), "nothing is sent to who sleeps");
    let wakes: Vec<Wake> = scene.wakes.take().collect();
    assert_eq!(wakes.len(), 1);
    assert_eq!((&*wakes[0].token, wakes[0].why), ("t0k3n", Why::Message));
    assert_eq!(scene.post.waiting().len(), 1);

    scene.passes(seconds(3));
    let now = scene.now;
    is_heard(&mut scene, Some(now));
    let left = scene.left();
    assert_eq!(Scene::bodies(&left), ["soon"]);
    scene.answers(&left[0], "200 OK");
    assert!(scene.post.waiting().is_empty() && scene.wakes.take().next().is_none());
}
