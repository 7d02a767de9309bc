//! The time that sound of ours is played in: each side that hears some has its turn every 20 ms.

use std::time::{Duration, Instant};

use crate::order::Side;

/// Sides take their turns in so many groups: whoever begins waits no longer than for the next.
const GROUPS: usize = 4;
const EACH: Duration = Duration::from_millis(5);
/// Whoever was held up for longer does not make up for it.
const LATE_MAX: Duration = Duration::from_millis(200);

/// All sides that are played to. Nothing is allocated for a turn.
#[derive(Debug, Default)]
pub(crate) struct Beats {
    groups: [Vec<(u32, Side)>; GROUPS],
    sides: usize,
    /// Groups that had their turn since the first ever.
    count: u64,
    /// When the next has its own.
    due: Option<Instant>,
    /// So many of it had theirs.
    done: usize,
}

impl Beats {
    /// From now on a side has its turns, the first at once.
    pub fn begin(&mut self, now: Instant, slot: u32, side: Side) {
        self.join(now, (slot, side), 0);
    }

    /// The same, the first between two packets of the other side, which come every 20 ms from now on.
    pub fn begin_between(&mut self, now: Instant, slot: u32, side: Side) {
        self.join(now, (slot, side), GROUPS / 2);
    }

    fn join(&mut self, now: Instant, whose: (u32, Side), ahead: usize) {
        self.end(whose.0, whose.1);
        if self.sides == 0 {
            self.due = Some(now);
            self.done = 0;
        }
        self.sides += 1;
        self.groups[(self.group() + ahead) % GROUPS].push(whose);
    }

    pub fn end(&mut self, slot: u32, side: Side) {
        let current = self.group();
        for (number, group) in self.groups.iter_mut().enumerate() {
            let Some(mut place) = group.iter().position(|one| *one == (slot, side)) else { continue };
            if number == current && place < self.done {
                // Nobody loses a turn: what takes its place is one who had his.
                self.done -= 1;
                group.swap(place, self.done);
                place = self.done;
            }
            group.swap_remove(place);
            self.sides -= 1;
        }
    }

    /// When somebody has a turn again.
    pub fn next(&self) -> Option<Instant> {
        let due = self.due.filter(|_| self.sides > 0)?;
        let empty = (0..GROUPS).take_while(|ahead| self.groups[(self.group() + ahead) % GROUPS].is_empty());
        Some(due + EACH * empty.count() as u32)
    }

    /// Whose turn it is by now, and which turn of its group that is.
    pub fn take(&mut self, now: Instant) -> Option<(u64, u32, Side)> {
        if self.sides == 0 {
            return None;
        }
        loop {
            let due = self.due.filter(|due| *due <= now)?;
            if let Some((slot, side)) = self.groups[self.group()].get(self.done).copied() {
                self.done += 1;
                return Some((self.count / GROUPS as u64, slot, side));
            }
            self.done = 0;
            let late = now.saturating_duration_since(due);
            let rounds =
                if late > LATE_MAX { late.as_micros() / (EACH * GROUPS as u32).as_micros() } else { 0 };
            let steps = 1 + rounds as u64 * GROUPS as u64;
            self.count += steps;
            self.due = due.checked_add(EACH * u32::try_from(steps).unwrap_or(u32::MAX));
        }
    }

    fn group(&self) -> usize {
        (self.count % GROUPS as u64) as usize
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn turns(beats: &mut Beats, now: Instant) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| beats.take(now)).map(|(turn, slot, _)| (turn, slot)).collect()
    }

    #[test]
    fn each_has_its_turn_every_20_ms_and_the_first_at_once() {
        let (mut beats, begin) = (Beats::default(), Instant::now());
        beats.begin(begin, 1, Side::Caller);
        assert_eq!(turns(&mut beats, begin), [(0, 1)]);
        assert_eq!(beats.next(), Some(begin + 20 * MS));
        beats.begin(begin + 7 * MS, 2, Side::Callee);

        assert_eq!(turns(&mut beats, begin + 12 * MS), [(0, 2)]);
        assert_eq!(beats.next(), Some(begin + 20 * MS));
        assert_eq!(turns(&mut beats, begin + 44 * MS), [(1, 1), (1, 2), (2, 1)]);

        beats.end(1, Side::Caller);
        assert_eq!(turns(&mut beats, begin + 59 * MS), [(2, 2)]);
        beats.end(2, Side::Callee);
        assert_eq!((beats.next(), beats.take(begin + 999 * MS)), (None, None));
    }

    #[test]
    fn who_begins_between_packets_is_half_a_turn_behind() {
        let (mut beats, begin) = (Beats::default(), Instant::now());
        beats.begin_between(begin, 1, Side::Caller);

        assert_eq!(beats.next(), Some(begin + 10 * MS));
        assert_eq!(turns(&mut beats, begin + 30 * MS), [(0, 1), (1, 1)]);
    }

    /// Whose turns end when they have just had one takes nobody else's.
    #[test]
    fn nobody_loses_a_turn_where_another_ends() {
        let (mut beats, begin) = (Beats::default(), Instant::now());
        (1..=4).for_each(|slot| beats.begin(begin, slot, Side::Caller));
        let first: Vec<u32> = (0..2).map(|_| beats.take(begin).unwrap().1).collect();

        beats.end(1, Side::Caller);

        assert_eq!(first, [1, 2]);
        assert_eq!(turns(&mut beats, begin), [(0, 4), (0, 3)]);
        assert_eq!(turns(&mut beats, begin + 20 * MS).len(), 3);
    }

    #[test]
    fn whoever_was_held_up_for_long_goes_on_from_now() {
        let (mut beats, begin) = (Beats::default(), Instant::now());
        beats.begin(begin, 1, Side::Caller);
        turns(&mut beats, begin);

        let late = turns(&mut beats, begin + 10_000 * MS);

        assert!(late.len() < 3 && late.last().unwrap().0 >= 499, "{late:?}");
        assert!(beats.next().unwrap() <= begin + 10_020 * MS);
    }
}
