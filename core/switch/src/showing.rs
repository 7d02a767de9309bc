//! Shows what a shard knows, without changing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Probing;
use policy::Server;

use crate::switch::Switch;
use crate::view::{Held, LimitView, SomeCalls, TargetState, TargetView, TrunkView, View};

impl Switch {
    /// This shard at this moment.
    pub fn view(&self) -> View {
        let held: Held = self.held();
        View { shard: self.shard, revision: self.policy.revision(), held, trunks: self.trunks() }
    }

    /// Calls in progress, at most so many.
    pub fn some_calls(&self, most: u16) -> SomeCalls {
        let calls = self.calls.views(usize::from(most));
        SomeCalls { left_out: self.calls.len().saturating_sub(calls.len()), calls }
    }

    fn trunks(&self) -> Vec<TrunkView> {
        let mut trunks: BTreeMap<Arc<str>, TrunkView> = BTreeMap::new();
        for name in self.policy.trunks() {
            let empty = TrunkView { name: name.clone(), calls: 0, limit: None, targets: Vec::new() };
            trunks.insert(name.clone(), empty);
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
        for (index, server) in self.policy.servers().iter().enumerate() {
            if let Some(trunk) = trunks.get_mut(&server.trunk) {
                trunk.targets.push(self.target(index, server));
            }
        }
        trunks.into_values().collect()
    }

    fn target(&self, index: usize, server: &Server) -> TargetView {
        let state = match (self.health.is_up(index), server.health.options) {
            (false, _) => TargetState::Down,
            (true, Probing::Every(_)) => TargetState::Up,
            (true, Probing::Off) => TargetState::NotProbed,
        };
        TargetView { name: server.target.clone(), state }
    }
}
