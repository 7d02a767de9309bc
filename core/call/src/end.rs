//! What a call knows of the far end of each leg, whoever began it.

use std::sync::Arc;

use policy::{AttemptPlan, CallPlan, Credentials, LegRules};

use crate::timer::Timer;

/// One far end.
#[derive(Debug)]
pub(crate) struct End {
    pub rules: LegRules,
    pub timer: Timer,
    /// What its challenges are answered with.
    pub credentials: Option<Arc<Credentials>>,
}

impl End {
    pub(crate) fn of_caller(plan: &CallPlan) -> End {
        End::new(&plan.leg, plan.credentials.clone())
    }

    pub(crate) fn of_callee(plan: &AttemptPlan) -> End {
        End::new(&plan.leg, plan.credentials.clone())
    }

    fn new(rules: &LegRules, credentials: Option<Arc<Credentials>>) -> End {
        End { rules: rules.clone(), timer: Timer::new(rules.session_timer), credentials }
    }
}
