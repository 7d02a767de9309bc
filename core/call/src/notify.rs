//! What whoever asked for a transfer is told of it (RFC 3515, 4488).

use std::collections::VecDeque;

use media::Side;
use sip_message::Method;
use sip_stack::ClientId;

use crate::call::Call;
use crate::lines::lent_lines;
use crate::{Room, part};

/// How long a subscription lasts that the house keeps up by itself.
const EXPIRES: &str = "active;expires=180";

/// The subscription that a REFER began.
pub(crate) struct Notices {
    pub to: Side,
    /// CSeq of the REFER, where it was not the first of its dialog.
    pub id: Option<u32>,
    /// Where the call waits, if it was parked.
    pub at: Option<String>,
    waiting: VecDeque<u16>,
    asked: Option<ClientId>,
}

impl Notices {
    pub(crate) fn new(to: Side, id: Option<u32>) -> Notices {
        Notices { to, id, at: None, waiting: VecDeque::new(), asked: None }
    }
}

impl Call {
    /// Tells the transferor how far it is: one NOTIFY after the other, so that none overtakes another.
    pub(crate) fn notify(&mut self, room: &mut Room<'_>, status: u16) {
        let Some(notices) = &mut self.notices else { return };
        let is_said = notices.waiting.back() == Some(&status);
        if !is_said {
            notices.waiting.push_back(status);
        }
        self.notify_next(room);
    }

    /// The last word, whether or not the ones before it were heard.
    pub(crate) fn notify_at_last(&mut self, room: &mut Room<'_>, status: u16) {
        if let Some(notices) = &mut self.notices {
            (notices.waiting, notices.asked) = (VecDeque::from([status]), None);
        }
        self.notify_next(room);
    }

    fn notify_next(&mut self, room: &mut Room<'_>) {
        let Some(notices) = self.notices.as_mut().filter(|notices| notices.asked.is_none()) else { return };
        let Some(status) = notices.waiting.pop_front() else { return };
        let to = notices.to;
        let event = notices.id.map_or("refer".to_owned(), |id| format!("refer;id={id}"));
        let state = if status < 200 { EXPIRES } else { "terminated;reason=noresource" };
        let mut body = format!("SIP/2.0 {status} {}\r\n", sip_message::reason_phrase(status));
        body.extend(notices.at.iter().map(|at| format!("Contact: {at}\r\n")));
        let contact = self.contact(to).to_owned();
        let owner = part::owner(self.key, part::NOTICE);
        let headers = [("Event", event.as_str()), ("Subscription-State", state)];
        let lines = self.request_lines(to, Method::Notify, &headers);
        let headers = lent_lines(&lines);
        let Some(dialog) = self.dialog(to) else { return };
        let next = dialog.next_request(Method::Notify);
        let mut request = next.as_request();
        request.contact = Some(&contact);
        request.headers = &headers;
        request.body = Some(("message/sipfrag;version=2.0", body.as_bytes()));
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        match &mut self.notices {
            Some(notices) if status < 200 => notices.asked = Some(client),
            notices => *notices = None,
        }
    }

    pub(crate) fn is_notice(&self, client: ClientId) -> bool {
        self.notices.as_ref().is_some_and(|notices| notices.asked == Some(client))
    }

    /// The transferor has heard, or doesn't want to hear any more.
    pub(crate) fn notice_answered(&mut self, room: &mut Room<'_>, client: ClientId, status: u16) {
        let Some(notices) = self.notices.as_mut().filter(|one| one.asked == Some(client)) else { return };
        match status {
            ..=199 => {}
            200..=299 => {
                notices.asked = None;
                self.notify_next(room);
            }
            _ => self.notices = None,
        }
    }
}
