//! Messages that wait in mailboxes, as the messaging system says, unasked (RFC 3842 3.8).

use std::collections::BTreeSet;
use std::sync::Arc;

use pidf::Summary;
use policy::Policy;
use sip_message::{Message, Uri};
use sip_stack::{Reply, ServerId};

use crate::document::Package;
use crate::house::{House, Surroundings};
use crate::kept::Kept;
use crate::known::Mailbox;
use crate::limits::SUMMARY_MAX;
use crate::no::No;
use crate::reading;

impl House {
    /// A NOTIFY from whoever may say how many messages wait.
    pub fn told_of_mail(&mut self, around: &mut Surroundings<'_>, server: ServerId, message: &Message<'_>) {
        match self.mailbox(around, message) {
            Ok(()) => {
                self.counters.accepted += 1;
                around.stack.respond(around.now, server, &Reply::plain(200), around.sends);
            }
            Err(no) => self.refuse(around, server, &no),
        }
        self.tell(around);
    }

    fn mailbox(&mut self, around: &mut Surroundings<'_>, message: &Message<'_>) -> Result<(), No> {
        let package = Package::Messages;
        if reading::event(message).is_none_or(|(name, _)| name != package.name()) {
            return Err(No::UnknownEvent(package.name()));
        }
        if !reading::is_of_type(message, package.content_type()) {
            return Err(No::NotAcceptable(package.content_type()));
        }
        let body = Some(message.body()).filter(|body| body.len() <= SUMMARY_MAX).ok_or(No::TooLarge)?;
        let summary = Summary::read(body).ok_or(No::Bad("its body is no message summary"))?;
        let user = owner(around.policy, &summary, message).ok_or(No::Nobody)?;

        let wall = u64::try_from(around.wall.0).unwrap_or(0);
        self.last_mail = (self.last_mail + 1).max(wall << 8 | u64::from(self.shard));
        let mailbox = Mailbox { number: self.last_mail, summary: Arc::new(summary) };
        self.kept.push(Kept::mailbox(&user, &mailbox));
        self.board.put_mail(&user, mailbox);
        self.spread(around, &BTreeSet::from([user]));
        Ok(())
    }
}

/// Whose mailbox it is: by the account that it names, else by whom the request is for.
fn owner(policy: &Policy, summary: &Summary, message: &Message<'_>) -> Option<Arc<str>> {
    let account = summary.account.as_deref().and_then(|account| Uri::parse(account).ok());
    let to = Uri::parse(message.to().uri).ok();
    let uris = [account, message.uri(), to].into_iter().flatten();
    uris.filter_map(|uri| uri.user()).find_map(|named| policy.person(named, "")).cloned()
}
