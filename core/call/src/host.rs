//! What a conference says of its media: it speaks every codec that can be mixed, and takes what its party
//! likes best. It is nowhere: what its party says is heard in the relay, and goes to no other address.

use media::{Codec as Sound, Events, Keys, Spoken};
use sdp::{Codec, Media, Session};

use crate::speech;

/// A name that nobody has (RFC 2606, 2): nothing is sent there.
const HEAD: &str = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 conference.invalid\r\nt=0 0\r\n";
/// No port that is used.
const PORT: u16 = 9;
const EVENTS: u8 = 101;
const OPUS: u8 = 107;

/// The answer to an offer: one line of sound, in one codec. Nothing, where there is none that can be mixed.
pub(crate) fn answer(offer: &[u8]) -> Option<Vec<u8>> {
    let session = Session::parse(offer).ok()?;
    let mut text = HEAD.to_owned();
    let mut has_sound = false;
    for media in &session.media {
        let line = if has_sound { None } else { sound(&session, media) };
        has_sound |= line.is_some();
        text.push_str(&line.unwrap_or_else(|| refused(media)));
    }
    has_sound.then(|| text.into_bytes())
}

/// An offer of all that can be mixed.
pub(crate) fn offer() -> Vec<u8> {
    let line = format!("m=audio {PORT} RTP/AVP {OPUS} 9 0 8 18 {EVENTS}\r\n");
    let opus = format!("a=rtpmap:{OPUS} opus/48000/2\r\na=fmtp:{OPUS} useinbandfec=1\r\n");
    let others = "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
                  a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n";
    let events = format!("a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\n");
    format!("{HEAD}{line}{opus}{others}{events}a=sendrecv\r\n").into_bytes()
}

fn sound(session: &Session<'_>, media: &Media<'_>) -> Option<String> {
    if media.kind != "audio" || media.port == 0 || !media.is_rtp() {
        return None;
    }
    let codecs = media.codecs();
    let codec = codecs.iter().find(|codec| speech::sound_of(codec).is_some())?;
    let events = codecs.iter().filter(|one| one.is_key_press());
    let events = events.min_by_key(|one| one.clock.abs_diff(codec.clock));
    let formats: Vec<String> =
        [Some(codec), events].into_iter().flatten().map(|codec| codec.payload_type.to_string()).collect();
    let mut text = format!("m=audio {PORT} {} {}\r\n", media.protocol, formats.join(" "));
    text.push_str(&rtpmap(codec));
    if let Some(events) = events {
        text.push_str(&rtpmap(events));
        text.push_str(&format!("a=fmtp:{} 0-15\r\n", events.payload_type));
    }
    let direction = session.direction_of(media).answer();
    text.push_str(&format!("a={}\r\n", direction.name()));
    Some(text)
}

fn rtpmap(codec: &Codec<'_>) -> String {
    let Codec { payload_type, name, clock, channels, .. } = *codec;
    let channels = if channels > 1 { format!("/{channels}") } else { String::new() };
    let parameters = speech::sound_of(codec).and_then(speech::parameters);
    let fmtp = parameters.map(|said| format!("a=fmtp:{payload_type} {said}\r\n")).unwrap_or_default();
    format!("a=rtpmap:{payload_type} {name}/{clock}{channels}\r\n{fmtp}")
}

fn refused(media: &Media<'_>) -> String {
    format!("m={} 0 {} {}\r\n", media.kind, media.protocol, media.formats.join(" "))
}

/// What a party may send that was told this of a line, and how it tells key presses there.
pub(crate) fn understood(told: &[u8], stream: usize) -> Spoken {
    let session = Session::parse(told).ok();
    let codecs = session.as_ref().and_then(|told| told.media.get(stream)).map(|line| line.codecs());
    let codecs = codecs.unwrap_or_default();
    let sounds = codecs.iter().filter_map(|codec| Some((codec.payload_type, speech::sound_of(codec)?)));
    let events = codecs.iter().find(|codec| codec.is_key_press());
    let keys = events.map_or(Keys::Unheard, |events| {
        Keys::Events(Events { payload_type: events.payload_type, clock: events.clock })
    });
    let codecs: Vec<(u8, Sound)> = sounds.collect();
    Spoken { codecs, keys, noise: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n";

    fn answered(lines: &str) -> Option<String> {
        answer(format!("{OFFER}{lines}").as_bytes()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn the_first_codec_that_can_be_mixed_is_taken_with_its_events() {
        let text = answered(
            "m=audio 4000 RTP/AVP 4 9 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n\
             m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n",
        )
        .unwrap();

        assert!(text.contains("m=audio 9 RTP/AVP 9 101\r\na=rtpmap:9 G722/8000\r\n"), "{text}");
        assert!(text.contains("a=recvonly\r\nm=video 0 RTP/AVP 96\r\n"), "{text}");
    }

    /// Of G.729 the far end is asked to go on when nobody speaks (RFC 7261).
    #[test]
    fn h4_who_offers_g729_alone_is_answered_without_its_silence() {
        let text = answered("m=audio 4000 RTP/AVP 18\r\na=fmtp:18 annexb=yes\r\n").unwrap();

        assert!(
            text.contains("m=audio 9 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n"),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_mixed_is_not_answered() {
        assert_eq!(answered("m=audio 4000 RTP/AVP 4\r\n"), None);
        assert_eq!(answered("m=image 4000 udptl t38\r\n"), None);
    }

    #[test]
    fn what_is_offered_can_all_be_mixed() {
        let told = offer();

        let spoken = understood(&told, 0);

        assert_eq!(
            spoken.codecs.iter().map(|(_, codec)| *codec).collect::<Vec<_>>(),
            [Sound::Opus, Sound::G722, Sound::Pcmu, Sound::Pcma, Sound::G729]
        );
        assert_eq!(spoken.keys, Keys::Events(Events { payload_type: 101, clock: 8_000 }));
    }
}
