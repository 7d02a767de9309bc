#![allow(clippy::unwrap_used)]
//! `tandem capacity`, as somebody meets it who plans a house.

mod house;

use std::fs;

use house::{Directory, house, tandem};
use serde_json::{Value, json};

const MORNING: i64 = 1_763_632_800_000;
const MINUTE: i64 = 60_000;

fn capacity(words: &[&str]) -> Value {
    let output = tandem(&[&["capacity", "--json"], words].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn written(name: &str, more: &str) -> Directory {
    let directory = Directory::new(name);
    let text = house(5060).replace("side = \"inside\"", "side = \"inside\"\nmedia_ports = \"30000-30099\"");
    fs::write(directory.path().join("house.toml"), text + more).unwrap();
    directory
}

/// Nothing but a number of people is needed; what is usual stands beside it.
#[test]
fn req_f74_a_house_is_sized_by_its_people_alone() {
    let sized = capacity(&["--users", "2000"]);

    assert_eq!((&sized["size"]["channels"], &sized["size"]["calls"]), (&json!(263), &json!(426)));
    assert_eq!((&sized["load"]["direct"], &sized["size"]["direct"]), (&json!(0.0), &json!(0)));
    // 93 kbps in the clear by IPv4, eight more by IPv6.
    let lines = &sized["line_each_way"];
    assert_eq!((&lines[0]["kbps_a_call"], &lines[0]["kbps"]), (&json!(93), &json!(93 * 263)));
    assert_eq!(lines[1]["kbps_a_call"], 101);
    let sealed = capacity(&["--users", "2000", "--srtp", "--codec", "opus", "--direct", "40%"]);
    assert_eq!(
        (&sealed["line_each_way"][0]["kbps_a_call"], &sealed["size"]["anchored"]),
        (&json!(65), &json!(256))
    );
    let text = tandem(&["capacity", "--users", "2000"]).stdout;
    let text = String::from_utf8(text).unwrap();
    for said in
        ["channels of trunks", "263", "erlangs", "Measured 2026-11-21", "docs/PERFORMANCE.md", "93 a call"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// What a configuration would refuse is said with its place; what it says enough of is not.
#[test]
fn req_f74_what_a_configuration_would_refuse_is_named_with_its_place() {
    let more = "[link.mpls]\nkind = \"mpls\"\nkbps = 2000\n[site.seattle]\nmedia = { max_calls = 5 }\n\
                [user.minsu]\nsite = \"seattle\"\n";
    let directory = written("capacity-lacks", more);
    let file = directory.path().join("house.toml");
    let limited = |limit: &str| {
        let text = fs::read_to_string(&file).unwrap();
        let trunk = |name: &str| {
            format!("[trunk.{name}]\nlink = \"mpls\"\nlimits = {{ calls = {limit}, calls_per_second = 1 }}\n")
        };
        let text = text.replace("[trunk.east]\n", &trunk("east")).replace("[trunk.west]\n", &trunk("west"));
        fs::write(&file, text).unwrap();
    };
    limited("50");
    let lacks = |users: &str| -> Vec<String> {
        let sized = capacity(&["--users", users, "--dir", directory.text()]);
        let lacks = sized["lacks"].as_array().unwrap();
        assert!(
            lacks.iter().all(|lack| lack["at"].as_str().unwrap().starts_with("house.toml:")),
            "{lacks:?}"
        );
        lacks.iter().map(|lack| lack["words"].as_str().unwrap().to_owned()).collect()
    };

    let (many, few) = (lacks("4000"), lacks("10"));

    let said = |words: &str| assert!(many.iter().any(|lack| lack.contains(words)), "{words}: {many:?}");
    said("media_ports of lan hold 50");
    said("limits.calls of east and west are 100");
    said("calls_per_second of east and west are 2");
    said("kbps of mpls are 2000");
    said("people at seattle leave it, and max_calls is 5");
    assert!(few.is_empty(), "{few:?}");
}

/// Where records say how people call, their busiest hour counts, for as many users as there shall be.
#[test]
fn req_f74_traffic_is_drawn_from_the_busy_hour_of_records() {
    let directory = written("capacity-records", "[user.minsu]\n");
    let call = |nth: i64, direction: &str, path: &str| {
        let started = MORNING + nth * 5 * MINUTE;
        json!({ "id": format!("c{nth}"), "direction": direction, "started": started,
            "ended": started + 10 * MINUTE, "paths": [{ "since": started, "path": path, "why": "" }] })
    };
    // Twelve calls in an hour, ten minutes each, half of them by trunks, a quarter direct in the end.
    let kind = |nth: i64| if nth % 2 == 0 { "outbound" } else { "internal" };
    let path = |nth: i64| if nth % 4 == 0 { "direct" } else { "anchored" };
    let mut calls: Vec<Value> = (0..12).map(|nth| call(nth, kind(nth), path(nth))).collect();
    calls.push(json!({ "id": "none", "direction": null, "started": MORNING, "ended": MORNING }));
    let folder = directory.path().join("data/records");
    fs::create_dir_all(&folder).unwrap();
    let lines: String = calls.iter().map(|record| format!("{record}\n")).collect();
    fs::write(folder.join("calls-20251120.jsonl"), lines).unwrap();

    let sized = capacity(&["--traffic", "records", "--dir", directory.text()]);
    let grown = capacity(&["--traffic", "records", "--dir", directory.text(), "--users", "200"]);

    let load = |sized: &Value, key: &str| sized["load"][key].as_f64().unwrap();
    assert_eq!(sized["busy_hour"], MORNING);
    assert_eq!((load(&sized, "outside"), load(&sized, "direct")), (0.5, 0.25));
    assert_eq!((load(&sized, "users"), load(&sized, "calls_an_hour")), (2.0, 6.0));
    // The last of them goes on into the next hour.
    assert!((sized["size"]["erlangs"].as_f64().unwrap() - 23.0 / 12.0).abs() < 1e-9);
    assert!((grown["size"]["erlangs"].as_f64().unwrap() - 2_300.0 / 12.0).abs() < 1e-6);
    let none = tandem(&[
        "capacity",
        "--traffic",
        "records",
        "--users",
        "5",
        "--data",
        "/nowhere",
        "--dir",
        directory.text(),
    ]);
    assert_eq!(none.status.code(), Some(1));
}

/// What makes no sense is refused.
#[test]
fn req_f74_a_house_of_nobody_is_not_sized() {
    for words in [["--users", "0"], ["--outside", "120%"], ["--headroom", "0.5"], ["--hold", "3"]] {
        assert_eq!(tandem(&[&["capacity"][..], &words].concat()).status.code(), Some(2), "{words:?}");
    }
}
