//! A phone that tells a registrar where it is, and again before it is forgotten. Written from RFC 3261 10 and
//! RFC 5626 4.

use std::time::{Duration, Instant};

use sip_message::{Header, Message};

use crate::actor::Actor;
use crate::digest;
use crate::doing::Ask;
use crate::exchange::{ActorOut, LegId, Note, Noted};
use crate::whereabouts::Registering;

impl Actor {
    /// Begins to keep a contact registered, or asks what is.
    pub(crate) fn keep_registered(
        &mut self,
        now: Instant,
        contact: Option<String>,
        headers: Vec<(String, String)>,
        out: &mut ActorOut,
    ) {
        let known = self.registering.take().unwrap_or_default();
        let fresh = format!("{}@{}", self.chance.text(), self.profile.name);
        let call_id = if known.call_id.is_empty() { fresh } else { known.call_id };
        self.registering = Some(Registering {
            contact,
            headers,
            call_id,
            cseq: known.cseq,
            is_proven: false,
            again_at: None,
        });
        self.say_where(now, None, out);
    }

    /// It is time to say it again.
    pub(crate) fn expire_registering(&mut self, now: Instant, out: &mut ActorOut) {
        let Some(registering) = &mut self.registering else { return };
        if registering.again_at.is_some_and(|at| at <= now) {
            (registering.again_at, registering.is_proven) = (None, false);
            self.say_where(now, None, out);
        }
    }

    fn say_where(&mut self, now: Instant, proof: Option<String>, out: &mut ActorOut) {
        let own = self.contact();
        let Some(registering) = &mut self.registering else { return };
        registering.cseq += 1;
        let mut headers = registering.headers.clone();
        headers.extend(proof.map(|proof| ("Authorization".to_owned(), proof)));
        let contact = match &registering.contact {
            Some(contact) if contact.is_empty() => own,
            Some(contact) => contact.clone(),
            None => String::new(),
        };
        let names = (registering.call_id.clone(), registering.cseq, contact);
        self.say_for_oneself(now, names, Ask { method: "REGISTER", headers: &headers, body: None }, out);
    }

    /// The answer to a REGISTER of ours.
    pub(crate) fn told_of_registering(&mut self, now: Instant, message: &Message<'_>, out: &mut ActorOut) {
        let status = message.status().unwrap_or_default();
        let cnonce = self.chance.text();
        let uri = format!("sip:{}", self.profile.domain);
        let Some(registering) = &mut self.registering else { return };
        if let (401, false, Some(who)) = (status, registering.is_proven, &self.profile.credentials)
            && let Some(proof) = digest::proof(message, who, ("REGISTER", &uri), &cnonce)
        {
            registering.is_proven = true;
            return self.say_where(now, Some(proof), out);
        }
        let contacts: Vec<String> = message.values(Header::Contact).map(str::to_owned).collect();
        if status == 200 && registering.contact.is_some() {
            let own = message.contacts().filter_map(Result::ok);
            let granted = own.filter_map(|one| one.param("expires").flatten()?.parse::<u64>().ok()).min();
            registering.again_at = granted.map(|seconds| now + Duration::from_secs(seconds) * 4 / 5);
        }
        let call_id = message.call_id().to_owned();
        out.notes.push(Noted { leg: LegId(0), call_id, what: Note::Registered { status, contacts } });
    }
}
