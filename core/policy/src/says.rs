//! What a trail says, kept as it was found: few are ever read, and the words are found by whoever reads.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use model::{Class, MediaPath};
use serde::{Serialize, Serializer};

use crate::deck::Quote;
use crate::heading::Heading;
use crate::limit::{Claim, Unit};
use crate::numbering::{Country, Kind};
use crate::pace::Pace;

/// One sentence.
#[derive(Clone)]
pub struct Says(Found);

/// What was found, in parts that are shared with the policy.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Words(Cow<'static, str>),
    Shared(Arc<str>),
    /// `hana (+14255550100, site redmond)`
    Person {
        name: Arc<str>,
        number: Option<Arc<str>>,
        site: Option<Arc<str>>,
    },
    /// `198.51.100.4:5060 is in accept.sources of northwind`
    Source {
        source: SocketAddr,
        trunk: Arc<str>,
    },
    /// `+14255550100 belongs to hana`
    Owner {
        number: Arc<str>,
        owner: Arc<str>,
    },
    /// `+12065550142 is fixed, US (+1)`
    Kind {
        number: Arc<str>,
        kind: Option<Kind>,
        country: Option<Arc<Country>>,
    },
    /// `hana may call national numbers, by rights staff`
    May {
        user: Arc<str>,
        class: Class,
        rights: Option<Arc<str>>,
    },
    /// `2 of 4 match; 499 others are for other numbers or callers`
    Routes {
        matching: usize,
        looked_at: usize,
        others: usize,
    },
    /// `14 servers of 2 trunks, the first 12 are tried`
    Servers {
        found: usize,
        tried: usize,
        trunks: usize,
    },
    /// `sip:198.51.100.4, priority 1, 0.021 USD/min, by world`
    Server {
        target: Arc<str>,
        priority: u16,
        quote: Option<Quote>,
        /// Of few there is anything to say.
        more: Option<Box<More>>,
    },
    /// `From <sip:+14255550100@198.51.100.4>, Privacy: id`
    Heading(Arc<Heading>),
    /// `pcmu pcma, through us`
    Media {
        codecs: Arc<[Arc<str>]>,
        path: MediaPath,
    },
    /// `1 of 60 calls of trunk northwind, 10 calls/s of trunk northwind`
    Limits {
        used: Vec<(Claim, u32)>,
        paces: Arc<[Arc<Pace>]>,
    },
}

/// What else is to be said of a server.
#[derive(Clone, Debug)]
pub(crate) struct More {
    /// The route that leads there, where another one leads to the first.
    pub by: Option<Arc<str>>,
    pub words: String,
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Found::Words(words) => f.write_str(words),
            Found::Shared(words) => f.write_str(words),
            Found::Person { name, number, site } => {
                write!(f, "{name} (")?;
                number.iter().try_for_each(|number| write!(f, "{number}, "))?;
                match site {
                    Some(site) => write!(f, "site {site})"),
                    None => f.write_str("no site)"),
                }
            }
            Found::Source { source, trunk } => write!(f, "{source} is in accept.sources of {trunk}"),
            Found::Owner { number, owner } => write!(f, "{number} belongs to {owner}"),
            Found::Kind { number, kind, country } => {
                write!(f, "{number} is {}, ", kind.map_or("of no known kind", Kind::word))?;
                match country {
                    Some(country) => write!(f, "{} (+{})", country.id, country.calling_code),
                    None => f.write_str("a calling code that is not known"),
                }
            }
            Found::May { user, class, rights } => {
                write!(f, "{user} may call {} numbers", class.word())?;
                rights.iter().try_for_each(|name| write!(f, ", by rights {name}"))
            }
            Found::Routes { matching, looked_at, others } => {
                write!(f, "{matching} of {looked_at} match")?;
                match others {
                    0 => Ok(()),
                    others => write!(f, "; {others} others are for other numbers or callers"),
                }
            }
            Found::Servers { found, tried, trunks } => {
                write!(f, "{found} servers of {trunks} trunks")?;
                if found > tried { write!(f, ", the first {tried} are tried") } else { Ok(()) }
            }
            Found::Server { target, priority, quote, more } => {
                write!(f, "{target}, priority {priority}")?;
                quote.iter().try_for_each(|quote| write!(f, ", {quote}"))?;
                let Some(More { by, words }) = more.as_deref() else { return Ok(()) };
                by.iter().try_for_each(|route| write!(f, ", by {route}"))?;
                f.write_str(words)
            }
            Found::Heading(heading) => heading.fmt(f),
            Found::Media { codecs, path } => write_media(f, codecs, *path),
            Found::Limits { used, paces } => write_limits(f, used, paces),
        }
    }
}

impl fmt::Debug for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

fn write_media(f: &mut fmt::Formatter<'_>, codecs: &[Arc<str>], path: MediaPath) -> fmt::Result {
    for (at, codec) in codecs.iter().enumerate() {
        let gap = if at == 0 { "" } else { " " };
        write!(f, "{gap}{codec}")?;
    }
    f.write_str(match path {
        MediaPath::Anchored => ", through us",
        MediaPath::Direct => ", between the far ends",
        MediaPath::Auto => ", through us until it is answered, then between the far ends if nothing needs us",
    })
}

fn write_limits(f: &mut fmt::Formatter<'_>, used: &[(Claim, u32)], paces: &[Arc<Pace>]) -> fmt::Result {
    let mut gap = "";
    for (Claim { limit, amount, .. }, used) in used {
        let unit = limit.unit();
        write!(f, "{gap}{used} of {} {} of {}", limit.ceiling(), unit.word(), limit.name())?;
        if unit == Unit::Kbps {
            write!(f, " ({amount} for this call)")?;
        }
        gap = ", ";
    }
    for pace in paces {
        write!(f, "{gap}{} calls/s of {}", pace.rate().per_second(), pace.name())?;
        gap = ", ";
    }
    if gap.is_empty() { f.write_str("no limit applies") } else { Ok(()) }
}

impl Serialize for Says {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Found::Words(words) => serializer.serialize_str(words),
            Found::Shared(words) => serializer.serialize_str(words),
            _ => serializer.collect_str(self),
        }
    }
}

/// Two say the same if their words are the same.
impl PartialEq for Says {
    fn eq(&self, other: &Says) -> bool {
        match (&self.0, &other.0) {
            (Found::Words(one), Found::Words(other)) => one == other,
            (Found::Shared(one), Found::Shared(other)) => one == other,
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl From<Found> for Says {
    fn from(found: Found) -> Says {
        Says(found)
    }
}

impl From<&'static str> for Says {
    fn from(words: &'static str) -> Says {
        Says(Found::Words(words.into()))
    }
}

impl From<String> for Says {
    fn from(words: String) -> Says {
        Says(Found::Words(words.into()))
    }
}

impl From<&Arc<str>> for Says {
    fn from(words: &Arc<str>) -> Says {
        Says(Found::Shared(words.clone()))
    }
}
