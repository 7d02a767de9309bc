//! Requests that carry neither offer nor answer: taken across as they are, where both legs allow it.

use media::Side;
use policy::{CarriedMethod, HeaderPlace};
use sip_message::{Header, Message, Method};
use sip_stack::{ClientId, Reply, ServerId};

use crate::call::Call;
use crate::exchange::Passing;
use crate::moving::Presence;
use crate::said::Said;
use crate::{Room, arrival, part};

/// Headers that say what an INFO is about (RFC 6086), or how the body is meant.
const CARRIED: [&str; 2] = ["Info-Package", "Content-Disposition"];

/// More requests than this at a time are refused.
const PASSING_MAX: usize = 8;

/// What a method is called in the rules of a leg, if it may be carried at all.
fn carried(method: Method<'_>) -> Option<(CarriedMethod, Method<'static>, HeaderPlace)> {
    match method {
        Method::Info => Some((CarriedMethod::Info, Method::Info, HeaderPlace::Info)),
        Method::Message => Some((CarriedMethod::Message, Method::Message, HeaderPlace::Message)),
        _ => None,
    }
}

impl Call {
    /// Takes a request across, or says that it isn't allowed here.
    pub(crate) fn pass(&mut self, room: &mut Room<'_>, server: ServerId, from: Side, message: &Message<'_>) {
        if self.take_record_wish(room, server, from, message) {
            return;
        }
        if self.take_press(room, server, from, message).is_some() {
            return;
        }
        let method = message.method().and_then(carried);
        let allowed = method.filter(|(method, ..)| self.carries(*method));
        let Some((_, method, place)) = allowed else {
            return room.reply_with(server, 405, None, &[("Allow", &self.allowed())]);
        };
        if let Some(unsupported) = arrival::unsupported(message) {
            return room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
        }
        if self.passing.len() >= PASSING_MAX {
            return room.reply_with(server, 500, None, &[("Retry-After", "1")]);
        }
        let to = from.other();
        let headers: Vec<(&str, &str)> =
            CARRIED.iter().filter_map(|name| message.named(name).map(|value| (*name, value))).collect();
        let kind = message.line(Header::ContentType).unwrap_or("application/octet-stream");
        let body = (!message.body().is_empty()).then_some((kind, message.body()));
        let mut said = Said::new(method, &headers).with_body(body);
        said.add(self.passed_on(from, place, message));
        match self.say_inside(room, (to, part::PASSING), &said, None) {
            Some(client) => self.passing.push(Passing { to, server, client, said }),
            // It is on its way to another call, and may come back.
            None if self.here[to as usize] == Presence::Away => {
                room.reply_with(server, 500, None, &[("Retry-After", "1")]);
            }
            None => room.reply(server, 481),
        }
    }

    fn carries(&self, method: CarriedMethod) -> bool {
        self.ends.iter().all(|end| end.rules.methods.contains(method))
    }

    /// What may be asked inside of this call.
    pub(crate) fn allowed(&self) -> String {
        let takes_info = self.carries(CarriedMethod::Info) || self.is_told_presses();
        let is_barred = |method: &&str| *method == "INFO" && !takes_info;
        let mut methods: Vec<&str> =
            sip_stack::ALLOW.split(", ").filter(|method| !is_barred(method)).collect();
        if self.carries(CarriedMethod::Message) {
            methods.push("MESSAGE");
        }
        methods.join(", ")
    }

    /// Whoever was asked is leaving: what was asked may be asked again, for 481 would end the asker's call.
    pub(crate) fn put_off_passing(&mut self, room: &mut Room<'_>, is_meant: impl Fn(&Passing) -> bool) {
        let (put_off, kept) = self.passing.drain(..).partition(|passing| is_meant(passing));
        let put_off: Vec<Passing> = put_off;
        self.passing = kept;
        for passing in put_off {
            room.reply_with(passing.server, 500, None, &[("Retry-After", "1")]);
        }
    }

    pub(crate) fn passing_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        let place = self.passing.iter().position(|passing| passing.client == client);
        let (Some(place), 200..) = (place, status) else { return };
        let mut passing = self.passing.swap_remove(place);
        if matches!(status, 401 | 407)
            && let Some(again) =
                self.prove_inside(room, (passing.to, part::PASSING), &mut passing.said, message)
        {
            passing.client = again;
            return self.passing.push(passing);
        }
        // A transferor that has left, and whose BYE is under way.
        if matches!(status, 408 | 481) && self.is_transferor(passing.to) {
            return room.reply_with(passing.server, 500, None, &[("Retry-After", "1")]);
        }
        let kind = message.line(Header::ContentType).unwrap_or("application/octet-stream");
        let status = match status {
            300..=399 | 401 | 407 => 403,
            408 => 480,
            other => other,
        };
        let body = (!message.body().is_empty()).then_some((kind, message.body()));
        let reply = Reply { status, body, ..Reply::default() };
        room.stack.respond(room.now.instant, passing.server, &reply, room.sends);
    }
}
