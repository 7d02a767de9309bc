//! Checks of our own: a peer is asked wherever it may be reached (RFC 8445, 6.1 and 7.2), and asked again as
//! long as it is sent anything (RFC 7675).
//!
//! Each half of a stream has one place of ours, so that a pair of candidates is a place of the peer's, and
//! pairs stand in the order of its priorities, whoever chooses among them (RFC 8445, 6.1.2.3).
//!
//! Not here: answers to the peer's own checks, and where media goes (door).

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun::{Check, Choice, Class, Message, Transaction};

use crate::search::{Candidate, Chooser, Search};
use crate::standing::{CONSENT, Standing};
use crate::verdict::{Half, Reason};

/// A stream begins no two checks within this time, and all streams of a relay together none within the other
/// (RFC 8445, 14.2).
const APART: Duration = Duration::from_millis(50);
const ALL_APART: Duration = Duration::from_millis(5);
/// Who does not answer is asked again after this time, after twice as long, and so on (RFC 8445, 14.3).
const AGAIN: Duration = Duration::from_millis(500);
/// So often in all, with each answer waited for as long as this many times the first pause at last (RFC 8489,
/// 6.2.1: the first number is ours to choose).
const TIMES_MAX: u8 = 5;
const LAST: u32 = 16;
/// Whoever is named in a description and knows nothing of it is sent so much in all, and never more (RFC
/// 8445, 19.5.1).
const ASKED_MAX: u16 = 100;
/// Places that a peer names, and those that are learnt beside them.
const NAMED_MAX: usize = 16;
const TRIALS_MAX: usize = 24;
/// So long a better place is waited for, once there is one.
const PATIENCE: Duration = Duration::from_millis(300);
/// A peer is asked for its consent every 4 to 6 seconds (RFC 7675, 5.1).
const RENEWED_MS: u64 = 4_000;
const RENEWED_SPREAD_MS: u64 = 2_000;
/// What a place of ours is worth that a peer finds by a check alone (RFC 8445, 5.1.2 and 7.1.1).
const LEARNT: u32 = (110 << 24) | (0xffff << 8);
/// RFC 8445, 20.2.
const ROLE_CONFLICT: u16 = 487;

/// Where a check goes, and how long it is.
pub(crate) type Sent = (Half, SocketAddr, usize);

/// Both halves of a stream, by their place.
const HALVES: [Half; 2] = [Half::Rtp, Half::Rtcp];

/// Who is to change his part, as both have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contest {
    None,
    TheyChange,
    WeChange,
}

/// When the next check of any stream may begin.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    free: Option<Instant>,
}

/// What is tried for one side of a stream.
#[derive(Debug)]
pub(crate) struct Checklist {
    terms: Search,
    trials: Vec<Trial>,
    /// Those that come before others: the peer has asked from there, or they were chosen.
    ahead: VecDeque<usize>,
    /// When the next may begin here, and when its turn is among all streams.
    free: Instant,
    turn: Option<Instant>,
    halves: [Progress; 2],
    /// How many checks there were that were not for consent, and names that were given.
    asked: u16,
    named: u64,
}

/// How far one half has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// When the first place answered.
    found: Option<Instant>,
    /// What we have chosen, and have yet to be answered.
    chosen: Option<usize>,
    is_concluded: bool,
    /// Where media goes.
    kept: Option<SocketAddr>,
}

/// One place of the peer's.
#[derive(Debug)]
struct Trial {
    half: Half,
    place: SocketAddr,
    priority: u32,
    /// None, where the peer has not named it.
    foundation: Option<u8>,
    state: State,
    asked: Option<Asked>,
    /// A check that another one came before the answer of: its own does as well.
    overtaken: Option<Transaction>,
    /// The peer has chosen it.
    is_wanted: bool,
    answered: Instant,
    due: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Untried,
    Asking,
    Valid,
    Failed,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    transaction: Transaction,
    choice: Choice,
    times: u8,
    pause: Duration,
}

impl Gate {
    /// The next turn.
    fn turn(&mut self, now: Instant) -> Instant {
        let turn = self.free.map_or(now, |free| free.max(now));
        self.free = Some(turn + ALL_APART);
        turn
    }
}

impl Checklist {
    pub fn new(now: Instant, terms: &Search) -> Checklist {
        let terms = Search { candidates: Vec::new(), ..terms.clone() };
        let (trials, ahead) = (Vec::new(), VecDeque::new());
        let halves = [Progress::default(); 2];
        Checklist { terms, trials, ahead, free: now, turn: None, halves, asked: 0, named: 0 }
    }

    /// Whether these are the terms of a restart (RFC 8445, 9).
    pub fn is_by(&self, terms: &Search) -> bool {
        let Search { username, password, .. } = &self.terms;
        *username == terms.username && *password == terms.password
    }

    /// The peer has named these places; those that it has named before are tried already.
    pub fn add(&mut self, now: Instant, candidates: &[Candidate]) {
        for Candidate { half, place, priority, foundation } in candidates.iter().take(NAMED_MAX).copied() {
            if !self.halves[half as usize].is_concluded && self.trial_of(half, place).is_none() {
                self.try_there(now, (half, place), priority, Some(foundation));
            }
        }
    }

    /// Media of a half goes there from now on: the peer is asked whether it still may.
    pub fn keep(&mut self, now: Instant, half: Half, place: SocketAddr) {
        self.halves[half as usize].kept = Some(place);
        if let Some(at) = self.trial_of(half, place) {
            self.trials[at].due = Some(now + self.renewed_after());
        }
    }

    /// When there is something to be sent again.
    pub fn due(&self) -> Option<Instant> {
        let again = self.trials.iter().filter_map(|trial| trial.due);
        let begins = (self.asked < ASKED_MAX && (!self.ahead.is_empty() || self.untried().is_some()))
            .then(|| self.turn.unwrap_or(self.free));
        let chosen = self.halves.iter().filter(|_| self.terms.chooser == Chooser::We);
        let chosen = chosen.filter(|half| half.chosen.is_none() && !half.is_concluded);
        let chosen = chosen.filter_map(|half| half.found.map(|found| found + PATIENCE));
        again.chain(begins).chain(chosen).min()
    }

    /// The next check that is to be sent by now, written into `out`.
    pub fn next(&mut self, now: Instant, gate: &mut Gate, out: &mut [u8]) -> Option<Sent> {
        self.choose(now);
        let at = self.again(now).or_else(|| self.first(now, gate))?;
        let Trial { half, place, asked, .. } = &self.trials[at];
        let Asked { transaction, choice, .. } = (*asked)?;
        let check = Check {
            username: &self.terms.username,
            priority: LEARNT | (256 - component(*half)),
            tie_breaker: self.terms.tie_breaker,
            choice,
        };
        let length = check.write(transaction, &self.terms.password, out)?;
        Some((*half, *place, length))
    }

    /// Whose part is wrong by a check of the peer's, if both have the same. Who has the greater lot chooses
    /// (RFC 8445, 7.3.1.1).
    pub fn contest(&self, message: &Message<'_>) -> Contest {
        let said = if message.is_of_controlled() { Chooser::We } else { Chooser::They };
        let meant = match message.tie_breaker() {
            None => return Contest::None,
            Some(lot) if self.terms.tie_breaker >= lot => Chooser::We,
            Some(_) => Chooser::They,
        };
        match self.terms.chooser {
            chooser if chooser == said => Contest::None,
            chooser if chooser == meant => Contest::TheyChange,
            _ => Contest::WeChange,
        }
    }

    /// Takes the other part.
    pub fn change_part(&mut self) {
        self.terms.chooser = match self.terms.chooser {
            Chooser::We => Chooser::They,
            Chooser::They => Chooser::We,
        };
        self.halves.iter_mut().for_each(|half| half.chosen = None);
    }

    /// The peer has asked us from there: so it is asked there, before all others (RFC 8445, 7.3.1.4). What
    /// speaks for the place, if it has answered before.
    pub fn is_asked(
        &mut self,
        now: Instant,
        (half, from): (Half, SocketAddr),
        priority: u32,
        standing: Standing,
    ) -> Option<Standing> {
        let known = self.trial_of(half, from);
        let at = known.or_else(|| self.try_there(now, (half, from), priority, None))?;
        let is_wanted = standing != Standing::Tried && self.terms.chooser == Chooser::They;
        let trial = &mut self.trials[at];
        trial.is_wanted |= is_wanted;
        if trial.state == State::Valid && now.saturating_duration_since(trial.answered) < CONSENT {
            let chosen = Standing::Nominated { priority: trial.priority };
            return Some(if is_wanted { chosen } else { Standing::Tried });
        }
        trial.due = None;
        if !self.ahead.contains(&at) {
            self.ahead.push_back(at);
        }
        None
    }

    /// Takes what is said to be an answer to a check of ours: what it shows of the place that it came from.
    pub fn hears(
        &mut self,
        now: Instant,
        (half, from): (Half, SocketAddr),
        message: &Message<'_>,
    ) -> Result<Option<Standing>, Reason> {
        let is_of = |trial: &Trial| {
            let names = [trial.asked.map(|asked| asked.transaction), trial.overtaken];
            trial.half == half && names.contains(&Some(message.transaction))
        };
        let at = self.trials.iter().position(is_of).ok_or(Reason::Unproven)?;
        if !message.is_proven(&self.terms.password) {
            return Err(Reason::Unproven);
        }
        let latest = self.trials[at].asked.filter(|asked| asked.transaction == message.transaction);
        let choice = latest.map_or(Choice::Open, |asked| asked.choice);
        if message.class == Class::Refusal && message.code() == Some(ROLE_CONFLICT) {
            if latest.is_some() {
                self.is_told_to_change(at, choice);
            }
            return Ok(None);
        }
        // An answer from elsewhere has not come the way that the check went (RFC 8445, 7.2.5.2.1).
        if message.class != Class::Answer || from != self.trials[at].place {
            if self.trials[at].state == State::Asking {
                self.fails(at);
            }
            return Ok(None);
        }
        Ok(Some(self.is_answered(now, at, choice)))
    }

    fn is_answered(&mut self, now: Instant, at: usize, choice: Choice) -> Standing {
        let renewed = now + self.renewed_after();
        let is_controlled = self.terms.chooser == Chooser::They;
        let trial = &mut self.trials[at];
        (trial.state, trial.answered) = (State::Valid, now);
        let progress = &mut self.halves[trial.half as usize];
        progress.found.get_or_insert(now);
        trial.due = (progress.kept == Some(trial.place)).then_some(renewed);
        let is_chosen = choice == Choice::Nominated && !is_controlled;
        let (half, priority) = (trial.half, trial.priority);
        if is_chosen || trial.is_wanted && is_controlled {
            self.concludes(half, at);
            return Standing::Nominated { priority };
        }
        Standing::Tried
    }

    /// There is one place: no other one is asked any more of our own accord (RFC 8445, 8.1.2).
    fn concludes(&mut self, half: Half, at: usize) {
        self.halves[half as usize].is_concluded = true;
        for (other, trial) in self.trials.iter_mut().enumerate() {
            if trial.half == half && other != at && trial.is_open() {
                (trial.state, trial.due) = (State::Failed, None);
            }
        }
        let trials = &self.trials;
        self.ahead.retain(|at| trials[*at].half != half);
    }

    /// Of the places that have answered the best is chosen, once no better one can be hoped for.
    fn choose(&mut self, now: Instant) {
        if self.terms.chooser == Chooser::They {
            return;
        }
        for half in HALVES {
            let Progress { found: Some(found), chosen: None, is_concluded: false, .. } =
                self.halves[half as usize]
            else {
                continue;
            };
            let of_half = || self.trials.iter().enumerate().filter(|(_, trial)| trial.half == half);
            let valid = of_half().filter(|(_, trial)| trial.state == State::Valid);
            let Some((at, best)) = valid.max_by_key(|(_, trial)| trial.priority) else {
                self.halves[half as usize].found = None;
                continue;
            };
            let may_come = of_half().any(|(_, trial)| trial.is_open() && trial.priority > best.priority);
            if !may_come || now >= found + PATIENCE {
                self.halves[half as usize].chosen = Some(at);
                self.ahead.push_back(at);
            }
        }
    }

    /// Which check is to be sent once more by now. Who has not answered for too long has failed.
    fn again(&mut self, now: Instant) -> Option<usize> {
        for at in 0..self.trials.len() {
            let trial = &mut self.trials[at];
            if trial.due.is_none_or(|due| due > now) {
                continue;
            }
            trial.due = None;
            match (trial.state, &mut trial.asked) {
                (State::Asking, Some(asked)) if asked.times < TIMES_MAX && self.asked < ASKED_MAX => {
                    asked.times += 1;
                    self.asked += 1;
                    let pause = if asked.times == TIMES_MAX { AGAIN * LAST } else { asked.pause };
                    asked.pause *= 2;
                    trial.due = Some(now + pause);
                    return Some(at);
                }
                (State::Valid, _) if now.saturating_duration_since(trial.answered) < CONSENT => {
                    self.renew(now, at);
                    return Some(at);
                }
                (State::Asking | State::Valid, _) => self.fails(at),
                (State::Untried | State::Failed, _) => {}
            }
        }
        None
    }

    /// Asks for consent: once, by a name of its own (RFC 7675, 5.1).
    fn renew(&mut self, now: Instant, at: usize) {
        let (transaction, due) = (self.name(), now + self.renewed_after());
        let choice = if self.terms.chooser == Chooser::We { Choice::Open } else { Choice::Theirs };
        let trial = &mut self.trials[at];
        trial.overtaken = trial.asked.map(|asked| asked.transaction);
        trial.asked = Some(Asked { transaction, choice, times: TIMES_MAX, pause: AGAIN });
        trial.due = Some(due);
    }

    /// Begins the next check, if one may begin by now.
    fn first(&mut self, now: Instant, gate: &mut Gate) -> Option<usize> {
        let next = self.ahead.front().copied().or_else(|| self.untried());
        let at = next.filter(|_| now >= self.free && self.asked < ASKED_MAX)?;
        if *self.turn.get_or_insert_with(|| gate.turn(now)) > now {
            return None;
        }
        (self.turn, self.free) = (None, now + APART);
        self.ahead.pop_front();
        self.asked += 1;
        let open = self.trials.iter().filter(|trial| trial.is_open()).count() as u32;
        let (pause, transaction) = (AGAIN.max(APART * open), self.name());
        let is_chosen = self.halves[self.trials[at].half as usize].chosen == Some(at);
        let choice = match self.terms.chooser {
            Chooser::They => Choice::Theirs,
            Chooser::We if is_chosen => Choice::Nominated,
            Chooser::We => Choice::Open,
        };
        let trial = &mut self.trials[at];
        trial.overtaken = trial.asked.map(|asked| asked.transaction);
        trial.asked = Some(Asked { transaction, choice, times: 1, pause: pause * 2 });
        (trial.state, trial.due) = (State::Asking, Some(now + pause));
        Some(at)
    }

    /// The best place that has not been tried. Of a foundation one is tried after the other until one has
    /// answered (RFC 8445, 6.1.2.6 and 6.1.4.2).
    fn untried(&self) -> Option<usize> {
        let rank = |trial: &Trial| (trial.half as usize, Reverse(trial.priority));
        let is_free = |trial: &Trial| {
            let same = |other: &&Trial| trial.foundation.is_some() && other.foundation == trial.foundation;
            let mut others = self.trials.iter().filter(same);
            others.clone().any(|other| other.state == State::Valid)
                || others.all(|other| match other.state {
                    State::Asking => false,
                    State::Untried => rank(trial) <= rank(other),
                    State::Valid | State::Failed => true,
                })
        };
        let all = self.trials.iter().enumerate();
        let untried = all.filter(|(_, trial)| trial.state == State::Untried && is_free(trial));
        untried.max_by_key(|(_, trial)| (trial.priority, Reverse(trial.half as usize))).map(|(at, _)| at)
    }

    fn trial_of(&self, half: Half, place: SocketAddr) -> Option<usize> {
        self.trials.iter().position(|trial| trial.half == half && trial.place == place)
    }

    /// One more place; none, where there are too many already that may still come to something.
    fn try_there(
        &mut self,
        now: Instant,
        (half, place): (Half, SocketAddr),
        priority: u32,
        foundation: Option<u8>,
    ) -> Option<usize> {
        let trial = Trial {
            half,
            place,
            priority,
            foundation,
            state: if foundation.is_some() { State::Untried } else { State::Failed },
            asked: None,
            overtaken: None,
            is_wanted: false,
            answered: now,
            due: None,
        };
        if self.trials.len() < TRIALS_MAX {
            self.trials.push(trial);
            return Some(self.trials.len() - 1);
        }
        let ahead = &self.ahead;
        let mut all = self.trials.iter().enumerate();
        let (at, _) = all.find(|(at, one)| one.state == State::Failed && !ahead.contains(at))?;
        self.trials[at] = trial;
        Some(at)
    }

    fn fails(&mut self, at: usize) {
        let trial = &mut self.trials[at];
        (trial.state, trial.due) = (State::Failed, None);
        let progress = &mut self.halves[trial.half as usize];
        progress.chosen = progress.chosen.filter(|chosen| *chosen != at);
    }

    /// The peer says that the part in which we asked is its own (RFC 8445, 7.2.5.1).
    fn is_told_to_change(&mut self, at: usize, choice: Choice) {
        let was = if choice == Choice::Theirs { Chooser::They } else { Chooser::We };
        if was == self.terms.chooser {
            self.change_part();
            let Transaction(lot) = self.name();
            self.terms.tie_breaker = lot[..8].iter().fold(0, |lot, byte| lot << 8 | u64::from(*byte));
        }
        self.trials[at].due = None;
        if !self.ahead.contains(&at) {
            self.ahead.push_back(at);
        }
    }

    fn name(&mut self) -> Transaction {
        self.named += 1;
        Transaction::drawn(&self.terms.secret, self.terms.password.as_bytes(), self.named)
    }

    /// When consent is to be asked for again: at no time that others have too (RFC 7675, 5.1).
    fn renewed_after(&mut self) -> Duration {
        let Transaction(name) = self.name();
        Duration::from_millis(RENEWED_MS + RENEWED_SPREAD_MS * u64::from(name[0]) / 255)
    }
}

impl Trial {
    /// Whether it may still come to something by itself.
    fn is_open(&self) -> bool {
        matches!(self.state, State::Untried | State::Asking)
    }
}

/// RFC 8445, 13.
fn component(half: Half) -> u32 {
    match half {
        Half::Rtp => 1,
        Half::Rtcp => 2,
    }
}
