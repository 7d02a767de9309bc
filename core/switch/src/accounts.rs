//! Registrations with providers: what policy wants registered, and what becomes of it.

use std::sync::Arc;
use std::time::Instant;

use call::{Accounts, Event, Now, Way};
use policy::{Account, RegisterStyle, Registration};
use registration::{Contact, Known, Place, Retry, Standing, Style, Surroundings, Watch};

use crate::seam::{News, Outbox};
use crate::switch::Switch;

impl Switch {
    /// Registers what the policy in force wants registered.
    pub(crate) fn watch_accounts(&mut self, now: Now, out: &mut Outbox) {
        let watches = self.policy.accounts().map(watch_of).collect();
        self.with_registrations(now, out, |registrations, around| registrations.watch(watches, around));
        self.see_accounts(now.instant);
    }

    /// Tells everybody which accounts stand otherwise than before.
    pub(crate) fn note_accounts(&mut self, now: Now, out: &mut Outbox) {
        if self.scratch.accounts.is_empty() {
            return;
        }
        self.see_accounts(now.instant);
        let mut names = std::mem::take(&mut self.scratch.accounts);
        for trunk in names.drain(..) {
            let known = self.registrations.of(&trunk).cloned();
            let told = self.told.get(&trunk);
            let event = event_of(now, &trunk, known.as_ref(), told);
            match &known {
                Some(known) => drop(self.told.insert(Arc::clone(&trunk), known.clone())),
                None => drop(self.told.remove(&trunk)),
            }
            out.tells.extend(event);
            out.news.extend(known.map(|known| News::Registration { trunk, known: Arc::new(known) }));
        }
        self.scratch.accounts = names;
    }

    /// Works out what the accounts mean for calls.
    pub(crate) fn see_accounts(&mut self, now: Instant) {
        let mut accounts = Accounts::default();
        for (trunk, known) in self.registrations.all() {
            let Some(account) = self.policy.accounts().find(|account| account.trunk == *trunk) else {
                continue;
            };
            if let Some(standing) = standing_of(account, known, now) {
                accounts.standing.insert(Arc::clone(trunk), standing);
            }
            accounts.ways.insert(Arc::clone(trunk), way_of(account, known, now));
        }
        let drained = self.drained.iter().map(|trunk| (Arc::clone(trunk), Registration::Drained));
        accounts.standing.extend(drained);
        self.accounts = accounts;
    }

    pub(crate) fn with_registrations(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut registration::Registrations, &mut Surroundings<'_>),
    ) {
        let mut around = Surroundings {
            now: now.instant,
            stack: &mut self.stack,
            listeners: &self.listeners,
            sends: &mut out.sends,
            asks: &mut self.scratch.accounts_ask,
            changes: &mut self.scratch.accounts,
        };
        event(&mut self.registrations, &mut around);
    }
}

/// What policy wants registered.
fn watch_of(account: &Account) -> Watch {
    let places = account.registrars.iter().map(|registrar| Place {
        target: Arc::clone(&registrar.target),
        interface: registrar.interface.map(|interface| interface.0),
    });
    Watch {
        trunk: Arc::clone(&account.trunk),
        domain: Arc::clone(&account.domain),
        identity: Arc::clone(&account.identity),
        places: places.collect(),
        contact: Contact {
            user: account.contact_user.clone(),
            line: account.line.clone(),
            style: match account.style {
                RegisterStyle::Plain => Style::Plain,
                RegisterStyle::Gin => Style::Gin,
            },
        },
        user: Arc::clone(&account.credentials.user),
        password: account.credentials.password.clone(),
        expires: account.expires,
        retry: Retry { first: account.retry_first, most: account.retry_most, stopped: account.retry_stopped },
    }
}

/// What policy has to know; nothing where calls go as they would without registration.
fn standing_of(account: &Account, known: &Known, now: Instant) -> Option<Registration> {
    match &known.standing {
        Standing::Stopped { why, .. } => Some(Registration::Stopped(Arc::clone(why))),
        _ if known.is_bound(now) => {
            let through = |registrar: &&policy::Registrar| Some(&registrar.target) == known.through.as_ref();
            let at = account.registrars.iter().position(|registrar| through(&registrar))?;
            account.registrars[at].server.filter(|_| at > 0).map(Registration::With)
        }
        standing => {
            let why = standing.why().cloned();
            Some(Registration::Missing(why.unwrap_or_else(|| "no answer from its registrar yet".into())))
        }
    }
}

/// The way of requests while the provider knows us.
fn way_of(account: &Account, known: &Known, now: Instant) -> Way {
    let addresses = Arc::clone(&known.addresses);
    if !known.is_bound(now) {
        return Way { addresses, ..Way::default() };
    }
    let is_server = account.registrars.iter().any(|registrar| registrar.server.is_some());
    Way {
        serves: known.through.clone().filter(|_| is_server),
        routes: Arc::clone(&known.routes),
        remote: known.remote,
        addresses,
    }
}

/// What is worth telling: each change of state, and each failure.
fn event_of(now: Now, trunk: &Arc<str>, known: Option<&Known>, told: Option<&Known>) -> Option<Event> {
    let (at, trunk) = (now.wall, Arc::clone(trunk));
    let Some(known) = known else {
        let was_registered = told.is_some_and(|told| told.standing == Standing::Registered);
        return was_registered.then_some(Event::TrunkUnregistered { at, trunk });
    };
    if told.is_some_and(|told| told.standing == known.standing) {
        return None;
    }
    match &known.standing {
        Standing::Registering => None,
        Standing::Registered => {
            let with = known.remote.map(|remote| remote.to_string()).unwrap_or_default();
            let left = known.bound_until.map(|until| until.saturating_duration_since(now.instant));
            let seconds = left.map_or(0, |left| left.as_secs());
            Some(Event::TrunkRegistered { at, trunk, with, seconds })
        }
        Standing::Retrying { why, again_at }
        | Standing::BackingOff { why, again_at }
        | Standing::Stopped { why, again_at } => Some(Event::TrunkRegistrationFailed {
            at,
            trunk,
            state: known.standing.word(),
            cause: why.to_string(),
            retry_seconds: again_at.saturating_duration_since(now.instant).as_secs(),
        }),
    }
}
