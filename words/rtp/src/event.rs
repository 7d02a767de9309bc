//! Telephone events: key presses as RTP payload (RFC 4733).

/// One report of an event. Several tell of one key press: all those with the same RTP timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    pub event: u8,
    /// Whether the key is up again; usually said three times.
    pub end: bool,
    /// Level below 0 dBm0, 0 to 63.
    pub volume: u8,
    /// Since the key went down, in RTP clock units.
    pub duration: u16,
}

/// A key of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl TelephoneEvent {
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, d0, d1] = *payload.first_chunk()?;
        let duration = u16::from_be_bytes([d0, d1]);
        Some(TelephoneEvent { event, end: flags & 0x80 != 0, volume: flags & 0x3f, duration })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }

    /// As it stands in a packet.
    pub fn bytes(&self) -> [u8; 4] {
        let flags = u8::from(self.end) << 7 | self.volume & 0x3f;
        let [d0, d1] = self.duration.to_be_bytes();
        [self.event, flags, d0, d1]
    }

    /// The key, where it is one: events from 16 on are other things.
    pub fn digit(&self) -> Option<Digit> {
        KEYS.get(usize::from(self.event)).map(|key| Digit(*key))
    }
}

impl Digit {
    pub fn of(key: char) -> Option<Digit> {
        let key = u8::try_from(key.to_ascii_uppercase()).ok()?;
        KEYS.contains(&key).then_some(Digit(key))
    }

    pub fn key(self) -> char {
        char::from(self.0)
    }

    /// The event that stands for it.
    pub fn event(self) -> u8 {
        let at = KEYS.iter().position(|key| *key == self.0);
        at.expect("a digit is made of a key of the table only") as u8
    }
}
