//! Answers to INVITEs that nobody waits for any more: they are acknowledged, and what they opened is ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sip_message::{Header, Message, Method};
use sip_stack::{Dialog, Flow, Sent};
use targets::{Outcome, Place};

use crate::Room;
use crate::part;
use crate::time::T1;

/// So many ended dialogs are remembered; a copy for a forgotten one is ended twice, which harms nobody.
const ENDED_MAX: usize = 1024;
/// PRACK and UPDATE may have used numbers in the dialog's early days, and nobody remembers how many. Whoever
/// receives a BYE takes a gap before it, and refuses a number that is used twice (RFC 3261 12.2.2).
const SKIPPED: u32 = 1000;

/// Dialogs that answers to gone calls opened and the house ended, for the copies of those answers.
#[derive(Default)]
pub(crate) struct Ended(VecDeque<(Instant, Box<str>)>);

impl Ended {
    /// An answer to the first INVITE of a call that is gone.
    pub(crate) fn answered(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
        refused(room, flow, message);
        let now = room.now.instant;
        while self.0.front().is_some_and(|(until, _)| *until <= now) || self.0.len() >= ENDED_MAX {
            self.0.pop_front();
        }
        let dialog = format!("{} {}", message.call_id(), message.to().tag().unwrap_or_default());
        if self.0.iter().any(|(_, ended)| **ended == *dialog) {
            return answered_again(room, flow, message);
        }
        self.0.push_back((now + 64 * T1, dialog.into()));
        answered(room, flow, message);
    }
}

/// A 2xx whose call is gone, or that lost against another: ACK, then BYE (RFC 3261 13.2.2.4).
pub(crate) fn answered(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
    let Some(mut dialog) = acknowledge(room, flow, message) else { return };
    let bye = dialog.next_request(Method::Bye);
    room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
}

/// A refusal that comes too late: whoever asks in it to be left alone is (RFC 3261 21.5.4). Which server was
/// meant nobody knows any more; all that have this address are.
pub(crate) fn refused(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
    if let (Some(503), Ok(Some(seconds))) = (message.status(), message.retry_after()) {
        let place = Place { transport: flow.transport, address: flow.remote };
        for server in 0..room.book.len() {
            let rest = Outcome::Rests(Duration::from_secs(seconds.into()));
            room.book.note(room.now.instant, server, place, rest);
        }
    }
}

/// A 2xx in a dialog whose BYE is under way: a copy, or the answer to a re-INVITE.
pub(crate) fn answered_again(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
    acknowledge(room, flow, message);
}

fn acknowledge(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> Option<Dialog> {
    let is_accepted = message.status().is_some_and(|status| (200..300).contains(&status));
    if !is_accepted || message.cseq().method != Method::Invite {
        return None;
    }
    let sent = Sent {
        uri: message.to().uri,
        from: message.line(Header::From).unwrap_or_default(),
        call_id: message.call_id(),
        cseq: message.cseq().number.saturating_add(SKIPPED),
    };
    let mut dialog = Dialog::as_caller(&sent, message, flow)?;
    room.registered.settle(&mut dialog);
    let ack = dialog.ack_for(message.cseq().number);
    room.stack.send_ack(room.now.instant, &ack.as_request(), room.sends);
    Some(dialog)
}
