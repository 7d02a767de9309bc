//! How a phone of the house is told to ring, and whether it is told to answer by itself.

use model::{Document, Paging, User};
use policy::Facts;

use crate::reference::called::Called;
use crate::reference::caller::{Caller, Party};
use crate::reference::help;
use crate::reference::house::House;
use crate::reference::who::Who;

const ALERT: &str = "Alert-Info";

/// By these a phone answers by itself, whatever they say; by the others, if they say so.
const ALWAYS: [&str; 2] = ["Answer-Mode", "Priv-Answer-Mode"];
const IF_SAID: [&str; 2] = ["Call-Info", ALERT];
const SAYING_SO: [&str; 6] =
    ["autoanswer", "auto-answer", "auto answer", "answer-after", "ring-answer", "intercom"];

/// What the user's phone is told beside who calls.
pub(crate) fn to_user(
    house: &House<'_>,
    caller: &Caller<'_>,
    (who, called): (&Who, &Called<'_>),
    user: &Document<User>,
    facts: &Facts,
) -> Vec<(String, String)> {
    let is_theirs = called.owner.is_some_and(|owner| owner.name == user.name);
    let is_answer = is_theirs && help::is_answered(house, caller, user, facts);
    let may_page = match caller.party {
        Party::User(one) => one.paging == Paging::Allowed && is_theirs && !who.is_sent_on,
        Party::Trunk(_) | Party::Stranger(_) => false,
    };
    let mut told = if may_page { asked(facts) } else { Vec::new() };
    if told.iter().any(|(name, _)| name == ALERT) {
        return told;
    }
    let alerts = &house.documents.system.alerts;
    let of_caller = if matches!(caller.party, Party::User(_)) { &alerts.inside } else { &alerts.outside };
    let is_private = called.is_private && is_theirs && !is_answer && !alerts.private.is_empty();
    let texts = if is_private { &alerts.private } else { of_caller };
    told.extend(texts.iter().map(|text| (ALERT.to_owned(), text.to_string())));
    told.extend(is_answer.then(|| ("Priority".to_owned(), "psap-callback".to_owned())));
    told
}

/// What in a call asks for an answer by itself.
fn asked(facts: &Facts) -> Vec<(String, String)> {
    let known = |name: &str, among: &[&str]| {
        among.iter().find(|one| one.eq_ignore_ascii_case(name)).map(|one| (*one).to_owned())
    };
    let asks = |(name, value): &(String, String)| {
        let says_so = SAYING_SO.iter().any(|word| value.to_lowercase().contains(word));
        let name = known(name, &ALWAYS).or_else(|| known(name, &IF_SAID).filter(|_| says_so))?;
        Some((name, value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()))
    };
    facts.handed_on.iter().filter_map(asks).collect()
}
