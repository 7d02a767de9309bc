//! What a call knows of the far end of each leg, whoever began it.

use std::sync::Arc;

use policy::{
    AttemptPlan, CallPlan, Callee, Connected, Credentials, Direction, Introduction, LegRules, Line,
};

use crate::talker::Talker;
use crate::timer::Timer;

/// One far end.
#[derive(Debug)]
pub(crate) struct End {
    pub party: Callee,
    pub asked: Asked,
    pub rules: Arc<LegRules>,
    pub timer: Timer,
    pub session: Talker,
    /// What its challenges are answered with.
    pub credentials: Option<Arc<Credentials>>,
    /// Who is there, as far as anybody vouches for it.
    pub known: Connected,
    /// What it is told of the other side, and whether it has not heard yet.
    pub told: Introduction,
    pub is_owed_news: bool,
}

/// Who asked for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    ByUs,
    ByThem,
}

/// Headers of an INVITE that say who calls, and go on to be true.
const OF_IDENTITY: [&str; 4] = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Privacy"];

impl End {
    pub(crate) fn of_caller(plan: &CallPlan) -> End {
        let name = plan.calling.0.clone();
        let party = match plan.direction {
            Direction::Inbound | Direction::Transit => Callee::Trunk(name),
            Direction::Outbound | Direction::Internal => Callee::User(name),
        };
        let (known, asked) = (plan.caller.clone(), Asked::ByThem);
        End { known, asked, ..End::new(party, &plan.leg, plan.credentials.clone()) }
    }

    pub(crate) fn of_callee(plan: &AttemptPlan) -> End {
        let is_identity = |(name, _): &&Line| OF_IDENTITY.contains(&&**name);
        let mut headers: Vec<Line> = plan.heading.headers.iter().filter(is_identity).cloned().collect();
        headers.shrink_to_fit();
        End {
            known: plan.connected.clone(),
            told: Introduction { from: None, headers },
            ..End::new(plan.callee.clone(), &plan.leg, plan.credentials.clone())
        }
    }

    /// The same far end as a party of another call.
    pub(crate) fn for_another(&self) -> End {
        End {
            party: self.party.clone(),
            asked: self.asked,
            rules: self.rules.clone(),
            timer: self.timer.for_another(),
            session: self.session,
            credentials: self.credentials.clone(),
            known: self.known.clone(),
            told: self.told.clone(),
            is_owed_news: self.is_owed_news,
        }
    }

    fn new(party: Callee, rules: &Arc<LegRules>, credentials: Option<Arc<Credentials>>) -> End {
        End {
            party,
            asked: Asked::ByUs,
            rules: rules.clone(),
            timer: Timer::new(rules.session_timer),
            session: Talker::default(),
            credentials,
            known: Connected::default(),
            told: Introduction::default(),
            is_owed_news: false,
        }
    }
}
