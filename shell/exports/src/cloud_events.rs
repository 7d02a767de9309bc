//! Records as CloudEvents 1.0, in their JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a call's end is called.
const ENDED: &str = "call.ended";
/// What it is called that a phone sleeps and is wanted.
const PUSH: &str = "push.wanted";

pub fn event(source: &str, record: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": record["id"],
        "source": source,
        "type": ENDED,
        "datacontenttype": "application/json",
        "data": record,
    });
    let ended = record["ended"].as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    if let Some(ended) = ended {
        event["time"] = ended.to_string().into();
    }
    event
}

/// That a phone is to be woken.
pub fn wanted(source: &str, id: &str, at_ms: i64, data: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": PUSH,
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Ok(at) = Timestamp::from_millisecond(at_ms) {
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

        let event = event("/tandem/edge", &record);

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
