//! A record as a trace, in the JSON of OTLP: the call is the root; what was decided, each attempt, ringing
//! and talk are below it. Attributes that begin with `sip.` or `tandem.` are of version 1 of a list of our
//! own (docs/decisions/traces-by-otlp.md).

use model::People;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The version of the list of attributes.
const LIST: &str = "1";

/// How OpenTelemetry numbers kinds of spans.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// And how a span went.
const UNSET: u8 = 0;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// A request of these records.
pub fn request(records: &[Value], people: People) -> Value {
    let spans: Vec<Value> = records.iter().flat_map(|record| spans(record, people)).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "tandem"),
            text("service.version", env!("CARGO_PKG_VERSION")),
        ] },
        "scopeSpans": [{ "scope": { "name": "tandem", "version": LIST }, "spans": spans }],
    }] })
}

/// The spans of a call; none, where a record is none.
fn spans(record: &Value, people: People) -> Vec<Value> {
    let (Some(id), Some(started), Some(ended)) =
        (record["id"].as_str(), record["started"].as_i64(), record["ended"].as_i64())
    else {
        return Vec::new();
    };
    let call = Call { record, id, started, ended, people };
    let mut spans = vec![call.root(), call.decided()];
    let attempts = record["attempts"].as_array().into_iter().flatten().enumerate();
    spans.extend(attempts.map(|(index, attempt)| call.attempt(index, attempt)));
    let (rang, answered) = (record["rang"].as_i64(), record["answered"].as_i64());
    spans.extend(rang.map(|rang| call.child("ring", INTERNAL, (rang, answered.unwrap_or(ended)))));
    spans.extend(answered.map(|answered| call.talk(answered)));
    spans
}

struct Call<'r> {
    record: &'r Value,
    id: &'r str,
    started: i64,
    ended: i64,
    people: People,
}

impl Call<'_> {
    fn root(&self) -> Value {
        let Call { record, id, .. } = self;
        let word = |name: &str, key: &str| Some(text(name, record[key].as_str()?));
        let direction = record["direction"].as_str().unwrap_or_default();
        let trunk = matches!(direction, "inbound" | "transit").then(|| word("tandem.trunk.from", "calling"));
        let caller = match trunk {
            Some(_) => None,
            None => record["calling"].as_str().and_then(|calling| self.person("tandem.caller", calling)),
        };
        let called = record["to_e164"].as_str().and_then(|called| self.person("tandem.called", called));
        let attributes = [
            Some(text("tandem.call.id", id)),
            word("tandem.direction", "direction"),
            word("tandem.route", "route"),
            word("tandem.outcome", "outcome"),
            word("tandem.verdict", "verdict"),
            word("tandem.ended_by", "ended_by"),
            number("tandem.revision", &record["revision"]),
            record["emergency"].as_bool().map(|is| {
                json!({ "key": "tandem.emergency",
                "value": { "boolValue": is } })
            }),
            word("sip.call_id", "call_id"),
            number("sip.status_code", &record["sip_code"]),
            trunk.flatten(),
            caller,
            called,
        ];
        let status = match record["outcome"].as_str() {
            Some("answered") => json!({ "code": OK }),
            Some("refused" | "failed") => {
                json!({ "code": ERROR, "message": record["verdict"].as_str().unwrap_or_default() })
            }
            _ => json!({ "code": UNSET }),
        };
        let links = record["parents"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let link = |parent: &str| {
            json!({ "traceId": trace_id(parent), "spanId": span_id(parent, "call"),
                    "attributes": [text("tandem.link", "transferred")] })
        };
        json!({
            "traceId": trace_id(id), "spanId": span_id(id, "call"),
            "name": "call", "kind": SERVER,
            "startTimeUnixNano": nanos(self.started), "endTimeUnixNano": nanos(self.ended.max(self.started)),
            "attributes": attributes.into_iter().flatten().collect::<Vec<_>>(),
            "links": links.map(link).collect::<Vec<_>>(),
            "status": status,
        })
    }

    /// What was decided before anything was done: each step is an event.
    fn decided(&self) -> Value {
        let mut span = self.child("decide", INTERNAL, (self.started, self.started));
        let steps = self.record["trail"]["steps"].as_array().into_iter().flatten();
        let event = |step: &Value| {
            let says = step["says"].as_str().filter(|_| self.people == People::Shown);
            let verdict = step["verdict"].as_str().filter(|_| says.is_some() || is_word(&step["verdict"]));
            let attributes = [
                verdict.map(|verdict| text("tandem.step.verdict", verdict)),
                says.map(|says| text("tandem.step.says", says)),
            ];
            json!({ "timeUnixNano": nanos(self.started), "name": step["name"],
                    "attributes": attributes.into_iter().flatten().collect::<Vec<_>>() })
        };
        span["events"] = steps.map(event).collect();
        span
    }

    fn attempt(&self, index: usize, attempt: &Value) -> Value {
        let begins = attempt["started"].as_i64().unwrap_or(self.started);
        let ends = attempt["ended"].as_i64().unwrap_or(self.ended);
        let mut span = self.child("attempt", CLIENT, (begins, ends));
        span["spanId"] = span_id(self.id, &format!("attempt/{index}")).into();
        let callee = attempt["callee"].as_str().unwrap_or_default();
        let trunk = callee.strip_prefix("trunk ");
        let is_told = trunk.is_some() || self.people == People::Shown;
        let word = |name: &str, key: &str| Some(text(name, attempt[key].as_str()?));
        let attributes = [
            trunk.map(|trunk| text("tandem.trunk.to", trunk)),
            callee.strip_prefix("user ").and_then(|user| self.person("tandem.callee", user)),
            is_told.then(|| word("sip.target", "target")).flatten(),
            word("network.peer.address", "remote"),
            word("sip.call_id", "call_id"),
            number("sip.status_code", &attempt["sip_code"]),
            number("tandem.waited_ms", &attempt["waited_ms"]),
            (self.people == People::Shown).then(|| word("tandem.cause", "cause")).flatten(),
        ];
        span["attributes"] = attributes.into_iter().flatten().collect();
        let code = match attempt["sip_code"].as_u64() {
            Some(200..300) => OK,
            Some(500..) => ERROR,
            _ => UNSET,
        };
        span["status"] = json!({ "code": code });
        span
    }

    fn talk(&self, answered: i64) -> Value {
        let mut span = self.child("talk", INTERNAL, (answered, self.ended));
        let media = &self.record["media"];
        let mut attributes = Vec::new();
        for side in ["caller", "callee"] {
            let figure = |name: &str, key: &str| {
                let value = media[side][key].as_f64()?;
                Some(json!({ "key": format!("tandem.{side}.{name}"), "value": { "doubleValue": value } }))
            };
            attributes.extend(figure("mos_in", "mos_in"));
            attributes.extend(number(&format!("tandem.{side}.lost"), &media[side]["lost"]));
            attributes.extend(number(&format!("tandem.{side}.jitter_us"), &media[side]["jitter_us"]));
        }
        span["attributes"] = attributes.into();
        span
    }

    fn child(&self, name: &str, kind: u8, (begins, ends): (i64, i64)) -> Value {
        json!({
            "traceId": trace_id(self.id), "spanId": span_id(self.id, name),
            "parentSpanId": span_id(self.id, "call"),
            "name": name, "kind": kind,
            "startTimeUnixNano": nanos(begins), "endTimeUnixNano": nanos(ends.max(begins)),
            "attributes": [], "status": { "code": UNSET },
        })
    }

    /// A number or a name, as far as it may be told.
    fn person(&self, name: &str, who: &str) -> Option<Value> {
        let is_number = who.starts_with('+');
        match self.people {
            People::Shown => Some(text(name, who)),
            People::Masked => is_number.then(|| text(name, &masked(who))),
        }
    }
}

/// As much of a number as says where it is.
fn masked(number: &str) -> String {
    number.chars().enumerate().map(|(at, digit)| if at < 4 { digit } else { '*' }).collect()
}

/// Whether a verdict of a step is a word of ours: others are names.
fn is_word(verdict: &Value) -> bool {
    matches!(verdict.as_str(), Some("ok" | "no" | "yes" | "refused" | "none"))
}

fn text(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": { "stringValue": value } })
}

/// Whole numbers of 64 bits are text in the JSON of protocol buffers.
fn number(name: &str, value: &Value) -> Option<Value> {
    let whole = value.as_i64()?;
    Some(json!({ "key": name, "value": { "intValue": whole.to_string() } }))
}

fn nanos(milliseconds: i64) -> String {
    (i128::from(milliseconds.max(0)) * 1_000_000).to_string()
}

/// The same record makes the same trace, whoever asks and how often.
fn trace_id(call: &str) -> String {
    hex(&Sha256::digest(call.as_bytes())[..16])
}

fn span_id(call: &str, name: &str) -> String {
    hex(&Sha256::digest(format!("{call}/{name}").as_bytes())[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Value {
        json!({
            "id": "c1-a", "revision": 7, "direction": "outbound", "emergency": false, "calling": "hana",
            "to_e164": "+12065550142", "route": "us", "call_id": "7@phone", "parents": ["c0-z"],
            "attempts": [
                { "callee": "trunk east", "target": "sip:a.example", "started": 1_000, "ended": 1_200,
                  "sip_code": 503, "cause": "Busy, says Hana", "call_id": "a-1" },
                { "callee": "user minsu", "target": "sip:minsu@10.0.0.1", "started": 1_200, "ended": null,
                  "sip_code": 200, "cause": "answered", "call_id": "a-2" },
            ],
            "started": 1_000, "rang": 1_300, "answered": 1_500, "ended": 9_000, "sip_code": 200,
            "outcome": "answered", "ended_by": "caller", "verdict": "TD-E001",
            "media": { "caller": { "lost": 3, "jitter_us": 750, "mos_in": 4.3 }, "callee": { "lost": 0 } },
            "trail": { "steps": [
                { "name": "screen", "verdict": "user", "says": "hana (+14255550100)" },
                { "name": "normalise", "verdict": "ok", "says": "12065550142 is +12065550142" },
            ] },
        })
    }

    fn spans_of(record: &Value, people: People) -> Vec<Value> {
        let request = request(std::slice::from_ref(record), people);
        request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default()
    }

    #[test]
    fn a_call_is_one_trace_of_what_it_did() {
        let spans = spans_of(&record(), People::Masked);

        let names: Vec<_> = spans.iter().map(|span| span["name"].as_str().unwrap_or_default()).collect();
        assert_eq!(names, ["call", "decide", "attempt", "attempt", "ring", "talk"]);
        let root = &spans[0];
        assert!(root.get("parentSpanId").is_none());
        assert!(spans.iter().all(|span| span["traceId"] == root["traceId"]));
        assert!(spans[1..].iter().all(|span| span["parentSpanId"] == root["spanId"]));
        let mut ids: Vec<_> = spans.iter().map(|span| span["spanId"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), spans.len());
        let times = |span: &Value| (span["startTimeUnixNano"].clone(), span["endTimeUnixNano"].clone());
        assert_eq!(times(root), (json!("1000000000"), json!("9000000000")));
        assert_eq!(times(&spans[3]), (json!("1200000000"), json!("9000000000")));
        assert_eq!(times(&spans[4]), (json!("1300000000"), json!("1500000000")));
        let codes: Vec<_> = spans.iter().map(|span| span["status"]["code"].as_u64()).collect();
        assert_eq!(codes, [Some(1), Some(0), Some(2), Some(1), Some(0), Some(0)]);
        assert_eq!(root["links"][0]["traceId"], trace_id("c0-z"));
        assert_eq!(root["links"][0]["spanId"], span_id("c0-z", "call"));
    }

    #[test]
    fn people_are_told_of_only_where_that_is_wished() {
        let (masked, shown) = (spans_of(&record(), People::Masked), spans_of(&record(), People::Shown));
        let (masked, shown) = (json!(masked).to_string(), json!(shown).to_string());

        for private in ["hana", "Hana", "minsu", "12065550142", "14255550100"] {
            assert!(!masked.contains(private), "{private}: {masked}");
        }
        assert!(masked.contains("+120********") && masked.contains("sip:a.example"), "{masked}");
        for told in ["hana", "minsu", "+12065550142", "Busy, says Hana", "sip:minsu@10.0.0.1"] {
            assert!(shown.contains(told), "{told}: {shown}");
        }
    }

    #[test]
    fn a_call_that_came_to_nothing_is_an_error_only_where_something_went_wrong() {
        let of = |outcome: &str| {
            let record =
                json!({ "id": "c", "started": 5, "ended": 3, "outcome": outcome, "verdict": "TD-E9" });
            spans_of(&record, People::Masked)[0].clone()
        };

        assert_eq!(of("busy")["status"], json!({ "code": 0 }));
        assert_eq!(of("failed")["status"], json!({ "code": 2, "message": "TD-E9" }));
        assert_eq!(of("failed")["endTimeUnixNano"], "5000000");
        assert!(spans_of(&json!({ "id": "c" }), People::Masked).is_empty());
    }
}
