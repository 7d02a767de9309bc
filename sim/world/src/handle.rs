//! What a story holds of a far end and of a call.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actors::{Actor, Binding, Deed, Ended, Habit, LegId, LegView, Note, Profile, Stage};

/// What stories want and what far ends have noted, shared with the world.
#[derive(Default)]
pub(crate) struct Board {
    pub wishes: Vec<Wish>,
    pub notes: Vec<Kept>,
    pub last_leg: u32,
}

/// What a story wants done at once.
pub(crate) enum Wish {
    Do(usize, Deed),
    Cut(IpAddr),
    Join(IpAddr),
    BreakStreams(usize),
}

/// One note, and who took it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub actor: usize,
    pub leg: LegId,
    pub what: Note,
}

/// One far end.
#[derive(Clone)]
pub struct ActorHandle {
    pub(crate) index: usize,
    pub(crate) actor: Rc<RefCell<Actor>>,
    pub(crate) board: Rc<RefCell<Board>>,
}

/// One call that a far end began.
#[derive(Clone)]
pub struct CallHandle {
    pub(crate) owner: ActorHandle,
    pub(crate) leg: LegId,
}

impl ActorHandle {
    pub fn name(&self) -> String {
        self.actor.borrow().profile().name.clone()
    }

    pub(crate) fn kind(&self) -> actors::Kind {
        self.actor.borrow().profile().kind
    }

    pub(crate) fn sip(&self) -> std::net::SocketAddr {
        self.actor.borrow().profile().sip
    }

    /// Calls what a person would dial; spaces don't count.
    pub fn dials(&self, number: &str) -> CallHandle {
        let house = self.actor.borrow().profile().house;
        let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        self.calls(&format!("sip:{digits}@{house}"))
    }

    /// Calls a number, with a further header.
    pub fn calls_with(&self, number: &str, name: &str, value: &str) -> CallHandle {
        let house = self.actor.borrow().profile().house;
        let mut board = self.board.borrow_mut();
        board.last_leg += 1;
        let leg = LegId(board.last_leg);
        let headers = vec![(name.to_owned(), value.to_owned())];
        let deed = Deed::CallWith { leg, to: format!("sip:{number}@{house}"), headers };
        board.wishes.push(Wish::Do(self.index, deed));
        CallHandle { owner: self.clone(), leg }
    }

    /// Calls a request URI.
    pub fn calls(&self, uri: &str) -> CallHandle {
        let mut board = self.board.borrow_mut();
        board.last_leg += 1;
        let leg = LegId(board.last_leg);
        board.wishes.push(Wish::Do(self.index, Deed::Call { leg, to: uri.to_owned() }));
        CallHandle { owner: self.clone(), leg }
    }

    /// Calls a number of an account that is registered with it.
    pub fn calls_account(&self, account: &str, number: &str) -> CallHandle {
        let (account, number) = (account.to_owned(), number.to_owned());
        let mut board = self.board.borrow_mut();
        board.last_leg += 1;
        let leg = LegId(board.last_leg);
        board.wishes.push(Wish::Do(self.index, Deed::CallAccount { leg, account, number }));
        CallHandle { owner: self.clone(), leg }
    }

    /// What was registered with it.
    pub fn bindings(&self) -> Vec<Binding> {
        self.actor.borrow().bindings().to_vec()
    }

    /// The status of every REGISTER that reached it, and when.
    pub fn registrations(&self) -> Vec<(u16, Instant)> {
        let of =
            |what| if let Note::Registering { status, at, .. } = what { Some((status, at)) } else { None };
        self.notes().into_iter().filter_map(of).collect()
    }

    pub fn has_habit(&self, habit: Habit) -> &ActorHandle {
        self.with(|profile| profile.habits.push(habit))
    }

    pub(crate) fn has(&self, habit: Habit) -> bool {
        self.actor.borrow().profile().has(habit)
    }

    pub fn loses_its_habits(&self) -> &ActorHandle {
        self.with(|profile| profile.habits.clear())
    }

    pub fn answers_every_invite_with(&self, status: u16) -> &ActorHandle {
        self.has_habit(Habit::RefusesWith(status))
    }

    pub fn answers_after(&self, span: Duration) -> &ActorHandle {
        self.with(|profile| profile.answers_after = span)
    }

    pub fn with(&self, change: impl FnOnce(&mut Profile)) -> &ActorHandle {
        change(self.actor.borrow_mut().profile_mut());
        self
    }

    /// Nothing reaches it any more, and nothing comes from it.
    pub fn dies(&self) {
        self.board.borrow_mut().wishes.push(Wish::Cut(self.ip()));
    }

    pub fn returns(&self) {
        self.board.borrow_mut().wishes.push(Wish::Join(self.ip()));
    }

    /// Each of its TCP connections breaks.
    pub fn loses_its_connections(&self) {
        self.board.borrow_mut().wishes.push(Wish::BreakStreams(self.index));
    }

    /// Does something with its newest leg, whoever began it.
    pub fn does(&self, deed: impl FnOnce(LegId) -> Deed) {
        let newest = self.legs().into_iter().rfind(|leg| leg.stage != Stage::Over);
        let leg = newest.unwrap_or_else(|| panic!("{} is in no call", self.name())).id;
        self.board.borrow_mut().wishes.push(Wish::Do(self.index, deed(leg)));
    }

    /// Says something that belongs to no call.
    pub fn says_outside(&self, deed: Deed) {
        self.board.borrow_mut().wishes.push(Wish::Do(self.index, deed));
    }

    pub fn pings(&self) {
        self.board.borrow_mut().wishes.push(Wish::Do(self.index, Deed::Ping));
    }

    pub fn legs(&self) -> Vec<LegView> {
        self.actor.borrow().legs().collect()
    }

    /// Its newest leg that isn't over, whoever began it.
    pub fn newest(&self) -> CallHandle {
        let newest = self.legs().into_iter().rfind(|leg| leg.stage != Stage::Over);
        let leg = newest.unwrap_or_else(|| panic!("{} is in no call", self.name())).id;
        CallHandle { owner: self.clone(), leg }
    }

    /// Its own leg of a call that it has heard.
    pub fn leg_with(&self, call: &CallHandle) -> Option<CallHandle> {
        let call_id = call.call_id();
        let board = self.board.borrow();
        let heard = board.notes.iter().find(|kept| {
            kept.actor == self.index && matches!(&kept.what, Note::Heard { tag } if tag.call_id == call_id)
        });
        heard.map(|kept| CallHandle { owner: self.clone(), leg: kept.leg })
    }

    /// How many calls have reached it.
    pub fn was_called(&self) -> usize {
        self.count(|note| matches!(note, Note::Called { .. }))
    }

    /// The request URIs of the calls that have reached it.
    pub fn was_called_as(&self) -> Vec<String> {
        let uri = |what: Note| if let Note::Called { uri, .. } = what { Some(uri) } else { None };
        self.notes().into_iter().filter_map(uri).collect()
    }

    pub fn calls_now(&self) -> usize {
        self.legs().iter().filter(|leg| leg.stage == Stage::Up).count()
    }

    pub fn count(&self, fits: impl Fn(&Note) -> bool) -> usize {
        self.notes().iter().filter(|note| fits(note)).count()
    }

    /// All that it has noted, in order.
    pub fn notes(&self) -> Vec<Note> {
        let board = self.board.borrow();
        board.notes.iter().filter(|kept| kept.actor == self.index).map(|kept| kept.what.clone()).collect()
    }

    fn ip(&self) -> IpAddr {
        self.actor.borrow().profile().sip.ip()
    }
}

impl CallHandle {
    pub fn stage(&self) -> Stage {
        self.view().map_or(Stage::Over, |leg| leg.stage)
    }

    pub fn is_up(&self) -> bool {
        self.stage() == Stage::Up
    }

    /// Whether both are in the call and have heard each other.
    pub fn is_up_with(&self, other: &ActorHandle) -> bool {
        let Some(ours) = self.view().filter(|leg| leg.stage == Stage::Up) else { return false };
        let heard_them =
            self.notes().iter().any(|note| matches!(note, Note::Heard { tag } if tag.actor == other.name()));
        let heard_us = |note: &Note| matches!(note, Note::Heard { tag } if tag.call_id == ours.call_id);
        heard_them && other.count(heard_us) > 0
    }

    pub fn hangs_up(&self) {
        self.wish(Deed::HangUp(self.leg));
    }

    pub fn holds(&self) {
        self.wish(Deed::Hold(self.leg));
    }

    /// In the way of RFC 2543.
    pub fn holds_by_zero(&self) {
        self.wish(Deed::HoldByZero(self.leg));
    }

    /// Nothing is said to whoever waits.
    pub fn holds_in_silence(&self) {
        self.wish(Deed::HoldInSilence(self.leg));
    }

    pub fn resumes(&self) {
        self.wish(Deed::Resume(self.leg));
    }

    pub fn reinvites(&self) {
        self.wish(Deed::ReInvite(self.leg));
    }

    pub fn reinvites_without_offer(&self) {
        self.wish(Deed::ReInviteWithoutOffer(self.leg));
    }

    pub fn updates(&self) {
        self.wish(Deed::Update(self.leg));
    }

    pub fn presses(&self, digit: &str) {
        self.wish(Deed::SendInfo(self.leg, digit.to_owned()));
    }

    /// Keys are pressed in the media.
    pub fn types(&self, keys: &str) {
        self.wish(Deed::Press(self.leg, keys.to_owned()));
    }

    /// A blind transfer of the other party to a number.
    pub fn transfers_to(&self, number: &str) {
        self.transfers_saying(number, &[]);
    }

    /// The same, with further headers in the REFER.
    pub fn transfers_saying(&self, number: &str, more: &[(&str, &str)]) {
        let house = self.owner.actor.borrow().profile().house;
        let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        let mut headers = vec![("Refer-To".to_owned(), format!("<sip:{digits}@{house}>"))];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.wish(Deed::Say { leg: Some(self.leg), method: "REFER", headers, body: None });
    }

    /// The same with its owner's newest other call, if there is one.
    pub fn transfers_with_newest(&self) {
        let legs = self.owner.legs();
        let other = legs.into_iter().rfind(|leg| leg.stage == Stage::Up && leg.id != self.leg);
        if let Some(other) = other {
            self.wish(Deed::ReferToLeg { leg: self.leg, other: other.id });
        }
    }

    /// A REFER to this value of Refer-To.
    pub fn refers_to(&self, target: &str) {
        self.refers_saying(target, &[]);
    }

    /// The same, with further headers.
    pub fn refers_saying(&self, target: &str, more: &[(&str, &str)]) {
        let mut headers = vec![("Refer-To".to_owned(), target.to_owned())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.wish(Deed::Say { leg: Some(self.leg), method: "REFER", headers, body: None });
    }

    /// Tells how a transfer goes that the other side asked for.
    pub fn says_of_a_transfer(&self, fragment: &str) {
        let headers = [("Event", "refer"), ("Subscription-State", "terminated;reason=noresource")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let body = Some(("message/sipfrag;version=2.0".to_owned(), fragment.to_owned()));
        self.wish(Deed::Say { leg: Some(self.leg), method: "NOTIFY", headers, body });
    }

    /// An attended transfer: the other parties of both calls are to speak with each other.
    pub fn transfers_with(&self, other: &CallHandle) {
        self.wish(Deed::ReferToLeg { leg: self.leg, other: other.leg });
    }

    /// What whoever asked for a transfer was told of it.
    pub fn notified(&self) -> Vec<u16> {
        let status = |note| if let Note::Notified { status } = note { Some(status) } else { None };
        self.notes().into_iter().filter_map(status).collect()
    }

    /// How a request of this method inside the call was answered at last.
    pub fn replied(&self, wanted: &str) -> Option<u16> {
        let status = |note: Note| match note {
            Note::Replied { method, status, .. } if method == wanted => Some(status),
            _ => None,
        };
        self.notes().into_iter().rev().find_map(status)
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        self.notes().into_iter().find_map(|note| if let Note::Ended(how) = note { Some(how) } else { None })
    }

    /// The provisional answers that the caller saw.
    pub fn progress(&self) -> Vec<u16> {
        let status = |note| if let Note::Progress { status } = note { Some(status) } else { None };
        self.notes().into_iter().filter_map(status).collect()
    }

    pub fn packets_heard(&self) -> u64 {
        self.view().map_or(0, |leg| leg.packets_heard)
    }

    pub fn reports_heard(&self) -> u64 {
        self.view().map_or(0, |leg| leg.reports_heard)
    }

    pub fn call_id(&self) -> String {
        self.view().map(|leg| leg.call_id).unwrap_or_default()
    }

    /// All that its leg has noted.
    pub fn notes(&self) -> Vec<Note> {
        let board = self.owner.board.borrow();
        let ours = |kept: &&Kept| kept.actor == self.owner.index && kept.leg == self.leg;
        board.notes.iter().filter(ours).map(|kept| kept.what.clone()).collect()
    }

    fn view(&self) -> Option<LegView> {
        self.owner.actor.borrow().leg(self.leg)
    }

    pub(crate) fn wish(&self, deed: Deed) {
        self.owner.board.borrow_mut().wishes.push(Wish::Do(self.owner.index, deed));
    }
}
