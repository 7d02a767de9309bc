//! What a conference means to whoever dials it.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::{CONTOSO, house_of};
use policy::{Decision, Explanation, Inquiry, Policy, Service, WallTime, explain};

const ROOM: &str =
    "\n[conference.sales]\nextension = \"8001\"\nnumber = \"+14255550150\"\nusers = [\"hana\"]\n";

fn asked(policy: &Policy, who: &str, dialled: &str) -> Explanation {
    explain(policy, &Inquiry::by(policy, who, dialled, WallTime(0))).unwrap()
}

/// By name, extension and number: the same room; from outside by its number alone; and for whom it is.
#[test]
fn a_conference_is_entered_by_name_extension_and_number() {
    let policy = house_of(&format!("{CONTOSO}{ROOM}"));

    for (who, dialled) in
        [("hana", "8001"), ("hana", "sales"), ("hana", "+14255550150"), ("northwind", "+14255550150")]
    {
        let explained = asked(&policy, who, dialled);
        let Decision::Go(plan) = &explained.decision else { panic!("{explained}") };
        let Some(Service::Meet(conference)) = &plan.service else { panic!("{explained}") };
        assert_eq!(&**conference.name(), "sales");
        assert!(explained.to_string().contains("enters conference sales"), "{explained}");
    }
    for (who, dialled) in [("minsu", "8001"), ("northwind", "8001"), ("northwind", "sales")] {
        let explained = asked(&policy, who, dialled);
        assert!(matches!(explained.decision, Decision::No(_)), "{explained}");
    }
}

/// Whoever calls for help is helped, whatever a conference is called.
#[test]
fn a_call_for_help_is_no_call_to_a_conference() {
    let policy = house_of(&format!("{CONTOSO}{ROOM}"));

    let explained = asked(&policy, "hana", "911");

    let Decision::Go(plan) = &explained.decision else { panic!("{explained}") };
    assert!(plan.emergency && plan.service.is_none());
}
