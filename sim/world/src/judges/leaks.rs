//! At the end nothing is held: no call, transaction, port, permit, question, stream.

use std::sync::Arc;

use policy::Policy;
use switch::Held;

use crate::judges::Last;

pub(crate) fn finish(last: &Last, policies: &[Arc<Policy>]) -> Vec<String> {
    let mut faults = Vec::new();
    if last.held != Held::default() {
        faults.push(format!("the switch still holds {:?}", last.held));
    }
    if last.streams > 0 || last.bound > 0 {
        faults.push(format!("the relay still has {} streams and {} ports", last.streams, last.bound));
    }
    let limits = policies.iter().flat_map(|policy| policy.limits());
    for limit in limits.filter(|limit| limit.used() > 0) {
        faults.push(format!("{} permits of {} are still out", limit.used(), limit.name()));
    }
    faults
}
