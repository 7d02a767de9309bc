//! Who says nothing for a while says so in one packet, and sends no more until there is something to say: by
//! comfort noise (RFC 3389), or by Opus without a frame (RFC 6716, 3.2.1).

/// In packets of 20 ms: so long it speaks, is quiet so that one hears what is around it, and rests.
const SPEAKS: u32 = 100;
const IS_QUIET: u32 = 25;
const RESTS: u32 = 200;

/// What it does with one packet's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Speaks,
    /// After a rest.
    SpeaksAgain,
    IsQuiet,
    FallsSilent,
    Rests,
}

/// Where it is between two words.
#[derive(Debug, Default)]
pub(crate) struct Dozing {
    turn: u32,
}

impl Dozing {
    pub(crate) fn next(&mut self) -> Turn {
        let all = SPEAKS + IS_QUIET + RESTS;
        let (round, at) = (self.turn / all, self.turn % all);
        self.turn += 1;
        match at {
            0 if round > 0 => Turn::SpeaksAgain,
            ..SPEAKS => Turn::Speaks,
            _ if at < SPEAKS + IS_QUIET => Turn::IsQuiet,
            _ if at == SPEAKS + IS_QUIET => Turn::FallsSilent,
            _ => Turn::Rests,
        }
    }
}
