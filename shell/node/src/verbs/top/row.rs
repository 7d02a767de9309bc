//! One row of a picture: text with its meaning, as wide as it is on a terminal. Nothing that others have said
//! moves its cursor.

use std::fmt::Write;

use cli::{Paint, Palette};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(Vec<(Option<Paint>, String)>);

impl Row {
    pub fn text(mut self, text: impl AsRef<str>) -> Row {
        self.0.push((None, harmless(text.as_ref())));
        self
    }

    pub fn painted(mut self, paint: Paint, text: impl AsRef<str>) -> Row {
        self.0.push((Some(paint), harmless(text.as_ref())));
        self
    }

    /// As somebody would read it.
    pub fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| &**text).collect()
    }

    /// As it is printed where there are so many columns.
    pub fn text_within(&self, columns: usize, palette: Palette) -> String {
        let mut left = columns;
        let mut line = String::new();
        for (paint, text) in &self.0 {
            let shown = cut(text, left);
            let is_cut = shown.len() < text.len();
            left = left.saturating_sub(width(&shown));
            // Writing to a string cannot fail.
            let _ = match paint {
                Some(paint) if !shown.is_empty() => write!(line, "{}", palette.paint(*paint, shown)),
                _ => write!(line, "{shown}"),
            };
            if is_cut {
                break;
            }
        }
        line
    }
}

/// Cut, or filled with blanks, to so many columns.
pub fn cell(text: &str, columns: usize) -> String {
    let text = harmless(text);
    let mut shown =
        if width(&text) > columns { format!("{}…", cut(&text, columns.saturating_sub(1))) } else { text };
    let missing = columns.saturating_sub(width(&shown));
    shown.extend(std::iter::repeat_n(' ', missing));
    shown
}

pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn cut(text: &str, most: usize) -> String {
    let mut left = most;
    let fits = |letter: &char| match left.checked_sub(columns(*letter)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).collect()
}

/// Whoever calls may write into his name what makes a terminal do things, or turn words round.
fn harmless(text: &str) -> String {
    let is_order = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_order(letter) { '·' } else { letter }).collect()
}

/// How many columns a terminal gives a letter: signs of East Asia have two, accents that join have none.
fn columns(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 => 2,
        0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_gives_the_terminal_no_orders() {
        let row = Row::default().text("Eve\x1b[2J\u{9b}2J\u{202e}lia\r\n").painted(Paint::Bad, "\x07");

        let shown = row.text_within(80, Palette::Plain);

        assert_eq!(shown, "Eve·[2J·2J·lia···");
        assert_eq!(cell("a\x1b", 3), "a· ");
    }

    #[test]
    fn a_row_ends_where_the_terminal_does_and_signs_of_two_columns_count_twice() {
        let row = Row::default().text("한나 ").painted(Paint::Good, "in progress");

        assert_eq!(row.text_within(8, Palette::Plain), "한나 in ");
        assert_eq!(row.text_within(3, Palette::Plain), "한");
        assert_eq!(row.text_within(7, Palette::Ansi), "한나 \x1b[32min\x1b[0m");
        assert_eq!((cell("한나", 3), cell("ab", 4)), ("한…".to_owned(), "ab  ".to_owned()));
    }
}
