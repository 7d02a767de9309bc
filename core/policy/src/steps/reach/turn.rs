//! Who has time for a call, and in which order a team rings: as it is written, behind whoever rang last, or
//! by who has been idle for longest.

use model::RingOrder;

use super::Chain;
use crate::facts::Facts;
use crate::forward::Target;
use crate::policy::User;
use crate::refusal::{Code, Refusal};
use crate::standing::Clock;
use crate::trail::Trail;
use crate::turns::{Idle, TeamTurn};

const NAME: &str = "turn";

/// The members of a team as they are tried now.
pub(super) fn in_order<'p>(user: &'p User, facts: &Facts, trail: &mut Trail) -> Vec<&'p Target> {
    let mut members: Vec<&Target> = user.also.iter().collect();
    match user.ring {
        RingOrder::Together | RingOrder::InTurn => {}
        RingOrder::RoundRobin => behind_the_last(user, &mut members, facts, trail),
        RingOrder::LongestIdle => by_idleness(user, &mut members, facts, trail),
    }
    members
}

/// Marks the attempts of a member whose turn is remembered.
pub(super) fn remember(user: &User, member: &Target, chains: &mut [Chain]) {
    let Some(member) = member.name().filter(|_| user.ring == RingOrder::RoundRobin) else { return };
    for attempt in chains.iter_mut().flatten() {
        attempt.turn = Some(TeamTurn { team: user.name.clone(), member: member.clone() });
    }
}

/// Whether somebody may have one more call.
pub(super) fn is_free(user: &User, facts: &Facts, trail: &mut Trail) -> Result<(), Refusal> {
    let Some(limit) = &user.calls else { return Ok(()) };
    trail.asked_for_calls(&user.name);
    let now = facts.calls.iter().find(|(name, _)| *name == user.name).map_or(0, |(_, count)| *count);
    if now < limit.ceiling() {
        return Ok(());
    }
    let words = format!("{} has {now} calls, and may have {}", user.name, limit.ceiling());
    trail.note("calls", "busy", words.clone()).at(&user.at);
    Err(Refusal::new(Code::BUSY, words))
}

fn behind_the_last(user: &User, members: &mut [&Target], facts: &Facts, trail: &mut Trail) {
    trail.asked_for_turn(std::iter::once(user.name.clone()));
    let last = facts.turns.last_of(&user.name);
    let at = last.and_then(|last| members.iter().position(|one| one.name().as_ref() == Some(last)));
    let says = match (last, at) {
        (Some(last), Some(at)) => {
            members.rotate_left(at + 1);
            format!("{last} rang last for {}", user.name)
        }
        (Some(last), None) => format!("{last} rang last for {}, and is none of them any more", user.name),
        (None, _) => format!("nobody has rung for {} yet", user.name),
    };
    let first = members.first().map(|first| format!("; {first} begins")).unwrap_or_default();
    trail.note(NAME, "round-robin", format!("{says}{first}")).at(&user.at);
}

fn by_idleness(user: &User, members: &mut [&Target], facts: &Facts, trail: &mut Trail) {
    let idle = |member: &Target| facts.turns.idle(&member.name()?);
    trail.asked_for_turn(members.iter().filter_map(|member| member.name()));
    members.sort_by_key(|member| idle(member));
    let each: Vec<String> =
        members.iter().map(|member| format!("{member} {}", words(idle(member)))).collect();
    trail.note(NAME, "longest-idle", each.join(", ")).at(&user.at);
}

fn words(idle: Option<Idle>) -> String {
    match idle {
        None => "was in no call yet".to_owned(),
        Some(Idle::Since(at)) => format!("idle since {}", Clock(at)),
        Some(Idle::Not) => "is in a call".to_owned(),
    }
}
