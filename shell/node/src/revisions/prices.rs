//! What differs between files that documents name: price lists, deck by deck, and sounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Deck, Policy, PriceChanges};
use serde::Serialize;

/// The prices of decks, by their names.
pub type Decks = BTreeMap<Arc<str>, Arc<Deck>>;

/// What the files hold that documents name.
#[derive(Debug, Default)]
pub struct Files {
    pub decks: Decks,
    /// What tells sounds apart, by the names of their files.
    pub sounds: BTreeMap<Arc<str>, u64>,
}

/// A deck whose list is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeckChange {
    pub deck: Arc<str>,
    #[serde(flatten)]
    pub prices: PriceChanges,
}

impl Files {
    /// Those that a policy goes by.
    pub fn of(policy: &Policy) -> Files {
        let decks = policy.tariffs().map(|tariff| (tariff.name.clone(), tariff.deck.clone())).collect();
        Files { decks, sounds: policy.sound_prints() }
    }
}

/// Every file of sound that is in both, and is another one.
pub fn sound_changes(old: &Files, new: &Files) -> Vec<Arc<str>> {
    let is_other = |(name, print): &(&Arc<str>, &u64)| old.sounds.get(*name).is_some_and(|old| old != *print);
    new.sounds.iter().filter(is_other).map(|(name, _)| name.clone()).collect()
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
