#![allow(clippy::unwrap_used)]
//! What the catalogue promises: each record once, whatever happened to the database; and what is asked for.

mod both;
mod place;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use both::{Told, record, wanted, write};
use place::{Directory, wait_for};
use serde_json::Value;
use store::{Alone, Catalogue, Database, Note, Settings, Store, Wanted, examine};

const DATABASE: &str = "records.sqlite";

fn alone(data: &Path) -> Alone {
    both::alone(&Database::Sqlite, data)
}

#[test]
fn a_call_is_found_by_number_user_trunk_cause_and_time() {
    both::a_call_is_found_by_number_user_trunk_cause_and_time(&Database::Sqlite);
}

#[test]
fn a_list_goes_on_where_it_ended() {
    both::a_list_goes_on_where_it_ended(&Database::Sqlite);
}

#[test]
fn req_f72_every_record_of_a_span_is_handed_over_once() {
    both::every_record_of_a_span_is_handed_over_once(&Database::Sqlite);
}

#[test]
fn what_stands_on_several_shelves_is_listed_in_order_of_time() {
    both::what_stands_on_several_shelves_is_listed_in_order_of_time(&Database::Sqlite);
}

#[test]
fn what_a_running_house_keeps_is_found_within_a_moment() {
    both::what_a_running_house_keeps_is_found_within_a_moment(&Database::Sqlite);
}

#[test]
fn what_is_older_than_the_days_that_count_is_deleted() {
    both::what_is_older_than_the_days_that_count_is_deleted(&Database::Sqlite);
}

#[test]
fn callers_who_were_turned_away_are_found_as_long_as_their_events_are_kept() {
    both::callers_who_were_turned_away_are_found_as_long_as_their_events_are_kept(&Database::Sqlite);
}

#[test]
fn a_comparison_finds_what_is_missing_and_what_is_too_much() {
    both::a_comparison_finds_what_is_missing_and_what_is_too_much(&Database::Sqlite);
}

/// Records are written and taken in, and both are killed, again and again.
#[test]
fn whatever_is_killed_when_each_record_is_there_once() {
    if let Ok(data) = std::env::var("STORE_TEST_FILL_UNTIL_KILLED") {
        fill_until_killed(Path::new(&data));
    }
    let data = Directory::new("filling");
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "whatever_is_killed_when_each_record_is_there_once", "--nocapture"])
            .env("STORE_TEST_FILL_UNTIL_KILLED", data.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let (_, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let lines = store::records_in(data.path()).unwrap().map(Result::unwrap).count() as u64;
    drop(alone(data.path()));
    let examined = examine(data.path()).unwrap();
    assert!(lines > 1_000, "{lines}");
    assert_eq!((examined.rows, examined.faults, examined.behind_bytes), (lines, 0, 0), "{examined:?}");
}

fn fill_until_killed(data: &Path) -> ! {
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    let catalogue = Catalogue::start(data, |note| panic!("{note:?}")).unwrap();
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    for id in 0.. {
        store.keep(&[record(&format!("c{began}-{id}"), id)]);
        catalogue.ring();
        if id % 50 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        if id % 500 == 0 {
            // What is new is taken in at once.
            let _ = catalogue.find(&Wanted { most: 1, ..Wanted::default() });
        }
    }
    unreachable!("it is killed");
}

/// A house whose database is broken in some way; it is to be whole again without anybody's help.
fn mended(name: &str, break_it: impl Fn(&Path), until: impl Fn(&Told)) -> (Directory, Told) {
    let data = Directory::new(name);
    let all: Vec<Value> = (0..500).map(|id| record(&format!("c{id}"), id)).collect();
    write(data.path(), "calls-20261121.jsonl", &all);
    drop(alone(data.path()));
    break_it(&data.path().join(DATABASE));
    let told = Told::default();
    let telling = Arc::clone(&told);

    let catalogue = Catalogue::start(data.path(), move |note| telling.lock().unwrap().push(note)).unwrap();

    until(&told);
    wait_for(|| catalogue.find(&wanted()).is_ok_and(|found| found.records.len() == 500));
    drop(catalogue);
    let examined = examine(data.path()).unwrap();
    assert_eq!((examined.rows, examined.faults), (500, 0), "{examined:?}");
    (data, told)
}

#[test]
fn a_database_that_is_gone_is_made_anew() {
    let (_data, told) = mended("gone", |database| fs::remove_file(database).unwrap(), |_| {});

    assert_eq!(*told.lock().unwrap(), []);
}

#[test]
fn a_database_that_is_no_database_is_made_anew_and_that_is_told() {
    let (data, told) =
        mended("garbage", |database| fs::write(database, "x".repeat(100_000)).unwrap(), until_recovered);

    let told = told.lock().unwrap();
    assert!(matches!(told.as_slice(), [Note::Broken { .. }, Note::Recovered { rows: 500 }]), "{told:?}");
    assert!(data.path().join("records.sqlite.broken").exists(), "somebody may want to look at it");
}

#[test]
fn a_database_with_torn_pages_is_made_anew_when_that_shows() {
    let torn = |database: &Path| {
        let mut bytes = fs::read(database).unwrap();
        let pages = bytes.len() / 4096;
        assert!(pages > 8, "{pages}");
        bytes[2 * 4096..].fill(0xa5);
        fs::write(database, bytes).unwrap();
    };
    let (_data, told) = mended("pages-torn", torn, until_recovered);

    assert!(matches!(told.lock().unwrap()[0], Note::Broken { .. }));
}

fn until_recovered(told: &Told) {
    wait_for(|| told.lock().unwrap().iter().any(|note| matches!(note, Note::Recovered { .. })));
}

/// Nobody searches there, and nothing new has to go there: it is noticed all the same, whichever it is.
#[test]
fn one_page_that_is_broken_is_noticed_before_somebody_needs_it() {
    let pages = {
        let data = Directory::new("pages-counted");
        let all: Vec<Value> = (0..500).map(|id| record(&format!("c{id}"), id)).collect();
        write(data.path(), "calls-20261121.jsonl", &all);
        drop(alone(data.path()));
        fs::metadata(data.path().join(DATABASE)).unwrap().len() / 4096
    };
    assert!(pages > 20, "{pages}");
    // Each one would take its time.
    for page in (1..pages).step_by(5) {
        let broken = |database: &Path| {
            let mut bytes = fs::read(database).unwrap();
            let at = usize::try_from(page).unwrap() * 4096;
            bytes[at..at + 4096].fill(0xa5);
            fs::write(database, bytes).unwrap();
        };

        let (_data, told) = mended(&format!("page-{page}"), broken, until_recovered);

        assert!(matches!(told.lock().unwrap()[0], Note::Broken { .. }), "page {page}");
    }
}

/// Pages that can be read may say what is not so: half of a commit, whose journal was lost.
#[test]
fn rows_that_have_lost_their_words_are_noticed() {
    let lost = |database: &Path| {
        let connection = rusqlite::Connection::open(database).unwrap();
        let gone = connection.execute("delete from words where row = 77 and word like 'n%'", []).unwrap();
        assert!(gone > 0 || connection.execute("delete from words where row = 77", []).unwrap() > 0);
    };

    let (_data, told) = mended("words-lost", lost, until_recovered);

    assert!(matches!(&told.lock().unwrap()[0], Note::Broken { words } if words.contains("c76")));
}

#[test]
fn a_file_that_lost_its_end_is_read_anew() {
    let data = Directory::new("cut");
    let file = "calls-20261121.jsonl";
    write(data.path(), file, &[record("c1", 1), record("c2", 2), record("c3", 3)]);
    drop(alone(data.path()));
    let path = data.path().join("records").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let cut: Vec<&str> = text.lines().take(1).collect();
    fs::write(&path, format!("{}\n", cut[0])).unwrap();
    write(data.path(), file, &[record("c4", 4)]);

    assert_eq!(both::found(&Database::Sqlite, data.path(), &wanted()), ["c4", "c1"]);
    assert_eq!(examine(data.path()).unwrap().faults, 0);
}
