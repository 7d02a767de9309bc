//! PRACKs, ours and theirs, by hand.

use std::time::Instant;

use sdp::Session;
use sip_message::{Header, Message};

use crate::actor::Actor;
use crate::doing::Ask;
use crate::exchange::{ActorOut, LegId, Note};
use crate::leg::State;
use crate::profile::Habit;
use crate::writing::Response;

impl Actor {
    /// What an INVITE of ours says of reliable answers.
    pub(crate) fn reliable_headers(&self) -> Vec<(String, String)> {
        let say = |name: &str| vec![(name.to_owned(), "100rel".to_owned())];
        match () {
            () if self.profile.has(Habit::InsistsOnReliable) => say("Require"),
            () if self.profile.has(Habit::Reliable) => say("Supported"),
            () => Vec::new(),
        }
    }

    /// Whether an INVITE of others can't be served, because we insist and it doesn't know how.
    pub(crate) fn misses_reliable(&self, invite: &Message<'_>) -> bool {
        self.profile.has(Habit::InsistsOnReliable) && !knows(invite)
    }

    /// Whether we can't do what an INVITE demands.
    pub(crate) fn knows_no_reliable(&self, invite: &Message<'_>) -> bool {
        invite.has_token(Header::Require, "100rel")
            && !self.profile.has(Habit::Reliable)
            && !self.profile.has(Habit::InsistsOnReliable)
    }

    /// The RSeq of an answer that goes out reliably.
    pub(crate) fn next_rseq(&mut self, id: LegId, invite: &Message<'_>, status: u16) -> Option<u32> {
        let does = self.profile.has(Habit::Reliable) || self.profile.has(Habit::InsistsOnReliable);
        if status == 100 || !does || !knows(invite) {
            return None;
        }
        let leg = self.legs.get_mut(&id)?;
        leg.reliable.last = if leg.reliable.last == 0 { 1 + id.0 % 1000 } else { leg.reliable.last + 1 };
        Some(leg.reliable.last)
    }

    /// A PRACK for an answer of ours.
    pub(crate) fn pracked(
        &mut self,
        now: Instant,
        id: LegId,
        path: (std::net::SocketAddr, crate::exchange::Transport),
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let named = message.line(Header::RAck).and_then(|rack| rack.split(' ').next()?.parse().ok());
        let fits = leg.reliable.sent.take_if(|sent| named == Some(sent.rseq)).is_some();
        if fits && let Ok(theirs) = Session::parse(message.body()) {
            leg.media.learn(now, &theirs);
            leg.reliable.is_settled = true;
        }
        let status = if fits { 200 } else { 481 };
        self.serve(now, path, message, &Response { status, ..Response::default() }, out);
        self.note(id, Note::Pracked { fits }, out);
    }

    /// A provisional answer to our INVITE that may want a PRACK.
    pub(crate) fn acknowledge_early(
        &mut self,
        now: Instant,
        id: LegId,
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        if !message.has_token(Header::Require, "100rel") {
            return;
        }
        let Some(rseq) = message.line(Header::RSeq).and_then(|rseq| rseq.trim().parse::<u32>().ok()) else {
            return;
        };
        let tag = message.to().tag().unwrap_or_default().to_owned();
        let never = self.profile.has(Habit::NeverPracks);
        let to_keep = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::LosesPracks(count) => Some(*count),
            _ => None,
        });
        let wrong = u32::from(self.profile.has(Habit::MisnumbersPracks));
        let offers = self.profile.has(Habit::OffersInPrack);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let last = leg.reliable.acknowledged.iter().rfind(|(one, _)| *one == tag).map(|(_, rseq)| *rseq);
        if last.is_some_and(|last| rseq != last + 1) || never {
            return;
        }
        if leg.reliable.kept < to_keep.unwrap_or(0) {
            leg.reliable.kept += 1;
            return;
        }
        leg.reliable.acknowledged.push((tag.clone(), rseq));
        let mut body = None;
        if let Ok(theirs) = Session::parse(message.body()) {
            if leg.media.has_offered() {
                body = offers.then(|| leg.media.offer());
            } else {
                body = leg.media.answer(&theirs);
            }
            leg.media.learn(now, &theirs);
            leg.reliable.is_settled = true;
        }
        let number = message.cseq().number;
        let before = (leg.dialog.remote_tag.clone(), leg.dialog.target.clone(), leg.dialog.routes.clone());
        leg.dialog.establish(message);
        let ask = |rseq: u32| [("RAck".to_owned(), format!("{rseq} {number} INVITE"))];
        let session = body.as_deref().map(|body| ("application/sdp", body));
        if wrong > 0 {
            self.ask(now, id, Ask { method: "PRACK", headers: &ask(rseq + 7), body: None }, out);
        }
        self.ask(now, id, Ask { method: "PRACK", headers: &ask(rseq), body: session }, out);
        if let Some(leg) = self.legs.get_mut(&id)
            && matches!(leg.state, State::Calling { .. })
        {
            (leg.dialog.remote_tag, leg.dialog.target, leg.dialog.routes) = before;
        }
    }
}

fn knows(invite: &Message<'_>) -> bool {
    invite.has_token(Header::Supported, "100rel") || invite.has_token(Header::Require, "100rel")
}
