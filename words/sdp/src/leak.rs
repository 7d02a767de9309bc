//! Finding what must not cross from one leg to the other: addresses, in whatever line they stand.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::connection::Host;
use crate::session::Session;

/// Whether an IP address stands anywhere in the text.
pub(crate) fn names_an_address(text: &str) -> bool {
    let v4 = |part: &str| part.trim_matches('.').parse::<Ipv4Addr>().is_ok();
    let v6 = |part: &str| part.len() > 2 && holds_v6(part);
    text.split(|c: char| !c.is_ascii_digit() && c != '.').any(v4)
        || text.split(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').any(v6)
}

/// A label and its colon may stand before an address (`rtcp:2001:db8::1`), punctuation after it.
fn holds_v6(part: &str) -> bool {
    let starts = std::iter::once(0).chain(part.match_indices(':').map(|(at, _)| at + 1));
    starts.map(|at| part[at..].trim_end_matches(['.', ':'])).any(|tail| {
        tail.matches(':').count() >= 2 && tail.parse::<Ipv6Addr>().is_ok()
    })
}

/// The host names that a description gives as places to send to.
pub(crate) fn host_names<'a>(session: &Session<'a>) -> Vec<&'a str> {
    let of_media = session.media.iter().filter_map(|media| media.connection);
    let hosts = session.connection.into_iter().chain(of_media).map(|connection| connection.host);
    let mut names: Vec<_> = hosts
        .chain([session.origin.host])
        .filter_map(|host| if let Host::Name(name) = host { Some(name) } else { None })
        .collect();
    names.dedup();
    names
}

/// Whether one of these names stands in the text as a word of its own.
pub(crate) fn names_a_host(text: &str, names: &[&str]) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'));
    words.any(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))
}
