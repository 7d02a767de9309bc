//! One call, and whatever its parties may do to it in any order; a small model says what must be true in the
//! end.

use std::time::Duration;

use actors::{Chance, Ended, Habit, RefreshBy, Refresher, Stage, Timing};
use call::{Outcome, Record};

use crate::chronicle::Chronicle;
use crate::handle::{ActorHandle, CallHandle};
use crate::judges::Speech;
use crate::network::Link;
use crate::seeds::day::Day;
use crate::world::World;

const HOUSE: &str = include_str!("house.toml");

/// Deeds of one sequence, at most.
const DEEDS: u64 = 12;
/// A change that crossed another one is tried again within this time, however bad the line is.
const SETTLES: Duration = Duration::from_secs(40);
/// After this, whoever is heard has been heard.
const LISTENS: Duration = Duration::from_secs(4);

/// Who calls whom, by which number.
const CALLS: [(&str, &str, &str); 4] = [
    ("hana", "0101", "minsu"),
    ("hana", "+12065550142", "east"),
    ("east", "+14255550101", "minsu"),
    ("minsu", "+14255550100", "hana"),
];
/// The number of a third party.
const NUMBER_OF_THIRD: &str = "0102";

#[derive(Clone, Copy, Debug)]
enum Deed {
    Hold,
    Resume,
    ReInvite,
    ReInviteWithoutOffer,
    Update,
    Press,
    /// Both change the session at the same moment.
    Glare,
    HangUp,
    /// Both at the same moment.
    BothHangUp,
    Transfer,
    /// Asks the third party first.
    TransferAttended,
}

/// What the parties have done, as far as it says who must be speaking with whom.
#[derive(Default)]
struct Model {
    hung_up: bool,
    /// Whoever gave the call away: 0 called, 1 was called.
    transferor: Option<usize>,
}

/// Plays the sequence of a seed.
pub(crate) fn live(seed: u64, chronicle: Chronicle) -> Day {
    let mut chance = Chance::new(seed ^ 0x5e90_e4ce);
    let mut world = World::from_toml(seed, HOUSE);
    world.chronicles(chronicle);
    if chance.happens(600) {
        world.links_all(Link::rough(*chance.one_of(&[10, 50, 80])));
    }
    let (caller, number, callee) = *chance.one_of(&CALLS);
    for one in world.everybody() {
        take_habits(&one, &mut chance);
    }
    let parties = [world.actor(caller), world.actor(callee)];
    let call = parties[0].dials(number);
    let mut model = Model::default();
    for _ in 0..=chance.below(DEEDS) {
        let pause = chance.span_below(Duration::from_secs(3));
        world.run_for(pause);
        let deed = draw(&mut chance);
        if chronicle == Chronicle::Told {
            eprintln!("          {deed:?}");
        }
        act(deed, &mut world, &mut chance, &parties, &mut model);
    }
    let speeches = settle(&mut world, &parties, &call, &model);
    let is_answered = |record: &Record| record.outcome == Outcome::Answered;
    let was_answered = !legs_up(&world).is_empty() || world.records().iter().any(is_answered);
    let lived = world.elapsed();
    let judged = world.verdicts();
    Day {
        calls: 1,
        answered: u64::from(was_answered),
        emergencies: 0,
        lived,
        speeches: speeches.into_iter().chain(judged).collect(),
    }
}

fn take_habits(one: &ActorHandle, chance: &mut Chance) {
    let all = [
        Habit::EarlyMedia,
        Habit::NoRinging,
        Habit::OffersLate,
        Habit::Reliable,
        Habit::RetransmitsWildly,
        Habit::LosesAcks(2),
        Habit::LosesPracks(1),
        Habit::ReinvitesAtOnce,
        Habit::RefusesChanges,
        Habit::LeavesAfterRefer,
        Habit::ChangesTags,
    ];
    one.with(|profile| {
        profile.packet_every = Duration::from_millis(250);
        profile.answers_after = chance.span_below(Duration::from_secs(3));
        profile.rings_after = chance.span_below(Duration::from_millis(400));
        profile.talks_for = None;
        while chance.happens(300) {
            profile.habits.push(*chance.one_of(&all));
        }
        if chance.happens(200) {
            profile.timing = Some(Timing {
                interval: *chance.one_of(&[90, 100, 1800]),
                least: 90,
                refresher: *chance.one_of(&[Refresher::Me, Refresher::You, Refresher::Whoever]),
                by: *chance.one_of(&[RefreshBy::Update, RefreshBy::ReInvite]),
            });
        }
    });
}

fn draw(chance: &mut Chance) -> Deed {
    let common = [
        Deed::Hold,
        Deed::Resume,
        Deed::ReInvite,
        Deed::ReInviteWithoutOffer,
        Deed::Update,
        Deed::Press,
        Deed::Glare,
    ];
    let rare = [Deed::HangUp, Deed::BothHangUp, Deed::Transfer, Deed::TransferAttended];
    if chance.happens(130) { *chance.one_of(&rare) } else { *chance.one_of(&common) }
}

fn act(deed: Deed, world: &mut World, chance: &mut Chance, parties: &[ActorHandle; 2], model: &mut Model) {
    let who = usize::from(chance.happens(500));
    let [Some(ours), theirs] = [who, 1 - who].map(|at| living(&parties[at])) else { return };
    match deed {
        Deed::Hold => ours.holds(),
        Deed::Resume => ours.resumes(),
        Deed::ReInvite => ours.reinvites(),
        Deed::ReInviteWithoutOffer => ours.reinvites_without_offer(),
        Deed::Update => ours.updates(),
        Deed::Press => ours.presses("5"),
        Deed::Glare => {
            ours.reinvites();
            theirs.iter().for_each(CallHandle::reinvites);
        }
        Deed::HangUp | Deed::BothHangUp => {
            model.hung_up = true;
            ours.hangs_up();
            if matches!(deed, Deed::BothHangUp) {
                theirs.iter().for_each(CallHandle::hangs_up);
            }
        }
        Deed::Transfer | Deed::TransferAttended => {
            let is_stubborn = |one: &ActorHandle| one.actor.borrow().profile().has(Habit::RefusesChanges);
            // Whoever takes no re-INVITE can't be joined to somebody else.
            let is_possible = !world.everybody().iter().any(is_stubborn);
            if model.hung_up || model.transferor.is_some() || !ours.is_up() || !is_possible {
                return;
            }
            model.transferor = Some(who);
            if matches!(deed, Deed::Transfer) {
                return ours.transfers_to(NUMBER_OF_THIRD);
            }
            let second = parties[who].dials(NUMBER_OF_THIRD);
            world.run_for(Duration::from_secs(5));
            if ours.is_up() && second.is_up() {
                ours.transfers_with(&second);
            }
        }
    }
}

/// Its only leg that isn't over, or the newest.
fn living(one: &ActorHandle) -> Option<CallHandle> {
    let leg = one.legs().into_iter().rfind(|leg| leg.stage != Stage::Over)?;
    Some(CallHandle { owner: one.clone(), leg: leg.id })
}

/// Everybody who is left takes the call back from hold on a line that is good again; then the model is asked.
fn settle(world: &mut World, parties: &[ActorHandle; 2], call: &CallHandle, model: &Model) -> Vec<Speech> {
    world.links_all(Link::default());
    for one in world.everybody() {
        one.loses_its_habits();
    }
    world.run_for(SETTLES);
    for _ in 0..2 {
        for leg in legs_up(world) {
            leg.resumes();
            world.run_for(Duration::from_secs(6));
        }
    }
    let legs = legs_up(world);
    let before: Vec<u64> = legs.iter().map(CallHandle::packets_heard).collect();
    world.run_for(LISTENS);
    let mut faults = Vec::new();
    for (leg, before) in legs.iter().zip(before) {
        if leg.is_up() && leg.packets_heard() < before + 4 {
            faults.push(format!("{} is in a call and hears nobody", leg.owner.name()));
        }
    }
    if !legs.len().is_multiple_of(2) {
        let names: Vec<String> = legs.iter().map(|leg| leg.owner.name()).collect();
        faults.push(format!("{} are in calls: one of them alone", names.join(", ")));
    }
    // Every copy of the INVITE was lost: whoever was called has not heard of it.
    let is_unheard = call.ended() == Some(Ended::Refused(408));
    let is_in = |one: &ActorHandle| legs.iter().any(|leg| leg.owner.name() == one.name());
    match model {
        Model { hung_up: true, .. } => {
            if call.is_up() && model.transferor.is_none() {
                faults.push("the call was hung up and goes on".to_owned());
            }
        }
        Model { transferor: Some(who), .. } => {
            if !is_in(&parties[1 - who]) {
                faults.push(format!("{} was transferred and is in no call", parties[1 - who].name()));
            }
        }
        Model { transferor: None, .. } if is_unheard => {}
        Model { transferor: None, .. } => {
            let out = parties.iter().filter(|one| !is_in(one));
            faults.extend(out.map(|one| format!("{} hung up on nobody and is in no call", one.name())));
        }
    }
    faults.into_iter().map(|words| Speech { judge: "model", words }).collect()
}

fn legs_up(world: &World) -> Vec<CallHandle> {
    let mut legs = Vec::new();
    for one in world.everybody() {
        let up = one.legs().into_iter().filter(|leg| leg.stage == Stage::Up);
        legs.extend(up.map(|leg| CallHandle { owner: one.clone(), leg: leg.id }));
    }
    legs
}
