//! Digits as a country dials them, to E.164 and back.

use model::{Number, NumberFormat};

use crate::country::Country;

/// The number that digits mean for somebody in a country, by that country's own rules.
pub(crate) fn to_e164(country: &Country, area_code: Option<&str>, digits: &str) -> Option<String> {
    if digits.starts_with('+') {
        return checked(digits.to_owned());
    }
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(rest) = digits.strip_prefix(country.international) {
        return checked(format!("+{rest}"));
    }
    match country.calling_code {
        "" => None,
        "1" => north_american(area_code, digits),
        _ => elsewhere(country, area_code, digits),
    }
}

fn north_american(area_code: Option<&str>, digits: &str) -> Option<String> {
    let begins_well = |digits: &str| digits.starts_with(|c| ('2'..='9').contains(&c));
    match (digits.len(), digits.strip_prefix('1'), area_code) {
        (11, Some(rest), _) if begins_well(rest) => checked(format!("+{digits}")),
        (10, None, _) if begins_well(digits) => checked(format!("+1{digits}")),
        (7, None, Some(area)) if begins_well(digits) => checked(format!("+1{area}{digits}")),
        _ => None,
    }
}

fn elsewhere(country: &Country, area_code: Option<&str>, digits: &str) -> Option<String> {
    let code = country.calling_code;
    if country.national.is_empty() {
        return if digits.len() >= 6 { checked(format!("+{code}{digits}")) } else { None };
    }
    if let Some(rest) = digits.strip_prefix(country.national) {
        return checked(format!("+{code}{rest}"));
    }
    let area = area_code?;
    let area = area.strip_prefix(country.national).unwrap_or(area);
    if digits.len() >= 5 { checked(format!("+{code}{area}{digits}")) } else { None }
}

fn checked(number: String) -> Option<String> {
    const SHORTEST: usize = 7;
    let is_number = number.len() > SHORTEST && number.parse::<Number>().is_ok();
    is_number.then_some(number)
}

/// A number in E.164, as a far end wants it; what is no number stays as it is.
pub(crate) fn rendered(number: &str, format: NumberFormat, home: &Country) -> String {
    let Some(digits) = number.strip_prefix('+') else { return number.to_owned() };
    match format {
        NumberFormat::PlusE164 => number.to_owned(),
        NumberFormat::E164 => digits.to_owned(),
        NumberFormat::DoubleZero => format!("00{digits}"),
        NumberFormat::National => match home.national_digits(digits) {
            Some(rest) if home.calling_code == "1" => rest.to_owned(),
            Some(rest) => format!("{}{rest}", home.national),
            None => format!("{}{digits}", home.international),
        },
    }
}
