//! NOTIFYs: at most one of a subscription is on its way, and it says what is so when it leaves.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Admission, Policy};
use sip_message::Method;
use sip_stack::Owner;

use crate::console::Asking;
use crate::document::{LISTS, Naming, PACKAGES};
use crate::face::Face;
use crate::holding::Sight;
use crate::house::{House, ROOM, Surroundings};
use crate::limits::{AT_ONCE_MAX, FLYING_MAX};
use crate::subscription::{Due, State, Subscription};

/// How those look whom a subscription is about.
type Faces = BTreeMap<Arc<str>, Arc<Face>>;

impl House {
    pub(crate) fn is_full(&self) -> bool {
        self.watchers.flying >= FLYING_MAX
    }

    /// Tells those who have waited longest, as many as may be told at once.
    pub fn tell(&mut self, around: &mut Surroundings<'_>) {
        self.note_watchers(around);
        for _ in 0..AT_ONCE_MAX {
            if self.is_full() {
                break;
            }
            let Some(slot) = self.watchers.due(around.now) else { break };
            self.notify(around, slot);
        }
        self.note_watchers(around);
    }

    fn notify(&mut self, around: &mut Surroundings<'_>, slot: u32) {
        let Some(one) = self.watchers.get(slot) else { return };
        let face = |user: Arc<str>| Some((Arc::clone(&user), Arc::clone(self.watchers.face(&user)?)));
        let faces: Faces = one.users().into_iter().filter_map(face).collect();
        let mut has_left = false;
        self.watchers.with(slot, |one| {
            let due = match one.due(around.now) {
                None => return,
                Some(Due::Nothing) => return one.state = State::Over,
                Some(due) => due,
            };
            let left = one.until.saturating_duration_since(around.now);
            let state = match due {
                Due::LastWord(reason) => format!("terminated;reason={}", reason.word()),
                Due::State | Due::Nothing => {
                    let waits = one.console.is_none() && one.admission == Admission::Confirm;
                    let state = if waits { "pending" } else { "active" };
                    format!("{state};expires={}", left.as_millis().div_ceil(1000))
                }
            };
            let body = match body(around.policy, one, due, &faces) {
                Word::NoNews => return one.is_spared(around.now),
                Word::Nothing => None,
                Word::Of(kind, text) => Some((kind, text)),
            };
            one.version = one.version.wrapping_add(u32::from(body.is_some()));
            let mut headers =
                vec![("Event", &*one.event), ("Subscription-State", &*state), ("Allow-Events", PACKAGES)];
            headers.extend(one.console.as_ref().map(|_| ("Require", LISTS)));
            let parts = one.dialog.next_request(Method::Notify);
            let mut request = parts.as_request();
            request.contact = Some(&one.contact);
            request.headers = &headers;
            request.body = body.as_ref().map(|(kind, body)| (&**kind, body.as_bytes()));
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

/// What a NOTIFY says.
enum Word {
    /// What the watcher knows already: it does not leave.
    NoNews,
    /// Nothing but how the subscription stands.
    Nothing,
    Of(Cow<'static, str>, String),
}

/// What is said of whom it is about; nothing to whoever may not know.
fn body(policy: &Policy, one: &mut Subscription, due: Due, faces: &Faces) -> Word {
    let token = one.token.letters();
    if let Some(console) = &mut one.console {
        // A last word says nothing of anybody: they may have become somebody else's to know.
        if due != Due::State {
            return Word::Nothing;
        }
        let asking = Asking {
            watcher: &one.watcher,
            package: one.package,
            entity: &one.entity,
            version: one.version,
            boundary: token.text(),
            transport: one.dialog.flow().transport,
        };
        let bundle = console.tell(policy, &asking, faces);
        return Word::Of(bundle.content_type.into(), bundle.body);
    }
    let absent = Face::absent();
    let face = match (one.admission, faces.get(&one.watched)) {
        (Admission::PoliteBlock, _) => &absent,
        (Admission::Allow, Some(face)) => &**face,
        (Admission::Allow, None) | (Admission::Block | Admission::Confirm, _) => return Word::Nothing,
    };
    let person = format!("sip:{}@{}", one.watched, policy.realm());
    if let Some(holding) = &mut one.holding {
        if due != Due::State {
            holding.begin_anew();
        }
        let sight = Sight { mien: Arc::clone(&face.presence), person: person.into() };
        let told = holding.tell(&sight, (&one.entity, policy.realm()), one.version);
        return told.map_or(Word::NoNews, |(kind, text)| Word::Of(kind.into(), text));
    }
    let naming = Naming::between(policy, &one.watcher, &one.watched);
    let document = one.package.document(face, policy, (&person, &one.entity), one.version, naming);
    Word::Of(one.package.content_type().into(), document)
}
