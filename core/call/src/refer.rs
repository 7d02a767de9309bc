//! REFER: somebody in a call wants the other party to speak with somebody else (RFC 3515, 5589).

use media::Side;
use policy::{Callee, Code, Decision, Refusal, Returned, Service, Trail};
use sip_message::{Header, Message, Uri};
use sip_stack::{Flow, ServerId, Token};

use crate::call::{Call, State};
use crate::errand::Errand;
use crate::moving::{Begin, Newcomer, Presence, Stage, Transfer};
use crate::notify::Notices;
use crate::replaces::{ReferTo, Sought};
use crate::{Room, arrival};

impl Call {
    /// Whoever asks hears 202 if the house will try, and the reason if it won't.
    pub(crate) fn refer(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        by: Side,
        message: &Message<'_>,
        sought: Sought,
    ) {
        if let Some(unsupported) = arrival::unsupported(message) {
            return room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
        }
        if self.transfer.is_some() || self.joining.is_some() || self.origin.is_some() {
            return room.reply(server, 491);
        }
        let Some(refer_to) = ReferTo::of(message) else { return room.reply(server, 400) };
        let outcome = match (self.end(by).rules.transfer, self.end(by.other()).rules.transfer) {
            _ if self.plan.emergency => {
                Err(Refusal::new(Code::TRANSFER_OF_HELP, "a call for help stays with who answered it"))
            }
            (policy::Transfer::Inside, policy::Transfer::Pass) => {
                return self.pass_refer(room, server, by, (&refer_to, sought), message);
            }
            (policy::Transfer::Inside | policy::Transfer::Return, _) => {
                self.begin_transfer(room, flow, by, message, (&refer_to, sought))
            }
            (policy::Transfer::Refuse | policy::Transfer::Pass, _) => {
                Err(Refusal::new(Code::NO_TRANSFER, "its call.transfer is not \"inside\""))
            }
        };
        match outcome {
            Ok(errand) => self.accept_refer(room, server, by, (message, &refer_to), errand),
            Err(refusal) => {
                self.draft.note(&format!("the transfer to {} was refused: {refusal}", words_of(&refer_to)));
                let reason = format!("SIP;cause={};text=\"{}\"", refusal.status, refusal.code);
                room.reply_with(server, refusal.status, None, &[("Reason", &reason)]);
            }
        }
    }

    /// What is to be done for a transfer, if it may be.
    fn begin_transfer(
        &mut self,
        room: &mut Room<'_>,
        flow: Flow,
        by: Side,
        message: &Message<'_>,
        (refer_to, sought): (&ReferTo, Sought),
    ) -> Result<Errand, Refusal> {
        match sought {
            Sought::Found(found) if found.party == self.end(by).party => {
                if let Some((one, other)) = self.whereabouts(by.other()).zip(found.across) {
                    policy::may_speak(room.policy, &one, &other)?;
                }
                Ok(Errand::Join { of: self.key, target: found.call, side: found.side })
            }
            Sought::Found(_) => {
                Err(Refusal::new(Code::NOT_THEIR_CALL, "its other party is not who transfers"))
            }
            Sought::Missing => Err(Refusal::new(Code::NO_SUCH_CALL, "it ended, or another shard has it")),
            Sought::Help => {
                Err(Refusal::new(Code::TRANSFER_OF_HELP, "a call for help stays with who answered it"))
            }
            Sought::Nothing => self.plan_transfer(room, flow, by, message, refer_to),
        }
    }

    /// Plans the call to the new party as one that the transferor makes.
    fn plan_transfer(
        &mut self,
        room: &mut Room<'_>,
        flow: Flow,
        by: Side,
        message: &Message<'_>,
        refer_to: &ReferTo,
    ) -> Result<Errand, Refusal> {
        let mut facts = arrival::facts(room, flow, message);
        (facts.request_uri, facts.to_uri) = (refer_to.uri.clone(), refer_to.uri.clone());
        facts.gruu = room.registered.gruu(&refer_to.uri);
        facts.transferred_by = Some(self.end(by).party.name().to_string());
        facts.stays = self.whereabouts(by.other());
        facts.returned = self.returned_to(by, message).map(Box::new);
        if let Callee::User(name) = &self.end(by).party {
            facts.from_uri = format!("sip:{name}@{}", room.policy.realm());
            (facts.from_display, facts.authenticated, facts.line) = (None, Some(name.to_string()), None);
        }
        let mut trail = Trail::default();
        let plan = match policy::plan_live(room.policy, &mut facts, &mut trail) {
            Decision::Go(plan) => *plan,
            Decision::No(refusal) => return Err(refusal),
        };
        match &plan.service {
            Some(Service::Orbit(parking)) => return self.begin_parking(room, by, (parking, facts)),
            Some(Service::Meet(_)) => {
                let words = "nobody is transferred to a conference";
                return Err(Refusal::new(Code::NO_SUCH_ENTRANCE, words));
            }
            Some(Service::Mark) => {
                return Err(Refusal::new(Code::NO_MARK, "such a code is dialled, not transferred to"));
            }
            Some(Service::PickUp(_)) => {
                return Err(Refusal::new(Code::NO_PICKUP, "such a code is dialled, not transferred to"));
            }
            None => {}
        }
        let stays = by.other();
        let dialog = self.dialog(stays).cloned();
        let dialog = dialog.ok_or_else(|| Refusal::new(Code::NO_SUCH_CALL, "the other party is gone"))?;
        let (rules, session) = (self.end(stays).rules.clone(), self.end(stays).session);
        let newcomer = Newcomer { dialog, rules, session };
        let offer = sdp::awake(self.bridge.heard(stays)).into();
        let begin = Begin { plan, facts, trail, offer, newcomer, parent: self.draft.id() };
        Ok(Errand::Place { of: self.key, begin: Box::new(begin) })
    }

    /// What a trunk wants to hear again of a transfer that is sent back to it.
    fn returned_to(&self, by: Side, message: &Message<'_>) -> Option<Returned> {
        let Callee::Trunk(trunk) = &self.end(by).party else { return None };
        let is_returned = self.end(by).rules.transfer == policy::Transfer::Return;
        let lines = message.lines().filter(|line| line.header == Header::ReferredBy);
        is_returned.then(|| Returned {
            trunk: trunk.clone(),
            stays: self.end(by.other()).known.clone(),
            referred_by: lines.map(|line| line.value.to_owned()).collect(),
        })
    }

    fn accept_refer(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        by: Side,
        (message, refer_to): (&Message<'_>, &ReferTo),
        errand: Errand,
    ) {
        // RFC 4488: who doesn't want to be told is not told.
        let is_untold = message.line(Header::ReferSub).is_some_and(|value| {
            value.split(';').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("false"))
        });
        let headers = [("Refer-Sub", "false")];
        let contact = self.contact(by).to_owned();
        let reply = sip_stack::Reply {
            status: 202,
            contact: Some(&contact),
            headers: if is_untold { &headers } else { &[] },
            ..sip_stack::Reply::default()
        };
        room.stack.respond(room.now.instant, server, &reply, room.sends);
        let id = (self.refers > 0).then_some(message.cseq().number);
        self.refers = self.refers.saturating_add(1);
        let words = words_of(refer_to).into();
        self.transfer = Some(Transfer { by, target: None, stage: Stage::Reaching, words, rings: false });
        self.notices = (!is_untold).then(|| Box::new(Notices::new(by, id)));
        self.notify(room, 100);
        self.errands.push(errand);
    }

    /// Another call takes part in a transfer that was asked for here.
    pub(crate) fn is_wanted_by(&mut self, of: Token, side: Side) -> bool {
        let is_free = self.origin.is_none() && self.transfer.is_none() && self.joining.is_none();
        let is_there = match self.state {
            State::Up(_) => self.here[side.other() as usize] == Presence::Here,
            State::Placing(_) => side == Side::Caller,
            State::Refusing(_) | State::Closing(_) => false,
        };
        is_free && is_there && of != self.key
    }
}

/// The new party, for people who read records.
fn words_of(refer_to: &ReferTo) -> String {
    let uri = Uri::parse(&refer_to.uri).ok();
    let user = uri.as_ref().and_then(|uri| uri.user_decoded().map(|user| user.into_owned()));
    user.unwrap_or_else(|| "somebody".to_owned())
}
