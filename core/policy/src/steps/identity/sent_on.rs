//! The same caller, whose call somebody here sends on.

use std::sync::Arc;

use crate::address::named_in;
use crate::history::{Address, Reason};
use crate::policy::{Policy, User};
use crate::sent_on::{Sender, SentOn};
use crate::steps::identity::who::{Standing, Who, named};
use crate::steps::{Caller, Party};

impl<'c> Who<'c> {
    /// As somebody inside sees the caller: unchanged, and who sent the call on.
    pub fn sent_on_inside(&self, policy: &Policy, by: &User, reason: Reason) -> Who<'c> {
        let name = by.number.as_ref().map_or(&*by.name, |number| number.as_str());
        let uri = format!("sip:{name}@{}", policy.realm);
        let address = Address { display: Some(by.display.to_string()), uri };
        let sent_on = SentOn { by: Sender::User(by.name.clone()), reason: reason.clone() };
        self.diverted(address, sent_on)
    }

    /// The same, where the far end of a trunk sends the call on that went to a number there.
    pub fn sent_on_by_number(&self, policy: &Policy, number: &Arc<str>, reason: Reason) -> Who<'c> {
        let address = Address { display: None, uri: format!("sip:{number}@{}", policy.realm) };
        self.diverted(address, SentOn { by: Sender::Number(number.clone()), reason })
    }

    fn diverted(&self, address: Address, by: SentOn) -> Who<'c> {
        let mut who = self.clone();
        who.history = who.history.diverted_by(address, by.reason.clone());
        who.sent_on.push(by);
        who
    }

    /// As a trunk sees it: the caller is shown, and whoever sends the call on is vouched for.
    pub fn sent_on_outside(&self, policy: &Policy, by: &User, reason: Reason) -> Who<'c> {
        let asserted = by.number.as_ref().map(|number| number.shared());
        Who { asserted, standing: Standing::Diverted, ..self.sent_on_inside(policy, by, reason) }
    }
}

/// Users here who have sent a call on before it came to us.
pub(crate) fn senders<'p>(policy: &'p Policy, who: &Who<'_>, caller: &Caller<'p>) -> Vec<&'p Arc<User>> {
    let number = |uri: &str| match caller.party {
        Party::Trunk(trunk) => named(policy, trunk, uri).map(|number| number.to_string()),
        Party::User(_) | Party::Stranger { .. } => named_in(uri),
    };
    let numbers = who.history.hops.iter().filter_map(|hop| number(&hop.by.uri));
    numbers.filter_map(|number| policy.directory.get(number.as_str())).collect()
}
