//! Routes, dial plans, emergency numbers, and the tests of all that.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Document, Fault, Pattern, Spot, nearest};

use crate::compile::Compiler;
use crate::policy::{DialPlan, Emergency, Leads, Route, StoredTest, Trunk, User};
use crate::refusal::{self, REFUSALS};

impl Compiler<'_> {
    pub(super) fn routes(
        &mut self,
        trunks: &BTreeMap<Arc<str>, Arc<Trunk>>,
        users: &BTreeMap<Arc<str>, Arc<User>>,
    ) -> Vec<Route> {
        let mut documents: Vec<&Document<model::Route>> = self.documents.route.values().collect();
        documents.sort_by_key(|route| route.order);
        let mut routes: Vec<Route> = Vec::new();
        for document in documents {
            let Some(route) = self.route(document, trunks, users) else { continue };
            if let Some(first) = routes.iter().find(|earlier| earlier.shadows(&route)) {
                let message = format!(
                    "route \"{}\" is never reached: \"{}\" takes all its calls",
                    route.name, first.name
                );
                let fault = Fault::new(Code::ROUTE_UNREACHABLE, message);
                let fault = fault.suggest(format!("give it an order below {} ({})", first.order, first.at));
                self.problems.push(self.documents.problem_at(document, &document.to, fault));
            }
            routes.push(route);
        }
        routes
    }

    fn route(
        &mut self,
        document: &Document<model::Route>,
        trunks: &BTreeMap<Arc<str>, Arc<Trunk>>,
        users: &BTreeMap<Arc<str>, Arc<User>>,
    ) -> Option<Route> {
        let documents = self.documents;
        let from = document.from.as_ref();
        let trunk = from.and_then(|from| from.trunk.as_ref());
        let user = from.and_then(|from| from.user.as_ref());
        let site = from.and_then(|from| from.site.as_ref());
        let from_trunk = self.resolve_some(document, trunk, &documents.trunk, "trunk");
        let from_user = self.resolve_some(document, user, &documents.user, "user");
        let mut sites = self.resolve_all(document, &document.sites, &documents.site, "site");
        sites.extend(self.resolve_some(document, site, &documents.site, "site"));
        if let Pattern::User(name) = &document.to.value
            && !documents.user.contains_key(name)
        {
            self.no_such_user(document, &document.to, name);
        }
        self.own_calls_back(document, from_trunk.as_deref());
        Some(Route {
            name: document.name.clone(),
            order: document.order,
            to: document.to.value.clone(),
            from_trunk,
            from_user,
            sites,
            leads: self.leads(document, trunks, users)?,
            at: self.location(document),
        })
    }

    /// A route that gives a trunk its own calls back makes a circle.
    fn own_calls_back(&mut self, document: &Document<model::Route>, from_trunk: Option<&str>) {
        let used = document.through.iter().map(|row| &row.trunk).chain(&document.backup);
        for trunk in used.filter(|trunk| Some(trunk.as_str()) == from_trunk) {
            let message =
                format!("route \"{}\" gives trunk \"{}\" its own calls back", document.name, trunk.value);
            let fault = Fault::new(Code::CONTRADICTION, message).suggest("use another trunk");
            self.problems.push(self.documents.problem_at(document, trunk, fault));
        }
    }

    fn leads(
        &mut self,
        document: &Document<model::Route>,
        trunks: &BTreeMap<Arc<str>, Arc<Trunk>>,
        users: &BTreeMap<Arc<str>, Arc<User>>,
    ) -> Option<Leads> {
        let documents = self.documents;
        if let Some(send) = &document.send {
            if send.user.as_str() == "by-number" {
                return Some(Leads::Owner);
            }
            let name = self.resolve(document, &send.user, &documents.user, "user")?;
            return users.get(&name).cloned().map(Leads::User);
        }
        let mut through = Vec::new();
        for row in &document.through {
            let name = self.resolve(document, &row.trunk, &documents.trunk, "trunk");
            let trunk = name.and_then(|name| trunks.get(&name));
            through.extend(trunk.map(|trunk| (trunk.clone(), row.share)));
        }
        let backup = self.resolve_all(document, &document.backup, &documents.trunk, "trunk");
        let backup = backup.iter().filter_map(|name| trunks.get(name).cloned()).collect();
        Some(Leads::Trunks { choose: document.choose, through, backup })
    }

    fn no_such_user<U>(&mut self, document: &Document<U>, to: &Spot<Pattern>, name: &str) {
        let fault = Fault::new(Code::UNKNOWN_NAME, format!("user \"{name}\" is not defined"));
        let fault = match nearest(name, self.documents.user.keys().map(|name| &**name)) {
            Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
            None => fault,
        };
        self.problems.push(self.documents.problem_at(document, to, fault));
    }

    pub(super) fn dial_plans(&mut self) -> Vec<DialPlan> {
        let documents = self.documents;
        let mut plans = Vec::new();
        for document in documents.dialplan.values() {
            let sites = self.resolve_all(document, &document.sites, &documents.site, "site");
            let rules = document.rules.iter();
            let rules = rules.map(|rule| (rule.value.clone(), documents.location_of(document, rule).into()));
            plans.push(DialPlan { name: document.name.clone(), sites, rules: rules.collect() });
        }
        plans.sort_by_key(|plan| plan.sites.is_empty());
        plans
    }

    pub(super) fn emergencies(&mut self, trunks: &BTreeMap<Arc<str>, Arc<Trunk>>) -> Vec<Emergency> {
        let documents = self.documents;
        let mut emergencies = Vec::new();
        for document in documents.emergency.values() {
            let names = self.resolve_all(document, &document.trunks, &documents.trunk, "trunk");
            emergencies.push(Emergency {
                name: document.name.clone(),
                dial: document.dial.iter().map(|digits| digits.as_str().into()).collect(),
                country: document.country.as_ref().map(|country| country.as_str().into()),
                sites: self.resolve_all(document, &document.sites, &documents.site, "site"),
                trunks: names.iter().filter_map(|name| trunks.get(name).cloned()).collect(),
                at: self.location(document),
            });
        }
        emergencies
    }

    pub(super) fn tests(&mut self) -> Vec<StoredTest> {
        let documents = self.documents;
        let mut tests = Vec::new();
        for document in documents.test.values() {
            let from = &document.given.from;
            if !documents.trunk.contains_key(from.as_str()) {
                self.resolve(document, from, &documents.user, "user or trunk");
            }
            let expect = &document.expect;
            let route = self.resolve_some(document, expect.route.as_ref(), &documents.route, "route");
            let rule = expect.emergency.as_ref();
            let emergency = self.resolve_some(document, rule, &documents.emergency, "emergency");
            let trunk = self.resolve_some(document, expect.trunk.as_ref(), &documents.trunk, "trunk");
            let user = self.resolve_some(document, expect.user.as_ref(), &documents.user, "user");
            tests.push(StoredTest {
                name: document.name.clone(),
                from: from.as_str().into(),
                dial: document.given.dial.as_str().into(),
                at: document.given.at,
                route,
                emergency,
                trunk,
                user,
                sent_to: expect.sent_to.as_deref().map(Arc::from),
                refused: self.refusal_code(document),
                location: self.location(document),
            });
        }
        tests
    }

    fn refusal_code(&mut self, document: &Document<model::Test>) -> Option<refusal::Code> {
        let expected = document.expect.refused.as_ref()?;
        let row = REFUSALS.iter().find(|row| row.code.to_string() == expected.value);
        if row.is_none() {
            let fault =
                Fault::new(Code::UNKNOWN_WORD, format!("\"{}\" is no code of a refusal", expected.value));
            let codes: Vec<String> = REFUSALS.iter().map(|row| row.code.to_string()).collect();
            let fault = match nearest(expected, codes.iter().map(String::as_str)) {
                Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
                None => fault,
            };
            self.problems.push(self.documents.problem_at(document, expected, fault));
        }
        row.map(|row| row.code)
    }
}
