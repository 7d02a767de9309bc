//! What was seen of a call, as a ladder: who stood at which address, and what was decided between messages.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ladder::{Arrow, HOUSE, Ladder, Whole, sort_of};
use observers::Observation;
use serde_json::Value;
use sip_message::Message;
use telemetry::{Sighting, Way};

use crate::seen::Seen;
use crate::verbs::exactly;

/// The ladder of a call, by its record or as it is in progress.
pub fn ladder(call: &Value, seen: &Seen) -> Ladder {
    let own = seen.own.messages.iter().map(|message| message.at_us);
    let start_us = own.chain(seen.reported().map(|one| one.at_us)).min().unwrap_or_default();
    let mut ladder = Ladder::of(arrows(call, seen, start_us));
    let mut notes = Notes { ladder: &mut ladder, start_ms: start_us / 1_000 };
    notes.decision(call);
    notes.attempts(call);
    notes.media(call);
    notes.end(call);
    ladder
}

fn arrows(call: &Value, seen: &Seen, start_us: i64) -> Vec<Arrow> {
    let since = |at_us: i64| (at_us - start_us).unsigned_abs() / 1_000;
    let mut names = Names::of(call);
    let mut arrows = Vec::new();
    for (place, message) in seen.own.messages.iter().enumerate() {
        let Ok(read) = Message::parse(message.text.as_bytes()) else { continue };
        let (what, note) = Ladder::label(&read);
        let (from, to) = names.of_own(&read, message);
        for same in seen.observed.iter().filter(|one| one.same_as == Some(place)) {
            names.learn(same, (&from, &to));
        }
        let others: Vec<&str> = seen.others_at(place).collect();
        let reported = (!others.is_empty()).then(|| format!("reported by {}, too", others.join(" and ")));
        let seen_by = [HOUSE].into_iter().chain(others).map(str::to_owned).collect();
        let ends = ends_of(message);
        arrows.push((
            message.at_us,
            Arrow {
                at_ms: since(message.at_us),
                from,
                to,
                what,
                note,
                sort: sort_of(&read.start()),
                seen_by,
                reported,
                transport: message.transport.clone(),
                bytes: message.text.len(),
                repeat: 0,
                whole: Some(whole(message.at_us, ends, &message.text)),
            },
        ));
    }
    for one in seen.reported() {
        let Ok(read) = Message::parse(one.text.as_bytes()) else { continue };
        let (what, note) = Ladder::label(&read);
        arrows.push((
            one.at_us,
            Arrow {
                at_ms: since(one.at_us),
                from: names.at(one.from, read.call_id()),
                to: names.at(one.to, read.call_id()),
                what,
                note,
                sort: sort_of(&read.start()),
                seen_by: vec![one.observer.clone()],
                reported: Some(format!("reported by {}", said_by(one))),
                transport: one.transport.clone(),
                bytes: one.text.len(),
                repeat: 0,
                whole: Some(whole(one.at_us, (one.from, one.to), &one.text)),
            },
        ));
    }
    arrows.sort_by_key(|(at_us, _)| *at_us);
    arrows.into_iter().map(|(_, arrow)| arrow).collect()
}

/// Where a message came from, and where it went.
pub fn ends_of(message: &Sighting) -> (SocketAddr, SocketAddr) {
    match message.way {
        Way::Received => (message.remote, message.local),
        Way::Sent => (message.local, message.remote),
    }
}

fn whole(at_us: i64, (from, to): (SocketAddr, SocketAddr), text: &str) -> Whole {
    Whole { at: exactly(at_us / 1_000), from: from.to_string(), to: to.to_string(), text: text.to_owned() }
}

/// Who reported a message, and whether his clock is right.
fn said_by(one: &Observation) -> String {
    match one.clock_off_ms {
        None => one.observer.clone(),
        Some(ms @ 0..) => format!("{}, whose clock is {} s ahead", one.observer, ms / 1_000),
        Some(ms) => format!("{}, whose clock is {} s behind", one.observer, ms.unsigned_abs() / 1_000),
    }
}

/// Who stands at which address, as far as the house has spoken with them.
#[derive(Default)]
struct Names {
    /// The far ends of the call's own dialogs, by Call-ID.
    parties: BTreeMap<String, String>,
    in_dialog: BTreeMap<(SocketAddr, String), String>,
    anywhere: BTreeMap<SocketAddr, String>,
}

impl Names {
    /// Those that the record names: the caller, and whoever was tried. Several phones of one user are told
    /// apart.
    fn of(call: &Value) -> Names {
        let mut names = Names::default();
        let mut phones: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for attempt in call["attempts"].as_array().into_iter().flatten() {
            let (Some(id), Some(callee)) = (attempt["call_id"].as_str(), attempt["callee"].as_str()) else {
                continue;
            };
            let name = callee.split(' ').next_back().unwrap_or(callee);
            let at = &attempt["remote"];
            let of_name = phones.entry(name).or_default();
            let place = of_name.iter().position(|known| *known == at).unwrap_or_else(|| {
                of_name.push(at);
                of_name.len() - 1
            });
            let name = if place == 0 { name.to_owned() } else { format!("{name} ({})", place + 1) };
            names.parties.insert(id.to_owned(), name);
        }
        // A call in progress has a list of its dialogs, the caller's first.
        let of_caller = call["call_id"].as_str().or(call["call_ids"][0].as_str());
        // Strangers have no name.
        if let (Some(id), Some(caller)) = (of_caller, call["calling"].as_str()) {
            names.parties.insert(id.to_owned(), caller.to_owned());
        }
        names
    }

    fn of_own(&mut self, read: &Message<'_>, message: &Sighting) -> (String, String) {
        let known = self.parties.get(read.call_id());
        let other = known.map_or_else(|| message.remote.to_string(), String::clone);
        self.put(message.local, read.call_id(), HOUSE);
        self.put(message.remote, read.call_id(), &other);
        match message.way {
            Way::Received => (other, HOUSE.to_owned()),
            Way::Sent => (HOUSE.to_owned(), other),
        }
    }

    /// The addresses of a message as the other side of it sees them: something between may have changed them.
    fn learn(&mut self, same: &Observation, (from, to): (&str, &str)) {
        let text = Message::parse(same.text.as_bytes());
        let call_id = text.as_ref().map_or("", Message::call_id);
        self.put(same.from, call_id, from);
        self.put(same.to, call_id, to);
    }

    fn put(&mut self, address: SocketAddr, call_id: &str, name: &str) {
        self.in_dialog.entry((address, call_id.to_owned())).or_insert_with(|| name.to_owned());
        self.anywhere.entry(address).or_insert_with(|| name.to_owned());
    }

    fn at(&self, address: SocketAddr, call_id: &str) -> String {
        let known = self.in_dialog.get(&(address, call_id.to_owned()));
        known.or_else(|| self.anywhere.get(&address)).map_or_else(|| address.to_string(), String::clone)
    }
}

/// What the record says of the time between messages.
struct Notes<'l> {
    ladder: &'l mut Ladder,
    start_ms: i64,
}

impl Notes<'_> {
    fn at(&mut self, at: &Value, words: String) {
        let Some(at_ms) = at.as_i64() else { return };
        self.ladder.note(u64::try_from(at_ms - self.start_ms).unwrap_or(0), words);
    }

    /// Behind the message that asked for it, whatever came in the same moment.
    fn decision(&mut self, call: &Value) {
        let Some(at_ms) = call["started"].as_i64().or(call["at"].as_i64()) else { return };
        let revision = call["revision"].as_u64().map(|number| format!(" by revision {number}"));
        let by = revision.unwrap_or_default();
        let first = call["attempts"][0]["callee"].as_str().or(call["callee"]["trunk"].as_str());
        let (code, why) = verdict(call).unwrap_or_default();
        let words = match (call["route"].as_str(), first) {
            (Some(route), Some(first)) => format!("decided{by}: route {route}, to {first}"),
            (None, Some(first)) => format!("decided{by}: to {first}"),
            (_, None) if call["event"] == "turned_away" => format!("turned away: {code} {why}"),
            (_, None) if call["outcome"] == "refused" => format!("refused{by}: {code} {why}"),
            (_, None) => return,
        };
        let at_ms = u64::try_from(at_ms - self.start_ms).unwrap_or(0);
        let place = asked(&self.ladder.arrows).map_or(0, |place| place + 1);
        self.ladder.note_after(place, at_ms, words);
    }

    fn attempts(&mut self, call: &Value) {
        let attempts: Vec<&Value> = call["attempts"].as_array().into_iter().flatten().collect();
        for (at, attempt) in attempts.iter().enumerate() {
            let callee = word(attempt, "callee");
            for note in attempt["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.at(&attempt["started"], format!("{callee}: {note}"));
            }
            let next =
                attempts.get(at + 1).filter(|next| next["started"].as_i64() >= attempt["ended"].as_i64());
            if let (Some(next), true) = (next, attempt["ended"].is_i64()) {
                let status =
                    attempt["sip_code"].as_u64().map(|status| format!(" {status}")).unwrap_or_default();
                let (cause, next) = (word(attempt, "cause"), word(next, "callee"));
                self.at(&attempt["ended"], format!("{callee}:{status} {cause}; on to {next}"));
            }
        }
    }

    fn media(&mut self, call: &Value) {
        if let Some(early_ms @ 1..) = call["early_ms"].as_u64() {
            let words = format!("the callee was heard for {:.1} s before it answered", early_ms as f64 / 1e3);
            self.at(&call["answered"], words);
        }
        for row in call["paths"].as_array().into_iter().flatten() {
            self.at(&row["since"], format!("media {}: {}", word(row, "path"), word(row, "why")));
        }
        for silence in call["silences"].as_array().into_iter().flatten() {
            self.at(&silence["since"], format!("not heard any more: {}", word(silence, "who")));
        }
        for missed in call["missed"].as_array().into_iter().flatten().filter(|one| one.is_object()) {
            let (who, code, words) = (word(missed, "who"), word(missed, "code"), word(missed, "words"));
            self.at(&missed["since"], format!("not heard: {who}: {code} {words}"));
            self.at(&missed["until"], format!("heard: {who}"));
        }
    }

    fn end(&mut self, call: &Value) {
        let ended_by = match (call["answered"].as_i64(), word(call, "ended_by")) {
            (None, _) | (_, "") => String::new(),
            (Some(_), "house") => ", by the house".to_owned(),
            (Some(_), party) => format!(", by the {party}"),
        };
        let (code, words) = verdict(call).unwrap_or_default();
        self.at(&call["ended"], format!("ended{ended_by}: {code} {words}"));
    }
}

/// The message that a call was decided for: the last INVITE of the caller before the house sent one, whose
/// first may have been asked for a password.
fn asked(arrows: &[Arrow]) -> Option<usize> {
    let is_first = |arrow: &Arrow| arrow.to == HOUSE && arrow.is_ours() && arrow.repeat == 0;
    let sent = arrows.iter().position(|arrow| arrow.from == HOUSE && arrow.what == "INVITE");
    let before = &arrows[..sent.unwrap_or(arrows.len())];
    let invite = before.iter().rposition(|arrow| is_first(arrow) && arrow.what == "INVITE");
    invite.or_else(|| before.iter().position(is_first))
}

/// What became of a call, with its code; why a caller was turned away.
pub fn verdict(call: &Value) -> Option<(&str, &str)> {
    let refusal = &call["refusal"];
    let of_record = call["verdict"].as_str().zip(call["words"].as_str());
    of_record.or_else(|| refusal["code"].as_str().zip(refusal["words"].as_str()))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telemetry::Found;

    use super::*;

    /// A message of a call: who is at the other side, and its place in the order of time.
    fn message(place: u16, way: Way, (call_id, last): (&str, u8), start: &str) -> Sighting {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{place}\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:a@b>\r\nCall-ID: {call_id}\r\nCSeq: {place} INVITE\r\n\r\n"
        );
        let (local, remote) = (([192, 0, 2, 1], 5060).into(), ([192, 0, 2, last], 5060).into());
        Sighting { at_us: i64::from(place) * 1_000, way, transport: "udp".to_owned(), local, remote, text }
    }

    #[test]
    fn what_was_decided_stands_behind_the_invite_that_proved_who_calls() {
        let (phone, desk, cell) = (("1@phone", 5), ("2@us", 6), ("3@us", 7));
        let invite = "INVITE sip:hana@house SIP/2.0";
        let messages = vec![
            message(1, Way::Received, phone, invite),
            message(2, Way::Sent, phone, "SIP/2.0 401 Unauthorized"),
            message(3, Way::Received, phone, invite),
            message(4, Way::Sent, desk, invite),
            message(5, Way::Sent, cell, invite),
            message(6, Way::Received, cell, "SIP/2.0 200 OK"),
            message(7, Way::Received, phone, invite),
        ];
        let seen = Seen { own: Found { messages, since_us: None }, observed: Vec::new() };
        let call = json!({
            "call_id": "1@phone", "calling": "minsu", "started": 3, "revision": 7,
            "answered": 6, "early_ms": 400,
            "attempts": [
                { "callee": "user hana", "call_id": "2@us", "remote": "udp:192.0.2.6:5060", "started": 4 },
                { "callee": "user hana", "call_id": "3@us", "remote": "udp:192.0.2.7:5060", "started": 4 },
            ],
        });

        let ladder = ladder(&call, &seen);

        assert_eq!(ladder.parties, ["minsu", HOUSE, "hana", "hana (2)"]);
        let notes: Vec<(usize, &str)> = ladder.notes.iter().map(|note| (note.after, &*note.words)).collect();
        let early = "the callee was heard for 0.4 s before it answered";
        assert_eq!(notes, [(3, "decided by revision 7: to user hana"), (6, early)]);
    }
}
