//! What INFO says of key presses, and presses that wait for their turn to be said.

use std::collections::VecDeque;
use std::time::Instant;

use media::{Press, Side};
use sip_stack::ClientId;

use crate::said::Said;

pub(crate) const RELAYED: &str = "application/dtmf-relay";
pub(crate) const PLAIN: &str = "application/dtmf";
/// What is pressed for, where nothing says so.
const LENGTH_USUAL_MS: u16 = 160;
/// Who is told of shorter presses may not believe them.
const LENGTH_MIN_MS: u16 = 80;
const LENGTH_MAX_MS: u16 = 5_000;
/// More presses than these wait for nobody.
const WAITING_MAX: usize = 64;

/// What one side is told, one press after the other, so that they arrive in their order.
pub(crate) struct Telling {
    pub to: Side,
    pub waiting: VecDeque<Press>,
    pub under_way: Option<UnderWay>,
    pub kind: &'static str,
}

pub(crate) struct UnderWay {
    pub client: ClientId,
    pub press: Press,
    pub said: Said,
    pub since: Instant,
}

impl Telling {
    pub fn new(to: Side) -> Telling {
        Telling { to, waiting: VecDeque::new(), under_way: None, kind: RELAYED }
    }

    pub fn wait(&mut self, press: Press) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(press);
        }
    }
}

pub(crate) fn written(kind: &str, press: Press) -> String {
    let key = KEYS[usize::from(press.key())];
    match kind {
        PLAIN => key.to_string(),
        _ => format!("Signal={key}\r\nDuration={}\r\n", press.ms.clamp(LENGTH_MIN_MS, LENGTH_MAX_MS)),
    }
}

const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// What a body says was pressed.
pub(crate) fn read(kind: &str, body: &[u8]) -> Option<Press> {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let text = std::str::from_utf8(body).ok()?;
    if kind.eq_ignore_ascii_case(PLAIN) && !text.contains('=') {
        return Press::new(event(text.trim())?, LENGTH_USUAL_MS);
    }
    if !kind.eq_ignore_ascii_case(RELAYED) && !kind.eq_ignore_ascii_case(PLAIN) {
        return None;
    }
    let value = |wanted: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let length = value("Duration").and_then(|ms| ms.parse().ok()).filter(|ms| *ms > 0);
    Press::new(event(value("Signal")?)?, length.unwrap_or(LENGTH_USUAL_MS).min(LENGTH_MAX_MS))
}

/// Some write the number of the event where others write its sign.
fn event(signal: &str) -> Option<u8> {
    let mut signs = signal.chars();
    match (signs.next()?, signs.next()) {
        (sign, None) => {
            let sign = sign.to_ascii_uppercase();
            KEYS.iter().position(|key| *key == sign).and_then(|at| u8::try_from(at).ok())
        }
        _ => signal.parse().ok().filter(|event| (10..16).contains(event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a15_bodies_of_info_are_read_as_far_ends_write_them() {
        let press = |key, ms| Press::new(key, ms);
        for (kind, body, wanted) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", press(5, 160)),
            ("Application/DTMF-Relay; charset=utf-8", "Signal= # \nDuration = 250", press(11, 250)),
            ("application/dtmf-relay", "signal=*\r\n", press(10, 160)),
            ("application/dtmf-relay", "Signal=11\r\nDuration=0\r\n", press(11, 160)),
            ("application/dtmf-relay", "Signal=d\r\nDuration=60000", press(15, 5_000)),
            ("application/dtmf", "7", press(7, 160)),
            ("application/dtmf", " A\r\n", press(12, 160)),
            ("application/dtmf", "Signal=3\r\nDuration=100\r\n", press(3, 100)),
            ("application/dtmf-relay", "Signal=flash\r\n", None),
            ("application/dtmf-relay", "Signal=16\r\n", None),
            ("application/dtmf-relay", "Duration=160\r\n", None),
            ("application/dtmf", "", None),
            ("text/plain", "5", None),
        ] {
            assert_eq!(read(kind, body.as_bytes()), wanted, "{kind}: {body:?}");
        }
        assert_eq!(read("application/dtmf", &[0xff]), None);
    }

    #[test]
    fn a15_what_is_written_is_read_again() {
        for key in 0..16 {
            let press = Press::new(key, 200).expect("a key");
            for kind in [RELAYED, PLAIN] {
                let again = read(kind, written(kind, press).as_bytes()).expect("a press");
                assert_eq!(again.key(), key);
            }
        }
    }
}
