//! Which names say that a secret follows, and where secrets stand in a text: so that whoever shows the text
//! can blot them out.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};
use serde::{Serialize, Serializer};

use crate::suggest::distance;

/// What stands in the name of a header or a key that holds a secret.
const PARTS: [&str; 9] = [
    "apikey",
    "authorization",
    "authenticationinfo",
    "cookie",
    "credential",
    "passphrase",
    "passw",
    "secret",
    "token",
];
/// Keys that hold one, as they are written or with a slip: so many letters may be wrong.
const KEYS: [(&str, usize); 9] = [
    ("password", 2),
    ("passphrase", 2),
    ("credential", 2),
    ("secret", 1),
    ("token", 1),
    ("plain", 1),
    ("pwd", 0),
    ("pin", 0),
    ("key", 0),
];
/// Schemes of URIs that may hold a password.
const SCHEMES: [&str; 10] = ["sip", "sips", "http", "https", "ws", "wss", "ftp", "stun", "turn", "turns"];
/// What an operator sees in place of a letter.
pub(crate) const BLOT: char = '•';

/// Whether a header of this name holds a secret: its value is sent, and shown to nobody else.
pub fn names_a_secret(header: &str) -> bool {
    let is_one = || {
        let plain = plain(header);
        PARTS.iter().any(|part| plain.contains(part))
    };
    may_name_a_secret(header.as_bytes()) && is_one()
}

/// Whether a name has the letters of one that does: most names lack some, and are not looked at twice.
pub fn may_name_a_secret(header: &[u8]) -> bool {
    let letters = letters_of(header);
    LETTERS.iter().any(|all| letters & all == *all)
}

/// Of each part of such names.
const LETTERS: [u32; PARTS.len()] = {
    let (mut letters, mut at) = ([0; PARTS.len()], 0);
    while at < PARTS.len() {
        letters[at] = letters_of(PARTS[at].as_bytes());
        at += 1;
    }
    letters
};

/// Which letters stand in a name, a bit each; all of them, where there are letters of other alphabets.
const fn letters_of(name: &[u8]) -> u32 {
    let (mut letters, mut at) = (0, 0);
    while at < name.len() {
        letters |= if name[at].is_ascii() { 1 << (name[at] & 31) } else { u32::MAX };
        at += 1;
    }
    letters
}

/// Names and values of headers as they may be shown.
pub fn shown_headers<N, S>(headers: &[(N, String)], serializer: S) -> Result<S::Ok, S::Error>
where
    N: AsRef<str> + Serialize,
    S: Serializer,
{
    serializer.collect_seq(headers.iter().map(|(name, value)| (name, shown_header(name.as_ref(), value))))
}

/// What may be shown of the value of a header of this name.
pub fn shown_header<'v>(header: &str, value: &'v str) -> &'v str {
    if names_a_secret(header) { "…" } else { value }
}

pub(crate) fn is_secret_key(key: &str) -> bool {
    let plain = plain(key);
    PARTS.iter().any(|part| plain.contains(part))
        || KEYS
            .iter()
            .any(|(known, slips)| may_be(&plain, known, *slips) && distance(&plain, known) <= *slips)
}

/// Whether so few slips can lead from one word to the other: a house has a million keys, and nearly all of
/// them are told apart by their letters alone.
fn may_be(word: &str, known: &str, slips: usize) -> bool {
    let firsts = known.char_indices().filter(|(at, letter)| known.find(*letter) == Some(*at));
    let lacking = |(_, letter): (usize, char)| {
        known.matches(letter).count().saturating_sub(word.matches(letter).count())
    };
    word.len().abs_diff(known.len()) <= slips && firsts.map(lacking).sum::<usize>() <= slips
}

/// The letters and digits of a name, in small letters.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The text with the passwords of its URIs blotted out by as many of these.
pub fn without_passwords(text: &str, blot: char) -> Cow<'_, str> {
    let passwords = passwords_in(text);
    if passwords.is_empty() { Cow::Borrowed(text) } else { blotted(text, 0, &passwords, blot).into() }
}

/// The same in place, of a text that is none of ours and may hold any bytes.
pub fn blot_passwords(text: &mut [u8], blot: u8) {
    for range in passwords_within(text) {
        text[range].fill(blot);
    }
}

/// Where passwords stand in the URIs of a text (RFC 3261 19.1.1, RFC 3986 3.2.1).
pub(crate) fn passwords_in(text: &str) -> Vec<Range<usize>> {
    // Each begins and ends beside a sign of one byte.
    passwords_within(text.as_bytes())
}

/// The signs that stand around a URI, by their byte.
const ENDS_URI: [bool; 256] = {
    let (signs, mut ends, mut at) = (b" \t\n\x0b\x0c\r<>\"'", [false; 256], 0);
    while at < signs.len() {
        ends[signs[at] as usize] = true;
        at += 1;
    }
    ends
};

fn passwords_within(text: &[u8]) -> Vec<Range<usize>> {
    let ends_uri = |byte: &u8| ENDS_URI[usize::from(*byte)];
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = memchr(b'@', &text[from..]).map(|at| from + at) {
        let start = text[from..at].iter().rposition(ends_uri).map_or(from, |end| from + end + 1);
        let end = text[at..].iter().position(ends_uri).map_or(text.len(), |end| at + end);
        found.extend(password_of(&text[start..end]).map(|inner| start + inner.start..start + inner.end));
        from = end;
    }
    found
}

/// The password of the first URI in a word that has an `@`.
fn password_of(word: &[u8]) -> Option<Range<usize>> {
    // One colon stands behind the scheme, another one before the password.
    let second = memchr_iter(b':', word).nth(1)?;
    memrchr(b'@', word).filter(|at| *at > second)?;
    let starts = memchr_iter(b':', word).filter_map(|colon| {
        let scheme = word[..colon].rsplit(|byte| !byte.is_ascii_alphanumeric()).next()?;
        let is_known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()));
        let begins = colon + 1 + word[colon + 1..].iter().take_while(|byte| **byte == b'/').count();
        is_known.then_some(begins)
    });
    starts.into_iter().find_map(|begins| {
        let user = &word[begins..];
        let colon = memchr(b':', user)?;
        let at = memchr(b'@', user).filter(|at| *at > colon)?;
        // A sign that should have been escaped is taken for a part of the password.
        let ends = |byte: &u8| matches!(byte, b';' | b'?' | b'/' | b',');
        let last = user[at..].iter().position(ends).map_or(user.len(), |end| at + end);
        let at = memrchr(b'@', &user[..last])?;
        Some(begins + colon + 1..begins + at)
    })
}

/// Where secrets stand in a text of TOML, whether it is well written or not: behind keys that say so, and in
/// URIs.
pub(crate) fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut scan =
        Scan { text, at: 0, key: "", rule: Rule::default(), awaits: Awaits::Key, found: Vec::new() };
    while scan.at < text.len() {
        scan.step();
    }
    scan.rule_ends();
    let mut found = scan.found;
    found.extend(passwords_in(text));
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| range.start);
    // One may stand in another: a URI in a secret.
    found.dedup_by(|next, before| {
        let touches = next.start <= before.end;
        if touches {
            before.end = before.end.max(next.end);
        }
        touches
    });
    found
}

/// A text from `start` on, with the parts of it that lie in ranges blotted out, letter by letter.
pub(crate) fn blotted(text: &str, start: usize, ranges: &[Range<usize>], blot: char) -> String {
    let first = ranges.partition_point(|range| range.end <= start);
    let ranges = &ranges[first..];
    let is_secret =
        |at: usize| ranges.iter().take_while(|range| range.start <= at).any(|range| range.contains(&at));
    text.char_indices().map(|(at, letter)| if is_secret(start + at) { blot } else { letter }).collect()
}

/// Words about a text, without the secrets that stand in it.
pub(crate) fn unsaid(words: &str, text: &str, ranges: &[Range<usize>]) -> String {
    let mut words = words.to_owned();
    for secret in ranges.iter().flat_map(|range| text[range.clone()].lines()) {
        // A short one stands in other words by chance; quoted it is meant.
        let (sought, instead) = match secret.chars().count() {
            0 => continue,
            1..4 => (format!("\"{secret}\""), format!("\"{BLOT}\"")),
            _ => (secret.to_owned(), BLOT.to_string()),
        };
        if words.contains(&sought) {
            words = words.replace(&sought, &instead);
        }
    }
    words
}

/// The same line, with every word behind a place blotted out: what belongs to a key that nobody knows.
pub(crate) fn values_unsaid(line: &str, behind: usize) -> String {
    let hide = |(at, letter): (usize, char)| match letter {
        letter if at >= behind && !letter.is_whitespace() && !"={}[],\"'#".contains(letter) => BLOT,
        letter => letter,
    };
    line.chars().enumerate().map(hide).collect()
}

/// What comes next is a …
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Key,
    Value,
    /// … value, and it is secret.
    Secret,
    /// … value in a list of secrets.
    SecretOfList,
}

/// A rule for headers, which names the header and its value in either order.
#[derive(Default)]
struct Rule {
    is_secret: bool,
    values: Vec<Range<usize>>,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    key: &'t str,
    rule: Rule,
    awaits: Awaits,
    found: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let letter = rest.chars().next().unwrap_or_default();
        let mut length = letter.len_utf8();
        match letter {
            '#' => length = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => return self.quoted(letter),
            '=' if self.awaits == Awaits::Key => {
                self.awaits = if is_secret_key(self.key) { Awaits::Secret } else { Awaits::Value };
            }
            '{' | '}' => {
                self.awaits = Awaits::Key;
                self.rule_ends();
            }
            '[' if self.awaits == Awaits::Secret => self.awaits = Awaits::SecretOfList,
            '[' | ']' => self.awaits = Awaits::Key,
            ',' | '\n' if self.awaits != Awaits::SecretOfList => self.awaits = Awaits::Key,
            letter if letter.is_whitespace() || letter == '.' || letter == ',' => {}
            _ => return self.bare(),
        }
        self.at += length;
    }

    fn quoted(&mut self, quote: char) {
        let rest = &self.text[self.at..];
        let three: String = std::iter::repeat_n(quote, 3).collect();
        let marks = if rest.starts_with(&three) { 3 } else { 1 };
        let inner = &rest[marks..];
        let mut is_escaped = false;
        let ends = |(at, letter): (usize, char)| {
            let ends = match marks {
                3 => inner[at..].starts_with(&three),
                _ => letter == quote || letter == '\n',
            };
            let was_escaped = is_escaped;
            is_escaped = quote == '"' && letter == '\\' && !was_escaped;
            ends && !(was_escaped && letter == quote)
        };
        let length = inner.char_indices().position(ends).map_or(inner.len(), |letters| {
            inner.char_indices().nth(letters).map_or(inner.len(), |(at, _)| at)
        });
        let begins = self.at + marks;
        self.value(begins..begins + length);
        let is_closed = inner[length..].starts_with(quote);
        self.at = begins + length + if is_closed { marks } else { 0 };
    }

    /// A word without quotes: a key, a figure, or text whose quotes were forgotten.
    fn bare(&mut self) {
        let rest = &self.text[self.at..];
        let length = match self.awaits {
            Awaits::Key => rest.find(|letter: char| !letter.is_alphanumeric() && !"-_".contains(letter)),
            _ => rest.find(['\n', ',', '}', ']', '#']),
        };
        let length = length.unwrap_or(rest.len()).max(rest.chars().next().map_or(0, char::len_utf8));
        self.value(self.at..self.at + rest[..length].trim_end().len());
        self.at += length;
    }

    /// A word was read, as whatever was awaited.
    fn value(&mut self, range: Range<usize>) {
        let text = self.text;
        let word = &text[range.clone()];
        match self.awaits {
            Awaits::Key => self.key = word,
            Awaits::Secret | Awaits::SecretOfList => self.found.push(range),
            Awaits::Value => match self.key {
                "set" | "add" | "pass" => self.rule.is_secret |= names_a_secret(word),
                "value" => self.rule.values.push(range),
                _ => {}
            },
        }
        // What follows a secret up to the next comma is no TOML, and still belongs to it.
        if self.awaits == Awaits::Value {
            self.awaits = Awaits::Key;
        }
    }

    fn rule_ends(&mut self) {
        let Rule { is_secret, values } = std::mem::take(&mut self.rule);
        self.found.extend(values.into_iter().filter(|_| is_secret));
    }
}
