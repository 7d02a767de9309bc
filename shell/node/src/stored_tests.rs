//! Stored tests of a policy: those that somebody names, and what is said of what they found.

use cli::{Paint, Palette};
use policy::{Policy, TestResult};
use serde_json::{Value, json};

/// What the stored tests find of these names; of all, where none is named.
pub fn chosen(policy: &Policy, only: &[String]) -> Result<Vec<TestResult>, String> {
    let mut results = policy::run_tests(policy);
    let names = || results.iter().map(|result| &*result.name);
    if let Some(missing) = only.iter().find(|name| names().all(|known| known != **name)) {
        let near = model::nearest(missing, names()).map(|near| format!("; did you mean \"{near}\"?"));
        return Err(format!("there is no test \"{missing}\"{}", near.unwrap_or_default()));
    }
    results.retain(|result| only.is_empty() || only.iter().any(|name| **name == *result.name));
    Ok(results)
}

/// What a program is told of them.
pub fn told(policy: &Policy, results: &[TestResult]) -> Value {
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    json!({ "revision": policy.revision(), "tests": results, "failed": failed })
}

/// A test with what it found; of a failed one, every unmet expectation and why the call went where it went.
pub fn in_words(result: &TestResult, palette: Palette) -> String {
    let TestResult { name, location, failures, trail } = result;
    if result.is_passed() {
        return format!("{} {name}", palette.paint(Paint::Good, "✔"));
    }
    let title =
        format!("{} {name}  {}", palette.paint(Paint::Bad, "✘"), palette.paint(Paint::Quiet, location));
    let trail = trail.to_string();
    let below = failures.iter().map(String::as_str).chain(trail.lines());
    std::iter::once(title).chain(below.map(|line| format!("    {line}"))).collect::<Vec<_>>().join("\n")
}
