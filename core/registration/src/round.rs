//! One walk through the registrars of an account and their addresses, until one of them answers for good.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use sip_stack::locate::Target;

use crate::watch::Place;

/// How far the walk has come.
pub(crate) struct Round {
    places: VecDeque<Place>,
    targets: VecDeque<Target>,
    /// Where it is now.
    pub place: Option<Place>,
    /// Addresses met on the way.
    pub addresses: Vec<IpAddr>,
    pub trouble: Trouble,
    /// When the first comes back of those who asked to be left alone.
    rests: Option<Instant>,
    /// Whether somebody failed who had asked for nothing.
    others: Others,
    /// Answers that made us ask again at once.
    answers: u32,
    redirection: Redirection,
}

/// What the last failure was.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Nobody answered.
    Network(Arc<str>),
    /// Somebody answered that it cannot be now.
    Busy(Arc<str>),
}

/// Addresses of a round that have failed without a word of when to come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    Some,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirection {
    Open,
    Used,
}

/// More answers than this that lead to another REGISTER at once make a quarrel, not a registration.
const ANSWERS_MAX: u32 = 6;

impl Round {
    /// Begins with the place that was good the last time.
    pub fn begin(places: &[Place], last: Option<&str>) -> Round {
        let mut places: VecDeque<Place> = places.iter().cloned().collect();
        if let Some(at) = places.iter().position(|place| Some(&*place.target) == last)
            && let Some(place) = places.remove(at)
        {
            places.push_front(place);
        }
        Round {
            places,
            targets: VecDeque::new(),
            place: None,
            addresses: Vec::new(),
            trouble: Trouble::Network("nobody was asked".into()),
            rests: None,
            others: Others::None,
            answers: 0,
            redirection: Redirection::Open,
        }
    }

    pub fn next_place(&mut self) -> Option<Place> {
        self.targets.clear();
        self.place = self.places.pop_front();
        self.place.clone()
    }

    /// The addresses of the place; the one that was good the last time comes first.
    pub fn found(&mut self, targets: Vec<Target>, last: Option<SocketAddr>) {
        self.addresses.extend(targets.iter().map(|target| target.address.ip()));
        self.targets = targets.into();
        if let Some(at) = self.targets.iter().position(|target| Some(target.address) == last)
            && let Some(target) = self.targets.remove(at)
        {
            self.targets.push_front(target);
        }
    }

    pub fn next_target(&mut self) -> Option<Target> {
        self.targets.pop_front()
    }

    /// Somebody has failed, and the schedule says when to ask again.
    pub fn failed(&mut self, trouble: Trouble) {
        self.trouble = trouble;
        self.others = Others::Some;
    }

    /// Somebody is left alone until then.
    pub fn is_bidden(&mut self, until: Instant, why: Arc<str>) {
        self.trouble = Trouble::Busy(why);
        self.rests = Some(self.rests.map_or(until, |rests| rests.min(until)));
    }

    /// When to come back, if everybody has asked for a time.
    pub fn bidden_until(&self) -> Option<Instant> {
        self.rests.filter(|_| self.others == Others::None)
    }

    /// Whether an answer may make us ask again at once.
    pub fn may_ask_again(&mut self) -> bool {
        self.answers += 1;
        self.answers <= ANSWERS_MAX
    }

    /// Somebody names another place: followed once.
    pub fn redirect(&mut self, target: Arc<str>) -> bool {
        let may_follow = self.redirection == Redirection::Open;
        self.redirection = Redirection::Used;
        if may_follow {
            let interface = self.place.as_ref().and_then(|place| place.interface);
            self.places.push_front(Place { target, interface });
        }
        may_follow
    }
}
