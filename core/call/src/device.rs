//! A phone that registered: it is reached as it registered, and by no other way.

use policy::{AttemptPlan, Cause, Large};
use registrar::Way;
use sip_stack::is_sips;
use sip_stack::locate::Target;

use crate::Room;
use crate::attempt::Hop;
use crate::call::{Call, State};

impl Call {
    /// The ways to a registered device, one after the other.
    pub(crate) fn find_device(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        device: &str,
    ) -> Result<(), (Cause, String)> {
        if self.wakes(room, plan, device) {
            return Ok(());
        }
        let ways = room.registered.ways(plan.callee.name(), device);
        let is_sips_call = is_sips(&plan.target);
        let named = |contact: Box<str>| match (is_sips(&contact), is_sips_call) {
            // A call that is no sips call does not become one: the same way leads to both (RFC 5630).
            (true, false) => Some(["sip:", &contact["sips:".len()..]].concat().into()),
            (false, true) => None,
            _ => Some(contact),
        };
        let State::Placing(attempt) = &mut self.state else { return Ok(()) };
        if let Some(Way::By { path, contact }) = ways.first() {
            attempt.routes = path.as_slice().into();
            attempt.registered = named(contact.clone());
            let first = path.first().map(|first| crate::place::route_uri(first).to_owned());
            return self.ask_where(room, plan, &first.unwrap_or_default());
        }
        let hops = ways.into_iter().filter_map(|way| match way {
            Way::On { flow, contact } => {
                let target = Target { transport: flow.transport, address: flow.remote, server_name: None };
                let registered = Some((flow, named(contact)?));
                Some(Hop { target, large: Large::AsConfigured, registered })
            }
            Way::By { .. } => None,
        });
        attempt.others = hops.collect();
        if attempt.others.is_empty() {
            return Err((Cause::Transport, "it is not registered any more".to_owned()));
        }
        self.invite_next(room)
    }
}
