//! What one message makes another one owed: answers, ACKs, and answers that fit their offers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sdp::Session;
use sip_message::{Message, Method, Start};

/// An INVITE that isn't answered for so long may be forgotten: after its CANCEL (RFC 3261 9.1), or if it was
/// never answered at all (timer B).
const FORGOTTEN_AFTER: Duration = Duration::from_secs(32);

/// A transaction: branch and method.
type Key = (String, String);

/// An accepted INVITE of the house: Call-ID, To tag, CSeq.
type Accepted = (String, String, u32);

#[derive(Default)]
pub(crate) struct Duties {
    /// Requests that the house received.
    served: BTreeMap<Key, Served>,
    /// Offers in INVITEs of the house, by Call-ID and CSeq; empty where there was none.
    offered: BTreeMap<(String, u32), Vec<u8>>,
    /// INVITEs of the house that were refused: branches that owe an ACK.
    refused: BTreeMap<String, bool>,
    accepted: BTreeMap<Accepted, Accept>,
    /// Since when INVITEs of the house are cancelled, by branch.
    cancelled: BTreeMap<String, Instant>,
    /// Since when INVITEs of the house have had no answer at all, by branch.
    unheard: BTreeMap<String, Instant>,
    /// Calls that the house sent a BYE in.
    left: BTreeSet<String>,
}

struct Served {
    call_id: String,
    offer: Vec<u8>,
    last: Option<u16>,
}

struct Accept {
    is_acked: bool,
    /// The offer in the 2xx, where the INVITE had none.
    offer: Vec<u8>,
}

impl Duties {
    pub(crate) fn received(&mut self, at: Instant, message: &Message<'_>) {
        match message.start() {
            Start::Request { method: Method::Ack, .. } => {}
            Start::Request { .. } => {
                self.served.entry(key(message)).or_insert_with(|| Served {
                    call_id: message.call_id().to_owned(),
                    offer: message.body().to_vec(),
                    last: None,
                });
            }
            Start::Response { status, .. } if status >= 200 && message.cseq().method == Method::Invite => {
                self.invite_ended(at, status, message);
            }
            Start::Response { status, .. } if status < 200 => {
                self.unheard.remove(message.via().branch().unwrap_or_default());
            }
            Start::Response { .. } => {}
        }
    }

    fn invite_ended(&mut self, at: Instant, status: u16, message: &Message<'_>) {
        let number = message.cseq().number;
        let asked = (message.call_id().to_owned(), number);
        let Some(offer) = self.offered.get(&asked) else { return };
        let branch = message.via().branch().unwrap_or_default().to_owned();
        let since = [self.cancelled.get(&branch), self.unheard.get(&branch)];
        let may_be_forgotten = since.into_iter().flatten().any(|since| at - *since >= FORGOTTEN_AFTER);
        if may_be_forgotten && status >= 300 {
            return;
        }
        self.unheard.remove(&branch);
        if status >= 300 {
            self.refused.entry(branch).or_insert(false);
            return;
        }
        let tag = message.to().tag().unwrap_or_default().to_owned();
        let offer = if offer.is_empty() { message.body().to_vec() } else { Vec::new() };
        self.accepted.entry((asked.0, tag, number)).or_insert(Accept { is_acked: may_be_forgotten, offer });
    }

    pub(crate) fn house_requested(
        &mut self,
        at: Instant,
        method: Method<'_>,
        message: &Message<'_>,
        found: &mut Vec<String>,
    ) {
        match method {
            Method::Invite => {
                let asked = (message.call_id().to_owned(), message.cseq().number);
                let branch = message.via().branch().unwrap_or_default().to_owned();
                if !self.offered.contains_key(&asked) {
                    self.unheard.insert(branch, at);
                }
                self.offered.entry(asked).or_insert_with(|| message.body().to_vec());
            }
            Method::Cancel => {
                let branch = message.via().branch().unwrap_or_default().to_owned();
                self.cancelled.entry(branch).or_insert(at);
            }
            Method::Bye => drop(self.left.insert(message.call_id().to_owned())),
            Method::Ack => self.house_acknowledged(message, found),
            _ => {}
        }
    }

    fn house_acknowledged(&mut self, message: &Message<'_>, found: &mut Vec<String>) {
        let branch = message.via().branch().unwrap_or_default();
        if let Some(is_acked) = self.refused.get_mut(branch) {
            *is_acked = true;
            return;
        }
        let tag = message.to().tag().unwrap_or_default().to_owned();
        let key = (message.call_id().to_owned(), tag, message.cseq().number);
        let Some(accept) = self.accepted.get_mut(&key) else {
            return found.push("an ACK to nothing".to_owned());
        };
        accept.is_acked = true;
        if !accept.offer.is_empty() {
            // An ACK without an answer is followed by BYE (RFC 3261 13.2.2.4).
            if !message.body().is_empty() {
                check_answer(&accept.offer, message.body(), found);
            }
        }
    }

    pub(crate) fn house_answered(&mut self, status: u16, message: &Message<'_>, found: &mut Vec<String>) {
        let Some(served) = self.served.get_mut(&key(message)) else {
            return found.push("an answer to nothing".to_owned());
        };
        if served.call_id != message.call_id() {
            found.push("another Call-ID than its request".to_owned());
        }
        // A CANCEL that overtook its INVITE is answered without state; its copy finds what it cancels.
        let is_overtaker =
            message.cseq().method == Method::Cancel && served.last == Some(481) && status == 200;
        match served.last {
            _ if is_overtaker => served.last = Some(status),
            Some(last) if last >= 200 && status != last => found.push(format!("{status} after {last}")),
            _ => served.last = Some(status),
        }
        let is_session = matches!(message.cseq().method, Method::Invite | Method::Update | Method::Prack);
        if is_session && !served.offer.is_empty() && !message.body().is_empty() && status < 300 {
            check_answer(&served.offer, message.body(), found);
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<String> {
        // RFC 4320 4.2: too late is worse than never. A peer that got a BYE needs no other answer.
        let is_owed = |(key, served): &(&Key, &Served)| {
            served.last.is_none_or(|last| last < 200)
                && (key.1 == "INVITE" || !self.left.contains(&served.call_id))
        };
        let unanswered = self.served.iter().filter(is_owed);
        let unanswered = unanswered
            .map(|((_, method), served)| format!("{method} of {} was never answered", served.call_id));
        let refused = self.refused.iter().filter(|(_, is_acked)| !**is_acked);
        let refused = refused.map(|(branch, _)| format!("the refusal of {branch} was never acknowledged"));
        let accepted = self.accepted.iter().filter(|(_, accept)| !accept.is_acked);
        let accepted = accepted.map(|((call_id, tag, number), _)| {
            format!("the 2xx {number} of {call_id} under {tag} was never acknowledged")
        });
        unanswered.chain(refused).chain(accepted).collect()
    }
}

fn key(message: &Message<'_>) -> Key {
    (message.via().branch().unwrap_or_default().to_owned(), message.cseq().method.as_str().to_owned())
}

fn check_answer(offer: &[u8], answer: &[u8], found: &mut Vec<String>) {
    let (Ok(offer), Ok(answer)) = (Session::parse(offer), Session::parse(answer)) else {
        return found.push("an answer that can't be read".to_owned());
    };
    if let Err(mismatch) = sdp::answer_matches(&offer, &answer) {
        found.push(format!("the answer doesn't fit its offer: {mismatch}"));
    }
}
