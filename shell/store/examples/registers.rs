//! What a REGISTER with digest costs from its bytes to its line in the ledger, both round trips and without
//! sockets. `docs/PERFORMANCE.md` says how its instructions are counted.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_stack::auth::{self, Credentials};
use sip_stack::{Chance, ConnectionId, Flow, Listener, ListenerId, Transport};
use store::Phones;
use switch::{Input, Now, Outbox, Received, Settings, Switch, WallTime};

const USERS: usize = 1_000;
const HOUSE: &str = "format = 1\n[system]\nname = \"bench\"\ncountry = \"US\"\n\
[interface.loop]\naddress = \"127.0.0.1\"\nudp = 5060\nside = \"outside\"\n";

struct House {
    switch: Switch,
    out: Outbox,
    phones: Phones,
    now: Now,
}

fn main() {
    let count: usize = std::env::args().nth(1).map_or(10_000, |word| word.parse().expect("a count"));
    let folder = std::env::temp_dir().join(format!("tandem-registers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut house = House::new(Phones::open(&folder, |trouble| panic!("{trouble:?}")).unwrap().0);
    let mut chance = Chance::from_seed([3; 32]);
    let mut registers = |house: &mut House, count: usize| -> Duration {
        (0..count).map(|at| both_round_trips(house, &mut chance, at)).sum()
    };

    registers(&mut house, USERS);
    let took = registers(&mut house, count);

    println!("a REGISTER, its 401, a REGISTER with the proof, its 200 and its line in the ledger:");
    println!("    {:.1} µs by the clock", took.as_secs_f64() * 1e6 / count as f64);
    drop(house);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// As a phone does it; how long the house had to do with it.
fn both_round_trips(house: &mut House, chance: &mut Chance, at: usize) -> Duration {
    house.now.instant += Duration::from_millis(1);
    house.now.wall.0 += 1;
    let (user, mark) = (format!("u{}", at % USERS), chance.text(12));
    let first = register(&user, &mark, 1, "");
    let (challenge, without) = timed(|| house.asked(at, &first));
    let challenge = std::str::from_utf8(&challenge).unwrap();
    let value = challenge.split("WWW-Authenticate: ").find(|one| one.contains("algorithm=MD5")).unwrap();
    let who = Credentials { user: &user, password: "bench" };
    let value = value.split("\r\n").next().unwrap();
    let proof = auth::answer(value, who, "REGISTER", "sip:bench.local", b"", chance, 1).unwrap();
    let second = register(&user, &mark, 2, &format!("Authorization: {proof}\r\n"));
    let (answer, with) = timed(|| house.asked(at, &second));
    assert!(answer.starts_with(b"SIP/2.0 200 "), "{}", String::from_utf8_lossy(&answer));
    house.phones.write();
    without + with
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = what();
    (done, began.elapsed())
}

impl House {
    fn new(phones: Phones) -> House {
        let users = (0..USERS).map(|at| format!("[user.u{at}]\npassword = {{ env = \"BENCH\" }}\n"));
        let text: String = std::iter::once(HOUSE.to_owned()).chain(users).collect();
        let documents = model::load(&[model::SourceFile::new("house.toml", text)]).unwrap();
        let mut secrets = model::Secrets::new();
        secrets.insert(model::SecretRef::Env("BENCH".into()), "bench".to_owned());
        let policy = Arc::new(policy::compile(&documents, &secrets).unwrap());
        let listener = Listener {
            id: ListenerId(0),
            transport: Transport::Udp,
            bind: "127.0.0.1:5060".parse().unwrap(),
            sent_by: "127.0.0.1:5060".into(),
            interface: 0,
        };
        let settings = Settings {
            shard: 0,
            shards: 1,
            listeners: [listener].into(),
            media: Vec::new(),
            certificate: None,
            seed: [7; 32],
            gruu_key: [5; 32],
            version: "Tandem",
        };
        let now = Now { instant: Instant::now(), wall: WallTime(1_700_000_000_000) };
        House { switch: Switch::new(settings, policy, now), out: Outbox::default(), phones, now }
    }

    /// What a shard does with a datagram, beside the sockets.
    #[inline(never)]
    fn asked(&mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        let remote = ([127, 0, 0, 1], 5_061 + (at % USERS) as u16).into();
        let flow = Flow {
            transport: Transport::Udp,
            listener: ListenerId(0),
            connection: ConnectionId::NONE,
            remote,
        };
        let House { switch, out, phones, now } = self;
        switch.handle(*now, Input::Received(Received { flow, bytes }), out);
        if switch.deadline().is_some_and(|due| due <= now.instant) {
            switch.handle(*now, Input::Deadline, out);
        }
        if !out.bindings.is_empty() {
            phones.keep(&out.bindings);
            out.bindings.clear();
        }
        out.news.clear();
        let mut answers = out.sends.drain(..).map(|send| send.wire.bytes().to_vec());
        answers.next_back().expect("each is answered")
    }
}

fn register(user: &str, mark: &str, cseq: u32, more: &str) -> Vec<u8> {
    format!(
        "REGISTER sip:bench.local SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5081;rport;branch=z9hG4bK{mark}.{cseq}\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:{user}@bench.local>;tag=f{mark}\r\n\
         To: <sip:{user}@bench.local>\r\n\
         Call-ID: {mark}@127.0.0.1\r\n\
         CSeq: {cseq} REGISTER\r\n\
         Contact: <sip:{user}@127.0.0.1:5081>\r\n\
         Expires: 3600\r\n\
         User-Agent: sipload\r\n{more}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}
