//! What an apply would do: objects that change, what that means for calls, and what the stored tests say.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use model::{Change, Documents, Problem, difference};
use policy::{Policy, TestResult};
use serde::Serialize;
use serde_json::{Value, json};
use store::About;

use super::effects::effects;
use super::prices::{DeckChange, Files, deck_changes, sound_changes};
use super::running::Running;
use crate::directory::{self, Folder, Loaded, Written};

/// Changes that are listed one by one.
const LISTED_MAX: usize = 500;

/// What would happen, and whether it may.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The revision in force, which this is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    pub directory: String,
    /// Names what was looked at: an apply may insist on it.
    pub digest: String,
    pub is_good: bool,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub changes: Changes,
    /// What it means for calls, in words.
    pub effects: Vec<String>,
    pub tests: TestsRun,
    /// What takes effect only at the next start.
    pub restart: Vec<String>,
}

/// Objects and prices that are not as they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Changes {
    pub listed: Vec<Change>,
    /// How many more there are.
    pub left_out: usize,
    /// Price lists whose text is another.
    pub decks: Vec<DeckChange>,
    /// Files of sound that hold something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<Arc<str>>,
}

impl Changes {
    pub fn between(old: Running<'_>, new: Running<'_>) -> Changes {
        let files = (Files::of(old.policy), Files::of(new.policy));
        Changes::of((old.documents, &files.0), (new.documents, &files.1))
    }

    /// The same of documents that nobody compiles, each with what its files hold.
    pub fn of(old: (&Documents, &Files), new: (&Documents, &Files)) -> Changes {
        let mut listed = difference(old.0, new.0);
        let left_out = listed.len().saturating_sub(LISTED_MAX);
        listed.truncate(LISTED_MAX);
        let decks = deck_changes(&old.1.decks, &new.1.decks);
        Changes { listed, left_out, decks, sounds: sound_changes(old.1, new.1) }
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.decks.is_empty() && self.sounds.is_empty()
    }
}

/// What became of the stored tests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TestsRun {
    pub passed: usize,
    pub failed: Vec<TestResult>,
}

impl TestsRun {
    pub fn of(policy: &Policy) -> TestsRun {
        let (passed, failed): (Vec<_>, Vec<_>) =
            policy::run_tests(policy).into_iter().partition(TestResult::is_passed);
        TestsRun { passed: passed.len(), failed }
    }

    /// What a revision keeps of it.
    pub fn in_short(&self) -> Value {
        let failed: Vec<_> = self
            .failed
            .iter()
            .map(|test| json!({ "name": test.name, "at": test.location, "failures": test.failures }))
            .collect();
        json!({ "passed": self.passed, "failed": failed })
    }
}

impl Plan {
    /// Compares what was written with what runs, and tests it. Files of secrets are looked for from `base`.
    pub fn make(
        written: &mut Written,
        directory: &Path,
        base: &Path,
        running: Option<Running<'_>>,
    ) -> (Plan, Option<Loaded>) {
        let mut plan = Plan {
            base: running.map(|running| running.policy.revision()),
            directory: directory.display().to_string(),
            digest: written.digest().to_owned(),
            is_good: false,
            problems: Vec::new(),
            warnings: Vec::new(),
            changes: Changes::default(),
            effects: Vec::new(),
            tests: TestsRun::default(),
            restart: Vec::new(),
        };
        let loaded = match written.compile(base, running.map(|running| running.policy)) {
            Ok(loaded) => loaded,
            Err(problems) => {
                plan.problems = problems;
                return (plan, None);
            }
        };
        plan.warnings = loaded.policy.warnings().to_vec();
        plan.tests = TestsRun::of(&loaded.policy);
        plan.is_good = plan.tests.failed.is_empty();
        if let Some(running) = running {
            plan.changes = Changes::between(running, Running::from(&loaded));
            plan.effects = effects(running, Running::from(&loaded));
            plan.restart = restart(running.documents, &loaded.documents);
        }
        (plan, Some(loaded))
    }
}

impl Plan {
    /// That nothing would change.
    pub fn of_nothing(about: &About, directory: &Path) -> Plan {
        Plan {
            base: Some(about.number),
            directory: directory.display().to_string(),
            digest: about.documents.clone(),
            is_good: true,
            problems: Vec::new(),
            warnings: Vec::new(),
            changes: Changes::default(),
            effects: Vec::new(),
            tests: TestsRun::default(),
            restart: Vec::new(),
        }
    }

    /// Why it may not be applied.
    pub fn faults(&self) -> Vec<String> {
        self.problems.iter().map(ToString::to_string).chain(failed_in_words(&self.tests)).collect()
    }
}

/// What an apply would do to a house that does not run: compared with its newest revision.
pub fn plan_at_rest(directory: &Path, data: &Path) -> Result<Plan> {
    let newest = store::revisions_in(data)?.pop().map(|about| about.number);
    let content = || newest.map(|number| store::content_of(data, number));
    let people = || content().map(directory::people_of).unwrap_or_default();
    let mut written = Written::read_for_house(directory, Folder::Own, &[], people)?;
    let older = newest.map(|number| -> Result<Option<Loaded>> {
        let loaded = Written::from(store::content_of(data, number)?).compile(directory, None).ok();
        Ok(loaded.map(|Loaded { documents, policy }| Loaded { documents, policy: policy.numbered(number) }))
    });
    let older = older.transpose()?.flatten();
    Ok(Plan::make(&mut written, directory, directory, older.as_ref().map(Running::from)).0)
}

/// The stored tests that fail, a sentence each.
pub fn failed_in_words(tests: &TestsRun) -> impl Iterator<Item = String> {
    tests.failed.iter().map(|test| {
        let TestResult { name, location, failures, .. } = test;
        format!("a stored test fails: {name} ({location}): {}", failures.join("; "))
    })
}

/// Sockets and the log are opened at the start only.
fn restart(old: &Documents, new: &Documents) -> Vec<String> {
    let mut needed = Vec::new();
    let interfaces = |documents: &Documents| serde_json::to_value(&documents.interface).ok();
    if interfaces(old) != interfaces(new) {
        needed.push("[interface.*]: what is listened on changes at the next start".to_owned());
    }
    if old.system.log != new.system.log {
        needed.push("[system] log: the log changes at the next start".to_owned());
    }
    if old.system.http != new.system.http {
        needed.push("[system] http: what is listened on changes at the next start".to_owned());
    }
    if old.system.acme != new.system.acme {
        needed.push("[system.acme]: certificates are got as it says from the next start".to_owned());
    }
    if old.system.storage != new.system.storage {
        needed.push("[system.storage]: records are searched there from the next start".to_owned());
    }
    let wants =
        |documents: &Documents| documents.trunk.values().any(|one| !one.accept.certificate.is_empty());
    if wants(new) && !wants(old) {
        let words = "accept.certificate: who connects is asked for a certificate from the next start";
        needed.push(words.to_owned());
    }
    needed
}
