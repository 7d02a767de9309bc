//! Where calls go, and what dialled digits mean.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::number::Number;
use crate::pattern::{Mask, Pattern};
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[route.NAME]`: what matches, and which trunks or which user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Lower is considered first.
    pub order: u32,
    pub to: Spot<Pattern>,
    /// Numbers that it does not take.
    #[serde(default)]
    pub except: Vec<Pattern>,
    pub from: Option<RouteFrom>,
    /// Sites whose callers it serves; all where it is missing.
    #[serde(default)]
    pub sites: Vec<Spot<String>>,
    /// Serves those whose rights, or whose trunk, have one of these; everybody where it is missing.
    #[serde(default)]
    pub usages: Vec<Spot<String>>,
    /// The `[schedule.*]` at whose times it is used; always where it is missing.
    pub when: Option<Spot<String>>,
    #[serde(default, rename = "use")]
    pub through: Vec<RouteTrunk>,
    /// Trunks after those of `use`, in order.
    #[serde(default)]
    pub backup: Vec<Spot<String>>,
    #[serde(default)]
    pub choose: Choose,
    /// A user inside who is called, where no trunk is used.
    pub send: Option<RouteSend>,
    /// Who is shown instead of the caller.
    pub caller_id: Option<RouteCallerId>,
}

/// What a route shows of its callers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteCallerId {
    /// Whether the caller is not shown.
    pub suppress: bool,
    /// The number that is shown instead.
    pub show: Spot<Number>,
}

/// Whose calls a route serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteFrom {
    pub trunk: Option<Spot<String>>,
    pub site: Option<Spot<String>>,
    pub user: Option<Spot<String>>,
}

/// A trunk of a route, with its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTrunk {
    pub trunk: Spot<String>,
    #[serde(default = "share")]
    pub share: u32,
}

fn share() -> u32 {
    100
}

/// How the first trunk is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// As written.
    #[default]
    Order,
    /// By their shares.
    Share,
    /// By price; those without a price come last.
    Cheapest,
    /// By price, but those with a server down come after all others.
    CheapestHealthy,
}

/// The user that a route leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSend {
    /// A user's name, or "by-number": whoever owns the number called.
    pub user: Spot<String>,
}

/// `[dialplan.NAME]`: ordered rules that turn dialled digits into a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    /// Sites it serves; all where it is missing and no user, trunk or site names the plan.
    #[serde(default)]
    pub sites: Vec<Spot<String>>,
    /// The first that matches is used; the country's own rules follow.
    pub rules: Vec<Spot<Rule>>,
}

/// One rule: `{ match = "011…", becomes = "+…" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match")]
    pub matches: Mask,
    pub becomes: Becomes,
}

impl Rule {
    /// What the rule makes of dialled digits, if it matches.
    pub fn apply(&self, dialled: &str) -> Option<String> {
        let rest = self.matches.matches(dialled)?;
        let rest = if self.becomes.keeps_rest { rest } else { "" };
        Some(format!("{}{rest}", self.becomes.prefix))
    }
}

/// A number with its plus, or the beginning of one and `…` for what the wildcards matched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Becomes {
    prefix: Arc<str>,
    keeps_rest: bool,
}

text_value!(
    Becomes,
    "Becomes",
    "a number such as \"+1425…\", where … is what the wildcards matched",
    r"^\+?[0-9]*(…|\.\.\.)?$"
);

impl fmt::Display for Becomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, if self.keeps_rest { "…" } else { "" })
    }
}

impl FromStr for Becomes {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Becomes, Fault> {
        let body = text.strip_suffix('…').or_else(|| text.strip_suffix("..."));
        let prefix: String = body.unwrap_or(text).chars().filter(|c| *c != ' ').collect();
        let digits = prefix.strip_prefix('+').unwrap_or(&prefix);
        if !digits.bytes().all(|b| b.is_ascii_digit()) || (digits.is_empty() && body.is_none()) {
            let fault = Fault::new(Code::RULE, format!("\"{text}\" is not what a number can become"));
            return Err(fault.suggest("write a number, or its beginning and …, such as \"+1425…\""));
        }
        Ok(Becomes { prefix: prefix.into(), keeps_rest: body.is_some() })
    }
}
