//! Dialogs from both sides: identity, order, route sets, and the way of the next request.
#![allow(clippy::unwrap_used)]

mod scene;

use scene::{answer, asked, request, tcp, udp, with_to_tag};
use sip_message::{Message, Method};
use sip_stack::{ConnectionId, Dialog, Flow, PeerFault, Sent, Transport};

const INVITE: &str = "INVITE sip:bob@east.example SIP/2.0\r\n\
    Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKx\r\n\
    From: \"A\" <sip:alice@198.51.100.1>;tag=tours\r\nTo: <sip:bob@east.example>\r\nCall-ID: our-call\r\n\
    CSeq: 4 INVITE\r\nContent-Length: 0\r\n\r\n";

fn sent() -> Sent<'static> {
    Sent {
        uri: "sip:bob@east.example",
        from: "\"A\" <sip:alice@198.51.100.1>;tag=tours",
        call_id: "our-call",
        cseq: 4,
    }
}

/// Our dialog, from an answer with this Contact and these Record-Routes.
fn caller(contact: &str, record_routes: &str, flow: Flow) -> Dialog {
    let text = answer(INVITE, 200)
        .replace("Contact: <sip:bob@192.0.2.9:5088>\r\n", &format!("Contact: {contact}\r\n{record_routes}"));
    let response = Message::parse(text.as_bytes()).unwrap();
    Dialog::as_caller(&sent(), &response, flow).unwrap()
}

fn callee(flow: Flow) -> Dialog {
    let text = asked("INVITE", "z9hG4bKa");
    Dialog::as_callee(&Message::parse(text.as_bytes()).unwrap(), "tours", flow)
}

#[test]
fn a_caller_goes_on_where_the_answer_says() {
    let mut dialog = caller("<sip:bob@192.0.2.44:5070>", "", udp());

    let bye = dialog.next_request(Method::Bye);

    assert_eq!(bye.uri, "sip:bob@192.0.2.44:5070");
    assert_eq!(bye.from, "\"A\" <sip:alice@198.51.100.1>;tag=tours");
    assert_eq!(bye.to, "<sip:bob@east.example>;tag=theirs");
    assert_eq!((bye.call_id, bye.cseq), ("our-call", 5));
    assert_eq!(bye.flow.remote, "192.0.2.44:5070".parse().unwrap());
}

#[test]
fn an_answer_without_a_tag_makes_no_dialog() {
    let text = answer(INVITE, 180).replace(";tag=theirs", "");
    let response = Message::parse(text.as_bytes()).unwrap();

    assert!(Dialog::as_caller(&sent(), &response, udp()).is_none());
}

/// A far end that is older than tags is spoken with all the same (RFC 3261 12.1.2).
#[test]
fn c1_a_final_answer_without_a_tag_makes_a_dialog() {
    let text = answer(INVITE, 200).replace(";tag=theirs", "");
    let response = Message::parse(text.as_bytes()).unwrap();
    let mut dialog = Dialog::as_caller(&sent(), &response, udp()).unwrap();
    let theirs = "BYE sip:alice@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKb\r\n\
        From: <sip:bob@east.example>\r\nTo: <sip:alice@198.51.100.1>;tag=tours\r\nCall-ID: our-call\r\n\
        CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n";

    assert_eq!(dialog.next_request(Method::Bye).to, "<sip:bob@east.example>");
    assert!(dialog.is_of(&Message::parse(theirs.as_bytes()).unwrap()));
}

#[test]
fn an_early_answer_without_contact_leaves_the_target_as_it_was() {
    let text = answer(INVITE, 180).replace("Contact: <sip:bob@192.0.2.9:5088>\r\n", "");
    let response = Message::parse(text.as_bytes()).unwrap();

    let dialog = Dialog::as_caller(&sent(), &response, udp()).unwrap();

    assert_eq!(dialog.target(), "sip:bob@east.example");
    assert_eq!(dialog.flow(), udp(), "a name is not looked up again");
}

#[test]
fn the_ack_bears_the_number_of_its_invite() {
    let mut dialog = caller("<sip:bob@192.0.2.9:5088>", "", udp());
    dialog.next_request(Method::Bye);

    let ack = dialog.ack_for(4);

    assert_eq!((ack.method, ack.cseq), (Method::Ack, 4));
}

#[test]
fn a_callers_route_set_is_the_record_route_from_behind_and_a_callees_from_the_front() {
    let routes = "Record-Route: <sip:203.0.113.2;lr>, <sip:203.0.113.1;lr>\r\n";
    let mut caller = caller("<sip:bob@192.0.2.9:5088>", routes, udp());
    let bye = caller.next_request(Method::Bye);
    assert_eq!(*bye.routes, [Box::from("<sip:203.0.113.1;lr>"), Box::from("<sip:203.0.113.2;lr>")]);
    assert_eq!(bye.flow.remote, "203.0.113.1:5060".parse().unwrap());

    let text = asked("INVITE", "z9hG4bKa").replace("Record-Route: <sip:10.0.0.5;lr>\r\n", routes);
    let mut callee = Dialog::as_callee(&Message::parse(text.as_bytes()).unwrap(), "tours", udp());
    let bye = callee.next_request(Method::Bye);
    assert_eq!(*bye.routes, [Box::from("<sip:203.0.113.2;lr>"), Box::from("<sip:203.0.113.1;lr>")]);
    assert_eq!(bye.flow.remote, "203.0.113.2:5060".parse().unwrap());
}

#[test]
fn a_strict_router_takes_the_request_uri() {
    let routes = "Record-Route: <sip:203.0.113.2;lr>\r\nRecord-Route: <sip:203.0.113.1>\r\n";
    let mut dialog = caller("<sip:bob@192.0.2.9:5088>", routes, udp());

    let bye = dialog.next_request(Method::Bye);

    assert_eq!(bye.uri, "sip:203.0.113.1");
    assert_eq!(*bye.routes, [Box::from("<sip:203.0.113.2;lr>"), Box::from("<sip:bob@192.0.2.9:5088>")]);
}

#[test]
fn a_callee_answers_to_who_called() {
    let mut dialog = callee(udp());
    assert_eq!((dialog.local_tag(), dialog.remote_tag()), ("tours", "theirs"));

    let bye = dialog.next_request(Method::Bye);

    assert_eq!(bye.from, "<sip:200@198.51.100.1>;tag=tours");
    assert_eq!(bye.to, "<sip:100@10.0.0.5>;tag=theirs");
    assert_eq!((bye.uri, bye.cseq), ("sip:100@10.0.0.5", 1));
}

#[test]
fn a_private_address_behind_a_public_one_is_answered_where_it_was_heard() {
    let public = Flow { remote: "8.8.4.4:40000".parse().unwrap(), ..udp() };

    assert_eq!(callee(public).flow(), public);
}

#[test]
fn a_private_address_beside_a_private_one_is_taken_at_its_word() {
    let lan = Flow { remote: "10.0.0.77:5060".parse().unwrap(), ..udp() };

    assert_eq!(callee(lan).flow().remote, "10.0.0.5:5060".parse().unwrap());
}

#[test]
fn a_far_end_on_a_stream_keeps_its_connection() {
    let dialog = caller("<sip:bob@192.0.2.9:5070;transport=tcp>", "", tcp());
    assert_eq!(dialog.flow().connection, tcp().connection);

    let elsewhere = caller("<sip:bob@192.0.2.10:5070;transport=tcp>", "", tcp());
    assert_eq!(elsewhere.flow().connection, ConnectionId::NONE);
}

/// Whoever says in the clear to be a `sips` address can't be reached there by the way that is at hand, which
/// is the only one known: requests go on as if nothing had been said. On a sealed way it is taken at its
/// word, and nothing that comes later in the clear leads the dialog away.
#[test]
fn d6_a_sips_target_is_sent_to_by_a_sealed_way_alone() {
    for flow in [udp(), tcp()] {
        let mut dialog = caller("<sips:bob@192.0.2.9:5061>", "", flow);
        let bye = dialog.next_request(Method::Bye);
        assert_eq!((bye.uri, bye.flow.transport), ("sip:bob@east.example", flow.transport));
        dialog.retarget_to("sips:bob@192.0.2.9:5062");
        assert_eq!(dialog.next_request(Method::Bye).uri, "sip:bob@east.example");
    }
    let tls = Flow { transport: Transport::Tls, ..tcp() };
    for contact in ["sips:bob@192.0.2.9", "sips:bob@192.0.2.9:5061;transport=tcp", "sips:bob@far.example"] {
        let mut dialog = caller(&format!("<{contact}>"), "", tls);
        dialog.heard_on(udp());
        let bye = dialog.next_request(Method::Bye);
        assert_eq!((bye.uri, bye.flow.transport), (contact, Transport::Tls));
    }
}

#[test]
fn a_broken_connection_is_replaced_by_one_to_the_contact() {
    let mut dialog = caller("<sip:bob@192.0.2.9:5070;transport=tcp>", "", tcp());

    dialog.flow_failed(tcp());

    let expected =
        Flow { connection: ConnectionId::NONE, remote: "192.0.2.9:5070".parse().unwrap(), ..tcp() };
    assert_eq!(dialog.next_request(Method::Bye).flow, expected);
}

#[test]
fn a_far_end_that_moves_is_followed() {
    let moved = Flow { remote: "8.8.4.4:41234".parse().unwrap(), ..udp() };
    let mut dialog = callee(udp());

    dialog.heard_on(moved);

    assert_eq!(dialog.flow(), moved);
}

#[test]
fn a_target_refresh_moves_the_dialog() {
    let mut dialog = caller("<sip:bob@192.0.2.9:5088>", "", udp());
    let text = answer(INVITE, 200).replace("192.0.2.9:5088", "192.0.2.50");

    dialog.retarget(&Message::parse(text.as_bytes()).unwrap());

    assert_eq!(dialog.target(), "sip:bob@192.0.2.50");
    assert_eq!(dialog.flow().remote, "192.0.2.50:5060".parse().unwrap());
}

#[test]
fn a_dialog_knows_its_own() {
    let dialog = callee(udp());
    let is_of = |text: &str| dialog.is_of(&Message::parse(text.as_bytes()).unwrap());
    let bye = with_to_tag(&asked("BYE", "z9hG4bKb"), "tours");

    assert!(is_of(&bye));
    assert!(!is_of(&bye.replace("tag=tours", "tag=others")));
    assert!(!is_of(&bye.replace("tag=theirs", "tag=others")));
    assert!(!is_of(&bye.replace("call-of-theirs", "another")));
    assert!(!is_of(&asked("BYE", "z9hG4bKb")));
}

#[test]
fn the_far_ends_cseq_must_rise() {
    let mut dialog = callee(udp());
    let mut admit = |number: &str, method: &str| {
        let text =
            with_to_tag(&asked(method, "z9hG4bKb"), "tours").replace("CSeq: 8", &format!("CSeq: {number}"));
        dialog.admit(&Message::parse(text.as_bytes()).unwrap())
    };

    assert_eq!(admit("8", "ACK"), Ok(()));
    assert_eq!(admit("12", "INFO"), Ok(()));
    assert_eq!(admit("11", "INFO"), Err(PeerFault::CseqWentBack));
    assert_eq!(admit("12", "BYE"), Err(PeerFault::CseqWentBack));
    assert_eq!(admit("13", "BYE"), Ok(()));
}

#[test]
fn a_request_of_another_dialog_is_not_admitted() {
    let mut dialog = callee(udp());
    let text = with_to_tag(&asked("BYE", "z9hG4bKb"), "others");

    let fault = dialog.admit(&Message::parse(text.as_bytes()).unwrap()).unwrap_err();

    assert_eq!((fault, fault.status()), (PeerFault::NotOfThisDialog, 481));
}

#[test]
fn a_dialogs_request_is_fit_to_be_sent() {
    let mut scene = scene::Scene::new();
    let mut dialog = caller("<sip:bob@192.0.2.9:5088>", "Record-Route: <sip:203.0.113.1;lr>\r\n", udp());
    let bye = dialog.next_request(Method::Bye);

    scene.stack.request(scene.now, &bye.as_request(), scene::OWNER, &mut scene.out);

    let sent = scene.sent().pop().unwrap();
    let message = Message::parse(sent.as_bytes()).unwrap();
    assert_eq!(message.routes().count(), 1);
    assert_eq!(message.to().tag(), Some("theirs"));
    assert_ne!(message.call_id(), request(udp(), Method::Bye).to);
}
