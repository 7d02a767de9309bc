//! Naming a dialog of another call: the Replaces header, alone or inside of a Refer-To (RFC 3891, 3515).

use std::borrow::Cow;
use std::sync::Arc;

use media::Side;
use policy::{Callee, Code, Policy, Refusal, Whereabouts};
use sip_message::{Header, Message, NameAddr, Uri};
use sip_stack::Token;

use crate::call::Call;

/// A dialog as its far end names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub call_id: String,
    /// Ours.
    pub to_tag: String,
    /// The far end's.
    pub from_tag: String,
}

/// Whom a REFER wants called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferTo {
    /// Without parameters of the header, and without headers.
    pub uri: String,
    pub replaces: Option<Replaced>,
}

/// Which call a request names beside its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sought {
    Nothing,
    Found(Box<Found>),
    /// It names one that isn't here.
    Missing,
    /// It names a call for help.
    Help,
}

/// A dialog that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub call: Token,
    pub side: Side,
    pub party: Callee,
    /// The dialog on the call's other side, as its far end names it.
    pub beyond: Option<Replaced>,
    /// Where the far end of that side is.
    pub across: Option<Whereabouts>,
}

impl Replaced {
    /// Reads the value of a Replaces header.
    pub(crate) fn parse(value: &str) -> Option<Replaced> {
        let mut pieces = value.split(';').map(str::trim);
        let call_id = pieces.next().filter(|call_id| !call_id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag) = (None, None);
        for piece in pieces {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "to-tag" => to_tag = Some(value.trim().to_owned()),
                "from-tag" => from_tag = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        Some(Replaced { call_id, to_tag: to_tag?, from_tag: from_tag? })
    }

    /// The call that may have this dialog.
    pub(crate) fn token(&self) -> Option<Token> {
        Token::find(&self.to_tag)
    }
}

/// Whether a Replaces header wants a dialog only as long as nobody has answered in it.
pub(crate) fn is_early_only(value: &str) -> bool {
    value.split(';').skip(1).any(|piece| piece.trim().eq_ignore_ascii_case("early-only"))
}

impl ReferTo {
    /// Reads the one Refer-To of a REFER. Nothing: there is none, or several, or it asks for no call.
    pub(crate) fn of(message: &Message<'_>) -> Option<ReferTo> {
        let mut values = message.values(Header::ReferTo);
        let (value, None) = (values.next()?, values.next()) else { return None };
        let address = NameAddr::parse(value).ok()?;
        let uri = Uri::parse(address.uri).ok()?;
        if uri.param("method").flatten().is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
            return None;
        }
        let named = uri.headers().find(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let replaces = match named {
            Some((_, value)) => Some(Replaced::parse(&unescaped(value))?),
            None => None,
        };
        let bare = address.uri.split('?').next().unwrap_or_default();
        Some(ReferTo { uri: bare.to_owned(), replaces })
    }
}

impl Call {
    /// Whether a user may take somebody's place here (RFC 3891, 8): they are the same person or of one group,
    /// or the user was in a call that this one came out of. Knowing the dialog's tags is no right.
    pub(crate) fn may_be_replaced(
        &self,
        policy: &Policy,
        replaced: &str,
        by: &Arc<str>,
    ) -> Result<(), Refusal> {
        if self.former.contains(by) || policy::may_pick_up(policy, by, replaced).is_ok() {
            return Ok(());
        }
        let words =
            format!("{by} is in no pickup group with {replaced}, and was in no call that this one came from");
        Err(Refusal::new(Code::NOT_THEIR_CALL, words))
    }

    /// Where the far end of a side is.
    pub(crate) fn whereabouts(&mut self, side: Side) -> Option<Whereabouts> {
        match &self.end(side).party {
            Callee::Trunk(name) => Some(Whereabouts::Trunk(name.clone())),
            Callee::User(_) => Some(Whereabouts::Address(self.dialog(side)?.flow().remote.ip())),
        }
    }

    /// The side whose dialog this is.
    pub(crate) fn side_replaced(&mut self, replaced: &Replaced) -> Option<Side> {
        [Side::Caller, Side::Callee].into_iter().find(|side| {
            self.dialog(*side).is_some_and(|dialog| {
                dialog.call_id() == replaced.call_id
                    && dialog.local_tag().eq_ignore_ascii_case(&replaced.to_tag)
                    && dialog.remote_tag().eq_ignore_ascii_case(&replaced.from_tag)
            })
        })
    }
}

/// Text without its percent signs; what they say wrong stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned().into()
}
