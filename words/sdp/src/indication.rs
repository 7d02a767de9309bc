//! What a description says of recording (RFC 7866, 7.1.2).

use crate::fit::push;

/// The same media, whose writer says how its recording stands: "on", "paused" or "off".
pub fn indicating(description: &[u8], state: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let said = format!("a=record:{state}");
    let mut written = String::with_capacity(text.len() + said.len() + 2);
    let mut is_said = false;
    for line in text.lines().filter(|line| !line.starts_with("a=record:")) {
        if line.starts_with("m=") && !is_said {
            push(&mut written, &said);
            is_said = true;
        }
        push(&mut written, line);
    }
    written.into_bytes()
}

/// The same description as the version that its writer counts it as (RFC 3264, 8).
pub fn versioned(description: &[u8], version: u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let mut written = String::with_capacity(text.len() + 8);
    for line in text.lines() {
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        match fields.as_slice() {
            [who, session, _, place] if who.starts_with("o=") => {
                push(&mut written, &format!("{who} {session} {version} {place}"));
            }
            _ => push(&mut written, line),
        }
    }
    written.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = b"v=0\r\no=- 7 3 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=record:off\r\n\
        m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n";

    #[test]
    fn p4_recording_is_indicated_for_all_streams_once() {
        let on = indicating(SAID, "on");

        let wanted = "v=0\r\no=- 7 3 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=record:on\r\n\
            m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n";
        assert_eq!(String::from_utf8_lossy(&on), wanted);
        assert_eq!(indicating(&on, "on"), on);
        let counted = String::from_utf8_lossy(&versioned(&on, 12)).into_owned();
        assert_eq!(counted, wanted.replace("7 3", "7 12"));
    }
}
