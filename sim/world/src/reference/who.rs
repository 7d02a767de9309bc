//! Who calls, as far as anybody vouches for it: the number shown, the number asserted, and privacy.

use model::{CallerPrivacy, Document, HeaderWay, Pattern, Screening, Trunk, Trust, User};
use policy::{Code, Facts};

use crate::reference::called::number_from;
use crate::reference::caller::{Caller, Party};
use crate::reference::house::House;
use crate::reference::pattern::admits;
use crate::reference::uri::{bare, is_anonymous, named};

#[derive(Clone, Default)]
pub(crate) struct Who {
    pub shown: Option<String>,
    pub asserted: Option<String>,
    pub display: Option<String>,
    pub privacy: Privacy,
    pub standing: Standing,
    /// Whether somebody else was called first.
    pub is_sent_on: bool,
}

/// Whether the number shown is the caller's.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Theirs,
    /// Somebody else's, whose call is sent on.
    Diverted,
    Replaced,
    Nameless,
}

/// What was dialled before the number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Hide,
    Show,
}

#[derive(Clone, Default)]
pub(crate) struct Privacy {
    pub is_hidden: bool,
    pub is_waived: bool,
    pub is_critical: bool,
    pub hides_media: bool,
    has_unknown_words: bool,
}

/// Who calls, or why such a caller is not taken.
pub(crate) fn who(
    house: &House<'_>,
    caller: &Caller<'_>,
    facts: &Facts,
    wish: Option<Wish>,
) -> Result<Who, Code> {
    let mut who = claimed(house, caller, facts, wish);
    if let Some(trunk) = caller.trunk() {
        let lists = !trunk.identity.owns.is_empty() || !trunk.identity.also.is_empty();
        let is_foreign = who.standing != Standing::Theirs;
        if trunk.identity.screen == Screening::Refuse && lists && is_foreign {
            return Err(Code::NOT_YOUR_NUMBER);
        }
    }
    if who.privacy.is_critical && who.privacy.has_unknown_words {
        return Err(Code::NO_PRIVACY);
    }
    if let Some(trunk) = caller.trunk()
        && who.standing == Standing::Replaced
    {
        who.shown = trunk.identity.default.as_ref().map(ToString::to_string);
        who.asserted = who.shown.clone();
    }
    Ok(who)
}

/// The same where help is called for: whoever calls is shown, whatever they wished.
pub(crate) fn in_need(house: &House<'_>, caller: &Caller<'_>, facts: &Facts) -> Who {
    Who { privacy: Privacy::default(), ..claimed(house, caller, facts, Some(Wish::Show)) }
}

fn claimed(house: &House<'_>, caller: &Caller<'_>, facts: &Facts, wish: Option<Wish>) -> Who {
    match caller.party {
        Party::Trunk(trunk) => of_trunk(house, trunk, facts, wish),
        Party::User(user) | Party::Stranger(Some(user)) => of_user(house, caller, user, facts, wish),
        Party::Stranger(None) => Who {
            privacy: privacy(facts, wish, CallerPrivacy::ByCall),
            standing: Standing::Nameless,
            ..Who::default()
        },
    }
}

fn privacy(facts: &Facts, wish: Option<Wish>, habit: CallerPrivacy) -> Privacy {
    let words = facts.privacy.as_deref().unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&str> = words.split([';', ',']).map(str::trim).filter(|word| !word.is_empty()).collect();
    let known = ["none", "id", "user", "header", "session", "history", "critical"];
    if wish == Some(Wish::Show) || (wish.is_none() && words.contains(&"none")) {
        let is_hidden = wish.is_none() && is_anonymous(&facts.from_uri);
        return Privacy { is_waived: true, is_hidden, ..Privacy::default() };
    }
    let asked = Privacy {
        is_critical: words.contains(&"critical"),
        hides_media: words.contains(&"session"),
        has_unknown_words: words.iter().any(|word| !known.contains(word)),
        ..Privacy::default()
    };
    if words.contains(&"none") {
        return Privacy { is_hidden: true, is_waived: true, ..Privacy::default() };
    }
    let is_hidden = wish == Some(Wish::Hide)
        || words.iter().any(|word| ["id", "user", "header"].contains(word))
        || is_anonymous(&facts.from_uri)
        || habit == CallerPrivacy::Always;
    Privacy { is_hidden, ..asked }
}

fn of_user(
    house: &House<'_>,
    caller: &Caller<'_>,
    user: &Document<User>,
    facts: &Facts,
    wish: Option<Wish>,
) -> Who {
    let own = user.number.as_ref().map(|number| number.as_str().to_owned());
    let mut who = Who {
        shown: own.clone(),
        asserted: own.clone(),
        display: Some(user.value.name.clone().unwrap_or_else(|| user.name.to_string())),
        privacy: privacy(facts, wish, user.privacy),
        standing: if own.is_some() { Standing::Theirs } else { Standing::Nameless },
        is_sent_on: false,
    };
    let place = house.place_at(caller.site);
    let wanted = facts.preferred.iter().chain([&facts.from_uri]).map(|value| bare(value));
    let claimed = wanted.filter(|uri| !is_anonymous(uri)).find_map(|uri| {
        let name = named(uri)?;
        if house.owner_of(&name).is_some_and(|owner| owner.name == user.name) {
            return own.clone();
        }
        house.numbering.meaning(&place, &name).filter(|number| number.starts_with('+'))
    });
    let Some(claimed) = claimed.filter(|claimed| own.as_ref() != Some(claimed)) else { return who };
    if user.may_show.iter().any(|pattern| admits(pattern, &claimed, None)) {
        (who.shown, who.asserted) = (Some(claimed.clone()), Some(claimed));
        who.standing = Standing::Theirs;
    } else {
        who.standing = Standing::Replaced;
    }
    who
}

/// Whether a rule of the trunk says that a header of its INVITE counts as if it had not come.
fn is_ignored(trunk: &Trunk, name: &str) -> bool {
    let rules = trunk.headers.iter().filter(|rule| rule.direction == HeaderWay::In);
    rules.filter_map(|rule| rule.remove.as_ref()).any(|one| one.to_string().eq_ignore_ascii_case(name))
}

fn of_trunk(house: &House<'_>, trunk: &Document<Trunk>, facts: &Facts, wish: Option<Wish>) -> Who {
    let number = |value: &str| {
        let name = named(bare(value))?;
        number_from(house, trunk, &name).filter(|number| number.starts_with('+'))
    };
    let mut lists = trunk.identity.owns.iter().chain(&trunk.identity.also);
    let listed: Vec<&Pattern> = lists.by_ref().map(|pattern| &pattern.value).collect();
    let owned = |number: &String| listed.iter().any(|pattern| admits(pattern, number, None));
    let heard = |name: &str, values: &[String]| match is_ignored(trunk, name) {
        true => Vec::new(),
        false => values.to_vec(),
    };
    let from = number(&facts.from_uri);
    let mut who = Who { display: facts.from_display.clone(), ..Who::default() };
    who.privacy = privacy(facts, wish, CallerPrivacy::ByCall);
    if matches!(trunk.identity.trust, None | Some(Trust::In | Trust::Both)) {
        let asserted = heard("P-Asserted-Identity", &facts.asserted).iter().find_map(|value| number(value));
        let party = heard("Remote-Party-ID", &facts.remote_party);
        let party = party.iter().find(|value| !value.contains("party=called"));
        let preferred = facts.preferred.iter().find_map(|value| number(value)).filter(owned);
        let of_party = party.and_then(|value| number(value));
        who.asserted = asserted.or(of_party).or(preferred).or_else(|| from.clone());
        who.shown = from.or_else(|| who.asserted.clone());
        let wants_privacy =
            party.is_some_and(|value| value.contains("privacy=full") || value.contains("privacy=uri"));
        if wish.is_none() && wants_privacy && !who.privacy.is_waived {
            who.privacy.is_hidden = true;
        }
    } else {
        (who.shown, who.asserted) = (from.clone(), from);
    }
    if listed.is_empty() {
        return who;
    }
    let own = who.asserted.clone().filter(|number| owned(number));
    match who.shown.clone() {
        Some(shown) if owned(&shown) => who.asserted = own.or(Some(shown)),
        Some(_) => {
            who.standing = if own.is_some() { Standing::Theirs } else { Standing::Replaced };
            (who.display, who.shown, who.asserted) = (None, own.clone(), own);
        }
        None => who.standing = Standing::Nameless,
    }
    who
}
