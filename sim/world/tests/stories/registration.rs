//! Providers that want to be told where we are.

use std::time::Duration;

use actors::{Credentials, Ended, Habit, Note};
use call::Event;
use sip_stack::locate::Srv;
use switch::{Command, Reply};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const EAST: &str = "servers = [{ uri = \"sip:198.51.100.10:5060\" }]";
const ACCOUNT: &str = "contoso-4471";

/// The east provider wants to be told where we are.
fn house(register: &str) -> String {
    let with = format!(
        "{EAST}\nauth = {{ user = \"{ACCOUNT}\", password = {{ env = \"EAST\" }} }}\nregister = {register}"
    );
    TWO_PROVIDERS.replace(EAST, &with)
}

/// What REGISTERs were answered with.
fn statuses(provider: &ActorHandle) -> Vec<u16> {
    provider.registrations().into_iter().map(|(status, _)| status).collect()
}

/// The pauses between REGISTERs, in seconds.
fn pauses(provider: &ActorHandle) -> Vec<u64> {
    let all = provider.registrations();
    all.windows(2).map(|pair| pair[1].1.duration_since(pair[0].1).as_secs()).collect()
}

fn standing(world: &mut World, trunk: &str) -> (&'static str, String) {
    let Some(Reply::View(view)) = world.commands(Command::View) else { panic!("a view was asked for") };
    let trunk = view.trunks.iter().find(|one| *one.name == *trunk).unwrap();
    let registration = trunk.registration.as_ref().unwrap();
    (registration.state, registration.why.as_deref().unwrap_or_default().to_owned())
}

/// Ten thousand numbers are one REGISTER that carries the option tags of RFC 6140 (5.1: `gin` required of the
/// registrar and of proxies, `path` supported) and one Contact without a user part or a `user` parameter
/// (5.3), and so without a GRUU (7.1); a call to any of the numbers at that contact reaches the number's
/// user.
#[test]
fn a1_ten_thousand_numbers_are_one_registration() {
    let mut many = house("{ style = \"gin\", expires = \"1h\" }");
    many = many.replace("[\"+14255550100\", \"+14255550199\"]", "[\"+14255550000\", \"+14255559999\"]");
    let mut world = World::from_toml(seed(), &many);
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));
    east.has_habit(Habit::WantsGin);

    world.run_for(Duration::from_secs(60));

    assert_eq!(statuses(&east), [401, 200], "one registration, proven once");
    let [binding] = &east.bindings()[..] else { panic!("{:?}", east.bindings()) };
    assert!(!binding.contact.contains('@') && binding.contact.ends_with(";bnc"), "{}", binding.contact);
    let tags = |note: &Note| matches!(note, Note::Registering { requires, .. } if requires == "gin");
    assert_eq!(east.count(tags), 2);
    for (number, user) in [("+14255550100", &hana), ("+14255550101", &minsu)] {
        let call = east.calls_account(ACCOUNT, number);
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up_with(user), "{number}");
        call.hangs_up();
    }
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// Two trunks at one address of a provider register from one port, and each call that comes back belongs to
/// the trunk whose account was called.
#[test]
fn a2_two_trunks_on_one_socket_are_told_apart() {
    let other = "\n[trunk.north]\nservers = [{ uri = \"sip:198.51.100.10:5060\" }]\n\
                 accept = { sources = [\"198.51.100.10\"], did = \"any\" }\nhealth = { options = \"off\" }\n\
                 auth = { user = \"contoso-9\", password = { env = \"NORTH\" } }\n\
                 register = { contact_user = \"contoso-9\" }\n";
    let mut world = World::from_toml(seed(), &format!("{}{other}", house("{}")));
    let (east, hana) = (world.provider("east"), world.user("hana"));

    world.run_for(Duration::from_secs(10));
    assert_eq!(east.bindings().len(), 2);
    for account in [ACCOUNT, "contoso-9", "contoso-9", ACCOUNT] {
        let call = east.calls_account(account, "+14255550100");
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up_with(&hana), "{account}");
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
    }

    let whose: Vec<&str> = world.records().iter().map(|record| &*record.calling).collect();
    assert_eq!(whose, ["east", "north", "north", "east"]);
    world.finish();
}

/// A process that starts registers within two seconds, and a stop tells the provider to forget us.
#[test]
fn a3_a_start_registers_at_once_and_a_stop_says_good_bye() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let east = world.provider("east");

    world.run_for(Duration::from_secs(2));
    assert_eq!(statuses(&east), [401, 200]);
    assert_eq!(east.bindings().len(), 1);

    world.commands(Command::Leave);
    assert_eq!(world.held().farewells, 1);
    world.run_for(Duration::from_secs(2));
    assert!(east.bindings().is_empty());
    assert_eq!(world.held().farewells, 0);
    assert!(world.events().iter().any(|event| matches!(event, Event::TrunkUnregistered { .. })));
    world.finish();
}

/// A registration is renewed before it lapses, not always at the same moment, and without a second challenge.
#[test]
fn a3_a_registration_is_renewed_before_it_lapses() {
    let mut world = World::from_toml(seed(), &house("{ expires = \"10m\" }"));
    let east = world.provider("east");

    world.run_for(Duration::from_secs(3600));

    let pauses: Vec<u64> = pauses(&east).into_iter().skip(1).collect();
    assert!(pauses.len() >= 6, "{pauses:?}");
    assert!(pauses.iter().all(|pause| (449..=541).contains(pause)), "{pauses:?}");
    assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]), "{pauses:?}");
    assert_eq!(statuses(&east).iter().filter(|status| **status == 401).count(), 1);
    world.finish();
}

/// While the registrar is dead for five minutes only the tries of the schedule are seen; calls take another
/// trunk; and once it is back service resumes within one interval.
#[test]
fn a3_a_dead_registrar_is_tried_by_the_schedule_and_service_resumes() {
    let mut world = World::from_toml(seed(), &house("{ expires = \"1m\" }"));
    let (east, west, hana) = (world.provider("east"), world.provider("west"), world.user("hana"));
    world.run_for(Duration::from_secs(10));
    assert_eq!(standing(&mut world, "east").0, "registered");

    east.has_habit(Habit::Silent);
    let first = world.elapsed();
    world.run_for(Duration::from_secs(300));
    let (state, why) = standing(&mut world, "east");
    assert_eq!(state, "retrying");
    assert!(why.contains("no answer to REGISTER at 198.51.100.10"), "{why}");
    let tries = world.events().iter().filter(|event| matches!(event, Event::TrunkRegistrationFailed { .. }));
    assert!((3..=5).contains(&tries.count()), "after {first:?}");
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up_with(&west), "a trunk without registration is used last");
    call.hangs_up();

    east.loses_its_habits();
    world.run_for(Duration::from_secs(260));
    assert_eq!(standing(&mut world, "east").0, "registered");
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up_with(&east));
    world.finish();
}

/// A registrar that remembers nobody for so short a time is asked again at once for as long as it wants.
#[test]
fn a3_a_registrar_that_wants_longer_gets_it() {
    let mut world = World::from_toml(seed(), &house("{ expires = \"2m\" }"));
    let east = world.provider("east");
    east.has_habit(Habit::RegistersForAtLeast(1800));

    world.run_for(Duration::from_secs(2000));

    assert_eq!(statuses(&east), [401, 423, 200, 200]);
    assert!((1349..=1621).contains(&pauses(&east)[2]), "{:?}", pauses(&east));
    world.finish();
}

/// A nonce that went stale costs one more exchange and is no wrong password; a nonce named for the next time
/// costs none.
#[test]
fn a3_stale_and_next_nonces_are_understood() {
    for (habit, expected) in [
        (Habit::NoncesWearOut, vec![401, 200, 401, 200, 401, 200]),
        (Habit::NamesNextNonce, vec![401, 200, 200, 200]),
    ] {
        let mut world = World::from_toml(seed(), &house("{ expires = \"10m\" }"));
        let east = world.provider("east");
        east.has_habit(habit);

        world.run_for(Duration::from_secs(1300));

        assert_eq!(statuses(&east)[..expected.len()], expected, "{habit:?}");
        assert_eq!(standing(&mut world, "east").0, "registered");
        world.finish();
    }
}

/// A registrar that bids us wait is not asked before, whatever the schedule says, and its words are shown.
#[test]
fn a3_a_registrar_that_bids_us_wait_is_left_alone_so_long() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let east = world.provider("east");
    east.has_habit(Habit::BidsWait(240));

    world.run_for(Duration::from_secs(239));
    assert_eq!(statuses(&east), [503]);
    let (state, why) = standing(&mut world, "east");
    assert_eq!((state, &*why), ("backing off", "503 Service Unavailable, Retry-After 240"));

    east.loses_its_habits();
    world.run_for(Duration::from_secs(10));
    assert_eq!(statuses(&east), [503, 401, 200]);
    world.finish();
}

/// A provider with two registrars: the one that bids us wait is left alone that long, the other is asked by
/// the schedule; and while DNS fails, what it said before has to do.
#[test]
fn a3_each_registrar_is_left_alone_as_long_as_it_asks() {
    let two = "servers = [{ uri = \"sip:r0.east.example:5060\", priority = 1 }, \
               { uri = \"sip:r1.east.example:5060\", priority = 2 }]";
    let named = house("{ expires = \"2m\" }").replace(EAST, two);
    let hosts = [("r0.east.example", "198.51.100.10"), ("r1.east.example", "198.51.100.11")];
    let mut world = World::with_hosts(seed(), &named, &hosts);
    let (first, second) = (world.provider("east"), world.provider("east-2"));
    first.has_habit(Habit::BidsWait(300));
    second.has_habit(Habit::Silent);

    world.run_for(Duration::from_secs(299));
    assert_eq!(statuses(&first), [503]);
    assert_eq!(standing(&mut world, "east").0, "retrying", "the other is asked all the while");

    second.loses_its_habits();
    world.zone().fails();
    world.run_for(Duration::from_secs(250));
    assert_eq!(standing(&mut world, "east").0, "registered");
    world.run_for(Duration::from_secs(1200));
    assert_eq!(standing(&mut world, "east").0, "registered", "DNS fails, and the registrar lives");
    world.zone().returns();
    world.finish();
}

/// A silent DNS is waited for once, and not for each of its answers.
#[test]
fn a3_a_silent_dns_holds_a_registration_up_once() {
    let named = house("{}").replace(EAST, "servers = [{ uri = \"sip:east.example\" }]");
    let mut world = World::with_hosts(seed(), &named, &[("east.example", "198.51.100.10")]);
    for host in ["r0.east.example", "r1.east.example"] {
        world.zone().address(host, "198.51.100.10".parse().unwrap());
        let record = Srv { priority: 1, weight: 1, port: 5060, target: host.to_owned() };
        world.zone().service("_sip._udp.east.example", record);
    }
    let east = world.provider("east");
    east.has_habit(Habit::BidsWait(240));
    world.run_for(Duration::from_secs(230));
    assert_eq!(statuses(&east), [503]);

    east.loses_its_habits();
    world.zone().dies();
    world.run_for(Duration::from_secs(20));

    assert_eq!(standing(&mut world, "east").0, "registered");
    world.zone().returns();
    world.finish();
}

/// DNS denies a registrar, names it again, and fails: the house has heard of it meanwhile, and asks there.
#[test]
fn a3_what_the_house_has_heard_of_a_registrar_will_do_while_dns_fails() {
    let named = house("{ expires = \"2m\", retry = { first = \"200s\" } }")
        .replace(EAST, "servers = [{ uri = \"sip:r0.east.example:5060\" }]");
    let mut world = World::with_hosts(seed(), &named, &[("r0.east.example", "198.51.100.10")]);
    world.run_for(Duration::from_secs(80));
    world.zone().empties();
    world.run_for(Duration::from_secs(35));
    assert_eq!(standing(&mut world, "east").0, "retrying");

    world.zone().returns();
    world.run_for(Duration::from_secs(75));
    world.zone().fails();
    world.run_for(Duration::from_secs(140));

    assert_eq!(standing(&mut world, "east").0, "registered");
    world.zone().returns();
    world.finish();
}

/// A changed account is registered at once and the old one is forgotten; one that left the configuration too.
#[test]
fn a3_a_changed_configuration_is_registered_at_once() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let east = world.provider("east");
    world.run_for(Duration::from_secs(5));
    let before = east.bindings();

    world.adopts(&house("{ contact_user = \"contoso\" }"));
    world.run_for(Duration::from_secs(2));
    let after = east.bindings();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert!(after[0].contact.starts_with("sip:contoso@192.0.2.10"), "{}", after[0].contact);

    let asked = east.registrations().len();
    world.adopts(&house("{ contact_user = \"contoso\" }"));
    world.run_for(Duration::from_secs(2));
    assert_eq!(east.registrations().len(), asked, "nothing changed");

    world.adopts(TWO_PROVIDERS);
    world.run_for(Duration::from_secs(2));
    assert!(east.bindings().is_empty());
    world.finish();
}

/// The route that a registrar gives is the way of the calls to it, and who else we are there is shown.
#[test]
fn d12_a_service_route_is_the_way_of_calls() {
    let named = house("{}").replace("sip:198.51.100.10:5060", "sip:east.example:5060").replace(
        "\"off\" }\n\n[trunk.west]",
        "\"off\" }\nidentity = { domain = \"east.example\" }\n\n[trunk.west]",
    );
    let mut world = World::with_hosts(seed(), &named, &[("east.example", "198.51.100.10")]);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    let edge = "203.0.113.20:5060".parse().unwrap();
    east.has_habit(Habit::GivesServiceRoute(edge));
    world.run_for(Duration::from_secs(5));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up_with(&west), "the edge is where the route leads");
    assert_eq!(east.was_called(), 0);
    let routed = Note::Routed { route: "<sip:203.0.113.20:5060;lr>".to_owned() };
    assert_eq!(west.count(|note| *note == routed), 1);
    let Some(Reply::View(view)) = world.commands(Command::View) else { panic!("a view was asked for") };
    let shown = view.trunks.iter().find_map(|trunk| trunk.registration.clone()).unwrap();
    assert_eq!(shown.routes, ["<sip:203.0.113.20:5060;lr>"]);
    assert_eq!(shown.associated.len(), 1);
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

/// A wrong password is tried three times and no more; the trunk is out of routing, but not for a call for
/// help; and the account is tried again now and then, or as soon as the configuration changes.
#[test]
fn pain_05_a_wrong_password_stops_early_and_is_said() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let (east, west) = (world.provider("east"), world.provider("west"));
    let (hana, lobby) = (world.user("hana"), world.user("lobby"));
    let wrong = Credentials { user: ACCOUNT.to_owned(), password: "another".to_owned() };
    east.with(|profile| profile.accounts = vec![wrong]);

    world.run_for(Duration::from_secs(1500));
    assert_eq!(statuses(&east), [401; 6], "three tries of two messages");
    let (state, why) = standing(&mut world, "east");
    assert_eq!((state, &*why), ("stopped", "password rejected: 401 Unauthorized"));
    west.answers_every_invite_with(503);
    let (call, help) = (hana.dials("+1 206 555 0142"), lobby.dials("911"));
    world.run_for(Duration::from_secs(5));
    assert_eq!(call.ended(), Some(Ended::Refused(503)), "east isn't tried");
    assert!(help.is_up_with(&east));
    help.hangs_up();

    let right = Credentials { user: ACCOUNT.to_owned(), password: "a password of the story".to_owned() };
    east.with(|profile| profile.accounts = vec![right]);
    world.run_for(Duration::from_secs(1800));
    assert_eq!(standing(&mut world, "east").0, "registered");
    world.finish();
}

/// A registrar that stays dead for a day is never given up.
#[test]
fn pain_05_network_errors_are_never_given_up() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let east = world.provider("east");
    east.has_habit(Habit::Silent);

    world.run_for(Duration::from_secs(86_400));
    assert_eq!(standing(&mut world, "east").0, "retrying");
    let failed = world.events().iter().filter(|event| matches!(event, Event::TrunkRegistrationFailed { .. }));
    assert!((130..=200).contains(&failed.count()), "one try in ten minutes, and not more");

    east.loses_its_habits();
    world.run_for(Duration::from_secs(610));
    assert_eq!(standing(&mut world, "east").0, "registered");
    world.finish();
}

/// What the provider says in its refusal is shown in its own words.
#[test]
fn pain_05_the_providers_words_are_quoted() {
    let mut world = World::from_toml(seed(), &house("{}"));
    let east = world.provider("east");
    east.has_habit(Habit::RegistersNobody(403));

    world.run_for(Duration::from_secs(5));

    let (state, why) = standing(&mut world, "east");
    assert_eq!((state, &*why), ("backing off", "403 Forbidden, Warning 399 registrar \"not today\""));
    let said = world.events().iter().any(
        |event| matches!(event, Event::TrunkRegistrationFailed { cause, .. } if cause.contains("not today")),
    );
    assert!(said);
    world.finish();
}
