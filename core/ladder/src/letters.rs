//! Letters of anybody, as they may be shown: what steers a terminal or a reader of XML, and what turns or
//! hides other letters, becomes a sign that can be seen.

use std::borrow::Cow;

/// In place of what has no picture.
const UNSEEN: char = '\u{fffd}';

/// The text, every letter of which can be seen.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.chars().all(|letter| seen(letter) == letter) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(seen).collect()),
    }
}

/// The same of several lines; how they end does not matter.
pub fn visible_lines(text: &str) -> String {
    let is_kept = |letter| matches!(letter, '\n' | '\t');
    let text = text.replace("\r\n", "\n");
    text.chars().map(|letter| if is_kept(letter) { letter } else { seen(letter) }).collect()
}

/// Text as XML and HTML have it, between marks and in attributes.
pub fn escaped(text: &str) -> String {
    marked_off(&visible(text))
}

pub fn escaped_lines(text: &str) -> String {
    marked_off(&visible_lines(text))
}

fn marked_off(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

fn seen(letter: char) -> char {
    match letter {
        // Unicode has pictures of what ASCII steers with.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or(UNSEEN),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' => UNSEEN,
        // What turns the order of letters around, ends lines, or is not there.
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' => UNSEEN,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => UNSEEN,
        // Letters that are none.
        '\u{fdd0}'..='\u{fdef}' => UNSEEN,
        _ if u32::from(letter) & 0xfffe == 0xfffe => UNSEEN,
        _ => letter,
    }
}

/// How many columns a letter takes where each takes as much as any other.
pub fn width(letter: char) -> usize {
    match letter {
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' => 2,
        '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// As much of a text as so many columns hold; what is cut off is missed by a sign.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    let text = visible(text);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text;
    }
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += width(*letter);
        taken < columns
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_turns_or_hides_becomes_a_sign() {
        assert_eq!(visible("a\x1b[2J\0b\x7f"), "a␛[2J␀b␡");
        assert_eq!(visible("\u{202e}gpj.exe\u{2066}\u{9b}31m\u{feff}"), "�gpj.exe��31m�");
        assert_eq!(visible("\u{ffff}\u{1fffe}\u{fdd0}\u{e0041}"), "����");
        assert_eq!(visible("Jürgen 한나 שלום"), "Jürgen 한나 שלום");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\r\nb\n\tc\rd"), "a\nb\n\tc␍d");
    }

    #[test]
    fn marks_of_xml_are_letters() {
        assert_eq!(escaped("<a b='c'>]]>&\""), "&lt;a b=&#39;c&#39;&gt;]]&gt;&amp;&quot;");
    }

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(cut("12345", 5), "12345");
        assert_eq!(cut("123456", 5), "1234…");
        assert_eq!(cut("한나한나", 5), "한나…");
        assert_eq!(cut("", 5), "");
    }
}
