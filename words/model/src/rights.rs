//! What people may call, and by which usages.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::suggest::nearest;
use crate::text::text_value;
use crate::user::Class;

/// `[rights.NAME]`: named by a user, a site or the system; the most specific wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// Classes, and countries or beginnings abroad; internal, national and mobile where it is missing.
    pub allow: Option<Vec<Spot<Scope>>>,
    /// Outweighs `allow`.
    #[serde(default)]
    pub deny: Vec<Spot<Scope>>,
    /// Which routes may be used, by their usages: the first come first, later ones are the backup.
    #[serde(default)]
    pub usages: Vec<Spot<String>>,
}

/// Numbers that rights speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Class(Class),
    /// Two letters, such as "KR".
    Country(Arc<str>),
    /// The beginning of numbers, with its plus, such as "+8835".
    Beginning(Arc<str>),
}

text_value!(
    Scope,
    "Scope",
    "a class such as \"international\", a country such as \"KR\", or a beginning such as \"+8835\"",
    r"^([a-z-]+|[A-Z]{2}|\+[0-9 ]+)$"
);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Class(class) => class.word(),
            Scope::Country(text) | Scope::Beginning(text) => text,
        })
    }
}

impl FromStr for Scope {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Scope, Fault> {
        if let Some(digits) = text.strip_prefix('+') {
            let digits: String = digits.chars().filter(|letter| *letter != ' ').collect();
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Ok(Scope::Beginning(format!("+{digits}").into()));
            }
        }
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Scope::Country(text.into()));
        }
        if let Some(class) = Class::ALL.into_iter().find(|class| class.word() == text) {
            return Ok(Scope::Class(class));
        }
        let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{text}\" is no class and no country"));
        Err(match nearest(text, Class::ALL.iter().map(|class| class.word())) {
            Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
            None => fault.suggest("a class such as \"national\", a country such as \"KR\", or \"+8835\""),
        })
    }
}
