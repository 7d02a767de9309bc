//! A SUBSCRIBE and its answer (RFC 6665 4.2.1).

use std::sync::Arc;
use std::time::Duration;

use pidf::{Cause, Filters};
use policy::{Admission, Policy};
use registrar::Door;
use sip_message::Message;
use sip_stack::{Dialog, Flow, Reply, ServerId, Token};

use crate::console::Console;
use crate::document::LISTS;
use crate::holding::Holding;
use crate::house::{Counters, House, Surroundings};
use crate::kept::Kept;
use crate::limits::MOST;
use crate::no::No;
use crate::reading::{self, Asked};
use crate::subscription::{Reason, State, Subscription};

impl House {
    /// A SUBSCRIBE, within a subscription of ours or outside of any.
    pub fn subscribe(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
    ) {
        let Some(watcher) = self.proven(around, server, message) else { return };
        let answer = reading::subscribe(message).and_then(|asked| match message.to().tag() {
            Some(tag) => self.refresh(around, &watcher, tag, &asked, flow, message),
            None => self.begin(around, &watcher, &asked, flow, message),
        });
        match answer {
            Ok((token, lasts)) => {
                let contact = around.contact(flow, message);
                self.confirm(around, server, &contact, token, lasts);
            }
            Err(no) => self.refuse(around, server, &no),
        }
        self.tell(around);
    }

    /// Who has sent a request; nobody gets more than a challenge who has not proven it.
    pub(crate) fn proven(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        message: &Message<'_>,
    ) -> Option<Arc<str>> {
        let door = Door {
            now: around.now,
            wall: around.wall,
            policy: around.policy,
            stack: around.stack,
            guard: around.guard,
            sends: around.sends,
        };
        let Counters { challenged, unproven, .. } = &mut self.counters;
        door.admit(server, message, (challenged, unproven))
    }

    fn begin(
        &mut self,
        around: &mut Surroundings<'_>,
        watcher: &Arc<str>,
        asked: &Asked<'_>,
        flow: Flow,
        message: &Message<'_>,
    ) -> Result<(Token, Option<Duration>), No> {
        let (named, uri) = asked.whom.ok_or(No::Nobody)?;
        let (watched, users) = whom(around.policy, named, watcher, asked)?;
        if message.contact().is_none_or(|contact| contact.is_err()) {
            return Err(No::Bad("a SUBSCRIBE says where its NOTIFYs go"));
        }
        let filters = asked.filters_after(&Filters::default())?;
        if users.is_some() && !filters.is_empty() {
            return Err(No::Unfit("filters are for one user at a time here"));
        }
        if around.is_busy() {
            return Err(No::Full);
        }
        self.watchers.room_for(watcher, users.unwrap_or(std::slice::from_ref(watched)))?;
        let token = Token::new(self.shard, self.watchers.next_slot(), around.stack.chance().u32());
        let state = match asked.lasts {
            Some(_) => State::Owed { from: around.now, failures: 0 },
            None => State::Ending { reason: Reason::Timeout, from: around.now },
        };
        let mut dialog = Dialog::as_callee(message, &token.tag(), flow);
        around.table.settle(&mut dialog);
        let mut subscription = Subscription {
            token,
            dialog,
            watcher: Arc::clone(watcher),
            watched: Arc::clone(watched),
            console: users.map(Console::of),
            package: asked.package,
            event: asked.event.as_str().into(),
            contact: around.contact(flow, message).into(),
            entity: uri.into(),
            until: around.now + asked.lasts.unwrap_or(MOST),
            version: 0,
            admission: Admission::Block,
            cause: Cause::Subscribe,
            state,
            is_kept: asked.lasts.is_some(),
            holding: if users.is_some() { None } else { Holding::of(asked.style, filters) },
            look: None,
        };
        subscription.judge(around.now, around.policy);
        if subscription.is_kept {
            self.kept.push(Kept::of(&subscription, (around.now, around.wall), around.listeners));
        }
        self.take_in(around, subscription);
        Ok((token, asked.lasts))
    }

    /// A watcher wants more of it, or no more.
    fn refresh(
        &mut self,
        around: &mut Surroundings<'_>,
        watcher: &Arc<str>,
        tag: &str,
        asked: &Asked<'_>,
        flow: Flow,
        message: &Message<'_>,
    ) -> Result<(Token, Option<Duration>), No> {
        let token = Token::find(tag).ok_or(No::Gone)?;
        let slot = self.watchers.slot_of(token).ok_or(No::Gone)?;
        let (now, kept) = (around.now, &mut self.kept);
        let refreshed = self.watchers.with(slot, |one| {
            if one.watcher != *watcher || *one.event != *asked.event {
                return Err(No::Gone);
            }
            if matches!(one.state, State::Ending { .. } | State::Parting { .. }) {
                return Err(No::Gone);
            }
            one.dialog.admit(message).map_err(|fault| match fault.status() {
                500 => No::OutOfOrder,
                _ => No::Gone,
            })?;
            let before = one.holding.as_ref().map(|holding| holding.filters.clone()).unwrap_or_default();
            let filters = asked.filters_after(&before)?;
            if one.console.is_none() {
                one.holding = Holding::of(asked.style, filters);
            } else if !filters.is_empty() {
                return Err(No::Unfit("filters are for one user at a time here"));
            }
            one.dialog.retarget(message);
            around.table.settle(&mut one.dialog);
            one.dialog.heard_on(flow);
            match asked.lasts {
                Some(lasts) => {
                    one.until = now + lasts;
                    one.heard(now);
                    kept.push(Kept::of(one, (now, around.wall), around.listeners));
                }
                None => one.end(now, Reason::Timeout),
            }
            Ok((token, asked.lasts))
        });
        refreshed.unwrap_or(Err(No::Gone))
    }

    fn confirm(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        contact: &str,
        token: Token,
        lasts: Option<Duration>,
    ) {
        self.counters.accepted += 1;
        let expires = lasts.unwrap_or_default().as_secs().to_string();
        let tag = token.tag();
        let one = self.watchers.slot_of(token).and_then(|slot| self.watchers.get(slot));
        let of_list = one.is_some_and(|one| one.console.is_some()).then_some(("Require", LISTS));
        let headers: Vec<(&str, &str)> = of_list.into_iter().chain([("Expires", &*expires)]).collect();
        let reply =
            Reply { to_tag: Some(&tag), contact: Some(contact), headers: &headers, ..Reply::plain(200) };
        around.stack.respond(around.now, server, &reply, around.sends);
    }

    pub(crate) fn refuse(&mut self, around: &mut Surroundings<'_>, server: ServerId, no: &No) {
        match no {
            No::Full => self.counters.shed += 1,
            _ => self.counters.refused += 1,
        }
        let (status, name, value) = no.answer();
        let reply = Reply { headers: &[(name, &value)], ..Reply::plain(status) };
        around.stack.respond(around.now, server, &reply, around.sends);
    }
}

/// Who is meant: a user, or a console and those whom it shows.
type Meant<'p> = (&'p Arc<str>, Option<&'p [Arc<str>]>);

fn whom<'p>(policy: &'p Policy, named: &str, watcher: &str, asked: &Asked<'_>) -> Result<Meant<'p>, No> {
    let private = asked.package.is_private();
    let Some(watched) = policy.person(named, watcher) else {
        let (name, users) = policy.console(named).ok_or(No::Nobody)?;
        if let Some(words) = private {
            return Err(No::NotTheirs(words));
        }
        return match asked.knows_lists {
            true => Ok((name, Some(users))),
            false => Err(No::OneByOne),
        };
    };
    if !policy.lets_watch(watched, watcher) {
        return Err(No::NotTheirs("this user is not to be watched"));
    }
    match private.filter(|_| **watched != *watcher) {
        Some(words) => Err(No::NotTheirs(words)),
        None => Ok((watched, None)),
    }
}
