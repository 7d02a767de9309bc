//! A description whose writer says something by itself while nobody whom it speaks for does.

use crate::direction::Direction;
use crate::fit::push;
use crate::session::Session;

/// The same media; sound that would flow in no direction is sent.
pub fn audible(description: Vec<u8>) -> Vec<u8> {
    let Ok(session) = Session::parse(&description) else { return description };
    let is_mute = |media: &crate::session::Media<'_>| {
        let is_open = media.kind == "audio" && media.port != 0;
        is_open && session.direction_of(media) == Direction::Inactive
    };
    let mute: Vec<bool> = session.media.iter().map(is_mute).collect();
    if !mute.contains(&true) {
        return description;
    }
    let text = String::from_utf8_lossy(&description);
    let mut audible = String::with_capacity(text.len() + 16);
    let sent = format!("a={}\r\n", Direction::SendOnly.name());
    let mut mute = mute.into_iter();
    let mut is_here = false;
    for line in text.lines() {
        if line.starts_with("m=") {
            audible.push_str(if is_here { &sent } else { "" });
            is_here = mute.next().unwrap_or_default();
        }
        if !(is_here && Direction::is_said(line)) {
            push(&mut audible, line);
        }
    }
    audible.push_str(if is_here { &sent } else { "" });
    audible.into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    const AUDIO: &str = "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    const VIDEO: &str = "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n";

    fn heard(parts: &[&str]) -> String {
        let text = format!("{HEAD}{}", parts.concat());
        String::from_utf8(audible(text.into_bytes())).unwrap()
    }

    #[test]
    fn a17_sound_in_no_direction_is_sent_and_nothing_else_is_touched() {
        let sent = format!("{AUDIO}a=sendonly\r\n");
        let rows = [
            (vec![AUDIO, "a=inactive\r\n"], sent.clone()),
            (vec!["a=inactive\r\n", AUDIO, VIDEO], format!("a=inactive\r\n{sent}{VIDEO}")),
            (vec![AUDIO, "a=inactive\r\n", VIDEO, "a=inactive\r\n"], format!("{sent}{VIDEO}a=inactive\r\n")),
        ];
        for (parts, wanted) in rows {
            assert_eq!(heard(&parts), format!("{HEAD}{wanted}"));
        }
        for direction in ["sendrecv", "sendonly", "recvonly"] {
            let line = format!("a={direction}\r\n");
            assert_eq!(heard(&[AUDIO, &line]), format!("{HEAD}{AUDIO}{line}"));
        }
        let refused = AUDIO.replace("4000", "0");
        assert_eq!(heard(&["a=inactive\r\n", &refused]), format!("{HEAD}a=inactive\r\n{refused}"));
    }
}
