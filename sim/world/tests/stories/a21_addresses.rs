//! A provider that speaks IPv6 only, and phones that speak IPv4 only.

use std::time::Duration;

use world::World;

use crate::{TWO_PROVIDERS, seed};

const WAN6: &str = "[interface.wan6]\naddress = \"2001:db8::10\"\nudp = 5060\nside = \"outside\"\n\
                    media_ports = \"34000-35999\"\n\n";

fn house() -> String {
    let text = TWO_PROVIDERS.replace("[site.redmond]", &format!("{WAN6}[site.redmond]"));
    let text =
        text.replace("sip:198.51.100.10:5060\" }]", "sip:[2001:db8:1::10]:5060\" }]\ninterface = \"wan6\"");
    text.replace("sources = [\"198.51.100.10\"]", "sources = [\"2001:db8:1::10\"]")
}

/// Calls in both directions, held, resumed and transferred: both hear each other across the families.
#[test]
fn a21_a_provider_with_ipv6_and_phones_with_ipv4_hear_each_other() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));

    let out = hana.dials("+1 206 555 0142");
    world.run_until_quiet();
    assert!(out.is_up_with(&east));
    out.holds();
    world.run_until_quiet();
    out.resumes();
    world.run_until_quiet();
    out.hangs_up();
    world.run_until_quiet();

    let inbound = east.dials("+1 425 555 0101");
    world.run_until_quiet();
    assert!(inbound.is_up_with(&minsu));
    minsu.newest().transfers_to("0100");
    world.run_for(Duration::from_secs(10));
    let before = (inbound.packets_heard(), hana.newest().packets_heard());
    world.run_for(Duration::from_secs(5));
    assert!(inbound.packets_heard() > before.0 && hana.newest().packets_heard() > before.1);
    world.finish();
}
