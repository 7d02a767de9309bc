//! Devices that say what their user does, under an entity tag each. Written from RFC 3903 4.

use std::time::Instant;

use sip_message::Message;

use crate::actor::Actor;
use crate::digest;
use crate::doing::Asked;
use crate::exchange::ActorOut;
use crate::whereabouts::Publishing;
use crate::writing::Request;

impl Actor {
    /// A device says something else from now on.
    pub(crate) fn publish(&mut self, now: Instant, device: &'static str, body: String, out: &mut ActorOut) {
        let at = self.publishing.iter().position(|one| one.device == device).unwrap_or_else(|| {
            let call_id = format!("{}@{}", self.chance.text(), self.profile.name);
            self.publishing.push(Publishing {
                device,
                body: String::new(),
                tag: None,
                call_id,
                cseq: 0,
                is_proven: false,
                is_asking: false,
                is_stale: false,
            });
            self.publishing.len() - 1
        });
        self.publishing[at].body = body;
        match self.publishing[at].is_asking {
            true => self.publishing[at].is_stale = true,
            false => self.say_what(now, at, None, out),
        }
    }

    fn say_what(&mut self, now: Instant, at: usize, proof: Option<String>, out: &mut ActorOut) {
        let (branch, contact) = (self.branch(), self.contact());
        let own = format!("sip:{}@{}", self.profile.user, self.profile.domain);
        let from = format!("<{own}>;tag={}", self.chance.text());
        let one = &mut self.publishing[at];
        (one.cseq, one.is_asking, one.is_stale) = (one.cseq + 1, true, false);
        let cseq = one.cseq;
        let mut headers =
            vec![("Event".to_owned(), "presence".to_owned()), ("Expires".to_owned(), "3600".to_owned())];
        headers.extend(one.tag.clone().map(|tag| ("SIP-If-Match".to_owned(), tag)));
        headers.extend(proof.map(|proof| ("Authorization".to_owned(), proof)));
        let bytes = Request {
            method: "PUBLISH",
            uri: &own,
            transport: self.profile.transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &from,
            to: &format!("<{own}>"),
            call_id: &one.call_id,
            cseq,
            contact: &contact,
            headers: &headers,
            body: Some(("application/pidf+xml", one.body.as_bytes())),
        }
        .print();
        let parcel = self.parcel(self.profile.house, self.profile.transport, bytes);
        self.begin_client(now, Asked { leg: None, branch, method: "PUBLISH", cseq }, parcel, out);
    }

    /// The answer to a PUBLISH of ours.
    pub(crate) fn told_of_publishing(&mut self, now: Instant, message: &Message<'_>, out: &mut ActorOut) {
        let status = message.status().unwrap_or_default();
        let cnonce = self.chance.text();
        let own = format!("sip:{}@{}", self.profile.user, self.profile.domain);
        let Some(at) = self.publishing.iter().position(|one| one.call_id == message.call_id()) else {
            return;
        };
        let one = &mut self.publishing[at];
        if let (401, false, Some(who)) = (status, one.is_proven, &self.profile.credentials)
            && let Some(proof) = digest::proof(message, who, ("PUBLISH", &own), &cnonce)
        {
            one.is_proven = true;
            return self.say_what(now, at, Some(proof), out);
        }
        (one.is_asking, one.is_proven) = (false, false);
        one.tag = message.named("SIP-ETag").filter(|_| status == 200).map(str::to_owned);
        if one.is_stale || status == 412 {
            self.say_what(now, at, None, out);
        }
    }
}
