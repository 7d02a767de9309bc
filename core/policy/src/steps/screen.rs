//! Who is calling, and may they speak to us?

use std::sync::Arc;

use model::{Side, TrunkDirection};
use sip_message::NameAddr;

use crate::address::{Dialled, is_device_at, named_in};
use crate::call_plan::PartyName;
use crate::facts::Facts;
use crate::policy::{Policy, Server, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::says::{Found, Says};
use crate::steps::identity::is_anonymous;
use crate::steps::{Caller, Party, emergency, leg};
use crate::trail::Trail;

const NAME: &str = "screen";

/// Finds out who calls. The refusal, if there is one, waits until it is clear that nobody calls for help.
pub(crate) fn screen<'p>(
    policy: &'p Policy,
    facts: &Facts,
    dialled: Option<&Dialled>,
    trail: &mut Trail,
) -> (Caller<'p>, Result<(), Refusal>) {
    let line = line(policy, facts, trail);
    let (known_by, (caller, standing)) = match line.or_else(|| trunk_of(policy, facts, dialled)) {
        Some((trunk, known_by)) => (known_by, of_trunk(trunk)),
        None => ("".into(), of_person(policy, facts)),
    };
    match (&standing, &caller.party) {
        (Err(refusal), _) => trail.note(NAME, "refused", refusal.words.clone()),
        (Ok(()), Party::Trunk(trunk)) => trail.note(NAME, "trunk", known_by).at(&trunk.at),
        (Ok(()), Party::User(user)) => trail.note(NAME, "user", said_of(user)).at(&user.at),
        (Ok(()), Party::Stranger { .. }) => trail.note(NAME, "unknown", "nobody we know"),
    };
    leg::note(facts, &caller, trail);
    (caller, standing)
}

fn said_of(user: &User) -> Found {
    Found::Person {
        name: user.name.clone(),
        number: user.number.as_ref().map(|number| number.shared()),
        site: user.site.as_ref().map(|site| site.name.clone()),
    }
}

/// The trunk whose registered contact was called. The token in it is no key: who calls has to be where the
/// trunk's provider is.
fn line<'p>(policy: &'p Policy, facts: &Facts, trail: &mut Trail) -> Option<(&'p Arc<Trunk>, Says)> {
    let trunk = policy.trunks.get(facts.line.as_ref()?)?;
    let source = facts.source;
    let is_server = |server: &Server| server.uri.address() == Some(source.ip().to_canonical());
    let is_plausible = trunk.is_at(source)
        || facts.resolved.contains(&trunk.name)
        || trunk.named_in(&facts.certificate).is_some()
        || trunk.servers.iter().any(is_server);
    if !is_plausible {
        let words = format!("{source} called what {} registered, and is none of its servers", trunk.name);
        trail.note("line", "ignored", words).at(&trunk.at);
        return None;
    }
    Some((trunk, format!("{source} called what {} registered", trunk.name).into()))
}

/// The trunk that calls, and what it is known by: its certificate, its source, the address of a server.
fn trunk_of<'p>(
    policy: &'p Policy,
    facts: &Facts,
    dialled: Option<&Dialled>,
) -> Option<(&'p Arc<Trunk>, Says)> {
    let proves = |trunk: &&Arc<Trunk>| trunk.named_in(&facts.certificate).is_some();
    let trunks = || policy.trunks.values();
    let proved = (!facts.certificate.is_empty()).then(|| trunks().filter(proves)).into_iter().flatten();
    if let Some(trunk) = the_one(policy, proved, dialled) {
        let name = trunk.named_in(&facts.certificate).map_or("", String::as_str);
        return Some((trunk, format!("{name} is in accept.certificate of {}", trunk.name).into()));
    }
    if let Some(trunk) = the_one(policy, policy.trunks_at(facts.source).iter(), dialled) {
        return Some((trunk, Found::Source { source: facts.source, trunk: trunk.name.clone() }.into()));
    }
    let is_there = |trunk: &&Arc<Trunk>| trunk.takes_resolved && facts.resolved.contains(&trunk.name);
    let there = (!facts.resolved.is_empty()).then(|| trunks().filter(is_there)).into_iter().flatten();
    let trunk = the_one(policy, there, dialled)?;
    // A phone beside a server of a trunk stays a phone, and whoever calls for help there in a user's name is
    // asked for proof rather than refused: a provider has its own help.
    let is_urgent = || emergency::sounds_urgent(policy, &facts.request_uri);
    let is_person = facts.authenticated.is_some()
        || named(policy, facts).is_some_and(|user| is_at_its_device(user, facts) || is_urgent());
    let says = || format!("{} is the address of a server of {}", facts.source.ip(), trunk.name);
    (!is_person).then(|| (trunk, says().into()))
}

/// Of several trunks, the one that gave us the number called.
fn the_one<'p>(
    policy: &'p Policy,
    mut trunks: impl Iterator<Item = &'p Arc<Trunk>> + Clone,
    dialled: Option<&Dialled>,
) -> Option<&'p Arc<Trunk>> {
    let first = trunks.clone().next()?;
    if let (Some(_), Some(Dialled::Digits { digits, .. })) = (trunks.clone().nth(1), dialled) {
        let number = format!("+{}", digits.trim_start_matches('+'));
        let block = policy.dids.of(&number);
        let gave_it = |trunk: &&Arc<Trunk>| block.is_some_and(|block| block.trunk == trunk.name);
        return trunks.find(gave_it).or(Some(first));
    }
    Some(first)
}

/// The user that From names.
fn named<'p>(policy: &'p Policy, facts: &Facts) -> Option<&'p Arc<User>> {
    policy.directory.get(named_in(&facts.from_uri)?.as_str())
}

fn of_trunk(trunk: &Arc<Trunk>) -> (Caller<'_>, Result<(), Refusal>) {
    let name = PartyName(trunk.name.clone());
    let caller = Caller { party: Party::Trunk(trunk), site: None, here: None, name, is_in_from: false };
    let standing = match trunk.direction {
        TrunkDirection::Out => {
            let words = format!("trunk {} is for outgoing calls only", trunk.name);
            Err(Refusal::new(Code::NOT_INBOUND, words))
        }
        TrunkDirection::Both | TrunkDirection::In => Ok(()),
    };
    (caller, standing)
}

fn of_person<'p>(policy: &'p Policy, facts: &Facts) -> (Caller<'p>, Result<(), Refusal>) {
    let from = name_of(facts);
    let named = from.as_deref().and_then(|from| policy.directory.get(from));
    let proved = facts.authenticated.as_deref().and_then(|name| policy.users.get(name));
    let party = match (proved, named) {
        (Some(user), _) => Party::User(user),
        (None, Some(user)) if is_at_its_device(user, facts) => Party::User(user),
        (None, says) => Party::Stranger { says },
    };
    let standing = match (proved, named) {
        (Some(proved), Some(named)) if proved.name != named.name => {
            let words = format!("From names {}, and {} answered the challenge", named.name, proved.name);
            Err(Refusal::new(Code::SOMEBODY_ELSE, words))
        }
        (Some(_), _) => Ok(()),
        (None, Some(user)) if user.registers => {
            Err(Refusal::new(Code::PROVE_YOURSELF, format!("{} has to prove who calls", user.name)))
        }
        (None, Some(user)) if is_at_its_device(user, facts) => Ok(()),
        (None, Some(user)) => {
            let words =
                format!("{} has no password, and none of its devices is at {}", user.name, facts.source.ip());
            Err(Refusal::new(Code::ELSEWHERE, words))
        }
        (None, None) if is_anonymous(&facts.from_uri) && is_among_us(policy, facts) => {
            let words = "whoever hides in From has to prove who calls";
            Err(Refusal::new(Code::PROVE_YOURSELF, words))
        }
        (None, None) => Err(Refusal::new(Code::STRANGER, nearest_miss(policy, facts))),
    };
    let of_user = match party {
        Party::User(user) | Party::Stranger { says: Some(user) } => user.site.as_ref(),
        Party::Trunk(_) | Party::Stranger { says: None } => None,
    };
    let here = policy.site_of(facts.source.ip());
    let site = here.or(of_user.filter(|_| matches!(party, Party::User(_))));
    let name = match party {
        Party::User(user) => user.name.clone(),
        Party::Trunk(_) | Party::Stranger { .. } => {
            from.map_or_else(|| facts.source.ip().to_string().into(), Arc::from)
        }
    };
    let is_in_from = matches!((party, named), (Party::User(user), Some(named)) if Arc::ptr_eq(user, named));
    (Caller { party, site, here, name: PartyName(name), is_in_from }, standing)
}

/// Whom From names; where it hides that, whom the phone says to be to us alone.
fn name_of(facts: &Facts) -> Option<String> {
    if !is_anonymous(&facts.from_uri) {
        return named_in(&facts.from_uri);
    }
    let uris = facts.preferred.iter().chain(&facts.asserted);
    uris.map(|uri| NameAddr::parse(uri).map_or(uri.as_str(), |address| address.uri)).find_map(named_in)
}

/// Whether only our own people can be at the source.
fn is_among_us(policy: &Policy, facts: &Facts) -> bool {
    policy.site_of(facts.source.ip()).is_some() || policy.side_of(facts.interface) == Side::Inside
}

/// Without a password, the address of a device is all the proof there is; with one, it is none.
fn is_at_its_device(user: &User, facts: &Facts) -> bool {
    !user.registers && user.devices.iter().any(|device| is_device_at(device, facts.source.ip()))
}

fn nearest_miss(policy: &Policy, facts: &Facts) -> String {
    let source = facts.source;
    let called_by_us = |trunk: &&Arc<Trunk>| {
        trunk.servers.iter().any(|server| server.uri.address() == Some(source.ip().to_canonical()))
    };
    let other_port = |trunk: &&Arc<Trunk>| {
        trunk
            .sources
            .iter()
            .any(|one| matches!(one, model::Source::Socket(socket) if socket.ip() == source.ip()))
    };
    let host = sip_host(&facts.from_uri);
    let same_domain = |trunk: &&Arc<Trunk>| {
        let domain = trunk.identity.domain.as_deref();
        host.is_some()
            && (domain == host.as_deref()
                || trunk.servers.iter().any(|s| Some(&*s.uri.host) == host.as_deref()))
    };
    let trunks = || policy.trunks.values();
    if let (Some(name), Some(trunk)) =
        (facts.certificate.first(), trunks().find(|trunk| !trunk.certificate.is_empty()))
    {
        return format!("trunk {} would match if {name} were in accept.certificate", trunk.name);
    }
    if let Some(trunk) = trunks().find(other_port) {
        return format!(
            "trunk {} accepts {} from another port than {}",
            trunk.name,
            source.ip(),
            source.port()
        );
    }
    let near = trunks().find(called_by_us).or_else(|| trunks().find(same_domain));
    let near = near.or_else(|| trunks().next().filter(|_| policy.trunks.len() == 1));
    match near {
        Some(trunk) => {
            format!("trunk {} would match if {} were in accept.sources", trunk.name, source.ip())
        }
        None => format!("{} is in accept.sources of no trunk, and From names no user", source.ip()),
    }
}

fn sip_host(uri: &str) -> Option<String> {
    Some(sip_message::Uri::parse(uri).ok()?.host()?.to_string())
}
