//! Random policies: what the house decides, against the reference; and what is explained, against what is
//! decided.

mod calls;
mod houses;

use std::collections::BTreeMap;
use std::fmt;

use actors::Chance;
use model::{Documents, SecretRef, Secrets};
use policy::{Code, Decision, Facts, Policy, Trail, plan, plan_live};

use crate::reference::{Answer, House, Numbering};
use houses::Written;

/// Calls through each policy.
const CALLS: usize = 24;

/// What so many policies came to.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    pub policies: u64,
    pub calls: u64,
    /// Calls that both opinions refused, by their codes.
    pub refused: BTreeMap<Code, u64>,
    /// Calls for help.
    pub emergencies: u64,
    pub failures: Vec<Disagreement>,
}

/// A call about which the two opinions differ, with the fewest documents that still do.
#[derive(Clone, Debug)]
pub struct Disagreement {
    pub seed: u64,
    pub words: String,
    pub documents: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy seed {}: {}\n{}", self.seed, self.words, self.documents)
    }
}

/// Compares opinions about random calls through the policies of `count` seeds.
pub fn compare(from: u64, count: u64) -> Compared {
    let numbering = Numbering::read();
    let mut compared = Compared::default();
    for seed in from..from + count {
        one_policy(&mut compared, &numbering, seed);
    }
    compared
}

fn one_policy(compared: &mut Compared, numbering: &Numbering, seed: u64) {
    let mut chance = Chance::new(seed ^ 0x9e0_11c1e5);
    let mut written = houses::documents(&mut chance);
    let (documents, policy) = house_of(&mut written);
    compared.policies += 1;
    for _ in 0..CALLS {
        let facts = calls::call(&mut chance, &documents);
        compared.calls += 1;
        let house = House { documents: &documents, numbering };
        match disagreement(&house, &policy, &facts) {
            Err(_) => {
                compared.failures.push(smallest(numbering, seed, &written, &facts));
                return;
            }
            Ok(Answer::Refused(code)) => *compared.refused.entry(code).or_default() += 1,
            Ok(Answer::Goes(goes)) => compared.emergencies += u64::from(goes.emergency),
        }
    }
}

/// A house without the documents that contradict others.
fn house_of(written: &mut Vec<Written>) -> (Documents, Policy) {
    loop {
        match compiled(written) {
            Ok(both) => return both,
            Err(wrong) => houses::mend(written, &wrong),
        }
    }
}

/// Documents and policy; or the last file that something is wrong in.
fn compiled(written: &[Written]) -> Result<(Documents, Policy), String> {
    let wrong = |problems: Vec<model::Problem>| {
        let last = problems.last().map(|problem| problem.file.to_string());
        last.unwrap_or_default()
    };
    let mut documents = model::load(&houses::files(written)).map_err(wrong)?;
    for list in written.iter().filter(|one| one.file.ends_with(".csv")) {
        documents.lists.insert(list.file.as_str().into(), list.text.as_str().into());
    }
    let mut secrets = Secrets::new();
    for name in ["TRUNK", "USER"] {
        secrets.insert(SecretRef::Env(name.into()), "a secret".to_owned());
    }
    let policy = policy::compile(&documents, &secrets).map_err(wrong)?;
    Ok((documents, policy))
}

/// What both say; or how they differ, or how an explanation differs from a decision.
fn disagreement(house: &House<'_>, policy: &Policy, facts: &Facts) -> Result<Answer, String> {
    let mut live = facts.clone();
    let mut trail = Trail::new();
    let decision = plan_live(policy, &mut live, &mut trail);
    let said = Answer::of(&decision);
    let reference = house.answer(facts);
    if said != reference {
        return Err(format!("{}\n{trail}", lines_that_differ(&said, &reference)));
    }
    // As a record keeps them, facts are text: what is planned from them again has to be the very same.
    let kept = serde_json::to_string(&live).expect("facts are data");
    let read: Facts = serde_json::from_str(&kept).expect("facts are read as they were written");
    let mut again = Trail::new();
    let explained = plan(policy, &read, &mut again);
    let text = |trail: &Trail| serde_json::to_string(trail).expect("a trail is data");
    if again != trail || text(&again) != text(&trail) || again.to_string() != trail.to_string() {
        return Err(format!("a live call's trail is\n{trail}\nexplained, it is\n{again}"));
    }
    if written_out(&explained) != written_out(&decision) {
        return Err(format!("decided {decision:?}, explained {explained:?}"));
    }
    Ok(said)
}

/// What one says and the other does not.
fn lines_that_differ(house: &Answer, reference: &Answer) -> String {
    let (house, reference) = (format!("{house:#?}"), format!("{reference:#?}"));
    let only = |one: &str, other: &str, who: &str| -> String {
        let lines = one.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{who}: {}\n", line.trim())).collect()
    };
    let lines = only(&house, &reference, "house") + &only(&reference, &house, "reference");
    if lines.is_empty() { format!("in another order:\n{house}\n{reference}") } else { lines }
}

fn written_out(decision: &Decision) -> String {
    serde_json::to_string(decision).expect("a decision is data")
}

/// Leaves out one document after the other, as long as the two still differ.
fn smallest(numbering: &Numbering, seed: u64, written: &[Written], facts: &Facts) -> Disagreement {
    let differs = |written: &[Written]| {
        let (documents, policy) = compiled(written).ok()?;
        disagreement(&House { documents: &documents, numbering }, &policy, facts).err()
    };
    let mut left = written.to_vec();
    let mut words = differs(&left).unwrap_or_default();
    // Later documents name earlier ones.
    for at in (0..left.len()).rev() {
        let mut fewer = left.clone();
        fewer.remove(at);
        if let Some(still) = differs(&fewer) {
            (left, words) = (fewer, still);
        }
    }
    let call = serde_json::to_string(facts).expect("facts are data");
    let documents = left.iter().map(|one| format!("# {}\n{}\n", one.file, one.text)).collect();
    Disagreement { seed, words: format!("{call}\n{words}"), documents }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opinion_about_other_documents_is_noticed() {
        let numbering = Numbering::read();
        let mut noticed = 0;
        for seed in 0..20 {
            let mut chance = Chance::new(seed);
            let mut written = houses::documents(&mut chance);
            let (documents, policy) = house_of(&mut written);
            let facts: Vec<Facts> = (0..CALLS).map(|_| calls::call(&mut chance, &documents)).collect();
            written.retain(|one| !one.file.starts_with("route-"));
            written.iter_mut().for_each(|one| one.text = one.text.replace("usages", "# usages"));
            let (documents, _) = house_of(&mut written);
            let house = House { documents: &documents, numbering: &numbering };

            noticed += facts.iter().filter(|facts| disagreement(&house, &policy, facts).is_err()).count();
        }

        assert!(noticed > 20, "only {noticed} calls would go elsewhere without any route");
    }
}
