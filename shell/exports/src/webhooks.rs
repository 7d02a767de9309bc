//! Follows the records of a house, and sends each to a program of others until it has taken it.
//!
//! The files of records are the spool: what nobody has taken yet waits there, also over a restart, since how
//! far somebody has come is kept beside them. What was taken and not answered for comes again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use policy::Webhook;
use serde_json::Value;
use tracing::{error, info, warn};

use crate::bookmark::Bookmark;
use crate::cloud_events;
use crate::counts::Counts;
use crate::follow::{Follow, Place};
use crate::patience::{Known, Rest, Stands};
use crate::post::Answer;
use crate::signed::Signed;
use crate::stop::{Stop, Told};

/// Calls that end within this time are told of together.
const ROUND: Duration = Duration::from_secs(1);
/// So many bytes of records make a request.
const BATCH: usize = 256 * 1024;
/// No receiver is left alone for longer.
const REST_MOST: Duration = Duration::from_secs(60);
const KIND: &str = "application/cloudevents-batch+json";

/// Sends to one receiver until it is told to end.
pub struct Hook {
    pub webhook: Webhook,
    pub data: PathBuf,
    pub counts: Arc<Counts>,
    pub stop: Arc<Stop>,
}

/// Records that ended before it are left out: what was asked for again begins there.
type Since = Option<i64>;

impl Hook {
    pub fn run(self) {
        let follow = Follow::new(&self.data);
        let bookmark = Bookmark::of(&self.data, &self.webhook.name);
        let (mut at, mut since) = bookmark.read().unwrap_or_else(|| (follow.end(), None));
        self.keep(&bookmark, &at, since);
        let (mut rest, mut known) = (Rest::up_to(REST_MOST), Known::default());
        loop {
            let told = self.stop.sleep(ROUND);
            if let Some(again) = bookmark.take_wish() {
                info!(webhook = %self.webhook.name, "records are sent again");
                (at, since) = (Place::default(), Some(again));
                rest.end();
                self.keep(&bookmark, &at, since);
            }
            while rest.is_over()
                && let Some((records, next)) = follow.more(&mut at, BATCH)
            {
                match self.send(&records, since) {
                    Ok(count) => {
                        self.counts.sent(count);
                        self.tell(&mut known, Stands::Well, "");
                        rest.forget();
                        at = next;
                        self.keep(&bookmark, &at, since);
                    }
                    Err((after, why)) => {
                        self.tell(&mut known, Stands::Ill, &why);
                        rest.begin(after);
                    }
                }
            }
            if told == Told::End {
                return;
            }
        }
    }

    /// How many were taken; or after how long they are sent again, and why.
    fn send(&self, records: &[Value], since: Since) -> Result<u64, (Option<Duration>, String)> {
        let is_meant = |record: &&Value| {
            let ended = record["ended"].as_i64();
            since.is_none_or(|since| ended.is_none_or(|ended| ended >= since))
        };
        let events: Vec<Value> = records
            .iter()
            .filter(is_meant)
            .map(|one| cloud_events::ended(&self.webhook.source, one))
            .collect();
        let Some(first) = events.first() else { return Ok(0) };
        // The same records have the same id, however often they are sent.
        let id = format!("{}-{}", first["id"].as_str().unwrap_or_default(), events.len());
        let body = Value::from(events.as_slice()).to_string();
        let (to, secret) = (&self.webhook.to, self.webhook.secret.reveal());
        match (Signed { to, secret, kind: KIND, id: &id, body: body.as_bytes() }).post() {
            Ok(Answer { status: 200..300, .. }) => Ok(events.len() as u64),
            Ok(Answer { status, retry_after }) => Err((retry_after, format!("it answers {status}"))),
            Err(fault) => Err((None, fault.to_string())),
        }
    }

    fn keep(&self, bookmark: &Bookmark, at: &Place, since: Since) {
        if let Err(fault) = bookmark.write(at, since) {
            let webhook = &self.webhook.name;
            error!(%webhook, "how far it has come is not kept, and some comes twice: {fault}");
        }
    }

    fn tell(&self, known: &mut Known, now: Stands, why: &str) {
        let (webhook, to) = (&self.webhook.name, &self.webhook.to);
        match now {
            _ if !known.is_news(now) => {}
            Stands::Well => info!(%webhook, %to, "records are sent"),
            Stands::Ill => warn!(%webhook, %to, "records wait: {why}"),
        }
    }
}

/// Has a receiver sent again what ended since a moment: by the house that runs, or as soon as one does.
pub fn replay(data: &Path, webhook: &str, since_ms: i64) -> std::io::Result<()> {
    Bookmark::of(data, webhook).wish(since_ms)
}
