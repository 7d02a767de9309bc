//! A description of sound that nobody may leave anything out of.

use crate::session::{Media, Session};

/// RFC 3108, 5.6.3.2.
const SUPPRESSION: &str = "a=silenceSupp:";
const SENT: &str = "a=silenceSupp:off - - - -\r\n";

/// The same media; open lines of sound name no comfort noise, and say that silence is sent too.
pub fn whole(description: Vec<u8>) -> Vec<u8> {
    let Ok(session) = Session::parse(&description) else { return description };
    let is_sound = |media: &Media<'_>| media.kind == "audio" && media.port != 0 && media.is_rtp();
    let noises = |media: &Media<'_>| {
        let codecs = media.codecs().into_iter().filter(|codec| codec.is("CN"));
        codecs.map(|codec| codec.payload_type.to_string()).collect::<Vec<_>>()
    };
    let mut lines = session.media.iter().map(|media| is_sound(media).then(|| noises(media)));
    let text = String::from_utf8_lossy(&description);
    let (mut whole, mut here) = (String::with_capacity(text.len() + 64), None);
    for line in text.lines() {
        if line.starts_with("m=") {
            whole.push_str(if here.is_some() { SENT } else { "" });
            here = lines.next().flatten();
        }
        let Some(noises) = &here else {
            push(&mut whole, line);
            continue;
        };
        if line.starts_with("m=") {
            push(&mut whole, &without(line, noises));
        } else if !line.starts_with(SUPPRESSION) && !is_about(line, noises) {
            push(&mut whole, line);
        }
    }
    whole.push_str(if here.is_some() { SENT } else { "" });
    whole.into_bytes()
}

/// A media line without some of its formats; those before them are its kind, port and protocol.
fn without(line: &str, formats: &[String]) -> String {
    const BEFORE: usize = 3;
    let words = line.split(' ').enumerate();
    let stays = words.filter(|(at, word)| *at < BEFORE || !formats.iter().any(|format| format == word));
    stays.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

fn is_about(line: &str, formats: &[String]) -> bool {
    let said = line.strip_prefix("a=rtpmap:").or(line.strip_prefix("a=fmtp:"));
    said.and_then(|said| said.split(' ').next()).is_some_and(|of| formats.iter().any(|format| format == of))
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    const FAX: &str = "m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n";

    fn written(lines: &str) -> String {
        let text = String::from_utf8(whole(format!("{HEAD}{lines}").into_bytes())).unwrap();
        text.strip_prefix(HEAD).unwrap().to_owned()
    }

    #[test]
    fn j4_silence_is_sent_too_and_no_noise_stands_for_it() {
        let sound = "m=audio 4000 RTP/AVP 0 13 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\na=silenceSupp:on 1 2 3 4\r\na=sendrecv\r\n";
        let wanted = "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\na=silenceSupp:off - - - -\r\n";

        assert_eq!(written(sound), wanted);
        assert_eq!(written(&format!("{sound}{FAX}")), format!("{wanted}{FAX}"));
        assert_eq!(written(&format!("{FAX}{sound}")), format!("{FAX}{wanted}"));
        assert_eq!(written(wanted), wanted);
    }

    #[test]
    fn j4_a_line_that_is_closed_or_no_sound_stays_as_it_is() {
        for line in
            [FAX, "m=audio 0 RTP/AVP 0 13\r\n", "m=video 4000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"]
        {
            assert_eq!(written(line), line);
        }
    }
}
