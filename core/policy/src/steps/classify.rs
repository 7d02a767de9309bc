//! What kind of number is called?

use model::Class;

use crate::country::{is_premium, is_satellite, is_toll_free};
use crate::policy::Policy;
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
        trail.note(NAME, Class::Internal.word(), format!("{} belongs to {}", called.text, owner.name));
        return Class::Internal;
    }
    let Some(digits) = called.text.strip_prefix('+') else {
        trail.note(NAME, Class::International.word(), "a name outside may be anywhere");
        return Class::International;
    };
    let country = policy.habits_of(caller.site.map(|site| &**site)).country;
    let (class, why) = if is_satellite(digits) {
        (Class::Satellite, "is a satellite telephone")
    } else if is_premium(digits) {
        (Class::Premium, "costs extra")
    } else if is_toll_free(country, digits) {
        (Class::TollFree, "is free of charge")
    } else if country.national_digits(digits).is_some() {
        (Class::National, "is in the caller's country")
    } else {
        (Class::International, "is in another country")
    };
    trail.note(NAME, class.word(), format!("{} {why}", called.text));
    class
}
