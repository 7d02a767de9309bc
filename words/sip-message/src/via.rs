//! Via: the way a request came, and its answer goes back.

use crate::scan::Cursor;
use crate::{Fault, Host, Params, ParseError, uri};

/// One Via value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `WS`, `WSS` or any other token, as written.
    pub transport: &'a str,
    /// Who sent it, by its own account.
    pub host: Host<'a>,
    /// The port it wants answers at, if it says one.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one Via value, all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let (via, end) = Self::parse_first(text)?;
        if end < text.len() {
            return Err(ParseError::new(Fault::BadVia, end));
        }
        Ok(via)
    }

    /// Reads the value at the start of a comma-separated list; says where it ends.
    pub(crate) fn parse_first(text: &'a str) -> Result<(Self, usize), ParseError> {
        let mut cursor = Cursor::new(text);
        if !is_sip_2(&mut cursor) {
            return Err(ParseError::new(Fault::BadVia, cursor.at()));
        }
        cursor.lws();
        let transport = cursor.token();
        let gap = cursor.at();
        cursor.lws();
        if transport.is_empty() || cursor.at() == gap {
            return Err(ParseError::new(Fault::BadVia, gap));
        }
        let host = Host::read(&mut cursor)?;
        let port = uri::port(&mut cursor)?;
        let (params, end) = Params::at_end_of_value(cursor)?;
        Ok((Via { transport, host, port, params }, end))
    }

    /// The branch: which transaction this is.
    pub fn branch(&self) -> Option<&'a str> {
        self.params.value("branch")
    }

    /// Where it was really sent from, as the next hop noted; without brackets.
    pub fn received(&self) -> Option<&'a str> {
        self.params.value("received").map(|host| host.trim_matches(['[', ']']))
    }

    /// `Some(None)`: answers are wanted at the port it was sent from; `Some(Some(_))`: that is the port.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|value| value.and_then(|port| port.parse().ok()))
    }

    /// A parameter by name: `None` if absent, `Some(None)` if it has no value.
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params.get(name)
    }
}

/// Eats the protocol and its version, with the slash behind; there may be white space around slashes.
fn is_sip_2(cursor: &mut Cursor<'_>) -> bool {
    if cursor.eat_text("SIP/2.0/") {
        return true;
    }
    let protocol = cursor.token();
    let slash = cursor.eat_spaced(b'/');
    let version = cursor.token();
    protocol.eq_ignore_ascii_case("SIP") && slash && version == "2.0" && cursor.eat_spaced(b'/')
}
