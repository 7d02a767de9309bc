//! Provisional answers that are acknowledged, held against RFC 3262: on each leg by itself.

use std::collections::{BTreeMap, BTreeSet};

use sip_message::{Header, Message, Method};

/// Call-ID and CSeq of an INVITE.
type Asked = (String, u32);

/// Call-ID, To tag, RSeq and CSeq of the INVITE: a reliable answer of a far end.
type Answer = (String, String, u32, u32);

#[derive(Default)]
pub(crate) struct Reliable {
    /// What callers said of reliable answers.
    callers: BTreeMap<Asked, Caller>,
    /// Reliable answers that reached the house, in order.
    received: BTreeSet<Answer>,
    /// PRACKs of the house, by what they acknowledge and whether they bear a proof: their branches.
    pracked: BTreeMap<(Answer, bool), BTreeSet<String>>,
}

#[derive(Default)]
struct Caller {
    supports: bool,
    requires: bool,
    /// The RSeq that waits for its PRACK, and whether a session is in it.
    open: Option<(u32, bool)>,
    last: Option<u32>,
    /// Whether a session was acknowledged before the answer.
    is_settled: bool,
}

impl Reliable {
    pub(crate) fn received(&mut self, message: &Message<'_>) {
        let call_id = message.call_id().to_owned();
        match message.method() {
            Some(Method::Invite) if message.to().tag().is_none() => {
                let caller = self.callers.entry((call_id, message.cseq().number)).or_default();
                caller.requires = message.has_token(Header::Require, "100rel");
                caller.supports = caller.requires || message.has_token(Header::Supported, "100rel");
            }
            Some(Method::Prack) => {
                let Some((rseq, cseq)) = rack(message) else { return };
                let Some(caller) = self.callers.get_mut(&(call_id, cseq)) else { return };
                if let Some((_, holds_session)) = caller.open.take_if(|(open, _)| *open == rseq) {
                    caller.is_settled |= holds_session;
                }
            }
            None => self.answered(call_id, message),
            Some(_) => {}
        }
    }

    fn answered(&mut self, call_id: String, message: &Message<'_>) {
        let tag = message.to().tag().unwrap_or_default().to_owned();
        if let (Some(rseq), Method::Invite) = (rseq(message), message.cseq().method) {
            self.received.insert((call_id, tag, rseq, message.cseq().number));
        }
    }

    pub(crate) fn house_requested(&mut self, message: &Message<'_>, found: &mut Vec<String>) {
        if message.method() != Some(Method::Prack) {
            return;
        }
        let Some((rseq, cseq)) = rack(message) else { return found.push("a PRACK without RAck".to_owned()) };
        let tag = message.to().tag().unwrap_or_default().to_owned();
        let answer = (message.call_id().to_owned(), tag, rseq, cseq);
        if !self.received.contains(&answer) {
            found.push("a PRACK of nothing".to_owned());
        }
        // One that was challenged comes again with a proof.
        let is_proven = [Header::Authorization, Header::ProxyAuthorization]
            .into_iter()
            .any(|header| message.line(header).is_some());
        let branches = self.pracked.entry((answer, is_proven)).or_default();
        branches.insert(message.via().branch().unwrap_or_default().to_owned());
        if branches.len() > 1 {
            found.push(format!("a second PRACK of RSeq {rseq}"));
        }
    }

    pub(crate) fn house_answered(&mut self, status: u16, message: &Message<'_>, found: &mut Vec<String>) {
        if message.cseq().method != Method::Invite || status <= 100 {
            return;
        }
        let asked = (message.call_id().to_owned(), message.cseq().number);
        let Some(caller) = self.callers.get_mut(&asked) else { return };
        if status >= 200 {
            if status < 300 && caller.open.is_some_and(|(_, holds_session)| holds_session) {
                found.push("accepted before a session was acknowledged".to_owned());
            }
            return;
        }
        let Some(rseq) = rseq(message) else {
            if caller.requires {
                found.push("not sent reliably, as was required".to_owned());
            }
            return;
        };
        if !caller.supports {
            found.push("sent reliably to somebody who doesn't know how".to_owned());
        }
        if caller.last == Some(rseq) {
            return;
        }
        if let Some((open, _)) = caller.open {
            found.push(format!("RSeq {rseq} before {open} was acknowledged"));
        }
        if caller.last.is_some_and(|last| rseq != last + 1) {
            found.push(format!("RSeq {rseq} after {:?}", caller.last));
        }
        caller.open = Some((rseq, !message.body().is_empty()));
        caller.last = Some(rseq);
    }

    /// Whether the session of an INVITE was agreed before its answer.
    pub(crate) fn is_settled(&self, message: &Message<'_>) -> bool {
        let asked = (message.call_id().to_owned(), message.cseq().number);
        self.callers.get(&asked).is_some_and(|caller| caller.is_settled)
    }
}

fn rseq(message: &Message<'_>) -> Option<u32> {
    if !message.has_token(Header::Require, "100rel") {
        return None;
    }
    message.line(Header::RSeq)?.trim().parse().ok()
}

fn rack(message: &Message<'_>) -> Option<(u32, u32)> {
    let mut words = message.line(Header::RAck)?.split_ascii_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
