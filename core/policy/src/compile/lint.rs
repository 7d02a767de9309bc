//! Rules that get into each other's way: never reached, never first, or in an order that nobody chose.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Document, Fault, MediaPath, Problem, Rule, SitePath, Spot, TollBypass, Transit};

use crate::compile::Compiler;
use crate::policy::{Leads, Policy, Route, Site, Trunk};
use crate::prefixes::Prefix;
use crate::steps::admit::kbps;

/// Routes so far, by how their numbers begin.
type ByBeginning = BTreeMap<Prefix, Vec<usize>>;

impl Compiler<'_> {
    /// Looks at the finished policy as a whole.
    pub(super) fn lint(&mut self, policy: &Policy) {
        self.routes_in_the_way(&policy.routes);
        self.routes_for_nobody(policy);
        self.rules_in_the_way();
        self.transit_loops(policy);
        self.trunks_with_the_same_ends(policy);
        self.sites_without_way(policy);
        self.links_in_doubt(policy);
        self.media_that_never_leaves(policy);
    }

    fn routes_in_the_way(&mut self, routes: &[Route]) {
        let mut places: Vec<(String, usize)> =
            routes.iter().enumerate().map(|(at, route)| (route.to.beginning(), at)).collect();
        // Who begins shorter comes first, so that each meets all whose beginning it continues.
        places.sort_by_key(|(beginning, at)| (beginning.len(), *at));
        let mut met = ByBeginning::new();
        let mut said: Vec<(usize, Problem)> = Vec::new();
        for (text, at) in &places {
            let mut worst: Option<Problem> = None;
            for other in (0..=text.len()).filter_map(|end| met.get(&Prefix::of(&text[..end]))).flatten() {
                let (first, later) = (&routes[*at.min(other)], &routes[*at.max(other)]);
                let problem = self.in_the_way(first, later);
                worst = worst.into_iter().chain(problem).max_by_key(|problem| problem.severity);
            }
            said.extend(worst.map(|problem| (*at, problem)));
            met.entry(Prefix::of(text)).or_default().push(*at);
        }
        said.sort_by_key(|(at, _)| *at);
        for (_, problem) in said {
            match problem.severity {
                model::Severity::Error => self.problems.push(problem),
                model::Severity::Warning => self.warnings.push(problem),
            }
        }
    }

    fn in_the_way(&self, first: &Route, later: &Route) -> Option<Problem> {
        let document = self.documents.route.get(&later.name)?;
        if first.shadows(later) {
            if !later.adds_to(first) {
                let message = format!(
                    "route \"{}\" is never reached: \"{}\" takes all its calls",
                    later.name, first.name
                );
                let fault = Fault::new(Code::ROUTE_UNREACHABLE, message);
                let fault = fault.suggest(format!("give it an order below {} ({})", first.order, first.at));
                return Some(self.documents.problem_at(document, &document.to, fault));
            }
            if !later.to.covers(&first.to) {
                let message = format!(
                    "route \"{}\" is only a backup: \"{}\" takes all its calls first",
                    later.name, first.name
                );
                let fault = Fault::new(Code::NEVER_FIRST, message);
                let fault = fault.suggest(format!("an order below {} would put it first", first.order));
                return Some(self.documents.problem_at(document, &document.to, fault).warning());
            }
        }
        if first.order == later.order && first.is_for_the_same(later) && first.to.overlaps(&later.to) {
            let message = format!(
                "routes \"{}\" and \"{}\" take some of the same calls and have one order: their names decide",
                first.name, later.name
            );
            let fault = Fault::new(Code::NO_ORDER, message).suggest("give them different orders");
            return Some(self.documents.problem_at(document, &document.to, fault).warning());
        }
        None
    }

    fn routes_for_nobody(&mut self, policy: &Policy) {
        for route in policy.routes.iter().filter(|route| !route.usages.is_empty()) {
            let Some(document) = self.documents.route.get(&route.name) else { continue };
            if let Some(usage) = document.usages.first()
                && route.from_trunk.is_none()
                && !policy.holds_any(&route.usages)
            {
                let message =
                    format!("route \"{}\" serves nobody: no rights and no trunk hold its usages", route.name);
                let fault =
                    Fault::new(Code::NEVER_FIRST, message).suggest("add one to [rights.*] or a trunk");
                self.warnings.push(self.documents.problem_at(document, usage, fault).warning());
            }
        }
    }

    fn rules_in_the_way(&mut self) {
        for plan in self.documents.dialplan.values() {
            for (at, rule) in plan.rules.iter().enumerate() {
                let covers = |earlier: &&Spot<Rule>| earlier.matches.covers(&rule.matches);
                let Some(first) = plan.rules[..at].iter().find(covers) else { continue };
                let message = format!("the rule for \"{}\" is never reached", rule.matches);
                let fault = Fault::new(Code::ROUTE_UNREACHABLE, message);
                let at = self.documents.location_of(plan, first);
                let fault = fault.suggest(format!("put it before \"{}\" ({at})", first.matches));
                self.warnings.push(self.documents.problem_at(plan, rule, fault).warning());
            }
        }
    }

    /// Calls from the telephone network that could leave into it again, and will be refused.
    fn transit_loops(&mut self, policy: &Policy) {
        let closed = |trunk: &&Arc<Trunk>| trunk.kind.is_public() && trunk.transit == Transit::Refused;
        for trunk in policy.trunks.values().filter(closed) {
            for route in &policy.routes {
                let by_name = route.from_trunk.as_ref() == Some(&trunk.name);
                let by_usage = route.from_trunk.is_none()
                    && route.usages.iter().any(|usage| trunk.usages.contains(usage));
                let Some(out) = route.first_public().filter(|_| by_name || by_usage) else { continue };
                let Some(document) = self.documents.route.get(&route.name) else { continue };
                let message = format!(
                    "route \"{}\" leads calls of {} back into the telephone network, by {}: they are refused",
                    route.name, trunk.name, out.name
                );
                let fault = Fault::new(Code::TRANSIT_LOOP, message);
                let fault = fault.suggest(format!(
                    "if it is meant: transit = \"allowed\" in [trunk.{}] ({})",
                    trunk.name, trunk.at
                ));
                self.warnings.push(self.documents.problem(document, fault).warning());
            }
        }
    }

    /// Trunks to one server are told apart by the interface they leave from, or by their account.
    fn trunks_with_the_same_ends(&mut self, policy: &Policy) {
        let mut known: BTreeMap<String, Arc<str>> = BTreeMap::new();
        for document in self.documents.trunk.values() {
            let Some(trunk) = policy.trunks.get(&document.name) else { continue };
            let account = trunk.credentials.as_ref().map(|credentials| &*credentials.user);
            let account = trunk.identity.account.as_deref().or(account).unwrap_or("");
            for (server, written) in trunk.servers.iter().zip(&document.servers) {
                let ends = format!("{:?} {} {account}", server.interface, server.target);
                let Some(other) = known.insert(ends, trunk.name.clone()) else { continue };
                if let Some(problem) = self.same_ends(document, written, &other) {
                    self.problems.push(problem);
                }
            }
        }
    }

    /// Sites that refuse toll bypass and have no route of their own.
    fn sites_without_way(&mut self, policy: &Policy) {
        for document in self.documents.site.values() {
            let Some(site) = policy.sites.get(&document.name) else { continue };
            let leads_out = |route: &Route| site.has(route) && route.first_public().is_some();
            if site.toll_bypass == TollBypass::Allowed || policy.routes.iter().any(leads_out) {
                continue;
            }
            let message = format!(
                "whoever is at site \"{}\" reaches the telephone network for help only: no route is of it",
                site.name
            );
            let fault = Fault::new(Code::TOLL_BYPASS, message);
            let fault =
                fault.suggest(format!("sites = [\"{}\"] in a route, or usages in the site", site.name));
            self.warnings.push(self.documents.problem(document, fault).warning());
        }
    }

    /// Whoever is at no addresses of a site is never known to be there.
    fn media_that_never_leaves(&mut self, policy: &Policy) {
        let has_none = |site: &Site| site.subnets.is_empty();
        for document in self.documents.site.values() {
            if document.media.path == SitePath::Auto && document.subnets.is_empty() {
                let message =
                    format!("media at site \"{}\" never leaves us: it has no subnets", document.name);
                let fault = Fault::new(Code::MEDIA_PATH, message);
                self.warnings.push(self.documents.problem(document, fault).warning());
            }
        }
        for document in self.documents.trunk.values() {
            let site = policy.trunks.get(&document.name).and_then(|trunk| trunk.site.as_deref());
            if document.media.path == MediaPath::Auto && site.is_none_or(has_none) {
                let message = format!(
                    "media of trunk \"{}\" never leaves us: it is at no subnets of a site",
                    document.name
                );
                let fault = Fault::new(Code::MEDIA_PATH, message).suggest("site = a site that has subnets");
                self.warnings.push(self.documents.problem(document, fault).warning());
            }
        }
    }

    /// What crosses the Internet in the clear, and lines that carry less than their trunks are meant for.
    fn links_in_doubt(&mut self, policy: &Policy) {
        for document in self.documents.trunk.values() {
            if let Some(why) = &document.unprotected {
                let message =
                    format!("trunk \"{}\" crosses the Internet unprotected: {}", document.name, why.value);
                let fault = Fault::new(Code::UNPROTECTED, message).suggest("TLS with SRTP, or a VPN");
                self.warnings.push(self.documents.problem_at(document, why, fault).warning());
            }
        }
        for document in self.documents.link.values() {
            let Some(carries) = document.kbps else { continue };
            let crosses = |trunk: &&Document<model::Trunk>| {
                trunk.link.as_ref().is_some_and(|name| **name == *document.name)
            };
            let trunks = self.documents.trunk.values().filter(crosses);
            let meant =
                trunks.filter_map(|trunk| Some((policy.trunks.get(&trunk.name)?, trunk.limits.calls?)));
            let meant = meant.map(|(trunk, calls)| u64::from(calls) * u64::from(kbps(&trunk.media.codecs)));
            let meant: u64 = meant.sum();
            if meant > u64::from(carries.get()) {
                let message = format!(
                    "link \"{}\" carries {carries} kbps, and the calls that its trunks may have take {meant}",
                    document.name
                );
                let fault =
                    Fault::new(Code::LINK, message).suggest("fewer calls, another codec, or a wider link");
                self.warnings.push(self.documents.problem(document, fault).warning());
            }
        }
    }

    fn same_ends(
        &self,
        document: &Document<model::Trunk>,
        server: &Spot<model::Server>,
        other: &Arc<str>,
    ) -> Option<Problem> {
        let message = match *other == document.name {
            true => format!("trunk \"{other}\" has this server twice"),
            false => format!("trunk \"{other}\" has the same server, interface and account"),
        };
        let fault = Fault::new(Code::CONTRADICTION, message);
        let fault = fault.suggest("tell them apart by interface, by port, or by identity.account");
        Some(self.documents.problem_at(document, server, fault))
    }
}

impl Route {
    /// Whether every call that fits `later` fits this one first.
    fn shadows(&self, later: &Route) -> bool {
        let same_or_any = |one: &Option<Arc<str>>, other: &Option<Arc<str>>| one.is_none() || one == other;
        let crosses_trunks = later.from_trunk.is_some() && self.from_trunk.is_none();
        let sites = self.sites.is_empty()
            || (!later.sites.is_empty() && later.sites.iter().all(|site| self.sites.contains(site)));
        self.to.covers(&later.to)
            && !self.except.iter().any(|pattern| pattern.overlaps(&later.to))
            && !crosses_trunks
            && same_or_any(&self.from_trunk, &later.from_trunk)
            && same_or_any(&self.from_user, &later.from_user)
            && (self.when.is_none() || self.is_at_the_same_times(later))
            && self.usages == later.usages
            && sites
    }

    fn is_for_the_same(&self, other: &Route) -> bool {
        let scope = |route: &Route| {
            (route.from_trunk.clone(), route.from_user.clone(), route.sites.clone(), route.usages.clone())
        };
        scope(self) == scope(other) && self.is_at_the_same_times(other)
    }

    fn is_at_the_same_times(&self, other: &Route) -> bool {
        let name = |route: &Route| route.when.as_ref().map(|schedule| schedule.name.clone());
        name(self) == name(other)
    }

    /// Whether it leads to a trunk that the other one does not: then it is its backup.
    fn adds_to(&self, first: &Route) -> bool {
        match (&first.leads, &self.leads) {
            (Leads::Trunks { .. }, Leads::Trunks { .. }) => {
                self.trunks().any(|trunk| first.trunks().all(|one| one.name != trunk.name))
            }
            _ => false,
        }
    }

    fn trunks(&self) -> impl Iterator<Item = &Arc<Trunk>> {
        let (through, backup) = match &self.leads {
            Leads::Trunks { through, backup, .. } => (through.as_slice(), backup.as_slice()),
            Leads::User(_) | Leads::Owner => (&[][..], &[][..]),
        };
        through.iter().map(|(trunk, _)| trunk).chain(backup)
    }

    fn first_public(&self) -> Option<&Arc<Trunk>> {
        self.trunks().find(|trunk| trunk.kind.is_public())
    }
}
