//! A party on its way from one call to another. Its old call waits until it has taken to the new one, and has
//! it back if it doesn't: whoever transfers it loses nobody.

use std::sync::Arc;

use media::Side;
use policy::MediaPlan;
use sip_stack::{Dialog, Token};

use crate::bridge::Continued;
use crate::call::{Ack, Call, State};
use crate::closing::Ending;
use crate::end::End;
use crate::errand::Errand;
use crate::held::{self, Held};
use crate::joining::Course;
use crate::moving::{Presence, Stage, Transfer};
use crate::{EndedBy, Room};

/// A party, with all that its call knows of it.
pub(crate) struct Given {
    /// Its old call.
    pub of: Token,
    pub dialog: Dialog,
    pub contact: Box<str>,
    pub end: End,
    pub ack: Ack,
    pub description: Continued,
    pub permits: Vec<Held>,
    /// The side that stays behind.
    pub left: Side,
    pub tokens: Vec<Token>,
    pub parent: String,
    /// Who transfers it, if anybody does.
    pub by: Option<policy::Callee>,
    /// The users who were in its calls before.
    pub former: Vec<Arc<str>>,
    pub media: MediaPlan,
}

impl Call {
    /// Gives the party away that stays, and waits. Nothing: there is nobody to give.
    pub(crate) fn give(&mut self, room: &mut Room<'_>) -> Option<Given> {
        let transferor = self.transfer.as_ref()?.by;
        let stays = transferor.other();
        let by = self.made.is_none().then(|| self.end(transferor).party.clone());
        let Some(mut given) = self.hand(stays, by) else {
            self.transfer = None;
            return None;
        };
        given.tokens = std::mem::take(&mut self.aliases);
        given.tokens.push(self.key);
        given.permits = std::mem::take(&mut self.permits);
        self.ends[stays as usize].timer.rest();
        self.put_off_passing(room, |passing| passing.to == stays);
        if let Some(transfer) = &mut self.transfer {
            transfer.stage = Stage::Handed;
        }
        Some(given)
    }

    /// The same for somebody who takes the place of a side.
    pub(crate) fn give_in_place_of(
        &mut self,
        room: &mut Room<'_>,
        by: Side,
        (to, words): (Token, String),
    ) -> Option<Given> {
        let words = words.into();
        self.transfer = Some(Transfer { by, target: Some(to), stage: Stage::Ready, words, rings: false });
        self.give(room)
    }

    /// All that is known of a side, which is no party of this call from now on.
    fn hand(&mut self, side: Side, by: Option<policy::Callee>) -> Option<Given> {
        let State::Up(callee) = &self.state else { return None };
        let media = self.plan.attempts[callee.attempt].media.clone();
        let (of, contact) = (self.key, self.contact(side).into());
        let dialog = self.dialog(side)?.clone();
        self.here[side as usize] = Presence::Away;
        Some(Given {
            of,
            dialog,
            contact,
            end: self.ends[side as usize].for_another(),
            ack: std::mem::replace(&mut self.acks[side as usize], Ack::None),
            description: self.bridge.continued(side),
            permits: Vec::new(),
            left: side.other(),
            tokens: Vec::new(),
            parent: self.draft.id(),
            former: self.former.clone(),
            by,
            media,
        })
    }

    /// A party takes its place at a side.
    pub(crate) fn seat(&mut self, side: Side, dialog: Dialog, contact: Box<str>) {
        self.here[side as usize] = Presence::Here;
        match (side, &mut self.state) {
            (Side::Caller, _) => {
                self.caller.flow = dialog.flow();
                (self.caller.dialog, self.caller.contact) = (dialog, contact);
            }
            (Side::Callee, State::Up(callee)) => (callee.dialog, callee.contact) = (dialog, contact),
            (Side::Callee, _) => {}
        }
    }

    /// The party that came from another call has taken to this one, or goes with it.
    pub(crate) fn keep_party(&mut self) {
        if let Some(lender) = self.lender.take() {
            let own = std::mem::take(&mut self.permits);
            self.permits = held::joined((own, lender.side), (lender.permits, lender.left));
            self.errands.push(Errand::Settle { of: lender.of, by: self.key });
        }
    }

    /// The parties can't be joined: whoever came from another call goes back to it.
    pub(crate) fn not_joined(&mut self, room: &mut Room<'_>, status: u16, ending: Ending) {
        if let Some(joining) = self.joining.take_if(|joining| joining.course != Course::Join) {
            return self.not_placed(room, joining, ending);
        }
        match &self.lender {
            Some(lender) => {
                let (of, by) = (lender.of, self.key);
                self.joining = None;
                self.errands.push(Errand::Return { of, by, status, ending });
            }
            None => self.end_both(room, EndedBy::House, ending),
        }
    }

    /// Gives the party back that came from another call, if it is still there.
    pub(crate) fn give_back(&mut self, ending: Ending) -> Option<Given> {
        let lender = self.lender.take()?;
        if ending == Ending::Lost(lender.side) {
            return None;
        }
        let by = self.end(lender.side.other()).party.clone();
        let mut given = self.hand(lender.side, Some(by))?;
        (given.permits, given.tokens) = (lender.permits, std::mem::take(&mut self.aliases));
        Some(given)
    }

    /// Whether this call waits for what becomes of its party in that one.
    pub(crate) fn waits_for(&self, by: Token) -> bool {
        let is_it = |transfer: &Transfer| transfer.stage == Stage::Handed && transfer.target == Some(by);
        matches!(self.state, State::Up(_)) && self.transfer.as_ref().is_some_and(is_it)
    }

    /// The party goes on in the other call: whoever transferred it is let go.
    pub(crate) fn transferred(&mut self, room: &mut Room<'_>, by: Token) {
        let Some(transfer) = self.transfer.take_if(|transfer| transfer.target == Some(by)) else { return };
        if self.made.is_some() {
            self.draft.note(&format!("{} has answered", transfer.words));
            return self.end_both(room, EndedBy::House, Ending::PutThrough);
        }
        self.notify_at_last(room, 200);
        self.draft.note(&format!("transferred to {}", transfer.words));
        let by = match transfer.by {
            Side::Caller => EndedBy::Caller,
            Side::Callee => EndedBy::Callee,
        };
        self.end_both(room, by, Ending::Transferred);
    }

    /// The party is in this call as before. What it was offered elsewhere it has refused: media goes on.
    pub(crate) fn take_back(&mut self, room: &mut Room<'_>, given: Given, status: u16) {
        let Some(stays) = self.transfer.as_ref().map(|transfer| transfer.by.other()) else { return };
        self.ends[stays as usize].timer = given.end.timer;
        self.acks[stays as usize] = given.ack;
        self.bridge.count_on(stays, &given.description);
        self.permits.extend(given.permits);
        let own = self.key;
        self.aliases.extend(given.tokens.into_iter().filter(|token| *token != own));
        let contact = self.contact(stays).into();
        self.seat(stays, given.dialog, contact);
        self.pair_up(room);
        self.transfer_reported(room, status);
    }

    /// The party is gone from the other call, or that call ended with it.
    pub(crate) fn party_lost(&mut self, room: &mut Room<'_>, by: Token, status: u16) {
        if self.waits_for(by) {
            self.transfer = None;
            self.notify_at_last(room, status);
            self.end_both(room, EndedBy::House, Ending::NotJoined);
        }
    }
}
