//! Rights, usages and routes: who may call what, and by which trunks in what order.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Code, Facts, Policy, Trail, WallTime, plan};

const DALLAS: &str = include_str!("dallas.toml");

fn dallas() -> Policy {
    house_of(DALLAS)
}

fn dials(user: &str, number: &str) -> Facts {
    let source = match user {
        "ann" => "10.2.0.31:5060",
        "lobby" => "10.1.0.40:5060",
        "boss" => "10.1.0.41:5060",
        "own" => "10.1.0.42:5060",
        _ => "10.1.0.31:5060",
    };
    let proved = matches!(user, "dan" | "ann").then(|| user.to_owned());
    Facts { authenticated: proved, ..call(source, LAN, user, number) }
}

fn trunks_of(policy: &Policy, facts: &Facts) -> Vec<String> {
    let plan = planned(policy, facts);
    let name = |callee: &policy::Callee| match callee {
        policy::Callee::Trunk(name) | policy::Callee::User(name) => name.to_string(),
    };
    plan.attempts.iter().map(|attempt| name(&attempt.callee)).collect()
}

/// At half past nine in the evening, Chicago time, of a day in November 2026.
fn at_night(day: &str) -> WallTime {
    let at: model::Moment = format!("2026-{day}T21:30:00-06:00").parse().unwrap();
    WallTime(at.unix_ms)
}

/// Dallas users have the Dallas gateway first, and every gateway when it is down.
#[test]
fn req_f24_the_second_usage_carries_the_call_when_the_dallas_gateway_is_down() {
    let policy = dallas();
    let up = dials("dan", "2065550142");
    let facts = Facts { standings: down(&policy, &["sip:10.1.0.5"]), ..up.clone() };

    assert_eq!(trunks_of(&policy, &up), ["dallas-gw", "austin-gw", "north"]);
    assert_eq!(trunks_of(&policy, &facts), ["austin-gw", "north", "dallas-gw"]);
    let plan = planned(&policy, &facts);
    assert_eq!(plan.route.as_deref(), Some("anywhere"));
    assert_eq!(planned(&policy, &up).route.as_deref(), Some("dallas"));
}

/// The order of usages in rights comes before the order of routes.
#[test]
fn req_f22_usages_come_in_the_order_of_the_rights() {
    let text = DALLAS.replace("\"dallas-users\", \"hop-off\"", "\"hop-off\", \"dallas-users\"");

    let plan = planned(&house_of(&text), &dials("dan", "2065550142"));

    assert_eq!(plan.route.as_deref(), Some("anywhere"));
}

/// Who lacks the usage is refused with 403, and told which rights lack which usage.
#[test]
fn req_f22_a_missing_usage_is_refused_and_named() {
    let refusal = refused(&dallas(), &dials("lobby", "2065550142"));

    assert_eq!((refusal.code, refusal.status), (Code::USAGE, 403));
    assert!(refusal.words.starts_with("rights lobby of lobby has no usage that leads to +12065550142"));
    assert!(refusal.words.contains("dallas-users (route dallas)"), "{}", refusal.words);
}

/// A number that no route takes at all is another refusal than a missing usage.
#[test]
fn req_f22_a_number_that_no_route_takes_is_not_found() {
    let text = DALLAS.replace("to = \"+…\"", "to = \"+1 …\"");
    let policy = house_of(&text.replace("\"international\", \"premium\"", "\"international\""));

    assert_eq!(refused(&policy, &dials("boss", "011442079460958")).code, Code::NO_ROUTE);
}

/// The rights of a user come before those of the site, and those before the system's.
#[test]
fn req_f21_the_most_specific_rights_hold() {
    let policy = dallas();
    let usages_first = |user: &str| planned(&policy, &dials(user, "2065550142")).route.unwrap().to_string();

    assert_eq!(usages_first("dan"), "dallas");
    assert_eq!(usages_first("ann"), "anywhere");
    assert_eq!(refused(&policy, &dials("lobby", "2065550142")).code, Code::USAGE);
    assert_eq!(refused(&policy, &dials("own", "0118227001234")).code, Code::RIGHTS);
}

/// Premium, satellite and international numbers are for those to whom they are allowed.
#[test]
fn pain_13_costly_classes_are_denied_until_they_are_allowed() {
    let policy =
        house_of(&DALLAS.replace("rights = \"everybody\"\n", "").replace("rights = \"dallas\"\n", ""));
    for number in ["011442079460958", "19005550142", "+8816315550142", "+442079460958"] {
        let refusal = refused(&policy, &dials("dan", number));
        assert_eq!((refusal.code, refusal.status), (Code::RIGHTS, 403), "{number}");
    }

    assert_eq!(refused(&policy, &dials("boss", "+8816315550142")).code, Code::RIGHTS);
}

/// Countries and beginnings open or close what is abroad; nothing but its class opens what costs extra.
#[test]
fn pain_13_rights_speak_of_countries_and_beginnings() {
    let policy = dallas();
    let code = |user: &str, number: &str| {
        let mut trail = Trail::new();
        match plan(&policy, &dials(user, number), &mut trail) {
            policy::Decision::Go(_) => None,
            policy::Decision::No(refusal) => Some(refusal.words),
        }
    };

    assert_eq!(code("dan", "0118225551234"), None);
    assert_eq!(
        code("dan", "011442079460958").unwrap(),
        "dan may not call international numbers: rights dallas allows internal, national, KR, +8835"
    );
    assert_eq!(
        code("dan", "2145550142").unwrap(),
        "dan may not call national numbers: rights dallas denies +12145550"
    );
    assert_eq!(
        code("boss", "0118225551234").unwrap(),
        "boss may not call international numbers: rights boss denies KR"
    );
    assert!(code("dan", "+883510000000").unwrap().contains("premium numbers"));
}

/// Exceptions of a pattern are not taken by its route.
#[test]
fn req_f23_exceptions_are_not_taken() {
    let policy = house_of(&DALLAS.replace("except = [\"12-24\", \"2026-11-26\"]", ""));
    let facts = Facts { at: WallTime(1_795_269_600_000), ..dials("boss", "19005550142") };

    let refusal = refused(&policy, &facts);

    assert_eq!(refusal.code, Code::USAGE);
    let mut trail = Trail::new();
    plan(&policy, &facts, &mut trail);
    assert!(trail.to_string().contains("✘ anywhere         does not take \"+1 900 …\""), "{trail}");
}

/// A route with a schedule is used at its times, past midnight too, and not on its holidays.
#[test]
fn req_f23_a_route_is_used_at_its_times() {
    let policy = dallas();
    let route = |at: WallTime| {
        let facts = Facts { at, ..dials("boss", "2065550142") };
        planned(&policy, &facts).route.unwrap().to_string()
    };
    let hours_later = |at: WallTime, hours: i64| WallTime(at.0 + hours * 3_600_000);

    assert_eq!(route(at_night("11-20")), "night");
    assert_eq!(route(hours_later(at_night("11-20"), 8)), "night", "05:30 on Saturday is Friday's night");
    assert_eq!(route(hours_later(at_night("11-20"), 9)), "anywhere", "06:30");
    assert_eq!(route(at_night("11-21")), "anywhere", "Saturday");
    assert_eq!(route(at_night("11-26")), "anywhere", "a holiday");
    assert_eq!(route(at_night("12-24")), "anywhere", "a holiday of every year");
    let facts = Facts { at: at_night("11-21"), ..dials("boss", "2065550142") };
    let mut trail = Trail::new();
    plan(&policy, &facts, &mut trail);
    let wanted = "wants night (20:00-06:00), now Sat 2026-11-21 21:30 America/Chicago";
    assert!(trail.to_string().contains(wanted), "{trail}");
}

/// A route may hide its callers behind a number of the house; others show them.
#[test]
fn req_f06_a_route_shows_another_number_instead_of_the_caller() {
    let policy =
        house_of(&DALLAS.replace("rights = \"boss\"", "rights = \"boss\"\nnumber = \"+12145550107\""));
    let facts = Facts { at: at_night("11-20"), ..dials("boss", "2065550142") };

    let plan = planned(&policy, &facts);

    let (night, day) = (&plan.attempts[0], &plan.attempts[1]);
    assert_eq!(night.route.as_deref(), Some("night"));
    assert!(!format!("{night:?}").contains("5550107"), "{night:?}");
    assert!(
        night.heading.from.text().contains("+12145550199") && !night.heading.from.text().contains("boss"),
        "{}",
        night.heading.from.text()
    );
    assert_eq!(day.route.as_deref(), Some("anywhere"));
    assert!(day.heading.from.text().contains("+12145550107"), "{}", day.heading.from.text());
}

/// One server is tried once, however many routes lead to it, and nobody waits for more than twelve.
#[test]
fn pain_11_no_server_is_tried_twice_and_no_more_than_twelve() {
    let servers: Vec<String> = (1..=20).map(|n| format!("{{ uri = \"sip:203.0.113.{n}\" }}")).collect();
    let text = DALLAS.replace("{ uri = \"sip:203.0.113.5\" }", &servers.join(", "));

    let plan = planned(&house_of(&text), &dials("dan", "2065550142"));

    let mut targets = targets(&plan);
    assert_eq!(targets.len(), 12);
    targets.sort_unstable();
    targets.dedup();
    assert_eq!(targets.len(), 12);
}

/// No rights, no usage, no schedule and no bound stands before a call for help.
#[test]
fn req_f22_a_call_for_help_needs_no_rights_and_no_usage() {
    let lobby = "[rights.lobby]\nallow = [\"internal\", \"national\"]";
    let text = DALLAS.replace(lobby, "[rights.lobby]\nallow = []");

    let plan = planned(&house_of(&text), &dials("lobby", "911"));

    assert!(plan.emergency);
    assert_eq!(plan.attempts.len(), 3);
}

/// A house of two thousand routes finds the same ways as one that looks at each, in the order written.
#[test]
fn req_f23_many_routes_are_found_by_how_they_begin() {
    let mut text = DALLAS.to_owned();
    for n in 0..500 {
        let (area, site) = (201 + n, ["dallas", "austin"][n % 2]);
        text.push_str(&format!(
            "[route.area-{n}]\norder = {}\nusages = [\"hop-off\"]\nsites = [\"{site}\"]\n\
             to = \"+1 {area} …\"\nuse = [{{ trunk = \"north\" }}]\n",
            n % 40
        ));
    }
    let policy = house_of(&text);

    let plan = planned(&policy, &dials("ann", "2065550142"));

    assert_eq!(plan.route.as_deref(), Some("area-5"));
    assert_eq!(planned(&policy, &dials("ann", "2055550142")).route.as_deref(), Some("anywhere"));
    assert_eq!(planned(&policy, &dials("dan", "2055550142")).attempts[1].route.as_deref(), Some("area-4"));
    let mut trail = Trail::new();
    plan_again(&policy, &mut trail);
    assert!(trail.to_string().contains("2 of 4 match; 499 others are for other"), "{trail}");
    let rest = policy::routes_not_taken(&policy, &dials("ann", "2065550142"));
    assert_eq!(rest.len(), 503 - 2);
}

fn plan_again(policy: &Policy, trail: &mut Trail) {
    plan(policy, &dials("ann", "2065550142"), trail);
}
