//! Who rings when somebody is called, and who after that: phones, what rings along, and forwards.

use model::{AnonymousCalls, Document, RingOrder, Spot, Target, User};
use policy::{Begins, Callee, Code, Exit, Facts, Idle, Next, Unreached};

use crate::reference::called::{Called, inside, outside};
use crate::reference::caller::{Caller, Party};
use crate::reference::help;
use crate::reference::house::House;
use crate::reference::place::Speaker;
use crate::reference::rights::may_call;
use crate::reference::routes::{Goal, goal};
use crate::reference::who::{Standing, Who};
use crate::reference::{Leaving, Try};

/// So often a call is sent on.
const SENT_ON: usize = 5;
/// With so many attempts, it is sent on no more.
const MANY: usize = 48;
/// So many ring at the same time.
const AT_ONCE: usize = 8;

/// Who calls, and what is planned so far.
pub(crate) struct Reach<'h, 'd> {
    pub house: &'h House<'d>,
    pub caller: &'h Caller<'d>,
    pub speaker: &'h Speaker<'d>,
    pub facts: &'h Facts,
    pub tries: Vec<Try>,
}

/// Whom the next one sees calling, and who has sent the call on.
#[derive(Clone)]
pub(crate) struct Sent<'d> {
    pub who: Who,
    pub by: Vec<&'d Document<User>>,
}

/// How long each of so many may ring.
fn seconds(user: &User, members: usize) -> u64 {
    match &user.forward.after {
        Some(after) => after.0.as_secs(),
        None if user.forward.no_answer.is_some() => 20,
        None if members > 1 => 30,
        None => 120,
    }
}

enum Towards<'d> {
    User(Called<'d>, &'d Document<User>),
    Out(Called<'d>, Vec<&'d Document<model::Route>>),
}

impl<'d> Reach<'_, 'd> {
    /// The place of the first attempt.
    pub fn user(
        &mut self,
        called: &Called<'d>,
        user: &'d Document<User>,
        sent: &Sent<'d>,
    ) -> Result<usize, Code> {
        let is_theirs = called.owner.is_some_and(|owner| owner.name == user.name);
        let is_answer =
            is_theirs && sent.by.is_empty() && help::is_answered(self.house, self.caller, user, self.facts);
        if user.anonymous_calls == AnonymousCalls::Refused && sent.who.privacy.is_hidden && !is_answer {
            return Err(Code::ANONYMOUS);
        }
        let is_private = called.is_private && is_theirs && !is_answer;
        let forward = &user.forward;
        if user.do_not_disturb && !is_private && !is_answer {
            return forward.busy.as_ref().map_or(Err(Code::DO_NOT_DISTURB), |to| self.send(user, to, sent));
        }
        if let Some(to) = forward.always.as_ref().filter(|_| !is_private && !is_answer) {
            return self.send(user, to, sent);
        }
        if !is_private && !is_answer && self.is_full(user) {
            return forward.busy.as_ref().map_or(Err(Code::BUSY), |to| self.send(user, to, sent));
        }
        let (rung, devices) = self.speaker.rings(self.house, user, self.facts)?;
        let is_plain = is_private || rung.name != user.name;
        let mut members: Vec<Vec<Vec<Try>>> = Vec::new();
        let ring =
            |contact: &String| self.house.rings(self.caller, &sent.who, called, (rung, contact), self.facts);
        members.extend(devices.iter().map(|contact| vec![vec![ring(contact)]]));
        let also = in_order(user, self.facts).into_iter().filter(|_| !is_plain);
        members.extend(also.filter_map(|to| self.along(user, to, sent).ok()));
        if members.is_empty() {
            let to = forward.unreachable.as_ref().filter(|_| !is_plain && !is_answer);
            return to.map_or(Err(Code::NO_DEVICE), |to| self.send(user, to, sent));
        }
        let first = self.tries.len();
        let seconds = |count| if is_answer { 120 } else { seconds(user, count) };
        let stages = match user.ring {
            RingOrder::Together => self.together(seconds(1), members.into_iter().flatten().collect()),
            RingOrder::InTurn | RingOrder::RoundRobin | RingOrder::LongestIdle => {
                let seconds = seconds(members.len());
                members.into_iter().flat_map(|member| self.together(seconds, member)).collect()
            }
        };
        let all = [
            (Unreached::Busy, &forward.busy),
            (Unreached::NoAnswer, &forward.no_answer),
            (Unreached::Unreachable, &forward.unreachable),
        ];
        let is_sent_on = !is_plain && !is_answer && all.iter().any(|(_, to)| to.is_some());
        if !is_sent_on && sent.by.is_empty() && stages.len() == 1 {
            return Ok(first);
        }
        let exits = if is_sent_on { self.exits(user, &all, sent) } else { Vec::new() };
        for (at, stage) in stages.iter().enumerate() {
            let mut own = exits.clone();
            if let Some(next) = stages.get(at + 1) {
                // Of a team, the next one is asked, whatever became of the one before.
                own.retain(|exit| exit.on == Unreached::Busy && !devices.is_empty());
                own.extend(devices.is_empty().then_some(Exit { on: Unreached::Busy, to: *next }));
                own.push(Exit { on: Unreached::NoAnswer, to: *next });
                own.push(Exit { on: Unreached::Unreachable, to: *next });
            }
            self.tries[*stage].next = if own.is_empty() { Next::Nowhere } else { Next::By(own.into()) };
        }
        Ok(first)
    }

    /// Where calls are sent on that nobody takes.
    fn exits(
        &mut self,
        user: &'d Document<User>,
        all: &[(Unreached, &'d Option<Spot<Target>>)],
        sent: &Sent<'d>,
    ) -> Vec<Exit> {
        let mut exits = Vec::new();
        for (on, to) in all.iter().filter_map(|(on, to)| Some((*on, to.as_ref()?))) {
            let before = self.tries.len();
            match self.send(user, to, sent) {
                Ok(to) => exits.push(Exit { on, to }),
                Err(_) => self.tries.truncate(before),
            }
        }
        exits
    }

    /// Adds what begins together; those who take another's place come behind.
    fn together(&mut self, seconds: u64, chains: Vec<Vec<Try>>) -> Vec<usize> {
        let mut stages = Vec::new();
        let mut left = chains;
        while !left.is_empty() {
            let rest = left.split_off(left.len().min(AT_ONCE));
            let start = self.tries.len();
            stages.push(start);
            let heads = left.iter_mut().map(|chain| chain.remove(0));
            let heads: Vec<Try> = heads.collect();
            for (at, head) in heads.into_iter().enumerate() {
                let begins = if at == 0 { Begins::After } else { Begins::Along };
                self.tries.push(Try { begins, ..head });
            }
            for (at, tail) in left.into_iter().enumerate() {
                let mut before = start + at;
                for instead in tail {
                    self.tries[before].instead = Some(self.tries.len());
                    before = self.tries.len();
                    self.tries.push(Try { begins: Begins::Instead, ..instead });
                }
            }
            for one in &mut self.tries[start..] {
                if matches!(one.callee, Callee::User(_)) {
                    one.rings_s = Some(seconds);
                }
            }
            left = rest;
        }
        stages
    }

    /// What rings along with somebody's phones.
    fn along(&self, by: &'d Document<User>, to: &Target, sent: &Sent<'d>) -> Result<Vec<Vec<Try>>, Code> {
        match self.towards(by, to)? {
            Towards::User(_, user) if user.do_not_disturb => Err(Code::DO_NOT_DISTURB),
            Towards::User(_, user) if self.is_full(user) => Err(Code::BUSY),
            Towards::User(called, user) => {
                let (rung, devices) = self.speaker.rings(self.house, user, self.facts)?;
                if devices.is_empty() {
                    return Err(Code::NO_DEVICE);
                }
                let who = Who { is_sent_on: true, ..sent.who.clone() };
                let ring = |contact: &String| {
                    vec![self.house.rings(self.caller, &who, &called, (rung, contact), self.facts)]
                };
                Ok(devices.iter().map(ring).collect())
            }
            Towards::Out(called, routes) => {
                let mut chain = self.out(by, &called, &routes, sent)?;
                let escape_ms = by.voicemail_escape.as_ref().map(|escape| escape.0.as_millis());
                chain.iter_mut().for_each(|tried| tried.escape_ms = escape_ms);
                Ok(vec![chain])
            }
        }
    }

    /// Whether somebody has as many calls as they may have.
    fn is_full(&self, user: &Document<User>) -> bool {
        let has = self.facts.calls.iter().find(|(name, _)| *name == user.name).map_or(0, |(_, count)| *count);
        user.max_calls.as_ref().is_some_and(|most| has >= most.value)
    }

    /// Sends a call on.
    fn send(&mut self, by: &'d Document<User>, to: &Target, sent: &Sent<'d>) -> Result<usize, Code> {
        let has = |user: &Document<User>| sent.by.iter().any(|one| one.name == user.name);
        if has(by) || sent.by.len() >= SENT_ON || self.tries.len() >= MANY {
            return Err(Code::GOES_ROUND);
        }
        match self.towards(by, to)? {
            Towards::User(_, user) if has(user) || user.name == by.name => Err(Code::GOES_ROUND),
            Towards::User(called, user) => {
                let by = sent.by.iter().copied().chain([by]).collect();
                let who = Who { is_sent_on: true, ..sent.who.clone() };
                self.user(&called, user, &Sent { who, by })
            }
            Towards::Out(called, routes) => {
                let first = self.tries.len();
                let mut tries = self.out(by, &called, &routes, sent)?;
                if let Some(last) = tries.last_mut() {
                    last.next = Next::Nowhere;
                }
                self.tries.extend(tries);
                Ok(first)
            }
        }
    }

    /// Where whoever sends a call there would call, with their rights and by their routes.
    fn towards(&self, by: &'d Document<User>, to: &Target) -> Result<Towards<'d>, Code> {
        let documents = self.house.documents;
        let called = match (&to.user, &to.number) {
            (Some(name), _) => documents.user.get(name.as_str()).map(inside).ok_or(Code::TAKES_NONE)?,
            (None, Some(number)) => {
                Called { is_private: false, ..outside(self.house, number.as_str().to_owned()) }
            }
            (None, None) => return Err(Code::TAKES_NONE),
        };
        let sender = self.sender(by);
        may_call(self.house, &sender, &called)?;
        let bound = self.speaker.bound(self.house);
        Ok(match goal(self.house, &sender, bound, &called, self.facts.at)? {
            Goal::User(_, user) => Towards::User(called, user),
            Goal::Out(routes) => Towards::Out(called, routes),
        })
    }

    /// The ways out, of a call of whoever sends it on; seen is who called.
    fn out(
        &self,
        by: &'d Document<User>,
        called: &Called<'d>,
        routes: &[&'d Document<model::Route>],
        sent: &Sent<'d>,
    ) -> Result<Vec<Try>, Code> {
        let asserted = by.number.as_ref().map(|number| number.as_str().to_owned());
        let who = Who { asserted, standing: Standing::Diverted, ..sent.who.clone() };
        let leaving = Leaving { caller: self.caller, sender: &self.sender(by), speaker: self.speaker };
        self.house.leaves(&leaving, &who, called, routes, self.facts)
    }

    fn sender(&self, by: &'d Document<User>) -> Caller<'d> {
        let site = by.site.as_ref().and_then(|name| self.house.documents.site.get(name.as_str()));
        Caller { party: Party::User(by), site, name: by.name.to_string() }
    }
}

/// Those who ring along, as they have their turn.
fn in_order<'d>(user: &'d Document<User>, facts: &Facts) -> Vec<&'d Target> {
    let name = |to: &Target| match (&to.user, &to.number) {
        (Some(user), _) => user.value.clone(),
        (None, Some(number)) => number.value.to_string(),
        (None, None) => String::new(),
    };
    let written: Vec<&Target> = user.also.iter().map(|to| &to.value).collect();
    match user.ring {
        RingOrder::Together | RingOrder::InTurn => written,
        RingOrder::RoundRobin => {
            let last = facts.turns.last_of(&user.name);
            let begin = last.and_then(|last| written.iter().position(|to| name(to) == **last));
            let begin = begin.map_or(0, |last| last + 1);
            written[begin..].iter().chain(&written[..begin]).copied().collect()
        }
        RingOrder::LongestIdle => {
            let idle = |to: &&Target| facts.turns.idle(&name(to));
            let talks = |to: &&Target| idle(to) == Some(Idle::Not);
            let since = |to: &&Target| match idle(to) {
                Some(Idle::Since(at)) => at.0,
                Some(Idle::Not) | None => i64::MIN,
            };
            let (talking, mut free): (Vec<&Target>, Vec<&Target>) = written.into_iter().partition(talks);
            free.sort_by_key(since);
            free.into_iter().chain(talking).collect()
        }
    }
}
