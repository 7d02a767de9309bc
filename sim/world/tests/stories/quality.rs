//! What a record says of the sound of a call.

use std::time::Duration;

use world::{Link, World};

use crate::{TWO_PROVIDERS, seed};

/// The opinions of what came from the caller and the callee in a call of a minute over such a line of hers.
fn opinions(link: Link) -> [f64; 2] {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|phone| phone.packet_every = Duration::from_millis(20));
    east.with(|provider| provider.packet_every = Duration::from_millis(20));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));
    world.links(&hana, link);
    world.run_for(Duration::from_secs(60));
    world.links(&hana, Link::default());
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let sound = world.records()[0].media.as_deref().copied().unwrap();
    world.finish();
    [sound.caller, sound.callee].map(|side| side.mos_in.unwrap())
}

/// A line that nothing is wrong with, one that loses, one that is uneven: what came over it is judged, and
/// the other party's is not.
/// Proves: pain 22.
#[test]
fn k1_each_direction_is_judged_by_its_own_line() {
    let good = opinions(Link::default());
    assert_eq!(good, [4.41, 4.41]);

    let lossy = opinions(Link { loss: 50, ..Link::default() });
    assert!((3.8..4.1).contains(&lossy[0]) && lossy[1] == 4.41, "{lossy:?}");

    let uneven = opinions(Link { jitter: Duration::from_millis(200), ..Link::default() });
    assert!(uneven[0] < 4.3 && uneven[1] == 4.41, "{uneven:?}");
}
