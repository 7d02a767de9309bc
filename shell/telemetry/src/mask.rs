//! Secrets are blotted out before a message is kept.

/// As many as there were letters, so that lengths still fit.
const BLOT: &str = "*";

/// The Call-ID of a message; nothing, if it is no message.
pub(crate) fn call_id_of(text: &str) -> Option<&str> {
    let is_name = |name: &str| ["call-id", "i"].iter().any(|id| name.trim().eq_ignore_ascii_case(id));
    let mut fields = text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| is_name(name)).map(|(_, value)| value.trim())
}

/// The text of a message without secrets.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut proves = false;
    for line in text.split_inclusive('\n') {
        // A folded line goes on with the field before it.
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default().trim();
            proves =
                ["authorization", "proxy-authorization"].iter().any(|one| name.eq_ignore_ascii_case(one));
        }
        match line {
            _ if proves => out.push_str(&blotted(line, "response=\"", &['"'])),
            _ if line.starts_with("a=crypto:") => {
                out.push_str(&blotted(line, "inline:", &['|', ' ', '\r', '\n']));
            }
            _ if line.starts_with("k=") => out.push_str(&blotted(line, ":", &['\r', '\n'])),
            _ => out.push_str(line),
        }
    }
    out
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
                    Authorization: Digest username=\"hana\", response=\"0123456789abcdef\", nc=1\r\n\
                    Proxy-Authorization: Digest username=\"hana\",\r\n response=\"fedcba98\"\r\n\r\n\
                    k=clear:0p3n\r\n\
                    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^31\r\n\
                    a=crypto:2 AEAD_AES_128_GCM inline:b3RoZXI=\r\n";

        let kept = masked(text);

        assert_eq!(call_id_of(text), Some("7@x"));
        for secret in ["0123456789abcdef", "fedcba98", "0p3n", "c2VjcmV0", "b3RoZXI"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(kept.contains("nc=1\r\n") && kept.contains("inline:********|2^31\r\n"), "{kept}");
        assert_eq!(kept.len(), text.len());
    }

    #[test]
    fn what_is_no_message_has_no_call_id() {
        assert_eq!(call_id_of("\r\n\r\n"), None);
        assert_eq!(call_id_of("OPTIONS sip:a@b SIP/2.0\r\n\r\ni: 7@x\r\n"), None);
    }
}
