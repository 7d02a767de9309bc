//! Numbers as a far end wants them, and what it means by those it sends.

use std::borrow::Cow;

use model::NumberFormat;

use crate::numbering::country::Country;
use crate::numbering::read::{Meaning, Place, meaning, shaped};

/// The international prefix of North America.
const FROM_NORTH_AMERICA: &str = "011";

/// A number in E.164 as a far end wants it. What has no plus, a name or a short code, stays as it is: it
/// means something in the country of the far end alone.
pub(crate) fn rendered<'n>(number: &'n str, format: NumberFormat, home: &Country) -> Cow<'n, str> {
    let Some(digits) = number.strip_prefix('+') else { return number.into() };
    let national = digits.strip_prefix(&*home.calling_code).filter(|_| !home.calling_code.is_empty());
    match format {
        NumberFormat::PlusE164 => number.into(),
        NumberFormat::E164 => digits.into(),
        NumberFormat::DoubleZero => format!("00{digits}").into(),
        NumberFormat::TenDigit => match digits.strip_prefix('1') {
            Some(ten) => ten.into(),
            None => format!("{FROM_NORTH_AMERICA}{digits}").into(),
        },
        NumberFormat::National => match national {
            Some(ten) if &*home.calling_code == "1" => ten.into(),
            Some(rest) => dialled_at_home(rest, home),
            None => format!("{}{digits}", home.international_prefix()).into(),
        },
        NumberFormat::Dialled => match national {
            Some(rest) => dialled_at_home(rest, home),
            None => format!("{}{digits}", home.international_prefix()).into(),
        },
    }
}

fn dialled_at_home<'n>(rest: &'n str, home: &Country) -> Cow<'n, str> {
    match home.national_prefix() {
        "" => rest.into(),
        prefix => format!("{prefix}{rest}").into(),
    }
}

/// What a far end means by digits: in the format agreed on, else in E.164, else as its country dials.
pub(crate) fn understood(digits: &str, format: NumberFormat, place: Place<'_>) -> Option<Meaning> {
    let number = |digits: &str| shaped(place.plans, digits).map(Meaning::Number);
    let as_agreed = match format {
        NumberFormat::E164 => number(digits.trim_start_matches('+')),
        NumberFormat::DoubleZero => digits.strip_prefix("00").and_then(number),
        NumberFormat::TenDigit => match digits.strip_prefix(FROM_NORTH_AMERICA) {
            Some(abroad) => number(abroad),
            None if digits.len() == 10 => number(&format!("1{digits}")),
            None => number(digits).filter(|_| digits.starts_with('1')),
        },
        NumberFormat::PlusE164 | NumberFormat::National | NumberFormat::Dialled => None,
    };
    as_agreed.or_else(|| meaning(place, digits))
}
