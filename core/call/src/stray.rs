//! Answers to INVITEs that nobody waits for any more: they are acknowledged, and what they opened is ended.

use sip_message::{Header, Message, Method};
use sip_stack::{Dialog, Flow, Sent};

use crate::Room;
use crate::part;

/// A 2xx whose call is gone, or that lost against another: ACK, then BYE (RFC 3261 13.2.2.4).
pub(crate) fn answered(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
    let Some(mut dialog) = acknowledge(room, flow, message) else { return };
    let bye = dialog.next_request(Method::Bye);
    room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
}

/// A copy of such a 2xx: its ACK was lost, its BYE is under way.
pub(crate) fn answered_again(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
    acknowledge(room, flow, message);
}

fn acknowledge(room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> Option<Dialog> {
    let is_accepted = message.status().is_some_and(|status| (200..300).contains(&status));
    if !is_accepted || message.cseq().method != Method::Invite {
        return None;
    }
    let sent = Sent {
        uri: message.to().uri,
        from: message.line(Header::From).unwrap_or_default(),
        call_id: message.call_id(),
        cseq: message.cseq().number,
    };
    let dialog = Dialog::as_caller(&sent, message, flow)?;
    room.stack.send_ack(room.now.instant, &dialog.ack_for(sent.cseq).as_request(), room.sends);
    Some(dialog)
}
