//! Telling the other shards what may be taken of a call.

use media::Side;
use policy::Callee;

use crate::Room;
use crate::call::{Call, State};
use crate::on_offer::OnOffer;

impl Call {
    /// Tells the other shards what may be taken of this call, if that is news.
    pub(crate) fn note_offer(&mut self, room: &mut Room<'_>) {
        let Some(others) = &mut room.others else { return };
        let (rings_at, parked_at) = match &self.state {
            State::Placing(_) => (self.rings_for_others(), None),
            State::Up(_) => (Vec::new(), self.parked.as_ref().map(|parked| parked.number.clone())),
            State::Refusing(_) | State::Closing(_) => (Vec::new(), None),
        };
        let before = self.on_offer.as_ref();
        let is_known = match before {
            Some(before) => before.rings_at == rings_at && before.parked_at == parked_at,
            None => rings_at.is_empty() && parked_at.is_none(),
        };
        if is_known {
            return;
        }
        let by = match &self.end(Side::Caller).party {
            Callee::User(name) => Some(name.clone()),
            Callee::Trunk(_) => None,
        };
        let offer = OnOffer { call: self.key, began: self.draft.began(), by, rings_at, parked_at };
        others.told.push(offer.clone());
        self.on_offer = Some(Box::new(offer)).filter(|offer| !offer.is_nothing());
    }
}
