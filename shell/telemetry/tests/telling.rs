#![allow(clippy::unwrap_used)]
//! What becomes of an event.

use std::fs;

use switch::{Event, WallTime};
use telemetry::{Settings, Telemetry};

#[test]
fn an_event_is_one_line_of_json_and_is_counted() {
    let path = std::env::temp_dir().join(format!("tandem-events-{}.jsonl", std::process::id()));
    let telemetry =
        Telemetry::start(&Settings { events: Some(path.clone()) }, None, Box::new(|_| {})).unwrap();

    telemetry.tell(Event::CallAnswered { call: "c-1".into(), at: WallTime(5), by: "east".into() });
    telemetry.tell(Event::PeerDown {
        at: WallTime(6),
        server: "east/sip:a".into(),
        address: "udp:192.0.2.1:5060".into(),
        cause: "timeout".into(),
    });
    let counts = telemetry.counts();
    drop(telemetry);

    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["event"], "call_answered");
    assert_eq!(lines[0]["by"], "east");
    assert_eq!(lines[1]["server"], "east/sip:a");
    assert_eq!((counts.answered, counts.peers_down, counts.dropped), (1, 1, 0));
}

#[test]
fn half_a_line_that_a_crash_left_costs_no_event_after_it() {
    let path = std::env::temp_dir().join(format!("tandem-half-{}.jsonl", std::process::id()));
    fs::write(&path, "{\"event\":\"call_answ").unwrap();
    let telemetry =
        Telemetry::start(&Settings { events: Some(path.clone()) }, None, Box::new(|_| {})).unwrap();

    telemetry.tell(Event::CallAnswered { call: "c-1".into(), at: WallTime(5), by: "east".into() });
    drop(telemetry);

    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].starts_with("{\"event\":\"call_answered\""), "{text}");
}
