//! What a recorder asks for in its dialog: all metadata anew, streams otherwise than it had them, the end.

use std::mem;

use media::{Aim, Copying, Order, Reports, Running, Senders, Sending, SessionKey, Side, Turn};
use sdp::Session;
use sip_message::{Message, Method};
use sip_stack::{Flow, Reply, ServerId};

use crate::Room;
use crate::body::{self, Body};
use crate::call::{Call, Unacked};
use crate::scene::{Answered, Scene};
use crate::sitting::{Ordered, Ports, Sitting, Stage, Taken};
use crate::time::T2;

impl Call {
    /// Whether a message belongs to the dialog with a recorder.
    pub(crate) fn is_of_recorder(&self, message: &Message<'_>) -> bool {
        self.sittings.iter().any(|sitting| sitting.has_dialog_of(message))
    }

    /// A request of a recorder.
    pub(crate) fn recorder_asks(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
    ) {
        let mut sittings = mem::take(&mut self.sittings);
        match sittings.iter_mut().find(|sitting| sitting.has_dialog_of(message)) {
            Some(sitting) => self.one_recorder_asks(room, (server, flow), sitting, message),
            None => room.reply(server, 481),
        }
        self.sittings = sittings;
    }

    fn one_recorder_asks(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        sitting: &mut Sitting,
        message: &Message<'_>,
    ) {
        let scene = self.scene(sitting);
        let Stage::Taken(taken) = &mut sitting.stage else { return room.reply(server, 481) };
        if let Err(fault) = taken.dialog.admit(message) {
            return room.reply(server, fault.status());
        }
        taken.dialog.heard_on(flow);
        match message.method().unwrap_or(Method::Other("")) {
            Method::Bye => {
                room.reply(server, 200);
                self.recorder_gone(room, sitting, "it hung up", scene);
            }
            Method::Invite | Method::Update if taken.change.is_some() || taken.unacked.is_some() => {
                room.reply(server, 491);
            }
            Method::Invite | Method::Update => self.recorder_offers(room, server, sitting, message),
            Method::Options => room.reply_with(server, 200, None, &[("Allow", sip_stack::ALLOW)]),
            _ => room.reply_with(server, 405, None, &[("Allow", sip_stack::ALLOW)]),
        }
    }

    /// A recorder wants all anew, or its streams otherwise.
    fn recorder_offers(
        &self,
        room: &mut Room<'_>,
        server: ServerId,
        sitting: &mut Sitting,
        message: &Message<'_>,
    ) {
        let (now, scene) = (room.now.instant, self.scene(sitting));
        let (said, is_invite) = (body::of(message), message.method() == Some(Method::Invite));
        let ours = match said {
            Body::Sdp(offer) => match answer_to(room, sitting, &scene, offer) {
                Ok(answer) => Some(answer),
                Err(_) => return room.reply(server, 488),
            },
            // An INVITE without an offer would have ours in its answer: it is told by an INVITE of ours.
            Body::None | Body::Unknown if is_invite => return room.reply(server, 488),
            Body::None | Body::Unknown => None,
        };
        let Stage::Taken(taken) = &mut sitting.stage else { return };
        taken.is_curious |= siprec::is_snapshot_wanted(message.body());
        let reply = Reply {
            status: 200,
            contact: Some(&taken.contact),
            headers: &[("Allow", sip_stack::ALLOW)],
            body: ours.as_deref().map(|ours| ("application/sdp", ours)),
            ..Reply::default()
        };
        let wire = room.stack.respond(now, server, &reply, room.sends);
        taken.dialog.retarget(message);
        if let (Some(wire), true) = (wire, is_invite) {
            let (flow, cseq) = (taken.dialog.flow(), message.cseq().number);
            taken.unacked = Some(Unacked::boxed(now, wire, flow, cseq));
        }
        if let Body::Sdp(offer) = said {
            taken.answered = Answered { description: offer.to_vec() };
        }
    }

    /// The ACK of a recorder.
    pub(crate) fn recorder_acked(&mut self, message: &Message<'_>) {
        let acked = self.sittings.iter_mut().find(|sitting| sitting.has_dialog_of(message));
        let Some(Stage::Taken(taken)) = acked.map(|sitting| &mut sitting.stage) else { return };
        let cseq = message.cseq().number;
        taken.unacked.take_if(|unacked| unacked.cseq == cseq);
    }

    /// Tells the relay what is copied, and where that goes.
    pub(crate) fn order_copies(&self, room: &mut Room<'_>, sitting: &mut Sitting) {
        let session = self.copies(sitting);
        let Stage::Taken(taken) = &sitting.stage else {
            if let Some(ordered) = &mut sitting.ordered {
                let aims =
                    ordered.aims.clone().map(|aim| aim.map(|aim| Aim { sending: Sending::Held, ..aim }));
                self.order_aims_of_copies(room, session, ordered, aims);
            }
            return;
        };
        let Some(Ports { .. }) = &sitting.ports else { return };
        let Ok(answered) = Session::parse(&taken.answered.description) else { return };
        let sides = [Side::Caller, Side::Callee];
        let targets = sdp::media_targets(&answered);
        let aims = sides.map(|side| {
            let target = targets.get(side as usize)?;
            let line = answered.media.get(side as usize)?;
            let may_send =
                target.direction.receives() && self.tapes.running == Running::Yes && line.port != 0;
            Some(Aim {
                rtp: target.rtp,
                reports: Reports::Apart(target.rtcp),
                sending: if may_send { Sending::Insisted } else { Sending::Held },
                senders: Senders::Signalled,
                turn: Turn::Same,
                clock: line.codecs().first().map_or(8_000, |codec| codec.clock),
                protection: sitting.keys.protection(side as usize),
                door: None,
            })
        });
        let types = sides.map(|side| taken.told.types(side, &answered).into());
        let copying = Copying { session, stream: 0, types };
        let line = self.bridge.sound_line().filter(|_| self.bridge.is_open());
        let copies = line.map(|line| (self.bridge.session(), line, copying));
        let ordered = sitting.ordered.get_or_insert(Ordered { aims: [None, None], copies: None });
        self.order_aims_of_copies(room, session, ordered, aims);
        if ordered.copies != copies {
            if let Some((session, stream, copying)) = copies.clone() {
                room.orders.push(Order::Copy { session, stream, copying: Some(Box::new(copying)) });
            }
            ordered.copies = copies;
        }
    }

    fn order_aims_of_copies(
        &self,
        room: &mut Room<'_>,
        session: SessionKey,
        ordered: &mut Ordered,
        aims: [Option<Aim>; 2],
    ) {
        for (side, aim) in [Side::Caller, Side::Callee].into_iter().zip(&aims) {
            if let Some(aim) = aim.clone().filter(|aim| ordered.aims[side as usize].as_ref() != Some(aim)) {
                room.orders.push(Order::Aim { session, stream: 0, side, aim });
            }
        }
        ordered.aims = aims;
    }
}

impl Taken {
    /// Repeats our answer to its INVITE until that is acknowledged.
    pub fn repeat(&mut self, room: &mut Room<'_>) {
        let now = room.now.instant;
        self.unacked.take_if(|unacked| unacked.give_up_at <= now);
        let Some(unacked) = &mut self.unacked else { return };
        if unacked.repeat_at.is_some_and(|at| at <= now) {
            unacked.gap = (unacked.gap * 2).min(T2);
            unacked.repeat_at = Some(now + unacked.gap);
            room.stack.resend(unacked.flow, unacked.wire.clone(), room.sends);
        }
    }
}

/// What we say to a recorder's offer: the streams that it takes, in the codecs that both have.
fn answer_to(
    room: &mut Room<'_>,
    sitting: &mut Sitting,
    scene: &Scene,
    offer: &[u8],
) -> Result<Vec<u8>, String> {
    let theirs = Session::parse(offer).map_err(|error| error.to_string())?;
    if theirs.media.len() != scene.voices.len() {
        return Err("it names other streams than there are".to_owned());
    }
    sitting.keys.take_offer(room.stack.chance(), &theirs)?;
    let covers = sitting.keys.answer();
    let Some(ports) = &sitting.ports else { return Err("no media port is free".to_owned()) };
    let place = (ports.advertise, ports.pairs.map(|pair| pair.port));
    let mut ours = scene.clone();
    for (side, line) in [Side::Caller, Side::Callee].into_iter().zip(&theirs.media) {
        let types = scene.types(side, &theirs);
        let voice = &mut ours.voices[side as usize];
        voice.formats.retain(|format| types.iter().any(|(own, _)| *own == format.payload_type));
        if !theirs.direction_of(line).receives() || line.port == 0 {
            voice.formats.clear();
        }
    }
    sitting.description.version += 1;
    Ok(ours.offer(place, sitting.description, &covers))
}
