//! Media between two far ends of one site leaves the relay once their call is answered and nothing of it
//! needs the relay, and comes back as soon as something does: a hold, a transfer, a recording.
//!
//! Both ways are two re-INVITEs, one after the other. The relay stays open until both far ends know of each
//! other, and is open again before either is told of it: nobody is unheard meanwhile. Whatever a far end
//! describes by itself brings media back with it. Who refuses goes on as before, and is not asked again.

use std::borrow::Cow;
use std::time::Duration;

use media::Side;
use policy::{Inside, MediaPath, MediaPlan, Recorded};

use crate::Room;
use crate::bridge::{Need, Part};
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::draft::who;
use crate::joining::{Course, Joining, Stage};
use crate::moving::Presence;
use crate::record::MediaRecord;

/// A call that has just been answered or has just changed may change again at once.
const PAUSE: Duration = Duration::from_secs(1);
/// A call whose media leaves more often stays.
const TIMES_MAX: u8 = 8;

const BOTH: [Side; 2] = [Side::Caller, Side::Callee];

impl Call {
    /// Lets media leave, or brings it back, as the call stands now.
    pub(crate) fn place_media(&mut self, room: &mut Room<'_>) {
        let is_up = matches!(self.state, State::Up(_)) && self.caller.invite.is_none();
        let is_out = self.bridge.is_released() || self.release.is_torn;
        if !is_up || self.meets.is_some() || !(is_out || self.site().is_some()) {
            return;
        }
        if !self.is_settled() {
            self.release.due = None;
            return;
        }
        let need = self.need();
        match (&need, is_out) {
            _ if self.release.is_torn => self.bring_back(room, Course::Return),
            (Some(_), true) if !self.release.is_stuck => self.bring_back(room, Course::Back),
            (None, false) => match self.release.due {
                Some(due) if due <= room.now.instant => self.let_out(room),
                Some(_) => {}
                None => self.release.due = Some(room.now.instant + PAUSE),
            },
            _ => self.release.due = None,
        }
        if self.joining.is_none() {
            let row = self.media_now(room, need);
            self.draft.media_goes(row);
        }
    }

    /// The site at which both far ends are, and may speak without us.
    fn site(&self) -> Option<&Inside> {
        let both = self.ends.each_ref().map(|end| end.rules.inside.as_ref());
        Inside::shared(both).map(|inside| &**inside)
    }

    /// Why media has to pass through us, if it has to.
    fn need(&self) -> Option<Cow<'static, str>> {
        let Some(site) = self.site() else {
            return Some("its far ends are not both of one site that lets media out".into());
        };
        let recorded = Recorded::of_both(self.ends.each_ref().map(|end| end.rules.record));
        if self.here != [Presence::Here; 2] {
            return Some("somebody has left it".into());
        }
        if self.parked.is_some() || self.transfer.is_some() || self.origin.is_some() || self.lender.is_some()
        {
            return Some("it is being transferred".into());
        }
        if recorded == Recorded::Always || self.is_taped() {
            return Some("it is recorded".into());
        }
        if self.fax.is_some() {
            return Some("a fax or a modem is heard in it".into());
        }
        if self.is_captured() {
            return Some("it is captured".into());
        }
        if let Some(who) = &self.release.refused_by {
            return Some(format!("{who}, would have it no other way").into());
        }
        if self.release.times >= TIMES_MAX && !self.bridge.is_released() {
            return Some("it has changed too often".into());
        }
        if self.quiet.missed.iter().any(Option::is_some) {
            return Some("somebody is not heard".into());
        }
        if let Some(need) = self.bridge.need() {
            return Some(words(need));
        }
        BOTH.into_iter().find_map(|side| self.is_outside(side, site)).map(Cow::from)
    }

    /// Whether a far end listens, or is spoken with, elsewhere than at the site.
    fn is_outside(&self, side: Side, site: &Inside) -> Option<String> {
        let flow = match (side, &self.state) {
            (Side::Callee, State::Up(callee)) => callee.dialog.flow(),
            _ => self.caller.dialog.flow(),
        };
        let listens_at = self.bridge.listens_at(side)?;
        let outside = [flow.remote.ip(), listens_at].into_iter().find(|address| !site.has(*address))?;
        let who = who(side, &self.end(side).party);
        Some(format!("{who}, is at {outside}, outside of site {}", site.site))
    }

    fn media_now(&self, room: &Room<'_>, need: Option<Cow<'static, str>>) -> MediaRecord {
        let since = room.now.wall;
        if self.bridge.is_released() {
            let site = self.site().map(|inside| inside.site.to_string()).unwrap_or_default();
            return MediaRecord { since, path: "direct", why: format!("both are at site {site}") };
        }
        let why = need.map_or_else(|| "it has only just begun or changed".to_owned(), Cow::into_owned);
        MediaRecord { since, path: "anchored", why }
    }

    /// Where media goes, for whoever looks.
    pub(crate) fn media_seen(&self) -> Option<(&'static str, String)> {
        let State::Up(callee) = &self.state else { return None };
        if self.plan.attempts[callee.attempt].media.path == MediaPath::Direct && !self.bridge.is_open() {
            return Some(("direct", "its trunk wants it so".to_owned()));
        }
        let last = self.draft.unfinished().and_then(|record| record.paths.last());
        let known = last.map(|row| (row.path, row.why.clone()));
        known.or_else(|| Some(("anchored", self.need().map(Cow::into_owned).unwrap_or_default())))
    }

    fn let_out(&mut self, room: &mut Room<'_>) {
        self.release.due = None;
        let theirs = self.bridge.heard(Side::Caller).to_vec();
        self.ask_out(room, Stage::Asking(Side::Callee), &theirs);
    }

    /// Tells a side where the other is.
    fn ask_out(&mut self, room: &mut Room<'_>, stage: Stage, theirs: &[u8]) {
        let (side, plan) = (stage.side(), self.media_plan());
        let before = self.bridge.told(side).to_vec();
        if self.bridge.cross(side.other(), theirs, &plan).is_err() {
            return self.stays(room, stage);
        }
        self.joining = Some(Joining::on(Course::Out, stage, before));
        self.ask_to_join(room, None);
    }

    /// Media can't leave after all.
    fn stays(&mut self, room: &mut Room<'_>, stage: Stage) {
        self.joining = None;
        self.release.refused_by = Some(who(stage.side(), &self.end(stage.side()).party));
        if matches!(stage, Stage::Telling(_)) {
            self.bring_back(room, Course::Return);
        }
    }

    /// Tells both sides of us again, or the one that is left; of two, who stays in a transfer hears it first.
    fn bring_back(&mut self, room: &mut Room<'_>, course: Course) {
        let left = BOTH.into_iter().find(|side| self.here[*side as usize] == Presence::Away);
        let gone = left.or(self.transfer.as_ref().map(|transfer| transfer.by)).unwrap_or(Side::Caller);
        let first = gone.other();
        if self.here[first as usize] == Presence::Away {
            return;
        }
        let theirs = match left {
            Some(_) => sdp::asleep(self.bridge.heard(gone)),
            None => self.bridge.heard(gone).to_vec(),
        };
        let before = self.bridge.told(first).to_vec();
        if self.describe_across(room, gone, Part::Offer, &theirs).is_none() {
            self.release.is_stuck = true;
            return self.draft.note("media could not be brought back");
        }
        self.release.is_torn = false;
        let stage = if left.is_some() { Stage::Holding(first) } else { Stage::Asking(first) };
        self.joining = Some(Joining::on(course, stage, before));
        self.ask_to_join(room, None);
    }

    /// A side has answered what it was told of the other, or of us.
    pub(crate) fn placed(&mut self, room: &mut Room<'_>, (course, stage): (Course, Stage), theirs: &[u8]) {
        let side = stage.side();
        match course {
            Course::Fax => return self.fax_answered(room, side, theirs),
            Course::Home => return self.home_answered(room, side, theirs),
            Course::Join | Course::Out | Course::Back | Course::Return => {}
        }
        let is_alone = self.here[side.other() as usize] == Presence::Away;
        match (course, stage) {
            (Course::Out, Stage::Asking(_)) if !is_alone => {
                self.bridge.hear_crossed(side, theirs);
                self.ask_out(room, Stage::Telling(side.other()), theirs);
            }
            (Course::Out, Stage::Telling(_)) if !is_alone => {
                self.joining = None;
                self.bridge.hear_crossed(side, theirs);
                self.bridge.release(room);
                self.release.times += 1;
                self.misses_nobody(room);
                self.listen(room);
            }
            (Course::Back | Course::Return, Stage::Asking(_)) if !is_alone => {
                let before = self.bridge.told(side.other()).to_vec();
                if self.describe_across(room, side, Part::Mediated, theirs).is_none() {
                    return self.not_placed(room, Joining::on(course, stage, before), Ending::NotJoined);
                }
                self.joining = Some(Joining::on(course, Stage::Telling(side.other()), before));
                self.ask_to_join(room, None);
            }
            _ => {
                self.joining = None;
                self.release.is_torn = is_alone && course == Course::Out;
                let _ = self.bridge.hear_answer(room, side, theirs);
                self.listen(room);
            }
        }
    }

    /// A side would not have it: it goes on with what it knows.
    pub(crate) fn not_placed(&mut self, room: &mut Room<'_>, joining: Joining, ending: Ending) {
        match joining.course {
            Course::Fax => return self.fax_not_answered(room, joining, ending),
            Course::Home => return self.home_refused(room, joining, ending),
            Course::Join | Course::Out | Course::Back | Course::Return => {}
        }
        let Joining { course, stage, before, .. } = joining;
        self.bridge.told_again(stage.side(), before);
        if let Ending::Lost(side) = ending {
            self.release.is_torn = true;
            return self.lost(room, side);
        }
        match (course, stage) {
            (Course::Out, _) => self.stays(room, stage),
            (Course::Back, Stage::Asking(_) | Stage::Holding(_)) => {
                self.release.is_stuck = true;
                self.bridge.release(room);
            }
            _ => self.listen(room),
        }
    }

    /// Whoever transfers leaves while the two are told where media goes.
    pub(crate) fn leaves_while_placing(&mut self, side: Side) {
        let is_its = |joining: &mut Joining| joining.course != Course::Join && joining.stage.side() == side;
        if let Some(joining) = self.joining.take_if(is_its) {
            self.release.is_torn |= joining.course.is_of_release();
        }
    }

    /// The sides have negotiated anew, through us: what failed before may not fail again.
    pub(crate) fn placed_anew(&mut self) {
        self.release.is_stuck = false;
    }

    pub(crate) fn media_plan(&self) -> MediaPlan {
        let attempt = if let State::Up(callee) = &self.state { callee.attempt } else { 0 };
        self.plan.attempts[attempt].media.clone()
    }
}

fn words(need: Need) -> Cow<'static, str> {
    match need {
        Need::Making(words) => words.into(),
        Need::Sealed => "its media is sealed".into(),
        Need::Found => "a side is found by checks, or has one port for media and reports".into(),
        Need::Described => "a side holds, or is not at one place".into(),
        Need::Lines => "it is more than sound".into(),
        Need::Moved => "a side has moved".into(),
    }
}
