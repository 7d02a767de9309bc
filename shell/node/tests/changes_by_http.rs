#![allow(clippy::unwrap_used)]
//! Documents changed by HTTP: the walk of an apply, with the operator's files following.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::{Value, json};

struct Home {
    directory: Directory,
    client: Client,
    up: Option<Running>,
}

/// Whoever holds a token.
struct Client {
    port: u16,
    token: String,
}

impl std::ops::Deref for Home {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

struct Said {
    status: u16,
    head: String,
    body: Value,
}

impl Said {
    fn tag(&self) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix("etag: "));
        line.unwrap_or_else(|| panic!("no ETag in {}", self.head))
    }

    #[track_caller]
    fn is(self, status: u16) -> Said {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }
}

impl Home {
    fn start(name: &str) -> Home {
        let (directory, port) = (Directory::new(name), free_port());
        fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
        let client = Client { port, token: String::new() };
        let mut home = Home { directory, client, up: None };
        home.up();
        let made = tandem(&["token", "create", "ci", "--role", "operator", "--dir", home.directory.text()]);
        home.client.token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        home
    }

    fn up(&mut self) {
        let mut up = Running::start(self.directory.text(), &["--http", &format!("127.0.0.1:{}", self.port)]);
        up.wait_for("  http ");
        self.up = Some(up);
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, change: impl FnOnce(String) -> String) {
        fs::write(self.directory.path().join(name), change(self.file(name))).unwrap();
    }
}

impl Client {
    fn try_ask(&self, method: &str, path: &str, more: &str, body: Option<&Value>) -> std::io::Result<Said> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let (token, length) = (&self.token, body.len());
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n{more}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let cut = || std::io::Error::other("the answer was cut");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body)? };
        Ok(Said { status: head[9..12].parse().unwrap(), head: head.to_owned(), body })
    }

    fn ask(&self, method: &str, path: &str, more: &str, body: Option<&Value>) -> Said {
        self.try_ask(method, path, more, body).unwrap()
    }

    fn get(&self, path: &str) -> Said {
        self.ask("GET", path, "", None)
    }

    fn put(&self, path: &str, body: &Value) -> Said {
        self.ask("PUT", path, "", Some(body))
    }

    fn revision(&self) -> u64 {
        self.get("/status").body["revision"].as_u64().unwrap()
    }

    fn has_nothing_to_apply(&self) -> bool {
        let plan = self.get("/plan").is(200).body;
        plan["is_good"] == true && plan["changes"]["listed"].as_array().unwrap().is_empty()
    }
}

const TRUNK: &str = "/config/trunk/north";

fn trunk(host: &str) -> Value {
    json!({ "servers": [{ "uri": format!("sip:{host}") }], "health": { "options": "off" } })
}

#[test]
fn a_put_of_what_is_there_changes_nothing() {
    let home = Home::start("put-get-put");
    let created = home.put(&format!("{TRUNK}?why=a%20third"), &trunk("127.0.0.4")).is(201);
    assert_eq!(created.body["what"], "applied");
    assert_eq!(home.revision(), 2);

    for kind in ["interface", "trunk", "user", "route", "test"] {
        let listed = home.get(&format!("/config/{kind}")).is(200).body;
        for one in listed["documents"].as_array().unwrap() {
            let path = format!("/config/{kind}/{}", one["name"].as_str().unwrap());
            let shown = home.get(&path).is(200);
            assert_eq!((shown.tag(), &shown.body), (one["etag"].as_str().unwrap(), &one["document"]));
            let again = home.put(&path, &shown.body).is(200);
            assert_eq!(again.body["what"], "unchanged", "{path}");
            assert_eq!(again.tag(), shown.tag());
        }
    }
    let system = home.get("/config/system").is(200).body;
    assert_eq!(home.put("/config/system", &system).is(200).body["what"], "unchanged");
    assert_eq!(home.revision(), 2);
    let about = home.get("/revisions/2").is(200).body;
    assert_eq!((&about["author"], &about["why"]), (&json!("ci by HTTP"), &json!("a third")));
    assert_eq!(about["difference"]["listed"][0]["name"], "north");
}

#[test]
fn the_operators_words_and_order_stay_and_the_directory_is_what_runs() {
    let mut home = Home::start("keeps-words");
    let text =
        home.file("house.toml").replace("[trunk.west]", "# Ask Minsu before you touch it.\n[trunk.west]");
    fs::write(home.directory.path().join("house.toml"), &text).unwrap();
    home.ask("POST", "/apply?why=a%20comment", "", None).is(200);

    let mut west = home.get("/config/trunk/west").is(200).body;
    west["servers"][0]["uri"] = json!("sip:127.0.0.9");
    home.put("/config/trunk/west", &west).is(200);
    home.put(TRUNK, &trunk("127.0.0.4")).is(201);

    assert_eq!(home.file("house.toml"), text.replace("sip:127.0.0.3", "sip:127.0.0.9"));
    assert!(home.file("by-http/trunk-north.toml").contains("sip:127.0.0.4"));
    assert!(home.get(TRUNK).head.contains("tandem-defined-at: by-http/trunk-north.toml:1"));
    assert!(home.has_nothing_to_apply());
    let revision = home.revision();
    home.up.take().unwrap().stop();
    home.up();
    assert_eq!(home.revision(), revision, "a start finds what runs");

    home.ask("DELETE", TRUNK, "", None).is(200);
    assert!(!home.directory.path().join("by-http/trunk-north.toml").exists());
    home.get(TRUNK).is(404);
    home.ask("DELETE", TRUNK, "", None).is(404);
    assert!(home.has_nothing_to_apply());
}

/// F25 what does not hold is refused with its place and its cure.
/// Proves: C-14.
#[test]
fn req_f25_what_does_not_hold_is_refused_with_its_place_and_its_cure() {
    let home = Home::start("refused");
    let before = home.file("house.toml");

    let mut route = home.get("/config/route/national").is(200).body;
    route["use"] = json!([{ "trunk": "eats" }]);
    let problem = home.put("/config/route/national", &route).is(422).body;
    assert_eq!((&problem["code"], &problem["path"]), (&json!("TD-C017"), &json!("/use/0/trunk")));
    assert!(problem["suggestion"].as_str().unwrap().contains("east"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("house.toml:2"), "{problem}");

    route["use"] = json!([{ "trunk": "west" }]);
    for query in ["?dry_run=true", ""] {
        let problem = home.put(&format!("/config/route/national{query}"), &route).is(422).body;
        assert_eq!(problem["code"], "TD-A012");
        assert_eq!(problem["tests"]["failed"][0]["name"], "national");
    }
    let good = home.put(&format!("{TRUNK}?dry_run=true"), &trunk("127.0.0.4")).is(200).body;
    assert_eq!(
        (&good["what"], &good["plan"]["changes"]["listed"][0]["name"]),
        (&json!("dry_run"), &json!("north"))
    );

    home.ask("DELETE", "/config/trunk/east", "", None).is(422);
    home.put("/config/trunk/No%20Name", &trunk("127.0.0.4")).is(422);
    home.put("/config/trunk/..%2Fx", &trunk("127.0.0.4")).is(422);
    for file in ["/etc/passwd", "../rates.csv"] {
        let deck = json!({ "trunk": "east", "currency": "USD", "file": file });
        let problem = home.put("/config/deck/stolen", &deck).is(422).body;
        assert_eq!((&problem["code"], &problem["path"]), (&json!("TD-A013"), &json!("/file")));
    }
    assert_eq!(home.revision(), 1);
    assert_eq!(home.file("house.toml"), before);
    assert!(!home.directory.path().join("by-http").exists());
}

#[test]
fn of_two_who_change_the_same_state_one_is_told() {
    let home = Home::start("lost-update");
    home.ask("PUT", TRUNK, "If-Match: *\r\n", Some(&trunk("127.0.0.4"))).is(412);
    let first = home.ask("PUT", TRUNK, "If-None-Match: *\r\n", Some(&trunk("127.0.0.4"))).is(201);
    home.ask("PUT", TRUNK, "If-None-Match: *\r\n", Some(&trunk("127.0.0.5"))).is(412);
    let seen = format!("If-Match: {}\r\n", first.tag());

    let client = &home.client;
    let ask = |host: &'static str| client.ask("PUT", TRUNK, &seen, Some(&trunk(host))).status;
    let mut statuses = std::thread::scope(|scope| {
        let ask = &ask;
        let both = ["127.0.0.6", "127.0.0.7"].map(|host| scope.spawn(move || ask(host)));
        both.map(|one| one.join().unwrap())
    });

    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(home.revision(), 3);
}

#[test]
fn pain_24_a_secret_is_shown_to_nobody_and_comes_back_where_its_mask_does() {
    let home = Home::start("masked");
    let secret = "correct-horse-battery";
    home.write("house.toml", |text| text.replace("plain = \"x\"", &format!("plain = \"{secret}\"")));
    home.ask("POST", "/apply", "", None).is(200);

    let shown = home.get("/config/user/hana").is(200);
    let listed = home.get("/config/user").is(200);
    assert!(!shown.body.to_string().contains(secret) && !listed.body.to_string().contains(secret));
    let mut hana = shown.body;
    hana["name"] = json!("Hana Kim");
    let changed = home.put("/config/user/hana", &hana).is(200);
    assert!(!changed.body.to_string().contains(secret));
    let text = home.file("house.toml");
    assert!(text.contains(&format!("plain = \"{secret}\"")) && text.contains("Hana Kim"), "{text}");

    hana["password"]["plain"] = json!("another-secret-of-hers");
    let tag = home.put("/config/user/hana", &hana).is(200);
    assert_ne!(tag.tag(), changed.tag(), "another secret is another state");
    let problem = home.put("/config/user/minsu", &home.get("/config/user/hana").body).is(422).body;
    assert_eq!(problem["path"], "/password/plain");
}

#[test]
fn what_somebody_edited_and_did_not_apply_is_not_written_over() {
    let home = Home::start("edited");
    home.put(TRUNK, &trunk("127.0.0.4")).is(201);
    home.write("by-http/trunk-north.toml", |text| format!("# Mine.\n{text}"));

    let problem = home.put(TRUNK, &trunk("127.0.0.5")).is(409).body;

    assert_eq!(problem["code"], "TD-A011");
    assert!(home.file("by-http/trunk-north.toml").starts_with("# Mine."));
    home.put("/config/trunk/south", &trunk("127.0.0.6")).is(201);
    home.ask("POST", "/apply", "", None).is(200);
    home.put(TRUNK, &trunk("127.0.0.5")).is(200);
    assert!(home.file("by-http/trunk-north.toml").starts_with("# Mine."));

    // What is in a revision is not lost: after a rollback the file is written over.
    home.ask("POST", "/rollback?to=2&why=back", "", None).is(200);
    assert_eq!(home.get(TRUNK).body, trunk("127.0.0.4"));
    home.put(TRUNK, &trunk("127.0.0.7")).is(200);
    assert!(home.file("by-http/trunk-north.toml").contains("127.0.0.7"));
}

#[test]
fn pain_25_what_waits_for_its_confirmation_is_not_in_the_directory_yet() {
    let home = Home::start("waits");
    let file = home.directory.path().join("by-http/trunk-north.toml");

    home.put(&format!("{TRUNK}?confirm_s=600"), &trunk("127.0.0.4")).is(201);
    assert!(!file.exists());
    home.put("/config/trunk/south", &trunk("127.0.0.6")).is(409);
    home.ask("POST", "/confirm", "", None).is(200);
    assert!(file.exists() && home.has_nothing_to_apply());
    home.ask("POST", "/confirm", "", None).is(409);

    home.put(&format!("{TRUNK}?confirm_s=1"), &trunk("127.0.0.5")).is(200);
    let until = Instant::now() + PATIENCE;
    while home.get(TRUNK).body != trunk("127.0.0.4") {
        assert!(Instant::now() < until, "it was not taken back");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(home.has_nothing_to_apply(), "the directory never had it");
}

#[test]
fn a_file_that_cannot_be_written_leaves_everything_as_it_was() {
    let home = Home::start("unwritable");
    fs::write(home.directory.path().join("by-http"), "in the way").unwrap();

    let problem = home.put(TRUNK, &trunk("127.0.0.4")).is(503).body;

    assert_eq!(problem["code"], "TD-A006");
    home.get(TRUNK).is(404);
    assert_eq!(home.revision(), 1);
}

#[test]
fn pain_25_a_crash_during_a_put_leaves_the_old_document_or_the_new_one() {
    let mut home = Home::start("crash");
    let mut answered = 0;
    for round in 0..8 {
        let up = home.up.take().unwrap();
        let stop = Instant::now() + Duration::from_millis(20 + 13 * round);
        let mut next = answered;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(stop.saturating_duration_since(Instant::now()));
                up.kill();
            });
            loop {
                next += 1;
                let host = format!("127.1.{}.{}", next / 250, next % 250 + 1);
                match home.try_ask("PUT", TRUNK, "", Some(&trunk(&host))) {
                    Ok(said) => {
                        assert!(said.status < 300, "{:#}", said.body);
                        answered = next;
                    }
                    Err(_) => return,
                }
            }
        });
        home.up();

        let host = |number: u64| trunk(&format!("127.1.{}.{}", number / 250, number % 250 + 1));
        let found = home.get(TRUNK);
        if answered > 0 || found.status == 200 {
            assert!(found.body == host(answered) || found.body == host(next), "{:#}", found.body);
        }
        answered = if found.status == 200 && found.body == host(next) { next } else { answered };
        assert!(home.has_nothing_to_apply(), "the directory is what runs");
    }
    assert!(answered > 0, "no round was long enough");
}
