//! What a side speaks, as far as the relay has to know it to make one codec of another.

/// The codecs that become each other here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Pcmu,
    Pcma,
    G722,
    Opus,
    /// Samples as they are, 16,000 a second.
    L16,
    /// The same, 8,000 a second.
    L16Narrow,
    G729,
}

/// What a side's peer sends, and what it is sent: the first of its codecs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// With their payload types.
    pub codecs: Vec<(u8, Codec)>,
    pub keys: Keys,
    /// The payload type of comfort noise, where its peer takes that.
    pub noise: Option<u8>,
}

/// How key presses come from a side's peer, and go to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// Nobody looks for them: they cross in the sound, if they are there.
    #[default]
    Unheard,
    Events(Events),
    /// As tones in the sound.
    Tones,
    /// In messages of the call, beside its media.
    Told,
}

/// Key presses as events of their own (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    pub payload_type: u8,
    pub clock: u32,
}

impl Codec {
    /// Of those of one name, what is offered by that name first.
    pub const ALL: [Codec; 7] =
        [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus, Codec::L16, Codec::L16Narrow, Codec::G729];
    pub(crate) const RATE_NARROW: u32 = 8_000;
    /// What is heard of sound whose codecs say nothing of its rate.
    pub(crate) const RATE_WIDE: u32 = 16_000;

    /// Its encoding name.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
            Codec::L16 | Codec::L16Narrow => "L16",
            Codec::G729 => "G729",
        }
    }

    /// Its RTP clock, in Hz. G.722's is not what it samples at, by an old mistake (RFC 3551, 4.5.2).
    pub fn clock(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::L16 => 16_000,
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::L16Narrow | Codec::G729 => 8_000,
        }
    }

    /// Samples a second; Opus and G.722 have as many as are asked for.
    pub(crate) fn rate(self) -> Option<u32> {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729 => Some(Codec::RATE_NARROW),
            Codec::L16 => Some(Codec::RATE_WIDE),
            Codec::G722 | Codec::Opus => None,
        }
    }
}
