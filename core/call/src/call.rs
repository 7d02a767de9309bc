//! A call: what the house does for one caller. It carries out its plan and never looks at configuration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::Side;
use policy::{CallPlan, Permit};
use sip_message::Message;
use sip_stack::{ClientId, Dialog, Flow, Late, ServerId, Token, Wire};

use crate::Room;
use crate::arrival::{Admitted, asked_as};
use crate::attempt::Attempt;
use crate::bridge::Bridge;
use crate::closing::Closing;
use crate::draft::Draft;
use crate::end::End;
use crate::errand::Errand;
use crate::excerpt::Excerpt;
use crate::exchange::{Exchange, Passing};
use crate::fax::Fax;
use crate::held::Held;
use crate::home::Homing;
use crate::joining::Joining;
use crate::last_answer::LastAnswer;
use crate::leaving::Release;
use crate::made::Made;
use crate::meets::Meets;
use crate::moving::{Begin, Lender, Media, Origin, Presence, Stage, Transfer};
use crate::notify::Notices;
use crate::on_offer::OnOffer;
use crate::parked::Parked;
use crate::quiet::Quiet;
use crate::refusing::Refusing;
use crate::ring::Ring;
use crate::round::Rounds;
use crate::sitting::Sitting;
use crate::stand::{Reached, Stand};
use crate::talker::Claim;
use crate::taping::Tapes;
use crate::telling::Telling;
use crate::timer::Agreement;
use crate::told::Told;
pub(crate) use crate::unacked::Unacked;

/// Two legs or more, and what they wait for.
pub struct Call {
    pub(crate) key: Token,
    pub(crate) plan: Arc<CallPlan>,
    pub(crate) caller: Caller,
    pub(crate) state: State,
    pub(crate) bridge: Bridge,
    /// A re-INVITE or UPDATE on its way from one leg to the other. One at a time.
    pub(crate) exchange: Option<Box<Exchange>>,
    /// Other requests on their way from one leg to the other.
    pub(crate) passing: Vec<Passing>,
    /// Key presses that are told by INFO.
    pub(crate) telling: Option<Box<Telling>>,
    /// What is known of both far ends, by `Side`.
    pub(crate) ends: [End; 2],
    /// Whether they are parties of this call, by `Side`.
    pub(crate) here: [Presence; 2],
    /// A transfer that a side has asked for.
    pub(crate) transfer: Option<Transfer>,
    /// How often one was.
    pub(crate) refers: u32,
    /// What whoever asked for it is told.
    pub(crate) notices: Option<Box<Notices>>,
    /// It waits in an orbit.
    pub(crate) parked: Option<Box<Parked>>,
    /// The house makes it for a user, whose phones ring first.
    pub(crate) made: Option<Box<Made>>,
    /// It is to a conference: its callee is the house.
    pub(crate) meets: Option<Box<Meets>>,
    /// A transfer asked for in another call, that this one is part of.
    pub(crate) origin: Option<Origin>,
    /// Where its party goes back to if it doesn't take to this call.
    pub(crate) lender: Option<Box<Lender>>,
    /// A newcomer and the other side get to know of each other's media.
    pub(crate) joining: Option<Joining>,
    /// New names that requests have brought which wait for their answers, in their order.
    pub(crate) claims: Vec<Claim>,
    /// Users who were in calls that this one came out of, and may come back.
    pub(crate) former: Vec<Arc<str>>,
    /// Dialogs whose far end was let go while the call went on: their BYE may cross ours.
    pub(crate) dismissed: Vec<Dialog>,
    /// Tokens of calls out of which parties came: their requests bear them.
    pub(crate) aliases: Vec<Token>,
    /// What other calls have to do once this event is over.
    pub(crate) errands: Vec<Errand>,
    /// 2xx of ours that wait for their ACK, by `Side`.
    pub(crate) unacked: [Option<Box<Unacked>>; 2],
    /// What we owe or sent for the last 2xx of each side.
    pub(crate) acks: [Ack; 2],
    /// To tags of callees whose answers lost against another's, and whose dialogs were ended.
    pub(crate) outrun: Vec<Box<str>>,
    /// Attempts that ring along with the one in hand.
    pub(crate) ring: Ring,
    pub(crate) permits: Vec<Held>,
    /// The limits that the whole call has taken its part of, whoever answers.
    pub(crate) taken: Vec<Arc<str>>,
    /// What it counts for the users in it.
    pub(crate) counted: Vec<(Arc<str>, Permit)>,
    pub(crate) draft: Box<Draft>,
    pub(crate) set_up_by: Instant,
    /// When it is as long as it may be.
    pub(crate) over_at: Option<Instant>,
    /// Whether its parties are heard.
    pub(crate) quiet: Quiet,
    /// A fax or a modem is heard in it.
    pub(crate) fax: Option<Box<Fax>>,
    /// Where it is recorded.
    pub(crate) tapes: Tapes,
    /// Whose packets are kept.
    pub(crate) excerpt: Option<Box<Excerpt>>,
    /// And by whom it is recorded outside.
    /// One for each group of recorders.
    pub(crate) sittings: Box<[Sitting]>,
    /// Whether its media may leave the relay.
    pub(crate) release: Release,
    /// Whether it should lie elsewhere.
    pub(crate) homing: Homing,
    pub(crate) rounds: Rounds,
    /// How long the line was that the caller couldn't join.
    pub(crate) retry_after: Option<Duration>,
    /// The earliest entry of this call in the table's heap.
    pub(crate) looked: Option<Instant>,
    /// The figure of what watchers saw last.
    pub(crate) seen: u64,
    /// What other shards were told of it last.
    pub(crate) on_offer: Option<Box<OnOffer>>,
    /// The users whose phones it waited for when it was looked at last.
    pub(crate) waited_for: Vec<Arc<str>>,
}

/// What a call is doing.
pub(crate) enum State {
    /// Trying one peer after the other; the attempt in hand, beside which others may ring.
    Placing(Box<Attempt>),
    /// Nobody was reached: the caller hears why.
    Refusing(Refusing),
    /// Both legs are answered.
    Up(Callee),
    /// Nothing new happens; what was begun is ended.
    Closing(Closing),
}

/// The leg of the one who called.
pub(crate) struct Caller {
    pub flow: Flow,
    pub dialog: Dialog,
    /// The INVITE, until it has its final answer.
    pub invite: Option<ServerId>,
    /// What it is answered in the end, while the record is not kept.
    pub last: Option<Box<LastAnswer>>,
    pub invite_cseq: u32,
    /// What the answer to it says of the session timer.
    pub session: Option<Agreement>,
    /// What the caller offered; `None` when the offer is left to the callee.
    pub offer: Option<Box<[u8]>>,
    pub contact: Box<str>,
    pub max_forwards: u32,
    pub told: Told,
}

impl Caller {
    /// The INVITE, for its final answer.
    pub fn take_invite(&mut self) -> Option<ServerId> {
        self.told.rest();
        self.invite.take()
    }
}

/// The leg of the one who answered.
pub(crate) struct Callee {
    pub dialog: Dialog,
    pub attempt: usize,
    pub contact: Box<str>,
}

/// The ACK of a side's last 2xx; the number is the CSeq of the INVITE that it answers.
pub(crate) enum Ack {
    None,
    /// Waits for the other side's answer to an offer in the 2xx.
    Owed(u32),
    /// Sent, and sent again for each copy of the 2xx: kept where it bears an answer, and else written anew.
    Sent(u32, Option<Wire>),
}

impl Call {
    /// Begins to carry out a plan.
    pub(crate) fn begin(
        room: &mut Room<'_>,
        key: Token,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
        admitted: Admitted,
    ) -> Box<Call> {
        let mut call = Box::new(Call::new(room, key, server, flow, message, admitted));
        call.timer(Side::Caller).note_abilities(message);
        call.name_caller(room, message);
        call.tell_started(room);
        call.try_from(room, 0);
        call
    }

    /// Begins to reach for the new party of a transfer.
    pub(crate) fn begin_for_transfer(room: &mut Room<'_>, key: Token, of: Token, begin: Begin) -> Box<Call> {
        let Begin { plan, facts, trail, offer, newcomer, parent } = begin;
        let flow = newcomer.dialog.flow();
        let stand = Stand::of(room, flow, Reached::by(&newcomer.dialog), &newcomer.rules);
        let bridge = Bridge::new(key, stand);
        let by = facts.transferred_by.clone();
        let draft = Draft::begin(room, key, newcomer.dialog.call_id(), &plan, facts.clone(), trail);
        let caller = Caller {
            flow,
            dialog: newcomer.dialog,
            invite: None,
            last: None,
            invite_cseq: 0,
            session: None,
            offer: Some(offer),
            contact: "".into(),
            max_forwards: facts.max_forwards,
            told: Told::nothing(),
        };
        let mut call = Box::new(Call::made_of(room, key, caller, bridge, (plan, draft)));
        call.draft.linked(&parent, by.as_deref());
        call.here[Side::Caller as usize] = Presence::Away;
        call.ends[Side::Caller as usize].session = newcomer.session;
        call.origin =
            Some(Origin { of, side: Side::Caller, media: Media::OfNewcomer(None), stage: Stage::Reaching });
        call.tell_started(room);
        call.try_from(room, 0);
        call
    }

    pub(crate) fn new(
        room: &mut Room<'_>,
        key: Token,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
        admitted: Admitted,
    ) -> Call {
        let contact = room.places.contact(flow.listener, asked_as(message), admitted.dialled_user());
        room.stack.own(server, crate::part::owner(key, crate::part::INVITE));
        let lot = room.stack.chance().u32();
        let mut dialog = Dialog::as_callee(message, &key.tag(), flow);
        room.registered.settle(&mut dialog);
        let stand = Stand::of(room, flow, Reached::by(&dialog), &admitted.plan.leg);
        let bridge = Bridge::new(key, stand);
        let Admitted { plan, facts, trail, offer, way, session, refusal: _ } = admitted;
        let caller = Caller {
            flow,
            dialog,
            invite: Some(server),
            last: None,
            invite_cseq: message.cseq().number,
            session,
            offer,
            contact: contact.into(),
            max_forwards: facts.max_forwards,
            told: Told::new(way, message, lot),
        };
        let draft = Draft::begin(room, key, message.call_id(), &plan, facts, trail);
        Call::made_of(room, key, caller, bridge, (plan, draft))
    }

    pub(crate) fn made_of(
        room: &Room<'_>,
        key: Token,
        caller: Caller,
        bridge: Bridge,
        (plan, draft): (CallPlan, Box<Draft>),
    ) -> Call {
        Call {
            key,
            caller,
            state: State::Closing(Closing::default()),
            bridge,
            exchange: None,
            ends: [End::of_caller(&plan), End::of_callee(&plan.attempts[0])],
            passing: Vec::new(),
            telling: None,
            here: [Presence::Here; 2],
            transfer: None,
            refers: 0,
            notices: None,
            parked: None,
            made: None,
            meets: None,
            origin: None,
            lender: None,
            joining: None,
            claims: Vec::new(),
            former: Vec::new(),
            dismissed: Vec::new(),
            aliases: Vec::new(),
            errands: Vec::new(),
            unacked: [None, None],
            acks: [Ack::None, Ack::None],
            outrun: Vec::new(),
            ring: Ring::default(),
            permits: Vec::new(),
            taken: Vec::new(),
            counted: Vec::new(),
            over_at: None,
            quiet: Quiet::default(),
            fax: None,
            tapes: Tapes::nothing(),
            excerpt: None,
            sittings: Box::default(),
            release: Release::default(),
            homing: Homing::default(),
            set_up_by: room.now.instant + plan.set_up_max,
            rounds: Rounds::default(),
            retry_after: None,
            draft,
            plan: Arc::new(plan),
            looked: None,
            seen: 0,
            on_offer: None,
            waited_for: Vec::new(),
        }
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_over(&self) -> bool {
        match &self.state {
            State::Closing(closing) => closing.is_done() && self.unacked.iter().all(Option::is_none),
            State::Placing(_) | State::Refusing(_) | State::Up(_) => false,
        }
    }

    /// When this call wants to be looked at next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let waits = match &self.state {
            State::Placing(_) => self.attempts().filter_map(Attempt::deadline).chain([self.set_up_by]).min(),
            State::Refusing(refusing) => Some(refusing.until),
            State::Up(_) => {
                let joining = self.joining.as_ref().and_then(Joining::deadline);
                let parking = self.parking_deadline().or(self.door_deadline()).or(self.made_deadline());
                let Quiet { look_at, alarm_at, .. } = self.quiet;
                let waits = [self.timer_deadline(), joining, parking, self.over_at, look_at, alarm_at];
                let sitting = self.sittings.iter().filter_map(Sitting::deadline).min();
                let excerpt = self.excerpt.as_ref().map(|excerpt| excerpt.until);
                let media = [self.release.due, self.homing.due, self.fax_deadline()];
                let others = [self.notice_deadline(), sitting, excerpt];
                let waits = waits.into_iter().chain(media).chain(others);
                waits.flatten().min()
            }
            State::Closing(closing) => closing.deadline(),
        };
        let repeats = self.unacked.iter().flatten().map(|unacked| match unacked.repeat_at {
            Some(at) => at.min(unacked.give_up_at),
            None => unacked.give_up_at,
        });
        repeats.chain(waits).chain(self.caller.told.deadline()).min()
    }

    /// Looks whether anything is due.
    pub(crate) fn expire(&mut self, room: &mut Room<'_>) {
        self.repeat_unacked(room);
        self.repeat_told(room);
        match &self.state {
            State::Placing(_) => self.expire_attempts(room),
            State::Refusing(_) => self.expire_refusing(room),
            State::Up(_) => {
                self.expire_joining(room);
                self.expire_parking(room);
                self.expire_door(room);
                self.expire_made(room);
                self.expire_timers(room);
                self.expire_length(room);
                self.ask_for_sound(room);
            }
            State::Closing(_) => self.expire_closing(room),
        }
    }

    /// What came too late or not at all.
    pub(crate) fn late(&mut self, room: &mut Room<'_>, late: &Late) {
        match late {
            Late::Timeout { client, .. } => self.unanswered(room, *client, policy::Cause::Timeout),
            Late::FlowFailed { client, .. } => self.unanswered(room, *client, policy::Cause::Transport),
            // A failure of ours without an ACK: nothing hangs on it.
            Late::NoAck { .. } => {}
        }
    }

    fn unanswered(&mut self, room: &mut Room<'_>, client: ClientId, cause: policy::Cause) {
        if self.recorder_unanswered(room, client, cause) {
            return;
        }
        if self.take_up(|attempt| attempt.is_client(client)) {
            return self.attempt_unanswered(room, cause);
        }
        match &mut self.state {
            State::Placing(_) | State::Refusing(_) => {}
            State::Up(_) => self.exchange_unanswered(room, client, cause),
            State::Closing(_) => self.bye_unanswered(room, client, cause),
        }
    }

    /// The dialog of a side, if it has one.
    pub(crate) fn dialog(&mut self, side: Side) -> Option<&mut Dialog> {
        if self.here[side as usize] == Presence::Away {
            return None;
        }
        match (side, &mut self.state) {
            (Side::Caller, _) => Some(&mut self.caller.dialog),
            (Side::Callee, State::Up(callee)) => Some(&mut callee.dialog),
            (Side::Callee, State::Closing(closing)) => closing.callee.as_mut(),
            (Side::Callee, State::Placing(_) | State::Refusing(_)) => None,
        }
    }

    /// Whose dialog a request belongs to.
    pub(crate) fn side_of(&mut self, message: &Message<'_>) -> Option<Side> {
        let is_its = |side: &Side| self.dialog(*side).is_some_and(|dialog| dialog.is_of(message));
        [Side::Caller, Side::Callee].into_iter().find(is_its)
    }

    /// The Contact that we show to a side.
    pub(crate) fn contact(&self, side: Side) -> &str {
        match (side, &self.state) {
            (Side::Callee, State::Up(callee)) => &callee.contact,
            _ => &self.caller.contact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Call;
    use crate::draft::Draft;
    use crate::record::AttemptRecord;

    /// Tens of thousands of calls stand at a time: what few of them need is in a box of its own.
    /// `cargo xtask bench held` says what a whole call takes.
    #[test]
    fn what_a_call_keeps_while_it_is_up_is_small() {
        assert!(size_of::<Call>() <= 3376, "{} bytes", size_of::<Call>());
        assert!(size_of::<Draft>() <= 1632, "{} bytes", size_of::<Draft>());
        assert!(size_of::<AttemptRecord>() <= 320, "{} bytes", size_of::<AttemptRecord>());
    }
}
