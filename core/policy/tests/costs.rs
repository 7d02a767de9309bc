//! Least cost: what each way costs, which is taken, and why.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use std::sync::Arc;

use house::*;
use policy::{Deck, Facts, Policy, Price, Rate, Trail, WallTime, compile, compile_after, plan};

const HOUSE: &str = r#"
format = 1
[system]
name = "contoso"
country = "US"
realm = "contoso.example"
time_zone = "America/Los_Angeles"
[interface.lan]
address = "10.0.0.1"
udp = 5060
side = "inside"
[deck.east]
file = "decks/east.csv"
currency = "USD"
minimum = "6s"
increment = "6s"
[deck.west]
file = "decks/west.csv"
currency = "USD"
[trunk.east]
servers = [{ uri = "sip:203.0.113.5" }]
cost = { deck = "east" }
limits = { calls = 1 }
[trunk.west]
servers = [{ uri = "sip:203.0.113.6" }, { uri = "sip:203.0.113.16", priority = 20 }]
cost = { deck = "west" }
[trunk.none]
servers = [{ uri = "sip:203.0.113.7" }]
[user.hana]
devices = [{ contact = "sip:hana@10.0.0.31" }]
allow = ["national", "international"]
[route.all]
order = 10
to = "+…"
use = [{ trunk = "none" }, { trunk = "west" }, { trunk = "east" }]
choose = "cheapest"
[emergency.us]
dial = ["911"]
trunks = ["west"]
"#;

const EAST: &str = "prefix,price,from,name\n82,0.034,,South Korea\n8210,0.021,,\"South Korea, mobile\"\n\
                    8210,0.060,2026-11-20,\"South Korea, mobile\"\n1,0.009\n";
const WEST: &str = "82,0.030\n8210,0.040\n1,0.010\n";

fn documents_with(text: &str, east: &str) -> model::Documents {
    let mut documents = documents(text);
    documents.lists.insert("decks/east.csv".into(), east.into());
    documents.lists.insert("decks/west.csv".into(), WEST.into());
    documents
}

fn house_with(text: &str) -> Policy {
    let policy = compile(&documents_with(text, EAST), &secrets());
    policy.unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

fn hana(dialled: &str, day: &str) -> Facts {
    let at: model::Moment = format!("{day}T12:00:00-08:00").parse().unwrap();
    Facts { at: WallTime(at.unix_ms), ..call("10.0.0.31:5060", LAN, "hana", dialled) }
}

fn order(policy: &Policy, facts: &Facts) -> Vec<String> {
    let plan = planned(policy, facts);
    let name = |attempt: &policy::AttemptPlan| match &attempt.callee {
        policy::Callee::Trunk(name) | policy::Callee::User(name) => name.to_string(),
    };
    let mut names: Vec<String> = plan.attempts.iter().map(name).collect();
    names.dedup();
    names
}

/// The cheapest trunk comes first, by the longest prefix; one without a price comes last.
#[test]
fn req_c09_the_cheapest_trunk_is_tried_first() {
    let policy = house_with(HOUSE);

    assert_eq!(order(&policy, &hana("+82255501234", "2026-11-10")), ["west", "east", "none"]);
    assert_eq!(order(&policy, &hana("+821055501234", "2026-11-10")), ["east", "west", "none"]);
    assert_eq!(order(&policy, &hana("+12065550142", "2026-11-10")), ["east", "west", "none"]);
}

/// A price holds from its day on, where the house lives.
#[test]
fn req_c09_prices_change_on_their_day() {
    let policy = house_with(HOUSE);

    assert_eq!(order(&policy, &hana("+821055501234", "2026-11-19"))[0], "east");
    assert_eq!(order(&policy, &hana("+821055501234", "2026-11-20"))[0], "west");
}

/// The trail shows what a minute costs by each trunk, so that who reads it sees why the others lost.
#[test]
fn req_c09_the_trail_shows_the_price_of_each_trunk() {
    let mut trail = Trail::new();

    plan(&house_with(HOUSE), &hana("+821055501234", "2026-11-10"), &mut trail);

    let said = trail.to_string();
    assert!(said.contains("✔ east             sip:203.0.113.5, priority 10, 0.021 USD/min"), "{said}");
    assert!(said.contains("→ west             sip:203.0.113.6, priority 10, 0.040 USD/min"), "{said}");
    assert!(said.contains("→ none             sip:203.0.113.7, priority 10"), "{said}");
}

/// When the cheap trunk is full the call goes on to a dearer one, and each attempt carries its price.
#[test]
fn req_c09_overflow_to_a_dearer_trunk_is_seen() {
    let plan = planned(&house_with(HOUSE), &hana("+821055501234", "2026-11-10"));

    let prices: Vec<Option<String>> =
        plan.attempts.iter().map(|attempt| attempt.quote.as_ref().map(|quote| quote.to_string())).collect();

    assert!(plan.attempts[0].moves_on.contains(policy::Cause::Limit));
    let said: Vec<&str> = prices.iter().map(|price| price.as_deref().unwrap_or("none")).collect();
    assert_eq!(said, ["0.021 USD/min", "0.040 USD/min", "0.040 USD/min", "none"]);
}

/// A trunk with a server down comes after healthy ones, where health is asked for; by price alone it stays.
#[test]
fn req_c09_the_cheapest_healthy_is_not_always_the_cheapest() {
    let healthy = house_with(&HOUSE.replace("\"cheapest\"", "\"cheapest-healthy\""));
    let cheapest = house_with(HOUSE);
    let facts = |policy: &Policy| Facts {
        standings: down(policy, &["sip:203.0.113.16"]),
        ..hana("+82255501234", "2026-11-10")
    };

    assert_eq!(order(&cheapest, &facts(&cheapest))[0], "west");
    assert_eq!(order(&healthy, &facts(&healthy))[0], "east");
}

/// Prices of two currencies are not compared, and a route by price has a price.
#[test]
fn req_c09_prices_that_cannot_be_compared_are_refused() {
    let euro = HOUSE.replacen("currency = \"USD\"\nminimum", "currency = \"EUR\"\nminimum", 1);
    let problems = compile(&documents_with(&euro, EAST), &secrets()).unwrap_err();
    assert_eq!(problems[0].message, "route \"all\" compares USD and EUR");

    let free = HOUSE.replace("cost = { deck = \"east\" }\n", "").replace("cost = { deck = \"west\" }\n", "");
    let problems = compile(&documents_with(&free, EAST), &secrets()).unwrap_err();
    assert_eq!(problems[0].message, "route \"all\" chooses by price, and no trunk of it has one");
}

/// A list with a bad line is not applied; the line and the reason are told.
#[test]
fn req_c09_a_bad_line_of_a_list_is_told() {
    let bad = format!("{EAST}44,-0.1\n8x,1\n");

    let problems = compile(&documents_with(HOUSE, &bad), &secrets()).unwrap_err();

    assert_eq!(problems[0].message, "decks/east.csv:6: the price is negative");
    assert_eq!(problems[0].notes, ["1 more lines are bad"]);
    let missing = compile(&documents(HOUSE), &secrets()).unwrap_err();
    assert_eq!(missing[0].code.to_string(), "TD-C053");
}

/// A list that has not changed is shared by the next revision, not read again.
#[test]
fn req_c09_an_unchanged_list_is_shared_between_revisions() {
    let old = house_with(HOUSE);

    let same = compile_after(&old, &documents_with(HOUSE, EAST), &secrets()).unwrap();
    let other = compile_after(&old, &documents_with(HOUSE, "1,0.5\n"), &secrets()).unwrap();

    let deck = |policy: &Policy| policy.tariffs().next().unwrap().deck.clone();
    assert!(Arc::ptr_eq(&deck(&old), &deck(&same)));
    assert!(!Arc::ptr_eq(&deck(&old), &deck(&other)));
}

/// A call for help goes by its own trunks, whatever they cost.
#[test]
fn req_c09_a_call_for_help_asks_for_no_price() {
    assert_eq!(order(&house_with(HOUSE), &hana("911", "2026-11-10"))[0], "west");
}

/// Prefixes by the hundred thousand take at most 32 bytes each, and every look-up agrees with a plain search.
#[test]
fn o4_many_prefixes_are_small_and_found() {
    let rates = (0..200_000_u64).map(|n| {
        let prefix = (10 + n * 48_271 % 99_999_999).to_string();
        Rate { prefix: prefix.into(), price: Price((n % 900) as u32), from_day: None, name: "".into() }
    });
    let mut plain: Vec<(Box<str>, Price)> = Vec::new();
    let rates: Vec<Rate> = rates.inspect(|rate| plain.push((rate.prefix.clone(), rate.price))).collect();
    let deck = Deck::new(rates);
    plain.sort();
    let slow = |number: &str| {
        (1..=number.len()).rev().find_map(|end| {
            let at = plain.binary_search_by(|(prefix, _)| (**prefix).cmp(&number[..end])).ok()?;
            Some(plain[at].1)
        })
    };

    assert!(deck.len() > 199_000, "{}", deck.len());
    assert!(deck.bytes() <= 32 * deck.len(), "{} bytes a prefix", deck.bytes() / deck.len());
    for n in 0..20_000_u64 {
        let number = (10_000_000_000 + n * 7_919_000_111 % 89_999_999_999).to_string();
        assert_eq!(deck.price(&number, 20_000), slow(&number), "{number}");
    }
}
