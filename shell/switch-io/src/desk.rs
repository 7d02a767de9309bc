//! Commands that wait for the replies of the shards.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use switch::{Command, CommandId, Reply};

use crate::mail::{Letter, Mail};

#[derive(Default)]
pub struct Desk {
    next: AtomicU64,
    waiting: Mutex<HashMap<CommandId, Sender<Reply>>>,
}

impl Desk {
    /// Gives a command to every shard; the replies that came in time.
    pub fn command(&self, mail: &Mail, command: Command, patience: Duration) -> Vec<Reply> {
        let id = CommandId(self.next.fetch_add(1, Ordering::Relaxed));
        let (reply, replies) = mpsc::channel();
        self.waiting().insert(id, reply);

        let until = Instant::now() + patience;
        let mut heard = Vec::new();
        for shard in 0..mail.shards() {
            // A command is never turned away for want of room.
            let _ = mail.post(shard, Letter::Command(id, command.clone()));
        }
        while heard.len() < usize::from(mail.shards()) {
            match replies.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(reply) => heard.push(reply),
                Err(_) => break,
            }
        }
        self.waiting().remove(&id);
        heard
    }

    /// Hands a reply to whoever waits for it.
    pub fn reply(&self, id: CommandId, reply: Reply) {
        if let Some(waiting) = self.waiting().get(&id) {
            // Nobody listens any more: the reply came too late.
            let _ = waiting.send(reply);
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<CommandId, Sender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
