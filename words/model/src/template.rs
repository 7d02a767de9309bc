//! What providers say of their trunks in public: data that ships with us, a file a provider and version.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::SourceFile;

/// Everything that one template says, except the keys of the trunk itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    #[serde(rename = "template")]
    pub about: About,
    pub services: Services,
    /// What the operator has to say, by name: a value that is filled in, or a key of the trunk.
    #[serde(default)]
    pub ask: BTreeMap<String, Ask>,
    #[serde(skip)]
    pub(crate) source: Option<SourceFile>,
}

/// Whose template it is, and where it comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    pub name: String,
    pub display: String,
    pub version: u32,
    pub kind: TemplateKind,
    /// Where it is offered; empty where the documents do not bind it to countries.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Public pages that it was written from.
    pub documents: Vec<String>,
    /// The day they were read.
    pub read: String,
    /// What the documents do not say, in words.
    #[serde(default)]
    pub unknown: Vec<String>,
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What stands at the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateKind {
    Provider,
    Pbx,
    Gateway,
    Teams,
}

impl TemplateKind {
    /// The word that templates use.
    pub fn word(self) -> &'static str {
        match self {
            TemplateKind::Provider => "provider",
            TemplateKind::Pbx => "pbx",
            TemplateKind::Gateway => "gateway",
            TemplateKind::Teams => "teams",
        }
    }
}

/// Whether a service is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offered {
    Yes,
    No,
    /// The documents do not say.
    Unknown,
}

impl Offered {
    /// The word that templates use.
    pub fn word(self) -> &'static str {
        match self {
            Offered::Yes => "yes",
            Offered::No => "no",
            Offered::Unknown => "unknown",
        }
    }
}

macro_rules! services {
    ($($field:ident $word:literal $title:literal;)*) => {
        /// The services that a provider may offer; each template answers for each.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Services {
            $(#[doc = $title] #[serde(rename = $word)] pub $field: Offered,)*
        }

        impl Services {
            /// Every service: its word, what it is, and whether it is offered.
            pub fn all(&self) -> Vec<(&'static str, &'static str, Offered)> {
                vec![$(($word, $title, self.$field)),*]
            }
        }
    };
}

services! {
    emergency "e911" "calls for help";
    mobile_presence "mobile-presence" "presence of mobile phones";
    tls "tls" "signalling by TLS";
    srtp "srtp" "sealed media";
    refer "refer" "transfer by REFER";
    asserted "pai" "the caller in P-Asserted-Identity";
    history_info "history-info" "who diverted a call, in History-Info";
    diversion "diversion" "who diverted a call, in Diversion";
    failover "failover" "several servers that back each other";
    multi_ip "multi-ip" "several addresses of ours on one trunk";
    inbound_did "inbound-did" "calls to our own numbers";
    registration "registration" "registration of our address";
    media_direct "media-direct" "media straight to the clients";
}

/// One thing that the operator has to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The question, in a sentence.
    pub say: String,
    /// What may be answered; anything, where it is missing.
    #[serde(default)]
    pub choices: Vec<String>,
    /// What counts where nothing is answered.
    pub otherwise: Option<String>,
    /// An answer that somebody could give: self-tests give it.
    pub example: Option<String>,
}

/// Keys of a trunk that a template may ask for as a whole, beside the values it is filled with.
pub(crate) const ASKED_KEYS: [&str; 2] = ["auth", "servers"];

impl Template {
    /// The text of its file.
    pub fn text(&self) -> &str {
        self.source.as_ref().map_or("", |source| &source.text)
    }

    /// Whether it asks for a key of the trunk instead of a value.
    pub fn asks_for_key(name: &str) -> bool {
        ASKED_KEYS.contains(&name)
    }

    /// What a trunk may say to use it, with made-up values: for tests of templates.
    pub fn example(&self) -> String {
        let About { name, version, .. } = &self.about;
        let mut text = format!("provider = \"{name}\"\nversion = {version}\n");
        let values = self.ask.iter().filter(|(name, _)| !Template::asks_for_key(name));
        let values: Vec<String> = values
            .filter_map(|(name, ask)| Some(format!("{name} = \"{}\"", ask.example.as_ref()?)))
            .collect();
        text.push_str(&format!("values = {{ {} }}\n", values.join(", ")));
        if self.ask.contains_key("auth") {
            text.push_str("auth = { user = \"made-up\", password = { env = \"MADE_UP\" } }\n");
        }
        if let Some(example) = self.ask.get("servers").and_then(|ask| ask.example.as_ref()) {
            text.push_str(&format!("servers = [{{ uri = \"{example}\" }}]\n"));
        }
        text
    }
}

macro_rules! shipped {
    ($($file:literal)*) => {
        const FILES: &[(&str, &str)] =
            &[$((concat!("templates/", $file), include_str!(concat!("../templates/", $file)))),*];
    };
}

shipped! {
    "amazon-chime.toml"
    "avaya-ip-office.toml"
    "bandwidth.toml"
    "bird.toml"
    "bitcall.toml"
    "cisco-ucm.toml"
    "didlogic.toml"
    "didww-registration.toml"
    "didww.toml"
    "dus-net.toml"
    "exotel-tcp.toml"
    "exotel-tls.toml"
    "flowroute.toml"
    "generic-gateway.toml"
    "generic-pbx.toml"
    "google-sip-link.toml"
    "livekit.toml"
    "lync-mediation.toml"
    "plivo.toml"
    "signalwire.toml"
    "sinch-voice.toml"
    "sinch.toml"
    "sipconnect-gin.toml"
    "sipconnect-static.toml"
    "skyetel.toml"
    "synthflow.toml"
    "teams-direct-routing.toml"
    "telnyx.toml"
    "twilio.toml"
    "vapi.toml"
    "videosdk.toml"
    "vonage-api.toml"
    "vonage.toml"
    "whitesky.toml"
    "zadarma.toml"
}

/// Reads every template that ships with us, in the order of their names.
pub fn templates() -> Vec<Template> {
    FILES.iter().filter_map(|(file, text)| read(file, text).ok()).collect()
}

/// What keeps templates that ship with us from being read; nothing, if the build is sound.
pub fn template_faults() -> Vec<String> {
    FILES.iter().filter_map(|(file, text)| read(file, text).err()).collect()
}

/// The texts of templates, which places of merged trunks lead to.
pub(crate) fn sources(templates: &[Template]) -> Arc<[SourceFile]> {
    templates.iter().filter_map(|template| template.source.clone()).collect()
}

fn read(file: &str, text: &str) -> Result<Template, String> {
    let mut table: toml::Table = toml::from_str(text).map_err(|error| format!("{file}: {error}"))?;
    if table.remove("trunk").is_none() {
        return Err(format!("{file}: there is no [trunk]"));
    }
    let mut template = Template::deserialize(table).map_err(|error| format!("{file}: {error}"))?;
    template.source = Some(SourceFile::new(file, text));
    Ok(template)
}
