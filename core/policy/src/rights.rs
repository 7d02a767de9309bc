//! What people may call, and the usages that join them to routes.

use std::sync::Arc;

use model::Class;

use crate::numbering::Country;

/// A named class of calls, as a number of one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Usage(pub u16);

#[derive(Debug)]
pub(crate) struct Rights {
    /// The `[rights.*]` they are; `None` if they are a user's own or built in.
    pub name: Option<Arc<str>>,
    pub allow: Vec<Reach>,
    pub deny: Vec<Reach>,
    /// The first come first.
    pub usages: Vec<Usage>,
    pub at: Arc<str>,
}

/// Numbers that rights speak of.
#[derive(Debug)]
pub(crate) enum Reach {
    Class(Class),
    /// Two letters.
    Country(Box<str>),
    Beginning(Arc<str>),
}

impl Reach {
    /// A country or a beginning opens what is abroad, never what costs extra.
    fn covers(&self, class: Class, number: &str, country: Option<&Country>) -> bool {
        match self {
            Reach::Class(Class::National) => matches!(class, Class::National | Class::TollFree),
            Reach::Class(one) => *one == class,
            Reach::Country(id) => country.is_some_and(|country| country.id == *id),
            Reach::Beginning(beginning) => number.starts_with(&**beginning),
        }
    }

    fn word(&self) -> &str {
        match self {
            Reach::Class(class) => class.word(),
            Reach::Country(id) => id,
            Reach::Beginning(beginning) => beginning,
        }
    }
}

impl Rights {
    /// Whether it matters which country a number is in.
    pub fn name_countries(&self) -> bool {
        self.allow.iter().chain(&self.deny).any(|reach| matches!(reach, Reach::Country(_)))
    }

    /// Whether a number may be called; if not, what says so.
    pub fn admit(&self, class: Class, number: &str, country: Option<&Country>) -> Result<(), String> {
        let of = self.name.as_deref().map(|name| format!(": rights {name}"));
        if let Some(denied) = self.deny.iter().find(|reach| reach.covers(class, number, country)) {
            return Err(of.map(|of| format!("{of} denies {}", denied.word())).unwrap_or_default());
        }
        let costs_extra = matches!(class, Class::Premium | Class::Satellite | Class::SharedCost);
        let allows = |reach: &&Reach| match reach {
            Reach::Class(_) => reach.covers(class, number, country),
            Reach::Country(_) | Reach::Beginning(_) => !costs_extra && reach.covers(class, number, country),
        };
        if self.allow.iter().any(|reach| allows(&reach)) {
            return Ok(());
        }
        let words: Vec<&str> = self.allow.iter().map(Reach::word).collect();
        Err(of.map(|of| format!("{of} allows {}", words.join(", "))).unwrap_or_default())
    }
}
