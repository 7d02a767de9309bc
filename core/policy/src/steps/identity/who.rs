//! Who calls, as far as anybody vouches for it: what is shown, what is asserted, and whether it is theirs.

use std::sync::Arc;

use model::{CallerPrivacy, Pattern, Screening, Trust};
use sip_message::{NameAddr, unquote};

use crate::address::named_in;
use crate::connected::Connected;
use crate::facts::Facts;
use crate::handed_on::{is_ignored, tail};
use crate::history::History;
use crate::numbering::{Meaning, meaning};
use crate::policy::{Policy, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::sent_on::SentOn;
use crate::steps::identity::privacy::{Privacy, Wish, is_anonymous};
use crate::steps::normalise::number_from_trunk;
use crate::steps::{Caller, Party};
use crate::trail::Trail;

const NAME: &str = "caller";

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Who<'c> {
    pub facts: &'c Facts,
    /// The number that From shows, in E.164.
    pub shown: Option<Arc<str>>,
    /// The number that we vouch for.
    pub asserted: Option<Arc<str>>,
    pub display: Option<Arc<str>>,
    pub privacy: Privacy,
    pub standing: Standing,
    pub history: History,
    /// By whom here it was sent on, and where.
    pub sent_on: Vec<SentOn>,
}

/// Whether the number shown is the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is, or the trunk that says so is not asked to prove it.
    Theirs,
    /// It is somebody else's, whose call the caller sends on.
    Diverted,
    /// They showed this one, and another takes its place.
    Replaced(String),
    /// They have none.
    Nameless,
}

/// What somebody says about themselves.
struct Claim {
    shown: Option<Arc<str>>,
    asserted: Option<Arc<str>>,
    privacy: Privacy,
    notes: Vec<String>,
}

impl<'c> Who<'c> {
    /// Finds out who calls, and says so. A trunk may be told to refuse who shows a foreign number.
    pub fn calls(
        policy: &Policy,
        facts: &'c Facts,
        caller: &Caller<'_>,
        wish: Option<Wish>,
        trail: &mut Trail,
    ) -> Result<Who<'c>, Refusal> {
        let (mut who, mut notes) = match caller.party {
            Party::Trunk(trunk) => of_trunk(policy, facts, trunk, wish),
            Party::User(_) | Party::Stranger { .. } => of_person(policy, facts, caller, wish),
        };
        notes.extend(who.history.unreadable.iter().map(|value| format!("cannot read the diversion {value}")));
        if let Party::Trunk(trunk) = caller.party
            && trunk.identity.screen == Screening::Refuse
            && matches!(who.standing, Standing::Replaced(_) | Standing::Nameless)
            && is_screened(trunk)
        {
            let refusal = Refusal::new(Code::NOT_YOUR_NUMBER, foreign(&who.standing, &trunk.name));
            trail.note(NAME, "refused", refusal.words.clone()).at(&trunk.at);
            return Err(refusal);
        }
        if let Some(word) = who.privacy.unknown.first().filter(|_| who.privacy.is_critical) {
            let words = format!("the caller insists on privacy \"{word}\", which is not known here");
            trail.note(NAME, "refused", words.clone());
            return Err(Refusal::new(Code::NO_PRIVACY, words));
        }
        if let Party::Trunk(trunk) = caller.party
            && matches!(who.standing, Standing::Replaced(_))
        {
            who.shown = trunk.identity.default.as_ref().map(|number| number.shared());
            who.asserted = who.shown.clone();
        }
        who.tell(notes, trail);
        Ok(who)
    }

    fn tell(&self, notes: Vec<String>, trail: &mut Trail) {
        if let (Standing::Theirs, Some(number), true) = (&self.standing, &self.shown, notes.is_empty())
            && self.history.hops.is_empty()
            && self.privacy.why.is_empty()
            && !self.privacy.is_hidden
        {
            trail.note(NAME, "ok", number);
            return;
        }
        let number = self.shown.as_deref().unwrap_or("no number");
        let mut says = match &self.standing {
            Standing::Theirs | Standing::Nameless => number.to_owned(),
            Standing::Diverted => format!("{number}, whose call is sent on"),
            Standing::Replaced(claimed) => format!("{claimed} is not theirs to show; {number} instead"),
        };
        if let Some(by) = self.history.hops.last() {
            let count = self.history.hops.len();
            says.push_str(&format!("; diverted {count} times, last by {} ({})", by.by.uri, by.reason));
        }
        if !self.privacy.why.is_empty() {
            let how = if self.privacy.is_hidden { "hidden" } else { "shown" };
            says.push_str(&format!("; {how}: {}", self.privacy.why));
        }
        for note in notes {
            says.push_str("; ");
            says.push_str(&note);
        }
        let verdict = match (&self.standing, self.privacy.is_hidden) {
            (Standing::Replaced(_), _) => "replaced",
            (_, true) => "hidden",
            (_, false) => "ok",
        };
        trail.note(NAME, verdict, says);
    }

    /// The same caller where help is called for: shown, whatever was wished.
    pub fn in_need(policy: &Policy, facts: &'c Facts, caller: &Caller<'_>) -> Who<'c> {
        let (mut who, _) = match caller.party {
            Party::Trunk(trunk) => of_trunk(policy, facts, trunk, Some(Wish::Show)),
            Party::User(_) | Party::Stranger { .. } => of_person(policy, facts, caller, Some(Wish::Show)),
        };
        who.privacy = Privacy::default();
        who
    }

    /// Whoever stays in a call that is transferred, as the house knows it.
    pub fn stays(facts: &'c Facts, known: &Connected) -> Who<'c> {
        Who {
            facts,
            shown: known.number.clone(),
            asserted: known.number.clone(),
            display: known.display.clone(),
            privacy: Privacy { is_hidden: known.is_hidden, ..Privacy::default() },
            standing: Standing::Theirs,
            history: History::default(),
            sent_on: Vec::new(),
        }
    }

    /// What the caller must not be known by, if hidden.
    pub fn secrets(&self, caller: &Caller<'_>) -> Vec<String> {
        let numbers = self.shown.iter().chain(&self.asserted).map(|number| tail(number));
        let user = caller.user();
        let of_user = user.iter().flat_map(|user| {
            let number = user.number.as_ref().map(|number| tail(number.as_str()));
            [Some(user.name.to_lowercase()), Some(user.display.to_lowercase()), number]
        });
        let display = self.display.iter().map(|display| display.to_lowercase());
        let mut secrets: Vec<String> = numbers.chain(of_user.flatten()).chain(display).collect();
        secrets.sort();
        secrets.dedup();
        secrets
    }
}

/// Why a caller is refused, in words.
pub(crate) fn foreign(standing: &Standing, by: &str) -> String {
    match standing {
        Standing::Replaced(claimed) => {
            format!("{claimed} is not among the numbers that {by} lets callers show")
        }
        _ => format!("the caller has no number, and {by} wants one"),
    }
}

/// Whether a trunk's word about callers counts.
pub(crate) fn is_believed(trunk: &Trunk) -> bool {
    matches!(trunk.identity.trust, None | Some(Trust::In | Trust::Both))
}

fn is_screened(trunk: &Trunk) -> bool {
    !trunk.identity.owns.is_empty() || !trunk.identity.also.is_empty()
}

fn of_trunk<'c>(
    policy: &Policy,
    facts: &'c Facts,
    trunk: &Arc<Trunk>,
    wish: Option<Wish>,
) -> (Who<'c>, Vec<String>) {
    let heard = |name: &str, values: &[String]| {
        if is_ignored(&trunk.headers, name) { Vec::new() } else { values.to_vec() }
    };
    let history = History::read(
        &facts.request_uri,
        &heard("Diversion", &facts.diversion),
        &heard("History-Info", &facts.history),
    );
    let claim = claim_of_trunk(policy, facts, trunk, wish);
    let mut who = Who {
        facts,
        shown: claim.shown,
        asserted: claim.asserted,
        display: facts.from_display.as_deref().map(Arc::from),
        privacy: claim.privacy,
        standing: Standing::Theirs,
        history,
        sent_on: Vec::new(),
    };
    if !is_screened(trunk) {
        return (who, claim.notes);
    }
    let owned = |number: &Arc<str>| {
        let lists = trunk.identity.owns.iter().chain(&trunk.identity.also);
        lists.into_iter().any(|pattern| admits(pattern, number))
    };
    let own = who.asserted.clone().filter(owned);
    let of_hops = who.history.hops.iter().rev();
    let diverter = of_hops.filter_map(|hop| named(policy, trunk, &hop.by.uri)).find(owned);
    match (&who.shown, own, diverter) {
        (Some(shown), own, _) if owned(shown) => who.asserted = own.or_else(|| who.shown.clone()),
        (Some(_), _, Some(diverter)) => {
            who.standing = Standing::Diverted;
            who.asserted = Some(diverter);
        }
        (Some(shown), own, None) => {
            who.standing = Standing::Replaced(shown.to_string());
            (who.display, who.shown, who.asserted) = (None, own.clone(), own);
            if who.shown.is_some() {
                who.standing = Standing::Theirs;
            }
        }
        (None, _, _) => who.standing = Standing::Nameless,
    }
    (who, claim.notes)
}

fn claim_of_trunk(policy: &Policy, facts: &Facts, trunk: &Arc<Trunk>, wish: Option<Wish>) -> Claim {
    let mut notes = Vec::new();
    let heard = |name: &str| !is_ignored(&trunk.headers, name);
    let asserted = facts.asserted.iter().find_map(|uri| named(policy, trunk, uri));
    let asserted = asserted.filter(|_| heard("P-Asserted-Identity"));
    let party = facts.remote_party.iter().find_map(|value| calling_party(value));
    let party = party.filter(|_| heard("Remote-Party-ID"));
    let of_party = party.as_ref().and_then(|(uri, _)| named(policy, trunk, uri));
    let privacy = Privacy::of(facts, wish, CallerPrivacy::ByCall);
    let from = named(policy, trunk, &facts.from_uri);
    if !is_believed(trunk) {
        if let Some(number) = asserted.or(of_party) {
            notes.push(format!("{} asserts {number}, and is not believed (identity.trust)", trunk.name));
        }
        return Claim { shown: from.clone(), asserted: from, privacy, notes };
    }
    let preferred = facts.preferred.iter().find_map(|uri| named(policy, trunk, uri));
    let owned = |number: &Arc<str>| {
        let lists = trunk.identity.owns.iter().chain(&trunk.identity.also);
        lists.into_iter().any(|pattern| admits(pattern, number))
    };
    let preferred = preferred.filter(owned);
    let asserted = asserted.or(of_party).or(preferred).or_else(|| from.clone());
    let wish_of_party = party.as_ref().and_then(|(_, privacy)| privacy.as_deref());
    Claim {
        shown: from.or_else(|| asserted.clone()),
        asserted,
        privacy: match wish {
            Some(_) => privacy,
            None => privacy.with_remote_party(wish_of_party),
        },
        notes,
    }
}

/// The calling party of Remote-Party-ID, and the privacy it asks for.
fn calling_party(value: &str) -> Option<(String, Option<String>)> {
    let address = NameAddr::parse(value).ok()?;
    let party = address.params.value("party").map(unquote);
    let is_calling = party.is_none_or(|party| party.eq_ignore_ascii_case("calling"));
    let privacy = address.params.value("privacy").map(|word| unquote(word).to_ascii_lowercase());
    is_calling.then(|| (address.uri.to_owned(), privacy))
}

/// The number in a URI that a trunk sent; the URI may stand in a name-addr.
pub(crate) fn named(policy: &Policy, trunk: &Trunk, uri: &str) -> Option<Arc<str>> {
    let uri = NameAddr::parse(uri).map_or(uri, |address| address.uri);
    let number = number_from_trunk(policy, trunk, &named_in(uri)?)?;
    number.starts_with('+').then(|| number.into())
}

fn admits(pattern: &Pattern, number: &str) -> bool {
    match pattern {
        Pattern::Anything => true,
        Pattern::Mask(mask) => mask.matches(number).is_some(),
        Pattern::Range(range) => range.contains(number),
        Pattern::User(_) => false,
    }
}

/// A phone's word counts for nothing; what its user may show, it may ask to be shown.
fn of_person<'c>(
    policy: &Policy,
    facts: &'c Facts,
    caller: &Caller<'_>,
    wish: Option<Wish>,
) -> (Who<'c>, Vec<String>) {
    let user = caller.user();
    let habit = user.map_or(CallerPrivacy::ByCall, |user| user.privacy);
    let own = user.and_then(|user| user.number.as_ref()).map(|number| number.shared());
    let mut who = Who {
        facts,
        shown: own.clone(),
        asserted: own.clone(),
        display: user.map(|user| user.display.clone()),
        privacy: Privacy::of(facts, wish, habit),
        standing: if own.is_some() { Standing::Theirs } else { Standing::Nameless },
        history: History::default(),
        sent_on: Vec::new(),
    };
    let claimed = user.and_then(|user| claimed(policy, facts, caller, user));
    match (user, claimed) {
        (Some(user), Some(claimed)) if own.as_ref() != Some(&claimed) => {
            if user.may_show.iter().any(|pattern| admits(pattern, &claimed)) {
                (who.shown, who.asserted) = (Some(claimed.clone()), Some(claimed));
                who.standing = Standing::Theirs;
            } else {
                who.standing = Standing::Replaced(claimed.to_string());
            }
        }
        _ => {}
    }
    let notes = match facts.asserted.is_empty() {
        true => Vec::new(),
        false => vec!["a phone asserts who calls, and is not believed".to_owned()],
    };
    (who, notes)
}

/// Another number than their own that a phone wants to show.
fn claimed(policy: &Policy, facts: &Facts, caller: &Caller<'_>, user: &User) -> Option<Arc<str>> {
    if caller.is_in_from && facts.preferred.is_empty() {
        return None;
    }
    let place = policy.place_of(caller.site.map(|site| &**site));
    let uris = facts.preferred.iter().chain(std::iter::once(&facts.from_uri));
    let uris = uris.map(|uri| NameAddr::parse(uri).map_or(uri.as_str(), |address| address.uri));
    uris.filter(|uri| !is_anonymous(uri)).find_map(|uri| {
        let name = named_in(uri)?;
        let is_themselves = policy.directory.get(name.as_str()).is_some_and(|one| one.name == user.name);
        if is_themselves {
            return user.number.as_ref().map(|number| number.shared());
        }
        match meaning(place, &name)? {
            Meaning::Number(number) => Some(number.into()),
            Meaning::Short => None,
        }
    })
}
