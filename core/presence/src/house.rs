//! One shard's part of it: what comes in finds its place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pidf::Summary;
use policy::{Policy, WallTime};
use registrar::Table;
use sip_message::Message;
use sip_stack::auth::Guard;
use sip_stack::{ClientId, ConnectionId, Flow, Late, Listener, Send, Stack, Token};

use crate::board::{Asks, Board};
use crate::face::Face;
use crate::feed::{Feed, Gap, News};
use crate::kept::{Kept, KeptPublication};
use crate::known::{Engagement, Mailbox};
use crate::limits::{BUSY, GATHER, MOST};
use crate::publications::Publications;
use crate::subscription::{Reason, Reply, Subscription};
use crate::watchers::Watchers;

/// The room number of presence among the owners of transactions.
pub const ROOM: u8 = 4;

/// Who watches whom on this shard, and what is known of everybody.
#[derive(Debug)]
pub struct House {
    pub(crate) shard: u8,
    pub(crate) board: Board,
    pub(crate) feed: Feed,
    pub(crate) publications: Publications,
    pub(crate) watchers: Watchers,
    pub(crate) counters: Counters,
    pub(crate) last_publication: u64,
    pub(crate) last_mail: u64,
    /// What has to be written down.
    pub(crate) kept: Vec<Kept>,
}

/// What it has seen since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Asked to prove who they are: nothing of them was kept.
    pub challenged: u64,
    /// Proofs that were wrong.
    pub unproven: u64,
    /// SUBSCRIBEs and PUBLISHs that were done.
    pub accepted: u64,
    /// Proven, and refused all the same.
    pub refused: u64,
    /// Sent away for want of room.
    pub shed: u64,
    /// NOTIFYs that were sent, that were not answered, and that were refused.
    pub told: u64,
    pub unanswered: u64,
    pub declined: u64,
    /// News of other shards that were missed, and asked for.
    pub missed: u64,
}

impl Counters {
    /// What two shards have seen together.
    pub fn and(self, other: Counters) -> Counters {
        Counters {
            challenged: self.challenged + other.challenged,
            unproven: self.unproven + other.unproven,
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            shed: self.shed + other.shed,
            told: self.told + other.told,
            unanswered: self.unanswered + other.unanswered,
            declined: self.declined + other.declined,
            missed: self.missed + other.missed,
        }
    }
}

/// What it may use while it handles one event.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub wall: WallTime,
    pub policy: &'a Policy,
    /// Where phones are.
    pub table: &'a Table,
    pub stack: &'a mut Stack,
    pub guard: &'a mut Guard,
    pub listeners: &'a [Listener],
    pub sends: &'a mut Vec<Send>,
    /// What other shards have to know.
    pub news: &'a mut Vec<News>,
}

impl Surroundings<'_> {
    /// Whether calls need all there is.
    pub(crate) fn is_busy(&self) -> bool {
        self.stack.transactions() >= BUSY
    }

    pub(crate) fn contact(&self, flow: Flow, message: &Message<'_>) -> String {
        let own = self.listeners.iter().find(|listener| listener.id == flow.listener);
        let own = own.expect("a flow names a listener of ours");
        own.contact_toward(message.request_uri().unwrap_or_default(), "")
    }
}

impl House {
    /// `lot` tells this life of the process from others.
    pub fn new(shard: u8, lot: u32) -> House {
        House {
            shard,
            board: Board::new(shard, lot),
            feed: Feed::new(shard),
            publications: Publications::default(),
            watchers: Watchers::default(),
            counters: Counters::default(),
            last_publication: 0,
            last_mail: 0,
            kept: Vec::new(),
        }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether a tag of ours names a subscription.
    pub fn knows(&self, token: Token) -> bool {
        self.watchers.slot_of(token).is_some()
    }

    /// A call of this shard engages these people from now on, and nobody else; nobody, when it is over.
    pub fn engage(&mut self, around: &mut Surroundings<'_>, call: u64, parties: &[(Arc<str>, Engagement)]) {
        let changed = self.board.engage(call, parties);
        self.spread(around, &changed);
    }

    /// This shard knows something else of these people: so do the others, and watchers.
    pub(crate) fn spread(&mut self, around: &mut Surroundings<'_>, users: &BTreeSet<Arc<str>>) {
        for user in users {
            around.news.push(self.feed.say(around.now, user, &self.board.own(user)));
        }
        self.look_again(around, users);
    }

    /// What another shard has found out.
    pub fn learn(&mut self, around: &mut Surroundings<'_>, news: &News) {
        let (gap, of) = match news {
            News::Of { shard, number, user, known } => {
                self.board.learn(*shard, user, Arc::clone(known));
                self.watchers.touched.insert(Arc::clone(user));
                self.look_again(around, &BTreeSet::from([Arc::clone(user)]));
                (self.feed.hear(around.now, *shard, *number), *shard)
            }
            News::Count { shard, number } => (self.feed.hear_count(around.now, *shard, *number), *shard),
            News::All { shard, number, users } => {
                let changed = self.board.learn_all(*shard, users);
                self.watchers.touched.extend(changed.iter().cloned());
                self.feed.hear_all(*shard, *number);
                self.look_again(around, &changed);
                (Gap::None, *shard)
            }
            News::Missed { of } if *of == self.shard => {
                around.news.push(self.feed.say_all(self.board.all_own()));
                (Gap::None, *of)
            }
            News::Missed { of } => (Gap::None, *of),
        };
        if gap == Gap::Ask {
            self.counters.missed += 1;
            around.news.push(News::Missed { of });
        }
        self.note_watchers(around);
    }

    /// Who watches somebody is told to all shards as long as one of them is asked.
    pub(crate) fn note_watchers(&mut self, around: &mut Surroundings<'_>) {
        if self.watchers.touched.is_empty() {
            return;
        }
        let mut changed = BTreeSet::new();
        for user in std::mem::take(&mut self.watchers.touched) {
            let asks = self.watchers.asks_who_watches(&user);
            let is_wanted = asks == Asks::WhoWatches || self.board.is_asked_who_watches(&user);
            let seen = if is_wanted { self.watchers.seen(&user) } else { Vec::new() };
            if self.board.watch(&user, asks, seen) {
                changed.insert(user);
            }
        }
        self.spread(around, &changed);
    }

    /// Something else than calls and publications may have changed of these people: where their phones are.
    pub fn look_again(&mut self, around: &mut Surroundings<'_>, users: &BTreeSet<Arc<str>>) {
        for user in users {
            if self.watchers.is_watched(user) {
                let face = self.compose(around, user);
                self.watchers.show(around.now, user, face);
            }
        }
    }

    /// A user's phones said where they are: whoever did not answer before may do so now.
    pub fn registered(&mut self, now: Instant, users: &BTreeSet<Arc<str>>) {
        for user in users {
            for slot in self.watchers.watched_by(user) {
                self.watchers.with(slot, |one| one.wakes(now));
            }
        }
    }

    /// Other documents hold: who may watch whom, and who is not to be disturbed.
    pub fn adopt(&mut self, around: &mut Surroundings<'_>) {
        for slot in self.watchers.slots() {
            self.watchers.with(slot, |one| {
                one.judge(around.now, around.policy);
                if let Some(reason) = ends(around.policy, one) {
                    one.end(around.now, reason);
                }
            });
        }
        let is_gone = |user: &&Arc<str>| !around.policy.lets_watch(user, user);
        let mut gone: BTreeSet<Arc<str>> = self.publications.users().filter(is_gone).cloned().collect();
        for user in &gone {
            self.publications.set(user, Vec::new());
            self.board.publish(user, Vec::new());
            self.keep_published((around.now, around.wall), user);
        }
        for (user, _) in self.board.all_own() {
            if !around.policy.lets_watch(&user, &user) && self.board.forget_mail(&user) {
                self.kept.push(Kept::no_mailbox(&user));
                gone.insert(user);
            }
        }
        self.spread(around, &gone);
        let everybody: BTreeSet<Arc<str>> = self.watchers.everybody().into_iter().collect();
        self.look_again(around, &everybody);
        self.watchers.touched.extend(everybody);
        self.note_watchers(around);
    }

    /// Takes up what was written down before the process began; other shards have theirs.
    pub fn restore(&mut self, around: &mut Surroundings<'_>, kept: &Kept) {
        let now = (around.now, around.wall);
        match kept {
            Kept::Publishing { shard, user, published }
                if *shard == self.shard && around.policy.lets_watch(user, user) =>
            {
                let all: Vec<_> = published.iter().filter_map(|one| one.restore(now)).collect();
                self.publications.set(user, all);
                self.board.publish(user, self.publications.published(user));
                self.spread(around, &BTreeSet::from([Arc::clone(user)]));
            }
            Kept::Watching { token, watching: Some(watching) } => {
                let token = Token::find(token).filter(|token| token.shard() == self.shard);
                let one =
                    token.and_then(|token| watching.restore(token, now, around.policy, around.listeners));
                let Some(one) = one.filter(|one| ends(around.policy, one).is_none()) else { return };
                if self.watchers.make_room(one.token) {
                    self.take_in(around, one);
                    self.note_watchers(around);
                }
            }
            // Every shard has all of it: nobody need be told.
            Kept::Mail { user, number, summary: Some(summary) } if around.policy.lets_watch(user, user) => {
                let read = Summary::read(summary.as_bytes());
                if let Some(summary) = read.map(Arc::new) {
                    self.last_mail = self.last_mail.max(*number);
                    self.board.put_mail(user, Mailbox { number: *number, summary });
                    self.look_again(around, &BTreeSet::from([Arc::clone(user)]));
                }
            }
            Kept::Publishing { .. } | Kept::Watching { .. } | Kept::Mail { .. } => {}
        }
    }

    pub(crate) fn keep_published(&mut self, now: (Instant, WallTime), user: &Arc<str>) {
        let all = self.publications.of(user);
        let published = all.iter().map(|one| KeptPublication::of(one, now)).collect();
        self.kept.push(Kept::Publishing { shard: self.shard, user: Arc::clone(user), published });
    }

    /// What has to be written down before anybody is told of it.
    pub fn take_kept(&mut self) -> impl Iterator<Item = Kept> {
        self.kept.extend(self.watchers.gone.drain(..).map(Kept::gone));
        self.kept.drain(..)
    }

    pub(crate) fn take_in(&mut self, around: &Surroundings<'_>, one: Subscription) {
        let board = &self.board;
        self.watchers.insert(one, |user| Face::compose(user, around.policy, around.table, board));
    }

    pub(crate) fn compose(&self, around: &Surroundings<'_>, user: &str) -> Face {
        Face::compose(user, around.policy, around.table, &self.board)
    }

    /// The answer to a NOTIFY.
    pub fn answered(
        &mut self,
        around: &mut Surroundings<'_>,
        client: ClientId,
        key: u64,
        message: &Message<'_>,
    ) {
        let reply = match message.status().unwrap_or_default() {
            ..=199 => return,
            200..=299 => Reply::Taken,
            481 => Reply::Refused,
            _ => match message.retry_after() {
                Ok(Some(seconds)) => {
                    let wait = Duration::from_secs(u64::from(seconds));
                    Reply::Later(around.now + wait.clamp(GATHER, MOST))
                }
                _ => Reply::Refused,
            },
        };
        self.counters.declined += u64::from(reply == Reply::Refused);
        self.replied(around, client, key, reply);
    }

    /// A NOTIFY was not answered in time, or its connection broke.
    pub fn late(&mut self, around: &mut Surroundings<'_>, late: &Late) {
        let (Late::Timeout { client, owner } | Late::FlowFailed { client, owner }) = late else { return };
        self.counters.unanswered += 1;
        self.replied(around, *client, owner.key, Reply::Nothing);
    }

    fn replied(&mut self, around: &mut Surroundings<'_>, client: ClientId, key: u64, reply: Reply) {
        self.watchers.flying = self.watchers.flying.saturating_sub(1);
        if let Some(slot) = self.watchers.slot_of(Token::from_bits(key)) {
            self.watchers.with(slot, |one| one.replied(around.now, client, reply));
        }
        self.note_watchers(around);
    }

    /// A connection is no more: what is said next takes another.
    pub fn flow_failed(&mut self, flow: Flow) {
        if flow.connection == ConnectionId::NONE {
            return;
        }
        for slot in self.watchers.slots() {
            self.watchers.with(slot, |one| one.dialog.flow_failed(flow));
        }
    }

    /// When `expire` should be called next.
    pub fn deadline(&self) -> Option<Instant> {
        // With too many on their way, the next leaves when an answer comes.
        let watchers = if self.is_full() { None } else { self.watchers.deadline() };
        [watchers, self.publications.deadline(), self.feed.deadline()].into_iter().flatten().min()
    }

    /// Forgets what has ended, and tells whoever is owed something.
    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        while let Some(user) = self.publications.expire(around.now) {
            self.board.publish(&user, self.publications.published(&user));
            self.spread(around, &BTreeSet::from([user]));
        }
        around.news.extend(self.feed.beat(around.now));
        self.tell(around);
    }
}

/// Why a subscription cannot go on, now that other documents may hold.
fn ends(policy: &Policy, one: &Subscription) -> Option<Reason> {
    let Some(console) = &one.console else {
        return match policy.lets_watch(&one.watched, &one.watched) {
            false => Some(Reason::NoResource),
            true => (!policy.lets_watch(&one.watched, &one.watcher)).then_some(Reason::Rejected),
        };
    };
    match policy.console(&one.watched) {
        None => Some(Reason::NoResource),
        Some(_) if !policy.lets_watch(&one.watcher, &one.watcher) => Some(Reason::Rejected),
        Some((_, users)) => (!console.is_of(users)).then_some(Reason::Deactivated),
    }
}
