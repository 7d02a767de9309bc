//! How the two peers of a call tell key presses, and what each is offered so that they understand each other.

use media::{Codec as Sound, Events, Keys, Spoken};
use policy::Dtmf;
use sdp::{Format, Media};

/// The payload type that most give to events.
const EVENTS_USUAL: u8 = 101;
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// The digits, *, #, and A to D.
const EVENTS_OURS: &str = "0-15";

/// What a line is offered of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Whatever the other leg's peer does.
    AsItIs,
    Keyless,
    /// Ours, for the other leg's peer names none.
    Events,
}

/// What the side that is offered a line hears of events in it.
pub(crate) fn offered(media: &Media<'_>, [offerer, other]: [Dtmf; 2]) -> Wish {
    if media.kind != "audio" || media.port == 0 || !media.is_rtp() {
        return Wish::AsItIs;
    }
    match (other, are_named(media)) {
        (Dtmf::Info | Dtmf::Inband, true) => Wish::Keyless,
        (Dtmf::Auto | Dtmf::Events, false) if offerer != Dtmf::Events && is_ours(media) => Wish::Events,
        _ => Wish::AsItIs,
    }
}

/// Events for each clock in which a line has sound, at payload types that are free.
pub(crate) fn formats(media: &Media<'_>, besides: &[Format]) -> Vec<Format> {
    let mut taken: Vec<u8> = media.formats.iter().filter_map(|format| format.parse().ok()).collect();
    taken.extend(besides.iter().map(|format| format.payload_type));
    let ours = media.codecs();
    let clocks = ours.iter().filter(|codec| !codec.is_companion()).map(|codec| codec.clock);
    let mut clocks: Vec<u32> = clocks.chain(besides.iter().map(|format| format.clock)).collect();
    clocks.sort_unstable();
    clocks.dedup();
    let mut formats = Vec::new();
    for clock in clocks {
        let free = std::iter::once(EVENTS_USUAL).chain(DYNAMIC).find(|number| !taken.contains(number));
        let Some(payload_type) = free else { break };
        taken.push(payload_type);
        let (name, fmtp) = ("telephone-event".into(), Some(EVENTS_OURS.into()));
        formats.push(Format { payload_type, name, clock, channels: 1, fmtp });
    }
    formats
}

/// How each of two peers tells presses, by what their lines name.
pub(crate) fn kinds(lines: [&Media<'_>; 2], dtmf: [Dtmf; 2]) -> [Keys; 2] {
    let kind = |at: usize| match (dtmf[at], events(lines[at])) {
        (Dtmf::Info, _) => Keys::Told,
        (Dtmf::Inband, _) | (Dtmf::Auto, None) => Keys::Tones,
        (Dtmf::Events, None) => Keys::Unheard,
        (Dtmf::Auto | Dtmf::Events, Some(events)) => Keys::Events(events),
    };
    [kind(0), kind(1)]
}

/// Whether nothing is to be made of anything.
pub(crate) fn agree(kinds: [Keys; 2]) -> bool {
    match kinds {
        [Keys::Unheard, _] | [_, Keys::Unheard] => true,
        [one, other] => std::mem::discriminant(&one) == std::mem::discriminant(&other),
    }
}

/// The same by a glance at the lines: nothing is read that need not be.
pub(crate) fn are_alike(offer: &Media<'_>, answer: &Media<'_>, dtmf: [Dtmf; 2]) -> bool {
    if offer.kind != "audio" || answer.port == 0 {
        return true;
    }
    match dtmf {
        [Dtmf::Auto | Dtmf::Events, Dtmf::Auto | Dtmf::Events] => are_named(offer) == are_named(answer),
        [one, other] => one == other && !are_named(answer),
    }
}

pub(crate) fn are_named(media: &Media<'_>) -> bool {
    const NAME: &[u8] = b"telephone-event";
    media.lines.iter().any(|line| line.value.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME)))
}

/// What is made of what, in words.
pub(crate) fn words(spoken: &[Spoken; 2]) -> Option<String> {
    let name = |keys: Keys| match keys {
        Keys::Events(_) => "events",
        Keys::Tones => "tones",
        Keys::Told => "INFO",
        Keys::Unheard => "nothing",
    };
    let kinds = [spoken[0].keys, spoken[1].keys];
    let [one, other] = kinds.map(name);
    (!agree(kinds)).then(|| format!("key presses between {one} and {other}"))
}

fn events(media: &Media<'_>) -> Option<Events> {
    let codec = media.codec(media.telephone_event()?)?;
    Some(Events { payload_type: codec.payload_type, clock: codec.clock })
}

fn is_ours(media: &Media<'_>) -> bool {
    media.codecs().iter().any(|codec| Sound::ALL.iter().any(|sound| codec.is(sound.name())))
}
