//! Lines that calls cross, and offers, which nothing but a comparison reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Fault};

use crate::compile::Compiler;
use crate::limit::{Limit, Unit};

/// What each link carries, where it says so.
pub(super) type Links = BTreeMap<Arc<str>, Arc<Limit>>;

impl Compiler<'_> {
    pub(super) fn links(&mut self) -> Links {
        let bounded = self.documents.link.values().filter_map(|link| Some((&link.name, link.kbps?.get())));
        let limit = |name: &Arc<str>, kbps: u32| self.limit(format!("link {name}"), Unit::Kbps, kbps);
        bounded.map(|(name, kbps)| (name.clone(), limit(name, kbps))).collect()
    }

    /// An offer counts its minutes by a price list in its own currency.
    pub(super) fn offers(&mut self) {
        let documents = self.documents;
        for offer in documents.offer.values() {
            let Some(name) = &offer.deck else { continue };
            let known = self.resolve(offer, name, &documents.deck, "deck");
            let deck = known.and_then(|name| documents.deck.get(&name));
            if let Some(deck) = deck.filter(|deck| deck.currency != offer.currency) {
                let message = format!(
                    "deck \"{}\" is in {}, the offer in {}",
                    deck.name, deck.currency, offer.currency
                );
                let fault = Fault::new(Code::OFFER, message).suggest("compare in one currency");
                self.problems.push(documents.problem_at(offer, name, fault));
            }
        }
    }
}
