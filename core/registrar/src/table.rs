//! Everybody's bindings, as one shard knows them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use policy::{DeviceFact, Devices, InterfaceId, RegistrarRules, WallTime};
use sip_stack::{ConnectionId, Flow, Listener, Transport};

use crate::bell::{Bell, without_tokens};
use crate::binding::{Binding, Naming, Reach};
use crate::kept::Kept;
use crate::renewals::{Renewal, Renewals};
use crate::seal::Seal;
use crate::update::same_or_new;
use crate::view::DeviceView;

/// All bindings, by user.
#[derive(Debug)]
pub struct Table {
    listeners: Arc<[Listener]>,
    users: BTreeMap<Arc<str>, Arc<[Binding]>>,
    /// When the first binding of a user ends.
    ends: BTreeSet<(Instant, Arc<str>)>,
    /// Whose bindings hang on a connection.
    connections: BTreeSet<(ConnectionId, Arc<str>)>,
    /// When phones are woken to renew their bindings.
    renewals: Renewals,
    /// The same as facts.
    devices: Devices,
    /// Whose bindings changed since somebody asked last.
    changed: BTreeSet<Arc<str>>,
    seal: Seal,
    /// The user and the device of each series of temporary GRUUs.
    series: BTreeMap<u64, (Arc<str>, Arc<str>)>,
}

/// One way to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    On { flow: Flow, contact: Box<str> },
    By { path: Vec<Box<str>>, contact: Box<str> },
}

impl Table {
    /// `key` seals GRUUs: who has another one knows none of those that were given before.
    pub fn new(listeners: Arc<[Listener]>, key: &[u8; 32]) -> Table {
        Table {
            listeners,
            users: BTreeMap::new(),
            ends: BTreeSet::new(),
            connections: BTreeSet::new(),
            renewals: Renewals::default(),
            devices: Devices::default(),
            changed: BTreeSet::new(),
            seal: Seal::new(key),
            series: BTreeMap::new(),
        }
    }

    pub fn listeners(&self) -> &Arc<[Listener]> {
        &self.listeners
    }

    /// What a decision may know of it.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    pub fn of(&self, user: &str) -> Option<&Arc<[Binding]>> {
        self.users.get(user)
    }

    pub fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.keys()
    }

    pub fn bindings(&self) -> usize {
        self.users.values().map(|bindings| bindings.len()).sum()
    }

    /// The ways to a device, the newest first: one after the other is tried, never two at once.
    pub fn ways(&self, user: &str, device: &str) -> Vec<Way> {
        let Some(bindings) = self.users.get(user) else { return Vec::new() };
        let mut of_device: Vec<&Binding> =
            bindings.iter().filter(|binding| binding.device() == device).collect();
        of_device.sort_by_key(|binding| std::cmp::Reverse((binding.priority, binding.until)));
        let way = |binding: &Binding| match binding.reach {
            Reach::On { flow, .. } => Some(Way::On { flow, contact: (*binding.contact).into() }),
            Reach::ByPath => Some(Way::By { path: binding.path.clone(), contact: (*binding.contact).into() }),
            Reach::Lost => None,
        };
        of_device.into_iter().filter_map(way).collect()
    }

    /// These are a user's bindings from now on.
    pub fn set(&mut self, user: &Arc<str>, bindings: Arc<[Binding]>) {
        self.changed.insert(Arc::clone(user));
        let before = match bindings.is_empty() {
            true => self.users.remove(user),
            false => self.users.insert(Arc::clone(user), Arc::clone(&bindings)),
        };
        let before = before.unwrap_or_default();
        if let Some(end) = first_end(&before) {
            self.ends.remove(&(end, Arc::clone(user)));
        }
        if let Some(end) = first_end(&bindings) {
            self.ends.insert((end, Arc::clone(user)));
        }
        self.renewals.follow(user, &bindings);
        for connection in before.iter().filter_map(connection_of) {
            self.connections.remove(&(connection, Arc::clone(user)));
        }
        for (naming, _) in before.iter().filter_map(named) {
            self.series.remove(&naming.series);
        }
        for connection in bindings.iter().filter_map(connection_of) {
            self.connections.insert((connection, Arc::clone(user)));
        }
        for (naming, device) in bindings.iter().filter_map(named) {
            self.series.entry(naming.series).or_insert_with(|| (Arc::clone(user), device.into()));
        }
        self.see(user, &bindings);
    }

    /// Whose bindings were set since this was asked last.
    pub fn take_changes(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.changed)
    }

    /// Whether some device of a user can be reached now.
    pub fn is_reachable(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|bindings| bindings.iter().any(Binding::is_reachable))
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Whose device it is whose temporary GRUUs are of a series.
    pub(crate) fn in_series(&self, series: u64) -> Option<&(Arc<str>, Arc<str>)> {
        self.series.get(&series)
    }

    /// When the next binding ends, or a phone is to be woken to renew one.
    pub fn deadline(&self) -> Option<Instant> {
        let end = self.ends.first().map(|(at, _)| *at);
        end.into_iter().chain(self.renewals.deadline()).min()
    }

    /// The phones that are due to be woken, so that they say again where they are.
    pub fn take_renewals(&mut self, now: Instant) -> Vec<Renewal> {
        let mut due = Vec::new();
        while let Some((since, user)) = self.renewals.due(now) {
            let bindings = self.users.get(&user).cloned().unwrap_or_default();
            due.append(&mut self.renewals.take((since, now), &user, &bindings));
        }
        due
    }

    /// How a device is woken before anything is sent to it; nothing where it is awake, or nobody wakes it.
    pub fn asleep(&self, user: &str, device: &str, rules: &RegistrarRules, now: Instant) -> Option<&Bell> {
        let bell = self.bell(user, device)?;
        let waking = rules.waking_by(&bell.provider)?;
        let is_awake = bell.heard.is_some_and(|heard| now < heard + waking.awake);
        (!is_awake).then_some(bell)
    }

    /// How a device is woken; of several flows of it, the one that it registered last.
    pub fn bell(&self, user: &str, device: &str) -> Option<&Bell> {
        let of_device = self.users.get(user)?.iter().filter(|binding| binding.device() == device);
        of_device.filter_map(|binding| binding.bell.as_deref()).max_by_key(|bell| bell.heard)
    }

    /// Forgets what nobody has renewed.
    pub fn expire(&mut self, now: Instant) {
        while let Some((at, user)) = self.ends.first().cloned() {
            if at > now {
                return;
            }
            let known = self.users.get(&user).cloned().unwrap_or_default();
            self.set(&user, known.iter().filter(|binding| binding.until > now).cloned().collect());
        }
    }

    /// A connection is no more: whoever was reached on it is not.
    pub fn flow_failed(&mut self, flow: Flow) {
        let connection = flow.connection;
        let from = (connection, Arc::from(""));
        let on_it = self.connections.range(from..).take_while(|(id, _)| *id == connection);
        let users: Vec<Arc<str>> = on_it.map(|(_, user)| Arc::clone(user)).collect();
        for user in users {
            let mut bindings = self.users.get(&user).map(|known| known.to_vec()).unwrap_or_default();
            bindings.iter_mut().for_each(|binding| binding.flow_failed(connection));
            self.set(&user, bindings.into());
        }
    }

    /// What is written down of a user.
    pub fn kept(&self, user: &Arc<str>, now: (Instant, WallTime)) -> Kept {
        let bindings = self.users.get(user).map_or(&[][..], |bindings| bindings);
        Kept::of(user, bindings, now, &self.listeners)
    }

    /// Takes up what was written down; what has ended since is left out.
    pub fn restore(&mut self, now: (Instant, WallTime), kept: &Kept) {
        let bindings = kept.bindings.iter().filter_map(|one| one.restore(now, &self.listeners));
        self.set(&kept.user, bindings.collect());
    }

    /// What is shown of a user.
    pub fn view(&self, user: &str, now: Instant) -> Vec<DeviceView> {
        let bindings = self.users.get(user).map_or(&[][..], |bindings| bindings);
        let view = |binding: &Binding| DeviceView {
            contact: without_tokens(&binding.contact).into_owned(),
            transport: binding.source.transport.name(),
            source: binding.source.remote,
            registered_ms: binding.registered,
            seconds: binding.until.saturating_duration_since(now).as_secs(),
            priority: binding.priority,
            agent: binding.agent.as_deref().map(str::to_owned),
            instance: binding.instance.as_deref().map(str::to_owned),
            gruu: self.public_gruu(user, binding),
            reached_by: match binding.reach {
                Reach::On { .. } => "flow",
                Reach::ByPath => "path",
                Reach::Lost => "lost",
            },
            woken_by: binding.bell.as_ref().map(|bell| bell.provider.to_string()),
        };
        bindings.iter().map(view).collect()
    }

    /// Draws from the bindings of a user which devices can be rung, the preferred first.
    fn see(&mut self, user: &Arc<str>, bindings: &[Binding]) {
        let mut reachable: Vec<&Binding> = bindings.iter().filter(|binding| binding.is_reachable()).collect();
        reachable.sort_by_key(|binding| std::cmp::Reverse((binding.priority, binding.until)));
        let before = self.devices.known(user);
        let mut facts: Vec<DeviceFact> = Vec::with_capacity(reachable.len());
        for binding in reachable {
            if facts.iter().any(|fact| *fact.device == *binding.device()) {
                continue;
            }
            let listener = self.listeners.iter().find(|one| one.id == binding.source.listener);
            let last = before.iter().find(|fact| *fact.device == *binding.device());
            let shared =
                |text: &str, of: fn(&DeviceFact) -> Option<&Arc<str>>| same_or_new(text, last.and_then(of));
            facts.push(DeviceFact {
                device: shared(binding.device(), |last| Some(&last.device)),
                contact: match without_tokens(&binding.contact) {
                    Cow::Borrowed(_) => Arc::clone(&binding.contact),
                    Cow::Owned(shown) => shared(&shown, |last| Some(&last.contact)),
                },
                priority: binding.priority,
                source: binding.source.remote,
                transport: match binding.source.transport {
                    Transport::Udp => policy::Transport::Udp,
                    Transport::Tcp => policy::Transport::Tcp,
                    Transport::Tls => policy::Transport::Tls,
                    Transport::Ws => policy::Transport::Ws,
                    Transport::Wss => policy::Transport::Wss,
                },
                interface: InterfaceId(listener.map_or(0, |listener| listener.interface)),
                registered: binding.registered,
                agent: binding.agent.clone(),
                features: binding.features.as_deref().map(|text| shared(text, |last| last.features.as_ref())),
            });
        }
        if before != facts {
            self.devices.set(user, facts);
        }
    }
}

fn first_end(bindings: &[Binding]) -> Option<Instant> {
    bindings.iter().map(|binding| binding.until).min()
}

fn named(binding: &Binding) -> Option<(&Naming, &str)> {
    Some((binding.naming.as_deref()?, binding.device()))
}

fn connection_of(binding: &Binding) -> Option<ConnectionId> {
    let Reach::On { flow, .. } = binding.reach else { return None };
    Some(flow.connection).filter(|connection| *connection != ConnectionId::NONE)
}
