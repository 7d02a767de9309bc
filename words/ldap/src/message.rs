//! Messages: what is asked, and what is answered.

use crate::ber::{
    BOOLEAN, ENUMERATED, Elements, INTEGER, Malformed, OCTETS, SEQUENCE, SET, head, put, put_number, put_with,
};
use crate::filter::Filter;

/// The control that has a search answered by pages (RFC 2696).
const PAGES: &[u8] = b"1.2.840.113556.1.4.319";
/// The operation that has the connection sealed (RFC 4511 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Names of attributes and values that one entry may have.
const ATTRIBUTES_MAX: usize = 256;
const VALUES_MAX: usize = 1_024;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub enum Request<'r> {
    /// By a password (RFC 4513 5.1); nobody, where both are empty.
    Bind {
        name: &'r str,
        password: &'r str,
    },
    StartTls,
    Search(Search<'r>),
    Unbind,
}

/// A search through a whole subtree; aliases are not followed.
#[derive(Clone, Copy, Debug)]
pub struct Search<'r> {
    pub base: &'r str,
    pub filter: &'r Filter,
    pub attributes: &'r [&'r str],
    /// Entries a page.
    pub page: u32,
    /// What the page before ended with; nothing for the first.
    pub cookie: &'r [u8],
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Entry(Entry),
    /// More might be elsewhere; nobody goes there.
    Elsewhere,
    /// How a bind, a search or StartTLS ended.
    Done {
        code: u32,
        words: String,
        /// Where the next page begins; empty, where there is none.
        cookie: Vec<u8>,
    },
    /// The directory is about to hang up.
    Farewell {
        code: u32,
        words: String,
    },
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its distinguished name.
    pub name: String,
    pub attributes: Vec<Attribute>,
}

/// What an entry says under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    /// What is no text is left out.
    pub values: Vec<String>,
}

impl Request<'_> {
    /// The message with this number.
    pub fn write(&self, id: u32) -> Vec<u8> {
        let mut out = Vec::new();
        put_with(&mut out, SEQUENCE, |out| {
            put_number(out, INTEGER, id);
            match self {
                Request::Bind { name, password } => put_with(out, 0x60, |out| {
                    put_number(out, INTEGER, 3);
                    put(out, OCTETS, name.as_bytes());
                    put(out, 0x80, password.as_bytes());
                }),
                Request::StartTls => put_with(out, 0x77, |out| put(out, 0x80, START_TLS)),
                Request::Search(search) => search.write(out),
                Request::Unbind => put(out, 0x42, &[]),
            }
        });
        out
    }
}

impl Search<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        put_with(out, 0x63, |out| {
            put(out, OCTETS, self.base.as_bytes());
            // The whole subtree; aliases are never followed; no limit but the server's.
            put_number(out, ENUMERATED, 2);
            put_number(out, ENUMERATED, 0);
            put_number(out, INTEGER, 0);
            put_number(out, INTEGER, 0);
            put(out, BOOLEAN, &[0]);
            out.extend(self.filter.bytes());
            put_with(out, SEQUENCE, |out| {
                self.attributes.iter().for_each(|name| put(out, OCTETS, name.as_bytes()));
            });
        });
        put_with(out, 0xa0, |out| {
            put_with(out, SEQUENCE, |out| {
                put(out, OCTETS, PAGES);
                put(out, BOOLEAN, &[0xff]);
                put_with(out, OCTETS, |out| {
                    put_with(out, SEQUENCE, |out| {
                        put_number(out, INTEGER, self.page);
                        put(out, OCTETS, self.cookie);
                    });
                });
            });
        });
    }
}

/// How many bytes the message has that begins here. `None`: it cannot be said yet.
pub fn whole(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    match head(bytes)? {
        Some((SEQUENCE, begin, length)) => Ok(begin.checked_add(length)),
        Some(_) => Err(Malformed),
        None => Ok(None),
    }
}

impl Answer {
    /// Reads a whole message: its number, and what it says.
    pub fn read(bytes: &[u8]) -> Result<(u32, Answer), Malformed> {
        let mut message = Elements(Elements(bytes).take(SEQUENCE)?);
        let id = message.take_number(INTEGER)?;
        let (tag, content) = message.next()?;
        let content = Elements(content);
        let answer = match tag {
            0x64 => Answer::Entry(entry(content)?),
            0x73 => Answer::Elsewhere,
            0x61 | 0x65 | 0x78 => {
                let (code, words) = result(content)?;
                match id {
                    // RFC 4511 4.4: what nobody asked for.
                    0 => Answer::Farewell { code, words },
                    _ => Answer::Done { code, words, cookie: cookie(message)? },
                }
            }
            _ => return Err(Malformed),
        };
        Ok((id, answer))
    }
}

fn result(mut content: Elements<'_>) -> Result<(u32, String), Malformed> {
    let code = content.take_number(ENUMERATED)?;
    content.take(OCTETS)?;
    Ok((code, content.take_text(OCTETS)?))
}

fn entry(mut content: Elements<'_>) -> Result<Entry, Malformed> {
    let name = String::from_utf8(content.take(OCTETS)?.to_vec()).map_err(|_| Malformed)?;
    let mut all = Elements(content.take(SEQUENCE)?);
    let mut attributes = Vec::new();
    while !all.is_empty() && attributes.len() < ATTRIBUTES_MAX {
        let mut one = Elements(all.take(SEQUENCE)?);
        let name = one.take_text(OCTETS)?;
        let (mut found, mut values) = (Elements(one.take(SET)?), Vec::new());
        while !found.is_empty() && values.len() < VALUES_MAX {
            values.extend(String::from_utf8(found.take(OCTETS)?.to_vec()));
        }
        attributes.push(Attribute { name, values });
    }
    Ok(Entry { name, attributes })
}

/// Where the next page begins, as the controls of a message say.
fn cookie(mut message: Elements<'_>) -> Result<Vec<u8>, Malformed> {
    if message.peek() != Some(0xa0) {
        return Ok(Vec::new());
    }
    let mut controls = Elements(message.take(0xa0)?);
    while !controls.is_empty() {
        let mut control = Elements(controls.take(SEQUENCE)?);
        if control.take(OCTETS)? != PAGES {
            continue;
        }
        if control.peek() == Some(BOOLEAN) {
            control.take(BOOLEAN)?;
        }
        let mut value = Elements(Elements(control.take(OCTETS)?).take(SEQUENCE)?);
        // An estimate of how many there are, which may be anything.
        value.take(INTEGER)?;
        return Ok(value.take(OCTETS)?.to_vec());
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn message(id: u32, tag: u8, content: impl FnOnce(&mut Vec<u8>), more: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_with(&mut out, SEQUENCE, |out| {
            put_number(out, INTEGER, id);
            put_with(out, tag, content);
            out.extend(more);
        });
        out
    }

    fn ended(code: u32) -> impl FnOnce(&mut Vec<u8>) {
        move |out| {
            put_number(out, ENUMERATED, code);
            put(out, OCTETS, b"");
            put(out, OCTETS, b"why");
        }
    }

    #[test]
    fn a_bind_is_the_bytes_that_every_directory_takes() {
        let bind = Request::Bind { name: "cn=a", password: "b" }.write(1);

        assert_eq!(bind, b"\x30\x11\x02\x01\x01\x60\x0c\x02\x01\x03\x04\x04cn=a\x80\x01b");
        assert_eq!(Request::Unbind.write(2), b"\x30\x05\x02\x01\x02\x42\x00");
        assert_eq!(Request::StartTls.write(1)[5..9], [0x77, 0x18, 0x80, 0x16]);
    }

    #[test]
    fn a_search_asks_for_a_page_and_goes_on_where_the_last_one_ended() {
        let filter = Filter::read("(cn=*)").unwrap();
        let search = Search { base: "o=x", filter: &filter, attributes: &["cn"], page: 500, cookie: b"next" };

        let bytes = Request::Search(search).write(7);

        assert_eq!(whole(&bytes), Ok(Some(bytes.len())));
        let has = |part: &[u8]| bytes.windows(part.len()).any(|found| found == part);
        assert!(has(b"\x04\x03o=x\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x02cn"));
        assert!(has(b"\x30\x0a\x02\x02\x01\xf4\x04\x04next"), "{bytes:x?}");
    }

    #[test]
    fn an_entry_is_read_and_what_is_no_text_is_left_out() {
        let bytes = message(
            3,
            0x64,
            |out| {
                put(out, OCTETS, b"uid=hana,o=x");
                put_with(out, SEQUENCE, |out| {
                    put_with(out, SEQUENCE, |out| {
                        put(out, OCTETS, b"cn");
                        put_with(out, SET, |out| {
                            put(out, OCTETS, b"\xff\xfe");
                            put(out, OCTETS, "Hána".as_bytes());
                        });
                    });
                });
            },
            &[],
        );

        let (id, answer) = Answer::read(&bytes).unwrap();

        let attributes = vec![Attribute { name: "cn".into(), values: vec!["Hána".into()] }];
        assert_eq!((id, answer), (3, Answer::Entry(Entry { name: "uid=hana,o=x".into(), attributes })));
    }

    #[test]
    fn the_end_of_a_page_says_where_the_next_begins() {
        let mut control = Vec::new();
        put_with(&mut control, 0xa0, |out| {
            put_with(out, SEQUENCE, |out| put(out, OCTETS, b"1.2.3"));
            put_with(out, SEQUENCE, |out| {
                put(out, OCTETS, PAGES);
                put_with(out, OCTETS, |out| {
                    put_with(out, SEQUENCE, |out| {
                        put_number(out, INTEGER, 0);
                        put(out, OCTETS, b"more");
                    });
                });
            });
        });

        let paged = Answer::read(&message(4, 0x65, ended(0), &control)).unwrap().1;
        let last = Answer::read(&message(4, 0x65, ended(4), &[])).unwrap().1;
        let farewell = Answer::read(&message(0, 0x78, ended(52), &[])).unwrap().1;

        assert_eq!(paged, Answer::Done { code: 0, words: "why".into(), cookie: b"more".to_vec() });
        assert_eq!(last, Answer::Done { code: 4, words: "why".into(), cookie: Vec::new() });
        assert_eq!(farewell, Answer::Farewell { code: 52, words: "why".into() });
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd_for_it(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (whole(&bytes), Answer::read(&bytes));
        }

        #[test]
        fn a_message_with_one_byte_changed_is_read_or_refused(at in 0usize..200, to in any::<u8>()) {
            let mut bytes = message(4, 0x65, ended(0), b"\xa0\x02\x30\x00");
            let length = bytes.len();
            bytes[at % length] = to;

            let _ = (whole(&bytes), Answer::read(&bytes));
        }
    }
}
