//! A message leaves, for every device of its receiver that is there.

use registrar::{Urgency, Way, Why, date};
use sip_message::Method;
use sip_stack::{ClientId, Owner, Request, Transport};

use crate::letter::Letter;
use crate::limits::{DEVICES_MAX, OVER_UDP_MAX};
use crate::post::{Post, ROOM, Surroundings};

/// What a request has beside its body and its Content-Type, at most.
const USUAL: usize = 700;

impl Post {
    /// Sends it to each device; who will answer.
    pub(crate) fn send(&mut self, around: &mut Surroundings<'_>, letter: &Letter) -> Vec<ClientId> {
        let (rules, now) = (around.policy.registrar(), around.now);
        let mut devices = devices_of(around, letter);
        devices.retain(|device| around.table.asleep(&letter.to, device, rules, now).is_none());
        let first_way = |device: &str| around.table.ways(&letter.to, device).into_iter().next();
        let ways: Vec<Way> = devices.into_iter().filter_map(first_way).collect();
        ways.iter().filter_map(|way| send(around, letter, way)).collect()
    }

    /// Nobody who is awake would take it: those that sleep are woken, and get it when they say where they are
    /// (RFC 8599 5.6.2).
    pub(crate) fn wake(around: &mut Surroundings<'_>, letter: &Letter) {
        let (rules, now) = (around.policy.registrar(), (around.now, around.wall));
        for device in devices_of(around, letter) {
            if let Some(bell) = around.table.asleep(&letter.to, device, rules, around.now) {
                around.wakes.ask(now, (&letter.to, device, bell), (Why::Message, Urgency::Usual));
            }
        }
    }
}

/// The devices that it may go to.
fn devices_of<'t>(around: &Surroundings<'t>, letter: &Letter) -> Vec<&'t str> {
    let bindings = around.table.of(&letter.to).map_or(&[][..], |bindings| bindings);
    let mut devices: Vec<&str> = bindings.iter().map(registrar::Binding::device).collect();
    devices.retain(|device| letter.device.as_deref().is_none_or(|named| named == *device));
    devices.sort_unstable();
    devices.dedup();
    devices.truncate(DEVICES_MAX);
    devices
}

fn send(around: &mut Surroundings<'_>, letter: &Letter, way: &Way) -> Option<ClientId> {
    // A proxy that a phone registered by would have to be looked up first: such a phone comes for its
    // messages by another way or not at all.
    let Way::On { flow, contact } = way else { return None };
    let size = USUAL + letter.kind.len() + letter.body.len();
    if flow.transport == Transport::Udp && size > OVER_UDP_MAX {
        return None;
    }
    let chance = around.stack.chance();
    let (tag, call_id) = (chance.text(12), chance.text(24));
    let from = format!("{};tag={tag}", around.policy.address_of(&letter.from));
    let to = around.policy.address_of(&letter.to);
    let date = date(letter.at);
    let request = Request {
        method: Method::Message,
        uri: contact,
        flow: *flow,
        server_name: None,
        from: &from,
        to: &to,
        call_id: &call_id,
        cseq: 1,
        routes: &[],
        contact: None,
        max_forwards: 70,
        session: None,
        headers: &[("Date", &date)],
        body: Some((&letter.kind, letter.body.as_bytes())),
    };
    let owner = Owner { room: ROOM, key: letter.number, part: 0 };
    Some(around.stack.request(around.now, &request, owner, around.sends))
}
