//! What kind of number is called?

use model::Class;

use crate::numbering::{Country, Kind};
use crate::policy::Policy;
use crate::says::Found;
use crate::steps::{Called, Caller};
use crate::trail::Trail;

const NAME: &str = "class";

pub(crate) fn classify(
    policy: &Policy,
    caller: &Caller<'_>,
    called: &Called<'_>,
    trail: &mut Trail,
) -> Class {
    if let Some(owner) = called.owner {
        let says = Found::Owner { number: called.text.clone(), owner: owner.name.clone() };
        trail.note(NAME, Class::Internal.word(), says);
        return Class::Internal;
    }
    let home = &*policy.habits_of(caller.site.map(|site| &**site)).country;
    let Some(digits) = called.text.strip_prefix('+') else {
        let (class, why) = match home.short_class(&called.text) {
            Some(class) => (class, format!("{} is a short code of {}", called.text, home.id)),
            None => (Class::International, "a name outside may be anywhere".to_owned()),
        };
        trail.note(NAME, class.word(), why);
        return class;
    };
    let found = policy.plans.of_number(digits);
    let kind = found.as_ref().and_then(|(country, national)| country.kind_of(national));
    let class = class_of(home, found.as_ref().map(|(country, _)| &**country), kind);
    let country = found.map(|(country, _)| country);
    trail.note(NAME, class.word(), Found::Kind { number: called.text.clone(), kind, country });
    class
}

/// Where a number is weighs less than what it costs.
fn class_of(home: &Country, country: Option<&Country>, kind: Option<Kind>) -> Class {
    let is_home = country.is_some_and(|country| home.is_home(country));
    match (kind, is_home) {
        (Some(Kind::Premium), _) => Class::Premium,
        (Some(Kind::Satellite), _) => Class::Satellite,
        (Some(kind), true) => kind.class_at_home(),
        (None, true) => Class::National,
        (Some(Kind::TollFree), false) if country.is_some_and(Country::is_of_the_world) => Class::TollFree,
        (_, false) => Class::International,
    }
}
