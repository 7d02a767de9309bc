//! Messages between users: requests and answers are handed to the post, and what phones have said.

use std::collections::BTreeSet;
use std::sync::Arc;

use call::Now;
use messages::{Kept as KeptMessage, Post, Surroundings};
use sip_message::Message;
use sip_stack::{Flow, ServerId as Transaction};

use crate::seam::Outbox;
use crate::switch::Switch;

impl Switch {
    /// A MESSAGE outside of any call; trunks carry none, and where nobody has a password nobody sends any.
    pub(crate) fn takes_message(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) -> bool {
        if !self.policy.has_watchers() || self.policy.trunk_at(flow.remote).is_some() {
            return false;
        }
        self.with_post(now, out, |post, around| post.asked(around, server, message));
        true
    }

    /// Takes up which messages waited before the process began. Every shard is given all of them, and takes
    /// its part.
    pub fn restore_messages<'a>(&mut self, now: Now, kept: impl IntoIterator<Item = &'a KeptMessage>) {
        let shards = self.shards;
        // Nothing leaves yet: messages do when they are due.
        self.with_post(now, &mut Outbox::default(), |post, around| {
            kept.into_iter().for_each(|kept| post.restore(around, shards, kept));
        });
    }

    /// Phones of these users have said where they are.
    pub(crate) fn bring_messages(&mut self, now: Now, users: &BTreeSet<Arc<str>>, out: &mut Outbox) {
        self.with_post(now, out, |post, around| post.registered(around, users));
    }

    pub(crate) fn with_post(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut Post, &mut Surroundings<'_>),
    ) {
        let mut around = Surroundings {
            now: now.instant,
            wall: now.wall,
            policy: &self.policy,
            table: &self.registrar.table,
            wakes: &mut self.wakes,
            stack: &mut self.stack,
            guard: &mut self.guard,
            sends: &mut out.sends,
        };
        event(&mut self.post, &mut around);
        out.messages.extend(self.post.take_kept());
    }
}
