//! Makes blocks of lines.

use std::collections::BTreeMap;

use super::bytes::{put, put_signed, put_text};
use super::{TRUNK, USER};
use crate::line::{Call, Direction, Line, Party};
use crate::shape::KINDS;

/// A block that is being made. The same lines make the same bytes.
#[derive(Default)]
pub struct Writer {
    calls: u64,
    unreadable: u64,
    /// When the first and the last of them began.
    span: Option<(i64, i64)>,
    times: Vec<u8>,
    before: i64,
    /// Of calls that reports name.
    ids: Vec<u8>,
    parties: Kinds,
    of_reports: [Kinds; KINDS.len()],
}

impl Writer {
    /// How many lines it has taken in.
    pub fn lines(&self) -> u64 {
        self.calls + self.unreadable
    }

    /// A line that is no record.
    pub fn add_unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub fn add(&mut self, line: &Line<'_>) {
        let Call { id, started, ended, talk_ms, waited_ms } = line.call();
        let (first, last) = self.span.unwrap_or((started, started));
        self.span = Some((first.min(started), last.max(started)));
        self.calls += 1;
        put_signed(&mut self.times, started.wrapping_sub(self.before));
        put_signed(&mut self.times, ended.wrapping_sub(started));
        put(&mut self.times, waited_ms);
        put(&mut self.times, talk_ms);
        self.before = started;
        if line.is_failure() {
            put_text(&mut self.ids, id);
        }
        self.parties.add_parties(line);
        for (kinds, shape) in self.of_reports.iter_mut().zip(KINDS) {
            kinds.add(&(shape.kind)(line));
        }
    }

    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        let (first, last) = self.span.unwrap_or_default();
        put(&mut out, self.calls);
        put(&mut out, self.unreadable);
        put_signed(&mut out, first);
        put_signed(&mut out, last);
        let parts = [self.times, self.ids].into_iter();
        let kinds = [self.parties].into_iter().chain(self.of_reports);
        for part in parts.chain(kinds.map(Kinds::finish)) {
            put(&mut out, part.len() as u64);
            out.extend_from_slice(&part);
        }
        out
    }
}

/// The kinds of calls to one report, and of which each call is.
#[derive(Default)]
struct Kinds {
    texts: BTreeMap<String, u64>,
    /// In the order of their numbers, as the kinds are.
    all_texts: Vec<u8>,
    known: BTreeMap<Vec<u8>, u64>,
    all_kinds: Vec<u8>,
    of_calls: Vec<u8>,
}

impl Kinds {
    fn add(&mut self, kind: &Line<'_>) {
        let bytes = self.written(kind);
        self.add_written(bytes);
    }

    /// Each once, and in order: the same ones are the same bytes.
    fn add_parties(&mut self, line: &Line<'_>) {
        let mut parties: Vec<Party<'_>> = line.parties().collect();
        parties.sort_unstable();
        parties.dedup();
        let mut bytes = Vec::with_capacity(8);
        put(&mut bytes, parties.len() as u64);
        for party in parties {
            let (role, name) = match party {
                Party::User(name) => (USER, name),
                Party::Trunk(name) => (TRUNK, name),
            };
            put(&mut bytes, self.text(&format!("{role}{name}")));
        }
        self.add_written(bytes);
    }

    fn add_written(&mut self, bytes: Vec<u8>) {
        let number = match self.known.get(&bytes) {
            Some(number) => *number,
            None => {
                let number = self.known.len() as u64;
                self.all_kinds.extend_from_slice(&bytes);
                self.known.insert(bytes, number);
                number
            }
        };
        put(&mut self.of_calls, number);
    }

    fn written(&mut self, kind: &Line<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        out.push(kind.direction.map_or(0, Direction::number));
        for text in [&kind.calling, &kind.to_dialled, &kind.outcome, &kind.verdict] {
            put(&mut out, self.text(text));
        }
        let facts = &kind.facts;
        for text in [&kind.to_e164, &kind.conference, &facts.authenticated, &facts.line] {
            put(&mut out, self.perhaps(text.as_deref()));
        }
        put(&mut out, facts.resolved.len() as u64);
        for trunk in &facts.resolved {
            put(&mut out, self.text(trunk));
        }
        put(&mut out, kind.attempts.len() as u64);
        for attempt in &kind.attempts {
            put(&mut out, self.text(&attempt.callee));
            put(&mut out, attempt.sip_code.map_or(0, |code| 1 + u64::from(code)));
        }
        out
    }

    fn perhaps(&mut self, text: Option<&str>) -> u64 {
        text.map_or(0, |text| 1 + self.text(text))
    }

    fn text(&mut self, text: &str) -> u64 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = self.texts.len() as u64;
        put_text(&mut self.all_texts, text);
        self.texts.insert(text.to_owned(), number);
        number
    }

    fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.texts.len() as u64);
        out.extend_from_slice(&self.all_texts);
        put(&mut out, self.known.len() as u64);
        put(&mut out, self.all_kinds.len() as u64);
        out.extend_from_slice(&self.all_kinds);
        out.extend_from_slice(&self.of_calls);
        out
    }
}
