//! What everybody may know of an account.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use performance::Registering;

/// How an account stands, and the ways that its registrar gave us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub standing: Standing,
    /// Until when the provider remembers us.
    pub bound_until: Option<Instant>,
    /// The registrar's URI, as configured, that the account is registered with.
    pub through: Option<Arc<str>>,
    /// The address that it was registered at.
    pub remote: Option<SocketAddr>,
    /// The route set of requests to this provider (RFC 3608).
    pub routes: Arc<[Box<str>]>,
    /// The way that the provider takes to us (RFC 3327).
    pub path: Arc<[Box<str>]>,
    /// Who else we are there (P-Associated-URI, RFC 7315).
    pub associated: Arc<[Box<str>]>,
    /// All addresses that its registrars have.
    pub addresses: Arc<BTreeSet<IpAddr>>,
}

/// How an account stands, in a word; the words of the far end beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Registering,
    Registered,
    /// Nobody answers, or nobody can be found.
    Retrying {
        why: Arc<str>,
        again_at: Instant,
    },
    /// The provider wants us to wait, or refused us, perhaps not for good.
    BackingOff {
        why: Arc<str>,
        again_at: Instant,
    },
    /// The account is refused for good; asked again only now and then.
    Stopped {
        why: Arc<str>,
        again_at: Instant,
    },
}

/// One account, for whoever looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub trunk: Arc<str>,
    pub identity: Arc<str>,
    /// `registering`, `registered`, `retrying`, `backing off` or `stopped`.
    pub state: &'static str,
    pub why: Option<Arc<str>>,
    /// Until the provider forgets us.
    pub bound_for: Option<Duration>,
    /// Until we ask again.
    pub again_in: Option<Duration>,
    pub remote: Option<SocketAddr>,
    pub routes: Vec<String>,
    pub associated: Vec<String>,
    /// How its registrar has served us.
    pub figures: Registering,
}

impl Known {
    pub(crate) fn nothing() -> Known {
        Known {
            standing: Standing::Registering,
            bound_until: None,
            through: None,
            remote: None,
            routes: Arc::default(),
            path: Arc::default(),
            associated: Arc::default(),
            addresses: Arc::default(),
        }
    }

    /// Whether the provider still remembers us, as far as we know.
    pub fn is_bound(&self, now: Instant) -> bool {
        self.bound_until.is_some_and(|until| now < until)
    }

    pub(crate) fn view(
        &self,
        now: Instant,
        (trunk, identity): (&Arc<str>, &Arc<str>),
        figures: Registering,
    ) -> View {
        let owned = |values: &[Box<str>]| values.iter().map(|value| value.to_string()).collect();
        View {
            trunk: Arc::clone(trunk),
            identity: Arc::clone(identity),
            state: self.standing.word(),
            why: self.standing.why().cloned(),
            bound_for: self.bound_until.map(|until| until.saturating_duration_since(now)),
            again_in: self.standing.again_at().map(|at| at.saturating_duration_since(now)),
            remote: self.remote,
            routes: owned(&self.routes),
            associated: owned(&self.associated),
            figures,
        }
    }
}

impl Standing {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Standing::Registering => "registering",
            Standing::Registered => "registered",
            Standing::Retrying { .. } => "retrying",
            Standing::BackingOff { .. } => "backing off",
            Standing::Stopped { .. } => "stopped",
        }
    }

    /// What went wrong, in the far end's words where it said any.
    pub fn why(&self) -> Option<&Arc<str>> {
        match self {
            Standing::Registering | Standing::Registered => None,
            Standing::Retrying { why, .. }
            | Standing::BackingOff { why, .. }
            | Standing::Stopped { why, .. } => Some(why),
        }
    }

    /// When it is tried again.
    pub fn again_at(&self) -> Option<Instant> {
        match self {
            Standing::Registering | Standing::Registered => None,
            Standing::Retrying { again_at, .. }
            | Standing::BackingOff { again_at, .. }
            | Standing::Stopped { again_at, .. } => Some(*again_at),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trunk, self.state)?;
        match (&self.why, self.bound_for) {
            (Some(why), _) => write!(f, " ({why})"),
            (None, Some(left)) => write!(f, " for {} s", left.as_secs()),
            (None, None) => Ok(()),
        }
    }
}
