#![allow(clippy::unwrap_used)]
//! Who listens to what happens, by HTTP and over a real socket.

mod house;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::{Door, Feed, Happened, Meter, Seal, Server, Settings, start};

use house::{ADMIN, Echo, SLOW, TOKEN, ask, get, settings};

fn listened_to(house: &Echo, feed: &Arc<Feed>) -> Server {
    start(settings("127.0.0.1:0"), Box::new(house.clone()), Arc::new(Meter::default()), Arc::clone(feed))
        .unwrap()
}

/// Listens, and hands back what was heard up to some words.
struct Ear(std::io::BufReader<TcpStream>);

impl Ear {
    fn open(server: &Server, token: &str, headers: &str) -> Ear {
        let mut stream = TcpStream::connect(server.places[0].address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: house\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        Ear(std::io::BufReader::new(stream))
    }

    fn hear(&mut self, words: &str) -> String {
        let mut heard = String::new();
        let mut from = 0;
        while !heard[from..].contains(words) {
            from = heard.len();
            let length = std::io::BufRead::read_line(&mut self.0, &mut heard).unwrap();
            assert!(length > 0, "the end came before {words}: {heard}");
        }
        heard
    }
}

fn happened(feed: &Feed, json: &str) {
    feed.tell([Happened { kind: "call_started", json }]);
}

#[test]
fn what_happens_is_heard_by_all_who_listen_and_goes_on_where_it_was_left() {
    let feed = Arc::new(Feed::new(7));
    let server = listened_to(&Echo::default(), &feed);
    let mut ears = [TOKEN, ADMIN].map(|token| Ear::open(&server, token, ""));
    for ear in &mut ears {
        let head = ear.hear(": you hear").to_ascii_lowercase();
        assert!(head.contains("content-type: text/event-stream"), "{head}");
    }

    happened(&feed, "{\"call\":1}");
    happened(&feed, "{\"call\":2}");

    for ear in &mut ears {
        let heard = ear.hear("{\"call\":2}");
        assert!(heard.contains("id: 7-1\n") && heard.contains("event: call_started\n"), "{heard}");
    }
    drop(ears);
    let mut back = Ear::open(&server, TOKEN, "Last-Event-ID: 7-1\r\n");
    let heard = back.hear("{\"call\":2}");
    assert!(!heard.contains("{\"call\":1}") && !heard.contains("missed"), "{heard}");
    Ear::open(&server, TOKEN, "Last-Event-ID: 6-1\r\n").hear("{\"missed\":null}");
}

#[test]
fn who_listens_needs_a_token_and_there_are_so_many_seats() {
    let feed = Arc::new(Feed::new(7));
    let server = listened_to(&Echo::default(), &feed);
    assert_eq!(ask(&server, "GET", "/api/v1/events", None).0, 401);
    let mut ears: Vec<Ear> = (0..3).map(|_| Ear::open(&server, TOKEN, "")).collect();
    ears.iter_mut().for_each(|ear| drop(ear.hear(": you hear")));

    assert_eq!(ask(&server, "GET", "/api/v1/events", Some(TOKEN)).0, 503);
    ears.pop();
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        happened(&feed, "{}");
        let mut ear = Ear::open(&server, TOKEN, "");
        if ear.hear("\r\n").contains(" 200 ") {
            return;
        }
        assert!(Instant::now() < until, "the seat is not free");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_listens_takes_no_seat_of_those_who_ask() {
    let feed = Arc::new(Feed::new(7));
    let settings = Settings { readers_max: 10, guests_max: 2, ..settings("127.0.0.1:0") };
    let server =
        start(settings, Box::new(Echo::default()), Arc::new(Meter::default()), Arc::clone(&feed)).unwrap();
    let mut ears: Vec<Ear> = (0..10).map(|_| Ear::open(&server, TOKEN, "")).collect();
    for ear in &mut ears {
        let head = ear.hear(": you hear").to_ascii_lowercase();
        assert!(head.contains("connection: close"), "nothing else is asked there: {head}");
    }

    let (status, _, problem) = ask(&server, "GET", "/api/v1/events", Some(TOKEN));
    assert_eq!(status, 503);
    assert!(problem.contains("10 listen already"), "{problem}");
    for _ in 0..20 {
        assert_eq!(ask(&server, "GET", "/health", None).0, 200);
        assert_eq!(get(&server, "/api/v1/calls").0, 200);
    }

    happened(&feed, "{\"call\":1}");
    ears.iter_mut().for_each(|ear| drop(ear.hear("{\"call\":1}")));
}

#[test]
fn a_reader_who_does_not_read_holds_up_nobody() {
    let feed = Arc::new(Feed::new(7));
    let server = listened_to(&Echo::default(), &feed);
    let mut slow = Ear::open(&server, TOKEN, "");
    let mut quick = Ear::open(&server, TOKEN, "");
    slow.hear(": you hear");
    quick.hear(": you hear");

    let long = format!("{{\"words\":\"{}\"}}", "x".repeat(1_000));
    let began = Instant::now();
    for _ in 0..400 {
        feed.tell((0..100).map(|_| Happened { kind: "call_started", json: &long }));
    }
    happened(&feed, "{\"last\":true}");
    let told = began.elapsed();

    quick.hear("{\"last\":true}");
    assert!(slow.hear("{\"last\":true}").contains("event: missed"));
    assert!(told < Duration::from_secs(5), "{told:?}");
}

#[test]
fn whoever_asks_is_not_behind_those_who_listen() {
    let (house, feed) = (Echo::default(), Arc::new(Feed::new(7)));
    let server = listened_to(&house, &feed);
    let mut ear = Ear::open(&server, SLOW, "");
    ear.hear(": you hear");
    let stopped = house.looks.lock().unwrap();
    happened(&feed, "{\"call\":1}");
    let until = Instant::now() + Duration::from_secs(20);
    while house.looked_at.load(Ordering::SeqCst) < 2 {
        assert!(Instant::now() < until, "nobody looks at the token again");
        std::thread::sleep(Duration::from_millis(1));
    }

    for _ in 0..10 {
        assert_eq!(ask(&server, "GET", "/health", None).0, 200);
        assert_eq!(get(&server, "/api/v1/calls").0, 200);
    }

    drop(stopped);
    ear.hear("{\"call\":1}");
}

#[test]
fn those_who_listen_stand_back_and_nobody_else_does() {
    static WHO: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let stand_back = || {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        WHO.lock().unwrap().push(name);
        Err(std::io::ErrorKind::PermissionDenied.into())
    };
    let settings = Settings { stand_back, ..settings("127.0.0.1:0") };
    let feed = Arc::new(Feed::new(7));
    let server = start(settings, Box::new(Echo::default()), Arc::default(), Arc::clone(&feed)).unwrap();

    let mut ear = Ear::open(&server, TOKEN, "");
    ear.hear(": you hear");
    happened(&feed, "{\"call\":1}");

    ear.hear("{\"call\":1}");
    drop(server);
    assert_eq!(*WHO.lock().unwrap(), ["readers"], "who may not stand back is heard all the same");
    let mut rest = String::new();
    let ended = ear.0.read_to_string(&mut rest);
    assert!(!ended.is_err_and(|fault| fault.kind() == std::io::ErrorKind::WouldBlock), "it listens still");
}

/// A door within TLS, and what its certificate is believed by.
fn sealed_door() -> (Door, rustls::ClientConfig) {
    let own = rcgen::generate_simple_self_signed(vec!["house.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let chain = vec![own.cert.der().clone()];
    let proof = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let proof = Arc::new(proof);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let seal = Seal::Tls(Box::new(move || Arc::clone(&proof)));
    let believes = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Door::new("127.0.0.1:0".parse().unwrap(), seal), believes)
}

#[test]
fn who_has_asked_before_listens_on_the_same_connection_within_tls_too() {
    let (door, believes) = sealed_door();
    let mut settings = settings("127.0.0.1:0");
    settings.doors.push(door);
    let feed = Arc::new(Feed::new(7));
    let server = start(settings, Box::new(Echo::default()), Arc::default(), Arc::clone(&feed)).unwrap();
    let connect = |place: usize| {
        let stream = TcpStream::connect(server.places[place].address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let name = "house.test".try_into().unwrap();
    let sealed = rustls::ClientConnection::new(Arc::new(believes), name).unwrap();
    let mut lines: [(&str, Box<dyn ReadWrite>); 2] =
        [("clear", Box::new(connect(0))), ("sealed", Box::new(rustls::StreamOwned::new(sealed, connect(1))))];

    for (what, line) in &mut lines {
        let head = format!("HTTP/1.1\r\nHost: house.test\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        write!(line, "GET /api/v1/calls?limit=7 {head}").unwrap();
        hear(line, "{\"most\":7}");
        // The second is here before the first was answered.
        write!(line, "GET /api/v1/calls?limit=8 {head}GET /api/v1/events {head}").unwrap();
        let heard = hear(line, ": you hear");
        assert!(heard.find("{\"most\":8}") < heard.find("text/event-stream"), "{what}: {heard}");
        for number in 0..20 {
            happened(&feed, &format!("{{\"{what}\":{number}}}"));
            hear(line, &format!("{{\"{what}\":{number}}}"));
        }
    }
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

/// Reads until these words have come.
fn hear(line: &mut impl Read, words: &str) -> String {
    let (mut heard, mut room) = (String::new(), [0; 4096]);
    while !heard.contains(words) {
        let length = line.read(&mut room).unwrap();
        assert!(length > 0, "the end came before {words}: {heard}");
        heard.push_str(str::from_utf8(&room[..length]).unwrap());
    }
    heard
}

#[test]
fn whoever_says_nothing_whole_is_let_go_and_whoever_listens_is_not() {
    let doors = vec![Door::new("127.0.0.1:0".parse().unwrap(), Seal::Local)];
    // Long beside what a busy machine may keep this test waiting between two lines.
    let patience = Duration::from_secs(3);
    let settings = Settings { doors, patience, readers_max: 1, ..settings("127.0.0.1:0") };
    let feed = Arc::new(Feed::new(7));
    let server =
        start(settings, Box::new(Echo::default()), Arc::new(Meter::default()), Arc::clone(&feed)).unwrap();
    let mut ear = Ear::open(&server, TOKEN, "");
    ear.hear("you hear");

    for said in ["", "GET /health HTTP/1.1\r\nHost: ho", "GET /health HTTP/1.1\r\nHost: house\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.places[0].address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        let is_late = |fault: &std::io::Error| fault.kind() == std::io::ErrorKind::WouldBlock;
        assert!(!ended.is_err_and(|fault| is_late(&fault)), "{said:?} keeps its place");
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), said.ends_with("\r\n\r\n"), "{said:?}");
    }

    feed.tell([Happened { kind: "call", json: "{\"late\":1}" }]);
    ear.hear("late");
}
