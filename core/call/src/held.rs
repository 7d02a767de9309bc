//! What a call holds of limits, and for which of its ends: after a transfer, what is held for those who speak
//! now is kept, and what was held for the transferor, in both calls, is given back.

use std::sync::Arc;

use media::Side;
use policy::{Claim, On, Permit, Whose};

/// Something of a limit.
#[derive(Debug)]
pub(crate) struct Held {
    permit: Permit,
    side: Side,
    /// The site that the call enters or leaves; two ends at one site hold nothing of it.
    site: Option<Arc<str>>,
}

impl Held {
    pub(crate) fn of(claim: &Claim, permit: Permit) -> Held {
        let (whose, site) = match &claim.on {
            On::Itself => (Whose::Called, None),
            On::Trunk(whose) => (*whose, None),
            On::Site(whose, site) => (*whose, Some(site.clone())),
        };
        let side = match whose {
            Whose::Calling => Side::Caller,
            Whose::Called => Side::Callee,
        };
        Held { permit, side, site }
    }

    fn is_like(&self, other: &Held) -> bool {
        self.site == other.site && self.permit.is_of_same_limit(&other.permit)
    }
}

/// What a call holds once a party has come over to its `seat`, with what its old call held, where `left` is
/// the side that stayed behind: whoever was on that seat is who was left.
pub(crate) fn joined((own, seat): (Vec<Held>, Side), (lent, left): (Vec<Held>, Side)) -> Vec<Held> {
    let (mut own_left, mut stays) = own.into_iter().partition::<Vec<_>, _>(|held| held.side == seat);
    let (mut lent_left, mut comes) = lent.into_iter().partition::<Vec<_>, _>(|held| held.side == left);
    cancel(&mut own_left, &mut lent_left, |_| true);
    // A site of theirs that only one of the calls has entered is that of their other party there.
    own_left.retain(|held| held.site.is_some());
    lent_left.retain(|held| held.site.is_some());
    comes.append(&mut own_left);
    stays.append(&mut lent_left);
    cancel(&mut comes, &mut stays, |held| held.site.is_some());
    let seated = comes.into_iter().map(|held| Held { side: seat, ..held });
    seated.chain(stays.into_iter().map(|held| Held { side: seat.other(), ..held })).collect()
}

/// Gives back what stands on both sides.
fn cancel(ones: &mut Vec<Held>, others: &mut Vec<Held>, may_be: impl Fn(&Held) -> bool) {
    ones.retain(|held| {
        let place = others.iter().position(|other| may_be(held) && other.is_like(held));
        place.map(|place| others.swap_remove(place)).is_none()
    });
}
