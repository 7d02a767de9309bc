//! Digits as a country dials them, to E.164.

use model::Number;

use crate::numbering::country::{Country, Kind};
use crate::numbering::plans::Plans;

/// Shorter local numbers are more likely extensions that nobody has.
const LOCAL_MIN: usize = 5;

/// Digits after the plus, at the least.
const NUMBER_MIN: usize = 7;

/// Digits after the plus, at the most (E.164).
const NUMBER_MAX: usize = 15;

/// Where digits are dialled, and how people dial there.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub plans: &'p Plans,
    pub country: &'p Country,
    pub area_code: Option<&'p str>,
}

/// What dialled digits mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// E.164, with its plus.
    Number(String),
    /// A short code, which means something in its country alone.
    Short,
}

/// What digits mean for somebody in a place, by the rules of the country. Calls for help mean nothing else.
pub(crate) fn meaning(place: Place<'_>, digits: &str) -> Option<Meaning> {
    if let Some(rest) = digits.strip_prefix('+') {
        return shaped(place.plans, rest).map(Meaning::Number);
    }
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if place.country.alarms(digits) {
        return None;
    }
    if place.country.short_class(digits).is_some() {
        return Some(Meaning::Short);
    }
    let number = with_prefixes(place, digits).or_else(|| without_prefix(place, digits));
    number.map(Meaning::Number)
}

/// E.164 of digits that begin with a calling code, if there may be such a number.
pub(crate) fn shaped(plans: &Plans, digits: &str) -> Option<String> {
    let is_number = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => (NUMBER_MIN..=NUMBER_MAX).contains(&digits.len()) && !digits.starts_with('0'),
        false => digits.len() >= NUMBER_MIN && format!("+{digits}").parse::<Number>().is_ok(),
    };
    (is_number && plans.is_possible(digits)).then(|| ["+", digits].concat())
}

/// After an international or national prefix; where several fit, one that leads to a number that is known.
fn with_prefixes(place: Place<'_>, digits: &str) -> Option<String> {
    let country = place.country;
    let abroad = || country.international.iter().filter_map(|prefix| prefix.stripped(digits));
    let national = || country.national.iter().filter_map(|prefix| digits.strip_prefix(&**prefix));
    let carried = || {
        let carriers = || country.carriers.iter();
        national().flat_map(move |rest| carriers().filter_map(move |carrier| carrier.stripped(rest)))
    };
    if let Some(rest) = abroad().find(|rest| place.plans.kind_of(rest).is_some()) {
        return shaped(place.plans, rest);
    }
    if let Some(rest) = national().chain(carried()).find(|rest| is_known(place, rest)) {
        return at_home(place, rest);
    }
    let number = abroad().find_map(|rest| shaped(place.plans, rest));
    number.or_else(|| at_home(place, national().find(|rest| country.has_length(rest.len()))?))
}

/// Whole numbers where people dial no prefix, and local ones where the area code is known.
fn without_prefix(place: Place<'_>, digits: &str) -> Option<String> {
    let country = place.country;
    let whole = || at_home(place, digits);
    let local = || {
        let area = place.area_code.or(country.area.as_deref())?;
        let area = country.national.iter().find_map(|prefix| area.strip_prefix(&**prefix)).unwrap_or(area);
        (digits.len() >= LOCAL_MIN).then(|| format!("{area}{digits}"))
    };
    if let Some(local) = local().filter(|local| is_known(place, local)) {
        return at_home(place, &local);
    }
    let is_optional = country.national.is_empty() || &*country.calling_code == "1";
    if is_optional && (is_known(place, digits) || country.has_length(digits.len())) {
        return whole();
    }
    let kind = country.kind_of(digits);
    if kind.is_some_and(|kind| kind != Kind::Fixed) {
        return whole();
    }
    let local = local().filter(|local| country.has_length(local.len()))?;
    at_home(place, &local)
}

/// Whether what follows the calling code of a place is a number that is known.
fn is_known(place: Place<'_>, national: &str) -> bool {
    place.plans.kind_of(&format!("{}{national}", place.country.calling_code)).is_some()
}

fn at_home(place: Place<'_>, national: &str) -> Option<String> {
    let code = &place.country.calling_code;
    if code.is_empty() || (&**code == "1" && !national.starts_with(|digit| ('2'..='9').contains(&digit))) {
        return None;
    }
    shaped(place.plans, &format!("{code}{national}"))
}
