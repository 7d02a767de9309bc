//! Users, and whom a name or number belongs to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Code, Document, Fault, Problem, RingOrder, SecretRef, Spot};

use crate::compile::Compiler;
use crate::compile::rights::RightsBook;
use crate::directory::Directory;
use crate::forward::{Forward, Target};
use crate::habits::Habits;
use crate::limit::Unit;
use crate::numbering::Country;
use crate::password::Password;
use crate::policy::{Policy, Site, User};
use crate::watched::Admission;

/// The members of teams that ring by idleness.
pub(super) fn timed(users: &BTreeMap<Arc<str>, Arc<User>>) -> BTreeSet<Arc<str>> {
    let teams = users.values().filter(|user| user.ring == RingOrder::LongestIdle);
    teams.flat_map(|team| &team.also).filter_map(Target::name).collect()
}

impl Compiler<'_> {
    pub(super) fn users(
        &mut self,
        (sites, book): (&BTreeMap<Arc<str>, Arc<Site>>, &RightsBook),
        older: Option<&Policy>,
    ) -> BTreeMap<Arc<str>, Arc<User>> {
        let documents = self.documents;
        let mut users = BTreeMap::new();
        for document in documents.user.values() {
            let site = self.resolve_some(document, document.site.as_ref(), &documents.site, "site");
            let rights = self.rights_of(document, site.as_deref(), book);
            let calls = document
                .max_calls
                .as_ref()
                .map(|most| self.limit(format!("user {}", document.name), Unit::Calls, most.value));
            let before = older.and_then(|older| older.users.get(&document.name));
            let user = User {
                calls,
                helped: before.map(|before| before.helped.clone()).unwrap_or_default(),
                name: document.name.clone(),
                display: document.value.name.as_deref().unwrap_or(&document.name).into(),
                site: site.and_then(|name| sites.get(&name).cloned()),
                number: document.number.as_ref().map(|number| number.value.clone()),
                dial_plan: self.dial_plan_of(document, document.dialplan.as_ref()),
                extension: document.extension.as_ref().map(|extension| extension.as_str().into()),
                password: document.password.as_ref().and_then(|place| self.password(document, place)),
                registers: document.password.is_some() || !document.phones.is_empty(),
                devices: document.devices.iter().map(|device| device.contact.value.clone()).collect(),
                ring: document.ring,
                also: document.also.iter().filter_map(|target| self.target(document, target)).collect(),
                forward: self.forward(document),
                voicemail_escape: document.voicemail_escape.as_ref().map(|escape| escape.0),
                do_not_disturb: document.do_not_disturb,
                anonymous_calls: document.anonymous_calls,
                watchers: document.watchers,
                watch_rules: self.watch_rules(document),
                private: document.private_number.as_ref().map(|number| number.value.clone()),
                privacy: document.privacy,
                record: document.record,
                capture: document.capture,
                may_show: document.may_show.iter().map(|number| number.value.clone()).collect(),
                pickup_group: document.pickup_group.as_ref().map(|group| group.as_str().into()),
                paging: document.paging,
                mark_malicious: document.mark_malicious,
                precedence: document.resource_priority.as_slice().into(),
                rights,
                at: self.location(document),
            };
            users.insert(document.name.clone(), Arc::new(user));
        }
        self.awaited_passwords(&users);
        users
    }

    fn password(&mut self, user: &Document<model::User>, place: &Spot<SecretRef>) -> Option<Password> {
        if self.secrets.is_awaited(&place.value) {
            return Some(Password::Awaited);
        }
        let value = self.secret(user, place)?;
        match Password::read(value, &user.name, self.documents.system.realm()) {
            Ok(password) => Some(password),
            Err(words) => {
                let fault = Fault::new(Code::NO_SECRET_VALUE, format!("{}: {words}", place.value));
                let fault = fault.suggest("make it anew: tandem user secret");
                self.problems.push(self.documents.problem_at(user, place, fault));
                None
            }
        }
    }

    /// Says of each directory how many of its users nobody can prove to be until it answers.
    fn awaited_passwords(&mut self, users: &BTreeMap<Arc<str>, Arc<User>>) {
        let documents = self.documents;
        let mut awaited: BTreeMap<&str, Vec<&Document<model::User>>> = BTreeMap::new();
        for document in documents.user.values() {
            let is_awaited = users[&document.name].password.as_ref().is_some_and(Password::is_awaited);
            let place = document.password.as_ref().map(|place| &place.value);
            if let (true, Some(SecretRef::File(path))) = (is_awaited, place) {
                let file = path.split_once('#').map_or(&**path, |(file, _)| file);
                awaited.entry(file).or_default().push(document);
            }
        }
        for (file, of_file) in awaited {
            let (first, name) = (of_file[0], &of_file[0].name);
            let whose = match of_file.len() - 1 {
                0 => format!("password of {name}, who"),
                more => format!("passwords of {name} and {more} more users, who"),
            };
            let words = format!("{file} lacks the {whose} cannot register until their directory is read");
            let fault = Fault::new(Code::NO_SECRET_VALUE, words);
            let fault =
                fault.suggest("let the directory answer: tandem directory sync; or put the file back");
            self.warnings.push(documents.problem(first, fault).warning());
        }
    }

    fn watch_rules(&mut self, user: &Document<model::User>) -> BTreeMap<Arc<str>, Admission> {
        let (documents, written) = (self.documents, &user.watch_rules);
        let mut rules = BTreeMap::new();
        for (names, admission) in [
            (&written.block, Admission::Block),
            (&written.confirm, Admission::Confirm),
            (&written.polite_block, Admission::PoliteBlock),
            (&written.allow, Admission::Allow),
        ] {
            // The kindest comes last (RFC 4745 10.2).
            let known = names.iter().filter_map(|name| self.resolve(user, name, &documents.user, "user"));
            rules.extend(known.map(|name| (name, admission)));
        }
        rules
    }

    fn forward(&mut self, user: &Document<model::User>) -> Forward {
        let written = &user.forward;
        let mut target = |target: &Option<Spot<model::Target>>| self.target(user, target.as_ref()?);
        Forward {
            always: target(&written.always),
            busy: target(&written.busy),
            no_answer: target(&written.no_answer),
            unreachable: target(&written.unreachable),
            after: written.after.as_ref().map(|after| after.0),
        }
    }

    fn target(&mut self, user: &Document<model::User>, target: &model::Target) -> Option<Target> {
        let documents = self.documents;
        match (&target.user, &target.number, &target.refuse) {
            (Some(name), _, _) => self.resolve(user, name, &documents.user, "user").map(Target::User),
            (None, Some(number), _) => Some(Target::Number(number.value.clone())),
            (None, None, Some(status)) => Some(Target::Refuse(status.value)),
            (None, None, None) => None,
        }
    }

    /// Users by name, extension and number; nothing has two owners.
    pub(super) fn directory(&mut self, users: &BTreeMap<Arc<str>, Arc<User>>) -> Directory<Arc<User>> {
        let mut directory = users.clone();
        let sharing = by_extension(users);
        for document in self.documents.user.values() {
            let Some(user) = users.get(&document.name) else { continue };
            for number in document.number.iter().chain(&document.private_number) {
                let problem = self.enter(&mut directory, number.shared(), user, |taken| {
                    self.documents.problem_at(document, number, taken)
                });
                self.problems.extend(problem);
            }
            if let Some(extension) = &document.extension {
                let sharing = sharing.get(extension.as_str()).map_or(&[][..], Vec::as_slice);
                if is_told_apart_by_its_site(user, sharing) {
                    continue;
                }
                let problem = self.enter(&mut directory, extension.as_str().into(), user, |taken| {
                    self.documents.problem_at(document, extension, taken)
                });
                self.problems.extend(problem);
            }
        }
        Directory::new(directory)
    }

    /// Whose mobile a number is: nobody shares one.
    pub(super) fn mobiles(&mut self) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut mobiles: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for document in self.documents.user.values() {
            let Some(number) = &document.mobile else { continue };
            if let Some(owner) = mobiles.get(&number.shared()) {
                let message = format!("{} is the mobile of user \"{owner}\" already", number.shared());
                let fault = Fault::new(Code::OWNED_TWICE, message);
                self.problems.push(self.documents.problem_at(document, number, fault));
                continue;
            }
            mobiles.insert(number.shared(), document.name.clone());
        }
        mobiles
    }

    fn enter(
        &self,
        directory: &mut BTreeMap<Arc<str>, Arc<User>>,
        key: Arc<str>,
        user: &Arc<User>,
        problem: impl Fn(Fault) -> Problem,
    ) -> Option<Problem> {
        match directory.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(user.clone());
                None
            }
            Entry::Occupied(taken) => {
                let owner = taken.get();
                let message = format!("{} already belongs to user \"{}\"", taken.key(), owner.name);
                Some(problem(Fault::new(Code::OWNED_TWICE, message).suggest(format!("see {}", owner.at))))
            }
        }
    }

    /// An extension that means help somewhere in the house would never ring.
    pub(super) fn extensions_that_alarm(&mut self, home: &Habits, sites: &BTreeMap<Arc<str>, Arc<Site>>) {
        let habits = sites.values().map(|site| &site.habits).chain(std::iter::once(home));
        let countries: Vec<&Country> = habits.map(|habits| &*habits.country).collect();
        let rules = self.documents.emergency.values();
        let configured: Vec<&str> = rules.flat_map(|rule| &rule.dial.value).map(String::as_str).collect();
        for document in self.documents.user.values() {
            let Some(extension) = &document.extension else { continue };
            let alarms = countries.iter().any(|country| country.alarms(extension));
            if alarms || configured.contains(&extension.as_str()) {
                let message = format!("extension {} calls for help", extension.value);
                let fault = Fault::new(Code::CONTRADICTION, message).suggest("choose another extension");
                self.problems.push(self.documents.problem_at(document, extension, fault));
            }
        }
    }
}

/// Users who have an extension, with all others who have the same.
fn by_extension(users: &BTreeMap<Arc<str>, Arc<User>>) -> BTreeMap<&str, Vec<&User>> {
    let mut sharing: BTreeMap<&str, Vec<&User>> = BTreeMap::new();
    for user in users.values() {
        if let Some(extension) = &user.extension {
            sharing.entry(extension).or_default().push(user);
        }
    }
    sharing
}

/// Whether others have the same extension, and every one of them a site with a prefix of its own.
fn is_told_apart_by_its_site(user: &User, sharing: &[&User]) -> bool {
    fn prefixed(user: &User) -> Option<&Arc<str>> {
        let site = user.site.as_ref().filter(|site| site.extension_prefix.is_some());
        site.map(|site| &site.name)
    }
    let Some(own) = prefixed(user) else { return false };
    let mut others = sharing.iter().filter(|one| one.name != user.name).peekable();
    others.peek().is_some() && others.all(|other| prefixed(other).is_some_and(|site| site != own))
}
