//! A house with Hana and Minsu, a clock that is set by hand, and watchers who write their own messages.
#![allow(dead_code, clippy::unwrap_used, reason = "each story uses some of it")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{SecretRef, Secrets, SourceFile};
use policy::{Policy, WallTime};
use presence::{By, Engagement, House, News, Part, Stage, Surroundings};
use registrar::Table;
use sip_message::{Message, Method};
use sip_stack::auth::{self, Credentials, Guard};
use sip_stack::{
    Chance, ConnectionId, Flow, Heard, Late, Listener, ListenerId, Send, Settings, Stack, Transport,
};

pub const DOCUMENTS: &str = r#"format = 1
[system]
name = "contoso.example"
country = "US"
area_code = "425"

[interface.lan]
address = "10.20.0.1"
udp = 5060
side = "inside"

[user.hana]
number = "+14255550100"
mobile = "+14255550199"
extension = "100"
pickup_group = "desk"
password = { env = "HANA" }

[user.minsu]
number = "+14255550101"
extension = "101"
pickup_group = "desk"
password = { env = "MINSU" }
devices = [{ contact = "sip:minsu@10.20.0.32:5060" }]

[user.hidden]
extension = "102"
watchers = "nobody"
password = { env = "HIDDEN" }

[user.left-alone]
extension = "103"
do_not_disturb = true
devices = [{ contact = "sip:lobby@10.20.0.33:5060" }]
"#;

pub struct Scene {
    pub house: House,
    pub stack: Stack,
    pub guard: Guard,
    pub policy: Arc<Policy>,
    pub table: Table,
    pub listeners: Arc<[Listener]>,
    pub now: Instant,
    pub wall: WallTime,
    pub sends: Vec<Send>,
    pub news: Vec<News>,
    asked: u32,
}

pub fn policy_of(text: &str) -> Arc<Policy> {
    let documents = model::load(&[SourceFile::new("contoso.toml", text)]).unwrap();
    let mut secrets = Secrets::new();
    for name in ["HANA", "MINSU", "HIDDEN"] {
        secrets.insert(SecretRef::Env(name.into()), format!("secret of {name}"));
    }
    Arc::new(policy::compile(&documents, &secrets).unwrap_or_else(|all| panic!("{all:#?}")))
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Where a user's phone is.
pub fn flow(user: &str) -> Flow {
    let remote = match user {
        "hana" => "10.20.0.31:5060",
        "minsu" => "10.20.0.32:5060",
        _ => "10.20.0.39:5060",
    };
    let remote = remote.parse().unwrap();
    Flow { transport: Transport::Udp, listener: ListenerId(0), connection: ConnectionId::NONE, remote }
}

impl Scene {
    pub fn new() -> Scene {
        Scene::of_shard(0)
    }

    pub fn of_shard(shard: u8) -> Scene {
        #[allow(clippy::disallowed_methods, reason = "an instant to begin with; it never runs on")]
        let now = Instant::now();
        let listeners: Arc<[Listener]> = Arc::new([Listener {
            id: ListenerId(0),
            transport: Transport::Udp,
            bind: "10.20.0.1:5060".parse().unwrap(),
            sent_by: "10.20.0.1:5060".into(),
            interface: 0,
        }]);
        let policy = policy_of(DOCUMENTS);
        let settings = Settings::new(shard, Arc::clone(&listeners), "Tandem/test".into());
        Scene {
            house: House::new(shard, 7),
            stack: Stack::new(settings, Chance::from_seed([shard + 3; 32])),
            guard: Guard::new(policy.realm(), [5; 32]),
            table: Table::new(Arc::clone(&listeners), &[5; 32]),
            policy,
            listeners,
            now,
            wall: WallTime(1_763_632_800_000),
            sends: Vec::new(),
            news: Vec::new(),
            asked: 0,
        }
    }

    pub fn with<T>(&mut self, event: impl FnOnce(&mut House, &mut Surroundings<'_>) -> T) -> T {
        let mut around = Surroundings {
            now: self.now,
            wall: self.wall,
            policy: &self.policy,
            table: &self.table,
            stack: &mut self.stack,
            guard: &mut self.guard,
            listeners: &self.listeners,
            sends: &mut self.sends,
            news: &mut self.news,
        };
        event(&mut self.house, &mut around)
    }

    /// What has left since this was asked last.
    pub fn left(&mut self) -> Vec<String> {
        let text = |send: Send| String::from_utf8(send.wire.bytes().to_vec()).unwrap();
        self.sends.drain(..).map(text).collect()
    }

    /// The NOTIFYs among them.
    pub fn notified(&mut self) -> Vec<String> {
        self.left().into_iter().filter(|text| text.starts_with("NOTIFY ")).collect()
    }

    pub fn hear(&mut self, flow: Flow, text: &str) {
        let mut sends = std::mem::take(&mut self.sends);
        match self.stack.receive(self.now, flow, text.as_bytes(), &mut sends) {
            Heard::Request { server, flow, message } => {
                self.sends = sends;
                match message.method().unwrap() {
                    Method::Subscribe => self.with(|house, around| {
                        house.subscribe(around, server, flow, &message);
                    }),
                    Method::Publish => self.with(|house, around| house.publish(around, server, &message)),
                    Method::Notify => self.with(|house, around| house.told_of_mail(around, server, &message)),
                    other => panic!("{other:?}"),
                }
            }
            Heard::Response { client, owner, message, .. } => {
                self.sends = sends;
                self.with(|house, around| house.answered(around, client, owner.key, &message));
            }
            _ => self.sends = sends,
        }
        self.due();
    }

    /// Asks as a user, and proves it; returns the answer.
    pub fn asks(&mut self, user: &str, start: &str, headers: &str, body: &str) -> String {
        self.asked += 1;
        let call = format!("c{}", self.asked);
        self.asks_in(user, start, (&call, "<sip:x@contoso.example>"), headers, body)
    }

    /// The same under a Call-ID and a To value.
    pub fn asks_in(
        &mut self,
        user: &str,
        start: &str,
        (call, to): (&str, &str),
        headers: &str,
        body: &str,
    ) -> String {
        let (method, uri) = start.split_once(' ').unwrap();
        let first = self.request(user, (method, uri), (call, to), headers, body);
        self.hear(flow(user), &first);
        let answer = self.answer();
        if !answer.starts_with("SIP/2.0 401") {
            return answer;
        }
        let challenge = answer.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")).unwrap();
        let password = format!("secret of {}", user.to_uppercase());
        let who = Credentials { user, password: &password };
        let body_bytes = body.as_bytes();
        let chance = &mut Chance::from_seed([9; 32]);
        let proof = auth::answer(challenge, who, method, uri, body_bytes, chance, 1).unwrap();
        let headers = format!("{headers}Authorization: {proof}\r\n");
        let again = self.request(user, (method, uri), (call, to), &headers, body);
        self.hear(flow(user), &again);
        self.answer()
    }

    /// Takes the answer out of what has left; NOTIFYs stay.
    fn answer(&mut self) -> String {
        let at = self.sends.iter().position(|send| send.wire.bytes().starts_with(b"SIP/2.0"));
        String::from_utf8(self.sends.remove(at.unwrap()).wire.bytes().to_vec()).unwrap()
    }

    pub fn request(
        &mut self,
        user: &str,
        (method, uri): (&str, &str),
        (call, to): (&str, &str),
        headers: &str,
        body: &str,
    ) -> String {
        self.asked += 1;
        let (remote, number, length) = (flow(user).remote, self.asked, body.len());
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {remote};branch=z9hG4bKx{number}\r\n\
             From: <sip:{user}@contoso.example>;tag=of-{user}\r\nTo: {to}\r\nCall-ID: {call}\r\n\
             CSeq: {number} {method}\r\nMax-Forwards: 70\r\nContact: <sip:{user}@{remote}>\r\n\
             {headers}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// The voicemail says how much waits, unasked; returns the answer.
    pub fn voicemail_says(&mut self, uri: &str, headers: &str, body: &str) -> String {
        let text = self.request("voicemail", ("NOTIFY", uri), ("v", &format!("<{uri}>")), headers, body);
        let text = text.replacen("Call-ID: v", &format!("Call-ID: v{}", self.asked), 1);
        self.hear(flow("voicemail"), &text);
        self.answer()
    }

    /// Subscribes, and answers the first NOTIFY; returns it.
    pub fn watches(&mut self, user: &str, uri: &str, package: &str) -> String {
        let answer = self.asks(user, &format!("SUBSCRIBE {uri}"), &format!("Event: {package}\r\n"), "");
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let mut told = self.notified();
        assert_eq!(told.len(), 1, "{told:?}");
        self.takes(user, &told[0], "200 OK", "");
        told.remove(0)
    }

    /// A watcher answers a NOTIFY.
    pub fn takes(&mut self, user: &str, notify: &str, status: &str, headers: &str) {
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let lines = notify.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
        let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
        let text = format!("SIP/2.0 {status}\r\n{lines}{headers}Content-Length: 0\r\n\r\n");
        self.hear(flow(user), &text);
    }

    /// A watcher answers all that comes within two seconds; returns it.
    pub fn takes_all(&mut self, user: &str) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..20 {
            for notify in self.notified() {
                self.takes(user, &notify, "200 OK", "");
                all.push(notify);
            }
            self.passes(seconds(1) / 10);
        }
        all
    }

    /// Time passes; whatever becomes due is done when it is.
    pub fn passes(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let next = [self.house.deadline(), self.stack.deadline()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.go_to(at.max(self.now));
            self.due();
        }
        self.go_to(end);
    }

    fn go_to(&mut self, at: Instant) {
        let span = at - self.now;
        self.now = at;
        self.wall = WallTime(self.wall.0 + i64::try_from(span.as_millis()).unwrap());
    }

    fn due(&mut self) {
        let mut late: Vec<Late> = Vec::new();
        let mut sends = std::mem::take(&mut self.sends);
        self.stack.expire(self.now, &mut sends, &mut late);
        self.sends = sends;
        for late in late {
            self.with(|house, around| house.late(around, &late));
        }
        self.with(House::expire);
    }

    pub fn engages(&mut self, call: u64, user: &str, stage: Stage) {
        self.engages_by(call, user, stage, By::Phone);
    }

    pub fn engages_by(&mut self, call: u64, user: &str, stage: Stage, by: By) {
        let names = (stage == Stage::Ringing && by == By::Phone).then(|| presence::Names {
            call_id: "their-call".into(),
            local_tag: "theirs".into(),
            remote_tag: "ours".into(),
        });
        let engagement = Engagement { call: 0, part: Part::Called, stage, by, names: names.map(Arc::new) };
        self.with(|house, around| house.engage(around, call, &[(user.into(), engagement)]));
        self.due();
    }

    pub fn ends(&mut self, call: u64) {
        self.with(|house, around| house.engage(around, call, &[]));
        self.due();
    }

    pub fn adopts(&mut self, text: &str) {
        self.policy = policy_of(text);
        self.with(House::adopt);
        self.due();
    }

    pub fn phones_changed(&mut self) {
        let users: BTreeSet<Arc<str>> = self.table.take_changes();
        self.with(|house, around| {
            house.look_again(around, &users);
            house.registered(around.now, &users);
        });
        self.due();
    }
}

/// The value of a header.
pub fn header<'t>(text: &'t str, name: &str) -> &'t str {
    let message = Message::parse(text.as_bytes()).unwrap();
    let value = message.named(name).unwrap_or_else(|| panic!("no {name} in {text}")).to_owned();
    let at = text.find(&value).unwrap();
    &text[at..at + value.len()]
}

/// The tag of a value.
pub fn tag(value: &str) -> &str {
    value.split(";tag=").nth(1).unwrap()
}
