//! The steps of a decision, in the order they are walked and explained.

use crate::facts::Facts;
use crate::plan::CallPlan;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::trail::Trail;

pub(crate) fn walk(_: &Policy, _: &Facts, _: &mut Trail) -> Result<CallPlan, Refusal> {
    Err(Refusal::new(Code::NO_ROUTE, ""))
}
