//! Whom each side hears that it speaks with, and what rules for headers make of what it is sent
//! (RFC 4916, 5876).

use std::sync::Arc;

use media::Side;
use policy::{Connected, Dress, HeaderPlace, Line, Part, Saying};
use sip_message::{Header, Message, Method};

use crate::Room;
use crate::call::{Call, State};
use crate::lines::{Lines, borrowed, kept};
use crate::moving::Presence;
use crate::timer::Knows;

/// Says nothing to a peer that is to judge by itself (RFC 3325 9.2).
const PREFERRED: &str = "P-Preferred-Identity";

impl Call {
    /// The callee speaks before or with its answer: who it is, which the caller is told.
    pub(crate) fn meet_callee(&mut self, room: &Room<'_>, message: &Message<'_>) -> Connected {
        let State::Placing(attempt) = &self.state else { return Connected::default() };
        let plan = Arc::clone(&self.plan);
        let plan = &plan.attempts[attempt.index];
        let learned = policy::learned(room.policy, &plan.callee, &saying_of(message, None));
        let early = message.to().tag().and_then(|tag| attempt.earlies.find(tag));
        let before = early.and_then(|early| attempt.earlies.get(early).known.clone());
        let known = learned.or(before).unwrap_or_else(|| plan.connected.clone());
        self.ends[Side::Callee as usize].known = known.clone();
        self.introduce(room, Side::Caller);
        self.caller.told.passed = self.passed_on(Side::Callee, HeaderPlace::Answers, message);
        known
    }

    /// A message of a side may say that somebody else is there; the other side will be told.
    pub(crate) fn learn(&mut self, room: &Room<'_>, from: Side, message: &Message<'_>) {
        let before = self.dialog(from).map(|dialog| dialog.remote().to_owned());
        let saying = saying_of(message, before.as_deref());
        let Some(known) = policy::learned(room.policy, &self.end(from).party, &saying) else { return };
        let is_another = (&self.end(from).known.number, self.end(from).known.is_hidden)
            != (&known.number, known.is_hidden);
        if is_another {
            self.ends[from as usize].known = known;
            self.introduce(room, from.other());
        }
    }

    /// The same of a callee that has not answered; the caller hears it in the next answer.
    pub(crate) fn learn_early(&mut self, room: &Room<'_>, index: usize, message: &Message<'_>) {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return };
        let early = attempt.earlies.get_mut(index);
        let before = early.dialog.as_ref().map(|dialog| dialog.remote().to_owned());
        let party = &plan.attempts[attempt.index].callee;
        let Some(known) = policy::learned(room.policy, party, &saying_of(message, before.as_deref())) else {
            return;
        };
        early.known = Some(known.clone());
        if attempt.earlies.len() == 1 || attempt.earlies.is_the_heard(index) {
            self.ends[Side::Callee as usize].known = known;
            self.introduce(room, Side::Caller);
        }
    }

    /// What a side is told of the other, from now on.
    pub(crate) fn introduce(&mut self, room: &Room<'_>, to: Side) {
        let part = match to {
            Side::Caller => Part::Called,
            Side::Callee => Part::Calling,
        };
        let known = &self.end(to.other()).known;
        let told = policy::introduced(room.policy, &self.end(to).party, known, part);
        let is_news = self.end(to).told != told;
        let end = &mut self.ends[to as usize];
        (end.told, end.is_owed_news) = (told, end.is_owed_news || is_news);
    }

    /// Tells a side by a request of its own, if it takes such, and has not heard yet.
    pub(crate) fn tell_identity(&mut self, room: &mut Room<'_>, to: Side) {
        let timer = &self.end(to).timer;
        let is_able = timer.knows_update == Knows::Yes && timer.asked.is_none();
        let is_there = matches!(self.state, State::Up(_)) && self.here[to as usize] == Presence::Here;
        if !is_able || !is_there || !self.end(to).is_owed_news || self.plan.emergency {
            return;
        }
        if self.end(to).told.headers.is_empty() && !self.takes_names(to) {
            return;
        }
        self.send_refresh(room, to, Method::Update, None);
    }

    /// The caller has acknowledged our answer: who knows names in From hears whom it reached (RFC 4916, 4.2).
    pub(crate) fn tell_who_answered(&mut self, room: &mut Room<'_>) {
        if self.takes_names(Side::Caller) && self.end(Side::Caller).told.from.is_some() {
            self.ends[Side::Caller as usize].is_owed_news = true;
            self.tell_identity(room, Side::Caller);
        }
    }

    fn takes_names(&self, side: Side) -> bool {
        self.end(side).timer.knows_from_change == Knows::Yes
    }

    /// The lines of a request to a side: its own, whom we speak for, and what rules make of both.
    pub(crate) fn request_lines<'h>(
        &mut self,
        to: Side,
        method: Method<'_>,
        headers: &[(&'h str, &'h str)],
    ) -> Lines<'h> {
        let mut lines = borrowed(headers);
        if matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Message) {
            if self.takes_names(to)
                && let Some(from) = self.end(to).told.from.clone()
                && let Some(dialog) = self.dialog(to)
            {
                dialog.rename(&from);
            }
            let end = &mut self.ends[to as usize];
            end.is_owed_news = false;
            let all = &end.told.headers;
            lines.extend(all.iter().filter(|(name, _)| may_say(name, method, all)).map(kept));
        }
        match place_of(method) {
            Some(place) => self.dressed(to, place, lines),
            None => lines,
        }
    }

    /// The lines of an answer to a side, which hears in it whom it speaks with.
    pub(crate) fn answer_lines<'h>(&mut self, to: Side, headers: &[(&'h str, &'h str)]) -> Lines<'h> {
        let mut lines = borrowed(headers);
        // A name in From is said by requests alone.
        let is_left = self.takes_names(to) && self.end(to).told.from.is_some();
        self.ends[to as usize].is_owed_news &= is_left;
        let told = self.end(to).told.headers.iter();
        lines.extend(told.filter(|(name, _)| **name != *PREFERRED).map(kept));
        self.dressed(to, HeaderPlace::Answers, lines)
    }

    /// The lines of an answer that refuses: there is nobody to tell of.
    pub(crate) fn refusal_lines<'h>(&self, to: Side, headers: &[(&'h str, &'h str)]) -> Lines<'h> {
        self.dressed(to, HeaderPlace::Answers, borrowed(headers))
    }

    fn dressed<'h>(&self, to: Side, place: HeaderPlace, lines: Lines<'h>) -> Lines<'h> {
        let Some(dress) = self.dress_of(to) else { return lines };
        let mut all: Vec<Line> =
            lines.into_iter().map(|(name, value)| (Arc::from(&*name), value.into_owned())).collect();
        dress.put_on(place, &self.draft.id(), &mut all);
        all.into_iter().map(|(name, value)| (name.to_string().into(), value.into())).collect()
    }

    /// What goes on to the other side of a side's message.
    pub(crate) fn passed_on(&self, from: Side, place: HeaderPlace, message: &Message<'_>) -> Vec<Line> {
        let theirs = |name: &str| {
            let is_it = |line: &sip_message::Line<'_>| match line.header {
                Header::Other => line.name.eq_ignore_ascii_case(name),
                known => known.name().eq_ignore_ascii_case(name),
            };
            message.lines().filter(is_it).map(|line| line.value.to_owned()).collect()
        };
        let mut lines = Vec::new();
        if let Some(dress) = self.dress_of(from.other()) {
            dress.takes_on(place, &self.end(from).known, &theirs, &mut lines);
        }
        let is_trunk = matches!(self.end(from.other()).party, policy::Callee::Trunk(_));
        if let Some(dress) = self.dress_of(from).filter(|_| is_trunk) {
            dress.hands_on(place, &self.end(from).known, &theirs, &mut lines);
        }
        lines
    }

    fn dress_of(&self, side: Side) -> Option<Arc<Dress>> {
        match (&self.state, side) {
            (State::Placing(attempt), Side::Callee) => self.plan.attempts[attempt.index].leg.dress.clone(),
            _ => self.end(side).rules.dress.clone(),
        }
    }
}

/// Who knows only RFC 3325 may not honour a Privacy in methods that it doesn't name (RFC 5876, 4.5).
fn may_say(name: &str, method: Method<'_>, all: &[Line]) -> bool {
    let is_hidden = all.iter().any(|(name, value)| &**name == "Privacy" && value.contains("id"));
    !is_hidden || name == "Privacy" || matches!(method, Method::Invite | Method::Refer)
}

fn place_of(method: Method<'_>) -> Option<HeaderPlace> {
    match method {
        Method::Invite => Some(HeaderPlace::Reinvite),
        Method::Update => Some(HeaderPlace::Update),
        Method::Bye => Some(HeaderPlace::Bye),
        Method::Refer => Some(HeaderPlace::Refer),
        Method::Notify => Some(HeaderPlace::Notify),
        Method::Info => Some(HeaderPlace::Info),
        Method::Message => Some(HeaderPlace::Message),
        Method::Prack => Some(HeaderPlace::Prack),
        Method::Options => Some(HeaderPlace::Options),
        _ => None,
    }
}

/// What a message says of who sends it; `before` is what its From named so far.
fn saying_of(message: &Message<'_>, before: Option<&str>) -> Saying {
    let uri = |value: &str| sip_message::NameAddr::parse(value).map(|address| address.uri.to_owned()).ok();
    let from = message.line(Header::From).filter(|_| message.is_request());
    Saying {
        asserted: message.values(Header::PAssertedIdentity).take(2).map(str::to_owned).collect(),
        from: from.filter(|from| before.is_some_and(|before| uri(before) != uri(from))).map(str::to_owned),
        privacy: message.line(Header::Privacy).map(str::to_owned),
    }
}
