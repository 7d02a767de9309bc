//! Header lines on their way into a message: borrowed where they stand, owned where a rule made them.

use std::borrow::Cow;

use policy::Line;

/// Lines on their way into a message.
pub(crate) type Lines<'h> = Vec<(Cow<'h, str>, Cow<'h, str>)>;

/// Lines as a request or a reply takes them.
pub(crate) fn lent_lines<'l>(lines: &'l [(Cow<'_, str>, Cow<'_, str>)]) -> Vec<(&'l str, &'l str)> {
    lines.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// The same of lines that policy made.
pub(crate) fn handed(lines: &[Line]) -> impl Iterator<Item = (&str, &str)> {
    lines.iter().map(|(name, value)| (&**name, value.as_str()))
}

/// Headers as they are.
pub(crate) fn borrowed<'h>(headers: &[(&'h str, &'h str)]) -> Lines<'h> {
    headers.iter().map(|(name, value)| (Cow::Borrowed(*name), Cow::Borrowed(*value))).collect()
}

/// A line that outlives what it is of.
pub(crate) fn kept<'h>((name, value): &Line) -> (Cow<'h, str>, Cow<'h, str>) {
    (name.to_string().into(), value.clone().into())
}
