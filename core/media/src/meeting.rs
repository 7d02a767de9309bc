//! Meetings: each member hears all that the others say, and nothing of its own.
//!
//! Every 20 ms a meeting has its turn: of each member comes a frame, the loudest are added up, and each
//! member has its packet. Who only listens hears what all listeners hear: for them it is made once for each
//! codec that has no memory. Nothing is allocated for a packet or a turn.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtp::Fixed;

use crate::member::{Listener, Member};
use crate::mix::{Limiter, Loudest, PARTS};
use crate::order::Side;
use crate::packet::Packet;
use crate::pressing::Press;
use crate::seat::{MeetingKey, Seat};
use crate::voice::FRAME;
use sound::resample::Downsampler;

const EACH: Duration = Duration::from_millis(20);
/// Whoever was held up for longer does not make up for it.
const LATE_MAX: Duration = Duration::from_millis(200);
const NARROW: usize = FRAME / 2;

/// Who somebody is among the members of all meetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberId(u32);

/// All meetings of a relay.
#[derive(Default)]
pub(crate) struct Meetings {
    members: Vec<Option<Box<Member>>>,
    by_side: BTreeMap<(u32, Side), MemberId>,
    free: Vec<MemberId>,
    meetings: Vec<Meeting>,
    /// The one whose members have their packets made just now.
    at: Option<usize>,
}

struct Meeting {
    key: MeetingKey,
    members: Vec<MemberId>,
    due: Instant,
    turn: u64,
    /// So many members had their packets in this turn.
    done: usize,
    sum: Box<[i32; FRAME]>,
    /// What those say who are heard.
    parts: Box<[[i16; FRAME]; PARTS]>,
    limiter: Limiter,
    /// What listeners hear, in both rates.
    wide: Box<[i16; FRAME]>,
    narrow: Box<[i16; NARROW]>,
    down: Downsampler,
    /// The same in the codecs that have no memory, once somebody has it.
    laws: Box<[Option<[u8; NARROW]>; 2]>,
}

impl MemberId {
    fn at(place: usize) -> MemberId {
        MemberId(u32::try_from(place).expect("fewer members than ports"))
    }

    fn place(self) -> usize {
        self.0 as usize
    }
}

impl Meetings {
    /// Lets a side take part, or do so in another way than before.
    pub fn meet(&mut self, now: Instant, of: (u32, Side), seat: Seat) {
        let before = self.by_side.get(&of).and_then(|member| self.members[member.place()].as_mut());
        match before {
            Some(before) if before.meeting() == seat.meeting => before.change(seat),
            _ => {
                self.leave(of);
                self.join(now, of, seat);
            }
        }
    }

    fn join(&mut self, now: Instant, of: (u32, Side), seat: Seat) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.members.push(None);
            MemberId::at(self.members.len() - 1)
        });
        let key = seat.meeting;
        self.members[index.place()] = Some(Box::new(Member::new(of, seat)));
        self.by_side.insert(of, index);
        let meeting = match self.meetings.iter_mut().find(|meeting| meeting.key == key) {
            Some(meeting) => meeting,
            None => {
                self.meetings.push(Meeting::new(now, key));
                self.meetings.last_mut().expect("it was pushed just now")
            }
        };
        meeting.members.push(index);
    }

    /// A side takes part no more, and is not heard any more at once.
    pub fn leave(&mut self, of: (u32, Side)) {
        let Some(member) = self.by_side.remove(&of) else { return };
        let Some(gone) = self.members[member.place()].take() else { return };
        self.free.push(member);
        let is_its = |meeting: &Meeting| meeting.key == gone.meeting();
        let Some(at) = self.meetings.iter().position(is_its) else { return };
        let meeting = &mut self.meetings[at];
        if let Some(place) = meeting.members.iter().position(|one| *one == member) {
            meeting.members.remove(place);
            meeting.done -= usize::from(place < meeting.done);
        }
        if meeting.members.is_empty() {
            self.meetings.swap_remove(at);
            self.at = None;
        }
    }

    /// Takes what a member says; a key that it has pressed and let go.
    pub fn take(
        &mut self,
        now: Instant,
        of: (u32, Side),
        header: &Fixed,
        packet: &Packet<'_>,
    ) -> Option<Press> {
        let member = self.by_side.get(&of)?;
        self.members[member.place()].as_mut()?.take(now, header, packet)
    }

    /// When a meeting has its turn.
    pub fn next(&self) -> Option<Instant> {
        self.meetings.iter().map(|meeting| meeting.due).min()
    }

    /// The next member that is to have a packet by now: its number, and where it is.
    pub fn next_listener(&mut self, now: Instant) -> Option<(MemberId, (u32, Side))> {
        loop {
            let at = match self.at {
                Some(at) => at,
                None => {
                    let at = self.meetings.iter().position(|meeting| meeting.due <= now)?;
                    self.meetings[at].mix(&mut self.members);
                    *self.at.insert(at)
                }
            };
            let meeting = &mut self.meetings[at];
            // Whoever is alone hears nothing of ours here.
            let next = meeting.members.get(meeting.done).filter(|_| meeting.members.len() > 1).copied();
            if let Some(next) = next {
                meeting.done += 1;
                let member = self.members[next.place()].as_ref();
                let member = member.expect("who is in a meeting is a member");
                return Some((next, member.of));
            }
            meeting.end_turn(now);
            self.at = None;
        }
    }

    /// Writes the packet of that member in the turn that its meeting has; whether it has one.
    pub fn write(&mut self, member: MemberId, packet: &mut Packet<'_>) -> bool {
        let Some(at) = self.at else { return false };
        let Some(member) = &mut self.members[member.place()] else { return false };
        self.meetings[at].write(member, packet)
    }
}

impl Meeting {
    fn new(now: Instant, key: MeetingKey) -> Meeting {
        Meeting {
            key,
            members: Vec::new(),
            due: now + EACH,
            turn: 0,
            done: 0,
            sum: Box::new([0; FRAME]),
            parts: Box::new([[0; FRAME]; PARTS]),
            limiter: Limiter::new(),
            wide: Box::new([0; FRAME]),
            narrow: Box::new([0; NARROW]),
            down: Downsampler::new(2),
            laws: Box::new([None, None]),
        }
    }

    /// Hears all, and adds up those who are heard.
    fn mix(&mut self, members: &mut [Option<Box<Member>>]) {
        let mut loudest = Loudest::default();
        for index in &self.members {
            let Some(member) = &mut members[index.place()] else { continue };
            member.hear(self.due);
            loudest.weigh(index.place(), member.level, member.heard);
        }
        self.sum.fill(0);
        let mut parts = 0;
        for index in &self.members {
            let Some(member) = &mut members[index.place()] else { continue };
            let now = loudest.heard(index.place());
            if !member.speaks(now, &mut self.parts, &mut parts) {
                continue;
            }
            let part = &self.parts[parts - 1];
            self.sum.iter_mut().zip(part).for_each(|(sum, sample)| *sum += i32::from(*sample));
        }
        self.limiter.limit(&self.sum, &mut self.wide);
        self.down.resample(&self.wide[..], &mut self.narrow[..]);
        *self.laws = [None, None];
    }

    /// What one hears: all that is said, without what comes of itself.
    fn write(&mut self, member: &mut Member, packet: &mut Packet<'_>) -> bool {
        let listener = match member.part {
            Some(part) => Listener::Speaks { sum: &self.sum, own: &self.parts[usize::from(part)] },
            None => Listener::Listens { wide: &self.wide, narrow: &self.narrow, laws: &mut self.laws },
        };
        member.write(self.turn, listener, packet)
    }

    fn end_turn(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.due);
        let missed = if late > LATE_MAX { (late.as_micros() / EACH.as_micros()) as u32 } else { 0 };
        let turns = 1 + missed;
        (self.done, self.turn) = (0, self.turn + u64::from(turns));
        self.due = self.due.checked_add(EACH * turns).unwrap_or(now + EACH);
    }
}

impl std::fmt::Debug for Meetings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} meetings", self.meetings.len())
    }
}
