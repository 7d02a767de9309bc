//! Calls that go on while a house changes: a phone and a provider on the loopback, and how long each waited.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One call after another, so far apart.
const EVERY: Duration = Duration::from_millis(10);
/// How long a far end of ours may look elsewhere: what is measured is that much too long at the most.
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// What is under way at the end gets so long to end.
const REST: Duration = Duration::from_secs(1);

/// Who calls by whom, and whom.
#[derive(Clone, Copy)]
pub struct Places {
    pub house: SocketAddr,
    pub phone: SocketAddr,
    pub provider: SocketAddr,
    pub caller: &'static str,
    pub number: &'static str,
}

/// What became of calls.
#[derive(Default)]
pub struct Calls {
    /// Answered, and ended by a BYE that was answered too.
    pub ended: usize,
    pub begun: usize,
    /// The calls that got each final answer that is none of success.
    pub refused: BTreeMap<String, BTreeSet<usize>>,
    /// From the phone's INVITE to the provider's 180, both through the house.
    pub rung_us: Vec<u64>,
}

/// Calls until it is told that it is over.
pub fn call_until(is_over: &AtomicBool, places: Places) -> std::io::Result<Calls> {
    let (phone, provider) = (UdpSocket::bind(places.phone)?, UdpSocket::bind(places.provider)?);
    phone.set_nonblocking(true)?;
    provider.set_nonblocking(true)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let run = since.as_millis();
    let mut load = Load { phone, provider, places, run, begun: Vec::new(), calls: Calls::default() };
    let mut next = Instant::now();
    let mut last = None;
    while last.is_none_or(|until| Instant::now() < until) {
        if last.is_none() && is_over.load(Ordering::Relaxed) {
            last = Some(Instant::now() + REST);
        }
        if last.is_none() && next <= Instant::now() {
            load.dial()?;
            next += EVERY;
        }
        load.serve()?;
        thread::sleep(LOOK_EVERY);
    }
    load.calls.rung_us.sort_unstable();
    load.calls.begun = load.begun.len();
    Ok(load.calls)
}

struct Load {
    phone: UdpSocket,
    provider: UdpSocket,
    places: Places,
    /// Tells the calls of one run from those of another.
    run: u128,
    begun: Vec<Instant>,
    calls: Calls,
}

impl Load {
    fn dial(&mut self) -> std::io::Result<()> {
        let number = self.begun.len();
        self.begun.push(Instant::now());
        let Places { house, number: called, .. } = self.places;
        let uri = format!("sip:{called}@{house}");
        let body = description(&self.places.phone);
        self.say(&uri, "INVITE", number, &format!("<{uri}>"), &body)
    }

    fn say(&self, uri: &str, method: &str, call: usize, to: &str, body: &str) -> std::io::Result<()> {
        let Places { house, phone, caller, .. } = self.places;
        let run = self.run;
        let cseq = if method == "BYE" { 2 } else { 1 };
        let about = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {phone};branch=z9hG4bK{method}{call}-{run}\r\n\
Max-Forwards: 70\r\nFrom: <sip:{caller}@{house}>;tag=c{call}\r\nTo: {to}\r\nCall-ID: {call}@{run}\r\n\
CSeq: {cseq} {method}\r\nContact: <sip:{caller}@{phone}>\r\n{about}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.phone.send_to(text.as_bytes(), house).map(drop)
    }

    /// Takes all that has come in.
    fn serve(&mut self) -> std::io::Result<()> {
        let mut room = [0; 8192];
        loop {
            let heard = match received(&self.phone, &mut room)? {
                Some((text, _)) => self.hear(&text)?,
                None => false,
            };
            let answered = match received(&self.provider, &mut room)? {
                Some((text, from)) => self.answer(&text, from)?,
                None => false,
            };
            if !heard && !answered {
                return Ok(());
            }
        }
    }

    /// What the phone does about an answer.
    fn hear(&mut self, text: &str) -> std::io::Result<bool> {
        let status = text.split(' ').nth(1).unwrap_or_default();
        let call = header(text, "Call-ID").split('@').next().and_then(|call| call.parse::<usize>().ok());
        let (Some(call), method) = (call, header(text, "CSeq").split(' ').nth(1)) else { return Ok(true) };
        match (status, method) {
            ("180", _) => {
                let waited = self.begun.get(call).map_or(Duration::ZERO, Instant::elapsed);
                self.calls.rung_us.push(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX));
            }
            ("200", Some("INVITE")) => {
                let contact = header(text, "Contact");
                let uri = contact.trim_start_matches('<').split('>').next().unwrap_or_default();
                let to = header(text, "To");
                self.say(uri, "ACK", call, to, "")?;
                self.say(uri, "BYE", call, to, "")?;
            }
            ("200", Some("BYE")) => self.calls.ended += 1,
            (status, Some("INVITE")) if status >= "300" => {
                let answer = text.split("\r\n").next().unwrap_or_default().trim_start_matches("SIP/2.0 ");
                self.calls.refused.entry(answer.to_owned()).or_default().insert(call);
            }
            _ => {}
        }
        Ok(true)
    }

    /// The provider rings, answers, and lets go.
    fn answer(&mut self, text: &str, from: SocketAddr) -> std::io::Result<bool> {
        let body = description(&self.places.provider);
        match text.split(' ').next() {
            Some("INVITE") => {
                self.reply(text, from, "180 Ringing", "")?;
                self.reply(text, from, "200 OK", &body)?;
            }
            Some("BYE" | "OPTIONS") => self.reply(text, from, "200 OK", "")?,
            _ => {}
        }
        Ok(true)
    }

    fn reply(&self, request: &str, to: SocketAddr, status: &str, body: &str) -> std::io::Result<()> {
        let of = |name| header(request, name);
        let tag = if of("To").contains(";tag=") { "" } else { ";tag=p" };
        let about = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
Contact: <sip:{}>\r\n{about}Content-Length: {}\r\n\r\n{body}",
            of("Via"),
            of("From"),
            of("To"),
            of("Call-ID"),
            of("CSeq"),
            self.places.provider,
            body.len()
        );
        self.provider.send_to(text.as_bytes(), to).map(drop)
    }
}

fn received(socket: &UdpSocket, room: &mut [u8]) -> std::io::Result<Option<(String, SocketAddr)>> {
    match socket.recv_from(room) {
        Ok((length, from)) => Ok(Some((String::from_utf8_lossy(&room[..length]).into_owned(), from))),
        // What was sent before the house listened comes back as refused.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn header<'m>(text: &'m str, name: &str) -> &'m str {
    let values = text.split("\r\n").filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    values.into_iter().next().unwrap_or_default()
}

fn description(at: &SocketAddr) -> String {
    let (address, port) = (at.ip(), at.port() + 2);
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
m=audio {port} RTP/AVP 0\r\n"
    )
}
