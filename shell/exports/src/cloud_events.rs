//! What happened, as CloudEvents 1.0 in their JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a call's end is called.
const ENDED: &str = "call.ended";
/// What it is called that a phone sleeps and is wanted.
const PUSH: &str = "push.wanted";

/// That a call has ended.
pub fn ended(source: &str, record: &Value) -> Value {
    event(ENDED, source, &record["id"], record["ended"].as_i64(), record)
}

/// That a phone is to be woken.
pub fn wanted(source: &str, id: &str, at_ms: i64, data: &Value) -> Value {
    event(PUSH, source, &id.into(), Some(at_ms), data)
}

fn event(kind: &str, source: &str, id: &Value, at_ms: Option<i64>, data: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Some(at) = at_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        event["time"] = at.to_string().into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_an_event_with_the_attributes_that_are_required() {
        let record = json!({ "id": "c1", "ended": 1_795_392_000_500_i64, "outcome": "answered" });

        let event = ended("/tandem/edge", &record);

        for (name, value) in [
            ("specversion", "1.0"),
            ("id", "c1"),
            ("source", "/tandem/edge"),
            ("type", "call.ended"),
            ("time", "2026-11-23T00:00:00.5Z"),
        ] {
            assert_eq!(event[name], value, "{name}");
        }
        assert_eq!(event["data"], record);
    }
}
