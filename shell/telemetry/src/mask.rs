//! Secrets are blotted out before a message is kept.

/// As many as there were letters, so that lengths still fit.
const BLOT: &str = "*";

/// The Call-ID of a message and its text without secrets; nothing, if it is no message.
pub(crate) fn masked(bytes: &[u8]) -> Option<(Box<str>, String)> {
    let text = String::from_utf8_lossy(bytes);
    let mut call_id = None;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let name = line.split(':').next().unwrap_or_default().trim();
        if call_id.is_none() && ["call-id", "i"].iter().any(|id| name.eq_ignore_ascii_case(id)) {
            call_id = line.split_once(':').map(|(_, value)| Box::from(value.trim()));
        }
        if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization") {
            out.push_str(&blotted(line, "response=\"", &['"']));
        } else if line.starts_with("a=crypto:") {
            out.push_str(&blotted(line, "inline:", &['|', ' ', '\r', '\n']));
        } else {
            out.push_str(line);
        }
    }
    Some((call_id?, out))
}

/// The line with what follows each `start`, up to one of `ends`, blotted out.
fn blotted(line: &str, start: &str, ends: &[char]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, secret)) = rest.split_once(start) {
        out.push_str(before);
        out.push_str(start);
        let end = secret.find(ends).unwrap_or(secret.len());
        out.push_str(&BLOT.repeat(end));
        rest = &secret[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_keys_are_blotted_out() {
        let text = "INVITE sip:a@b SIP/2.0\r\ni: 7@x\r\n\
                    Authorization: Digest username=\"hana\", response=\"0123456789abcdef\", nc=1\r\n\r\n\
                    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^31\r\n\
                    a=crypto:2 AEAD_AES_128_GCM inline:b3RoZXI=\r\n";

        let (call_id, kept) = masked(text.as_bytes()).expect("a message");

        assert_eq!(&*call_id, "7@x");
        for secret in ["0123456789abcdef", "c2VjcmV0", "b3RoZXI"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(kept.contains("nc=1\r\n") && kept.contains("inline:********|2^31\r\n"), "{kept}");
        assert_eq!(kept.len(), text.len());
    }

    #[test]
    fn what_is_no_message_is_not_kept() {
        assert_eq!(masked(b"\r\n\r\n"), None);
    }
}
