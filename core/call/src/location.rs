//! Where a far end says that its party is: the headers of Microsoft Teams for media that stays local.

use model::Side;
use policy::Location;
use sip_message::Message;

const PARTY: &str = "X-MS-UserLocation";
const PATH: &str = "X-MS-MediaPath";
const SITE: &str = "X-MS-UserSite";

/// More border controllers than this lead nowhere.
const PATH_MAX: usize = 8;
/// No name is longer (RFC 1035).
const NAME_MAX: usize = 253;

/// What a message says; nothing, where it doesn't say on which side its party is.
pub(crate) fn said_in(message: &Message<'_>) -> Option<Location> {
    let word = message.named(PARTY)?.trim();
    let party = match () {
        () if word.eq_ignore_ascii_case("internal") => Side::Inside,
        () if word.eq_ignore_ascii_case("external") => Side::Outside,
        () => return None,
    };
    let path = message.named(PATH).into_iter().flat_map(|path| path.split([',', ' ']));
    let path = path.filter_map(name).take(PATH_MAX).collect();
    Some(Location { party, path, site: message.named(SITE).and_then(name) })
}

/// A name that people can be shown.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let is_shown = !text.is_empty() && text.len() <= NAME_MAX && !text.contains(char::is_control);
    is_shown.then(|| text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(lines: &str) -> Option<Location> {
        let text = format!(
            "INVITE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.2;branch=z9hG4bK1\r\n\
             From: <sip:b@192.0.2.2>;tag=1\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: 1\r\n\
             CSeq: 1 INVITE\r\n{lines}\r\n"
        );
        said_in(&Message::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn b8_a_location_is_read_as_teams_writes_it() {
        let said = said(
            "X-MS-UserLocation: internal\r\nX-MS-UserSite: Vietnam\r\n\
             X-MS-MediaPath: proxysbc.contoso.com, VNsbc.contoso.com\r\n",
        );

        let path = vec!["proxysbc.contoso.com".to_owned(), "VNsbc.contoso.com".to_owned()];
        assert_eq!(said, Some(Location { party: Side::Inside, path, site: Some("Vietnam".to_owned()) }));
    }

    #[test]
    fn b8_what_does_not_say_a_side_says_nothing() {
        for lines in ["", "X-MS-UserLocation:\r\n", "X-MS-UserLocation: roaming\r\n", "X-MS-UserSite: A\r\n"]
        {
            assert_eq!(said(lines), None, "{lines}");
        }
    }

    /// Whoever writes more than anybody would is read as far as it helps.
    #[test]
    fn b8_names_are_few_and_short() {
        let long = "a".repeat(300);
        let many = (0..100).map(|n| format!("sbc{n}.example")).collect::<Vec<_>>().join(" ");
        let said = said(&format!(
            "X-MS-UserLocation: External\r\nX-MS-UserSite: {long}\r\nX-MS-MediaPath: {long}, {many}\r\n"
        ));

        let said = said.unwrap();
        assert_eq!((said.party, said.path.len(), said.site), (Side::Outside, PATH_MAX, None));
        assert_eq!(said.path[0], "sbc0.example");
    }
}
