//! What somebody hears who waits.

use std::fmt;
use std::str::FromStr;

use crate::fault::Fault;
use crate::problem::Code;
use crate::text::text_value;

/// A WAV file, by its name below the configuration's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundFile(pub Box<str>);

text_value!(
    SoundFile,
    "SoundFile",
    "a WAV file below the configuration's directory: samples of 16 bits at 8, 16 or 48 kHz",
    "^[^/].*\\.[wW][aA][vV]$"
);

impl fmt::Display for SoundFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SoundFile {
    type Err = Fault;

    fn from_str(text: &str) -> Result<SoundFile, Fault> {
        match text.parse()? {
            Music::File(name) => Ok(SoundFile(name)),
            Music::Off | Music::Tone => {
                let fault = Fault::new(Code::SOUND, format!("\"{text}\" is no WAV file"));
                Err(fault.suggest("a file below the configuration's directory, such as \"sounds/busy.wav\""))
            }
        }
    }
}

/// What whoever is on hold or parked hears while nobody else plays them anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Music {
    /// Nothing.
    Off,
    /// Two soft beeps every ten seconds.
    #[default]
    Tone,
    /// A WAV file, by its name below the configuration's directory.
    File(Box<str>),
}

text_value!(
    Music,
    "Music",
    "\"off\", \"tone\", or a WAV file below the configuration's directory: samples of 16 bits at 8, 16 or 48 \
     kHz, ten minutes at most",
    "^(off|tone|[^/].*\\.[wW][aA][vV])$"
);

impl fmt::Display for Music {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Music::Off => "off",
            Music::Tone => "tone",
            Music::File(name) => name,
        })
    }
}

impl FromStr for Music {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Music, Fault> {
        let is_wav =
            text.len() > 4 && text.get(text.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".wav"));
        let is_below = !text.starts_with('/') && text.split('/').all(|part| part != "..");
        match text {
            "off" => Ok(Music::Off),
            "tone" => Ok(Music::Tone),
            file if is_wav && is_below => Ok(Music::File(file.into())),
            file if is_wav => {
                let fault = Fault::new(Code::SOUND, format!("\"{file}\" lies outside of the configuration"));
                Err(fault
                    .suggest("a file below the configuration's directory, such as \"sounds/waiting.wav\""))
            }
            _ => {
                let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{text}\" is nothing to be heard"));
                Err(fault.suggest("\"off\", \"tone\", or a file such as \"sounds/waiting.wav\""))
            }
        }
    }
}
