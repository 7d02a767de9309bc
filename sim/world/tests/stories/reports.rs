//! Reports (RTCP) between far ends that have one port for all, and far ends that have two.

use std::time::Duration;

use actors::Habit;
use world::World;

use crate::{TWO_PROVIDERS, seed};

/// Reports reach each far end where it takes them, whichever of the two share a port (RFC 5761), and after
/// the session was changed too.
#[test]
fn e2_reports_cross_between_every_pair_of_far_ends() {
    for (phone, trunk) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        for (far_end, muxes) in [(&hana, phone), (&east, trunk)] {
            far_end.has_habit(Habit::OnlyReports);
            if muxes {
                far_end.has_habit(Habit::Muxes);
            }
        }

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(10));
        let before = (call.reports_heard(), east.legs()[0].reports_heard);
        call.holds();
        world.run_for(Duration::from_secs(3));
        call.resumes();
        world.run_for(Duration::from_secs(10));

        assert!(call.is_up() && east.calls_now() == 1);
        assert!(before.0 > 10 && before.1 > 10, "{phone} {trunk}: {before:?}");
        let after = (call.reports_heard(), east.legs()[0].reports_heard);
        assert!(after.0 > before.0 + 10 && after.1 > before.1 + 10, "{phone} {trunk}: {after:?}");
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        world.finish();
    }
}

/// Nobody is offered one port for all who has not asked for it: a caller's wish ends at us (RFC 5761, 5.1.1).
#[test]
fn e2_the_wish_for_one_port_stays_on_its_leg() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Muxes);
    world.captures();

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    let told = world.captured(&east).concat();
    assert!(told.contains("m=audio") && !told.contains("rtcp-mux"), "{told}");
    assert!(world.captured(&hana).concat().contains("a=rtcp-mux"));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}
