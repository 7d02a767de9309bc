//! The torture messages of RFC 4475 and RFC 5118, one test each: what the words alone can decide.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use sip_message::{Fault, Header, Host, Message, Method, Scheme, Uri, Writer, salvage};

/// Messages that parse, and about which a server decides.
const FOR_A_SERVER: [(&str, &str); 11] = [
    ("rfc4475/unkscm.dat", "416: the scheme of the Request-URI is unknown"),
    ("rfc4475/novelsc.dat", "416: the scheme of the Request-URI isn't one of SIP's"),
    ("rfc4475/unksm2.dat", "a registrar can't bind these schemes"),
    ("rfc4475/bext01.dat", "420: extensions are required that nobody knows"),
    ("rfc4475/invut.dat", "415: the body's type is unknown"),
    ("rfc4475/regaut01.dat", "401: the scheme of the credentials is unknown"),
    ("rfc4475/bcast.dat", "discard: the Via below ours is a broadcast address"),
    ("rfc4475/zeromf.dat", "483 or 200: no hops are left"),
    ("rfc4475/sdp01.dat", "406: no SDP is accepted"),
    ("rfc4475/baddate.dat", "a Date in another zone is ignored"),
    ("rfc4475/badbranch.dat", "matched as if it had no branch"),
];

macro_rules! torture {
    ($($name:ident $file:literal $check:expr;)+) => {
        $(#[test] fn $name() { let bytes = load($file); let check: fn(&[u8]) = $check; check(&bytes); })+
        const TESTED: &[&str] = &[$($file),+];
    };
}

torture! {
    wsinv "rfc4475/wsinv.dat" |b| {
        let m = valid(b);
        assert_eq!(m.cseq().number, 9);
        assert_eq!(m.max_forwards(), Ok(Some(68)));
        assert_eq!(m.from().display().unwrap(), r#"J Rosenberg \""#);
        assert_eq!(m.from().tag(), Some("98asjd8"));
        assert_eq!(m.to().tag(), Some("1918181833n"));
        let vias: Vec<_> = m.vias().map(Result::unwrap).collect();
        let transports: Vec<_> = vias.iter().map(|via| via.transport).collect();
        assert_eq!(transports, ["UDP", "TCP", "UDP"]);
        assert_eq!(vias[2].branch(), Some("z9hG4bK30239"));
        assert_eq!(m.line(Header::Subject), Some(""));
        let contact = m.contact().unwrap().unwrap();
        assert_eq!(contact.display().unwrap(), r#"Quoted string """#);
        assert_eq!(contact.param("newparam"), Some(Some("newvalue")));
        assert_eq!(contact.param("secondparam"), Some(None));
        assert_eq!(contact.param("q"), Some(Some("0.33")));
        assert_eq!(m.named("unknownheaderwithunusualvalue"), Some(";;,,;;,;"));
        assert_eq!(m.uri().unwrap().param("unknownparam"), Some(None));
        assert_eq!(m.body().len(), 150);
    };
    intmeth "rfc4475/intmeth.dat" |b| {
        let m = valid(b);
        assert_eq!(m.method(), Some(Method::Other("!interesting-Method0123456789_*+`.%indeed'~")));
        let uri = m.uri().unwrap();
        assert_eq!(uri.user(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
        assert_eq!(uri.password(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
        assert_eq!(uri.host(), Some(Host::Name("example.com")));
        assert_eq!(m.to().display().unwrap(), "BEL:\u{7} NUL:\0 DEL:\u{7f}");
        assert_eq!(m.from().tag(), Some("_token~1'+`*%!-."));
    };
    esc01 "rfc4475/esc01.dat" |b| {
        let m = valid(b);
        let uri = m.uri().unwrap();
        assert_eq!(uri.user(), Some("sips%3Auser%40example.com"));
        assert_eq!(uri.user_decoded().unwrap(), "sips:user@example.com");
        assert_eq!(uri.host(), Some(Host::Name("example.net")));
        let to = m.to().parsed_uri().unwrap();
        assert!(to.matches(&Uri::parse("sip:user@example.com").unwrap()));
    };
    escnull "rfc4475/escnull.dat" |b| {
        let m = valid(b);
        assert_eq!(m.to().parsed_uri().unwrap().user_decoded().unwrap(), "null-\0-null");
        let contacts: Vec<_> = m.contacts().map(|c| c.unwrap().parsed_uri().unwrap()).collect();
        assert_eq!(contacts.len(), 2);
        assert!(!contacts[0].matches(&contacts[1]));
    };
    esc02 "rfc4475/esc02.dat" |b| {
        let m = valid(b);
        assert_eq!(m.method(), Some(Method::Other("RE%47IST%45R")));
        assert_eq!(m.to().display().unwrap(), "%Z%45");
        assert_eq!(m.contacts().count(), 2);
    };
    lwsdisp "rfc4475/lwsdisp.dat" |b| {
        assert_eq!(valid(b).from().display().unwrap(), "caller");
    };
    longreq "rfc4475/longreq.dat" |b| {
        let m = valid(b);
        assert_eq!(m.vias().map(Result::unwrap).count(), 34);
        assert_eq!(m.cseq().number, 3_882_340);
        assert_eq!(m.from().tag().unwrap().len(), 155);
        assert_eq!(m.body().len(), 150);
    };
    dblreq "rfc4475/dblreq.dat" |b| {
        let m = Message::parse(b).unwrap();
        assert_eq!(m.method(), Some(Method::Register));
        assert!(m.body().is_empty());
        assert!(m.bytes().len() < b.len());
    };
    semiuri "rfc4475/semiuri.dat" |b| {
        let m = valid(b);
        let uri = m.uri().unwrap();
        assert_eq!(uri.user_decoded().unwrap(), "user;par=u@example.net");
        assert_eq!(uri.params().count(), 0);
        assert_eq!(m.values(Header::Accept).count(), 6);
    };
    transports "rfc4475/transports.dat" |b| {
        let m = valid(b);
        let transports: Vec<_> = m.vias().map(|via| via.unwrap().transport).collect();
        assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    };
    mpart01 "rfc4475/mpart01.dat" |b| {
        let m = valid(b);
        let kind = m.content_type().unwrap();
        assert!(kind.is("multipart", "mixed"));
        let parts: Vec<_> =
            sip_message::multipart::parts(m.body(), kind.params.value("boundary").unwrap()).collect();
        assert_eq!(parts.len(), 2);
        assert!(parts[0].content_type().unwrap().is("text", "plain"));
        assert_eq!(parts[0].body, b"Hello");
        assert!(parts[1].content_type().unwrap().is("application", "octet-stream"));
        assert!(std::str::from_utf8(parts[1].body).is_err());
    };
    unreason "rfc4475/unreason.dat" |b| {
        assert_eq!(valid(b).status(), Some(200));
    };
    noreason "rfc4475/noreason.dat" |b| {
        assert_eq!(valid(b).start(), sip_message::Start::Response { status: 100, reason: "" });
    };
    badinv01 "rfc4475/badinv01.dat" |b| refused(b, Fault::BadParam, 400);
    clerr "rfc4475/clerr.dat" |b| refused(b, Fault::BodyCutShort, 400);
    ncl "rfc4475/ncl.dat" |b| refused(b, Fault::BadContentLength, 400);
    scalar02 "rfc4475/scalar02.dat" |b| {
        refused(b, Fault::BadCSeq, 400);
        let mended = String::from_utf8(b.to_vec()).unwrap().replace("36893488147419103232", "1");
        let m = Message::parse(mended.as_bytes()).unwrap();
        assert_eq!(m.max_forwards().unwrap_err().what, Fault::BadNumber);
        assert_eq!(m.expires().unwrap_err().what, Fault::BadNumber);
        let contact = m.contact().unwrap().unwrap();
        assert!(contact.params.value("expires").unwrap().parse::<u32>().is_err());
    };
    scalarlg "rfc4475/scalarlg.dat" |b| {
        discarded(b, Fault::BadCSeq);
        let mended = String::from_utf8(b.to_vec()).unwrap().replace("9292394834772304023312", "1");
        let m = Message::parse(mended.as_bytes()).unwrap();
        assert_eq!(m.retry_after().unwrap_err().what, Fault::BadNumber);
    };
    quotbal "rfc4475/quotbal.dat" |b| refused(b, Fault::UnclosedQuote, 400);
    ltgtruri "rfc4475/ltgtruri.dat" |b| refused(b, Fault::BadUri, 400);
    lwsruri "rfc4475/lwsruri.dat" |b| refused(b, Fault::BadUri, 400);
    lwsstart "rfc4475/lwsstart.dat" |b| refused(b, Fault::BadUri, 400);
    trws "rfc4475/trws.dat" |b| refused(b, Fault::BadStartLine, 400);
    escruri "rfc4475/escruri.dat" |b| refused(b, Fault::BadUri, 400);
    baddate "rfc4475/baddate.dat" |b| {
        assert_eq!(valid(b).line(Header::Date), Some("Fri, 01 Jan 2010 16:00:00 EST"));
    };
    regbadct "rfc4475/regbadct.dat" |b| {
        let error = valid(b).contact().unwrap().unwrap_err();
        assert_eq!((error.what, error.status()), (Fault::BadAddress, 400));
    };
    badaspec "rfc4475/badaspec.dat" |b| {
        assert_eq!(valid(b).to().uri, "sip:t.watson@example.org");
    };
    baddn "rfc4475/baddn.dat" |b| {
        let whole = [b.trim_ascii_end(), b"\r\n\r\n"].concat();
        let m = Message::parse(&whole).unwrap();
        assert_eq!(m.from().display().unwrap(), "Bell, Alexander");
        assert_eq!(m.from().uri, "sip:a.g.bell@example.com");
    };
    badvers "rfc4475/badvers.dat" |b| refused(b, Fault::BadVersion, 505);
    mismatch01 "rfc4475/mismatch01.dat" |b| refused(b, Fault::MethodMismatch, 400);
    mismatch02 "rfc4475/mismatch02.dat" |b| refused(b, Fault::MethodMismatch, 400);
    bigcode "rfc4475/bigcode.dat" |b| discarded(b, Fault::BadStatus);
    badbranch "rfc4475/badbranch.dat" |b| assert_eq!(valid(b).via().branch(), Some("z9hG4bK"));
    insuf "rfc4475/insuf.dat" |b| refused(b, Fault::MissingHeader, 400);
    unkscm "rfc4475/unkscm.dat" |b| {
        assert_eq!(valid(b).uri().unwrap().scheme, Scheme::Other("nobodyKnowsThisScheme"));
    };
    novelsc "rfc4475/novelsc.dat" |b| {
        assert_eq!(valid(b).uri().unwrap().scheme, Scheme::Other("soap.beep"));
    };
    unksm2 "rfc4475/unksm2.dat" |b| {
        let m = valid(b);
        assert_eq!(m.to().parsed_uri().unwrap().scheme, Scheme::Other("isbn"));
        assert_eq!(m.from().parsed_uri().unwrap().scheme, Scheme::Other("http"));
        assert_eq!(m.contact().unwrap().unwrap().uri, "name:John_Smith");
    };
    bext01 "rfc4475/bext01.dat" |b| {
        let m = valid(b);
        assert!(m.has_token(Header::Require, "nothingSupportsThis"));
        assert_eq!(m.values(Header::ProxyRequire).count(), 2);
    };
    invut "rfc4475/invut.dat" |b| {
        assert!(valid(b).content_type().unwrap().is("application", "unknownformat"));
    };
    regaut01 "rfc4475/regaut01.dat" |b| {
        let credentials = "NoOneKnowsThisScheme opaque-data=here";
        assert_eq!(valid(b).line(Header::Authorization), Some(credentials));
    };
    multi01 "rfc4475/multi01.dat" |b| refused(b, Fault::RepeatedHeader, 400);
    mcl01 "rfc4475/mcl01.dat" |b| refused(b, Fault::RepeatedHeader, 400);
    bcast "rfc4475/bcast.dat" |b| {
        let m = valid(b);
        assert_eq!(m.vias().nth(1).unwrap().unwrap().host, Host::parse("255.255.255.255").unwrap());
    };
    zeromf "rfc4475/zeromf.dat" |b| assert_eq!(valid(b).max_forwards(), Ok(Some(0)));
    cparam01 "rfc4475/cparam01.dat" |b| {
        let m = valid(b);
        let contact = m.contact().unwrap().unwrap();
        assert_eq!(contact.param("unknownparam"), Some(None));
        assert_eq!(contact.parsed_uri().unwrap().params().count(), 0);
    };
    cparam02 "rfc4475/cparam02.dat" |b| {
        let m = valid(b);
        let contact = m.contact().unwrap().unwrap();
        assert_eq!(contact.parsed_uri().unwrap().param("unknownparam"), Some(None));
        assert_eq!(contact.params.count(), 0);
    };
    regescrt "rfc4475/regescrt.dat" |b| {
        let m = valid(b);
        let uri = m.contact().unwrap().unwrap().parsed_uri().unwrap();
        assert_eq!(uri.headers().collect::<Vec<_>>(), [("Route", "%3Csip:sip.example.com%3E")]);
    };
    sdp01 "rfc4475/sdp01.dat" |b| {
        assert!(!valid(b).has_token(Header::Accept, "application/sdp"));
    };
    inv2543 "rfc4475/inv2543.dat" |b| {
        let m = valid(b);
        assert_eq!((m.via().branch(), m.from().tag()), (None, None));
        assert_eq!(m.to().param("user"), Some(Some("phone")));
        assert!(m.body().starts_with(b"v=0"));
    };
    ipv6_good "rfc5118/ipv6-good.dat" |b| {
        let m = valid(b);
        assert_eq!(m.uri().unwrap().host().unwrap().to_string(), "[2001:db8::10]");
        assert_eq!(m.via().host.to_string(), "[2001:db8::9:1]");
    };
    ipv6_bad "rfc5118/ipv6-bad.dat" |b| refused(b, Fault::BadPort, 400);
    port_ambiguous "rfc5118/port-ambiguous.dat" |b| {
        let m = valid(b);
        let uri = m.uri().unwrap();
        assert_eq!((uri.host().unwrap().to_string().as_str(), uri.port()), ("[2001:db8::10:5070]", None));
    };
    port_unambiguous "rfc5118/port-unambiguous.dat" |b| {
        let uri = valid(b).uri().unwrap();
        assert_eq!((uri.host().unwrap().to_string().as_str(), uri.port()), ("[2001:db8::10]", Some(5070)));
    };
    received_in_brackets "rfc5118/via-received-param-with-delim.dat" |b| {
        assert_eq!(valid(b).via().received(), Some("2001:db8::9:255"));
    };
    received_without_brackets "rfc5118/via-received-param-no-delim.dat" |b| {
        let via = valid(b).via();
        assert_eq!((via.received(), via.branch()), (Some("2001:db8::9:255"), Some("z9hG4bKas3")));
    };
    ipv6_in_sdp "rfc5118/ipv6-in-sdp.dat" |b| assert!(valid(b).body().starts_with(b"v=0"));
    mult_ip_in_header "rfc5118/mult-ip-in-header.dat" |b| {
        let m = valid(b);
        let hosts: Vec<_> = m.vias().map(|via| via.unwrap().host.to_string()).collect();
        assert_eq!(hosts, ["[2001:db8::9:1]", "192.0.2.1", "[2001:db8::9:255]"]);
        assert_eq!(m.via().port, Some(6050));
    };
    mult_ip_in_sdp "rfc5118/mult-ip-in-sdp.dat" |b| assert!(valid(b).body().starts_with(b"v=0"));
    ipv4_mapped_ipv6 "rfc5118/ipv4-mapped-ipv6.dat" |b| {
        let m = valid(b);
        assert_eq!(m.via().host, Host::parse("[::ffff:192.0.2.10]").unwrap());
        assert_eq!(m.via().port, Some(19823));
    };
    three_colons "rfc5118/ipv6-bug-abnf-3-colons.dat" |b| {
        let host = valid(b).uri().unwrap().host();
        assert_eq!(host, Some(Host::parse("[2001:db8::192.0.2.1]").unwrap()));
    };
    two_colons "rfc5118/ipv6-correct-abnf-2-colons.dat" |b| {
        assert!(valid(b).uri().unwrap().host().unwrap().ip().is_some());
    };
}

#[test]
fn every_message_of_the_index_is_tested() {
    let index = String::from_utf8(load("index.tsv")).unwrap();
    let files: Vec<&str> = index.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();

    assert_eq!(files.len(), TESTED.len());
    for file in files {
        assert!(TESTED.contains(&file), "{file} is in the index and has no test");
    }
}

#[test]
fn what_a_server_decides_parses() {
    for (file, why) in FOR_A_SERVER {
        assert!(Message::parse(&load(file)).is_ok(), "{file} must parse, for {why}");
    }
}

fn load(file: &str) -> Vec<u8> {
    let path = format!("{}/../../../shared/vectors/torture/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("the test data {path} is needed: {error}"))
}

/// Parses, is all of its input, and prints line by line as it came.
fn valid(bytes: &[u8]) -> Message<'_> {
    let message = Message::parse(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert!(bytes.starts_with(message.bytes()));
    assert!(bytes[message.bytes().len()..].iter().all(u8::is_ascii_whitespace), "only surplus is left out");

    let mut out = Vec::new();
    let mut writer = Writer::start_of(&mut out, &message);
    for line in message.lines() {
        writer.copy(line);
    }
    writer.end_copied(message.body());
    assert_eq!(out, message.bytes());
    message
}

fn refused(bytes: &[u8], what: Fault, status: u16) {
    let error = Message::parse(bytes).unwrap_err();
    assert_eq!((error.what, error.status()), (what, status), "{error}");

    let salvaged = salvage(bytes).expect("a malformed request can be answered");
    let mut out = Vec::new();
    salvaged.answer(&mut out, status, what.words());
    assert!(out.starts_with(format!("SIP/2.0 {status} ").as_bytes()));
    assert!(out.ends_with(b"Content-Length: 0\r\n\r\n"));
    assert!(salvaged.line(Header::Via).is_some() && salvaged.line(Header::CSeq).is_some());
}

fn discarded(bytes: &[u8], what: Fault) {
    assert_eq!(Message::parse(bytes).unwrap_err().what, what);
    assert!(salvage(bytes).is_none(), "nobody answers a response");
}
