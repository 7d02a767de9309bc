//! The nouns of the business, as an operator writes them: `[trunk.northwind]`, `[route.us-national]` …
//!
//! It reads texts of TOML into [`Documents`] and says what is wrong with them, with file, line and column.
//! It does not read files, does not look up secrets, and does not know whether a trunk that a route names
//! exists: that is `policy::compile`.
//!
//! Start at [`load`]; the kinds of objects are one module each, the values they are made of come after.

mod check;
mod conference;
mod console;
mod difference;
mod documents;
mod lacks;
mod load;
mod masked;
mod merge;
mod schema;
mod template;
mod written;

mod acme;
mod alert;
mod announcement;
mod call_rules;
mod capture;
mod deck;
mod directory;
mod emergency;
mod failover;
mod headers;
mod health;
mod http;
mod identity;
mod link;
mod malicious;
mod marks;
mod observer;
mod offer;
mod oidc;
mod orbit;
mod outpost;
mod provisioning;
mod push;
mod record;
mod recorder;
mod register;
mod registrar;
mod rights;
mod ringing;
mod role;
mod route;
mod schedule;
mod site;
mod storage;
mod system;
mod trace;
mod trunk;
mod trunk_limits;
mod user;
mod webhook;

mod duration;
mod formats;
mod forward;
mod media;
mod music;
mod network;
mod number;
mod packets;
mod pattern;
mod precedence;
mod secrecy;
mod secret;
mod uri;

mod fault;
mod misread;
mod problem;
mod source;
mod spot;
mod suggest;
mod text;

pub use acme::{Acme, AcmeAuthority, CertificateKey, Terms};
pub use alert::{AlertText, Alerts, Paging, answers_alone};
pub use announcement::{Announcement, NoCall, Refusals};
pub use call_rules::{
    CallRules, CarriedMethod, CarriedMethods, EarlyMedia, Redirect, Reliable, SessionIds, SessionTimer,
    Silence, Transfer,
};
pub use capture::{Capture, HepAddress, HepTransport};
pub use conference::Conference;
pub use console::Console;
pub use deck::{Cost, Currency, Deck};
pub use difference::{Change, Changed, KeyChange, difference};
pub use directory::{Directory, DirectoryAttributes, LdapAddress, LdapSeal, StartTls};
pub use documents::{Document, Documents, Kind};
pub use duration::Duration;
pub use emergency::{Emergency, Expect, Given, Moment, Test};
pub use failover::{FailCause, Failover, ResponseRule};
pub use fault::Fault;
pub use formats::{NumberFormat, NumberFormats, NumberPlace};
pub use forward::{AnonymousCalls, Forward, Target};
pub use headers::{HeaderName, HeaderPlace, HeaderRule, HeaderText, HeaderWay, Word};
pub use health::{HealthCheck, Probing};
pub use http::{Http, InClear, Listen};
pub use identity::{
    CallerIdHeader, CallerPrivacy, ConnectedTo, DiversionHeader, FromIdentity, Identity, Screening,
    Translate, Trust,
};
pub use lacks::lacks;
pub use link::{Link, LinkKind};
pub use load::load;
pub use malicious::MarkMalicious;
pub use marks::{Dscp, Marks};
pub use masked::{masked, unmasked};
pub use media::{
    Chats, Codec, Dtmf, Fax, Ice, IceOffers, KernelPath, Keys, KeysInClear, MediaPath, MediaSenders,
    SitePath, Srtp, Transcode,
};
pub use music::{Music, SoundFile};
pub use network::{Address, Network, PortRange, Source};
pub use number::{Number, NumberRange};
pub use observer::Observer;
pub use offer::{Amount, Offer, OfferUnit, Traffic};
pub use oidc::{Issuer, Oidc, OidcRoles};
pub use orbit::Orbit;
pub use outpost::{OutpostAddress, TurnServer};
pub use packets::{Captured, PacketRules};
pub use pattern::{Mask, Pattern};
pub use precedence::Precedence;
pub use problem::{CODES, Code, Problem, Severity};
pub use provisioning::{Mac, Make, Phone, PhoneTransport, Provisioning};
pub use push::Push;
pub use record::{Recorded, RecordingFormat, RecordingRules};
pub use recorder::{KeptAt, Recorder, WithoutRecorder};
pub use register::{Register, RegisterStyle, Retry, Unregistered};
pub use rights::{Rights, Scope};
pub use ringing::RingOrder;
pub use role::Role;
pub use route::{Becomes, Choose, DialPlan, Route, RouteCallerId, RouteFrom, RouteSend, RouteTrunk, Rule};
pub use schedule::{Day, Hours, Schedule, YearDay};
pub use schema::schema;
pub use secrecy::{
    blot_passwords, may_name_a_secret, names_a_secret, shown_header, shown_headers, without_passwords,
};
pub use secret::{Secret, SecretRef, Secrets};
pub use site::{Operator, Site, SiteMedia, TollBypass};
pub use source::{Place, SourceFile};
pub use spot::Spot;
pub use storage::{Storage, StorageEngine, StorageHost};
pub use suggest::nearest;
pub use system::{DeviceMedia, Digest, Interface, LogLevel, Records, Side, System, Wildcards};
pub use template::{About, Ask, Offered, Services, Template, TemplateKind, template_faults, templates};
pub use trace::{HttpAddress, People, Trace};
pub use trunk::{Accept, Auth, DidRule, Server, Transit, Trunk, TrunkDirection, TrunkKind, TrunkMedia};
pub use trunk_limits::{Rate, TrunkLimits};
pub use uri::{Secure, SipUri, Transport};
pub use user::{Class, Device, Numbers, Unowned, User, WatchRules, Watchers};
pub use webhook::Webhook;
pub use written::{
    Unwritable, WrittenDocument, document_of, documents_of, is_name, kinds, pointer_to, rewritten,
    says_nothing,
};
