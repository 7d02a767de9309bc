#![allow(clippy::unwrap_used)]
//! Records are in a chain: who changes, deletes, moves or adds one is found, and where.

mod place;

use std::fs;
use std::path::{Path, PathBuf};

use place::Directory;
use serde_json::json;
use store::{Chained, Settings, Store, follow, has_link};

const NOT_AS_WRITTEN: &str = "it, or the one before it, is not as it was written";

fn keep(data: &Path, ids: std::ops::Range<u64>) {
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    for id in ids {
        store.keep(&[json!({ "id": format!("c{id}"), "talk_ms": 1_000 + id })]);
    }
    store.stop();
}

fn file(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("records")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    files.sort();
    files.pop().unwrap()
}

/// Changes the lines of the newest file.
fn change(data: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let path = file(data);
    let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

/// Lines and what is said of them.
fn findings(chained: &Chained) -> Vec<(u64, Option<&str>, &str)> {
    assert_eq!(chained.faults, chained.findings.len() as u64);
    let findings = chained.findings.iter();
    findings.map(|one| (one.line, one.id.as_deref(), one.what.as_str())).collect()
}

/// Makes it a file of a day long ago, and goes on in today's.
fn age(data: &Path, name: &str) {
    fs::rename(file(data), data.join("records").join(name)).unwrap();
}

#[test]
fn a_chain_holds_over_starts_days_and_torn_lines() {
    let data = Directory::new("chain-holds");
    keep(data.path(), 0..3);
    age(data.path(), "calls-20200101.jsonl");
    keep(data.path(), 3..5);
    let torn = [fs::read(file(data.path())).unwrap().as_slice(), b"{\"id\":\"half"].concat();
    fs::write(file(data.path()), torn).unwrap();
    keep(data.path(), 5..8);

    let chained = follow(data.path()).unwrap();

    assert_eq!(findings(&chained), []);
    assert_eq!((chained.files, chained.records, chained.number), (2, 8, 8));
    let newest = chained.newest.unwrap();
    assert!(has_link(data.path(), &newest).unwrap());
    assert!(!has_link(data.path(), &newest.replace(['0', '1', '2', '3'], "9")).unwrap());
}

#[test]
fn a_chain_is_followed_from_the_oldest_day_that_is_left() {
    let data = Directory::new("chain-days");
    keep(data.path(), 0..3);
    age(data.path(), "calls-20200101.jsonl");
    keep(data.path(), 3..5);
    age(data.path(), "calls-20200102.jsonl");
    keep(data.path(), 5..8);

    fs::remove_file(data.path().join("records/calls-20200101.jsonl")).unwrap();
    assert_eq!(findings(&follow(data.path()).unwrap()), []);
    fs::remove_file(data.path().join("records/calls-20200102.jsonl")).unwrap();
    assert_eq!(findings(&follow(data.path()).unwrap()), []);

    // The first line of what is left can be checked all the same.
    change(data.path(), |lines| lines[0] = lines[0].replace("1005", "1006"));
    let chained = follow(data.path()).unwrap();
    assert_eq!(findings(&chained), [(1, Some("c5"), NOT_AS_WRITTEN)]);
}

#[test]
fn a_day_in_between_that_is_gone_is_missed() {
    let data = Directory::new("chain-gone");
    keep(data.path(), 0..3);
    age(data.path(), "calls-20200101.jsonl");
    keep(data.path(), 3..5);
    age(data.path(), "calls-20200102.jsonl");
    keep(data.path(), 5..8);

    fs::remove_file(data.path().join("records/calls-20200102.jsonl")).unwrap();

    let chained = follow(data.path()).unwrap();
    let what = "2 records are missing before it, from number 4 to 5";
    assert_eq!(findings(&chained), [(1, Some("c5"), what)]);
}

#[test]
fn a_record_that_was_changed_is_found_wherever_it_stands() {
    for at in 0..6 {
        let data = Directory::new(&format!("chain-changed-{at}"));
        keep(data.path(), 0..6);

        change(data.path(), |lines| lines[at] = lines[at].replacen("talk_ms\":1", "talk_ms\":2", 1));

        let chained = follow(data.path()).unwrap();
        let id = format!("c{at}");
        assert_eq!(findings(&chained), [(at as u64 + 1, Some(id.as_str()), NOT_AS_WRITTEN)]);
    }
}

#[test]
fn a_record_that_was_taken_out_put_in_or_moved_is_found() {
    let data = Directory::new("chain-taken");
    keep(data.path(), 0..6);
    let whole = fs::read(file(data.path())).unwrap();

    change(data.path(), |lines| drop(lines.remove(2)));
    let missing = "the record with number 3 is missing before it";
    assert_eq!(findings(&follow(data.path()).unwrap()), [(3, Some("c3"), missing)]);

    fs::write(file(data.path()), &whole).unwrap();
    change(data.path(), |lines| lines.insert(3, lines[1].clone()));
    let again = "it stands behind number 3: moved there, or put in again";
    assert_eq!(findings(&follow(data.path()).unwrap()), [(4, Some("c1"), again)]);

    fs::write(file(data.path()), &whole).unwrap();
    change(data.path(), |lines| lines.swap(2, 3));
    let moved = "it stands behind number 4: moved there, or put in again";
    let all = [(3, Some("c3"), missing), (4, Some("c2"), moved)];
    assert_eq!(findings(&follow(data.path()).unwrap()), all);

    fs::write(file(data.path()), &whole).unwrap();
    change(data.path(), |lines| lines.insert(1, "{\"id\":\"mallory\"}".to_owned()));
    let put_in = "it is not in the chain: put in, or written by another program";
    assert_eq!(findings(&follow(data.path()).unwrap()), [(2, Some("mallory"), put_in)]);
}

/// A chain does not say that its end was cut off: the newest hash does, kept elsewhere.
#[test]
fn records_that_were_cut_off_at_the_end_are_missed_by_their_hash() {
    let data = Directory::new("chain-cut");
    keep(data.path(), 0..6);
    let newest = follow(data.path()).unwrap().newest.unwrap();

    change(data.path(), |lines| drop(lines.pop()));
    keep(data.path(), 6..8);

    assert_eq!(findings(&follow(data.path()).unwrap()), []);
    assert!(!has_link(data.path(), &newest).unwrap());
}

#[test]
fn a_chain_begins_behind_the_lines_of_a_program_that_had_none() {
    let data = Directory::new("chain-older");
    keep(data.path(), 0..1);
    fs::write(file(data.path()), "{\"id\":\"old\"}\n{\"id\":\"older\"}\n").unwrap();

    keep(data.path(), 1..4);

    let chained = follow(data.path()).unwrap();
    assert_eq!(findings(&chained), []);
    assert_eq!((chained.before_chain, chained.records), (2, 3));
}
