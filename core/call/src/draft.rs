//! The record while it is being written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{ChatFigures, Side, Signal};
use policy::{AttemptPlan, CallPlan, Callee, Captured, Cause, Facts, Refusal, Trail, Turn, WallTime};
use sip_message::{Header, Message, SessionId, Uuid};
use sip_stack::{Flow, Token};

use crate::closing::Ending;
use crate::record::{
    AnnouncedRecord, Asking, AttemptRecord, CaptureRecord, ChatRecord, EndedBy, FaxRecord, MediaRecord,
    MissedSide, Outcome, Record, RecorderRecord, RecordingRecord, SessionPair, SilentSide, Sound,
};
use crate::verdict::Verdict;
use crate::{Now, Room, place, verdict};

/// A record says of so many silences.
const SILENCES_MAX: usize = 8;
/// And of so many recorders that had it.
const RECORDERS_MAX: usize = 32;
/// Of so many signals of faxes.
const SIGNALS_MAX: usize = 8;
/// And of so many ways of its media.
const PATHS_MAX: usize = 32;

/// A record that is not finished yet.
pub(crate) struct Draft {
    record: Option<Record>,
    began: Now,
    last: Option<Cause>,
    /// The row of the attempt in hand.
    row: Row,
    words: Option<Box<str>>,
    heard_early: Option<WallTime>,
    /// What policy refused, whose caller hears why.
    refusal: Option<Refusal>,
    announced: Option<Announced>,
}

/// What the caller of a call that came to nothing hears.
pub(crate) struct Announced {
    pub what: String,
    pub since: Instant,
}

/// The place of an attempt in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(u32);

impl Row {
    fn last_of(record: &Record) -> Row {
        Row(u32::try_from(record.attempts.len()).unwrap_or(u32::MAX).saturating_sub(1))
    }

    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn of(self, record: &mut Record) -> Option<&mut AttemptRecord> {
        record.attempts.get_mut(self.index())
    }
}

impl Draft {
    pub(crate) fn begin(
        room: &Room<'_>,
        key: Token,
        call_id: &str,
        plan: &CallPlan,
        facts: Facts,
        trail: Trail,
    ) -> Box<Draft> {
        let mut record = blank(room, call_id, &plan.calling.0, (facts, trail));
        record.id = id_of(room.now.wall, key);
        record.direction = Some(plan.direction);
        record.emergency = plan.emergency;
        record.private_line = plan.is_private;
        record.to_e164 = plan.called.starts_with('+').then(|| plan.called.clone());
        record.route.clone_from(&plan.route);
        let record = Some(record);
        Box::new(Draft {
            record,
            began: room.now,
            last: None,
            row: Row(0),
            words: None,
            heard_early: None,
            refusal: None,
            announced: None,
        })
    }

    /// No call came of it: policy has refused it.
    pub(crate) fn is_refused(&mut self, refusal: Refusal) {
        if let Some(record) = &mut self.record {
            record.direction = None;
            record.calling = record.from_dialled.as_str().into();
        }
        self.refusal = Some(refusal);
    }

    /// Whether anybody heard of a beginning of this call.
    pub(crate) fn has_begun(&self) -> bool {
        self.refusal.is_none()
    }

    /// The caller hears something of ours from now on.
    pub(crate) fn announces(&mut self, announced: Announced) {
        self.announced = Some(announced);
    }

    /// The record of a call that never began.
    pub(crate) fn refused(
        room: &mut Room<'_>,
        message: &Message<'_>,
        facts: Facts,
        trail: Trail,
        refusal: &Refusal,
    ) -> Record {
        let mut record = Draft::declined(room, message.call_id(), facts, trail, refusal);
        let named = message.line(Header::SessionId).and_then(SessionId::parse);
        let pair = |named: SessionId| SessionPair { caller: named.local, callee: Uuid::NIL };
        record.sessions = named.map(pair).into_iter().collect();
        record
    }

    /// The record of a call that nobody began.
    pub(crate) fn declined(
        room: &mut Room<'_>,
        call_id: &str,
        facts: Facts,
        trail: Trail,
        refusal: &Refusal,
    ) -> Record {
        let lot = Token::new(0, 0, room.stack.chance().u32());
        let calling = facts.from_uri.as_str().into();
        let mut record = blank(room, call_id, &calling, (facts, trail));
        record.id = id_of(room.now.wall, lot);
        record.sip_code = refusal.status;
        record.outcome = Outcome::Refused;
        record.verdict = refusal.code.to_string();
        record.words = refusal.words.clone();
        record
    }

    /// The record of an INVITE that was served by another call, whose record goes on.
    pub(crate) fn served(
        room: &mut Room<'_>,
        message: &Message<'_>,
        (facts, trail, plan): (Facts, Trail, &CallPlan),
        (parent, words): (String, String),
    ) -> Record {
        let lot = Token::new(0, 0, room.stack.chance().u32());
        let mut record = blank(room, message.call_id(), &plan.calling.0, (facts, trail));
        record.id = id_of(room.now.wall, lot);
        record.direction = Some(plan.direction);
        record.sip_code = 200;
        (record.outcome, record.ended_by) = (Outcome::Answered, EndedBy::House);
        record.parents.push(parent);
        verdict::SERVED.clone_into(&mut record.verdict);
        record.words = format!("{}: {words}", verdict::title(verdict::SERVED));
        record
    }

    /// The wall time as it runs for this call: a clock that is set meanwhile changes no duration.
    fn time(&self, room: &Room<'_>) -> WallTime {
        let passed = room.now.instant.saturating_duration_since(self.began.instant);
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        WallTime(self.began.wall.0.saturating_add_unsigned(passed_ms))
    }

    fn before(&self, room: &Room<'_>, passed: Duration) -> WallTime {
        WallTime(self.time(room).0 - i64::try_from(passed.as_millis()).unwrap_or(0))
    }

    pub(crate) fn attempt_began(&mut self, room: &Room<'_>, plan: &AttemptPlan) {
        let at = self.time(room);
        let Some(record) = &mut self.record else { return };
        // Most calls have one, and a vector's first step makes room for four.
        if record.attempts.is_empty() {
            record.attempts.reserve_exact(1);
        }
        record.attempts.push(AttemptRecord {
            callee: callee_of(plan),
            route: plan.route.clone(),
            price: plan.quote.as_ref().map(|quote| quote.to_string()),
            target: plan.target.clone(),
            remote: None,
            call_id: String::new(),
            sent_from: plan.heading.from.text(),
            sent_to: plan.heading.request_uri.text(),
            sent_headers: place::plan_headers(plan, &record.id)
                .into_iter()
                .map(|(name, value)| (name.to_string(), value.into_owned()))
                .collect(),
            redirected: plan.is_redirected,
            picked_up: false,
            started: at,
            waited_ms: 0,
            request_delay_ms: None,
            asking: None,
            ended: None,
            sip_code: None,
            cause: String::new(),
            notes: Vec::new(),
        });
        self.row = Row::last_of(record);
    }

    /// The attempt in hand is somebody's who picks the call up.
    pub(crate) fn picked_up(&mut self) {
        if let Some(attempt) = self.attempt() {
            attempt.picked_up = true;
        }
    }

    /// When it began.
    pub(crate) fn began(&self) -> Instant {
        self.began.instant
    }

    /// The row of the attempt in hand.
    pub(crate) fn row(&self) -> Row {
        self.row
    }

    /// From now on, what happens is of another attempt.
    pub(crate) fn take_up(&mut self, row: Row) {
        self.row = row;
    }

    fn attempt(&mut self) -> Option<&mut AttemptRecord> {
        self.row.of(self.record.as_mut()?)
    }

    /// It was let go before anything came of it.
    pub(crate) fn attempt_left(&mut self, room: &mut Room<'_>, words: &str) {
        let at = self.time(room);
        self.request_ended(room, performance::End::Left);
        if let Some(attempt) = self.attempt() {
            attempt.ended = Some(at);
            words.clone_into(&mut attempt.cause);
        }
    }

    /// Of several attempts, this one says why the call came to nothing.
    pub(crate) fn failed_by(&mut self, row: Row, cause: Cause) {
        (self.row, self.last) = (row, Some(cause));
    }

    pub(crate) fn attempt_sent(&mut self, flow: Flow, call_id: &str) {
        if let Some(attempt) = self.attempt() {
            attempt.remote = Some(format!("{}:{}", flow.transport, flow.remote));
            call_id.clone_into(&mut attempt.call_id);
        }
    }

    /// Its INVITE leaves: for the first time, or as the far end wants it said.
    pub(crate) fn attempt_asks(&mut self, room: &Room<'_>, flow: Flow, call_id: &str) {
        self.attempt_sent(flow, call_id);
        let at = self.time(room);
        if let Some(attempt) = self.attempt() {
            let since = attempt.asking.map_or(at, |asking| asking.since);
            attempt.asking = Some(Asking { since, said: None });
            attempt.request_delay_ms = None;
        }
    }

    /// The far end has said something of it.
    pub(crate) fn attempt_heard(&mut self, room: &Room<'_>, status: u16) {
        let at = self.time(room);
        let Some(attempt) = self.attempt() else { return };
        let Some(asking) = &mut attempt.asking else { return };
        if status >= 200 {
            asking.said = Some(status);
        }
        if performance::says_something(status) {
            attempt.request_delay_ms.get_or_insert(between(asking.since, at));
        }
    }

    /// Counts what came of the INVITE of the attempt in hand, once. The far end's own word goes first.
    fn request_ended(&mut self, room: &mut Room<'_>, end: performance::End) {
        let Some(attempt) = self.attempt() else { return };
        let Some(Asking { said, .. }) = attempt.asking.take() else { return };
        if let Some(trunk) = attempt.callee.strip_prefix("trunk ") {
            let end = said.map_or(end, performance::End::Status);
            room.performance.of(trunk).requests.count(end, attempt.request_delay_ms);
        }
    }

    /// What a failure is where the far end has not said it.
    fn end_of(&mut self, cause: Cause) -> performance::End {
        let has_said = self.attempt().is_some_and(|attempt| attempt.request_delay_ms.is_some());
        match cause {
            Cause::Timeout | Cause::NoAnswer if !has_said => performance::End::Silence,
            Cause::Transport => performance::End::Unreachable,
            _ => performance::End::Left,
        }
    }

    /// What is made of what on the way between the two, said once.
    pub(crate) fn spoke(&mut self, words: Option<&str>) {
        if let Some((attempt, words)) = self.attempt().zip(words)
            && !attempt.notes.iter().any(|note| note == words)
        {
            attempt.notes.push(words.to_owned());
        }
    }

    /// Something that was decided about the attempt on its way.
    pub(crate) fn attempt_note(&mut self, words: String) {
        if let Some(attempt) = self.attempt() {
            attempt.notes.push(words);
        }
    }

    pub(crate) fn attempt_failed(&mut self, room: &mut Room<'_>, cause: Cause, words: &str) {
        let at = self.time(room);
        let end = self.end_of(cause);
        self.request_ended(room, end);
        self.last = Some(cause);
        if let Some(attempt) = self.attempt() {
            attempt.ended = Some(at);
            words.clone_into(&mut attempt.cause);
            attempt.sip_code = match cause {
                Cause::Status(status) => Some(status),
                _ => None,
            };
        }
    }

    /// The attempt stands in line first.
    pub(crate) fn waits(&mut self, turn: &Turn) {
        let Some(record) = &mut self.record else { return };
        record.trail.followed(turn.to_string());
        if let Some(attempt) = self.attempt() {
            attempt.waited_ms = u64::try_from(turn.wait.as_millis()).unwrap_or(u64::MAX);
        }
    }

    /// Where the attempt in hand was sent on to, and why it may go there.
    pub(crate) fn sent_on(&mut self, trail: &Trail) {
        let Some(record) = &mut self.record else { return };
        for step in &trail.steps {
            record.trail.followed(format!("{} {}: {}", step.name, step.verdict, step.says));
        }
    }

    /// What was decided about it on its way; of too much of that nobody reads the rest.
    pub(crate) fn followed(&mut self, words: String) {
        if let Some(record) = self.record.as_mut().filter(|record| record.trail.then.len() < PATHS_MAX) {
            record.trail.followed(words);
        }
    }

    /// The callee is heard before it answers.
    pub(crate) fn early_heard(&mut self, room: &Room<'_>) {
        let at = self.time(room);
        self.heard_early.get_or_insert(at);
    }

    pub(crate) fn rang(&mut self, room: &Room<'_>) {
        let at = self.time(room);
        if let Some(record) = &mut self.record {
            record.rang.get_or_insert(at);
        }
    }

    pub(crate) fn answered(&mut self, room: &mut Room<'_>) {
        let at = self.time(room);
        self.request_ended(room, performance::End::Status(200));
        let Some(record) = &mut self.record else { return };
        record.answered = Some(at);
        record.setup_ms = Some(between(record.started, at));
        record.sip_code = 200;
        if let Some(attempt) = self.attempt() {
            attempt.sip_code = Some(200);
            "answered".clone_into(&mut attempt.cause);
        }
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.answered.is_some())
    }

    pub(crate) fn ended_by(&mut self, by: EndedBy) {
        if let Some(record) = &mut self.record {
            record.ended_by = by;
        }
    }

    /// The call goes on from another one; by whose wish, if it is a transfer.
    pub(crate) fn linked(&mut self, parent: &str, by: Option<&str>) {
        if let Some(record) = &mut self.record {
            record.transferred_by = by.map(str::to_owned);
            if !record.parents.iter().any(|known| known == parent) {
                record.parents.push(parent.to_owned());
            }
        }
    }

    /// What the two ends are called from now on.
    pub(crate) fn sessions(&mut self, caller: Uuid, callee: Uuid) {
        let Some(record) = &mut self.record else { return };
        let pair = SessionPair { caller, callee };
        if !record.sessions.contains(&pair) {
            record.sessions.reserve_exact(1);
            record.sessions.push(pair);
        }
    }

    /// The caller meets others there.
    pub(crate) fn meets(&mut self, conference: &str) {
        if let Some(record) = &mut self.record {
            record.conference = Some(conference.to_owned());
        }
    }

    /// This call marks another one as something.
    pub(crate) fn marks(&mut self, what: &'static str) {
        if let Some(record) = &mut self.record {
            record.marks = Some(what);
        }
    }

    /// A side is not heard any more; who that is, in words.
    pub(crate) fn fell_silent(
        &mut self,
        room: &Room<'_>,
        side: Side,
        party: &Callee,
        silent: Duration,
    ) -> String {
        let since = self.before(room, silent);
        let who = who(side, party);
        if let Some(record) = &mut self.record
            && record.silences.len() < SILENCES_MAX
        {
            record.silences.push(SilentSide { who: who.clone(), since });
        }
        who
    }

    /// A side is to be heard and is not; who that is, in words.
    pub(crate) fn is_missed(
        &mut self,
        room: &Room<'_>,
        (side, party): (Side, &Callee),
        silent: Duration,
        why: &Verdict,
    ) -> String {
        let since = self.before(room, silent);
        let who = who(side, party);
        let trunk = if let Callee::Trunk(name) = party { Some(name.clone()) } else { None };
        if let Some(record) = &mut self.record {
            let (code, words) = (why.code, why.title);
            record.missed.push(MissedSide { who: who.clone(), trunk, since, until: None, code, words });
        }
        who
    }

    /// A side that was missed is heard, or need not be; who that is, in words.
    pub(crate) fn is_not_missed(&mut self, room: &Room<'_>, side: Side, party: &Callee) -> String {
        let (at, who) = (self.time(room), who(side, party));
        let mut missed = self.record.iter_mut().flat_map(|record| &mut record.missed);
        if let Some(last) = missed.rfind(|missed| missed.who == who) {
            last.until = Some(at);
        }
        who
    }

    /// Its sound is recorded under that name.
    pub(crate) fn is_recorded(&mut self, name: Option<&str>) {
        let file = name.map(|name| format!("recordings/{name}")).unwrap_or_default();
        if let Some(record) = &mut self.record {
            let recording = RecordingRecord {
                file,
                unheard: false,
                opened: false,
                pauses: 0,
                recorders: Vec::new(),
                missed: Vec::new(),
            };
            record.recording = Some(Box::new(recording));
        }
    }

    /// Its packets are kept under that name, and so much of its media; the file.
    pub(crate) fn is_captured(&mut self, name: &str, media: Captured) -> String {
        let file = format!("captures/{name}");
        if let Some(record) = &mut self.record {
            record.capture = Some(CaptureRecord { file: file.clone(), media: media.word() });
        }
        file
    }

    /// Messages were exchanged.
    pub(crate) fn chatted(&mut self, figures: &ChatFigures) {
        let is_something = *figures != ChatFigures::default();
        if let Some(record) = self.record.as_mut().filter(|_| is_something) {
            record.chat.get_or_insert_with(ChatRecord::default).add(figures);
        }
    }

    /// Its media goes elsewhere, or is nothing that could be written down.
    pub(crate) fn is_recorded_in_vain(&mut self) {
        let recording = self.record.as_mut().and_then(|record| record.recording.as_mut());
        if let Some(recording) = recording {
            recording.unheard = true;
        }
    }

    /// The recording rests, so many times more than before.
    pub(crate) fn recording_paused(&mut self, times: u32) {
        let recording = self.record.as_mut().and_then(|record| record.recording.as_mut());
        if let Some(recording) = recording {
            recording.pauses += times;
        }
    }

    /// A recorder outside has it from now on.
    pub(crate) fn recorder_took(&mut self, at: WallTime, recorder: &Arc<str>, server: &str) {
        let (recorder, server) = (Arc::clone(recorder), server.to_owned());
        self.note_recorder(RecorderRecord { recorder, server, since: Some(at), until: at, why: None });
    }

    /// A recorder did not take it.
    pub(crate) fn recorder_failed(&mut self, recorder: &Arc<str>, server: &str, why: &str, at: WallTime) {
        let (recorder, server) = (Arc::clone(recorder), server.to_owned());
        let row = RecorderRecord { recorder, server, since: None, until: at, why: Some(why.to_owned()) };
        self.note_recorder(row);
    }

    /// A recorder that had it has it no more.
    pub(crate) fn recorder_left(&mut self, recorder: &str, at: WallTime, why: Option<&str>) {
        let recording = self.record.as_mut().and_then(|record| record.recording.as_mut());
        let has_it = |row: &&mut RecorderRecord| &*row.recorder == recorder && row.since.is_some();
        let rows = recording.into_iter().flat_map(|recording| &mut recording.recorders);
        if let Some(row) = rows.rev().find(has_it) {
            (row.until, row.why) = (at, why.map(str::to_owned));
        }
    }

    /// Nobody outside has it, of one group.
    pub(crate) fn no_recorder(&mut self, at: WallTime) {
        let recording = self.record.as_mut().and_then(|record| record.recording.as_mut());
        if let Some(recording) = recording.filter(|recording| recording.missed.len() < RECORDERS_MAX) {
            recording.missed.push(at);
        }
    }

    fn note_recorder(&mut self, row: RecorderRecord) {
        let recording = self.record.as_mut().and_then(|record| record.recording.as_mut());
        if let Some(recording) = recording.filter(|recording| recording.recorders.len() < RECORDERS_MAX) {
            recording.recorders.push(row);
        }
    }

    /// The call that this one came out of in the first place, as far as it knows; else itself.
    pub(crate) fn eldest(&self) -> String {
        let record = self.record.as_ref();
        let parent = record.and_then(|record| record.parents.first().cloned());
        parent.unwrap_or_else(|| self.id())
    }

    /// Since when it is answered.
    pub(crate) fn answered_at(&self) -> WallTime {
        let record = self.record.as_ref();
        record.and_then(|record| record.answered.or(Some(record.started))).unwrap_or(self.began.wall)
    }

    /// Somebody says that it is a fax or a modem.
    pub(crate) fn fax_heard(&mut self, room: &Room<'_>, who: &str, signal: Signal) {
        let since = self.time(room);
        let Some(record) = &mut self.record else { return };
        let blank = || FaxRecord { since, signals: Vec::new(), kept: false, spoilt: None };
        let fax = record.fax.get_or_insert_with(|| Box::new(blank()));
        let row = format!("{} from {who}", signal.name());
        if !fax.signals.contains(&row) && fax.signals.len() < SIGNALS_MAX {
            fax.signals.push(row);
        }
    }

    /// What it says crosses as it is.
    pub(crate) fn fax_kept(&mut self) {
        if let Some(fax) = self.record.as_mut().and_then(|record| record.fax.as_mut()) {
            fax.kept = true;
        }
    }

    /// It does not, for that reason.
    pub(crate) fn fax_spoilt(&mut self, words: &str) {
        if let Some(fax) = self.record.as_mut().and_then(|record| record.fax.as_mut()) {
            fax.spoilt = Some(words.to_owned());
        }
    }

    /// Where media goes from now on, if that is news.
    pub(crate) fn media_goes(&mut self, row: MediaRecord) {
        let Some(record) = &mut self.record else { return };
        let is_news = record.paths.last().is_none_or(|last| (last.path, &last.why) != (row.path, &row.why));
        if is_news && record.paths.len() < PATHS_MAX {
            record.paths.push(row);
        }
    }

    /// Something that a reader of the record should know.
    pub(crate) fn note(&mut self, words: &str) {
        self.words = Some(words.into());
    }

    /// The call is over; only the relay's figures are missing.
    pub(crate) fn ended(&mut self, room: &mut Room<'_>, ending: Ending, whose: Option<(Side, Callee)>) {
        let at = self.time(room);
        self.request_ended(room, performance::End::Left);
        let Some(record) = &mut self.record else { return };
        record.ended = at;
        let early_end = record.answered.unwrap_or(at);
        record.early_ms = self.heard_early.map_or(0, |heard| between(heard, early_end));
        record.talk_ms = record.answered.map_or(0, |answered| between(answered, at));
        let (code, outcome) = verdict::of(ending, self.last);
        record.outcome = if record.answered.is_some() { Outcome::Answered } else { outcome };
        code.clone_into(&mut record.verdict);
        record.words = sentence(code, record, self.row);
        if let Some(refusal) = &self.refusal {
            record.outcome = Outcome::Refused;
            record.verdict = refusal.code.to_string();
            record.words.clone_from(&refusal.words);
        }
        if let Some(Announced { what, since }) = &self.announced {
            let heard = room.now.instant.saturating_duration_since(*since);
            let ms = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
            record.announced = Some(AnnouncedRecord { what: what.clone(), ms });
        }
        if let Some((side, party)) = whose {
            record.words = format!("{}: {}, {}", record.words, part_of(side), named(&party));
        }
        match ending {
            Ending::Failed(status) => record.sip_code = status,
            Ending::Redirected => record.sip_code = 302,
            Ending::Cancelled => (record.sip_code, record.ended_by) = (487, EndedBy::Caller),
            _ => {}
        }
        if let Some(attempt) = self.row.of(record) {
            attempt.ended.get_or_insert(at);
        }
    }

    /// The finished record; there is only one.
    pub(crate) fn finish(&mut self, sound: Option<Sound>) -> Option<Record> {
        let mut record = self.record.take()?;
        record.media = sound.map(Box::new);
        if let (Some(recording), Some(Sound { caller, callee })) = (&mut record.recording, sound) {
            recording.opened = caller.srtp.is_some() || callee.srtp.is_some();
        }
        if let Some(words) = &self.words {
            record.words = format!("{}; {words}", record.words);
        }
        Some(record)
    }

    pub(crate) fn last_cause(&self) -> Option<Cause> {
        self.last
    }

    /// The code of the verdict as it stands, for the caller's Reason.
    pub(crate) fn verdict_code(&self) -> String {
        match &self.refusal {
            Some(refusal) => refusal.code.to_string(),
            None => verdict::of_cause(self.last).0.to_owned(),
        }
    }

    /// The record so far, until it is finished.
    pub(crate) fn unfinished(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    pub(crate) fn id(&self) -> String {
        self.record.as_ref().map(|record| record.id.clone()).unwrap_or_default()
    }
}

fn blank(room: &Room<'_>, call_id: &str, calling: &Arc<str>, (facts, trail): (Facts, Trail)) -> Record {
    Record {
        id: String::new(),
        version: 1,
        revision: room.policy.revision(),
        direction: None,
        emergency: false,
        private_line: false,
        calling: calling.clone(),
        from_dialled: facts.from_uri.clone(),
        to_dialled: facts.request_uri.clone(),
        to_e164: None,
        route: None,
        source: format!("{:?}:{}", facts.transport, facts.source).to_lowercase(),
        call_id: call_id.to_owned(),
        conference: None,
        parents: Vec::new(),
        sessions: Vec::new(),
        marks: None,
        transferred_by: None,
        attempts: Vec::new(),
        started: room.now.wall,
        rang: None,
        answered: None,
        ended: room.now.wall,
        setup_ms: None,
        early_ms: 0,
        talk_ms: 0,
        sip_code: 0,
        outcome: Outcome::Failed,
        ended_by: EndedBy::House,
        verdict: String::new(),
        words: String::new(),
        media: None,
        chat: None,
        paths: Vec::new(),
        silences: Vec::new(),
        missed: Vec::new(),
        recording: None,
        fax: None,
        capture: None,
        announced: None,
        facts,
        trail,
    }
}

/// Time and token: unique without asking anybody, and in order of time.
fn id_of(wall: WallTime, key: Token) -> String {
    format!("c{:011x}-{key}", wall.0)
}

fn callee_of(plan: &AttemptPlan) -> String {
    named(&plan.callee)
}

pub(crate) fn who(side: Side, party: &Callee) -> String {
    format!("{}, {}", part_of(side), named(party))
}

pub(crate) fn part_of(side: Side) -> &'static str {
    match side {
        Side::Caller => "the caller",
        Side::Callee => "the callee",
    }
}

fn named(party: &Callee) -> String {
    match party {
        Callee::Trunk(name) => ["trunk ", name].concat(),
        Callee::User(name) => ["user ", name].concat(),
    }
}

fn between(from: WallTime, to: WallTime) -> u64 {
    u64::try_from(to.0 - from.0).unwrap_or(0)
}

fn sentence(code: &str, record: &Record, row: Row) -> String {
    let title = verdict::title(code);
    match record.attempts.get(row.index()) {
        Some(attempt) if record.answered.is_none() && !attempt.cause.is_empty() => {
            format!("{title}: {} at {}", attempt.cause, attempt.callee)
        }
        _ => title.to_owned(),
    }
}
