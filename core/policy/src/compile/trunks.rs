//! Trunks and their servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{CallerIdHeader, Code, Document, Fault, MediaPath, Secure, Side, Spot, Transcode};

use crate::address::host_text;
use crate::call_plan::{Credentials, LegRules, MediaPlan, Otherwise, SrtpRules};
use crate::causes::Causes;
use crate::compile::links::Links;
use crate::compile::sounds::Heard;
use crate::compile::{Compiler, default_codecs, words};
use crate::deck::Tariff;
use crate::facts::{InterfaceId, ServerId};
use crate::habits::Habits;
use crate::home::MediaHome;
use crate::limit::Unit;
use crate::music::Music;
use crate::pace::Pace;
use crate::policy::{Interface, Server, Site, Trunk, interface_for};
use crate::responses::Responses;

/// What stands in From where the account does.
fn told_account(document: &model::Trunk, credentials: Option<&Credentials>) -> Option<Arc<str>> {
    let own = document.identity.account.as_deref().map(Arc::from);
    own.or_else(|| credentials.map(|credentials| credentials.user.clone()))
}

impl Compiler<'_> {
    pub(super) fn trunks(
        &mut self,
        (interfaces, sites, links): (&[Interface], &BTreeMap<Arc<str>, Arc<Site>>, &Links),
        home: &Habits,
        (tariffs, music): (&BTreeMap<Arc<str>, Arc<Tariff>>, &Music),
    ) -> BTreeMap<Arc<str>, Arc<Trunk>> {
        let mut trunks = BTreeMap::new();
        let mut next_server = 0;
        for document in self.documents.trunk.values() {
            let servers = self.servers_of(document, interfaces, next_server);
            next_server = servers.last().map_or(next_server, |server| server.id.0 + 1);
            let credentials = self.credentials_of(document);
            let deck = document.cost.as_ref().map(|cost| &cost.deck);
            let deck = self.resolve_some(document, deck, &self.documents.deck, "deck");
            let account = self.account(document, &servers, credentials.as_ref(), interfaces);
            let link = self.resolve_some(document, document.link.as_ref(), &self.documents.link, "link");
            let site = self.resolve_some(document, document.site.as_ref(), &self.documents.site, "site");
            let country = document.identity.country.as_ref().and_then(|id| self.country(document, id));
            let place = site.as_ref().and_then(|name| sites.get(name));
            let home_of_media = self.media_home(document, interfaces, &servers);
            let heard = self.heard_at(document, music, place.map_or(home, |site| &site.habits));
            let trunk = Trunk {
                name: document.name.clone(),
                servers,
                direction: document.direction,
                kind: document.kind,
                site: site.and_then(|name| sites.get(&name).cloned()),
                toll_bypass: document.toll_bypass,
                transit: document.transit,
                usages: self.usages_held(document, &document.usages),
                tariff: deck.and_then(|name| tariffs.get(&name).cloned()),
                sources: document.accept.sources.iter().map(|source| source.value).collect(),
                takes_resolved: document.accept.takes_resolved(),
                certificate: document.accept.certificate.iter().map(|name| name.as_str().into()).collect(),
                did: document.accept.did,
                tells_of_mail: document.accept.message_waiting,
                dial_plan: self.dial_plan_of(document, document.dialplan.as_ref()),
                identity: document.identity.clone(),
                told_in: header_of(document.identity.caller_id).map(Arc::from),
                told_domain: document.identity.domain.as_deref().map(Arc::from),
                told_account: told_account(document, credentials.as_deref()),
                country: country.unwrap_or_else(|| home.country.clone()),
                translate: self.translation(document),
                headers: self.header_rules(document),
                credentials,
                account,
                media: media_of(document),
                leg: Arc::new(leg_of(document, heard, home_of_media, place.map(|site| &**site))),
                precedence: document.resource_priority.as_slice().into(),
                limit: document
                    .limits
                    .calls
                    .map(|most| self.limit(format!("trunk {}", document.name), Unit::Calls, most)),
                link: link.and_then(|name| links.get(&name).cloned()),
                tell_queued: document.limits.tell_queued.map(|after| after.0),
                early_max: usize::from(document.limits.early_dialogs.get()),
                moves_on: Causes::of(&document.failover),
                ring_wait: document.failover.ring_wait.0,
                answer_wait: document.failover.answer_wait.0,
                after_ringing: document.failover.after_ringing,
                budget: document.failover.budget.map(|budget| budget.0),
                responses: Responses::new(document.responses.iter().map(|rule| rule.value.clone())),
                at: self.location(document),
            };
            trunks.insert(document.name.clone(), Arc::new(trunk));
        }
        trunks
    }

    /// The servers of a trunk, numbered on from the trunks before it.
    fn servers_of(
        &mut self,
        document: &Document<model::Trunk>,
        interfaces: &[Interface],
        first: u16,
    ) -> Vec<Server> {
        let named = self.interface_of(document, interfaces);
        let pace = document
            .limits
            .calls_per_second
            .map(|rate| self.pace(format!("trunk {}", document.name), rate, document.limits.wait.0));
        let server = |(id, server): (u16, &Spot<model::Server>)| {
            let transport = server.uri.likely_transport();
            let found = named.or_else(|| interface_for(interfaces, Side::Outside, transport));
            let paces = self.paces_of(document, server, pace.as_ref());
            server_of(document, id, server, found.map(|interface| interface.id), paces)
        };
        (first..).zip(&document.servers).map(server).collect()
    }

    /// The interface that a trunk names, which has to speak what its servers do.
    fn interface_of<'i>(
        &mut self,
        trunk: &Document<model::Trunk>,
        interfaces: &'i [Interface],
    ) -> Option<&'i Interface> {
        let name = trunk.interface.as_ref()?;
        let documents = self.documents;
        let known = self.resolve(trunk, name, &documents.interface, "interface")?;
        let interface = interfaces.iter().find(|interface| interface.name == known)?;
        let mut wanted = trunk.servers.iter().filter_map(|server| server.uri.transport);
        if let Some(transport) = wanted.find(|transport| !interface.speaks(*transport)) {
            let message =
                format!("interface \"{known}\" has no {transport} port, and a server of the trunk wants one");
            let fault =
                Fault::new(Code::CONTRADICTION, message).suggest(format!("add {transport} = … to it"));
            self.problems.push(documents.problem_at(trunk, name, fault));
        }
        Some(interface)
    }

    fn paces_of(
        &self,
        trunk: &Document<model::Trunk>,
        server: &model::Server,
        of_trunk: Option<&Arc<Pace>>,
    ) -> Arc<[Arc<Pace>]> {
        let own = server.calls_per_second.map(|rate| {
            self.pace(format!("server {}/{}", trunk.name, server.uri), rate, trunk.limits.wait.0)
        });
        of_trunk.cloned().into_iter().chain(own).collect()
    }

    fn credentials_of(&mut self, trunk: &Document<model::Trunk>) -> Option<Arc<Credentials>> {
        let auth = trunk.auth.as_ref()?;
        let password = self.secret(trunk, &auth.password)?;
        Some(Arc::new(Credentials { user: auth.user.as_str().into(), password }))
    }
}

/// The header that says who calls.
fn header_of(caller_id: CallerIdHeader) -> Option<&'static str> {
    match caller_id {
        CallerIdHeader::PAssertedIdentity => Some("P-Asserted-Identity"),
        CallerIdHeader::PPreferredIdentity => Some("P-Preferred-Identity"),
        CallerIdHeader::RemotePartyId => Some("Remote-Party-ID"),
        CallerIdHeader::From | CallerIdHeader::None => None,
    }
}

fn leg_of(trunk: &model::Trunk, heard: Heard, home: MediaHome, site: Option<&Site>) -> LegRules {
    let Heard { music, ringback, aloud } = heard;
    let model::TrunkMedia { srtp: mode, keys, keys_in_clear, .. } = trunk.media;
    let inside = site.filter(|_| trunk.media.path == MediaPath::Auto).map(|site| site.inside.clone());
    LegRules {
        session_timer: trunk.call.session_timer,
        longest: trunk.call.longest.map(|longest| longest.0),
        silence: trunk.call.silence,
        silence_on_hold: trunk.call.silence_on_hold,
        transfer: trunk.call.transfer,
        redirect: trunk.call.redirect,
        methods: Arc::new(trunk.call.methods.clone()),
        srtp: SrtpRules { mode, keys, keys_in_clear, otherwise: Otherwise::Refused },
        senders: trunk.media.senders,
        home,
        ice: trunk.media.ice,
        dtmf: trunk.media.dtmf,
        chats: trunk.media.chats,
        fax: trunk.media.fax,
        reliable: trunk.call.reliable,
        session_ids: trunk.call.session_id,
        early_media: trunk.call.early_media,
        music,
        ringback: Some(ringback),
        aloud,
        record: trunk.media.record,
        capture: trunk.media.capture,
        inside,
        dress: None,
    }
}

fn server_of(
    trunk: &Document<model::Trunk>,
    id: u16,
    server: &model::Server,
    interface: Option<InterfaceId>,
    paces: Arc<[Arc<Pace>]>,
) -> Server {
    let host = host_text(&server.uri);
    Server {
        id: ServerId(id),
        key: format!("{}/{}", trunk.name, server.uri).into(),
        trunk: trunk.name.clone(),
        target: server.uri.to_string().into(),
        uri: server.uri.clone(),
        interface,
        priority: server.priority,
        weight: server.weight,
        health: trunk.health.clone(),
        paces,
        scheme: match server.uri.secure {
            Secure::Sip => "sip:",
            Secure::Sips => "sips:",
        },
        authority: match server.uri.port {
            Some(port) => format!("{host}:{port}").into(),
            None => Arc::from(&*host),
        },
        host: Arc::from(&*host),
    }
}

fn media_of(document: &model::Trunk) -> MediaPlan {
    let media = &document.media;
    let codecs = media.codecs.as_deref().map_or_else(default_codecs, words);
    let also = match media.transcode {
        Transcode::Needed => codecs.clone(),
        Transcode::Off => Arc::default(),
    };
    MediaPlan { path: media.path, codecs, also }
}
