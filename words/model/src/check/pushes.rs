//! Who wakes phones, and who reads their tokens along on the way there.

use std::ops::RangeInclusive;
use std::time;

use crate::check::webhooks::clear_fault;
use crate::documents::{Document, Documents};
use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::push::Push;
use crate::spot::Spot;

const SECOND: time::Duration = time::Duration::from_secs(1);
const MINUTE: time::Duration = time::Duration::from_secs(60);

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for push in documents.push.values() {
        if let Some(fault) = clear_fault(&push.url, push.in_clear, "tokens of phones") {
            problems.push(documents.problem_at(push, &push.url, fault));
        }
        let from_nothing = time::Duration::ZERO..=MINUTE;
        let spans = [("wait", &push.wait, SECOND..=MINUTE), ("awake", &push.awake, from_nothing)];
        for (name, span, range) in spans {
            let wrong = span.as_ref().filter(|span| !range.contains(&span.0));
            problems.extend(wrong.map(|span| span_problem(documents, push, (name, span), &range)));
        }
    }
}

fn span_problem(
    documents: &Documents,
    push: &Document<Push>,
    (name, span): (&str, &Spot<Duration>),
    range: &RangeInclusive<time::Duration>,
) -> Problem {
    let (least, most) = (Duration(*range.start()), Duration(*range.end()));
    let fault = Fault::new(Code::OUT_OF_RANGE, format!("{name} is between {least} and {most}"));
    documents.problem_at(push, span, fault.suggest("leave it away: most phones are there in two seconds"))
}
