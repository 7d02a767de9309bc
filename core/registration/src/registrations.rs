//! All accounts: which are ours to register, when, and what others may know of them.

use std::hash::Hasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_message::Message;
use sip_stack::locate::DnsAnswer;
use sip_stack::{ClientId, Flow, Late, Owner};

use crate::account::{Account, Aim};
use crate::known::{Known, View};
use crate::surroundings::{AccountKey, Surroundings};
use crate::watch::Watch;

/// At the start all accounts are asked within this time.
const FIRST_ASKED: Duration = Duration::from_secs(1);

/// The accounts of one shard. Each is registered by one shard, and watched by the others.
pub struct Registrations {
    shard: u8,
    shards: u8,
    accounts: Vec<Account>,
    last_key: AccountKey,
}

impl Registrations {
    pub fn new(shard: u8, shards: u8) -> Registrations {
        Registrations { shard, shards: shards.max(1), accounts: Vec::new(), last_key: 0 }
    }

    /// Registers these and no others; what goes on as before is left alone.
    pub fn watch(&mut self, watches: Vec<Watch>, around: &mut Surroundings<'_>) {
        let mut before = std::mem::take(&mut self.accounts);
        let count = u32::try_from(watches.len()).unwrap_or(u32::MAX).max(1);
        for (index, watch) in (0u32..).zip(watches) {
            let same = |one: &Account| one.aim != Aim::Farewell && one.watch.trunk == watch.trunk;
            let known = before.iter().position(same).filter(|at| before[*at].watch.binds_like(&watch));
            match known.map(|at| before.swap_remove(at)) {
                Some(account) if account.watch == watch => self.accounts.push(account),
                Some(mut account) => {
                    account.rewatch(watch, around.now);
                    self.accounts.push(account);
                }
                None => {
                    let first = around.now + FIRST_ASKED * index / count;
                    let aim = self.aim_of(&watch.trunk);
                    self.last_key += 1;
                    self.accounts.push(Account::new(self.last_key, watch, aim, first, around));
                }
            }
        }
        for mut gone in before {
            gone.leave(around);
            around.changes.push(Arc::clone(&gone.watch.trunk));
            if gone.aim == Aim::Farewell {
                self.accounts.push(gone);
            }
        }
        self.forget_gone();
    }

    /// Which shard registers an account: the same for all.
    fn aim_of(&self, trunk: &str) -> Aim {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(trunk.as_bytes());
        let owner = hasher.finish() % u64::from(self.shards);
        if owner == u64::from(self.shard) { Aim::Bound } else { Aim::Watched }
    }

    /// What is known of the account of a trunk.
    pub fn of(&self, trunk: &str) -> Option<&Known> {
        self.current().find(|account| *account.watch.trunk == *trunk).map(|account| &account.known)
    }

    /// What is known of every account, by the names of the trunks.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Known)> {
        self.current().map(|account| (&account.watch.trunk, &account.known))
    }

    /// Every account, for whoever looks.
    pub fn view(&self, now: Instant) -> Vec<View> {
        let of = |one: &Account| one.known.view(now, (&one.watch.trunk, &one.watch.identity), one.figures);
        self.current().map(of).collect()
    }

    fn current(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| account.aim != Aim::Farewell)
    }

    /// Good-byes whose answer isn't there yet.
    pub fn farewells(&self) -> usize {
        self.accounts.iter().filter(|account| account.aim == Aim::Farewell).count()
    }

    /// When some account is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.accounts.iter().filter_map(Account::deadline).min()
    }

    /// Does what is due.
    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        for index in 0..self.accounts.len() {
            if self.accounts[index].deadline().is_some_and(|at| at <= around.now) {
                self.change(index, around, Account::expire);
            }
        }
        self.forget_gone();
    }

    /// The answer to an account's question to the DNS.
    pub fn located(&mut self, key: AccountKey, answers: &[DnsAnswer], around: &mut Surroundings<'_>) {
        if let Some(index) = self.index_of(key) {
            self.change(index, around, |account, around| account.located(answers, around));
        }
    }

    /// A response to a REGISTER of ours.
    pub fn answered(
        &mut self,
        owner: Owner,
        client: ClientId,
        flow: Flow,
        message: &Message<'_>,
        around: &mut Surroundings<'_>,
    ) {
        if let Some(index) = self.asked_by(owner, client) {
            self.change(index, around, |account, around| account.answered(flow, message, around));
            self.forget_gone();
        }
    }

    /// No response to a REGISTER of ours.
    pub fn late(&mut self, late: &Late, around: &mut Surroundings<'_>) {
        let (client, owner, why) = match late {
            Late::Timeout { client, owner } => (*client, *owner, "no answer to REGISTER"),
            Late::FlowFailed { client, owner } => (*client, *owner, "no connection"),
            Late::NoAck { .. } => return,
        };
        if let Some(index) = self.asked_by(owner, client) {
            self.change(index, around, |account, around| account.unanswered(why, around));
            self.forget_gone();
        }
    }

    /// A connection has broken.
    pub fn flow_failed(&mut self, flow: Flow, now: Instant) {
        self.accounts.iter_mut().for_each(|account| account.flow_failed(flow, now));
    }

    /// Another shard says how an account stands.
    pub fn learn(&mut self, trunk: &str, known: &Known) {
        let watched = |account: &&mut Account| account.aim == Aim::Watched && *account.watch.trunk == *trunk;
        if let Some(account) = self.accounts.iter_mut().find(watched) {
            account.known = known.clone();
        }
    }

    /// Registers everything anew: our address may have changed.
    pub fn refresh(&mut self, now: Instant) {
        self.accounts.iter_mut().for_each(|account| account.ask_at(now));
    }

    /// Tells every provider that we are leaving.
    pub fn leave(&mut self, around: &mut Surroundings<'_>) {
        for index in 0..self.accounts.len() {
            self.change(index, around, Account::leave);
        }
        self.forget_gone();
    }

    fn change(
        &mut self,
        index: usize,
        around: &mut Surroundings<'_>,
        event: impl FnOnce(&mut Account, &mut Surroundings<'_>),
    ) {
        let account = &mut self.accounts[index];
        let before = account.known.clone();
        event(account, around);
        if account.known != before {
            around.changes.push(Arc::clone(&account.watch.trunk));
        }
    }

    fn asked_by(&self, owner: Owner, client: ClientId) -> Option<usize> {
        self.index_of(owner.key).filter(|index| self.accounts[*index].is_asked_by(client))
    }

    fn index_of(&self, key: AccountKey) -> Option<usize> {
        self.accounts.iter().position(|account| account.key == key)
    }

    fn forget_gone(&mut self) {
        self.accounts.retain(|account| !account.is_gone());
    }
}
