//! What happened last, and how it is said.

use std::collections::VecDeque;

use cli::Paint;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::row::Row;

/// More than a screen shows: some of them are filtered out.
const KEPT_MAX: usize = 300;
/// What says who did what, in the order in which it is told.
const PARTS: [&str; 13] = [
    "user", "calling", "called", "by", "who", "trunk", "server", "address", "from", "verdict", "code",
    "words", "cause",
];

/// The newest events, in order of time.
#[derive(Default)]
pub struct Newest(VecDeque<Value>);

impl Newest {
    pub fn push(&mut self, event: Value) {
        if self.0.len() >= KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    pub fn all(&self) -> Vec<Value> {
        self.0.iter().cloned().collect()
    }
}

/// An event in one row.
pub fn row(event: &Value) -> Row {
    let kind = event["event"].as_str().unwrap_or("?");
    let row =
        Row::default().painted(Paint::Quiet, format!("{} ", clock(event["at"].as_i64().unwrap_or_default())));
    let row = match paint(kind) {
        Some(paint) => row.painted(paint, format!("{:20}", kind.replace('_', " "))),
        None => row.text(format!("{:20}", kind.replace('_', " "))),
    };
    row.text(format!(" {}", words(event)))
}

/// When it was, in the zone of whoever reads it.
pub fn clock(ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    moment.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

fn paint(kind: &str) -> Option<Paint> {
    Some(match kind {
        "call_answered" | "peer_up" | "trunk_registered" | "party_heard" => Paint::Good,
        "turned_away" | "peer_down" | "trunk_registration_failed" | "media_unprotected" => Paint::Bad,
        "call_silent" | "party_missed" | "moved_on" | "peer_rests" => Paint::Note,
        "call_started" | "call_ended" => Paint::Quiet,
        _ => return None,
    })
}

fn words(event: &Value) -> String {
    let said = |of: &Value, key: &str| of[key].as_str().filter(|words| !words.is_empty()).map(str::to_owned);
    let (facts, refusal) = (&event["facts"], &event["refusal"]);
    let stranger = [(facts, "source"), (facts, "request_uri"), (refusal, "code"), (refusal, "words")];
    let parts = PARTS.iter().filter_map(|key| said(event, key));
    let all: Vec<String> = parts.chain(stranger.into_iter().filter_map(|(of, key)| said(of, key))).collect();
    model::without_passwords(&all.join(" "), '*').into_owned()
}

#[cfg(test)]
mod tests {
    use cli::Palette;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_says_who_and_why_and_no_password() {
        let facts = json!({ "source": "192.0.2.7:5060", "request_uri": "sip:100:hunter2@edge" });
        let refusal = json!({ "code": "TD-R101", "words": "nobody knows it" });
        let away = json!({ "event": "turned_away", "at": 0, "facts": facts, "refusal": refusal });

        let text = row(&away).text_within(200, Palette::Plain);

        assert!(
            text.contains("turned away          192.0.2.7:5060 sip:100:*******@edge TD-R101 nobody"),
            "{text}"
        );
    }
}
