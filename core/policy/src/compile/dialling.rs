//! The numbers that trunks gave to us, and what short ways there are to dial.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Document, Fault, Spot};

use crate::compile::Compiler;
use crate::dids::{DidBlock, Dids, Unowned};
use crate::policy::{DialPlan, Serves, User};
use crate::refusal;

impl Compiler<'_> {
    pub(super) fn dids(&mut self) -> Dids {
        let documents = self.documents;
        let mut blocks = Vec::new();
        let mut written = Vec::new();
        for document in documents.numbers.values() {
            let Some(trunk) = self.resolve(document, &document.trunk, &documents.trunk, "trunk") else {
                continue;
            };
            let range = document.range.as_ref().map(|range| {
                let [first, last] = range.value.clone();
                (first, last)
            });
            let list =
                document.list.iter().flatten().map(|number| (number.value.clone(), number.value.clone()));
            let spans = range.into_iter().chain(list).collect();
            let unowned = self.unowned(document);
            let at = self.location(document);
            blocks.push((DidBlock { name: document.name.clone(), trunk, unowned, at }, spans));
            written.push(document);
        }
        let trunk_of = |document: &Document<model::Numbers>| document.trunk.value.clone();
        let (dids, overlaps) = Dids::new(blocks);
        for overlap in overlaps {
            let (earlier, later) = (written[overlap.earlier], written[overlap.later]);
            let message = format!(
                "{} is given by trunk \"{}\" and, in numbers \"{}\", by trunk \"{}\"",
                overlap.number,
                trunk_of(later),
                earlier.name,
                trunk_of(earlier)
            );
            self.problems.push(documents.problem(later, Fault::new(Code::OWNED_TWICE, message)));
        }
        dids
    }

    fn unowned(&mut self, document: &Document<model::Numbers>) -> Unowned {
        let refused = Unowned::Refuse(refusal::Code::UNASSIGNED.row().status);
        let Some(unowned) = &document.unowned else { return refused };
        if let Some(status) = &unowned.refuse {
            return Unowned::Refuse(status.value);
        }
        let name = self.resolve_some(document, unowned.user.as_ref(), &self.documents.user, "user");
        name.map_or(refused, Unowned::Call)
    }

    /// Extensions with the prefix of their site; some are told apart by it alone.
    pub(super) fn extensions(
        &mut self,
        users: &BTreeMap<Arc<str>, Arc<User>>,
    ) -> BTreeMap<(Arc<str>, Arc<str>), Arc<User>> {
        let of_sites = users.values().filter_map(|user| {
            let key = (user.site.as_ref()?.name.clone(), user.extension.clone()?);
            Some((key, user.clone()))
        });
        of_sites.collect()
    }

    /// Two sites with one prefix would have one number for two phones.
    pub(super) fn extension_prefixes(&mut self) {
        let documents = self.documents;
        let mut known: BTreeMap<&str, &Document<model::Site>> = BTreeMap::new();
        for site in documents.site.values() {
            let Some(prefix) = &site.extension_prefix else { continue };
            let Some(first) = known.insert(prefix, site) else { continue };
            let message = format!("site \"{}\" has the extension prefix {} too", first.name, prefix.value);
            let fault = Fault::new(Code::CONTRADICTION, message).suggest("give each site its own");
            self.problems.push(documents.problem_at(site, prefix, fault));
        }
    }

    /// Digit and user of an operator.
    pub(super) fn operator<U>(
        &mut self,
        document: &Document<U>,
        operator: Option<&model::Operator>,
    ) -> Option<(Arc<str>, Arc<str>)> {
        let operator = operator?;
        let user = self.resolve(document, &operator.user, &self.documents.user, "user")?;
        Some((operator.dial.as_str().into(), user))
    }

    pub(super) fn dial_plans(&mut self) -> Vec<DialPlan> {
        let documents = self.documents;
        let of_users = documents.user.values().filter_map(|user| user.dialplan.as_ref());
        let of_trunks = documents.trunk.values().filter_map(|trunk| trunk.dialplan.as_ref());
        let of_sites = documents.site.values().filter_map(|site| site.dialplan.as_ref());
        let named: Vec<&str> = of_users.chain(of_trunks).chain(of_sites).map(|name| name.as_str()).collect();
        let mut plans = Vec::new();
        for document in documents.dialplan.values() {
            let sites = self.resolve_all(document, &document.sites, &documents.site, "site");
            let serves = match (sites.is_empty(), named.contains(&&*document.name)) {
                (false, _) => Serves::Sites(sites),
                (true, true) => Serves::WhoeverNamesIt,
                (true, false) => Serves::Everybody,
            };
            let rules = document.rules.iter();
            let rules = rules.map(|rule| (rule.value.clone(), documents.location_of(document, rule).into()));
            plans.push(DialPlan { name: document.name.clone(), serves, rules: rules.collect() });
        }
        plans.sort_by_key(|plan| matches!(plan.serves, Serves::Everybody));
        plans
    }

    /// The dial plan that something names.
    pub(super) fn dial_plan_of<U>(
        &mut self,
        document: &Document<U>,
        name: Option<&Spot<String>>,
    ) -> Option<Arc<str>> {
        self.resolve_some(document, name, &self.documents.dialplan, "dial plan")
    }
}
