//! Calls that whoever was called marks as malicious.

use std::time::Duration;

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(6);

/// Minsu may mark calls; nobody else may.
fn house() -> String {
    TWO_PROVIDERS.replacen("[system]\n", "[system]\nmalicious_code = \"*57\"\n", 1).replacen(
        "[user.minsu]\n",
        "[user.minsu]\nmark_malicious = \"allowed\"\n",
        1,
    )
}

/// The mark is answered and over at once, with a record of its own; the call that it is about goes on. It can
/// be made when that is over, too.
/// Proves: F-71.
#[test]
fn req_f57_a_user_marks_the_call_at_hand_or_the_last_one() {
    let mut world = World::from_toml(seed(), &house());
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    let first = minsu.newest();

    let mark = minsu.dials("*57");
    world.run_for(WHILE);
    assert_eq!(mark.ended(), Some(Ended::ByPeer));
    assert!(first.is_up() && call.is_up(), "the call goes on");
    call.hangs_up();
    world.run_for(WHILE);
    let again = minsu.dials("*57");
    world.run_for(Duration::from_secs(40));

    assert_eq!(again.ended(), Some(Ended::ByPeer));
    let marks: Vec<_> = world.records().iter().filter(|record| record.marks == Some("malicious")).collect();
    assert_eq!(marks.len(), 2);
    for mark in marks {
        assert_eq!((&*mark.calling, mark.verdict.as_str()), ("minsu", "TD-E006"));
        assert!(mark.attempts.is_empty());
    }
    assert_eq!(world.records().len(), 3);
    world.finish();
}

/// Who may not mark hears so in words; from outside, the code is no code.
#[test]
fn req_f57_who_may_not_mark_is_told_so() {
    let mut world = World::from_toml(seed(), &house());
    let (east, hana) = (world.provider("east"), world.user("hana"));

    let refused = hana.dials("*57");
    let outside = east.dials("*57");
    world.run_for(WHILE);

    assert_eq!(refused.ended(), Some(Ended::Refused(403)));
    assert!(!outside.is_up());
    let record = world.records().iter().find(|record| record.calling.contains("hana")).unwrap();
    assert_eq!(record.verdict, "TD-R721");
    assert!(record.words.contains("mark_malicious of hana"), "{}", record.words);
    assert!(world.records().iter().all(|record| record.marks.is_none()));
    world.finish();
}
