#![allow(clippy::unwrap_used)]
//! What the store promises about revisions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use store::{About, Cause, OpenFault, Revisions, digest, documents_of, revisions_in};

#[test]
fn a_revision_is_read_back_as_it_was_written() {
    let data = Directory::new("back");
    let (revisions, torn) = Revisions::open(data.path()).unwrap();
    let documents = [("conf.d/a.toml", "format = 1\n"), ("z.toml", "# é\n")];

    revisions.keep(&about(1, &documents), &documents).unwrap();

    assert!(torn.is_empty());
    assert_eq!(revisions.newest().unwrap().unwrap().number, 1);
    let read = documents_of(data.path(), 1).unwrap();
    assert_eq!(read, documents.map(|(name, text)| (name.to_owned(), text.to_owned())));
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
        revisions.keep(&about(number, &documents), &documents).unwrap();
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
    let waiting = About { confirm_by_ms: Some(5), ..about(1, &[]) };
    revisions.keep(&waiting, &[]).unwrap();
    assert!(!revisions.newest().unwrap().unwrap().is_settled);

    revisions.confirm(1).unwrap();

    assert!(revisions.newest().unwrap().unwrap().is_settled);
}

#[test]
fn no_document_leaves_its_folder() {
    let data = Directory::new("inside");
    let (revisions, _) = Revisions::open(data.path()).unwrap();

    for name in ["../evil.toml", "/etc/evil.toml", "a/../../evil.toml"] {
        assert!(revisions.keep(&about(1, &[(name, "")]), &[(name, "")]).is_err(), "{name}");
    }
    assert!(revisions.newest().unwrap().is_none());
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
            assert_eq!(revisions.documents(about.number).unwrap().len(), 12);
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
        revisions.keep(&about(number, &documents), &documents).unwrap();
        fs::write(data.join("telling"), number.to_string()).unwrap();
        fs::rename(data.join("telling"), data.join("told")).unwrap();
    }
    unreachable!("numbers do not end")
}

fn told_in(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn about(number: u64, documents: &[(&str, &str)]) -> About {
    let digest = digest(documents.iter().copied());
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

fn wait_for(is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A directory of its own for one test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("tandem-revisions-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
