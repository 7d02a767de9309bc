//! What a recorder asks for (RFC 7865, 7; RFC 7866, 9.2).

/// Whether a recorder's document asks for all metadata anew.
pub fn is_snapshot_wanted(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let mut rest = &*text;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let name = tag.split(|letter: char| letter.is_whitespace() || "/>".contains(letter)).next();
        let name = name.unwrap_or_default();
        // Declarations and remarks stand before the first element.
        if !name.starts_with(['?', '!']) {
            return name.rsplit(':').next() == Some("requestsnapshot");
        }
        let end = if name.starts_with("!--") { "-->" } else { ">" };
        let Some(behind) = tag.find(end) else { return false };
        rest = &tag[behind + end.len()..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorder_asks_by_the_first_element_of_its_document() {
        for (document, is_wanted) in [
            ("<?xml version=\"1.0\"?>\n<requestsnapshot xmlns='urn:ietf:params:xml:ns:recording:1'/>", true),
            ("<!-- <recording> --><r:requestsnapshot xmlns:r='urn:ietf:params:xml:ns:recording:1'>", true),
            ("<recording><requestsnapshot/></recording>", false),
            ("requestsnapshot", false),
            ("<!-- <requestsnapshot/>", false),
            ("", false),
        ] {
            assert_eq!(is_snapshot_wanted(document.as_bytes()), is_wanted, "{document}");
        }
    }
}
