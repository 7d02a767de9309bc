//! What a trunk does to numbers and headers.

use std::sync::Arc;

use model::{Code, Document, Fault, HeaderRule, Paging, Rule, Spot};

use crate::compile::Compiler;
use crate::handed_on::TRUSTED_ONLY;
use crate::policy::Translation;
use crate::steps::PAGING;

impl Compiler<'_> {
    pub(super) fn translation(&self, trunk: &Document<model::Trunk>) -> Translation {
        let placed = |rules: &[Spot<Rule>]| {
            let rules = rules.iter();
            rules.map(|rule| (rule.value.clone(), self.documents.location_of(trunk, rule).into())).collect()
        };
        Translation { called: placed(&trunk.translate.called), calling: placed(&trunk.translate.calling) }
    }

    pub(super) fn header_rules(&mut self, trunk: &Document<model::Trunk>) -> Arc<[HeaderRule]> {
        for rule in &trunk.headers {
            let touches = |name: &str| rule.name().is_some_and(|touched| touched.is(name));
            let is_at_stake = touches("Identity") || touches("Identity-Info") || touches("Date");
            if is_at_stake {
                let fault = Fault::new(
                    Code::HEADER_RULE,
                    "a signed Identity no longer proves anything once this rule has run",
                );
                let fault = fault.suggest("leave Identity, Identity-Info and Date alone");
                self.warnings.push(self.documents.problem_at(trunk, rule, fault).warning());
            }
        }
        trunk.headers.iter().map(|rule| rule.value.clone()).collect()
    }

    /// Headers of an INVITE that a rule hands on, or that travel between trunks that trust each other.
    pub(super) fn handed_on(&self) -> Vec<Arc<str>> {
        let trunks = || self.documents.trunk.values();
        let rules = trunks().flat_map(|trunk| &trunk.headers);
        let mut names: Vec<Arc<str>> = rules.filter_map(|rule| Some(rule.pass.as_ref()?.shared())).collect();
        if trunks().any(|trunk| trunk.identity.trust.is_some()) {
            names.extend(TRUSTED_ONLY.map(Arc::from));
        }
        if self.documents.user.values().any(|user| user.paging == Paging::Allowed) {
            names.extend(PAGING.map(Arc::from));
        }
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        names
    }
}
