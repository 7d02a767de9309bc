//! How far ends behave in a sequence.

use std::time::Duration;

use actors::{Chance, Habit, Profile, RefreshBy, Refresher, Timing};

use crate::world::World;

const HABITS: [Habit; 19] = [
    Habit::EarlyMedia,
    Habit::NoRinging,
    Habit::OffersLate,
    Habit::Reliable,
    Habit::InsistsOnReliable,
    Habit::OffersInPrack,
    Habit::MisnumbersPracks,
    Habit::SaysOfEarlySound("sendrecv"),
    Habit::RetransmitsWildly,
    Habit::LosesAcks(2),
    Habit::LosesPracks(1),
    Habit::ReinvitesAtOnce,
    Habit::RefusesChanges,
    Habit::LeavesAfterRefer,
    Habit::ChangesTags,
    Habit::AnswersTwice,
    Habit::Forks(3),
    Habit::LastForkAnswers,
    Habit::SilentEarly,
];

/// Draws them for everybody.
pub(super) fn take(world: &World, chance: &mut Chance) {
    // Those who ring together may all answer at the same moment.
    let together = chance.happens(300).then(|| chance.span_below(Duration::from_secs(2)));
    for one in world.everybody() {
        one.with(|profile| draw(profile, chance, together));
    }
}

fn draw(profile: &mut Profile, chance: &mut Chance, together: Option<Duration>) {
    profile.packet_every = Duration::from_millis(250);
    profile.answers_after = chance.span_below(Duration::from_secs(3));
    profile.rings_after = chance.span_below(Duration::from_millis(400));
    profile.talks_for = None;
    if let Some(moment) = together {
        (profile.rings_after, profile.answers_after) = (Duration::from_millis(100), moment);
    }
    while chance.happens(300) {
        profile.habits.push(*chance.one_of(&HABITS));
    }
    if profile.has(Habit::LastForkAnswers) {
        profile.habits.push(Habit::Forks(3));
    }
    if chance.happens(200) {
        profile.timing = Some(Timing {
            interval: *chance.one_of(&[90, 100, 1800]),
            least: 90,
            refresher: *chance.one_of(&[Refresher::Me, Refresher::You, Refresher::Whoever]),
            by: *chance.one_of(&[RefreshBy::Update, RefreshBy::ReInvite]),
        });
    }
}
