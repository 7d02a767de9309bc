//! Documents in, policy out: every reference resolved, or everything that is wrong.

mod accounts;
mod conferences;
mod dialling;
mod directories;
mod exports;
mod homes;
mod identity;
mod links;
mod lint;
mod orbits;
mod people;
mod phones;
mod places;
mod rates;
mod recorders;
mod rights;
mod routing;
mod sounds;
mod trunks;

pub use rates::decks;
pub use sounds::sound_prints;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    AlertText, Chats, Code, Codec, Digest, Document, Documents, Fault, Kind, MediaPath, Problem, Rate,
    Secret, SecretRef, Secrets, Spot, Transcode, Transfer, nearest,
};

use crate::call_plan::{LegRules, MediaPlan, Otherwise, SrtpRules};
use crate::deck::Deck;
use crate::directory::Extensions;
use crate::habits::Habits;
use crate::limit::{Limit, Unit};
use crate::music::Music;
use crate::networks::{Networks, Sources};
use crate::numbering::{Country, Plans};
use crate::pace::Pace;
use crate::policy::{AlertValues, Policy, RegistrarRules, Route, Site, Trunk, Waking};
use crate::route_index::RouteIndex;
use crate::schedule::Zone;
use crate::steps::not_among;
use sounds::Sounds;

/// Compiles the first policy of a node.
pub fn compile(documents: &Documents, secrets: &Secrets) -> Result<Policy, Vec<Problem>> {
    compile_with(documents, secrets, None)
}

/// Compiles the next revision; limits count on where the older one's stand.
pub fn compile_after(
    older: &Policy,
    documents: &Documents,
    secrets: &Secrets,
) -> Result<Policy, Vec<Problem>> {
    compile_with(documents, secrets, Some(older))
}

fn compile_with(
    documents: &Documents,
    secrets: &Secrets,
    older: Option<&Policy>,
) -> Result<Policy, Vec<Problem>> {
    let mut compiler = Compiler::new(documents, secrets, older);
    compiler.ground();
    let (home, book) = (compiler.home(), compiler.rights_book());
    let (interfaces, links) = (compiler.interfaces(), compiler.links());
    let (schedules, sites) = (compiler.schedules(), compiler.sites(&home, &links));
    let (tariffs, music) = (compiler.tariffs(&decks_of(older)), compiler.music_of_house());
    let trunks = compiler.trunks((&interfaces, &sites, &links), &home, (&tariffs, &music));
    let users = compiler.users((&sites, &book), older);
    let (directory, extensions) = (compiler.directory(&users), compiler.extensions(&users));
    compiler.check_extensions(&home, &sites);
    let (routes, emergencies) = (compiler.routes(&trunks, &users, &schedules), compiler.emergencies(&trunks));
    let policy = Policy {
        revision: older.map_or(1, |older| older.revision + 1),
        realm: documents.system.realm().into(),
        time_zone: documents.system.time_zone.as_ref().map(|zone| zone.as_str().into()),
        dial_plans: compiler.dial_plans(),
        not_for_help: not_among(&home, &sites, &emergencies),
        emergencies,
        tests: compiler.tests(),
        media: media_of_users(documents),
        handed_on: compiler.handed_on(),
        plans: std::mem::take(&mut compiler.plans),
        device_leg: device_leg(documents, music),
        recordings: compiler.recordings(&interfaces),
        aloud: compiler.aloud_limit(),
        sounds: std::mem::take(&mut compiler.sounds.read),
        callback_window: documents.system.callback_window(),
        malicious_code: documents.system.malicious_code.as_ref().map(|code| code.as_str().into()),
        alerts: alerts(documents),
        digests: digests(documents),
        registrar: registrar_rules(documents),
        phones: compiler.phones(),
        home,
        interfaces,
        servers: trunks.values().flat_map(|trunk| trunk.servers.iter().cloned()).collect(),
        links,
        sites_by_network: by_network(&sites),
        sites_with_prefix: with_prefix(&sites),
        sites,
        trunks_by_source: by_source(&trunks),
        hears_locations: trunks.values().any(|trunk| trunk.leg.home.inside.is_some()),
        lines: compiler.lines(&trunks),
        trunks,
        extensions: Extensions::new(extensions),
        timed: people::timed(&users),
        counts_calls: users.values().any(|user| user.calls.is_some()),
        users,
        directory,
        orbits: compiler.orbits(),
        conferences: compiler.conferences(),
        consoles: compiler.consoles(),
        mobiles: compiler.mobiles(),
        pickup_code: documents.pickup_code().map(Arc::from),
        dids: compiler.dids(),
        route_index: RouteIndex::new(routes.iter().map(Route::entry)),
        routes,
        usages: compiler.usages.clone(),
        tariffs,
        zone: compiler.zone.clone(),
        exports: compiler.exports(),
        directories: compiler.directories(),
        warnings: Vec::new(),
    };
    compiler.finish(policy)
}

impl Compiler<'_> {
    /// What holds wherever somebody is.
    fn ground(&mut self) {
        self.plans();
        self.set_zone();
        self.announcements();
        self.offers();
    }

    /// No extension stands in the way of help, or of another one.
    fn check_extensions(&mut self, home: &Habits, sites: &BTreeMap<Arc<str>, Arc<Site>>) {
        self.extensions_that_alarm(home, sites);
        self.extension_prefixes();
    }

    /// Who is watched together.
    fn consoles(&mut self) -> BTreeMap<Arc<str>, Arc<[Arc<str>]>> {
        let documents = self.documents;
        let consoles = documents.console.values();
        let shown = |console: &model::Document<model::Console>| {
            (console.name.clone(), self.resolve_all(console, &console.users, &documents.user, "user").into())
        };
        consoles.map(shown).collect()
    }

    /// Adds whatever may be meant and is worth a second look, where nothing is wrong.
    fn finish(mut self, mut policy: Policy) -> Result<Policy, Vec<Problem>> {
        self.lint(&policy);
        self.warnings.extend(model::lacks(self.documents));
        policy.warnings = self.warnings;
        if self.problems.is_empty() { Ok(policy) } else { Err(self.problems) }
    }
}

fn by_network(sites: &BTreeMap<Arc<str>, Arc<Site>>) -> Networks<Arc<Site>> {
    let rows = |site: &Arc<Site>| site.subnets.clone().into_iter().zip(std::iter::repeat(site.clone()));
    Networks::new(sites.values().flat_map(rows))
}

fn with_prefix(sites: &BTreeMap<Arc<str>, Arc<Site>>) -> Vec<Arc<Site>> {
    sites.values().filter(|site| site.extension_prefix.is_some()).cloned().collect()
}

fn by_source(trunks: &BTreeMap<Arc<str>, Arc<Trunk>>) -> Sources<Arc<Trunk>> {
    let rows = |trunk: &Arc<Trunk>| trunk.sources.clone().into_iter().zip(std::iter::repeat(trunk.clone()));
    Sources::new(trunks.values().flat_map(rows))
}

fn limits_of(older: Option<&Policy>) -> BTreeMap<Arc<str>, Arc<Limit>> {
    let of_users = older.into_iter().flat_map(|older| older.users.values());
    let of_users = of_users.filter_map(|user| user.calls.as_ref());
    let of_orbits = older.into_iter().flat_map(|older| &older.orbits).flat_map(|orbit| orbit.limits());
    let of_refusals = older.and_then(|older| older.aloud.as_ref());
    let of_conferences = older.into_iter().flat_map(|older| &older.conferences).map(|one| &one.limit);
    let limits = older.into_iter().flat_map(Policy::limits).chain(of_users).chain(of_orbits);
    let limits = limits.chain(of_refusals).chain(of_conferences);
    limits.map(|limit| (Arc::from(limit.name()), limit.clone())).collect()
}

fn decks_of(older: Option<&Policy>) -> Vec<Arc<Deck>> {
    older.into_iter().flat_map(Policy::tariffs).map(|tariff| tariff.deck.clone()).collect()
}

fn paces_of(older: Option<&Policy>) -> BTreeMap<Arc<str>, Arc<Pace>> {
    let paces = older.into_iter().flat_map(Policy::paces);
    paces.map(|pace| (Arc::from(pace.name()), pace.clone())).collect()
}

pub(crate) fn default_codecs() -> Arc<[Arc<str>]> {
    words(&[Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma])
}

fn words(codecs: &[Codec]) -> Arc<[Arc<str>]> {
    codecs.iter().map(|codec| Arc::from(codec.word())).collect()
}

fn digests(documents: &Documents) -> Vec<Digest> {
    let digest = documents.system.digest.as_ref();
    digest.map_or_else(|| vec![Digest::Sha256, Digest::Md5], |digest| digest.value.clone())
}

fn registrar_rules(documents: &Documents) -> RegistrarRules {
    let registrar = documents.system.registrar.clone().unwrap_or_default();
    RegistrarRules {
        least: registrar.least(),
        most: registrar.most(),
        usual: registrar.usual(),
        devices: registrar.devices(),
        waking: documents.push.values().map(waking).collect(),
    }
}

fn waking(push: &Document<model::Push>) -> Waking {
    Waking { provider: push.name.clone(), wait: push.wait(), awake: push.awake() }
}

fn alerts(documents: &Documents) -> AlertValues {
    let texts = |values: &[Spot<AlertText>]| values.iter().map(|value| value.value.clone()).collect();
    let alerts = &documents.system.alerts;
    AlertValues {
        inside: texts(&alerts.inside),
        outside: texts(&alerts.outside),
        private: texts(&alerts.private),
    }
}

/// Between our users.
fn media_of_users(documents: &Documents) -> MediaPlan {
    let codecs = default_codecs();
    let also = match documents.system.media.transcode {
        Transcode::Needed => codecs.clone(),
        Transcode::Off => Arc::default(),
    };
    MediaPlan { path: MediaPath::Anchored, codecs, also }
}

fn device_leg(documents: &Documents, music: Music) -> LegRules {
    let media = &documents.system.media;
    let keys_in_clear = media.keys_in_clear;
    let srtp = SrtpRules { mode: media.srtp, keys: media.keys, keys_in_clear, otherwise: Otherwise::Refused };
    // What users ask for is the house's to carry out.
    let redirect = documents.system.redirect;
    let (senders, dtmf, fax) = (media.senders, media.dtmf, media.fax);
    let (record, capture) = (media.record, media.capture);
    let chats = media.chats.unwrap_or(Chats::Relayed);
    LegRules {
        srtp,
        senders,
        dtmf,
        chats,
        fax,
        transfer: Transfer::Inside,
        redirect,
        music,
        record,
        capture,
        ..LegRules::default()
    }
}

struct Compiler<'d> {
    documents: &'d Documents,
    secrets: &'d Secrets,
    plans: Plans,
    older: BTreeMap<Arc<str>, Arc<Limit>>,
    usages: Vec<Arc<str>>,
    /// Where people live of whom nothing else is said.
    zone: Zone,
    paces: BTreeMap<Arc<str>, Arc<Pace>>,
    sounds: Sounds,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'d> Compiler<'d> {
    fn new(documents: &'d Documents, secrets: &'d Secrets, older: Option<&Policy>) -> Compiler<'d> {
        Compiler {
            documents,
            secrets,
            plans: Plans::built_in(),
            older: limits_of(older),
            usages: rights::usage_names(documents),
            zone: Zone::universal(),
            paces: paces_of(older),
            sounds: Sounds::new(older.map(|older| older.sounds.clone()).unwrap_or_default()),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The name as it is defined, or a problem that says which names there are.
    fn resolve<T, U>(
        &mut self,
        from: &Document<U>,
        name: &Spot<String>,
        kind: &Kind<T>,
        what: &str,
    ) -> Option<Arc<str>> {
        if let Some((known, _)) = kind.get_key_value(name.as_str()) {
            return Some(known.clone());
        }
        let fault = Fault::new(Code::UNKNOWN_NAME, format!("{what} \"{}\" is not defined", name.value));
        let near = nearest(name, kind.keys().map(|name| &**name)).and_then(|near| kind.get(near));
        let fault = match near {
            Some(near) => {
                let location = self.documents.location(near);
                fault.suggest(format!("did you mean \"{}\" ({location})?", near.name))
            }
            None => fault,
        };
        self.problems.push(self.documents.problem_at(from, name, fault));
        None
    }

    fn resolve_some<T, U>(
        &mut self,
        from: &Document<U>,
        name: Option<&Spot<String>>,
        kind: &Kind<T>,
        what: &str,
    ) -> Option<Arc<str>> {
        self.resolve(from, name?, kind, what)
    }

    fn resolve_all<T, U>(
        &mut self,
        from: &Document<U>,
        names: &[Spot<String>],
        kind: &Kind<T>,
        what: &str,
    ) -> Vec<Arc<str>> {
        names.iter().filter_map(|name| self.resolve(from, name, kind, what)).collect()
    }

    fn secret<U>(&mut self, from: &Document<U>, place: &Spot<SecretRef>) -> Option<Secret<String>> {
        let value = self.secrets.value(&place.value);
        if value.is_none() {
            let fault = Fault::new(Code::NO_SECRET_VALUE, format!("{} holds no secret", place.value));
            let fault = fault.suggest("put the secret there, then apply again");
            self.problems.push(self.documents.problem_at(from, place, fault));
        }
        value
    }

    fn country<U>(&mut self, from: &Document<U>, id: &Spot<String>) -> Option<Arc<Country>> {
        let country = self.plans.named(id);
        if country.is_none() {
            let fault = Fault::new(
                Code::UNKNOWN_WORD,
                format!("the dialling habits of \"{}\" are not known", id.value),
            );
            let fault = match nearest(id, self.plans.ids()) {
                Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
                None => fault,
            };
            self.problems.push(self.documents.problem_at(from, id, fault));
        }
        country
    }

    /// Newer numbering plans than the program brought.
    fn plans(&mut self) {
        for file in self.documents.files.iter().filter(|file| file.is_plans()) {
            if let Err(unreadable) = self.plans.renew(&file.text) {
                let fault = Fault::new(Code::PLANS, unreadable.says);
                self.problems.push(file.problem_on(unreadable.line, fault));
            }
        }
    }

    fn home(&mut self) -> Habits {
        let system = &self.documents.system;
        let country = self.country(system, &system.country);
        let country = country.unwrap_or_else(|| Arc::new(Country::anywhere()));
        Habits {
            ringback: sounds::ringback_in(&country),
            aloud: self.aloud(system.media.refusals, &country, None),
            tones: sounds::tones_in(&country),
            country,
            area_code: system.area_code.as_ref().map(|code| code.as_str().into()),
            outside_prefix: None,
            privacy_code: system.privacy_code.as_ref().map(|code| code.as_str().into()),
            show_code: system.show_code.as_ref().map(|code| code.as_str().into()),
            operator: self.operator(system, system.operator.as_ref()),
        }
    }

    fn limit(&self, name: String, unit: Unit, ceiling: u32) -> Arc<Limit> {
        let limit = Limit::new(name, unit, ceiling);
        Arc::new(match self.older.get(limit.name()) {
            Some(older) => limit.counting_with(older),
            None => limit,
        })
    }

    fn pace(&self, name: String, rate: Rate, wait: std::time::Duration) -> Arc<Pace> {
        let pace = Pace::new(name, rate, wait);
        Arc::new(match self.paces.get(pace.name()) {
            Some(older) => pace.going_on_from(older),
            None => pace,
        })
    }

    fn location<U>(&self, document: &Document<U>) -> Arc<str> {
        self.documents.location(document).into()
    }
}
