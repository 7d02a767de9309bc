//! The HTTP request that opens a WebSocket, and who is let in (RFC 6455 4.2, RFC 7118 4).

use crate::origin::Origins;
use crate::pages::Pages;
use crate::proof::{accept, is_key};

/// The sub-protocol of SIP.
const SUB_PROTOCOL: &str = "sip";
const VERSION: &str = "13";

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no HTTP request, or says something twice that is said once.
    Unreadable,
    TooLong,
    /// It asks for a page.
    NotGet,
    NoUpgrade,
    OtherVersion,
    NoKey,
    NoSubProtocol,
    ForeignOrigin,
    /// It asks for a page that is not there, where others are.
    NoSuchPage,
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Refusal::Unreadable | Refusal::NoKey | Refusal::NoSubProtocol => "400 Bad Request",
            Refusal::ForeignOrigin => "403 Forbidden",
            Refusal::NoSuchPage => "404 Not Found",
            Refusal::NotGet => "405 Method Not Allowed",
            Refusal::NoUpgrade | Refusal::OtherVersion => "426 Upgrade Required",
            Refusal::TooLong => "431 Request Header Fields Too Large",
        }
    }

    /// The same in words.
    pub fn says(self) -> &'static str {
        match self {
            Refusal::Unreadable => "this is no HTTP/1.1 request that opens a WebSocket",
            Refusal::TooLong => "the request is too long",
            Refusal::NotGet => "a WebSocket is opened by GET",
            Refusal::NoUpgrade => "only WebSockets are served here: Upgrade: websocket is missing",
            Refusal::OtherVersion => "only version 13 of WebSocket is spoken here",
            Refusal::NoKey => "Sec-WebSocket-Key is not sixteen bytes in base64",
            Refusal::NoSubProtocol => "only the sub-protocol sip is spoken here: Sec-WebSocket-Protocol: sip",
            Refusal::ForeignOrigin => "pages of this origin are not let in: see origins of the interface",
            Refusal::NoSuchPage => "there is no such page; the phone is at /",
        }
    }

    fn headers(self) -> &'static str {
        match self {
            Refusal::NoUpgrade => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            Refusal::OtherVersion => "Sec-WebSocket-Version: 13\r\n",
            Refusal::NotGet => "Allow: GET\r\n",
            _ => "",
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let (status, headers, words) = (self.status(), self.headers(), self.says());
        let text = format!(
            "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\n\r\n{words}\n",
            words.len() + 1
        );
        out.extend_from_slice(text.as_bytes());
    }
}

/// Who is let in, and what is given to who asks for a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door {
    pub origins: Origins,
    pub pages: Pages,
}

/// What was given to who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    WebSocket,
    Page,
}

/// What of a request matters here.
#[derive(Default)]
struct Asked<'a> {
    host: Option<&'a str>,
    /// The versions of a page that are there already.
    versions: Option<&'a str>,
    key: Option<&'a str>,
    origin: Option<&'a str>,
    version: Option<&'a str>,
    upgrades: Vec<&'a str>,
    connections: Vec<&'a str>,
    sub_protocols: Vec<&'a str>,
}

/// Reads a whole request, up to its empty line, and writes the answer that lets its sender in, or the page
/// that is asked for.
pub(crate) fn answer(head: &[u8], door: &Door, out: &mut Vec<u8>) -> Result<Given, Refusal> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let target = target.unwrap_or_default();
    if target.is_empty() || version != Some("HTTP/1.1") || words.next().is_some() {
        return Err(Refusal::Unreadable);
    }
    if method != Some("GET") {
        return Err(Refusal::NotGet);
    }
    let mut asked = Asked::default();
    for line in lines.take_while(|line| !line.is_empty()) {
        asked.note(line)?;
    }
    if !door.pages.is_empty() && asked.upgrades.is_empty() && asked.host.is_some() {
        let given = door.pages.give(target, asked.versions, out);
        return given.map(|()| Given::Page).ok_or(Refusal::NoSuchPage);
    }
    let key = asked.key(door)?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {SUB_PROTOCOL}\r\n\r\n",
        accept(key)
    );
    out.extend_from_slice(answer.as_bytes());
    Ok(Given::WebSocket)
}

impl Door {
    /// Pages that we give ourselves may come, too: theirs is the host that they were asked of. By TLS alone,
    /// or a stranger's page whose name is made to lead here would be taken for one of them.
    fn admits(&self, origin: &str, host: &str) -> bool {
        let is_own = || origin.strip_prefix("https://").is_some_and(|own| own.eq_ignore_ascii_case(host));
        self.origins.admit(origin) || !self.pages.is_empty() && is_own()
    }
}

impl<'a> Asked<'a> {
    fn note(&mut self, line: &'a str) -> Result<(), Refusal> {
        let (name, value) = line.split_once(':').ok_or(Refusal::Unreadable)?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name || value.contains(['\r', '\n', '\0']) {
            return Err(Refusal::Unreadable);
        }
        let value = value.trim_matches([' ', '\t']);
        let name = name.to_ascii_lowercase();
        let list = match name.as_str() {
            "upgrade" => &mut self.upgrades,
            "connection" => &mut self.connections,
            "sec-websocket-protocol" => &mut self.sub_protocols,
            _ => return self.note_once(&name, value),
        };
        list.extend(value.split(',').map(|one| one.trim_matches([' ', '\t'])));
        Ok(())
    }

    /// What may be said one time only.
    fn note_once(&mut self, name: &str, value: &'a str) -> Result<(), Refusal> {
        let once = match name {
            "host" => &mut self.host,
            "sec-websocket-key" => &mut self.key,
            "sec-websocket-version" => &mut self.version,
            "origin" => &mut self.origin,
            "if-none-match" => &mut self.versions,
            // What follows the request is frames, and no body.
            "transfer-encoding" => return Err(Refusal::Unreadable),
            "content-length" if value != "0" => return Err(Refusal::Unreadable),
            _ => return Ok(()),
        };
        match once.replace(value) {
            None => Ok(()),
            Some(_) => Err(Refusal::Unreadable),
        }
    }

    /// The key of somebody who is let in.
    fn key(&self, door: &Door) -> Result<&'a str, Refusal> {
        let names = |list: &[&str], word: &str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
        if !names(&self.upgrades, "websocket") || !names(&self.connections, "upgrade") {
            return Err(Refusal::NoUpgrade);
        }
        if self.version != Some(VERSION) {
            return Err(Refusal::OtherVersion);
        }
        let host = self.host.ok_or(Refusal::Unreadable)?;
        let key = self.key.filter(|key| is_key(key)).ok_or(Refusal::NoKey)?;
        // Whoever is no browser says no origin, and could say any: only pages are kept out by it.
        if self.origin.is_some_and(|origin| !door.admits(origin, host)) {
            return Err(Refusal::ForeignOrigin);
        }
        if !self.sub_protocols.contains(&SUB_PROTOCOL) {
            return Err(Refusal::NoSubProtocol);
        }
        Ok(key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;
    use crate::pages::Page;

    const USUAL: &str = "GET /sip HTTP/1.1\r\nHost: sbc.example.com\r\nUpgrade: WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: https://phones.example.com\r\nSec-WebSocket-Protocol: chat, sip\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

    fn ours() -> Door {
        let origins = Origins::Listed(["https://phones.example.com".into()].into());
        Door { origins, pages: Pages::default() }
    }

    fn with_pages() -> Door {
        let page = Page { path: "/", kind: "text/html", body: b"<!doctype html>" };
        Door { origins: Origins::default(), pages: Pages::new(&[page], "") }
    }

    fn asked(request: &str) -> Result<String, Refusal> {
        asked_at(&ours(), request)
    }

    fn asked_at(door: &Door, request: &str) -> Result<String, Refusal> {
        let mut out = Vec::new();
        answer(request.as_bytes(), door, &mut out).map(|_| String::from_utf8(out).unwrap())
    }

    #[test]
    fn d7_a_browser_is_let_in_with_the_sub_protocol_sip_and_no_extension() {
        let answer = asked(USUAL).unwrap();

        assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{answer}");
        assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(answer.contains("\r\nSec-WebSocket-Protocol: sip\r\n"));
        assert!(!answer.contains("Extensions"));
        assert!(answer.ends_with("\r\n\r\n"));
    }

    #[test]
    fn d7_who_does_not_speak_sip_is_refused_with_400() {
        for other in ["chat", "SIP2", "sips, sip.v2", ""] {
            let request = USUAL.replace("chat, sip", other);
            assert_eq!(asked(&request), Err(Refusal::NoSubProtocol), "{other}");
        }
        let without = USUAL.replace("Sec-WebSocket-Protocol: chat, sip\r\n", "");
        assert_eq!(asked(&without), Err(Refusal::NoSubProtocol));
        assert!(Refusal::NoSubProtocol.status().starts_with("400 "));
    }

    #[test]
    fn d7_pages_of_other_origins_are_kept_out() {
        for foreign in
            ["https://evil.example", "http://phones.example.com", "https://phones.example.com:8443", "null"]
        {
            let request = USUAL.replace("https://phones.example.com", foreign);
            assert_eq!(asked(&request), Err(Refusal::ForeignOrigin), "{foreign}");
        }
        let any = Door { origins: Origins::Any, pages: Pages::default() };
        assert!(asked_at(&any, &USUAL.replace("phones", "any")).is_ok());
        let no_browser = USUAL.replace("Origin: https://phones.example.com\r\n", "");
        assert!(asked(&no_browser).is_ok());
    }

    #[test]
    fn who_asks_for_a_page_is_given_it_where_there_are_any() {
        let plain = "GET / HTTP/1.1\r\nHost: sbc.example.com\r\n\r\n";

        assert!(asked_at(&with_pages(), plain).unwrap().ends_with("\r\n\r\n<!doctype html>"));
        assert_eq!(asked_at(&with_pages(), &plain.replace("/ ", "/other ")), Err(Refusal::NoSuchPage));
        assert_eq!(asked_at(&with_pages(), &plain.replace("GET", "POST")), Err(Refusal::NotGet));
        assert_eq!(asked(plain), Err(Refusal::NoUpgrade));
    }

    #[test]
    fn d7_a_page_of_ours_may_come_and_by_tls_alone() {
        let from = |origin: &str| USUAL.replace("https://phones.example.com", origin);

        assert!(asked_at(&with_pages(), &from("https://sbc.example.com")).is_ok());
        for foreign in ["http://sbc.example.com", "https://sbc.example.com:8443", "https://evil.example"] {
            assert_eq!(asked_at(&with_pages(), &from(foreign)), Err(Refusal::ForeignOrigin), "{foreign}");
        }
        assert_eq!(asked(&from("https://sbc.example.com")), Err(Refusal::ForeignOrigin));
    }

    #[test]
    fn whatever_is_no_handshake_is_refused_for_what_it_lacks() {
        let cases = [
            ("GET /sip HTTP/1.1", "GET /sip HTTP/1.0", Refusal::Unreadable),
            ("GET /sip HTTP/1.1", "GET  HTTP/1.1", Refusal::Unreadable),
            ("GET /sip HTTP/1.1", "REGISTER sip:a SIP/2.0", Refusal::Unreadable),
            ("GET", "POST", Refusal::NotGet),
            ("Upgrade: WebSocket\r\n", "", Refusal::NoUpgrade),
            ("keep-alive, Upgrade", "keep-alive", Refusal::NoUpgrade),
            ("Version: 13", "Version: 8", Refusal::OtherVersion),
            ("Host: sbc.example.com\r\n", "", Refusal::Unreadable),
            ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", Refusal::NoKey),
            ("Host: sbc", "Host: other\r\nHost: sbc", Refusal::Unreadable),
            ("Host: sbc", "Content-Length: 5\r\nHost: sbc", Refusal::Unreadable),
            ("Host: sbc", "Transfer-Encoding: chunked\r\nHost: sbc", Refusal::Unreadable),
            ("Host: sbc", "no colon\r\nHost: sbc", Refusal::Unreadable),
            ("Host: sbc", " folded: line\r\nHost: sbc", Refusal::Unreadable),
        ];
        for (from, to, refusal) in cases {
            let request = USUAL.replacen(from, to, 1);
            assert_ne!(request, USUAL);
            assert_eq!(asked(&request), Err(refusal), "{to}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_let_one_in() {
        let mut out = Vec::new();
        Refusal::NoUpgrade.write(&mut out);

        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();

        assert!(head.starts_with("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        assert!(body.contains("websocket"));
    }
}
