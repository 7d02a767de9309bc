//! Codecs that a side is offered besides those of the other, and what is made of what where none is common.

use media::{Codec as Sound, Events, Spoken};
use policy::{MediaPath, MediaPlan};
use sdp::{Codec, Format, Formats, Media, Session};

/// Of those that stand for whatever is agreed on, the one that Opus has with most.
const OPUS_USUAL: u8 = 111;
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// What is made is of one channel, and says once more in short what went before it (RFC 7587, 6.1).
const OPUS_OURS: &str = "useinbandfec=1";

/// What an answer comes to, by media line: what the offerer is told, and what each of the two speaks, the
/// offerer first, where it is not the same.
pub(crate) struct Settled {
    pub formats: Vec<Formats>,
    pub spoken: Vec<Option<[Spoken; 2]>>,
}

impl Settled {
    /// Each side hears what the other says.
    pub(crate) fn as_it_is(answer: &Session<'_>) -> Settled {
        Settled { formats: Vec::new(), spoken: vec![None; answer.media.len()] }
    }
}

/// What a side is offered besides what the other speaks: whatever can be made of that.
pub(crate) fn offered(theirs: &Session<'_>, plan: &MediaPlan) -> Vec<Formats> {
    if plan.also.is_empty() || plan.path == MediaPath::Direct {
        return Vec::new();
    }
    theirs.media.iter().map(|media| besides(media, plan)).collect()
}

fn besides(media: &Media<'_>, plan: &MediaPlan) -> Formats {
    let codecs = speaking(media);
    if codecs.iter().all(|codec| sound_of(codec).is_none()) {
        return Formats::Theirs;
    }
    let crosses = |sound: Sound| {
        let is_allowed =
            plan.codecs.is_empty() || plan.codecs.iter().any(|word| word.eq_ignore_ascii_case(sound.name()));
        is_allowed && codecs.iter().any(|codec| sound_of(codec) == Some(sound))
    };
    let named = plan
        .also
        .iter()
        .filter_map(|word| Sound::ALL.into_iter().find(|sound| word.eq_ignore_ascii_case(sound.name())));
    let more: Vec<_> =
        named.filter(|sound| !crosses(*sound)).filter_map(|sound| format(sound, media)).collect();
    if more.is_empty() { Formats::Theirs } else { Formats::And(more) }
}

/// Our words for a codec of ours, at a payload type that the line does not use for something else.
fn format(sound: Sound, media: &Media<'_>) -> Option<Format> {
    let is_free = |payload_type: &u8| {
        let number = payload_type.to_string();
        !media.formats.iter().any(|format| **format == number)
    };
    let payload_type = match sound {
        Sound::Pcmu => 0,
        Sound::Pcma => 8,
        Sound::G722 => 9,
        Sound::Opus => std::iter::once(OPUS_USUAL).chain(DYNAMIC).find(is_free)?,
    };
    let (channels, fmtp) = if sound == Sound::Opus { (2, Some(OPUS_OURS.into())) } else { (1, None) };
    Some(Format { payload_type, name: sound.name().into(), clock: sound.clock(), channels, fmtp })
}

/// Reads an answer beside what its offer was made of.
pub(crate) fn settled(offer: &Session<'_>, answer: &Session<'_>) -> Settled {
    let lines = offer.media.iter().zip(&answer.media);
    let (formats, spoken) = lines.map(|(offer, answer)| settled_line(offer, answer)).unzip();
    Settled { formats, spoken }
}

fn settled_line(offer: &Media<'_>, answer: &Media<'_>) -> (Formats, Option<[Spoken; 2]>) {
    let (offered, answered) = (speaking(offer), speaking(answer));
    let is_common = |codec: &Codec<'_>| offered.iter().any(|other| is_same(codec, other));
    let Some(first) = answered.first() else { return (Formats::Theirs, None) };
    if is_common(first) {
        if answered.iter().all(is_common) {
            return (Formats::Theirs, None);
        }
        let both = answer.codecs().into_iter().filter(|codec| codec.is_companion() || is_common(codec));
        return (Formats::Instead(both.map(Format::from).collect()), None);
    }
    let ours = offered.iter().find(|codec| sound_of(codec).is_some());
    let (Some(ours), Some(_)) = (ours, sound_of(first)) else { return (Formats::Theirs, None) };
    let sounds = |codecs: &[Codec<'_>]| {
        codecs.iter().filter_map(|codec| Some((codec.payload_type, sound_of(codec)?))).collect()
    };
    let events = [events(offer), events(answer)];
    let both_press = events.iter().all(Option::is_some);
    let spoken = [
        // What the offerer is told of names no noise.
        Spoken { codecs: sounds(std::slice::from_ref(ours)), events: events[0], noise: None },
        Spoken { codecs: sounds(&answered), events: events[1], noise: noise(answer) },
    ];
    let keys = offer.telephone_event().filter(|_| both_press).and_then(|keys| offer.codec(keys));
    let ours = Format { fmtp: ours.is("opus").then(|| OPUS_OURS.into()), ..Format::from(*ours) };
    (Formats::Instead(std::iter::once(ours).chain(keys.map(Format::from)).collect()), Some(spoken))
}

/// What is made of what.
pub(crate) fn words(spoken: &[Spoken; 2]) -> Option<String> {
    let [(_, one), (_, other)] = [spoken[0].codecs.first()?, spoken[1].codecs.first()?];
    Some(format!("transcoded between {} and {}", one.name(), other.name()))
}

/// The codecs that carry speech on an open line of sound.
fn speaking<'a>(media: &Media<'a>) -> Vec<Codec<'a>> {
    if media.kind != "audio" || media.port == 0 {
        return Vec::new();
    }
    media.codecs().into_iter().filter(|codec| !codec.is_companion()).collect()
}

fn events(media: &Media<'_>) -> Option<Events> {
    let codec = media.codec(media.telephone_event()?)?;
    Some(Events { payload_type: codec.payload_type, clock: codec.clock })
}

fn noise(media: &Media<'_>) -> Option<u8> {
    media.codecs().iter().find(|codec| codec.is("CN")).map(|codec| codec.payload_type)
}

fn sound_of(codec: &Codec<'_>) -> Option<Sound> {
    Sound::ALL.into_iter().find(|sound| codec.is(sound.name()) && codec.clock == sound.clock())
}

fn is_same(one: &Codec<'_>, other: &Codec<'_>) -> bool {
    one.is(other.name) && one.clock == other.clock
}
