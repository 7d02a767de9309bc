//! One line of a description, as it stood in the text.

/// One line: its letter, its value, and the bytes it came from, line end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub letter: u8,
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

impl<'a> Line<'a> {
    /// The value as text; none where it is in another character set.
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.value).ok()
    }

    /// Name and value of an `a=` line.
    pub fn attribute(&self) -> Option<(&'a str, Option<&'a str>)> {
        if self.letter != b'a' {
            return None;
        }
        let text = self.text()?;
        Some(match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text.trim_end(), None),
        })
    }
}

/// The value of the first attribute of that name.
pub(crate) fn attribute<'a>(lines: &[Line<'a>], wanted: &str) -> Option<&'a str> {
    let may_be = |line: &&Line<'_>| line.value.starts_with(wanted.as_bytes());
    lines
        .iter()
        .filter(may_be)
        .filter_map(Line::attribute)
        .find(|(name, _)| *name == wanted)
        .and_then(|(_, value)| value)
}
