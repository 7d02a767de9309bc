//! Why: what each step of a decision found, in the order of the steps.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::says::Says;

/// So many a usual call has.
const STEPS: usize = 12;

/// The reasons of one decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trail {
    pub steps: Vec<Step>,
    /// What became of it when it was carried out; explanations have none of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<String>,
    /// Users whose devices mattered.
    #[serde(skip)]
    asked: Vec<Arc<str>>,
    /// Teams and their members whose turns mattered.
    #[serde(skip)]
    asked_turns: Vec<Arc<str>>,
    /// Users of whom it mattered how many calls they have.
    #[serde(skip)]
    asked_calls: Vec<Arc<str>>,
    /// The user of whom it mattered whether they called for help.
    #[serde(skip)]
    asked_help: Option<Arc<str>>,
}

/// What one step found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub name: &'static str,
    /// One word: `ok`, `no`, `refused`, or what was found.
    pub verdict: Cow<'static, str>,
    /// One sentence.
    pub says: Says,
    /// File and line of the rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
}

/// One of several things that were weighed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Considered {
    pub outcome: Outcome,
    pub name: Arc<str>,
    pub why: Says,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Arc<str>>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Chosen,
    /// It would do, after the chosen one.
    Next,
    Rejected,
}

impl Trail {
    /// Nothing found yet.
    pub fn new() -> Trail {
        Trail::default()
    }

    /// Adds what became of the decision when it was carried out.
    pub fn followed(&mut self, says: String) {
        self.then.push(says);
    }

    /// Nothing more is found: what stands now is kept as long as the call.
    pub(crate) fn rest(&mut self) {
        self.steps.shrink_to_fit();
    }

    /// A user's devices matter for the decision.
    pub(crate) fn asked_for(&mut self, user: &Arc<str>) {
        if !self.asked.contains(user) {
            self.asked.push(Arc::clone(user));
        }
    }

    /// The turns of a team, or the idleness of its members, matter for the decision.
    pub(crate) fn asked_for_turn(&mut self, names: impl Iterator<Item = Arc<str>>) {
        self.asked_turns.extend(names);
    }

    /// How many calls a user has matters for the decision.
    pub(crate) fn asked_for_calls(&mut self, user: &Arc<str>) {
        if !self.asked_calls.contains(user) {
            self.asked_calls.push(user.clone());
        }
    }

    /// Whether a user called for help matters for the decision.
    pub(crate) fn asked_for_help(&mut self, user: &Arc<str>) {
        self.asked_help = Some(user.clone());
    }

    pub(crate) fn asked_help(&self) -> Option<&Arc<str>> {
        self.asked_help.as_ref()
    }

    pub(crate) fn asked_calls(&self) -> &[Arc<str>] {
        &self.asked_calls
    }

    pub(crate) fn asked_turns(&self) -> &[Arc<str>] {
        &self.asked_turns
    }

    pub(crate) fn asked(&self) -> &[Arc<str>] {
        &self.asked
    }

    pub(crate) fn note(
        &mut self,
        name: &'static str,
        verdict: impl Into<Cow<'static, str>>,
        says: impl Into<Says>,
    ) -> &mut Step {
        if self.steps.is_empty() {
            self.steps.reserve_exact(STEPS);
        }
        let step =
            Step { name, verdict: verdict.into(), says: says.into(), at: None, considered: Vec::new() };
        self.steps.push(step);
        self.steps.last_mut().expect("a step was just pushed")
    }
}

impl Step {
    pub(crate) fn at(&mut self, location: &Arc<str>) -> &mut Step {
        self.at = Some(location.clone());
        self
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            let line = format!("{:2} {:11} {:13} {}", index + 1, step.name, step.verdict, step.says);
            write_located(f, &line, step.at.as_deref())?;
            for row in &step.considered {
                let mark = match row.outcome {
                    Outcome::Chosen => '✔',
                    Outcome::Next => '→',
                    Outcome::Rejected => '✘',
                };
                write_located(f, &format!("     {mark} {:16} {}", row.name, row.why), row.at.as_deref())?;
            }
        }
        for says in &self.then {
            writeln!(f, "   then        {says}")?;
        }
        Ok(())
    }
}

fn write_located(f: &mut fmt::Formatter<'_>, line: &str, at: Option<&str>) -> fmt::Result {
    match at {
        Some(at) => writeln!(f, "{line:88} {at}"),
        None => writeln!(f, "{}", line.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Considered, Step};
    use crate::call_plan::AttemptPlan;
    use crate::facts::Facts;

    /// A call keeps its facts, its plan and a dozen steps as long as it lasts.
    #[test]
    fn what_a_call_keeps_of_its_decision_is_small() {
        assert!(size_of::<Step>() <= 136, "{} bytes", size_of::<Step>());
        assert!(size_of::<Considered>() <= 96, "{} bytes", size_of::<Considered>());
        assert!(size_of::<AttemptPlan>() <= 472, "{} bytes", size_of::<AttemptPlan>());
        assert!(size_of::<Facts>() <= 696, "{} bytes", size_of::<Facts>());
    }
}
