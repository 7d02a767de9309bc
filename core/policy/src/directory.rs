//! Things by what they are called by: a step or two, where a sorted tree of as many texts takes forty.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finder::{Finder, figure};

/// Things by a name, an extension, a number with its plus; in order of these.
#[derive(Debug)]
pub(crate) struct Directory<T> {
    rows: Vec<(Arc<str>, T)>,
    finder: Finder,
}

impl<T> Directory<T> {
    pub fn new(rows: BTreeMap<Arc<str>, T>) -> Directory<T> {
        let rows: Vec<(Arc<str>, T)> = rows.into_iter().collect();
        let finder = Finder::new(rows.iter().map(|(key, _)| figure(&[key])));
        Directory { rows, finder }
    }

    pub fn get(&self, key: &str) -> Option<&T> {
        let at = self.finder.find(figure(&[key]), |at| *self.rows[at].0 == *key)?;
        Some(&self.rows[at].1)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &T)> {
        self.rows.iter().map(|(key, thing)| (key, thing))
    }
}

/// A site, and an extension there.
type Place = (Arc<str>, Arc<str>);

/// Things by a site and an extension.
#[derive(Debug)]
pub(crate) struct Extensions<T> {
    rows: Vec<(Place, T)>,
    finder: Finder,
}

impl<T> Extensions<T> {
    pub fn new(rows: BTreeMap<Place, T>) -> Extensions<T> {
        let rows: Vec<(Place, T)> = rows.into_iter().collect();
        let finder = Finder::new(rows.iter().map(|((site, extension), _)| figure(&[site, extension])));
        Extensions { rows, finder }
    }

    pub fn of(&self, site: &str, extension: &str) -> Option<&T> {
        let is_it = |at: usize| {
            let (one, other) = &self.rows[at].0;
            **one == *site && **other == *extension
        };
        let at = self.finder.find(figure(&[site, extension]), is_it)?;
        Some(&self.rows[at].1)
    }
}
