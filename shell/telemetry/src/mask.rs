//! Secrets are blotted out before a message is shown.

use model::{names_a_secret, without_passwords};

/// As many as there were letters, so that lengths still fit.
const BLOT: char = '*';

/// The Call-ID of a message; nothing, if it is no message.
pub(crate) fn call_id_of(text: &str) -> Option<&str> {
    let is_name = |name: &str| ["call-id", "i"].iter().any(|id| name.trim().eq_ignore_ascii_case(id));
    let mut fields = text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| is_name(name)).map(|(_, value)| value.trim())
}

/// The text of a message without secrets.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut field = Field::Open;
    let mut presses = Presses::None;
    for line in text.split_inclusive('\n') {
        // A folded line goes on with the field before it.
        let begins =
            if line.starts_with([' ', '\t']) { 0 } else { line.find(':').map_or(0, |colon| colon + 1) };
        if begins > 0 {
            field = Field::of(&line[..begins - 1]);
            presses = presses.after(line);
        } else if line.trim().is_empty() {
            (field, presses) = (Field::Open, presses.in_body());
        }
        match field {
            _ if presses.is_in_body() => out.push_str(&pressed(line)),
            Field::Digest => out.push_str(&proven(line, begins)),
            Field::Secret => blot(&mut out, line, begins, line.trim_end().len()),
            Field::Open if line.starts_with("k=") => {
                blot(&mut out, line, line.find(':').map_or(2, |colon| colon + 1), line.trim_end().len());
            }
            Field::Open if line.starts_with("a=") => out.push_str(&attribute(line)),
            Field::Open => out.push_str(line),
        }
    }
    without_tokens(&without_passwords(&out, BLOT))
}

/// The parameters of a URI by which a phone can be woken (RFC 8599): whoever has them can do it, too.
const TOKENS: [&str; 2] = ["pn-prid=", "pn-param="];

fn without_tokens(text: &str) -> String {
    let small = text.to_ascii_lowercase();
    let mut places: Vec<usize> =
        TOKENS.iter().flat_map(|name| small.match_indices(name).map(|(at, _)| at + name.len())).collect();
    places.sort_unstable();
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for at in places {
        let ends = text[at..].find([';', '<', '>', '?', ',', '"', ' ', '\t', '\r', '\n']);
        let ends = ends.map_or(text.len(), |length| at + length);
        blot(&mut out, &text[from..ends], at - from, ends - from);
        from = ends;
    }
    out.push_str(&text[from..]);
    out
}

/// What a header field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Open,
    /// A scheme, and what proves somebody by it.
    Digest,
    Secret,
}

impl Field {
    fn of(name: &str) -> Field {
        let name = name.trim();
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        match () {
            () if ["authorization", "proxy-authorization"].iter().any(is) => Field::Digest,
            () if ["authentication-info", "proxy-authentication-info"].iter().any(is) => Field::Digest,
            // Attributes of a description look like fields, too.
            () if !name.contains('=') && names_a_secret(name) => Field::Secret,
            () => Field::Open,
        }
    }
}

/// Whether key presses stand in the body: digits that may be a card's or a PIN.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presses {
    None,
    Announced,
    Here,
}

impl Presses {
    /// After a line of the head, or of a part's.
    fn after(self, line: &str) -> Presses {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let is_type = ["content-type", "c"].iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        let value = value.to_ascii_lowercase();
        match is_type {
            true if value.contains("dtmf") || value.contains("digits") => Presses::Announced,
            true => Presses::None,
            false => self,
        }
    }

    fn in_body(self) -> Presses {
        if self == Presses::None { self } else { Presses::Here }
    }

    fn is_in_body(self) -> bool {
        self == Presses::Here
    }
}

/// `Signal=5`, or the key alone; how long it was pressed may be seen.
fn pressed(line: &str) -> String {
    let (name, begins) = line.split_once('=').map_or(("", 0), |(name, _)| (name.trim(), name.len() + 1));
    let mut out = String::with_capacity(line.len());
    match name.eq_ignore_ascii_case("duration") {
        true => out.push_str(line),
        false => blot(&mut out, line, begins, line.trim_end().len()),
    }
    out
}

/// A line with credentials: of a digest what the password went into, of any other scheme everything.
fn proven(line: &str, begins: usize) -> String {
    let value = line[begins..].trim_start();
    let scheme = value.split_whitespace().next().unwrap_or_default();
    let mut out = String::with_capacity(line.len());
    // Without a scheme it is a folded line, or information that comes with an answer.
    if !scheme.is_empty() && !scheme.contains(['=', ',']) && !scheme.eq_ignore_ascii_case("digest") {
        blot(&mut out, line, begins + value.as_ptr() as usize - line[begins..].as_ptr() as usize, line.len());
        return out;
    }
    let mut rest = line;
    while let Some(at) = find_proof(rest) {
        let value = &rest[at..];
        let quotes = value.len() - value.trim_start_matches([' ', '\t', '"']).len();
        let end = value[quotes..].find(['"', ',', ' ', '\r', '\n']).map_or(value.len(), |end| quotes + end);
        blot(&mut out, &rest[..at + end], at + quotes, at + end);
        rest = &rest[at + end..];
    }
    out.push_str(rest);
    out
}

/// Behind the next `response =` or `rspauth =`, in any case.
fn find_proof(line: &str) -> Option<usize> {
    let small = line.to_ascii_lowercase();
    let found = ["response", "rspauth"].iter().filter_map(|name| {
        small.match_indices(name).find_map(|(at, name)| {
            let behind = &small[at + name.len()..];
            let equals = behind.find(|letter: char| !letter.is_whitespace())?;
            behind[equals..].starts_with('=').then_some(at + name.len() + equals + 1)
        })
    });
    found.min()
}

/// A line of a session description.
fn attribute(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let small = line.to_ascii_lowercase();
    if small.starts_with("a=ice-pwd:") || small.starts_with("a=key-mgmt:") {
        blot(&mut out, line, line.find(':').map_or(2, |colon| colon + 1), line.trim_end().len());
        return out;
    }
    if !small.starts_with("a=crypto:") {
        return line.to_owned();
    }
    let mut from = 0;
    while let Some(at) = small[from..].find("inline:").map(|at| from + at + "inline:".len()) {
        let end = line[at..].find(['|', ' ', ';', '\r', '\n']).map_or(line.len(), |end| at + end);
        blot(&mut out, &line[from..end], at - from, end - from);
        from = end;
    }
    out.push_str(&line[from..]);
    out
}

/// Adds a line, blotted out between two places.
fn blot(out: &mut String, line: &str, from: usize, to: usize) {
    out.push_str(&line[..from]);
    let secret = &line[from..to.max(from)];
    // Spaces stay, so that what is left is read as the same fields.
    out.extend(secret.chars().map(|letter| if letter.is_whitespace() { letter } else { BLOT }));
    out.push_str(&line[to.max(from)..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_keys_are_blotted_out() {
        let text = "INVITE sip:a:u53r1nf0@b SIP/2.0\r\ni: 7@x\r\n\
                    Authorization: Digest username=\"hana\", response=\"0123456789abcdef\", nc=1\r\n\
                    Authorization : digest Response = 0f0f0f0f, nc=2\r\n\
                    Proxy-Authorization: Digest username=\"hana\",\r\n response=\"fedcba98\"\r\n\
                    Authorization: Bearer b34r3r\r\n\
                    Authentication-Info: qop=auth, rspauth=\"a5a5a5\", nc=3\r\n\
                    X-Api-Token: t0k3n and\r\n\tm0r3\r\n\r\n\
                    k=clear:0p3n\r\n\
                    a=ice-pwd:1c3pwd\r\n\
                    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^31;inline:dHdv|2^31\r\n\
                    a=crypto:2 AEAD_AES_128_GCM inline:b3RoZXI=\r\n";

        let kept = masked(text);

        assert_eq!(call_id_of(text), Some("7@x"));
        let secrets = ["0123456789abcdef", "0f0f0f0f", "fedcba98", "0p3n", "c2VjcmV0", "b3RoZXI", "dHdv"];
        for secret in secrets.into_iter().chain(["u53r1nf0", "b34r3r", "a5a5a5", "t0k3n", "m0r3", "1c3pwd"]) {
            assert!(!kept.contains(secret), "{secret}: {kept}");
        }
        for shown in ["username=\"hana\"", "nc=1\r\n", "nc=2\r\n", "nc=3\r\n", "inline:********|2^31;"] {
            assert!(kept.contains(shown), "{shown}: {kept}");
        }
        assert_eq!(kept.len(), text.len());
    }

    #[test]
    fn keys_that_were_pressed_are_blotted_out_and_their_length_is_not() {
        let head = "INFO sip:a@b SIP/2.0\r\nContent-Type: application/";
        let relay = masked(&format!("{head}dtmf-relay\r\nX: 1\r\n\r\nSignal= 7\r\nDuration=160\r\n"));
        let alone = masked(&format!("{head}dtmf\r\n\r\n7"));
        let other = masked(&format!("{head}sdp\r\n\r\ns=7\r\n"));

        assert!(relay.ends_with("\r\nX: 1\r\n\r\nSignal= *\r\nDuration=160\r\n"), "{relay}");
        assert!(alone.ends_with("\r\n\r\n*") && other.ends_with("s=7\r\n"), "{alone} {other}");
    }

    #[test]
    fn what_wakes_a_phone_is_blotted_out_wherever_it_stands() {
        let text = "REGISTER sip:b SIP/2.0\r\n\
                    m: <sip:a@h;pn-provider=apns;PN-PRID=t0k3n:x&y;pn-param=T34m.app>;q=1\r\n\
                    Contact: <sip:a@h;pn-prid=l4st>\r\n\r\n<uri>sip:a@h;pn-prid=1nb0dy<";

        let kept = masked(text);

        for secret in ["t0k3n", "T34m", "l4st", "1nb0dy"] {
            assert!(!kept.contains(secret), "{secret}: {kept}");
        }
        assert!(kept.contains("pn-provider=apns;PN-PRID=*********;pn-param=********>;q=1"), "{kept}");
        assert_eq!(kept.len(), text.len());
    }

    #[test]
    fn what_is_no_message_has_no_call_id() {
        assert_eq!(call_id_of("\r\n\r\n"), None);
        assert_eq!(call_id_of("OPTIONS sip:a@b SIP/2.0\r\n\r\ni: 7@x\r\n"), None);
    }
}
