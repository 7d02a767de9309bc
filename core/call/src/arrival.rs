//! A new INVITE: is it sound, who sends it, and what does policy say?

use std::sync::Arc;

use policy::{CallPlan, Code, Decision, Facts, Refusal, Reliable, Trail};
use sip_message::{Header, Line, Message, Method, Uri};
use sip_stack::auth::{Challenges, Claim, Proof};
use sip_stack::{EXTENSIONS, Flow, Reply, ServerId, is_sips};

use crate::body::{self, Body};
use crate::draft::Draft;
use crate::timer::{Agreement, Timer, TooShort};
use crate::told::Way;
use crate::{Event, Room, location, refresh};

/// The option tag of RFC 3262.
const RELIABLE: &str = "100rel";

/// Why a `sips` call is not made, as RFC 5630 5.3 has it.
const NO_SIPS: &str = "380 tandem \"SIPS Not Allowed\"";

/// Hops that a call may take when its caller doesn't say.
const MAX_FORWARDS: u32 = 70;

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// Only calls for help, and whoever answers them and calls back: an operator wants it so, for a while.
    Draining,
    /// The same, for good: the house is about to stop.
    Leaving,
}

impl Gate {
    /// Why a call stays outside, if it does.
    pub(crate) fn refusal(self, plan: &CallPlan) -> Option<Refusal> {
        if plan.emergency || plan.is_callback {
            return None;
        }
        match self {
            Gate::Open => None,
            Gate::Draining => Some(Refusal::new(Code::DRAINING, "new calls go elsewhere")),
            Gate::Leaving => Some(Refusal::new(Code::LEAVING, "new calls go elsewhere")),
        }
    }
}

/// A call that may begin.
pub(crate) struct Admitted {
    pub plan: CallPlan,
    pub facts: Facts,
    pub trail: Trail,
    pub offer: Option<Box<[u8]>>,
    /// How provisional answers are sent to the caller.
    pub way: Way,
    /// What the answer will say of the session timer.
    pub session: Option<Agreement>,
    /// There is no call: its caller is to hear why.
    pub refusal: Option<Refusal>,
}

impl Admitted {
    /// The user part that the caller sent the INVITE to.
    pub(crate) fn dialled_user(&self) -> &str {
        Uri::parse(&self.facts.request_uri).ok().and_then(|uri| uri.user()).unwrap_or_default()
    }
}

/// What decides whether the answers to an INVITE bear a `sips` Contact (RFC 3261 12.1.1): whom it calls, else
/// where it came through, else where its sender is.
pub(crate) fn asked_as<'m>(message: &Message<'m>) -> &'m str {
    let called = message.request_uri().unwrap_or_default();
    let way = || match message.addresses(Header::RecordRoute).next() {
        Some(first) => first.ok(),
        None => message.contact().and_then(Result::ok),
    };
    if is_sips(called) { called } else { way().map_or(called, |way| way.uri) }
}

/// Answers what can't become a call, and returns what can.
pub(crate) fn admit(
    room: &mut Room<'_>,
    server: ServerId,
    flow: Flow,
    message: &Message<'_>,
    gate: Gate,
) -> Option<Admitted> {
    if message.max_forwards().is_ok_and(|hops| hops == Some(0)) {
        room.reply(server, 483);
        return None;
    }
    let mut facts = facts(room, flow, message);
    let mut trail = Trail::default();
    let decision = policy::plan_live(room.policy, &mut facts, &mut trail);
    let offer = match offer_of(message) {
        Ok(offer) => offer,
        // A call for help is made, or asked for a proof, whatever its INVITE carries.
        Err(_) if is_for_help(room, &decision, &facts) => None,
        Err(unread) => {
            say_unread(room, server, &unread);
            return None;
        }
    };
    if let Decision::Go(plan) = &decision
        && let Some(refusal) = gate.refusal(plan)
    {
        refuse(room, server, message, facts, trail, &refusal);
        return None;
    }
    match decision {
        // A call for help is made, whatever its INVITE demands.
        Decision::Go(plan) if !plan.emergency && demands_too_much(message, &plan) => {
            let unsupported = unsupported(message).unwrap_or_default();
            room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
            None
        }
        Decision::Go(plan) => {
            let Some(way) = way_of(message, &plan) else {
                let refusal = Refusal::new(Code::NOT_RELIABLE, "its INVITE doesn't support 100rel");
                refuse(room, server, message, facts, trail, &refusal);
                return None;
            };
            let timer = Timer::new(plan.leg.session_timer);
            let session = match timer.judge(message) {
                Err(TooShort) if !plan.emergency => {
                    refresh::too_short(room, server);
                    return None;
                }
                _ => timer.judge_kindly(message),
            };
            Some(Admitted { plan: *plan, facts, trail, offer, way, session, refusal: None })
        }
        Decision::No(refusal) => {
            if gate == Gate::Open
                && let Some((plan, way)) = aloud(room, message, &facts, (&refusal, offer.as_deref()))
            {
                let refusal = Some(refusal);
                return Some(Admitted { plan, facts, trail, offer, way, session: None, refusal });
            }
            refuse(room, server, message, facts, trail, &refusal);
            None
        }
    }
}

/// The plan of a call that is refused in words or tones, for callers whose INVITE wants nothing but a call.
fn aloud(
    room: &Room<'_>,
    message: &Message<'_>,
    facts: &Facts,
    (refusal, offer): (&Refusal, Option<&[u8]>),
) -> Option<(CallPlan, Way)> {
    offer?;
    let plan = policy::refused_aloud(room.policy, facts, refusal)?;
    let joins = [Header::Replaces, Header::Join].into_iter().any(|header| message.line(header).is_some());
    let way = way_of(message, &plan).filter(|_| !joins && unsupported(message).is_none())?;
    Some((plan, way))
}

/// Why what an INVITE carries can't be read.
enum Unread {
    Packed,
    Malformed(sdp::Error),
}

/// The caller's offer, if it doesn't leave that to the callee.
fn offer_of(message: &Message<'_>) -> Result<Option<Box<[u8]>>, Unread> {
    match body::of(message) {
        Body::None => Ok(None),
        Body::Sdp(offer) => match sdp::Session::parse(offer) {
            Ok(_) => Ok(Some(offer.into())),
            Err(error) => Err(Unread::Malformed(error)),
        },
        Body::Unknown => Err(Unread::Packed),
    }
}

/// What RFC 3261 8.2.3 asks of every server.
fn say_unread(room: &mut Room<'_>, server: ServerId, unread: &Unread) {
    match unread {
        Unread::Packed => room.reply_with(server, 415, None, &body::READABLE),
        Unread::Malformed(error) => {
            let warning = format!("399 tandem \"session description: {error}\"");
            room.reply_with(server, 400, None, &[("Warning", &warning)]);
        }
    }
}

fn is_for_help(room: &Room<'_>, decision: &Decision, facts: &Facts) -> bool {
    match decision {
        Decision::Go(plan) => plan.emergency,
        Decision::No(_) => policy::sounds_urgent(room.policy, &facts.request_uri),
    }
}

/// How the caller hears of provisional answers. Nothing: it would have to be able to acknowledge them.
fn way_of(message: &Message<'_>, plan: &CallPlan) -> Option<Way> {
    let rule = plan.leg.reliable;
    // Who insists is served whatever the rule: a refusal would only lose the call.
    let insists = message.has_token(Header::Require, RELIABLE);
    let supports = rule != Reliable::Off && message.has_token(Header::Supported, RELIABLE);
    match (insists || supports, rule) {
        (true, _) => Some(Way::Reliable),
        (false, Reliable::Required) => None,
        (false, Reliable::Off | Reliable::Supported) => Some(Way::Plain),
    }
}

/// What callers that want to be hidden require of whoever stands between (RFC 3323 5.2).
const PRIVACY: &str = "privacy";

/// What the mark of a call demands to be understood (RFC 4412).
const PRIORITY: &str = "resource-priority";

/// The option tags that a request demands, of us or of a proxy in our place, and the house doesn't know.
pub(crate) fn unsupported(message: &Message<'_>) -> Option<String> {
    let demanded = [Header::Require, Header::ProxyRequire].into_iter().flat_map(|one| message.values(one));
    let unknown: Vec<&str> = demanded.filter(|tag| is_unknown(tag)).collect();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}

/// Who may mark calls may also demand that the mark is understood (RFC 4412 3.4).
fn demands_too_much(message: &Message<'_>, plan: &CallPlan) -> bool {
    let is_understood = |tags: &str| plan.priority.is_some() && tags.eq_ignore_ascii_case(PRIORITY);
    unsupported(message).is_some_and(|tags| !is_understood(&tags))
}

fn is_unknown(tag: &str) -> bool {
    let mut known = EXTENSIONS.iter().chain([&PRIVACY]);
    !tag.is_empty() && !known.any(|known| known.eq_ignore_ascii_case(tag))
}

pub(crate) fn facts(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> Facts {
    let from = message.from();
    let uris = [message.request_uri().unwrap_or_default(), message.to().uri];
    let line = uris.into_iter().find_map(|uri| room.policy.line_of(uri)).cloned();
    Facts {
        source: flow.remote,
        interface: room.places.interface_of(flow.listener),
        transport: transport(flow),
        request_uri: message.request_uri().unwrap_or_default().to_owned(),
        from_uri: from.uri.to_owned(),
        from_display: from.display().map(|name| name.into_owned()),
        to_uri: message.to().uri.to_owned(),
        asserted: told(message, Header::PAssertedIdentity),
        preferred: told(message, Header::PPreferredIdentity),
        remote_party: told(message, Header::RemotePartyId),
        diversion: told(message, Header::Diversion),
        history: told(message, Header::HistoryInfo),
        handed_on: handed_on(room, message),
        resource_priority: told(message, Header::ResourcePriority),
        accept_contact: told(message, Header::AcceptContact),
        reject_contact: told(message, Header::RejectContact),
        privacy: message.line(Header::Privacy).map(str::to_owned),
        location: room.policy.hears_locations().then(|| location::said_in(message)).flatten().map(Box::new),
        authenticated: proven(room, message),
        gruu: room.registered.gruu(message.request_uri().unwrap_or_default()),
        certificate: room.certificates.get(&flow.connection).map(|names| names.to_vec()).unwrap_or_default(),
        resolved: resolved(room, flow, line.as_ref()),
        line,
        rings_first: None,
        transferred_by: None,
        stays: None,
        returned: None,
        at: room.now.wall,
        standings: room.standings.clone(),
        registrations: room.accounts.standing.clone(),
        devices: room.registered.devices().clone(),
        turns: room.turns.clone(),
        max_forwards: message.max_forwards().ok().flatten().unwrap_or(MAX_FORWARDS),
        helped: Vec::new(),
        calls: Vec::new(),
        in_use: Vec::new(),
    }
}

/// Facts of earlier, as things stand now.
pub(crate) fn renew(room: &Room<'_>, facts: &mut Facts) {
    facts.at = room.now.wall;
    facts.standings = room.standings.clone();
    facts.registrations = room.accounts.standing.clone();
    facts.devices = room.registered.devices().clone();
    facts.turns = room.turns.clone();
    facts.max_forwards = MAX_FORWARDS;
    (facts.helped, facts.calls, facts.in_use) = (Vec::new(), Vec::new(), Vec::new());
}

/// The trunks one of whose servers has the address that a flow comes from; and the one whose line was called,
/// if a registrar of its has.
fn resolved(room: &Room<'_>, flow: Flow, line: Option<&Arc<str>>) -> Vec<Arc<str>> {
    let servers = room.policy.servers();
    let mut trunks: Vec<Arc<str>> = room.accounts.resolved(line, flow.remote.ip()).into_iter().collect();
    for server in room.book.servers_at(flow.remote.ip()).filter_map(|index| servers.get(index)) {
        if !trunks.contains(&server.trunk) {
            trunks.reserve_exact(1);
            trunks.push(server.trunk.clone());
        }
    }
    trunks
}

/// More values of one header than this tell nobody anything.
const TOLD_MAX: usize = 16;

fn told(message: &Message<'_>, header: Header) -> Vec<String> {
    message.values(header).take(TOLD_MAX).map(str::to_owned).collect()
}

/// Headers that policy may hand on to the other leg.
fn handed_on(room: &Room<'_>, message: &Message<'_>) -> Vec<(String, String)> {
    let names = room.policy.handed_on();
    if names.is_empty() {
        return Vec::new();
    }
    let lines = message.lines().filter(|line| {
        let name = if line.header == Header::Other { line.name } else { line.header.name() };
        names.iter().any(|one| one.eq_ignore_ascii_case(name))
    });
    let name = |line: &Line<'_>| match line.header {
        Header::Other => line.name.to_owned(),
        known => known.name().to_owned(),
    };
    lines.take(TOLD_MAX).map(|line| (name(&line), line.value.to_owned())).collect()
}

pub(crate) fn transport(flow: Flow) -> policy::Transport {
    match flow.transport {
        sip_stack::Transport::Udp => policy::Transport::Udp,
        sip_stack::Transport::Tcp => policy::Transport::Tcp,
        sip_stack::Transport::Tls => policy::Transport::Tls,
        sip_stack::Transport::Ws => policy::Transport::Ws,
        sip_stack::Transport::Wss => policy::Transport::Wss,
    }
}

/// The user whose password the sender knows.
fn proven(room: &mut Room<'_>, message: &Message<'_>) -> Option<String> {
    if let Some(user) = room.vouched() {
        return Some(user);
    }
    let now = room.now.wall_ms();
    for line in message.lines().filter(|line| line.header == Header::Authorization) {
        let Some(claim) = Claim::read(line.value) else { continue };
        let admitted = claim.algorithm().filter(|one| registrar::admits(room.policy, *one));
        let Some(algorithm) = admitted else { continue };
        let Some(name) = claim.user() else { continue };
        let Some((user, password)) = room.policy.who_registers(&name) else { continue };
        let (method, uri) = (Method::Invite.as_str(), message.request_uri().unwrap_or_default());
        let Some(secret) = registrar::secret_of(password, algorithm) else { continue };
        if room.guard.judge(now, &claim, method, uri, secret, message.body()) == Proof::Proven {
            return Some(user.to_string());
        }
    }
    None
}

pub(crate) fn refuse(
    room: &mut Room<'_>,
    server: ServerId,
    message: &Message<'_>,
    facts: Facts,
    trail: Trail,
    refusal: &Refusal,
) {
    let reason = format!("SIP;cause={};text=\"{}\"", refusal.status, refusal.code);
    let mut headers = vec![("Reason", reason.as_str())];
    let challenges = match refusal.status {
        401 => room.guard.challenge(room.now.wall_ms(), registrar::algorithms(room.policy)),
        _ => Challenges::default(),
    };
    match refusal.status {
        421 => headers.push(("Require", RELIABLE)),
        503 => headers.push(("Retry-After", "5")),
        _ => {}
    }
    if refusal.code == Code::NOT_SEALED {
        headers.push(("Warning", NO_SIPS));
    }
    headers.extend(challenges.values().map(|value| ("WWW-Authenticate", value)));
    let reply = Reply {
        status: refusal.status,
        reason: None,
        to_tag: None,
        contact: None,
        headers: &headers,
        body: None,
    };
    room.stack.respond(room.now.instant, server, &reply, room.sends);
    if refusal.status == 401 {
        return;
    }
    if is_a_strangers(refusal.code) {
        let (facts, trail) = (Box::new(facts), Box::new(trail));
        let (call_id, refusal) = (message.call_id().to_owned(), refusal.clone());
        room.tells.push(Event::TurnedAway { at: room.now.wall, call_id, facts, refusal, trail });
        return;
    }
    let record = Draft::refused(room, message, facts, trail, refusal);
    room.keep.push(record);
}

/// Refusals of people who have no business here: told, counted, and no call of ours.
fn is_a_strangers(code: Code) -> bool {
    matches!(code, Code::STRANGER | Code::ELSEWHERE | Code::SOMEBODY_ELSE | Code::UNREADABLE)
}
