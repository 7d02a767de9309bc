//! What is wrong with a configuration: a stable code, a sentence, a place and a way out.

use std::fmt;

use serde::Serialize;

/// A stable code, printed as `TD-C017`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

macro_rules! codes {
    ($($constant:ident $number:literal $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $constant: Code = Code($number);)*
        }

        /// Every code and its title, in order of their numbers.
        pub const CODES: &[(Code, &str)] = &[$((Code($number), $title)),*];
    };
}

codes! {
    SYNTAX             1 "the file is not TOML";
    FORMAT             2 "the format of the configuration is not known";
    UNKNOWN_KIND       3 "there is no such kind of object";
    UNKNOWN_KEY        4 "there is no such key";
    MISSING_KEY        5 "a required key is missing";
    WRONG_TYPE         6 "a value has the wrong type";
    UNKNOWN_WORD       7 "a word is not among those that may stand here";
    TWICE              8 "an object is defined twice";
    NUMBER             9 "a telephone number is not E.164 with a plus";
    UNQUOTED          10 "a number, duration or text is not quoted";
    DURATION          11 "a duration cannot be read";
    URI               13 "a SIP URI cannot be read";
    ADDRESS           14 "an address or network cannot be read";
    PORT              15 "a port or range of ports cannot be";
    PATTERN           16 "a pattern cannot be read";
    UNKNOWN_NAME      17 "a name is not defined";
    PLAIN_SECRET      18 "a secret stands in a document";
    NO_SECRET_VALUE   19 "a secret has no value";
    OWNED_TWICE       20 "a number or extension has two owners";
    REVERSED          21 "a range ends before it begins";
    EMERGENCY_NO_WAY  22 "emergency numbers without a trunk";
    ROUTE_NO_WAY      23 "a route does not say where calls go";
    ROUTE_UNREACHABLE 24 "a route can never be used";
    TRANSPORT         25 "a transport is not known";
    NAME              26 "a name is not a kebab-case id";
    NO_SYSTEM         27 "there is no [system]";
    INTERFACE         28 "an interface cannot listen as it is written";
    RULE              29 "a dial plan rule cannot be read";
    CONTRADICTION     30 "two keys contradict each other";
    OUT_OF_RANGE      31 "a figure is out of range";
    TIME              32 "a time cannot be read";
    PLANS             41 "a line of a numbering plan cannot be read";
    TRANSIT_LOOP      50 "calls from the telephone network would leave into it again";
    NEVER_FIRST       51 "a route never comes first, or serves nobody";
    NO_ORDER          52 "routes for the same calls have the same order";
    DECK              53 "a price list cannot be used";
    SERVICE           60 "a setting needs a service that the provider does not offer";
    HEADER_RULE       61 "a rule for headers cannot be";
    PRIVACY_CODE      62 "a code for privacy cannot be dialled";
    FEATURE_CODE      63 "a code for a service cannot be dialled";
    ORBIT             64 "calls cannot be parked as it is written";
    SOUND             65 "a sound cannot be played";
    TOLL_BYPASS       70 "a rule about toll bypass cannot be kept";
    UNPROTECTED       71 "calls would cross the Internet unprotected";
    LINK              72 "a line does not carry what is meant for it";
    OFFER             73 "an offer cannot be counted";
    UNSEALED          74 "programs would be answered in the clear beyond this machine";
    RECORDS_UNSEALED  75 "records would cross to their server in the clear";
    CERTIFICATE       76 "a certificate cannot be had as it is written";
    MEDIA_PATH        77 "media cannot go the way that is wished";
    OIDC              78 "people cannot be signed in as it is written";
    DIRECTORY         80 "people cannot be taken from a directory as it is written";
    RECORDER          85 "calls cannot be recorded outside as it is written";
    OBSERVER          88 "what others have seen cannot be taken as it is written";
}

impl Code {
    /// What the code means, in a few words.
    pub fn title(self) -> &'static str {
        CODES.iter().find(|(code, _)| *code == self).map_or("", |(_, title)| title)
    }

    pub(crate) fn number(self) -> u16 {
        self.0
    }

    pub(crate) fn from_number(number: u16) -> Option<Code> {
        CODES.iter().map(|(code, _)| *code).find(|code| code.0 == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TD-C{:03}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may be meant; nothing is stopped.
    Warning,
    /// Nothing can be applied.
    #[default]
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One thing that is wrong, where it stands, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted in characters, from 1.
    pub column: usize,
    /// The text that is wrong; secrets are blotted out.
    pub span: String,
    /// The whole line it stands in; secrets are blotted out.
    pub excerpt: String,
    pub suggestion: Option<String>,
    /// What follows from it, or what else to know.
    pub notes: Vec<String>,
}

impl Problem {
    /// The same as a warning: it stops nothing.
    pub fn warning(mut self) -> Problem {
        self.severity = Severity::Warning;
        self
    }

    /// Adds a sentence below the excerpt.
    pub fn note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// Says what to write instead.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Problem {
        self.suggestion = Some(suggestion.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.to_string();
        let gutter = " ".repeat(line.len());
        writeln!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        writeln!(f, "{gutter}┌─ {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{gutter}│")?;
        writeln!(f, "{line}│ {}", self.excerpt)?;
        let indent = " ".repeat(self.column - 1);
        let carets = "^".repeat(self.span.chars().count().max(1));
        write!(f, "{gutter}│ {indent}{carets}")?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, " {suggestion}")?;
        }
        writeln!(f, "\n{gutter}│")?;
        for note in &self.notes {
            writeln!(f, "{gutter}= {note}")?;
        }
        write!(f, "{gutter}= more: tandem help {}", self.code)
    }
}
