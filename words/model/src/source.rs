//! Texts of configuration, and places in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::fault::Fault;
use crate::problem::{Code, Problem, Severity};
use crate::secrecy;

/// One file of the configuration, as the node has read it.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The name people know it by, such as `conf.d/routes.toml`.
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[usize]>,
    /// Where secrets stand in it.
    secrets: Arc<[Range<usize>]>,
    /// Texts that values of this file may have come from, such as templates.
    foreign: Arc<[SourceFile]>,
}

/// Places from here on lie in foreign texts, each of which has as much room.
const FOREIGN: usize = 1 << 32;

/// The text may hold the secrets of a demo.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({}, {} bytes)", self.name, self.text.len())
    }
}

impl SourceFile {
    /// A file of this name and content.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceFile {
        let text = text.into();
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let file =
            SourceFile { name: name.into(), text, lines, secrets: Arc::default(), foreign: Arc::default() };
        // Numbering plans are long, and hold none.
        if file.is_plans() {
            return file;
        }
        SourceFile { secrets: secrecy::secrets_in(&file.text).into(), ..file }
    }

    /// The same file, whose values may have come from foreign texts.
    pub(crate) fn beside(&self, foreign: &Arc<[SourceFile]>) -> SourceFile {
        SourceFile { foreign: foreign.clone(), ..self.clone() }
    }

    /// Where the places of a foreign text begin.
    pub(crate) fn foreign(index: usize) -> usize {
        (index + 1) * FOREIGN
    }

    /// The text that a place lies in, and the place there.
    pub(crate) fn at(&self, span: Range<usize>) -> (&SourceFile, Range<usize>) {
        let which = (span.start / FOREIGN).checked_sub(1);
        match which.and_then(|index| self.foreign.get(index)) {
            Some(file) => (file, span.start % FOREIGN..span.end % FOREIGN),
            None => (self, span),
        }
    }

    /// Whether it renews numbering plans: `*.plans`, and no TOML.
    pub fn is_plans(&self) -> bool {
        self.name.ends_with(".plans")
    }

    /// A problem with a whole line, counted from 1.
    pub fn problem_on(&self, line: usize, fault: Fault) -> Problem {
        let begins = line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default();
        let ends = self.lines.get(line).map_or(self.text.len(), |next| next - 1);
        self.problem(begins..ends, fault)
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.floor(byte);
        let line = self.lines.partition_point(|start| *start <= byte);
        let line_start = line.checked_sub(1).map_or(0, |index| self.lines[index]);
        (line, self.text[line_start..byte].chars().count() + 1)
    }

    pub(crate) fn problem(&self, span: Range<usize>, fault: Fault) -> Problem {
        let (file, span) = self.at(span);
        file.problem_here(span, fault)
    }

    fn problem_here(&self, span: Range<usize>, fault: Fault) -> Problem {
        let start = self.floor(span.start);
        let (line, column) = self.position(start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let line_text = self.text[line_start..line_end].trim_end_matches('\r');
        let excerpt = secrecy::blotted(line_text, line_start, &self.secrets, secrecy::BLOT);
        let length = self.text[start..self.floor(span.end).clamp(start, line_end)].chars().count();
        let span = excerpt.chars().skip(column - 1).take(length).collect();
        let excerpt = match fault.code {
            // It may be a slip of anything.
            Code::UNKNOWN_KEY => secrecy::values_unsaid(&excerpt, column - 1 + length),
            _ => excerpt,
        };
        let unsaid = |words: String| secrecy::unsaid(&words, &self.text, &self.secrets);
        Problem {
            severity: Severity::Error,
            code: fault.code,
            message: unsaid(fault.message),
            file: self.name.to_string(),
            line,
            column,
            span,
            excerpt,
            suggestion: fault.suggestion.map(unsaid),
            notes: Vec::new(),
        }
    }

    fn floor(&self, byte: usize) -> usize {
        (0..=byte.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub(crate) file: usize,
    pub(crate) span: (usize, usize),
}

impl Place {
    pub(crate) fn new(file: usize, span: Range<usize>) -> Place {
        Place { file, span: (span.start, span.end) }
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.span.0..self.span.1
    }
}
