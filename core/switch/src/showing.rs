//! Shows what a shard knows, without changing anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::Now;
use model::Probing;
use policy::Server;
use sip_stack::Token;
use targets::{Place, Standing};

use crate::switch::Switch;
use crate::view::{Held, LimitView, RegistrationView, SomeCalls, TargetState, TargetView, TrunkView, View};

impl Switch {
    /// This shard at this moment.
    pub fn view(&self, now: Now) -> View {
        let held: Held = self.held();
        View { shard: self.shard, revision: self.policy.revision(), held, trunks: self.trunks(now.instant) }
    }

    /// Calls in progress, at most so many.
    pub fn some_calls(&self, most: u16) -> SomeCalls {
        let calls = self.calls.views(usize::from(most));
        SomeCalls { left_out: self.calls.len().saturating_sub(calls.len()), calls }
    }

    /// One call, if it is in progress here.
    pub(crate) fn one_call(&self, token: Token) -> SomeCalls {
        SomeCalls { left_out: 0, calls: self.calls.view_of(token).into_iter().collect() }
    }

    fn trunks(&self, now: Instant) -> Vec<TrunkView> {
        let mut trunks: BTreeMap<Arc<str>, TrunkView> = BTreeMap::new();
        for name in self.policy.trunks() {
            let (limit, registration, targets) = (None, None, Vec::new());
            let performance = self.performance.read(name);
            let (name, drained) = (name.clone(), self.drained.contains(name));
            let empty = TrunkView { name, calls: 0, drained, limit, registration, targets, performance };
            trunks.insert(empty.name.clone(), empty);
        }
        self.calls.each_trunk(|name| {
            if let Some(trunk) = trunks.get_mut(name) {
                trunk.calls += 1;
            }
        });
        for limit in self.policy.limits() {
            let of_trunk = limit.name().strip_prefix("trunk ").and_then(|name| trunks.get_mut(name));
            if let Some(trunk) = of_trunk {
                trunk.limit = Some(LimitView { used: limit.used(), ceiling: limit.ceiling() });
            }
        }
        for account in self.registrations.view(now) {
            if let Some(trunk) = trunks.get_mut(&account.trunk) {
                trunk.performance.registering += account.figures;
                trunk.registration = Some(shown(account));
            }
        }
        for (index, server) in self.policy.servers().iter().enumerate() {
            if let Some(trunk) = trunks.get_mut(&server.trunk) {
                trunk.targets.extend(self.targets(index, server));
            }
        }
        trunks.into_values().collect()
    }

    /// One for each address; one for a server whose addresses are not known.
    fn targets(&self, index: usize, server: &Server) -> Vec<TargetView> {
        let view = |state, address: Option<String>, words: Option<String>| TargetView {
            name: server.target.clone(),
            address,
            state,
            words,
        };
        let fact = self.standings.of(server.id);
        let of_place = |(place, standing): (Place, Standing)| {
            let address = place.to_string();
            let facts = fact.into_iter().flat_map(|fact| &fact.addresses);
            let words = facts.filter(|one| one.address == address).map(|one| one.standing.to_string()).next();
            let words = words.filter(|_| !standing.is_ready());
            view(state_of(standing, server.health.options), Some(address), words)
        };
        let mut views: Vec<TargetView> = self.book.places(index).map(of_place).collect();
        if views.is_empty() {
            let words = fact.map(ToString::to_string);
            let state = match (&words, server.health.options) {
                (Some(_), _) => TargetState::Dns,
                (None, Probing::Off) => TargetState::NotProbed,
                (None, Probing::Every(_)) => TargetState::Unknown,
            };
            views.push(view(state, None, words));
        }
        views
    }
}

fn state_of(standing: Standing, probing: Probing) -> TargetState {
    match (standing, probing) {
        (Standing::Unknown | Standing::Up, Probing::Off) => TargetState::NotProbed,
        (Standing::Unknown, Probing::Every(_)) => TargetState::Unknown,
        (Standing::Up, Probing::Every(_)) => TargetState::Up,
        (Standing::Returning { .. }, _) => TargetState::Returning,
        (Standing::Probing { .. }, _) => TargetState::Probing,
        (Standing::Resting { .. }, _) => TargetState::Resting,
        (Standing::Down { .. }, _) => TargetState::Down,
    }
}

fn shown(account: registration::View) -> RegistrationView {
    let seconds = |left: Duration| left.as_secs();
    RegistrationView {
        identity: account.identity,
        state: account.state,
        why: account.why,
        with: account.remote,
        bound_seconds: account.bound_for.map(seconds),
        retry_seconds: account.again_in.map(seconds),
        routes: account.routes,
        associated: account.associated,
    }
}
