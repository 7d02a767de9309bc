//! What all shards show, put together.

use std::collections::BTreeMap;
use std::time::Duration;

use model::nearest;
use observers::{Observers, Standing};
use serde::Serialize;
use sip_stack::Token;
use switch::{CallView, Command, Held, Phones, Reply, SomeCalls, TargetView, TrunkView, View};
use switch_io::Asker;

use crate::control::Notice;
use crate::recorder::{self, FlightRecorder};

/// How long a shard may take to show itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// The house at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    #[serde(flatten)]
    pub notice: Notice,
    pub version: &'static str,
    pub process: u32,
    pub held: Held,
    pub shards: Vec<ShardStatus>,
    pub trunks: Vec<TrunkView>,
    /// Those who tell what they have seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observers: Vec<Standing>,
    /// What is on the disk of the messages of calls.
    pub messages: recorder::Standing,
}

impl Status {
    /// The same, and how those stand who tell what they have seen, and what is kept of messages.
    pub fn with(self, observers: &Observers, flight: &FlightRecorder) -> Status {
        Status { observers: observers.standings(), messages: flight.standing(), ..self }
    }
}

/// One shard's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShardStatus {
    pub shard: u8,
    pub revision: u64,
    pub held: Held,
}

/// Asks every shard; `None` if one does not answer.
pub fn status(asker: &Asker, notice: Notice) -> Option<Status> {
    let replies = asker.command(Command::View, PATIENCE);
    let mut views: Vec<View> = replies
        .into_iter()
        .filter_map(|reply| match reply {
            Reply::View(view) => Some(*view),
            _ => None,
        })
        .collect();
    if views.len() < usize::from(asker.shards()) {
        return None;
    }
    views.sort_by_key(|view| view.shard);
    let shards = views.iter().map(|View { shard, revision, held, .. }| ShardStatus {
        shard: *shard,
        revision: *revision,
        held: *held,
    });
    Some(Status {
        notice,
        version: env!("CARGO_PKG_VERSION"),
        process: std::process::id(),
        held: views.iter().map(|view| view.held).sum(),
        shards: shards.collect(),
        trunks: merge(views),
        observers: Vec::new(),
        messages: recorder::Standing::default(),
    })
}

/// What all shards hold; `None` if one does not answer.
pub fn held(asker: &Asker) -> Option<Held> {
    let replies = asker.command(Command::Count, PATIENCE);
    if replies.len() < usize::from(asker.shards()) {
        return None;
    }
    let held = replies.iter().filter_map(|reply| match reply {
        Reply::Held(held) => Some(*held),
        _ => None,
    });
    Some(held.sum())
}

/// The calls in progress, at most so many of each shard.
pub fn calls(asker: &Asker, most: u16) -> SomeCalls {
    let mut all = found(asker, Command::Calls { most });
    all.calls.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    all
}

/// A call in progress, by the name that its record will have.
pub fn call(asker: &Asker, id: &str) -> Option<CallView> {
    let token = token_of(id)?;
    found(asker, Command::Call { token }).calls.into_iter().find(|call| call.id == id)
}

/// The token in a call's name.
pub fn token_of(id: &str) -> Option<Token> {
    Token::find(id.rsplit('-').next()?)
}

fn found(asker: &Asker, command: Command) -> SomeCalls {
    let mut all = SomeCalls::default();
    for reply in asker.command(command, PATIENCE) {
        if let Reply::Calls(some) = reply {
            all.calls.extend(some.calls);
            all.left_out += some.left_out;
        }
    }
    all
}

/// Who is registered. All shards know the same; what they have counted adds up.
pub fn phones(asker: &Asker) -> Option<Phones> {
    let replies = asker.command(Command::Phones, PATIENCE).into_iter();
    let all = replies.filter_map(|reply| match reply {
        Reply::Phones(phones) => Some(phones),
        _ => None,
    });
    all.reduce(|mut all, other| {
        all.counters = all.counters.and(other.counters);
        all.watching = all.watching.and(other.watching);
        all.messages = all.messages.and(other.messages);
        all.waiting.extend(other.waiting);
        for sight in other.watched {
            match all.watched.iter_mut().find(|known| known.user == sight.user) {
                Some(known) => known.watchers.extend(sight.watchers),
                None => all.watched.push(sight),
            }
        }
        all
    })
}

/// Trunks with the calls of all shards. A far end stands as badly as the shard says that thinks worst of it.
fn merge(views: Vec<View>) -> Vec<TrunkView> {
    let mut trunks: BTreeMap<_, TrunkView> = BTreeMap::new();
    for trunk in views.into_iter().flat_map(|view| view.trunks) {
        match trunks.get_mut(&trunk.name) {
            Some(known) => {
                known.calls += trunk.calls;
                known.registration = known.registration.take().or(trunk.registration);
                known.limit = known.limit.max(trunk.limit);
                known.performance += trunk.performance;
                known.targets = worst(std::mem::take(&mut known.targets), trunk.targets);
            }
            None => drop(trunks.insert(trunk.name.clone(), trunk)),
        }
    }
    trunks.into_values().collect()
}

/// There is no such trunk, and which was likely meant.
pub fn no_such_trunk<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known).map(|near| format!("; did you mean \"{near}\"?"));
    format!("there is no trunk \"{name}\"{}", near.unwrap_or_default())
}

fn worst(mut known: Vec<TargetView>, others: Vec<TargetView>) -> Vec<TargetView> {
    for other in others {
        let is_same = |target: &&mut TargetView| target.name == other.name && target.address == other.address;
        match known.iter_mut().find(is_same) {
            Some(target) if target.state >= other.state => {}
            Some(target) => *target = other,
            None => known.push(other),
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use performance::Performance;
    use switch::{LimitView, TargetState};

    use super::*;

    fn view(shard: u8, calls: usize, state: TargetState) -> View {
        let performance = Performance { completed: 4, ..Performance::default() };
        let limit = Some(LimitView { used: 3, ceiling: 10 });
        let targets = vec![TargetView { name: "sip:east.example".into(), address: None, state, words: None }];
        let trunk = TrunkView {
            name: "east".into(),
            calls,
            drained: false,
            limit,
            registration: None,
            targets,
            performance,
        };
        View { shard, revision: 1, held: Held::default(), trunks: vec![trunk] }
    }

    #[test]
    fn calls_of_shards_add_up_and_a_limit_is_counted_once() {
        let merged = merge(vec![view(0, 1, TargetState::Up), view(1, 2, TargetState::Down)]);

        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].calls, merged[0].performance.completed), (3, 8));
        assert_eq!(merged[0].limit, Some(LimitView { used: 3, ceiling: 10 }));
        assert_eq!(merged[0].targets[0].state, TargetState::Down);
    }
}
