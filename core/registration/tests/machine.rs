//! One account against a registrar that says what the test wants.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "time begins somewhere")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Secret;
use registration::{Contact, Known, Place, Registrations, Retry, Style, Surroundings, Watch};
use sip_message::{Header, Message};
use sip_stack::{Chance, ConnectionId, Flow, Heard, Listener, ListenerId, Send, Settings, Stack, Transport};

const FIRST: &str = "sip:198.51.100.1:5060";
const SECOND: &str = "sip:198.51.100.2:5060";

fn watch(trunk: &str) -> Watch {
    let place = |target: &str| Place { target: target.into(), interface: None };
    Watch {
        trunk: trunk.into(),
        domain: "sip:east.example".into(),
        identity: "sip:contoso@east.example".into(),
        places: vec![place(FIRST), place(SECOND)],
        contact: Contact { user: Some("token".into()), line: None, style: Style::Plain },
        user: "contoso".into(),
        password: Secret::new("hunter22".to_owned()),
        expires: Duration::from_secs(600),
        retry: Retry {
            first: Duration::from_secs(30),
            most: Duration::from_secs(600),
            stopped: Duration::from_secs(1800),
        },
    }
}

struct Scene {
    now: Instant,
    stack: Stack,
    listeners: Arc<[Listener]>,
    registrations: Registrations,
    sends: Vec<Send>,
    changes: Vec<Arc<str>>,
}

impl Scene {
    fn new() -> Scene {
        Scene::of(0, 1, vec![watch("east")])
    }

    fn of(shard: u8, shards: u8, watches: Vec<Watch>) -> Scene {
        let listeners: Arc<[Listener]> = Arc::from([Listener {
            id: ListenerId(0),
            transport: Transport::Udp,
            bind: "192.0.2.1:5060".parse().unwrap(),
            sent_by: "192.0.2.1:5060".into(),
            interface: 0,
        }]);
        let settings = Settings::new(shard, Arc::clone(&listeners), "Test".into());
        let mut scene = Scene {
            now: Instant::now(),
            stack: Stack::new(settings, Chance::from_seed([3; 32])),
            listeners,
            registrations: Registrations::new(shard, shards),
            sends: Vec::new(),
            changes: Vec::new(),
        };
        scene.with(|registrations, around| registrations.watch(watches, around));
        scene.with(Registrations::expire);
        scene
    }

    fn with(&mut self, event: impl FnOnce(&mut Registrations, &mut Surroundings<'_>)) {
        let mut around = Surroundings {
            now: self.now,
            stack: &mut self.stack,
            listeners: &self.listeners,
            sends: &mut self.sends,
            asks: &mut Vec::new(),
            changes: &mut self.changes,
        };
        event(&mut self.registrations, &mut around);
    }

    /// Lets time pass, from one deadline of the account to the next.
    fn passes(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.registrations.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.with(Registrations::expire);
        }
        self.now = end;
    }

    /// Answers the newest REGISTER.
    fn answer(&mut self, status: u16, headers: &str) {
        let sent = self.sends.last().unwrap().clone();
        let asked = Message::parse(sent.wire.bytes()).unwrap();
        let line = |header: Header| asked.line(header).unwrap().to_owned();
        let text = format!(
            "SIP/2.0 {status} {}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=r\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             {headers}Content-Length: 0\r\n\r\n",
            sip_message::reason_phrase(status),
            line(Header::Via),
            line(Header::From),
            line(Header::To),
            line(Header::CallId),
            line(Header::CSeq),
        );
        let flow = Flow { connection: ConnectionId::NONE, ..sent.flow };
        let mut sends = Vec::new();
        match self.stack.receive(self.now, flow, text.as_bytes(), &mut sends) {
            Heard::Response { client, owner, flow, message } => {
                self.with(|registrations, around| {
                    registrations.answered(owner, client, flow, &message, around);
                });
            }
            other => panic!("{other:?}"),
        }
    }

    fn known(&self) -> Known {
        self.registrations.of("east").unwrap().clone()
    }

    fn sent(&self) -> Vec<Message<'_>> {
        self.sends.iter().map(|send| Message::parse(send.wire.bytes()).unwrap()).collect()
    }

    fn last_remote(&self) -> String {
        self.sends.last().unwrap().flow.remote.to_string()
    }
}

/// A server that says nothing is left for the next, in order, and the one that answered is asked first the
/// next time.
#[test]
fn a3_the_next_server_is_asked_when_one_is_silent() {
    let mut scene = Scene::new();
    assert_eq!(scene.last_remote(), "198.51.100.1:5060");

    scene.passes(Duration::from_secs(11));
    assert_eq!(scene.last_remote(), "198.51.100.2:5060");
    scene.answer(200, "Contact: <sip:token@192.0.2.1:5060>;expires=300\r\n");
    assert_eq!(scene.known().through.as_deref(), Some(SECOND));

    let before = scene.sends.len();
    scene.passes(Duration::from_secs(271));
    let renewal = scene.sends.get(before).map(|send| send.flow.remote.to_string());
    assert_eq!(renewal.as_deref(), Some("198.51.100.2:5060"), "within nine tenths of what was granted");
}

/// A redirection is followed, once: two that point at each other end in the schedule.
#[test]
fn a3_a_redirection_is_followed_once() {
    let mut scene = Scene::new();

    scene.answer(302, "Contact: <sip:198.51.100.9:5070>\r\n");
    assert_eq!(scene.last_remote(), "198.51.100.9:5070");
    scene.answer(301, "Contact: <sip:198.51.100.1>\r\n");

    assert_eq!(scene.sends.len(), 2);
    assert_eq!(scene.known().standing.word(), "backing off");
}

/// A registrar and a proxy before it may both want a proof: both get theirs, by the strongest way we know.
#[test]
fn a3_registrar_and_proxy_both_get_their_proof() {
    let mut scene = Scene::new();
    let two = "WWW-Authenticate: Digest realm=\"r\", nonce=\"a\", qop=\"auth\", algorithm=MD5\r\n\
               WWW-Authenticate: Digest realm=\"r\", nonce=\"a\", qop=\"auth\", algorithm=SHA-256\r\n";

    scene.answer(407, "Proxy-Authenticate: Digest realm=\"p\", nonce=\"b\", qop=\"auth\"\r\n");
    scene.answer(401, two);

    let sent = scene.sent();
    let last = sent.last().unwrap();
    assert!(last.line(Header::ProxyAuthorization).is_some_and(|proof| proof.contains("nonce=\"b\"")));
    assert!(last.line(Header::Authorization).is_some_and(|proof| proof.contains("SHA-256")));
    let numbers: Vec<u32> = sent.iter().map(|message| message.cseq().number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(sent.windows(2).all(|pair| pair[0].call_id() == pair[1].call_id()));
}

/// A registrar that asks for ever is a quarrel that ends.
#[test]
fn pain_05_endless_challenges_end() {
    let mut scene = Scene::new();

    for nonce in 0..20 {
        if scene.known().standing.word() != "registering" {
            break;
        }
        scene.answer(
            401,
            &format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", stale=true, qop=\"auth\"\r\n"),
        );
    }

    assert!(scene.sends.len() <= 7, "{}", scene.sends.len());
    assert_eq!(scene.known().standing.word(), "backing off");
}

/// Of several shards exactly one registers an account, and the others learn how it stands.
#[test]
fn a1_exactly_one_shard_registers_an_account() {
    for trunk in ["east", "west", "north", "south", "a", "b", "c"] {
        let scenes: Vec<Scene> = (0..4).map(|shard| Scene::of(shard, 4, vec![watch(trunk)])).collect();

        assert_eq!(scenes.iter().filter(|scene| !scene.sends.is_empty()).count(), 1, "{trunk}");
    }

    let mut scenes: Vec<Scene> = (0..4).map(|shard| Scene::of(shard, 4, vec![watch("east")])).collect();
    let owner = scenes.iter().position(|scene| !scene.sends.is_empty()).unwrap();
    scenes[owner].answer(200, "Expires: 300\r\n");
    let known = scenes[owner].known();
    let other = (owner + 1) % 4;
    scenes[other].registrations.learn("east", &known);
    assert_eq!(scenes[other].known(), known);
}

/// After each failure the wait doubles, from half a minute to ten, and is never quite the same.
#[test]
fn a3_waits_double_up_to_the_longest() {
    let mut scene = Scene::new();
    let mut waits = Vec::new();

    for _ in 0..7 {
        scene.answer(500, "");
        scene.answer(500, "");
        let again = scene.known().standing.again_at().unwrap().duration_since(scene.now);
        waits.push(again.as_secs_f64());
        scene.passes(again);
    }

    for (wait, whole) in waits.iter().zip([30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]) {
        assert!((whole * 0.75..=whole).contains(wait), "{waits:?}");
    }
}

/// A connection that breaks is registered on anew at once, and a changed address too.
#[test]
fn a3_a_changed_address_registers_at_once() {
    let mut scene = Scene::new();
    scene.answer(200, "Expires: 600\r\n");
    let before = scene.sends.len();

    let now = scene.now;
    scene.registrations.refresh(now);
    scene.passes(Duration::from_millis(1));

    assert_eq!(scene.sends.len(), before + 1);
}

/// No password is ever printed.
#[test]
fn an_account_does_not_print_its_password() {
    assert!(!format!("{:?}", watch("east")).contains("hunter22"));
}
