//! What reading a message promises, beyond the torture messages.
#![allow(clippy::unwrap_used)]

use sip_message::{
    Fault, Header, Host, Message, Method, NameAddr, Scheme, Start, Uri, Via, multipart, salvage,
};

const INVITE: &str = "INVITE sip:+12125550123@example.com;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.10:5062;rport;branch=z9hG4bK-1, SIP/2.0/TLS edge.example.com\r\n\
    From: \"Hana \\\"K\\\" Kim\" <sip:1001@example.com>;tag=a1\r\n\
    To: <tel:+1-212-555-0123;phone-context=example.com>\r\n\
    Call-ID: abc@192.0.2.10\r\n\
    CSeq: 7 INVITE\r\n\
    m: <sip:1001@192.0.2.10>;expires=60, \"a, b\" <sip:1001@192.0.2.11?x=1,2>\r\n\
    k: timer, 100rel\r\n\
    Supported: replaces\r\n\
    X-Own: one\r\n\
    Content-Length: 4\r\n\
    \r\n\
    body and surplus";

#[test]
fn the_parts_of_a_request_are_found() {
    let message = Message::parse(INVITE.as_bytes()).unwrap();

    let uri = "sip:+12125550123@example.com;user=phone";
    assert_eq!(message.start(), Start::Request { method: Method::Invite, uri });
    assert_eq!(message.body(), b"body");
    assert!(message.bytes().ends_with(b"\r\n\r\nbody"));
    assert_eq!(message.call_id(), "abc@192.0.2.10");
    assert_eq!(message.named("x-own"), Some("one"));
    assert_eq!(message.named("Contact"), message.line(Header::Contact));
    assert_eq!(message.from().display().unwrap(), "Hana \"K\" Kim");
    assert_eq!(message.from().tag(), Some("a1"));
    assert_eq!(message.to().parsed_uri().unwrap().number(), Some("+1-212-555-0123"));
    assert_eq!(message.to().parsed_uri().unwrap().phone_context(), Some("example.com"));
}

#[test]
fn the_topmost_via_says_where_the_answer_goes() {
    let message = Message::parse(INVITE.as_bytes()).unwrap();

    let via = message.via();
    assert_eq!((via.transport, via.host.to_string().as_str(), via.port), ("UDP", "192.0.2.10", Some(5062)));
    assert_eq!(via.rport(), Some(None));
    assert_eq!(via.branch(), Some("z9hG4bK-1"));
    let second = message.vias().nth(1).unwrap().unwrap();
    assert_eq!(second.host, Host::Name("edge.example.com"));
}

#[test]
fn values_are_split_at_commas_outside_quotes_and_brackets() {
    let message = Message::parse(INVITE.as_bytes()).unwrap();

    let contacts: Vec<_> = message.contacts().map(Result::unwrap).collect();
    assert_eq!(contacts.len(), 2);
    assert_eq!(contacts[0].param("expires"), Some(Some("60")));
    assert_eq!(contacts[1].display().unwrap(), "a, b");
    assert_eq!(contacts[1].uri, "sip:1001@192.0.2.11?x=1,2");
}

#[test]
fn a_token_is_found_on_any_line_and_in_any_case() {
    let message = Message::parse(INVITE.as_bytes()).unwrap();

    assert!(message.has_token(Header::Supported, "REPLACES"));
    assert!(message.has_token(Header::Supported, "100rel"));
    assert!(!message.has_token(Header::Supported, "rel"));
}

#[test]
fn every_header_is_found_by_its_name_in_any_case() {
    for name in ["Via", "P-Asserted-Identity", "WWW-Authenticate", "Session-Expires", "RAck", "MIME-Version"]
    {
        let header = Header::of(name);
        assert_eq!(header.name(), name);
        assert_eq!(Header::of(&name.to_lowercase()), header);
        assert_eq!(Header::of(&name.to_uppercase()), header);
    }
    for (compact, header) in [("v", Header::Via), ("L", Header::ContentLength), ("x", Header::SessionExpires)]
    {
        assert_eq!(Header::of(compact), header);
    }
    for name in ["X-Via", "Vi", "z", "", "Viaa", "\u{1}ia"] {
        assert_eq!(Header::of(name), Header::Other);
    }
}

#[test]
fn lines_beyond_the_index_are_found_too() {
    let text = with_extra_lines(200);

    let message = Message::parse(text.as_bytes()).unwrap();

    assert_eq!(message.lines().count(), 206);
    assert_eq!(message.named("X-199"), Some("199"));
    assert_eq!(message.line(Header::Expires), Some("3"));
}

#[test]
fn too_many_lines_are_refused() {
    let error = Message::parse(with_extra_lines(300).as_bytes()).unwrap_err();

    assert_eq!((error.what, error.status()), (Fault::TooManyHeaders, 513));
}

#[test]
fn without_content_length_the_body_goes_to_the_end() {
    let text = INVITE.replace("Content-Length: 4\r\n", "");

    let message = Message::parse(text.as_bytes()).unwrap();

    assert_eq!(message.body(), b"body and surplus");
}

#[test]
fn empty_lines_in_front_are_not_part_of_the_message() {
    let text = format!("\r\n\r\n{INVITE}");

    let message = Message::parse(text.as_bytes()).unwrap();

    assert!(message.bytes().starts_with(b"INVITE"));
}

#[test]
fn lines_may_end_with_a_bare_line_feed() {
    let text = INVITE.replace("\r\n", "\n");

    let message = Message::parse(text.as_bytes()).unwrap();

    assert_eq!(message.cseq().number, 7);
    assert_eq!(message.body(), b"body");
}

#[test]
fn what_can_hide_a_header_is_refused() {
    for (old, new, what) in [
        ("X-Own: one", "X-Own: o\0ne", Fault::ControlCharacter),
        ("X-Own: one", "X-Own: o\rEvil: ne", Fault::ControlCharacter),
        ("X-Own: one\r\n", "X-Own: one\r\r\n", Fault::ControlCharacter),
        ("X-Own: one", "X Own: one", Fault::BadHeaderName),
        ("X-Own: one", ": one", Fault::BadHeaderName),
        ("X-Own: one", "X-Own", Fault::BadHeaderName),
        ("From:", "X-From:", Fault::MissingHeader),
        ("CSeq: 7", "CSeq: 2147483648", Fault::BadCSeq),
        ("CSeq: 7 INVITE", "CSeq: 7 BYE", Fault::MethodMismatch),
        ("Content-Length: 4", "Content-Length: +4", Fault::BadContentLength),
        ("Content-Length: 4", "Content-Length: 4\r\nl: 5", Fault::RepeatedHeader),
        ("Content-Length: 4", "Content-Length: 99999999999999999999", Fault::BadContentLength),
        ("SIP/2.0\r\n", "SIP/2.0.0\r\n", Fault::BadStartLine),
        ("SIP/2.0\r\n", "SIP/3.0\r\n", Fault::BadVersion),
        ("INVITE sip", "INVITE  sip", Fault::BadUri),
        ("192.0.2.10:5062", "192.0.2.10:0", Fault::BadPort),
        ("192.0.2.10:5062", "192.0.2.10:65536", Fault::BadPort),
        (";tag=a1", ";tag=a1;;x", Fault::BadParam),
    ] {
        let text = INVITE.replacen(old, new, 1);
        assert_eq!(Message::parse(text.as_bytes()).unwrap_err().what, what, "{new:?}");
    }
}

#[test]
fn headers_that_are_not_utf8_are_refused_with_their_place() {
    let mut bytes = INVITE.as_bytes().to_vec();
    let at = INVITE.find("one").unwrap();
    bytes[at] = 0xff;

    let error = Message::parse(&bytes).unwrap_err();

    assert_eq!((error.what, error.at), (Fault::NotUtf8, at));
}

#[test]
fn a_fault_names_its_header_and_place() {
    let text = INVITE.replace("CSeq: 7 INVITE", "CSeq: seven INVITE");

    let error = Message::parse(text.as_bytes()).unwrap_err();

    assert_eq!((error.header, error.at), (Some(Header::CSeq), text.find("seven").unwrap()));
    assert_eq!(error.to_string(), format!("malformed CSeq (CSeq, byte {})", error.at));
}

#[test]
fn the_same_header_twice_is_fine_if_it_says_the_same() {
    let text = INVITE.replace("CSeq: 7 INVITE\r\n", "CSeq: 7 INVITE\r\nCSeq: 7 INVITE\r\n");

    assert!(Message::parse(text.as_bytes()).is_ok());
}

#[test]
fn a_contact_star_stands_for_all_and_a_from_star_for_nobody() {
    let text = INVITE.replace("m: <sip:1001@192.0.2.10>;expires=60", "m: *");
    assert!(Message::parse(text.as_bytes()).unwrap().contact().unwrap().unwrap().is_star());

    let text = INVITE.replace("From: \"Hana \\\"K\\\" Kim\" <sip:1001@example.com>", "From: *");
    assert_eq!(Message::parse(text.as_bytes()).unwrap_err().what, Fault::BadAddress);
}

#[test]
fn parameters_behind_a_bare_uri_belong_to_the_header() {
    let address = NameAddr::parse("sip:a@example.com;transport=tcp;tag=1").unwrap();

    assert_eq!(address.uri, "sip:a@example.com");
    assert_eq!(address.param("transport"), Some(Some("tcp")));
    assert_eq!(address.tag(), Some("1"));
}

#[test]
fn an_address_that_ends_too_early_or_too_late_is_refused() {
    for text in ["", "<sip:a@b", "sip:", "\"A <sip:a@b>", "\"A\" sip:a@b", "<sip:a@b> x", "A", "<sip:a b@c>"]
    {
        assert!(NameAddr::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn uris_are_equal_as_rfc_3261_says() {
    for (a, b, equal) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            true,
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            true,
        ),
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false),
        ("sip:a@[::1]", "sip:a@[0:0::1]", true),
        ("sips:a@b.com", "sip:a@b.com", false),
        ("tel:+1-201-555-0123", "tel:+12015550123", true),
        ("tel:7042;phone-context=example.com", "tel:7042", false),
        ("urn:service:sos", "urn:service:sos", true),
    ] {
        let (one, other) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
        assert_eq!(one.matches(&other), equal, "{a} and {b}");
        assert_eq!(other.matches(&one), equal, "{b} and {a}");
    }
}

#[test]
fn uris_out_of_shape_are_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        "sip:@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@b:port",
        "sip:a@b:70000",
        "sip:a@[::1",
        "sip:a@b;;x",
        "sip:a@b x",
        "sip:a@b,c",
        "tel:",
        "tel:+",
        "tel:abc-xyz",
        "sip:a@b<c>",
        "<sip:a@b>",
    ] {
        assert!(Uri::parse(text).is_err(), "{text:?}");
    }
    let long = format!("sip:{}@example.com", "a".repeat(4000));
    assert_eq!(Uri::parse(&long).unwrap_err().status(), 414);
}

#[test]
fn schemes_are_read_in_any_case() {
    assert_eq!(Uri::parse("SIPS:a@b.com").unwrap().scheme, Scheme::Sips);
    assert_eq!(Uri::parse("urn:service:sos").unwrap().scheme, Scheme::Other("urn"));
}

#[test]
fn a_via_of_another_protocol_is_refused() {
    for text in ["SIP/7.0/UDP a", "HTTP/2.0/UDP a", "SIP/2.0 a", "SIP/2.0/UDP", "SIP/2.0/UDPa:5060;b=c d", ""]
    {
        assert!(Via::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn neither_a_response_nor_an_ack_is_salvaged() {
    assert!(salvage(b"SIP/2.0 abc\r\nVia: SIP/2.0/UDP a\r\n\r\n").is_none());
    assert!(salvage(b"ACK sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n").is_none());
    assert!(salvage(b"\r\n\r\n").is_none());
    assert!(salvage(b"INVITE sip:a SIP/2.0\r\nFrom: <sip:a@b>\r\n\r\n").is_none());
}

#[test]
fn a_part_may_hold_what_looks_like_a_boundary() {
    let body = b"preamble\r\n--ab\r\nContent-Type: text/plain\r\n\r\nx --ab y\r\n--abc\r\n\
        --ab\r\n\r\nraw\r\n--ab--\r\nend";

    let parts: Vec<_> = multipart::parts(body, "ab").collect();

    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].body, b"x --ab y\r\n--abc");
    assert_eq!(parts[0].named("content-type"), Some("text/plain"));
    assert_eq!((parts[1].headers, parts[1].body), ("", &b"raw"[..]));
}

fn with_extra_lines(count: usize) -> String {
    let extra: String = (0..count).map(|n| format!("X-{n}: {n}\r\n")).collect();
    format!(
        "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b.com>\r\n\
         To: <sip:a@b.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n{extra}Expires: 3\r\n\r\n"
    )
}
