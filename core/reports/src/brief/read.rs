//! Takes blocks apart. Nothing is believed: what is no block is told, whatever it holds.

use std::borrow::Cow;

use super::bytes::Bytes;
use super::{TRUNK, USER, Unsound};
use crate::line::{Attempt, Call, Direction, Facts, Line, Party};
use crate::shape::{KINDS, Shape};

/// A block, as its bytes stand.
#[derive(Clone, Copy)]
pub struct Block<'b> {
    /// How many calls it is of.
    pub calls: usize,
    pub unreadable: u64,
    /// When the first and the last of them began.
    pub first: i64,
    pub last: i64,
    times: Bytes<'b>,
    ids: Bytes<'b>,
    parties: Bytes<'b>,
    of_reports: [Bytes<'b>; KINDS.len()],
}

/// Kinds of calls, and of which each is.
pub struct Kinds<'b> {
    texts: Vec<&'b str>,
    all: Bytes<'b>,
    pub count: usize,
    pub of_calls: Vec<u32>,
}

impl<'b> Kinds<'b> {
    /// One after the other, each in the place of the one before: a report remembers few of them.
    pub fn each(&self, mut each: impl FnMut(usize, &Line<'b>)) -> Result<(), Unsound> {
        let (mut bytes, mut kind) = (self.all, Line::default());
        for at in 0..self.count {
            read_kind(&mut bytes, &self.texts, &mut kind).ok_or(Unsound)?;
            each(at, &kind);
        }
        bytes.0.is_empty().then_some(()).ok_or(Unsound)
    }
}

impl<'b> Block<'b> {
    pub fn read(bytes: &'b [u8]) -> Result<Block<'b>, Unsound> {
        Block::parts(Bytes(bytes)).ok_or(Unsound)
    }

    fn parts(mut bytes: Bytes<'b>) -> Option<Block<'b>> {
        let (calls, unreadable) = (bytes.count()?, bytes.number()?);
        let (first, last) = (bytes.signed()?, bytes.signed()?);
        let mut part = || bytes.part().map(Bytes);
        let (times, ids, parties) = (part()?, part()?, part()?);
        let mut of_reports = [Bytes(&[]); KINDS.len()];
        for of_report in &mut of_reports {
            *of_report = part()?;
        }
        let block = Block { calls, unreadable, first, last, times, ids, parties, of_reports };
        (bytes.0.is_empty() && first <= last).then_some(block)
    }

    /// For each call what its parties mean, all together; asked once for each party.
    pub fn parties(&self, means: impl FnMut(Party<'b>) -> u8) -> Result<Vec<u8>, Unsound> {
        meant(self.parties, self.calls, means).ok_or(Unsound)
    }

    pub fn of_report(&self, shape: &Shape) -> Result<Kinds<'b>, Unsound> {
        let at = KINDS.iter().position(|one| one.name == shape.name).ok_or(Unsound)?;
        kinds(self.of_reports[at], self.calls).ok_or(Unsound)
    }

    /// When each was, in the order of the lines; those that this is true of with their ids.
    pub fn calls(&self, mut is_named: impl FnMut(usize) -> bool) -> Result<Vec<Call<'b>>, Unsound> {
        let (mut times, mut ids) = (self.times, self.ids);
        let mut calls = Vec::with_capacity(self.calls);
        let mut before = 0_i64;
        for at in 0..self.calls {
            let call = (|| {
                let started = before.wrapping_add(times.signed()?);
                let ended = started.wrapping_add(times.signed()?);
                let (waited_ms, talk_ms) = (times.number()?, times.number()?);
                let id = if is_named(at) { ids.text()? } else { "" };
                Some(Call { id, started, ended, talk_ms, waited_ms })
            })();
            let call = call.ok_or(Unsound)?;
            before = call.started;
            calls.push(call);
        }
        times.0.is_empty().then_some(calls).ok_or(Unsound)
    }
}

fn kinds(mut bytes: Bytes<'_>, calls: usize) -> Option<Kinds<'_>> {
    let count = bytes.count()?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        texts.push(bytes.text()?);
    }
    let (count, all) = (bytes.count()?, Bytes(bytes.part()?));
    let mut of_calls = Vec::with_capacity(calls);
    for _ in 0..calls {
        let number = place(bytes.number()?).filter(|number| *number < count)?;
        of_calls.push(u32::try_from(number).ok()?);
    }
    bytes.0.is_empty().then_some(Kinds { texts, all, count, of_calls })
}

fn meant<'b>(mut bytes: Bytes<'b>, calls: usize, mut means: impl FnMut(Party<'b>) -> u8) -> Option<Vec<u8>> {
    let count = bytes.count()?;
    let mut parties = Vec::with_capacity(count);
    for _ in 0..count {
        let text = bytes.text()?;
        let party = text.strip_prefix(USER).map(Party::User);
        parties.push(means(party.or_else(|| text.strip_prefix(TRUNK).map(Party::Trunk))?));
    }
    let (count, mut all) = (bytes.count()?, Bytes(bytes.part()?));
    let mut kinds = Vec::with_capacity(count);
    for _ in 0..count {
        let mut met = 0;
        for _ in 0..all.count()? {
            met |= parties.get(place(all.number()?)?)?;
        }
        kinds.push(met);
    }
    let mut of_calls = Vec::with_capacity(calls);
    for _ in 0..calls {
        of_calls.push(*kinds.get(place(bytes.number()?)?)?);
    }
    bytes.0.is_empty().then_some(of_calls)
}

fn place(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

fn read_kind<'b>(bytes: &mut Bytes<'b>, texts: &[&'b str], kind: &mut Line<'b>) -> Option<()> {
    kind.direction = Direction::numbered(bytes.number()?)?;
    for place in [&mut kind.calling, &mut kind.to_dialled, &mut kind.outcome, &mut kind.verdict] {
        *place = text(bytes, texts)?;
    }
    let Facts { authenticated, resolved, line } = &mut kind.facts;
    for place in [&mut kind.to_e164, &mut kind.conference, authenticated, line] {
        *place = perhaps(bytes, texts)?;
    }
    resolved.clear();
    for _ in 0..bytes.count()? {
        resolved.push(text(bytes, texts)?);
    }
    kind.attempts.clear();
    for _ in 0..bytes.count()? {
        let callee = text(bytes, texts)?;
        let sip_code = match bytes.number()? {
            0 => None,
            more => Some(u16::try_from(more - 1).ok()?),
        };
        kind.attempts.push(Attempt { callee, sip_code });
    }
    Some(())
}

fn text<'b>(bytes: &mut Bytes<'b>, texts: &[&'b str]) -> Option<Cow<'b, str>> {
    let text = texts.get(place(bytes.number()?)?)?;
    Some(Cow::Borrowed(text))
}

fn perhaps<'b>(bytes: &mut Bytes<'b>, texts: &[&'b str]) -> Option<Option<Cow<'b, str>>> {
    let Some(number) = bytes.number()?.checked_sub(1) else { return Some(None) };
    let text = texts.get(place(number)?)?;
    Some(Some(Cow::Borrowed(text)))
}
