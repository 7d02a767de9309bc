//! One far end: when it is probed, and when it counts as down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_message::{Method, Uri};
use sip_stack::locate::{DnsAnswer, Families, Locate, Step, Usable};
use sip_stack::{ClientId, ConnectionId, Flow, Listener, Owner, Request};

use crate::{ROOM, Standing, Surroundings, Watch};

/// A peer stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: Arc<str>,
    pub standing: Standing,
    pub cause: &'static str,
}

pub(crate) struct Peer {
    pub watch: Watch,
    record: Row,
    stage: Stage,
}

/// What the last probes came to.
#[derive(Clone, Copy)]
enum Row {
    Up { failed: u32 },
    Down { answered: u32 },
}

enum Stage {
    Waiting { until: Instant },
    Locating(Box<Locate>),
    Probing { client: ClientId, sent: Instant },
}

/// A name that can't be found is looked up again after this time, however rare the probes.
const LOCATE_AGAIN: Duration = Duration::from_secs(10);

impl Peer {
    pub fn new(watch: Watch, first: Instant) -> Peer {
        Peer { watch, record: Row::Up { failed: 0 }, stage: Stage::Waiting { until: first } }
    }

    pub fn with(self, watch: Watch) -> Peer {
        Peer { watch, ..self }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.record, Row::Up { .. })
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.watch.every?;
        match self.stage {
            Stage::Waiting { until } => Some(until),
            Stage::Locating(_) | Stage::Probing { .. } => None,
        }
    }

    pub fn learn(&mut self, standing: Standing) {
        self.record = match standing {
            Standing::Up => Row::Up { failed: 0 },
            Standing::Down => Row::Down { answered: 0 },
        };
    }

    pub fn probe(&mut self, index: usize, around: &mut Surroundings<'_>, changes: &mut Vec<Change>) {
        let Ok(uri) = Uri::parse(&self.watch.target) else { return };
        let transports = Listener::transports(around.listeners, self.watch.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        self.stage = Stage::Locating(Box::new(Locate::begin(&uri, usable)));
        self.located(index, around, None, changes);
    }

    pub fn located(
        &mut self,
        index: usize,
        around: &mut Surroundings<'_>,
        answer: Option<DnsAnswer>,
        changes: &mut Vec<Change>,
    ) {
        let Stage::Locating(locate) = &mut self.stage else { return };
        match locate.step(answer.as_slice(), around.stack.chance()) {
            Step::Ask(question) => around.asks.push((index, question)),
            Step::NotFound => self.fail(around.now, "its name can't be found", changes),
            Step::Found(targets) => {
                let reachable = targets.iter().find_map(|target| {
                    let listener =
                        around.toward(target.transport, target.address.ip(), self.watch.interface)?;
                    Some((target, listener.id, listener.sent_by.clone()))
                });
                let Some((target, listener, sent_by)) = reachable else {
                    return self.fail(around.now, "none of our interfaces reaches it", changes);
                };
                let flow = Flow {
                    transport: target.transport,
                    listener,
                    connection: ConnectionId::NONE,
                    remote: target.address,
                };
                let client =
                    self.ask(index, around, flow, target.server_name.clone().map(Arc::from), &sent_by);
                self.stage = Stage::Probing { client, sent: around.now };
            }
        }
    }

    fn ask(
        &self,
        index: usize,
        around: &mut Surroundings<'_>,
        flow: Flow,
        server_name: Option<Arc<str>>,
        sent_by: &str,
    ) -> ClientId {
        let from = format!("<sip:{sent_by}>;tag={}", around.stack.chance().text(10));
        let to = format!("<{}>", self.watch.target);
        let call_id = around.stack.chance().text(20);
        let request = Request {
            method: Method::Options,
            uri: &self.watch.target,
            flow,
            server_name,
            from: &from,
            to: &to,
            call_id: &call_id,
            cseq: 1,
            routes: &[],
            contact: Some(&format!("<sip:{sent_by}>")),
            max_forwards: 70,
            headers: &[("Accept", "application/sdp")],
            body: None,
        };
        let owner = Owner { room: ROOM, key: index as u64, part: 0 };
        around.stack.request(around.now, &request, owner, around.sends)
    }

    /// Any final answer is a sign of life (standards A6).
    pub fn answered(&mut self, client: ClientId, changes: &mut Vec<Change>) {
        let Some(sent) = self.probe_of(client) else { return };
        self.wait(sent);
        self.record = match self.record {
            Row::Up { .. } => Row::Up { failed: 0 },
            Row::Down { answered } if answered + 1 >= self.watch.recover_after => {
                changes.push(self.change(Standing::Up, "answers OPTIONS again"));
                Row::Up { failed: 0 }
            }
            Row::Down { answered } => Row::Down { answered: answered + 1 },
        };
    }

    pub fn unanswered(&mut self, client: ClientId, cause: &'static str, changes: &mut Vec<Change>) {
        if let Some(sent) = self.probe_of(client) {
            self.wait(sent);
            self.count_failure(cause, changes);
        }
    }

    fn fail(&mut self, now: Instant, cause: &'static str, changes: &mut Vec<Change>) {
        let every = self.watch.every.unwrap_or(LOCATE_AGAIN);
        self.stage = Stage::Waiting { until: now + every.min(LOCATE_AGAIN) };
        self.count_failure(cause, changes);
    }

    fn count_failure(&mut self, cause: &'static str, changes: &mut Vec<Change>) {
        self.record = match self.record {
            Row::Up { failed } if failed + 1 >= self.watch.fail_after => {
                changes.push(self.change(Standing::Down, cause));
                Row::Down { answered: 0 }
            }
            Row::Up { failed } => Row::Up { failed: failed + 1 },
            Row::Down { .. } => Row::Down { answered: 0 },
        };
    }

    fn probe_of(&self, client: ClientId) -> Option<Instant> {
        match self.stage {
            Stage::Probing { client: ours, sent } if ours == client => Some(sent),
            _ => None,
        }
    }

    fn wait(&mut self, sent: Instant) {
        self.stage = Stage::Waiting { until: sent + self.watch.every.unwrap_or_default() };
    }

    fn change(&self, standing: Standing, cause: &'static str) -> Change {
        Change { key: self.watch.key.clone(), standing, cause }
    }
}
