//! What reports cost: of a million calls in thirty days, and of twenty million in a year, in brief and, for
//! comparison, out of their records.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use reports::{KINDS, Line, Names, Question, Tally, Zone};
use serde_json::Value;
use store::{Part, Span};

use crate::{TRUNKS, USERS, load, record};

/// 2026-01-01 in Greenwich.
const BEGAN: i64 = 1_767_225_600_000;
const DAY: i64 = 86_400_000;
const ROUNDS: u32 = 20;
const SITES: u64 = 10;

/// A million calls of thirty days.
pub fn month(folder: &Path) {
    let calls = 1_000_000 / 30 + 1;
    (0..30).for_each(|day| write(folder, day, calls));
    let began = Instant::now();
    let (read, most) = asked(folder, "usage", 30, |_| ());
    println!(
        "a report out of {read} records takes {most:.2?}, {:.2?} with what else; load {}",
        began.elapsed(),
        load()
    );
    let began = Instant::now();
    store::make_briefs(folder).expect("they are made");
    println!(
        "they are made brief in {:.1?}: {} MB",
        began.elapsed(),
        size(&folder.join("briefs")) / 1_000_000
    );
    ask(folder, "by day", 30);
}

/// Twenty million of a year: what is there in brief of each day is kept, and of its records a hole of the
/// same length, as nobody reads them.
pub fn year(folder: &Path) {
    let own = folder.join("one-day");
    for day in 0..365 {
        let _ = fs::remove_dir_all(&own);
        write(&own, day, 20_000_000 / 365);
        store::make_briefs(&own).expect("they are made");
        let name = name_of(day);
        for part in ["records", "briefs"] {
            fs::create_dir_all(folder.join(part)).expect("the folder can be made");
        }
        let records = own.join("records").join(&name);
        let file = File::options().write(true).open(&records).expect("it is there");
        let about = file.metadata().expect("it is there");
        file.set_len(0).and_then(|()| file.set_len(about.len())).expect("it is cut");
        file.set_modified(about.modified().expect("this is Linux")).expect("it is ours");
        fs::rename(&records, folder.join("records").join(&name)).expect("it moves");
        let brief = name.replace(".jsonl", ".brief");
        fs::rename(own.join("briefs").join(&brief), folder.join("briefs").join(&brief)).expect("it moves");
    }
    let _ = fs::remove_dir_all(&own);
    println!("{} MB in brief of twenty million", size(&folder.join("briefs")) / 1_000_000);
    ask(folder, "by month", 365);
}

fn ask(folder: &Path, what: &str, days: i64) {
    let mut all = Vec::new();
    for shape in KINDS {
        for (narrowed, narrow) in narrowings() {
            let mut took = Vec::new();
            let mut read = 0;
            for _ in 0..ROUNDS {
                let began = Instant::now();
                read = asked(folder, shape.name, days, narrow).0;
                took.push(began.elapsed());
            }
            took.sort_unstable();
            println!("    {} {what}, {narrowed}: p95 {:.1?}, {read} calls", shape.name, p95(&took));
            all.extend(took);
        }
    }
    all.sort_unstable();
    let middle = all[all.len() / 2];
    println!(
        "{} reports: median {middle:.1?}, p95 {:.1?}, at most {:.1?}; load {}",
        all.len(),
        p95(&all),
        all[all.len() - 1],
        load()
    );
}

type Narrow = fn(&mut Question);

fn narrowings() -> [(&'static str, Narrow); 4] {
    [
        ("of all", |_| ()),
        ("of a site", |question| question.site = Some("site3".to_owned())),
        ("of a trunk", |question| question.trunk = Some("carrier3".to_owned())),
        ("of a user", |question| question.user = Some("user33".to_owned())),
    ]
}

fn p95(sorted: &[Duration]) -> Duration {
    sorted[(sorted.len() - 1) * 95 / 100]
}

/// One report, as the house makes it: how many records it is of, and how long it took.
fn asked(folder: &Path, kind: &str, days: i64, narrow: impl Fn(&mut Question)) -> (u64, Duration) {
    let began = Instant::now();
    let by = if days > 31 { "month" } else { "day" };
    let moment = |ms: i64| Some(jiff::Timestamp::from_millisecond(ms).expect("it is near").to_string());
    let mut question = Question {
        report: kind.to_owned(),
        by: Some(by.to_owned()),
        // An hour later than the days of Greenwich, as one asks in the middle of a day.
        from: moment(BEGAN + 3_600_000),
        until: moment(BEGAN + days * DAY),
        ..Question::default()
    };
    narrow(&mut question);
    let (names, zone) = (names(), Zone::named("Europe/Berlin").expect("it is known"));
    let wanted = question.meant(0, zone).expect("it makes sense");
    let span = Span { since: Some(wanted.from), until: Some(wanted.until) };
    let mut tally = Tally::new(wanted, &names);
    let read = store::each_part(folder, span, &mut |part| {
        match part {
            Part::Brief(block) => tally.add_block(block)?,
            Part::Line(line) => tally.add(&serde_json::from_slice::<Line<'_>>(line).expect("it is a record")),
        }
        Ok(())
    });
    read.expect("they are read");
    (tally.finish().records, began.elapsed())
}

fn names() -> Names {
    let sites = (0..USERS).map(|user| (format!("user{user}"), format!("site{}", user % SITES)));
    Names::new(sites, (0..50).map(|team| (format!("+1206{:07}", team * 7_919), format!("team{team}"))))
}

/// A day's file, of calls whose users, trunks and outcomes have nothing to do with each other.
fn write(folder: &Path, day: i64, calls: u64) {
    let records = folder.join("records");
    fs::create_dir_all(&records).expect("the folder can be made");
    let mut file = BufWriter::new(File::create(records.join(name_of(day))).expect("it can be made"));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(day.unsigned_abs() + 1);
    let mut chance = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for number in 0..calls {
        let at = BEGAN + day * DAY + i64::try_from(number * 86_399_000 / calls).expect("a day is short");
        let mut one: Value = record(chance(10_000_000), at);
        let (user, trunk) = (format!("user{}", chance(USERS)), format!("carrier{}", chance(TRUNKS)));
        if chance(2) == 0 {
            (one["calling"], one["attempts"][0]["callee"]) = (user.into(), format!("trunk {trunk}").into());
        } else {
            one["direction"] = "inbound".into();
            (one["calling"], one["attempts"][0]["callee"]) = (trunk.into(), format!("user {user}").into());
        }
        one["talk_ms"] = chance(600_000).into();
        serde_json::to_writer(&mut file, &one).expect("it is written");
        file.write_all(b"\n").expect("it is written");
    }
    file.flush().expect("it is written");
}

fn name_of(day: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(BEGAN + day * DAY).expect("it is near");
    format!("calls-{}.jsonl", at.strftime("%Y%m%d"))
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("it is there").flatten();
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}
