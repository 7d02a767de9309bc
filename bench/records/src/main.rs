//! What keeping and finding records costs: CPU at a steady rate, how long until they are on the disk, how
//! long a million of them take to read, how long searches among them take, and reports.

mod reports;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use store::{Alone, Catalogue, Database, Postgres, PostgresHost, Settings, Store, Wanted};

const RATE: u64 = 2_000;
/// A shard hands over what ended in one turn of its loop.
const TOGETHER: u64 = 4;
const MILLION: u64 = 1_000_000;
const TRUNKS: u64 = 20;
const USERS: u64 = 5_000;
const TICKS_A_SECOND: f64 = 100.0;

fn main() {
    let mut words = std::env::args().skip(1);
    let part = words.next().unwrap_or_else(|| "all".to_owned());
    let seconds: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(600);
    let folder = PathBuf::from(words.next().unwrap_or_else(|| "target/bench/records".to_owned()));
    let database = words.next().map_or(Database::Sqlite, server_at);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be made");

    match &*part {
        "month" => reports::month(&folder),
        "year" => reports::year(&folder),
        _ => {
            if part != "million" {
                steady(&folder, seconds);
            }
            if part != "steady" {
                fill_up(&folder);
                make_anew(&folder, &database);
                search(&folder, &database);
                follow(&folder);
            }
        }
    }
    let _ = fs::remove_dir_all(&folder);
}

/// Whoever has a socket in this folder.
fn server_at(folder: String) -> Database {
    let name = || "tandem".to_owned();
    Database::Postgres(Postgres {
        hosts: vec![PostgresHost { host: folder, port: 5_432 }],
        database: name(),
        user: name(),
        password: None,
        schema: name(),
        roots: None,
        node: "bench".to_owned(),
    })
}

/// A record as a call of two legs with media leaves it, of the size that was seen: 2,760 bytes.
fn record(number: u64, at_ms: i64) -> Value {
    let (user, trunk) = (number * 7 % USERS, number * 3 % TRUNKS);
    let (status, outcome, verdict) = match number % 20 {
        0 => (486, "busy", "TD-E011"),
        1 => (487, "cancelled", "TD-E003"),
        2 if number % 1_000 == 2 => (503, "failed", "TD-E105"),
        _ => (200, "answered", "TD-E001"),
    };
    let called = format!("+1206{:07}", number * 7_919 % 10_000_000);
    let from = format!("+1425{:07}", user);
    let side = json!({ "packets_in": 3_000, "packets_out": 3_000, "lost": 2, "jitter_us": 750, "strangers": 0,
                       "mos_in": 4.38 });
    let step = |name: &str| json!({ "name": name, "verdict": "went on", "says": "x".repeat(60) });
    let steps: Vec<Value> =
        ["screen", "emergency", "number", "rights", "route", "place", "trunks", "identity", "choose"]
            .map(step)
            .into();
    json!({
        "id": format!("c{at_ms:011x}-{number:010}"), "version": 1, "revision": 7, "direction": "outbound",
        "emergency": false, "calling": format!("user{user}"),
        "from_dialled": format!("sip:user{user}@edge.example.com"),
        "to_dialled": format!("sip:{called}@edge.example.com"),
        "to_e164": called, "route": "us-national", "source": "udp:10.1.2.3:5060",
        "call_id": format!("{number:016x}@phone"),
        "sessions": [{ "caller": "d41b99715d3c4e98b55f5a55345c70e2",
                       "callee": "6a0ce0c3304a45aba6aa49cc06db6b19" }],
        "attempts": [{ "callee": format!("trunk carrier{trunk}"), "route": "us-national",
            "target": "sip:10.9.8.7:5060", "remote": "udp:10.9.8.7:5060", "call_id": format!("{number:020x}"),
            "sent_from": format!("\"Somebody\" <sip:{from}@10.9.8.7>"),
            "sent_to": format!("sip:{called}@10.9.8.7:5060"),
            "sent_headers": [["P-Asserted-Identity", format!("<sip:{from}@10.9.8.7>")]],
            "started": at_ms, "ended": at_ms + 60_000, "sip_code": status, "cause": "it ended" }],
        "started": at_ms, "rang": at_ms + 500, "answered": at_ms + 4_000, "ended": at_ms + 64_000,
        "setup_ms": 4_000, "talk_ms": 60_000, "sip_code": status, "outcome": outcome, "ended_by": "caller",
        "verdict": verdict, "words": "a party hung up", "media": { "caller": side, "callee": side },
        "facts": { "source": "10.1.2.3:5060", "interface": 0, "transport": "udp", "request_uri": "sip:x@y",
                   "from_uri": "sip:user@edge.example.com", "asserted": [], "max_forwards": 70 },
        "trail": { "steps": steps },
    })
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// CPU seconds of each thread by its name; "records-bench" is the one that keeps.
fn cpu() -> HashMap<String, f64> {
    let mut all = HashMap::new();
    for task in fs::read_dir("/proc/self/task").expect("this is Linux").flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let (name, rest) = (stat.split(['(', ')']).nth(1), stat.rsplit(')').next());
        let fields: Vec<&str> = rest.unwrap_or_default().split_whitespace().collect();
        let ticks: f64 =
            fields.get(11..13).into_iter().flatten().filter_map(|one| one.parse::<f64>().ok()).sum();
        *all.entry(name.unwrap_or_default().to_owned()).or_insert(0.0) += ticks / TICKS_A_SECOND;
    }
    all
}

fn steady(folder: &Path, seconds: u64) {
    let (store, _) = Store::open(Settings::at(folder), |trouble| panic!("{trouble:?}")).expect("it opens");
    let catalogue = Catalogue::start(folder, |note| panic!("{note:?}")).expect("it starts");
    let asked: Arc<Mutex<Vec<(u64, Instant)>>> = Arc::default();
    let waits: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let landings = Arc::new(AtomicU64::new(0));
    let (asking, waiting, landing) = (Arc::clone(&asked), Arc::clone(&waits), Arc::clone(&landings));
    store.on_landing(move |mark| {
        landing.fetch_add(1, Ordering::Relaxed);
        let mut asked = asking.lock().expect("nobody panics");
        let (done, rest): (Vec<_>, Vec<_>) = asked.drain(..).partition(|one| one.0 <= mark.0);
        *asked = rest;
        waiting.lock().expect("nobody panics").extend(done.into_iter().map(|one| one.1.elapsed()));
    });
    // Made beforehand: what makes a record is no part of what keeps it.
    let made: Vec<Value> = (0..4_000).map(|number| record(number, now_ms())).collect();
    let (before, began) = (cpu(), Instant::now());
    let mut number = 0;
    while number < RATE * seconds {
        let due = began + Duration::from_micros(number * 1_000_000 / RATE);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let batch: Vec<&Value> =
            (0..TOGETHER).map(|step| &made[((number + step) % 4_000) as usize]).collect();
        let begun = Instant::now();
        // As it may land before this thread goes on, it is written down first.
        let mut asked = asked.lock().expect("nobody panics");
        if let Some(mark) = store.keep(&batch) {
            asked.push((mark.0, begun));
        }
        drop(asked);
        catalogue.ring();
        number += TOGETHER;
    }
    let took = began.elapsed().as_secs_f64();
    let after = cpu();
    let mut waits = waits.lock().expect("nobody panics").clone();
    waits.sort_unstable();
    let all: f64 = after.iter().map(|(name, cpu)| cpu - before.get(name).unwrap_or(&0.0)).sum();
    let share = 100.0 * all / took;
    println!("{number} records in {took:.1} s: {share:.2} % of a core; load {}", load());
    for (name, cpu) in &after {
        println!("    {name}: {:.2} %", 100.0 * (cpu - before.get(name).unwrap_or(&0.0)) / took);
    }
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let (middle, p99, most) = (at(0.5), at(0.99), at(1.0));
    let syncs = landings.load(Ordering::Relaxed);
    println!(
        "on the disk after {middle:.2?} in the middle, p99 {p99:.2?}, at most {most:.2?}; {syncs} syncs"
    );
    drop(catalogue);
    store.stop();
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("the folder can be made");
}

/// A million calls of thirty days.
fn fill_up(folder: &Path) {
    let (store, _) = Store::open(Settings::at(folder), |trouble| panic!("{trouble:?}")).expect("it opens");
    let first = now_ms() - 30 * 86_400_000;
    for number in (0..MILLION).step_by(500) {
        let at = |number: u64| first + (number * 2_592) as i64;
        let batch: Vec<Value> = (number..number + 500).map(|number| record(number, at(number))).collect();
        store.keep(&batch);
        while store.counts().waiting > 5_000 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    store.stop();
}

fn make_anew(folder: &Path, database: &Database) {
    let (before, began) = (cpu(), Instant::now());
    let alone = Alone::open_on(database, folder, |note| panic!("{note:?}")).expect("it opens");
    assert!(alone.is_some(), "nobody else is there");
    let took = began.elapsed().as_secs_f64();
    let own = cpu()["records-bench"] - before["records-bench"];
    println!("{MILLION} records are made searchable in {took:.1} s, {own:.1} s of CPU here; load {}", load());
    if let Ok(found) = fs::metadata(folder.join("records.sqlite")) {
        println!("{} MB of database", found.len() / 1_000_000);
    }
}

fn search(folder: &Path, database: &Database) {
    let alone = Alone::open_on(database, folder, |note| panic!("{note:?}"));
    let alone = alone.expect("it opens").expect("nobody else is there");
    let mut all = Vec::new();
    let some = |text: String| Some(text);
    for round in 0..200_u64 {
        let number = round * 4_999 % MILLION;
        let called = number * 7_919 % 10_000_000;
        let first = now_ms() - 30 * 86_400_000;
        let since = Some(first + (number * 2_592) as i64);
        let blank = || Wanted { most: 20, ..Wanted::default() };
        let questions = [
            ("number", Wanted { number: some(format!("+1206{called:07}")), ..blank() }),
            ("last digits", Wanted { number: some(format!("{called:07}")), ..blank() }),
            ("user", Wanted { user: some(format!("user{}", number % USERS)), ..blank() }),
            (
                "trunk and time",
                Wanted { trunk: some(format!("carrier{}", number % TRUNKS)), until: since, ..blank() },
            ),
            ("cause", Wanted { cause: some("503".to_owned()), until: since, ..blank() }),
            ("time", Wanted { until: since, ..blank() }),
            (
                "user and cause",
                Wanted {
                    user: some(format!("user{}", number % USERS)),
                    cause: some("busy".to_owned()),
                    ..blank()
                },
            ),
            (
                "trunk and rare cause",
                Wanted {
                    trunk: some(format!("carrier{}", number % TRUNKS)),
                    cause: some("failed".to_owned()),
                    ..blank()
                },
            ),
            (
                "frequent both",
                Wanted {
                    trunk: some("carrier3".to_owned()),
                    cause: some("answered".to_owned()),
                    since,
                    ..blank()
                },
            ),
        ];
        for (name, wanted) in questions {
            let began = Instant::now();
            let found = alone.find(&wanted).expect("it is found");
            all.push((began.elapsed(), name, found.records.len()));
            if let Some(after) = found.next {
                let wanted = Wanted { after: Some(after), ..wanted };
                let began = Instant::now();
                let found = alone.find(&wanted).expect("it is found");
                all.push((began.elapsed(), "the page after", found.records.len()));
            }
        }
    }
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    let (median, p95, p99, last) = (at(0.5).0, at(0.95).0, at(0.99).0, at(1.0));
    println!(
        "{} searches at a load of {}: median {median:.2?}, p95 {p95:.2?}, p99 {p99:.2?}",
        all.len(),
        load()
    );
    println!("    the slowest {:.2?} ({})", last.0, last.1);
    let names: std::collections::BTreeSet<&str> = all.iter().map(|one| one.1).collect();
    for name in names {
        let own: Vec<_> = all.iter().filter(|one| one.1 == name).collect();
        let found: usize = own.iter().map(|one| one.2).sum();
        let p95 = own[(own.len() - 1) * 95 / 100].0;
        println!("    {name}: p95 {p95:.2?}, {:.1} found each", found as f64 / own.len() as f64);
    }
}

fn follow(folder: &Path) {
    let began = Instant::now();
    let chained = store::follow(folder).expect("it is read");
    assert_eq!((chained.records, chained.faults), (MILLION, 0));
    println!("their chain is followed in {:.1} s", began.elapsed().as_secs_f64());
}

/// How many wait for a processor, over the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}
