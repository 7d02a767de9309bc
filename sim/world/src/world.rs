//! The world as a story sees it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::{Actor, Chance, Deed, Identity, Stage};
use call::{Event, Record};
use media::Certificate;
use model::{Documents, SecretRef, Secrets, SourceFile};
use policy::Policy;
use sip_stack::Transport;
use switch::{Command, CommandId, Held, Input, News, Reply, Wake};

use crate::cast;
use crate::chronicle::Chronicle;
use crate::clock::Clock;
use crate::handle::{ActorHandle, Board, Wish};
use crate::judges::{Judges, Last, Speech};
use crate::ladder::{Rung, Way};
use crate::network::{Link, Network};
use crate::node::Node;
use crate::running::Coming;
use crate::sight::{Overheard, Sight};
use crate::streams::Streams;
use crate::street::Street;
use crate::zone::Zone;

/// Nothing was said on the wire for so long: whatever is left is waiting for a story.
const QUIET: Duration = Duration::from_secs(20);

/// The world has ended when nothing is held, or after this: the longest session timer of a house, and the
/// time of a request that nobody answers.
const END_WAIT: Duration = Duration::from_secs(1900);

/// A house and everything around it.
pub struct World {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) node: Node,
    pub(crate) network: Network,
    pub(crate) streams: Streams,
    /// The way of media, where it is looked at.
    pub(crate) street: Option<Street>,
    pub(crate) zone: Zone,
    pub(crate) actors: Vec<Rc<RefCell<Actor>>>,
    pub(crate) by_ip: BTreeMap<IpAddr, usize>,
    /// Datagrams that were sent to where nobody lives.
    pub(crate) astray: BTreeMap<IpAddr, u64>,
    pub(crate) board: Rc<RefCell<Board>>,
    pub(crate) coming: BTreeMap<(Instant, u64), Coming>,
    pub(crate) last_event: u64,
    pub(crate) last_sip: Instant,
    pub(crate) judges: Judges,
    chronicle: Chronicle,
    /// What the house sent and received, where a story looks at its bytes.
    capture: Option<Vec<Rung>>,
    /// What was said on the wire, where somebody listens.
    overheard: Option<Vec<Overheard>>,
    pub(crate) records: Vec<Record>,
    /// What relays have copied of calls that are recorded.
    pub(crate) taped: Vec<media::Taped>,
    pub(crate) excerpted: Vec<media::Excerpted>,
    /// Packets of media that far ends sent each other.
    pub(crate) crossed_without_us: usize,
    pub(crate) events: Vec<Event>,
    /// Phones that were to be woken.
    pub(crate) wakes: Vec<Wake>,
    pub(crate) replies: Vec<(CommandId, Reply)>,
    /// How often one shard has handed a call on to another.
    pub(crate) handed_on: usize,
    policy: Arc<Policy>,
    is_finished: bool,
}

/// A configuration, read and compiled.
pub(crate) struct Blueprint {
    documents: Documents,
    policy: Arc<Policy>,
    /// What it shows in handshakes, if it can have any.
    identity: Option<&'static Identity>,
}

impl Blueprint {
    /// Panics if it is wrong.
    pub(crate) fn read(toml: &str) -> Blueprint {
        Blueprint::with_sounds(toml, &[])
    }

    /// The same, with what files of sound hold.
    fn with_sounds(toml: &str, sounds: &[(&str, &[u8])]) -> Blueprint {
        let mut documents = documents(toml);
        documents.sounds = sounds.iter().map(|(name, file)| ((*name).into(), (*file).into())).collect();
        let policy =
            policy::compile(&documents, &secrets(&documents)).unwrap_or_else(|all| panic!("{all:#?}"));
        Blueprint { documents, policy: Arc::new(policy), identity: None }
    }

    /// The same with a certificate.
    pub(crate) fn with_certificate(self) -> Blueprint {
        Blueprint { identity: Some(Identity::number(0)), ..self }
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }
}

impl World {
    /// Builds a world around a configuration. Panics if it is wrong: the story is.
    pub fn from_toml(seed: u64, toml: &str) -> World {
        World::with_hosts(seed, toml, &[])
    }

    /// As `from_toml`, with what files of sound hold.
    pub fn with_sounds(seed: u64, toml: &str, sounds: &[(&str, &[u8])]) -> World {
        World::begin(seed, &Blueprint::with_sounds(toml, sounds), &BTreeMap::new(), 1)
    }

    /// As `from_toml`, with so many shards.
    pub fn with_shards(seed: u64, toml: &str, shards: u8) -> World {
        World::begin(seed, &Blueprint::read(toml), &BTreeMap::new(), shards)
    }

    /// As `from_toml`, with names that far ends are found under.
    pub fn with_hosts(seed: u64, toml: &str, hosts: &[(&str, &str)]) -> World {
        let hosts: BTreeMap<String, IpAddr> = hosts
            .iter()
            .map(|(name, ip)| ((*name).to_owned(), ip.parse().expect("stories give addresses")))
            .collect();
        World::begin(seed, &Blueprint::read(toml), &hosts, 1)
    }

    /// Builds one of many worlds around the same configuration.
    pub(crate) fn of(seed: u64, house: &Blueprint, shards: u8) -> World {
        World::begin(seed, house, &BTreeMap::new(), shards)
    }

    fn begin(seed: u64, house: &Blueprint, hosts: &BTreeMap<String, IpAddr>, shards: u8) -> World {
        let Blueprint { documents, policy, identity } = house;
        let policy = Arc::clone(policy);
        let clock = Clock::new();
        let mut chance = Chance::new(seed);
        let certificate = identity.map(|Identity { certificate, private_key, .. }| {
            Arc::new(Certificate::foreseen(certificate.clone(), private_key.clone(), seed))
        });
        let mut zone = Zone::default();
        for (name, ip) in hosts {
            zone.address(name, *ip);
        }
        let mut world = World {
            seed,
            node: Node::new(&policy, certificate.as_ref(), chance.u64(), shards, clock.now()),
            network: Network::new(Chance::new(chance.u64())),
            streams: Streams::default(),
            street: None,
            zone,
            actors: Vec::new(),
            by_ip: BTreeMap::new(),
            astray: BTreeMap::new(),
            board: Rc::default(),
            coming: BTreeMap::new(),
            last_event: 0,
            last_sip: clock.now().instant,
            judges: Judges::default(),
            chronicle: Chronicle::Silent,
            capture: None,
            overheard: None,
            records: Vec::new(),
            taped: Vec::new(),
            excerpted: Vec::new(),
            crossed_without_us: 0,
            events: Vec::new(),
            wakes: Vec::new(),
            replies: Vec::new(),
            handed_on: 0,
            policy: Arc::clone(&policy),
            is_finished: false,
            clock,
            chance,
        };
        for profile in cast::of(documents, &policy, hosts) {
            world.enter(Actor::new(profile, world.chance.clone().u64() ^ world.actors.len() as u64));
        }
        world.judges.see(&Sight::Adopted { policy: &policy });
        world
    }

    fn enter(&mut self, actor: Actor) -> usize {
        let (index, ip) = (self.actors.len(), actor.profile().sip.ip());
        let before = self.by_ip.insert(ip, index);
        assert!(before.is_none(), "each far end has an address of its own: {ip}");
        self.judges.meet(actor.profile());
        self.actors.push(Rc::new(RefCell::new(actor)));
        index
    }

    /// Tells what happens from now on.
    pub fn chronicles(&mut self, chronicle: Chronicle) {
        self.chronicle = chronicle;
    }

    pub(crate) fn is_told(&self) -> bool {
        self.chronicle == Chronicle::Told
    }

    /// Keeps what the house sends and receives from now on.
    pub fn captures(&mut self) {
        self.capture = Some(Vec::new());
    }

    /// What the house sent to a far end since then, as text.
    pub fn captured(&self, to: &ActorHandle) -> Vec<String> {
        let ip = to.sip().ip();
        let kept = self.capture.iter().flatten().filter(|rung| rung.far == ip && rung.way == Way::ToFarEnd);
        kept.map(|rung| String::from_utf8_lossy(&rung.bytes).into_owned()).collect()
    }

    /// All that passed since then, a line each: `hana -> INVITE sendrecv`, `hana <- 100 INVITE`.
    pub fn ladder(&self) -> Vec<String> {
        let name = |far: &IpAddr| {
            let known = self.by_ip.get(far).map(|index| self.actors[*index].borrow().profile().name.clone());
            known.unwrap_or_else(|| far.to_string())
        };
        self.capture.iter().flatten().map(|rung| rung.line(&name(&rung.far))).collect()
    }

    /// Listens on the wire from now on.
    pub(crate) fn overhears(&mut self) {
        self.overheard = Some(Vec::new());
    }

    /// What was said on the wire since this was asked last.
    pub(crate) fn overheard(&mut self) -> Vec<Overheard> {
        self.overheard.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn show(&mut self, sight: &Sight<'_>) {
        if let Some(capture) = &mut self.capture {
            capture.extend(Rung::of(sight));
        }
        if let Some(overheard) = &mut self.overheard {
            overheard.extend(Overheard::of(self.clock.base(), sight));
        }
        self.chronicle.see(self.clock.base(), sight);
        self.judges.see(sight);
    }

    /// Somebody who isn't in the configuration.
    pub fn stranger(&mut self, name: &str, sip: &str) -> ActorHandle {
        let sip: SocketAddr = sip.parse().expect("stories give addresses");
        let house = self.node.listeners[0].bind;
        let seed = self.seed ^ (self.actors.len() as u64) << 8;
        let index = self.enter(Actor::new(actors::Profile::phone(name, sip, house), seed));
        self.handle_of(index)
    }

    /// A further far end of a provider, at an address that configuration doesn't name.
    pub fn another_provider(&mut self, name: &str, sip: &str) -> ActorHandle {
        let sip: SocketAddr = sip.parse().expect("stories give addresses");
        let outside = self.node.listeners.iter().rev().find(|one| one.transport == Transport::Udp);
        let house = outside.map_or(self.node.listeners[0].bind, |listener| listener.bind);
        let profile = actors::Profile::provider(name, sip, house);
        let index = self.enter(Actor::new(profile, self.seed ^ self.actors.len() as u64));
        self.handle_of(index)
    }

    pub fn user(&self, name: &str) -> ActorHandle {
        self.actor(name)
    }

    pub fn provider(&self, name: &str) -> ActorHandle {
        self.actor(name)
    }

    /// A far end by its name. Panics if there is none: the story is wrong.
    pub fn actor(&self, name: &str) -> ActorHandle {
        let found = self.actors.iter().position(|actor| actor.borrow().profile().name == name);
        self.handle_of(found.unwrap_or_else(|| panic!("nobody here is called {name}")))
    }

    pub(crate) fn handle_of(&self, index: usize) -> ActorHandle {
        ActorHandle { index, actor: Rc::clone(&self.actors[index]), board: Rc::clone(&self.board) }
    }

    /// All far ends, in the order of their names: users, then trunks.
    pub fn everybody(&self) -> Vec<ActorHandle> {
        (0..self.actors.len()).map(|index| self.handle_of(index)).collect()
    }

    /// The link of one far end.
    pub fn links(&mut self, to: &ActorHandle, link: Link) {
        let ip = to.actor.borrow().profile().sip.ip();
        self.network.set(ip, link);
    }

    /// The links of all.
    pub fn links_all(&mut self, link: Link) {
        let ips: Vec<_> = self.by_ip.keys().copied().collect();
        ips.into_iter().for_each(|ip| self.network.set(ip, link));
    }

    pub fn zone(&mut self) -> &mut Zone {
        &mut self.zone
    }

    /// Sets the wall clock apart from the monotonic one.
    pub fn skews_the_wall_clock(&mut self, by_ms: i64) {
        self.clock.skew(by_ms);
    }

    /// Compiles another configuration after the one in force, and gives it to the house.
    pub fn adopts(&mut self, toml: &str) {
        let documents = documents(toml);
        let policy = policy::compile_after(&self.policy, &documents, &secrets(&documents));
        self.policy = Arc::new(policy.unwrap_or_else(|all| panic!("{all:#?}")));
        self.show(&Sight::Adopted { policy: &Arc::clone(&self.policy) });
        let policy = Arc::clone(&self.policy);
        self.give_all(|| Input::NewPolicy(Arc::clone(&policy)));
    }

    /// Gives the house an operator's command.
    pub fn commands(&mut self, command: Command) -> Option<Reply> {
        self.give_all(|| Input::Command(CommandId(1), command.clone()));
        self.replies.pop().map(|(_, reply)| reply)
    }

    /// Runs until nothing has been said for a while.
    pub fn run_until_quiet(&mut self) {
        self.grant_wishes();
        self.last_sip = self.clock.now().instant;
        while self.clock.now().instant < self.last_sip + QUIET {
            let limit = self.last_sip + QUIET;
            self.step(limit);
        }
    }

    pub fn run_for(&mut self, span: Duration) {
        self.grant_wishes();
        let end = self.clock.now().instant + span;
        while self.clock.now().instant < end {
            self.step(end);
        }
    }

    /// Lets no time pass that isn't needed for what the story wants done now.
    pub(crate) fn grant_wishes(&mut self) {
        let wishes = std::mem::take(&mut self.board.borrow_mut().wishes);
        for wish in wishes {
            match wish {
                Wish::Do(actor, deed) => self.tell_actor(actor, actors::ActorInput::Do(deed)),
                Wish::Cut(ip) => {
                    self.judges.expect_a_cut(ip);
                    self.network.cut(ip);
                }
                Wish::Join(ip) => self.network.join(ip),
                Wish::BreakStreams(actor) => self.break_streams(actor),
            }
        }
    }

    /// Records kept so far, in the order in which they were.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What relays have copied so far of calls that are recorded.
    pub fn taped(&self) -> &[media::Taped] {
        &self.taped
    }

    /// What relays have kept so far of packets that somebody asked for.
    pub fn excerpted(&self) -> &[media::Excerpted] {
        &self.excerpted
    }

    /// Packets of media that far ends have sent each other, past the house.
    pub fn crossed_without_us(&self) -> usize {
        self.crossed_without_us
    }

    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Whoever was to wake the last of them would not.
    pub fn wakes_nobody(&mut self) {
        let Some(Wake { user, device, .. }) = self.wakes.last().cloned() else { return };
        for shard in 0..self.node.switches.len() {
            let news = News::NotWoken { user: user.clone(), device: device.clone() };
            self.give(shard, Input::News(news));
        }
    }

    /// Phones that push services were asked to wake.
    pub fn wakes(&self) -> &[Wake] {
        &self.wakes
    }

    /// What the first shard shows of the house.
    pub fn view(&self) -> switch::View {
        self.node.switches[0].view(self.clock.now())
    }

    /// How often one shard has handed a call on to another.
    pub fn handed_on(&self) -> usize {
        self.handed_on
    }

    pub fn held(&self) -> Held {
        self.node.held()
    }

    /// How much time has passed here.
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Ends every call and lets the judges speak; panics if one has something to say.
    pub fn finish(self) {
        let seed = self.seed;
        let speeches = self.verdicts();
        let all: String = speeches.iter().map(|speech| format!("\n  {speech}")).collect();
        assert!(speeches.is_empty(), "seed {seed}: the judges speak:{all}");
    }

    /// Ends every call, waits until nothing is held, and returns what the judges say.
    pub fn verdicts(mut self) -> Vec<Speech> {
        self.is_finished = true;
        self.network.join_all();
        for one in self.everybody() {
            one.loses_its_habits();
        }
        self.grant_wishes();
        let end = self.clock.now().instant + END_WAIT;
        let mut tidied = self.clock.now().instant;
        self.hang_up_everywhere();
        while self.clock.now().instant < end && !self.is_at_rest() {
            self.step(tidied + Duration::from_secs(1));
            if self.clock.now().instant >= tidied + Duration::from_secs(1) {
                tidied = self.clock.now().instant;
                self.hang_up_everywhere();
            }
        }
        let last = Last {
            held: self.node.held(),
            streams: self.node.relay.streams(),
            bound: self.node.bound(),
            is_rough: self.network.was_rough,
        };
        self.judges.finish(&last)
    }

    fn is_at_rest(&self) -> bool {
        self.node.held() == Held::default() && self.actors.iter().all(|actor| actor.borrow().is_idle())
    }

    fn hang_up_everywhere(&mut self) {
        for index in 0..self.actors.len() {
            let legs: Vec<_> = self.actors[index]
                .borrow()
                .legs()
                .filter(|leg| leg.stage != Stage::Over)
                .map(|leg| leg.id)
                .collect();
            for leg in legs {
                self.tell_actor(index, actors::ActorInput::Do(Deed::HangUp(leg)));
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let was_forgotten = !self.is_finished && !std::thread::panicking();
        assert!(!was_forgotten, "a story ends with finish(): the judges want to speak");
    }
}

fn documents(toml: &str) -> Documents {
    let files = [SourceFile::new("story.toml", toml)];
    model::load(&files).unwrap_or_else(|problems| {
        let all: String = problems.iter().map(|problem| format!("{problem}\n\n")).collect();
        panic!("{all}")
    })
}

/// Each secret is known to those who need it.
fn secrets(documents: &Documents) -> Secrets {
    let mut secrets = Secrets::new();
    for place in documents.secret_refs() {
        // What is signed with has to be longer than what people type.
        let is_key = *place == SecretRef::Env("PUSH".into());
        let value = if is_key { "a key of the story that is long enough" } else { cast::PASSWORD };
        secrets.insert(place.clone(), value.to_owned());
    }
    secrets
}
