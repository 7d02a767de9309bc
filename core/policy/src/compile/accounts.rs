//! What trunks register, each under an account of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Document, Fault, Register, RegisterStyle, Side, SipUri};

use crate::account::{Account, Registrar, token};
use crate::address::{host_text, user_escaped};
use crate::call_plan::Credentials;
use crate::compile::Compiler;
use crate::policy::{Interface, Server, Trunk, interface_for};

impl Compiler<'_> {
    pub(super) fn account(
        &mut self,
        trunk: &Document<model::Trunk>,
        servers: &[Server],
        credentials: Option<&Arc<Credentials>>,
        interfaces: &[Interface],
    ) -> Option<Account> {
        let register = &trunk.register.as_ref()?.value;
        let credentials = credentials?.clone();
        let first = register.registrar.as_ref().map(|uri| &uri.value);
        let first = first.or_else(|| servers.first().map(|server| &server.uri))?;
        let host = trunk.identity.domain.as_deref().map_or_else(|| host_text(first), Into::into);
        let user = trunk.identity.account.as_deref().unwrap_or(&credentials.user);
        let token = token(&trunk.name, &credentials);
        let wanted = register.contact_user.as_ref().map(|user| Arc::from(user.as_str()));
        let (contact_user, line) = match (register.style, wanted) {
            (RegisterStyle::Gin, _) => (None, Some(token)),
            (RegisterStyle::Plain, Some(user)) => (Some(user), Some(token)),
            (RegisterStyle::Plain, None) => (Some(token), None),
        };
        Some(Account {
            trunk: trunk.name.clone(),
            domain: format!("sip:{host}").into(),
            identity: format!("sip:{}@{host}", user_escaped(user)).into(),
            registrars: registrars(register, trunk, servers, interfaces),
            contact_user,
            line,
            style: register.style,
            credentials,
            expires: register.expires.0,
            unregistered: register.unregistered,
            retry_first: register.retry.first.0,
            retry_most: register.retry.most.0,
            retry_stopped: register.retry.stopped.0,
        })
    }

    /// The trunk of each token; an account is registered by one trunk only.
    pub(super) fn lines(&mut self, trunks: &BTreeMap<Arc<str>, Arc<Trunk>>) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut lines = BTreeMap::new();
        let mut accounts: BTreeMap<(&str, &str), &Arc<str>> = BTreeMap::new();
        for account in trunks.values().filter_map(|trunk| trunk.account.as_ref()) {
            lines.extend(account.token().map(|token| (token.clone(), account.trunk.clone())));
            let target = account.registrars.first().map_or("", |registrar| &registrar.target);
            let Some(other) = accounts.insert((&account.identity, target), &account.trunk) else { continue };
            self.one_account_twice(&account.trunk, other, &account.identity);
        }
        lines
    }

    fn one_account_twice(&mut self, trunk: &str, other: &str, identity: &str) {
        let documents = self.documents;
        let (Some(document), Some(other)) = (documents.trunk.get(trunk), documents.trunk.get(other)) else {
            return;
        };
        let Some(register) = &document.register else { return };
        let message = format!("{identity} is registered by trunk \"{}\" already", other.name);
        let fault = Fault::new(Code::OWNED_TWICE, message);
        let fault = fault.suggest(format!("see {}", documents.location(other)));
        self.problems.push(documents.problem_at(document, register, fault));
    }
}

/// The registrar that is named, or the trunk's servers by their priority.
fn registrars(
    register: &Register,
    trunk: &Document<model::Trunk>,
    servers: &[Server],
    interfaces: &[Interface],
) -> Vec<Registrar> {
    if let Some(registrar) = &register.registrar {
        let uri: &SipUri = registrar;
        let named = trunk
            .interface
            .as_ref()
            .and_then(|name| interfaces.iter().find(|interface| *interface.name == *name.value));
        let found = named.or_else(|| interface_for(interfaces, Side::Outside, uri.likely_transport()));
        let interface = found.map(|interface| interface.id);
        return vec![Registrar { target: uri.to_string().into(), server: None, interface }];
    }
    let mut ordered: Vec<&Server> = servers.iter().collect();
    ordered.sort_by_key(|server| server.priority);
    let of_server = |server: &Server| Registrar {
        target: server.target.clone(),
        server: Some(server.id),
        interface: server.interface,
    };
    ordered.into_iter().map(of_server).collect()
}
