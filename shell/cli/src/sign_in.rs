//! Verbs by which people sign in with their identity provider.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct SignIn {
    /// The configuration directory whose [system.oidc] says with whom [default: as the last time]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// In its place: the issuer, as the provider writes it
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    pub issuer: Option<String>,
    /// The public client that the provider knows this program by [default: tandem-cli]
    #[arg(long, requires = "issuer")]
    pub client: Option<String>,
    /// Whom the token has to be for [default: the client]
    #[arg(long, requires = "issuer")]
    pub audience: Option<String>,
    /// A file of the authorities that the provider's certificate is believed by [default: this machine's]
    #[arg(long, value_name = "FILE", requires = "issuer")]
    pub tls_verify: Option<PathBuf>,
    /// Print the token and nothing else, for curl and other programs
    #[arg(long, conflicts_with = "json")]
    pub print: bool,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SignOut {
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
