//! What would happen if: the same decision as a live call's, on made-up facts; and the stored tests.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use model::{Side, SipUri, Source, Transport};
use serde::Serialize;

use crate::after::Begins;
use crate::call_plan::{AttemptPlan, CallPlan, Callee, Service};
use crate::devices::Devices;
use crate::facts::{Answering, Facts, InterfaceId, ServerId, WallTime};
use crate::orbit::Parking;
use crate::plan::{Decision, plan_live};
use crate::policy::{Policy, StoredTest, Trunk, User};
use crate::standing::Standings;
use crate::steps::losers;
use crate::trail::{Considered, Trail};

/// Somebody dials something, at some time.
#[derive(Clone, Debug, PartialEq)]
pub struct Inquiry {
    pub dial: String,
    pub from: Caller,
    pub at: WallTime,
    /// Servers that are taken to be lost.
    pub down: BTreeSet<ServerId>,
}

/// Who dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    User(String),
    Trunk(String),
}

/// A decision with what it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub facts: Facts,
    pub decision: Decision,
    pub trail: Trail,
    pub revision: u64,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Call     {}  dials  {}", self.facts.from_uri, self.facts.request_uri)?;
        match &self.decision {
            Decision::Go(plan) => writeln!(f, "Result   {}\n", in_short(plan))?,
            Decision::No(refusal) => writeln!(f, "Result   refused, {refusal}\n")?,
        }
        write!(f, "{}", self.trail)?;
        write!(f, "Config revision r{}.  Same answer as a live call; nothing was sent.", self.revision)
    }
}

/// `rings +82… through fabrikam (then northwind)`, `rings hana inside, together with east (then minsu)`
fn in_short(plan: &CallPlan) -> String {
    if let Some(service) = &plan.service {
        return served(service);
    }
    let Some(first) = plan.attempts.first() else { return String::new() };
    let mut text = match &first.callee {
        Callee::User(name) => format!("rings {name} inside"),
        Callee::Trunk(name) => format!("rings {} through {name}", plan.called),
    };
    let ring = plan.ring(0);
    let along = named(plan.attempts[ring.clone()].iter());
    if along.len() > 1 {
        text.push_str(&format!(", together with {}", along[1..].join(", ")));
    }
    let mut then =
        named(plan.attempts[ring.end..].iter().filter(|attempt| attempt.begins != Begins::Instead));
    then.retain(|name| !along.contains(name));
    if !then.is_empty() {
        text.push_str(&format!(" (then {})", then.join(", ")));
    }
    text
}

/// `picks up the call that has rung for longest at hana or minsu`
fn served(service: &Service) -> String {
    match service {
        Service::Mark => "marks the call at hand, or the last one, as malicious".to_owned(),
        Service::PickUp(users) => {
            format!("picks up the call that has rung for longest at {}", users.join(" or "))
        }
        Service::Meet(conference) => format!("enters conference {}", conference.name()),
        Service::Orbit(Parking { orbit, number: None }) => {
            format!("nothing, if dialled; a call that is transferred there is parked in orbit {}", orbit.name)
        }
        Service::Orbit(Parking { number: Some(number), .. }) => {
            format!("takes the call that is parked at {number}; a call that is transferred there is parked")
        }
    }
}

/// The names of callees, each once.
fn named<'p>(attempts: impl Iterator<Item = &'p AttemptPlan>) -> Vec<&'p str> {
    let mut names: Vec<&str> = Vec::new();
    for attempt in attempts {
        let name = &**attempt.callee.name();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// There is no such user or trunk to call as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchCaller {
    pub name: String,
    /// A name that may be meant.
    pub nearest: Option<String>,
}

impl fmt::Display for NoSuchCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no user or trunk \"{}\"", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NoSuchCaller {}

impl Inquiry {
    /// A call by a user, or a trunk if no user has that name.
    pub fn by(policy: &Policy, name: &str, dial: &str, at: WallTime) -> Inquiry {
        let is_trunk = policy.trunks.contains_key(name) && !policy.directory.contains_key(name);
        let from = if is_trunk { Caller::Trunk(name.into()) } else { Caller::User(name.into()) };
        Inquiry { dial: dial.into(), from, at, down: BTreeSet::new() }
    }
}

/// Decides about a call that nobody makes.
pub fn explain(policy: &Policy, inquiry: &Inquiry) -> Result<Explanation, NoSuchCaller> {
    Ok(decide(policy, facts_for(policy, inquiry)?))
}

/// The same of a call that the house would make for its caller, whose own phones ring first.
pub fn explain_made(
    policy: &Policy,
    inquiry: &Inquiry,
    answering: Answering,
) -> Result<Explanation, NoSuchCaller> {
    let facts = facts_for(policy, inquiry)?;
    let authenticated = match &inquiry.from {
        Caller::User(name) => policy.directory.get(name.as_str()).map(|user| user.name.to_string()),
        Caller::Trunk(_) => None,
    };
    Ok(decide(policy, Facts { rings_first: Some(answering), authenticated, ..facts }))
}

fn decide(policy: &Policy, mut facts: Facts) -> Explanation {
    let mut trail = Trail::new();
    let decision = plan_live(policy, &mut facts, &mut trail);
    Explanation { facts, decision, trail, revision: policy.revision }
}

/// Every route that does not take a call, with the reason: also those that a trail does not list.
pub fn routes_not_taken(policy: &Policy, facts: &Facts) -> Vec<Considered> {
    losers(policy, facts)
}

/// What a stored test found.
#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    pub name: Arc<str>,
    /// File and line of the test.
    pub location: Arc<str>,
    /// Every expectation that was not met, in words; none is a pass.
    pub failures: Vec<String>,
    pub trail: Trail,
}

impl TestResult {
    /// Whether everything expected came out.
    pub fn is_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Plans every stored call and compares.
pub fn run_tests(policy: &Policy) -> Vec<TestResult> {
    policy.tests.iter().map(|test| run_test(policy, test)).collect()
}

/// Decides about a stored call.
pub fn explain_test(policy: &Policy, test: &StoredTest) -> Result<Explanation, NoSuchCaller> {
    let at = WallTime(test.at.map_or(0, |moment| moment.unix_ms));
    let inquiry = match &test.via {
        Some(trunk) => {
            let from = Caller::Trunk(trunk.to_string());
            Inquiry { dial: test.dial.to_string(), from, at, down: BTreeSet::new() }
        }
        None => Inquiry::by(policy, &test.from, &test.dial, at),
    };
    let mut facts = facts_for(policy, &inquiry)?;
    if test.via.is_some() {
        facts.from_uri = called_uri(&test.from, "anonymous.invalid");
    }
    let site = test.site.as_ref().and_then(|name| policy.sites.get(name));
    if let Some(subnet) = site.and_then(|site| site.subnets.first()) {
        facts.source.set_ip(subnet.address);
    }
    Ok(decide(policy, facts))
}

fn run_test(policy: &Policy, test: &StoredTest) -> TestResult {
    let (failures, trail) = match explain_test(policy, test) {
        Ok(explanation) => (unmet(test, &explanation.decision), explanation.trail),
        Err(nobody) => (vec![nobody.to_string()], Trail::new()),
    };
    TestResult { name: test.name.clone(), location: test.location.clone(), failures, trail }
}

fn unmet(test: &StoredTest, decision: &Decision) -> Vec<String> {
    let plan = match (decision, test.refused) {
        (Decision::No(refusal), Some(expected)) if refusal.code == expected => return Vec::new(),
        (Decision::No(refusal), Some(expected)) => {
            return vec![format!("refused with {}, not with {expected}", refusal.code)];
        }
        (Decision::No(refusal), None) => return vec![format!("refused: {refusal}")],
        (Decision::Go(_), Some(expected)) => {
            return vec![format!("not refused with {expected}, but planned")];
        }
        (Decision::Go(plan), None) => plan,
    };
    let callee = plan.attempts.first().map(|attempt| &attempt.callee);
    let (trunk, user) = match callee {
        Some(Callee::Trunk(name)) => (Some(&**name), None),
        Some(Callee::User(name)) => (None, Some(&**name)),
        None => (None, None),
    };
    let (route, emergency) = match plan.emergency {
        true => (None, plan.route.as_deref()),
        false => (plan.route.as_deref(), None),
    };
    let rows = [
        ("route", test.route.as_deref(), route),
        ("emergency", test.emergency.as_deref(), emergency),
        ("trunk", test.trunk.as_deref(), trunk),
        ("user", test.user.as_deref(), user),
        ("sent_to", test.sent_to.as_deref(), Some(&*plan.called)),
    ];
    let unmet = rows.iter().filter(|(_, expected, found)| expected.is_some() && expected != found);
    unmet
        .map(|(what, expected, found)| {
            format!("{what} is {}, not {}", found.unwrap_or("nothing"), expected.unwrap_or("nothing"))
        })
        .collect()
}

fn facts_for(policy: &Policy, inquiry: &Inquiry) -> Result<Facts, NoSuchCaller> {
    let nobody = |name: &str| NoSuchCaller {
        name: name.to_owned(),
        nearest: model::nearest(name, policy.users.keys().chain(policy.trunks.keys()).map(|name| &**name))
            .map(str::to_owned),
    };
    match &inquiry.from {
        Caller::User(name) => {
            let user = policy.directory.get(name.as_str()).ok_or_else(|| nobody(name))?;
            Ok(facts_of_user(policy, user, inquiry))
        }
        Caller::Trunk(name) => {
            let trunk = policy.trunks.get(name.as_str()).ok_or_else(|| nobody(name))?;
            Ok(facts_of_trunk(policy, trunk, inquiry))
        }
    }
}

fn facts_of_user(policy: &Policy, user: &User, inquiry: &Inquiry) -> Facts {
    let device = user.devices.first();
    let address = device.and_then(|uri| uri.address()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let port = device.and_then(|uri| uri.port).unwrap_or(5060);
    let interface = policy.interface_towards(Side::Inside).unwrap_or(InterfaceId(0));
    let called = called_uri(&inquiry.dial, &policy.realm);
    let from = format!("sip:{}@{}", user.name, policy.realm);
    let usual = device.map_or(Transport::Udp, SipUri::likely_transport);
    Facts {
        transport: if called.starts_with("sips:") { Transport::Tls } else { usual },
        from_display: Some(user.display.to_string()),
        authenticated: user.registers.then(|| user.name.to_string()),
        standings: Standings::down(inquiry.down.iter().copied()),
        devices: Devices::assumed(),
        ..Facts::new(SocketAddr::new(address, port), interface, from, called, inquiry.at)
    }
}

fn facts_of_trunk(policy: &Policy, trunk: &Trunk, inquiry: &Inquiry) -> Facts {
    let of_server = || trunk.servers.iter().find_map(|server| server.uri.address());
    let source = match trunk.sources.first() {
        Some(Source::Socket(socket)) => *socket,
        Some(Source::Network(network)) => SocketAddr::new(network.address, 5060),
        None => SocketAddr::new(of_server().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), 5060),
    };
    let interface = policy.interface_towards(Side::Outside).unwrap_or(InterfaceId(0));
    let called = called_uri(&inquiry.dial, &policy.realm);
    let from = "sip:anonymous@anonymous.invalid".to_owned();
    Facts {
        transport: if called.starts_with("sips:") { Transport::Tls } else { Transport::Udp },
        certificate: trunk.certificate.first().map(|name| name.to_string()).into_iter().collect(),
        resolved: vec![trunk.name.clone()],
        standings: Standings::down(inquiry.down.iter().copied()),
        devices: Devices::assumed(),
        ..Facts::new(source, interface, from, called, inquiry.at)
    }
}

/// What is dialled, as a phone would put it into a request URI.
pub(crate) fn called_uri(dial: &str, realm: &str) -> String {
    if ["sip:", "sips:", "tel:", "urn:"].iter().any(|scheme| dial.starts_with(scheme)) {
        return dial.to_owned();
    }
    let bare: String = dial.chars().filter(|c| !matches!(c, ' ' | '(' | ')' | '/')).collect();
    format!("sip:{bare}@{realm}")
}
