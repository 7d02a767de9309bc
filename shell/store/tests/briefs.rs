#![allow(clippy::unwrap_used)]
//! What is promised of records in brief: reports read them in the place of records, and never instead of
//! what the records say.

mod both;
mod place;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use both::{record, write};
use place::{Directory, wait_for};
use reports::{Line, Names, Question, Tally, Zone};
use serde_json::Value;
use store::{Catalogue, Part, Span, each_part, examine_briefs, make_briefs};

/// Long over, by its name.
const FILE: &str = "calls-20261101.jsonl";
/// 2026-11-01 in Greenwich.
const BEGAN: i64 = 1_793_491_200_000;
const MINUTE: i64 = 60_000;

fn brief_of(data: &Path, file: &str) -> PathBuf {
    data.join("briefs").join(file.replace(".jsonl", ".brief"))
}

fn records_of(data: &Path, file: &str) -> PathBuf {
    data.join("records").join(file)
}

fn call(number: i64) -> Value {
    let mut one = record(&format!("c{number}"), BEGAN + number * MINUTE);
    one["talk_ms"] = (number * 1_000).into();
    one["answered"] = (BEGAN + number * MINUTE + number).into();
    if number % 3 == 0 {
        (one["outcome"], one["verdict"]) = ("failed".into(), "TD-E105".into());
    }
    one
}

fn calls(numbers: std::ops::Range<i64>) -> Vec<Value> {
    numbers.map(call).collect()
}

/// A report, how many lines of it were read, and how many blocks.
fn report(data: &Path, kind: &str) -> (Value, usize, usize) {
    let question = Question {
        report: kind.to_owned(),
        by: Some("day".to_owned()),
        from: Some("2026-10-31".to_owned()),
        until: Some("2026-11-21".to_owned()),
        ..Question::default()
    };
    let (names, wanted) = (Names::default(), question.meant(0, Zone::universal()).unwrap());
    let span = Span { since: Some(wanted.from), until: Some(wanted.until) };
    let (mut tally, mut lines, mut blocks) = (Tally::new(wanted, &names), 0, 0);
    let done = each_part(data, span, &mut |part| {
        match part {
            Part::Brief(block) => {
                blocks += 1;
                tally.add_block(block)?;
            }
            Part::Line(line) => {
                lines += 1;
                match serde_json::from_slice::<Line<'_>>(line) {
                    Ok(line) => tally.add(&line),
                    Err(_) => tally.add_unreadable(),
                }
            }
        }
        Ok(())
    });
    done.unwrap();
    (serde_json::to_value(tally.finish()).unwrap(), lines, blocks)
}

/// All reports, which are those of the records alone; and how many lines and blocks one was made of.
#[track_caller]
fn reports(data: &Path) -> (usize, usize) {
    let mut read = (0, 0);
    for kind in ["usage", "failures", "trunks", "teams", "meetings"] {
        let (of_briefs, lines, blocks) = report(data, kind);
        let (folder, aside) = (data.join("briefs"), data.join("aside"));
        let _ = fs::rename(&folder, &aside);
        let (of_records, ..) = report(data, kind);
        let _ = fs::rename(&aside, &folder);
        assert_eq!(of_briefs, of_records, "{kind}");
        read = (lines, blocks);
    }
    read
}

/// What a file says was done to it last does not change.
fn as_if_untouched(path: &Path, change: impl FnOnce()) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    change();
    File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

fn write_at(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Reports read no line of a day that is over; what comes late is read beside what is there in brief, and is
/// in it with the next round.
#[test]
fn req_f72_a_day_that_is_over_is_read_in_brief_and_what_comes_late_beside_it() {
    let data = Directory::new("briefs");
    write(data.path(), FILE, &calls(0..200));
    assert_eq!(reports(data.path()), (200, 0));

    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 1));

    write(data.path(), FILE, &calls(200..203));
    assert_eq!(reports(data.path()), (3, 1));
    write_at(
        &records_of(data.path(), FILE),
        fs::metadata(records_of(data.path(), FILE)).unwrap().len(),
        b"{\"id",
    );
    assert_eq!(reports(data.path()), (3, 1), "half a line is none");
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 1));
    let before = fs::metadata(brief_of(data.path(), FILE)).unwrap().modified().unwrap();
    make_briefs(data.path()).unwrap();
    assert_eq!(fs::metadata(brief_of(data.path(), FILE)).unwrap().modified().unwrap(), before, "it has all");
}

/// Records that were changed, cut, or are others, as after a restore: nothing of them is believed that was
/// made before.
#[test]
fn req_f72_what_was_made_of_other_records_is_not_believed() {
    let data = Directory::new("briefs-stale");
    let (path, begin) = (records_of(data.path(), FILE), || {
        let _ = fs::remove_dir_all(data.path().join("records"));
        write(data.path(), FILE, &calls(0..50));
        make_briefs(data.path()).unwrap();
        assert_eq!(reports(data.path()), (0, 1));
    });

    begin();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"answered\"", "\"no_answe\"", 20)).unwrap();
    assert_eq!(reports(data.path()), (50, 0), "changed in place");

    begin();
    let longer = text.replacen("\"failed\"", "\"refused\"", 5) + &call(60).to_string() + "\n";
    fs::write(&path, longer).unwrap();
    assert_eq!(reports(data.path()), (51, 0), "changed, and longer");

    begin();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&path, lines[..20].join("\n") + "\n").unwrap();
    assert_eq!(reports(data.path()), (20, 0), "cut");

    begin();
    fs::remove_file(&path).unwrap();
    write(data.path(), FILE, &calls(500..700));
    assert_eq!(reports(data.path()), (200, 0), "other records under that name");
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 1));
}

/// Wherever a brief is cut, and whichever of its bytes a disk has changed, the figures are those of the
/// records: no call is lost with it, and none counts twice.
#[test]
fn req_f72_a_brief_that_is_not_whole_costs_nothing_but_time() {
    let data = Directory::new("briefs-torn");
    write(data.path(), FILE, &calls(0..30));
    make_briefs(data.path()).unwrap();
    let brief = brief_of(data.path(), FILE);
    let whole = fs::read(&brief).unwrap();
    let of_records = report(data.path(), "failures").0;

    for at in 0..whole.len() {
        fs::write(&brief, &whole[..at]).unwrap();
        assert_eq!(report(data.path(), "failures").0, of_records, "cut at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        fs::write(&brief, &changed).unwrap();
        let (report, lines, blocks) = report(data.path(), "failures");
        assert_eq!(report, of_records, "changed at {at}");
        assert!(lines == 30 && blocks == 0 || at >= whole.len() - 40, "believed, though changed at {at}");
    }
    make_briefs(data.path()).unwrap();
    assert_eq!(fs::read(&brief).unwrap(), whole, "made anew, and the same");
}

/// Today is brief up to a few megabytes ago, piece by piece, and is made once more in one go when it is over.
#[test]
fn req_f72_what_still_grows_is_brief_up_to_a_moment_ago() {
    let data = Directory::new("briefs-today");
    let file = "calls-of-today.jsonl";
    let wide = |numbers: std::ops::Range<i64>| {
        let mut calls = calls(numbers);
        calls.iter_mut().for_each(|call| call["trail"] = "x".repeat(20_000).into());
        calls
    };
    write(data.path(), file, &wide(0..100));
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (100, 0), "it is read as quickly");

    write(data.path(), file, &wide(100..300));
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 1));
    write(data.path(), file, &wide(300..350));
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (50, 1));
    write(data.path(), file, &wide(350..600));
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 2), "the rest was added");

    let path = records_of(data.path(), file);
    let yesterday = SystemTime::now() - Duration::from_secs(86_400);
    File::options().write(true).open(&path).unwrap().set_modified(yesterday).unwrap();
    make_briefs(data.path()).unwrap();
    assert_eq!(reports(data.path()), (0, 1));
}

/// A house makes them by itself, and what names people goes with the records that named them.
#[test]
fn req_f72_a_running_house_makes_briefs_and_deletes_them_with_their_records() {
    let data = Directory::new("briefs-house");
    write(data.path(), "calls-20200101.jsonl", &calls(0..10));
    write(data.path(), FILE, &calls(0..10));
    let old = brief_of(data.path(), "calls-20200101.jsonl");
    let first = Catalogue::start(data.path(), |_| {}).unwrap();
    wait_for(|| old.exists() && brief_of(data.path(), FILE).exists());
    drop(first);

    let second = Catalogue::start(data.path(), |_| {}).unwrap();
    second.keep_days(1_000);
    wait_for(|| !records_of(data.path(), "calls-20200101.jsonl").exists());
    drop(second);
    assert!(!old.exists(), "not a moment longer");

    fs::remove_file(records_of(data.path(), FILE)).unwrap();
    let third = Catalogue::start(data.path(), |_| {}).unwrap();
    wait_for(|| !brief_of(data.path(), FILE).exists());
    drop(third);
}

/// Where one cannot be made, as on a disk that is full, nothing is left of the try, and the others are made.
#[test]
fn a_brief_that_cannot_be_made_leaves_nothing_behind() {
    let data = Directory::new("briefs-refused");
    write(data.path(), FILE, &calls(0..10));
    write(data.path(), "calls-20261102.jsonl", &calls(10..30));
    // What is to be renamed onto a folder cannot be.
    fs::create_dir_all(brief_of(data.path(), FILE).join("in-the-way")).unwrap();

    assert!(make_briefs(data.path()).is_err());

    assert!(!brief_of(data.path(), FILE).with_extension("new").exists());
    assert_eq!(reports(data.path()), (10, 1));
}

/// A copy holds records, and no second truth of them.
#[test]
fn a_backup_leaves_briefs_out() {
    let (data, to) = (Directory::new("briefs-backup"), Directory::new("briefs-copy"));
    write(data.path(), FILE, &calls(0..10));
    make_briefs(data.path()).unwrap();

    let backup = store::back_up(data.path(), to.path()).unwrap();

    let names: Vec<&str> = backup.files.iter().map(|file| &*file.name).collect();
    assert_eq!(names, [format!("records/{FILE}")]);
}

/// Each is made once more and compared; also one whose records somebody has changed without a trace.
#[test]
fn req_f72_a_comparison_finds_a_brief_that_says_something_else() {
    let data = Directory::new("briefs-examined");
    write(data.path(), FILE, &calls(0..50));
    write(data.path(), "calls-20261102.jsonl", &calls(50..60));
    make_briefs(data.path()).unwrap();
    write(data.path(), "calls-20261103.jsonl", &calls(60..70));
    let sums = || {
        let examined = examine_briefs(data.path()).unwrap();
        (examined.files, examined.in_brief, examined.to_make_anew, examined.faults)
    };
    assert_eq!(sums(), (3, 2, 0, 0));

    let path = records_of(data.path(), FILE);
    let text = fs::read_to_string(&path).unwrap();
    as_if_untouched(&path, || fs::write(&path, text.replacen("hana", "bran", 1)).unwrap());
    assert_eq!(sums(), (3, 1, 0, 1));
    assert!(examine_briefs(data.path()).unwrap().findings[0].contains("calls-20261101.brief"));
    fs::remove_file(brief_of(data.path(), FILE)).unwrap();
    make_briefs(data.path()).unwrap();
    assert_eq!(sums(), (3, 3, 0, 0));

    let brief = brief_of(data.path(), FILE);
    let length = fs::metadata(&brief).unwrap().len();
    File::options().write(true).open(&brief).unwrap().set_len(length - 100).unwrap();
    assert_eq!(sums(), (3, 2, 1, 0), "no report believes it");
}
