//! Patterns over digits. No regular expressions: a person reads them aloud.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::fault::Fault;
use crate::number::{Number, NumberRange};
use crate::problem::Code;
use crate::text::text_value;

/// One place of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// This digit, or the plus.
    Exactly(u8),
    /// `N`: 2 to 9.
    TwoToNine,
    /// `Z`: 1 to 9.
    OneToNine,
    /// `X`: any digit.
    Any,
}

impl Place {
    fn admits(self, byte: u8) -> bool {
        match self {
            Place::Exactly(digit) => digit == byte,
            Place::TwoToNine => (b'2'..=b'9').contains(&byte),
            Place::OneToNine => (b'1'..=b'9').contains(&byte),
            Place::Any => byte.is_ascii_digit(),
        }
    }

    fn overlaps(self, other: Place) -> bool {
        match (self, other) {
            (Place::Exactly(digit), place) | (place, Place::Exactly(digit)) => place.admits(digit),
            _ => true,
        }
    }

    fn covers(self, other: Place) -> bool {
        match other {
            Place::Exactly(digit) => self.admits(digit),
            Place::TwoToNine => !matches!(self, Place::Exactly(_)),
            Place::OneToNine => matches!(self, Place::OneToNine | Place::Any),
            Place::Any => self == Place::Any,
        }
    }
}

/// Digits and wildcards, place by place, and perhaps a `…` for one digit or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mask {
    places: Vec<Place>,
    open: bool,
    written: Arc<str>,
}

text_value!(
    Mask,
    "Mask",
    "digits with N (2-9), Z (1-9), X (0-9) and … (the rest)",
    r"^\+?[0-9NXZ*# ().-]*(…|\.\.\.)?$"
);

impl Mask {
    /// What the wildcards cover, if the whole text fits; for a mask without wildcards, nothing.
    pub fn matches<'t>(&self, text: &'t str) -> Option<&'t str> {
        let bytes = text.as_bytes();
        let fits = if self.open { bytes.len() > self.places.len() } else { bytes.len() == self.places.len() };
        if !fits || !self.places.iter().zip(bytes).all(|(place, byte)| place.admits(*byte)) {
            return None;
        }
        let rest_is_digits = bytes[self.places.len()..].iter().all(u8::is_ascii_digit);
        let fixed = self.places.iter().take_while(|place| matches!(place, Place::Exactly(_))).count();
        rest_is_digits.then(|| text.get(fixed..)).flatten()
    }

    /// A text that fits, as long as a number usually is.
    pub fn example(&self) -> String {
        const USUAL: usize = 12;
        let digit = |(index, place): (usize, &Place)| match place {
            Place::Exactly(byte) => char::from(*byte),
            Place::TwoToNine | Place::OneToNine => '2',
            Place::Any => char::from(b'0' + u8::try_from(index % 10).unwrap_or_default()),
        };
        let mut text: String = self.places.iter().enumerate().map(digit).collect();
        if self.open {
            let missing = USUAL.saturating_sub(text.len()).max(1);
            text.extend(std::iter::repeat_n('2', missing));
        }
        text
    }

    /// The digits that every text that fits begins with.
    pub fn beginning(&self) -> String {
        let fixed = self.places.iter().map_while(|place| match place {
            Place::Exactly(byte) => Some(char::from(*byte)),
            Place::TwoToNine | Place::OneToNine | Place::Any => None,
        });
        fixed.collect()
    }

    /// Whether some text fits both.
    pub fn overlaps(&self, other: &Mask) -> bool {
        let (shorter, longer) = match self.places.len() <= other.places.len() {
            true => (self, other),
            false => (other, self),
        };
        let lengths = match (shorter.open, longer.open) {
            (true, false) => shorter.places.len() < longer.places.len(),
            (true, true) => true,
            (false, _) => shorter.places.len() == longer.places.len() && !longer.open,
        };
        lengths && self.places.iter().zip(&other.places).all(|(one, other)| one.overlaps(*other))
    }

    /// Whether every text that fits `other` also fits this.
    pub fn covers(&self, other: &Mask) -> bool {
        let lengths = match (self.open, other.open) {
            (false, false) => self.places.len() == other.places.len(),
            (false, true) => false,
            (true, true) => self.places.len() <= other.places.len(),
            (true, false) => self.places.len() < other.places.len(),
        };
        lengths && self.places.iter().zip(&other.places).all(|(one, other)| one.covers(*other))
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for Mask {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Mask, Fault> {
        let wrong = |why: String| Fault::new(Code::PATTERN, format!("\"{text}\" {why}"));
        let trimmed = text.trim();
        let body = trimmed.strip_suffix('…').or_else(|| trimmed.strip_suffix("..."));
        let open = body.is_some();
        let mut places = Vec::new();
        for letter in body.unwrap_or(trimmed).chars() {
            places.push(match letter {
                ' ' | '-' | '.' | '(' | ')' => continue,
                'N' => Place::TwoToNine,
                'Z' => Place::OneToNine,
                'X' => Place::Any,
                '+' if places.is_empty() => Place::Exactly(b'+'),
                '0'..='9' | '*' | '#' => Place::Exactly(u8::try_from(letter).unwrap_or(b'#')),
                '^' | '$' | '\\' | '[' | ']' | '?' => {
                    let fault = wrong("looks like a regular expression; patterns are not".into());
                    return Err(fault.suggest("use N (2-9), Z (1-9), X (0-9) and … (the rest)"));
                }
                'n' | 'x' | 'z' => {
                    let fault = wrong(format!("has a small \"{letter}\""));
                    return Err(fault.suggest(format!("did you mean \"{}\"?", trimmed.to_ascii_uppercase())));
                }
                '…' => return Err(wrong("has … before its end".into())),
                other => return Err(wrong(format!("has \"{other}\", which no pattern knows"))),
            });
        }
        if places.is_empty() && !open {
            return Err(wrong("is empty".into()));
        }
        Ok(Mask { places, open, written: trimmed.into() })
    }
}

/// What a route wants to see as the number called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `"*"`: whatever is called.
    Anything,
    /// `"+1 NXX NXX XXXX"`, `"+82 …"`.
    Mask(Mask),
    /// `"+14255550100..+14255550199"`.
    Range(NumberRange),
    /// The name of a user.
    User(Arc<str>),
}

text_value!(
    Pattern,
    "Pattern",
    "a pattern such as \"+1 NXX NXX XXXX\", \"+82 …\", \"+14255550100..+14255550199\", \"*\", or a user",
    "^.+$"
);

impl Pattern {
    /// The digits that every number it admits begins with; for a user, none.
    pub fn beginning(&self) -> String {
        match self {
            Pattern::Anything | Pattern::User(_) => String::new(),
            Pattern::Mask(mask) => mask.beginning(),
            Pattern::Range(range) => {
                let pairs = range.first.as_str().chars().zip(range.last.as_str().chars());
                pairs.map_while(|(first, last)| (first == last).then_some(first)).collect()
            }
        }
    }

    /// Whether some number is admitted by both, as far as can be told without trying all.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Pattern::Anything, _) | (_, Pattern::Anything) => true,
            (Pattern::Mask(one), Pattern::Mask(other)) => one.overlaps(other),
            (Pattern::Range(one), Pattern::Range(other)) => {
                one.first <= other.last
                    && other.first <= one.last
                    && one.first.as_str().len() == other.first.as_str().len()
            }
            (Pattern::Mask(mask), Pattern::Range(range)) | (Pattern::Range(range), Pattern::Mask(mask)) => {
                [&range.first, &range.last].iter().any(|end| mask.matches(end.as_str()).is_some())
            }
            (Pattern::User(one), Pattern::User(other)) => one == other,
            (Pattern::User(_), _) | (_, Pattern::User(_)) => false,
        }
    }

    /// Whether everything that `other` admits is admitted by this one too.
    pub fn covers(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Pattern::Anything, _) => true,
            (Pattern::Mask(one), Pattern::Mask(other)) => one.covers(other),
            (Pattern::Range(one), Pattern::Range(other)) => {
                one.contains(other.first.as_str()) && one.contains(other.last.as_str())
            }
            (Pattern::Mask(mask), Pattern::Range(range)) => {
                mask.open && {
                    let ends = [range.first.as_str(), range.last.as_str()];
                    ends.iter().all(|end| mask.matches(end).is_some())
                        && mask.places.iter().all(|place| matches!(place, Place::Exactly(_)))
                }
            }
            (Pattern::User(one), Pattern::User(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Anything => f.write_str("*"),
            Pattern::Mask(mask) => mask.fmt(f),
            Pattern::Range(range) => write!(f, "{}..{}", range.first, range.last),
            Pattern::User(user) => f.write_str(user),
        }
    }
}

impl FromStr for Pattern {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Pattern, Fault> {
        if text.trim() == "*" {
            return Ok(Pattern::Anything);
        }
        let range = text.split_once("..").filter(|(_, last)| !last.is_empty() && !last.starts_with('.'));
        if let Some((first, last)) = range {
            let (first, last): (Number, Number) = (first.trim().parse()?, last.trim().parse()?);
            return NumberRange::new(first, last).map(Pattern::Range);
        }
        let is_name = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !matches!(text, "n" | "x" | "z");
        if is_name {
            return Ok(Pattern::User(text.into()));
        }
        text.parse().map(Pattern::Mask)
    }
}
