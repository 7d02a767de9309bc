//! What differs between price lists, deck by deck.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Deck, Policy, PriceChanges};
use serde::Serialize;

/// The prices of decks, by their names.
pub type Decks = BTreeMap<Arc<str>, Arc<Deck>>;

/// A deck whose list is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeckChange {
    pub deck: Arc<str>,
    #[serde(flatten)]
    pub prices: PriceChanges,
}

/// The prices that a policy goes by.
pub fn decks_of(policy: &Policy) -> Decks {
    policy.tariffs().map(|tariff| (tariff.name.clone(), tariff.deck.clone())).collect()
}

/// Every deck that differs, in order of the names.
pub fn deck_changes(old: &Decks, new: &Decks) -> Vec<DeckChange> {
    let none = Arc::new(Deck::default());
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added);
    let differing = names.filter_map(|name| {
        let (was, is) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        let is_same = Arc::ptr_eq(was, is) || was.is_same_text(is);
        (!is_same).then(|| DeckChange { deck: name.clone(), prices: was.changes_to(is) })
    });
    let mut changes: Vec<DeckChange> = differing.collect();
    changes.sort_by(|one, other| one.deck.cmp(&other.deck));
    changes
}
