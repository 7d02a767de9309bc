//! Numbers and times of packets whose sound is made anew: they go on evenly, in the clock of the other codec.

use rtp::Fixed;

use crate::numbers::BEHIND_MAX;

/// A jump of the sequence number beyond this is a new start, once a second packet follows (RFC 3550, A.1).
const JUMP_MAX: u16 = 3000;
/// What a packet holds until one has come.
const USUAL_MS: u32 = 20;
/// Longer gaps are no packets that were lost, but somebody who was silent.
const LOST_MS_MAX: u32 = 60;
/// More than one packet without sound can stand for.
const REACH_MS_MAX: u32 = 120;
/// Who is further behind was not held up on the way: he writes other times than before.
const AHEAD_MS_MAX: u32 = 1_000;

/// One direction.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    clocks: [u32; 2],
    source: Option<Source>,
    /// The time of a packet holds so many ticks of the sender's clock.
    ticks: u32,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    highest: u16,
    /// The number that would make a new start of a jump.
    doubted: Option<u16>,
    /// Added to a number that comes makes one that leaves.
    shift: u16,
    /// The same moment in both clocks.
    moment: [u32; 2],
    /// When the packet after the last is due, if it follows at once.
    due: u32,
    /// How much later all is said to be than it was, as sound of ours stood for who said nothing when he
    /// spoke again: in ticks of the sender's clock.
    lag: u32,
    is_first: bool,
}

/// Where a packet's number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ahead(u16),
    /// It came before, or nobody knows yet whether something else begins.
    Behind,
    Anew,
}

/// How a packet follows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Next,
    /// So many before it are missing.
    After {
        lost: u16,
    },
    /// It came before, or what comes in its place was sent already.
    Late,
    /// Something else begins, or somebody who was silent speaks again.
    Anew,
}

/// What a packet without sound adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Until {
        span: u32,
    },
    /// What it says was sent already.
    Nothing,
    Late,
}

impl Source {
    fn place(&mut self, sequence: u16) -> Place {
        let ahead = sequence.wrapping_sub(self.highest);
        if (1..JUMP_MAX).contains(&ahead) {
            self.doubted = None;
            return Place::Ahead(ahead);
        }
        if self.highest.wrapping_sub(sequence) < BEHIND_MAX {
            return Place::Behind;
        }
        if self.doubted == Some(sequence) {
            return Place::Anew;
        }
        self.doubted = Some(sequence.wrapping_add(1));
        Place::Behind
    }
}

impl Times {
    pub fn new(from: u32, to: u32) -> Times {
        Times { clocks: [from, to], source: None, ticks: from * USUAL_MS / 1000 }
    }

    /// Ticks a second of the sender.
    pub fn clock(&self) -> u32 {
        self.clocks[0]
    }

    /// Whether others count in the same clocks.
    pub fn is_of(&self, others: &Times) -> bool {
        self.clocks == others.clocks
    }

    pub fn fit(&mut self, header: &Fixed) -> Fit {
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == header.ssrc) else {
            return self.begin(header);
        };
        let lost = match source.place(header.sequence) {
            Place::Ahead(ahead) => ahead - 1,
            Place::Behind => return Fit::Late,
            Place::Anew => return self.begin(header),
        };
        let is_due = header.timestamp.wrapping_sub(source.due) == u32::from(lost) * self.ticks;
        source.highest = header.sequence;
        match lost {
            _ if !is_due => Fit::Anew,
            0 => Fit::Next,
            lost => Fit::After { lost },
        }
    }

    fn begin(&mut self, header: &Fixed) -> Fit {
        let shift = self.source.map_or(0, |source| {
            let next = source.highest.wrapping_add(source.shift).wrapping_add(1);
            if source.ssrc == header.ssrc { next.wrapping_sub(header.sequence) } else { 0 }
        });
        let Fixed { ssrc, sequence, timestamp, .. } = *header;
        let moment = match self.source {
            Some(source) if source.ssrc == ssrc => [timestamp, self.time(source.due)],
            _ => [timestamp; 2],
        };
        let begun = Source {
            ssrc,
            highest: sequence,
            doubted: None,
            shift,
            moment,
            due: timestamp,
            lag: 0,
            is_first: true,
        };
        self.source = Some(begun);
        Fit::Anew
    }

    /// Its sender speaks a codec of another clock from a packet on: that follows what came before.
    pub fn goes_over(&mut self, header: &Fixed, clock: u32) {
        let due = self.source.map(|source| self.time(source.due));
        self.clocks[0] = clock;
        self.ticks = clock * USUAL_MS / 1000;
        if let (Some(source), Some(due)) = (self.source.as_mut(), due) {
            (source.moment, source.due, source.lag) = ([header.timestamp, due], header.timestamp, 0);
        }
    }

    /// So many samples came with a packet, after so many that were made up for packets that did not come:
    /// what leaves has one number for all of them.
    pub fn took(&mut self, header: &Fixed, fresh: usize, concealed: usize, rate: u32) {
        let fresh = ticks(fresh, rate, self.clocks[0]);
        let Some(source) = &mut self.source else { return };
        if concealed > 0 && self.ticks > 0 {
            let packets = ticks(concealed, rate, self.clocks[0]) / self.ticks;
            source.shift = source.shift.wrapping_sub(packets as u16);
        }
        self.ticks = fresh;
        source.due = header.timestamp.wrapping_add(fresh);
        // Whole steps only: what is left over is counted from the same moment next time.
        let [from, to] = self.clocks.map(|clock| clock / 8_000);
        let passed = header.timestamp.wrapping_sub(source.moment[0]) as i32;
        let steps = passed.div_euclid(from as i32);
        source.moment[0] = source.moment[0].wrapping_add_signed(steps.wrapping_mul(from as i32));
        // Times go around, and so does what is added to them: a sender may write any.
        source.moment[1] = source.moment[1].wrapping_add_signed(steps.wrapping_mul(to as i32));
    }

    /// A packet came that brings no sound, and says of itself until when it reaches.
    pub fn reach(&mut self, header: &Fixed, until: u32) -> Reach {
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == header.ssrc) else {
            self.begin(header);
            return self.reach_on(header, until);
        };
        match source.place(header.sequence) {
            Place::Ahead(_) => source.highest = header.sequence,
            Place::Behind => return Reach::Late,
            Place::Anew => drop(self.begin(header)),
        }
        self.reach_on(header, until)
    }

    fn reach_on(&mut self, header: &Fixed, until: u32) -> Reach {
        let clock = self.clocks[0];
        let Some(source) = &mut self.source else { return Reach::Nothing };
        let in_ms = |ms: u32| (clock / 1_000 * ms) as i32;
        // Somebody who was silent, and not packets that were lost.
        if header.timestamp.wrapping_sub(source.due) as i32 > in_ms(LOST_MS_MAX) {
            source.due = header.timestamp;
        }
        let ahead = until.wrapping_sub(source.due) as i32;
        if ahead > in_ms(REACH_MS_MAX) {
            source.due = until.wrapping_sub(in_ms(REACH_MS_MAX) as u32);
        }
        let step = clock / 8_000;
        let span = ahead.clamp(0, in_ms(REACH_MS_MAX)) as u32 / step * step;
        source.due = source.due.wrapping_add(span);
        if span > 0 { Reach::Until { span } } else { Reach::Nothing }
    }

    /// Its sender says nothing from now on: since when that is. What he lagged behind is made up for.
    pub fn rests(&mut self) -> u32 {
        let Some(source) = &mut self.source else { return 0 };
        let (since, lag) = (source.due, std::mem::take(&mut source.lag));
        source.moment[1] = source.moment[1].wrapping_sub(scaled(lag, self.clocks));
        source.due = since.wrapping_add(lag);
        since
    }

    /// The header of so many samples of ours, which go on where the last ended: none, where they would stand
    /// for what is still to come.
    pub fn goes_on(&mut self, now: u32, samples: usize, rate: u32) -> Option<Fixed> {
        let [clock, _] = self.clocks;
        let in_ms = |ms: u32| (clock / 1_000 * ms) as i32;
        let source = self.source.as_mut()?;
        let ahead = source.due.wrapping_sub(now) as i32;
        if ahead > in_ms(USUAL_MS / 2) {
            return None;
        }
        if ahead < -in_ms(LOST_MS_MAX) {
            source.due = now;
        }
        let Source { ssrc, highest: sequence, due: timestamp, .. } = *source;
        source.due = timestamp.wrapping_add(ticks(samples, rate, clock));
        self.added();
        Some(Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc })
    }

    /// Its sender speaks again: what he says follows what stood for him, which may have run ahead.
    pub fn speaks(&mut self, header: &Fixed) {
        let [clock, _] = self.clocks;
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == header.ssrc) else { return };
        let ahead = source.due.wrapping_sub(header.timestamp);
        if ahead as i32 <= 0 {
            return;
        }
        let ahead = ahead.next_multiple_of(clock / 8_000);
        source.moment[1] = source.moment[1].wrapping_add(scaled(ahead, self.clocks));
        if ahead <= clock / 1_000 * AHEAD_MS_MAX {
            source.lag = source.lag.wrapping_add(ahead);
        }
    }

    /// When the packet after the last is due, where that was of this source.
    pub fn due(&self, ssrc: u32) -> Option<u32> {
        self.source.filter(|source| source.ssrc == ssrc).map(|source| source.due)
    }

    /// A packet came of which nothing leaves yet: the next takes its number.
    pub fn kept(&mut self) {
        if let Some(source) = &mut self.source {
            source.shift = source.shift.wrapping_sub(1);
        }
    }

    /// One packet more leaves than came: the next takes the number after its.
    pub fn added(&mut self) {
        if let Some(source) = &mut self.source {
            source.shift = source.shift.wrapping_add(1);
        }
    }

    /// The header of what leaves behind so many samples.
    pub fn behind(&self, header: &Fixed, samples: usize, rate: u32) -> Fixed {
        let timestamp = header.timestamp.wrapping_add(ticks(samples, rate, self.clocks[1]));
        Fixed { sequence: header.sequence.wrapping_add(1), timestamp, marker: false, ..*header }
    }

    /// How many samples a packet usually brings.
    pub fn usual(&self, rate: u32) -> usize {
        (u64::from(self.ticks) * u64::from(rate) / u64::from(self.clocks[0])) as usize
    }

    /// The header of what leaves when so many samples wait, the last of them the last that came.
    pub fn leaving(&mut self, header: &Fixed, waiting: usize, rate: u32) -> Fixed {
        let end = self.source.map_or(header.timestamp, |source| source.due);
        let begins = self.time(end).wrapping_sub(ticks(waiting, rate, self.clocks[1]));
        Fixed { timestamp: begins, ..self.passing(header) }
    }

    /// The header of a packet that leaves as it came.
    pub fn passing(&mut self, header: &Fixed) -> Fixed {
        if self.source.is_none_or(|source| source.ssrc != header.ssrc) {
            self.begin(header);
        }
        let timestamp = self.time(header.timestamp);
        let Some(source) = &mut self.source else { return *header };
        let ahead = header.sequence.wrapping_sub(source.highest);
        if ahead < JUMP_MAX {
            source.highest = header.sequence;
        }
        let is_first = std::mem::take(&mut source.is_first);
        let sequence = header.sequence.wrapping_add(source.shift);
        Fixed { sequence, timestamp, marker: header.marker || is_first, ..*header }
    }

    /// What is added to the numbers and the timestamps of all that follows that packet, where both are
    /// counted in one clock.
    pub fn offsets(&self, ssrc: u32, highest: u16) -> Option<(u16, u32)> {
        let [from, to] = self.clocks;
        let is_last = |source: &Source| source.ssrc == ssrc && source.highest == highest && !source.is_first;
        let source = self.source.filter(|source| is_last(source) && from == to)?;
        Some((source.shift, source.moment[1].wrapping_sub(source.moment[0])))
    }

    /// All until that packet left in the same way, elsewhere.
    pub fn went_on(&mut self, ssrc: u32, highest: u16, timestamp: u32) {
        let due = timestamp.wrapping_add(self.ticks);
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) {
            (source.highest, source.doubted, source.due) = (highest, None, due);
        }
    }

    /// The same moment in the other clock.
    pub fn time(&self, timestamp: u32) -> u32 {
        let Some(source) = self.source else { return timestamp };
        let passed = i64::from(timestamp.wrapping_sub(source.moment[0]) as i32);
        let [from, to] = self.clocks.map(i64::from);
        source.moment[1].wrapping_add((passed * to / from) as u32)
    }
}

/// A span of one clock in the other.
fn scaled(span: u32, [from, to]: [u32; 2]) -> u32 {
    (u64::from(span) * u64::from(to) / u64::from(from)) as u32
}

fn ticks(samples: usize, rate: u32, clock: u32) -> u32 {
    (samples as u64 * u64::from(clock) / u64::from(rate.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever writes any timestamp into his packets stops nobody.
    #[test]
    fn a_timestamp_that_jumps_by_any_width_is_the_same_moment_in_both_clocks() {
        for jump in [1 << 20, 0x2000_0000, 0x7fff_fff0, 0x8000_0000, 0xffff_0000] {
            let mut times = Times::new(8_000, 48_000);
            for (sequence, timestamp) in [(1, 0), (2, jump)] {
                let header = Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 };
                times.fit(&header);
                times.took(&header, 160, 0, 8_000);
                assert_eq!(times.time(timestamp), timestamp.wrapping_mul(6), "{jump:#x}");
            }
        }
    }
}
