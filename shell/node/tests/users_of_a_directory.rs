#![allow(clippy::unwrap_used)]
//! Users who come from a directory: checked, held back where too many leave, and never lost with it.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::{Value, json};
use sip_message::Message;
use sip_stack::Chance;
use sip_stack::auth::{Algorithm, Credentials, answer as answer_to, pick};

/// A name, and what else is said of it.
type Person = (&'static str, &'static [(&'static str, &'static str)]);

/// A directory in the clear, whose people may change.
struct Ldap {
    people: Arc<Mutex<Option<Vec<Person>>>>,
    at: SocketAddr,
}

impl Ldap {
    fn start(people: &[Person]) -> Ldap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let people = Arc::new(Mutex::new(Some(people.to_vec())));
        let shown = Arc::clone(&people);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let people = shown.lock().unwrap().clone();
                if let Some(people) = people {
                    answer(stream, &people);
                }
            }
        });
        Ldap { people, at }
    }

    fn holds(&self, people: &[Person]) {
        *self.people.lock().unwrap() = Some(people.to_vec());
    }

    /// It takes connections, and hangs up.
    fn fails(&self) {
        *self.people.lock().unwrap() = None;
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    [&[tag, 0x82], length.to_be_bytes().as_slice(), content].concat()
}

/// Answers one search with everybody.
fn answer(mut stream: TcpStream, people: &[Person]) {
    let mut asked = [0; 4_096];
    if stream.read(&mut asked).is_err() {
        return;
    }
    let message = |operation: Vec<u8>| element(0x30, &[[2, 1, 1].as_slice(), &operation].concat());
    let attribute = |(name, value): (&str, &str)| {
        let values = element(0x31, &element(4, value.as_bytes()));
        element(0x30, &[element(4, name.as_bytes()), values].concat())
    };
    let mut all = Vec::new();
    for (uid, more) in people {
        let attributes: Vec<u8> =
            [("uid", *uid)].into_iter().chain(more.iter().copied()).flat_map(attribute).collect();
        let name = element(4, format!("uid={uid},o=x").as_bytes());
        all.extend(message(element(0x64, &[name, element(0x30, &attributes)].concat())));
    }
    all.extend(message(element(0x65, &[0x0a, 1, 0, 4, 0, 4, 0])));
    let _ = stream.write_all(&all);
}

/// A house that takes its users from there; it has read them once.
struct Home {
    directory: Directory,
    ldap: Ldap,
    port: u16,
    up: Option<Running>,
}

const MANY: [Person; 4] = [("ana", &[]), ("ben", &[]), ("cho", &[]), ("dee", &[])];

impl Home {
    fn start(name: &str, people: &[Person], more: &str) -> Home {
        let (directory, ldap, port) = (Directory::new(name), Ldap::start(people), free_port());
        let text = format!(
            "{}\n{more}\n[directory.corp]\nurl = \"ldap://{}\"\nstart_tls = \"off\"\nbase = \"o=x\"\n\
             attributes = {{ extension = \"ext\", ha1 = \"sip\" }}\n",
            house(port),
            ldap.at
        );
        fs::write(directory.path().join("house.toml"), text).unwrap();
        let mut home = Home { directory, ldap, port, up: None };
        home.up();
        home.sync(&[]);
        home
    }

    fn up(&mut self) {
        let mut up = Running::start(self.directory.text(), &[]);
        up.wait_for("records");
        self.up = Some(up);
    }

    fn ask(&self, words: &[&str]) -> (i32, Value) {
        let output = tandem(&[words, &["--json", "--dir", self.directory.text()]].concat());
        let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), said)
    }

    fn sync(&self, more: &[&str]) -> (i32, Value) {
        self.ask(&[&["directory", "sync", "corp"], more].concat())
    }

    fn standing(&self) -> Value {
        self.ask(&["directory", "show", "corp"]).1[0].clone()
    }

    fn users(&self) -> String {
        fs::read_to_string(self.directory.path().join("by-directory/corp.toml")).unwrap()
    }

    fn alarms(&self) -> Value {
        self.ask(&["status"]).1["alarms"].clone()
    }

    /// The first line of what a phone is answered that proves to be Ana.
    fn register(&self, password: &str) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (here, uri) = (socket.local_addr().unwrap(), format!("sip:127.0.0.1:{}", self.port));
        let ask = |count: u32, proof: &str| {
            let request = format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{count}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:ana@127.0.0.1>;tag=1\r\nTo: <sip:ana@127.0.0.1>\r\n\
                 Call-ID: {}@phone\r\nCSeq: {count} REGISTER\r\nContact: <sip:ana@{here}>\r\n\
                 Expires: 600\r\n{proof}Content-Length: 0\r\n\r\n",
                here.port()
            );
            socket.send_to(request.as_bytes(), ("127.0.0.1", self.port)).unwrap();
            let mut room = [0; 4_096];
            let length = socket.recv(&mut room).unwrap();
            room[..length].to_vec()
        };
        let challenged = ask(1, "");
        let message = Message::parse(&challenged).unwrap();
        let (name, challenge) = pick(&message).unwrap();
        let credentials = Credentials { user: "ana", password };
        let mut chance = Chance::from_seed([7; 32]);
        let proof = answer_to(challenge, credentials, "REGISTER", &uri, b"", &mut chance, 1).unwrap();
        let answered = ask(2, &format!("{name}: {proof}\r\n"));
        String::from_utf8_lossy(&answered).lines().next().unwrap().to_owned()
    }

    fn change(&self, change: impl FnOnce(String) -> String) {
        let file = self.directory.path().join("house.toml");
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
        let (exit, said) = self.ask(&["apply", "--yes"]);
        assert_eq!(exit, 0, "{said:#}");
    }
}

#[test]
fn users_come_change_and_leave_and_revisions_say_so() {
    let home = Home::start("directory-comes", &[("ana", &[]), ("ben", &[])], "");

    home.ldap.holds(&[("ana", &[("telephoneNumber", "+1 425 555 0101")]), ("cho", &[])]);
    let (exit, would) = home.sync(&["--dry-run"]);
    assert_eq!((exit, &would["what"]), (0, &json!("dry_run")), "{would:#}");
    assert!(home.users().contains("[user.ben]"), "nothing has changed yet");
    let (_, said) = home.sync(&[]);

    assert_eq!(said["what"], "applied", "{said:#}");
    for (key, names) in [("came", ["cho"]), ("changed", ["ana"]), ("left", ["ben"])] {
        assert_eq!((&said[key], &would[key]), (&json!(names), &json!(names)));
    }
    let (_, again) = home.sync(&[]);
    assert_eq!((&again["what"], &again["revision"]), (&json!("unchanged"), &said["revision"]));
    let (_, revisions) = home.ask(&["revisions"]);
    let newest = revisions.as_array().or_else(|| revisions["revisions"].as_array()).unwrap().last().cloned();
    let newest = newest.unwrap();
    assert_eq!(newest["cause"], "directory", "{newest:#}");
    assert_eq!(newest["why"], "directory corp: 1 came, 1 changed, 1 left");
    let (_, explained) = home.ask(&["number", "show", "+14255550101"]);
    assert!(explained.to_string().contains("ana"), "{explained:#}");
}

#[test]
fn many_who_leave_at_once_are_held_until_somebody_says_that_they_left() {
    let home = Home::start("directory-guard", &MANY, "");

    home.ldap.holds(&MANY[..2]);
    let (exit, said) = home.sync(&[]);

    assert_eq!((exit, &said["what"]), (1, &json!("held")), "{said:#}");
    assert!(said["why"][0].as_str().unwrap().contains("2 of 4 users would leave"), "{said:#}");
    assert_eq!((&home.standing()["state"], &home.standing()["users"]), (&json!("held"), &json!(4)));
    let (_, status) = home.ask(&["status"]);
    assert!(status["alarms"][0].as_str().unwrap().contains("directory corp"), "{status:#}");
    home.ldap.holds(&[]);
    assert_eq!(home.sync(&[]).1["what"], "held", "a filter that finds nobody");

    home.ldap.holds(&MANY[..2]);
    let (_, said) = home.sync(&["--accept-leavers"]);
    assert_eq!((&said["what"], &said["left"]), (&json!("applied"), &json!(["cho", "dee"])), "{said:#}");
    assert_eq!(home.ask(&["status"]).1["alarms"], Value::Null);
}

#[test]
fn a_directory_that_is_down_takes_nobody_away_also_over_a_crash() {
    let mut home = Home::start("directory-down", &MANY, "");

    home.ldap.fails();
    let (exit, _) = home.sync(&[]);
    assert_eq!(exit, 3);
    assert_eq!((&home.standing()["state"], &home.standing()["users"]), (&json!("unread"), &json!(4)));
    home.up.take().unwrap().kill();
    home.up();

    assert_eq!(home.standing()["users"], 4);
    home.ldap.holds(&MANY);
    assert_eq!(home.sync(&[]).1["what"], "unchanged");
}

#[test]
fn an_entry_that_the_checks_fault_is_left_out_and_nobody_else_is() {
    let more = "[user.zoe]\nextension = \"0107\"\n";
    const SUM: &str = "ha1 MD5=0123456789abcdef0123456789abcdef";
    let people: [Person; 6] = [
        ("ana", &[("ext", "0107")]),
        ("ben", &[("telephoneNumber", "+14255550100")]),
        ("cho", &[("sip", "MD5=short")]),
        ("dee", &[("ext", "911")]),
        ("hana", &[]),
        ("good", &[("sip", SUM), ("ext", "0108")]),
    ];

    let home = Home::start("directory-faults", &people, more);

    let standing = home.standing();
    let faults: Vec<String> = standing["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["entry"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    let expected = [
        "uid=ana,o=x TD-C020",
        "uid=ben,o=x TD-C020",
        "uid=cho,o=x TD-C019",
        "uid=dee,o=x TD-C030",
        "uid=hana,o=x TD-C008",
    ];
    assert_eq!(faults, expected, "{standing:#}");
    assert_eq!((&standing["state"], &standing["users"]), (&json!("current"), &json!(1)));
    assert!(home.users().contains("[user.good]"));
    assert!(!home.users().contains("0123456789abcdef"));
    let kept = home.directory.path().join("by-directory/corp.ha1");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&kept).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        fs::read_to_string(kept).unwrap(),
        format!("good ha1 realm=test-edge user=good {}\n", &SUM[4..])
    );
}

#[test]
fn who_is_named_by_a_document_does_not_leave_before_that_is_mended() {
    let home = Home::start("directory-named", &MANY, "");
    home.change(|text| text.replace("name = \"Hana\"\n", "name = \"Hana\"\nalso = [{ user = \"dee\" }]\n"));

    home.ldap.holds(&MANY[..3]);
    let (exit, said) = home.sync(&[]);

    assert_eq!((exit, &said["what"]), (1, &json!("held")), "{said:#}");
    assert!(said["why"][0].as_str().unwrap().contains("TD-C017"), "{said:#}");
    assert_eq!(said["left_out"], json!([]), "nobody is left out for being called nearly so");
    home.change(|text| text.replace("also = [{ user = \"dee\" }]\n", ""));
    assert_eq!(home.sync(&[]).1["what"], "applied");
}

#[test]
fn a_new_password_is_in_force_without_a_new_revision() {
    let one: [Person; 1] = [("ana", &[("sip", "MD5=0123456789abcdef0123456789abcdef")])];
    let other: [Person; 1] = [("ana", &[("sip", "MD5=ffffffffffffffffffffffffffffffff")])];
    let home = Home::start("directory-password", &one, "");
    let before = home.sync(&[]).1["revision"].clone();

    home.ldap.holds(&other);
    let (_, said) = home.sync(&[]);

    assert_eq!((&said["what"], &said["revision"]), (&json!("applied"), &before), "{said:#}");
    assert_eq!(home.sync(&[]).1["what"], "unchanged");
    let kept = fs::read_to_string(home.directory.path().join("by-directory/corp.ha1")).unwrap();
    assert!(kept.contains("MD5=ffff"), "{kept}");
}

/// The documents without what comes from directories, as somebody has them elsewhere.
fn elsewhere(home: &Home, name: &str) -> Directory {
    let other = Directory::new(name);
    fs::copy(home.directory.path().join("house.toml"), other.path().join("house.toml")).unwrap();
    other
}

#[test]
fn an_apply_of_another_folder_takes_nobody_away_whether_the_directory_answers_or_not() {
    let home = Home::start("directory-folder", &MANY, "");
    let other = elsewhere(&home, "directory-folder-other");
    home.ldap.fails();

    let file = other.path().join("house.toml");
    let text = fs::read_to_string(&file).unwrap().replace("name = \"Hana\"", "name = \"Hana Kim\"");
    fs::write(&file, text).unwrap();
    let data = home.directory.path().join("data");
    let apply = ["apply", other.text(), "--yes", "--json", "--data", data.to_str().unwrap()];
    let done = tandem(&apply);

    assert!(done.status.success(), "{done:?}");
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&said["what"], &home.standing()["users"]), (&json!("applied"), &json!(4)), "{said:#}");
    let changes = said["plan"]["changes"]["listed"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "Hana alone: {changes:#?}");

    let stale = other.path().join("by-directory");
    fs::create_dir(&stale).unwrap();
    fs::write(stale.join("corp.toml"), "[user.old]\n").unwrap();
    let done = tandem(&apply);
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&said["what"], &home.standing()["users"]), (&json!("unchanged"), &json!(4)), "{said:#}");
}

#[test]
fn users_of_a_directory_outlive_that_their_file_is_deleted_and_get_it_back() {
    let mut home = Home::start("directory-deleted", &MANY, "");
    let file = home.directory.path().join("by-directory/corp.toml");
    let before = home.users();
    home.ldap.fails();

    fs::remove_file(&file).unwrap();
    home.change(|text| text.replace("name = \"Hana\"", "name = \"Hana Kim\""));
    assert_eq!(home.standing()["users"], 4);
    home.up.take().unwrap().kill();
    home.up();
    assert_eq!(home.standing()["users"], 4, "over a start, too");

    home.ldap.holds(&MANY);
    assert_eq!(home.sync(&[]).1["what"], "unchanged");
    assert_eq!(home.users(), before);

    fs::remove_file(&file).unwrap();
    home.ldap.holds(&[MANY.as_slice(), &[("eve", &[])]].concat());
    let (_, said) = home.sync(&[]);
    assert_eq!((&said["what"], &said["came"]), (&json!("applied"), &json!(["eve"])), "{said:#}");
    assert!(home.users().contains("[user.eve]"));
}

#[test]
fn users_go_with_the_document_that_names_their_directory_and_their_file() {
    let home = Home::start("directory-ends", &MANY, "");

    fs::remove_file(home.directory.path().join("by-directory/corp.toml")).unwrap();
    home.change(|text| text.split("[directory.corp]").next().unwrap().to_owned());

    let (_, revisions) = home.ask(&["revisions"]);
    let newest = revisions["revisions"].as_array().unwrap().last().unwrap();
    assert_eq!(newest["difference"]["listed"].as_array().unwrap().len(), 5, "four users: {newest:#}");
}

#[test]
fn passwords_that_a_directory_brings_keep_no_house_from_starting() {
    const PASSWORD: &str = "secret of ana's phone";
    const OK: &str = "SIP/2.0 200 OK";
    let sum = format!("SHA-256={}", Algorithm::Sha256.ha1("ana", "test-edge", PASSWORD));
    let sum: &'static str = sum.leak();
    let people: [Person; 2] = [("ana", Box::leak(Box::new([("sip", sum)]))), ("ben", &[])];
    let mut home = Home::start("directory-passwords", &people, "");
    let kept = home.directory.path().join("by-directory/corp.ha1");
    assert_eq!((home.register(PASSWORD).as_str(), home.alarms()), (OK, Value::Null));

    home.ldap.fails();
    fs::remove_file(&kept).unwrap();
    let (exit, said) = home.ask(&["apply", "--yes"]);
    assert_eq!((exit, home.register(PASSWORD).as_str()), (1, OK), "none is lost while it runs: {said:#}");
    home.up.take().unwrap().kill();
    home.up();

    let alarms = home.alarms().to_string();
    assert!(alarms.contains("ana has no password until their directory is read"), "{alarms}");
    assert!(alarms.contains("tandem directory sync"), "{alarms}");
    assert!(home.register(PASSWORD).starts_with("SIP/2.0 401"), "nothing proves her");
    let (_, ana) = home.ask(&["user", "show", "ana"]);
    assert_eq!(ana["phones"].as_array().map(Vec::len), Some(2), "her phones are still hers: {ana:#}");
    home.change(|text| text.replace("name = \"Hana\"", "name = \"Hana Kim\""));
    let checked = tandem(&["config", "check", home.directory.text()]);
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.contains("by-directory/corp.ha1 lacks the password of ana"), "{checked}");

    home.ldap.holds(&people);
    let (_, said) = home.sync(&[]);
    assert_eq!(said["what"], "applied", "{said:#}");
    assert_eq!((home.register(PASSWORD).as_str(), home.alarms()), (OK, Value::Null));
    home.up.take().unwrap().kill();
    home.up();
    assert_eq!((home.register(PASSWORD).as_str(), home.alarms()), (OK, Value::Null), "it is on the disk");
}
