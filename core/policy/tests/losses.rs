//! What would become of calls if a trunk lost its servers.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{WallTime, losses};

const AT: WallTime = WallTime(1_763_632_800_000);

/// Each server lost alone, and all of them: sample calls by every route, rule and stored test that leads
/// through the trunk go on by what is left, the lost one last.
#[test]
fn pain_11_a_loss_can_be_rehearsed() {
    let found = losses(&house(), "northwind", AT).unwrap();

    let lost: Vec<usize> = found.iter().map(|loss| loss.lost.len()).collect();
    assert_eq!(lost, [1, 1, 1, 3]);
    for loss in &found {
        let routes: Vec<_> = loss.samples.iter().filter_map(|sample| sample.route.as_deref()).collect();
        assert!(routes.contains(&"us-national") && routes.contains(&"us"), "{routes:?}");
        for sample in &loss.samples {
            assert!(sample.survives, "{sample:?}");
            let lost = |way: &String| loss.lost.iter().any(|target| way.ends_with(&**target));
            let first_lost = sample.ways.iter().position(lost).unwrap();
            assert!(sample.ways[first_lost..].iter().all(lost), "{sample:?}");
        }
    }
}

/// A call that has no other way is said to be stranded, and a trunk that is not there is no trunk.
#[test]
fn pain_11_a_call_without_another_way_is_said() {
    let text = CONTOSO.replace("backup = [\"listener\", \"northwind\"]", "");
    let found = losses(&house_of(&text), "fabrikam", AT).unwrap();

    let world = found[0].samples.iter().find(|sample| sample.route.as_deref() == Some("world")).unwrap();
    assert!(!world.survives);
    assert!(losses(&house(), "fabrikan", AT).is_none());
}
