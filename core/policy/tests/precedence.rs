//! Calls that are marked to be of more weight than others (RFC 4412, 7135).
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

mod house;

use house::*;
use policy::{Facts, Policy, Trail};

fn house_with(trunk: &str, hana: &str) -> Policy {
    let text = CONTOSO.replacen("[trunk.northwind]\n", &format!("[trunk.northwind]\n{trunk}\n"), 1);
    house_of(&text.replacen("[user.hana]\n", &format!("[user.hana]\n{hana}\n"), 1))
}

fn marked(facts: Facts, marks: &[&str]) -> Facts {
    Facts { resource_priority: marks.iter().map(|mark| (*mark).to_owned()).collect(), ..facts }
}

fn priority_of(policy: &Policy, facts: &Facts) -> Option<String> {
    planned(policy, facts).priority.map(|mark| mark.to_string())
}

/// A mark counts where whoever calls may make it, and the trail says so; a value that nobody knows is none.
#[test]
fn c18_a_mark_counts_where_its_maker_may_mark() {
    let policy = house_with("resource_priority = [\"esnet\"]", "resource_priority = [\"wps\"]");
    let cases: [(Facts, &[&str], Option<&str>); 8] = [
        (hana_dials("lobby"), &["wps.0"], Some("wps.0")),
        (hana_dials("lobby"), &["esnet.0"], None),
        (hana_dials("lobby"), &["esnet.0, WPS.3"], Some("WPS.3")),
        (hana_dials("lobby"), &["dsn.flash", "wps.1"], Some("wps.1")),
        (hana_dials("lobby"), &["wps.9"], None),
        (lobby_dials("hana"), &["wps.0"], None),
        (northwind_sends("+14255550100"), &["esnet.1"], Some("esnet.1")),
        (northwind_sends("+14255550100"), &["wps.1"], None),
    ];
    for (facts, marks, counts) in cases {
        let facts = marked(facts, marks);
        assert_eq!(priority_of(&policy, &facts).as_deref(), counts, "{marks:?}");
        let mut trail = Trail::new();
        let _ = policy::plan(&policy, &facts, &mut trail);
        let said = trail.to_string();
        let verdict = if counts.is_some() { "no limit holds it up" } else { "may not mark calls as" };
        assert!(said.contains(verdict), "{marks:?}: {said}");
    }
    assert_eq!(priority_of(&policy, &hana_dials("lobby")), None);
}

/// A trunk hears of marks that it knows and that count; the others stay here.
#[test]
fn c18_a_trunk_hears_of_marks_that_it_knows() {
    let told = |trunk: &str, marks: &[&str]| {
        let policy = house_with(trunk, "resource_priority = [\"wps\", \"ets\"]");
        let plan = planned(&policy, &marked(hana_dials("+12065550142"), marks));
        let lines = plan.attempts[0].heading.headers.iter();
        let lines = lines.filter(|(name, _)| &**name == "Resource-Priority");
        lines.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };

    assert_eq!(told("resource_priority = [\"ets\"]", &["wps.0, ets.1"]), ["ets.1"]);
    assert_eq!(told("resource_priority = [\"ets\", \"wps\"]", &["wps.0", "ets.1"]), ["wps.0, ets.1"]);
    assert_eq!(told("resource_priority = [\"esnet\"]", &["esnet.0"]), [""; 0]);
    assert_eq!(told("", &["wps.0"]), [""; 0]);
}
