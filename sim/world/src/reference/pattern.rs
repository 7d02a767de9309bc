//! Patterns and rules, read from what the operator wrote.

use model::{NumberRange, Numbers, Pattern, Rule};

/// What the wildcards of a mask stand for, if the whole text fits it.
pub(crate) fn behind_mask<'t>(mask: &str, text: &'t str) -> Option<&'t str> {
    let written: String =
        mask.replace("...", "…").chars().filter(|letter| !" -.()".contains(*letter)).collect();
    let (places, is_open) = match written.strip_suffix('…') {
        Some(places) => (places, true),
        None => (&*written, false),
    };
    let letters: Vec<char> = text.chars().collect();
    let wanted: Vec<char> = places.chars().collect();
    let fits_in_length = if is_open { letters.len() > wanted.len() } else { letters.len() == wanted.len() };
    let fits = |(place, letter): (&char, &char)| match place {
        'N' => ('2'..='9').contains(letter),
        'Z' => ('1'..='9').contains(letter),
        'X' => letter.is_ascii_digit(),
        exactly => exactly == letter,
    };
    let fits = fits_in_length
        && wanted.iter().zip(&letters).all(fits)
        && letters[wanted.len()..].iter().all(char::is_ascii_digit);
    let fixed = wanted.iter().take_while(|place| !"NZX".contains(**place)).count();
    fits.then(|| &text[fixed..])
}

/// Whether a pattern admits a number; `owner` is the user whose number it is.
pub(crate) fn admits(pattern: &Pattern, number: &str, owner: Option<&str>) -> bool {
    match pattern {
        Pattern::Anything => true,
        Pattern::Mask(mask) => behind_mask(&mask.to_string(), number).is_some(),
        Pattern::Range(range) => lies_in(range, number),
        Pattern::User(name) => owner == Some(&**name),
    }
}

/// Whether a number with its plus lies between the ends of a range.
fn lies_in(range: &NumberRange, number: &str) -> bool {
    let figure = |text: &str| text.strip_prefix('+').and_then(|digits| digits.parse::<u64>().ok());
    let (first, last) = (range.first.as_str(), range.last.as_str());
    let (Some(one), Some(first_figure), Some(last_figure)) = (figure(number), figure(first), figure(last))
    else {
        return false;
    };
    number.len() == first.len() && (first_figure..=last_figure).contains(&one)
}

/// What a rule makes of a text, if it matches.
pub(crate) fn becomes(rule: &Rule, text: &str) -> Option<String> {
    let rest = behind_mask(&rule.matches.to_string(), text)?;
    let becomes = rule.becomes.to_string();
    Some(match becomes.strip_suffix('…') {
        Some(beginning) => format!("{beginning}{rest}"),
        None => becomes,
    })
}

/// Whether a number is among those that a trunk gave to us.
pub(crate) fn holds_number(numbers: &Numbers, number: &str) -> bool {
    let range = numbers.range.as_ref().map(|range| range.value.clone());
    let range = range.and_then(|[first, last]| NumberRange::new(first, last).ok());
    let listed = numbers.list.iter().flatten().any(|one| one.as_str() == number);
    listed || range.is_some_and(|range| lies_in(&range, number))
}
