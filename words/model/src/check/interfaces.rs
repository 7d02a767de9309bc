//! What an interface listens on, and whom it lets in.

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::media::Ice;
use crate::problem::{Code, Problem};
use crate::spot::Spot;
use crate::system::Interface;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for interface in documents.interface.values() {
        problems.extend(of_ports(documents, interface));
        problems.extend(of_certificate(documents, interface));
        problems.extend(of_phone(documents, interface));
        problems.extend(of_origins(documents, interface));
        problems.extend(of_outposts(documents, interface));
    }
}

fn of_ports(documents: &Documents, interface: &Document<Interface>) -> Option<Problem> {
    let Interface { udp, tcp, tls, ws, wss, .. } = &interface.value;
    let msrp = &interface.value.msrp;
    let mut ports = [udp, tcp, tls, ws, wss].into_iter().flatten();
    if let Some(zero) = ports.clone().chain(msrp).find(|port| port.value == 0) {
        let fault = Fault::new(Code::PORT, "nobody can listen on port 0");
        return Some(documents.problem_at(interface, zero, fault));
    }
    if ports.next().is_none() {
        let fault =
            Fault::new(Code::INTERFACE, format!("interface \"{}\" listens on nothing", interface.name));
        return Some(documents.problem(interface, fault.suggest("udp = 5060, tcp = 5060 or tls = 5061")));
    }
    let of_streams: Vec<&Spot<u16>> = [tcp, tls, ws, wss, msrp].into_iter().flatten().collect();
    let is_taken =
        |(at, port): &(usize, &&Spot<u16>)| of_streams[..*at].iter().any(|one| one.value == port.value);
    let (_, twice) = of_streams.iter().enumerate().find(is_taken)?;
    let message = format!("port {} is taken by another transport of this interface", twice.value);
    let fault = Fault::new(Code::INTERFACE, message).suggest("another port");
    Some(documents.problem_at(interface, twice, fault))
}

fn of_certificate(documents: &Documents, interface: &Document<Interface>) -> Option<Problem> {
    let has_files = interface.tls_certificate.is_some() && interface.tls_key.is_some();
    let is_unproven = !has_files && interface.tls_names.is_empty();
    let sealed = interface.tls.as_ref().or(interface.wss.as_ref()).filter(|_| is_unproven)?;
    let fault = Fault::new(Code::INTERFACE, "TLS needs a certificate and its key");
    let fault = fault
        .suggest("add tls_certificate = \"…\" and tls_key = \"…\", or tls_names = [\"…\"] and [system.acme]");
    Some(documents.problem_at(interface, sealed, fault))
}

fn of_phone(documents: &Documents, interface: &Document<Interface>) -> Option<Problem> {
    let phone = interface.phone.as_ref().filter(|phone| phone.value)?;
    if interface.ws.is_some() || interface.wss.is_some() {
        return None;
    }
    let fault = Fault::new(Code::CONTRADICTION, "the phone is a page, and browsers come nowhere");
    Some(documents.problem_at(interface, phone, fault.suggest("add wss = 443, or leave phone out")))
}

/// What a server outside says is of use to who checks.
fn of_outposts(documents: &Documents, interface: &Document<Interface>) -> Option<Problem> {
    let Interface { ice, stun, turn, .. } = &interface.value;
    if *ice == Ice::Full {
        return None;
    }
    let fault = |key: &str| {
        let words = format!("{key} is for far ends that are found by checks of ours");
        Fault::new(Code::CONTRADICTION, words).suggest(format!("add ice = \"full\", or leave {key} out"))
    };
    match (stun, turn) {
        (Some(stun), _) => Some(documents.problem_at(interface, stun, fault("stun"))),
        (None, Some(turn)) => Some(documents.problem_at(interface, turn, fault("turn"))),
        (None, None) => None,
    }
}

fn of_origins(documents: &Documents, interface: &Document<Interface>) -> Option<Problem> {
    let listens = interface.ws.as_ref().or(interface.wss.as_ref());
    let has_phone = interface.phone.as_ref().is_some_and(|phone| phone.value);
    match (listens, interface.origins.as_slice()) {
        (None, []) => None,
        (Some(_), []) if has_phone => None,
        (Some(port), []) => {
            let fault = Fault::new(Code::INTERFACE, "no web page is let in: which ones may come is not said");
            let fault = fault.suggest("add origins = [\"https://…\"], the pages that phones are on");
            Some(documents.problem_at(interface, port, fault))
        }
        (None, [origin, ..]) => {
            let fault = Fault::new(Code::CONTRADICTION, "origins are asked for where browsers come");
            Some(documents.problem_at(
                interface,
                origin,
                fault.suggest("add wss = 443, or leave origins out"),
            ))
        }
        (Some(_), origins) => {
            let (origin, fault) = origins.iter().find_map(|origin| Some((origin, fault_of(origin)?)))?;
            Some(documents.problem_at(interface, origin, fault))
        }
    }
}

/// Browsers say scheme, host and a port that is not the usual one, and nothing else: what is compared as it
/// stands would never fit otherwise.
fn fault_of(origin: &str) -> Option<Fault> {
    if origin == "*" {
        return None;
    }
    let wrong = |way_out: String| {
        Some(Fault::new(Code::URI, format!("\"{origin}\" is not the origin of a page")).suggest(way_out))
    };
    let Some((scheme, rest)) = origin.split_once("://") else {
        return wrong(format!("did you mean \"https://{}\"?", origin.trim_matches('/')));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let short = host.strip_suffix(usual).unwrap_or(host);
    if short.is_empty() || !is_scheme(scheme) || short.contains(|c: char| !c.is_ascii_graphic() || c == '@') {
        return wrong("such as \"https://phones.example.com\"".to_owned());
    }
    (short != rest).then(|| wrong(format!("did you mean \"{scheme}://{short}\"?"))).flatten()
}

fn is_scheme(scheme: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_letter)
}
