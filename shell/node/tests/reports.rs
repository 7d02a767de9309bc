#![allow(clippy::unwrap_used)]
//! `tandem report` and GET /reports, as somebody meets them who has to account for a house.

mod house;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
/// 2026-11-20 23:30 in Seattle, when it is the next day in Greenwich.
const EVENING: i64 = 1_795_246_200_000;

fn call(id: &str, minute: i64, more: Value) -> Value {
    let started = EVENING + minute * MINUTE;
    let mut one = json!({
        "id": id, "started": started, "answered": started + 5_000, "ended": started + 2 * MINUTE,
        "direction": "outbound", "calling": "hana", "to_dialled": "sip:12065550142@h",
        "to_e164": "+12065550142", "attempts": [{ "callee": "trunk east", "sip_code": 200 }],
        "talk_ms": 115_000, "outcome": "answered", "verdict": "TD-E001", "words": "a party hung up",
        "call_id": format!("{id}@phone"), "trail": { "steps": [] }, "revision": 1,
    });
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

fn of_house(name: &str, records: &[Value]) -> Directory {
    let directory = Directory::new(name);
    let more = "\n[site.seattle]\n[user.minsu]\nsite = \"seattle\"\n\
                [user.sales]\nextension = \"8001\"\nalso = [{ user = \"hana\" }, { user = \"minsu\" }]\n";
    let text = house(free_port()).replace("demo = true", "demo = true\ntime_zone = \"America/Los_Angeles\"");
    fs::write(directory.path().join("house.toml"), text + more).unwrap();
    keep(&directory, "calls-20261121.jsonl", records);
    directory
}

fn keep(directory: &Directory, file: &str, records: &[Value]) {
    let folder = directory.path().join("data/records");
    fs::create_dir_all(&folder).unwrap();
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(folder.join(file), lines).unwrap();
}

fn report(directory: &Directory, words: &[&str]) -> Value {
    let all = [&["report"], words, &["--dir", directory.text(), "--json"]].concat();
    let output = tandem(&all);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(directory: &Directory, words: &[&str]) -> String {
    let output = tandem(&[&["report"], words, &["--dir", directory.text()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn some_calls() -> Vec<Value> {
    let full = json!({ "outcome": "failed", "verdict": "TD-E105", "talk_ms": 0, "answered": null,
        "attempts": [{ "callee": "trunk east", "sip_code": null }] });
    let team = json!({ "direction": "internal", "to_e164": null, "to_dialled": "sip:8001@h",
        "attempts": [{ "callee": "user minsu", "sip_code": 200 }] });
    vec![
        call("c1", 0, json!({})),
        call("c2", 1, full.clone()),
        call("c3", 2, full),
        call("c4", 31, team),
        call(
            "c5",
            60 * 24,
            json!({ "direction": "inbound", "calling": "west",
            "attempts": [{ "callee": "user hana", "sip_code": 200 }] }),
        ),
    ]
}

const THREE_DAYS: [&str; 4] = ["--from", "2026-11-20", "--until", "2026-11-23"];

/// Days are those of the house, not of Greenwich; a day without calls is one of zeros. The house says the
/// same, by command and by HTTP, as the folder alone.
#[test]
fn req_f72_reports_are_the_same_from_a_folder_from_a_house_and_by_http() {
    let directory = of_house("reports", &some_calls());
    let asked =
        |report_of: &str| report(&directory, &[&[report_of, "--by", "day"][..], &THREE_DAYS].concat());

    let usage = asked("usage");

    let days: Vec<_> =
        usage["points"].as_array().unwrap().iter().map(|point| (&point["at"], &point["calls"])).collect();
    assert_eq!(usage["time_zone"], "America/Los_Angeles");
    let expected = [("2026-11-20", 3), ("2026-11-21", 2), ("2026-11-22", 0)];
    let expected = expected.map(|(day, calls)| (json!(day), json!(calls)));
    assert_eq!(days, expected.iter().map(|(day, calls)| (day, calls)).collect::<Vec<_>>());
    assert_eq!((&usage["total"]["answered"], &usage["total"]["at_once"]), (&json!(3), &json!(2)));
    let teams = asked("teams");
    assert_eq!((&teams["rows"][0]["name"], &teams["rows"][0]["answered"]), (&json!("sales"), &json!(1)));

    let secret = directory.path().join("secret");
    fs::write(&secret, "a-token-that-nobody-guesses").unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let words = ["--http", &address, "--http-token-file", secret.to_str().unwrap()];
    let mut up = Running::start(directory.text(), &words);
    up.wait_for("  http ");
    assert_eq!(asked("usage"), usage, "the house is asked");
    let by_http = get(&address, "usage?by=day&from=2026-11-20&until=2026-11-23");
    let (head, body) = by_http.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), usage);
    assert!(get(&address, "usage?by=day&last=40d").starts_with("HTTP/1.1 400"));
    assert!(get(&address, "weather").starts_with("HTTP/1.1 404"));
    assert!(get(&address, "phones").contains("\"phones\":0"));
    assert_eq!(report(&directory, &["phones"])["users"], 0);
    up.stop();
}

fn get(address: &str, words: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /api/v1/reports/{words} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \
a-token-that-nobody-guesses\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A house that runs makes records brief by itself; it, HTTP and the folder alone say what they said out of
/// the records, also of one that comes late, and of records that were changed by hand.
#[test]
fn req_f72_a_house_reports_out_of_briefs_what_its_records_say() {
    let directory = of_house("report-briefs", &[]);
    let (records, brief) = (
        directory.path().join("data/records/calls-of-old.jsonl"),
        directory.path().join("data/briefs/calls-of-old.brief"),
    );
    keep(&directory, "calls-of-old.jsonl", &some_calls());
    let over = SystemTime::now() - Duration::from_secs(7_200);
    let age = || File::options().write(true).open(&records).unwrap().set_modified(over).unwrap();
    age();
    let asked = || {
        ["usage", "failures", "trunks", "teams", "meetings"]
            .map(|kind| report(&directory, &[&[kind, "--by", "day"][..], &THREE_DAYS].concat()))
    };
    let out_of_records = asked();
    assert!(!brief.exists(), "who only reads writes nothing");

    let mut up = Running::start(directory.text(), &[]);
    up.wait_for("records");
    let until = Instant::now() + PATIENCE;
    while !brief.exists() {
        assert!(Instant::now() < until, "it is never made");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(asked(), out_of_records);
    let late = format!("{}\n", call("c6", 3, json!({})));
    File::options().append(true).open(&records).unwrap().write_all(late.as_bytes()).unwrap();
    assert_eq!(asked()[0]["total"]["calls"], 6);
    up.stop();

    assert_eq!(asked()[0]["total"]["calls"], 6, "nobody runs there");
    let verified = |name: &str| {
        let output = tandem(&["store", "verify", "--dir", directory.text(), "--json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["briefs"][name].clone()
    };
    assert_eq!((verified("in_brief"), verified("faults")), (json!(2), json!(0)));
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replacen("\"outbound\"", "\"internal\"", 1)).unwrap();
    assert_eq!(asked()[0]["total"]["out"], out_of_records[0]["total"]["out"], "one more, and one fewer");
}

/// What went wrong stands first, in the words of its code, with a call to look at; bars show when.
#[test]
fn req_f72_a_table_shows_what_failed_with_the_words_of_its_code() {
    let directory = of_house("report-text", &some_calls());

    let shown = text(&directory, &[&["failures", "--by", "day"][..], &THREE_DAYS].concat());

    for said in ["failures by day", "TD-E105", "every way out is at its limit", "c3", "████"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let usage = text(&directory, &[&["usage", "--by", "day"][..], &THREE_DAYS].concat());
    assert!(
        usage.contains("2026-11-22") && usage.contains("seattle") && usage.contains("0:05:45"),
        "{usage}"
    );
}

/// A spreadsheet reads it: one line of heads, one line a point or a row.
#[test]
fn req_f72_commas_are_for_spreadsheets() {
    let odd = json!({ "verdict": "=1+1", "outcome": "failed" });
    let directory = of_house("report-csv", &[call("c1", 0, odd), some_calls().remove(1)]);
    let csv = |words: &[&str]| text(&directory, &[words, &THREE_DAYS, &["--csv"]].concat());

    let points = csv(&["usage", "--by", "day"]);
    let rows = csv(&["failures", "--by", "day", "--rows"]);

    let lines: Vec<&str> = points.lines().collect();
    assert_eq!(lines.len(), 4, "{points}");
    assert!(lines[0].starts_with("at,began,calls,out,in,"), "{points}");
    assert!(lines[1].starts_with("2026-11-20,1795161600000,2,2,0,"), "{points}");
    assert!(rows.contains("TD-E105,1,1,c2,every way out is at its limit\n"), "{rows}");
    assert!(rows.contains("'=1+1,1,"), "no cell begins a formula: {rows}");
}

/// What makes no sense is refused, and says what would.
#[test]
fn req_f72_a_report_of_too_many_points_is_refused() {
    let directory = of_house("report-refused", &[]);
    let said = |words: &[&str]| {
        let output = tandem(&[&["report"], words, &["--dir", directory.text()]].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };

    let (code, words) = said(&["usage", "--by", "hour", "--last", "7d"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains("more than 25 points by hour: ask for less time, or for longer points"),
        "{words}"
    );
    assert_eq!(said(&["usage", "--last", "soon"]).0, Some(2));
    assert_eq!(said(&["phones"]).0, Some(3), "no house runs there");
    let (code, _) = said(&["usage"]);
    assert_eq!(code, Some(0), "nothing was kept yet: zeros");
}

/// Records that a running house has written are read as those that tests make up.
#[test]
fn req_f72_records_of_real_calls_are_counted() {
    let demo = tandem(&["demo", "--headless", "--json"]);
    let demo: Value = serde_json::from_slice(&demo.stdout).unwrap();
    let records: Vec<Value> =
        demo["calls"].as_array().unwrap().iter().map(|call| call["record"].clone()).collect();
    let directory = of_house("report-real", &[]);
    keep(&directory, "calls-of-today.jsonl", &records);

    let (usage, trunks) = (report(&directory, &["usage", "--last", "24h"]), report(&directory, &["trunks"]));

    let total = |report: &Value, column: &str| report["total"][column].as_u64().unwrap();
    let naive = |key: &str, word: &str| records.iter().filter(|one| one[key] == word).count() as u64;
    assert_eq!(usage["unreadable"], 0);
    assert_eq!(total(&usage, "calls"), records.len() as u64);
    assert_eq!(total(&usage, "out"), naive("direction", "outbound"));
    assert_eq!(total(&usage, "in"), naive("direction", "inbound"));
    let talk: u64 = records.iter().map(|one| one["talk_ms"].as_u64().unwrap()).sum();
    assert_eq!(total(&usage, "talk_ms"), talk);
    let attempts = records.iter().flat_map(|one| one["attempts"].as_array().unwrap());
    let tried = attempts.filter(|one| one["callee"].as_str().unwrap().starts_with("trunk ")).count();
    assert_eq!(total(&trunks, "tried"), tried as u64);
}

/// Who called whom by which numbers, the far ends of both legs and what each was sent, every try, and which
/// side hung up: of calls that were really made, to a provider, from one, by a second one, and for help.
#[test]
fn req_f71_records_of_real_calls_say_both_numbers_both_far_ends_and_who_hung_up() {
    let demo = tandem(&["demo", "--headless", "--json"]);
    let demo: Value = serde_json::from_slice(&demo.stdout).unwrap();
    let records: Vec<&Value> = demo["calls"].as_array().unwrap().iter().map(|call| &call["record"]).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tried = |record: &Value| -> Vec<String> {
        record["attempts"].as_array().unwrap().iter().map(|attempt| text(&attempt["callee"])).collect()
    };

    for record in &records {
        let connected = record["attempts"].as_array().unwrap().last().unwrap();
        assert!(text(&record["from_dialled"]).starts_with("sip:"), "who called: {record:#}");
        assert!(text(&record["source"]).starts_with("udp:127."), "the far end of the caller's leg");
        assert!(text(&connected["remote"]).starts_with("udp:127."), "the far end of the callee's leg");
        assert!(text(&connected["sent_from"]).contains("<sip:+1"), "who called, as the callee was told");
        assert!(text(&connected["sent_to"]).starts_with("sip:"), "the connected number");
        assert_eq!(
            (text(&record["ended_by"]), text(&record["verdict"])),
            ("caller".into(), "TD-E001".into())
        );
        let times = ["started", "rang", "answered", "ended"].map(|key| record[key].as_i64().unwrap());
        assert!(times.is_sorted(), "{times:?}");
    }
    assert_eq!(
        (text(&records[0]["calling"]), text(&records[0]["to_e164"])),
        ("hana".into(), "+12065550142".into())
    );
    assert_eq!(
        (text(&records[1]["calling"]), tried(records[1])),
        ("northwind".into(), vec!["user marco".to_owned()])
    );
    assert_eq!(
        tried(records[2]),
        ["trunk northwind", "trunk fabrikam"],
        "the way that failed stands there too"
    );
    assert_eq!(
        (&records[2]["attempts"][0]["sip_code"], &records[3]["emergency"]),
        (&json!(503), &json!(true))
    );
}
