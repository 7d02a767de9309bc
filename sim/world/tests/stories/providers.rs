//! Templates of providers, each against a far end that behaves as its documents say.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actors::{Habit, Note, RefreshBy, Refresher, Timing};
use model::{Documents, RegisterStyle, SourceFile, Srtp, Template, Transport, TrunkDirection, templates};
use world::World;

use crate::seed;

/// A house with one user, and one trunk that says nothing but its template and made-up values.
fn house(template: &Template) -> String {
    format!(
        r#"format = 1
[system]
name = "edge"
country = "US"
area_code = "425"
[interface.lan]
address = "10.20.0.1"
udp = 5060
side = "inside"
media_ports = "30000-30099"
[interface.wan]
address = "192.0.2.10"
udp = 5060
tcp = 5060
tls = 5061
tls_certificate = "wan.pem"
tls_key = "wan.key"
side = "outside"
media_ports = "32000-32099"
[user.hana]
number = "+14255550100"
devices = [{{ contact = "sip:hana@10.20.0.31:5060" }}]
allow = ["internal", "national", "international"]
[numbers.block]
list = ["+14255550100"]
trunk = "far"
[route.out]
order = 1
to = "+…"
use = [{{ trunk = "far" }}]
[trunk.far]
{}"#,
        template.example()
    )
}

/// Where the servers of the template are, in this world: where its documents say that calls come from.
fn hosts(documents: &Documents) -> Vec<(String, String)> {
    let trunk = &documents.trunk["far"];
    let first = trunk.accept.sources.first().and_then(|source| match source.value {
        model::Source::Network(network) => match network.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        },
        model::Source::Socket(_) => None,
    });
    let base = first.unwrap_or(Ipv4Addr::new(198, 51, 100, 1)).to_bits();
    let names = trunk.servers.iter().filter(|server| server.uri.address().is_none()).enumerate();
    names
        .map(|(at, server)| (server.uri.host.to_string(), Ipv4Addr::from_bits(base + at as u32).to_string()))
        .collect()
}

fn load(text: &str) -> Documents {
    model::load(&[SourceFile::new("house.toml", text)]).unwrap()
}

/// One call out and one call in.
fn calls(template: &Template) {
    let name = &template.about.name;
    let text = house(template);
    let documents = load(&text);
    let trunk = &documents.trunk["far"];
    let hosts = hosts(&documents);
    let hosts: Vec<_> = hosts.iter().map(|(name, ip)| (name.as_str(), ip.as_str())).collect();
    let mut world = World::with_hosts(seed(), &text, &hosts);
    let (hana, far) = (world.user("hana"), world.provider("far"));
    if trunk.auth.is_some() {
        far.has_habit(Habit::Challenges);
    }
    let registers = trunk.register.as_ref().map(|register| register.style);
    if registers == Some(RegisterStyle::Gin) {
        far.has_habit(Habit::WantsGin);
    }
    if trunk.media.srtp == Srtp::Required {
        assert_eq!(trunk.servers[0].uri.likely_transport(), Transport::Tls, "{name}");
        far.has_habit(Habit::Seals);
    }
    world.run_for(Duration::from_secs(3));
    let is_welcome = |note: &Note| matches!(note, Note::Registering { status: 200, .. });
    assert_eq!(far.count(is_welcome) > 0, registers.is_some(), "{name}: {:?}", far.notes());

    let out = hana.dials("+44 20 7946 0123");
    world.run_for(Duration::from_secs(6));
    assert!(out.is_up_with(&far), "{name}: out: {:?} {:?}", out.notes(), far.notes());
    let format = trunk.identity.format_in(model::NumberPlace::Request).word();
    let wanted = match format {
        "+e164" => "sip:+442079460123@",
        "e164" => "sip:442079460123@",
        "dialled" => "sip:011442079460123@",
        other => panic!("{name}: nobody here judges {other}"),
    };
    assert!(far.was_called_as()[0].starts_with(wanted), "{name}: {:?}", far.was_called_as());
    let callers = far.notes().into_iter().filter_map(|note| match note {
        Note::Called { from, .. } => Some(from),
        _ => None,
    });
    assert!(callers.into_iter().all(|from| from.contains("14255550100")), "{name}");
    out.hangs_up();
    world.run_for(Duration::from_secs(2));

    let calls = if trunk.direction == TrunkDirection::Out { 1 } else { 2 };
    if calls == 2 {
        let called = far.dials("+1 425 555 0100");
        world.run_for(Duration::from_secs(6));
        assert!(called.is_up_with(&hana), "{name}: in: {:?}", called.notes());
        called.hangs_up();
        world.run_for(Duration::from_secs(2));
    }

    let records = world.records();
    assert_eq!(records.len(), calls, "{name}: {:?}", hana.notes());
    assert!(records.iter().all(|record| record.sip_code == 200), "{name}");
    world.finish();
}

/// Each of the thirty and more templates that ship, with made-up values, carries a call out and, unless its
/// trunk is for calls out only, a call in against a far end that behaves as the documents say: registration,
/// digest, transport, sealing, number form, and the addresses it calls from.
#[test]
fn a26_every_shipped_template_passes_its_self_test() {
    for template in &templates() {
        calls(template);
    }
    assert!(templates().len() >= 30);
}

/// The far end of a template, and a house around it, with somebody called Hana.
pub(crate) fn world_of(name: &str) -> World {
    world_with(name, "")
}

/// The same with further objects of the house.
pub(crate) fn world_with(name: &str, more: &str) -> World {
    let all = templates();
    let template = all.iter().find(|template| template.about.name == name).unwrap();
    let text = format!("{}\n{more}", house(template));
    let hosts = hosts(&load(&text));
    let hosts: Vec<_> = hosts.iter().map(|(name, ip)| (name.as_str(), ip.as_str())).collect();
    let world = World::with_hosts(seed(), &text, &hosts);
    if load(&text).trunk["far"].media.srtp == Srtp::Required {
        world.provider("far").has_habit(Habit::Seals);
    }
    world
}

/// Teams knows neither `sips` nor Replaces: an attended transfer of two of its parties is made by re-
/// INVITE, and neither word is in anything that it is sent.
#[test]
fn b5_teams_is_sent_neither_sips_nor_replaces() {
    let mut world = world_of("teams-direct-routing");
    let (hana, far) = (world.user("hana"), world.provider("far"));
    world.run_for(Duration::from_secs(3));
    world.captures();

    let first = far.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(6));
    assert!(first.is_up_with(&hana));
    let held = hana.newest();
    held.holds();
    world.run_for(Duration::from_secs(2));
    let second = hana.dials("+44 20 7946 0123");
    world.run_for(Duration::from_secs(6));
    assert!(second.is_up_with(&far));
    let consulted = far.newest();
    held.transfers_with(&second);
    world.run_for(Duration::from_secs(6));

    assert_eq!(held.replied("REFER"), Some(202), "{:?}", held.notes());
    assert!(first.is_up() && consulted.is_up(), "{:?}", held.notes());
    let sent = world.captured(&far);
    assert!(sent.len() > 10, "something was captured");
    for message in &sent {
        assert!(!message.contains("sips:") && !message.contains("SIPS:"), "{message}");
        assert!(!message.contains("Replaces:") && !message.contains("replaces"), "{message}");
    }
    first.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

/// A call of a day with Teams, which keeps session timers of half an hour: it lives, through hold and
/// resume, and both still hear each other. Music for four hours would be most of what passes.
#[test]
fn b13_a_call_of_a_day_with_timers_of_half_an_hour() {
    let mut world = world_with("teams-direct-routing", "[system.media]\nmusic = \"off\"\n");
    let (hana, far) = (world.user("hana"), world.provider("far"));
    for one in [&hana, &far] {
        one.with(|profile| profile.packet_every = Duration::from_secs(20));
    }
    let timing = Timing { interval: 1800, least: 90, refresher: Refresher::Me, by: RefreshBy::Update };
    far.with(|profile| profile.timing = Some(timing));
    world.run_for(Duration::from_secs(3));

    let call = far.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(12 * 3600));
    hana.newest().holds();
    world.run_for(Duration::from_secs(4 * 3600));
    hana.newest().resumes();
    world.run_for(Duration::from_secs(8 * 3600));

    assert!(call.is_up_with(&hana), "{:?}", call.notes());
    let before = (call.packets_heard(), hana.newest().packets_heard());
    world.run_for(Duration::from_secs(120));
    assert!(call.packets_heard() > before.0 && hana.newest().packets_heard() > before.1);
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    assert!(world.records()[0].talk_ms > 24 * 3600 * 1000 - 10_000);
    world.finish();
}

/// A mediation server of Lync: over TCP, G.711 and nothing else, three phones that speak before one of them
/// answers, none of them heard by another.
#[test]
fn b15_a_mediation_server_forks_to_three_and_takes_g711_alone() {
    let mut world = world_of("lync-mediation");
    let (hana, far) = (world.user("hana"), world.provider("far"));
    far.has_habit(Habit::EarlyMedia).has_habit(Habit::Forks(3)).has_habit(Habit::LastForkAnswers);
    world.run_for(Duration::from_secs(3));
    world.captures();

    let call = hana.dials("+44 20 7946 0123");
    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&far), "{:?}", call.notes());
    assert!(call.packets_heard() > 10 && far.newest().packets_heard() > 10);
    let invite = world.captured(&far).into_iter().find(|text| text.starts_with("INVITE ")).unwrap();
    assert!(invite.contains("Via: SIP/2.0/TCP "), "{invite}");
    let codecs = invite.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
    let kinds: Vec<&str> = codecs.split_whitespace().skip(2).collect();
    assert_eq!(kinds, ["0", "8", "101"], "{invite}");
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}
