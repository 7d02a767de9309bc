//! What a call knows of the far end of each leg, whoever began it.

use std::sync::Arc;

use policy::{AttemptPlan, CallPlan, Callee, Credentials, Direction, LegRules};

use crate::timer::Timer;

/// One far end.
#[derive(Debug)]
pub(crate) struct End {
    pub party: Callee,
    pub rules: LegRules,
    pub timer: Timer,
    /// What its challenges are answered with.
    pub credentials: Option<Arc<Credentials>>,
}

impl End {
    pub(crate) fn of_caller(plan: &CallPlan) -> End {
        let name = plan.calling.0.clone();
        let party = match plan.direction {
            Direction::Inbound | Direction::Transit => Callee::Trunk(name),
            Direction::Outbound | Direction::Internal => Callee::User(name),
        };
        End::new(party, &plan.leg, plan.credentials.clone())
    }

    pub(crate) fn of_callee(plan: &AttemptPlan) -> End {
        End::new(plan.callee.clone(), &plan.leg, plan.credentials.clone())
    }

    /// The same far end as a party of another call.
    pub(crate) fn for_another(&self) -> End {
        End {
            party: self.party.clone(),
            rules: self.rules.clone(),
            timer: self.timer.for_another(),
            credentials: self.credentials.clone(),
        }
    }

    fn new(party: Callee, rules: &LegRules, credentials: Option<Arc<Credentials>>) -> End {
        End { party, rules: rules.clone(), timer: Timer::new(rules.session_timer), credentials }
    }
}
