//! The line that ends a request or a response: seven hyphens, its transaction's name, and a flag.

use memchr::memmem::Finder;

pub(crate) const HYPHENS: &str = "-------";
const LINE_END: &[u8] = b"\r\n";

/// What follows a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Nothing: the message is complete.
    Complete,
    /// More chunks of the same message.
    Continued,
    /// Nothing: the rest of the message is not sent any more.
    Aborted,
}

/// Looks for the end of the body of one transaction, wherever its bytes are cut.
#[derive(Clone, Debug)]
pub struct End {
    finder: Finder<'static>,
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// So many bytes of the body, and then its end, all in all `length` bytes.
    End { body: usize, flag: Flag, length: usize },
    /// So many bytes are of the body; what follows them may be its end.
    NotYet { body: usize },
}

impl Flag {
    pub(crate) fn parse(byte: u8) -> Option<Flag> {
        Some(match byte {
            b'$' => Flag::Complete,
            b'+' => Flag::Continued,
            b'#' => Flag::Aborted,
            _ => return None,
        })
    }

    pub(crate) fn letter(self) -> u8 {
        match self {
            Flag::Complete => b'$',
            Flag::Continued => b'+',
            Flag::Aborted => b'#',
        }
    }
}

impl End {
    /// The end of the transaction of that name.
    pub fn of(id: &str) -> End {
        let needle = [LINE_END, HYPHENS.as_bytes(), id.as_bytes()].concat();
        End { finder: Finder::new(&needle).into_owned() }
    }

    /// Looks at the next bytes of a body. Those that are not said to be of the body come again, with more.
    pub fn find(&self, bytes: &[u8]) -> Found {
        let needle = self.finder.needle().len();
        let mut from = 0;
        while let Some(at) = self.finder.find(&bytes[from..]).map(|at| from + at) {
            match &bytes[at + needle..] {
                [flag, b'\r', b'\n', ..] if let Some(flag) = Flag::parse(*flag) => {
                    return Found::End { body: at, flag, length: at + needle + 3 };
                }
                [flag] | [flag, b'\r'] if Flag::parse(*flag).is_some() => return Found::NotYet { body: at },
                [] => return Found::NotYet { body: at },
                _ => from = at + 1,
            }
        }
        // The beginning of an end may be the last of what is here.
        let tail = bytes.len().saturating_sub(needle - 1).max(from);
        let begins = memchr::memchr_iter(b'\r', &bytes[tail..]).map(|at| tail + at);
        let begins = begins.into_iter().find(|at| self.finder.needle().starts_with(&bytes[*at..]));
        Found::NotYet { body: begins.unwrap_or(bytes.len()) }
    }
}
