//! Phones that know of recording see how it stands in our descriptions (RFC 7866, 6.1.2 and 7.1.2).

use media::Side;
use sip_message::Method;

use crate::Room;
use crate::call::{Call, State};
use crate::moving::Presence;
use crate::timer::Knows;

impl Call {
    /// Tells whoever wants to know, one after the other. In a call for help nothing is asked of anybody.
    pub(crate) fn indicate_recording(&mut self, room: &mut Room<'_>) {
        let state = match self.recording() {
            Some("running") => "on",
            Some(_) => "paused",
            None => return,
        };
        let is_quiet = matches!(self.state, State::Up(_)) && self.exchange.is_none() && self.bridge.is_open();
        for side in [Side::Caller, Side::Callee] {
            let is_here = self.here[side as usize] == Presence::Here;
            let wants = is_here && self.end(side).timer.knows_recording == Knows::Yes;
            if !wants || self.plan.emergency || self.bridge.indicates(side) == Some(state) {
                continue;
            }
            if is_quiet && !self.is_unsettled() {
                self.bridge.indicate(side, state);
                self.send_refresh(room, side, Method::Invite, None);
            }
        }
    }
}
