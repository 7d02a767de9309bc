//! A house that says what it was asked, and how it is asked.
#![allow(dead_code, reason = "not every file of tests asks for all of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{
    Answer, Became, CallWish, Change, Changed, Counted, Declined, Deed, Door, Feed, Form, Given, House,
    KeptMessages, Meter, ObserverFigures, Person, Refused, Seal, Sent, Server, Settings, Shown, Sought,
    Standing, Unknown, Who, Wish, start,
};
use model::{Captured, Role};
use performance::{End, Leave, Performance};
use serde_json::{Value, json};
use switch::{Notice, TargetState, TargetView, TrunkView};

pub const TOKEN: &str = "a-token-that-nobody-guesses";
pub const OPERATOR: &str = "another-token-that-nobody-guesses";
pub const ADMIN: &str = "one-more-token-that-nobody-guesses";
pub const SLOW: &str = "a-token-that-is-looked-at-for-long";

/// Says what it was asked, and writes down what it is told to.
#[derive(Clone, Default)]
pub struct Echo {
    pub written: Arc<Mutex<Vec<String>>>,
    /// The disk takes nothing.
    pub is_full: bool,
    pub is_afar: bool,
    /// How often the slow token was looked at; each time but the first waits for the other.
    pub looked_at: Arc<AtomicUsize>,
    pub looks: Arc<Mutex<()>>,
    /// How often it was looked for keys.
    pub looked: Arc<AtomicUsize>,
}

impl Echo {
    pub fn from_afar() -> Echo {
        Echo { is_afar: true, ..Echo::default() }
    }
}

impl House for Echo {
    fn holder(&self, token: &str) -> Result<Person, Unknown> {
        if token == SLOW && self.looked_at.fetch_add(1, Ordering::SeqCst) > 0 {
            drop(self.looks.lock().unwrap());
        }
        let role = match token {
            TOKEN | SLOW => Role::Reader,
            OPERATOR => Role::Operator,
            ADMIN => Role::Admin,
            "ended" => return Err(Unknown::NoGood("the token \"ended\" 5 s ago\r\n".to_owned())),
            "guest" => {
                let words = "no value of \"groups\"".to_owned();
                return Err(Unknown::NoRole { name: "min (7 at https://idp.example)".to_owned(), words });
            }
            "away" => return Err(Unknown::NotNow("nobody has the keys".to_owned())),
            "new" => match self.looked.fetch_add(1, Ordering::Relaxed) {
                0..3 => return Err(Unknown::Waiting),
                _ => Role::Reader,
            },
            _ => return Err(Unknown::Nobody),
        };
        Ok(Person { name: role.to_string(), role })
    }

    fn phone_file(&self, door: &str, name: &str, _: SocketAddr) -> Given {
        match (door, name) {
            ("open", "sesame.cfg") => Given::File { kind: "text/plain", text: "come in".to_owned() },
            ("again", _) => Given::TooOften,
            _ => Given::Nothing,
        }
    }

    fn record(&self, deed: &Deed) -> Result<(), Refused> {
        if self.is_full {
            return Err(Refused::NotRecorded("the disk is full".to_owned()));
        }
        let who = match &deed.who {
            Who::Stranger => "a stranger",
            Who::NoRole(name) => name,
            Who::Person(person) => &person.name,
        };
        let became = match deed.became {
            Became::Asked => "asked".to_owned(),
            Became::Answered(status) => format!("answered {status}"),
            Became::TurnedAway(status) => format!("turned away {status}"),
        };
        assert!(deed.from.ip().is_loopback() || self.is_afar);
        self.written.lock().unwrap().push(format!("{who}: {} {became}", deed.what));
        Ok(())
    }

    fn deeds(&self, after: u64, most: usize) -> Answer {
        Ok(json!({ "after": after, "most": most }))
    }

    fn tokens(&self) -> Answer {
        Ok(json!({ "tokens": [] }))
    }

    fn create_token(&self, name: &str, role: Role, days: Option<u16>) -> Answer {
        self.written.lock().unwrap().push("done".to_owned());
        Ok(json!({ "name": name, "role": role, "days": days }))
    }

    fn revoke_token(&self, name: &str) -> Answer {
        Err(Refused::Missing(format!("there is no token {name}")))
    }

    fn documents(&self, kind: &str, after: Option<&str>, most: usize) -> Answer {
        Ok(json!({ "kind": kind, "after": after, "most": most }))
    }

    fn document(&self, kind: &str, name: &str) -> Result<Shown, Refused> {
        if name == "nobody" {
            return Err(Refused::Missing(format!("there is no [{kind}.{name}]")));
        }
        let (tag, defined_at) = ("\"tag\"".to_owned(), "house.toml:7".to_owned());
        Ok(Shown { value: json!({ "kind": kind, "name": name }), tag, revision: 9, defined_at })
    }

    fn change(&self, change: Change) -> Result<Changed, Refused> {
        let Change { kind, name, becomes, condition, is_dry_run, wish } = change;
        if !condition.allows(Some("\"tag\"")) {
            return Err(Refused::NotThat);
        }
        let Wish { who, why, confirm_s } = wish;
        let outcome = json!({
            "kind": kind, "name": name, "becomes": becomes, "dry_run": is_dry_run,
            "who": who, "why": why, "confirm_s": confirm_s,
        });
        let is_new = (name == "new").then(|| "/there".to_owned());
        Ok(Changed { outcome, revision: 10, tag: Some("\"next\"".to_owned()), is_new })
    }

    fn revision(&self, number: &str) -> Answer {
        Ok(json!({ "number": number }))
    }

    fn plan(&self) -> Answer {
        Ok(json!({ "is_good": true }))
    }

    fn apply(&self, seen: (Option<u64>, Option<String>), wish: Wish) -> Answer {
        Ok(json!({ "seen": [seen.0, seen.1], "why": wish.why, "confirm_s": wish.confirm_s }))
    }

    fn confirm(&self, _: Wish) -> Answer {
        Err(Refused::Conflict("nothing waits".to_owned()))
    }

    fn roll_back(&self, to: Option<u64>, wish: Wish) -> Answer {
        Ok(json!({ "to": to, "why": wish.why }))
    }

    fn standing(&self) -> Option<Standing> {
        let target = |name: &str, state| TargetView { name: name.into(), address: None, state, words: None };
        let targets =
            vec![target("sip:a.example", TargetState::Down), target("sip:b.example", TargetState::Up)];
        let (name, mut performance) = ("nor\"th".into(), Performance::default());
        performance.requests.count(End::Status(200), Some(120));
        performance.requests.count(End::Status(503), Some(40));
        performance.left(Leave::Answered, 30);
        let trunk = TrunkView {
            name,
            calls: 3,
            drained: false,
            limit: None,
            registration: None,
            targets,
            performance,
        };
        Some(Standing {
            version: "0.1.0",
            revision: 7,
            put_off: 5,
            trunks: vec![trunk],
            observers: vec![ObserverFigures {
                name: "pbx".into(),
                messages: vec![("taken", 9), ("wrong_key", 2)],
            }],
            strangers_observing: 4,
            kept_messages: KeptMessages { bytes: 4_096, written: 30, missed: 3, is_up: true },
            captures: vec![Sent { to: "homer".into(), sent: 12, missed: 1 }],
            ..Standing::default()
        })
    }

    fn status(&self) -> Answer {
        Err(Refused::NotNow("a shard does not answer".to_owned()))
    }

    fn trunks(&self, name: Option<&str>) -> Answer {
        Ok(json!({ "asked": name }))
    }

    fn calls(&self, most: u16) -> Answer {
        Ok(json!({ "most": most }))
    }

    fn call(&self, id: &str) -> Answer {
        Err(Refused::Missing(format!("there is no call {id}")))
    }

    fn make_call(&self, wish: &CallWish) -> Answer {
        let declined = |code: &str, sip_status| {
            Err(Refused::Declined(Declined { code: code.to_owned(), sip_status, words: "no".to_owned() }))
        };
        match &*wish.call.to {
            "nobody" => declined("TD-R201", 404),
            "busy" => declined("TD-R209", 486),
            "far" => declined("TD-R301", 403),
            "drained" => declined("TD-R504", 503),
            to if wish.is_dry_run => Ok(json!({ "decision": to })),
            to => Ok(json!({ "call": "c1", "to": to, "key": wish.key, "who": wish.who })),
        }
    }

    fn notice(&self, notice: &Notice) -> Answer {
        match &*notice.of {
            "nobody" => Err(Refused::Missing("nobody is none of the users".to_owned())),
            of => Ok(json!({ "user": of, "program": notice.program, "says": format!("{:?}", notice.says) })),
        }
    }

    fn run_tests(&self, name: Option<&str>) -> Answer {
        match name {
            Some("none") => Err(Refused::Missing("there is no test none".to_owned())),
            name => Ok(json!({ "tests": [name], "failed": 0 })),
        }
    }

    fn hang_up(&self, id: &str) -> Answer {
        match id {
            "911" => Err(Refused::Conflict("its parties end it".to_owned())),
            id => Ok(json!({ "call": id, "what": "ends" })),
        }
    }

    fn capture(&self, id: &str, media: Captured, seconds: Option<u32>) -> Answer {
        match id {
            "sound-barred" => Err(Refused::NotCaptured("its user allows headers alone".to_owned())),
            _ => Ok(json!({ "call": id, "media": media.word(), "seconds": seconds })),
        }
    }

    fn messages(&self, id: &str, form: Form) -> Result<Vec<u8>, Refused> {
        match (id, form) {
            ("lost", _) => Err(Refused::Missing("nothing of call lost is kept any more".to_owned())),
            (_, Form::Json) => Ok(json!({ "call": id }).to_string().into_bytes()),
            (_, Form::Pcapng) => Ok(format!("packets of {id}").into_bytes()),
            (_, form) => Ok(format!("{} of {id}", form.word()).into_bytes()),
        }
    }

    fn drain(&self) -> Answer {
        Ok(json!({ "what": "draining", "calls": 2 }))
    }

    fn resume(&self) -> Answer {
        Ok(json!({ "what": "running" }))
    }

    fn drain_trunk(&self, name: &str) -> Answer {
        Ok(json!({ "trunk": name, "what": "drained" }))
    }

    fn resume_trunk(&self, name: &str) -> Answer {
        Ok(json!({ "trunk": name, "what": "running" }))
    }

    fn phones(&self) -> Answer {
        panic!("a defect")
    }

    fn records(&self, after: Option<&str>, most: usize) -> Answer {
        Ok(json!({ "after": after, "most": most }))
    }

    fn find(&self, sought: &Sought<'_>) -> Answer {
        let Sought { number, cause, after, most, .. } = sought;
        Ok(json!({ "number": number, "cause": cause, "after": after, "most": most }))
    }

    fn report(&self, name: &str, counted: &Counted<'_>) -> Answer {
        let Counted { by, last, trunk, .. } = counted;
        Ok(json!({ "report": name, "by": by, "last": last, "trunk": trunk }))
    }

    fn revisions(&self) -> Answer {
        Ok(json!({ "revisions": [] }))
    }

    fn explain(&self, number: &str, from: Option<&str>, via: Option<&str>, at: Option<&str>) -> Answer {
        Ok(json!({ "number": number, "from": from, "via": via, "at": at }))
    }
}

pub fn settings(listen: &str) -> Settings {
    let doors = vec![Door::new(listen.parse().unwrap(), Seal::Local)];
    let patience = Duration::from_secs(20);
    let stand_back = || Ok(());
    Settings { doors, patience, version: "0.1.0", readers_max: 3, guests_max: 20, stand_back }
}

pub fn server() -> Server {
    server_of(&Echo::default())
}

pub fn server_of(house: &Echo) -> Server {
    start(
        settings("127.0.0.1:0"),
        Box::new(house.clone()),
        Arc::new(Meter::default()),
        Arc::new(Feed::new(7)),
    )
    .unwrap()
}

/// The status, the head and the body of an answer.
pub fn ask(server: &Server, method: &str, path: &str, token: Option<&str>) -> (u16, String, String) {
    send(server, method, path, token, ("", ""))
}

pub fn send(
    server: &Server,
    method: &str,
    path: &str,
    token: Option<&str>,
    (headers, body): (&str, &str),
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(server.places[0].address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: house.test\r\n{token}{headers}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    // What is too long is answered before it was read to its end.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

pub fn get(server: &Server, path: &str) -> (u16, Value) {
    let (status, _, body) = ask(server, "GET", path, Some(ADMIN));
    (status, serde_json::from_str(&body).unwrap())
}
