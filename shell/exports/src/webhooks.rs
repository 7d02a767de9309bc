//! Follows the records of a house, and sends each to a program of others until it has taken it.
//!
//! The files of records are the spool: what nobody has taken yet waits there, also over a restart, since how
//! far somebody has come is kept beside them. What was taken and not answered for comes again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use policy::Webhook;
use serde_json::Value;
use tracing::{error, info, warn};

use crate::bookmark::Bookmark;
use crate::cloud_events;
use crate::counts::{Counts, Stands};
use crate::follow::{Follow, Place};
use crate::post::{Answer, post};
use crate::signature::sign;
use crate::stop::{Stop, Told};

/// Calls that end within this time are told of together.
const ROUND: Duration = Duration::from_secs(1);
/// So many bytes of records make a request.
const BATCH: usize = 256 * 1024;
/// How long a receiver that takes nothing is left alone, first and at most.
const REST_FIRST: Duration = Duration::from_secs(1);
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
        let (mut rest, mut next_try, mut stands) = (REST_FIRST, Instant::now(), None);
        loop {
            let told = self.stop.sleep(ROUND);
            if let Some(again) = bookmark.take_wish() {
                info!(webhook = %self.webhook.name, "records are sent again");
                (at, since, next_try) = (Place::default(), Some(again), Instant::now());
                self.keep(&bookmark, &at, since);
            }
            while Instant::now() >= next_try {
                let (records, next) = match follow.next(&at, BATCH) {
                    Ok(found) => found,
                    // Before the first call there is no folder.
                    Err(_) => break,
                };
                if records.is_empty() {
                    at = next;
                    break;
                }
                match self.send(&records, since) {
                    Ok(count) => {
                        self.counts.sent(count);
                        self.tell(&mut stands, Stands::Well, "");
                        (at, rest) = (next, REST_FIRST);
                        self.keep(&bookmark, &at, since);
                    }
                    Err((after, why)) => {
                        self.tell(&mut stands, Stands::Ill, &why);
                        next_try = Instant::now() + after.unwrap_or(rest).min(REST_MOST);
                        rest = (rest * 2).min(REST_MOST);
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
            .map(|one| cloud_events::event(&self.webhook.source, one))
            .collect();
        let Some(first) = events.first() else { return Ok(0) };
        // The same records have the same id, however often they are sent.
        let id = format!("{}-{}", first["id"].as_str().unwrap_or_default(), events.len());
        let body = Value::from(events.as_slice()).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let signature = sign(self.webhook.secret.reveal(), &id, &now, body.as_bytes());
        let headers = [
            ("Content-Type", KIND),
            ("Webhook-Id", &id),
            ("Webhook-Timestamp", &now),
            ("Webhook-Signature", &signature),
        ];
        let path = if self.webhook.to.path.is_empty() { "/" } else { "" };
        match post(&self.webhook.to, path, &headers, body.as_bytes()) {
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

    fn tell(&self, stands: &mut Option<Stands>, now: Stands, why: &str) {
        let was = stands.replace(now);
        let (webhook, to) = (&self.webhook.name, &self.webhook.to);
        match now {
            Stands::Well if was != Some(now) => info!(%webhook, %to, "records are sent"),
            Stands::Ill if was != Some(now) => warn!(%webhook, %to, "records wait: {why}"),
            Stands::Well | Stands::Ill => {}
        }
    }
}

/// Has a receiver sent again what ended since a moment: by the house that runs, or as soon as one does.
pub fn replay(data: &Path, webhook: &str, since_ms: i64) -> std::io::Result<()> {
    Bookmark::of(data, webhook).wish(since_ms)
}
