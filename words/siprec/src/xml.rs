//! Text as it stands in XML.

/// Appends a text, as far as XML 1.0 can say it; marks of markup are written as entities, and of a longer
/// text only the beginning is.
pub(crate) fn escape(text: &str, most: usize, out: &mut String) {
    for letter in text.chars().filter(|letter| is_sayable(*letter)).take(most) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            letter => out.push(letter),
        }
    }
}

/// Whether a document may hold it at all (XML 1.0, 2.2); line ends are of no use in a name.
fn is_sayable(letter: char) -> bool {
    letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}')
}
