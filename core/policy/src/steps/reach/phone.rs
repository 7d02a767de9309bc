//! One phone is called by its own address (RFC 5627 6.1): its user's wishes for who may call hold, forwards
//! do not, and nothing rings along.

use std::sync::Arc;

use super::{Path, Reach};
use crate::after::{Begins, Next};
use crate::facts::Gruu;
use crate::policy::User;
use crate::refusal::{Code, Refusal};
use crate::steps::place::Ringing;
use crate::steps::{Called, attempt, gruu, place};
use crate::trail::Trail;

impl<'p> Reach<'_, 'p> {
    /// The index of the attempt to reach it.
    pub(super) fn phone(
        &mut self,
        called: &Called<'p>,
        (user, named): (&'p Arc<User>, &Gruu),
        path: &Path<'_, 'p>,
        trail: &mut Trail,
    ) -> Result<usize, Refusal> {
        let calling = self.calling;
        let found = place::ringing(calling.policy, path.who.facts, calling.speaker, user, trail)?;
        let ringing = match found.user.name == user.name {
            true => Ringing { devices: gruu::only(found.devices, called), ..found },
            false => Ringing { user, devices: Vec::new() },
        };
        if ringing.devices.is_empty() {
            let words = format!("the one phone of {} that is called is not there", user.name);
            return Err(Refusal::new(Code::NO_DEVICE, words));
        }
        let attempts = attempt::to_user(calling.policy, path.who, calling.caller, called, &ringing)?;
        let first = self.attempts.len();
        for mut attempt in attempts.into_iter().take(1) {
            attempt.begins = Begins::After;
            attempt.next = Next::Nowhere;
            // The address tells nobody whose it is, and so does its answer.
            attempt.connected.is_hidden |= named.is_temporary;
            self.attempts.push(attempt);
        }
        Ok(first)
    }
}
