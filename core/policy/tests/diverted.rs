//! Who diverted a call, as Diversion and as History-Info: a table of values, read and written both ways.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use policy::history::{Address, History, Reason};

const TABLE: &str = include_str!("golden/diversion.tsv");

struct Row {
    name: &'static str,
    direction: &'static str,
    target: &'static str,
    diversion: Vec<String>,
    history: Vec<String>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut cells = line.split('\t');
            let mut next = || cells.next().unwrap_or_default();
            let (name, direction, target) = (next(), next(), next());
            let mut list = || -> Vec<String> {
                let values = next().split(" | ").filter(|value| !value.is_empty());
                values.map(str::to_owned).collect()
            };
            Row { name, direction, target, diversion: list(), history: list() }
        })
        .collect()
}

fn of_diversion(row: &Row) -> History {
    History::read(row.target, &row.diversion, &[])
}

fn of_history(row: &Row) -> History {
    History::read(row.target, &[], &row.history)
}

fn compared(
    fits: &[&str],
    made: impl Fn(&Row) -> Vec<String>,
    wanted: impl Fn(&Row) -> Vec<String>,
) -> usize {
    let rows: Vec<Row> = rows().into_iter().filter(|row| fits.contains(&row.direction)).collect();
    for row in &rows {
        assert_eq!(made(row), wanted(row), "{}", row.name);
    }
    rows.len()
}

/// Each line of the table of at least sixty is turned from Diversion into History-Info as RFC 7544 says.
#[test]
fn f3_diversion_becomes_history_info() {
    assert!(rows().len() >= 60);
    let count = compared(
        &["both", "d>h"],
        |row| of_diversion(row).to_history_info(row.target),
        |row| row.history.clone(),
    );
    assert!(count >= 60, "{count}");
}

/// And from History-Info into Diversion.
#[test]
fn f3_history_info_becomes_diversion() {
    let count = compared(&["both", "h>d"], |row| of_history(row).to_diversion(), |row| row.diversion.clone());
    assert!(count >= 60, "{count}");
}

/// Who only passes it on in the same form changes nothing.
#[test]
fn f3_what_stays_in_its_form_stays_as_it_is() {
    compared(&["both", "d>d"], |row| of_diversion(row).to_diversion(), |row| row.diversion.clone());
    compared(&["both", "h>h"], |row| of_history(row).to_history_info(row.target), |row| row.history.clone());
}

/// Diversion, History-Info and back again is the same Diversion: reasons, order, counters, names.
#[test]
fn a11_conversion_round_trips() {
    let there_and_back = |row: &Row| {
        let there = of_diversion(row).to_history_info(row.target);
        History::read(row.target, &[], &there).to_diversion()
    };
    let count = compared(&["both"], there_and_back, |row| row.diversion.clone());
    assert!(count >= 40, "{count}");
}

/// No-answer, busy, unconditional and two hops, made by forwarding: reason, index and cause.
#[test]
fn a11_forwarding_adds_its_hop() {
    let at = |uri: &str| Address { display: None, uri: uri.to_owned() };
    for (reason, word, cause) in [
        (Reason::NoAnswer, "no-answer", 408),
        (Reason::UserBusy, "user-busy", 486),
        (Reason::Unconditional, "unconditional", 302),
    ] {
        let once = History::default().diverted_by(at("sip:hana@contoso.example"), reason.clone());
        let twice = once.clone().diverted_by(at("sip:minsu@contoso.example"), Reason::Unconditional);

        assert_eq!(once.to_diversion(), [format!("<sip:hana@contoso.example>;reason={word};counter=1")]);
        let second = "<sip:minsu@contoso.example>;reason=unconditional;counter=1".to_owned();
        assert_eq!(twice.to_diversion(), [second, once.to_diversion()[0].clone()]);
        assert_eq!(
            twice.to_history_info("sip:x@y"),
            [
                "<sip:hana@contoso.example>;index=1".to_owned(),
                format!("<sip:minsu@contoso.example;cause={cause}>;index=1.1;mp=1"),
                "<sip:x@y;cause=302>;index=1.1.1;mp=1.1".to_owned(),
            ]
        );
    }
}

/// A call to a voice mail box says in its address whose box it is, and why (RFC 4458).
#[test]
fn f3_a_voice_mail_target_is_a_diversion() {
    let uri = "sip:box@vm.example;target=sip:hana%40contoso.example;cause=486";

    let diversion = History::read(uri, &[], &[]).to_diversion();

    assert_eq!(diversion, ["<sip:hana@contoso.example>;reason=user-busy;counter=1"]);
}

/// Where both forms came, what only Diversion tells happened last, and what both tell is told once (RFC 7544
/// 3.4, 3.5 and the example of 7.3).
#[test]
fn f3_what_only_diversion_tells_happened_last() {
    let entries = [
        "<sip:proxy1@n1>;index=1".to_owned(),
        "<sip:user-b@n1>;index=1.1;rc=1".to_owned(),
        "<sip:proxy2@n2;cause=302>;index=1.1.1;mp=1.1".to_owned(),
    ];
    let diversion = [
        "<sip:user-d@n2>;reason=time-of-day;privacy=off;counter=1".to_owned(),
        "<sip:user-c@n2>;reason=no-answer;privacy=full;counter=1".to_owned(),
        "<sip:user-b@n2>;reason=unconditional;privacy=off;counter=1".to_owned(),
    ];

    let told = History::read("sip:user-e@n3", &diversion, &entries).to_diversion();

    assert_eq!(told[..2], diversion[..2]);
    assert_eq!(told[2], "<sip:user-b@n1>;reason=unconditional;privacy=off;counter=1");
    let apart = History::read("sip:t@y", &["<sip:z@y>;reason=away".to_owned()], &entries).to_diversion();
    assert_eq!(apart.len(), 2);
    assert!(apart[0].starts_with("<sip:z@y>;reason=away"), "{apart:?}");
}

/// A longer Diversion beside a shorter History-Info of the same call is all there is to tell.
#[test]
fn f3_the_fuller_of_two_histories_is_not_cut() {
    let diversion = [
        "<sip:b@y>;reason=user-busy;counter=1".to_owned(),
        "<sip:a@y>;reason=no-answer;counter=1".to_owned(),
    ];
    let short = ["<sip:a@y>;index=1".to_owned(), "<sip:t@y;cause=408>;index=1.1;mp=1".to_owned()];

    assert_eq!(History::read("sip:t@y", &diversion, &short).to_diversion(), diversion);
    assert_eq!(History::read("sip:t@y", &diversion[1..], &short).to_diversion(), diversion[1..]);
}

/// What cannot be read is set aside, and can be told.
#[test]
fn f3_what_cannot_be_read_is_set_aside() {
    let history = History::read("sip:t@y", &["nobody".to_owned()], &["<sip:a@y>".to_owned()]);

    assert!(history.is_empty());
    assert_eq!(history.unreadable, ["<sip:a@y>", "nobody"]);
}
