//! The REGISTER itself.

use std::fmt::Write;
use std::sync::Arc;

use sip_message::Method;
use sip_stack::auth::Credentials;
use sip_stack::{ClientId, Flow, Listener, Owner, Prover, Request, Transport};

use crate::surroundings::{ROOM, Surroundings};
use crate::watch::{Contact, Style, Watch};

/// What one REGISTER says that differs from the last.
pub(crate) struct Asking<'a> {
    pub watch: &'a Watch,
    pub key: u64,
    pub call_id: &'a str,
    pub tag: &'a str,
    pub cseq: u32,
    pub seconds: u64,
    pub flow: Flow,
    pub server_name: Option<Arc<str>>,
}

pub(crate) fn send(asking: &Asking<'_>, prover: &mut Prover, around: &mut Surroundings<'_>) -> ClientId {
    let Asking { watch, .. } = asking;
    let from = format!("<{}>;tag={}", watch.identity, asking.tag);
    let to = format!("<{}>", watch.identity);
    let contact = contact(&watch.contact, around.listener(asking.flow), asking.seconds);
    let expires = asking.seconds.to_string();
    let credentials = Credentials { user: &watch.user, password: watch.password.reveal() };
    let chance = around.stack.chance();
    let proofs = prover.headers(credentials, "REGISTER", &watch.domain, &[], chance);
    let mut headers: Vec<(&str, &str)> = vec![("Supported", "path"), ("Expires", &expires)];
    if watch.contact.style == Style::Gin {
        headers.extend([("Require", "gin"), ("Proxy-Require", "gin")]);
    }
    headers.extend(proofs.iter().map(|(name, value)| (*name, value.as_str())));
    let request = Request {
        method: Method::Register,
        uri: &watch.domain,
        flow: asking.flow,
        server_name: asking.server_name.clone(),
        from: &from,
        to: &to,
        call_id: asking.call_id,
        cseq: asking.cseq,
        routes: &[],
        contact: Some(&contact),
        max_forwards: 70,
        session: None,
        headers: &headers,
        body: None,
    };
    let owner = Owner { room: ROOM, key: asking.key, part: 0 };
    around.stack.request(around.now, &request, owner, around.sends)
}

/// Our address, with the token by which we know the account again.
fn contact(contact: &Contact, listener: &Listener, seconds: u64) -> String {
    let mut text = "<sip:".to_owned();
    if let Some(user) = &contact.user {
        let _ = write!(text, "{user}@");
    }
    text.push_str(&listener.sent_by);
    if listener.transport != Transport::Udp {
        let _ = write!(text, ";transport={}", listener.transport);
    }
    if let Some(line) = &contact.line {
        let _ = write!(text, ";line={line}");
    }
    if contact.style == Style::Gin {
        text.push_str(";bnc");
    }
    let _ = write!(text, ">;expires={seconds}");
    text
}
