#![allow(clippy::unwrap_used)]
//! What reports promise: nothing counts twice, nothing is left out, and days are those of people.

use proptest::prelude::*;
use reports::{By, KINDS, Line, Names, Question, Report, Sum, Tally, Wanted, Wrong, Zone};
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn ms(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn asked(report: &str, by: &str, from: &str, until: &str) -> Question {
    let some = |word: &str| Some(word.to_owned());
    Question {
        report: report.to_owned(),
        by: some(by),
        from: some(from),
        until: some(until),
        ..Question::default()
    }
}

fn in_seattle(question: &Question) -> Result<Wanted, Wrong> {
    question.meant(ms("2026-11-23T12:15:00Z"), Zone::named("America/Los_Angeles").unwrap())
}

fn call(id: &str, started: i64, more: Value) -> Value {
    let mut one = json!({
        "id": id, "started": started, "answered": started + 4_000, "ended": started + 64_000,
        "direction": "outbound", "calling": "hana", "to_dialled": "sip:12065550142@h",
        "to_e164": "+12065550142", "attempts": [{ "callee": "trunk east", "sip_code": 200 }],
        "talk_ms": 60_000, "outcome": "answered", "verdict": "TD-E001",
        "facts": { "authenticated": "hana", "source": "10.0.0.1:5060" }, "trail": { "steps": [] },
    });
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

fn made(wanted: Wanted, names: &Names, records: &[Value]) -> Report {
    let mut tally = Tally::new(wanted, names);
    for record in records {
        let text = record.to_string();
        tally.add(&serde_json::from_str::<Line<'_>>(&text).unwrap());
    }
    tally.finish()
}

fn of(report: &str, records: &[Value]) -> Report {
    let question = asked(report, "day", "2026-11-20", "2026-11-22");
    made(in_seattle(&question).unwrap(), &names(), records)
}

fn names() -> Names {
    let pairs = |all: &[(&str, &str)]| {
        let owned = |(one, other): &(&str, &str)| ((*one).to_owned(), (*other).to_owned());
        all.iter().map(owned).collect::<Vec<_>>()
    };
    Names::new(
        pairs(&[("hana", "seattle"), ("bran", "tacoma"), ("minsu", "seattle")]),
        pairs(&[("+14255550150", "sales"), ("8001", "sales"), ("sales", "sales")]),
    )
}

/// 25 hours, 31 days, 12 weeks or months at most; a question for more is refused, and says what to do.
#[test]
fn req_f72_a_report_has_so_many_points_at_most() {
    for (by, from, until, points) in [
        ("hour", "2026-11-20T10:00", "2026-11-21T11:00", Some(25)),
        ("hour", "2026-11-20T10:00", "2026-11-21T11:01", None),
        ("day", "2026-10-01", "2026-11-01", Some(31)),
        ("day", "2026-10-01", "2026-11-02", None),
        ("week", "2026-08-31", "2026-11-23", Some(12)),
        ("week", "2026-08-30", "2026-11-23", None),
        ("month", "2026-01-01", "2027-01-01", Some(12)),
        ("month", "2025-12-31", "2027-01-01", None),
    ] {
        let wanted = in_seattle(&asked("usage", by, from, until)).map(|wanted| wanted.points.len());

        assert_eq!(wanted, points.ok_or(Wrong::TooMany(By::named(by).unwrap())), "{by} {from} {until}");
    }
}

/// Where nobody says how long a point is, it is as short as fits.
#[test]
fn req_f72_points_are_as_short_as_fits() {
    for (last, by, points) in [
        ("24h", By::Hour, 25),
        ("25h", By::Day, 2),
        ("7d", By::Day, 8),
        ("30d", By::Day, 31),
        ("31d", By::Week, 6),
        ("3mo", By::Month, 4),
    ] {
        let question =
            Question { report: "usage".to_owned(), last: Some(last.to_owned()), ..Question::default() };
        let wanted = in_seattle(&question).map(|wanted| (wanted.by, wanted.points.len()));

        assert_eq!(wanted, Ok((by, points)), "{last}");
    }
}

/// Clocks go forward and back: days have 23 and 25 hours there, and the hour that comes twice is two.
#[test]
fn req_f72_days_are_those_of_people() {
    let hours = |day: &str, next: &str| {
        let wanted = in_seattle(&asked("usage", "day", day, next)).unwrap();
        let [point] = &*wanted.points else { panic!("one day") };
        ((point.ended - point.began) / HOUR, point.at.clone())
    };

    assert_eq!(hours("2026-03-08", "2026-03-09"), (23, "2026-03-08".to_owned()));
    assert_eq!(hours("2026-11-01", "2026-11-02"), (25, "2026-11-01".to_owned()));
    let autumn = in_seattle(&asked("usage", "hour", "2026-11-01", "2026-11-02")).unwrap();
    assert_eq!(autumn.points.len(), 25);
    let twice: Vec<&str> = autumn.points[1..3].iter().map(|point| &*point.at).collect();
    assert_eq!(twice, ["2026-11-01 01:00-07:00", "2026-11-01 01:00-08:00"]);
    let weeks = in_seattle(&asked("usage", "week", "2026-10-28", "2026-11-03")).unwrap();
    let weeks: Vec<&str> = weeks.points.iter().map(|point| &*point.at).collect();
    assert_eq!(weeks, ["2026-10-26", "2026-11-02"], "they begin on Mondays");
}

/// A moment is one of the house's zone, whatever the machine's is; two ways to say it are one too many.
#[test]
fn req_f72_a_question_that_makes_no_sense_is_refused() {
    let usage = asked("usage", "day", "2026-11-20", "2026-11-21");

    assert_eq!(in_seattle(&usage).unwrap().from, ms("2026-11-20T08:00:00Z"));
    let both = Question { last: Some("7d".to_owned()), ..usage.clone() };
    assert_eq!(in_seattle(&both).unwrap_err(), Wrong::FromAndLast);
    let backwards = Question { until: Some("2026-11-19".to_owned()), ..usage.clone() };
    assert_eq!(in_seattle(&backwards).unwrap_err(), Wrong::Backwards);
    let never = Question { from: Some("yesterday".to_owned()), ..usage.clone() };
    assert_eq!(in_seattle(&never).unwrap_err(), Wrong::Moment("yesterday".to_owned()));
    let year = Question { by: Some("year".to_owned()), ..usage.clone() };
    assert_eq!(in_seattle(&year).unwrap_err(), Wrong::By("year".to_owned()));
    let long = Question { from: None, last: Some("7years".to_owned()), ..usage.clone() };
    assert_eq!(in_seattle(&long).unwrap_err(), Wrong::Last("7years".to_owned()));
    let none = Question { report: "weather".to_owned(), ..usage };
    assert!(in_seattle(&none).unwrap_err().to_string().contains("usage, failures, meetings, teams, trunks"));
}

/// Calls by direction, minutes, the longest, and how many there were at once; a day without any is shown.
#[test]
fn req_f72_usage_is_counted_by_direction_with_the_most_at_once() {
    let morning = ms("2026-11-20T17:00:00Z");
    let records = [
        call("c1", morning, json!({})),
        call(
            "c2",
            morning + 30_000,
            json!({ "direction": "inbound", "calling": "east", "talk_ms": 90_000,
            "attempts": [{ "callee": "user bran", "sip_code": 200 }] }),
        ),
        call(
            "c3",
            morning + 60_000,
            json!({ "direction": "internal", "outcome": "busy", "talk_ms": 0,
            "attempts": [{ "callee": "user bran", "sip_code": 486 }] }),
        ),
        call(
            "c4",
            morning + 10 * HOUR,
            json!({ "direction": null, "outcome": "refused", "talk_ms": 0,
            "verdict": "TD-R301", "calling": "sip:hana@h", "attempts": [], "ended": morning + 10 * HOUR }),
        ),
        call("too late", ms("2026-11-22T08:00:00Z"), json!({})),
    ];

    let report = of("usage", &records);

    let figures = |names: [&str; 9]| names.map(|name| report.total.of(name).unwrap());
    let names =
        ["calls", "out", "in", "inside", "refused_early", "answered", "talk_ms", "longest_ms", "at_once"];
    assert_eq!(figures(names), [4, 1, 1, 1, 1, 2, 150_000, 90_000, 3]);
    let by_day: Vec<(&str, u64)> =
        report.points.iter().map(|one| (&*one.point.at, one.figures.of("calls").unwrap())).collect();
    assert_eq!(by_day, [("2026-11-20", 4), ("2026-11-21", 0)]);
    let by_site: Vec<(&str, u64)> =
        report.rows.iter().map(|row| (&*row.name, row.figures.of("calls").unwrap())).collect();
    assert_eq!(by_site, [("seattle", 3), ("tacoma", 2)]);
}

/// Where a site, a trunk or a user is named, only their calls count.
#[test]
fn req_f72_a_report_is_about_a_site_a_trunk_or_a_user() {
    let at = ms("2026-11-20T17:00:00Z");
    let inbound = json!({ "direction": "inbound", "calling": "west",
        "attempts": [{ "callee": "user bran", "sip_code": 200 }] });
    let records = [call("c1", at, json!({})), call("c2", at, inbound)];
    let calls = |site: Option<&str>, trunk: Option<&str>, user: Option<&str>| {
        let owned = |word: Option<&str>| word.map(str::to_owned);
        let question = Question {
            site: owned(site),
            trunk: owned(trunk),
            user: owned(user),
            ..asked("usage", "day", "2026-11-20", "2026-11-21")
        };
        made(in_seattle(&question).unwrap(), &names(), &records).total.of("calls")
    };

    assert_eq!(calls(Some("tacoma"), None, None), Some(1));
    assert_eq!(calls(None, Some("east"), None), Some(1));
    assert_eq!(calls(None, None, Some("hana")), Some(1));
    assert_eq!(calls(Some("tacoma"), Some("east"), None), Some(0));
}

/// What kept calls from being any, the most frequent first, with whom it befell and a call to look at;
/// admission's refusals are among them.
#[test]
fn req_f72_failures_are_counted_by_code_with_whom_they_befell() {
    let at = ms("2026-11-20T17:00:00Z");
    let full = |id: &str, user: &str, at: i64| {
        call(id, at, json!({ "calling": user, "outcome": "failed", "verdict": "TD-E105", "talk_ms": 0 }))
    };
    let refused = json!({ "direction": null, "outcome": "refused", "verdict": "TD-R301", "attempts": [],
        "calling": "sip:hana@h" });
    let records = [
        full("c1", "hana", at + 1),
        full("c3", "bran", at + 3),
        full("c2", "hana", at + 2),
        call("c4", at, refused),
        call("c5", at, json!({ "outcome": "busy", "verdict": "TD-E101" })),
    ];

    let report = of("failures", &records);

    let total = ["calls", "failures", "refused", "no_line"].map(|name| report.total.of(name).unwrap());
    assert_eq!(total, [5, 4, 1, 3]);
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            (&*row.name, row.figures.of("failures").unwrap(), row.users, row.example.as_deref().unwrap())
        })
        .collect();
    assert_eq!(rows, [("TD-E105", 3, Some(2), "c3"), ("TD-R301", 1, Some(1), "c4")]);
}

/// A meeting is there as long as anybody is; whoever was before its door only, was in none.
#[test]
fn req_f72_meetings_are_told_from_parties_and_those_from_outside_have_their_minutes() {
    let at = ms("2026-11-20T17:00:00Z");
    let party = |id: &str, began: i64, ended: i64, more: Value| {
        let mut one = call(
            id,
            at + began,
            json!({ "conference": "sales", "attempts": [],
            "ended": at + ended, "talk_ms": ended - began }),
        );
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    let outside = json!({ "direction": "inbound", "calling": "east" });
    let records = [
        party("c1", 0, 60_000, json!({})),
        party("c3", 100_000, 160_000, json!({})),
        party("c2", 50_000, 110_000, outside.clone()),
        party("c4", 200_000, 260_000, outside),
        party("c5", DAY, DAY + 1_000, json!({ "conference": "board" })),
        party("c6", 500_000, 501_000, json!({ "outcome": "refused", "verdict": "TD-E211" })),
    ];

    let report = of("meetings", &records);

    let columns = ["held", "parties", "talk_ms", "from_outside", "outside_ms"];
    let figures = |figures: &reports::Figures| columns.map(|name| figures.of(name).unwrap());
    assert_eq!(figures(&report.total), [3, 5, 241_000, 2, 120_000]);
    let points: Vec<u64> = report.points.iter().map(|one| one.figures.of("held").unwrap()).collect();
    assert_eq!(points, [2, 1]);
    let rooms: Vec<_> = report.rows.iter().map(|row| (&*row.name, figures(&row.figures)[0])).collect();
    assert_eq!(rooms, [("sales", 2), ("board", 1)]);
}

/// By number and by extension: offered, answered, given up, missed, and how long callers waited.
#[test]
fn req_f72_teams_say_how_long_their_callers_waited() {
    let at = ms("2026-11-20T17:00:00Z");
    let to_team = |id: &str, wait: i64, outcome: &str| {
        let answered = (outcome == "answered").then_some(at + wait);
        call(id, at, json!({ "to_e164": "+14255550150", "outcome": outcome, "answered": answered }))
    };
    let inside = json!({ "to_e164": null, "to_dialled": "sip:8001@edge", "direction": "internal" });
    let records = [
        to_team("c1", 2_000, "answered"),
        to_team("c2", 5_000, "answered"),
        to_team("c3", 0, "cancelled"),
        to_team("c4", 0, "no_answer"),
        call("c5", at, inside),
        call("c6", at, json!({})),
    ];

    let report = of("teams", &records);

    let columns = ["offered", "answered", "given_up", "missed", "waited_ms", "mean_wait_ms"];
    assert_eq!(columns.map(|name| report.total.of(name).unwrap()), [5, 3, 1, 1, 11_000, 3_666]);
    assert_eq!(report.rows.len(), 1);
}

/// Each try on a trunk counts where it was made, and what came from there beside it.
#[test]
fn req_f72_trunks_are_counted_by_every_try() {
    let at = ms("2026-11-20T17:00:00Z");
    let twice =
        json!([{ "callee": "trunk east", "sip_code": 503 }, { "callee": "trunk west", "sip_code": 200 }]);
    let inbound = json!({ "direction": "inbound", "calling": "east",
        "attempts": [{ "callee": "user bran", "sip_code": 200 }] });
    let gone = json!({ "outcome": "cancelled", "attempts": [{ "callee": "trunk west" }], "talk_ms": 0 });
    let records =
        [call("c1", at, json!({ "attempts": twice })), call("c2", at, inbound), call("c3", at, gone)];

    let report = of("trunks", &records);

    let columns = ["tried", "taken", "broken", "came", "came_answered", "talk_ms"];
    let of_row = |name: &str| {
        let row = report.rows.iter().find(|row| row.name == name).unwrap();
        columns.map(|column| row.figures.of(column).unwrap())
    };
    assert_eq!(of_row("east"), [1, 0, 1, 1, 1, 60_000]);
    assert_eq!(of_row("west"), [2, 1, 0, 0, 0, 60_000]);
    assert_eq!(columns.map(|column| report.total.of(column).unwrap()), [3, 1, 1, 1, 1, 120_000]);
}

fn some_call() -> impl Strategy<Value = Value> {
    let began = ms("2026-10-29T00:00:00Z");
    let direction = prop_oneof![
        Just(json!("outbound")),
        Just(json!("inbound")),
        Just(json!("internal")),
        Just(json!("transit")),
        Just(Value::Null),
    ];
    let outcome = prop::sample::select(vec!["answered", "busy", "cancelled", "failed", "refused"]);
    let who = prop::sample::select(vec!["hana", "bran", "east", "west"]);
    let code = prop::sample::select(vec!["TD-E001", "TD-E105", "TD-R301", "TD-R501"]);
    let times = (0..8 * DAY, 0..2 * HOUR, 0..30_000_u64);
    (times, direction, outcome, who, code, prop::option::of(Just("sales"))).prop_map(
        move |((at, length, talk), direction, outcome, who, code, room)| {
            let started = began + at;
            let callee = if who == "east" { "user bran" } else { "trunk east" };
            call("c1", started, json!({
                "ended": started + length, "talk_ms": talk, "direction": direction, "outcome": outcome,
                "calling": who, "verdict": code, "conference": room,
                "attempts": [{ "callee": callee, "sip_code": if outcome == "answered" { 200 } else { 503 } }],
            }))
        },
    )
}

/// The naive way to count, for one report's columns that are added.
fn naively(records: &[&Value], column: &str) -> u64 {
    let is = |one: &Value, key: &str, word: &str| one[key] == word;
    let talk = |one: &Value| one["talk_ms"].as_u64().unwrap();
    let one = |record: &Value| match column {
        "calls" => 1,
        "out" => is(record, "direction", "outbound").into(),
        "in" => is(record, "direction", "inbound").into(),
        "inside" => is(record, "direction", "internal").into(),
        "transit" => is(record, "direction", "transit").into(),
        "refused_early" => record["direction"].is_null().into(),
        "answered" => is(record, "outcome", "answered").into(),
        "talk_ms" => talk(record),
        "failures" => (is(record, "outcome", "failed") || is(record, "outcome", "refused")).into(),
        "refused" => is(record, "outcome", "refused").into(),
        "no_line" => (is(record, "verdict", "TD-E105") || is(record, "verdict", "TD-R501")).into(),
        other => panic!("{other}"),
    };
    records.iter().map(|record| one(record)).sum()
}

/// How many calls there were in one second, the most of all seconds that a call begins in.
fn most_at_once(records: &[&Value]) -> u64 {
    let second = |record: &Value, key: &str| record[key].as_i64().unwrap();
    let span = |record: &Value| {
        let (began, ended) = (second(record, "started"), second(record, "ended"));
        (began.div_euclid(1_000), (ended.max(began + 1) - 1).div_euclid(1_000))
    };
    let at = |moment: i64| {
        let is_there = |record: &&&Value| (span(record).0..=span(record).1).contains(&moment);
        records.iter().filter(is_there).count() as u64
    };
    records.iter().map(|record| at(span(record).0)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Over a day of 25 hours: the sum of all points is the total, and both are what a naive count says,
    /// whatever the order of the records.
    #[test]
    fn req_f72_sums_of_points_are_what_a_naive_count_says(
        mut records in prop::collection::vec(some_call(), 0..60),
        is_turned in any::<bool>(),
    ) {
        let (from, until) = ("2026-10-30", "2026-11-04T13:30");
        for report in ["usage", "failures"] {
            let wanted = in_seattle(&asked(report, "day", from, until)).unwrap();
            let (first, last) = (wanted.from, wanted.until);
            if is_turned {
                records.reverse();
            }
            let made = made(wanted, &names(), &records);
            let meant: Vec<&Value> = records
                .iter()
                .filter(|one| (first..last).contains(&one["started"].as_i64().unwrap()))
                .collect();

            prop_assert_eq!(made.records, meant.len() as u64);
            for column in made.columns.iter().filter(|column| column.sum == Sum::Added) {
                let total = made.total.of(column.name).unwrap();
                let sum: u64 = made.points.iter().map(|one| one.figures.of(column.name).unwrap()).sum();
                prop_assert_eq!(total, sum, "{}", column.name);
                prop_assert_eq!(total, naively(&meant, column.name), "{}", column.name);
            }
            if report == "usage" {
                prop_assert_eq!(made.total.of("at_once").unwrap(), most_at_once(&meant));
            } else {
                let rows: u64 = made.rows.iter().map(|row| row.figures.of("failures").unwrap()).sum();
                prop_assert_eq!(rows, made.total.of("failures").unwrap());
            }
        }
    }
}

/// A column that others are divided by is where the table says.
#[test]
fn every_report_has_columns_of_its_own_names() {
    for shape in KINDS {
        for columns in [shape.columns, shape.row_columns] {
            let mut names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", shape.name);
        }
    }
}
