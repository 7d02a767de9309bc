//! The host names that must not cross from one leg to the other.

use crate::connection::Host;
use crate::session::Session;

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
    if names.is_empty() {
        return false;
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'));
    words.any(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))
}
