//! Session-ID: names of the two ends of a session that outlive whatever stands between them (RFC 7989).

use std::fmt;

/// What one end of a session is called; all zeros where nobody knows.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

/// A value of Session-ID, as whoever sends it means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId {
    pub local: Uuid,
    pub remote: Remote,
}

/// What a value says of the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    Is(Uuid),
    /// Nothing: the sender is older than RFC 7989, and both ends say the same (RFC 7329).
    Unsaid,
}

impl Uuid {
    /// Nobody knows.
    pub const NIL: Uuid = Uuid([0; 16]);
    const DIGITS: usize = 32;

    /// One that was drawn by lot (RFC 4122 4.4).
    pub fn of_lot(lot: [u8; 16]) -> Uuid {
        let mut bytes = lot;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid(bytes)
    }

    /// Reads 32 digits; their case says nothing.
    pub fn parse(text: &str) -> Option<Uuid> {
        let digits = text.as_bytes();
        if digits.len() != Uuid::DIGITS {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value_of(pair[0])? << 4 | value_of(pair[1])?;
        }
        Some(Uuid(bytes))
    }

    pub fn is_nil(self) -> bool {
        self == Uuid::NIL
    }

    fn write(self, out: &mut [u8]) {
        const LETTERS: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in out.chunks_exact_mut(2).zip(self.0) {
            pair[0] = LETTERS[usize::from(byte >> 4)];
            pair[1] = LETTERS[usize::from(byte & 15)];
        }
    }
}

fn value_of(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; Uuid::DIGITS];
        self.write(&mut text);
        text.into_iter().try_for_each(|letter| fmt::Write::write_char(f, letter.into()))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const REMOTE: &str = ";remote=";

/// The text of a value, without an allocation.
pub struct SessionText {
    letters: [u8; 2 * Uuid::DIGITS + REMOTE.len()],
    length: usize,
}

impl SessionText {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

impl SessionId {
    /// Reads a value; nothing, if it is none.
    pub fn parse(value: &str) -> Option<SessionId> {
        let mut pieces = value.split(';').map(str::trim);
        let local = Uuid::parse(pieces.next()?)?;
        let mut remotes = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            name.trim().eq_ignore_ascii_case("remote").then(|| Uuid::parse(value.trim()))
        });
        let remote = match remotes.next() {
            Some(uuid) => Remote::Is(uuid?),
            None => Remote::Unsaid,
        };
        // There is one at most (RFC 7989 5).
        if remotes.next().is_some() {
            return None;
        }
        Some(SessionId { local, remote })
    }

    /// What the one who hears this says back.
    pub fn back(self) -> SessionId {
        match self.remote {
            Remote::Is(remote) => SessionId { local: remote, remote: Remote::Is(self.local) },
            Remote::Unsaid => self,
        }
    }

    /// Whether it names anybody; a header that doesn't is left out (RFC 7989 7).
    pub fn says_anything(self) -> bool {
        !self.local.is_nil() || matches!(self.remote, Remote::Is(remote) if !remote.is_nil())
    }

    /// The value as it is written.
    pub fn letters(self) -> SessionText {
        let mut letters = [0; 2 * Uuid::DIGITS + REMOTE.len()];
        self.local.write(&mut letters[..Uuid::DIGITS]);
        let Remote::Is(remote) = self.remote else {
            return SessionText { letters, length: Uuid::DIGITS };
        };
        let from = Uuid::DIGITS + REMOTE.len();
        letters[Uuid::DIGITS..from].copy_from_slice(REMOTE.as_bytes());
        remote.write(&mut letters[from..]);
        SessionText { letters, length: letters.len() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    const ONE: &str = "ab30317f1a784dc48ff824d0d3715d86";
    const OTHER: &str = "47755a9de7794ba387653f2099600ef2";

    /// Both forms, in any case and with spaces, as far as they are that: 32 digits and nothing else.
    #[test]
    fn c14_a_value_is_read_and_written_in_both_forms() {
        let pair = SessionId::parse(&format!("{ONE};remote={OTHER}")).unwrap();
        let loose = SessionId::parse(&format!(" {} ; logme ; Remote = {OTHER}", ONE.to_uppercase())).unwrap();
        let alone = SessionId::parse(ONE).unwrap();

        assert_eq!(pair, loose);
        assert_eq!(pair.letters().text(), format!("{ONE};remote={OTHER}"));
        assert_eq!(pair.back().letters().text(), format!("{OTHER};remote={ONE}"));
        assert_eq!((alone.remote, alone.back()), (Remote::Unsaid, alone));
        assert_eq!(alone.letters().text(), ONE);
        for wrong in ["", "ab30", "zb30317f1a784dc48ff824d0d3715d86", &format!("{ONE}0"), &ONE[..31]] {
            assert_eq!(SessionId::parse(wrong), None, "{wrong}");
        }
        assert_eq!(SessionId::parse(&format!("{ONE};remote=12")), None);
        assert_eq!(SessionId::parse(&format!("{ONE};remote={OTHER};remote={OTHER}")), None);
    }

    #[test]
    fn c14_a_lot_makes_a_uuid_of_version_4() {
        let uuid = Uuid::of_lot([0xff; 16]).to_string();

        assert_eq!((&uuid[12..13], &uuid[16..17]), ("4", "b"));
    }

    #[test]
    fn c14_who_names_nobody_says_nothing() {
        let pair = |local, remote| SessionId { local, remote: Remote::Is(remote) };
        let one = Uuid::parse(ONE).unwrap();

        assert!(!pair(Uuid::NIL, Uuid::NIL).says_anything());
        assert!(pair(Uuid::NIL, one).says_anything() && pair(one, Uuid::NIL).says_anything());
    }
}
