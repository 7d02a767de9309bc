//! Who of the house can be watched, by whom, and what documents say of where they are.

use std::net::SocketAddr;
use std::sync::Arc;

use model::Watchers;

use crate::address::name_addr;
use crate::policy::Policy;

/// What a watcher may see of whom they want to watch (RFC 5025 3.2.1); the later, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admission {
    /// Nothing: they are refused.
    Block,
    /// Nothing yet: somebody has to say what.
    Confirm,
    /// Somebody who is never there, and not that it is so.
    PoliteBlock,
    Allow,
}

impl Policy {
    /// Whether anybody could watch anybody: watchers prove who they are.
    pub fn has_watchers(&self) -> bool {
        self.users.values().any(|user| user.registers)
    }

    /// Whom one of our people means by a name, an extension or a number.
    pub fn person(&self, named: &str, asker: &str) -> Option<&Arc<str>> {
        let site = self.users.get(asker).and_then(|asker| asker.site.as_ref());
        let near = site.and_then(|site| self.extensions.of(&site.name, named));
        let found = near.or_else(|| self.directory.get(named))?;
        let is_private = found.private.as_ref().is_some_and(|number| *number.shared() == *named);
        (!is_private).then_some(&found.name)
    }

    /// The address of one of our people, as others of them see it.
    pub fn address_of(&self, user: &str) -> String {
        let display = self.users.get(user).map(|user| &*user.display);
        name_addr(display, &["sip:", user, "@", &self.realm])
    }

    /// Who is watched together under a name.
    pub fn console(&self, named: &str) -> Option<(&Arc<str>, &[Arc<str>])> {
        self.consoles.get_key_value(named).map(|(name, users)| (name, &**users))
    }

    /// What one of our people is called.
    pub fn display_of(&self, user: &str) -> Option<&str> {
        self.users.get(user).map(|user| &*user.display)
    }

    /// The user whose mobile this number is.
    pub fn owner_of_mobile(&self, number: &str) -> Option<&Arc<str>> {
        self.mobiles.get(number)
    }

    /// Whether a user may ask to see where another one is, and whether they are in a call.
    pub fn lets_watch(&self, watched: &str, watcher: &str) -> bool {
        self.admission(watched, watcher) != Admission::Block
    }

    /// What a user may see of that.
    pub fn admission(&self, watched: &str, watcher: &str) -> Admission {
        let Some(user) = self.users.get(watched) else { return Admission::Block };
        if watched == watcher {
            return Admission::Allow;
        }
        if !self.users.contains_key(watcher) {
            return Admission::Block;
        }
        let usual = match user.watchers {
            Watchers::Everybody => Admission::Allow,
            Watchers::PoliteBlock => Admission::PoliteBlock,
            Watchers::Confirm => Admission::Confirm,
            Watchers::Nobody => Admission::Block,
        };
        user.watch_rules.get(watcher).copied().unwrap_or(usual)
    }

    /// Whether a user may pick up what rings at another: both are in one group.
    pub fn lets_pick_up(&self, picker: &str, of: &str) -> bool {
        let group = |name: &str| self.users.get(name).and_then(|user| user.pickup_group.as_ref());
        picker == of || (group(picker).is_some() && group(picker) == group(of))
    }

    /// Whether somebody at this address is believed when they say how many messages wait for our people.
    pub fn is_told_of_mail_by(&self, source: SocketAddr) -> bool {
        self.trunks_at(source).iter().any(|trunk| trunk.tells_of_mail)
    }

    /// Whether a user wants to be left alone.
    pub fn does_not_disturb(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| user.do_not_disturb)
    }

    /// Whether a user has devices that are where the documents say, registered or not.
    pub fn has_fixed_devices(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| !user.devices.is_empty())
    }
}
