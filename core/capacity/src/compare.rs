//! What an offer would cost: for one place that takes all calls, and for each place by itself.

use model::{Amount, Codec, Offer, OfferUnit};
use serde::Serialize;

use crate::erlang::channels_for;

/// What people of one place send to the telephone network and take from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// In the busy hour.
    pub erlangs: f64,
    /// What its minutes out cost by the offer in a month.
    pub minutes: Amount,
}

/// How well calls are to be served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// The share of calls in the busy hour that may find no channel.
    pub blocking: f64,
    pub codec: Codec,
}

/// What is paid a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bill {
    pub channels: u32,
    /// Lines, channels, or steps of bandwidth.
    pub units: u32,
    pub units_cost: Amount,
    /// Gateways and their care, or the fees of trunks.
    pub places_cost: Amount,
    pub minutes_cost: Amount,
    /// What carries calls of other places to the centre.
    pub lines_cost: Amount,
}

/// An offer for one place that takes all calls, and for each place by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub central: Bill,
    pub distributed: Bill,
}

impl Bill {
    /// All of it.
    pub fn total(&self) -> Amount {
        let parts = [self.units_cost, self.places_cost, self.minutes_cost, self.lines_cost];
        Amount(parts.iter().fold(0, |sum, part| sum.saturating_add(part.0)))
    }

    fn and(self, other: Bill) -> Bill {
        let sum = |one: Amount, other: Amount| Amount(one.0.saturating_add(other.0));
        Bill {
            channels: self.channels.saturating_add(other.channels),
            units: self.units.saturating_add(other.units),
            units_cost: sum(self.units_cost, other.units_cost),
            places_cost: sum(self.places_cost, other.places_cost),
            minutes_cost: sum(self.minutes_cost, other.minutes_cost),
            lines_cost: sum(self.lines_cost, other.lines_cost),
        }
    }
}

/// What an offer costs one place, for so many channels. A place without calls takes none of it.
pub fn bill(offer: &Offer, channels: u32, codec: Codec, minutes: Amount) -> Bill {
    let units = match offer.by {
        OfferUnit::Line => channels.div_ceil(offer.channels.map_or(1, |each| each.get())),
        OfferUnit::Channel => channels,
        OfferUnit::Bandwidth => {
            let kbps = channels.saturating_mul(codec.kbps());
            kbps.div_ceil(offer.step_kbps.map_or(1, |step| step.get()))
        }
    };
    let places_cost = if channels == 0 { Amount(0) } else { offer.place };
    let units_cost = Amount(offer.each.0.saturating_mul(u64::from(units)));
    Bill { channels, units, units_cost, places_cost, minutes_cost: minutes, lines_cost: Amount(0) }
}

/// The same offer both ways; the first place is the centre, and `wan` carries the calls of the others there.
pub fn compare(offer: &Offer, wan: Option<&Offer>, places: &[Place], wanted: Wanted) -> Comparison {
    let Wanted { blocking, codec } = wanted;
    let alone = places.iter().map(|place| (channels_for(place.erlangs, blocking), place.minutes));
    let distributed = alone.map(|(channels, minutes)| bill(offer, channels, codec, minutes));
    let distributed = distributed.fold(Bill::default(), Bill::and);
    let together: f64 = places.iter().map(|place| place.erlangs).sum();
    let minutes = places.iter().fold(0_u64, |sum, place| sum.saturating_add(place.minutes.0));
    let central = bill(offer, channels_for(together, blocking), codec, Amount(minutes));
    let to_centre = places.iter().skip(1).filter_map(|place| {
        let line = bill(wan?, channels_for(place.erlangs, blocking), codec, Amount(0));
        Some(line.total().0)
    });
    let lines_cost = Amount(to_centre.fold(0, u64::saturating_add));
    Comparison { central: Bill { lines_cost, ..central }, distributed }
}
