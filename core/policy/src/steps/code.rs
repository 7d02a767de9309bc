//! What is dialled before a number to be hidden from the callee, or shown.

use crate::address::Dialled;
use crate::habits::Habits;
use crate::policy::Policy;
use crate::steps::Caller;
use crate::steps::identity::Wish;
use crate::trail::Trail;

/// Takes the code away that a person dialled first. No call for help begins like one: `model` sees to that.
pub(crate) fn taken(
    policy: &Policy,
    caller: &Caller<'_>,
    dialled: Option<Dialled>,
    trail: &mut Trail,
) -> (Option<Dialled>, Option<Wish>) {
    let Some(Dialled::Digits { digits, extension }) = &dialled else { return (dialled, None) };
    if caller.trunk().is_some() {
        return (dialled, None);
    }
    let habits = policy.habits_of(caller.site.map(|site| &**site));
    let Some((rest, wish, code)) = split(habits, digits) else { return (dialled, None) };
    let verdict = match wish {
        Wish::Hide => "hidden",
        Wish::Show => "shown",
    };
    trail.note("code", verdict, format!("{code} was dialled first, then {rest}"));
    (Some(Dialled::Digits { digits: rest.to_owned(), extension: extension.clone() }), Some(wish))
}

/// The digits behind a code, if they begin with one.
pub(crate) fn split<'d>(habits: &'d Habits, digits: &'d str) -> Option<(&'d str, Wish, &'d str)> {
    let codes = [(&habits.privacy_code, Wish::Hide), (&habits.show_code, Wish::Show)];
    codes.into_iter().find_map(|(code, wish)| {
        let code = code.as_deref()?;
        let rest = digits.strip_prefix(code).filter(|rest| !rest.is_empty())?;
        Some((rest, wish, code))
    })
}
