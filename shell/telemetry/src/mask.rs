//! Secrets are blotted out before a message is shown, or written down: in place, in one pass by lines and one
//! by each of the two signs that stand near secrets anywhere.

use memchr::memchr;
use model::{blot_passwords, may_name_a_secret, names_a_secret};

/// As many as there were bytes, so that lengths still fit.
const BLOT: u8 = b'*';

/// The text of a message without secrets.
pub fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_owned();
    mask(&mut bytes);
    // Where blots begin and end stand signs of one byte, so no letter is cut.
    String::from_utf8(bytes).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}

/// Blots the secrets of a message out.
pub fn mask(message: &mut [u8]) {
    let mut reading = Reading { part: Part::Begin, field: Field::Open, presses: Presses::None };
    let mut from = 0;
    while from < message.len() {
        let end = memchr(b'\n', &message[from..]).map_or(message.len(), |at| from + at + 1);
        reading.line(&mut message[from..end]);
        from = end;
    }
    blot_passwords(message, BLOT);
    blot_tokens(message);
}

/// The parameters of a URI by which a phone can be woken (RFC 8599): whoever has them can do it, too.
const TOKENS: [&[u8]; 2] = [b"-prid=", b"-param="];

fn blot_tokens(text: &mut [u8]) {
    let mut from = 0;
    while let Some(dash) = memchr(b'-', &text[from..]).map(|at| from + at) {
        from = dash + 1;
        let is_theirs = dash.checked_sub(2).is_some_and(|at| text[at..dash].eq_ignore_ascii_case(b"pn"));
        if !is_theirs {
            continue;
        }
        if let Some(name) = TOKENS.iter().find(|name| begins_with(&text[dash..], name)) {
            let value = dash + name.len();
            from = ends_before(text, value, b";<>?,\" \t\r\n");
            blot(&mut text[value..from]);
        }
    }
}

/// What a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing was read but empty lines.
    Begin,
    /// The head of a message, and whatever follows it.
    Message,
    /// The head of a letter from one person to another.
    Letter,
    /// What was written in it.
    Written,
}

struct Reading {
    part: Part,
    field: Field,
    presses: Presses,
}

impl Reading {
    fn line(&mut self, line: &mut [u8]) {
        let is_empty = line.trim_ascii().is_empty();
        match self.part {
            Part::Written => return blot(line),
            Part::Letter if is_empty => self.part = Part::Written,
            Part::Begin if line.starts_with(b"MESSAGE ") => self.part = Part::Letter,
            Part::Begin if !is_empty => self.part = Part::Message,
            Part::Begin | Part::Message | Part::Letter => {}
        }
        if self.field == Field::Open && self.presses != Presses::Here && line.get(1) == Some(&b'=') {
            return describe(line);
        }
        // A folded line goes on with the field before it.
        let is_folded = matches!(line, [b' ' | b'\t', ..]);
        let begins = if is_folded { 0 } else { memchr(b':', line).map_or(0, |colon| colon + 1) };
        if begins > 0 {
            self.field = Field::of(&line[..begins - 1]);
            self.presses = self.presses.after(&line[..begins - 1], &line[begins..]);
        } else if is_empty {
            (self.field, self.presses) = (Field::Open, self.presses.in_body());
        }
        match self.field {
            _ if self.presses == Presses::Here => press(line),
            Field::Digest => prove(line, begins),
            Field::Secret => blot(&mut line[begins..]),
            Field::Open => describe(line),
        }
    }
}

/// What a header field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Open,
    /// A scheme, and what proves somebody by it.
    Digest,
    Secret,
}

/// Fields of digests.
const PROOFS: [&str; 4] =
    ["authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"];

impl Field {
    fn of(name: &[u8]) -> Field {
        if !may_name_a_secret(name) {
            return Field::Open;
        }
        let name = name.trim_ascii();
        // Attributes of a description look like fields, too.
        match () {
            () if is_one_of(name, &PROOFS) => Field::Digest,
            () if !name.contains(&b'=') && names_a_secret(&String::from_utf8_lossy(name)) => Field::Secret,
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
    fn after(self, name: &[u8], value: &[u8]) -> Presses {
        if !is_one_of(name.trim_ascii(), &["content-type", "c"]) {
            return self;
        }
        match find(value, b"dtmf").or_else(|| find(value, b"digits")) {
            Some(_) => Presses::Announced,
            None => Presses::None,
        }
    }

    fn in_body(self) -> Presses {
        if self == Presses::None { self } else { Presses::Here }
    }
}

/// `Signal=5`, or the key alone; how long it was pressed may be seen.
fn press(line: &mut [u8]) {
    let begins = memchr(b'=', line).map_or(0, |equals| equals + 1);
    if begins == 0 || !line[..begins - 1].trim_ascii().eq_ignore_ascii_case(b"duration") {
        blot(&mut line[begins..]);
    }
}

/// A line with credentials: of a digest what the password went into, of any other scheme everything.
fn prove(line: &mut [u8], begins: usize) {
    let value = line[begins..].trim_ascii_start();
    let length = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let scheme = &value[..length];
    // Without a scheme it is a folded line, or information that comes with an answer.
    let has_scheme = !scheme.is_empty() && !scheme.iter().any(|sign| matches!(sign, b'=' | b','));
    if has_scheme && !scheme.eq_ignore_ascii_case(b"digest") {
        return blot(&mut line[begins..]);
    }
    let mut from = 0;
    while let Some(at) = find_proof(&line[from..]).map(|at| from + at) {
        let opens = line[at..].iter().position(|sign| !matches!(sign, b' ' | b'\t' | b'"'));
        let opens = at + opens.unwrap_or(line.len() - at);
        from = ends_before(line, opens, b"\", \r\n");
        blot(&mut line[opens..from]);
    }
}

/// Behind the next `response =` or `rspauth =`, in any case.
fn find_proof(line: &[u8]) -> Option<usize> {
    let of = |name: &[u8]| {
        let mut from = 0;
        while let Some(at) = find(&line[from..], name).map(|at| from + at + name.len()) {
            let equals = line[at..].iter().position(|sign| !sign.is_ascii_whitespace())?;
            if line[at + equals] == b'=' {
                return Some(at + equals + 1);
            }
            from = at;
        }
        None
    };
    [of(b"response"), of(b"rspauth")].into_iter().flatten().min()
}

/// A line of a session description.
fn describe(line: &mut [u8]) {
    match line {
        [b'a', b'=', b'i' | b'I', ..] if begins_with(line, b"a=ice-pwd:") => return blot_value(line),
        [b'a', b'=', b'k' | b'K', ..] if begins_with(line, b"a=key-mgmt:") => return blot_value(line),
        [b'a', b'=', b'c' | b'C', ..] if begins_with(line, b"a=crypto:") => {}
        [b'k', b'=', ..] => return blot_value(line),
        _ => return,
    }
    let mut from = 0;
    while let Some(at) = find(&line[from..], b"inline:").map(|at| from + at + b"inline:".len()) {
        from = ends_before(line, at, b"| ;\r\n");
        blot(&mut line[at..from]);
    }
}

/// Of `k=clear:secret` and the like.
fn blot_value(line: &mut [u8]) {
    let begins = memchr(b':', line).map_or(2, |colon| colon + 1);
    blot(&mut line[begins..]);
}

/// Spaces stay, so that what is left is read as the same fields.
fn blot(secret: &mut [u8]) {
    secret.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = BLOT);
}

pub(crate) fn is_one_of(name: &[u8], known: &[&str]) -> bool {
    known.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn begins_with(text: &[u8], small: &[u8]) -> bool {
    text.get(..small.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(small))
}

/// Where a word stands, in any case.
fn find(text: &[u8], small: &[u8]) -> Option<usize> {
    text.windows(small.len()).position(|part| part.eq_ignore_ascii_case(small))
}

/// Where one of these signs stands next, or the text ends.
fn ends_before(text: &[u8], from: usize, signs: &[u8]) -> usize {
    text[from..].iter().position(|byte| signs.contains(byte)).map_or(text.len(), |at| from + at)
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

        assert_eq!(crate::belonging::call_id_of(text.as_bytes()), Some(&b"7@x"[..]));
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
        let twice = "OPTIONS sip:b SIP/2.0\r\nTo: <sip:b;pn-prid=pn-param=x>\r\n";
        assert_eq!(masked(twice), twice.replace("pn-param=x", "**********"));
    }

    #[test]
    fn what_people_write_to_each_other_is_blotted_out_and_what_they_send_it_with_is_not() {
        let text = "\r\nMESSAGE sip:b SIP/2.0\r\nCall-ID: 7@x\r\nCSeq: 1 MESSAGE\r\n\r\n\
                    Lunch at noon?\r\n\r\nm: at Hana's\r\n";
        let answer = text.replace("MESSAGE sip:b SIP/2.0", "SIP/2.0 200 OK");

        let kept = masked(text);

        assert!(kept.ends_with("MESSAGE\r\n\r\n***** ** *****\r\n\r\n** ** ******\r\n"), "{kept}");
        assert!(kept.starts_with("\r\nMESSAGE sip:b SIP/2.0\r\nCall-ID: 7@x\r\n"), "{kept}");
        assert_eq!(masked(&answer), answer);
    }

    #[test]
    fn bytes_of_any_kind_stay_as_long_as_they_are() {
        let text = b"INFO sip:a:\xff\xc3pw\xe2@b SIP/2.0\r\nX-Secret: \xf0\x9f\x92\r\n\r\n\
                     a=crypto:1 x inline:\xff\r\n";
        let mut kept = text.to_vec();

        mask(&mut kept);

        let shown = b"INFO sip:a:*****@b SIP/2.0\r\nX-Secret: ***\r\n\r\na=crypto:1 x inline:*\r\n";
        assert_eq!(kept, shown, "{}", String::from_utf8_lossy(&kept));
    }
}
