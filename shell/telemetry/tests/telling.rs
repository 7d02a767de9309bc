#![allow(clippy::unwrap_used)]
//! What becomes of an event.

use std::io;
use std::sync::{Arc, Mutex};

use switch::{Event, WallTime};
use telemetry::Telemetry;

fn answered() -> Event {
    Event::CallAnswered { call: "c-1".into(), at: WallTime(5), by: "east".into() }
}

#[test]
fn an_event_is_one_line_of_json_and_is_counted() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&kept);
    let keep = move |lines: &[u8]| {
        keeping.lock().unwrap().extend_from_slice(lines);
        Ok(())
    };
    let telemetry = Telemetry::start(Box::new(keep), None, Box::new(|_| {})).unwrap();

    telemetry.tell(answered());
    telemetry.tell(Event::PeerDown {
        at: WallTime(6),
        server: "east/sip:a".into(),
        address: "udp:192.0.2.1:5060".into(),
        cause: "timeout".into(),
    });
    let counts = telemetry.counts();
    drop(telemetry);

    let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["event"], "call_answered");
    assert_eq!(lines[0]["by"], "east");
    assert_eq!(lines[1]["server"], "east/sip:a");
    assert_eq!((counts.answered, counts.peers_down, counts.dropped), (1, 1, 0));
}

#[test]
fn who_watches_sees_events_that_the_disk_refuses() {
    let seen = Arc::new(Mutex::new(String::new()));
    let seeing = Arc::clone(&seen);
    let watch = move |lines: &str| seeing.lock().unwrap().push_str(lines);
    let keep = |_: &[u8]| Err(io::ErrorKind::StorageFull.into());
    let telemetry = Telemetry::start(Box::new(keep), Some(Box::new(watch)), Box::new(|_| {})).unwrap();

    (0..3).for_each(|_| telemetry.tell(answered()));
    drop(telemetry);

    assert_eq!(seen.lock().unwrap().matches("call_answered").count(), 3);
}
