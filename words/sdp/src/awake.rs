//! A description without whatever hold it spoke of: what its writer can hear, if asked by somebody else.

use crate::direction::Direction;
use crate::fit::push;

/// An address that is nobody's (RFC 5737, 6666), where there was none.
const NOBODY: [(&str, &str); 2] =
    [("c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.1"), ("c=IN IP6 ::", "c=IN IP6 100::1")];

/// The same media, in no direction: nobody is there to speak or to listen.
pub fn asleep(description: &[u8]) -> Vec<u8> {
    let awake = String::from_utf8_lossy(&awake(description)).into_owned();
    let at = awake.find("m=audio").or_else(|| awake.find("\r\nm=").map(|at| at + 2)).unwrap_or(awake.len());
    let at = awake[..at].find("\r\nm=").map_or(at, |first| first + 2);
    format!("{}a={}\r\n{}", &awake[..at], Direction::Inactive.name(), &awake[at..]).into_bytes()
}

/// The same media, in both directions.
pub fn awake(description: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let mut awake = String::with_capacity(text.len());
    for line in text.lines() {
        if Direction::is_said(line) {
            continue;
        }
        let nobody = NOBODY.iter().find(|(zero, _)| *zero == line.trim_end());
        push(&mut awake, nobody.map_or(line, |(_, nobody)| *nobody));
    }
    awake.into_bytes()
}
