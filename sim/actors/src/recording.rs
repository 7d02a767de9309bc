//! A recorder (RFC 7866, 6.2): takes sessions that are for recording, and listens.

use sip_message::{Header, Message, multipart};

use crate::profile::{Habit, Profile};

/// Whether somebody wants something recorded, and this one is no recorder; or wants nothing recorded, and
/// this one is.
pub(crate) fn is_misplaced(profile: &Profile, message: &Message<'_>) -> bool {
    let contact = message.line(Header::Contact).unwrap_or_default();
    let is_recording = message.has_token(Header::Require, "siprec") && contact.contains(";+sip.src");
    is_recording != profile.has(Habit::Records)
}

/// The session description of a message, which may stand beside metadata.
pub(crate) fn description<'a>(message: &Message<'a>) -> &'a [u8] {
    part(message, "sdp").unwrap_or(message.body())
}

/// What it says of what is recorded.
pub(crate) fn metadata<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    part(message, "rs-metadata+xml")
}

fn part<'a>(message: &Message<'a>, subtype: &str) -> Option<&'a [u8]> {
    let kind = message.content_type().filter(|kind| kind.is("multipart", "mixed"))?;
    let mut parts = multipart::parts(message.body(), kind.params.value("boundary")?);
    let is_it =
        |part: &multipart::Part<'_>| part.content_type().is_some_and(|kind| kind.is("application", subtype));
    parts.find(is_it).map(|part| part.body)
}
