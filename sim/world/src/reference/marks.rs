//! Calls that are marked to be of more weight (RFC 4412): whose marks count, and who is told of them.

use model::{Precedence, Trunk};
use policy::Facts;

use crate::reference::caller::{Caller, Party};

/// The marks that count, in the order that they came.
pub(crate) fn counting(caller: &Caller<'_>, facts: &Facts) -> Vec<String> {
    let may = match caller.party {
        Party::Trunk(trunk) => &trunk.value.resource_priority[..],
        Party::User(user) => &user.value.resource_priority[..],
        Party::Stranger(_) => &[],
    };
    let marks = facts.resource_priority.iter().flat_map(|line| line.split(',')).map(str::trim);
    marks.filter(|mark| namespace(mark).is_some_and(|own| may.contains(&own))).map(str::to_owned).collect()
}

/// What a trunk is told of them.
pub(crate) fn to_trunk(caller: &Caller<'_>, facts: &Facts, trunk: &Trunk) -> Option<(String, String)> {
    let mut marks = counting(caller, facts);
    marks.retain(|mark| namespace(mark).is_some_and(|own| trunk.resource_priority.contains(&own)));
    (!marks.is_empty()).then(|| ("Resource-Priority".to_owned(), marks.join(", ")))
}

/// Whose mark it is: each namespace has five.
fn namespace(mark: &str) -> Option<Precedence> {
    let mark = mark.to_lowercase();
    let (word, weight) = mark.split_once('.')?;
    let namespace = match word {
        "esnet" => Precedence::Esnet,
        "wps" => Precedence::Wps,
        "ets" => Precedence::Ets,
        "q735" => Precedence::Q735,
        _ => return None,
    };
    ["0", "1", "2", "3", "4"].contains(&weight).then_some(namespace)
}
