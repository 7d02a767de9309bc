//! Bindings on a disk: the newest line of a user counts.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use store::Phones;
use switch::Kept;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tandem-phones-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn kept(user: &str, contact: &str, until: i64) -> Kept {
    let flow = r#"{"transport":"udp","local":"127.0.0.1:5060","remote":"192.0.2.7:33001"}"#;
    let binding = format!(
        r#"{{"contact":"{contact}","priority":1000,"call_id":"c","cseq":1,"registered":0,"until":{until},
            "source":{flow},"reach":{{"at":{flow}}}}}"#
    );
    let bindings = if contact.is_empty() { String::new() } else { binding };
    serde_json::from_str(&format!(r#"{{"user":"{user}","bindings":[{bindings}]}}"#)).unwrap()
}

const FAR: i64 = 32_503_680_000_000;

fn opened(data: &Path) -> (Phones, Vec<Kept>) {
    let (phones, restored) = Phones::open(data, |trouble| panic!("{trouble:?}")).unwrap();
    (phones, restored.kept)
}

#[test]
fn what_was_kept_is_there_again_and_what_has_ended_is_not() {
    let data = folder("again");
    let (phones, found) = opened(&data);
    assert!(found.is_empty());

    phones.keep(&[kept("hana", "sip:a@x", FAR), kept("minsu", "sip:b@x", FAR), kept("old", "sip:c@x", 5)]);
    let (tell, told) = std::sync::mpsc::channel();
    phones.on_landing(move |mark| tell.send(mark).unwrap());
    let last = phones.keep(&[kept("hana", "sip:new@x", FAR), kept("minsu", "", FAR)]).unwrap();
    phones.write();
    while told.recv().unwrap() < last {}
    // As after a kill: nothing is said to it, and the file is read as it is.
    std::mem::forget(phones);
    let (_phones, found) = opened(&data);

    assert_eq!(found, [kept("hana", "sip:new@x", FAR)]);
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_line_that_a_crash_cut_costs_itself_alone() {
    let data = folder("torn");
    let (phones, _) = opened(&data);
    phones.keep(&[kept("hana", "sip:a@x", FAR)]);
    drop(phones);
    let path = data.join("phones/bindings.jsonl");
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(b"what?\n{\"user\":\"minsu\",\"bind");
    fs::write(&path, text).unwrap();

    let (_phones, restored) = Phones::open(&data, |trouble| panic!("{trouble:?}")).unwrap();

    assert_eq!(restored.kept, [kept("hana", "sip:a@x", FAR)]);
    assert_eq!((restored.unreadable, restored.torn), (1, 21));
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_file_is_swept_while_others_write_and_nothing_is_lost() {
    let data = folder("sweep");
    let (phones, _) = opened(&data);
    let users = 40;
    for round in 0..2000 {
        let of_round: Vec<Kept> =
            (0..users).map(|user| kept(&format!("u{user}"), &format!("sip:{round}@x"), FAR)).collect();
        phones.keep(&of_round);
        phones.write();
        if round % 400 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(700));
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let size = fs::metadata(data.join("phones/bindings.jsonl")).unwrap().len();
    std::mem::forget(phones);
    let (_phones, found) = opened(&data);

    assert!(size < 2 * 1024 * 1024, "{size} bytes of {users} users");
    assert_eq!(found.len(), users);
    assert!(found.iter().all(|kept| &*kept.bindings[0].contact == "sip:1999@x"));
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn whoever_waits_for_the_disk_is_told_by_a_mark() {
    let data = folder("landing");
    let (phones, _) = opened(&data);
    let (tell, told) = std::sync::mpsc::channel();
    phones.on_landing(move |mark| tell.send(mark).unwrap());

    let first = phones.keep(&[kept("hana", "sip:a@x", FAR)]).unwrap();
    let second = phones.keep(&[kept("hana", "sip:b@x", FAR)]).unwrap();
    let untold = told.recv_timeout(std::time::Duration::from_millis(50));
    phones.write();

    assert!(first < second);
    assert!(untold.is_err(), "a shard says when it has enough of them");
    let mut landed = told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    while landed < second {
        landed = told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    }
    drop(phones);
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn what_nobody_has_said_is_to_be_written_is_there_after_an_orderly_end() {
    let data = folder("end");
    let (phones, _) = opened(&data);
    phones.keep(&[kept("hana", "sip:a@x", FAR)]);

    drop(phones);

    assert_eq!(opened(&data).1, [kept("hana", "sip:a@x", FAR)]);
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn no_mark_is_left_behind_whoever_writes() {
    let data = folder("many");
    let (phones, _) = opened(&data);
    let (tell, told) = std::sync::mpsc::channel();
    phones.on_landing(move |mark| tell.send(mark).unwrap());
    let mut last = None;
    for round in 0..3_000 {
        last = phones.keep(&[kept(&format!("u{}", round % 50), &format!("sip:{round}@x"), FAR)]);
        if round % 3 == 0 {
            phones.write();
        }
        if round % 100 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
    phones.write();

    while Some(told.recv_timeout(std::time::Duration::from_secs(60)).unwrap()) < last {}
    std::mem::forget(phones);
    assert_eq!(opened(&data).1.len(), 50);
    fs::remove_dir_all(&data).unwrap();
}
