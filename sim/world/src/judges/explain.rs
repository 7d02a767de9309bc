//! A live call's trail is what `plan` says about its facts, and so is its decision.

use std::sync::Arc;

use call::{AttemptRecord, Event, Record};
use policy::{CallPlan, Decision, Facts, Policy, Trail, plan};

use crate::sight::Sight;

#[derive(Default)]
pub(crate) struct Explain {
    policies: Vec<Arc<Policy>>,
    faults: Vec<String>,
}

impl Explain {
    pub(crate) fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::Adopted { policy } => self.policies.push(Arc::clone(policy)),
            Sight::Kept { record, .. } => self.compare_record(record),
            Sight::Told { event: Event::TurnedAway { facts, refusal, trail, .. } } => {
                let revision = self.policies.last().map_or(0, |policy| policy.revision());
                let Some((said, now_trail)) = self.plan_again(revision, facts) else { return };
                let is_same = matches!(&said, Decision::No(again) if again.code == refusal.code);
                if !is_same || now_trail != **trail {
                    self.faults.push(format!("turned away with {refusal}, explained as {said:?}"));
                }
            }
            Sight::Told { .. }
            | Sight::HouseSent { .. }
            | Sight::HouseReceived { .. }
            | Sight::Noted { .. } => {}
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    fn plan_again(&mut self, revision: u64, facts: &Facts) -> Option<(Decision, Trail)> {
        let Some(policy) = self.policies.iter().find(|policy| policy.revision() == revision) else {
            self.faults.push(format!("a decision names revision {revision}, which never was"));
            return None;
        };
        let mut trail = Trail::default();
        Some((plan(policy, facts, &mut trail), trail))
    }

    fn compare_record(&mut self, record: &Record) {
        let Some((said, trail)) = self.plan_again(record.revision, &record.facts) else { return };
        if trail.steps != record.trail.steps {
            let id = &record.id;
            self.faults
                .push(format!("record {id} has another trail than its facts:\n{}\n{trail}", record.trail));
        }
        let Decision::Go(plan) = said else {
            if !record.attempts.is_empty() {
                self.faults.push(format!("record {} has attempts, and its facts are refused", record.id));
            }
            return;
        };
        self.faults.extend(out_of_order(&plan, record));
    }
}

/// Whether the plan led there, and neither a far end nor somebody who picked the call up.
fn is_of_plan(attempt: &AttemptRecord) -> bool {
    !attempt.redirected && !attempt.picked_up
}

/// What is wrong with the order of a record's attempts. A call goes through its plan once more for addresses
/// that it left out, and a call for help two times more for all of them.
fn out_of_order(plan: &CallPlan, record: &Record) -> Option<String> {
    let planned: Vec<&str> = plan.attempts.iter().map(|attempt| &*attempt.target).collect();
    let (mut at, mut rounds, mut began) = (0, 1, 0);
    for (index, attempt) in record.attempts.iter().enumerate().filter(|(_, one)| is_of_plan(one)) {
        match planned[at..].iter().position(|target| **target == *attempt.target) {
            Some(skipped) => at += skipped,
            None => {
                let Some(again) = planned.iter().position(|target| **target == *attempt.target) else {
                    return Some(format!("record {}: {} isn't planned", record.id, attempt.target));
                };
                at = again;
                (rounds, began) = (rounds + 1, index);
            }
        }
        let is_second = |other: &AttemptRecord| other.remote.is_some() && other.remote == attempt.remote;
        let was_asked = rounds == 2 && record.attempts[..began].iter().any(is_second);
        let is_too_much = rounds > 4 || !plan.emergency && (rounds > 2 || was_asked);
        if is_too_much {
            return Some(format!("record {}: {} is out of the plan's order", record.id, attempt.target));
        }
    }
    None
}
