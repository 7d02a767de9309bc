//! The answer to a digest challenge (RFC 8760), read apart from the house's.

use md5::Md5;
use sha2::{Digest, Sha256};
use sip_message::{Header, Message};

use crate::profile::Credentials;

/// What answers the first challenge of a 401 that can be answered: the value of an Authorization header.
pub(crate) fn proof(
    refusal: &Message<'_>,
    who: &Credentials,
    (method, uri): (&str, &str),
    cnonce: &str,
) -> Option<String> {
    proof_in(refusal, Header::WwwAuthenticate, who, (method, uri), cnonce)
}

/// The same of challenges that stand in another header.
pub(crate) fn proof_in(
    refusal: &Message<'_>,
    header: Header,
    who: &Credentials,
    (method, uri): (&str, &str),
    cnonce: &str,
) -> Option<String> {
    let mut challenges = refusal.lines().filter(|line| line.header == header);
    challenges.find_map(|line| answer(line.value, who, method, uri, cnonce))
}

/// The value of an Authorization header.
fn answer(challenge: &str, who: &Credentials, method: &str, uri: &str, cnonce: &str) -> Option<String> {
    let fields = challenge.trim().strip_prefix("Digest ")?;
    let field =
        |name: &str| fields_of(fields).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    let (realm, nonce) = (field("realm")?, field("nonce")?);
    let algorithm = field("algorithm").unwrap_or("MD5");
    let hash: fn(&str) -> String = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => |text| hex(&Md5::digest(text)),
        "SHA-256" => |text| hex(&Sha256::digest(text)),
        _ => return None,
    };
    let secret = hash(&format!("{}:{realm}:{}", who.user, who.password));
    let request = hash(&format!("{method}:{uri}"));
    let has_qop = field("qop").is_some_and(|qop| qop.split(',').any(|one| one.trim() == "auth"));
    let (response, qop) = if has_qop {
        let response = hash(&format!("{secret}:{nonce}:00000001:{cnonce}:auth:{request}"));
        (response, format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\""))
    } else {
        (hash(&format!("{secret}:{nonce}:{request}")), String::new())
    };
    let opaque = field("opaque").map(|opaque| format!(", opaque=\"{opaque}\"")).unwrap_or_default();
    let user = &who.user;
    Some(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm={algorithm}{qop}{opaque}"
    ))
}

/// Whether the sender of an Authorization value knows the password.
pub(crate) fn is_proof(value: &str, who: &Credentials, method: &str, nonce: &str) -> bool {
    let Some(fields) = value.trim().strip_prefix("Digest ") else { return false };
    let field = |name: &str| {
        let found = fields_of(fields).find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    };
    let hash = |text: &str| hex(&Sha256::digest(text));
    let secret = hash(&format!("{}:{}:{}", who.user, field("realm"), who.password));
    let request = hash(&format!("{method}:{}", field("uri")));
    let (nc, cnonce, qop) = (field("nc"), field("cnonce"), field("qop"));
    let expected = hash(&format!("{secret}:{nonce}:{nc}:{cnonce}:{qop}:{request}"));
    field("nonce") == nonce && field("username") == who.user && field("response") == expected
}

/// Name and value of each field, quotes taken off; a comma inside of quotes divides nothing.
fn fields_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut inside = false;
    let parts = text.split(move |c| {
        inside ^= c == '"';
        c == ',' && !inside
    });
    parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
