//! What the house wants said: a request or a reply without the parts that the stack knows better.

use std::sync::Arc;

use sip_message::{Digits, Method, SessionId, Writer};

use crate::flow::{ConnectionId, Flow, Transport};
use crate::token::BRANCH_COOKIE;

/// A request of ours. The stack adds Via, and sees to its delivery.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub method: Method<'a>,
    pub uri: &'a str,
    pub flow: Flow,
    /// TLS: whom we mean.
    pub server_name: Option<Arc<str>>,
    /// The whole value, with its tag.
    pub from: &'a str,
    /// The whole value, with its tag if there is one.
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    /// Route values, in order.
    pub routes: &'a [Box<str>],
    /// The whole value.
    pub contact: Option<&'a str>,
    pub max_forwards: u32,
    /// What the session's two ends are called (RFC 7989).
    pub session: Option<SessionId>,
    /// Name and value of whatever else it says.
    pub headers: &'a [(&'a str, &'a str)],
    /// Content type and content.
    pub body: Option<(&'a str, &'a [u8])>,
}

/// An answer of ours. The stack adds Via, From, To, Call-ID, CSeq, Record-Route and Server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reply<'a> {
    pub status: u16,
    /// The usual phrase, unless this says another.
    pub reason: Option<&'a str>,
    /// Our tag; the stack mints one where a reply needs it and nothing is given.
    pub to_tag: Option<&'a str>,
    /// The whole value.
    pub contact: Option<&'a str>,
    /// Name and value of whatever else it says.
    pub headers: &'a [(&'a str, &'a str)],
    /// Content type and content.
    pub body: Option<(&'a str, &'a [u8])>,
}

impl<'a> Reply<'a> {
    /// A reply that says its status and no more.
    pub fn plain(status: u16) -> Reply<'a> {
        Reply { status, ..Reply::default() }
    }
}

impl Request<'_> {
    /// Writes the whole request; `mark` follows the cookie in the branch.
    pub(crate) fn write(&self, out: &mut Vec<u8>, sent_by: &str, mark: &str) {
        out.clear();
        let mut writer = Writer::request(out, self.method.as_str(), self.uri);
        let protocol = self.flow.transport.via_name();
        let alias = if self.may_be_answered_with_requests() { ";alias" } else { "" };
        let via = ["SIP/2.0/", protocol, " ", sent_by, ";branch=", BRANCH_COOKIE, mark, ";rport", alias];
        writer.pieces("Via", &via);
        for route in self.routes {
            writer.raw("Route", route);
        }
        writer.raw("Max-Forwards", Digits::of(self.max_forwards.into()).text());
        writer.raw("From", self.from);
        writer.raw("To", self.to);
        writer.raw("Call-ID", self.call_id);
        writer.pieces("CSeq", &[Digits::of(self.cseq.into()).text(), " ", self.method.as_str()]);
        if let Some(contact) = self.contact {
            writer.raw("Contact", contact);
        }
        if let Some(session) = self.session.filter(|session| session.says_anything()) {
            writer.raw("Session-ID", session.letters().text());
        }
        finish(writer, self.headers, self.body);
    }

    /// Whether the far end may send its own requests on the connection that this one takes (RFC 5923): it is
    /// one of ours, and we prove there who we are to whoever asks.
    fn may_be_answered_with_requests(&self) -> bool {
        self.flow.transport == Transport::Tls && self.flow.connection == ConnectionId::NONE
    }

    /// At least as many bytes as it has when it is written.
    pub(crate) fn size_at_most(&self, sent_by: &str) -> usize {
        // What stands in every request beside the parts below: names, line ends, numbers, the branch.
        const USUAL: usize = 400;
        const LINE: usize = 16;
        let of_routes: usize = self.routes.iter().map(|route| route.len() + LINE).sum();
        let of_headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len() + LINE).sum();
        let of_body = self.body.map_or(0, |(content_type, content)| content_type.len() + content.len());
        let contact = self.contact.map_or(0, str::len);
        // Each byte of a URI may be written as three.
        let addresses = 3 * self.uri.len() + self.from.len() + self.to.len() + self.call_id.len() + contact;
        USUAL + sent_by.len() + self.method.as_str().len() * 2 + addresses + of_routes + of_headers + of_body
    }
}

/// Writes what a request or a reply says beyond its addresses, and ends it.
pub(crate) fn finish(mut writer: Writer<'_>, headers: &[(&str, &str)], body: Option<(&str, &[u8])>) {
    for (name, value) in headers {
        writer.raw(name, value);
    }
    match body {
        Some((content_type, content)) => writer.body(content_type, content),
        None => writer.end(),
    }
}
