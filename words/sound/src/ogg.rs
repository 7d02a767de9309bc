//! Pages of Ogg (RFC 3533): packets in a row, each page with a print of its own, so that a file that was cut
//! off plays up to its last whole page.

/// As long as a page gets.
pub const PAGE_MAX: usize = HEAD + 255 + 255 * 255;
/// What stands before the lengths of a page's packets.
pub const HEAD: usize = 27;

const FIRST: u8 = 2;
const LAST: u8 = 4;
const CONTINUES: u8 = 1;
const SEGMENTS_MAX: usize = 255;

/// What is known of a page that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub serial: u32,
    /// Pages are counted from 0.
    pub number: u32,
    /// The time at its end.
    pub granule: u64,
    /// Whether nothing follows.
    pub is_last: bool,
    /// That end on it.
    pub packets: u64,
}

/// Where a page stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Between,
    Last,
}

/// A page that is being filled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    packets: u64,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl Page {
    /// How long a page is whose beginning this is, as far as that says so.
    pub fn length(bytes: &[u8]) -> Option<usize> {
        let segments = usize::from(*bytes.get(HEAD - 1)?);
        let lacing = bytes.get(HEAD..HEAD + segments)?;
        Some(HEAD + segments + lacing.iter().map(|length| usize::from(*length)).sum::<usize>())
    }

    /// Reads one page; nothing where it is none, or was torn.
    pub fn parse(bytes: &[u8]) -> Option<Page> {
        let head = bytes.first_chunk::<HEAD>()?;
        if !head.starts_with(b"OggS\0") || Page::length(bytes)? != bytes.len() {
            return None;
        }
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if print(bytes) != word(22) {
            return None;
        }
        let lacing = &bytes[HEAD..HEAD + usize::from(head[26])];
        Some(Page {
            serial: word(14),
            number: word(18),
            granule: u64::from(word(6)) | u64::from(word(10)) << 32,
            is_last: head[5] & LAST != 0,
            packets: lacing.iter().filter(|length| **length < 255).count() as u64,
        })
    }

    /// Writes into a whole page that nothing follows it.
    pub fn close(bytes: &mut [u8]) {
        bytes[5] |= LAST;
        seal(bytes);
    }

    /// Writes into a whole page that others follow, and when it ends.
    pub fn reopen(bytes: &mut [u8], granule: u64) {
        bytes[5] &= FIRST | CONTINUES;
        bytes[6..14].copy_from_slice(&granule.to_le_bytes());
        seal(bytes);
    }
}

impl Sheet {
    /// How many packets are on it.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Whether a packet fits on it whole.
    pub fn has_room(&self, packet: &[u8]) -> bool {
        self.lacing.len() + packet.len() / 255 < SEGMENTS_MAX
    }

    pub fn add(&mut self, packet: &[u8]) {
        self.packets += 1;
        self.lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        self.lacing.push((packet.len() % 255) as u8);
        self.body.extend(packet);
    }

    /// Writes the page, which is empty afterwards.
    pub fn leave(&mut self, (serial, number): (u32, u32), granule: u64, place: Place, out: &mut Vec<u8>) {
        let begin = out.len();
        let flags = match place {
            Place::First => FIRST,
            Place::Between => 0,
            Place::Last => LAST,
        };
        out.extend(b"OggS\0");
        out.push(flags);
        out.extend(granule.to_le_bytes());
        out.extend(serial.to_le_bytes());
        out.extend(number.to_le_bytes());
        out.extend([0; 4]);
        out.push(self.lacing.len() as u8);
        out.append(&mut self.lacing);
        out.append(&mut self.body);
        self.packets = 0;
        seal(&mut out[begin..]);
    }
}

fn seal(page: &mut [u8]) {
    let print = print(page);
    page[22..26].copy_from_slice(&print.to_le_bytes());
}

/// A CRC of 32 bits, the highest first, over the page without its own (RFC 3533, 6).
fn print(page: &[u8]) -> u32 {
    let bytes = page.iter().enumerate().map(|(at, byte)| if (22..26).contains(&at) { 0 } else { *byte });
    bytes.fold(0, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut crc, mut bit) = ((at as u32) << 24, 0);
        while bit < 8 {
            crc = (crc << 1) ^ (0x04c1_1db7 * (crc >> 31));
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};
