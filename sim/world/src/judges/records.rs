//! Exactly one record for each call, and it says what was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use actors::Note;
use call::{Event, Record};
use sip_message::{Message, Method, Start};

use crate::judges::Last;
use crate::judges::lineage::Lineage;
use crate::sight::Sight;

/// Refusals that are no call: malformed, unsupported, unproven, merged, too many hops, overload.
const NO_CALL: [u16; 11] = [400, 401, 407, 413, 415, 416, 420, 482, 483, 500, 503];

/// The verdict of a call that was made to take another one, or to say something of it.
const SERVED: &str = "TD-E005";

/// How far a record's time may be from what far ends saw over a clean network.
const TOLERANCE: Duration = Duration::from_millis(500);

/// The same where a BYE may have to be repeated until its time is over.
const ROUGH_TOLERANCE: Duration = Duration::from_secs(33);

#[derive(Default)]
pub(crate) struct Records {
    ids: BTreeSet<String>,
    /// By the caller's Call-ID.
    kept: BTreeMap<String, Vec<Kept>>,
    lineage: Lineage,
    /// INVITEs that begin a call, by Call-ID: the last final answer.
    asked: BTreeMap<String, Option<u16>>,
    /// Failures that their callers heard of before there was a record.
    told_early: BTreeMap<String, u16>,
    turned_away: usize,
    /// When a leg was answered and ended, by Call-ID.
    talks: BTreeMap<String, Talk>,
    /// Whether somebody was cut off: far ends may have ended calls long before the house could know.
    has_seen_a_cut: bool,
    faults: Vec<String>,
}

struct Kept {
    id: String,
    talk: Duration,
    answered: bool,
    attempts: Vec<String>,
    /// It goes on from another call, or in one.
    is_linked: bool,
    is_made: bool,
    parents: Vec<String>,
}

#[derive(Default)]
struct Talk {
    answered: Option<Instant>,
    ended: Option<Instant>,
}

impl Talk {
    fn length(&self) -> Option<Duration> {
        Some(self.ended?.saturating_duration_since(self.answered?))
    }
}

impl Records {
    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::HouseReceived { bytes, .. } => self.received(bytes),
            Sight::HouseSent { bytes, .. } => self.sent(bytes),
            Sight::Kept { record, .. } => self.kept(record),
            Sight::Told { event: Event::TurnedAway { .. } } => self.turned_away += 1,
            Sight::Noted { at, noted, .. } => {
                let talk = self.talks.entry(noted.call_id.clone()).or_default();
                match noted.what {
                    Note::Answered => talk.answered = talk.answered.or(Some(*at)),
                    Note::Ended(_) => talk.ended = Some(*at),
                    _ => {}
                }
            }
            Sight::Told { .. } | Sight::Adopted { .. } => {}
        }
    }

    pub(crate) fn expect_a_cut(&mut self) {
        self.has_seen_a_cut = true;
    }

    fn received(&mut self, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else { return };
        if message.method() == Some(Method::Invite) && message.to().tag().is_none() {
            self.asked.entry(message.call_id().to_owned()).or_default();
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else { return };
        let Start::Response { status, .. } = message.start() else { return };
        if status < 200 || message.cseq().method != Method::Invite {
            return;
        }
        if let Some(answer) = self.asked.get_mut(message.call_id())
            && !matches!(answer, Some(200..300))
        {
            *answer = Some(status);
            if status >= 300 && !self.kept.contains_key(message.call_id()) {
                self.told_early.entry(message.call_id().to_owned()).or_insert(status);
            }
        }
    }

    fn kept(&mut self, record: &Record) {
        let id = &record.id;
        if !self.ids.insert(id.clone()) {
            self.faults.push(format!("id {id} was given twice"));
        }
        if !record.attempts.is_sorted_by_key(|attempt| attempt.started) {
            self.faults.push(format!("record {id}: attempts are out of order"));
        }
        let in_order = [Some(record.started), record.rang, record.answered, Some(record.ended)];
        if !in_order.iter().flatten().is_sorted() {
            self.faults.push(format!("record {id}: its times are out of order"));
        }
        if record.answered.is_none() && record.talk_ms > 0 {
            self.faults.push(format!("record {id}: talk time without an answer"));
        }
        let early = self.told_early.get(&record.call_id);
        if early == Some(&record.sip_code) && !record.emergency && record.parents.is_empty() {
            let status = record.sip_code;
            self.faults.push(format!("record {id}: its caller was told {status} before it was kept"));
        }
        match record.verdict.as_str() {
            SERVED => self.lineage.note_merged(&record.id, &record.parents),
            _ => self.lineage.note(&record.id, &record.parents),
        }
        // Nobody has sent an INVITE for it: the house was told to make it.
        let is_made = record.facts.rings_first.is_some();
        self.kept.entry(record.call_id.clone()).or_default().push(Kept {
            id: id.clone(),
            talk: Duration::from_millis(record.talk_ms),
            answered: record.answered.is_some(),
            is_linked: !record.parents.is_empty() || record.verdict == "TD-E003" || is_made,
            is_made,
            parents: record.parents.clone(),
            attempts: record.attempts.iter().map(|attempt| attempt.call_id.clone()).collect(),
        });
    }

    pub(crate) fn finish(&mut self, last: &Last) -> Vec<String> {
        let mut without = 0;
        let mut faults = std::mem::take(&mut self.faults);
        for (call_id, answer) in &self.asked {
            // The record of its new call names a party that was transferred too, and says out of which.
            let all = self.kept.get(call_id).map_or(&[][..], Vec::as_slice);
            let goes_on = |kept: &&Kept| {
                let before = self.lineage.before(&kept.id);
                all.iter().any(|other| before.contains(other.id.as_str()))
            };
            let kept = all.iter().filter(|kept| !goes_on(kept)).count();
            match (kept, answer) {
                (1, _) => {}
                (0, Some(status)) if NO_CALL.contains(status) => {}
                (0, Some(403 | 404)) => without += 1,
                (_, answer) => {
                    faults.push(format!("{call_id} has {kept} records; it was answered {answer:?}"))
                }
            }
        }
        if without > self.turned_away {
            faults.push(format!("{without} calls were refused, {} were turned away", self.turned_away));
        }
        for (call_id, kept) in &self.kept {
            for parent in kept.iter().flat_map(|kept| &kept.parents) {
                if !self.ids.contains(parent) {
                    faults.push(format!("a record names {parent} as its parent, which there is not"));
                }
            }
            let is_nobodys = kept.iter().any(|kept| kept.parents.is_empty() && !kept.is_made);
            if is_nobodys && !self.asked.contains_key(call_id) {
                faults.push(format!("a record names {call_id}, which nobody sent"));
            }
            faults.extend(kept.iter().filter_map(|kept| self.talk_fault(call_id, kept, last)));
        }
        faults
    }

    /// Each far end's own time in the call bounds that of the record.
    fn talk_fault(&self, call_id: &str, kept: &Kept, last: &Last) -> Option<String> {
        if self.has_seen_a_cut || kept.is_linked {
            return None;
        }
        let Talk { answered, ended } = self.talks.get(call_id)?;
        let callees = || kept.attempts.iter().filter_map(|attempt| self.talks.get(attempt));
        let first = callees().filter_map(|talk| talk.answered).chain(*answered).min();
        let end = callees().filter_map(|talk| talk.ended).chain(*ended).max();
        let id = &kept.id;
        let Some(first) = first else {
            return kept.answered.then(|| format!("record {id}: answered, but nobody answered"));
        };
        let is_half_dead = callees().chain([self.talks.get(call_id)?]).any(|talk| talk.ended.is_none());
        if is_half_dead {
            return None;
        }
        let longest = end.map(|end| end.saturating_duration_since(first))?;
        let tolerance = if last.is_rough { ROUGH_TOLERANCE } else { TOLERANCE };
        if kept.talk > longest + tolerance {
            return Some(format!("record {id}: talked {:?}, but it was {longest:?} at most", kept.talk));
        }
        // A caller that doesn't acknowledge hears of the end later (RFC 3261 15): one of both sides saw it.
        let seen: Vec<_> = callees().chain([self.talks.get(call_id)?]).filter_map(Talk::length).collect();
        let is_seen = seen.iter().any(|seen| kept.talk.abs_diff(*seen) <= TOLERANCE);
        (kept.answered && !last.is_rough && !seen.is_empty() && !is_seen)
            .then(|| format!("record {id}: talked {:?}, the far ends saw {seen:?}", kept.talk))
    }
}
