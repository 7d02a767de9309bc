//! A call that the house makes for a user because somebody asked for it (RFC 3725, with the media of the
//! house until the far end answers). Their own phones ring; the one that answers hears it ring on, and
//! becomes the caller of a call of its own as after a transfer: planned as if it had dialled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Begins, Played, Side};
use policy::{Answering, CallPlan, Code, Decision, Facts, Refusal, Said, Trail};
use sip_stack::{ConnectionId, Dialog, Flow, Token};

use crate::bridge::Bridge;
use crate::call::{Call, Caller, State};
use crate::closing::Ending;
use crate::draft::Draft;
use crate::errand::Errand;
use crate::made::{InVain, Made};
use crate::moving::{Begin, Newcomer, Presence, Stage, Transfer};
use crate::plays::Wish;
use crate::stand::{Reached, Stand};
use crate::table::Calls;
use crate::told::Told;
use crate::{EndedBy, Room, arrival, host};

/// A tone is heard for so long.
const TONE_FOR: Duration = Duration::from_secs(8);
/// What is played once has this long to arrive.
const TAIL: Duration = Duration::from_millis(500);

/// A call that somebody wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeCall {
    /// A name, a number or an extension of a user.
    pub user: Arc<str>,
    /// Whom they want, as they would dial it.
    pub to: Arc<str>,
    pub answering: Answering,
}

impl Calls {
    /// Rings a user's phones for a call of theirs; its id.
    pub fn make(&mut self, room: &mut Room<'_>, wish: &MakeCall) -> Result<String, Refusal> {
        let (who, devices) = ((&*wish.user, &*wish.to), room.registered.devices().clone());
        let facts = policy::facts_of_made(room.policy, who, wish.answering, room.now.wall, devices);
        let nobody = || Refusal::new(Code::UNASSIGNED, format!("there is no user \"{}\"", wish.user));
        let mut facts = facts.ok_or_else(nobody)?;
        arrival::renew(room, &mut facts);
        let mut trail = Trail::default();
        let plan = match policy::plan_live(room.policy, &mut facts, &mut trail) {
            Decision::Go(plan) => self.gate.refusal(&plan).map_or(Ok(plan), Err),
            Decision::No(refusal) => Err(refusal),
        };
        let flow = |plan: &CallPlan| {
            let listener = room.places.listener_at(plan.attempts[0].interface)?;
            let (transport, connection) = (listener.transport, ConnectionId::NONE);
            Some(Flow { transport, listener: listener.id, connection, remote: facts.source })
        };
        let nowhere = || Refusal::new(Code::NO_DEVICE, "no interface of the house leads to a phone");
        let begun = plan.and_then(|plan| Ok((flow(&plan).ok_or_else(nowhere)?, *plan)));
        match begun {
            Ok((flow, plan)) => {
                let key = self.reserve(room);
                self.lend_out(key);
                let (call, id) = Call::begin_for_user(room, (key, flow), (plan, facts, trail), wish);
                self.settle(room, call);
                Ok(id)
            }
            Err(refusal) => {
                let call_id = room.stack.chance().text(24);
                let record = Draft::declined(room, &call_id, facts, trail, &refusal);
                room.keep.push(record);
                Err(refusal)
            }
        }
    }
}

impl Call {
    fn begin_for_user(
        room: &mut Room<'_>,
        (key, flow): (Token, Flow),
        (plan, facts, trail): (CallPlan, Facts, Trail),
        wish: &MakeCall,
    ) -> (Box<Call>, String) {
        let call_id = [key.letters().text(), "-", &room.stack.chance().text(12)].concat();
        let local = format!("<{}>;tag={}", facts.from_uri, key.tag());
        let bridge = Bridge::new(key, Stand::of(room, flow, Reached::Straight, &plan.leg));
        let draft = Draft::begin(room, key, &call_id, &plan, facts.clone(), trail);
        let id = draft.id();
        let caller = Caller {
            flow,
            dialog: Dialog::with_nobody(&call_id, &local, flow),
            invite: None,
            last: None,
            invite_cseq: 0,
            session: None,
            offer: Some(host::offer().into()),
            contact: "".into(),
            max_forwards: facts.max_forwards,
            told: Told::nothing(),
        };
        let mut call = Box::new(Call::made_of(room, key, caller, bridge, (plan, draft)));
        call.here[Side::Caller as usize] = Presence::Away;
        call.made = Some(Box::new(Made { facts, to: (*wish.to).into(), in_vain: None }));
        call.tell_started(room);
        call.try_from(room, 0);
        (call, id)
    }

    /// A phone of the user has answered: what they want is called in their name, from there.
    pub(crate) fn dials_for_user(&mut self, room: &mut Room<'_>) {
        let Some(Made { facts, to, .. }) = self.made.as_deref() else { return };
        let (mut facts, words) = (facts.clone(), to.clone());
        let Some(dialog) = self.dialog(Side::Callee).cloned() else { return };
        let flow = dialog.flow();
        arrival::renew(room, &mut facts);
        facts.rings_first = None;
        (facts.source, facts.transport) = (flow.remote, arrival::transport(flow));
        facts.interface = room.places.interface_of(flow.listener);
        facts.authenticated = Some(self.end(Side::Callee).party.name().to_string());
        let (stage, rings) = (Stage::Reaching, true);
        self.transfer = Some(Transfer { by: Side::Caller, target: None, stage, words, rings });
        let mut trail = Trail::default();
        let refused = match policy::plan_live(room.policy, &mut facts, &mut trail) {
            Decision::Go(plan) if plan.service.is_none() => {
                let end = self.end(Side::Callee);
                let newcomer = Newcomer { dialog, rules: end.rules.clone(), session: end.session };
                let offer = sdp::awake(self.bridge.heard(Side::Callee)).into();
                let begin = Begin { plan: *plan, facts, trail, offer, newcomer, parent: self.draft.id() };
                return self.errands.push(Errand::Place { of: self.key, begin: Box::new(begin) });
            }
            Decision::Go(_) => Refusal::new(Code::NOT_MADE, "it is dialled on a phone by now"),
            Decision::No(refusal) => refusal,
        };
        self.made_in_vain(room, refused.status);
        self.draft.note(&format!("the call was refused: {refused}"));
    }

    /// What the user wants is not to be had: they hear so, and their call is over.
    pub(crate) fn made_in_vain(&mut self, room: &mut Room<'_>, status: u16) {
        let Some(transfer) = self.transfer.take() else { return };
        self.draft.note(&format!("the call to {} came to nothing ({status})", transfer.words));
        let aloud = self.end(Side::Callee).rules.aloud.clone();
        let Some((_, said)) = aloud.as_ref().and_then(|aloud| aloud.of(status)) else {
            return self.end_both(room, EndedBy::House, Ending::NotPutThrough);
        };
        let (played, length) = match said {
            Said::Tone(tone) => (Played::Tone(tone.clone()), TONE_FOR),
            Said::Announcement(_, recording) => {
                (Played::Once(recording.clone()), Duration::from_millis(recording.ms().into()))
            }
        };
        let until = room.now.instant + length + TAIL;
        if let Some(made) = &mut self.made {
            made.in_vain = Some(InVain { played, until });
        }
    }

    /// What whoever wanted to call hears of why that came to nothing.
    pub(crate) fn heard_in_vain(&self) -> Option<Wish> {
        let in_vain = self.made.as_ref()?.in_vain.as_ref()?;
        Some(Wish { what: in_vain.played.clone(), begins: Begins::AtOnce })
    }

    pub(crate) fn made_deadline(&self) -> Option<Instant> {
        Some(self.made.as_ref()?.in_vain.as_ref()?.until)
    }

    /// They have heard all of it.
    pub(crate) fn expire_made(&mut self, room: &mut Room<'_>) {
        let is_due = self.made_deadline().is_some_and(|until| until <= room.now.instant);
        if is_due && matches!(self.state, State::Up(_)) {
            self.end_both(room, EndedBy::House, Ending::NotPutThrough);
        }
    }
}
