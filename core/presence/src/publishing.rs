//! A PUBLISH and its answer (RFC 3903 6).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use policy::WallTime;
use sip_message::Message;
use sip_stack::{Reply, ServerId};

use crate::house::{House, Surroundings};
use crate::no::No;
use crate::publications::Wish;
use crate::reading;

impl House {
    /// A PUBLISH: users say something of themselves, and of nobody else.
    pub fn publish(&mut self, around: &mut Surroundings<'_>, server: ServerId, message: &Message<'_>) {
        let Some(user) = self.proven(around, server, message) else { return };
        match self.published(around, &user, message) {
            Ok((tag, lasts)) => {
                self.counters.accepted += 1;
                let expires = lasts.as_secs().to_string();
                let headers = [("SIP-ETag", &*tag), ("Expires", &expires)];
                let reply = Reply { headers: &headers, ..Reply::plain(200) };
                around.stack.respond(around.now, server, &reply, around.sends);
            }
            Err(no) => self.refuse(around, server, &no),
        }
        self.tell(around);
    }

    fn published(
        &mut self,
        around: &mut Surroundings<'_>,
        user: &Arc<str>,
        message: &Message<'_>,
    ) -> Result<(Box<str>, Duration), No> {
        let (wish, named, lasts) = reading::publish(message)?;
        if around.policy.person(named, user).ok_or(No::Nobody)? != user {
            return Err(No::NotTheirs("users publish what they do themselves"));
        }
        if around.is_busy() && matches!(wish, Wish::Begin(_)) {
            return Err(No::Full);
        }
        let lot = (self.next_publication(around.wall), around.stack.chance());
        let tag = self.publications.apply(around.now, user, &wish, lasts, lot)?;
        self.follow_published(around, user);
        Ok((tag, lasts))
    }

    /// Later ones have higher numbers, on whichever shard: watchers see the newest first.
    pub(crate) fn next_publication(&mut self, wall: WallTime) -> u64 {
        let wall = u64::try_from(wall.0).unwrap_or(0);
        self.last_publication = (self.last_publication + 1).max(wall << 8 | u64::from(self.shard));
        self.last_publication
    }

    /// Has what is published of a user now written down and told.
    pub(crate) fn follow_published(&mut self, around: &mut Surroundings<'_>, user: &Arc<str>) {
        self.keep_published((around.now, around.wall), user);
        let published = self.publications.published(user);
        if published != self.board.own(user).published {
            self.board.publish(user, published);
            self.spread(around, &BTreeSet::from([Arc::clone(user)]));
        }
    }
}
