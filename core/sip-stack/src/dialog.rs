//! A dialog as one leg sees it (RFC 3261 12): who we are to each other, and the way of the next request.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sip_message::{Header, Host, Message, Method, NameAddr, Scheme, SessionId, Uri};

use crate::flow::{ConnectionId, Flow, Listener, Transport, is_sips};
use crate::kept::{KeptDialog, KeptFlow};
use crate::request::Request;

/// What a leg remembers of its dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    call_id: Box<str>,
    local: Party,
    remote: Party,
    /// Where the far end wants its requests.
    target: Box<str>,
    /// Route values in the order in which we use them.
    routes: Box<[Box<str>]>,
    local_cseq: u32,
    /// Nothing until the far end has asked something.
    remote_cseq: Option<u32>,
    /// The flow that the dialog was last heard on.
    heard_on: Flow,
    /// Where the next request leaves.
    next: Flow,
    server_name: Option<Arc<str>>,
    /// What our requests say of the session's two ends (RFC 7989).
    session: Option<SessionId>,
}

/// A From or To value, and where its tag stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    value: Box<str>,
    tag_at: u32,
    tag_end: u32,
}

/// What we sent in the request that began the dialog.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The Request-URI, where requests go if the answer has no Contact.
    pub uri: &'a str,
    /// The whole From value, with our tag.
    pub from: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
}

/// The far end breaks the rules of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerFault {
    /// Its CSeq did not rise: to be answered with 500 (RFC 3261 12.2.2).
    CseqWentBack,
    /// The Request is of another dialog: 481.
    NotOfThisDialog,
}

impl PeerFault {
    /// The status that answers it.
    pub fn status(self) -> u16 {
        match self {
            PeerFault::CseqWentBack => 500,
            PeerFault::NotOfThisDialog => 481,
        }
    }
}

/// What a dialog contributes to its next request.
#[derive(Clone, Debug)]
pub struct DialogRequest<'a> {
    pub method: Method<'a>,
    pub uri: &'a str,
    pub routes: Cow<'a, [Box<str>]>,
    pub from: &'a str,
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    pub flow: Flow,
    pub server_name: Option<Arc<str>>,
    pub session: Option<SessionId>,
}

impl DialogRequest<'_> {
    /// The request without contact, further headers or body.
    pub fn as_request(&self) -> Request<'_> {
        Request {
            method: self.method,
            uri: self.uri,
            flow: self.flow,
            server_name: self.server_name.clone(),
            from: self.from,
            to: self.to,
            call_id: self.call_id,
            cseq: self.cseq,
            routes: &self.routes,
            contact: None,
            max_forwards: 70,
            session: self.session,
            headers: &[],
            body: None,
        }
    }
}

impl Dialog {
    /// The dialog that an answer to our request makes. Without a To tag only a final one makes any: there are
    /// far ends that are older than tags (RFC 3261 12.1.2).
    pub fn as_caller(sent: &Sent<'_>, response: &Message<'_>, flow: Flow) -> Option<Dialog> {
        let is_final = response.status().is_some_and(|status| status >= 200);
        response.to().tag().or(is_final.then_some(""))?;
        let remote = Party::of(response.line(Header::To)?);
        let mut routes = route_values(response);
        routes.reverse();
        let mut dialog = Dialog {
            call_id: sent.call_id.into(),
            local: Party::of(sent.from),
            remote,
            target: contact_uri(response, flow).unwrap_or(sent.uri).into(),
            routes: routes.into(),
            local_cseq: sent.cseq,
            remote_cseq: None,
            heard_on: flow,
            next: flow,
            server_name: None,
            session: None,
        };
        dialog.find_way();
        Some(dialog)
    }

    /// The dialog that our answer with `local_tag` to a request makes.
    pub fn as_callee(request: &Message<'_>, local_tag: &str, flow: Flow) -> Dialog {
        let to = request.line(Header::To).unwrap_or_default();
        let local = match request.to().tag() {
            Some(_) => Party::of(to),
            None => Party::tagged(to, local_tag),
        };
        let from = request.line(Header::From).unwrap_or_default();
        let mut dialog = Dialog {
            call_id: request.call_id().into(),
            local,
            remote: Party::of(from),
            target: contact_uri(request, flow).unwrap_or(request.from().uri).into(),
            routes: route_values(request).into(),
            local_cseq: 0,
            remote_cseq: Some(request.cseq().number),
            heard_on: flow,
            next: flow,
            server_name: None,
            session: None,
        };
        dialog.find_way();
        dialog
    }

    /// What stands for a dialog where nobody is: no message is of it, and none is sent in it.
    pub fn with_nobody(call_id: &str, local: &str, flow: Flow) -> Dialog {
        Dialog {
            call_id: call_id.into(),
            local: Party::of(local),
            remote: Party::of(""),
            target: "".into(),
            routes: [].into(),
            local_cseq: 0,
            remote_cseq: None,
            heard_on: flow,
            next: flow,
            server_name: None,
            session: None,
        }
    }

    /// The same dialog under another tag of ours: another of several that one INVITE of theirs makes.
    pub fn under_tag(&self, local_tag: &str) -> Dialog {
        let value = &self.local.value;
        let bare = value.find(";tag=").map_or(&**value, |at| &value[..at]);
        Dialog { local: Party::tagged(bare, local_tag), ..self.clone() }
    }

    /// Goes on where the dialog stood before its answer: routes and target are the answer's, CSeqs its own.
    pub fn follow(&mut self, early: &Dialog) {
        self.local_cseq = self.local_cseq.max(early.local_cseq);
        self.remote_cseq = self.remote_cseq.max(early.remote_cseq);
    }

    /// What is written down of it.
    pub fn kept(&self, listeners: &[Listener]) -> KeptDialog {
        KeptDialog {
            call_id: self.call_id.clone(),
            local: self.local.value.clone(),
            remote: self.remote.value.clone(),
            target: self.target.clone(),
            routes: self.routes.to_vec(),
            local_cseq: self.local_cseq,
            remote_cseq: self.remote_cseq,
            heard_on: KeptFlow::of(self.heard_on, listeners),
        }
    }

    /// A dialog of the process before this one; so many requests of ours may have left unwritten. Nothing, if
    /// we no longer listen where it was heard.
    pub fn restore(kept: &KeptDialog, unwritten: u32, listeners: &[Listener]) -> Option<Dialog> {
        let heard_on = kept.heard_on.restore(listeners)?;
        let mut dialog = Dialog {
            call_id: kept.call_id.clone(),
            local: Party::of(&kept.local),
            remote: Party::of(&kept.remote),
            target: kept.target.clone(),
            routes: kept.routes.clone().into(),
            local_cseq: kept.local_cseq.saturating_add(unwritten),
            remote_cseq: kept.remote_cseq,
            heard_on,
            next: heard_on,
            server_name: None,
            session: None,
        };
        dialog.find_way();
        Some(dialog)
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub fn local_tag(&self) -> &str {
        self.local.tag()
    }

    pub fn remote_tag(&self) -> &str {
        self.remote.tag()
    }

    /// Our own From value in this dialog.
    pub fn local(&self) -> &str {
        &self.local.value
    }

    /// The far end's value, as To of our requests.
    pub fn remote(&self) -> &str {
        &self.remote.value
    }

    /// Where the far end wants its requests.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Where the next request leaves.
    pub fn flow(&self) -> Flow {
        self.next
    }

    /// The CSeq number of our latest request.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Whom a TLS connection that has to be made anew must prove to be.
    pub fn set_server_name(&mut self, server_name: Option<Arc<str>>) {
        self.server_name = server_name;
    }

    /// What our requests say of the session's two ends from now on.
    pub fn set_session(&mut self, session: Option<SessionId>) {
        self.session = session;
    }

    /// From now on we are this to the far end, under our tag (RFC 4916).
    pub fn rename(&mut self, from: &str) {
        self.local = Party::tagged(from, self.local.tag());
    }

    /// Takes over who the far end says to be, in a request of its that was accepted.
    pub fn renamed_by(&mut self, from: &str) {
        let named = Party::of(from);
        if named.tag().eq_ignore_ascii_case(self.remote_tag()) {
            self.remote = named;
        }
    }

    /// Whether a value of From names somebody else than before.
    pub fn is_renamed_by(&self, from: &str) -> bool {
        let uri =
            |value: &str| NameAddr::parse(value).map_or(String::new(), |address| address.uri.to_owned());
        uri(from) != uri(&self.remote.value)
    }

    /// Whether a message bears this dialog's Call-ID and both its tags.
    pub fn is_of(&self, message: &Message<'_>) -> bool {
        let (local, remote) = match message.is_request() {
            true => (message.to(), message.from()),
            false => (message.from(), message.to()),
        };
        message.call_id() == self.call_id()
            && same_tag(local.tag(), self.local_tag())
            && same_tag(remote.tag(), self.remote_tag())
    }

    /// Whether a request of the far end is in order; remembers its CSeq. An ACK and a CANCEL bear an old one.
    pub fn admit(&mut self, request: &Message<'_>) -> Result<(), PeerFault> {
        if !self.is_of(request) {
            return Err(PeerFault::NotOfThisDialog);
        }
        let cseq = request.cseq();
        if let Method::Ack | Method::Cancel = cseq.method {
            return Ok(());
        }
        if self.remote_cseq.is_some_and(|last| cseq.number <= last) {
            return Err(PeerFault::CseqWentBack);
        }
        self.remote_cseq = Some(cseq.number);
        Ok(())
    }

    /// Takes over the far end's Contact from a target refresh: an INVITE or UPDATE, or its 2xx.
    pub fn retarget(&mut self, message: &Message<'_>) {
        if let Some(uri) = contact_uri(message, self.heard_on) {
            self.retarget_to(uri);
        }
    }

    /// The same, for a request that is accepted only now (RFC 6141).
    pub fn retarget_to(&mut self, uri: &str) {
        if *uri != *self.target && may_be_told(uri, self.heard_on) {
            self.target = uri.into();
            self.find_way();
        }
    }

    /// Takes over the flow that the far end was heard on: its address has changed, or its connection. What is
    /// sealed stays so where that is wanted.
    pub fn heard_on(&mut self, flow: Flow) {
        if self.heard_on != flow && may_be_told(&self.target, flow) {
            self.heard_on = flow;
            self.find_way();
        }
    }

    /// The connection is no more: the next request goes to the far end's address, on a new one.
    pub fn flow_failed(&mut self, flow: Flow) {
        if self.heard_on.connection == flow.connection {
            self.heard_on.connection = ConnectionId::NONE;
            self.find_way();
        }
    }

    /// The next request of ours; the CSeq rises.
    pub fn next_request<'a>(&'a mut self, method: Method<'a>) -> DialogRequest<'a> {
        self.local_cseq += 1;
        self.request(method, self.local_cseq)
    }

    /// The Request-URI of the next request.
    pub fn next_uri(&self) -> &str {
        match self.routes.first() {
            Some(first) if !is_loose(first) => route_uri(first),
            _ => &self.target,
        }
    }

    /// The ACK for a 2xx to our INVITE of this CSeq.
    pub fn ack_for(&self, cseq: u32) -> DialogRequest<'_> {
        self.request(Method::Ack, cseq)
    }

    /// A strict router at the head of the route set takes the Request-URI (RFC 3261 12.2.1.1).
    fn request<'a>(&'a self, method: Method<'a>, cseq: u32) -> DialogRequest<'a> {
        let (uri, routes) = match self.routes.split_first() {
            Some((first, rest)) if !is_loose(first) => {
                let mut routes = rest.to_vec();
                routes.push(format!("<{}>", self.target).into());
                (route_uri(first), Cow::Owned(routes))
            }
            _ => (&*self.target, Cow::Borrowed(&*self.routes)),
        };
        DialogRequest {
            method,
            uri,
            routes,
            from: &self.local.value,
            to: &self.remote.value,
            call_id: &self.call_id,
            cseq,
            flow: self.next,
            server_name: self.server_name.clone(),
            session: self.session,
        }
    }

    /// Whether proxies stand between its far end and us.
    pub fn is_routed(&self) -> bool {
        !self.routes.is_empty()
    }

    /// The first route, or else the target, says where requests go, if it is an address that can be reached.
    fn find_way(&mut self) {
        let hop = self.routes.first().map_or(&*self.target, |route| route_uri(route));
        self.next = way_to(hop, self.heard_on).unwrap_or(self.heard_on);
    }
}

impl Party {
    fn of(value: &str) -> Party {
        let tag = NameAddr::parse(value).ok().and_then(|name_addr| name_addr.tag());
        // The tag is a part of the value, so where it begins is known without looking for it.
        let begins = |tag: &str| (tag.as_ptr() as usize).checked_sub(value.as_ptr() as usize);
        let is_there = |(at, tag): &(usize, &str)| value.get(*at..*at + tag.len()) == Some(*tag);
        let place = tag.and_then(|tag| Some((begins(tag)?, tag))).filter(is_there);
        let (start, length) = place.map_or((value.len(), 0), |(at, tag)| (at, tag.len()));
        Party { value: value.into(), tag_at: start as u32, tag_end: (start + length) as u32 }
    }

    fn tagged(value: &str, tag: &str) -> Party {
        let value = [value, ";tag=", tag].concat();
        let start = value.len() - tag.len();
        Party { tag_at: start as u32, tag_end: value.len() as u32, value: value.into() }
    }

    fn tag(&self) -> &str {
        &self.value[self.tag_at as usize..self.tag_end as usize]
    }
}

/// A far end of RFC 2543 has no tag, which equals an empty one.
fn same_tag(theirs: Option<&str>, ours: &str) -> bool {
    theirs.unwrap_or_default().eq_ignore_ascii_case(ours)
}

/// Where the far end says to be.
fn contact_uri<'m>(message: &Message<'m>, flow: Flow) -> Option<&'m str> {
    message.contact()?.ok().map(|contact| contact.uri).filter(|uri| may_be_told(uri, flow))
}

/// A `sips` address that is told in the clear is none: requests to it would have to be sealed, and the way
/// that leads there is not. Its far end is reached as if it had said nothing.
fn may_be_told(uri: &str, flow: Flow) -> bool {
    flow.transport.is_sealed() || !is_sips(uri)
}

fn route_values(message: &Message<'_>) -> Vec<Box<str>> {
    message.values(Header::RecordRoute).map(Box::from).collect()
}

fn route_uri(route: &str) -> &str {
    NameAddr::parse(route).map_or(route, |name_addr| name_addr.uri)
}

fn is_loose(route: &str) -> bool {
    Uri::parse(route_uri(route)).is_ok_and(|uri| uri.param("lr").is_some())
}

/// The flow to a URI whose host is an address; nothing if it has to be looked up, lies behind a NAT, or if
/// only the connection leads to it.
fn way_to(uri: &str, heard_on: Flow) -> Option<Flow> {
    if heard_on.transport.is_websocket() {
        return None;
    }
    let uri = Uri::parse(uri).ok()?;
    let Host::Ip(address) = uri.host()? else { return None };
    let remote = heard_on.remote.ip().to_canonical();
    if address != remote && is_private(address) && !is_private(remote) {
        return None;
    }
    let transport = transport_of(&uri, heard_on.transport)?;
    if transport != heard_on.transport {
        // Another listener would have to be chosen: not a matter of the dialog.
        return None;
    }
    let port = uri.port().unwrap_or(if transport == Transport::Tls { 5061 } else { 5060 });
    let connection = match address == remote {
        true => heard_on.connection,
        false => ConnectionId::NONE,
    };
    Some(Flow { connection, remote: SocketAddr::new(address, port), ..heard_on })
}

fn transport_of(uri: &Uri<'_>, usual: Transport) -> Option<Transport> {
    let is_secure = uri.scheme == Scheme::Sips;
    match uri.param("transport").flatten() {
        Some(name) if is_secure && !name.eq_ignore_ascii_case("tls") && !name.eq_ignore_ascii_case("tcp") => {
            None
        }
        Some(name) if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
        Some(name) if name.eq_ignore_ascii_case("tls") => Some(Transport::Tls),
        Some(name) if name.eq_ignore_ascii_case("tcp") => {
            Some(if is_secure || usual == Transport::Tls { Transport::Tls } else { Transport::Tcp })
        }
        Some(_) => None,
        None if is_secure => Some(Transport::Tls),
        None => Some(usual),
    }
}

/// Addresses that nobody reaches from elsewhere.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}
