//! Phones that register: a request, the proof that is asked for, and copies of both until they are answered.

use std::time::{Duration, Instant};

use sip_message::Message;

use super::{Again, Blown, Doing, Open, SPAN_MAX, Storm};
use crate::crowd::PASSWORD;
use crate::digest;
use crate::exchange::Transport;
use crate::profile::Credentials;
use crate::writing::Request;

/// Whom nobody answers waits so long, and as much again by chance, before it begins anew: as after a first
/// failure (RFC 5626 4.5), each time, so that a storm does not calm down by itself.
const REST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Phone {
    cseq: u32,
    /// What answered the last challenge.
    proof: Option<String>,
    open: Option<Open>,
    is_back: bool,
}

impl Storm {
    pub(crate) fn register(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        let (phones, domain) = (self.plan.phones, "storm.example");
        let phone = &mut self.phones[index];
        phone.cseq += 1;
        let mut headers = vec![("Expires".to_owned(), "3600".to_owned())];
        headers.extend(phone.proof.clone().map(|proof| ("Authorization".to_owned(), proof)));
        let own = format!("<sip:u{index}@{domain}>");
        let request = Request {
            method: "REGISTER",
            uri: &format!("sip:{domain}"),
            transport: Transport::Udp,
            sent_by: phones,
            branch: &format!("z9hG4bKp{index}x{}", phone.cseq),
            routes: &[],
            from: &format!("{own};tag=p{index}"),
            to: &own,
            call_id: &format!("p{index}"),
            cseq: phone.cseq,
            contact: &format!("<sip:u{index}@{phones}>"),
            headers: &headers,
            body: None,
        };
        let bytes = request.print();
        out.push((phones, bytes.clone()));
        let open = Open::new(now, bytes);
        let next = open.next();
        phone.open = Some(open);
        self.plan_at(next, Doing::SayAgain(index));
    }

    pub(crate) fn say_again(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        match Open::again(self.phones[index].open.as_mut(), now, SPAN_MAX) {
            Again::Nothing => {}
            Again::Say(bytes, next) => {
                out.push((self.plan.phones, bytes));
                self.plan_at(next, Doing::SayAgain(index));
            }
            Again::GiveUp => {
                self.sum.unheard += 1;
                let phone = &mut self.phones[index];
                (phone.open, phone.proof) = (None, None);
                let rest = REST + self.chance.span_below(REST);
                self.plan_at(now + rest, Doing::Register(index));
            }
        }
    }

    pub(crate) fn told_of_registering(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Blown>) {
        let index: Option<usize> = message.call_id().strip_prefix('p').and_then(|index| index.parse().ok());
        let Some(index) = index.filter(|index| *index < self.phones.len()) else { return };
        let at = self.since_it_began(now);
        let phone = &mut self.phones[index];
        // A copy of what was answered already.
        if phone.open.is_none() || message.cseq().number != phone.cseq {
            return;
        }
        match message.status().unwrap_or_default() {
            100..200 => {}
            200..300 => {
                phone.open = None;
                if !std::mem::replace(&mut phone.is_back, true) {
                    self.sum.registered.push(at);
                }
            }
            401 => {
                self.sum.asked_again += usize::from(phone.proof.is_some());
                let who = Credentials { user: format!("u{index}"), password: PASSWORD.to_owned() };
                phone.proof = digest::proof(message, &who, ("REGISTER", "sip:storm.example"), "0a4f113b");
                phone.open = None;
                self.register(now, index, out);
            }
            // What the house refuses is no part of a storm: the verdict sees who is not back.
            _ => phone.open = None,
        }
    }
}
