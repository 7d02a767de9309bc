//! An address that names one phone of a user (RFC 5627): that one rings, and no other; nobody is sent on.

use sip_message::Uri;

use crate::facts::Facts;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::steps::Called;
use crate::steps::devices::Device;
use crate::trail::Trail;

const NAME: &str = "gruu";

/// The user whose phone is called by an address of its own.
pub(crate) fn phone<'p>(policy: &'p Policy, facts: &Facts, trail: &mut Trail) -> Option<Called<'p>> {
    let gruu = facts.gruu.as_ref()?;
    let user = policy.users.get(&gruu.user).filter(|user| user.registers)?;
    trail.note(NAME, "ok", format!("names the phone {} of {}", gruu.device, user.name)).at(&user.at);
    Some(Called { phone: Some(gruu.clone()), ..Called::inside(user) })
}

/// Who asks for one phone of ours by an address that nobody has gets no other one (RFC 5627 6.1). What leads
/// outside is not ours to judge.
pub(crate) fn holds(facts: &Facts, called: &Called<'_>, trail: &mut Trail) -> Result<(), Refusal> {
    let Some(owner) = called.owner.filter(|_| called.phone.is_none()) else { return Ok(()) };
    let is_gruu = Uri::parse(&facts.request_uri).is_ok_and(|uri| uri.param("gr").is_some());
    if !is_gruu {
        return Ok(());
    }
    let words = format!("no phone of {} has this address", owner.name);
    trail.note(NAME, "refused", words.clone()).at(&owner.at);
    Err(Refusal::new(Code::NO_SUCH_PHONE, words))
}

/// Of several devices, the one that is named.
pub(crate) fn only<'p>(devices: Vec<Device<'p>>, called: &Called<'_>) -> Vec<Device<'p>> {
    let Some(gruu) = &called.phone else { return devices };
    let is_it = |device: &Device<'_>| device.registered().is_some_and(|fact| fact.device == gruu.device);
    devices.into_iter().filter(is_it).collect()
}
