//! A call as a capture file: its messages, and its packets where somebody asked for them, in order of time.
//! What came by TCP or TLS stands in it decrypted, as datagrams, so that any reader shows it.

use store::pcapng::{self, Datagram};
use telemetry::{Sighting, Way};

/// A file of some messages, and of the packets in a file of the same kind.
pub fn capture(messages: &[(Sighting, Option<String>)], packets: &[u8], verdict: Option<&str>) -> Vec<u8> {
    let mut written = Vec::new();
    let mut places = Vec::with_capacity(messages.len());
    for (at, (message, says)) in messages.iter().enumerate() {
        let begin = written.len();
        let is_last = at + 1 == messages.len();
        put(&mut written, message, [says.as_deref(), verdict.filter(|_| is_last)]);
        places.push((message.at_us, begin..written.len()));
    }
    let of_messages = places.into_iter().map(|(at_us, place)| (at_us, &written[place]));
    let mut all: Vec<(i64, &[u8])> = of_messages.chain(pcapng::packets(packets)).collect();
    all.sort_by_key(|(at_us, _)| *at_us);
    let mut file = pcapng::head();
    all.into_iter().for_each(|(_, block)| file.extend_from_slice(block));
    file
}

fn put(file: &mut Vec<u8>, message: &Sighting, said: [Option<&str>; 2]) {
    let (from, to) = match message.way {
        Way::Received => (message.remote, message.local),
        Way::Sent => (message.local, message.remote),
    };
    let payload = message.text.as_bytes();
    let Ok(length) = u16::try_from(payload.len()) else { return };
    let came = (message.transport != "udp").then(|| format!("came by {}", message.transport));
    let comment = [came.as_deref()].into_iter().chain(said).flatten().collect::<Vec<_>>().join("; ");
    let (at_us, sum) = (message.at_us, pcapng::sum_of(payload));
    pcapng::put(file, &Datagram { at_us, from, to, payload, length, sum, comment: &comment });
}
