//! The terminal: its whole face is ours while this lives, and as it was afterwards, however we end.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cli::Palette;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::row::Row;
use super::viewer::Key;

/// Another face, without cursor, without lines that break.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const GIVE_BACK: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Of a terminal that does not know its size.
const SIZE: Size = Size { rows: 24, columns: 80 };

/// How much there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub rows: usize,
    pub columns: usize,
}

pub struct Screen {
    before: Arc<Before>,
    /// The signal that wants us to end.
    signal: Arc<AtomicUsize>,
}

/// The terminal as it was found, until it has been given back.
struct Before(Mutex<Option<Termios>>);

impl Screen {
    pub fn open() -> io::Result<Screen> {
        let found = tcgetattr(io::stdin())?;
        let mut ours = found.clone();
        let signal = Arc::new(AtomicUsize::new(0));
        for wanted in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(wanted).unwrap_or_default();
            signal_hook::flag::register_usize(wanted, Arc::clone(&signal), number)?;
        }
        let before = Arc::new(Before(Mutex::new(Some(found))));
        let (of_panic, hook) = (Arc::clone(&before), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            // What it says would stand on a face that goes.
            of_panic.give_back();
            hook(panic);
        }));
        let screen = Screen { before, signal };
        ours.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &ours)?;
        write(TAKE)?;
        Ok(screen)
    }

    pub fn size(&self) -> Size {
        match tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_row > 0 && size.ws_col > 0 => {
                Size { rows: size.ws_row.into(), columns: size.ws_col.into() }
            }
            _ => SIZE,
        }
    }

    /// Which signal wants us to end, if one does.
    pub fn signal(&self) -> Option<i32> {
        i32::try_from(self.signal.load(Ordering::Relaxed)).ok().filter(|signal| *signal > 0)
    }

    /// The keys that were pressed; waits so long for the first.
    pub fn keys(&self, within: Duration) -> io::Result<Vec<Key>> {
        let stdin = io::stdin();
        let within = Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&within)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(fault) => return Err(fault.into()),
        }
        let mut room = [0; 256];
        match rustix::io::read(stdin.as_fd(), &mut room) {
            Ok(0) | Err(Errno::IO) => Ok(vec![Key::End]),
            Ok(length) => Ok(keys_in(&room[..length])),
            Err(Errno::INTR | Errno::AGAIN) => Ok(Vec::new()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// These rows and nothing else.
    pub fn show(&self, rows: &[Row], palette: Palette) -> io::Result<()> {
        let columns = self.size().columns;
        let mut face = String::from("\x1b[H");
        for (at, row) in rows.iter().enumerate() {
            let begin = if at > 0 { "\r\n" } else { "" };
            face.push_str(&format!("{begin}{}\x1b[K", row.text_within(columns, palette)));
        }
        face.push_str("\x1b[J");
        write(&face)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.before.give_back();
    }
}

impl Before {
    fn give_back(&self) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(found) = found {
            // Whoever took the terminal away has what he wanted.
            let _ = write(GIVE_BACK);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &found);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// What a terminal sends for keys, as xterm does.
fn keys_in(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut left = &*text;
    let mut keys = Vec::new();
    while let Some(letter) = left.chars().next() {
        let sequence = left.strip_prefix("\x1b[").or(left.strip_prefix("\x1bO"));
        if let Some(behind) = sequence {
            let end = behind.find(|letter: char| ('@'..='~').contains(&letter)).unwrap_or(behind.len());
            let (parameters, rest) = behind.split_at(end);
            keys.extend(match (parameters, rest.chars().next()) {
                (_, Some('A')) => Some(Key::Up),
                (_, Some('B')) => Some(Key::Down),
                ("5", Some('~')) => Some(Key::PageUp),
                ("6", Some('~')) => Some(Key::PageDown),
                _ => None,
            });
            left = rest.get(1..).unwrap_or_default();
            continue;
        }
        keys.extend(match letter {
            '\x03' | '\x04' => Some(Key::End),
            '\r' | '\n' => Some(Key::Enter),
            '\x1b' => Some(Key::Escape),
            '\x7f' | '\x08' => Some(Key::Backspace),
            letter if letter.is_control() => None,
            letter => Some(Key::Letter(letter)),
        });
        left = &left[letter.len_utf8()..];
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_also_when_they_come_together() {
        let keys = keys_in("ü\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[15~\x7f\r\x01\x03".as_bytes());

        let moves = [Key::Up, Key::Down, Key::PageUp, Key::PageDown];
        let others = [Key::Backspace, Key::Enter, Key::End];
        assert_eq!(keys, [&[Key::Letter('ü')][..], &moves, &others].concat());
        assert_eq!(keys_in(b"\x1b"), [Key::Escape]);
        assert_eq!(keys_in(b"\x1b["), []);
    }
}
