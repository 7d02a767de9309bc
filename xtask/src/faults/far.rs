//! Far ends that write down what the house has told them, and when.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between the beginnings of two calls.
const EVERY: Duration = Duration::from_millis(6);
const LISTEN: Duration = Duration::from_millis(2);
/// However sick the disk is, the house lets nobody wait longer for it: see
/// docs/decisions/calls-end-with-their-record.md.
const HOUSE_WAITS: Duration = Duration::from_millis(200);
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
m=audio 40000 RTP/AVP 0\r\n";

/// Something that a far end was told, the moment when it knew, and how long it had waited.
#[derive(Clone, Debug)]
pub struct Told<T> {
    pub what: T,
    pub at: Instant,
    pub waited: Duration,
}

/// What is written down by one thread and read by another.
pub struct Book<T>(Arc<Mutex<Vec<Told<T>>>>);

impl<T> Clone for Book<T> {
    fn clone(&self) -> Book<T> {
        Book(Arc::clone(&self.0))
    }
}

impl<T: Clone> Book<T> {
    pub fn new() -> Book<T> {
        Book(Arc::default())
    }

    /// It was told now what was asked for at a moment.
    pub fn write(&self, what: T, asked: Instant) {
        let told = Told { what, at: Instant::now(), waited: asked.elapsed() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    /// What was known before a moment.
    pub fn before(&self, moment: Instant) -> Vec<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|told| told.at < moment).map(|told| told.what.clone()).collect()
    }

    /// The same, but for what the house may have said because it waits no longer: that outlives the process,
    /// and not the power.
    pub fn surely_before(&self, moment: Instant) -> Vec<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_sure = |told: &&Told<T>| told.at < moment && told.waited < HOUSE_WAITS;
        all.iter().filter(is_sure).map(|told| told.what.clone()).collect()
    }
}

/// Threads that go on until this is dropped.
pub struct Far {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Far {
    pub fn new() -> Far {
        Far { is_over: Arc::default(), threads: Vec::new() }
    }

    /// Does it again and again.
    pub fn again(&mut self, mut once: impl FnMut() + Send + 'static) {
        let is_over = Arc::clone(&self.is_over);
        self.threads.push(thread::spawn(move || {
            while !is_over.load(Ordering::Acquire) {
                once();
            }
        }));
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // Its panic was printed, and the round fails for want of calls.
            let _ = thread.join();
        }
    }
}

pub fn socket(at: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(at)?;
    socket.set_read_timeout(Some(LISTEN))?;
    Ok(socket)
}

/// The next message, if one comes soon.
pub fn heard(socket: &UdpSocket) -> Option<(String, SocketAddr)> {
    let mut room = [0; 8192];
    let (length, from) = socket.recv_from(&mut room).ok()?;
    Some((String::from_utf8_lossy(&room[..length]).into_owned(), from))
}

/// What stands behind the name of a header.
pub fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let is_it =
        |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name));
    let line = message.lines().take_while(|line| !line.is_empty()).find(is_it);
    line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
}

/// Answers every call, but for those to numbers that end with a nine; and every BYE.
pub fn callee(far: &mut Far, socket: UdpSocket) {
    let here = socket.local_addr().expect("it is bound");
    far.again(move || {
        let Some((request, from)) = heard(&socket) else { return };
        let first = request.lines().next().unwrap_or_default();
        let is_busy = first.split('@').next().is_some_and(|uri| uri.ends_with('9'));
        let (status, body) = match first.split(' ').next().unwrap_or_default() {
            "INVITE" if is_busy => ("486 Busy Here", ""),
            "INVITE" => ("200 OK", SDP),
            "BYE" | "OPTIONS" | "CANCEL" => ("200 OK", ""),
            _ => return,
        };
        let vias = request.lines().filter(|line| line.len() > 4 && line[..4].eq_ignore_ascii_case("via:"));
        let mut answer = format!("SIP/2.0 {status}\r\n");
        vias.for_each(|via| answer.push_str(&format!("{via}\r\n")));
        let to = header(&request, "To");
        let tag = if to.contains("tag=") { "" } else { ";tag=callee" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let (from_header, call) = (header(&request, "From"), header(&request, "Call-ID"));
        let (sequence, length) = (header(&request, "CSeq"), body.len());
        answer.push_str(&format!(
            "From: {from_header}\r\nTo: {to}{tag}\r\nCall-ID: {call}\r\nCSeq: {sequence}\r\n\
Contact: <sip:callee@{here}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        ));
        // A datagram that is lost is said again.
        let _ = socket.send_to(answer.as_bytes(), from);
    });
}

/// Calls, hangs up as soon as it is answered, and writes down whose end was answered, or who was busy.
pub fn caller(far: &mut Far, socket: UdpSocket, house: SocketAddr, round: u64, ended: Book<String>) {
    let here = socket.local_addr().expect("it is bound");
    let (mut next, mut count) = (Instant::now(), 0_u64);
    let mut asked: BTreeMap<String, Instant> = BTreeMap::new();
    far.again(move || {
        if Instant::now() >= next {
            next += EVERY;
            count += 1;
            let last = if count.is_multiple_of(5) { 9 } else { 2 };
            let (call, length) = (format!("r{round}-{count}@far"), SDP.len());
            let request = format!(
                "INVITE sip:+1206555014{last}@{house} SIP/2.0\r\n\
Via: SIP/2.0/UDP {here};branch=z9hG4bKi{round}x{count}\r\nMax-Forwards: 70\r\n\
From: <sip:+14255550100@{here}>;tag=f{count}\r\nTo: <sip:+1206555014{last}@{house}>\r\n\
Call-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: <sip:far@{here}>\r\n\
Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{SDP}"
            );
            asked.insert(format!("INVITE {call}"), Instant::now());
            let _ = socket.send_to(request.as_bytes(), house);
        }
        let Some((answer, _)) = heard(&socket) else { return };
        let status = answer.split(' ').nth(1).and_then(|word| word.parse::<u16>().ok()).unwrap_or(0);
        let method = header(&answer, "CSeq").split(' ').nth(1).unwrap_or_default();
        let call = header(&answer, "Call-ID");
        let Some(&since) = asked.get(&format!("{method} {call}")) else { return };
        match (method, status) {
            ("BYE", 200) => ended.write(call.to_owned(), since),
            ("INVITE", 200) => {
                asked.entry(format!("BYE {call}")).or_insert_with(Instant::now);
                for (method, number) in [("ACK", 1), ("BYE", 2)] {
                    let _ = socket.send_to(following(&answer, method, number, here).as_bytes(), house);
                }
            }
            ("INVITE", 300..) => {
                if status == 486 {
                    ended.write(call.to_owned(), since);
                }
                let _ = socket.send_to(following(&answer, "ACK", 1, here).as_bytes(), house);
            }
            _ => {}
        }
    });
}

/// A request of the dialog that an answer belongs to; of the transaction, where the call was refused.
fn following(answer: &str, method: &str, number: u32, here: SocketAddr) -> String {
    let is_refused = !answer.starts_with("SIP/2.0 2");
    let contact = header(answer, "Contact");
    let uri = contact.split(['<', '>']).nth(1).unwrap_or("sip:house");
    let to = header(answer, "To");
    let uri = if is_refused { to.split(['<', '>']).nth(1).unwrap_or(uri) } else { uri };
    let call = header(answer, "Call-ID");
    let branch = match is_refused {
        true => header(answer, "Via").split("branch=").nth(1).unwrap_or_default().to_owned(),
        false => format!("z9hG4bK{method}{}", call.replace('@', "-")),
    };
    let branch = branch.split(';').next().unwrap_or_default();
    let from = header(answer, "From");
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch={branch}\r\nMax-Forwards: 70\r\n\
From: {from}\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}
