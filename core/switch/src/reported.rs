//! What phones report of how their calls sounded (RFC 6035): it is told, and kept with the events.

use std::sync::Arc;

use call::{Event, Now};
use registrar::Door;
use rtp::{Occasion, VoiceReport};
use sip_message::{Header, Message, Method};
use sip_stack::{Flow, Reply, ServerId as Transaction};

use crate::seam::Outbox;
use crate::switch::Switch;

const PACKAGE: &str = "vq-rtcpxr";
const TYPE: &str = "application/vq-rtcpxr";
const BODY_MAX: usize = 8 * 1024;
/// Some phones renew a publication as long as it lasts. A report does not change.
const EXPIRES: &str = "3600";

impl Switch {
    /// Whether a request is such a report; if so, it is answered. Some phones send it as if the dialog of the
    /// call were there still.
    pub(crate) fn takes_report(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) -> bool {
        if message.method() != Some(Method::Publish) {
            return false;
        }
        let event = message.line(Header::Event).map(|event| event.split(';').next().unwrap_or(event).trim());
        if event != Some(PACKAGE) {
            return false;
        }
        let Some(who) = self.reporter(now, server, flow, message, out) else { return true };
        let (status, headers) = self.reported(now, who, message, out);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = Reply { headers: &headers, ..Reply::plain(status) };
        self.stack.respond(now.instant, server, &reply, &mut out.sends);
        true
    }

    /// A trunk by where it sends from, or a user by proof; who is neither has been answered.
    fn reporter(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) -> Option<Arc<str>> {
        if let Some(trunk) = self.policy.trunk_at(flow.remote) {
            return Some(format!("trunk {trunk}").into());
        }
        let door = Door {
            now: now.instant,
            wall: now.wall,
            policy: &self.policy,
            stack: &mut self.stack,
            guard: &mut self.guard,
            sends: &mut out.sends,
        };
        let user = self.registrar.admit(door, server, message)?;
        Some(format!("user {user}").into())
    }

    fn reported(
        &mut self,
        now: Now,
        who: Arc<str>,
        message: &Message<'_>,
        out: &mut Outbox,
    ) -> (u16, Vec<(&'static str, String)>) {
        let kind = message.content_type();
        let is_report =
            kind.is_some_and(|kind| TYPE.eq_ignore_ascii_case(&format!("{}/{}", kind.kind, kind.subtype)));
        if message.body().len() > BODY_MAX {
            return (413, Vec::new());
        }
        // A renewal of one that is known says nothing new.
        if !message.body().is_empty() {
            if !is_report {
                return (415, vec![("Accept", TYPE.to_owned())]);
            }
            let text = String::from_utf8_lossy(message.body());
            let Some(report) = VoiceReport::parse(&text) else {
                return (400, vec![("Warning", "399 tandem \"its body is no report of a call\"".to_owned())]);
            };
            if report.occasion != Occasion::Interval {
                out.tells.push(Event::SoundReported {
                    at: now.wall,
                    who,
                    call_id: report.call_id.to_owned(),
                    heard: Box::new(report.local.into()),
                    sent: Box::new(report.remote.into()),
                });
            }
        }
        let tag = self.stack.chance().text(8);
        (200, vec![("SIP-ETag", tag), ("Expires", EXPIRES.to_owned())])
    }
}
