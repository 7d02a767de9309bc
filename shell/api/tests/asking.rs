#![allow(clippy::unwrap_used)]
//! What is asked by HTTP, over a real socket.

mod house;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{Door, Fault, Feed, Meter, Seal, Settings, start};
use serde_json::{Value, json};

use house::{ADMIN, Echo, OPERATOR, TOKEN, ask, get, send, server, server_of, settings};

#[test]
fn stored_tests_are_run_for_whoever_may_look() {
    let server = server();
    let runs = |query: &str| ask(&server, "POST", &format!("/api/v1/test{query}"), Some(TOKEN)).0;

    assert_eq!(
        [runs(""), runs("?name=national"), runs("?name=none"), runs("?names=a")],
        [200, 200, 404, 400]
    );
}

#[test]
fn a_call_is_made_for_an_operator_once_under_a_key() {
    let server = server();
    let makes = |query: &str, headers: &str, body: &str| {
        let path = format!("/api/v1/calls{query}");
        let (status, head, body) = send(&server, "POST", &path, Some(OPERATOR), (headers, body));
        (status, head, serde_json::from_str::<Value>(&body).unwrap())
    };
    let to = |number: &str| json!({ "from": "hana", "to": number }).to_string();

    let (status, head, made) = makes("", "Idempotency-Key: 7f\r\n", &to("0142"));
    assert_eq!((status, &made["key"], &made["who"]), (202, &json!("7f"), &json!("operator")));
    assert!(head.contains("location: /api/v1/calls/c1\r\n"), "{head}");
    assert_eq!(makes("?dry_run=true", "", &to("0142")).0, 200);

    for (number, status, code) in [
        ("nobody", 404, "TD-R201"),
        ("busy", 409, "TD-R209"),
        ("far", 422, "TD-R301"),
        ("drained", 503, "TD-R504"),
    ] {
        let (said, _, problem) = makes("", "", &to(number));
        assert_eq!((said, &problem["code"]), (status, &json!(code)), "{number}");
    }
    let long = "1".repeat(256);
    for (headers, body) in [
        ("", "{}".to_owned()),
        ("", "[]".to_owned()),
        ("", json!({ "from": "hana", "to": long }).to_string()),
        ("", json!({ "from": "hana", "to": "1", "trunk": "east" }).to_string()),
        ("", json!({ "from": "hana", "to": "1", "answer": "soon" }).to_string()),
        ("", json!({ "from": "hana", "to": "1", "answer": null }).to_string()),
        ("Idempotency-Key: a b\r\n", to("1")),
    ] {
        assert_eq!(makes("", headers, &body).2["code"], "TD-A003", "{headers}{body}");
    }
    let (status, ..) = send(&server, "POST", "/api/v1/calls", Some(TOKEN), ("", &to("1")));
    assert_eq!(status, 403, "a reader makes no calls");
}

#[test]
fn each_question_reaches_the_house_with_its_words() {
    let server = server();

    assert_eq!(get(&server, "/api/v1/trunks/north%20west"), (200, json!({ "asked": "north west" })));
    assert_eq!(get(&server, "/api/v1/trunks"), (200, json!({ "asked": null })));
    assert_eq!(get(&server, "/api/v1/calls?limit=7"), (200, json!({ "most": 7 })));
    assert_eq!(
        get(&server, "/api/v1/records?number=%2B1206&cause=busy&limit=2"),
        (200, json!({ "number": "+1206", "cause": "busy", "after": null, "most": 2 }))
    );
    assert_eq!(get(&server, "/api/v1/cdrs?after=x&limit=2"), (200, json!({ "after": "x", "most": 2 })));
    let explained = json!({ "number": "+1206", "from": "hana", "via": null, "at": null });
    assert_eq!(get(&server, "/api/v1/explain?number=%2B1206&from=hana"), (200, explained));
}

/// A reader asks for a report by its name; a word that is none of those that are known is refused.
#[test]
fn req_f72_a_report_is_asked_for_by_its_name() {
    let server = server();
    let report = |words: &str| {
        let (status, _, body) = ask(&server, "GET", &format!("/api/v1/reports/{words}"), Some(TOKEN));
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };

    let asked = json!({ "report": "usage", "by": "day", "last": "7d", "trunk": "east" });
    assert_eq!(report("usage?by=day&last=7d&trunk=east"), (200, asked));
    assert_eq!(report("usage?by=year").0, 400);
    assert_eq!(report("usage?since=7d").0, 400);
}

#[test]
fn without_the_token_there_is_health_and_nothing_of_calls() {
    let server = server();

    for token in [None, Some(""), Some("a-token-that-nobody-guesseS"), Some("a")] {
        let (status, head, body) = ask(&server, "GET", "/api/v1/calls", token);
        assert_eq!(status, 401, "{token:?}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        assert!(!body.contains("most"), "{body}");
    }
    assert_eq!(ask(&server, "GET", "/openapi.json", None).0, 401);
    assert_eq!(ask(&server, "GET", "/health", None).0, 200);
    assert_eq!(ask(&server, "GET", "/ready", None).0, 200);
    assert_eq!(ask(&server, "GET", "/metrics", None).0, 200);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let server = server();
    let refused = |path: &str| {
        let (status, problem) = get(&server, path);
        assert_eq!(problem["status"], status);
        (status, problem["detail"].as_str().unwrap().to_owned())
    };

    assert_eq!(refused("/api/v1/calls?limt=7"), (400, "limt: calls takes limit".to_owned()));
    assert_eq!(refused("/api/v1/trunks?x=1"), (400, "x: trunks takes nothing".to_owned()));
    assert_eq!(refused("/api/v1/calls?limit=0").0, 400);
    assert_eq!(refused("/api/v1/calls?limit=1001").0, 400);
    assert_eq!(refused("/api/v1/explain").0, 400);
    assert_eq!(refused("/api/v1/calls?limit=+7").0, 400);
    assert_eq!(refused("/api/v1/audit?after=-1").0, 400);
    assert_eq!(refused("/api/v1/calls/none"), (404, "there is no call none".to_owned()));
    assert_eq!(refused("/api/v1/status").0, 503);
    assert_eq!(refused("/api/v2/calls").0, 404);
    assert_eq!(ask(&server, "DELETE", "/api/v1/calls", Some(TOKEN)).0, 405);
}

#[test]
fn a_phone_is_given_its_file_without_a_token_and_nobody_learns_what_was_wrong() {
    let server = server();

    let (status, head, body) = ask(&server, "GET", "/phones/open/sesame.cfg", None);
    assert_eq!((status, &*body), (200, "come in"));
    assert!(head.contains("cache-control: no-store"), "{head}");
    let (_, head, nowhere) = ask(&server, "GET", "/nowhere", None);
    let dateless = |head: &str| -> String { head.lines().filter(|line| !line.starts_with("date")).collect() };
    for wrong in ["open/sesame.xml", "shut/sesame.cfg", "open", "open/", "%ff/%ff", "open/a/b"] {
        let (status, said, body) = ask(&server, "GET", &format!("/phones/{wrong}"), None);
        assert_eq!((status, body, dateless(&said)), (404, nowhere.clone(), dateless(&head)), "{wrong}");
    }
    assert_eq!(ask(&server, "GET", "/phones/again/sesame.cfg", None).0, 429);
}

#[test]
fn a_defect_costs_one_answer() {
    let server = server();

    for _ in 0..20 {
        assert_eq!(get(&server, "/api/v1/phones").0, 500);
    }
    assert_eq!(get(&server, "/api/v1/trunks").0, 200);
}

#[test]
fn figures_are_a_page_that_prometheus_reads() {
    let (_, head, page) = ask(&server(), "GET", "/metrics", None);

    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in [
        "tandem_build_info{version=\"0.1.0\"} 1",
        "tandem_config_revision 7",
        "tandem_put_off_total 5",
        "tandem_capture_messages_total{capture=\"homer\",outcome=\"sent\"} 12",
        "tandem_capture_messages_total{capture=\"homer\",outcome=\"missed\"} 1",
        "tandem_observed_messages_total{observer=\"pbx\",outcome=\"taken\"} 9",
        "tandem_observed_messages_total{observer=\"pbx\",outcome=\"wrong_key\"} 2",
        "tandem_observed_messages_total{observer=\"\",outcome=\"stranger\"} 4",
        "tandem_kept_messages_total{outcome=\"missed\"} 3",
        "tandem_kept_messages_bytes 4096",
        "tandem_kept_messages_up 1",
        "tandem_trunk_up{trunk=\"nor\\\"th\"} 1",
        "tandem_calls_active{trunk=\"nor\\\"th\"} 3",
        "tandem_call_setup_seconds_bucket{le=\"+Inf\"} 0",
        "tandem_session_requests_total{trunk=\"nor\\\"th\",outcome=\"established\"} 1",
        "tandem_session_requests_total{trunk=\"nor\\\"th\",outcome=\"ineffective\"} 1",
        "tandem_session_requests_total{trunk=\"nor\\\"th\",outcome=\"declined\"} 0",
        "tandem_sessions_completed_total{trunk=\"nor\\\"th\"} 0",
        "tandem_session_request_delay_seconds_bucket{trunk=\"nor\\\"th\",outcome=\"established\",\
         le=\"0.1\"} 0",
        "tandem_session_request_delay_seconds_bucket{trunk=\"nor\\\"th\",outcome=\"established\",\
         le=\"0.25\"} 1",
        "tandem_session_request_delay_seconds_sum{trunk=\"nor\\\"th\",outcome=\"failed\"} 0.04",
        "tandem_session_disconnect_delay_seconds_count{trunk=\"nor\\\"th\",outcome=\"answered\"} 1",
    ] {
        assert!(page.lines().any(|one| one == line), "{line} is not in\n{page}");
    }
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<&str> = heads.filter_map(|line| line.split(' ').next()).collect();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        assert!(names.iter().any(|name| line.starts_with(name)), "{line} has no head");
    }
}

#[test]
fn k4_every_figure_that_the_dashboard_shows_is_on_the_page() {
    let (_, _, page) = ask(&server(), "GET", "/metrics", None);
    let board: Value = serde_json::from_str(include_str!("../../../package/grafana/tandem.json")).unwrap();
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let kinds: BTreeMap<&str, &str> = heads.filter_map(|line| line.split_once(' ')).collect();
    let is_there = |name: &str| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        kinds.contains_key(name) || base.is_some_and(|base| kinds.get(base) == Some(&"histogram"))
    };

    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let words = expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            let names: Vec<&str> = words.filter(|word| word.starts_with("tandem_")).collect();
            assert!(!names.is_empty(), "{expression} shows nothing");
            for name in names {
                assert!(is_there(name), "{name} of {} is not on the page", panel["title"]);
            }
        }
    }
}

#[test]
fn the_document_names_whatever_is_answered() {
    let server = server();
    let (_, document) = get(&server, "/openapi.json");

    assert_eq!(document["openapi"], "3.1.0");
    for (path, _) in document["paths"].as_object().unwrap() {
        if document["paths"][path].get("get").is_none() || path.ends_with("/events") {
            continue;
        }
        let asked = path.replace("{id}", "x") + if path.ends_with("explain") { "?number=1" } else { "" };
        let (status, _, body) = ask(&server, "GET", &asked, Some(ADMIN));
        assert!(!body.contains("nothing is here; /openapi.json says what is"), "{path}: {status}");
    }
}

#[test]
fn it_is_not_heard_beyond_this_machine() {
    let begin = |listen| {
        start(settings(listen), Box::new(Echo::default()), Arc::new(Meter::default()), Arc::new(Feed::new(7)))
            .map(|server| server.places[0].address)
    };

    assert!(matches!(begin("0.0.0.0:0"), Err(Fault::NotLocal(_))));
    assert!(matches!(begin("[::]:0"), Err(Fault::NotLocal(_))));
}

#[test]
fn from_elsewhere_figures_want_a_token_too() {
    let way = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // An address of this machine that others know, if it has one; nothing is sent.
    let own = way.connect("192.0.2.1:9").and_then(|()| way.local_addr());
    let Ok(own) = own else { return };
    let doors = vec![Door::new((own.ip(), 0).into(), Seal::Clear)];
    let settings = Settings { doors, ..settings("127.0.0.1:0") };
    let feed = Arc::new(Feed::new(7));
    let server = start(settings, Box::new(Echo::from_afar()), Arc::default(), feed).unwrap();

    assert_eq!(ask(&server, "GET", "/metrics", None).0, 401);
    assert_eq!(ask(&server, "GET", "/metrics", Some(TOKEN)).0, 200);
    assert_eq!(ask(&server, "GET", "/ready", None).0, 401);
    assert_eq!(ask(&server, "GET", "/ready", Some(TOKEN)).0, 200);
    assert_eq!(ask(&server, "GET", "/health", None).0, 200);
}

#[test]
fn as_many_come_in_at_once_as_there_is_room_for_and_the_next_one_waits() {
    let server = server();
    let address = server.places[0].address;
    let seats: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut next = TcpStream::connect(address).unwrap();
    next.write_all(b"GET /health HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n").unwrap();
    next.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(next.read(&mut [0; 1]).is_err(), "there was room for one more");

    drop(seats);

    next.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    next.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn req_f73_each_role_may_what_it_is_there_for() {
    let house = Echo::default();
    let server = server_of(&house);
    let create = "/api/v1/tokens?name=ci&role=operator";

    for (token, method, path, status) in [
        (TOKEN, "GET", "/api/v1/calls", 200),
        (OPERATOR, "GET", "/api/v1/calls", 200),
        (ADMIN, "GET", "/api/v1/calls", 200),
        (TOKEN, "GET", "/api/v1/audit", 403),
        (OPERATOR, "GET", "/api/v1/audit", 403),
        (ADMIN, "GET", "/api/v1/audit?after=3", 200),
        (TOKEN, "POST", create, 403),
        (OPERATOR, "POST", create, 403),
        (ADMIN, "POST", create, 200),
    ] {
        let (said, _, body) = ask(&server, method, path, Some(token));
        assert_eq!(said, status, "{token} {method} {path}: {body}");
        assert_eq!(body.contains("TD-A002"), status == 403, "{body}");
    }
    let done = house.written.lock().unwrap().iter().filter(|line| *line == "done").count();
    assert_eq!(done, 1, "whoever is turned away has changed nothing");
}

#[test]
fn a_change_has_a_line_of_the_audit_log_before_it_and_one_after() {
    let house = Echo::default();
    let server = server_of(&house);

    ask(&server, "POST", "/api/v1/tokens?name=ci&role=reader&days=7", Some(ADMIN));
    ask(&server, "DELETE", "/api/v1/tokens/other", Some(ADMIN));
    ask(&server, "DELETE", "/api/v1/tokens/other", None);
    ask(&server, "GET", "/api/v1/tokens", Some(ADMIN));

    assert_eq!(
        *house.written.lock().unwrap(),
        [
            "admin: POST /api/v1/tokens?name=ci&role=reader&days=7 asked",
            "done",
            "admin: POST /api/v1/tokens?name=ci&role=reader&days=7 answered 200",
            "admin: DELETE /api/v1/tokens/other asked",
            "admin: DELETE /api/v1/tokens/other answered 404",
            "a stranger: DELETE /api/v1/tokens/other turned away 401",
        ]
    );
}

#[test]
fn what_cannot_be_written_down_is_not_done() {
    let house = Echo { is_full: true, ..Echo::default() };
    let server = server_of(&house);

    let (status, _, body) = ask(&server, "POST", "/api/v1/tokens?name=ci&role=reader", Some(ADMIN));

    assert_eq!(status, 503);
    assert!(body.contains("TD-A008"), "{body}");
    assert!(house.written.lock().unwrap().is_empty());
    assert_eq!(ask(&server, "GET", "/api/v1/calls", Some(TOKEN)).0, 200, "looking goes on");
}

#[test]
fn calls_are_ended_and_held_off_by_whoever_may() {
    let server = server();
    let does = |method: &str, path: &str, token| {
        let (status, _, body) = ask(&server, method, path, Some(token));
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };

    for (method, path) in [
        ("DELETE", "/api/v1/calls/c1-x"),
        ("POST", "/api/v1/drain"),
        ("POST", "/api/v1/resume"),
        ("POST", "/api/v1/trunks/east/drain"),
    ] {
        assert_eq!(does(method, path, TOKEN).0, 403, "a reader may not {method} {path}");
    }
    assert_eq!(
        does("DELETE", "/api/v1/calls/c1-x", OPERATOR),
        (200, json!({ "call": "c1-x", "what": "ends" }))
    );
    assert_eq!(does("DELETE", "/api/v1/calls/911", OPERATOR).0, 409);
    assert_eq!(does("POST", "/api/v1/drain", OPERATOR).1["calls"], 2);
    assert_eq!(does("POST", "/api/v1/resume", OPERATOR).1["what"], "running");
    let drained = json!({ "trunk": "east", "what": "drained" });
    assert_eq!(does("POST", "/api/v1/trunks/east/drain", OPERATOR), (200, drained));
    assert_eq!(does("POST", "/api/v1/trunks/east/resume", OPERATOR).1["what"], "running");
}

#[test]
fn a_document_is_read_and_written_with_its_tag() {
    let server = server();
    let path = "/api/v1/config/trunk/east";

    let (status, head, body) = ask(&server, "GET", path, Some(TOKEN));
    assert_eq!(status, 200);
    for line in ["etag: \"tag\"", "tandem-revision: 9", "tandem-defined-at: house.toml:7"] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "kind": "trunk", "name": "east" }));
    let known = ("If-None-Match: \"tag\"\r\n", "");
    let (status, _, body) = send(&server, "GET", path, Some(TOKEN), known);
    assert_eq!((status, &*body), (304, ""));

    let put = |token, query: &str, with| send(&server, "PUT", &format!("{path}{query}"), Some(token), with);
    assert_eq!(put(TOKEN, "", ("", "{}")).0, 403);
    let (status, head, body) = put(OPERATOR, "?dry_run=true&why=a%20try&confirm_s=60", ("", "{\"a\":1}"));
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("etag: \"next\""), "{head}");
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(said["becomes"], json!({ "a": 1 }));
    assert_eq!(
        (&said["dry_run"], &said["why"], &said["confirm_s"]),
        (&json!(true), &json!("a try"), &json!(60))
    );
    assert_eq!(said["who"], "operator");
    assert_eq!(put(OPERATOR, "", ("If-Match: \"tag\"\r\n", "{}")).0, 200);
    assert_eq!(put(OPERATOR, "", ("If-Match: \"old\"\r\n", "{}")).0, 412);
    assert_eq!(put(OPERATOR, "", ("If-None-Match: *\r\n", "{}")).0, 412);

    let (status, head, _) = send(&server, "PUT", "/api/v1/config/trunk/new", Some(OPERATOR), ("", "{}"));
    assert_eq!(status, 201);
    assert!(head.contains("location: /there"), "{head}");
    assert_eq!(ask(&server, "DELETE", path, Some(OPERATOR)).0, 200);
    assert_eq!(ask(&server, "DELETE", "/api/v1/config/system", Some(OPERATOR)).0, 405);
}

#[test]
fn what_is_no_document_is_refused_without_repeating_it() {
    let server = server();
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20));

    for (body, status) in [("", 400), ("{", 400), ("[1]", 400), ("{\"pass\": s3cret}", 400), (&*long, 413)] {
        let path = "/api/v1/config/user/hana";
        let (said, _, words) = send(&server, "PUT", path, Some(OPERATOR), ("", body));
        assert_eq!(said, status, "{words}");
        assert!(words.contains("TD-A003") && !words.contains("s3cret"), "{words}");
    }
    assert_eq!(ask(&server, "PUT", "/api/v1/config/user/hana?dry_run=perhaps", Some(OPERATOR)).0, 400);
    assert_eq!(ask(&server, "GET", "/api/v1/config/usre/hana", Some(OPERATOR)).0, 404);
}

#[test]
fn every_kind_of_document_has_its_rows_and_its_shape() {
    let server = server();
    let (_, document) = get(&server, "/openapi.json");

    for kind in model::kinds() {
        let one = if kind == "system" { "" } else { "/{id}" };
        let put = &document["paths"][format!("/api/v1/config/{kind}{one}")]["put"];
        let shape = put["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        let shape = shape.strip_prefix("#/components/schemas/").unwrap();
        let leads_to = document["components"]["schemas"][shape]["$ref"].as_str().unwrap();
        let meant = leads_to.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"][meant]["properties"].is_object(), "{kind}: {meant}");
    }
    assert!(!document.to_string().contains("#/$defs/"));
}

#[test]
fn the_life_cycle_of_a_change_is_asked_for_by_its_words() {
    let server = server();
    let post = |path: &str, token| {
        let (status, _, body) = ask(&server, "POST", path, Some(token));
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };

    assert_eq!(post("/api/v1/apply", TOKEN).0, 403);
    let applied = post("/api/v1/apply?base=3&digest=abc&why=more&confirm_s=9", OPERATOR);
    assert_eq!(applied, (200, json!({ "seen": [3, "abc"], "why": "more", "confirm_s": 9 })));
    assert_eq!(post("/api/v1/rollback?to=2", OPERATOR), (200, json!({ "to": 2, "why": null })));
    let (status, problem) = post("/api/v1/confirm", OPERATOR);
    assert_eq!((status, &problem["code"]), (409, &json!("TD-A011")));
    assert_eq!(get(&server, "/api/v1/revisions/7"), (200, json!({ "number": "7" })));
    assert_eq!(get(&server, "/api/v1/plan").0, 200);
}

#[test]
fn req_f73_who_is_not_known_hears_why() {
    let house = Echo::default();
    let server = server_of(&house);

    for (token, status, code, words) in [
        ("nothing of ours", 401, "TD-A001", "say who you are"),
        ("ended", 401, "TD-A014", "ended"),
        ("guest", 403, "TD-A002", "min (7 at https://idp.example) has no role here: no value of"),
        ("away", 503, "TD-A006", "nobody has the keys"),
    ] {
        let (said, head, body) = ask(&server, "GET", "/api/v1/calls", Some(token));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((said, &body["code"]), (status, &json!(code)), "{token}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
        // RFC 6750 3: what is wrong with a token is said where there was one.
        let wrong = "error=\"invalid_token\", error_description=\"the token 'ended' 5 s ago\"\r\n";
        assert_eq!(head.contains(wrong), token == "ended", "{head}");
    }
    let written = house.written.lock().unwrap().join("\n");
    assert!(
        written.contains("min (7 at https://idp.example): GET /api/v1/calls turned away 403"),
        "{written}"
    );
    assert!(written.contains("a stranger: GET /api/v1/calls turned away 401"), "{written}");
}

#[test]
fn req_f73_who_comes_with_a_new_key_waits_for_it() {
    let house = Echo::default();
    let server = server_of(&house);

    assert_eq!(ask(&server, "GET", "/api/v1/calls", Some("new")).0, 200);

    assert_eq!(house.looked.load(Ordering::Relaxed), 4);
}
