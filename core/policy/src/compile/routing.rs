//! Routes, dial plans, emergency numbers, and the tests of all that.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Choose, Code, Document, Fault, Pattern, Problem, Spot, nearest};

use crate::compile::Compiler;
use crate::policy::{Emergency, Leads, Route, SaidOfRoute, StoredTest, Trunk, User};
use crate::refusal::{self, REFUSALS};
use crate::route_index::Entry;
use crate::schedule::Schedule;

impl Compiler<'_> {
    pub(super) fn routes(
        &mut self,
        trunks: &BTreeMap<Arc<str>, Arc<Trunk>>,
        users: &BTreeMap<Arc<str>, Arc<User>>,
        schedules: &BTreeMap<Arc<str>, Arc<Schedule>>,
    ) -> Vec<Route> {
        let mut documents: Vec<&Document<model::Route>> = self.documents.route.values().collect();
        documents.sort_by_key(|route| route.order);
        documents.into_iter().filter_map(|document| self.route(document, trunks, users, schedules)).collect()
    }

    fn route(
        &mut self,
        document: &Document<model::Route>,
        trunks: &BTreeMap<Arc<str>, Arc<Trunk>>,
        users: &BTreeMap<Arc<str>, Arc<User>>,
        schedules: &BTreeMap<Arc<str>, Arc<Schedule>>,
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
        let when = self.resolve_some(document, document.when.as_ref(), &documents.schedule, "schedule");
        let leads = self.leads(document, trunks, users)?;
        self.comparable_prices(document, &leads);
        let shown = document.caller_id.as_ref().filter(|caller_id| caller_id.suppress);
        Some(Route {
            said: SaidOfRoute {
                taking: format!("order {}, to \"{}\"", document.order, document.to.value).into(),
                sites: format!("wants site {}", sites.join(" or ")).into(),
                number: format!("wants \"{}\"", document.to.value).into(),
            },
            name: document.name.clone(),
            order: document.order,
            to: document.to.value.clone(),
            except: document.except.clone(),
            from_trunk,
            from_user,
            sites,
            usages: self.usages(&document.usages),
            when: when.and_then(|name| schedules.get(&name).cloned()),
            leads,
            shown: shown.map(|caller_id| caller_id.show.value.clone()),
            at: self.location(document),
        })
    }

    /// The cheapest is among prices of one currency, of which there is at least one.
    fn comparable_prices(&mut self, document: &Document<model::Route>, leads: &Leads) {
        let Leads::Trunks { choose: Choose::Cheapest | Choose::CheapestHealthy, through, .. } = leads else {
            return;
        };
        let mut tariffs = through.iter().filter_map(|(trunk, _)| trunk.tariff.as_ref());
        let message = match tariffs.next() {
            None => format!("route \"{}\" chooses by price, and no trunk of it has one", document.name),
            Some(first) => match tariffs.find(|other| other.terms.currency != first.terms.currency) {
                Some(other) => format!(
                    "route \"{}\" compares {} and {}",
                    document.name, first.terms.currency, other.terms.currency
                ),
                None => return,
            },
        };
        let fault = Fault::new(Code::CONTRADICTION, message);
        let fault = fault.suggest("cost = { deck = \"…\" } on its trunks, all in one currency");
        self.problems.push(self.documents.problem(document, fault));
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
            let given = &document.given;
            let from = &given.from;
            let via = self.resolve_some(document, given.via.as_ref(), &documents.trunk, "trunk");
            let site = self.resolve_some(document, given.location.as_ref(), &documents.site, "site");
            self.problems.extend(self.nobody_there(document, site.as_deref()));
            if given.via.is_none() && !documents.trunk.contains_key(from.as_str()) {
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
                via,
                site,
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

    /// Who is at a site is known by its subnets.
    fn nobody_there(&self, document: &Document<model::Test>, site: Option<&str>) -> Option<Problem> {
        let spot = document.given.location.as_ref()?;
        let site = self.documents.site.get(site?).filter(|site| site.subnets.is_empty())?;
        let message = format!("nobody can be at site \"{}\": it has no subnets", site.name);
        let cure = format!("add subnets at {}", self.documents.location(site));
        let fault = Fault::new(Code::CONTRADICTION, message).suggest(cure);
        Some(self.documents.problem_at(document, spot, fault))
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

impl Route {
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry { to: &self.to, from_trunk: self.from_trunk.as_ref(), sites: &self.sites }
    }
}
