//! To which dialog a message belongs, and whether that can be a call's: without reading the rest of it.

use memchr::memchr;

use crate::mask::is_one_of;

/// Where phones are, what they watch, and whether somebody is there: no call has such a message.
const OF_NO_CALL: [&[u8]; 5] = [b"REGISTER", b"SUBSCRIBE", b"NOTIFY", b"PUBLISH", b"OPTIONS"];

/// The Call-ID of a message; nothing, if it is no message.
pub(crate) fn call_id_of(message: &[u8]) -> Option<&[u8]> {
    field_of(message, b'c', "call-id").or_else(|| field_of(message, b'i', "i"))
}

/// Whether a message may be a call's, by its method.
pub(crate) fn is_of_a_call(message: &[u8]) -> bool {
    let method = match message.starts_with(b"SIP/2.0 ") {
        true => field_of(message, b'c', "cseq")
            .and_then(|cseq| cseq.rsplit(|byte| byte.is_ascii_whitespace()).next()),
        false => message.split(|byte| *byte == b' ').next(),
    };
    !method.is_some_and(|method| OF_NO_CALL.contains(&method))
}

/// What the first field of this name says; few fields begin with its letter.
fn field_of<'m>(message: &'m [u8], letter: u8, name: &str) -> Option<&'m [u8]> {
    let mut rest = message;
    loop {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if line.first().is_some_and(|first| first.to_ascii_lowercase() == letter)
            && let Some(colon) = memchr(b':', line)
            && is_one_of(line[..colon].trim_ascii_end(), &[name])
        {
            return Some(line[colon + 1..].trim_ascii());
        }
        if line.is_empty() || end == rest.len() {
            return None;
        }
        rest = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_dialog_is_found_however_it_is_written() {
        for text in ["Call-ID: 7@x", "CALL-ID :7@x\r\n", "Via: a\r\ni:\t7@x \r\n\r\n", "A\nI: 7@x\n\n"] {
            assert_eq!(call_id_of(text.as_bytes()), Some(&b"7@x"[..]), "{text}");
        }
        for text in
            ["\r\n\r\n", "OPTIONS sip:a@b SIP/2.0\r\n\r\ni: 7@x\r\n", "Via: a\r\n Call-ID: 7", "", "Call-ID"]
        {
            assert_eq!(call_id_of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_can_be_no_calls_is_told_by_its_method() {
        let answer = |method: &str| format!("SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 7  {method}\r\n\r\n");
        let request = |method: &str| format!("{method} sip:a SIP/2.0\r\nCSeq: 7 {method}\r\n\r\n");

        for method in ["REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "OPTIONS"] {
            assert!(!is_of_a_call(answer(method).as_bytes()) && !is_of_a_call(request(method).as_bytes()));
        }
        for method in ["INVITE", "BYE", "REFER", "MESSAGE", "UPDATE", "REGISTERED"] {
            assert!(is_of_a_call(answer(method).as_bytes()) && is_of_a_call(request(method).as_bytes()));
        }
        assert!(
            is_of_a_call(b"SIP/2.0 200 OK\r\n\r\n") && is_of_a_call(b""),
            "what is broken says something"
        );
    }
}
