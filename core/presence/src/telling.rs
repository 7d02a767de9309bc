//! NOTIFYs: at most one of a subscription is on its way, and it says what is so when it leaves.

use sip_message::Method;
use sip_stack::Owner;

use crate::document::{Naming, PACKAGES};
use crate::house::{House, ROOM, Surroundings};
use crate::limits::{AT_ONCE_MAX, FLYING_MAX};
use crate::subscription::Due;

impl House {
    pub(crate) fn is_full(&self) -> bool {
        self.watchers.flying >= FLYING_MAX
    }

    /// Tells those who have waited longest, as many as may be told at once.
    pub fn tell(&mut self, around: &mut Surroundings<'_>) {
        for _ in 0..AT_ONCE_MAX {
            if self.is_full() {
                return;
            }
            let Some(slot) = self.watchers.due(around.now) else { return };
            self.notify(around, slot);
        }
    }

    fn notify(&mut self, around: &mut Surroundings<'_>, slot: u32) {
        let Some(face) = self.watchers.get(slot).and_then(|one| self.watchers.face(&one.watched)).cloned()
        else {
            return;
        };
        let mut has_left = false;
        self.watchers.with(slot, |one| {
            let due = match one.due(around.now) {
                None => return,
                Some(Due::Nothing) => return one.state = crate::subscription::State::Over,
                Some(due) => due,
            };
            let left = one.until.saturating_duration_since(around.now);
            let state = match due {
                Due::LastWord(reason) => format!("terminated;reason={}", reason.word()),
                Due::State | Due::Nothing => format!("active;expires={}", left.as_millis().div_ceil(1000)),
            };
            let is_theirs = around.policy.lets_watch(&one.watched, &one.watcher);
            let person = format!("sip:{}@{}", one.watched, around.policy.realm());
            let naming = match around.policy.lets_pick_up(&one.watcher, &one.watched) {
                true => Naming::Named,
                false => Naming::Unnamed,
            };
            let document = || one.package.document(&face, (&person, &one.entity), one.version, naming);
            let body = is_theirs.then(document);
            one.version = one.version.wrapping_add(u32::from(is_theirs));
            let headers =
                [("Event", &*one.event), ("Subscription-State", state.as_str()), ("Allow-Events", PACKAGES)];
            let parts = one.dialog.next_request(Method::Notify);
            let mut request = parts.as_request();
            request.contact = Some(&one.contact);
            request.headers = &headers;
            request.body = body.as_ref().map(|body| (one.package.content_type(), body.as_bytes()));
            let owner = Owner { room: ROOM, key: one.token.bits(), part: 0 };
            let client = around.stack.request(around.now, &request, owner, around.sends);
            one.sent(due, client);
            has_left = true;
        });
        if has_left {
            self.watchers.flying += 1;
            self.counters.told += 1;
        }
    }
}
