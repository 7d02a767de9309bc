//! Messages as text, by hand: not by the printer that the house uses.

use std::fmt::Write;
use std::net::SocketAddr;

use sip_message::{Header, Message};

use crate::actor::NOWHERE;
use crate::exchange::Transport;

/// Everything in a request that differs.
pub(crate) struct Request<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub transport: Transport,
    pub sent_by: SocketAddr,
    pub branch: &'a str,
    pub routes: &'a [String],
    pub from: &'a str,
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    pub contact: &'a str,
    pub headers: &'a [(String, String)],
    pub body: Option<(&'a str, &'a [u8])>,
}

impl Request<'_> {
    pub(crate) fn print(&self) -> Vec<u8> {
        let mut text = String::with_capacity(900);
        let mut line = |text_line: &str| {
            text.push_str(text_line);
            text.push_str("\r\n");
        };
        line(&format!("{} {} SIP/2.0", self.method, self.uri));
        let transport = self.transport.via_name();
        let sent_by = match self.transport {
            Transport::Ws => NOWHERE.to_owned(),
            Transport::Udp | Transport::Tcp => self.sent_by.to_string(),
        };
        line(&format!("Via: SIP/2.0/{transport} {sent_by};rport;branch={}", self.branch));
        line("Max-Forwards: 70");
        self.routes.iter().for_each(|route| line(&format!("Route: {route}")));
        line(&format!("From: {}", self.from));
        line(&format!("To: {}", self.to));
        line(&format!("Call-ID: {}", self.call_id));
        line(&format!("CSeq: {} {}", self.cseq, self.method));
        if !matches!(self.method, "CANCEL" | "BYE" | "ACK") {
            if !self.contact.is_empty() {
                line(&format!("Contact: {}", self.contact));
            }
            line("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO");
        }
        self.headers.iter().for_each(|(name, value)| line(&format!("{name}: {value}")));
        line("User-Agent: actor");
        with_body(text, self.body)
    }
}

/// Everything in a response that the request doesn't give.
#[derive(Default)]
pub(crate) struct Response<'a> {
    pub status: u16,
    pub to_tag: Option<&'a str>,
    pub contact: Option<&'a str>,
    /// One header of its own, name and value.
    pub header: Option<(&'a str, &'a str)>,
    /// Others.
    pub headers: &'a [(&'a str, &'a str)],
    /// Further ones.
    pub more: &'a [(String, String)],
    pub body: Option<(&'a str, &'a [u8])>,
}

impl Response<'_> {
    pub(crate) fn print(&self, request: &Message<'_>) -> Vec<u8> {
        let mut text = String::with_capacity(900);
        let _ = write!(text, "SIP/2.0 {} {}\r\n", self.status, sip_message::reason_phrase(self.status));
        for line in request.lines() {
            match line.header {
                Header::To => {
                    let _ = write!(text, "To: {}", line.value);
                    if let (None, Some(tag)) = (request.to().tag(), self.to_tag) {
                        let _ = write!(text, ";tag={tag}");
                    }
                    text.push_str("\r\n");
                }
                Header::Via | Header::From | Header::CallId | Header::CSeq | Header::RecordRoute => {
                    let _ = write!(text, "{}: {}\r\n", line.name, line.value);
                }
                _ => {}
            }
        }
        if let Some(contact) = self.contact {
            let _ = write!(text, "Contact: {contact}\r\n");
        }
        for (name, value) in self.header.iter().chain(self.headers) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        for (name, value) in self.more {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        with_body(text, self.body)
    }
}

fn with_body(mut text: String, body: Option<(&str, &[u8])>) -> Vec<u8> {
    let (kind, body) = body.unwrap_or_default();
    if !body.is_empty() {
        let _ = write!(text, "Content-Type: {kind}\r\n");
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n", body.len());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
