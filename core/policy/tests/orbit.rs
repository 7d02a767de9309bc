//! What orbits mean to whoever dials them.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::{CONTOSO, house_of};
use policy::{Decision, Inquiry, Service, WallTime, explain};

/// A number and the code of an orbit are explained; others mean what they did, and trunks have no orbits.
#[test]
fn req_f46_an_explanation_says_what_an_orbit_is() {
    let orbit = "\n[orbit.front]\nnumbers = [\"*701\", \"*709\"]\ncode = \"*68\"\n";
    let policy = house_of(&format!("{CONTOSO}{orbit}"));
    let asked =
        |dialled: &str| explain(&policy, &Inquiry::by(&policy, "hana", dialled, WallTime(0))).unwrap();

    for (dialled, number, words) in [
        ("*701", Some("*701"), "takes the call that is parked at *701"),
        ("*68", None, "a call that is transferred there is parked in orbit front"),
    ] {
        let explained = asked(dialled);
        let Decision::Go(plan) = &explained.decision else { panic!("{explained}") };
        let Some(Service::Orbit(parking)) = &plan.service else { panic!("{explained}") };
        assert_eq!(parking.number.as_deref(), number);
        assert!(explained.to_string().contains(words), "{explained}");
    }
    assert!(matches!(asked("*710").decision, Decision::No(_)));
    let from_outside = explain(&policy, &Inquiry::by(&policy, "northwind", "*701", WallTime(0))).unwrap();
    assert!(matches!(from_outside.decision, Decision::No(_)), "{from_outside}");
}
