#![allow(clippy::unwrap_used)]
//! What the store promises about revisions.

mod place;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use place::{Directory, wait_for};
use serde_json::Value;
use store::{About, Cause, List, OpenFault, Retention, Revisions, content_of, digest, revisions_in};

#[test]
fn a_revision_is_read_back_as_it_was_written() {
    let data = Directory::new("back");
    let (revisions, torn) = Revisions::open(data.path()).unwrap();
    let documents = [("conf.d/a.toml", "format = 1\n"), ("z.toml", "# é\n")];

    let lists = [List::new("decks/east.csv", "82,0.034\n"), List::new("decks/west.csv", "1,0.009\n")];

    revisions.keep(&about(1, &documents, &lists), &documents, &lists).unwrap();

    assert!(torn.is_empty());
    assert_eq!(revisions.newest().unwrap().unwrap().number, 1);
    let read = content_of(data.path(), 1).unwrap();
    assert_eq!(read.documents, documents.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(read.lists, lists);
}

#[test]
fn one_process_writes_and_the_next_is_refused() {
    let data = Directory::new("claim");
    let _first = Revisions::open(data.path()).unwrap();

    assert!(matches!(Revisions::open(data.path()), Err(OpenFault::InUse(_))));
}

#[test]
fn what_a_crash_cut_is_set_aside() {
    let data = Directory::new("cut");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    let documents = [("a.toml", "1"), ("b.toml", "2")];
    for number in 1..=3 {
        revisions.keep(&about(number, &documents, &[]), &documents, &[]).unwrap();
    }
    drop(revisions);
    let folder = data.path().join("revisions");
    fs::rename(folder.join("3"), folder.join("unfinished-3")).unwrap();
    fs::write(folder.join("2/documents/b.toml"), "").unwrap();

    let (revisions, torn) = Revisions::open(data.path()).unwrap();

    assert_eq!(torn.len(), 2, "{torn:?}");
    assert_eq!(revisions.newest().unwrap().unwrap().number, 1);
    assert_eq!(revisions_in(data.path()).unwrap().len(), 1);
}

#[test]
fn a_revision_waits_for_its_confirmation() {
    let data = Directory::new("confirm");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    let waiting = About { confirm_by_ms: Some(5), ..about(1, &[], &[]) };
    revisions.keep(&waiting, &[], &[]).unwrap();
    assert!(!revisions.newest().unwrap().unwrap().is_settled);

    revisions.confirm(1).unwrap();

    assert!(revisions.newest().unwrap().unwrap().is_settled);
}

#[test]
fn no_document_leaves_its_folder() {
    let data = Directory::new("inside");
    let (revisions, _) = Revisions::open(data.path()).unwrap();

    for name in ["../evil.toml", "/etc/evil.toml", "a/../../evil.toml"] {
        let documents = [(name, "")];
        assert!(revisions.keep(&about(1, &documents, &[]), &documents, &[]).is_err(), "{name}");
    }
    assert!(revisions.newest().unwrap().is_none());
}

/// A price list of many revisions lies on the disk once, and goes with the last that names it.
#[test]
fn pain_25_a_price_list_is_kept_once_and_as_long_as_a_revision_names_it() {
    let data = Directory::new("once");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    let lists = |text: &str| [List::new("east.csv", text)];
    for (number, text) in [(1, "82,0.1\n"), (2, "82,0.1\n"), (3, "82,0.2\n"), (4, "82,0.2\n")] {
        revisions.keep(&about(number, &[], &lists(text)), &[], &lists(text)).unwrap();
    }
    let shelf = || fs::read_dir(data.path().join("revisions/lists")).unwrap().count();
    fs::write(data.path().join("revisions/lists/unfinished-x"), "82,").unwrap();
    assert_eq!(shelf(), 3);

    revisions.retire(Retention { revisions: 3, ..Retention::default() }).unwrap();
    let all_but_one = (revisions.content(2).unwrap().lists, shelf());
    revisions.retire(Retention { revisions: 2, ..Retention::default() }).unwrap();

    assert_eq!(all_but_one, (lists("82,0.1\n").to_vec(), 2));
    assert_eq!(shelf(), 1);
    assert_eq!(revisions.content(3).unwrap().lists, lists("82,0.2\n"));
}

/// Price lists may not fill the disk: the oldest revisions go, and never the way back from the newest.
#[test]
fn pain_25_price_lists_of_the_past_take_bounded_room() {
    let data = Directory::new("room");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    for number in 1..=6 {
        let lists = [List::new("east.csv", format!("{number}").repeat(1_000))];
        revisions.keep(&about(number, &[], &lists), &[], &lists).unwrap();
    }

    revisions.retire(Retention { list_bytes: 3_500, ..Retention::default() }).unwrap();
    let three = revisions_in(data.path()).unwrap().len();
    revisions.retire(Retention { list_bytes: 1, ..Retention::default() }).unwrap();

    assert_eq!(three, 3);
    let numbers: Vec<_> = revisions_in(data.path()).unwrap().iter().map(|about| about.number).collect();
    assert_eq!(numbers, [5, 6]);
    assert!(revisions.content(5).is_ok() && revisions.content(6).is_ok());
}

/// A list that is not what was written is never taken for it.
#[test]
fn pain_25_a_revision_whose_price_list_was_changed_is_set_aside() {
    let data = Directory::new("list-changed");
    let (revisions, _) = Revisions::open(data.path()).unwrap();
    for (number, text) in [(1, "82,0.1\n"), (2, "82,0.2\n")] {
        let lists = [List::new("east.csv", text)];
        revisions.keep(&about(number, &[], &lists), &[], &lists).unwrap();
    }
    drop(revisions);
    let changed = data.path().join("revisions/lists").join(List::new("", "82,0.2\n").digest());
    fs::write(changed, "82,0.0\n").unwrap();

    let (revisions, torn) = Revisions::open(data.path()).unwrap();

    assert_eq!(torn.len(), 1, "{torn:?}");
    assert_eq!(revisions.newest().unwrap().unwrap().number, 1);
}

/// Killed while it writes, again and again: what is there afterwards is whole, and nothing promised is gone.
#[test]
fn pain_25_a_process_that_is_killed_while_writing_leaves_whole_revisions() {
    if let Ok(data) = std::env::var("STORE_TEST_REVISE_UNTIL_KILLED") {
        revise_until_killed(Path::new(&data));
    }
    let data = Directory::new("killed");
    let mut promised = 0;
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pain_25_a_process_that_is_killed_while_writing_leaves_whole_revisions"])
            .env("STORE_TEST_REVISE_UNTIL_KILLED", data.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = data.path().join("told");
        wait_for(|| told_in(&told) > promised);
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        promised = told_in(&told);
        let (revisions, _) = Revisions::open(data.path()).unwrap();
        let newest = revisions.newest().unwrap().unwrap().number;
        assert!(newest == promised || newest == promised + 1, "{promised} were promised, {newest} is there");
        for about in revisions_in(data.path()).unwrap() {
            let content = revisions.content(about.number).unwrap();
            assert_eq!((content.documents.len(), content.lists.len()), (12, 1));
        }
    }
}

fn revise_until_killed(data: &Path) -> ! {
    let (revisions, _) = Revisions::open(data).unwrap();
    let next = revisions.newest().unwrap().map_or(1, |newest| newest.number + 1);
    for number in next.. {
        let documents: Vec<_> =
            (0..12).map(|file| (format!("f{file}/a.toml"), format!("{number} ").repeat(500))).collect();
        let mut documents: Vec<_> = documents.iter().map(|(name, text)| (&**name, &**text)).collect();
        documents.sort_by_key(|(name, _)| PathBuf::from(name));
        let lists = [List::new("east.csv", format!("{number},0.034\n").repeat(2_000))];
        revisions.keep(&about(number, &documents, &lists), &documents, &lists).unwrap();
        revisions.retire(Retention { revisions: 5, ..Retention::default() }).unwrap();
        fs::write(data.join("telling"), number.to_string()).unwrap();
        fs::rename(data.join("telling"), data.join("told")).unwrap();
    }
    unreachable!("numbers do not end")
}

fn told_in(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn about(number: u64, documents: &[(&str, &str)], lists: &[List]) -> About {
    let digest = digest(documents.iter().copied(), lists);
    About {
        number,
        base: number.checked_sub(1),
        applied_ms: 0,
        author: "ana".to_owned(),
        why: None,
        cause: Cause::Apply,
        confirm_by_ms: None,
        is_settled: true,
        documents: digest.clone(),
        directory: digest,
        difference: Value::Null,
        tests: Value::Null,
    }
}
