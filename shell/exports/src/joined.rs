//! Which dialogs belong to which call, so that both legs of it bear one name.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use switch::Event;

/// Messages of a call that has ended may come again for so long (RFC 3261 17.1.1.2: 64 times T1).
const LINGERS: Duration = Duration::from_secs(64);
/// However many calls there are, and whatever was never said of their ends.
const CALLS_MAX: usize = 200_000;
/// How the token of a call is printed.
const TOKEN: usize = 13;

/// The dialogs of the calls that go on, and of those that ended just now.
#[derive(Default)]
pub struct Joined(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The calls of Call-IDs, and of the tokens that our own Call-IDs begin with.
    calls: HashMap<Arc<str>, Arc<str>>,
    /// What each call is known by, and which in order it was.
    keys: HashMap<Arc<str>, (u64, Vec<Arc<str>>)>,
    /// In the order in which they began.
    begun: BTreeMap<u64, Arc<str>>,
    count: u64,
    ended: VecDeque<(Instant, Arc<str>)>,
}

impl Joined {
    /// Takes note of beginnings and ends.
    pub fn heed(&self, now: Instant, event: &Event) {
        match event {
            Event::CallStarted { call, call_id, .. } => self.lock().began(call, call_id),
            Event::CallEnded { call, .. } => self.lock().ended(now, call),
            _ => {}
        }
    }

    /// The call that a dialog belongs to.
    pub fn call_of(&self, call_id: &str) -> Option<Arc<str>> {
        let known = self.lock();
        let ours = || call_id.get(..TOKEN).filter(|_| call_id.as_bytes().get(TOKEN) == Some(&b'-'));
        known.calls.get(call_id).or_else(|| known.calls.get(ours()?)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn began(&mut self, call: &str, call_id: &str) {
        while self.begun.len() >= CALLS_MAX
            && let Some((_, oldest)) = self.begun.pop_first()
        {
            self.forget(&oldest);
        }
        let name: Arc<str> = call.into();
        let token = call.rsplit('-').next().unwrap_or(call);
        let mut keys = Vec::with_capacity(2);
        // A party that comes out of another call brings its dialog along, and the dialog its name.
        for key in [call_id, token].into_iter().filter(|key| !key.is_empty()) {
            if !self.calls.contains_key(key) {
                let key: Arc<str> = key.into();
                self.calls.insert(key.clone(), name.clone());
                keys.push(key);
            }
        }
        self.count += 1;
        self.begun.insert(self.count, name.clone());
        self.keys.insert(name, (self.count, keys));
    }

    fn ended(&mut self, now: Instant, call: &str) {
        while let Some((_, oldest)) = self.ended.pop_front_if(|(at, _)| now.duration_since(*at) > LINGERS) {
            self.forget(&oldest);
        }
        self.ended.push_back((now, call.into()));
    }

    fn forget(&mut self, call: &str) {
        let Some((count, keys)) = self.keys.remove(call) else { return };
        self.begun.remove(&count);
        for key in keys {
            self.calls.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::{Direction, WallTime};

    use super::*;

    fn began(call: &str, call_id: &str) -> Event {
        Event::CallStarted {
            call: call.into(),
            call_id: call_id.into(),
            at: WallTime(0),
            calling: "hana".into(),
            called: "+14255550100".into(),
            direction: Direction::Outbound,
            emergency: false,
        }
    }

    fn ended(call: &str) -> Event {
        Event::CallEnded { call: call.into(), at: WallTime(0), verdict: "TD-E001".into(), words: "".into() }
    }

    const CALL: &str = "c0199c0ffee00-0123456789abc";

    #[test]
    fn both_legs_of_a_call_bear_its_name() {
        let joined = Joined::default();
        joined.heed(Instant::now(), &began(CALL, "7@phone"));

        for leg in ["7@phone", "0123456789abc-x5yzzy000000"] {
            assert_eq!(joined.call_of(leg).as_deref(), Some(CALL));
        }
        for other in ["8@phone", "0123456789abcx", "0123456789abd-x5yzzy000000", "ééééééééééééé-"]
        {
            assert_eq!(joined.call_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_call_that_ended_is_known_for_a_while_and_leaves_nothing_behind() {
        let (joined, now) = (Joined::default(), Instant::now());
        joined.heed(now, &began(CALL, "7@phone"));
        joined.heed(now, &ended(CALL));
        assert!(joined.call_of("7@phone").is_some());

        joined.heed(now + LINGERS + Duration::from_secs(1), &ended("c1-another"));

        assert_eq!(joined.call_of("7@phone"), None);
        let known = joined.lock();
        assert!(known.calls.is_empty() && known.keys.is_empty() && known.begun.is_empty());
    }

    #[test]
    fn a_dialog_that_moves_to_another_call_keeps_its_name() {
        let (joined, now) = (Joined::default(), Instant::now());
        joined.heed(now, &began(CALL, "7@phone"));
        joined.heed(now, &began("c0199c0ffee01-1123456789abc", "7@phone"));

        joined.heed(now, &ended("c0199c0ffee01-1123456789abc"));
        joined.heed(now + LINGERS + Duration::from_secs(1), &ended("c1-another"));

        assert_eq!(joined.call_of("7@phone").as_deref(), Some(CALL));
    }

    #[test]
    fn calls_whose_end_was_never_told_are_forgotten_when_there_are_too_many() {
        let (joined, now) = (Joined::default(), Instant::now());
        (0..CALLS_MAX + 10).for_each(|one| joined.heed(now, &began(&format!("c0-{one:013}"), "")));

        assert_eq!(joined.lock().calls.len(), CALLS_MAX);
    }
}
