//! Answers that claim more than was offered, brought back to what the offer allows (RFC 3264, 6.1).

use crate::direction::Direction;
use crate::session::Session;

/// Our answer, whose writer may have been careless, with directions that the offer admits.
pub fn fit_directions(offer: &[u8], answer: Vec<u8>) -> Vec<u8> {
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
        let is_direction = line.strip_prefix("a=").is_some_and(|name| Direction::parse(name).is_some());
        let is_overruled = m_line.is_some_and(|at| wanted.get(at).is_some_and(Option::is_some));
        if !(is_direction && is_overruled) {
            push(&mut fitted, line);
        }
    }
    fitted.into_bytes()
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\r\n");
}
