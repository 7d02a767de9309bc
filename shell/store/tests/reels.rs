//! Reels on the disk: what is found again, after whatever befalls whoever wrote them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::{Kept, ReelLimits, ReelQuestion, ReelWriter, Reels, ReelsExamined, examine_reels};

const DAY: Duration = Duration::from_secs(86_400);
const MUCH: u64 = 1_000_000_000;

/// A folder of its own, gone with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("tandem-reels-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Place(path)
    }

    fn writer(&self, days: u32, bytes: u64) -> ReelWriter {
        ReelWriter::new(&self.0, Arc::new(ReelLimits::new(days, bytes)))
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn bytes(&self) -> u64 {
        let lengths = self.files().into_iter().map(|name| fs::metadata(self.0.join(name)).unwrap().len());
        lengths.sum()
    }

    fn reels(&self) -> Vec<PathBuf> {
        let names = self.files().into_iter().filter(|name| !name.ends_with(".names"));
        names.map(|name| self.0.join(name)).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The noon of 2026-11-21, and of days after it.
fn noon(days: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_219_200 + 43_200) + DAY * days
}

/// Each tells who it is: `call` of them take turns.
fn put(writer: &mut ReelWriter, number: u64, calls: u64, length: usize) {
    let call = format!("call-{}", number % calls);
    writer.put((number, number as i64), &[call.as_bytes()], |out| {
        out.extend_from_slice(format!("{number}:").as_bytes());
        out.resize(out.len() + length, b'x');
    });
}

fn fill(writer: &mut ReelWriter, now: SystemTime, count: u64, length: usize) {
    let first = writer.begin(now).unwrap();
    for number in first..first + count {
        put(writer, number, 10, length);
        if number % 7 == 0 {
            writer.write(now).unwrap();
        }
    }
    writer.write(now).unwrap();
}

fn found(reels: &Reels, names: &[&str]) -> Vec<Kept> {
    reels.find(ReelQuestion { names, before: u64::MAX, most: 100_000, bytes_max: 1 << 30 })
}

/// The numbers of the frames of a call, each of which has to say it itself.
fn numbers(reels: &Reels, names: &[&str]) -> Vec<u64> {
    let number = |kept: Kept| {
        let said = kept.payload.split(|byte| *byte == b':').next().unwrap();
        assert_eq!(kept.number.to_string().as_bytes(), said);
        assert_eq!(kept.at_us, kept.number as i64);
        kept.number
    };
    found(reels, names).into_iter().map(number).collect()
}

fn those(call: u64, upto: u64) -> Vec<u64> {
    (0..upto).filter(|number| number % 10 == call).collect()
}

fn examined(place: &Place) -> ReelsExamined {
    let mut examined = ReelsExamined::default();
    examine_reels(&place.0, &mut examined).unwrap();
    examined
}

fn hurt(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn each_call_is_found_in_all_reels_while_they_are_written_and_after_a_start() {
    let place = Place::new("found");
    let mut writer = place.writer(9, 4_000_000);
    let reels = writer.reels();
    assert_eq!(reels.first(), None);
    fill(&mut writer, noon(0), 1_000, 900);
    assert!(place.reels().len() > 5, "{:?}", place.files());
    assert_eq!(numbers(&reels, &["call-3"]), those(3, 1_000));

    writer.close().unwrap();
    assert_eq!(numbers(&reels, &["call-3"]), those(3, 1_000));
    let mut next = place.writer(9, 4_000_000);
    assert_eq!(next.begin(noon(0)).unwrap(), 1_000);
    fill(&mut next, noon(0), 1_000, 900);
    let reels = next.reels();

    assert_eq!(numbers(&reels, &["call-3"]), those(3, 2_000));
    let both: Vec<u64> = (0..2_000).filter(|number| [3, 7].contains(&(number % 10))).collect();
    assert_eq!(numbers(&reels, &["call-7", "call-3", "nobody"]), both);
    assert_eq!(numbers(&reels, &["nobody"]), [0; 0]);
    assert_eq!(reels.known(&["call-1", "nobody"].into()), ["call-1"].into());
    assert_eq!((reels.since_us(), reels.first()), (Some(0), Some(1_000)));
    next.close().unwrap();
    let files = place.reels().len();
    let whole = ReelsExamined { files, frames: 2_000, ..ReelsExamined::default() };
    assert_eq!(examined(&place), whole);
}

#[test]
fn who_was_killed_has_lost_what_it_had_not_written_and_nothing_else() {
    let place = Place::new("killed");
    let mut writer = place.writer(9, MUCH);
    fill(&mut writer, noon(0), 100, 50);
    put(&mut writer, 100, 10, 50);
    drop(writer);

    let mut next = place.writer(9, MUCH);
    fill(&mut next, noon(0), 50, 50);
    assert_eq!(place.reels().len(), 1, "it goes on where the other one was");
    assert_eq!(numbers(&next.reels(), &["call-0"]), those(0, 150));
    drop(next);
    let torn = place.reels().pop().unwrap();
    hurt(&torn, |bytes| bytes.truncate(bytes.len() - 5));

    let mut last = place.writer(9, MUCH);
    assert_eq!(last.begin(noon(0)).unwrap(), 149, "the last one was torn");
    fill(&mut last, noon(0), 50, 50);

    assert_eq!(place.reels().len(), 2, "nothing is written behind what is torn");
    assert_eq!(numbers(&last.reels(), &["call-9"]), those(9, 199));
    last.mend().unwrap();
    assert_eq!(numbers(&last.reels(), &["call-9"]), those(9, 199));
}

#[test]
fn a_frame_that_is_hurt_is_missing_and_those_behind_it_are_not() {
    let place = Place::new("hurt");
    let mut writer = place.writer(9, MUCH);
    fill(&mut writer, noon(0), 100, 50);
    writer.close().unwrap();
    let path = place.reels().pop().unwrap();
    let length = fs::metadata(&path).unwrap().len() as usize;
    hurt(&path, |bytes| bytes[length / 2] ^= 1);

    let said = examined(&place);
    let all = |reels: &Reels| (0..10).flat_map(|call| numbers(reels, &[&format!("call-{call}")])).count();
    assert_eq!(all(&writer.reels()), 99);
    assert_eq!((said.frames, said.findings.len()), (99, 0), "{said:?}");
    assert!((50..100).contains(&said.torn_bytes), "{said:?}");

    let names = path.with_extension("names");
    for spoil in [|bytes: &mut Vec<u8>| bytes.truncate(100), |bytes: &mut Vec<u8>| bytes.clear()] {
        hurt(&names, spoil);
        assert_eq!(all(&writer.reels()), 99, "the reel is read whole");
        assert_eq!(examined(&place).findings.len(), 1);
    }
    fs::write(&names, "names-1\n").unwrap();
    assert_eq!(examined(&place).findings, ["reel-20261121-0001: not all of it is found by its names"]);
    fs::remove_file(&names).unwrap();
    let mut next = place.writer(9, MUCH);
    next.begin(noon(1)).unwrap();
    assert_eq!(all(&next.reels()), 99);
    next.mend().unwrap();
    assert!(names.exists() && examined(&place).findings.is_empty());
    assert_eq!(all(&next.reels()), 99);
}

#[test]
fn names_that_would_say_nothing_of_what_comes_are_gone_before_it_comes() {
    let place = Place::new("stale");
    let mut writer = place.writer(9, MUCH);
    fill(&mut writer, noon(0), 20, 50);
    writer.close().unwrap();

    let mut next = place.writer(9, MUCH);
    fill(&mut next, noon(0), 20, 50);
    drop(next);

    let mut last = place.writer(9, MUCH);
    last.begin(noon(1)).unwrap();
    assert_eq!(numbers(&last.reels(), &["call-4"]), those(4, 40));
}

#[test]
fn however_much_comes_no_more_is_kept_than_was_said() {
    let place = Place::new("bytes");
    let most = 3_000_000;
    let mut writer = place.writer(9, most);
    for round in 0..100 {
        fill_from(&mut writer, round * 100);
        let (there, counted) = (place.bytes(), writer.reels().sizes());
        assert!(there <= most && counted.bytes <= most, "{there} {counted:?}");
        // Of the open one the names are in memory.
        assert!(counted.bytes >= there, "{there} {counted:?}");
        assert!(round < 40 || there > most / 10 * 9, "{there} after {round}");
    }

    let kept = numbers(&writer.reels(), &["call-5"]);
    assert_eq!(kept.last(), Some(&9_995));
    assert!(kept.windows(2).all(|pair| pair[1] == pair[0] + 10) && kept[0] > 6_000, "{kept:?}");
    assert_eq!(writer.reels().sizes().files, place.reels().len());
    assert!(writer.reels().since_us() <= Some(kept[0] as i64));
}

fn fill_from(writer: &mut ReelWriter, first: u64) {
    writer.begin(noon(0)).unwrap();
    (first..first + 100).for_each(|number| put(writer, number, 10, 900));
    writer.write(noon(0)).unwrap();
}

#[test]
fn what_is_too_old_goes_when_nothing_comes_too() {
    let place = Place::new("days");
    let mut writer = place.writer(2, MUCH);
    for day in 0..3 {
        fill(&mut writer, noon(day), 0, 0);
        put(&mut writer, u64::from(day), 10, 50);
        writer.write(noon(day)).unwrap();
    }
    assert_eq!(place.reels().len(), 3);

    writer.write(noon(3)).unwrap();
    assert_eq!(place.reels().len(), 2);
    assert!(place.reels()[0].ends_with("reel-20261122-0001"), "{:?}", place.files());
    writer.write(noon(9)).unwrap();
    assert_eq!(place.files(), [""; 0]);
    assert_eq!(found(&writer.reels(), &["call-1"]), []);
}

#[test]
fn where_no_room_is_given_nothing_stays() {
    let place = Place::new("none");
    let limits = Arc::new(ReelLimits::new(9, MUCH));
    let mut writer = ReelWriter::new(&place.0, Arc::clone(&limits));
    fill(&mut writer, noon(0), 100, 50);

    limits.keep(9, 0);
    put(&mut writer, 100, 10, 50);
    writer.write(noon(0)).unwrap();
    assert_eq!(place.files(), [""; 0]);
    assert_eq!(found(&writer.reels(), &["call-0"]), []);

    limits.keep(9, MUCH);
    put(&mut writer, 101, 10, 50);
    writer.write(noon(0)).unwrap();
    assert_eq!(numbers(&writer.reels(), &["call-1"]), [101]);
}

#[test]
fn a_question_is_answered_with_the_newest_before_a_number() {
    let place = Place::new("question");
    let mut writer = place.writer(9, 4_000_000);
    fill(&mut writer, noon(0), 1_000, 900);
    let reels = writer.reels();
    let ask = |before, most, bytes_max| {
        let question = ReelQuestion { names: &["call-0"], before, most, bytes_max };
        reels.find(question).iter().map(|kept| kept.number).collect::<Vec<_>>()
    };

    assert_eq!(ask(500, 3, 1 << 20), [470, 480, 490]);
    assert_eq!(ask(501, 2, 1 << 20), [490, 500]);
    assert_eq!(ask(u64::MAX, 100, 3_000), [970, 980, 990]);
    assert_eq!(ask(0, 100, 1 << 20), [0; 0]);
}

#[test]
fn what_the_disk_does_not_take_waits_until_it_does() {
    let place = Place::new("refused");
    fs::write(&place.0, "no folder").unwrap();
    let mut writer = place.writer(9, MUCH);
    assert!(writer.begin(noon(0)).is_err());
    assert_eq!(writer.reels().first(), None);
    fs::remove_file(&place.0).unwrap();
    writer.begin(noon(0)).unwrap();
    put(&mut writer, 0, 10, 50);
    fs::remove_dir_all(&place.0).unwrap();

    assert!(writer.write(noon(0)).is_err());
    fs::create_dir_all(&place.0).unwrap();
    writer.write(noon(0)).unwrap();

    assert_eq!(numbers(&writer.reels(), &["call-0"]), [0]);
}

#[test]
fn strays_of_those_before_are_swept_up_and_nothing_of_others() {
    let place = Place::new("strays");
    fs::create_dir_all(&place.0).unwrap();
    for name in ["reel-20261120-0001.names", "reel-20261120-0002.new", "mine.names", "reel-x"] {
        File::create(place.0.join(name)).unwrap().write_all(b"x").unwrap();
    }

    place.writer(9, MUCH).begin(noon(0)).unwrap();

    assert_eq!(place.files(), ["mine.names", "reel-x"]);
}
