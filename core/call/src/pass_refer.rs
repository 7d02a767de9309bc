//! A REFER that the far end of a trunk carries out: it hears of it in its own names, and its news come back.

use std::borrow::Cow;

use media::Side;
use policy::HeaderPlace;
use sip_message::{Header, Message, Method, Uri};
use sip_stack::ServerId;

use crate::call::Call;
use crate::exchange::Passing;
use crate::replaces::{ReferTo, Replaced, Sought};
use crate::said::Said;
use crate::{Room, part};

impl Call {
    /// Sends a REFER on to the other side; a dialog that it names was translated by whoever knows that call.
    pub(crate) fn pass_refer(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        from: Side,
        (refer_to, sought): (&ReferTo, Sought),
        message: &Message<'_>,
    ) {
        let to = from.other();
        let replaces = match sought {
            Sought::Nothing => None,
            Sought::Found(found) if found.party == self.end(from).party && found.beyond.is_some() => {
                found.beyond
            }
            Sought::Found(_) | Sought::Missing | Sought::Help => {
                return room.reply_with(server, 404, None, &[("Reason", "SIP;cause=404;text=\"TD-R703\"")]);
            }
        };
        let contact = self.contact(to).to_owned();
        let Some(dialog) = self.dialog(to) else { return room.reply(server, 481) };
        let host = host_of(dialog.target());
        let target = refer_to_there(refer_to, &host, replaces.as_ref());
        let mut headers = vec![("Refer-To", target.as_str())];
        headers.extend(message.line(Header::ReferSub).map(|value| ("Refer-Sub", value)));
        let mut said = Said::new(Method::Refer, &headers);
        said.contact = Some(contact.into());
        said.add(self.passed_on(from, HeaderPlace::Refer, message));
        self.pass_said(room, server, to, said);
        self.draft.note("a transfer was sent on to the far end");
    }

    /// The far end of a trunk says how its transfer goes: whoever asked hears the status, and nothing else.
    pub(crate) fn pass_news(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        from: Side,
        message: &Message<'_>,
    ) {
        let to = from.other();
        let is_about_it = message.line(Header::Event).is_some_and(|event| {
            event.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("refer"))
        });
        if !is_about_it || self.end(from).rules.transfer != policy::Transfer::Pass {
            return room.reply_with(server, 489, None, &[("Allow-Events", "refer")]);
        }
        let text = String::from_utf8_lossy(message.body());
        let first = text.lines().next().filter(|line| line.starts_with("SIP/2.0 ")).unwrap_or_default();
        let body = format!("{first}\r\n");
        let state = message.line(Header::SubscriptionState).unwrap_or("active");
        let headers = [("Event", "refer"), ("Subscription-State", state)];
        let body = ("message/sipfrag;version=2.0", body.as_bytes());
        let said = Said::new(Method::Notify, &headers).with_body(Some(body));
        self.pass_said(room, server, to, said);
    }

    fn pass_said(&mut self, room: &mut Room<'_>, server: ServerId, to: Side, said: Said) {
        match self.say_inside(room, (to, part::PASSING), &said, None) {
            Some(client) => self.passing.push(Passing { to, server, client, said }),
            None => room.reply(server, 481),
        }
    }

    /// How the far end of one side names its dialog with us: for a Replaces that is meant for it.
    pub(crate) fn named_by_far_end(&mut self, side: Side) -> Option<Replaced> {
        let dialog = self.dialog(side)?;
        Some(Replaced {
            call_id: dialog.call_id().to_owned(),
            to_tag: dialog.remote_tag().to_owned(),
            from_tag: dialog.local_tag().to_owned(),
        })
    }
}

pub(crate) fn host_of(target: &str) -> String {
    let uri = Uri::parse(target).ok();
    let host = uri.as_ref().and_then(|uri| {
        let host = uri.host()?.to_string();
        Some(uri.port().map_or(host.clone(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_default()
}

fn refer_to_there(refer_to: &ReferTo, host: &str, replaces: Option<&Replaced>) -> String {
    let uri = Uri::parse(&refer_to.uri).ok();
    let user: Cow<'_, str> = uri.as_ref().and_then(|uri| uri.user().or(uri.number())).unwrap_or("").into();
    let at = if user.is_empty() { "" } else { "@" };
    match replaces {
        None => format!("<sip:{user}{at}{host}>"),
        Some(Replaced { call_id, to_tag, from_tag }) => {
            let value = format!("{call_id};to-tag={to_tag};from-tag={from_tag}");
            format!("<sip:{user}{at}{host}?Replaces={}>", escaped(&value))
        }
    }
}

/// Text as the value of a header inside of a URI.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) => {
                escaped.push(char::from(byte));
            }
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
