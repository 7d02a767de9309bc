//! Whom the house believes, and what it makes of what they say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{Oidc, OidcRoles};

/// One identity provider, as `[system.oidc]` has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub issuer: String,
    pub audience: String,
    /// To whom else than the audience tokens may have been given.
    pub parties: Vec<String>,
    pub claim: String,
    pub roles: OidcRoles,
    pub leeway: Duration,
    /// A file of the authorities that it is believed by.
    pub roots: Option<PathBuf>,
}

impl Settings {
    /// Files are found from `base`.
    pub fn of(oidc: &Oidc, base: &Path) -> Settings {
        let parties = oidc.parties.iter().chain(&oidc.client);
        Settings {
            issuer: oidc.issuer.text().to_owned(),
            audience: oidc.audience.value.clone(),
            parties: parties.map(|party| party.value.clone()).collect(),
            claim: oidc.claim().to_owned(),
            roles: oidc.roles.value.clone(),
            leeway: oidc.leeway(),
            roots: oidc.tls_verify.as_ref().map(|path| base.join(path)),
        }
    }
}
