//! A ladder drawn with letters, for terminals.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::ladder::{Arrow, Ladder, Step};
use crate::letters::{cut, visible, width};

/// From one line of life to the next.
const STEP: usize = 20;
const MARGIN: usize = 6;
/// The second half of a letter that takes two columns.
const TAKEN: char = '\0';

/// Which letters somebody can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    Unicode,
    Ascii,
}

/// What a drawing is made of.
struct Strokes {
    life: char,
    seen: char,
    told: char,
    right: char,
    left: char,
    inside: &'static str,
    refused: &'static str,
    large: &'static str,
    note: &'static str,
}

const UNICODE: Strokes = Strokes {
    life: '│',
    seen: '─',
    told: '┄',
    right: '▶',
    left: '◀',
    inside: "↻",
    refused: "✘",
    large: "⚠",
    note: "•",
};

const ASCII: Strokes = Strokes {
    life: '|',
    seen: '-',
    told: '.',
    right: '>',
    left: '<',
    inside: "(o)",
    refused: "FAILED",
    large: "LARGE",
    note: "*",
};

/// The drawing, one line for each arrow and each note.
pub fn text(ladder: &Ladder, hand: Hand) -> String {
    let strokes = if hand == Hand::Unicode { UNICODE } else { ASCII };
    let mut out = String::new();
    let mut names = vec![' '; MARGIN + STEP * ladder.parties.len()];
    for (at, name) in ladder.parties.iter().enumerate() {
        let name = cut(name, STEP - 2);
        put(&mut names, (MARGIN + STEP * at).saturating_sub(columns(&name) / 2), &name);
    }
    line(&mut out, &text_of(&names));
    for step in ladder.steps() {
        let row = match step {
            Step::Note(note) => {
                let (life, at) = (text_of(&lives(ladder, &strokes)), seconds(note.at_ms));
                format!("{life}  {at:>7}  {} {}", strokes.note, visible(&note.words))
            }
            Step::Arrow(_, since_ms, arrow) => row_of(ladder, &strokes, arrow, since_ms),
        };
        line(&mut out, &row);
    }
    match hand {
        Hand::Unicode => out,
        Hand::Ascii => out.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect(),
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, Hand::Unicode))
    }
}

fn line(out: &mut String, row: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", row.trim_end());
}

fn row_of(ladder: &Ladder, strokes: &Strokes, arrow: &Arrow, since_ms: u64) -> String {
    let (drawn, at, since) = (line_of(ladder, strokes, arrow), seconds(arrow.at_ms), seconds(since_ms));
    let mut row = format!("{drawn}  {at:>7} {:>7}  {:>5}", format!("+{since}"), arrow.bytes);
    if arrow.is_large() {
        let _ = write!(row, " {}", strokes.large);
    }
    let _ = write!(row, "  {}", visible(&arrow.note));
    if arrow.repeat > 0 {
        let _ = write!(row, "  (repeat {})", arrow.repeat);
    }
    if let Some(reported) = &arrow.reported {
        let _ = write!(row, "  ({})", visible(reported));
    }
    row
}

pub(crate) fn seconds(ms: u64) -> String {
    format!("{:.3}", Duration::from_millis(ms).as_secs_f64())
}

fn lives(ladder: &Ladder, strokes: &Strokes) -> Vec<char> {
    let mut line = vec![' '; MARGIN + STEP * (ladder.parties.len().max(1) - 1) + 1];
    for at in 0..ladder.parties.len() {
        line[MARGIN + STEP * at] = strokes.life;
    }
    line
}

fn line_of(ladder: &Ladder, strokes: &Strokes, arrow: &Arrow) -> String {
    let mut line = lives(ladder, strokes);
    let (from, to) = (ladder.place_of(&arrow.from), ladder.place_of(&arrow.to));
    let (left, right) = (MARGIN + STEP * from.min(to), MARGIN + STEP * from.max(to));
    let what =
        if arrow.is_refusal() { format!("{} {}", arrow.what, strokes.refused) } else { arrow.what.clone() };
    // Whoever reports a message of a party to itself has seen the inside of a machine.
    if from == to {
        line.resize(line.len().max(left + STEP), ' ');
        put(&mut line, left + 2, &cut(&format!("{} {what}", strokes.inside), STEP - 3));
        return line.into_iter().filter(|letter| *letter != TAKEN).collect();
    }
    line[left + 1..right].fill(if arrow.is_ours() { strokes.seen } else { strokes.told });
    let what = cut(&what, right - left - 5);
    if from < to {
        line[right - 1] = strokes.right;
        put(&mut line, left + 3, &what);
    } else {
        line[left + 1] = strokes.left;
        put(&mut line, left + 4, &what);
    }
    line.into_iter().filter(|letter| *letter != TAKEN).collect()
}

fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Writes over what stands there. A letter without a width of its own has no place.
fn put(line: &mut [char], at: usize, text: &str) {
    let letters = text.chars().flat_map(|letter| {
        let taken = std::iter::repeat_n(TAKEN, width(letter).saturating_sub(1));
        std::iter::once(letter).filter(|letter| width(*letter) > 0).chain(taken)
    });
    line.iter_mut().skip(at).zip(letters).for_each(|(place, letter)| *place = letter);
}

fn text_of(line: &[char]) -> String {
    line.iter().filter(|letter| **letter != TAKEN).collect()
}
