//! ChannelData: what goes through a server of TURN by a number that stands for a far end (RFC 8656, 12.4).

use std::ops::Range;

/// The numbers that there are (RFC 8656, 12).
pub const CHANNEL_FIRST: u16 = 0x4000;
pub const CHANNEL_LAST: u16 = 0x4FFF;
const HEAD: usize = 4;

/// What stands before so many bytes that go through a channel.
pub fn channel_head(channel: u16, length: usize) -> Option<[u8; HEAD]> {
    let [high, low] = channel.to_be_bytes();
    let [long, short] = u16::try_from(length).ok()?.to_be_bytes();
    Some([high, low, long, short])
}

/// The channel that a datagram came through, and where in it lies what did. By UDP there may be something
/// behind it (RFC 8656, 12.5).
pub fn channel_of(bytes: &[u8]) -> Option<(u16, Range<usize>)> {
    let [high, low, long, short, ..] = *bytes else { return None };
    let (channel, length) = (u16::from_be_bytes([high, low]), u16::from_be_bytes([long, short]));
    let within = HEAD..HEAD + usize::from(length);
    ((CHANNEL_FIRST..=CHANNEL_LAST).contains(&channel) && within.end <= bytes.len())
        .then_some((channel, within))
}
