//! A description whose writer is elsewhere than the media that it describes.

use std::net::IpAddr;

use crate::fit::push;

/// The same media, by a writer at this address: who describes itself again is where it was (RFC 3264, 8).
pub fn written_at(description: &[u8], address: IpAddr) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let mut written = String::with_capacity(text.len() + 16);
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    for line in text.lines() {
        match line.strip_prefix("o=").and_then(|origin| origin.split_once(" IN ")) {
            Some((who, _)) => push(&mut written, &format!("o={who} IN {family} {address}")),
            None => push(&mut written, line),
        }
    }
    written.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g6_the_writer_stays_where_it_was_and_its_media_goes_elsewhere() {
        let described = b"v=0\r\no=- 7 3 IN IP4 10.20.0.31\r\ns=-\r\nc=IN IP4 10.20.0.31\r\nt=0 0\r\n";

        let written = written_at(described, IpAddr::from([192, 0, 2, 10]));

        let wanted = b"v=0\r\no=- 7 3 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 10.20.0.31\r\nt=0 0\r\n";
        assert_eq!(written, wanted);
    }
}
