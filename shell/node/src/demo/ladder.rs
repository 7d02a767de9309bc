//! The messages of one call, as they crossed the wire, drawn between those who exchanged them.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use sip_message::{Message, Start};
use switch_io::{Tapped, Way};

/// From one line of life to the next.
const STEP: usize = 20;
const MARGIN: usize = 6;

/// One message, kept from the tap.
#[derive(Clone, Debug)]
pub struct Kept {
    at: Instant,
    remote: IpAddr,
    way: Way,
    call_id: String,
    what: String,
    note: String,
}

/// One arrow of a ladder.
#[derive(Clone, Debug, Serialize)]
pub struct Arrow {
    pub at_ms: u64,
    pub from: &'static str,
    pub to: &'static str,
    pub what: String,
    pub note: String,
}

/// Who stands where, and the arrows in order of time.
#[derive(Clone, Debug, Serialize)]
pub struct Ladder {
    /// The caller, the house, then the callees in the order they were tried.
    pub parties: Vec<&'static str>,
    pub arrows: Vec<Arrow>,
}

const EDGE: &str = "edge";

impl Kept {
    /// What a ladder needs of a message; nothing, if it is none.
    pub fn of(tapped: Tapped<'_>) -> Option<Kept> {
        let message = Message::parse(tapped.bytes).ok()?;
        let (what, note) = match message.start() {
            Start::Request { method, uri } => (method.to_string(), uri.to_owned()),
            Start::Response { status, reason } => (status.to_string(), reason.to_owned()),
        };
        let (at, way, remote) = (tapped.at, tapped.way, tapped.flow.remote.ip());
        Some(Kept { at, remote, way, call_id: message.call_id().to_owned(), what, note })
    }
}

impl Ladder {
    /// The ladder of the dialogs named by their Call-IDs, in the order of the parties.
    pub fn of(kept: &[Kept], call_ids: &[&str], name_of: impl Fn(IpAddr) -> Option<&'static str>) -> Ladder {
        let of_call: Vec<_> = kept.iter().filter(|kept| call_ids.contains(&&*kept.call_id)).collect();
        let start = of_call.first().map(|kept| kept.at);
        let mut ladder = Ladder { parties: Vec::new(), arrows: Vec::new() };
        for kept in of_call {
            let other = name_of(kept.remote).unwrap_or("?");
            if !ladder.parties.contains(&other) {
                ladder.parties.push(other);
            }
            let (from, to) = match kept.way {
                Way::Received => (other, EDGE),
                Way::Sent => (EDGE, other),
            };
            let since = start.map_or(Duration::ZERO, |start| kept.at.saturating_duration_since(start));
            let (what, note) = (kept.what.clone(), kept.note.clone());
            ladder.arrows.push(Arrow { at_ms: since.as_millis() as u64, from, to, what, note });
        }
        ladder.parties.insert(ladder.parties.len().min(1), EDGE);
        ladder
    }

    fn place_of(&self, party: &str) -> usize {
        self.parties.iter().position(|known| *known == party).unwrap_or_default()
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = vec![' '; MARGIN + STEP * self.parties.len()];
        for (at, name) in self.parties.iter().enumerate() {
            let start = (MARGIN + STEP * at).saturating_sub(name.len() / 2);
            put(&mut names, start, name);
        }
        writeln!(f, "{}", text_of(&names))?;
        for arrow in &self.arrows {
            let seconds = Duration::from_millis(arrow.at_ms).as_secs_f64();
            writeln!(f, "{}  {seconds:6.3}  {}", self.line_of(arrow), arrow.note)?;
        }
        Ok(())
    }
}

impl Ladder {
    fn line_of(&self, arrow: &Arrow) -> String {
        let mut line = vec![' '; MARGIN + STEP * (self.parties.len() - 1) + 1];
        for at in 0..self.parties.len() {
            line[MARGIN + STEP * at] = '│';
        }
        let (from, to) = (self.place_of(arrow.from), self.place_of(arrow.to));
        let (left, right) = (MARGIN + STEP * from.min(to), MARGIN + STEP * from.max(to));
        line[left + 1..right].fill('─');
        if from < to {
            line[right - 1] = '▶';
            put(&mut line, left + 3, &arrow.what);
        } else {
            line[left + 1] = '◀';
            put(&mut line, left + 4, &arrow.what);
        }
        line.into_iter().collect()
    }
}

fn put(line: &mut [char], at: usize, text: &str) {
    line.iter_mut().skip(at).zip(text.chars()).for_each(|(place, letter)| *place = letter);
}

fn text_of(line: &[char]) -> String {
    line.iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_runs_from_its_sender_to_its_receiver() {
        let arrow = |from, to, what: &str| Arrow { at_ms: 2, from, to, what: what.into(), note: "x".into() };
        let parties = vec!["hana", EDGE, "east", "west"];
        let arrows =
            vec![arrow("hana", EDGE, "INVITE"), arrow(EDGE, "west", "BYE"), arrow(EDGE, "hana", "100")];

        let drawn = Ladder { parties, arrows }.to_string();

        let lines: Vec<_> = drawn.lines().collect();
        assert_eq!(lines[0], "    hana                edge                east                west");
        assert!(
            lines[1]
                .starts_with("      │──INVITE──────────▶│                   │                   │   0.002")
        );
        assert!(lines[2].starts_with("      │                   │──BYE─────────────────────────────────▶│"));
        assert!(lines[3].starts_with("      │◀──100─────────────│                   │                   │"));
    }
}
