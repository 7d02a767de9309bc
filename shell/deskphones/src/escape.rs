//! Values as they may stand in a file: nothing that somebody is called ends a value, or begins a key.

/// In XML 1.0, between tags or in an attribute: what cannot stand there at all is left out.
pub(crate) fn xml(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => text.push(letter),
        }
    }
    text
}

/// Behind `key = ` to the end of the line.
pub(crate) fn line(value: &str) -> String {
    let is_end = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let kept: String = value.chars().filter(|letter| !is_end(*letter)).collect();
    kept.trim().to_owned()
}
