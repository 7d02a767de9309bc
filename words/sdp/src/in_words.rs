//! A description in one line, for whoever wants to know why two did not fit.

use crate::session::{Media, Session};

/// `audio by RTP/AVP: PCMU, PCMA, telephone-event; video refused`.
pub fn in_words(session: &Session<'_>) -> String {
    let lines: Vec<String> = session.media.iter().map(of_line).collect();
    if lines.is_empty() { "no media".to_owned() } else { lines.join("; ") }
}

fn of_line(media: &Media<'_>) -> String {
    if media.port == 0 {
        return format!("{} refused", media.kind);
    }
    let codec = |format: &str| format.parse().ok().and_then(|payload_type| media.codec(payload_type));
    let names: Vec<&str> =
        media.formats.iter().map(|format| codec(format).map_or(*format, |codec| codec.name)).collect();
    format!("{} by {}: {}", media.kind, media.protocol, names.join(", "))
}
