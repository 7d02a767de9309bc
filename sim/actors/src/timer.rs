//! Session timers as far ends keep them (RFC 4028), written from the RFC and not from the house's code.

use std::time::{Duration, Instant};

use sip_message::{Header, Message};

use crate::actor::Actor;
use crate::doing::Ask;
use crate::exchange::{ActorOut, LegId};
use crate::leg::State;
use crate::timing::{Leash, RefreshBy, Refresher, Whose};

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, String)>;

impl Actor {
    /// What a request of ours says of the session timer.
    pub(crate) fn timer_headers(&self, id: LegId) -> Headers {
        let Some(timing) = self.profile.timing else { return Headers::new() };
        let leg = self.legs.get(&id);
        let leash = leg.and_then(|leg| leg.leash);
        let least = leg.map_or(0, |leg| leg.least_interval).max(timing.least);
        let (interval, who) = match (leash, timing.refresher) {
            (Some(leash), _) => (leash.interval, leash.whose.as_client()),
            (None, Refresher::Me) => (timing.interval, ";refresher=uac"),
            (None, Refresher::You) => (timing.interval, ";refresher=uas"),
            (None, Refresher::Whoever) => (timing.interval, ""),
        };
        let mut headers = vec![
            header("Supported", "timer"),
            header("Session-Expires", &format!("{}{who}", interval.max(least))),
        ];
        if least > 90 {
            headers.push(header("Min-SE", &least.to_string()));
        }
        headers
    }

    /// Whether a request asks for too short an interval.
    pub(crate) fn is_too_short(&self, request: &Message<'_>) -> bool {
        let least = self.profile.timing.map_or(0, |timing| timing.least);
        expires_of(request).is_some_and(|(interval, _)| interval < least)
    }

    /// What our 2xx to a request says, which holds from now on.
    pub(crate) fn leash_as_server(&mut self, now: Instant, id: LegId, request: &Message<'_>) -> Headers {
        let Some(timing) = self.profile.timing else { return Headers::new() };
        let asked = expires_of(request);
        let Some((interval, who)) = asked else { return Headers::new() };
        let whose = match (who, timing.refresher) {
            (Some(Role::Client), _) | (None, Refresher::You) => Whose::Theirs,
            (Some(Role::Server), _) | (None, Refresher::Me | Refresher::Whoever) => Whose::Ours,
        };
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.leash = Some(Leash::new(now, interval, whose));
        }
        let who = if whose == Whose::Ours { "uas" } else { "uac" };
        vec![header("Session-Expires", &format!("{interval};refresher={who}")), header("Require", "timer")]
    }

    /// What a 2xx to a request of ours says.
    pub(crate) fn leash_as_client(&mut self, now: Instant, id: LegId, response: &Message<'_>) {
        if self.profile.timing.is_none() {
            return;
        }
        if let Some(leg) = self.legs.get_mut(&id) {
            let said = expires_of(response);
            leg.leash = said.map(|(interval, who)| match who {
                Some(Role::Server) => Leash::new(now, interval, Whose::Theirs),
                Some(Role::Client) | None => Leash::new(now, interval, Whose::Ours),
            });
        }
    }

    /// It is time to refresh, or too late for the other side to.
    pub(crate) fn leash_due(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(leash) = leg.leash.filter(|leash| leash.at <= now) else { return };
        if !matches!(leg.state, State::Up) {
            leg.leash = None;
            return;
        }
        if leash.whose == Whose::Theirs {
            leg.leash = None;
            return self.hang_up(now, id, out);
        }
        if leg.changing.is_some() || leg.unacked.is_some() {
            leg.leash = Some(Leash { at: now + Duration::from_secs(1), ..leash });
            return;
        }
        leg.leash = Some(Leash { at: now + Duration::from_secs(u64::from(leash.interval)), ..leash });
        let headers = self.timer_headers(id);
        match self.profile.timing.map(|timing| timing.by) {
            Some(RefreshBy::ReInvite) => {
                let Some(leg) = self.legs.get_mut(&id) else { return };
                let body = leg.media.last_said.clone();
                leg.changing = Some(crate::Deed::ReInvite(id));
                leg.changing_by = leg.dialog.cseq + 1;
                let body = Some(("application/sdp", body.as_slice()));
                self.ask(now, id, Ask { method: "INVITE", headers: &headers, body }, out);
            }
            _ => self.ask(now, id, Ask { method: "UPDATE", headers: &headers, body: None }, out),
        }
    }
}

enum Role {
    Client,
    Server,
}

fn expires_of(message: &Message<'_>) -> Option<(u32, Option<Role>)> {
    let value = message.line(Header::SessionExpires)?;
    let mut pieces = value.split(';').map(str::trim);
    let interval = pieces.next()?.parse().ok()?;
    let who = pieces.find_map(|piece| match piece {
        "refresher=uac" => Some(Role::Client),
        "refresher=uas" => Some(Role::Server),
        _ => None,
    });
    Some((interval, who))
}

/// What a 422 asks for.
pub(crate) fn least_of(message: &Message<'_>) -> Option<u32> {
    message.line(Header::MinSe)?.trim().parse().ok()
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
