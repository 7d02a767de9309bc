//! One call, drawn or written to a file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::house::House;

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    Text,
    Ascii,
    Svg,
    Html,
    Json,
}

/// What a call is written to a file as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporting {
    Pcapng,
    Hep,
    Html,
    Svg,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Dashed is what others reported and the house has not seen itself. Beside each arrow stand \
seconds since the first message and since the one before, and its length in bytes.\n\n\
Examples:\n  tandem call ladder c019f3a9b2c0-1 --dir /etc/tandem\n  \
tandem call ladder c019f3a9b2c0-1 --svg -o call.svg\n  tandem call ladder c019f3a9b2c0-1 --json"
)]
pub struct Ladder {
    /// The id that the list shows, or the Call-ID of one of its legs
    pub id: String,
    #[command(flatten)]
    pub house: House,
    /// A picture in place of letters
    #[arg(long, group = "drawing")]
    pub svg: bool,
    /// A page to hand on: what became of the call, its picture, and each message whole
    #[arg(long, group = "drawing")]
    pub html: bool,
    /// Letters that every terminal has; so, too, where the locale has no others
    #[arg(long, group = "drawing")]
    pub ascii: bool,
    /// One JSON document with the whole messages instead of a drawing
    #[arg(long, group = "drawing")]
    pub json: bool,
    /// The file to write, in place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Ladder {
    pub fn drawing(&self) -> Drawing {
        match (self.svg, self.html, self.ascii, self.json) {
            (true, _, _, _) => Drawing::Svg,
            (_, true, _, _) => Drawing::Html,
            (_, _, true, _) => Drawing::Ascii,
            (_, _, _, true) => Drawing::Json,
            _ => Drawing::Text,
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem call export c019f3a9b2c0-1 --pcapng call.pcapng --dir /etc/tandem\n  \
tandem call export c019f3a9b2c0-1 --html for-the-provider.html"
)]
pub struct Export {
    /// The id that the list shows, or the Call-ID of one of its legs
    pub id: String,
    #[command(flatten)]
    pub house: House,
    #[command(flatten)]
    pub to: ExportTo,
}

/// The file to write, and what stands in it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ExportTo {
    /// A capture for Wireshark: its messages, and its packets where `call capture` kept them
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// Its messages as packets of HEP version 3, one behind the other, as capture servers take them by TCP
    #[arg(long, value_name = "FILE")]
    pub hep: Option<PathBuf>,
    /// A page to hand on: what became of the call, its picture, and each message whole
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Its ladder as a picture
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

impl ExportTo {
    /// The file that was named: there is one.
    pub fn file(&self) -> Option<(Exporting, &Path)> {
        let all = [
            (Exporting::Pcapng, &self.pcapng),
            (Exporting::Hep, &self.hep),
            (Exporting::Html, &self.html),
            (Exporting::Svg, &self.svg),
        ];
        all.into_iter().find_map(|(what, file)| Some((what, file.as_deref()?)))
    }
}
