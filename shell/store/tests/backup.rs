#![allow(clippy::unwrap_used)]
//! A backup of a house at work, and what is made of it.

mod place;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use place::Directory;
use serde_json::json;
use store::{
    About, BackupFault, Cause, Retention, Revisions, Settings, Store, back_up, content_of, digest, follow,
    records_in, restore, revisions_in,
};

fn about(number: u64, documents: &[(&str, &str)]) -> About {
    About {
        number,
        base: number.checked_sub(1).filter(|before| *before > 0),
        applied_ms: 1_763_000_000_000,
        author: "root".to_owned(),
        why: None,
        cause: Cause::Apply,
        confirm_by_ms: None,
        is_settled: true,
        documents: digest(documents.iter().copied(), &[]),
        directory: String::new(),
        difference: json!({}),
        tests: json!([]),
    }
}

/// Ends whoever works beside a test, however that ends.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn keep_revision(revisions: &Revisions, number: u64) {
    let text = format!("# {number}\n{}", "x".repeat(20_000));
    let documents = [("conf.d/one.toml", "# one\n"), ("tandem.toml", text.as_str())];
    revisions.keep(&about(number, &documents), &documents, &[]).unwrap();
}

/// Records are written, revisions come and go, and a backup is taken again and again: each is a house that
/// could be started.
#[test]
fn a_backup_of_a_house_at_work_is_whole() {
    let data = Directory::new("backup-live");
    let elsewhere = Directory::new("backup-live-copies");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    keep_revision(&revisions, 1);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for id in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                store.keep(&[json!({ "id": format!("c{id}"), "padding": "x".repeat(2_000) })]);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        scope.spawn(|| {
            for number in 2.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                keep_revision(&revisions, number);
                revisions.retire(Retention { revisions: 3, ..Retention::default() }).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(40));
            }
        });
        let _over = Over(&is_over);
        for round in 0..10 {
            let (copy, back) = (elsewhere.path().join(format!("{round}")), elsewhere.path().join("back"));
            let promised = store.counts().kept - store.counts().waiting as u64;
            let made = back_up(data.path(), &copy);
            let restored = restore(&copy, &back);
            assert_eq!(made.unwrap(), restored.unwrap());
            is_a_house(&back, promised);
            fs::remove_dir_all(&back).unwrap();
        }
    });
}

fn is_a_house(data: &Path, records: u64) {
    let chained = follow(data).unwrap();
    assert_eq!(chained.findings, []);
    assert!(chained.records >= records, "{} of {records}", chained.records);
    assert_eq!(records_in(data).unwrap().map(Result::unwrap).count() as u64, chained.records);
    let revisions = revisions_in(data).unwrap();
    assert!(!revisions.is_empty());
    for about in revisions {
        // It compares the documents with what was written.
        content_of(data, about.number).unwrap();
    }
}

#[test]
fn a_backup_holds_all_that_is_kept_and_nothing_that_is_made_anew() {
    let data = Directory::new("backup-all");
    let copy = Directory::new("backup-all-copy").path().join("copy");
    let all = ["phones/bindings.jsonl", "messages/waiting.jsonl", "presence/kept.jsonl", "audit/audit.jsonl"];
    let events = "events/events-20261122-001.jsonl";
    let also = ["tokens.json", "recordings/2026/c1.wav", events, "records/calls-20261122.jsonl"];
    let not = ["records.sqlite", "records.sqlite-journal", "records/lock", "phones/bindings.new"];
    let personal = ["flight/own/reel-20261122-0001"];
    for name in all.iter().chain(&also).chain(&not).chain(&personal).chain(&["unfinished-tokens.json"]) {
        let path = data.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}\n{\"half").unwrap();
    }

    let backup = back_up(data.path(), &copy).unwrap();

    let names: BTreeSet<&str> = backup.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, all.into_iter().chain(also).collect());
    // Of what only grows, whole lines; of everything else, all.
    let bytes = |name: &str| fs::read(copy.join(name)).unwrap();
    assert_eq!((bytes(events), bytes("tokens.json")), (b"{}\n".to_vec(), b"{}\n{\"half".to_vec()));
    fs::remove_dir_all(copy.parent().unwrap()).unwrap();
}

#[test]
fn nothing_is_made_of_a_backup_that_is_not_as_it_was_copied() {
    let data = Directory::new("backup-changed");
    let elsewhere = Directory::new("backup-changed-copies");
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    store.keep(&[json!({ "id": "c1" })]);
    store.stop();
    let (copy, back) = (elsewhere.path().join("copy"), elsewhere.path().join("back"));
    let backup = back_up(data.path(), &copy).unwrap();
    let file = copy.join(&backup.files[0].name);
    let text = fs::read_to_string(&file).unwrap();

    fs::write(&file, text.replace("c1", "c2")).unwrap();
    assert!(matches!(restore(&copy, &back), Err(BackupFault::Changed(path)) if path == file));
    assert!(!back.exists());
    fs::write(&file, text).unwrap();
    fs::write(copy.join("backup.json"), "{\"format\":1,\"at_ms\":0,").unwrap();
    assert!(matches!(restore(&copy, &back), Err(BackupFault::NoBackup(_))));
    let out = json!({ "format": 1, "at_ms": 0, "files": [{ "name": "../x", "bytes": 0, "sha256": "" }] });
    fs::write(copy.join("backup.json"), out.to_string()).unwrap();
    assert!(matches!(restore(&copy, &back), Err(BackupFault::NoBackup(_))));
}

#[test]
fn a_backup_overwrites_nothing() {
    let data = Directory::new("backup-taken");
    let elsewhere = Directory::new("backup-taken-copies");
    let (_store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let copy = elsewhere.path().join("copy");
    back_up(data.path(), &copy).unwrap();

    assert!(matches!(back_up(data.path(), &copy), Err(BackupFault::Taken(_))));
    assert!(matches!(restore(&copy, data.path()), Err(BackupFault::Taken(_))));
    assert!(matches!(back_up(elsewhere.path(), &elsewhere.path().join("b")), Err(BackupFault::Nothing(_))));
}
