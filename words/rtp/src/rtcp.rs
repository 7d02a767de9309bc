//! RTCP compounds (RFC 3550, 6), walked in place.

const HEADER: usize = 4;
const REPORT: usize = 24;
const SENDER: usize = 20;

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    SenderReport {
        ssrc: u32,
        sender: SenderInfo,
        reports: Reports<'a>,
    },
    ReceiverReport {
        ssrc: u32,
        reports: Reports<'a>,
    },
    /// Chunks of source and items; see [`Packet::cname`].
    Description {
        count: u8,
        chunks: &'a [u8],
    },
    /// Sources that leave, four bytes each; then perhaps a reason.
    Bye {
        count: u8,
        body: &'a [u8],
    },
    Application {
        subtype: u8,
        body: &'a [u8],
    },
    Unknown {
        packet_type: u8,
        count: u8,
        body: &'a [u8],
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time: seconds since 1900, and a fraction of 2^32.
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub bytes: u32,
}

/// How well one source is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub ssrc: u32,
    /// Lost since the last report, of 256.
    pub fraction_lost: u8,
    /// Below 0 where copies came.
    pub lost: i32,
    pub highest: u32,
    pub jitter: u32,
    pub last_sender_report: u32,
    /// In 1/65536 s.
    pub delay: u32,
}

/// Report blocks, in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

/// Why the rest of a compound cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    TooShort,
    Version,
    /// A packet has less in it than its count says.
    Count,
}

/// The packets of a compound, in order, up to the first that cannot be read.
pub fn packets(compound: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, Error>> {
    let mut rest = compound;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let parsed = split(rest).and_then(|(packet, after)| {
            rest = after;
            Packet::parse(packet)
        });
        if parsed.is_err() {
            rest = &[];
        }
        Some(parsed)
    })
}

/// Appends a report of the sender, with reports on those it hears; of the receiver where `sender` is none.
pub fn write_report(ssrc: u32, sender: Option<SenderInfo>, reports: &[Report], out: &mut Vec<u8>) {
    let reports = &reports[..reports.len().min(31)];
    let words = 1 + sender.map_or(0, |_| SENDER / 4) + reports.len() * REPORT / 4;
    let packet_type = if sender.is_some() { 200 } else { 201 };
    out.extend_from_slice(&[0x80 | reports.len() as u8, packet_type]);
    out.extend_from_slice(&(words as u16).to_be_bytes());
    out.extend_from_slice(&ssrc.to_be_bytes());
    if let Some(SenderInfo { ntp, timestamp, packets, bytes }) = sender {
        out.extend_from_slice(&ntp.to_be_bytes());
        [timestamp, packets, bytes].iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
    }
    for report in reports {
        let lost = report.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        let words = [
            report.ssrc,
            u32::from(report.fraction_lost) << 24 | lost,
            report.highest,
            report.jitter,
            report.last_sender_report,
            report.delay,
        ];
        words.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
    }
}

impl<'a> Packet<'a> {
    /// The canonical name of the first source described.
    pub fn cname(&self) -> Option<&'a [u8]> {
        let Packet::Description { chunks, .. } = *self else { return None };
        let mut items = chunks.get(4..)?;
        while let [kind @ 1..=255, length, rest @ ..] = items {
            let (text, after) = rest.split_at_checked(usize::from(*length))?;
            if *kind == 1 {
                return Some(text);
            }
            items = after;
        }
        None
    }

    /// Reads one packet, its padding taken off, its length already true.
    fn parse(packet: &'a [u8]) -> Result<Self, Error> {
        let (&[first, packet_type, ..], body) =
            packet.split_first_chunk::<HEADER>().ok_or(Error::TooShort)?;
        let count = first & 0x1f;
        match packet_type {
            200 => {
                let (sender, blocks) = body.split_at_checked(4 + SENDER).ok_or(Error::TooShort)?;
                let sender_info = SenderInfo {
                    ntp: u64::from(word(sender, 1)) << 32 | u64::from(word(sender, 2)),
                    timestamp: word(sender, 3),
                    packets: word(sender, 4),
                    bytes: word(sender, 5),
                };
                let reports = Reports::of(blocks, count)?;
                Ok(Packet::SenderReport { ssrc: word(sender, 0), sender: sender_info, reports })
            }
            201 => {
                let (ssrc, blocks) = body.split_at_checked(4).ok_or(Error::TooShort)?;
                Ok(Packet::ReceiverReport { ssrc: word(ssrc, 0), reports: Reports::of(blocks, count)? })
            }
            202 => Ok(Packet::Description { count, chunks: body }),
            203 if body.len() < 4 * usize::from(count) => Err(Error::Count),
            203 => Ok(Packet::Bye { count, body }),
            204 => Ok(Packet::Application { subtype: count, body }),
            _ => Ok(Packet::Unknown { packet_type, count, body }),
        }
    }
}

impl<'a> Reports<'a> {
    pub fn iter(&self) -> impl Iterator<Item = Report> + 'a {
        self.0.as_chunks::<REPORT>().0.iter().map(|block| {
            let loss = word(block, 1);
            Report {
                ssrc: word(block, 0),
                fraction_lost: (loss >> 24) as u8,
                lost: (loss << 8) as i32 >> 8,
                highest: word(block, 2),
                jitter: word(block, 3),
                last_sender_report: word(block, 4),
                delay: word(block, 5),
            }
        })
    }

    fn of(blocks: &'a [u8], count: u8) -> Result<Self, Error> {
        blocks.get(..REPORT * usize::from(count)).map(Reports).ok_or(Error::Count)
    }
}

/// Cuts the first packet off; its padding is left out.
fn split(rest: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let &[first, _, w0, w1] = rest.first_chunk::<HEADER>().ok_or(Error::TooShort)?;
    if first >> 6 != 2 {
        return Err(Error::Version);
    }
    let length = HEADER + 4 * usize::from(u16::from_be_bytes([w0, w1]));
    let (packet, after) = rest.split_at_checked(length).ok_or(Error::TooShort)?;
    if first & 0x20 == 0 {
        return Ok((packet, after));
    }
    let padding = usize::from(packet[length - 1]);
    let kept = length.checked_sub(padding).filter(|kept| *kept >= HEADER).ok_or(Error::Count)?;
    Ok((&packet[..kept], after))
}

pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[4 * at..].first_chunk().expect("callers cut the bytes to the words they read");
    u32::from_be_bytes(*word)
}
