//! A compiled, immutable revision of the documents.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use model::{
    AlertText, AnonymousCalls, CallerPrivacy, Captured, Choose, DidRule, Digest, HeaderRule, HealthCheck,
    Ice, Identity, KernelPath, MarkMalicious, Marks, Moment, Network, Number, NumberPlace, Paging, Pattern,
    PortRange, Precedence, Problem, Recorded, RecordingFormat, RingOrder, Rule, Side, SipUri, SitePath,
    Source, TollBypass, Transit, Transport, TrunkDirection, TrunkKind, Watchers, Wildcards, WithoutRecorder,
};

use crate::account::Account;
use crate::call_plan::{Credentials, LegRules, MediaPlan};
use crate::causes::Causes;
use crate::conference::Conference;
use crate::deck::{Tariff, day_number};
use crate::dids::Dids;
use crate::directories::PeopleSource;
use crate::directory::{Directory, Extensions};
use crate::exports::Exports;
use crate::facts::{InterfaceId, ServerId, WallTime};
use crate::forward::{Forward, Target};
use crate::habits::Habits;
use crate::help::{Help, HelpClock};
use crate::inside::Inside;
use crate::limit::{Claim, Limit, Permit};
use crate::music::{Music, Sound};
use crate::networks::{Networks, Sources};
use crate::numbering::{Country, Place, Plans, rendered};
use crate::orbit::Orbit;
use crate::outpost::Outposts;
use crate::pace::Pace;
use crate::password::Password;
use crate::phones::Phones;
use crate::recorder::{Recorder, RecordingRules};
use crate::refusal::Code;
use crate::responses::Responses;
use crate::rights::{Rights, Usage};
use crate::route_index::RouteIndex;
use crate::schedule::{Schedule, Zone};
use crate::watched::Admission;

/// Everything the house holds to be right, with every reference resolved.
#[derive(Debug)]
pub struct Policy {
    pub(crate) revision: u64,
    pub(crate) realm: Arc<str>,
    pub(crate) time_zone: Option<Arc<str>>,
    pub(crate) plans: Plans,
    pub(crate) home: Habits,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) servers: Vec<Server>,
    /// What each link carries, where it says so.
    pub(crate) links: BTreeMap<Arc<str>, Arc<Limit>>,
    pub(crate) sites: BTreeMap<Arc<str>, Arc<Site>>,
    pub(crate) sites_by_network: Networks<Arc<Site>>,
    /// Sites whose extensions have a prefix elsewhere.
    pub(crate) sites_with_prefix: Vec<Arc<Site>>,
    pub(crate) trunks: BTreeMap<Arc<str>, Arc<Trunk>>,
    pub(crate) trunks_by_source: Sources<Arc<Trunk>>,
    /// The trunk of each token in what we registered.
    pub(crate) lines: BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) users: BTreeMap<Arc<str>, Arc<User>>,
    /// Users and numbers of whom it matters since when they are idle.
    pub(crate) timed: BTreeSet<Arc<str>>,
    pub(crate) counts_calls: bool,
    /// Users by name, extension, and number with its plus.
    pub(crate) directory: Directory<Arc<User>>,
    /// The users whom mobile numbers belong to.
    pub(crate) mobiles: BTreeMap<Arc<str>, Arc<str>>,
    /// Where calls are parked.
    pub(crate) orbits: Vec<Arc<Orbit>>,
    /// Rooms in which people meet.
    pub(crate) conferences: Vec<Arc<Conference>>,
    /// Users who are watched together.
    pub(crate) consoles: BTreeMap<Arc<str>, Arc<[Arc<str>]>>,
    /// What is dialled to pick a call up.
    pub(crate) pickup_code: Option<Arc<str>>,
    /// Users by site and extension.
    pub(crate) extensions: Extensions<Arc<User>>,
    pub(crate) dids: Dids,
    pub(crate) routes: Vec<Route>,
    pub(crate) route_index: RouteIndex,
    /// The names of usages; a usage is the index.
    pub(crate) usages: Vec<Arc<str>>,
    pub(crate) tariffs: BTreeMap<Arc<str>, Arc<Tariff>>,
    /// Where the system's days begin.
    pub(crate) zone: Zone,
    pub(crate) dial_plans: Vec<DialPlan>,
    pub(crate) emergencies: Vec<Emergency>,
    /// What is said of a call that is none for help, by the caller's site.
    pub(crate) not_for_help: BTreeMap<Option<Arc<str>>, Arc<str>>,
    pub(crate) tests: Vec<StoredTest>,
    /// Of calls between users.
    pub(crate) media: MediaPlan,
    pub(crate) digests: Vec<Digest>,
    pub(crate) registrar: RegistrarRules,
    pub(crate) phones: Phones,
    /// How the legs of our own phones behave.
    pub(crate) device_leg: LegRules,
    /// Files of sound, by their names.
    pub(crate) sounds: BTreeMap<Arc<str>, Sound>,
    pub(crate) recordings: RecordingRules,
    /// How many may be refused aloud at once; nothing, where nobody is.
    pub(crate) aloud: Option<Arc<Limit>>,
    /// How long somebody may be called back who called for help.
    pub(crate) callback_window: Duration,
    /// What is dialled to mark a call as malicious.
    pub(crate) malicious_code: Option<Arc<str>>,
    /// How our own phones ring.
    pub(crate) alerts: AlertValues,
    /// Headers of an INVITE that some trunk may be handed on.
    pub(crate) handed_on: Vec<Arc<str>>,
    /// Whether some trunk's far end says where its parties are.
    pub(crate) hears_locations: bool,
    /// Who is sent what happens.
    pub(crate) exports: Exports,
    pub(crate) directories: Vec<PeopleSource>,
    pub(crate) warnings: Vec<Problem>,
}

/// What our phones are told of how to ring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AlertValues {
    pub inside: Arc<[AlertText]>,
    pub outside: Arc<[AlertText]>,
    pub private: Arc<[AlertText]>,
}

/// What holds for phones that register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrarRules {
    /// For so long at least, at most, and where a phone says nothing.
    pub least: Duration,
    pub most: Duration,
    pub usual: Duration,
    /// So many devices a user may have registered at once.
    pub devices: u16,
    /// By which push services phones are woken.
    pub waking: Arc<[Waking]>,
}

/// How phones of one push service are woken (RFC 8599).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waking {
    pub provider: Arc<str>,
    /// So long a phone may take until it is there.
    pub wait: Duration,
    /// So long it is awake once it has registered.
    pub awake: Duration,
}

impl RegistrarRules {
    /// How phones are woken that name this push service.
    pub fn waking_by(&self, provider: &str) -> Option<&Waking> {
        self.waking.iter().find(|waking| waking.provider.eq_ignore_ascii_case(provider))
    }
}

impl Policy {
    /// The number of this revision; each compiled after another counts on.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The same policy under the number of its revision.
    pub fn numbered(self, revision: u64) -> Policy {
        Policy { revision, ..self }
    }

    /// Whether whoever is at one of these addresses may be told of the other, to speak with it without us.
    pub fn lets_speak(&self, one: IpAddr, other: IpAddr) -> bool {
        let sites = self.sites.values().filter_map(|site| site.inside());
        let trunks = self.trunks.values().filter_map(|trunk| trunk.leg.inside.as_ref());
        sites.chain(trunks).any(|inside| inside.has(one) && inside.has(other))
    }

    /// The realm of our digest challenges.
    pub fn realm(&self) -> &Arc<str> {
        &self.realm
    }

    /// The time zone that people here live in, such as "America/Los_Angeles".
    pub fn time_zone(&self) -> Option<&str> {
        self.time_zone.as_deref()
    }

    /// Whether far ends find our media at an interface by checks; never at one that is gone.
    pub fn ice(&self, id: InterfaceId) -> Ice {
        self.interfaces().iter().find(|interface| interface.id == id).map_or(Ice::Off, |found| found.ice)
    }

    /// Our interfaces; an id is the index.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Every server of every trunk; an id is the index.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The names of all trunks, in order.
    pub fn trunks(&self) -> impl Iterator<Item = &Arc<str>> {
        self.trunks.keys()
    }

    /// Whether some trunk's far end is believed when it says where its parties are.
    pub fn hears_locations(&self) -> bool {
        self.hears_locations
    }

    /// Whether some trunk wants far ends to prove themselves with a certificate.
    pub fn wants_certificates(&self) -> bool {
        self.trunks.values().any(|trunk| !trunk.certificate.is_empty())
    }

    /// The names of all users, in order.
    pub fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.keys()
    }

    /// Whether calls of users are counted.
    pub fn counts_calls(&self) -> bool {
        self.counts_calls
    }

    /// Whether anybody takes by a code what rings at somebody else, or is parked, or meets others.
    pub fn lets_calls_be_taken(&self) -> bool {
        self.pickup_code.is_some() || !self.orbits.is_empty() || !self.conferences.is_empty()
    }

    /// One call more of a user whose calls are counted.
    pub fn call_of(&self, user: &str) -> Option<Permit> {
        let limit = self.users.get(user)?.calls.as_ref()?;
        Some(Claim::of_itself(limit).take_by_force())
    }

    /// What both parties hear when a recording of their call begins.
    pub fn notice(&self) -> &Music {
        &self.recordings.notice
    }

    /// What recordings are written as.
    pub fn recording_format(&self) -> RecordingFormat {
        self.recordings.format
    }

    /// Whether recordings are kept in files of the house.
    pub fn records_in_files(&self) -> bool {
        self.recordings.in_files
    }

    /// Who records calls outside, in the order in which they are asked.
    pub fn recorders(&self) -> &[Recorder] {
        &self.recordings.recorders
    }

    /// What becomes of a call that none of them takes.
    pub fn without_recorder(&self) -> WithoutRecorder {
        self.recordings.without_recorder
    }

    /// For how many days recordings stay.
    pub fn keep_recordings_days(&self) -> u16 {
        self.recordings.keep_days
    }

    /// The day of a moment as people here count, as "2026-11-22".
    pub fn day_name(&self, at: WallTime) -> String {
        self.zone.local(at).date().to_string()
    }

    /// One call more that is refused aloud, if there is room for it.
    pub fn refuses_aloud(&self) -> Option<Permit> {
        Claim::of_itself(self.aloud.as_ref()?).take()
    }

    /// Somebody calls for help, or has hung up: who that is, if it is one of our users.
    pub fn calls_for_help(&self, who: &str, at: WallTime) -> Option<Help> {
        let user = self.directory.get(who)?;
        user.helped.called(at);
        Some(Help { user: user.name.clone(), at })
    }

    /// What is known of it from before the process began.
    pub fn recall_help(&self, help: &Help) {
        if let Some(user) = self.users.get(&help.user) {
            user.helped.called(help.at);
        }
    }

    /// When a user called for help last.
    pub(crate) fn called_for_help_at(&self, user: &str) -> Option<WallTime> {
        self.users.get(user)?.helped.last()
    }

    /// How many calls a user has, where they are counted.
    pub(crate) fn calls_of(&self, user: &str) -> u32 {
        self.users.get(user).and_then(|user| user.calls.as_ref()).map_or(0, |limit| limit.used())
    }

    /// Whether it matters since when a user, or whoever has a number, is idle.
    pub fn is_timed(&self, who: &str) -> bool {
        self.timed.contains(who)
    }

    /// The names of the digests that users may prove themselves by, the preferred first.
    pub fn digests(&self) -> impl Iterator<Item = &'static str> {
        self.digests.iter().map(|digest| digest.word())
    }

    /// What holds for phones that register.
    pub fn registrar(&self) -> &RegistrarRules {
        &self.registrar
    }

    /// A user who may register, and the password that proves it: the own one, or that of a desk phone, which
    /// proves itself by a name of its own.
    pub fn who_registers(&self, name: &str) -> Option<(&Arc<str>, &Password)> {
        match self.users.get_key_value(name) {
            Some((name, user)) => Some((name, user.password.as_ref()?)),
            None => self.phones.named.get(name).map(|phone| (&phone.user, &phone.password)),
        }
    }

    /// A password of a user, the own one or that of a desk phone; nothing where nobody could register it.
    pub fn credentials_of(&self, user: &str) -> Option<&Password> {
        let own = self.users.get(user)?.password.as_ref();
        own.or_else(|| self.phones.of(user).next().map(|phone| &phone.password))
    }

    /// Users whose password a directory has yet to bring.
    pub fn awaiting_passwords(&self) -> impl Iterator<Item = &Arc<str>> {
        let users = self.users.iter();
        users
            .filter(|(_, user)| user.password.as_ref().is_some_and(Password::is_awaited))
            .map(|(name, _)| name)
    }

    /// Whether this user is one of them.
    pub fn awaits_password(&self, user: &str) -> bool {
        let user = self.users.get(user);
        user.and_then(|user| user.password.as_ref()).is_some_and(Password::is_awaited)
    }

    /// Desk phones that fetch their settings.
    pub fn phones(&self) -> &Phones {
        &self.phones
    }

    /// The trunk that a source address belongs to; the most exact source wins.
    pub fn trunk_at(&self, source: SocketAddr) -> Option<&Arc<str>> {
        self.trunks_at(source).first().map(|trunk| &trunk.name)
    }

    /// The limits of trunks, sites and links, for whoever shows how full they are.
    pub fn limits(&self) -> impl Iterator<Item = &Arc<Limit>> {
        let of_trunks = self.trunks.values().filter_map(|trunk| trunk.limit.as_ref());
        let of_sites = self.sites.values().filter_map(|site| site.limit.as_ref());
        of_trunks.chain(of_sites).chain(self.links.values())
    }

    /// The lines in which calls wait for their turn.
    pub fn paces(&self) -> impl Iterator<Item = &Arc<Pace>> {
        self.servers.iter().flat_map(|server| server.paces.iter())
    }

    /// The names of headers of an INVITE that a decision may depend on.
    pub fn handed_on(&self) -> &[Arc<str>] {
        &self.handed_on
    }

    /// The tests that the configuration carries.
    pub fn tests(&self) -> &[StoredTest] {
        &self.tests
    }

    /// What tells the contents of files of sound apart, by their names.
    pub fn sound_prints(&self) -> BTreeMap<Arc<str>, u64> {
        self.sounds.iter().map(|(name, sound)| (name.clone(), sound.print)).collect()
    }

    /// The price lists, by name.
    pub fn tariffs(&self) -> impl Iterator<Item = &Arc<Tariff>> {
        self.tariffs.values()
    }

    /// The trunks whose calls cost what a list says.
    pub fn trunks_with(&self, tariff: &Arc<Tariff>) -> Vec<&Arc<str>> {
        let has = |trunk: &&Arc<Trunk>| trunk.tariff.as_ref().is_some_and(|one| Arc::ptr_eq(one, tariff));
        self.trunks.values().filter(has).map(|trunk| &trunk.name).collect()
    }

    /// The days since 1970 of a time, as they are counted here.
    pub fn day(&self, at: WallTime) -> u32 {
        day_number(self.zone.local(at).date()).unwrap_or(0)
    }

    /// Where people come from who stand in no document of the operator's.
    pub fn directories(&self) -> &[PeopleSource] {
        &self.directories
    }

    /// Who is sent what happens.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// What may be meant and is worth a second look; none of it stops anything.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The trunks whose most exact source covers an address, all equally exact.
    pub(crate) fn trunks_at(&self, source: SocketAddr) -> &[Arc<Trunk>] {
        self.trunks_by_source.at(source)
    }

    /// The site whose network an address is in; the narrowest wins, then the last by name.
    pub(crate) fn site_of(&self, address: IpAddr) -> Option<&Arc<Site>> {
        self.sites_by_network.at(address).last()
    }

    pub(crate) fn habits_of<'p>(&'p self, site: Option<&'p Site>) -> &'p Habits {
        site.map_or(&self.home, |site| &site.habits)
    }

    /// Where people of a site dial, as numbering wants it.
    pub(crate) fn place_of<'p>(&'p self, site: Option<&'p Site>) -> Place<'p> {
        let habits = self.habits_of(site);
        Place { plans: &self.plans, country: &habits.country, area_code: habits.area_code.as_deref() }
    }

    pub(crate) fn interface_towards(&self, side: Side) -> Option<InterfaceId> {
        let facing = self.interfaces.iter().find(|interface| interface.side == side);
        facing.or(self.interfaces.first()).map(|interface| interface.id)
    }

    pub(crate) fn interface_for(&self, side: Side, transport: Transport) -> Option<InterfaceId> {
        interface_for(&self.interfaces, side, transport).map(|interface| interface.id)
    }

    /// Who is found at an interface; the world, at one that is gone.
    pub fn side_of(&self, interface: InterfaceId) -> Side {
        self.interfaces.get(usize::from(interface.0)).map_or(Side::Outside, |interface| interface.side)
    }
}

/// The interface on a side that speaks a transport; any that speaks it where that side has none.
pub(crate) fn interface_for(
    interfaces: &[Interface],
    side: Side,
    transport: Transport,
) -> Option<&Interface> {
    let speaking = || interfaces.iter().filter(|interface| interface.speaks(transport));
    speaking().find(|interface| interface.side == side).or_else(|| speaking().next())
}

/// An address of ours and what listens on it.
#[derive(Clone, Debug)]
pub struct Interface {
    pub id: InterfaceId,
    pub name: Arc<str>,
    pub address: IpAddr,
    /// The address or name that far ends are told, behind a NAT.
    pub advertise: Option<Arc<str>>,
    pub udp: Option<u16>,
    pub tcp: Option<u16>,
    pub tls: Option<u16>,
    pub ws: Option<u16>,
    pub wss: Option<u16>,
    /// Where sessions of messages are relayed.
    pub msrp: Option<u16>,
    /// The web pages whose scripts may come by `ws` and `wss`.
    pub origins: Arc<[Arc<str>]>,
    /// Whether who asks for a page there is given the browser phone.
    pub has_phone: bool,
    pub tls_certificate: Option<Arc<str>>,
    pub tls_key: Option<Arc<str>>,
    /// The names of a certificate that is got and renewed, in the place of files.
    pub tls_names: Arc<[Arc<str>]>,
    pub tls_verify: Option<Arc<str>>,
    /// What servers that we connect to may show.
    pub tls_wildcards: Wildcards,
    pub media_ports: PortRange,
    pub side: Side,
    /// Whether far ends find our media here by checks.
    pub ice: Ice,
    /// Who outside is asked how our media is seen there.
    pub outposts: Arc<Outposts>,
    /// Whether the kernel may carry media that arrives here.
    pub kernel_path: KernelPath,
    /// How what leaves it is marked.
    pub dscp: Marks,
}

impl Interface {
    /// Whether something listens on it for this transport.
    pub fn speaks(&self, transport: Transport) -> bool {
        self.port(transport).is_some()
    }

    /// The port it listens on for a transport.
    pub fn port(&self, transport: Transport) -> Option<u16> {
        match transport {
            Transport::Udp => self.udp,
            Transport::Tcp => self.tcp,
            Transport::Tls => self.tls,
            Transport::Ws => self.ws,
            Transport::Wss => self.wss,
        }
    }
}

/// One far end of a trunk.
#[derive(Clone, Debug)]
pub struct Server {
    pub id: ServerId,
    /// `trunk/uri`: the same across revisions.
    pub key: Arc<str>,
    pub trunk: Arc<str>,
    pub uri: SipUri,
    /// The URI as text.
    pub target: Arc<str>,
    pub interface: Option<InterfaceId>,
    pub priority: u16,
    pub weight: u16,
    pub health: HealthCheck,
    /// The lines that a call to it stands in: its own, and its trunk's.
    pub(crate) paces: Arc<[Arc<Pace>]>,
    /// `sip:` or `sips:`.
    pub(crate) scheme: &'static str,
    /// The host as it stands in a URI.
    pub(crate) host: Arc<str>,
    /// The same, with the port if one is configured.
    pub(crate) authority: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct Site {
    pub name: Arc<str>,
    pub habits: Habits,
    /// What people elsewhere dial before an extension of this site.
    pub extension_prefix: Option<Arc<str>>,
    pub dial_plan: Option<Arc<str>>,
    pub subnets: Vec<Network>,
    /// The same for whoever may speak there without us.
    pub inside: Arc<Inside>,
    /// Whether its people may.
    pub path: SitePath,
    pub limit: Option<Arc<Limit>>,
    pub codecs: Option<Arc<[Arc<str>]>>,
    /// What calls that leave or enter it cross.
    pub link: Option<Arc<Limit>>,
    pub toll_bypass: TollBypass,
    /// By which people here leave, where toll bypass is refused.
    pub usages: Vec<Usage>,
    /// The user who is called instead of somebody whom its trunks may not reach.
    pub mailbox: Option<Arc<str>>,
    /// Whether its people are recorded, if it says so.
    pub record: Option<Recorded>,
    /// How much of their media may be captured, if it says so.
    pub capture: Option<Captured>,
}

impl Site {
    /// Where media of its people may leave our relay.
    pub fn inside(&self) -> Option<&Arc<Inside>> {
        (self.path == SitePath::Auto).then_some(&self.inside)
    }
}

#[derive(Debug)]
pub(crate) struct Trunk {
    pub name: Arc<str>,
    pub servers: Vec<Server>,
    pub direction: TrunkDirection,
    pub kind: TrunkKind,
    /// Where its far end stands.
    pub site: Option<Arc<Site>>,
    pub toll_bypass: TollBypass,
    pub transit: Transit,
    /// Where calls from it may go that are for nobody here.
    pub usages: Vec<Usage>,
    pub tariff: Option<Arc<Tariff>>,
    pub sources: Vec<Source>,
    /// Whether calls are taken from the addresses that its servers have now.
    pub takes_resolved: bool,
    /// Names that a far end proves itself with.
    pub certificate: Vec<Arc<str>>,
    pub did: DidRule,
    /// Whether it is believed when it says how many messages wait for users.
    pub tells_of_mail: bool,
    pub dial_plan: Option<Arc<str>>,
    pub identity: Identity,
    /// The header that says who calls, if there is one.
    pub told_in: Option<Arc<str>>,
    /// The domain of our own people in what it is told, if it isn't the server's.
    pub told_domain: Option<Arc<str>>,
    /// The account that it knows us by.
    pub told_account: Option<Arc<str>>,
    /// The country whose national form and short codes the far end knows.
    pub country: Arc<Country>,
    /// Rules for numbers as they are sent, each with its place.
    pub translate: Translation,
    pub headers: Arc<[HeaderRule]>,
    pub credentials: Option<Arc<Credentials>>,
    /// What it registers with its provider.
    pub account: Option<Account>,
    pub media: MediaPlan,
    pub leg: Arc<LegRules>,
    /// As what its calls may be marked, and what it is told of marks.
    pub precedence: Arc<[Precedence]>,
    pub limit: Option<Arc<Limit>>,
    /// What its calls cross.
    pub link: Option<Arc<Limit>>,
    pub tell_queued: Option<Duration>,
    pub early_max: usize,
    pub moves_on: Causes,
    pub ring_wait: Duration,
    pub answer_wait: Duration,
    pub after_ringing: bool,
    pub budget: Option<Duration>,
    pub responses: Responses,
    pub at: Arc<str>,
}

impl Trunk {
    /// A number as the far end wants it in one place of a request; what is no number stays as it is.
    pub fn writes<'n>(&self, number: &'n str, place: NumberPlace) -> Cow<'n, str> {
        rendered(number, self.identity.format_in(place), &self.country)
    }

    /// Whether it is said to call from this address.
    pub fn is_at(&self, source: SocketAddr) -> bool {
        self.sources.iter().any(|one| one.covers(source))
    }

    /// The name by which somebody who holds this certificate is this trunk.
    pub fn named_in<'n>(&self, certificate: &'n [String]) -> Option<&'n String> {
        let is_its = |name: &&String| self.certificate.iter().any(|own| own.eq_ignore_ascii_case(name));
        certificate.iter().find(is_its)
    }
}

/// Rules for numbers as they are sent to a trunk, each with its file and line.
#[derive(Debug)]
pub(crate) struct Translation {
    pub called: Vec<(Rule, Arc<str>)>,
    pub calling: Vec<(Rule, Arc<str>)>,
}

#[derive(Debug)]
pub(crate) struct User {
    pub name: Arc<str>,
    pub display: Arc<str>,
    pub site: Option<Arc<Site>>,
    pub number: Option<Number>,
    pub extension: Option<Arc<str>>,
    pub dial_plan: Option<Arc<str>>,
    pub password: Option<Password>,
    /// Whether it has anything to prove itself by: a password, or a desk phone that has one.
    pub registers: bool,
    pub devices: Vec<SipUri>,
    pub ring: RingOrder,
    /// What rings along.
    pub also: Vec<Target>,
    pub forward: Forward,
    /// How many calls there may be, and are.
    pub calls: Option<Arc<Limit>>,
    pub helped: HelpClock,
    /// A number that rings along and answers sooner is a mailbox.
    pub voicemail_escape: Option<Duration>,
    pub do_not_disturb: bool,
    pub anonymous_calls: AnonymousCalls,
    pub watchers: Watchers,
    /// What holds for watchers by name.
    pub watch_rules: BTreeMap<Arc<str>, Admission>,
    /// The second number, which nobody else knows.
    pub private: Option<Number>,
    pub rights: Arc<Rights>,
    pub privacy: CallerPrivacy,
    pub record: Option<Recorded>,
    pub capture: Option<Captured>,
    /// Numbers that the user may show beside the own one.
    pub may_show: Vec<Pattern>,
    /// Whose members may pick up each other's calls.
    pub pickup_group: Option<Arc<str>>,
    /// Whether the user may have other phones answer by themselves.
    pub paging: Paging,
    pub mark_malicious: MarkMalicious,
    /// As what the user may mark calls.
    pub precedence: Arc<[Precedence]>,
    pub at: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct Route {
    pub name: Arc<str>,
    pub order: u32,
    pub to: Pattern,
    pub except: Vec<Pattern>,
    pub from_trunk: Option<Arc<str>>,
    pub from_user: Option<Arc<str>>,
    /// Sites whose callers it serves; everybody's where it is empty.
    pub sites: Vec<Arc<str>>,
    /// Serves those who hold one of them; everybody where it is empty.
    pub usages: Vec<Usage>,
    pub when: Option<Arc<Schedule>>,
    pub leads: Leads,
    /// The number shown instead of the caller's.
    pub shown: Option<Number>,
    pub at: Arc<str>,
    pub said: SaidOfRoute,
}

/// What trails say of a route, whoever calls.
#[derive(Debug)]
pub(crate) struct SaidOfRoute {
    /// Where it takes the call.
    pub taking: Arc<str>,
    /// Where it is for callers of other sites.
    pub sites: Arc<str>,
    /// Where it is for other numbers.
    pub number: Arc<str>,
}

/// Where a route leads.
#[derive(Debug)]
pub(crate) enum Leads {
    Trunks {
        choose: Choose,
        through: Vec<(Arc<Trunk>, u32)>,
        backup: Vec<Arc<Trunk>>,
    },
    User(Arc<User>),
    /// To whoever owns the number called.
    Owner,
}

#[derive(Debug)]
pub(crate) struct DialPlan {
    pub name: Arc<str>,
    pub serves: Serves,
    pub rules: Vec<(Rule, Arc<str>)>,
}

/// Whose dialling a plan rules.
#[derive(Debug)]
pub(crate) enum Serves {
    Everybody,
    Sites(Vec<Arc<str>>),
    /// Users, trunks and sites that name it.
    WhoeverNamesIt,
}

#[derive(Debug)]
pub(crate) struct Emergency {
    pub name: Arc<str>,
    pub dial: Vec<Arc<str>>,
    pub country: Option<Arc<str>>,
    pub sites: Vec<Arc<str>>,
    pub trunks: Vec<Arc<Trunk>>,
    pub at: Arc<str>,
}

/// A call that is planned whenever something changes, and what has to come out.
#[derive(Clone, Debug)]
pub struct StoredTest {
    pub name: Arc<str>,
    pub from: Arc<str>,
    pub dial: Arc<str>,
    /// The trunk on which it comes in; `from` is then a number.
    pub(crate) via: Option<Arc<str>>,
    pub(crate) site: Option<Arc<str>>,
    pub at: Option<Moment>,
    pub(crate) route: Option<Arc<str>>,
    pub(crate) emergency: Option<Arc<str>>,
    pub(crate) trunk: Option<Arc<str>>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) sent_to: Option<Arc<str>>,
    pub(crate) refused: Option<Code>,
    /// File and line.
    pub location: Arc<str>,
}
