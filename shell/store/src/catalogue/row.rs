//! What the catalogue knows of one line: a record, or a caller who was turned away.

use std::borrow::Cow;

use serde::Deserialize;

use super::wanted::{cause_word, number_word, trunk_word, user_word};

/// One line, as it is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where its line begins in its file, and how long it is without its end.
    pub at: u64,
    pub length: u64,
    pub id: String,
    pub began: i64,
    pub ended: Option<i64>,
    pub calling: String,
    pub called: String,
    pub outcome: String,
    pub status: Option<u16>,
    pub code: String,
    pub talk_ms: u64,
    /// By what it is found: numbers, users, trunks, causes; each once.
    pub words: Vec<String>,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    id: Cow<'l, str>,
    started: i64,
    ended: Option<i64>,
    #[serde(borrow, default)]
    direction: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    calling: Cow<'l, str>,
    #[serde(borrow, default)]
    source: Cow<'l, str>,
    #[serde(borrow, default)]
    from_dialled: Cow<'l, str>,
    #[serde(borrow, default)]
    to_dialled: Cow<'l, str>,
    #[serde(borrow, default)]
    to_e164: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    attempts: Vec<Attempt<'l>>,
    sip_code: Option<u16>,
    #[serde(borrow, default)]
    outcome: Cow<'l, str>,
    #[serde(borrow, default)]
    verdict: Cow<'l, str>,
    #[serde(default)]
    talk_ms: u64,
}

#[derive(Deserialize)]
struct Attempt<'l> {
    #[serde(borrow, default)]
    callee: Cow<'l, str>,
    #[serde(borrow, default)]
    sent_from: Cow<'l, str>,
    #[serde(borrow, default)]
    sent_to: Cow<'l, str>,
}

#[derive(Deserialize)]
struct TurnedAway<'l> {
    at: i64,
    #[serde(borrow)]
    facts: TurnedAwayFacts<'l>,
    #[serde(borrow)]
    refusal: TurnedAwayRefusal<'l>,
}

#[derive(Deserialize)]
struct TurnedAwayFacts<'l> {
    #[serde(borrow, default)]
    source: Cow<'l, str>,
    #[serde(borrow, default)]
    from_uri: Cow<'l, str>,
    #[serde(borrow, default)]
    request_uri: Cow<'l, str>,
}

#[derive(Deserialize)]
struct TurnedAwayRefusal<'l> {
    #[serde(borrow)]
    code: Cow<'l, str>,
    status: Option<u16>,
}

/// A record of a call; nothing, where the line is none.
pub fn of_record(at: u64, line: &[u8]) -> Option<Row> {
    let read: Line<'_> = serde_json::from_slice(line).ok()?;
    let calling = if read.calling.is_empty() { &read.source } else { &read.calling };
    let mut words = Words::default();
    for uri in [&read.from_dialled, &read.to_dialled].into_iter().chain(&read.to_e164) {
        words.number(uri);
    }
    match read.direction.as_deref() {
        Some("inbound" | "transit") => words.add(trunk_word(&read.calling)),
        Some(_) => words.add(user_word(&read.calling)),
        // It was refused before anybody knew: its name is looked for among both.
        None if read.calling.is_empty() => {}
        None => {
            words.add(trunk_word(&read.calling));
            words.add(user_word(&read.calling));
        }
    }
    for attempt in &read.attempts {
        words.number(&attempt.sent_from);
        words.number(&attempt.sent_to);
        match attempt.callee.split_once(' ') {
            Some(("user", name)) => words.add(user_word(name)),
            Some(("trunk", name)) => words.add(trunk_word(name)),
            _ => {}
        }
    }
    words.causes([&*read.verdict, &*read.outcome], read.sip_code);
    Some(Row {
        at,
        length: line.len() as u64,
        id: read.id.into_owned(),
        began: read.started,
        ended: read.ended,
        calling: calling.clone().into_owned(),
        called: read.to_e164.as_ref().unwrap_or(&read.to_dialled).clone().into_owned(),
        outcome: read.outcome.into_owned(),
        status: read.sip_code,
        code: read.verdict.into_owned(),
        talk_ms: read.talk_ms,
        words: words.0,
    })
}

/// A caller whom nobody knew, out of the events; nothing, where the line is about something else.
pub fn of_event(at: u64, line: &[u8]) -> Option<Row> {
    if !line.starts_with(b"{\"event\":\"turned_away\"") {
        return None;
    }
    let TurnedAway { at: began, facts, refusal } = serde_json::from_slice(line).ok()?;
    let mut words = Words::default();
    words.number(&facts.from_uri);
    words.number(&facts.request_uri);
    words.causes([&*refusal.code, "refused"], refusal.status);
    words.add(cause_word("turned_away"));
    Some(Row {
        at,
        length: line.len() as u64,
        id: turned_away_id(began),
        began,
        ended: None,
        calling: facts.source.into_owned(),
        called: facts.request_uri.into_owned(),
        outcome: "turned_away".to_owned(),
        status: refusal.status,
        code: refusal.code.into_owned(),
        talk_ms: 0,
        words: words.0,
    })
}

/// What a caller who was turned away is called: events have no names of their own.
pub fn turned_away_id(at_ms: i64) -> String {
    format!("t{at_ms:011x}")
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn add(&mut self, word: String) {
        // A letter for the kind, and nothing behind it: nobody looks for that.
        if word.len() > 1 && !self.0.contains(&word) {
            self.0.push(word);
        }
    }

    fn number(&mut self, uri: &str) {
        self.add(number_word(user_of(uri)));
    }

    fn causes(&mut self, causes: [&str; 2], status: Option<u16>) {
        causes.into_iter().for_each(|cause| self.add(cause_word(cause)));
        if let Some(status) = status {
            self.add(cause_word(&status.to_string()));
        }
    }
}

/// The part of an address that names somebody: of `"Hana" <sip:+1425@here;x>`, `sip:+1425@here` or `+1425`.
fn user_of(uri: &str) -> &str {
    let uri = uri.rsplit_once('<').map_or(uri, |(_, uri)| uri);
    let uri = uri.split_once('>').map_or(uri, |(uri, _)| uri);
    let rest = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| uri.strip_prefix(scheme));
    let Some(rest) = rest else { return uri };
    let user = match rest.rsplit_once('@') {
        Some((user, _)) => user,
        None if uri.starts_with("tel:") => rest,
        None => return "",
    };
    user.split([';', ':']).next().unwrap_or(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_somebody_or_nobody() {
        for (uri, user) in [
            ("\"Hana Kim\" <sip:+14255550100@10.0.0.1:5060>", "+14255550100"),
            ("sip:hana@here;transport=tcp", "hana"),
            ("sips:204:****@here", "204"),
            ("tel:+14255550100;phone-context=x", "+14255550100"),
            ("+14255550100", "+14255550100"),
            ("sip:10.0.0.1", ""),
            ("sip:+8225550199;ext=1@here", "+8225550199"),
        ] {
            assert_eq!(user_of(uri), user, "{uri}");
        }
    }

    #[test]
    fn whoever_was_turned_away_is_found_by_number_and_code() {
        let line = br#"{"event":"turned_away","at":1795363984494,"call_id":"x","facts":{"source":"9.9.9.9:4",
"request_uri":"sip:+8225550199:****@h","from_uri":"sip:mallory@h"},
"refusal":{"code":"TD-R102","status":403}}"#;

        let row = of_event(7, line).expect("it is one");

        assert_eq!((row.id.as_str(), row.at, row.began), ("t1a20408546e", 7, 1_795_363_984_494));
        let words = ["nyrollam", "n9910555228", "ctd_r102", "crefused", "c403", "cturned_away"];
        assert_eq!(row.words, words);
        assert_eq!(of_event(0, br#"{"event":"call_started","at":1}"#), None);
    }

    #[test]
    fn a_line_without_an_id_is_no_record() {
        assert_eq!(of_record(0, br#"{"started":1}"#), None);
        assert_eq!(of_record(0, b"{\"id\":\"c1\",\"start"), None);
    }
}
