//! What the small values say.
#![allow(clippy::unwrap_used)]

use sip_message::{Fault, Header, MediaType, Message, Method, NameAddr, Params, Uri, Values, Via, unquote};

fn with(lines: &str) -> String {
    format!(
        "SIP/2.0 503 Busy\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b.com>;tag=1\r\nTo: <sip:a@b.com>\r\n\
         Call-ID: x\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
    )
}

#[test]
fn a_number_ends_at_parameters_or_a_comment() {
    let text = with("Retry-After: 18 (in a meeting);duration=60\r\nx: 1800;refresher=uac\r\nMin-SE: 90\r\n");
    let message = Message::parse(text.as_bytes()).unwrap();

    assert_eq!(message.retry_after(), Ok(Some(18)));
    assert_eq!(message.number(Header::SessionExpires), Ok(Some(1800)));
    assert_eq!(message.number(Header::MinSe), Ok(Some(90)));
    assert_eq!(message.expires(), Ok(None));
    let (interval, params) = Params::of_value(message.line(Header::SessionExpires).unwrap());
    assert_eq!((interval, params.value("Refresher")), ("1800", Some("uac")));
}

#[test]
fn a_number_that_is_none_or_too_large_is_a_fault() {
    for value in ["", "-1", "1x", "4294967296", "0x10", "1 2"] {
        let text = with(&format!("Expires: {value}\r\n"));
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(message.expires().unwrap_err().what, Fault::BadNumber, "{value:?}");
    }
    let text = with("Max-Forwards: 256\r\n");
    assert!(Message::parse(text.as_bytes()).unwrap().max_forwards().is_err());
}

#[test]
fn a_rack_names_the_response_and_its_request() {
    let text = with("RAck: 776656 1 INVITE\r\n");

    let rack = Message::parse(text.as_bytes()).unwrap().rack().unwrap().unwrap();

    assert_eq!((rack.response, rack.cseq.number, rack.cseq.method), (776_656, 1, Method::Invite));
}

#[test]
fn a_media_type_is_known_in_any_case_and_spacing() {
    let kind = MediaType::parse("Multipart / Mixed ; boundary=\"a b\"").unwrap();

    assert!(kind.is("multipart", "mixed"));
    assert_eq!(unquote(kind.params.value("boundary").unwrap()), "a b");
    assert!(MediaType::parse("application").is_none());
    assert!(MediaType::parse("application/sdp nonsense").is_none());
}

#[test]
fn parameters_keep_quoted_separators_together() {
    let address = NameAddr::parse("<sip:a@b.com>;x=\"1;y=2\\\"\";+sip.instance=\"<urn:uuid:1>\";ob").unwrap();

    assert_eq!(address.params.count(), 3);
    assert_eq!(unquote(address.params.value("X").unwrap()), "1;y=2\"");
    assert_eq!(address.param("ob"), Some(None));
    assert_eq!(address.param("y"), None);
}

#[test]
fn too_many_parameters_are_refused() {
    let text = format!("SIP/2.0/UDP a{}", ";p".repeat(65));

    assert_eq!(Via::parse(&text).unwrap_err().what, Fault::TooManyParams);
}

#[test]
fn rport_is_wanted_given_or_absent() {
    assert_eq!(Via::parse("SIP/2.0/UDP a;rport").unwrap().rport(), Some(None));
    assert_eq!(Via::parse("SIP/2.0/UDP a;rport=4000").unwrap().rport(), Some(Some(4000)));
    assert_eq!(Via::parse("SIP/2.0/UDP a").unwrap().rport(), None);
}

#[test]
fn empty_values_of_a_list_are_none() {
    assert_eq!(Values::of("").count(), 0);
    assert_eq!(Values::of(" , a ,, \"b,c\" ,").collect::<Vec<_>>(), ["a", "\"b,c\""]);
}

#[test]
fn an_escape_that_is_none_stays_as_it_is() {
    let user = |text| Uri::parse(text).unwrap().user_decoded().unwrap().into_owned();

    assert_eq!(user("sip:a%2Bb@c.com"), "a+b");
    assert_eq!(user("sip:100%@c.com"), "100%");
    assert_eq!(user("sip:a%zz@c.com"), "a%zz");
    assert_eq!(user("sip:a%ff@c.com"), "a%ff");
}
