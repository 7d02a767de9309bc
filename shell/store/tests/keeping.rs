#![allow(clippy::unwrap_used)]
//! What the store promises about records.

mod place;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use place::{Directory, wait_for};
use serde_json::{Value, json};
use store::{Found, Mark, OpenFault, ReadFault, Settings, Store, Trouble, records_in};

#[test]
fn what_was_kept_is_read_back_in_order() {
    let data = Directory::new("order");
    let (store, found) = Store::open(Settings::at(data.path()), |_| {}).unwrap();

    store.keep(&[json!({"id": 1}), json!({"id": 2})]);
    store.keep(&[json!({"id": 3})]);
    store.stop();

    assert!(found.is_empty());
    assert_eq!(ids(data.path()), [1, 2, 3]);
}

#[test]
fn a_process_that_is_killed_loses_no_record() {
    if let Ok(data) = std::env::var("STORE_TEST_KEEP_UNTIL_KILLED") {
        keep_until_killed(Path::new(&data));
    }
    let data = Directory::new("killed");

    let child = ("a_process_that_is_killed_loses_no_record", "STORE_TEST_KEEP_UNTIL_KILLED");
    let told = killed_once(child, data.path(), |told| told > 200);

    let (_store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let kept = ids(data.path());
    assert!(kept.len() as u64 >= told, "{told} were promised, {} are there", kept.len());
    assert!(kept.iter().copied().eq(0..kept.len() as u64), "none is missing in between");
}

#[test]
fn a_line_cut_by_a_crash_is_set_aside_and_never_read() {
    let data = Directory::new("torn");
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    store.keep(&[json!({"id": 1})]);
    store.stop();
    let file = record_files(data.path()).remove(0);
    OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"id\": 2, \"call").unwrap();
    assert!(matches!(records_in(data.path()).unwrap().last(), Some(Err(ReadFault::Torn { line: 2, .. }))));

    let (store, found) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    store.keep(&[json!({"id": 3})]);
    store.stop();

    assert_eq!(found, [Found::TornLine { file: file.clone(), bytes: 15 }]);
    assert_eq!(ids(data.path()), [1, 3]);
    let torn = fs::read(format!("{}.torn", file.display())).unwrap();
    assert_eq!(torn, b"{\"id\": 2, \"call\n");
}

#[test]
fn a_torn_line_longer_than_a_block_is_found_too() {
    let data = Directory::new("long");
    fs::create_dir_all(data.path().join("records")).unwrap();
    let file = data.path().join("records/calls-20261121.jsonl");
    fs::write(&file, [b"{\"id\":1}\n".as_slice(), &vec![b'x'; 200_000]].concat()).unwrap();

    let (_store, found) = Store::open(Settings::at(data.path()), |_| {}).unwrap();

    assert_eq!(found, [Found::TornLine { file, bytes: 200_000 }]);
    assert_eq!(ids(data.path()), [1]);
}

#[test]
fn two_processes_cannot_write_one_directory() {
    let data = Directory::new("twice");
    let (_first, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();

    let second = Store::open(Settings::at(data.path()), |_| {});

    assert!(matches!(second, Err(OpenFault::InUse(_))));
}

#[test]
fn records_a_disk_refuses_wait_and_are_written_when_it_recovers() {
    let data = Directory::new("refused");
    let (told, tell) = ear();
    let settings = Settings { retry_every: Duration::from_millis(20), ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, tell).unwrap();
    let away = data.path().join("away");
    fs::rename(data.path().join("records"), &away).unwrap();

    store.keep(&[json!({"id": 1})]);
    wait_for(|| !told.lock().unwrap().is_empty());
    assert_eq!(store.keep(&[json!({"id": 2})]), None, "nobody is to wait for it");
    assert!(matches!(told.lock().unwrap().as_slice(), [Trouble::Refused { waiting: 1, .. }]));
    assert_eq!(store.counts().waiting, 2);
    fs::rename(&away, data.path().join("records")).unwrap();
    wait_for(|| store.counts().waiting == 0);
    store.keep(&[json!({"id": 3})]);
    wait_for(|| told.lock().unwrap().contains(&Trouble::Recovered { records: 2 }));
    store.stop();

    assert_eq!(ids(data.path()), [1, 2, 3]);
}

#[test]
fn what_waits_is_bounded_and_what_is_lost_is_told() {
    let data = Directory::new("bounded");
    let (told, tell) = ear();
    let retry_every = Duration::from_secs(3600);
    let settings = Settings { waiting_max: 30, retry_every, spool: None, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, tell).unwrap();
    fs::rename(data.path().join("records"), data.path().join("away")).unwrap();

    for id in 0..10 {
        store.keep(&[json!({"id": id})]);
    }

    // What the writer has in hand comes back when the disk has refused it.
    wait_for(|| store.counts().waiting <= 3);
    assert_eq!(store.counts().lost + store.counts().waiting as u64, 10);
    wait_for(|| told.lock().unwrap().iter().any(|trouble| matches!(trouble, Trouble::Lost { .. })));
}

#[test]
fn a_full_disk_is_told_and_the_record_waits() {
    let data = Directory::new("full");
    let (told, tell) = ear();
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    store.keep(&[json!({"id": 0})]);
    store.stop();
    let today = record_files(data.path()).remove(0);
    fs::remove_file(&today).unwrap();
    let settings = Settings { spool: None, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, tell).unwrap();
    std::os::unix::fs::symlink("/dev/full", &today).unwrap();

    store.keep(&[json!({"id": 1})]);
    wait_for(|| !told.lock().unwrap().is_empty());

    assert_eq!(store.counts().waiting, 1);
    assert!(matches!(told.lock().unwrap().as_slice(), [Trouble::Refused { .. }]));
    fs::remove_file(&today).unwrap();
}

/// What was synced by the process, file by file; a test looks at its own files.
static SYNCED: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());
/// Files whose next sync fails: the kernel has lost what it was given.
static FAILING: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn inode(file: &fs::File) -> u64 {
    file.metadata().unwrap().ino()
}

fn sync_and_note(file: &fs::File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.sync_data()?;
    SYNCED.lock().unwrap().push((inode(file), length));
    Ok(())
}

fn sync_or_fail(file: &fs::File) -> io::Result<()> {
    let mut failing = FAILING.lock().unwrap();
    match failing.iter().position(|one| *one == inode(file)) {
        Some(at) => {
            failing.remove(at);
            // Half of what nobody has synced is there, and half is not.
            let length = file.metadata()?.len();
            file.set_len(length - 7)?;
            Err(io::Error::other("the disk is sick"))
        }
        None => file.sync_data(),
    }
}

#[test]
fn a_mark_is_told_when_its_record_is_on_the_disk_and_many_land_together() {
    let data = Directory::new("landing");
    let settings = Settings { sync: sync_and_note, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, |_| {}).unwrap();
    let landed: Arc<Mutex<Vec<(Mark, u64)>>> = Arc::default();
    let (landing, folder) = (Arc::clone(&landed), data.path().to_owned());
    store.on_landing(move |mark| {
        let file = fs::File::open(record_files(&folder).remove(0)).unwrap();
        let own = inode(&file);
        let synced = SYNCED.lock().unwrap().iter().filter(|one| one.0 == own).map(|one| one.1).max();
        landing.lock().unwrap().push((mark, synced.unwrap_or(0)));
    });

    let marks: Vec<Mark> = (0..2_000).map(|id| store.keep(&[json!({ "id": id })]).unwrap()).collect();
    let lengths: Vec<u64> = (0..2_000).map(|id| json!({ "id": id }).to_string().len() as u64 + 1).collect();

    assert!(marks.windows(2).all(|pair| pair[0] < pair[1]));
    wait_for(|| landed.lock().unwrap().last().is_some_and(|last| last.0 == marks[1_999]));
    let landed = landed.lock().unwrap();
    for (mark, synced) in landed.iter() {
        let before = marks.iter().filter(|one| *one <= mark).count();
        let needed: u64 = lengths[..before].iter().sum();
        assert!(*synced >= needed, "{mark:?} was told with {synced} of {needed} bytes on the disk");
    }
    assert!(landed.len() < 1_000, "{} syncs for 2000 records", landed.len());
}

/// To sync again after a failure would say that all is well: the kernel forgets what it could not write.
#[test]
fn what_a_sync_has_lost_is_written_again_once() {
    let data = Directory::new("sync-fails");
    let (told, tell) = ear();
    let retry_every = Duration::from_millis(20);
    let settings = Settings { sync: sync_or_fail, retry_every, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, tell).unwrap();
    let landed: Arc<Mutex<Mark>> = Arc::default();
    let landing = Arc::clone(&landed);
    store.on_landing(move |mark| *landing.lock().unwrap() = mark);
    let first = store.keep(&[json!({"id": 0})]).unwrap();
    wait_for(|| *landed.lock().unwrap() >= first);

    let file = record_files(data.path()).remove(0);
    FAILING.lock().unwrap().push(inode(&fs::File::open(&file).unwrap()));
    let second = store.keep(&[json!({"id": 1})]).unwrap();
    wait_for(|| *landed.lock().unwrap() >= second);
    let third = store.keep(&[json!({"id": 2})]);
    wait_for(|| store.counts().waiting == 0);
    store.keep(&[json!({"id": 3})]);
    store.stop();

    assert!(told.lock().unwrap().iter().any(|trouble| matches!(trouble, Trouble::NotSynced { .. })));
    assert_eq!(ids(data.path()), [0, 1, 2, 3], "third: {third:?}");
}

fn keep_until_killed(data: &Path) -> ! {
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    let mut told = fs::File::create(data.join("told")).unwrap();
    let (land, landed) = std::sync::mpsc::channel();
    store.on_landing(move |mark| land.send(mark).unwrap());
    let mut id = 0u64;
    loop {
        let mark = store.keep(&[json!({"id": id, "padding": "x".repeat(900)})]).unwrap();
        while landed.recv().unwrap() < mark {}
        told.write_all(b".").unwrap();
        id += 1;
    }
}

fn ids(data: &Path) -> Vec<u64> {
    records_in(data).unwrap().map(|record| id_of(&record.unwrap())).collect()
}

fn id_of(record: &Value) -> u64 {
    record["id"].as_u64().unwrap()
}

fn record_files(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("records")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect()
}

type Told = Arc<Mutex<Vec<Trouble>>>;

fn ear() -> (Told, impl Fn(Trouble) + Send + Sync + 'static) {
    let told = Told::default();
    let telling = Arc::clone(&told);
    (told, move |trouble| telling.lock().unwrap().push(trouble))
}

/// Sleeps in the sync of files that are named here.
static STILL: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn sync_in_a_while(file: &fs::File) -> io::Result<()> {
    let is_still = || STILL.lock().unwrap().contains(&inode(file));
    while is_still() {
        std::thread::sleep(Duration::from_millis(5));
    }
    file.sync_data()
}

#[test]
fn while_a_disk_stands_still_nobody_who_hands_a_record_over_does() {
    let data = Directory::new("still");
    let settings = Settings { sync: sync_in_a_while, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, |_| {}).unwrap();
    store.keep(&[json!({"id": 0})]);
    wait_for(|| store.counts().syncs == 1);
    let own = inode(&fs::File::open(record_files(data.path()).remove(0)).unwrap());
    STILL.lock().unwrap().push(own);

    store.keep(&[json!({"id": 1})]);
    std::thread::sleep(Duration::from_millis(50));
    for id in 2..200 {
        store.keep(&[json!({ "id": id })]);
    }

    // All were taken, the kernel has them, and none is promised: the disk has not moved.
    wait_for(|| store.counts().waiting == 0);
    assert_eq!((store.counts().kept, store.counts().syncs), (200, 1));
    assert_eq!(ids(data.path()), (0..200).collect::<Vec<u64>>());
    // Another test may have a file that stands still.
    STILL.lock().unwrap().retain(|one| *one != own);
    store.stop();
    assert_eq!(ids(data.path()), (0..200).collect::<Vec<u64>>());
}

/// The child's disk stands still for ever: what the kernel has outlives it all the same.
#[test]
fn a_process_that_is_killed_while_the_disk_stands_still_loses_no_record() {
    if let Ok(data) = std::env::var("STORE_TEST_KEEP_ON_A_STILL_DISK") {
        keep_on_a_still_disk(Path::new(&data));
    }
    let data = Directory::new("killed-still");

    let test = "a_process_that_is_killed_while_the_disk_stands_still_loses_no_record";
    killed_once((test, "STORE_TEST_KEEP_ON_A_STILL_DISK"), data.path(), |told| told > 0);

    let (_store, found) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    assert_eq!((found, ids(data.path())), (vec![], (0..500).collect::<Vec<u64>>()));
}

/// Runs a test of this file as a child that keeps records in the folder that a variable names, until it has
/// told enough there; how much it had told when it was dead.
fn killed_once((test, variable): (&str, &str), data: &Path, is_enough: impl Fn(u64) -> bool) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, data)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let told = data.join("told");
    let length = || fs::metadata(&told).map_or(0, |about| about.len());
    wait_for(|| is_enough(length()));
    child.kill().unwrap();
    child.wait().unwrap();
    let length = length();
    fs::remove_file(&told).unwrap();
    length
}

fn keep_on_a_still_disk(data: &Path) -> ! {
    let sync = |_: &fs::File| loop {
        std::thread::sleep(Duration::from_secs(3600));
    };
    let (store, _) = Store::open(Settings { sync, ..Settings::at(data) }, |_| {}).unwrap();
    store.on_landing(|mark| panic!("{mark:?} was promised, and the disk has not moved"));
    for id in 0..500 {
        store.keep(&[json!({ "id": id })]);
    }
    wait_for(|| store.counts().waiting == 0);
    fs::write(data.join("told"), "all").unwrap();
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Stands still first, so that lines come to lie behind what it is asked to force; then it fails.
fn sync_in_a_while_or_fail(file: &fs::File) -> io::Result<()> {
    sync_in_a_while(file)?;
    sync_or_fail(file)
}

#[test]
fn what_was_written_while_a_sync_failed_is_written_again_too_and_in_order() {
    let data = Directory::new("sync-fails-late");
    let retry_every = Duration::from_millis(20);
    let settings = Settings { sync: sync_in_a_while_or_fail, retry_every, ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings, |_| {}).unwrap();
    store.keep(&[json!({"id": 0})]);
    wait_for(|| store.counts().syncs == 1);
    let own = inode(&fs::File::open(record_files(data.path()).remove(0)).unwrap());
    STILL.lock().unwrap().push(own);
    for id in 1..50 {
        store.keep(&[json!({ "id": id })]);
        wait_for(|| store.counts().waiting == 0);
    }

    FAILING.lock().unwrap().push(own);
    STILL.lock().unwrap().retain(|one| *one != own);
    wait_for(|| store.counts().refused_writes == 1);
    for id in 50..60 {
        store.keep(&[json!({ "id": id })]);
    }
    store.stop();

    assert_eq!(ids(data.path()), (0..60).collect::<Vec<u64>>());
    let chained = store::follow(data.path()).unwrap();
    assert_eq!((chained.records, chained.findings), (60, vec![]));
}

/// The kernel takes nothing: the disk is full, or stands still so that even a write is held up.
#[test]
fn a_process_that_is_killed_while_no_file_takes_records_loses_none() {
    if let Ok(data) = std::env::var("STORE_TEST_KEEP_ON_A_FULL_DISK") {
        keep_on_a_full_disk(Path::new(&data));
    }
    let data = Directory::new("killed-full");
    let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    store.keep(&[json!({"id": 0, "some": "\"chain\":{\"number\":7}"})]);
    store.stop();
    for round in 1..4 {
        let before = ids(data.path()).len() as u64;
        let test = "a_process_that_is_killed_while_no_file_takes_records_loses_none";
        killed_once((test, "STORE_TEST_KEEP_ON_A_FULL_DISK"), data.path(), |told| told > 0);

        let today = record_files(data.path()).remove(0);
        fs::remove_file(&today).unwrap();
        fs::rename(data.path().join("aside"), &today).unwrap();
        // Twice, as the next one may be killed, too, before it has written them.
        for _ in 0..round {
            let (store, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
            wait_for(|| store.counts().waiting == 0);
            store.stop();
        }
        assert_eq!(ids(data.path()), (0..before + 40).collect::<Vec<u64>>());
    }
    let chained = store::follow(data.path()).unwrap();
    assert_eq!((chained.records, chained.findings), (121, vec![]));
}

/// Ten records are in the file, and thirty are not.
fn keep_on_a_full_disk(data: &Path) -> ! {
    let first = ids(data).len() as u64;
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    for id in first..first + 10 {
        store.keep(&[json!({ "id": id })]);
    }
    wait_for(|| store.counts().waiting == 0);
    drop(store);
    let today = record_files(data).remove(0);
    fs::rename(&today, data.join("aside")).unwrap();
    std::os::unix::fs::symlink("/dev/full", &today).unwrap();
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    for id in first + 10..first + 40 {
        store.keep(&[json!({ "id": id })]);
    }
    wait_for(|| store.counts().waiting == 30 && store.counts().refused_writes > 0);
    fs::write(data.join("told"), "all").unwrap();
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// What it has left is in the file already, but for the last.
#[test]
fn what_was_left_is_written_once() {
    let data = Directory::new("left-once");
    let folder = data.path().join("spools");
    fs::create_dir_all(&folder).unwrap();
    let settings = || Settings { spool: Some(folder.clone()), ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings(), |_| {}).unwrap();
    let spool = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    for id in 0..20 {
        store.keep(&[json!({ "id": id })]);
    }
    store.stop();
    assert!(!spool.exists(), "nothing is left behind");
    let left: String = (10..21).map(|id| format!("{}\n", json!({ "id": id }))).collect();
    fs::write(&spool, left + "{\"id\":2").unwrap();

    let (store, found) = Store::open(settings(), |_| {}).unwrap();
    store.keep(&[json!({ "id": 21 })]);
    store.stop();

    assert_eq!(found, [Found::Left { records: 1 }]);
    assert_eq!(ids(data.path()), (0..22).collect::<Vec<u64>>());
}

/// What a sync has failed on is left once more, behind what came meanwhile.
#[test]
fn what_was_left_twice_is_written_once() {
    let data = Directory::new("left-twice");
    let folder = data.path().join("spools");
    fs::create_dir_all(&folder).unwrap();
    let settings = || Settings { spool: Some(folder.clone()), ..Settings::at(data.path()) };
    let (store, _) = Store::open(settings(), |_| {}).unwrap();
    let spool = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    store.stop();
    let left: String = [0, 1, 2, 0, 1].map(|id| format!("{}\n", json!({ "id": id }))).concat();
    fs::write(&spool, left).unwrap();

    let (store, found) = Store::open(settings(), |_| {}).unwrap();
    store.stop();

    assert_eq!(found, [Found::Left { records: 3 }]);
    assert_eq!(ids(data.path()), [0, 1, 2]);
}
