//! What the parties have done, as far as it says who must be speaking with whom; and whether they do.

use std::time::Duration;

use actors::{Chance, Ended, Stage};

use super::{legs_up, living};
use crate::handle::{ActorHandle, CallHandle};
use crate::judges::Speech;
use crate::network::Link;
use crate::world::World;

/// A change that crossed another one is tried again within this time, however bad the line is.
const SETTLES: Duration = Duration::from_secs(40);
/// After this, whoever is heard has been heard.
const LISTENS: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(super) fn other(self) -> Side {
        match self {
            Side::Caller => Side::Callee,
            Side::Callee => Side::Caller,
        }
    }
}

pub(super) struct Model {
    caller: ActorHandle,
    /// One of them has the call, or all ring.
    callees: Vec<ActorHandle>,
    call: CallHandle,
    /// Callees that did not want the call while others rang.
    declined: Vec<String>,
    pub has_hung_up: bool,
    /// Whoever gave the call away.
    pub transferor: Option<Side>,
    /// Whose place was to be taken, and by which call.
    pub taker: Option<(Side, CallHandle)>,
}

impl Model {
    pub(super) fn new(caller: ActorHandle, callees: Vec<ActorHandle>, call: CallHandle) -> Model {
        let declined = Vec::new();
        Model { caller, callees, call, declined, has_hung_up: false, transferor: None, taker: None }
    }

    /// Everybody who may stand on a side.
    fn people(&self, side: Side) -> Vec<ActorHandle> {
        let taker = self.taker.iter().filter(|(of, _)| *of == side).map(|(_, call)| call.owner.clone());
        let own = match side {
            Side::Caller => vec![self.caller.clone()],
            Side::Callee => self.callees.clone(),
        };
        taker.chain(own).collect()
    }

    /// The leg of whoever is on a side: in the call before ringing.
    pub(super) fn leg(&self, side: Side, chance: &mut Chance) -> Option<CallHandle> {
        let legs: Vec<CallHandle> = self.people(side).iter().filter_map(living).collect();
        let is_up = legs.iter().find(|leg| leg.is_up()).cloned();
        is_up.or_else(|| (!legs.is_empty()).then(|| chance.one_of(&legs).clone()))
    }

    pub(super) fn hang_up(&mut self, leg: &CallHandle) {
        let is_one_of_many = self.callees.len() > 1 && leg.stage() == Stage::Ringing;
        if is_one_of_many && !self.declined.contains(&leg.owner.name()) {
            self.declined.push(leg.owner.name());
        }
        // Whoever wants a place and gives up may have it already, as far as the house knows.
        self.has_hung_up |= !is_one_of_many;
        leg.hangs_up();
    }

    /// What is wrong with who is in calls.
    fn faults(&self, legs: &[CallHandle]) -> Vec<String> {
        let names = |side: Side| self.people(side).iter().map(ActorHandle::name).collect::<Vec<_>>();
        let is_out = |side: Side| {
            let names = names(side);
            !legs.iter().any(|leg| names.contains(&leg.owner.name()))
        };
        // Every copy of the INVITE was lost, and who was called has not heard of it; or that one insists on
        // PRACK, and the caller, who leaves the offer to it, knows none.
        let is_unheard = matches!(self.call.ended(), Some(Ended::Refused(408 | 421)));
        let wants_none = |one: &ActorHandle| self.declined.contains(&one.name()) || one.legs().is_empty();
        let is_declined = !self.declined.is_empty() && self.callees.iter().all(wants_none);
        let must_be_in = match self.transferor {
            _ if self.has_hung_up || is_declined => vec![],
            Some(side) => vec![side.other()],
            None if is_unheard => vec![],
            None => vec![Side::Caller, Side::Callee],
        };
        let out = must_be_in.into_iter().filter(|side| is_out(*side));
        let mut faults: Vec<String> = out
            .map(|side| format!("{} hung up on nobody and is in no call", names(side).join(" or ")))
            .collect();
        // Of several who ring, one may have answered unheard and hung up.
        let is_alone = self.callees.len() == 1 && self.transferor.is_none() && self.taker.is_none();
        let goes_on = self.has_hung_up && is_alone;
        if goes_on && self.call.is_up() {
            faults.push("the call was hung up and goes on".to_owned());
        }
        faults
    }
}

/// Everybody who is left takes the call back from hold on a line that is good again; then the model is asked.
pub(super) fn settle(world: &mut World, model: &Model) -> Vec<Speech> {
    world.links_all(Link::default());
    for one in world.everybody() {
        one.loses_its_habits();
    }
    world.run_for(SETTLES);
    for _ in 0..2 {
        for leg in legs_up(world) {
            leg.resumes();
            world.run_for(Duration::from_secs(6));
        }
    }
    let legs = legs_up(world);
    let before: Vec<u64> = legs.iter().map(CallHandle::packets_heard).collect();
    world.run_for(LISTENS);
    let mut faults = Vec::new();
    for (leg, before) in legs.iter().zip(before) {
        if leg.is_up() && leg.packets_heard() < before + 4 {
            faults.push(format!("{} is in a call and hears nobody", leg.owner.name()));
        }
    }
    if !legs.len().is_multiple_of(2) {
        let names: Vec<String> = legs.iter().map(|leg| leg.owner.name()).collect();
        faults.push(format!("{} are in calls: one of them alone", names.join(", ")));
    }
    faults.extend(model.faults(&legs));
    faults.into_iter().map(|words| Speech { judge: "model", words }).collect()
}
