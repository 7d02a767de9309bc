//! Numbers at which calls are parked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::forward::Target;
use crate::spot::Spot;

/// `[orbit.NAME]`: numbers at which calls wait until somebody dials them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orbit {
    /// The first and the last, such as `["701", "709"]`: with as many keys, and nobody's extension.
    pub numbers: Spot<[String; 2]>,
    /// A call that is transferred to it takes the first number that is free.
    pub code: Option<Spot<String>>,
    /// After so long whoever parked the call is called back; 60 s where it is missing.
    pub ring_back: Option<Spot<Duration>>,
    /// Who is called instead of whoever parked it.
    pub ring_back_to: Option<Spot<Target>>,
    /// So often, each time after a further wait; three times where it is missing.
    pub ring_backs: Option<Spot<u8>>,
    /// Who is called when all that was in vain; where it is missing, the call ends.
    pub fallback: Option<Spot<Target>>,
}

/// So many numbers an orbit may have.
const MOST: u32 = 1000;

impl Orbit {
    /// Every number, in order; nothing, where first and last are none.
    pub fn all(&self) -> Option<Vec<String>> {
        let [first, last] = &self.numbers.value;
        let (mark, from) = split(first)?;
        let (same, to) = split(last)?;
        let is_range = mark == same && first.len() == last.len() && from <= to && to - from < MOST;
        is_range.then(|| (from..=to).map(|number| format!("{mark}{number}")).collect())
    }
}

/// A star or a pound sign and up to eight digits, or up to nine; none of them begins with a zero.
fn split(number: &str) -> Option<(&str, u32)> {
    let digits = number.strip_prefix(['*', '#']).unwrap_or(number);
    let mark = &number[..number.len() - digits.len()];
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let most = 9 - mark.len();
    let fits = is_number && (1..=most).contains(&digits.len());
    Some((mark, digits.parse().ok().filter(|_| fits)?))
}
