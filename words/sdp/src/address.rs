//! Finding addresses, in whatever text they stand.

/// Whether an IP address stands anywhere in the text, even grown together with what is around it.
/// Rather too strict than too lax: what is taken for one is a line less, what is not taken is a leak.
pub(crate) fn names_an_address(text: &str) -> bool {
    let count = |mark: u8| text.bytes().filter(|byte| *byte == mark).count();
    // Most lines have too few dots and colons for any address.
    (count(b'.') >= 3 && text.split(|c: char| !c.is_ascii_digit() && c != '.').any(holds_v4))
        || (count(b':') >= 2 && text.split(|c: char| !c.is_ascii_hexdigit() && c != ':').any(holds_v6))
}

/// Four numbers in a row with dots between them; the inner two stand alone, and so must be octets.
fn holds_v4(run: &str) -> bool {
    let parts: Vec<_> = run.split('.').collect();
    let is_octet = |part: &str| part.parse::<u8>().is_ok();
    parts.windows(4).any(|four| {
        let [first, second, third, last] = four else { return false };
        !first.is_empty() && is_octet(second) && is_octet(third) && !last.is_empty()
    })
}

/// Seven colons, or two that stand for zeroes.
fn holds_v6(run: &str) -> bool {
    (run.contains("::") && run.len() > 2) || run.matches(':').count() >= 7
}
