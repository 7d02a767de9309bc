//! What a URI of a request says about people and numbers.

use std::borrow::Cow;
use std::net::IpAddr;

use model::SipUri;
use sip_message::{Scheme, Uri};

/// What somebody dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialled {
    /// Digits without separators, perhaps with a plus; or the name of a user.
    Digits(String),
    /// `urn:service:sos`, whatever kind of help.
    Sos,
}

impl Dialled {
    /// Reads a request URI; `None` if it names nobody.
    pub fn of(uri: &str) -> Option<Dialled> {
        let lower = uri.get(..15).map(str::to_ascii_lowercase);
        if lower.as_deref() == Some("urn:service:sos") && matches!(uri.as_bytes().get(15), None | Some(b'.'))
        {
            return Some(Dialled::Sos);
        }
        named_in(uri).map(Dialled::Digits)
    }
}

/// The number or name in the user part of a SIP URI or in a tel URI, without separators and parameters.
pub(crate) fn named_in(uri: &str) -> Option<String> {
    let uri = Uri::parse(uri).ok()?;
    let text: Cow<'_, str> = match uri.scheme {
        Scheme::Tel => uri.number()?.into(),
        Scheme::Sip | Scheme::Sips => uri.user_decoded()?,
        Scheme::Other(_) => return None,
    };
    let text = text.split(';').next().unwrap_or_default();
    let is_dialled = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+-.() *#".contains(c));
    if !is_dialled {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    // In "+44 (0)20 …" the zero is dialled at home only.
    let text = if text.starts_with('+') { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let bare: String = text.chars().filter(|letter| !"-.() ".contains(*letter)).collect();
    (!bare.is_empty()).then_some(bare)
}

/// Whether a device may be what stands behind a source address.
pub(crate) fn is_device_at(device: &SipUri, source: IpAddr) -> bool {
    device.address().is_some_and(|address| address.to_canonical() == source.to_canonical())
}

/// The host of a configured URI as it stands in a URI: IPv6 in brackets.
pub(crate) fn host_text(uri: &SipUri) -> Cow<'_, str> {
    match uri.address() {
        Some(IpAddr::V6(address)) => format!("[{address}]").into(),
        _ => Cow::Borrowed(&uri.host),
    }
}

/// Text as it may stand in the user part of a URI.
pub(crate) fn user_escaped(text: &str) -> Cow<'_, str> {
    let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
    if text.bytes().all(stands) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match stands(byte) {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped.into()
}

/// A name-addr with its display name quoted; control characters do not pass.
pub(crate) fn name_addr(display: Option<&str>, uri: &str) -> String {
    let mut text = String::with_capacity(uri.len() + 32);
    if let Some(display) = display.filter(|display| !display.trim().is_empty()) {
        text.push('"');
        for letter in display.chars().filter(|letter| !letter.is_control()) {
            if matches!(letter, '"' | '\\') {
                text.push('\\');
            }
            text.push(letter);
        }
        text.push_str("\" ");
    }
    text.push('<');
    text.push_str(uri);
    text.push('>');
    text
}
