//! Who is there, where DNS says they are, and what befalls them.

use std::time::Duration;

use actors::{Chance, Credentials, Habit, Transport};
use sip_stack::locate::{Naptr, Srv};
use switch::TargetState;

use crate::cast::PASSWORD;
use crate::handle::ActorHandle;
use crate::seeds::chaos::registers::Findable;
use crate::seeds::chaos::truth::{Listing, Target};
use crate::world::World;

pub(crate) const HOUSE: &str = include_str!("house.toml");
pub(crate) const PHONES: [&str; 3] = ["hana", "minsu", "lobby"];
/// Accounts by their users.
pub(crate) const SOUTH: &str = "contoso-south";
pub(crate) const COAST: &str = "contoso-coast";

/// Trunks that are names: net, hosts, and how DNS tells them.
const NAMED: [Named; 4] = [
    Named { trunk: "east", net: 51, hosts: 3, service: Some("_sip._udp"), account: None },
    Named { trunk: "west", net: 52, hosts: 2, service: Some("_sip._tcp"), account: None },
    Named { trunk: "south", net: 54, hosts: 2, service: None, account: Some(SOUTH) },
    Named { trunk: "coast", net: 55, hosts: 2, service: Some("_sip._udp"), account: Some(COAST) },
];
/// Trunks that are addresses, by the names of their far ends.
const FIXED: [(&str, &str); 3] = [("north", "north"), ("north", "north-2"), ("pbx", "pbx")];

struct Named {
    trunk: &'static str,
    net: u8,
    hosts: u8,
    service: Option<&'static str>,
    account: Option<&'static str>,
}

/// Everybody outside, and the health of DNS.
pub(crate) struct Cast {
    pub targets: Vec<Target>,
    troubles: Vec<Trouble>,
    hosts: Vec<Host>,
    /// For each named trunk a far end that DNS doesn't lead to at the moment.
    spares: Vec<usize>,
    dns_well_since: Option<Duration>,
    /// Of a thousand changes of a far end, so many are for the worse.
    deadliness: u32,
}

/// What ails one far end.
#[derive(Clone, Debug, Default)]
struct Trouble {
    is_cut: bool,
    /// Why it takes no calls.
    sick: Vec<Habit>,
    /// Why it registers nobody.
    as_registrar: Vec<Habit>,
}

/// A name with one address, or none for a while.
struct Host {
    name: String,
    /// Which of the named trunks.
    trunk: usize,
    target: usize,
    is_listed: bool,
}

impl Cast {
    /// Puts all far ends into the world, and their names into DNS.
    pub fn enter(world: &mut World, deadliness: u32) -> Cast {
        let mut cast = Cast {
            deadliness,
            targets: Vec::new(),
            troubles: Vec::new(),
            hosts: Vec::new(),
            spares: Vec::new(),
            dns_well_since: Some(Duration::ZERO),
        };
        for (trunk, name) in FIXED {
            let actor = world.provider(name);
            cast.meet(trunk, actor, Listing::Always);
        }
        for (index, named) in NAMED.iter().enumerate() {
            cast.enter_named(world, index, named);
        }
        for phone in PHONES {
            world.user(phone).with(|profile| {
                profile.talks_for = Some(Duration::from_secs(2));
                profile.packet_every = Duration::from_secs(1);
                // Nobody takes a port twice: what an old leg hears would be taken for its own.
                profile.rtp_pairs = 4000;
            });
        }
        cast
    }

    fn meet(&mut self, trunk: &'static str, actor: ActorHandle, findable: Listing) {
        actor.with(|profile| {
            profile.user = "+12065550142".to_owned();
            profile.answers_after = Duration::from_millis(300);
            profile.talks_for = Some(Duration::from_secs(5));
            profile.packet_every = Duration::from_secs(1);
        });
        let sip = actor.sip();
        self.targets.push(Target { trunk, actor, sip, alive_since: Some(Duration::ZERO), findable });
        self.troubles.push(Trouble::default());
    }

    fn enter_named(&mut self, world: &mut World, index: usize, named: &Named) {
        let Named { trunk, net, hosts, service, account } = *named;
        for at in 0..=hosts {
            let ip = format!("203.0.{net}.{}", 10 + at);
            let actor = world.another_provider(&format!("{trunk}-at-{at}"), &format!("{ip}:5060"));
            actor.with(|profile| {
                profile.accounts.extend(
                    account.map(|user| Credentials { user: user.to_owned(), password: PASSWORD.to_owned() }),
                );
                if service == Some("_sip._tcp") {
                    profile.transport = Transport::Tcp;
                }
            });
            // Whom DNS may cease to name is no way out that can be counted on.
            world.judges.expect_a_death(actor.sip().ip());
            let listed_since = (at < hosts).then_some(Duration::ZERO);
            self.meet(trunk, actor, Listing::ByName { listed_since, known_since: None });
            if at == hosts {
                self.spares.push(self.targets.len() - 1);
                continue;
            }
            let name = format!("s{at}.{trunk}.example");
            world.zone().address(&name, ip.parse().expect("an address"));
            if let Some(service) = service {
                let target = name.clone();
                let record = Srv { priority: 1 + u16::from(at / 2), weight: 1, port: 5060, target };
                world.zone().service(&format!("{service}.{trunk}.example"), record);
            }
            self.hosts.push(Host { name, trunk: index, target: self.targets.len() - 1, is_listed: true });
        }
        if trunk == "east" {
            let record = Naptr {
                order: 1,
                preference: 1,
                flags: "s".to_owned(),
                service: "SIP+D2U".to_owned(),
                replacement: "_sip._udp.east.example".to_owned(),
            };
            world.zone().pointer("east.example", record);
        }
    }

    /// How many of the registrars of a trunk can be found; each has two.
    pub fn findable(&self, trunk: &str) -> Findable {
        let is_known = |target: &&Target| target.trunk == trunk && target.known_since().is_some();
        match self.targets.iter().filter(is_known).count() {
            0 => Findable::None,
            1 => Findable::Some,
            _ => Findable::All,
        }
    }

    /// Whether a far end is in a state to call.
    pub fn can_call(&self, target: usize) -> bool {
        !self.troubles[target].is_cut
    }

    /// Looks what the house must know by now.
    pub fn look(&mut self, now: Duration) {
        let well_since = self.dns_well_since;
        self.targets.iter_mut().for_each(|target| target.look(now, well_since));
    }

    pub fn something_happens(&mut self, world: &mut World, chance: &mut Chance) {
        match chance.below(20) {
            0..2 => self.dns_changes(world, chance),
            2..4 => self.records_change(world, chance),
            4..7 => self.registrar_changes(chance),
            _ => self.target_changes(world, chance),
        }
    }

    fn dns_changes(&mut self, world: &mut World, chance: &mut Chance) {
        if self.dns_well_since.is_none() {
            world.zone().returns();
            self.dns_well_since = Some(world.elapsed());
            return;
        }
        // It is well for longer than it is ill: who never hears of a change can't be held to it.
        if !chance.happens(400) {
            return;
        }
        self.dns_well_since = None;
        match chance.below(10) {
            0..5 => world.zone().dies(),
            5..9 => world.zone().fails(),
            _ => {
                world.zone().empties();
                self.targets.iter_mut().for_each(Target::is_denied);
            }
        }
    }

    /// A name loses its address, gets it again, or moves to another.
    fn records_change(&mut self, world: &mut World, chance: &mut Chance) {
        let now = world.elapsed();
        let at = chance.below(self.hosts.len() as u64) as usize;
        let host = &mut self.hosts[at];
        if host.is_listed {
            world.zone().forgets(&host.name);
            self.targets[host.target].is_withdrawn();
            host.is_listed = false;
            // Where each host is a server of its own, what one server said is not known of the other.
            if NAMED[host.trunk].service.is_none() || chance.happens(500) {
                return;
            }
            std::mem::swap(&mut host.target, &mut self.spares[host.trunk]);
        }
        let target = &mut self.targets[host.target];
        world.zone().address(&host.name, target.sip.ip());
        target.is_listed(now);
        host.is_listed = true;
    }

    fn registrar_changes(&mut self, chance: &mut Chance) {
        let all =
            || (0..self.targets.len()).filter(|at| matches!(self.targets[*at].trunk, "south" | "coast"));
        let all: Vec<usize> = all().collect();
        let at = *chance.one_of(&all);
        let trouble = &mut self.troubles[at].as_registrar;
        *trouble = match (trouble.is_empty(), chance.below(4)) {
            (false, _) => Vec::new(),
            (true, 0) => vec![Habit::RegistersNobody(500)],
            (true, 1) => vec![Habit::RegistersNobody(403)],
            (true, _) => vec![Habit::BidsWait(*chance.one_of(&[30, 60, 240]))],
        };
        self.behave(at);
    }

    fn target_changes(&mut self, world: &mut World, chance: &mut Chance) {
        let at = chance.below(self.targets.len() as u64) as usize;
        let now = world.elapsed();
        let is_alive = self.targets[at].alive_since.is_some();
        match (is_alive, chance.happens(self.deadliness)) {
            (true, true) => {}
            (false, false) => return self.target_returns(at, now),
            (true, false) | (false, true) => return,
        }
        self.targets[at].alive_since = None;
        let trouble = &mut self.troubles[at];
        match chance.below(10) {
            0..4 => trouble.is_cut = true,
            // Its machine is gone: connections break.
            4..6 => {
                trouble.is_cut = true;
                self.targets[at].actor.loses_its_connections();
            }
            6..8 => trouble.sick = vec![Habit::RefusesWith(503)],
            8 => {
                let seconds = *chance.one_of(&[20, 90, 300]);
                trouble.sick = vec![Habit::RefusesWith(503), Habit::SaysRetryAfter(seconds)];
            }
            _ => {
                let (no, bids) = (Habit::AnswersOptionsWith(503), Habit::SaysRetryAfter(60));
                trouble.sick = vec![Habit::RefusesWith(503), no, bids];
            }
        }
        if self.troubles[at].is_cut {
            self.targets[at].actor.dies();
        }
        self.behave(at);
    }

    fn target_returns(&mut self, at: usize, now: Duration) {
        self.troubles[at].sick.clear();
        if std::mem::take(&mut self.troubles[at].is_cut) {
            self.targets[at].actor.returns();
        }
        self.targets[at].alive_since = Some(now);
        self.behave(at);
    }

    /// A far end takes the habits of what ails it.
    fn behave(&self, at: usize) {
        let Trouble { sick, as_registrar, .. } = &self.troubles[at];
        let habits = sick.iter().chain(as_registrar).copied().collect();
        self.targets[at].actor.with(|profile| profile.habits = habits);
    }

    /// All is well from now on.
    pub fn heal(&mut self, world: &mut World) {
        let now = world.elapsed();
        world.zone().returns();
        self.dns_well_since.get_or_insert(now);
        for host in self.hosts.iter_mut().filter(|host| !host.is_listed) {
            let target = &mut self.targets[host.target];
            world.zone().address(&host.name, target.sip.ip());
            target.is_listed(now);
            host.is_listed = true;
        }
        for at in 0..self.targets.len() {
            self.troubles[at].as_registrar.clear();
            if self.targets[at].alive_since.is_none() {
                self.target_returns(at, now);
            }
            self.behave(at);
        }
    }

    /// Far ends that the house has not found again, though all has been well for long.
    pub fn who_is_not_back(&self, world: &World) -> Vec<String> {
        let view = world.view();
        let seen = view.trunks.iter().flat_map(|trunk| &trunk.targets);
        let seen: Vec<_> = seen.filter_map(|one| Some((one.address.clone()?, one.state))).collect();
        let is_listed = |target: &&Target| target.known_since().is_some() && target.trunk != "north";
        let mut words = Vec::new();
        for target in self.targets.iter().filter(is_listed) {
            let ours = seen.iter().find(|(address, _)| address.ends_with(&target.sip.to_string()));
            match ours {
                Some((_, TargetState::Up)) => {}
                other => words.push(format!("{} is back, and counts as {other:?}", target.sip)),
            }
        }
        words
    }
}
