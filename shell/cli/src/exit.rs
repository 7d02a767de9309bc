//! What the exit code tells a script.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// The thing asked about is bad: a check, a test, a call failed.
    Bad,
    /// The question itself was wrong.
    Usage,
    /// The server, a socket or a file could not be reached.
    Unreachable,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// Some of it was done.
    Partly,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Bad => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Conflict => 5,
            Exit::Partly => 6,
        }
    }

    /// The ending that a code of another process stands for.
    pub fn from_code(code: u8) -> Exit {
        match code {
            0 => Exit::Done,
            1 => Exit::Bad,
            2 => Exit::Usage,
            5 => Exit::Conflict,
            _ => Exit::Unreachable,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
