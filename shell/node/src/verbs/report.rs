//! `tandem report`: what records of calls come to, as a table with bars, as JSON or with commas.

mod table;

use anyhow::Result;
use cli::{Exit, Palette, Report};
use reports::Question;
use serde_json::Value;

use crate::control::{self, Request, Response};
use crate::reporting::{self, Unmade};

pub fn run(verb: &Report, palette: Palette) -> Result<Exit> {
    let question = question(verb);
    let report = match control::ask(&verb.house.data(), &Request::Report(question.clone()))? {
        Some(Response::Answer(report)) => report,
        Some(Response::Refused { exit, words }) => {
            eprintln!("tandem: {words}");
            return Ok(Exit::from_code(exit));
        }
        None => match reporting::of_folder(&question, &verb.house) {
            Ok(report) => report,
            Err(unmade) => {
                let (exit, words) = exit_of(unmade);
                eprintln!("tandem: {words}");
                return Ok(exit);
            }
        },
    };
    match (verb.json, verb.csv) {
        (true, _) => println!("{report:#}"),
        (false, true) => print!("{}", table::with_commas(&report, by_name(verb, &report))),
        (false, false) => print!("{}", table::shown(&report, palette)),
    }
    Ok(Exit::Done)
}

/// How it ends where there is no report.
pub fn exit_of(unmade: Unmade) -> (Exit, String) {
    match unmade {
        Unmade::NoSuch(words) | Unmade::Wrong(words) => (Exit::Usage, words),
        Unmade::NotNow(words) => (Exit::Unreachable, words),
    }
}

fn question(verb: &Report) -> Question {
    let Report { report, by, from, until, last, site, trunk, user, .. } = verb;
    Question {
        report: report.word().to_owned(),
        by: by.map(|by| by.word().to_owned()),
        from: from.clone(),
        until: until.clone(),
        last: last.clone(),
        site: site.clone(),
        trunk: trunk.clone(),
        user: user.clone(),
    }
}

/// Which of its tables is meant: a report without points has one.
fn by_name(verb: &Report, report: &Value) -> table::Part {
    if verb.rows || report["points"].is_null() { table::Part::Rows } else { table::Part::Points }
}
