//! Follows the flight recorder, and sends what it has to one server.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hep::{Packet, TooLong};
use policy::Capture;
use telemetry::{Batch, Flight, Sighting, Way};
use tracing::{info, warn};

use crate::counts::Counts;
use crate::joined::Joined;
use crate::patience::{Known, Rest, Stands};
use crate::sink::{Became, Sink};
use crate::stop::{Stop, Told};

/// What comes within this time is sent together. A message waits for one of them at least: meanwhile the
/// beginning of its call is heard of.
const ROUND: Duration = Duration::from_millis(200);
/// No server that cannot be reached is left alone for longer.
const REST_MOST: Duration = Duration::from_secs(30);
/// A name may have moved; UDP would not tell.
const LOOKED_UP_FOR: Duration = Duration::from_secs(300);

/// Sends to one server until it is told to end.
pub struct Sender {
    pub capture: Capture,
    pub flight: Flight,
    pub joined: Arc<Joined>,
    pub counts: Arc<Counts>,
    pub stop: Arc<Stop>,
    /// How many messages were noted before the first that it sends.
    pub from: u64,
}

/// How the server stands.
struct Line {
    sink: Option<(Sink, Instant)>,
    rest: Rest,
    known: Known,
}

impl Sender {
    pub fn run(self) {
        let mut line = Line { sink: None, rest: Rest::up_to(REST_MOST), known: Known::default() };
        let (mut at, mut until) = (self.from, self.from);
        loop {
            let told = self.stop.sleep(ROUND);
            let before = std::mem::replace(&mut until, self.flight.noted());
            let end = if told == Told::End { until } else { before };
            at = self.send(&mut line, at..end);
            if told == Told::End {
                return;
            }
        }
    }

    /// Sends what it can, and returns how far it came.
    fn send(&self, line: &mut Line, noted: Range<u64>) -> u64 {
        let mut at = noted.start;
        let (mut packets, mut ends) = (Vec::new(), Vec::new());
        while let Some(batch) = self.flight.next(at..noted.end) {
            let Some(sink) = line.open(&self.capture) else { return at };
            packets.clear();
            ends.clear();
            let long = self.write(&batch, &mut packets, &mut ends);
            let lost = match sink.send(&packets, &ends) {
                Became::Sent => {
                    line.is_well(&self.capture);
                    0
                }
                Became::Lost(count, fault) => {
                    line.is_ill(&self.capture, &fault);
                    count
                }
                Became::Broken(fault) => {
                    line.is_ill(&self.capture, &fault);
                    line.sink = None;
                    return at;
                }
            };
            self.counts.sent((ends.len() as u64).saturating_sub(lost));
            self.counts.missed(batch.missed + long + lost);
            at += batch.count();
        }
        at
    }

    /// Writes packets and where they end; how many messages are too long for one.
    fn write(&self, batch: &Batch, packets: &mut Vec<u8>, ends: &mut Vec<usize>) -> u64 {
        let mut long = 0;
        let key = self.capture.key.as_ref().map(|key| key.reveal().as_bytes());
        for shown in batch.shown() {
            let call = self.joined.call_of(&shown.call_id);
            let correlation = call.as_deref().unwrap_or(&shown.call_id);
            let packet = Packet {
                agent: Some(self.capture.agent),
                key,
                correlation: Some(correlation.as_bytes()),
                ..packet_of(&shown.sighting)
            };
            match hep::write(&packet, packets) {
                Ok(()) => ends.push(packets.len()),
                Err(TooLong) => long += 1,
            }
        }
        long
    }
}

/// A message as it crossed the wire.
fn packet_of(message: &Sighting) -> Packet<'_> {
    let (from, to) = match message.way {
        Way::Received => (message.remote, message.local),
        Way::Sent => (message.local, message.remote),
    };
    Packet {
        from,
        to,
        protocol: if message.transport == "udp" { hep::UDP } else { hep::TCP },
        at_us: Some(message.at_us),
        captured: hep::SIP,
        agent: None,
        key: None,
        correlation: None,
        payload: message.text.as_bytes(),
    }
}

impl Line {
    /// The way to the server, if there is one.
    fn open(&mut self, capture: &Capture) -> Option<&mut Sink> {
        let now = Instant::now();
        let is_old =
            |sink: &Sink, since: Instant| matches!(sink, Sink::Udp(_)) && now - since > LOOKED_UP_FOR;
        if self.sink.as_ref().is_some_and(|(sink, since)| is_old(sink, *since)) {
            self.sink = None;
        }
        if self.sink.is_none() {
            if !self.rest.is_over() {
                return None;
            }
            match Sink::open(&capture.to) {
                Ok(sink) => {
                    self.rest.forget();
                    self.sink = Some((sink, now));
                }
                Err(fault) => {
                    self.is_ill(capture, &fault);
                    self.rest.begin(None);
                }
            }
        }
        self.sink.as_mut().map(|(sink, _)| sink)
    }

    fn is_well(&mut self, capture: &Capture) {
        if self.known.is_news(Stands::Well) {
            info!(capture = %capture.name, to = %capture.to, "copies of messages are sent");
        }
    }

    fn is_ill(&mut self, capture: &Capture, fault: &std::io::Error) {
        if self.known.is_news(Stands::Ill) {
            warn!(capture = %capture.name, to = %capture.to, "copies of messages do not arrive: {fault}");
        }
    }
}
