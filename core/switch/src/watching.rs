//! Presence: calls and phones are shown to it, requests are handed to it, its news go to the other shards.

use std::sync::Arc;

use call::{Now, Seen, SeenPart, SeenStage, Sighting};
use policy::{Callee, Policy};
use presence::{By, Engagement, House, Kept as KeptPresence, Names, Part, Stage, Surroundings};
use sip_message::{Message, Method};
use sip_stack::{Flow, ServerId as Transaction, Token};

use crate::seam::{News, Outbox};
use crate::switch::Switch;

impl Switch {
    /// Whether a request is about who watches whom; if so, it is answered.
    pub(crate) fn asks_for_presence(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) -> bool {
        let tag = message.to().tag();
        let is_ours = tag.is_none_or(|tag| Token::find(tag).is_some_and(|token| self.presence.knows(token)));
        match message.method() {
            Some(Method::Subscribe) if is_ours && self.is_watched => {
                self.with_presence(now, out, |house, around| house.subscribe(around, server, flow, message));
            }
            Some(Method::Publish) if tag.is_none() && self.is_watched => {
                self.with_presence(now, out, |house, around| house.publish(around, server, message));
            }
            Some(Method::Notify) if tag.is_none() && self.policy.is_told_of_mail_by(flow.remote) => {
                self.with_presence(now, out, |house, around| house.told_of_mail(around, server, message));
            }
            _ => return false,
        }
        true
    }

    /// Takes up who watched whom before the process began, once it is known where phones are. Every shard is
    /// given all of it, and takes its part.
    pub fn restore_presence<'a>(&mut self, now: Now, kept: impl IntoIterator<Item = &'a KeptPresence>) {
        // Nothing leaves yet: news do with the first input, NOTIFYs when they are due.
        self.with_presence(now, &mut Outbox::default(), |house, around| {
            kept.into_iter().for_each(|kept| house.restore(around, kept));
        });
    }

    /// Other documents hold.
    pub(crate) fn follow_watchers(&mut self, now: Now, out: &mut Outbox) {
        if !self.is_watched && self.policy.has_watchers() {
            self.is_watched = true;
            self.with_calls(now, out, call::Calls::show_all);
        }
        self.with_presence(now, out, |house, around| house.adopt(around));
    }

    /// Shows presence what calls and phones have done, and tells the other shards what came of it.
    pub(crate) fn note_presence(&mut self, now: Now, out: &mut Outbox) {
        let phones = self.registrar.table.take_changes();
        if !phones.is_empty() {
            self.with_calls(now, out, |calls, room| calls.phones_changed(room, &phones));
            self.with_presence(now, out, |house, around| {
                house.look_again(around, &phones);
                house.registered(around.now, &phones);
            });
            self.bring_messages(now, &phones, out);
        }
        let mut sightings = std::mem::take(&mut self.scratch.seen);
        for Sighting { call, parties } in sightings.drain(..) {
            let engaged: Vec<(Arc<str>, Engagement)> =
                parties.iter().filter_map(|seen| engaged(&self.policy, seen)).collect();
            self.with_presence(now, out, |house, around| house.engage(around, call.bits(), &engaged));
        }
        self.scratch.seen = sightings;
        out.presence.extend(self.presence.take_kept());
        out.news.extend(self.scratch.presence.drain(..).map(News::Presence));
    }

    pub(crate) fn with_presence(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut House, &mut Surroundings<'_>),
    ) {
        let mut around = Surroundings {
            now: now.instant,
            wall: now.wall,
            policy: &self.policy,
            table: &self.registrar.table,
            stack: &mut self.stack,
            guard: &mut self.guard,
            listeners: &self.listeners,
            sends: &mut out.sends,
            news: &mut self.scratch.presence,
        };
        event(&mut self.presence, &mut around);
    }
}

/// The user whom a party of a call is: by a phone of ours, or by the mobile at the far end of a trunk.
fn engaged(policy: &Policy, seen: &Seen) -> Option<(Arc<str>, Engagement)> {
    let (user, by) = match &seen.party {
        Callee::User(name) => (name, By::Phone),
        Callee::Trunk(_) => (policy.owner_of_mobile(seen.number.as_ref()?)?, By::Mobile),
    };
    let part = match seen.part {
        SeenPart::Calling => Part::Calling,
        SeenPart::Called => Part::Called,
    };
    let stage = match seen.stage {
        SeenStage::Trying => Stage::Trying,
        SeenStage::Ringing => Stage::Ringing,
        SeenStage::Talking => Stage::Talking,
    };
    let names = seen.dialog.as_ref().map(|dialog| Names {
        call_id: dialog.call_id.clone(),
        local_tag: dialog.local_tag.clone(),
        remote_tag: dialog.remote_tag.clone(),
    });
    Some((Arc::clone(user), Engagement { call: 0, part, stage, by, names: names.map(Arc::new) }))
}
