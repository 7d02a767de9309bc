//! At which of our interfaces the media of a leg lies, and what its far end says of where its party is.

use std::fmt;
use std::sync::Arc;

use model::Side;
use serde::{Deserialize, Serialize};

use crate::ids::InterfaceId;

/// Where the media of one leg lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MediaHome {
    /// Where it usually does; where its signalling is, if nobody has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<InterfaceId>,
    /// Where it does for parties inside of our network, if the far end's word of that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<Arc<InsideHome>>,
    /// Where the party is, as far as it is known.
    pub party: Side,
}

/// Where media lies for who is inside, and what it takes to understand whoever says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InsideHome {
    pub interface: InterfaceId,
    /// The names of both interfaces, for people: for who is outside, and for who is inside.
    #[serde(skip)]
    pub names: [Arc<str>; 2],
    /// Our name, as the far end has it.
    #[serde(skip)]
    pub ours: Option<Arc<str>>,
}

/// What a far end has said of where its party is, as Teams does (local media optimisation).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub party: Side,
    /// The border controllers that media is to cross, the one next to the party first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// What its directory calls the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

impl MediaHome {
    /// The interface where media lies, of a leg that is signalled at that one.
    pub fn interface(&self, signalled_at: InterfaceId) -> InterfaceId {
        match (&self.inside, self.party) {
            (Some(inside), Side::Inside) => inside.interface,
            _ => self.usual.unwrap_or(signalled_at),
        }
    }

    /// Where it lies if that one has no port left.
    pub fn otherwise(&self, signalled_at: InterfaceId) -> Option<InterfaceId> {
        let is_inside = self.inside.is_some() && self.party == Side::Inside;
        is_inside.then(|| self.usual.unwrap_or(signalled_at))
    }

    /// The same of a party that is there.
    pub fn of_party(&self, party: Side) -> MediaHome {
        MediaHome { party, ..self.clone() }
    }

    /// Where parties are whose media lies at that interface.
    pub fn party_at(&self, interface: InterfaceId) -> Side {
        let is_inside = self.inside.as_ref().is_some_and(|inside| inside.interface == interface);
        if is_inside { Side::Inside } else { Side::Outside }
    }

    /// The name of the interface of whoever is there.
    pub fn name(&self, party: Side) -> &str {
        self.inside.as_ref().map_or("", |inside| &inside.names[usize::from(party == Side::Inside)])
    }

    /// Whether it is where media lies of any leg.
    pub fn is_usual(&self) -> bool {
        self.usual.is_none() && self.inside.is_none()
    }

    /// What follows from what the far end has said, if its word counts.
    pub fn why(&self, said: Option<&Location>) -> Option<WhyThere<'_>> {
        let inside = self.inside.as_deref()?;
        let Some(said) = said else {
            return Some(WhyThere {
                home: self,
                party: self.party,
                site: None,
                foreign: None,
                is_said: false,
            });
        };
        let is_foreign = |first: &&String| {
            let ours = inside.ours.as_ref();
            ours.is_some_and(|ours| !ours.eq_ignore_ascii_case(first))
        };
        let foreign = said.path.first().filter(is_foreign).cloned();
        let (party, site) = (said.party, said.site.clone());
        Some(WhyThere { home: self, party, site, foreign, is_said: true })
    }
}

/// Why media lies where it does, for people.
#[derive(Clone, Debug)]
pub struct WhyThere<'h> {
    home: &'h MediaHome,
    pub party: Side,
    site: Option<String>,
    /// The border controller that is named first, where that is none of ours.
    foreign: Option<String>,
    is_said: bool,
}

impl fmt::Display for WhyThere<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, name) = (word(self.party), self.home.name(self.party));
        match self.is_said {
            true => write!(f, "its far end says that the party is {word}")?,
            false => write!(f, "its far end has not said where the party is, which is taken to be {word}")?,
        }
        if let Some(site) = &self.site {
            write!(f, ", at site {site}")?;
        }
        write!(f, ": media lies at interface {name}")?;
        if let Some(foreign) = &self.foreign {
            write!(f, "; it is to cross {foreign} first, which is not ours, and passes through us instead")?;
        }
        Ok(())
    }
}

/// The side, as a word.
pub fn word(party: Side) -> &'static str {
    match party {
        Side::Inside => "inside",
        Side::Outside => "outside",
    }
}
