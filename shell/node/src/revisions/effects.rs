//! What a change means for calls, in words.

use std::collections::BTreeSet;

use cli::Palette;
use model::Route;
use policy::{Policy, StoredTest};

use super::running::Running;
use crate::verbs::explain;

/// Sentences that are listed.
const LISTED_MAX: usize = 200;

/// Routes that lose or win a trunk, and stored calls that go another way.
pub fn effects(old: Running<'_>, new: Running<'_>) -> Vec<String> {
    let mut effects = of_routes(old, new);
    effects.extend(of_tests(old.policy, new.policy));
    let left_out = effects.len().saturating_sub(LISTED_MAX);
    effects.truncate(LISTED_MAX);
    if left_out > 0 {
        effects.push(format!("{left_out} more"));
    }
    effects
}

fn of_routes(old: Running<'_>, new: Running<'_>) -> Vec<String> {
    let mut effects = Vec::new();
    for (name, before) in &old.documents.route {
        let Some(after) = new.documents.route.get(name) else {
            effects.push(format!("route {name} serves no call any more"));
            continue;
        };
        let (before, after) = (trunks_of(before), trunks_of(after));
        effects.extend(before.difference(&after).map(|trunk| format!("route {name} loses trunk {trunk}")));
        effects.extend(after.difference(&before).map(|trunk| format!("route {name} wins trunk {trunk}")));
    }
    effects
}

fn trunks_of(route: &Route) -> BTreeSet<&str> {
    let used = route.through.iter().map(|used| used.trunk.as_str());
    used.chain(route.backup.iter().map(|name| name.as_str())).collect()
}

fn of_tests(old: &Policy, new: &Policy) -> Vec<String> {
    let differing = |test: &StoredTest| {
        let (before, after) = (outcome(old, test), outcome(new, test));
        (before != after).then(|| format!("test {}: {before} → {after}", test.name))
    };
    new.tests().iter().filter_map(differing).collect()
}

fn outcome(policy: &Policy, test: &StoredTest) -> String {
    match policy::explain_test(policy, test) {
        Ok(explanation) => explain::result(&explanation.decision, Palette::Plain),
        Err(nobody) => nobody.to_string(),
    }
}
