#![allow(dead_code, clippy::unwrap_used)]
//! A far end that says what it is told to, letter by letter, and remembers all that it hears.

use std::net::UdpSocket;
use std::time::Instant;

use super::house::PATIENCE;

/// Anywhere on loopback.
pub struct Far {
    socket: UdpSocket,
    house: u16,
    pub heard: Vec<String>,
}

impl Far {
    pub fn at(address: &str, house: u16) -> Far {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Far { socket, house, heard: Vec::new() }
    }

    pub fn address(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    pub fn say(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), ("127.0.0.1", self.house)).unwrap();
    }

    /// Calls somebody, in a call of that name; nobody hears its media.
    pub fn calls(&self, to: &str, from: &str, call: &str) {
        let here = self.address();
        let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 49170 RTP/AVP 0\r\n";
        self.say(&format!(
            "INVITE sip:{to}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{call}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{from}@{here}>;tag={call}\r\nTo: <sip:{to}@127.0.0.1>\r\n\
             Call-ID: {call}@phone\r\nCSeq: 1 INVITE\r\nContact: <sip:{from}@{here}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    /// The next message that begins so; what comes before it is remembered alone.
    pub fn hear(&mut self, start: &str) -> String {
        self.hear_one(start, |text| text.starts_with(start))
    }

    /// The next that begins so and is of a call of ours; that somebody tries is nothing to wait for.
    pub fn hear_of(&mut self, call: &str, start: &str) -> String {
        let id = format!("Call-ID: {call}@phone\r\n");
        let is_meant = |text: &str| !text.starts_with("SIP/2.0 1") && text.contains(&id);
        self.hear_one(start, |text| is_meant(text) && text.starts_with(start))
    }

    fn hear_one(&mut self, what: &str, is_meant: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut room = [0; 8192];
            let heard = self.socket.recv(&mut room);
            let firsts = || self.heard.iter().map(|text| text.lines().next().unwrap_or_default());
            let length =
                heard.unwrap_or_else(|_| panic!("no {what:?} after {:?}", firsts().collect::<Vec<_>>()));
            let text = String::from_utf8_lossy(&room[..length]).into_owned();
            self.heard.push(text.clone());
            if is_meant(&text) {
                return text;
            }
            assert!(Instant::now() < until, "no {what:?}");
        }
    }

    /// Answers a request as it stands, with more headers and a body.
    pub fn answer(&self, request: &str, status: &str, more: &str, body: &str) {
        let kept = ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"];
        let lines = request.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
        let kept: String = lines.map(|line| format!("{line}\r\n")).collect();
        let to = value_of(request, "To");
        let tag = if to.contains(";tag=") { "" } else { ";tag=far" };
        self.say(&format!(
            "SIP/2.0 {status}\r\n{kept}To: {to}{tag}\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }
}

/// The first header of this name.
pub fn value_of<'m>(message: &'m str, name: &str) -> &'m str {
    let mut lines = message.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}
