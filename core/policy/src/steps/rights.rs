//! May they call such numbers?

use model::Class;

use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::says::Found;
use crate::steps::{Called, Caller, Party};
use crate::trail::Trail;

const NAME: &str = "rights";

pub(crate) fn rights(
    policy: &Policy,
    caller: &Caller<'_>,
    called: &Called<'_>,
    class: Class,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    let Party::User(user) = caller.party else {
        trail.note(NAME, "ok", "a trunk has no rights: where its calls may go, its usages and routes say");
        return Ok(());
    };
    let digits = called.text.strip_prefix('+').filter(|_| user.rights.name_countries());
    let country = digits.and_then(|digits| policy.plans.of_number(digits));
    let country = country.as_ref().map(|(country, _)| &**country);
    match user.rights.admit(class, &called.text, country) {
        Ok(()) => {
            let may = Found::May { user: user.name.clone(), class, rights: user.rights.name.clone() };
            trail.note(NAME, "ok", may).at(&user.rights.at);
            Ok(())
        }
        Err(why) => {
            let words = format!("{} may not call {} numbers{why}", user.name, class.word());
            trail.note(NAME, "refused", words.clone()).at(&user.rights.at);
            Err(Refusal::new(Code::RIGHTS, words))
        }
    }
}
