//! May they call such numbers?

use model::Class;

use crate::refusal::{Code, Refusal};
use crate::steps::{Caller, Party};
use crate::trail::Trail;

const NAME: &str = "rights";

pub(crate) fn rights(caller: &Caller<'_>, class: Class, trail: &mut Trail) -> Result<(), Refusal> {
    let Party::User(user) = caller.party else {
        trail.note(NAME, "ok", "a trunk has no rights of its own: only routes that name it lead outside");
        return Ok(());
    };
    let is_allowed =
        user.allow.contains(&class) || (class == Class::TollFree && user.allow.contains(&Class::National));
    if is_allowed {
        trail.note(NAME, "ok", format!("{} may call {} numbers", user.name, class.word())).at(&user.at);
        return Ok(());
    }
    let words = format!("{} may not call {} numbers", user.name, class.word());
    trail.note(NAME, "refused", words.clone()).at(&user.at);
    Err(Refusal::new(Code::RIGHTS, words))
}
