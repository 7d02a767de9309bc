//! Codecs that a side is offered besides those of the other, and what is made of what where none is common.

use media::{Codec as Sound, Keys, Spoken};
use policy::{Dtmf, MediaPath, MediaPlan};
use sdp::{Codec, Format, Formats, Media, Session};

use crate::presses::{self, Wish};

/// Of those that stand for whatever is agreed on, the one that Opus has with most.
const OPUS_USUAL: u8 = 111;
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// What is made is of one channel, and says once more in short what went before it (RFC 7587, 6.1).
const OPUS_OURS: &str = "useinbandfec=1";
/// What is made never falls silent, and nobody is asked to (RFC 7261, 3.3).
const G729_OURS: &str = "annexb=no";

/// Of a line, the number and the codec that both descriptions of a side have first; the codec, if it is ours.
pub(crate) type Agreed = Option<(u8, Option<Sound>)>;

/// What an answer comes to, by media line: what the offerer is told, and what each of the two speaks, the
/// offerer first, where it is not the same.
pub(crate) struct Settled {
    pub formats: Vec<Formats>,
    pub spoken: Vec<Option<[Spoken; 2]>>,
}

impl Settled {
    /// Each side hears what the other says.
    fn as_it_is(answer: &Session<'_>) -> Settled {
        Settled { formats: Vec::new(), spoken: vec![None; answer.media.len()] }
    }
}

/// What a side is offered besides what the other speaks: whatever can be made of that, first what it has
/// agreed on so far. How the peers tell key presses is that of who offers first.
pub(crate) fn offered(
    theirs: &Session<'_>,
    (plan, agreed): (&MediaPlan, &[Agreed]),
    dtmf: [Dtmf; 2],
) -> Vec<Formats> {
    if plan.path == MediaPath::Direct {
        return Vec::new();
    }
    let lines = theirs.media.iter().enumerate().map(|(line, media)| {
        let agreed = agreed.get(line).copied().flatten();
        let mut more = if plan.also.is_empty() { Vec::new() } else { besides(media, plan, agreed) };
        let wish = presses::offered(media, dtmf);
        if let Wish::Events = wish {
            more.extend(presses::formats(media, &more));
        }
        (wish, more)
    });
    let formats = lines.map(|(wish, formats)| match wish {
        Wish::Keyless => Formats::Keyless(formats),
        _ if formats.is_empty() => Formats::Theirs,
        _ => Formats::And(formats),
    });
    formats.collect()
}

fn besides(media: &Media<'_>, plan: &MediaPlan, agreed: Agreed) -> Vec<Format> {
    let codecs = speaking(media);
    if codecs.iter().all(|codec| sound_of(codec).is_none()) {
        return Vec::new();
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
    let named = named.filter(|sound| !crosses(*sound)).filter_map(|sound| format(sound, media));
    let agreed = agreed.and_then(|(payload_type, sound)| again(payload_type, sound?, media));
    let is_agreed = |format: &Format| agreed.as_ref().is_some_and(|agreed| agreed.name == format.name);
    let named = named.filter(|format| !is_agreed(format)).collect::<Vec<_>>();
    agreed.into_iter().chain(named).collect()
}

/// A codec that a side speaks already, by the number that it has there (RFC 3264, 8.3.2), where the line does
/// not bring it.
fn again(payload_type: u8, sound: Sound, media: &Media<'_>) -> Option<Format> {
    if speaking(media).iter().any(|codec| sound_of(codec) == Some(sound)) {
        return None;
    }
    let usual = format(sound, media)?;
    Some(if is_free(media, payload_type) { Format { payload_type, ..usual } } else { usual })
}

fn is_free(media: &Media<'_>, payload_type: u8) -> bool {
    let number = payload_type.to_string();
    !media.formats.iter().any(|format| **format == number)
}

/// Our words for a codec of ours, at a payload type that the line does not use for something else.
pub(crate) fn format(sound: Sound, media: &Media<'_>) -> Option<Format> {
    let is_free = |payload_type: &u8| is_free(media, *payload_type);
    let payload_type = match sound {
        Sound::Pcmu => 0,
        Sound::Pcma => 8,
        Sound::G722 => 9,
        Sound::G729 => 18,
        Sound::Opus => std::iter::once(OPUS_USUAL).chain(DYNAMIC).find(is_free)?,
        Sound::L16 | Sound::L16Narrow => DYNAMIC.filter(|number| *number != OPUS_USUAL).find(is_free)?,
    };
    let channels = if sound == Sound::Opus { 2 } else { 1 };
    let fmtp = parameters(sound).map(Into::into);
    Some(Format { payload_type, name: sound.name().into(), clock: sound.clock(), channels, fmtp })
}

/// What is said of a codec where we speak it ourselves.
pub(crate) fn parameters(sound: Sound) -> Option<&'static str> {
    match sound {
        Sound::Opus => Some(OPUS_OURS),
        Sound::G729 => Some(G729_OURS),
        Sound::Pcmu | Sound::Pcma | Sound::G722 | Sound::L16 | Sound::L16Narrow => None,
    }
}

/// Reads an answer beside what its offer was made of.
pub(crate) fn settled(offer: &Session<'_>, answer: &Session<'_>, dtmf: [Dtmf; 2]) -> Settled {
    let lines = offer.media.iter().zip(&answer.media);
    let (formats, spoken) = lines.map(|(offer, answer)| settled_line(offer, answer, dtmf)).unzip();
    Settled { formats, spoken }
}

/// The same where no codec is made of another.
pub(crate) fn settled_alike(offer: &Session<'_>, answer: &Session<'_>, dtmf: [Dtmf; 2]) -> Settled {
    let mut lines = offer.media.iter().zip(&answer.media);
    if lines.clone().all(|(offer, answer)| presses::are_alike(offer, answer, dtmf)) {
        return Settled::as_it_is(answer);
    }
    let is_common = |offer: &Media<'_>, answer: &Media<'_>| {
        let (offered, answered) = (speaking(offer), speaking(answer));
        answered.first().is_none_or(|first| offered.iter().any(|other| is_same(first, other)))
    };
    if lines.all(|(offer, answer)| is_common(offer, answer)) {
        settled(offer, answer, dtmf)
    } else {
        Settled::as_it_is(answer)
    }
}

fn settled_line(offer: &Media<'_>, answer: &Media<'_>, dtmf: [Dtmf; 2]) -> (Formats, Option<[Spoken; 2]>) {
    let (offered, answered) = (speaking(offer), speaking(answer));
    let is_common = |codec: &Codec<'_>| offered.iter().any(|other| is_same(codec, other));
    let Some(first) = answered.first() else { return (Formats::Theirs, None) };
    let keys = presses::kinds([offer, answer], dtmf);
    let common = offered.iter().find(|codec| is_same(codec, first));
    if common.is_some() && (presses::agree(keys) || sound_of(first).is_none()) {
        return (alike(offer, answer, (answered.iter().all(is_common), is_common)), None);
    }
    let ours = common.or(offered.iter().find(|codec| sound_of(codec).is_some()));
    let (Some(ours), Some(_)) = (ours, sound_of(first)) else { return (Formats::Theirs, None) };
    let sounds = |codecs: &[Codec<'_>]| {
        codecs.iter().filter_map(|codec| Some((codec.payload_type, sound_of(codec)?))).collect()
    };
    let spoken = [
        // What the offerer is told of names no noise.
        Spoken { codecs: sounds(std::slice::from_ref(ours)), keys: keys[0], noise: None },
        Spoken { codecs: sounds(&answered), keys: keys[1], noise: noise(answer) },
    ];
    let hears_events = matches!(keys[0], Keys::Events(_)) && keys[1] != Keys::Unheard;
    let keys = offer.telephone_event().filter(|_| hears_events).and_then(|keys| offer.codec(keys));
    let fmtp = sound_of(ours).and_then(parameters).map(Into::into);
    let ours = Format { fmtp, ..Format::from(*ours) };
    (Formats::Instead(std::iter::once(ours).chain(keys.map(Format::from)).collect()), Some(spoken))
}

/// What the offerer is told of an answer whose packets it understands: nothing that it did not offer.
fn alike(
    offer: &Media<'_>,
    answer: &Media<'_>,
    (is_all, is_common): (bool, impl Fn(&Codec<'_>) -> bool),
) -> Formats {
    if is_all {
        let is_new = !presses::are_named(offer) && presses::are_named(answer);
        return if is_new { Formats::Keyless(Vec::new()) } else { Formats::Theirs };
    }
    let both = answer.codecs().into_iter().filter(|codec| codec.is_companion() || is_common(codec));
    Formats::Instead(both.map(Format::from).collect())
}

/// What is made of what.
pub(crate) fn words(spoken: &[Spoken; 2]) -> Option<String> {
    let [(_, one), (_, other)] = [spoken[0].codecs.first()?, spoken[1].codecs.first()?];
    let codecs = (one != other).then(|| format!("transcoded between {} and {}", one.name(), other.name()));
    let presses = presses::words(spoken);
    let both: Vec<String> = codecs.into_iter().chain(presses).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// The codecs that carry speech on an open line of sound.
fn speaking<'a>(media: &Media<'a>) -> Vec<Codec<'a>> {
    if media.kind != "audio" || media.port == 0 {
        return Vec::new();
    }
    media.codecs().into_iter().filter(|codec| !codec.is_companion()).collect()
}

/// The codec that two descriptions of a leg came to; nothing where there is none.
pub(crate) fn spoken_by(heard: &[u8], told: &[u8]) -> String {
    let [Ok(heard), Ok(told)] = [heard, told].map(Session::parse) else { return String::new() };
    let mut lines = heard.media.iter().zip(&told.media);
    let common = lines.find_map(|(heard, told)| common(heard, told));
    common.map(|codec| codec.name.to_owned()).unwrap_or_default()
}

/// The same of each line: its payload type, and what it is of what we know.
pub(crate) fn agreed(heard: &[u8], told: &[u8]) -> Vec<Agreed> {
    let [Ok(heard), Ok(told)] = [heard, told].map(Session::parse) else { return Vec::new() };
    let lines = heard.media.iter().zip(&told.media).map(|(heard, told)| common(heard, told));
    lines.map(|codec| codec.map(|codec| (codec.payload_type, sound_of(&codec)))).collect()
}

/// The first codec that both descriptions of a line have.
fn common<'a>(heard: &Media<'a>, told: &Media<'a>) -> Option<Codec<'a>> {
    let [heard, told] = [speaking(heard), speaking(told)];
    // The answer has no more of them, in the order of whoever chose.
    let (fewer, more) = if told.len() < heard.len() { (told, heard) } else { (heard, told) };
    fewer.into_iter().find(|codec| more.iter().any(|other| is_same(codec, other)))
}

fn noise(media: &Media<'_>) -> Option<u8> {
    media.codecs().iter().find(|codec| codec.is("CN")).map(|codec| codec.payload_type)
}

pub(crate) fn sound_of(codec: &Codec<'_>) -> Option<Sound> {
    let has_channels = |sound: Sound| codec.channels == 1 || sound == Sound::Opus;
    let is_it =
        |sound: &Sound| codec.is(sound.name()) && codec.clock == sound.clock() && has_channels(*sound);
    Sound::ALL.into_iter().find(is_it)
}

pub(crate) fn is_same(one: &Codec<'_>, other: &Codec<'_>) -> bool {
    one.is(other.name) && one.clock == other.clock && one.channels == other.channels
}
