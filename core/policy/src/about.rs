//! What the house knows about a number: whose it is, what it is, and how each trunk would see it.

use std::sync::Arc;

use model::NumberPlace;
use serde::Serialize;

use crate::address::{Dialled, on_keys};
use crate::dids::{DidBlock, Unowned};
use crate::numbering::{Kind, Meaning, meaning};
use crate::policy::{Policy, User};

/// What is known of one number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AboutNumber {
    /// E.164, or a short code as it is.
    pub number: String,
    /// Two letters; the calling code of numbers of no country.
    pub country: Option<String>,
    /// `fixed`, `mobile`, `premium` …; `short code` or `emergency`.
    pub kind: Option<&'static str>,
    /// The user who is reached.
    pub owner: Option<Arc<str>>,
    /// The user is never shown by it.
    pub is_private: bool,
    /// The `[numbers.*]` that holds it, the trunk that gave it, and what becomes of it without owner.
    pub block: Option<Block>,
    pub trunks: Vec<OnTrunk>,
}

/// A block of numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    pub name: Arc<str>,
    pub trunk: Arc<str>,
    /// `refuse 404`, or `call lobby`.
    pub unowned: String,
    pub at: Arc<str>,
}

/// How a trunk writes a number in each place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnTrunk {
    pub trunk: Arc<str>,
    pub request: String,
    pub to: String,
    pub from: String,
    pub asserted: String,
    pub diversion: String,
}

/// One line of the list of numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberLine {
    pub first: String,
    pub last: String,
    /// The block, or the user, that it belongs to.
    pub block: Option<Block>,
    pub user: Option<Arc<str>>,
}

/// What is known of a number as somebody writes or dials it; `None` if it is no number.
pub fn about_number(policy: &Policy, written: &str) -> Option<AboutNumber> {
    let bare: String = written.chars().filter(|letter| !matches!(letter, ' ' | '/')).collect();
    let uri = if bare.contains(':') { bare.clone() } else { format!("sip:{bare}@{}", policy.realm) };
    let Dialled::Digits { digits, .. } = Dialled::of(&uri)? else { return None };
    let digits =
        if policy.directory.contains_key(&digits) { digits } else { on_keys(&digits).unwrap_or(digits) };
    let by_name = policy.directory.get(&digits);
    let own = by_name.and_then(|user| user.number.as_ref()).filter(|_| !digits.starts_with('+'));
    let home = &policy.home.country;
    let number = match (own, meaning(policy.place_of(None), &digits)) {
        (Some(own), _) => own.to_string(),
        (None, Some(Meaning::Number(number))) => number,
        (None, Some(Meaning::Short)) => digits,
        (None, None) if by_name.is_some() || home.alarms(&digits) => digits,
        (None, None) => return None,
    };
    let owner = policy.directory.get(&number).or(by_name);
    let found = number.strip_prefix('+').and_then(|digits| policy.plans.of_number(digits));
    let kind = found.as_ref().and_then(|(country, national)| country.kind_of(national)).map(Kind::word);
    let short = home.short_class(&number).map(|_| "short code");
    Some(AboutNumber {
        country: found.map(|(country, _)| country.id.to_string()),
        kind: kind.or_else(|| home.alarms(&number).then_some("emergency")).or(short),
        owner: owner.map(|user| user.name.clone()),
        is_private: owner.is_some_and(|user| is_private(user, &number)),
        block: policy.dids.of(&number).map(block_of),
        trunks: on_trunks(policy, &number),
        number,
    })
}

/// Every block, and every number of a user outside of them, in order.
pub fn numbers(policy: &Policy) -> Vec<NumberLine> {
    let blocks = policy.dids.spans().map(|(block, first, last)| NumberLine {
        first: first.to_string(),
        last: last.to_string(),
        block: Some(block_of(block)),
        user: None,
    });
    let owned = policy.directory.iter().filter(|(key, _)| key.starts_with('+'));
    let owned = owned.map(|(number, user)| NumberLine {
        first: number.to_string(),
        last: number.to_string(),
        block: None,
        user: Some(user.name.clone()),
    });
    let mut lines: Vec<NumberLine> = blocks.chain(owned).collect();
    lines.sort_by(|one, other| (&one.first, one.user.is_some()).cmp(&(&other.first, other.user.is_some())));
    lines
}

fn block_of(block: &DidBlock) -> Block {
    let unowned = match &block.unowned {
        Unowned::Refuse(status) => format!("refuse {status}"),
        Unowned::Call(user) => format!("call {user}"),
    };
    Block { name: block.name.clone(), trunk: block.trunk.clone(), unowned, at: block.at.clone() }
}

fn is_private(user: &User, number: &str) -> bool {
    user.number.as_ref().is_some_and(|shown| shown.as_str() != number) && number.starts_with('+')
}

fn on_trunks(policy: &Policy, number: &str) -> Vec<OnTrunk> {
    let trunks = policy.trunks.values().map(|trunk| {
        let written = |place| trunk.writes(number, place).into_owned();
        OnTrunk {
            trunk: trunk.name.clone(),
            request: written(NumberPlace::Request),
            to: written(NumberPlace::To),
            from: written(NumberPlace::From),
            asserted: written(NumberPlace::Asserted),
            diversion: written(NumberPlace::Diversion),
        }
    });
    trunks.collect()
}
