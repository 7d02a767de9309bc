//! The messages of one call, drawn between those who exchanged them.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use sip_message::{Message, Start};

/// From one line of life to the next.
const STEP: usize = 20;
const MARGIN: usize = 6;

/// One arrow of a ladder.
#[derive(Clone, Debug, Serialize)]
pub struct Arrow {
    pub at_ms: u64,
    pub from: String,
    pub to: String,
    pub what: String,
    pub note: String,
    /// Who saw it, the house or those who told it.
    pub seen_by: Vec<String>,
}

/// Who stands where, and the arrows in order of time.
#[derive(Clone, Debug, Serialize)]
pub struct Ladder {
    /// The caller, the house, then the callees in the order they were tried; others where they come first.
    pub parties: Vec<String>,
    pub arrows: Vec<Arrow>,
}

/// How the house itself is called in a ladder.
pub const HOUSE: &str = "edge";

impl Ladder {
    /// The ladder of some arrows; the house stands behind whoever spoke with it first.
    pub fn of(arrows: Vec<Arrow>) -> Ladder {
        let mut parties: Vec<String> = Vec::new();
        for other in arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]) {
            if other != HOUSE && !parties.contains(other) {
                parties.push(other.clone());
            }
        }
        let with_house = arrows.iter().find(|arrow| arrow.from == HOUSE || arrow.to == HOUSE);
        let first = with_house.map(|arrow| if arrow.from == HOUSE { &arrow.to } else { &arrow.from });
        let place = first.and_then(|first| parties.iter().position(|party| party == first));
        parties.insert(place.map_or(parties.len().min(1), |place| place + 1), HOUSE.to_owned());
        Ladder { parties, arrows }
    }

    /// What an arrow says of a message: its method or status, and its address or reason.
    pub fn label(message: &Message<'_>) -> (String, String) {
        match message.start() {
            Start::Request { method, uri } => (method.to_string(), uri.to_owned()),
            Start::Response { status, reason } => (status.to_string(), reason.to_owned()),
        }
    }

    fn place_of(&self, party: &str) -> usize {
        self.parties.iter().position(|known| known == party).unwrap_or_default()
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = vec![' '; MARGIN + STEP * self.parties.len()];
        for (at, name) in self.parties.iter().enumerate() {
            let start = (MARGIN + STEP * at).saturating_sub(name.len().min(STEP - 2) / 2);
            let room = STEP - 2;
            let name: String = name.chars().take(room).collect();
            put(&mut names, start, &name);
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
        let (from, to) = (self.place_of(&arrow.from), self.place_of(&arrow.to));
        let (left, right) = (MARGIN + STEP * from.min(to), MARGIN + STEP * from.max(to));
        // Whoever reports a message of a party to itself has seen the inside of a machine.
        if from == to {
            line.resize(line.len().max(left + STEP), ' ');
            put(&mut line, left + 2, &format!("↻ {}", arrow.what));
            return line.into_iter().collect();
        }
        let is_ours = arrow.seen_by.iter().any(|name| name == HOUSE);
        line[left + 1..right].fill(if is_ours { '─' } else { '┄' });
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
        let arrow = |from: &str, to: &str, what: &str| Arrow {
            at_ms: 2,
            from: from.into(),
            to: to.into(),
            what: what.into(),
            note: "x".into(),
            seen_by: vec![HOUSE.into()],
        };
        let parties = ["hana", HOUSE, "east", "west"].map(str::to_owned).to_vec();
        let arrows =
            vec![arrow("hana", HOUSE, "INVITE"), arrow(HOUSE, "west", "BYE"), arrow(HOUSE, "hana", "100")];

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

    #[test]
    fn what_others_report_is_drawn_in_another_hand_before_the_house_or_behind_it() {
        let arrow = |from: &str, to: &str, by: &str| Arrow {
            at_ms: 0,
            from: from.into(),
            to: to.into(),
            what: "INVITE".into(),
            note: String::new(),
            seen_by: vec![by.into()],
        };
        let arrows =
            vec![arrow("phone", "pbx", "pbx"), arrow("pbx", HOUSE, HOUSE), arrow("pbx", "pbx", "pbx")];

        let ladder = Ladder::of(arrows);

        assert_eq!(ladder.parties, ["phone", "pbx", HOUSE]);
        let drawn = ladder.to_string();
        let lines: Vec<_> = drawn.lines().collect();
        assert!(lines[1].starts_with("      │┄┄INVITE┄┄┄┄┄┄┄┄┄┄▶│                   │"), "{drawn}");
        assert!(lines[2].starts_with("      │                   │──INVITE──────────▶│"), "{drawn}");
        assert!(lines[3].starts_with("      │                   │ ↻ INVITE"), "{drawn}");
    }
}
