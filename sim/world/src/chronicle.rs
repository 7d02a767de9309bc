//! Tells what happens while it happens, for whoever looks into a seed.

use std::time::Instant;

use sip_message::Message;

use crate::sight::Sight;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chronicle {
    #[default]
    Silent,
    /// Start lines, notes and records, on standard error.
    Told,
}

impl Chronicle {
    pub(crate) fn see(self, base: Instant, sight: &Sight<'_>) {
        if self == Chronicle::Silent {
            return;
        }
        let since = |at: &Instant| (*at - base).as_secs_f64();
        match sight {
            Sight::HouseSent { at, to, bytes, .. } => {
                eprintln!("{:9.3} house → {to}  {}", since(at), headline(bytes));
            }
            Sight::HouseReceived { at, from, bytes, .. } => {
                eprintln!("{:9.3} house ← {from}  {}", since(at), headline(bytes));
            }
            Sight::Kept { at, record } => eprintln!(
                "{:9.3} record {} {:?} {} talk {} ms, {:?}",
                since(at),
                record.id,
                record.outcome,
                record.sip_code,
                record.talk_ms,
                record.ended_by
            ),
            Sight::Told { event } => eprintln!("          event {}", serde_json::json!(event)["event"]),
            Sight::Noted { at, actor, noted, .. } => {
                eprintln!("{:9.3} {actor} {:?}: {:?} ({})", since(at), noted.leg, noted.what, noted.call_id);
            }
            Sight::Adopted { policy } => eprintln!("          policy {}", policy.revision()),
        }
    }
}

fn headline(bytes: &[u8]) -> String {
    match Message::parse(bytes) {
        Ok(message) => {
            let cseq = message.cseq();
            let (from, to) = (message.from().tag().unwrap_or("-"), message.to().tag().unwrap_or("-"));
            let body = if message.body().is_empty() { "" } else { " +body" };
            let line = message.start_line().trim();
            let branch = message.via().branch().unwrap_or_default();
            format!(
                "{line} [{} {}] {} {from}>{to} {branch}{body}",
                cseq.number,
                cseq.method,
                message.call_id()
            )
        }
        Err(error) => format!("unreadable: {error}"),
    }
}
