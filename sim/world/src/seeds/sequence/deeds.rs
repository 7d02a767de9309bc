//! What the parties of a sequence do.

use std::time::Duration;

use actors::{Chance, Habit, Stage};

use super::model::{Model, Side};
use crate::handle::{ActorHandle, CallHandle};
use crate::world::World;

/// The number of a third party.
const NUMBER_OF_THIRD: &str = "0102";
/// Where calls are parked.
const ORBIT: &str = "701";
/// Who wants the place of a party.
const TAKER: &str = "joon";

#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Hold,
    HoldByZero,
    Resume,
    ReInvite,
    ReInviteWithoutOffer,
    Update,
    Press,
    /// Both change the session at the same moment.
    Glare,
    /// Nothing for so long that session timers run out.
    Talk,
    HangUp,
    /// Both at the same moment.
    BothHangUp,
    Transfer,
    /// Asks the third party first.
    TransferAttended,
    /// A further phone takes somebody's place, whether they are in the call or still ring.
    TakePlace,
    /// The same phone takes whatever rings, by a code.
    PickUp,
    Park,
    /// The further phone takes what was parked.
    ParkAndTake,
}

pub(super) fn draw(chance: &mut Chance) -> Deed {
    let common = [
        Deed::Hold,
        Deed::HoldByZero,
        Deed::Resume,
        Deed::Resume,
        Deed::ReInvite,
        Deed::ReInviteWithoutOffer,
        Deed::Update,
        Deed::Press,
        Deed::Glare,
    ];
    let rare = [
        Deed::HangUp,
        Deed::BothHangUp,
        Deed::Transfer,
        Deed::TransferAttended,
        Deed::TakePlace,
        Deed::TakePlace,
        Deed::PickUp,
        Deed::Park,
        Deed::ParkAndTake,
        Deed::Talk,
    ];
    if chance.happens(180) { *chance.one_of(&rare) } else { *chance.one_of(&common) }
}

pub(super) fn act(deed: Deed, world: &mut World, chance: &mut Chance, model: &mut Model) {
    if matches!(deed, Deed::Talk) {
        return world.run_for(Duration::from_secs(40) + chance.span_below(Duration::from_secs(6)));
    }
    let side = *chance.one_of(&[Side::Caller, Side::Callee]);
    let (ours, theirs) = (model.leg(side, chance), model.leg(side.other(), chance));
    let Some(ours) = ours else { return };
    match deed {
        Deed::Talk => {}
        Deed::Hold => ours.holds(),
        Deed::HoldByZero => ours.holds_by_zero(),
        Deed::Resume => ours.resumes(),
        Deed::ReInvite => ours.reinvites(),
        Deed::ReInviteWithoutOffer => ours.reinvites_without_offer(),
        Deed::Update => ours.updates(),
        Deed::Press => ours.presses("5"),
        Deed::Glare => {
            ours.reinvites();
            theirs.iter().for_each(CallHandle::reinvites);
        }
        Deed::HangUp => model.hang_up(&ours),
        Deed::BothHangUp => {
            model.hang_up(&ours);
            theirs.iter().for_each(|theirs| model.hang_up(theirs));
        }
        Deed::Transfer | Deed::TransferAttended => transfer(deed, world, (side, ours), model),
        Deed::TakePlace => take_place(world, (side, ours), model),
        Deed::PickUp => pick_up(world, model),
        Deed::Park | Deed::ParkAndTake => park(deed, world, (side, ours), model),
    }
}

/// Whoever takes no re-INVITE can't be joined to somebody else, and is alone if the transferor is gone.
fn may_be_lost(world: &World, transferor: &CallHandle) -> bool {
    let has = |one: &ActorHandle, habit: Habit| one.actor.borrow().profile().has(habit);
    let is_anybody_stubborn = world.everybody().iter().any(|one| has(one, Habit::RefusesChanges));
    is_anybody_stubborn && has(&transferor.owner, Habit::LeavesAfterRefer)
}

fn transfer(deed: Deed, world: &mut World, (side, ours): (Side, CallHandle), model: &mut Model) {
    if model.has_hung_up || model.transferor.is_some() || !ours.is_up() || may_be_lost(world, &ours) {
        return;
    }
    model.transferor = Some(side);
    if matches!(deed, Deed::Transfer) {
        return ours.transfers_to(NUMBER_OF_THIRD);
    }
    let second = ours.owner.dials(NUMBER_OF_THIRD);
    world.run_for(Duration::from_secs(5));
    if ours.is_up() && second.is_up() {
        ours.transfers_with(&second);
    }
}

/// The party that stays comes back to whoever parked it, or to whoever takes it.
fn park(deed: Deed, world: &mut World, (side, ours): (Side, CallHandle), model: &mut Model) {
    if model.has_hung_up || model.transferor.is_some() || !ours.is_up() {
        return;
    }
    model.transferor = Some(side);
    ours.transfers_to(ORBIT);
    if matches!(deed, Deed::ParkAndTake) && model.taker.is_none() {
        world.run_for(Duration::from_secs(3));
        model.taker = Some((side, world.actor(TAKER).dials(ORBIT)));
    }
}

fn pick_up(world: &World, model: &mut Model) {
    if !model.has_hung_up && model.taker.is_none() {
        model.taker = Some((Side::Callee, world.actor(TAKER).dials("*8")));
    }
}

/// RFC 3891: names the dialog as its far end knows it.
fn take_place(world: &World, (side, ours): (Side, CallHandle), model: &mut Model) {
    let leg = ours.owner.legs().into_iter().find(|leg| leg.id == ours.leg && leg.stage != Stage::Over);
    let Some((leg, to_tag)) = leg.and_then(|leg| leg.remote_tag.clone().map(|tag| (leg, tag))) else {
        return;
    };
    if model.has_hung_up || model.taker.is_some() {
        return;
    }
    let replaces = format!("{};to-tag={to_tag};from-tag={}", leg.call_id, leg.local_tag);
    let taker = world.actor(TAKER);
    model.taker = Some((side, taker.calls_with(NUMBER_OF_THIRD, "Replaces", &replaces)));
}
