//! All entries that are wanted of a directory, or the reason why they could not be had. A part of them would
//! look as if everybody else had left, so there is none.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use ldap::{Answer, Entry, Malformed, Request, Search, whole};
use model::{DirectoryAttributes, LdapSeal, StartTls};
use policy::PeopleSource;

use crate::stream::{Stream, left};

/// How long all of it may take, and one answer.
const ALL_MAX: Duration = Duration::from_secs(60);
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// The longest message that is taken, and how much of all.
const MESSAGE_MAX: usize = 1 << 20;
const BYTES_MAX: usize = 128 << 20;

/// Why nothing was read.
#[derive(Debug)]
pub enum NotRead {
    /// The connection failed, or was none that is believed.
    Io(io::Error),
    /// The directory declined: its code (RFC 4511 A.1), and its words.
    Declined {
        what: &'static str,
        code: u32,
        words: String,
    },
    /// What it sends is not what was asked for.
    Odd(String),
    TooMany {
        most: u32,
    },
}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRead::Io(fault) => fault.fmt(f),
            NotRead::Declined { what, code, words } if words.is_empty() => {
                write!(f, "the directory declines {what} with {code}{}", meaning(*code))
            }
            NotRead::Declined { what, code, words } => {
                write!(f, "the directory declines {what} with {code}{}: {words}", meaning(*code))
            }
            NotRead::Odd(words) => f.write_str(words),
            NotRead::TooMany { most } => {
                write!(f, "there are more than {most} entries: a narrower filter, or a larger entries = …")
            }
        }
    }
}

impl From<io::Error> for NotRead {
    fn from(fault: io::Error) -> NotRead {
        match fault.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                NotRead::Io(io::Error::new(ErrorKind::TimedOut, "the directory does not answer in time"))
            }
            _ => NotRead::Io(fault),
        }
    }
}

impl From<Malformed> for NotRead {
    fn from(fault: Malformed) -> NotRead {
        NotRead::Odd(fault.to_string())
    }
}

fn meaning(code: u32) -> &'static str {
    match code {
        3 | 4 => " (it lets nobody read so many)",
        8 | 13 => " (it wants more proof, or TLS)",
        10 => " (what is asked for lies in another directory)",
        12 => " (it knows no pages)",
        32 => " (there is no such entry)",
        49 => " (no such name, or another password)",
        50 => " (this name may not)",
        _ => "",
    }
}

/// Reads every entry that is wanted; files are looked for from `base`.
pub fn fetch(source: &PeopleSource, base: &Path) -> Result<Vec<Entry>, NotRead> {
    let directory = &source.directory;
    let url = &directory.url.value;
    let until = Instant::now() + ALL_MAX;
    let authorities = directory.tls_verify.as_ref().map(|file| base.join(file));
    let mut line = Line { stream: Stream::open(url, until)?, held: Vec::new(), number: 0, taken: 0, until };
    match (url.seal, directory.start_tls()) {
        (LdapSeal::Tls, _) => line.seal(&url.host, authorities.as_deref())?,
        (LdapSeal::Later, StartTls::Required) => {
            line.ask(&Request::StartTls)?;
            line.ended("StartTLS")?;
            line.seal(&url.host, authorities.as_deref())?;
        }
        (LdapSeal::Later, StartTls::Off) => {}
    }
    if let (Some(name), Some(password)) = (&directory.bind, &source.password) {
        line.ask(&Request::Bind { name, password: password.reveal() })?;
        line.ended("the bind")?;
    }
    let entries = line.search(source)?;
    // Whether it hears this makes no difference.
    let _ = line.ask(&Request::Unbind);
    Ok(entries)
}

/// The names of attributes that are asked for.
fn wanted(attributes: &DirectoryAttributes) -> Vec<&str> {
    let DirectoryAttributes { user, name, number, mobile, private_number, extension, site, ha1 } = attributes;
    let optional = [private_number, extension, site, ha1].into_iter().flatten();
    [user, name, number, mobile].into_iter().chain(optional).map(String::as_str).collect()
}

/// A conversation with a directory.
struct Line {
    stream: Stream,
    /// What has come and was not read yet.
    held: Vec<u8>,
    number: u32,
    taken: usize,
    until: Instant,
}

impl Line {
    fn seal(&mut self, host: &str, authorities: Option<&Path>) -> Result<(), NotRead> {
        if !self.held.is_empty() {
            // Somebody between us and the directory wants it taken for sealed.
            return Err(NotRead::Odd("the directory speaks in the clear where TLS begins".to_owned()));
        }
        let Stream::Clear(stream) = &self.stream else { return Ok(()) };
        self.stream = Stream::Clear(stream.try_clone()?).seal(host, authorities)?;
        Ok(())
    }

    fn ask(&mut self, request: &Request<'_>) -> Result<(), NotRead> {
        self.number += 1;
        self.stream.wait_at_most(left(self.until)?.min(ANSWER_MAX))?;
        self.stream.write_all(&request.write(self.number))?;
        Ok(self.stream.flush()?)
    }

    /// The next answer to what was asked last.
    fn answer(&mut self) -> Result<Answer, NotRead> {
        loop {
            if let Some(length) = whole(&self.held)? {
                if length > MESSAGE_MAX {
                    return Err(NotRead::Odd(format!("the directory sends a message of {length} bytes")));
                }
                if self.held.len() >= length {
                    let (number, answer) = Answer::read(&self.held[..length])?;
                    self.held.drain(..length);
                    match answer {
                        Answer::Farewell { code, words } => {
                            return Err(NotRead::Declined { what: "to go on", code, words });
                        }
                        answer if number == self.number => return Ok(answer),
                        _ => return Err(NotRead::Odd("the directory answers what nobody asked".to_owned())),
                    }
                }
            }
            let mut chunk = [0; 16 * 1024];
            self.stream.wait_at_most(left(self.until)?.min(ANSWER_MAX))?;
            let length = self.stream.read(&mut chunk)?;
            if length == 0 {
                return Err(NotRead::Io(io::Error::new(ErrorKind::UnexpectedEof, "the directory hangs up")));
            }
            self.taken += length;
            if self.taken > BYTES_MAX {
                return Err(NotRead::Odd(format!("the directory sends more than {BYTES_MAX} bytes")));
            }
            self.held.extend(&chunk[..length]);
        }
    }

    fn ended(&mut self, what: &'static str) -> Result<(), NotRead> {
        match self.answer()? {
            Answer::Done { code: 0, .. } => Ok(()),
            Answer::Done { code, words, .. } => Err(NotRead::Declined { what, code, words }),
            _ => Err(NotRead::Odd(format!("the directory answers {what} with something else"))),
        }
    }

    fn search(&mut self, source: &PeopleSource) -> Result<Vec<Entry>, NotRead> {
        let directory = &source.directory;
        let attributes = wanted(&directory.attributes);
        let most = directory.entries();
        let (mut entries, mut cookie) = (Vec::new(), Vec::new());
        loop {
            self.ask(&Request::Search(Search {
                base: &directory.base,
                filter: &source.filter,
                attributes: &attributes,
                page: directory.page(),
                cookie: &cookie,
            }))?;
            cookie = loop {
                match self.answer()? {
                    Answer::Entry(_) if entries.len() >= most as usize => {
                        return Err(NotRead::TooMany { most });
                    }
                    Answer::Entry(entry) => entries.push(entry),
                    // Who stands in another directory is read from there, by a [directory.*] of its own.
                    Answer::Elsewhere => {}
                    Answer::Done { code: 0, cookie, .. } => break cookie,
                    Answer::Done { code, words, .. } => {
                        return Err(NotRead::Declined { what: "the search", code, words });
                    }
                    Answer::Farewell { code, words } => {
                        return Err(NotRead::Declined { what: "to go on", code, words });
                    }
                }
            };
            if cookie.is_empty() {
                return Ok(entries);
            }
        }
    }
}
