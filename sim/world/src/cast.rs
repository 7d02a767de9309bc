//! A far end for each user and each server of a trunk.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use actors::{Credentials, Habit, Profile, Transport};
use model::{Documents, SipUri};
use policy::{Interface, Password, Policy, Recorder};

/// Every secret of a story.
pub(crate) const PASSWORD: &str = "a password of the story";

/// Profiles in the order of their names. A trunk's second server is called `trunk-2`, and so on; a trunk
/// whose name begins with "psap" leads to emergency call takers.
pub(crate) fn of(documents: &Documents, policy: &Policy, hosts: &BTreeMap<String, IpAddr>) -> Vec<Profile> {
    let mut cast = Vec::new();
    for (name, user) in &documents.user {
        for (index, device) in user.devices.iter().enumerate() {
            let Some(sip) = place(&device.contact.value, hosts) else { continue };
            let house = house_for(policy, None, model::Side::Inside, &device.contact.value);
            let mut profile = Profile::phone(&numbered(name, index), sip, house);
            profile.user = name.to_string();
            profile.domain = policy.realm().to_string();
            profile.transport = transport(&device.contact.value);
            profile.credentials = policy
                .credentials_of(name)
                .and_then(Password::clear)
                .map(|password| Credentials { user: name.to_string(), password: password.to_owned() });
            cast.push(profile);
        }
    }
    let mut seen = BTreeMap::new();
    for server in policy.servers() {
        let index = seen.entry(&server.trunk).and_modify(|count| *count += 1).or_insert(0_usize);
        let Some(sip) = place(&server.uri, hosts) else { continue };
        let auth = documents.trunk.get(&server.trunk).and_then(|trunk| trunk.auth.as_ref());
        let account = auth.map(|auth| Credentials { user: auth.user.clone(), password: PASSWORD.to_owned() });
        // Accounts at one provider are one far end.
        if let Some(known) = cast.iter_mut().find(|known: &&mut Profile| known.sip == sip) {
            known.accounts.extend(account);
            continue;
        }
        let house = house_for(policy, server.interface, model::Side::Outside, &server.uri);
        let name = numbered(&server.trunk, *index);
        let mut profile = match server.trunk.starts_with("psap") {
            true => Profile::psap(&name, sip, house),
            false => Profile::provider(&name, sip, house),
        };
        profile.user = "+12065550142".to_owned();
        profile.transport = transport(&server.uri);
        profile.accounts.extend(account.clone());
        profile.credentials = account;
        cast.push(profile);
    }
    cast.extend(policy.recorders().iter().flat_map(|recorder| recorders(policy, recorder, hosts)));
    cast
}

/// The servers of a recorder.
fn recorders(policy: &Policy, recorder: &Recorder, hosts: &BTreeMap<String, IpAddr>) -> Vec<Profile> {
    let servers = recorder.servers.iter().enumerate();
    let profiles = servers.filter_map(|(index, server)| {
        let uri: SipUri = server.target.parse().ok()?;
        let sip = place(&uri, hosts)?;
        let house = house_for(policy, server.interface, model::Side::Inside, &uri);
        let mut profile = Profile::provider(&numbered(&recorder.name, index), sip, house);
        profile.transport = transport(&uri);
        profile.habits.extend([Habit::Records, Habit::NoRinging, Habit::TellsEach]);
        Some(profile)
    });
    profiles.collect()
}

fn numbered(name: &str, index: usize) -> String {
    if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) }
}

fn place(uri: &SipUri, hosts: &BTreeMap<String, IpAddr>) -> Option<SocketAddr> {
    let ip = uri.address().or_else(|| hosts.get(&*uri.host).copied())?;
    let usual = if uri.likely_transport() == model::Transport::Tls { 5061 } else { 5060 };
    Some(SocketAddr::new(ip, uri.port.unwrap_or(usual)))
}

fn transport(uri: &SipUri) -> Transport {
    match uri.likely_transport() {
        model::Transport::Tcp | model::Transport::Tls => Transport::Tcp,
        model::Transport::Udp => Transport::Udp,
        model::Transport::Ws | model::Transport::Wss => Transport::Ws,
    }
}

fn house_for(
    policy: &Policy,
    wanted: Option<policy::InterfaceId>,
    side: model::Side,
    uri: &SipUri,
) -> SocketAddr {
    let transport = uri.likely_transport();
    let speaking = || policy.interfaces().iter().filter(|interface| interface.speaks(transport));
    let is_v6 = |interface: &&Interface| {
        uri.address().is_none_or(|address| address.is_ipv6() == interface.address.is_ipv6())
    };
    let found = speaking()
        .filter(is_v6)
        .find(|interface| wanted.map_or(interface.side == side, |wanted| interface.id == wanted))
        .or_else(|| speaking().find(is_v6))
        .expect("a story's house listens where its far ends call");
    SocketAddr::new(found.address, found.port(transport).expect("it speaks this transport"))
}
