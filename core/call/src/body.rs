//! What a message carries, as far as a call cares.

use sip_message::{Header, Message, multipart};

/// The body of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    None,
    Sdp(&'a [u8]),
    /// Something that the sender wants understood and the house doesn't know.
    Unknown,
}

/// What a body may be: said to who sent another.
pub(crate) const READABLE: [(&str, &str); 2] =
    [("Accept", "application/sdp"), ("Accept-Encoding", "identity")];

/// Finds the session description, alone or as a part of several (RFC 5621).
pub(crate) fn of<'a>(message: &Message<'a>) -> Body<'a> {
    if message.body().is_empty() {
        return Body::None;
    }
    let Some(kind) = message.content_type().filter(|_| is_plain(message)) else {
        return of_strange(message);
    };
    if kind.is("application", "sdp") {
        return Body::Sdp(message.body());
    }
    if kind.kind.eq_ignore_ascii_case("multipart")
        && let Some(boundary) = kind.params.value("boundary")
    {
        return of_parts(message.body(), boundary.trim_matches('"'));
    }
    of_strange(message)
}

/// Whether its content is what it looks like, not packed in one way or other (RFC 3261 8.2.3).
fn is_plain(message: &Message<'_>) -> bool {
    message.values(Header::ContentEncoding).all(|coding| coding.eq_ignore_ascii_case("identity"))
}

fn of_strange<'a>(message: &Message<'_>) -> Body<'a> {
    match handling(message.line(Header::ContentDisposition)) {
        Handling::Optional => Body::None,
        Handling::Required => Body::Unknown,
    }
}

enum Handling {
    Optional,
    Required,
}

fn handling(disposition: Option<&str>) -> Handling {
    let says = disposition.unwrap_or_default().to_ascii_lowercase();
    if says.replace(' ', "").contains("handling=optional") { Handling::Optional } else { Handling::Required }
}

fn of_parts<'a>(body: &'a [u8], boundary: &'a str) -> Body<'a> {
    for part in multipart::parts(body, boundary) {
        if part.content_type().is_some_and(|kind| kind.is("application", "sdp")) {
            return Body::Sdp(part.body);
        }
    }
    Body::None
}
