//! Colours: only on a terminal, never the only carrier of meaning.

use std::fmt;
use std::io::IsTerminal;

use crate::verbs::ColorChoice;

/// What a piece of text means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Good,
    Bad,
    Note,
    Strong,
    Quiet,
}

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    Plain,
    Ansi,
}

impl Palette {
    /// The palette for standard output: `--color` first, then `NO_COLOR`, then whether a person is looking.
    pub fn of_stdout(choice: ColorChoice) -> Palette {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let watched = std::io::stdout().is_terminal();
        match choice {
            ColorChoice::Always => Palette::Ansi,
            ColorChoice::Auto if watched && !refused => Palette::Ansi,
            ColorChoice::Auto | ColorChoice::Never => Palette::Plain,
        }
    }

    /// Wraps `text` so that it prints as `paint` on this palette.
    pub fn paint<T: fmt::Display>(self, paint: Paint, text: T) -> Painted<T> {
        Painted { palette: self, paint, text }
    }
}

/// Text with its meaning, ready to print.
pub struct Painted<T> {
    palette: Palette,
    paint: Paint,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match (self.palette, self.paint) {
            (Palette::Plain, _) => return self.text.fmt(f),
            (Palette::Ansi, Paint::Good) => "32",
            (Palette::Ansi, Paint::Bad) => "31;1",
            (Palette::Ansi, Paint::Note) => "33",
            (Palette::Ansi, Paint::Strong) => "1",
            (Palette::Ansi, Paint::Quiet) => "2",
        };
        write!(f, "\x1b[{code}m")?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}
