//! One day: a cast with its habits, a plan of what happens when, and what came of it.

use std::time::Duration;

use actors::{Chance, Habit, RefreshBy, Refresher, Timing};
use call::Outcome;

use crate::chronicle::Chronicle;
use crate::handle::{ActorHandle, CallHandle};
use crate::judges::Speech;
use crate::network::Link;
use crate::world::World;

const HOUSE: &str = include_str!("house.toml");

/// Calls on one day.
const CALLS: usize = 10;

/// Calls begin within this time.
const MORNING: Duration = Duration::from_secs(90);

/// The day goes on for so long before everybody hangs up.
const DAY: Duration = Duration::from_secs(180);

pub(crate) struct Day {
    pub calls: u64,
    pub answered: u64,
    pub emergencies: u64,
    pub lived: Duration,
    pub speeches: Vec<Speech>,
}

/// Something that is going to happen.
#[derive(Clone, Copy)]
enum Doing {
    Call {
        caller: usize,
        number: &'static str,
    },
    OnCall {
        call: usize,
        what: OnCall,
    },
    Dies(usize),
    Returns(usize),
    BreaksStreams(usize),
    /// The same configuration again, as a new policy.
    NewPolicy,
    ClockIsSet,
}

#[derive(Clone, Copy)]
enum OnCall {
    HangUp,
    /// Both at the same moment.
    BothHangUp,
    Hold,
    Resume,
    ReInvite,
    /// Both at the same moment.
    Glare,
    ReInviteWithoutOffer,
    Update,
    Press,
    Transfer(&'static str),
    /// Both calls of whoever began this one become one.
    TransferWithNewest,
}

const FROM_INSIDE: [&str; 8] =
    ["+12065550142", "9 206 555 0142", "011 82 2 5550 1234", "0100", "0101", "0102", "911", "+14255550102"];
const FROM_OUTSIDE: [&str; 4] = ["+14255550100", "+14255550101", "+14255550102", "+14255550188"];

pub(crate) fn live(seed: u64, chronicle: Chronicle) -> Day {
    let mut chance = Chance::new(seed ^ 0x005e_ed0f_ada7);
    let house = house(&mut chance);
    let mut world = World::from_toml(seed, &house);
    world.chronicles(chronicle);
    let everybody = world.everybody();
    if !chance.happens(200) {
        let loss = *chance.one_of(&[10, 50, 50, 80]);
        world.links_all(Link::rough(loss));
    }
    for one in &everybody {
        take_habits(one, &mut chance);
        if chronicle == Chronicle::Told {
            eprintln!("{}: {:?}", one.name(), one.actor.borrow().profile().habits);
        }
    }
    let mut plan = plan(&everybody, &mut chance);
    plan.sort_by_key(|(at, _)| *at);

    let mut calls: Vec<Option<CallHandle>> = vec![None; CALLS];
    let mut next_call = 0;
    for (at, doing) in plan {
        let wait = at.saturating_sub(world.elapsed());
        world.run_for(wait);
        match doing {
            Doing::Call { caller, number } => {
                calls[next_call] = Some(everybody[caller].dials(number));
                next_call += 1;
            }
            Doing::OnCall { call, what } => {
                if let Some(call) = &calls[call] {
                    on_call(what, call, &everybody);
                }
            }
            Doing::Dies(who) => everybody[who].dies(),
            Doing::Returns(who) => everybody[who].returns(),
            Doing::BreaksStreams(who) => everybody[who].loses_its_connections(),
            Doing::NewPolicy => world.adopts(&house),
            Doing::ClockIsSet => world.skews_the_wall_clock(-1_234_567),
        }
        world.run_for(Duration::ZERO);
    }
    let rest = DAY.saturating_sub(world.elapsed());
    world.run_for(rest);
    let answered = world.records().iter().filter(|record| record.outcome == Outcome::Answered).count();
    let emergencies = world.records().iter().filter(|record| record.emergency).count();
    let lived = world.elapsed();
    Day {
        calls: next_call as u64,
        answered: answered as u64,
        emergencies: emergencies as u64,
        lived,
        speeches: world.verdicts(),
    }
}

fn house(chance: &mut Chance) -> String {
    let mut text = HOUSE.to_owned();
    if chance.happens(300) {
        text = text.replace("sip:198.51.100.10:5060", "sip:198.51.100.10:5060;transport=tcp");
    }
    if chance.happens(200) {
        text = text.replace("sip:minsu@10.20.0.32:5060", "sip:minsu@10.20.0.32:5060;transport=tcp");
    }
    if chance.happens(500) {
        text = text.replace("[trunk.east]", "[trunk.east]\ncall = { session_timer = \"90s\" }");
    }
    if chance.happens(300) {
        text = text.replace("options = \"off\"", "options = \"20s\"");
    }
    if chance.happens(150) {
        text = text.replace("limits = { calls = 40 }", "limits = { calls = 2 }");
    }
    text
}

fn take_habits(one: &ActorHandle, chance: &mut Chance) {
    let all = [
        Habit::RefusesWith(*chance.one_of(&[486, 503, 404, 500, 603])),
        Habit::IgnoresCancel,
        Habit::AnswersTwice,
        Habit::ChangesTags,
        Habit::NoRinging,
        Habit::RingsForever,
        Habit::LosesAcks(2),
        Habit::NeverAcks,
        Habit::RetransmitsWildly,
        Habit::DiesAfterAnswer,
        Habit::EarlyMedia,
        Habit::OffersLate,
        Habit::ReinvitesAtOnce,
        Habit::RefusesChanges,
        Habit::Redirects,
        Habit::Silent,
        Habit::LeavesAfterRefer,
    ];
    one.with(|profile| {
        profile.packet_every = Duration::from_millis(500);
        profile.answers_after = chance.span_below(Duration::from_secs(6));
        profile.rings_after = chance.span_below(Duration::from_millis(600));
        profile.talks_for = Some(Duration::from_secs(2) + chance.span_below(Duration::from_secs(40)));
        while chance.happens(350) {
            profile.habits.push(*chance.one_of(&all));
        }
        if chance.happens(300) {
            profile.timing = Some(Timing {
                interval: *chance.one_of(&[60, 90, 120, 1800]),
                least: *chance.one_of(&[0, 90, 100]),
                refresher: *chance.one_of(&[Refresher::Me, Refresher::You, Refresher::Whoever]),
                by: *chance.one_of(&[RefreshBy::Update, RefreshBy::ReInvite]),
            });
        }
    });
}

fn is_provider(one: &ActorHandle) -> bool {
    matches!(one.name().as_str(), "east" | "west")
}

fn plan(everybody: &[ActorHandle], chance: &mut Chance) -> Vec<(Duration, Doing)> {
    let mut plan = Vec::new();
    let mut begins: Vec<Duration> = (0..CALLS).map(|_| chance.span_below(MORNING)).collect();
    begins.sort_unstable();
    for (call, at) in begins.into_iter().enumerate() {
        let caller = chance.below(everybody.len() as u64) as usize;
        let numbers: &[&'static str] =
            if is_provider(&everybody[caller]) { &FROM_OUTSIDE } else { &FROM_INSIDE };
        let number = numbers[chance.below(numbers.len() as u64) as usize];
        plan.push((at, Doing::Call { caller, number }));
        if chance.happens(400) {
            let after = chance.span_below(Duration::from_secs(8));
            plan.push((at + after, Doing::OnCall { call, what: OnCall::HangUp }));
            continue;
        }
        let target: &&str = chance.one_of(&FROM_INSIDE);
        let all = [
            OnCall::BothHangUp,
            OnCall::Hold,
            OnCall::Resume,
            OnCall::ReInvite,
            OnCall::Glare,
            OnCall::ReInviteWithoutOffer,
            OnCall::Update,
            OnCall::Press,
            OnCall::Transfer(target),
            OnCall::TransferWithNewest,
        ];
        while chance.happens(600) {
            let after = Duration::from_secs(1) + chance.span_below(Duration::from_secs(20));
            plan.push((at + after, Doing::OnCall { call, what: *chance.one_of(&all) }));
        }
    }
    let unlucky = chance.below(everybody.len() as u64) as usize;
    let at = chance.span_below(MORNING);
    if chance.happens(300) {
        plan.push((at, Doing::Dies(unlucky)));
        plan.push((at + chance.span_below(Duration::from_secs(60)), Doing::Returns(unlucky)));
    } else if chance.happens(300) {
        // What a phone says on a connection that breaks under it is lost, and nobody's fault.
        let providers = (0..everybody.len()).filter(|at| is_provider(&everybody[*at]));
        let providers: Vec<usize> = providers.collect();
        plan.push((at, Doing::BreaksStreams(*chance.one_of(&providers))));
    }
    if chance.happens(200) {
        plan.push((chance.span_below(MORNING), Doing::NewPolicy));
    }
    if chance.happens(100) {
        plan.push((chance.span_below(MORNING), Doing::ClockIsSet));
    }
    plan
}

fn on_call(what: OnCall, call: &CallHandle, everybody: &[ActorHandle]) {
    let partner = || everybody.iter().find_map(|one| one.leg_with(call));
    match what {
        OnCall::HangUp => call.hangs_up(),
        OnCall::BothHangUp => {
            call.hangs_up();
            partner().inspect(CallHandle::hangs_up);
        }
        OnCall::Hold => call.holds(),
        OnCall::Resume => call.resumes(),
        OnCall::ReInvite => call.reinvites(),
        OnCall::Glare => {
            call.reinvites();
            partner().inspect(CallHandle::reinvites);
        }
        OnCall::ReInviteWithoutOffer => call.reinvites_without_offer(),
        OnCall::Update => call.updates(),
        OnCall::Press => call.presses("5"),
        OnCall::Transfer(number) => partner().as_ref().unwrap_or(call).transfers_to(number),
        OnCall::TransferWithNewest => call.transfers_with_newest(),
    }
}
