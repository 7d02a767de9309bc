//! What trails say, word for word: kept in a file, so that a decision may become faster and not tell less.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use std::fmt::Write;

use house::*;
use policy::{Decision, Facts, Policy, Registration, Trail, WallTime, plan, plan_live};

const DALLAS: &str = include_str!("dallas.toml");
const KEPT: &str = include_str!("golden/trails.txt");

/// Contoso with prices, lines, an account, rules and a site with a prefix.
fn contoso() -> Policy {
    let text = CONTOSO
        .replace("limits = { calls = 60 }", "limits = { calls = 60, calls_per_second = 10 }\nregister = {}")
        .replace("accept = { sources = [\"198.51.100.0/28\"] }", "$0\ncost = { deck = \"east\" }")
        .replace("$0", "accept = { sources = [\"198.51.100.0/28\"] }")
        .replace("country = \"KR\"\narea_code", "country = \"KR\"\nextension_prefix = \"82\"\narea_code");
    let mut documents = documents(&format!(
        "{text}\n[deck.east]\nfile = \"east.csv\"\ncurrency = \"USD\"\n[trunk.pbx]\nkind = \"pbx\"\n\
servers = [{{ uri = \"sip:10.20.0.9\" }}]\naccept = {{ sources = [\"10.20.0.9\"] }}\n"
    ));
    documents.lists.insert("east.csv".into(), "8210,0.021\n82,0.034\n1,0.009\n".into());
    policy::compile(&documents, &secrets()).unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

fn dallas() -> Policy {
    let mut text = DALLAS.to_owned();
    for n in 0..40 {
        let (area, site) = (201 + n, ["dallas", "austin"][n % 2]);
        write!(
            text,
            "[route.area-{n}]\norder = {n}\nusages = [\"hop-off\"]\nsites = [\"{site}\"]\n\
to = \"+1 {area} …\"\nuse = [{{ trunk = \"north\" }}]\n"
        )
        .unwrap();
    }
    house_of(&text)
}

/// Calls of everybody to everything, and some with a difference.
fn calls_of_contoso(policy: &Policy) -> Vec<Facts> {
    let dialled = [
        "2065550142",
        "9 206 555 0142",
        "011 82 10 5550 9999",
        "+390612345678",
        "+883510012345",
        "0101",
        "7 1234",
        "*77",
        "911",
        "9911",
        "1-800-FLOWERS",
        "lobby",
        "nobody",
        "12",
        "+12025550199",
        "+14255550177",
        "tel:+14255550100;ext=0101",
        "urn:service:sos",
        "mailto:x@y",
    ];
    let mut calls = Vec::new();
    calls.extend(dialled.map(hana_dials));
    calls.extend(["2065550142", "+390612345678", "0101", "nobody", "911"].map(lobby_dials));
    calls.extend(["02 5550 9999", "820101", "119", "+12065550142"].map(minsu_dials));
    calls.extend(
        ["+14255550100", "+14255550150", "+14255550177", "+390612345678", "0101"].map(northwind_sends),
    );
    calls.extend(["+14255550100", "+390612345678", "hana", "911"].map(fabrikam_sends));
    let hana = hana_dials("2065550142");
    let abroad = hana_dials("+821055509999");
    let pbx = call("10.20.0.9:5060", LAN, "+14255550100", "911");
    calls.extend([
        Facts { standings: down(policy, &["sip:203.0.113.20:5060"]), ..abroad.clone() },
        Facts { standings: down(policy, &["sip:sbc1.northwind.example"]), ..hana.clone() },
        Facts { privacy: Some("id;critical".into()), ..abroad.clone() },
        Facts { privacy: Some("none".into()), asserted: vec!["sip:x@y".into()], ..abroad.clone() },
        Facts { privacy: Some("strange;critical".into()), ..abroad.clone() },
        Facts { from_uri: "sip:anonymous@Anonymous.Invalid".into(), ..hana.clone() },
        Facts { from_uri: "sip:+12025550123@contoso.example".into(), ..hana.clone() },
        Facts { from_uri: "sip:minsu@contoso.example".into(), ..hana.clone() },
        Facts { authenticated: None, ..hana.clone() },
        Facts { max_forwards: 0, ..hana.clone() },
        Facts { transferred_by: Some("hana".into()), ..hana.clone() },
        Facts { in_use: vec![("trunk northwind".into(), 7)], ..hana.clone() },
        Facts { registrations: missing(), ..hana.clone() },
        Facts {
            diversion: vec!["<sip:+14255550111@x>;reason=user-busy".into()],
            ..northwind_sends("+14255550150")
        },
        Facts { source: "[::ffff:198.51.100.3]:5062".parse().unwrap(), ..fabrikam_sends("+390612345678") },
        call("198.51.100.99:5060", WAN, "stranger", "+14255550100"),
        call("203.0.113.40:5060", WAN, "+12065550142", "+14255550199"),
        call("203.0.113.50:5060", WAN, "+12065550142", "+14255550199"),
        Facts { request_uri: "sip:+442079460000@x".into(), ..pbx.clone() },
        pbx,
    ]);
    calls
}

fn missing() -> std::collections::BTreeMap<std::sync::Arc<str>, Registration> {
    [("northwind".into(), Registration::Missing("403 Forbidden".into()))].into()
}

fn calls_of_dallas() -> Vec<Facts> {
    let at = |text: &str| WallTime(text.parse::<model::Moment>().unwrap().unix_ms);
    let mut calls = Vec::new();
    for (user, source) in [("dan", 31), ("lobby", 40), ("boss", 41), ("own", 42), ("ann", 31)] {
        let site = if user == "ann" { 2 } else { 1 };
        let proved = matches!(user, "dan" | "ann").then(|| user.to_owned());
        for number in ["2065550142", "2055550142", "9005550142", "+8835100", "+82255509999", "+2145550101"] {
            let facts = call(&format!("10.{site}.0.{source}:5060"), LAN, user, number);
            let night = at("2026-11-20T21:30:00-06:00");
            let at = if user == "boss" { night } else { facts.at };
            calls.push(Facts { authenticated: proved.clone(), at, ..facts });
        }
    }
    calls
}

fn told(policy: &Policy, calls: &[Facts], out: &mut String) {
    for facts in calls {
        let mut trail = Trail::new();
        let decision = match plan(policy, facts, &mut trail) {
            Decision::Go(plan) => format!("{} attempts", plan.attempts.len()),
            Decision::No(refusal) => refusal.to_string(),
        };
        let Facts { source, from_uri, request_uri, .. } = facts;
        writeln!(out, "{source} {from_uri} {request_uri}: {decision}\n{trail}").unwrap();
        let others = policy::routes_not_taken(policy, facts);
        if let (Some(row), count) = (others.last(), others.len()) {
            writeln!(out, "   not {} {}, and {} others", row.name, row.why, count - 1).unwrap();
        }
    }
}

/// Every word of every trail is the one that was kept. What is meant to be otherwise is put into the file.
#[test]
fn every_trail_says_word_for_word_what_was_kept() {
    let (contoso, mut text) = (contoso(), String::new());
    told(&contoso, &calls_of_contoso(&contoso), &mut text);
    told(&dallas(), &calls_of_dallas(), &mut text);

    let differs = text.lines().zip(KEPT.lines()).position(|(says, said)| says != said);
    let line = differs.map(|at| at + 1);
    assert!(text == KEPT, "from line {line:?} on, golden/trails.txt should be\n=====\n{text}=====");
}

/// In a record a trail says what it says to people.
#[test]
fn a_trail_in_a_record_says_the_same() {
    let contoso = contoso();
    for mut facts in calls_of_contoso(&contoso) {
        let mut trail = Trail::new();
        let _ = plan_live(&contoso, &mut facts, &mut trail);

        let kept = serde_json::to_value(&trail).unwrap();

        for (step, kept) in trail.steps.iter().zip(kept["steps"].as_array().unwrap()) {
            assert_eq!(kept["says"].as_str(), Some(&*step.says.to_string()));
            for (row, kept) in step.considered.iter().zip(kept["considered"].as_array().into_iter().flatten())
            {
                assert_eq!(kept["why"].as_str(), Some(&*row.why.to_string()));
            }
        }
    }
}
