//! What people dial who want something of another call: to park one, to take one, to mark one.

use model::{Document, MarkMalicious, User};
use policy::Code;
use serde_json::{Value, json};

use crate::reference::called::by_short_way;
use crate::reference::caller::{Caller, Party};
use crate::reference::house::House;

/// What is wanted, as it is written out; nothing, where somebody is called.
pub(crate) fn service(house: &House<'_>, caller: &Caller<'_>, dialled: &str) -> Option<Result<Value, Code>> {
    let Party::User(user) = caller.party else { return None };
    let system = &house.documents.system;
    if let Some(parking) = orbit(house, dialled) {
        return Some(Ok(parking));
    }
    if system.malicious_code.as_ref().is_some_and(|code| code.as_str() == dialled) {
        let may = user.mark_malicious == MarkMalicious::Allowed;
        return Some(if may { Ok(json!("mark")) } else { Err(Code::NO_MARK) });
    }
    let mut grouped = house.documents.user.values().filter(|user| user.pickup_group.is_some());
    let written = system.pickup_code.as_ref().map(|code| code.as_str());
    let code = written.or_else(|| grouped.next().map(|_| "*8"))?;
    let rest = dialled.strip_prefix(code)?;
    Some(picks_up(house, caller, user, rest).map(|names| json!({ "pick-up": names })))
}

/// A number of an orbit, or the code that takes whichever is free.
fn orbit(house: &House<'_>, dialled: &str) -> Option<Value> {
    let parking = house.documents.orbit.values().find_map(|orbit| {
        let [first, last] = &orbit.numbers.value;
        let has_mark = |text: &str| text.starts_with(['*', '#']).then(|| text.chars().next()).flatten();
        // Numbers of one length stand in the order of their letters.
        let is_number = dialled.len() == first.len()
            && has_mark(dialled) == has_mark(first)
            && dialled.chars().skip(usize::from(has_mark(dialled).is_some())).all(|key| key.is_ascii_digit())
            && (first.as_str()..=last.as_str()).contains(&dialled);
        let is_code = orbit.code.as_ref().is_some_and(|code| code.as_str() == dialled);
        let number = is_number.then_some(dialled);
        (is_number || is_code).then(|| json!({ "orbit": &*orbit.name, "number": number }))
    })?;
    Some(json!({ "orbit": parking }))
}

/// The users at whom it rings: all others of the own group, or one of it, or the own other phones.
fn picks_up(
    house: &House<'_>,
    caller: &Caller<'_>,
    picker: &Document<User>,
    rest: &str,
) -> Result<Vec<String>, Code> {
    let group = |user: &Document<User>| user.pickup_group.as_ref().map(|group| group.value.clone());
    let is_shared = |user: &&Document<User>| group(user).is_some() && group(user) == group(picker);
    if !rest.is_empty() {
        let user = by_short_way(house, caller, rest).ok_or(Code::UNASSIGNED)?;
        let may = user.name == picker.name || is_shared(&user);
        return if may { Ok(vec![user.name.to_string()]) } else { Err(Code::NO_PICKUP) };
    }
    let others = house.documents.user.values().filter(|user| user.name != picker.name).filter(is_shared);
    let names: Vec<String> = others.map(|user| user.name.to_string()).collect();
    if names.is_empty() { Err(Code::NO_PICKUP) } else { Ok(names) }
}
