//! Which calls a call came out of: parties are given on from call to call.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Lineage {
    parents: BTreeMap<String, Vec<String>>,
    /// Those that became a part of a call: whoever made them is in that one, and goes on from there.
    merged: BTreeMap<String, Vec<String>>,
}

impl Lineage {
    pub(crate) fn note(&mut self, id: &str, parents: &[String]) {
        self.parents.insert(id.to_owned(), parents.to_vec());
    }

    /// A call that was made to take another one, which goes on with whoever made it.
    pub(crate) fn note_merged(&mut self, id: &str, into: &[String]) {
        self.note(id, into);
        for into in into {
            self.merged.entry(into.clone()).or_default().push(id.to_owned());
        }
    }

    /// Every call that one came out of, near or far.
    pub(crate) fn before<'l>(&'l self, id: &'l str) -> BTreeSet<&'l str> {
        let mut found = BTreeSet::new();
        let mut next = vec![id];
        while let Some(one) = next.pop() {
            let parents = self.parents.get(one).into_iter().flatten();
            let merged = self.merged.get(one).filter(|_| one != id).into_iter().flatten();
            let earlier = parents.chain(merged).map(String::as_str);
            next.extend(earlier.filter(|earlier| found.insert(*earlier)));
        }
        found.remove(id);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became a part of a call is before whatever comes out of that one, and before nothing else.
    #[test]
    fn who_took_a_call_goes_on_in_what_becomes_of_it() {
        let mut lineage = Lineage::default();
        lineage.note("rang", &[]);
        lineage.note_merged("picked", &["rang".to_owned()]);
        lineage.note("transferred", &["rang".to_owned()]);
        lineage.note("another", &[]);

        assert_eq!(lineage.before("transferred"), ["picked", "rang"].into());
        assert_eq!(lineage.before("picked"), ["rang"].into());
        assert_eq!((lineage.before("rang"), lineage.before("another")), ([].into(), [].into()));
    }
}
