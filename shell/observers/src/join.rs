//! Which of the messages that others have seen belong to a call of ours.
//!
//! A message belongs to it that has the Call-ID of one of its legs, or names it: by Session-ID, by a
//! correlation id, by X-CID. So do the other dialogs of whoever stands in between, one step further. A name
//! that leads to a dialog of another call of ours, too, or to very many, leads nowhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sip_message::Message;
use telemetry::Sighting;

use crate::observation::{Noted, Observation};

/// So many dialogs one name may lead to: a call that is forked and transferred has fewer.
const DIALOGS_MAX: usize = 16;

/// A call whose messages are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// As records name it.
    pub call: &'w str,
    /// Of each leg.
    pub call_ids: &'w [String],
    /// What its ends are called (RFC 7989).
    pub sessions: &'w [String],
}

impl<'w> Wanted<'w> {
    /// Everything that names the call.
    pub(crate) fn names(self) -> impl Iterator<Item = &'w str> {
        let more = self.call_ids.iter().chain(self.sessions).map(String::as_str);
        std::iter::once(self.call).chain(more)
    }

    fn has(self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// Those that belong to the call. `others` are the dialogs of other calls that the house itself has seen.
pub(crate) fn joined(all: &[Arc<Noted>], wanted: Wanted<'_>, others: &BTreeSet<String>) -> Vec<Arc<Noted>> {
    let book = Book::of(all, others);
    let near: Vec<&Arc<Noted>> = all.iter().filter(|one| book.is_near(one, wanted)).collect();
    let names: BTreeSet<&str> =
        near.iter().flat_map(|one| one.dialog_names()).filter(|name| book.leads(name)).collect();
    let is_meant = |one: &&Arc<Noted>| {
        let is_further = || one.dialog_names().any(|name| names.contains(name));
        book.is_near(one, wanted) || !others.contains(&one.call_id) && is_further()
    };
    all.iter().filter(is_meant).cloned().collect()
}

/// Dialogs to which a name of the call may lead: it matters whether they are of other calls of ours.
pub(crate) fn doubtful<'a>(all: &'a [Arc<Noted>], wanted: Wanted<'_>) -> BTreeSet<&'a str> {
    let book = dialogs_of(all);
    let near = all.iter().filter(|one| one.names().any(|name| wanted.has(name)));
    let dialogs = near.flat_map(|one| one.names()).filter_map(|name| book.get(name));
    let few = dialogs.filter(|dialogs| dialogs.len() <= DIALOGS_MAX);
    let few = few.flat_map(|dialogs| dialogs.iter().copied().collect::<Vec<_>>());
    few.filter(|dialog| !wanted.call_ids.iter().any(|leg| leg == dialog)).collect()
}

fn dialogs_of(all: &[Arc<Noted>]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut dialogs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in all {
        for name in one.names() {
            dialogs.entry(name).or_default().insert(&one.call_id);
        }
    }
    dialogs
}

/// Where each name leads.
struct Book<'b> {
    others: &'b BTreeSet<String>,
    dialogs: BTreeMap<&'b str, BTreeSet<&'b str>>,
}

impl<'b> Book<'b> {
    fn of(all: &'b [Arc<Noted>], others: &'b BTreeSet<String>) -> Book<'b> {
        Book { others, dialogs: dialogs_of(all) }
    }

    /// Whether a name leads somewhere, and to nobody else.
    fn leads(&self, name: &str) -> bool {
        let Some(dialogs) = self.dialogs.get(name) else { return false };
        dialogs.len() <= DIALOGS_MAX && !dialogs.iter().any(|dialog| self.others.contains(*dialog))
    }

    /// Whether the message is of a leg, or names the call itself.
    fn is_near(&self, one: &Noted, wanted: Wanted<'_>) -> bool {
        let is_leg = |id: &str| wanted.call_ids.iter().any(|leg| leg == id);
        let is_named = || {
            let names_it = |name: &&str| is_leg(name) || *name == wanted.call;
            let of_session = |name: &&String| wanted.sessions.contains(name);
            one.dialog_names().filter(names_it).any(|name| self.leads(name))
                || one.sessions.iter().filter(of_session).any(|name| self.leads(name))
        };
        is_leg(&one.call_id) || !self.others.contains(&one.call_id) && is_named()
    }
}

/// Marks what the house has seen itself: the same message on the same wire. Each message of ours is one of an
/// observer's at most, so that repetitions stay what they are.
pub(crate) fn mark_same(observed: &mut [Observation], own: &[Sighting]) {
    let mut places: BTreeMap<(&str, Hop), VecDeque<usize>> = BTreeMap::new();
    let names: BTreeSet<String> = observed.iter().map(|one| one.observer.clone()).collect();
    for (place, sighting) in own.iter().enumerate() {
        let Some(hop) = Hop::of(&sighting.text) else { continue };
        for name in &names {
            places.entry((name.as_str(), hop.clone())).or_default().push_back(place);
        }
    }
    for one in observed {
        let Some(hop) = Hop::of(&one.text) else { continue };
        let name = names.get(&one.observer).map_or("", String::as_str);
        one.same_as = places.get_mut(&(name, hop)).and_then(VecDeque::pop_front);
    }
}

/// What a message is on one hop: whoever sends it on puts a Via of its own on it, or takes one off.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    start: String,
    call_id: String,
    cseq: u32,
    branch: String,
}

impl Hop {
    fn of(text: &str) -> Option<Hop> {
        let message = Message::parse(text.as_bytes()).ok()?;
        Some(Hop {
            start: message.start_line().trim_end().to_owned(),
            call_id: message.call_id().to_owned(),
            cseq: message.cseq().number,
            branch: message.via().branch().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: &str = "leg@phone";
    const CALL: &str = "c0199c0ffee00-0123456789abc";

    fn noted(call_id: &str, correlation: Option<&str>, session: Option<&str>) -> Arc<Noted> {
        let address = ([192, 0, 2, 1], 5060).into();
        let seen = Observation {
            observer: "pbx".into(),
            at_us: 0,
            heard_us: 0,
            clock_off_ms: None,
            transport: "udp".into(),
            from: address,
            to: address,
            correlation: correlation.map(str::to_owned),
            text: String::new(),
            same_as: None,
        };
        let sessions = session.into_iter().map(str::to_owned).collect();
        Arc::new(Noted { seen, call_id: call_id.into(), sessions, other_call_id: None })
    }

    fn beside(call_id: &str, other: &str) -> Arc<Noted> {
        let Some(mut noted) = Arc::into_inner(noted(call_id, None, None)) else { unreachable!("it is ours") };
        noted.other_call_id = Some(other.into());
        Arc::new(noted)
    }

    /// The dialogs that belong to the call, where the house has seen others.
    fn found(all: &[Arc<Noted>], others: &[&str]) -> Vec<String> {
        let (call_ids, sessions) = ([LEG.to_owned()], ["5e55".to_owned()]);
        let wanted = Wanted { call: CALL, call_ids: &call_ids, sessions: &sessions };
        let others = others.iter().map(|&id| id.to_owned()).collect();
        joined(all, wanted, &others).iter().map(|one| one.call_id.clone()).collect()
    }

    #[test]
    fn a_message_is_joined_by_each_name_of_the_call_and_no_other() {
        let all = [
            noted(LEG, None, None),
            noted("by-session", None, Some("5e55")),
            noted("by-leg", Some(LEG), None),
            noted("by-call", Some(CALL), None),
            beside("by-x-cid", LEG),
            noted("stranger", Some("x"), Some("other")),
        ];

        assert_eq!(found(&all, &[]), [LEG, "by-session", "by-leg", "by-call", "by-x-cid"]);
    }

    #[test]
    fn the_other_dialogs_of_a_pbx_come_along_for_one_step() {
        let all = [
            noted(LEG, Some("ch-1"), None),
            noted("inside", Some("ch-1"), None),
            beside("beside", LEG),
            beside("further", "inside"),
        ];

        assert_eq!(found(&all, &[]), [LEG, "inside", "beside"]);
    }

    #[test]
    fn a_name_that_leads_to_another_call_of_ours_joins_nothing() {
        let by_word =
            [noted(LEG, Some("pbx"), None), noted("in", Some("pbx"), None), noted("b", Some("pbx"), None)];
        let by_session = [noted("in", None, Some("5e55")), noted("b", None, Some("5e55"))];

        assert_eq!(found(&by_word, &["b"]), [LEG]);
        assert_eq!(found(&by_word, &[]), [LEG, "in", "b"]);
        assert!(found(&by_session, &["b"]).is_empty());
        assert!(found(&[noted("b", Some(CALL), None)], &["b"]).is_empty());
    }

    #[test]
    fn a_name_that_everything_bears_joins_nothing() {
        let mut all = vec![noted(LEG, Some("pbx"), None)];
        all.extend((0..DIALOGS_MAX).map(|one| noted(&format!("d{one}"), Some("pbx"), None)));

        assert_eq!(found(&all, &[]), [LEG]);
        all.pop();
        assert_eq!(found(&all, &[]).len(), DIALOGS_MAX);
    }
}
