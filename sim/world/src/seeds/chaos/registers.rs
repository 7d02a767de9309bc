//! The law of registrations: no try before its time, none forgotten, and whoever bids us wait is left alone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use sip_message::{Header, Message, Method, Uri};

use crate::sight::{Overheard, Way};

/// What the documents say: after the first failure, at most, and once the account is refused for good.
const FIRST: Duration = Duration::from_secs(20);
const MOST: Duration = Duration::from_secs(180);
const STOPPED: Duration = Duration::from_secs(360);
/// How long a registrar may say nothing.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Refusals in a row that count as meant.
const REFUSALS: u32 = 3;
/// The longest that anybody is left alone.
const ASKED_MOST: Duration = Duration::from_secs(3600);
/// The next address of a round follows at once, or when DNS has said nothing in time.
const NEXT: Duration = Duration::from_secs(7);
/// What DNS may take before a round, at its worst, and the share by which waits after Retry-After are spread.
const SLACK: Duration = Duration::from_secs(25);
const HAIR: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct Registers {
    accounts: BTreeMap<String, Account>,
    faults: Vec<String>,
}

#[derive(Default)]
struct Account {
    last: Option<Try>,
    /// Who has failed in this round.
    round: Vec<(SocketAddr, Failure)>,
    failures: u32,
    refusals: u32,
    left_alone: BTreeMap<SocketAddr, Duration>,
    bound_until: Duration,
    was_missed: bool,
    /// Since when one of its registrars can be found.
    findable_since: Option<Duration>,
    /// Whether one of them couldn't since the account was registered: rounds may have failed that nobody saw.
    was_blind: bool,
}

/// How many of an account's registrars can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Findable {
    None,
    Some,
    All,
}

#[derive(Clone, Debug)]
struct Try {
    at: Duration,
    far: SocketAddr,
    cseq: u32,
    outcome: Option<(Duration, Outcome)>,
}

/// What came of a REGISTER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Bound(Duration),
    /// To be asked again at once.
    Again,
    Failed(Failure),
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It bade us wait.
    Bidden,
    Other,
}

/// When the next REGISTER is due.
#[derive(Clone, Copy, Debug)]
struct Due {
    least: Duration,
    most: Duration,
}

impl Registers {
    pub fn hear(&mut self, one: &Overheard) {
        let Ok(message) = Message::parse(&one.bytes) else { return };
        if message.cseq().method != Method::Register {
            return;
        }
        let name = Uri::parse(message.to().uri).ok().and_then(|uri| uri.user()).unwrap_or_default();
        let account = self.accounts.entry(name.to_owned()).or_default();
        let said = match one.way {
            Way::FromHouse => account.asked(one, &message),
            Way::ToHouse => {
                account.answered(one, &message);
                None
            }
        };
        self.faults.extend(said.map(|words| format!("{:?}: {name} {words}", one.at)));
    }

    /// Looks whether an account is forgotten.
    pub fn look(&mut self, now: Duration, name: &str, findable: Findable) {
        let Some(account) = self.accounts.get_mut(name) else { return };
        account.was_blind |= findable != Findable::All;
        match findable {
            Findable::None => account.findable_since = None,
            Findable::Some | Findable::All => drop(account.findable_since.get_or_insert(now)),
        }
        account.settle(now);
        let due = account.due();
        if due.is_some_and(|due| due.most + HAIR < now) && !account.was_missed {
            account.was_missed = true;
            self.faults.push(format!("{now:?}: {name} is forgotten: {:?}", account.last));
        }
    }

    /// Whether the account's trunk is out of routing, as the documents say: after so many refusals.
    pub fn is_stopped(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|account| account.refusals >= REFUSALS)
    }

    /// Until when the provider remembers the account.
    pub fn bound_until(&self, account: &str) -> Duration {
        self.accounts.get(account).map_or(Duration::ZERO, |account| account.bound_until)
    }

    pub fn take_faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }
}

impl Account {
    fn asked(&mut self, one: &Overheard, message: &Message<'_>) -> Option<String> {
        let (at, far, cseq) = (one.at, one.far, message.cseq().number);
        if self.last.as_ref().is_some_and(|last| last.cseq == cseq) {
            return None;
        }
        self.settle(at);
        let bidden = self.left_alone.get(&far).filter(|until| at + HAIR < **until).copied();
        let fault = self.early(at, far).or_else(|| {
            bidden.map(|until| format!("was registered at {far}, who had bidden us wait until {until:?}"))
        });
        self.was_missed = false;
        self.last = Some(Try { at, far, cseq, outcome: None });
        fault
    }

    /// What is wrong with a try at this moment, after what came before.
    fn early(&mut self, at: Duration, far: SocketAddr) -> Option<String> {
        let last = self.last.clone()?;
        let Some((ended, outcome)) = last.outcome else {
            return Some(format!("asked {far} while {} had not had its time", last.far));
        };
        match outcome {
            Outcome::Again => (last.far != far || at > ended + HAIR)
                .then(|| format!("asked {far} at {at:?}, and {} wanted to be asked at once", last.far)),
            Outcome::Failed(_) if at < ended + NEXT => {
                let is_second = self.round.iter().any(|(asked, _)| *asked == far);
                is_second.then(|| format!("asked {far} twice in one round"))
            }
            Outcome::Failed(_) | Outcome::Refused | Outcome::Bound(_) => {
                let due = self.due()?;
                self.end_round(outcome);
                let gap = |until: Duration| until.saturating_sub(ended);
                (at + HAIR < due.least || at > due.most + HAIR).then(|| {
                    format!(
                        "asked {far} {:?} after {outcome:?}, and {:?} to {:?} are due",
                        at - ended,
                        gap(due.least),
                        gap(due.most)
                    )
                })
            }
        }
    }

    fn end_round(&mut self, outcome: Outcome) {
        self.round.clear();
        match outcome {
            Outcome::Bound(_) => self.failures = 0,
            Outcome::Failed(_) | Outcome::Refused => self.failures += 1,
            Outcome::Again => {}
        }
    }

    /// When a new round is due after the last try; nothing while an answer may come.
    fn due(&self) -> Option<Due> {
        let (ended, outcome) = self.last.as_ref()?.outcome?;
        let part = |whole: Duration, per_mille: u32| whole * per_mille / 1000;
        // Beside one whom DNS doesn't name, the schedule holds for the account: a round may fall while the
        // other still bids us wait, and the next one its whole wait later.
        let rested = self.left_alone.values().copied().max().unwrap_or_default();
        let longest = if self.refusals >= REFUSALS { STOPPED } else { MOST };
        let whole = (FIRST * (1 << self.failures.min(8))).min(MOST);
        let (least, most) = match outcome {
            Outcome::Bound(granted) => (part(granted, 750), part(granted, 900)),
            Outcome::Again => (Duration::ZERO, Duration::ZERO),
            _ if self.refusals >= REFUSALS => (part(STOPPED, 900), STOPPED),
            Outcome::Failed(_) if self.round.iter().all(|(_, failure)| *failure == Failure::Bidden) => {
                let mut rests = self.left_alone.values().filter(|until| **until > ended);
                let first = rests.by_ref().min().map_or(Duration::ZERO, |until| *until - ended);
                (first, first)
            }
            Outcome::Failed(_) | Outcome::Refused => (part(whole, 750), whole),
        };
        let due = Due { least: ended + least, most: ended + most + SLACK };
        match (self.was_blind, self.findable_since) {
            (false, _) => Some(due),
            (true, None) => {
                Some(Due { least: due.least.min(ended + part(whole, 750)), most: Duration::MAX / 2 })
            }
            (true, Some(since)) => Some(Due {
                least: due.least.min(ended + part(whole, 750)),
                most: due.most.max(since.max(ended).max(rested) + longest + SLACK),
            }),
        }
    }

    /// Whoever has said nothing in time has failed.
    fn settle(&mut self, now: Duration) {
        if let Some(Try { at, far, outcome: outcome @ None, .. }) = &mut self.last
            && *at + ANSWER_WAIT <= now + HAIR
        {
            *outcome = Some((*at + ANSWER_WAIT, Outcome::Failed(Failure::Other)));
            self.round.push((*far, Failure::Other));
        }
    }

    fn answered(&mut self, one: &Overheard, message: &Message<'_>) {
        let (at, cseq) = (one.at, message.cseq().number);
        let Some(last) = self.last.as_mut().filter(|last| last.cseq == cseq && last.outcome.is_none()) else {
            return;
        };
        let retry_after = message.retry_after().ok().flatten();
        let outcome = match message.status().unwrap_or_default() {
            ..200 => return,
            200..300 => Outcome::Bound(granted(message)),
            401 | 407 | 423 => Outcome::Again,
            408 | 429 | 430 | 480 | 500..600 if retry_after.is_some() => Outcome::Failed(Failure::Bidden),
            408 | 429 | 430 | 480 | 500..600 => Outcome::Failed(Failure::Other),
            _ => Outcome::Refused,
        };
        last.outcome = Some((at, outcome));
        match outcome {
            Outcome::Bound(granted) => {
                (self.failures, self.refusals, self.bound_until) = (0, 0, at + granted);
                self.was_blind = false;
                self.round.clear();
            }
            Outcome::Failed(failure) => {
                self.round.push((one.far, failure));
                if let Some(seconds) = retry_after {
                    let asked = Duration::from_secs(seconds.into()).min(ASKED_MOST);
                    self.left_alone.insert(one.far, at + asked);
                }
            }
            Outcome::Refused => (self.refusals, self.bound_until) = (self.refusals + 1, Duration::ZERO),
            Outcome::Again => {}
        }
    }
}

fn granted(message: &Message<'_>) -> Duration {
    let contact = message.contact().and_then(Result::ok);
    let said = contact.and_then(|contact| contact.param("expires").flatten()?.parse().ok());
    let seconds: u32 = said.or(message.number(Header::Expires).ok().flatten()).unwrap_or_default();
    Duration::from_secs(seconds.into())
}
