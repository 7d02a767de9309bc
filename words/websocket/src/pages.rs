//! Pages that are given at the door of the WebSockets that they open: one port, one certificate, one origin.

use std::sync::Arc;

use sha1::{Digest, Sha1};

/// A file, as it is asked for and given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// What is asked for, such as "/phone.css".
    pub path: &'static str,
    /// Its content type.
    pub kind: &'static str,
    pub body: &'static [u8],
}

/// All that are given; nothing where it is empty.
#[derive(Clone, Debug, Default)]
pub struct Pages(Arc<[Kept]>);

#[derive(Debug)]
struct Kept {
    page: Page,
    /// Says which version of it somebody has (RFC 9110 8.8.3).
    tag: String,
    /// What every answer about it says.
    headers: String,
}

impl Pages {
    /// `headers` are lines that every one of them is given with, each with its end.
    pub fn new(pages: &[Page], headers: &str) -> Pages {
        let keep = |page: &Page| {
            let tag = format!("\"{}\"", hexadecimal(&Sha1::digest(page.body)));
            // Asked for each time, and sent anew only when it has changed: a new release is there at once.
            let headers = format!("ETag: {tag}\r\nCache-Control: no-cache\r\n{headers}");
            Kept { page: *page, tag, headers }
        };
        Pages(pages.iter().map(keep).collect())
    }

    /// Whether there is nothing to be given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the answer to whoever asks for one and has that version; nothing if there is no such page.
    pub(crate) fn give(&self, target: &str, has: Option<&str>, out: &mut Vec<u8>) -> Option<()> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let Kept { page, tag, headers } = self.0.iter().find(|kept| kept.page.path == path)?;
        let is_known = has.is_some_and(|has| has.split(',').any(|one| is_same(one.trim(), tag)));
        if is_known {
            out.extend_from_slice(format!("HTTP/1.1 304 Not Modified\r\n{headers}\r\n").as_bytes());
            return Some(());
        }
        let (kind, length) = (page.kind, page.body.len());
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(page.body);
        Some(())
    }
}

/// A proxy may have made the tag a weak one.
fn is_same(asked: &str, tag: &str) -> bool {
    asked == "*" || asked.strip_prefix("W/").unwrap_or(asked) == tag
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    const PAGE: Page = Page { path: "/", kind: "text/html; charset=utf-8", body: b"<!doctype html>" };

    fn given(target: &str, has: Option<&str>) -> Option<String> {
        let mut out = Vec::new();
        let pages = Pages::new(&[PAGE], "X-Content-Type-Options: nosniff\r\n");
        pages.give(target, has, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    fn tag_in(answer: &str) -> &str {
        answer.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap()
    }

    #[test]
    fn a_page_is_given_whole_with_the_headers_of_all() {
        let answer = given("/?from=mail", None).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();

        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"), "{head}");
        assert!(head.contains("Content-Length: 15\r\n") && head.ends_with("nosniff"), "{head}");
        assert_eq!(body, "<!doctype html>");
    }

    #[test]
    fn who_has_it_already_is_told_so() {
        let tag = tag_in(&given("/", None).unwrap()).to_owned();

        for has in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let answer = given("/", Some(&has)).unwrap();
            assert!(answer.starts_with("HTTP/1.1 304 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        }
        assert!(given("/", Some("\"other\"")).unwrap().starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn nothing_else_is_there() {
        for other in ["", "/other", "//", "/../", "http://a/"] {
            assert_eq!(given(other, None), None, "{other}");
        }
        assert!(Pages::default().is_empty());
    }
}
