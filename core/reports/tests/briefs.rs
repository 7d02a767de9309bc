#![allow(clippy::unwrap_used)]
//! What is promised of records in brief: whatever is asked, they say what the records say.

use proptest::prelude::*;
use reports::brief::{FORMAT, Writer};
use reports::{KINDS, Line, Names, Question, Report, Tally, Zone};
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;
/// 2026-03-01 in Greenwich.
const BEGAN: i64 = 1_772_323_200_000;

/// Zones with whole hours, with half and quarter ones, and with clocks that go forward in these weeks.
const ZONES: [&str; 6] =
    ["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"];

fn names() -> Names {
    let pairs = |all: &[(&str, &str)]| {
        let owned = |(one, other): &(&str, &str)| ((*one).to_owned(), (*other).to_owned());
        all.iter().map(owned).collect::<Vec<_>>()
    };
    Names::new(
        pairs(&[("hana", "seattle"), ("bran", "tacoma"), ("minsu \"m\"", "seattle")]),
        pairs(&[("+14255550150", "sales"), ("8001", "sales"), ("help", "help")]),
    )
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(words).prop_map(|word| if word == "-" { Value::Null } else { json!(word) })
}

fn some_attempts() -> impl Strategy<Value = Vec<Value>> {
    let callee = prop::sample::select(vec![
        "trunk east",
        "trunk west",
        "user hana",
        "user bran",
        "user minsu \"m\"",
        "user nobody",
        "number +1",
    ]);
    let code = prop::option::of(prop::sample::select(vec![200, 202, 302, 404, 486, 500, 503, 603]));
    let one = (callee, code).prop_map(|(callee, code)| json!({ "callee": callee, "sip_code": code }));
    prop::collection::vec(one, 0..4)
}

/// One that began in ten days, as records are and as they are not.
fn some_call() -> impl Strategy<Value = Value> {
    // Many begin in the same hour, so that they are there at once, and as one meeting.
    let began = prop_oneof![0..10 * DAY, 5 * DAY..5 * DAY + 3_600_000];
    let times = (began, prop::option::of(-5_000..20_000_i64), prop::option::of(0..40 * 3_600_000_i64));
    let length = prop_oneof![4 => 0..90_000_000_u64, 1 => Just(u64::MAX / 2)];
    let who = word(&["hana", "bran", "minsu \"m\"", "nobody", "east", "west"]);
    let called = (
        word(&["sip:8001@h", "sip:help;x@h", "tel:+14255550150", "", "8001", "sip:a:b@c"]),
        word(&["-", "+14255550150", "8001", "+12065550142"]),
    );
    let ending = (
        word(&["answered", "busy", "cancelled", "failed", "refused", "no_answer", ""]),
        word(&["TD-E001", "TD-E105", "TD-R301", "TD-R501"]),
    );
    let direction = word(&["outbound", "inbound", "internal", "transit", "-"]);
    let room = word(&["-", "-", "sales", "board"]);
    let facts = (
        word(&["-", "hana", "bran"]),
        prop::sample::subsequence(vec!["east", "west"], 0..=2),
        word(&["-", "east"]),
    );
    (times, length, who, called, ending, direction, room, some_attempts(), facts, 0..1_000_u32).prop_map(
        |((at, answered, ended), talk, who, called, ending, direction, room, attempts, facts, id)| {
            let started = BEGAN + at;
            json!({
                "id": format!("c{id}"), "started": started, "answered": answered.map(|after| started + after),
                "ended": ended.map(|after| started + after), "talk_ms": talk, "calling": who,
                "to_dialled": called.0, "to_e164": called.1, "outcome": ending.0, "verdict": ending.1,
                "direction": direction, "conference": room, "attempts": attempts,
                "facts": { "authenticated": facts.0, "resolved": facts.1, "line": facts.2, "source": "x" },
            })
        },
    )
}

fn some_question() -> impl Strategy<Value = (Question, Zone)> {
    let report = (0..KINDS.len()).prop_map(|at| KINDS[at].name.to_owned());
    let by = prop::sample::select(vec!["hour", "day", "week", "month"]);
    let narrowed = (
        prop::option::weighted(0.2, prop::sample::select(vec!["seattle", "tacoma", "(no site)"])),
        prop::option::weighted(0.2, prop::sample::select(vec!["east", "west"])),
        prop::option::weighted(0.2, prop::sample::select(vec!["hana", "bran", "minsu \"m\""])),
    );
    let zone = prop::sample::select(&ZONES[..]);
    // To the millisecond, and often just at the beginning of a day.
    let from = prop_oneof![(-2 * DAY)..(9 * DAY), (-2..9_i64).prop_map(|days| days * DAY)];
    (report, by, from, 1..12 * DAY, narrowed, zone).prop_map(|(report, by, from, length, narrowed, zone)| {
        let length = if by == "hour" { length % DAY + 1 } else { length };
        let moment = |ms: i64| jiff::Timestamp::from_millisecond(BEGAN + ms).unwrap().to_string();
        let owned = |word: Option<&str>| word.map(str::to_owned);
        let question = Question {
            report,
            by: Some(by.to_owned()),
            from: Some(moment(from)),
            until: Some(moment(from + length)),
            last: None,
            site: owned(narrowed.0),
            trunk: owned(narrowed.1),
            user: owned(narrowed.2),
        };
        (question, Zone::named(zone).unwrap())
    })
}

fn add(tally: &mut Tally<'_>, text: &str) {
    match serde_json::from_str::<Line<'_>>(text) {
        Ok(line) => tally.add(&line),
        Err(_) => tally.add_unreadable(),
    }
}

fn in_brief(texts: &[String]) -> Vec<u8> {
    let mut writer = Writer::default();
    for text in texts {
        match serde_json::from_str::<Line<'_>>(text) {
            Ok(line) => writer.add(&line),
            Err(_) => writer.add_unreadable(),
        }
    }
    writer.finish()
}

fn value(report: Report) -> Value {
    serde_json::to_value(report).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever records there are, in whatever order and pieces, and whatever is asked where: a report of
    /// them in brief is that of their lines, to the last figure.
    #[test]
    fn req_f72_a_report_of_records_in_brief_is_that_of_the_records(
        records in prop::collection::vec(some_call(), 0..80),
        cuts in prop::collection::vec(0..80_usize, 0..4),
        (question, zone) in some_question(),
        is_last_read in any::<bool>(),
    ) {
        let mut texts: Vec<String> = records.iter().map(Value::to_string).collect();
        // A `calling` that is null is no record: some lines are unreadable anyway.
        texts.insert(texts.len() / 2, "{\"id\":7".to_owned());
        let (names, wanted) = (names(), question.meant(0, zone).unwrap());
        let (mut of_lines, mut of_blocks) = (Tally::new(wanted.clone(), &names), Tally::new(wanted, &names));
        texts.iter().for_each(|text| add(&mut of_lines, text));

        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(texts.len())).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts {
            of_blocks.add_block(&in_brief(&texts[from..cut])).unwrap();
            from = cut;
        }
        match is_last_read {
            true => texts[from..].iter().for_each(|text| add(&mut of_blocks, text)),
            false => of_blocks.add_block(&in_brief(&texts[from..])).unwrap(),
        }

        prop_assert_eq!(value(of_blocks.finish()), value(of_lines.finish()), "{:?}", question);
    }

    /// What is no block is refused or is some other block; nothing of a refused one counts.
    #[test]
    fn bytes_that_are_no_block_do_no_harm(
        records in prop::collection::vec(some_call(), 1..12),
        changed in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        kept in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        (question, zone) in some_question(),
    ) {
        let texts: Vec<String> = records.iter().map(Value::to_string).collect();
        let mut bytes = in_brief(&texts);
        changed.iter().for_each(|(at, byte)| { let at = at.index(bytes.len()); bytes[at] = *byte });
        if is_cut {
            bytes.truncate(kept.index(bytes.len()));
        }
        let (names, wanted) = (names(), question.meant(0, zone).unwrap());
        let nothing = value(Tally::new(wanted.clone(), &names).finish());
        let mut tally = Tally::new(wanted, &names);

        let added = tally.add_block(&bytes);

        prop_assert!(!is_cut || added.is_err(), "half a block");
        if added.is_err() {
            prop_assert_eq!(value(tally.finish()), nothing);
        }
    }
}

/// The example of a failure is the newest call, wherever its record stands among those like it.
#[test]
fn req_f72_the_newest_of_many_failures_that_are_alike_is_named() {
    let failed = |id: &str, after: i64| {
        json!({ "id": id, "started": BEGAN + after, "calling": "hana", "direction": "outbound",
            "outcome": "failed", "verdict": "TD-E105" })
    };
    let records = [failed("c1", 1_000), failed("c4", 9_000), failed("c3", 9_000), failed("c2", 5_000)];
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let question = Question {
        report: "failures".to_owned(),
        from: Some("2026-03-01".to_owned()),
        until: Some("2026-03-02".to_owned()),
        ..Question::default()
    };
    let names = names();
    let mut tally = Tally::new(question.meant(0, Zone::universal()).unwrap(), &names);

    tally.add_block(&in_brief(&texts)).unwrap();

    let report = tally.finish();
    assert_eq!((report.rows.len(), report.rows[0].example.as_deref()), (1, Some("c4")));
}

/// Those that stand on disks are read by what wrote them, or not at all.
#[test]
fn whoever_changes_what_a_block_holds_counts_its_format_up() {
    let texts: Vec<String> = (0..40_i64)
        .map(|number| {
            let pick = |words: &[&'static str]| words[(number % words.len() as i64) as usize];
            json!({
                "id": format!("c{number}"), "started": BEGAN + number * 977_777,
                "answered": BEGAN + number * 977_777 + 4_000, "ended": BEGAN + number * 990_001,
                "talk_ms": number * 1_001, "calling": pick(&["hana", "bran", "east"]),
                "to_dialled": pick(&["sip:8001@h", "tel:+14255550150"]), "to_e164": "+14255550150",
                "outcome": pick(&["answered", "busy", "failed", "refused", "cancelled"]),
                "verdict": pick(&["TD-E001", "TD-E105", "TD-R301"]), "conference": "sales",
                "direction": pick(&["outbound", "inbound", "internal", "transit"]),
                "attempts": [{ "callee": pick(&["trunk east", "user hana"]), "sip_code": 300 },
                    { "callee": "trunk west", "sip_code": 503 }],
                "facts": { "authenticated": "hana", "resolved": ["east"], "line": null },
            })
            .to_string()
        })
        .collect();
    let sum = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);

    let found = in_brief(&texts).iter().fold(0xcbf2_9ce4_8422_2325, sum);

    assert_eq!(
        (FORMAT, found),
        (2, 8_038_239_215_570_272_825),
        "other bytes: count FORMAT up, and write down what they come to"
    );
}
