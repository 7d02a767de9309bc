//! Which calls a call came out of: parties are given on from call to call.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Lineage(BTreeMap<String, Vec<String>>);

impl Lineage {
    pub(crate) fn note(&mut self, id: &str, parents: &[String]) {
        self.0.insert(id.to_owned(), parents.to_vec());
    }

    /// Every call that one came out of, near or far.
    pub(crate) fn before<'l>(&'l self, id: &'l str) -> BTreeSet<&'l str> {
        let mut found = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let parents = self.0.get(id).into_iter().flatten().map(String::as_str);
            next.extend(parents.filter(|parent| found.insert(*parent)));
        }
        found
    }
}
