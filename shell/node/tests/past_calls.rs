#![allow(clippy::unwrap_used)]
//! Calls that ended, found again in what the data folder keeps.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use house::{Directory, Running, free_port, house, tandem};
use serde_json::{Value, json};

const EAST: &str = "aaaa1111aaaa4111aaaa1111aaaa1111";
const MINSU: &str = "bbbb2222bbbb4222bbbb2222bbbb2222";
const HANA: &str = "cccc3333cccc4333cccc3333cccc3333";
const NOBODY: &str = "00000000000000000000000000000000";

/// A record as far as looking at it needs it.
fn record(id: &str, started: i64, sessions: &[(&str, &str)], parents: &[&str]) -> Value {
    let pair = |(caller, callee): &(&str, &str)| json!({ "caller": caller, "callee": callee });
    let sessions: Vec<Value> = sessions.iter().map(pair).collect();
    json!({
        "id": id, "call_id": format!("{id}@far"), "started": started,
        "calling": "east", "to_dialled": "sip:1@here",
        "outcome": "answered", "verdict": "TD-E001", "words": "a party hung up", "attempts": [],
        "sessions": sessions, "parents": parents, "trail": { "steps": [] }, "revision": 1,
    })
}

fn keep(directory: &Directory, records: &[Value]) {
    let folder = directory.path().join("data/records");
    fs::create_dir_all(&folder).unwrap();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    fs::write(folder.join("calls-2026-11-21.jsonl"), lines.join("\n") + "\n").unwrap();
}

fn shown(directory: &Directory, what: &str) -> (Option<i32>, String) {
    let output = tandem(&["call", "show", what, "--dir", directory.text()]);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// By the pair, in either order, or by one name: both calls of a transfer, and no other; zeros find nobody.
#[test]
fn c14_a_session_id_finds_every_call_that_bore_it() {
    let directory = Directory::new("sessions");
    let first = record("c1", 1_000, &[(EAST, MINSU)], &[]);
    let second = record("c2", 2_000, &[(EAST, HANA)], &["c1"]);
    keep(&directory, &[first, second, record("c3", 3_000, &[(&MINSU.replace('b', "d"), NOBODY)], &[])]);

    for what in [format!("{EAST};remote={MINSU}"), format!("{MINSU};remote={EAST}"), EAST.to_uppercase()] {
        let (code, text) = shown(&directory, &what);
        assert_eq!(code, Some(0), "{what}");
        assert!(text.contains("c1  ") && text.contains("c2  ") && !text.contains("c3  "), "{what}: {text}");
        assert!(text.contains("Goes on from c1"), "{text}");
    }
    let (_, only) = shown(&directory, HANA);
    assert!(only.contains(&format!("Session-ID {EAST};remote={HANA}")) && !only.contains("c1  "), "{only}");
    assert_eq!(shown(&directory, NOBODY).0, Some(1));
}

/// Every way for a call to end, and every way to refuse one, is put in words: its code, what it was, what it
/// means and who ended it.
#[test]
fn every_ending_is_put_in_words() {
    let directory = Directory::new("endings");
    let verdicts = switch::VERDICTS.iter().map(|row| (row.code.to_owned(), row.title, row.help));
    let refusals = policy::REFUSALS.iter().map(|row| (row.code.to_string(), row.title, row.help));
    let all: Vec<_> = verdicts.chain(refusals).collect();
    let ended = |(at, (code, title, _)): (usize, &(String, &str, &str))| {
        let mut record = record(&format!("c{at}"), 1_000, &[], &[]);
        (record["verdict"], record["words"]) = (code.as_str().into(), (*title).into());
        (record["answered"], record["ended_by"]) = (1_500.into(), "house".into());
        record
    };
    keep(&directory, &all.iter().enumerate().map(ended).collect::<Vec<_>>());

    for (at, (code, title, help)) in all.iter().enumerate() {
        let (status, text) = shown(&directory, &format!("c{at}"));
        assert_eq!(status, Some(0), "{code}");
        for words in [code.as_str(), title, help, "Ended by the house"] {
            assert!(text.contains(words), "{code}: {words:?} is not in {text}");
        }
    }
    assert!(all.len() > 50);
}

/// A call that reached a user.
fn reaching(id: &str, user: &str, times: [i64; 3]) -> Value {
    let mut one = record(id, times[0], &[], &[]);
    one["attempts"] = json!([{ "callee": format!("user {user}"), "target": "sip:x", "sip_code": 200 }]);
    (one["answered"], one["ended"]) = (times[1].into(), times[2].into());
    one
}

/// A mark is about the call that its maker was in, or else about the last one that had reached them; nobody
/// else's call is touched by it.
#[test]
fn req_f57_a_marked_call_says_so() {
    let directory = Directory::new("marks");
    let mark = |id: &str, by: &str, at: i64| {
        let mut one = record(id, at, &[], &[]);
        (one["calling"], one["marks"]) = (by.into(), "malicious".into());
        one
    };
    let calls = [
        reaching("c1", "hana", [1_000, 1_100, 9_000]),
        reaching("c2", "hana", [2_000, 2_100, 2_500]),
        reaching("c3", "minsu", [2_600, 2_700, 2_800]),
        reaching("c4", "minsu", [2_900, 2_950, 3_100]),
        reaching("c5", "minsu", [6_000, 6_100, 6_200]),
        mark("m1", "hana", 3_000),
        mark("m2", "minsu", 5_000),
    ];
    keep(&directory, &calls);

    let is_marked = |id: &str| shown(&directory, id).1.contains("Marked as malicious");
    let marked: Vec<&str> = ["c1", "c2", "c3", "c4", "c5"].into_iter().filter(|id| is_marked(id)).collect();
    assert_eq!(marked, ["c1", "c4"]);
    assert!(shown(&directory, "c1").1.contains("Marked as malicious by hana."));
}

/// A call is found by the id that says when it began, and where that is not true by all that there is; a list
/// goes on behind any record.
#[test]
fn calls_are_shown_and_listed_by_ids_that_say_when_they_began() {
    let directory = Directory::new("by-id");
    fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
    let folder = directory.path().join("data/records");
    fs::create_dir_all(&folder).unwrap();
    let id = |ms: i64, key: &str| format!("c{ms:011x}-{key}");
    // The 20th, the 21st a moment after midnight, and one whose clock was set back by days.
    let (first, over, back) = (1_795_200_000_000, 1_795_219_190_000, 1_795_900_000_000);
    let ids = [id(first, "a"), id(over, "b"), id(back, "c"), "imported \"d\"".to_owned()];
    let calls: Vec<Value> =
        ids.iter().zip([first, over, back, 4]).map(|(id, at)| record(id, at, &[], &[])).collect();
    let write = |day: &str, calls: &[Value]| {
        let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
        fs::write(folder.join(format!("calls-{day}.jsonl")), lines).unwrap();
    };
    write("20261119", &[record("c1", 1_000, &[], &[])]);
    write("20261120", &calls[..1]);
    write("20261121", &calls[1..]);

    for id in &ids {
        assert_eq!(shown(&directory, id).0, Some(0), "{id}");
    }
    assert_eq!(shown(&directory, &id(first, "b")).0, Some(1));

    let secret = directory.path().join("secret");
    fs::write(&secret, "a-token-that-nobody-guesses").unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let words = ["--http", &address, "--http-token-file", secret.to_str().unwrap()];
    let mut up = Running::start(directory.text(), &words);
    up.wait_for("  http ");
    for (at, after) in ["c1"].into_iter().chain(ids.iter().map(String::as_str)).enumerate() {
        let after = after.replace(' ', "%20").replace('"', "%22");
        let answer = got(&address, &format!("cdrs?after={after}"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let listed: Vec<&str> =
            body["records"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(listed, ids[at..], "behind {after}");
    }
    assert!(got(&address, &format!("cdrs?after={}", id(first, "b"))).starts_with("HTTP/1.1 404"));
    assert!(got(&address, &format!("calls/{}", ids[1])).contains(&ids[1]));
    up.stop();
}

/// By whoever is asked: a house that runs, or the folder alone; by HTTP in the same words.
#[test]
fn calls_are_found_by_command_and_by_http() {
    let directory = Directory::new("find");
    fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
    let call = |id: &str, started: i64, called: &str| {
        let mut one = reaching(id, "hana", [started, started + 100, started + 900]);
        (one["direction"], one["to_e164"]) = ("inbound".into(), called.into());
        one
    };
    keep(&directory, &[call("c1", 1_000, "+12065550142"), call("c2", 2_000, "+12065550143")]);
    let find = |words: &[&str]| {
        let output = tandem(&[&["call", "find", "--dir", directory.text(), "--json"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let ids = found["records"].as_array().unwrap().iter().map(|one| one["id"].to_string());
        (ids.collect::<Vec<_>>().join(" "), found["next"].as_str().map(str::to_owned))
    };
    let both = ["--user", "hana", "--trunk", "east"];

    assert_eq!(find(&both).0, r#""c2" "c1""#);
    let (first, next) = find(&["--cause", "answered", "--last", "1"]);
    assert_eq!(first, r#""c2""#);
    assert_eq!(find(&["--cause", "answered", "--last", "1", "--after", &next.unwrap()]).0, r#""c1""#);
    assert_eq!(find(&["--number", "5550142", "--until", "1970-01-02"]).0, r#""c1""#);
    assert_eq!(find(&["--number", "5550142", "--since", "36h"]).0, "");

    let secret = directory.path().join("secret");
    fs::write(&secret, "a-token-that-nobody-guesses").unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let words = ["--http", &address, "--http-token-file", secret.to_str().unwrap()];
    let mut up = Running::start(directory.text(), &words);
    up.wait_for("  http ");
    assert_eq!(find(&both).0, r#""c2" "c1""#, "the house is asked");
    assert!(asked(&address, "number=%2B12065550143&since=1970-01-01T00:00:01Z").contains(r#""id":"c2""#));
    assert!(asked(&address, "since=yesterday").starts_with("HTTP/1.1 400"));
    assert!(asked(&address, "after=x").starts_with("HTTP/1.1 404"));
    let verify = || tandem(&["store", "verify", "--dir", directory.text()]);
    assert_eq!(verify().status.code(), Some(0));
    up.stop();
    keep(&directory, &[call("c1", 1_000, "+12065550142"), call("c3", 2_000, "+12065550143")]);
    let verify = verify();
    assert_eq!(verify.status.code(), Some(1));
    assert!(String::from_utf8(verify.stdout).unwrap().contains("the row of c2 is not that of c3"));
}

fn asked(address: &str, words: &str) -> String {
    got(address, &format!("records?{words}"))
}

fn got(address: &str, what: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /api/v1/{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \
a-token-that-nobody-guesses\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
