//! Who diverted a call on its way, and why: one model for Diversion (RFC 5806) and History-Info (RFC 7044).
//!
//! Values come in as they stood in a message and go out as values again; RFC 7544 says which of one means
//! which of the other. Numbers are not understood here: `steps::identity` does that.

mod diversion;
mod entries;
mod reason;

use sip_message::{NameAddr, Uri};

use crate::address::named_in;

pub use reason::Reason;

/// The diversions of a call, the first diverter first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub hops: Vec<Diversion>,
    /// Values that could not be read.
    pub unreadable: Vec<String>,
}

/// One party that sent a call on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    pub by: Address,
    pub reason: Reason,
    /// The cause of History-Info, where it came with one.
    pub cause: Option<u16>,
    /// How many diversions this one stands for; 1 where nothing was said.
    pub counter: Option<u16>,
    pub privacy: Option<Shown>,
    /// Whatever else Diversion said of it, with its semicolons.
    pub others: String,
}

/// A party as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub display: Option<String>,
    pub uri: String,
}

/// How much of a diverter may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// `privacy=off`.
    All,
    /// `privacy=name`.
    NotTheName,
    /// `privacy=uri`.
    NotTheUri,
    /// `privacy=full`.
    Nothing,
}

impl History {
    /// Reads what a request says. Where both forms came, what only Diversion tells happened last
    /// (RFC 7544 3.4).
    pub fn read(request_uri: &str, diversion: &[String], history_info: &[String]) -> History {
        let of_entries = entries::read(history_info);
        let of_diversion = diversion::read(diversion);
        let mut history = of_entries;
        history.unreadable.extend(of_diversion.unreadable);
        let mut met = vec![false; history.hops.len()];
        for hop in of_diversion.hops {
            let is_it = |at: &usize| !met[*at] && history.hops[*at].by.is_same_as(&hop.by);
            match (0..met.len()).find(is_it) {
                Some(at) => {
                    met[at] = true;
                    history.hops[at].learn(hop);
                }
                None => history.hops.push(hop),
            }
        }
        if history.hops.is_empty() {
            history.hops.extend(of_voicemail_target(request_uri));
        }
        history
    }

    /// The values of Diversion, the last diverter first.
    pub fn to_diversion(&self) -> Vec<String> {
        diversion::write(&self.hops)
    }

    /// The values of History-Info, of which the last is the target of the request.
    pub fn to_history_info(&self, target: &str) -> Vec<String> {
        entries::write(&self.hops, target)
    }

    /// The history of a call that somebody sends on.
    pub fn diverted_by(mut self, by: Address, reason: Reason) -> History {
        let hop = Diversion { by, reason, cause: None, counter: None, privacy: None, others: String::new() };
        self.hops.push(hop);
        self
    }

    /// Whether nobody diverted.
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }
}

impl Diversion {
    /// Whether the diverter wants not to be shown.
    pub fn is_hidden(&self) -> bool {
        matches!(self.privacy, Some(Shown::Nothing | Shown::NotTheUri))
    }
}

impl Diversion {
    /// Takes over what the other form says of the same diversion, and the stricter of two privacies.
    fn learn(&mut self, other: Diversion) {
        if other.reason.cause() == self.reason.cause() {
            self.reason = other.reason;
        }
        self.counter = self.counter.or(other.counter);
        self.others = other.others;
        if !self.is_hidden() {
            self.privacy = other.privacy.or(self.privacy);
        }
    }

    /// The same diversion by somebody whom nobody may know (RFC 7544 3.2).
    pub(crate) fn anonymous(&self) -> Diversion {
        let by = Address { display: None, uri: "sip:anonymous@anonymous.invalid".to_owned() };
        Diversion { by, privacy: None, others: String::new(), ..self.clone() }
    }
}

impl Address {
    /// Whether both name the same party, whatever the host.
    fn is_same_as(&self, other: &Address) -> bool {
        match (named_in(&self.uri), named_in(&other.uri)) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
            _ => self.uri == other.uri,
        }
    }

    fn of(address: &NameAddr<'_>) -> Address {
        Address { display: address.display().map(|name| name.into_owned()), uri: address.uri.to_owned() }
    }
}

/// Who sent the call to a voice mail box, as its request URI says (RFC 4458).
fn of_voicemail_target(request_uri: &str) -> Option<Diversion> {
    let uri = Uri::parse(request_uri).ok()?;
    let cause = uri.param("cause")??.parse().ok()?;
    let target = unescaped(uri.param("target")??);
    Uri::parse(&target).ok()?;
    Some(Diversion {
        by: Address { display: None, uri: target },
        reason: Reason::of_cause(cause),
        cause: Some(cause),
        counter: None,
        privacy: None,
        others: String::new(),
    })
}

/// Text of a URI with its escapes undone.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
