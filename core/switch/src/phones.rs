//! Our users' phones: what they register, and what this shard has to tell the others.

use call::Now;
use registrar::{Kept, Surroundings, Urgency, Why};
use sip_message::Message;
use sip_stack::{Flow, ServerId as Transaction};

use crate::seam::{News, Outbox};
use crate::switch::Switch;
use crate::view::{Phones, UserPhones};

impl Switch {
    /// Takes up what was known before the process began; every shard is given all of it.
    pub fn restore<'a>(&mut self, now: Now, kept: impl IntoIterator<Item = &'a Kept>) {
        for kept in kept {
            if self.policy.credentials_of(&kept.user).is_some() {
                self.registrar.table.restore((now.instant, now.wall), kept);
            }
        }
    }

    pub(crate) fn register(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) {
        let mut around = Surroundings {
            now: now.instant,
            wall: now.wall,
            policy: &self.policy,
            stack: &mut self.stack,
            guard: &mut self.guard,
            sends: &mut out.sends,
            keep: &mut out.bindings,
            news: &mut self.scratch.bindings,
        };
        self.registrar.asked(&mut around, server, flow, message);
        let told = self.scratch.bindings.drain(..);
        out.news.extend(told.map(|(user, bindings)| News::Bindings { user, bindings }));
    }

    /// Forgets phones that nobody has heard of for too long. Those that sleep are woken in time before that,
    /// by the shard that will hear them.
    pub(crate) fn renew_sleepers(&mut self, now: Now) {
        self.registrar.table.expire(now.instant);
        for (user, device, bell) in self.registrar.table.take_renewals(now.instant) {
            let is_ours = sip_stack::keeper_of(&user, self.shards) == self.shard;
            if is_ours && self.policy.registrar().waking_by(&bell.provider).is_some() {
                let how = (Why::Registration, Urgency::Usual);
                self.wakes.ask((now.instant, now.wall), (&user, &device, &bell), how);
            }
        }
    }

    /// Users who are no more have no phones. All shards forget them; one writes it down.
    pub(crate) fn follow_users(&mut self, now: Now, out: &mut Outbox) {
        let mut forgotten = Vec::new();
        self.registrar.follow(&self.policy, (now.instant, now.wall), &mut forgotten);
        if self.shard == 0 {
            out.bindings.append(&mut forgotten);
        }
    }

    /// Who is registered now.
    pub(crate) fn phones(&self, now: Now) -> Phones {
        let table = &self.registrar.table;
        let users = table
            .users()
            .map(|user| UserPhones { user: user.clone(), phones: table.view(user, now.instant) });
        Phones {
            users: users.collect(),
            counters: self.registrar.counters(),
            watched: self.presence.sights(now.instant),
            watching: self.presence.counters(),
            waiting: self.post.waiting(),
            messages: self.post.counters(),
        }
    }
}
