//! Rights and usages, and which rights hold for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Class, Code, Document, Fault, Scope, Spot, nearest};

use crate::compile::Compiler;
use crate::policy::Policy;
use crate::rights::{Reach, Rights, Usage};

/// What is allowed to people of whom nothing is said.
const USUAL: [Class; 3] = [Class::Internal, Class::National, Class::Mobile];

/// Rights by whom they are for; the most specific win.
pub(super) struct RightsBook {
    named: BTreeMap<Arc<str>, Arc<Rights>>,
    of_sites: BTreeMap<Arc<str>, Arc<Rights>>,
    of_house: Arc<Rights>,
}

impl Compiler<'_> {
    pub(super) fn rights_book(&mut self) -> RightsBook {
        let documents = self.documents;
        let named: BTreeMap<Arc<str>, Arc<Rights>> = documents
            .rights
            .values()
            .map(|document| (document.name.clone(), Arc::new(self.rights(document))))
            .collect();
        let system = &documents.system;
        let of_house = self.resolve_some(system, system.rights.as_ref(), &documents.rights, "rights");
        let of_house = of_house.and_then(|name| named.get(&name).cloned());
        let of_house = of_house.unwrap_or_else(|| Arc::new(usual(&self.location(system))));
        let mut of_sites = BTreeMap::new();
        for site in documents.site.values() {
            let name = self.resolve_some(site, site.rights.as_ref(), &documents.rights, "rights");
            if let Some(rights) = name.and_then(|name| named.get(&name)) {
                of_sites.insert(site.name.clone(), rights.clone());
            }
        }
        RightsBook { named, of_sites, of_house }
    }

    /// A user's own, else those of the user's site, else those of the house.
    pub(super) fn rights_of(
        &mut self,
        user: &Document<model::User>,
        site: Option<&str>,
        book: &RightsBook,
    ) -> Arc<Rights> {
        if let (Some(_), Some(rights)) = (&user.allow, &user.rights) {
            let message = format!("user \"{}\" has rights and a list of classes of its own", user.name);
            let fault = Fault::new(Code::CONTRADICTION, message).suggest("keep rights, or allow");
            self.problems.push(self.documents.problem_at(user, rights, fault));
        }
        if let Some(allow) = &user.allow {
            let allow = allow.iter().map(|class| Reach::Class(*class)).collect();
            let at = self.location(user);
            return Arc::new(Rights { name: None, allow, deny: Vec::new(), usages: Vec::new(), at });
        }
        let named = self.resolve_some(user, user.rights.as_ref(), &self.documents.rights, "rights");
        let named = named.and_then(|name| book.named.get(&name));
        let rights = named.or_else(|| book.of_sites.get(site?)).unwrap_or(&book.of_house);
        rights.clone()
    }

    fn rights(&mut self, document: &Document<model::Rights>) -> Rights {
        let allow = match &document.allow {
            Some(scopes) => self.reaches(document, scopes),
            None => USUAL.into_iter().map(Reach::Class).collect(),
        };
        Rights {
            name: Some(document.name.clone()),
            allow,
            deny: self.reaches(document, &document.deny),
            usages: self.usages_held(document, &document.usages),
            at: self.location(document),
        }
    }

    fn reaches(&mut self, document: &Document<model::Rights>, scopes: &[Spot<Scope>]) -> Vec<Reach> {
        let mut reaches = Vec::with_capacity(scopes.len());
        for scope in scopes {
            match &scope.value {
                Scope::Class(class) => reaches.push(Reach::Class(*class)),
                Scope::Beginning(digits) => reaches.push(Reach::Beginning(digits.clone())),
                Scope::Country(id) => {
                    let id = scope.with(id.to_string());
                    reaches.extend(
                        self.country(document, &id).map(|country| Reach::Country(country.id.clone())),
                    );
                }
            }
        }
        reaches
    }

    /// Usages that somebody holds: each has to lead somewhere.
    pub(super) fn usages_held<T>(&mut self, from: &Document<T>, names: &[Spot<String>]) -> Vec<Usage> {
        let documents = self.documents;
        for name in names {
            let routes = || documents.route.values().flat_map(|route| &route.usages);
            if routes().any(|usage| usage.value == name.value) {
                continue;
            }
            let message = format!("usage \"{}\" leads nowhere: no route has it", name.value);
            let fault = Fault::new(Code::UNKNOWN_NAME, message);
            let fault = match nearest(name, routes().map(|usage| usage.as_str())) {
                Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
                None => fault.suggest(format!("add usages = [\"{}\"] to a route", name.value)),
            };
            self.problems.push(documents.problem_at(from, name, fault));
        }
        self.usages(names)
    }

    pub(super) fn usages(&self, names: &[Spot<String>]) -> Vec<Usage> {
        let usage = |name: &Spot<String>| {
            let at = self.usages.binary_search_by(|known| (**known).cmp(name.as_str())).ok()?;
            u16::try_from(at).ok().map(Usage)
        };
        names.iter().filter_map(usage).collect()
    }
}

/// The names of all usages, in order.
pub(super) fn usage_names(documents: &model::Documents) -> Vec<Arc<str>> {
    let of_routes = documents.route.values().flat_map(|route| &route.usages);
    let of_rights = documents.rights.values().flat_map(|rights| &rights.usages);
    let of_trunks = documents.trunk.values().flat_map(|trunk| &trunk.usages);
    let of_sites = documents.site.values().flat_map(|site| &site.usages);
    let names: BTreeSet<&str> =
        of_routes.chain(of_rights).chain(of_trunks).chain(of_sites).map(|name| name.as_str()).collect();
    names.into_iter().map(Arc::from).collect()
}

fn usual(at: &Arc<str>) -> Rights {
    let allow = USUAL.into_iter().map(Reach::Class).collect();
    Rights { name: None, allow, deny: Vec::new(), usages: Vec::new(), at: at.clone() }
}

impl Policy {
    /// Whether some user, trunk or site holds one of these.
    pub(super) fn holds_any(&self, usages: &[Usage]) -> bool {
        let holds = |held: &[Usage]| held.iter().any(|usage| usages.contains(usage));
        self.trunks.values().any(|trunk| holds(&trunk.usages))
            || self.users.values().any(|user| holds(&user.rights.usages))
            || self.sites.values().any(|site| holds(&site.usages))
    }
}
