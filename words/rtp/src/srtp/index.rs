//! Counting packets past the 16 bits that they carry, and telling those that came before (RFC 3711 3.3).

use super::bare::Reached;

/// Senders that are looked for first: those that spoke last.
const SENDERS_MAX: usize = 4;
/// All others that a key has known. It forgets none, as it would take their numbers for new ones; beyond
/// these it knows nobody new.
const OTHERS_MAX: usize = 4096;
const WINDOW: u64 = 64;

/// How far each sender under a key has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    senders: [Option<Sender>; SENDERS_MAX],
    others: Vec<Sender>,
}

/// One sender: its highest number so far, and which of those just before it came.
#[derive(Clone, Copy, Debug)]
struct Sender {
    ssrc: u32,
    highest: u64,
    came: u64,
}

/// Whether a number may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Fresh,
    /// It came before, or is too old to say.
    Seen,
}

impl Progress {
    /// The whole number of a packet of media, guessed from its 16 bits: the nearest to the highest so far.
    pub fn guess(&self, ssrc: u32, sequence: u16) -> u64 {
        let Some(sender) = self.of(ssrc) else { return sequence.into() };
        let (rolled, last) = (sender.highest >> 16, sender.highest as u16);
        let ahead = sequence.wrapping_sub(last) as i16;
        let rolled = match (ahead >= 0, sequence < last) {
            (true, true) => rolled.wrapping_add(1),
            (false, false) => match rolled.checked_sub(1) {
                Some(before) => before,
                None => rolled,
            },
            _ => rolled,
        };
        (rolled & 0xffff_ffff) << 16 | u64::from(sequence)
    }

    pub fn standing(&self, ssrc: u32, index: u64) -> Standing {
        let Some(sender) = self.of(ssrc) else {
            return if self.is_full() { Standing::Seen } else { Standing::Fresh };
        };
        match sender.highest.checked_sub(index) {
            None => Standing::Fresh,
            Some(back) if back < WINDOW && sender.came >> back & 1 == 0 => Standing::Fresh,
            Some(_) => Standing::Seen,
        }
    }

    /// Whether nobody is known from now on who was not before.
    pub fn is_full(&self) -> bool {
        self.others.len() >= OTHERS_MAX
    }

    /// Whether it has known a sender.
    pub fn knows(&self, ssrc: u32) -> bool {
        self.of(ssrc).is_some()
    }

    /// Whether a number lies before 0: who opens would take it for one of the last of all (RFC 3711,
    /// appendix A).
    pub fn is_before_all(&self, ssrc: u32, sequence: u16) -> bool {
        let first_round = self.of(ssrc).filter(|sender| sender.highest >> 16 == 0);
        first_round.is_some_and(|sender| {
            let last = sender.highest as u16;
            sequence > last && (sequence.wrapping_sub(last) as i16) < 0
        })
    }

    /// Notes a number that was used.
    pub fn note(&mut self, ssrc: u32, index: u64) {
        let at = self.senders.iter().position(|one| one.is_some_and(|one| one.ssrc == ssrc));
        let at = at.unwrap_or_else(|| self.bring_forth(ssrc));
        let known = self.senders[at].filter(|one| one.ssrc == ssrc);
        let mut sender = known.unwrap_or(Sender { ssrc, highest: index, came: 0 });
        if let Some(ahead) = index.checked_sub(sender.highest) {
            sender.came = sender.came.checked_shl(ahead.min(WINDOW) as u32).unwrap_or(0) | 1;
            sender.highest = index;
        } else {
            sender.came |= 1 << (sender.highest - index).min(WINDOW - 1);
        }
        self.senders[at] = Some(sender);
        // Who spoke last stands first, so that the one that is silent longest is the one that steps back.
        self.senders[..=at].rotate_right(1);
    }

    /// The place of somebody who did not speak lately, with what is known of him; who is silent longest steps
    /// back for him.
    #[cold]
    fn bring_forth(&mut self, ssrc: u32) -> usize {
        let others = &mut self.others;
        let known = others.iter().position(|one| one.ssrc == ssrc).map(|at| others.swap_remove(at));
        others.extend(std::mem::replace(&mut self.senders[SENDERS_MAX - 1], known));
        SENDERS_MAX - 1
    }

    pub fn reached(&self, ssrc: u32) -> Option<Reached> {
        self.of(ssrc).map(|sender| Reached { highest: sender.highest, used: sender.came })
    }

    /// A sender has come on elsewhere. What was known to be used stays used.
    pub fn went_on(&mut self, ssrc: u32, reached: Reached) {
        if self.of(ssrc).is_none_or(|sender| sender.highest <= reached.highest) {
            self.note(ssrc, reached.highest);
            self.senders[0].iter_mut().for_each(|sender| sender.came |= reached.used);
        }
    }

    /// The number after the highest of a sender.
    pub fn next(&self, ssrc: u32) -> u64 {
        self.of(ssrc).map_or(0, |sender| sender.highest + 1)
    }

    fn of(&self, ssrc: u32) -> Option<&Sender> {
        self.senders.iter().flatten().chain(&self.others).find(|sender| sender.ssrc == ssrc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(highest: u64) -> Progress {
        let mut progress = Progress::default();
        progress.note(7, highest);
        progress
    }

    #[test]
    fn the_nearest_number_is_the_one_that_is_meant() {
        assert_eq!(at(65_535).guess(7, 0), 65_536);
        assert_eq!(at(65_536).guess(7, 65_535), 65_535);
        assert_eq!(at(5 << 16 | 10).guess(7, 40_000), 4 << 16 | 40_000);
        assert_eq!(at(5 << 16 | 40_000).guess(7, 10), 6 << 16 | 10);
        assert_eq!(at(100).guess(7, 65_000), 65_000);
        assert_eq!(Progress::default().guess(7, 9), 9);
    }

    #[test]
    fn a_number_counts_once() {
        let mut progress = at(100);
        progress.note(7, 90);

        assert_eq!(progress.standing(7, 100), Standing::Seen);
        assert_eq!(progress.standing(7, 90), Standing::Seen);
        assert_eq!(progress.standing(7, 91), Standing::Fresh);
        assert_eq!(progress.standing(7, 101), Standing::Fresh);
        assert_eq!(progress.standing(7, 36), Standing::Seen);
        assert_eq!(progress.standing(8, 100), Standing::Fresh);
    }

    #[test]
    fn nobody_is_forgotten_who_has_made_room() {
        let mut progress = Progress::default();
        for ssrc in 1..=4 {
            progress.note(ssrc, 1);
        }
        progress.note(1, 2);
        progress.note(5, 1);

        assert_eq!(progress.standing(1, 1), Standing::Seen);
        assert_eq!(progress.standing(2, 1), Standing::Seen);
        assert_eq!(progress.standing(2, 2), Standing::Fresh);
        progress.note(2, 3 << 16);
        assert_eq!(progress.guess(2, 1), 3 << 16 | 1);
    }

    #[test]
    fn what_was_used_elsewhere_is_used() {
        let mut progress = at(65_530);
        let reached = Reached { highest: 65_540, used: 0b101 };

        progress.went_on(7, reached);

        assert_eq!(progress.standing(7, 65_540), Standing::Seen);
        assert_eq!(progress.standing(7, 65_539), Standing::Fresh);
        assert_eq!(progress.standing(7, 65_538), Standing::Seen);
        assert_eq!(progress.standing(7, 65_530), Standing::Seen);
        assert_eq!(progress.guess(7, 5), 65_541);
        progress.went_on(7, Reached { highest: 100, used: 1 });
        assert_eq!(progress.reached(7).map(|reached| reached.highest), Some(65_540));
    }

    #[test]
    fn beyond_so_many_nobody_new_is_known() {
        let mut progress = Progress::default();
        for ssrc in 0..5_000 {
            if progress.standing(ssrc, 7) == Standing::Fresh {
                progress.note(ssrc, 7);
            }
        }

        assert_eq!(progress.others.len(), OTHERS_MAX);
        assert_eq!(progress.standing(4_999, 7), Standing::Seen);
        assert_eq!(progress.standing(0, 8), Standing::Fresh);
    }
}
