//! An answer that nobody gave.

use std::net::IpAddr;

use crate::session::Session;

/// The port that stands for none (RFC 863).
const DISCARD: u16 = 9;

/// What somebody at an address would have answered who takes all of an offer. Nothing, where keys would have
/// to be guessed.
pub fn assumed(offer: &[u8], at: IpAddr) -> Option<Vec<u8>> {
    let session = Session::parse(offer).ok()?;
    if session.media.iter().any(|media| media.protocol.contains("SAVP")) {
        return None;
    }
    let family = if at.is_ipv4() { "IP4" } else { "IP6" };
    let mut answer = String::with_capacity(offer.len());
    for line in std::str::from_utf8(offer).ok()?.lines() {
        let line = match line.split_once('=') {
            Some(("c", _)) => format!("c=IN {family} {at}"),
            Some(("o", _)) => format!("o=- 0 0 IN {family} {at}"),
            Some(("m", media)) => format!("m={}", with_port(media)),
            // Keys that are offered for sound in clear need not be taken.
            Some(("a", attribute)) if attribute.starts_with("rtcp:") => continue,
            Some(("a", attribute)) if attribute.starts_with("crypto:") => continue,
            _ => line.to_owned(),
        };
        answer.push_str(&line);
        answer.push_str("\r\n");
    }
    Some(answer.into_bytes())
}

/// A media line with the port that stands for none, unless its stream is refused.
fn with_port(media: &str) -> String {
    let mut words: Vec<&str> = media.split(' ').collect();
    let port = DISCARD.to_string();
    if let Some(word) = words.get_mut(1).filter(|word| **word != "0") {
        *word = &port;
    }
    words.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=tandem 7 8 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 30000 RTP/AVP 0 101\r\na=rtcp:30001\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\na=rtpmap:101 telephone-event/8000\r\n\
        m=video 0 RTP/AVP 99\r\n";

    #[test]
    fn all_of_an_offer_is_taken_at_another_address() {
        let answer = assumed(OFFER.as_bytes(), "2001:db8::7".parse().unwrap()).unwrap();

        let answer = String::from_utf8(answer).unwrap();
        assert!(Session::parse(answer.as_bytes()).is_ok());
        assert!(answer.contains("c=IN IP6 2001:db8::7\r\n"), "{answer}");
        assert!(answer.contains("m=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 "), "{answer}");
        assert!(answer.contains("m=video 0 RTP/AVP 99\r\n"), "{answer}");
        assert!(!answer.contains("192.0.2.1") && !answer.contains("crypto"), "{answer}");
    }

    #[test]
    fn keys_are_not_guessed() {
        let sealed = OFFER.replace("RTP/AVP 0", "RTP/SAVP 0");

        assert_eq!(assumed(sealed.as_bytes(), "192.0.2.7".parse().unwrap()), None);
    }
}
