//! Follows the records of a house, and sends a trace of each call to one collector.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use policy::Trace;
use tracing::{error, info, warn};

use crate::counts::Counts;
use crate::follow::{Follow, Place};
use crate::patience::{Known, Rest, Stands};
use crate::post::{Answer, post};
use crate::spans;
use crate::stop::{Stop, Told};

/// Calls that end within this time are told of together.
const ROUND: Duration = Duration::from_secs(1);
/// So many bytes of records make a request.
const BATCH: usize = 1024 * 1024;
/// No collector is left alone for longer.
const REST_MOST: Duration = Duration::from_secs(60);

/// Sends to one collector until it is told to end.
pub struct Tracer {
    pub trace: Trace,
    pub data: PathBuf,
    pub counts: Arc<Counts>,
    pub stop: Arc<Stop>,
    pub from: Place,
}

/// What became of some records.
#[derive(Debug)]
enum Became {
    Taken,
    /// They are to be sent again, after so long.
    Later(Option<Duration>, String),
    /// The collector will never take them.
    Never(u16),
}

impl Tracer {
    pub fn run(self) {
        let follow = Follow::new(&self.data);
        let mut at = self.from.clone();
        let (mut rest, mut known) = (Rest::up_to(REST_MOST), Known::default());
        loop {
            let told = self.stop.sleep(ROUND);
            while rest.is_over()
                && let Some((records, next)) = follow.more(&mut at, BATCH)
            {
                match self.send(&records) {
                    Became::Later(after, why) => {
                        self.tell(&mut known, Stands::Ill, &why);
                        rest.begin(after);
                    }
                    became => {
                        self.settle(&became, records.len() as u64);
                        self.tell(&mut known, Stands::Well, "");
                        rest.forget();
                        at = next;
                    }
                }
            }
            if told == Told::End {
                return;
            }
        }
    }

    fn send(&self, records: &[serde_json::Value]) -> Became {
        let body = spans::request(records, self.trace.people).to_string();
        match post(&self.trace.to, "/v1/traces", &[("Content-Type", "application/json")], body.as_bytes()) {
            Ok(Answer { status: 200..300, .. }) => Became::Taken,
            // These alone are worth another try, by the specification of OTLP.
            Ok(Answer { status: status @ (429 | 502..=504), retry_after }) => {
                Became::Later(retry_after, format!("it answers {status}"))
            }
            Ok(Answer { status, .. }) => Became::Never(status),
            Err(fault) => Became::Later(None, fault.to_string()),
        }
    }

    fn settle(&self, became: &Became, count: u64) {
        match became {
            Became::Taken | Became::Later(..) => self.counts.sent(count),
            Became::Never(status) => {
                self.counts.missed(count);
                error!(trace = %self.trace.name, count, "traces were refused for good with {status}");
            }
        }
    }

    fn tell(&self, known: &mut Known, now: Stands, why: &str) {
        let (trace, to) = (&self.trace.name, &self.trace.to);
        match now {
            _ if !known.is_news(now) => {}
            Stands::Well => info!(%trace, %to, "traces are sent"),
            Stands::Ill => warn!(%trace, %to, "traces wait in the records: {why}"),
        }
    }
}
