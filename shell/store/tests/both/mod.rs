#![allow(dead_code, clippy::unwrap_used, reason = "each engine's tests use some of it, and may panic")]
//! What the catalogue promises on every engine.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde_json::{Value, json};
use store::{
    Alone, Catalogue, Database, EventLimits, EventLog, Note, Part, Settings, Span, Store, Wanted,
    event_files, examine_on,
};

use crate::place::{Directory, wait_for};

pub type Told = Arc<Mutex<Vec<Note>>>;

pub fn record(id: &str, started: i64) -> Value {
    json!({
        "id": id, "started": started, "ended": started + 5_000, "direction": "outbound", "calling": "hana",
        "from_dialled": "sip:hana@h", "to_dialled": "sip:12065550142@h", "to_e164": "+12065550142",
        "attempts": [{ "callee": "trunk northwind", "sent_from": "<sip:+14255550100@n>",
                       "sent_to": "sip:+12065550142@n" }],
        "sip_code": 200, "outcome": "answered", "verdict": "TD-E001", "talk_ms": 4_000,
    })
}

pub fn write(data: &Path, file: &str, records: &[Value]) {
    fs::create_dir_all(data.join("records")).unwrap();
    let mut to = OpenOptions::new().create(true).append(true).open(data.join("records").join(file)).unwrap();
    records.iter().for_each(|record| writeln!(to, "{record}").unwrap());
}

pub fn alone(database: &Database, data: &Path) -> Alone {
    Alone::open_on(database, data, |_| {}).unwrap().unwrap()
}

pub fn wanted() -> Wanted {
    Wanted { most: 1_000, ..Wanted::default() }
}

pub fn ids(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

pub fn found(database: &Database, data: &Path, wanted: &Wanted) -> Vec<String> {
    ids(&alone(database, data).find(wanted).unwrap().records).into_iter().map(str::to_owned).collect()
}

pub fn some(word: &str) -> Option<String> {
    Some(word.to_owned())
}

/// Three calls that differ in everything, and a stranger who was turned away.
pub fn a_few(data: &Path) {
    let mut busy = record("c2", 2_000);
    (busy["calling"], busy["direction"]) = ("northwind".into(), "inbound".into());
    busy["to_dialled"] = "sip:101@h".into();
    (busy["to_e164"], busy["from_dialled"]) = ("+14255550101".into(), "sip:+12065550177@n".into());
    busy["attempts"] = json!([{ "callee": "user marco", "sent_to": "sip:marco@h", "sent_from": "" }]);
    (busy["sip_code"], busy["outcome"], busy["verdict"]) = (486.into(), "busy".into(), "TD-E011".into());
    let mut refused = record("c3", 3_000);
    (refused["direction"], refused["attempts"]) = (Value::Null, json!([]));
    (refused["sip_code"], refused["outcome"], refused["verdict"]) =
        (403.into(), "refused".into(), "TD-R301".into());
    write(data, "calls-20261121.jsonl", &[record("c1", 1_000), busy, refused]);
    let stranger = r#"{"event":"turned_away","at":4000,"facts":{"source":"1.2.3.4:5",
"from_uri":"sip:mallory@x","request_uri":"sip:+8225550199@h"},"refusal":{"code":"TD-R102","status":403}}"#;
    let other = r#"{"event":"call_started","at":1000,"id":"c1"}"#;
    let lines = format!("{other}\n{}\n{other}\n", stranger.replace('\n', ""));
    event_log(data, &Arc::default()).append(lines.as_bytes()).unwrap();
}

pub fn event_log(data: &Path, limits: &Arc<EventLimits>) -> EventLog {
    EventLog::open(data, Arc::clone(limits)).unwrap()
}

/// So many callers who are turned away, one a millisecond.
fn turned_away(log: &mut EventLog, at: std::ops::Range<u64>) {
    let from = format!("sip:m@{}", "x".repeat(500));
    let lines = at.map(|at| {
        let facts = json!({ "source": "1.2.3.4:5", "from_uri": from, "request_uri": "sip:+8225550199@h" });
        let refusal = json!({ "code": "TD-R102", "status": 403 });
        format!("{{\"event\":\"turned_away\",\"at\":{at},\"facts\":{facts},\"refusal\":{refusal}}}\n")
    });
    log.append(lines.collect::<String>().as_bytes()).unwrap();
}

pub fn callers_who_were_turned_away_are_found_as_long_as_their_events_are_kept(database: &Database) {
    let data = Directory::new(&format!("strangers-{}", name_of(database)));
    let limits = Arc::new(EventLimits::default());
    write(data.path(), "calls-20261121.jsonl", &[record("c1", 1)]);
    turned_away(&mut event_log(data.path(), &limits), 1_000..1_010);
    // As a house kept them that had one file for all.
    let newer = event_files(data.path()).unwrap().remove(0);
    fs::rename(newer, data.path().join("events.jsonl")).unwrap();
    let strangers = || {
        let wanted = Wanted { cause: some("turned away"), ..wanted() };
        let mut all = found(database, data.path(), &wanted);
        all.reverse();
        all
    };
    let first: Vec<String> = (1_000..1_010).map(|at| format!("t{at:011x}")).collect();
    assert_eq!(strangers(), first);

    let mut log = event_log(data.path(), &limits);
    turned_away(&mut log, 2_000..2_002);
    assert!(!data.path().join("events.jsonl").exists());
    assert_eq!(strangers()[..10], first, "they are found where they were taken to");
    assert_eq!(strangers()[10..], ["t000000007d0", "t000000007d1"]);
    let examined = examine_on(database, data.path()).unwrap();
    assert_eq!((examined.rows, examined.faults, examined.behind_bytes), (13, 0, 0), "{examined:?}");

    limits.keep(0, 300_000);
    (10..40).for_each(|part| turned_away(&mut log, part * 1_000..part * 1_000 + 50));
    drop(log);
    let files = event_files(data.path()).unwrap();
    let kept: u64 = files[1..].iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!((200_000..=300_000).contains(&kept), "{kept}");
    let left = strangers();
    assert!(left[..10] == first && !left.contains(&"t000000007d0".to_owned()), "{:?}", &left[..12]);
    assert_eq!(left.last().map(String::as_str), Some("t00000009889"));
    let examined = examine_on(database, data.path()).unwrap();
    assert_eq!((examined.rows, examined.faults), (left.len() as u64 + 1, 0), "{examined:?}");
    assert_eq!(found(database, data.path(), &Wanted { number: some("+12065550142"), ..wanted() }), ["c1"]);
}

pub fn a_call_is_found_by_number_user_trunk_cause_and_time(database: &Database) {
    let data = Directory::new(&format!("words-{}", name_of(database)));
    a_few(data.path());
    let stranger = "t00000000fa0";

    for (what, wanted, expected) in [
        ("all", wanted(), vec![stranger, "c3", "c2", "c1"]),
        ("called", Wanted { number: some("+12065550142"), ..wanted() }, vec!["c3", "c1"]),
        ("as it was sent", Wanted { number: some("+1 425-555-0100"), ..wanted() }, vec!["c1"]),
        ("by its end", Wanted { number: some("5550177"), ..wanted() }, vec!["c2"]),
        ("too short an end", Wanted { number: some("0177"), ..wanted() }, vec![]),
        ("of a stranger", Wanted { number: some("+8225550199"), ..wanted() }, vec![stranger]),
        ("calling", Wanted { user: some("hana"), ..wanted() }, vec!["c3", "c1"]),
        ("reached", Wanted { user: some("marco"), ..wanted() }, vec!["c2"]),
        ("trunk", Wanted { trunk: some("northwind"), ..wanted() }, vec!["c2", "c1"]),
        ("no user", Wanted { user: some("northwind"), ..wanted() }, vec![]),
        ("code", Wanted { cause: some("td-e011"), ..wanted() }, vec!["c2"]),
        ("status", Wanted { cause: some("403"), ..wanted() }, vec![stranger, "c3"]),
        ("outcome", Wanted { cause: some("refused"), ..wanted() }, vec![stranger, "c3"]),
        ("in words", Wanted { cause: some("turned away"), ..wanted() }, vec![stranger]),
        ("since", Wanted { since: Some(2_000), until: Some(3_000), ..wanted() }, vec!["c2"]),
        ("two", Wanted { trunk: some("northwind"), cause: some("busy"), ..wanted() }, vec!["c2"]),
        (
            "an end and a user",
            Wanted { number: some("550142"), user: some("hana"), ..wanted() },
            vec!["c3", "c1"],
        ),
        ("nobody", Wanted { user: some("hana"), cause: some("486"), ..wanted() }, vec![]),
    ] {
        assert_eq!(found(database, data.path(), &wanted), expected, "{what}");
    }
    let whole =
        alone(database, data.path()).find(&Wanted { user: some("marco"), ..wanted() }).unwrap().records;
    assert_eq!(whole[0]["from_dialled"], "sip:+12065550177@n", "a record is found as it was kept");
}

pub fn a_list_goes_on_where_it_ended(database: &Database) {
    let data = Directory::new(&format!("pages-{}", name_of(database)));
    // Many at the same moment: the time alone is no place.
    let all: Vec<Value> = (0..25).map(|id| record(&format!("c{id:02}"), 1_000 + id / 10)).collect();
    write(data.path(), "calls-20261121.jsonl", &all);
    let alone = alone(database, data.path());

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let wanted = Wanted { user: some("hana"), after, most: 4, ..Wanted::default() };
        let found = alone.find(&wanted).unwrap();
        listed.extend(ids(&found.records).into_iter().map(str::to_owned));
        after = found.next;
        if after.is_none() {
            break;
        }
    }

    let expected: Vec<String> = (0..25).rev().map(|id| format!("c{id:02}")).collect();
    assert_eq!(listed, expected);
}

/// More calls than stand together, of which one in ten began long before others that ended sooner.
pub fn what_stands_on_several_shelves_is_listed_in_order_of_time(database: &Database) {
    let data = Directory::new(&format!("shelves-{}", name_of(database)));
    let all: Vec<Value> = (0..40_000_i64)
        .map(|number| {
            let began = if number % 10 == 7 { number - 6_000 } else { number } * 100;
            let mut record = record(&format!("c{number}"), 10_000_000 + began / 1_000 * 1_000);
            record["calling"] = format!("user{}", number % 7_000).into();
            record["outcome"] = if number % 13_000 == 9_000 { "failed" } else { "answered" }.into();
            record["to_e164"] = format!("+1206555{number:05}").into();
            record
        })
        .collect();
    write(data.path(), "calls-20261121.jsonl", &all);
    let alone = alone(database, data.path());
    let began = |record: &Value| record["started"].as_i64().unwrap();
    let listed = |wanted: Wanted| {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let found = alone.find(&Wanted { after, most: 100, ..wanted.clone() }).unwrap();
            listed.extend(ids(&found.records).into_iter().map(str::to_owned));
            after = found.next;
            if after.is_none() || listed.len() > 1_000 {
                return listed;
            }
        }
    };
    // Of those that began at the same time, the one that ended later comes first.
    let meant = |is_meant: &dyn Fn(&Value) -> bool| {
        let mut meant: Vec<(i64, usize)> = all
            .iter()
            .enumerate()
            .filter(|one| is_meant(one.1))
            .map(|(row, one)| (began(one), row))
            .collect();
        meant.sort_unstable_by(|one, other| other.cmp(one));
        meant.into_iter().map(|(_, row)| format!("c{row}")).collect::<Vec<_>>()
    };

    let user = |record: &Value| record["calling"] == "user77";
    assert_eq!(listed(Wanted { user: some("user77"), ..wanted() }), meant(&user));
    let failed = |record: &Value| record["outcome"] == "failed";
    assert_eq!(listed(Wanted { cause: some("failed"), ..wanted() }), meant(&failed));
    let both = Wanted { cause: some("failed"), trunk: some("northwind"), ..wanted() };
    assert_eq!(listed(both), meant(&failed));
    let ending = Wanted { number: some("5537777"), ..wanted() };
    assert_eq!(listed(ending), meant(&|record| record["to_e164"] == "+120655537777"));
    let (since, until) = (Some(11_200_000), Some(11_205_000));
    let within = |record: &Value| (11_200_000..11_205_000).contains(&began(record));
    let trunk = some("northwind");
    assert_eq!(listed(Wanted { trunk: trunk.clone(), since, until, ..wanted() }), meant(&within));
    assert_eq!(listed(Wanted { since, until, ..wanted() }), meant(&within));
    let newest = &meant(&|_| true)[..1_100];
    assert_eq!(listed(Wanted { trunk, ..wanted() }), newest);
    assert_eq!(examine_on(database, data.path()).unwrap().faults, 0);
}

pub fn what_a_running_house_keeps_is_found_within_a_moment(database: &Database) {
    let data = Directory::new(&format!("running-{}", name_of(database)));
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let catalogue = Catalogue::start_on(database, data.path(), |note| panic!("{note:?}")).unwrap();
    let count = || catalogue.find(&wanted()).map_or(0, |found| found.records.len());

    for id in 0..20 {
        store.keep(&[record(&format!("c{id}"), id)]);
        catalogue.ring();
    }

    wait_for(|| count() == 20);
    assert!(Alone::open_on(database, data.path(), |_| {}).unwrap().is_none(), "the house is to be asked");
    let examined = examine_on(database, data.path()).unwrap();
    assert_eq!((examined.rows, examined.faults), (20, 0), "{examined:?}");
}

pub fn what_is_older_than_the_days_that_count_is_deleted(database: &Database) {
    let data = Directory::new(&format!("days-{}", name_of(database)));
    write(data.path(), "calls-20200101.jsonl", &[record("c1", 1_577_836_800_000)]);
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    store.keep(&[record("c2", i64::try_from(now).unwrap())]);
    let told = Told::default();
    let telling = Arc::clone(&told);

    let catalogue =
        Catalogue::start_on(database, data.path(), move |note| telling.lock().unwrap().push(note)).unwrap();
    catalogue.keep_days(30);
    catalogue.ring();

    wait_for(|| told.lock().unwrap().contains(&Note::Deleted { rows: 1 }));
    wait_for(|| ids(&catalogue.find(&wanted()).unwrap().records) == ["c2"]);
    assert!(!data.path().join("records/calls-20200101.jsonl").exists());
    drop(catalogue);
    assert_eq!(examine_on(database, data.path()).unwrap().faults, 0);
}

pub fn a_comparison_finds_what_is_missing_and_what_is_too_much(database: &Database) {
    let data = Directory::new(&format!("compare-{}", name_of(database)));
    write(data.path(), "calls-20261121.jsonl", &[record("c1", 1), record("c2", 2), record("c3", 3)]);
    drop(alone(database, data.path()));
    let path = data.path().join("records/calls-20261121.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"c2\"", "\"c3\"")).unwrap();

    let examined = examine_on(database, data.path()).unwrap();

    assert_eq!(examined.faults, 2, "{examined:?}");
    assert!(examined.findings.iter().any(|words| words.contains("the row of c2 is not that of c3")));
    assert!(examined.findings.iter().any(|words| words.contains("c3 is there twice")));
}

/// Tests of two engines have folders of their own.
fn name_of(database: &Database) -> &'static str {
    match database {
        Database::Sqlite => "sqlite",
        Database::Postgres(_) => "postgres",
    }
}

/// Every record of a span is handed over once, by either engine, also where there are many; strangers and
/// halves of lines are none.
pub fn every_record_of_a_span_is_handed_over_once(database: &Database) {
    let data = Directory::new(&format!("through-{}", name_of(database)));
    a_few(data.path());
    let day_ms = 86_400_000;
    let many: Vec<Value> =
        (0..2_500).map(|number| record(&format!("m{number}"), 1_795_300_000_000 + number)).collect();
    write(data.path(), "calls-20261122.jsonl", &many);
    let alone = alone(database, data.path());
    let half = OpenOptions::new().append(true).open(data.path().join("records/calls-20261122.jsonl"));
    half.unwrap().write_all(b"{\"id\":\"half\"").unwrap();
    let ids = |since: Option<i64>, until: Option<i64>| {
        let mut ids = Vec::new();
        let each = &mut |part: Part<'_>| {
            let Part::Line(line) = part else { panic!("nothing is made brief here") };
            let record: Value = serde_json::from_slice(line).unwrap();
            let began = record["started"].as_i64().unwrap();
            if since.is_none_or(|since| began >= since) && until.is_none_or(|until| began < until) {
                ids.push(record["id"].as_str().unwrap().to_owned());
            }
            Ok(())
        };
        alone.each_part(Span { since, until }, each).unwrap();
        ids.sort_unstable();
        ids
    };

    assert_eq!(ids(None, Some(1_795_300_000_000)), ["c1", "c2", "c3"]);
    let mut expected: Vec<String> = (0..2_500).map(|number| format!("m{number}")).collect();
    expected.sort_unstable();
    assert_eq!(ids(Some(1_795_300_000_000), None), expected);
    assert_eq!(ids(Some(1_795_300_000_007), Some(1_795_300_000_009)), ["m7", "m8"]);
    assert!(ids(Some(1_795_300_000_000 + 400 * day_ms), None).is_empty());
}
