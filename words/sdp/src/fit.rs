//! Answers that claim more than was offered, or less, brought back to what the offer allows (RFC 3264, 6).

use crate::direction::Direction;
use crate::session::Session;

/// Our answer, whose writer may have been careless, with the lines and the directions that the offer admits.
pub fn fit(offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
    fit_directions(offer, fit_protocols(offer, fit_lines(offer, answer)))
}

/// An open line is answered in the words that it was offered in: with feedback where that was offered,
/// without where it was not (RFC 3264, 6). Whether it is sealed is not made up here.
fn fit_protocols(offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
    let (Ok(theirs), Ok(ours)) = (Session::parse(offer), Session::parse(&answer)) else { return answer };
    let bare = |protocol: &str| protocol.trim_end_matches('F').to_owned();
    let pairs = theirs.media.iter().zip(&ours.media);
    let wanted: Vec<Option<&str>> = pairs
        .map(|(offered, answered)| {
            let is_other = offered.protocol != answered.protocol && offered.is_rtp();
            (is_other && bare(offered.protocol) == bare(answered.protocol)).then_some(offered.protocol)
        })
        .collect();
    if wanted.iter().all(Option::is_none) {
        return answer;
    }
    let text = String::from_utf8_lossy(&answer);
    let mut fitted = String::with_capacity(text.len() + 1);
    let mut wanted = wanted.into_iter();
    for line in text.lines() {
        let protocol = line.strip_prefix("m=").and_then(|_| wanted.next().flatten());
        match protocol {
            Some(protocol) => {
                let mut words: Vec<&str> = line.split(' ').collect();
                words[2] = protocol;
                push(&mut fitted, &words.join(" "));
            }
            None => push(&mut fitted, line),
        }
    }
    fitted.into_bytes()
}

/// As many media lines as were offered: what is too much goes, what was not spoken of is refused.
fn fit_lines(offer: &[u8], mut answer: Vec<u8>) -> Vec<u8> {
    let Ok(theirs) = Session::parse(offer) else { return answer };
    let answered = Session::parse(&answer).map_or(theirs.media.len(), |ours| ours.media.len());
    if answered > theirs.media.len() {
        let text = String::from_utf8_lossy(&answer);
        let mut lines = 0;
        let kept = text.lines().take_while(|line| {
            lines += usize::from(line.starts_with("m="));
            lines <= theirs.media.len()
        });
        let mut fitted = String::with_capacity(text.len());
        kept.for_each(|line| push(&mut fitted, line));
        return fitted.into_bytes();
    }
    for media in theirs.media.iter().skip(answered) {
        let format = media.formats.first().copied().unwrap_or("0");
        answer.extend_from_slice(format!("m={} 0 {} {format}\r\n", media.kind, media.protocol).as_bytes());
    }
    answer
}

fn fit_directions(offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
    let (Ok(theirs), Ok(ours)) = (Session::parse(offer), Session::parse(&answer)) else { return answer };
    let pairs = theirs.media.iter().zip(&ours.media);
    let wanted: Vec<Option<Direction>> = pairs
        .map(|(offered, answered)| {
            let (offered, answered) = (theirs.direction_of(offered), ours.direction_of(answered));
            (!offered.admits(answered)).then(|| offered.answer().and(answered))
        })
        .collect();
    if wanted.iter().all(Option::is_none) {
        return answer;
    }
    let text = String::from_utf8_lossy(&answer);
    let mut fitted = String::with_capacity(text.len() + 16);
    let mut m_line = None;
    for line in text.lines() {
        if line.starts_with("m=") {
            let at = m_line.map_or(0, |at| at + 1);
            m_line = Some(at);
            push(&mut fitted, line);
            if let Some(Some(direction)) = wanted.get(at) {
                push(&mut fitted, &format!("a={}", direction.name()));
            }
            continue;
        }
        let is_direction = Direction::is_said(line);
        let is_overruled = m_line.is_some_and(|at| wanted.get(at).is_some_and(Option::is_some));
        if !(is_direction && is_overruled) {
            push(&mut fitted, line);
        }
    }
    fitted.into_bytes()
}

/// A line, with its end.
pub(crate) fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    const AUDIO: &str = "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    const VIDEO: &str = "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n";

    fn fitted(offer: &[&str], answer: &[&str]) -> String {
        let text = |parts: &[&str]| format!("{HEAD}{}", parts.concat());
        String::from_utf8(fit(text(offer).as_bytes(), text(answer).into_bytes())).unwrap()
    }

    #[test]
    fn e6_a_line_that_nobody_offered_goes() {
        assert_eq!(fitted(&[AUDIO], &[AUDIO, VIDEO]), format!("{HEAD}{AUDIO}"));
    }

    #[test]
    fn e6_a_line_that_the_answer_forgets_is_refused() {
        let wanted = format!("{HEAD}{AUDIO}m=video 0 RTP/AVP 99\r\n");

        assert_eq!(fitted(&[AUDIO, VIDEO], &[AUDIO]), wanted);
    }

    #[test]
    fn e1_a_line_is_answered_with_feedback_where_that_was_offered() {
        let with = |protocol: &str| AUDIO.replace("RTP/AVP", protocol);
        for (offered, answered, wanted) in [
            ("RTP/AVPF", "RTP/AVP", "RTP/AVPF"),
            ("RTP/AVP", "RTP/AVPF", "RTP/AVP"),
            ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"),
            ("RTP/SAVP", "RTP/AVP", "RTP/AVP"),
        ] {
            let fitted = fitted(&[&with(offered)], &[&with(answered)]);
            assert_eq!(fitted, format!("{HEAD}{}", with(wanted)), "{offered} and {answered}");
        }
    }

    #[test]
    fn an_answer_that_fits_stays_as_it_is() {
        assert_eq!(fitted(&[AUDIO, VIDEO], &[AUDIO, VIDEO]), format!("{HEAD}{AUDIO}{VIDEO}"));
    }
}
