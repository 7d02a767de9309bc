//! What a URI of a request says about people and numbers.

use std::borrow::Cow;
use std::net::IpAddr;

use model::SipUri;
use sip_message::{Scheme, Uri};

use crate::numbering::Service;

/// What somebody dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialled {
    Digits {
        /// Digits without separators, perhaps with a plus; or the name of a user.
        digits: String,
        /// What `;ext=` says.
        extension: Option<String>,
    },
    /// `urn:service:sos`, for one service or any.
    Sos(Option<Service>),
}

impl Dialled {
    /// Reads a request URI; `None` if it names nobody.
    pub fn of(uri: &str) -> Option<Dialled> {
        if let Some(sos) = sos(uri) {
            return Some(sos);
        }
        let (digits, extension) = parts_of(uri)?;
        Some(Dialled::Digits { digits, extension })
    }
}

fn sos(uri: &str) -> Option<Dialled> {
    const URN: &str = "urn:service:sos";
    let (urn, rest) = uri.split_at_checked(URN.len())?;
    let service = rest.strip_prefix('.').map(|word| word.split('.').next().unwrap_or_default());
    let is_sos = urn.eq_ignore_ascii_case(URN) && (rest.is_empty() || service.is_some());
    is_sos.then(|| Dialled::Sos(service.and_then(|word| Service::named(&word.to_ascii_lowercase()))))
}

/// The number or name in the user part of a SIP URI or in a tel URI, without separators and parameters.
pub(crate) fn named_in(uri: &str) -> Option<String> {
    parts_of(uri).map(|(text, _)| text)
}

/// Whether the user part of a URI is this name, in letters of any size.
pub(crate) fn is_named(uri: &str, name: &str) -> bool {
    let text = Uri::parse(uri).ok().and_then(|uri| said_in(&uri));
    text.is_some_and(|text| text.split(';').next().is_some_and(|text| text.eq_ignore_ascii_case(name)))
}

/// What says who or what is called.
fn said_in<'u>(uri: &Uri<'u>) -> Option<Cow<'u, str>> {
    match uri.scheme {
        Scheme::Tel => uri.number().map(Cow::Borrowed),
        Scheme::Sip | Scheme::Sips => uri.user_decoded(),
        Scheme::Other(_) => None,
    }
}

/// The same, with the extension behind it.
fn parts_of(uri: &str) -> Option<(String, Option<String>)> {
    let uri = Uri::parse(uri).ok()?;
    let text = said_in(&uri)?;
    let mut parts = text.split(';');
    let text = parts.next().unwrap_or_default();
    let written: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| {
        let found = written.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, says)| *says);
        found.or_else(|| uri.param(name).flatten().filter(|_| uri.scheme == Scheme::Tel))
    };
    if text.is_empty() {
        return None;
    }
    if !is_dialled(text) {
        return Some((text.to_owned(), None));
    }
    // In "+44 (0)20 …" the zero is dialled at home only.
    let text: Cow<'_, str> = if text.starts_with('+') && text.contains('(') {
        text.replacen("(0)", "", 1).into()
    } else {
        text.into()
    };
    // A context that is a domain says whose number it is, and not how it goes on.
    let context = parameter("phone-context").filter(|context| context.starts_with('+'));
    let context = context.filter(|_| !text.starts_with('+')).unwrap_or_default();
    let bare = match context {
        "" => without_separators(&text),
        context => {
            let whole = without_separators(&[context, &*text].concat());
            if whole.len() > CONTEXT_MIN { whole } else { without_separators(&text) }
        }
    };
    let extension = parameter("ext").map(without_separators).filter(|extension| !extension.is_empty());
    (!bare.is_empty()).then_some((bare, extension))
}

/// Whether a text is dialled, and no name.
pub(crate) fn is_dialled(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.() *#".contains(&byte))
}

/// A context makes no number of a short code: `tel:911;phone-context=+1` calls for help.
const CONTEXT_MIN: usize = 9;

fn without_separators(text: &str) -> String {
    let is_separator = |byte: u8| matches!(byte, b'-' | b'.' | b'(' | b')' | b' ');
    if !text.bytes().any(is_separator) {
        return text.to_owned();
    }
    text.split(['-', '.', '(', ')', ' ']).collect()
}

/// A number whose letters stand for the keys they are on: `1-800-FLOWERS`. A name is none.
pub(crate) fn on_keys(text: &str) -> Option<String> {
    const FEWEST: usize = 7;
    let bare = without_separators(text);
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = digits.len() >= FEWEST
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_number.then(|| bare.chars().map(key_of).collect())
}

fn key_of(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'A'..='C' => '2',
        'D'..='F' => '3',
        'G'..='I' => '4',
        'J'..='L' => '5',
        'M'..='O' => '6',
        'P'..='S' => '7',
        'T'..='V' => '8',
        'W'..='Z' => '9',
        other => other,
    }
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

/// What stands in the user part of a URI as it is (RFC 3261, 25.1).
const STANDS_IN_USER: [bool; 256] = {
    let marks = b"-_.!~*'()&=+$,;?/";
    let mut stands = [false; 256];
    let mut byte = 0;
    while byte < stands.len() {
        stands[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < marks.len() {
        stands[marks[at] as usize] = true;
        at += 1;
    }
    stands
};

/// Text as it may stand in the user part of a URI.
pub(crate) fn user_escaped(text: &str) -> Cow<'_, str> {
    let stands = |byte: u8| STANDS_IN_USER[usize::from(byte)];
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

/// The address of whoever hides (RFC 3323).
pub(crate) fn anonymous() -> String {
    name_addr(Some("Anonymous"), &["sip:anonymous@anonymous.invalid"])
}

/// A name-addr with its display name quoted, and the parts of its URI; control characters do not pass.
pub(crate) fn name_addr(display: Option<&str>, uri: &[&str]) -> String {
    let length: usize = uri.iter().map(|part| part.len()).sum();
    let mut text = String::with_capacity(length + 2 + display.map_or(0, |display| display.len() + 8));
    if let Some(display) = display.filter(|display| !display.trim().is_empty()) {
        text.push('"');
        push_quoted(&mut text, display);
        text.push_str("\" ");
    }
    text.push('<');
    uri.iter().for_each(|part| text.push_str(part));
    text.push('>');
    text
}

fn push_quoted(text: &mut String, display: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..0x7f) & (byte != b'"') & (byte != b'\\');
    if display.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        return text.push_str(display);
    }
    for letter in display.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
}
