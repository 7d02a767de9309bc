//! The JSON Schema that editors check and complete by; made from the same types that are read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::announcement::Announcement;
use crate::capture::Capture;
use crate::conference::Conference;
use crate::console::Console;
use crate::deck::Deck;
use crate::directory::Directory;
use crate::emergency::{Emergency, Test};
use crate::link::Link;
use crate::observer::Observer;
use crate::offer::Offer;
use crate::orbit::Orbit;
use crate::push::Push;
use crate::recorder::Recorder;
use crate::rights::Rights;
use crate::route::{DialPlan, Route};
use crate::schedule::Schedule;
use crate::site::Site;
use crate::system::{Interface, System};
use crate::trace::Trace;
use crate::trunk::Trunk;
use crate::user::{Numbers, User};
use crate::webhook::Webhook;

/// One file: any objects of any kinds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Tandem configuration", rename = "Configuration")]
#[expect(dead_code, reason = "only its shape is used")]
struct File {
    /// The format of the configuration: 1.
    #[schemars(range(min = 1, max = 1))]
    format: Option<u32>,
    system: Option<System>,
    interface: Option<BTreeMap<String, Interface>>,
    link: Option<BTreeMap<String, Link>>,
    site: Option<BTreeMap<String, Site>>,
    trunk: Option<BTreeMap<String, Trunk>>,
    user: Option<BTreeMap<String, User>>,
    numbers: Option<BTreeMap<String, Numbers>>,
    rights: Option<BTreeMap<String, Rights>>,
    route: Option<BTreeMap<String, Route>>,
    deck: Option<BTreeMap<String, Deck>>,
    offer: Option<BTreeMap<String, Offer>>,
    orbit: Option<BTreeMap<String, Orbit>>,
    announcement: Option<BTreeMap<String, Announcement>>,
    conference: Option<BTreeMap<String, Conference>>,
    console: Option<BTreeMap<String, Console>>,
    schedule: Option<BTreeMap<String, Schedule>>,
    dialplan: Option<BTreeMap<String, DialPlan>>,
    emergency: Option<BTreeMap<String, Emergency>>,
    test: Option<BTreeMap<String, Test>>,
    recorder: Option<BTreeMap<String, Recorder>>,
    observer: Option<BTreeMap<String, Observer>>,
    capture: Option<BTreeMap<String, Capture>>,
    trace: Option<BTreeMap<String, Trace>>,
    webhook: Option<BTreeMap<String, Webhook>>,
    push: Option<BTreeMap<String, Push>>,
    directory: Option<BTreeMap<String, Directory>>,
}

/// The JSON Schema (2020-12) of a configuration file.
pub fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}
