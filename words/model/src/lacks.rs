//! Settings that need a service which the provider, by its own documents, does not offer.

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::identity::{CallerIdHeader, DiversionHeader};
use crate::media::{MediaPath, Srtp};
use crate::problem::{Code, Problem};
use crate::template::{Offered, Template, templates};
use crate::trunk::Trunk;
use crate::uri::Transport;

/// Warnings about trunks that want what their providers lack.
pub fn lacks(documents: &Documents) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let names_one = documents.trunk.values().any(|trunk| trunk.provider.is_some());
    let templates = if names_one { templates() } else { Vec::new() };
    for trunk in documents.trunk.values() {
        let Some(provider) = &trunk.provider else { continue };
        let of = |template: &&Template| {
            template.about.name == provider.value && Some(template.about.version) == trunk.version
        };
        let Some(template) = templates.iter().find(of) else { continue };
        let offered = template.services.all();
        for (service, setting) in needs(documents, trunk) {
            let Some((_, title, state)) = offered.iter().find(|(word, _, _)| *word == service) else {
                continue;
            };
            // Nobody should find out during a call for help what the documents do not say.
            let says = match (state, service) {
                (Offered::No, _) => "does not offer",
                (Offered::Unknown, "e911") => "does not say whether it offers",
                _ => continue,
            };
            let message = format!("{setting} needs {title} ({service}), which {} {says}", provider.value);
            let fault = Fault::new(Code::SERVICE, message);
            let fault = fault.suggest(format!("see tandem provider show {}", provider.value));
            warnings.push(documents.problem_at(trunk, provider, fault).warning());
        }
    }
    warnings
}

/// The services that the settings of a trunk need, with the setting in words.
fn needs(documents: &Documents, trunk: &Document<Trunk>) -> Vec<(&'static str, String)> {
    let mut needs = Vec::new();
    if trunk.media.srtp == Srtp::Required {
        needs.push(("srtp", "media.srtp = \"required\"".to_owned()));
    }
    if trunk.media.path == MediaPath::Direct {
        needs.push(("media-direct", "media.path = \"direct\"".to_owned()));
    }
    if trunk.servers.iter().any(|server| server.uri.likely_transport() == Transport::Tls) {
        needs.push(("tls", "a server with transport=tls".to_owned()));
    }
    if trunk.identity.caller_id == CallerIdHeader::PAssertedIdentity {
        needs.push(("pai", "identity.caller_id = \"p-asserted-identity\"".to_owned()));
    }
    if matches!(trunk.identity.diversion, DiversionHeader::HistoryInfo | DiversionHeader::Both) {
        needs.push(("history-info", "identity.diversion".to_owned()));
    }
    if trunk.register.is_some() {
        needs.push(("registration", "register".to_owned()));
    }
    for emergency in documents.emergency.values() {
        if emergency.trunks.iter().any(|name| **name == *trunk.name) {
            needs.push(("e911", format!("[emergency.{}]", emergency.name)));
        }
    }
    for numbers in documents.numbers.values() {
        if *numbers.trunk.value == *trunk.name {
            needs.push(("inbound-did", format!("[numbers.{}]", numbers.name)));
        }
    }
    needs
}
