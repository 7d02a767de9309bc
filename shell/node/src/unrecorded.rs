//! Groups of recorders outside of which none took the calls that it should have: somebody has to look.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use switch::Event;

use crate::control::Board;

/// Under which name the board has it.
const ALARM: &str = "recorders";

#[derive(Default)]
pub struct Unrecorded {
    board: OnceLock<Arc<Board>>,
    /// How many calls in a row each group has missed.
    missed: Mutex<BTreeMap<Arc<str>, u64>>,
}

impl Unrecorded {
    /// Where it is said from now on.
    pub fn tell_on(&self, board: &Arc<Board>) {
        self.board.get_or_init(|| Arc::clone(board));
        self.tell();
    }

    /// Takes note of calls that were missed, and of recorders that are there again.
    pub fn heed(&self, event: &Event) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = match event {
            Event::CallUnrecorded { group, .. } => {
                *missed.entry(Arc::clone(group)).or_default() += 1;
                true
            }
            Event::RecorderTook { group, .. } => missed.remove(group).is_some(),
            _ => false,
        };
        drop(missed);
        if is_news {
            self.tell();
        }
    }

    /// Says so on the board, of groups that there are.
    pub fn tell(&self) {
        let Some(board) = self.board.get() else { return };
        let groups = board.policy().map(|policy| policy.recorder_groups()).unwrap_or_default();
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.retain(|group, _| groups.contains(group));
        let words = missed.iter().map(|(group, calls)| words(group, *calls)).collect();
        drop(missed);
        board.alarm(ALARM, words);
    }
}

fn words(group: &str, calls: u64) -> String {
    let of = if group.is_empty() { String::new() } else { format!(" of group {group}") };
    let last = if calls == 1 { "the last call".to_owned() } else { format!("the last {calls} calls") };
    format!("no recorder{of} took {last} that it was to record: see `recording` in their records")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn board(groups: &[&str]) -> Arc<Board> {
        let recorders = groups.iter().enumerate().map(|(at, group)| {
            format!("[recorder.r{at}]\ngroup = \"{group}\"\nservers = [\"sip:192.0.2.{at};transport=tcp\"]\n")
        });
        let text = format!(
            "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n[interface.lan]\n\
             address = \"192.0.2.99\"\nudp = 5060\nside = \"inside\"\n{}",
            recorders.collect::<String>()
        );
        let documents = model::load(&[model::SourceFile::new("house.toml", &*text)]).unwrap();
        let board = Arc::new(Board::default());
        board.shows(&Arc::new(policy::compile(&documents, &model::Secrets::default()).unwrap()));
        board
    }

    fn missed(group: &str) -> Event {
        let at = policy::WallTime(0);
        Event::CallUnrecorded { call: "1".to_owned(), at, group: group.into() }
    }

    fn took(group: &str) -> Event {
        let (at, group) = (policy::WallTime(0), group.into());
        let (recorder, server) = ("r0".into(), "tcp:192.0.2.0:5060".to_owned());
        Event::RecorderTook { call: "2".to_owned(), at, recorder, server, group }
    }

    #[test]
    fn p4_a_group_that_misses_calls_is_an_alarm_until_it_takes_one() {
        let board = board(&["law", "tape"]);
        let unrecorded = Unrecorded::default();
        unrecorded.tell_on(&board);
        [missed("law"), missed("law"), missed("tape")].iter().for_each(|event| unrecorded.heed(event));

        let alarms = board.read().alarms;
        assert_eq!(alarms.len(), 2, "{alarms:?}");
        assert!(alarms[0].starts_with("no recorder of group law took the last 2 calls"), "{alarms:?}");
        unrecorded.heed(&took("law"));
        let alarms = board.read().alarms;
        assert!(alarms.len() == 1 && alarms[0].contains("group tape took the last call "), "{alarms:?}");
    }

    #[test]
    fn p4_a_group_that_is_gone_is_no_alarm() {
        let board = board(&["law"]);
        let unrecorded = Unrecorded::default();
        unrecorded.tell_on(&board);
        [missed("law"), missed("tape")].iter().for_each(|event| unrecorded.heed(event));
        assert_eq!(board.read().alarms.len(), 1);

        board.shows(&super::tests::board(&["tape"]).policy().unwrap());
        unrecorded.tell();

        assert_eq!(board.read().alarms, [""; 0]);
    }
}
