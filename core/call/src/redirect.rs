//! 3xx: a far end sends the call elsewhere. It goes there if policy lets whoever redirects send it, or the
//! caller is told and goes there itself; a call for help does neither.

use std::sync::Arc;

use policy::history::Reason;
use policy::{Beside, Cause, Rang, Redirect, Redirected, Redirection, Refusal, Trail};
use sip_message::{Header, Message, NameAddr};

use crate::Room;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::pass_refer::host_of;

/// So often a call is sent elsewhere.
const REDIRECTIONS_MAX: u8 = 5;

impl Call {
    /// Whether the call goes on elsewhere, or the caller does.
    pub(crate) fn redirected(
        &mut self,
        room: &mut Room<'_>,
        status: u16,
        phrase: &str,
        message: &Message<'_>,
    ) -> bool {
        let State::Placing(attempt) = &self.state else { return false };
        let index = attempt.index;
        let rule = self.plan.attempts[index].leg.redirect;
        // 305 names a host, and hosts are those of documents; 380 speaks of no call (RFC 3261 21.3).
        let is_followed = matches!(status, 300..=302) && rule == Redirect::Inside && !self.plan.emergency;
        if !is_followed || self.rounds.redirections >= REDIRECTIONS_MAX {
            self.draft.attempt_note("its redirection is not followed".to_owned());
            return false;
        }
        self.rounds.redirections += 1;
        let mut trail = Trail::new();
        let led = self.lead_on(room, index, message, &mut trail);
        self.draft.sent_on(&trail);
        match led {
            Err(refusal) => {
                self.draft.attempt_note(format!("its redirection is not followed: {refusal}"));
                false
            }
            Ok(led) if self.is_passed() => {
                self.draft.attempt_failed(room, Cause::Status(status), phrase);
                self.pass_redirection(room, &led.number);
                true
            }
            Ok(Redirected { attempts, taken_once, .. }) => {
                let plan = Arc::make_mut(&mut self.plan);
                let next = plan.add(attempts, self.ring.first);
                if plan.taken_once.is_empty() {
                    plan.taken_once = taken_once;
                }
                self.gives_way(room, (Cause::Status(status), phrase), next);
                true
            }
        }
    }

    /// Plans where the call goes on, by what is known now.
    fn lead_on(
        &self,
        room: &mut Room<'_>,
        index: usize,
        message: &Message<'_>,
        trail: &mut Trail,
    ) -> Result<Redirected, Refusal> {
        let gone = || Refusal::new(policy::Code::NOT_REDIRECTED, "the call is over");
        let mut facts = self.draft.unfinished().ok_or_else(gone)?.facts.clone();
        facts.at = room.now.wall;
        facts.standings = room.standings.clone();
        facts.registrations = room.accounts.standing.clone();
        facts.devices = room.registered.devices().clone();
        facts.turns = room.turns.clone();
        let State::Placing(attempt) = &self.state else { return Err(gone()) };
        let reason = reason_of(message, attempt.rang());
        let beside = if self.ring.is_shared() { Beside::Others } else { Beside::Nobody };
        let to = places_of(message);
        let redirection = Redirection { by: &self.plan.attempts[index], to: &to, reason, beside };
        policy::redirected_live(room.policy, &mut facts, &redirection, trail)
    }

    /// Whether the caller goes there itself. While others ring, the call is still here.
    fn is_passed(&self) -> bool {
        let rule = self.plan.leg.redirect;
        rule == Redirect::Pass && self.caller.invite.is_some() && !self.ring.is_shared()
    }

    fn pass_redirection(&mut self, room: &mut Room<'_>, number: &str) {
        let host = host_of(self.caller.dialog.target());
        let contact = format!("<sip:{number}@{host}>");
        let lines = self.refusal_lines(media::Side::Caller, &[("Contact", &contact)]);
        self.answer_last(room, 302, lines);
        self.close(room, Ending::Redirected);
    }
}

/// The URIs of its Contacts, the preferred first: q from 0 to 1, and 1 where nothing is said.
fn places_of(message: &Message<'_>) -> Vec<String> {
    let contacts = message.values(Header::Contact).filter_map(|value| NameAddr::parse(value).ok());
    let mut places: Vec<(u16, String)> = contacts
        .map(|contact| {
            let said = contact.params.value("q").and_then(|q| q.parse::<f32>().ok());
            let weight = said.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0) * 1000.0;
            // A URI's own headers would be headers of our INVITE (RFC 3261 19.1.5).
            let uri = contact.uri.split('?').next().unwrap_or_default();
            (weight as u16, uri.to_owned())
        })
        .collect();
    places.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    places.into_iter().map(|(_, uri)| uri).collect()
}

/// Why, as it says itself (RFC 5806 6.1); else by whether it rang.
fn reason_of(message: &Message<'_>, rang: Rang) -> Reason {
    let said = message.line(Header::Diversion).and_then(|value| NameAddr::parse(value).ok());
    let word = said.as_ref().and_then(|said| said.params.value("reason")).map(sip_message::unquote);
    match (word, rang) {
        (Some(word), _) if is_known(&word) => Reason::of_word(&word),
        (_, Rang::Heard) => Reason::Deflection,
        (_, Rang::Never) => Reason::Unconditional,
    }
}

fn is_known(word: &str) -> bool {
    !matches!(Reason::of_word(word), Reason::Other(_) | Reason::Unknown)
}
