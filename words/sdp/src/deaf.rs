//! An answer of somebody who speaks and does not listen.

use crate::codec::Codec;
use crate::session::{Media, Session};

/// The port that stands for none (RFC 863).
const DISCARD: u16 = 9;

/// An answer to an offer that sends sound on its first line of sound, in those of its codecs that are spoken;
/// nothing, where there are none or its writer does not listen. It says nothing of keys or places.
pub fn deaf(offer: &[u8], is_spoken: impl Fn(&Codec<'_>) -> bool) -> Option<Vec<u8>> {
    let offer = Session::parse(offer).ok()?;
    let listens = |media: &Media<'_>| offer.direction_of(media).receives();
    let is_sound = |media: &Media<'_>| media.kind == "audio" && media.port != 0 && media.is_rtp();
    let spoken_at = offer.media.iter().position(|media| is_sound(media) && listens(media))?;
    let codecs: Vec<Codec<'_>> = offer.media[spoken_at].codecs().into_iter().filter(&is_spoken).collect();
    if codecs.is_empty() {
        return None;
    }
    let mut answer =
        String::from("v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n");
    for (at, media) in offer.media.iter().enumerate() {
        if at != spoken_at {
            let format = media.formats.first().copied().unwrap_or("0");
            answer.push_str(&format!("m={} 0 {} {format}\r\n", media.kind, media.protocol));
            continue;
        }
        let numbers: Vec<String> = codecs.iter().map(|codec| codec.payload_type.to_string()).collect();
        answer.push_str(&format!("m=audio {DISCARD} {} {}\r\n", media.protocol, numbers.join(" ")));
        for Codec { payload_type, name, clock, channels, .. } in &codecs {
            let channels = if *channels > 1 { format!("/{channels}") } else { String::new() };
            answer.push_str(&format!("a=rtpmap:{payload_type} {name}/{clock}{channels}\r\n"));
        }
        answer.push_str("a=sendonly\r\n");
    }
    Some(answer.into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=a 7 8 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n\
        m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n\
        m=audio 4000 RTP/AVP 18 0 111 101\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtpmap:101 telephone-event/8000\r\n";

    fn spoken(offer: &str) -> Option<String> {
        let answer = deaf(offer.as_bytes(), |codec| codec.is("PCMU") || codec.is("opus"))?;
        Some(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn h10_sound_is_sent_in_the_codecs_that_are_spoken_and_all_else_is_refused() {
        let answer = spoken(OFFER).unwrap();

        assert!(answer.contains("m=video 0 RTP/AVP 99\r\n"), "{answer}");
        assert!(answer.contains("m=audio 9 RTP/AVP 0 111\r\n"), "{answer}");
        assert!(answer.ends_with("a=rtpmap:111 opus/48000/2\r\na=sendonly\r\n"), "{answer}");
        let (offer, answer) = (OFFER.as_bytes(), answer.as_bytes());
        let [offer, answer] = [offer, answer].map(|text| Session::parse(text).unwrap());
        assert_eq!(crate::answer_matches(&offer, &answer), Ok(()));
    }

    #[test]
    fn h10_who_does_not_listen_or_knows_no_such_codec_is_told_nothing() {
        for offer in [
            OFFER.replace("4000 RTP", "0 RTP"),
            OFFER.replace("18 0 111", "18"),
            format!("{OFFER}a=sendonly\r\n"),
            OFFER.replace("m=audio 4000 RTP/AVP", "m=audio 4000 UDP"),
        ] {
            assert_eq!(spoken(&offer), None, "{offer}");
        }
    }
}
