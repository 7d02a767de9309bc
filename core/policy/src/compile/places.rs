//! Interfaces and sites.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Document, Spot};

use crate::compile::links::Links;
use crate::compile::sounds::{ringback_in, tones_in};
use crate::compile::{Compiler, words};
use crate::facts::InterfaceId;
use crate::habits::Habits;
use crate::inside::Inside;
use crate::limit::Unit;
use crate::outpost::{Outposts, TurnAccount};
use crate::policy::{Interface, Site};

impl Compiler<'_> {
    pub(super) fn interfaces(&mut self) -> Vec<Interface> {
        let documents = self.documents;
        let outposts: Vec<_> = documents.interface.values().map(|one| self.outposts(one)).collect();
        let numbered = (0..).zip(documents.interface.values()).zip(outposts);
        numbered
            .map(|((id, document), outposts)| Interface {
                id: InterfaceId(id),
                name: document.name.clone(),
                address: document.address.0,
                advertise: document.advertise.as_deref().map(Arc::from),
                udp: document.udp.as_ref().map(|port| port.value),
                tcp: document.tcp.as_ref().map(|port| port.value),
                tls: document.tls.as_ref().map(|port| port.value),
                ws: document.ws.as_ref().map(|port| port.value),
                wss: document.wss.as_ref().map(|port| port.value),
                msrp: document.msrp.as_ref().map(|port| port.value),
                origins: document.origins.iter().map(|origin| origin.value.as_str().into()).collect(),
                has_phone: document.phone.as_ref().is_some_and(|phone| phone.value),
                tls_certificate: document.tls_certificate.as_deref().map(Arc::from),
                tls_key: document.tls_key.as_deref().map(Arc::from),
                tls_names: document.tls_names.iter().map(|name| name.value.as_str().into()).collect(),
                tls_verify: document.tls_verify.as_deref().map(Arc::from),
                tls_wildcards: document.tls_wildcards,
                media_ports: document.media_ports,
                side: document.side,
                ice: document.ice,
                outposts,
                kernel_path: document.kernel_path,
                dscp: document.dscp,
            })
            .collect()
    }

    fn outposts(&mut self, document: &Document<model::Interface>) -> Arc<Outposts> {
        let stun = document.stun.as_ref().map(|stun| stun.value.clone());
        let turn = document.turn.as_ref().and_then(|turn| {
            let password = self.secret(document, &turn.password)?;
            Some(TurnAccount { server: turn.server.clone(), user: turn.user.as_str().into(), password })
        });
        Arc::new(Outposts { stun, turn })
    }

    pub(super) fn sites(&mut self, home: &Habits, links: &Links) -> BTreeMap<Arc<str>, Arc<Site>> {
        let code = |code: &Option<Spot<String>>| code.as_ref().map(|code| Arc::from(code.as_str()));
        let mut sites = BTreeMap::new();
        for document in self.documents.site.values() {
            let country = document.country.as_ref().and_then(|id| self.country(document, id));
            let limit = document
                .media
                .max_calls
                .map(|ceiling| self.limit(format!("site {}", document.name), Unit::Calls, ceiling));
            let link = self.resolve_some(document, document.link.as_ref(), &self.documents.link, "link");
            let operator = self.operator(document, document.operator.as_ref());
            let area_code = document.area_code.as_ref().map(|code| Arc::from(code.as_str()));
            let mailbox = document.mailbox.as_ref();
            let mailbox = self.resolve_some(document, mailbox, &self.documents.user, "user");
            let here = country.clone().unwrap_or_else(|| home.country.clone());
            let refusals = document.media.refusals.unwrap_or(self.documents.system.media.refusals);
            let site = Site {
                name: document.name.clone(),
                habits: Habits {
                    aloud: self.aloud(refusals, &here, Some(&document.name)),
                    tones: tones_in(&here),
                    ringback: country.as_ref().map_or_else(|| home.ringback.clone(), ringback_in),
                    country: country.unwrap_or_else(|| home.country.clone()),
                    area_code: area_code.or_else(|| home.area_code.clone()),
                    privacy_code: code(&document.privacy_code).or_else(|| home.privacy_code.clone()),
                    show_code: code(&document.show_code).or_else(|| home.show_code.clone()),
                    operator: operator.or_else(|| home.operator.clone()),
                    outside_prefix: document.outside_prefix.as_ref().map(|prefix| prefix.as_str().into()),
                },
                extension_prefix: document.extension_prefix.as_ref().map(|prefix| prefix.as_str().into()),
                dial_plan: self.dial_plan_of(document, document.dialplan.as_ref()),
                subnets: document.subnets.iter().map(|subnet| subnet.value).collect(),
                inside: Arc::new(Inside {
                    site: document.name.clone(),
                    subnets: document.subnets.iter().map(|subnet| subnet.value).collect(),
                }),
                path: document.media.path,
                limit,
                codecs: document.media.codecs.as_deref().map(words),
                link: link.and_then(|name| links.get(&name).cloned()),
                toll_bypass: document.toll_bypass,
                usages: self.usages_held(document, &document.usages),
                mailbox,
                record: document.media.record,
                capture: document.media.capture,
            };
            sites.insert(document.name.clone(), Arc::new(site));
        }
        sites
    }
}
